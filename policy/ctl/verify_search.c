/* SPDX-License-Identifier: Apache-2.0 */
/* from: logs and a verified quote without PCR values; to: the values that have the quoted digest;
 * never: decides: what it finds is verified again as if a person had given it. */
#include "base/cleanup.h"
#include "ctl/phases.h"
#include "ctl/verify.h"
#include "evidence/ima.h"

#include <stdlib.h>
#include <string.h>

#define PCR_PHASES   11u
#define MAX_VARIANTS 16u /* of PCR 11 */
#define MAX_TRIES    (1u << 21)

/* One bank of the quote. */
struct place {
    uint16_t alg;
    size_t ima_offset, phase_offset; /* in the values; SIZE_MAX when not quoted */
    struct digest ima[IMA_N_MODES];  /* PCR 10 after the entries read so far */
    struct digest phase[MAX_VARIANTS];
};

struct search {
    const struct verify_view *v;
    struct tpm_attest attest;
    uint16_t hash;
    size_t n_places;
    struct place places[LIMIT_BANKS];
    size_t n_variants;
    size_t n_modes; /* combinations of the banks' modes */
    size_t n_tries;
    struct buffer *values;
    bool found;
};

static struct digest
value_of(const struct eventlog *log, const struct eventlog_pcrs *pcrs, uint16_t alg, uint32_t pcr)
{
    size_t bank = log ? eventlog_bank(log, alg) : 0;
    if (log && bank < log->n_banks && pcrs->used[pcr])
        return pcrs->pcr[bank][pcr];
    return eventlog_reset(alg, pcr);
}

/* PCR 11 after no phase, and after every beginning of the sequence. */
static enum status
add_phases(struct search *s, struct place *p)
{
    static const size_t firsts[] = {0, REPLAY_PHASE_HOST};
    s->n_variants = 1;
    for (size_t f = 0; f < 2; f++) {
        struct digest pcr = p->phase[0];
        for (size_t i = firsts[f]; replay_phase(i) && s->n_variants < MAX_VARIANTS; i++) {
            enum status st = phases_extend(s->v->h, i, i + 1, &pcr);
            if (st != STATUS_OK)
                return st;
            p->phase[s->n_variants++] = pcr;
        }
    }
    return STATUS_OK;
}

/* The values that the boot log gives, and where PCR 10 and 11 stand among them. */
static enum status
lay_out(struct search *s, const struct eventlog *log, const struct eventlog_pcrs *pcrs)
{
    const struct selection *sel = &s->v->selection;
    s->n_modes = 1;
    for (size_t bank = 0; bank < sel->n_banks; bank++) {
        struct place *p = &s->places[s->n_places++];
        *p = (struct place){
            .alg = sel->banks[bank].alg, .ima_offset = SIZE_MAX, .phase_offset = SIZE_MAX};
        for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
            if ((sel->banks[bank].mask & (1u << pcr)) == 0)
                continue;
            struct digest value = value_of(log, pcrs, p->alg, pcr);
            if (pcr == IMA_PCR)
                p->ima_offset = s->values->size;
            if (pcr == PCR_PHASES)
                p->phase_offset = s->values->size;
            buffer_append(s->values, digest_bytes(&value));
        }
        p->phase[0] = value_of(log, pcrs, p->alg, PCR_PHASES);
        for (size_t m = 0; m < IMA_N_MODES; m++)
            p->ima[m] = value_of(log, pcrs, p->alg, IMA_PCR);
        s->n_modes *= p->alg == ALG_SHA1 ? 1 : IMA_N_MODES;
        enum status st = add_phases(s, p);
        if (st != STATUS_OK)
            return st;
    }
    return buffer_check(s->values);
}

static void
put_value(struct search *s, size_t offset, const struct digest *value)
{
    if (offset != SIZE_MAX && offset + value->size <= s->values->size)
        memcpy(s->values->data + offset, value->data, value->size);
}

/* One guess: this combination of modes, this variant of PCR 11. */
static enum status
try_values(struct search *s, size_t modes, size_t variant)
{
    struct digest composite;
    for (size_t i = 0; i < s->n_places; i++) {
        struct place *p = &s->places[i];
        size_t n = p->alg == ALG_SHA1 ? 1 : IMA_N_MODES;
        put_value(s, p->ima_offset, &p->ima[modes % n]);
        put_value(s, p->phase_offset, &p->phase[variant]);
        modes /= n;
    }
    s->n_tries++;
    enum status st = digest_compute(s->v->h, s->hash, buffer_bytes(s->values), &composite);
    s->found = st == STATUS_OK && digest_equal_bytes(&composite, s->attest.pcr_digest);
    return st;
}

static enum status
try_all(struct search *s)
{
    enum status st = STATUS_OK;
    for (size_t m = 0; m < s->n_modes; m++) {
        for (size_t v = 0; v < s->n_variants; v++) {
            st = try_values(s, m, v);
            if (st != STATUS_OK || s->found)
                return st;
        }
    }
    return st;
}

static enum status
extend_all(struct search *s, const struct ima_entry *e)
{
    for (size_t i = 0; e->pcr == IMA_PCR && i < s->n_places; i++) {
        struct place *p = &s->places[i];
        for (enum ima_mode m = IMA_NATIVE; m < IMA_N_MODES; m++) {
            struct digest value;
            enum status st = ima_extend_value(s->v->h, p->alg, m, e, &value);
            if (st == STATUS_OK)
                st = digest_extend(s->v->h, &p->ima[m], digest_bytes(&value));
            if (st != STATUS_OK)
                return st;
        }
    }
    return STATUS_OK;
}

/* The list may be longer than the quote: after every entry. */
static enum status
walk_ima(struct search *s)
{
    CLEANUP(buffer_free) struct buffer scratch = {0};
    struct ima_reader r;
    struct ima_entry e;
    enum status st = try_all(s);
    if (st != STATUS_OK || s->found || !s->v->given[VERIFY_IMA])
        return st;
    st = ima_open(buffer_bytes(&s->v->file[VERIFY_IMA]), 0, &r, NULL);
    while (st == STATUS_OK && !s->found && s->n_tries < MAX_TRIES) {
        st = ima_next(&r, &scratch, &e, NULL);
        if (st == STATUS_OK)
            st = extend_all(s, &e);
        if (st == STATUS_OK)
            st = try_all(s);
    }
    return st == STATUS_NOMEM || st == STATUS_CRYPTO ? st : STATUS_OK;
}

static enum status
find_hash(struct search *s)
{
    struct tpm_signature signature;
    enum status st =
        tpm_signature_parse(buffer_bytes(&s->v->file[VERIFY_SIGNATURE]), &signature, NULL);
    if (st == STATUS_OK)
        st = tpm_attest_parse(buffer_bytes(&s->v->file[VERIFY_ATTEST]), &s->attest, NULL);
    s->hash = signature.hash;
    return st;
}

static void
free_search(struct search **s)
{
    free(*s);
}

static void
free_pcrs(struct eventlog_pcrs **p)
{
    free(*p);
}

enum status
verify_values_find(const struct verify_view *v, struct buffer *values, bool *found)
{
    CLEANUP(free_search) struct search *s = calloc(1, sizeof *s);
    CLEANUP(free_pcrs) struct eventlog_pcrs *pcrs = calloc(1, sizeof *pcrs);
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    struct reasons unread = {0}; /* replay says them again */
    *found = false;
    if (!s || !pcrs)
        return STATUS_NOMEM;
    s->v = v;
    s->values = values;
    enum status st = find_hash(s);
    if (st == STATUS_OK && v->given[VERIFY_LOG])
        st = eventlog_parse(buffer_bytes(&v->file[VERIFY_LOG]), &log, &unread);
    reasons_free(&unread);
    if (st == STATUS_OK && log)
        st = eventlog_replay(v->h, log, pcrs);
    buffer_reset(values);
    if (st == STATUS_OK)
        st = lay_out(s, log, pcrs);
    if (st == STATUS_OK)
        st = walk_ima(s);
    *found = s->found;
    return st == STATUS_UNSUPPORTED ? STATUS_OK : st;
}
