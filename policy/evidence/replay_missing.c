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

/* The records of a PCR, by their number in the log. */
struct places {
    size_t n;
    size_t record[LIMIT_RECORDS];
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

static enum status
extend_record(struct replay_work *w, const struct places *p, size_t i, struct values *v)
{
    return replay_userspace_extend(w, &w->out->userspace->records[p->record[i]], v->pcr,
                                   v->extended);
}

/* The records before place, the word, then the rest: true when the quoted value comes out from the
 * word on. */
static enum status
try_place(struct replay_work *w, uint32_t pcr, const char *word, const struct places *p,
          size_t place, bool *agrees)
{
    struct values v;
    enum status s = STATUS_OK;
    for (size_t bank = 0; bank < w->out->n_banks; bank++) {
        v.pcr[bank] = w->boot[bank][pcr];
        v.extended[bank] = w->extended[bank][pcr];
    }
    for (size_t i = 0; s == STATUS_OK && i < place; i++)
        s = extend_record(w, p, i, &v);
    if (s == STATUS_OK)
        s = extend_word(w, pcr, word, &v);
    for (size_t i = place; s == STATUS_OK; i++) {
        *agrees = replay_userspace_is_reached(w, pcr, v.pcr, v.extended);
        if (*agrees || i == p->n)
            break;
        s = extend_record(w, p, i, &v);
    }
    return s;
}

/* Before each of its records, and behind the last. */
static enum status
try_word(struct replay_work *w, uint32_t pcr, const char *word, const struct places *p, bool *named)
{
    for (size_t place = 0; place <= p->n; place++) {
        enum status s = try_place(w, pcr, word, p, place, named);
        if (s != STATUS_OK)
            return s;
        if (!*named)
            continue;
        size_t before = place < p->n ? p->record[place] : w->out->userspace->n_records;
        struct reason *r = reasons_add_at(w->reasons, REASON_LOG_RECORD_MISSING,
                                          REASON_LOG_USERSPACE, (int32_t)pcr, (int64_t)before);
        r->bound = true;
        reason_set_what(r, word);
        return STATUS_OK;
    }
    return STATUS_OK;
}

static bool
find_places(const struct userspace *u, uint32_t pcr, struct places *out)
{
    out->n = 0;
    for (size_t i = 0; i < u->n_records; i++) {
        if (!u->records[i].has_pcr || u->records[i].pcr != pcr)
            continue;
        if (out->n == LIMIT_RECORDS)
            return false;
        out->record[out->n++] = i;
    }
    return true;
}

enum status
replay_missing_name(struct replay_work *w, uint32_t pcr, bool *named)
{
    struct places p;
    enum status s = STATUS_OK;
    *named = false;
    if (!w->out->userspace || !find_places(w->out->userspace, pcr, &p))
        return STATUS_OK;
    if ((REPLAY_OS_SEPARATOR_PCRS & (1u << pcr)) != 0)
        s = try_word(w, pcr, replay_os_separator, &p, named);
    for (size_t i = 0; pcr == PCR_PHASES && s == STATUS_OK && !*named && i < REPLAY_N_PHASES; i++)
        s = try_word(w, pcr, replay_phases[i], &p, named);
    return s == STATUS_UNSUPPORTED ? STATUS_OK : s;
}
