/* SPDX-License-Identifier: Apache-2.0 */
/* from: the logs and the PCRs; to: whether the logs explain them; never: judges what was measured.
 */
#include "agent/collect.h"
#include "agent/doctor.h"
#include "agent/tpm.h"
#include "base/cleanup.h"
#include "evidence/eventlog.h"
#include "evidence/ima.h"

#define IMA_PCR       10u
#define IMA_TRIES     3
#define BOOT_LAST_PCR 9u /* above it others than the firmware's log extend as well */

struct logs {
    struct doctor *d;
    struct tpm *tpm;
    struct hasher *hasher;
};

static void
free_boot_pcrs(struct eventlog_pcrs **p)
{
    free(*p);
}

static void
free_ima_pcrs(struct ima_pcrs **p)
{
    free(*p);
}

static void
explain_absence(struct doctor *d, const char *subject, const char *path, enum collect_state state)
{
    static const char *const advice[] = {
        [COLLECT_OFF] = "",
        [COLLECT_READ] = "",
        [COLLECT_ABSENT] = "the kernel offers none (no TPM driver, no IMA, or another path)",
        [COLLECT_DENIED] = "run as root, or as a member of the group that tmpfiles.d gives it",
        [COLLECT_TOO_LARGE] = "it is larger than a verifier accepts",
        [COLLECT_FAILED] = "see the kernel's messages",
    };
    doctor_add(d, state == COLLECT_OFF ? DOCTOR_OK : DOCTOR_WARNING, subject, advice[state],
               "%s: %s", path ? path : "none", collect_state_text(state));
}

/* One PCR's value; false when it cannot be read. */
static bool
read_pcr(struct tpm *t, uint16_t alg, uint32_t pcr, struct buffer *out)
{
    struct selection one = {.n_banks = 1, .banks = {{.alg = alg, .mask = 1u << pcr}}};
    buffer_reset(out);
    return t && tpm_pcrs_get(t, &one, out, NULL) == STATUS_OK;
}

/* The first PCR of one bank that the log does not reproduce; LIMIT_PCRS when there is none. */
static uint32_t
find_mismatch(struct logs *l, const struct eventlog_pcrs *pcrs, uint16_t alg, size_t bank)
{
    CLEANUP(buffer_free) struct buffer value = {0};
    for (uint32_t pcr = 0; pcr <= BOOT_LAST_PCR; pcr++) {
        if (!pcrs->used[pcr])
            continue;
        if (!read_pcr(l->tpm, alg, pcr, &value) ||
            !digest_equal_bytes(&pcrs->pcr[bank][pcr], buffer_bytes(&value)))
            return pcr;
    }
    return LIMIT_PCRS;
}

static void
compare_boot_log(struct logs *l, const struct eventlog *log, const struct eventlog_pcrs *pcrs)
{
    struct selection banks = {0};
    if (!l->tpm || tpm_banks_get(l->tpm, &banks, NULL) != STATUS_OK) {
        doctor_add(l->d, DOCTOR_WARNING, "boot log", "the TPM must answer first",
                   "%zu events; nothing to compare them with", log->n_events);
        return;
    }
    for (size_t i = 0; i < banks.n_banks; i++) {
        uint16_t alg = banks.banks[i].alg;
        size_t bank = eventlog_bank(log, alg);
        uint32_t wrong = bank < log->n_banks ? find_mismatch(l, pcrs, alg, bank) : 0;
        if (bank >= log->n_banks)
            doctor_add(l->d, DOCTOR_WARNING, "boot log",
                       "update the firmware, or leave this bank out of the policy",
                       "no digests for the TPM's bank %s", alg_name(alg));
        else if (wrong < LIMIT_PCRS)
            doctor_add(l->d, DOCTOR_FAILURE, "boot log",
                       "the log is not of this boot, is incomplete, or somebody extended the PCR",
                       "%zu events do not give PCR %u of bank %s", log->n_events, wrong,
                       alg_name(alg));
        else
            doctor_add(l->d, DOCTOR_OK, "boot log", "", "%zu events give the PCRs of bank %s",
                       log->n_events, alg_name(alg));
    }
}

static void
examine_boot_log(struct logs *l, const char *path)
{
    CLEANUP(collect_log_free) struct collect_log raw = {0};
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(free_boot_pcrs) struct eventlog_pcrs *pcrs = calloc(1, sizeof *pcrs);
    if (!pcrs || collect_read(path, 0, LIMIT_BOOT_LOG, &raw) != STATUS_OK)
        return;
    if (raw.state != COLLECT_READ) {
        explain_absence(l->d, "boot log", path, raw.state);
        return;
    }
    if (eventlog_parse(buffer_bytes(&raw.content), &log, &reasons) != STATUS_OK || !log ||
        eventlog_replay(l->hasher, log, pcrs) != STATUS_OK)
        doctor_add(l->d, DOCTOR_FAILURE, "boot log", "update the firmware or the kernel",
                   "%s: not a well-formed log (%s)", path,
                   reasons.n_items > 0 ? reason_code_name(reasons.items[0].code) : "replay");
    else
        compare_boot_log(l, log, pcrs);
}

/* Whether the list gives PCR 10 of a bank, natively or with padded SHA-1 digests. */
static bool
gives_pcr(struct logs *l, struct bytes list, uint16_t alg, struct bytes value, bool *padded)
{
    for (int i = 0; i < 2; i++) {
        CLEANUP(free_ima_pcrs) struct ima_pcrs *pcrs = calloc(1, sizeof *pcrs);
        *padded = i == 1;
        if (pcrs && ima_replay(l->hasher, list, alg, *padded, pcrs, NULL) == STATUS_OK &&
            pcrs->used[IMA_PCR] && digest_equal_bytes(&pcrs->pcr[IMA_PCR], value))
            return true;
    }
    return false;
}

/* The list grows while it is read: the PCR is read at once after it, and both again when they
 * differ. */
static void
compare_ima(struct logs *l, const char *path, uint16_t alg)
{
    bool padded = false;
    for (int i = 0; i < IMA_TRIES; i++) {
        CLEANUP(collect_log_free) struct collect_log raw = {0};
        CLEANUP(buffer_free) struct buffer value = {0};
        if (collect_read(path, 0, LIMIT_IMA_SEGMENT, &raw) != STATUS_OK ||
            !read_pcr(l->tpm, alg, IMA_PCR, &value))
            return;
        if (!gives_pcr(l, buffer_bytes(&raw.content), alg, buffer_bytes(&value), &padded))
            continue;
        doctor_add(l->d, padded ? DOCTOR_WARNING : DOCTOR_OK, "ima",
                   "the kernel measures SHA-1 only into it: Linux 5.8 or later, booted with "
                   "ima_hash=sha256, does better",
                   "%zu bytes give PCR 10 of bank %s%s", raw.content.size, alg_name(alg),
                   padded ? ", by padded SHA-1 digests" : "");
        return;
    }
    doctor_add(l->d, DOCTOR_FAILURE, "ima",
               "the list is not of this boot, or something else extends PCR 10",
               "the list does not give PCR 10 of bank %s", alg_name(alg));
}

static void
examine_ima(struct logs *l, const char *path)
{
    struct selection banks = {0};
    enum collect_state state = collect_probe(path);
    if (state != COLLECT_READ) {
        explain_absence(l->d, "ima", path, state);
        return;
    }
    if (!l->tpm || tpm_banks_get(l->tpm, &banks, NULL) != STATUS_OK) {
        doctor_add(l->d, DOCTOR_WARNING, "ima", "the TPM must answer first",
                   "nothing to compare the list with");
        return;
    }
    for (size_t i = 0; i < banks.n_banks; i++)
        compare_ima(l, path, banks.banks[i].alg);
}

/* Only the verifier replays it, since its records say which PCR each extends. */
static void
examine_userspace(struct logs *l, const char *path)
{
    CLEANUP(collect_log_free) struct collect_log raw = {0};
    if (collect_read(path, 0, LIMIT_USERSPACE_LOG, &raw) != STATUS_OK)
        return;
    if (raw.state == COLLECT_READ)
        doctor_add(l->d, DOCTOR_OK, "userspace log", "",
                   "%zu bytes; whether the quote proves them is for the verifier to say",
                   raw.content.size);
    else
        doctor_add(l->d, DOCTOR_OK, "userspace log", "", "%s: %s", path ? path : "none",
                   collect_state_text(raw.state));
}

void
doctor_examine_logs(struct doctor *d, const struct settings *s, struct tpm *t)
{
    struct logs l = {.d = d, .tpm = t};
    if (hasher_new(&l.hasher) != STATUS_OK)
        return;
    examine_boot_log(&l, s->boot_log);
    examine_ima(&l, s->ima_log);
    examine_userspace(&l, s->userspace_log);
    hasher_free(l.hasher);
}
