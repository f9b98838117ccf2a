/* SPDX-License-Identifier: Apache-2.0 */
/* from: an IMA entry boot_aggregate and the quoted PCRs; to: a reason when it is of another boot;
 * never: takes a bank that is not quoted. [kernel ima_calc_boot_aggregate; threats 33] */
#include "evidence/replay_work.h"

#define SHORT_PCRS 8u  /* PCR 0-7: SHA-1, and kernels before 5.8 */
#define LONG_PCRS  10u /* PCR 0-9 */

/* alg over the first n PCRs of bank. *complete is false when one is not quoted there. */
static enum status
aggregate(struct replay_work *w, size_t bank, size_t n, struct digest *out, bool *complete)
{
    struct bytes parts[LONG_PCRS];
    *complete = true;
    for (uint32_t pcr = 0; pcr < n; pcr++) {
        const struct digest *quoted = replay_quoted(w, bank, pcr);
        if (quoted && w->userspace_end[pcr] > 0)
            quoted = &w->boot[bank][pcr]; /* user space extended it after IMA had begun */
        if (!quoted) {
            *complete = false;
            return STATUS_OK;
        }
        parts[pcr] = digest_bytes(quoted);
    }
    return digest_compute_parts(w->h, w->out->banks[bank], parts, n, out);
}

static void
blame(struct replay_work *w, const struct ima_entry *e, const struct digest *expected,
      const char *why)
{
    struct reason *r = reasons_add_at(w->reasons, REASON_IMA_AGGREGATE, REASON_LOG_IMA,
                                      (int32_t)IMA_PCR, (int64_t)e->number);
    r->bank = e->file_alg;
    r->bound = !e->digest_bad;
    if (expected)
        reason_set_expected_hex(r, digest_bytes(expected));
    if (why)
        reason_set_found(r, why);
    else
        reason_set_found_hex(r, e->file_digest);
}

enum status
replay_aggregate_check(struct replay_work *w, const struct ima_entry *e, bool *good)
{
    static const size_t lengths[] = {LONG_PCRS, SHORT_PCRS};
    *good = false;
    size_t bank = 0;
    while (bank < w->out->n_banks && w->out->banks[bank] != e->file_alg)
        bank++;
    if (e->file_alg == 0 || bank == w->out->n_banks) {
        blame(w, e, NULL, "boot_aggregate of a bank that is not quoted");
        return STATUS_OK;
    }
    struct digest expected = {0};
    for (size_t i = 0; i < 2; i++) {
        bool complete = false;
        enum status s = aggregate(w, bank, lengths[i], &expected, &complete);
        if (s != STATUS_OK)
            return s;
        *good = complete && digest_equal_bytes(&expected, e->file_digest);
        if (*good)
            return STATUS_OK;
    }
    blame(w, e, expected.size > 0 ? &expected : NULL,
          expected.size > 0 ? NULL : "the PCRs that boot_aggregate covers are not quoted");
    return STATUS_OK;
}
