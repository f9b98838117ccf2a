/* SPDX-License-Identifier: Apache-2.0 */
/* from: one boot that is proven, or that reproduces given PCRs; to: a reference set that it passes
 * under; never: takes events of a PCR that they do not reproduce. */
#include "appraise/profile.h"

#include "appraise/profile_event.h"
#include "appraise/reference.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAUSE             "profile"
#define HAS_PCR(mask, pcr) (((mask) >> (pcr)) & 1u)
#define NEVER              (1u << IMA_PCR | 1u << 16 | 1u << 23)

static void
clear(struct profile *p)
{
    arena_free(&p->arena);
}

static enum status
check_options(const struct profile_options *o, struct diag *diag)
{
    if (!text_is_name(o->id) || o->version == 0)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                        "a reference set needs a name and a version");
    if (o->pcrs & NEVER)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "PCR 10, 16 and 23 have no components");
    return STATUS_OK;
}

/* What a boot rule covers by itself, when it sees events there. */
static bool
wants(const struct profile *p, uint32_t pcr)
{
    uint32_t usual = reference_covered(reference_platform_of(p->platform)) | 1u << 8 | 1u << 9 |
                     1u << 11 | 1u << 12 | 1u << 14;
    return pcr < LIMIT_PCRS && HAS_PCR(p->options->pcrs ? p->options->pcrs : usual, pcr);
}

static void
add_signs(struct profile *p, uint32_t pcr, uint32_t type, const struct event_meaning *m)
{
    order_signs_add(&p->signs, pcr, type, m);
    p->platform = order_signs_profile(&p->signs);
}

/* ---- events to components ---- */

static void
add_digest(struct profile_event *e, const struct digest *d)
{
    const struct alg *alg = alg_by_id(d->alg);
    if (alg && alg->trusted && d->size == alg->size && e->n_digests < ALG_COUNT)
        e->digests[e->n_digests++] = *d;
}

static bool
same_digests(const struct profile_event *a, const struct profile_event *b)
{
    if (a->n_digests != b->n_digests)
        return false;
    for (size_t i = 0; i < a->n_digests; i++) {
        if (!digest_equal(&a->digests[i], &b->digests[i]))
            return false;
    }
    return true;
}

/* The component before this one in its PCR, when it has the same digests: measured once more. */
static struct profile_component *
find_repeated(struct profile *p, const struct profile_event *e)
{
    for (size_t i = p->n_components; i-- > 0;) {
        struct profile_component *c = &p->components[i];
        if (c->event->pcr == e->pcr)
            return same_digests(c->event, e) ? c : NULL;
    }
    return NULL;
}

static const char *
describe(struct profile *p, const struct profile_event *e)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    if (e->meaning.text.size == 0)
        return "";
    if (event_text(&e->meaning, &text) != STATUS_OK)
        return NULL;
    const char *shown = buffer_text(&text);
    return shown ? arena_copy_text(&p->arena, shown) : NULL;
}

static enum status
add_component(struct profile *p, struct profile_shape *shape, const struct profile_event *e)
{
    char role[PROFILE_ROLE_SIZE];
    profile_name_role(shape, e, role);
    struct profile_component *repeated = find_repeated(p, e);
    if (repeated) {
        repeated->count++;
        return STATUS_OK;
    }
    struct profile_component *c = &p->components[p->n_components++];
    *c = (struct profile_component){
        .event = e, .count = 1, .is_volatile = profile_is_volatile(e), .name = describe(p, e)};
    memcpy(c->role, role, sizeof c->role);
    return c->name ? STATUS_OK : STATUS_NOMEM;
}

static enum status
add_line(struct profile *p, const struct profile_event *e)
{
    if (e->meaning.kind != EVENT_KIND_COMMAND_LINE || !e->meaning.bound ||
        p->n_lines == LIMIT_TEMPLATES)
        return STATUS_OK;
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(buffer_free) struct buffer literal = {0};
    enum status s = event_text(&e->meaning, &text);
    if (s != STATUS_OK || !buffer_text(&text))
        return STATUS_NOMEM;
    template_append_literal(&literal, buffer_text(&text));
    s = buffer_check(&literal);
    if (s != STATUS_OK)
        return s;
    if (literal.size == 0 || literal.size > LIMIT_TEMPLATE)
        return STATUS_OK;
    const char *line = buffer_text(&literal);
    line = line ? arena_copy_text(&p->arena, line) : NULL;
    p->lines[p->n_lines++] = line;
    return line ? STATUS_OK : STATUS_NOMEM;
}

static struct profile_shape
look_over(const struct profile *p)
{
    struct profile_shape shape = {.uboot_fit = p->platform == ORDER_UBOOT_FIT};
    for (size_t i = 0; i < p->n_events; i++) {
        shape.shim = shape.shim || p->events[i].pcr == 14;
        shape.grub = shape.grub || p->events[i].pcr == 8;
        shape.uki = shape.uki || p->events[i].pcr == 11;
    }
    return shape;
}

static enum status
make_components(struct profile *p, struct diag *diag)
{
    struct profile_shape shape = look_over(p);
    p->components = arena_alloc_array(&p->arena, p->n_events, sizeof *p->components);
    p->lines = arena_alloc_array(&p->arena, LIMIT_TEMPLATES, sizeof *p->lines);
    enum status s = p->components && p->lines ? STATUS_OK : STATUS_NOMEM;
    for (size_t i = 0; s == STATUS_OK && i < p->n_events; i++) {
        const struct profile_event *e = &p->events[i];
        if (!wants(p, e->pcr))
            continue;
        s = add_component(p, &shape, e);
        if (s == STATUS_OK)
            s = add_line(p, e);
    }
    if (s == STATUS_OK && p->n_components == 0)
        s = diag_set(diag, STATUS_INVALID, CLAUSE, 0, "no event in the PCRs that are wanted");
    return s;
}

/* ---- files ---- */

static int
order_texts(const void *a, const void *b)
{
    return text_order(*(const char *const *)a, *(const char *const *)b);
}

static enum status
add_file(struct profile *p, const struct ima_entry *e)
{
    const struct alg *alg = alg_by_id(e->file_alg);
    if (e->violation || ima_is_aggregate(e) || !alg || e->file_digest.size != alg->size)
        return STATUS_OK;
    char hex[2 * ALG_MAX_SIZE + 1];
    char text[sizeof hex + 16];
    (void)snprintf(text, sizeof text, "%s:%s", alg->name,
                   text_hex(e->file_digest, hex, sizeof hex));
    p->files[p->n_files] = arena_copy_text(&p->arena, text);
    return p->files[p->n_files++] ? STATUS_OK : STATUS_NOMEM;
}

static void
sort_files(struct profile *p)
{
    if (p->n_files < 2)
        return;
    qsort(p->files, p->n_files, sizeof *p->files, order_texts);
    size_t n = 1;
    for (size_t i = 1; i < p->n_files; i++) {
        if (!text_equal(p->files[i], p->files[n - 1]))
            p->files[n++] = p->files[i];
    }
    p->n_files = n;
}

/* ---- from a replay ---- */

static enum status
take_replay(struct profile *p, const struct replay *replay, const struct selection *selection)
{
    p->events = arena_alloc_array(&p->arena, replay_n_events(replay), sizeof *p->events);
    if (!p->events)
        return STATUS_NOMEM;
    for (size_t i = 0; i < replay_n_events(replay); i++) {
        const struct replay_event *e = replay_event_at(replay, i);
        if (e->log == REASON_LOG_BOOT)
            add_signs(p, e->pcr, e->type, &e->meaning);
        if (e->meaning.kind == EVENT_KIND_STRUCTURAL)
            continue;
        struct profile_event *out = &p->events[p->n_events++];
        *out = (struct profile_event){.pcr = e->pcr, .type = e->type, .meaning = e->meaning};
        for (size_t bank = 0; bank < selection->n_banks; bank++)
            add_digest(out, &e->digest[bank]);
    }
    return STATUS_OK;
}

static enum status
take_replay_files(struct profile *p, const struct replay *replay)
{
    size_t n = p->options->files ? replay_n_ima(replay) : 0;
    p->files = arena_alloc_array(&p->arena, n, sizeof *p->files);
    enum status s = p->files ? STATUS_OK : STATUS_NOMEM;
    for (size_t i = 0; s == STATUS_OK && i < n; i++)
        s = add_file(p, replay_ima_at(replay, i));
    sort_files(p);
    return s;
}

enum status
profile_from_replay(const struct replay *replay, const struct selection *selection,
                    const struct profile_options *options, struct buffer *out, struct diag *diag)
{
    CLEANUP(clear) struct profile p = {.options = options};
    enum status s = check_options(options, diag);
    if (s == STATUS_OK)
        s = take_replay(&p, replay, selection);
    if (s == STATUS_OK)
        s = make_components(&p, diag);
    if (s == STATUS_OK)
        s = take_replay_files(&p, replay);
    return s == STATUS_OK ? profile_encode(&p, out) : s;
}

/* ---- from a log ---- */

static void
blame(struct reasons *reasons, uint32_t pcr, const struct digest *expected,
      const struct digest *found)
{
    bool ima = pcr == IMA_PCR;
    struct reason *r =
        reasons_add_at(reasons, ima ? REASON_IMA_MISMATCH : REASON_LOG_PCR_MISMATCH,
                       ima ? REASON_LOG_IMA : REASON_LOG_BOOT, (int32_t)pcr, REASON_NO_EVENT);
    r->bank = found->alg;
    reason_set_expected_hex(r, digest_bytes(expected));
    reason_set_found_hex(r, digest_bytes(found));
}

/* Every PCR that gives components, and has events, comes out as the TPM says. */
static enum status
check_pcrs(const struct profile *p, const struct profile_source *source, const struct eventlog *log,
           const struct eventlog_pcrs *replayed, struct reasons *reasons, struct diag *diag)
{
    size_t bank = eventlog_bank(log, source->pcrs->alg);
    if (bank == log->n_banks)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "the log has no %s bank",
                        alg_name(source->pcrs->alg));
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        if (!wants(p, pcr) || (!replayed->used[pcr] && p->options->pcrs == 0))
            continue;
        if (!HAS_PCR(source->pcrs->present, pcr))
            return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "the value of PCR %u is not given",
                            pcr);
        const struct digest *quoted = &source->pcrs->pcr[pcr];
        if (!digest_equal(&replayed->pcr[bank][pcr], quoted))
            blame(reasons, pcr, &replayed->pcr[bank][pcr], quoted);
    }
    return STATUS_OK;
}

static enum status
take_event(struct profile *p, const struct event_decoder *d, const struct event *e)
{
    struct profile_event *out = &p->events[p->n_events];
    *out = (struct profile_event){.pcr = e->pcr, .type = e->type};
    enum status s = event_decode(d, e->number, &out->meaning);
    add_signs(p, e->pcr, e->type, &out->meaning);
    if (s != STATUS_OK || out->meaning.kind == EVENT_KIND_STRUCTURAL)
        return s;
    for (size_t bank = 0; bank < d->log->n_banks; bank++) {
        struct digest digest = {0};
        if (e->digest[bank].size > 0 &&
            digest_from(d->log->banks[bank], e->digest[bank], &digest) == STATUS_OK)
            add_digest(out, &digest);
    }
    p->n_events += out->n_digests > 0;
    return STATUS_OK;
}

static enum status
take_log(struct profile *p, struct hasher *h, const struct eventlog *log)
{
    struct event_decoder *d = arena_alloc(&p->arena, sizeof *d);
    p->events = arena_alloc_array(&p->arena, log->n_events, sizeof *p->events);
    if (!d || !p->events)
        return STATUS_NOMEM;
    uint32_t banks = 0;
    for (size_t bank = 0; bank < log->n_banks; bank++) {
        const struct alg *alg = alg_by_id(log->banks[bank]);
        banks |= alg && alg->trusted ? 1u << bank : 0;
    }
    enum status s = event_decoder_init(h, log, banks, d);
    for (size_t i = 0; s == STATUS_OK && i < log->n_events; i++) {
        if (eventlog_is_extend(&log->events[i]))
            s = take_event(p, d, &log->events[i]);
    }
    return s;
}

/* In some way of extending the list gives the value of PCR 10. */
static enum status
check_ima(struct hasher *h, const struct profile_source *source, struct reasons *reasons,
          struct diag *diag)
{
    if (!HAS_PCR(source->pcrs->present, IMA_PCR))
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "the value of PCR 10 is not given");
    struct ima_pcrs replayed = {0};
    for (int mode = IMA_NATIVE; mode < IMA_N_MODES; mode++) {
        enum status s =
            ima_replay(h, source->ima, source->pcrs->alg, (enum ima_mode)mode, &replayed, diag);
        if (s != STATUS_OK)
            return s;
        if (digest_equal(&replayed.pcr[IMA_PCR], &source->pcrs->pcr[IMA_PCR]))
            return STATUS_OK;
    }
    blame(reasons, IMA_PCR, &replayed.pcr[IMA_PCR], &source->pcrs->pcr[IMA_PCR]);
    return STATUS_OK;
}

static enum status
take_files(struct profile *p, struct bytes ima, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer scratch = {0};
    struct ima_reader r;
    struct ima_entry e;
    enum status s = ima_open(ima, 0, &r, diag);
    size_t room = 0;
    while (s == STATUS_OK && (s = ima_next(&r, &scratch, &e, diag)) == STATUS_OK)
        room++;
    if (s != STATUS_NOT_FOUND)
        return s;
    p->files = arena_alloc_array(&p->arena, room, sizeof *p->files);
    s = p->files ? ima_open(ima, 0, &r, diag) : STATUS_NOMEM;
    for (size_t i = 0; s == STATUS_OK && i < room; i++) {
        s = ima_next(&r, &scratch, &e, diag);
        if (s == STATUS_OK)
            s = add_file(p, &e);
    }
    sort_files(p);
    return s;
}

static enum status
take_source(struct profile *p, const struct profile_source *source, struct diag *diag)
{
    enum status s = make_components(p, diag);
    if (s == STATUS_OK && p->options->files && source->ima.size > 0)
        s = take_files(p, source->ima, diag);
    return s;
}

static enum status
check_source(const struct profile *p, struct hasher *h, const struct profile_source *source,
             const struct eventlog *log, struct reasons *reasons, struct diag *diag)
{
    CLEANUP(free_charp) char *memory = calloc(1, sizeof(struct eventlog_pcrs));
    if (!memory)
        return STATUS_NOMEM;
    struct eventlog_pcrs *replayed = (struct eventlog_pcrs *)(void *)memory;
    enum status s = eventlog_replay(h, log, replayed);
    if (s == STATUS_OK)
        s = check_pcrs(p, source, log, replayed, reasons, diag);
    if (s == STATUS_OK && p->options->files && source->ima.size > 0)
        s = check_ima(h, source, reasons, diag);
    return s;
}

enum status
profile_from_log(struct hasher *h, const struct profile_source *source,
                 const struct profile_options *options, struct reasons *reasons, struct buffer *out,
                 struct diag *diag)
{
    CLEANUP(clear) struct profile p = {.options = options};
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    enum status s = check_options(options, diag);
    if (s == STATUS_OK)
        s = eventlog_parse(source->boot_log, &log, reasons);
    if (s != STATUS_OK || !log)
        return s;
    size_t n_before = reasons->n_items;
    s = take_log(&p, h, log);
    if (s == STATUS_OK)
        s = check_source(&p, h, source, log, reasons, diag);
    if (s != STATUS_OK || reasons->n_items > n_before)
        return s;
    s = take_source(&p, source, diag);
    return s == STATUS_OK ? profile_encode(&p, out) : s;
}
