/* SPDX-License-Identifier: Apache-2.0 */
/* from: a PCR that the logs do not reproduce; to: the name of the one record of user space whose
 * absence explains that, where its content is well known; never: proves a PCR by a record that is
 * not there. [standards 7; systemd tpm2-measure.log] */
#include "evidence/replay_work.h"

#define PCR_PHASES    11u
#define LIMIT_RECORDS 32u /* of one PCR: places that are tried */

/* The values of a PCR on the way, by bank of the quote. */
struct values {
    struct digest pcr[LIMIT_BANKS];
    bool extended[LIMIT_BANKS];
};

static enum status
extend_word(struct replay_work *w, uint32_t pcr, const char *word, struct values *v)
{
    for (size_t bank = 0; bank < w->out->n_banks; bank++) {
        struct digest d;
        if (!replay_quoted(w, bank, pcr))
            continue;
        enum status s = digest_compute(w->h, v->pcr[bank].alg, bytes_of_text(word), &d);
        if (s == STATUS_OK)
            s = digest_extend(w->h, &v->pcr[bank], digest_bytes(&d));
        if (s != STATUS_OK)
            return s;
        v->extended[bank] = true;
    }
    return STATUS_OK;
}

/* The word behind the records before place, then the rest of them: true when the quoted value comes
 * out at some point. */
static enum status
try_place(struct replay_work *w, uint32_t pcr, const char *word, size_t place, bool *agrees)
{
    const struct userspace *u = w->out->userspace;
    struct values v;
    for (size_t bank = 0; bank < w->out->n_banks; bank++) {
        v.pcr[bank] = w->boot[bank][pcr];
        v.extended[bank] = w->extended[bank][pcr];
    }
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i <= u->n_records; i++) {
        if (i == place)
            s = extend_word(w, pcr, word, &v);
        if (s == STATUS_OK && i >= place &&
            replay_userspace_is_reached(w, pcr, v.pcr, v.extended)) {
            *agrees = true;
            return STATUS_OK;
        }
        bool is_its = i < u->n_records && u->records[i].has_pcr && u->records[i].pcr == pcr;
        if (s == STATUS_OK && is_its)
            s = replay_userspace_extend(w, &u->records[i], v.pcr, v.extended);
    }
    return s;
}

static size_t
count_records(const struct userspace *u, uint32_t pcr)
{
    size_t n = 0;
    for (size_t i = 0; i < u->n_records; i++)
        n += u->records[i].has_pcr && u->records[i].pcr == pcr;
    return n;
}

/* Places: before each of its records, and behind the last. */
static enum status
try_word(struct replay_work *w, uint32_t pcr, const char *word, bool *named)
{
    const struct userspace *u = w->out->userspace;
    for (size_t i = 0; !*named && i <= u->n_records; i++) {
        bool is_place = i == u->n_records || (u->records[i].has_pcr && u->records[i].pcr == pcr);
        enum status s = is_place ? try_place(w, pcr, word, i, named) : STATUS_OK;
        if (s != STATUS_OK)
            return s;
        if (!*named)
            continue;
        struct reason *r = reasons_add_at(w->reasons, REASON_LOG_RECORD_MISSING,
                                          REASON_LOG_USERSPACE, (int32_t)pcr, (int64_t)i);
        r->bound = true;
        reason_set_what(r, word);
    }
    return STATUS_OK;
}

enum status
replay_missing_name(struct replay_work *w, uint32_t pcr, bool *named)
{
    *named = false;
    if (!w->out->userspace || count_records(w->out->userspace, pcr) > LIMIT_RECORDS)
        return STATUS_OK;
    enum status s = STATUS_OK;
    for (size_t i = 0; pcr == PCR_PHASES && s == STATUS_OK && !*named && i < REPLAY_N_PHASES; i++)
        s = try_word(w, pcr, replay_phases[i], named);
    if (s == STATUS_OK && !*named && (REPLAY_OS_SEPARATOR_PCRS & (1u << pcr)) != 0)
        s = try_word(w, pcr, replay_os_separator, named);
    return s == STATUS_UNSUPPORTED ? STATUS_OK : s;
}
