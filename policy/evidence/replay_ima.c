/* SPDX-License-Identifier: Apache-2.0 */
/* from: an IMA list and the quoted PCR 10; to: the entries that the quote proves: the first prefix
 * that gives the quoted value in every quoted bank; never: reads further than the quote goes.
 * [protocol 4; threats 32, 33, 51] */
#include "base/cleanup.h"
#include "evidence/replay_work.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ENTRIES 16u
#define ENTRY_SIZE    112u /* of an ima-ng entry with a short path */
#define NAMED_MAX     16u  /* entries of a round that are named for each code */
#define NO_MATCH      SIZE_MAX

struct ima_bank {
    const struct digest *quoted; /* NULL: PCR 10 is not quoted in this bank */
    struct digest start;
    struct digest pcr;
    struct digest end; /* value at the match */
    enum ima_mode mode;
    bool decided;
    size_t match; /* entries of this segment, NO_MATCH when none */
};

struct ima_work {
    struct replay_work *w;
    struct ima_bank banks[LIMIT_BANKS];
    size_t n_allocated;
    struct ima_reader reader;
    size_t n_odd;        /* entries that need a second look once they are proven */
    size_t n_aggregates; /* among those read of this segment */
    bool malformed;
    struct diag diag;
};

static struct reason *
blame(struct replay_work *w, enum reason_code code, int64_t event)
{
    struct reason *r = reasons_add_at(w->reasons, code, REASON_LOG_IMA, (int32_t)IMA_PCR, event);
    r->bound = true;
    return r;
}

static struct ima_entry *
add_entry(struct ima_work *i)
{
    struct replay *out = i->w->out;
    if (out->n_ima == i->n_allocated) {
        size_t guess = (i->w->in->ima.size + i->w->in->ima_older.size) / ENTRY_SIZE;
        size_t n = i->n_allocated ? 2 * i->n_allocated : FIRST_ENTRIES + guess;
        struct ima_entry *entries = reallocarray(out->ima, n, sizeof *entries);
        if (!entries)
            return NULL;
        out->ima = entries;
        i->n_allocated = n;
    }
    return &out->ima[out->n_ima];
}

/* Read one entry behind the others. STATUS_NOT_FOUND at the end, also at a malformed entry. */
static enum status
read_entry(struct ima_work *i)
{
    struct ima_entry *e = add_entry(i);
    if (!e)
        return STATUS_NOMEM;
    enum status s = ima_next(&i->reader, NULL, e, &i->diag);
    if (s == STATUS_OK)
        i->w->out->n_ima++;
    i->malformed = s == STATUS_MALFORMED || s == STATUS_LIMIT;
    return i->malformed ? STATUS_NOT_FOUND : s;
}

/* What this bank's PCR 10 was after the entries that are proven already. */
static bool
start_bank(struct ima_work *i, size_t bank)
{
    struct replay_work *w = i->w;
    const struct replay_state *state = &w->in->state;
    struct ima_bank *b = &i->banks[bank];
    b->quoted = replay_quoted(w, bank, IMA_PCR);
    b->start = w->boot[bank][IMA_PCR];
    b->match = NO_MATCH;
    bool known = state->n_entries == 0;
    for (size_t k = 0; k < state->n_banks; k++) {
        if (state->banks[k].pcr.alg != w->out->banks[bank])
            continue;
        b->start = state->banks[k].pcr;
        b->mode = state->banks[k].mode;
        b->decided = state->banks[k].decided;
        known = true;
    }
    b->pcr = b->start;
    return known || !b->quoted;
}

/* The listed digest is that of the data; what it does not cover is emptied, so that no rule reads
 * it. */
static enum status
check_entry(struct ima_work *i, struct ima_entry *e)
{
    if (!e->violation) {
        struct digest computed;
        enum status s = ima_template_digest(i->w->h, ima_list_alg(e), e, &computed);
        if (s != STATUS_OK)
            return s;
        /* Both are public: no need for constant time, and this is done for every entry. */
        e->digest_bad = !bytes_equal(digest_bytes(&computed), e->digest);
    }
    if (e->digest_bad || e->pcr != IMA_PCR) {
        e->file_alg = 0;
        e->file_digest = (struct bytes){0};
        e->signature = (struct bytes){0};
        e->buffer = (struct bytes){0};
    }
    return STATUS_OK;
}

/* The entries that earlier rounds proved: kept by us, so they must be as many as they were. What
 * was wrong with them is found again, since the rules judge them again. */
static enum status
read_older(struct ima_work *i)
{
    struct replay *out = i->w->out;
    if (i->w->in->ima_older.size == 0)
        return STATUS_OK;
    enum status s = ima_open_joined(i->w->in->ima_older, &i->reader);
    while (s == STATUS_OK) {
        s = read_entry(i);
        if (s == STATUS_OK)
            s = check_entry(i, &out->ima[out->n_ima - 1]);
    }
    if (s != STATUS_NOT_FOUND)
        return s == STATUS_NOMEM || s == STATUS_CRYPTO ? s : STATUS_STORE;
    out->n_ima_older = out->n_ima;
    return !i->malformed && out->n_ima == i->w->in->state.n_entries ? STATUS_OK : STATUS_STORE;
}

static enum status
extend(struct ima_work *i, struct ima_bank *b, const struct ima_entry *e)
{
    if (e->pcr != IMA_PCR)
        return STATUS_OK;
    struct digest value;
    enum status s = ima_extend_value(i->w->h, b->pcr.alg, b->mode, e, &value);
    if (s != STATUS_OK)
        return s;
    return digest_extend(i->w->h, &b->pcr, digest_bytes(&value));
}

static void
note_entry(struct ima_work *i, const struct ima_entry *e)
{
    enum reason_code codes[IMA_ODD_MAX];
    i->n_odd += ima_odd(e, codes) > 0;
    i->n_aggregates += ima_is_aggregate(e);
}

/* The first byte is looked at before the rest, since this is asked after every entry. */
static bool
is_reached(const struct ima_bank *b)
{
    return b->quoted->data[0] == b->pcr.data[0] && digest_equal(b->quoted, &b->pcr);
}

/* Every quoted bank's first match is at n entries. */
static bool
note_matches(struct ima_work *i, size_t n)
{
    bool all = true;
    for (size_t bank = 0; bank < i->w->out->n_banks; bank++) {
        struct ima_bank *b = &i->banks[bank];
        if (!b->quoted)
            continue;
        if (b->match == NO_MATCH && is_reached(b)) {
            b->match = n;
            b->end = b->pcr;
        }
        all = all && b->match == n;
    }
    return all;
}

/* All banks in step, entry by entry, until the quote is reached. */
static enum status
scan(struct ima_work *i, bool *found)
{
    struct replay *out = i->w->out;
    *found = note_matches(i, 0);
    while (!*found) {
        enum status s = read_entry(i);
        if (s != STATUS_OK)
            return s == STATUS_NOT_FOUND ? STATUS_OK : s;
        struct ima_entry *e = &out->ima[out->n_ima - 1];
        s = check_entry(i, e);
        note_entry(i, e);
        for (size_t bank = 0; s == STATUS_OK && bank < out->n_banks; bank++) {
            if (i->banks[bank].quoted)
                s = extend(i, &i->banks[bank], e);
        }
        if (s != STATUS_OK)
            return s;
        *found = note_matches(i, out->n_ima - out->n_ima_older);
    }
    return STATUS_OK;
}

/* One bank alone over the stored entries, in another mode. */
static enum status
scan_bank(struct ima_work *i, struct ima_bank *b, enum ima_mode mode)
{
    struct replay *out = i->w->out;
    b->mode = mode;
    b->pcr = b->start;
    for (size_t k = out->n_ima_older; k < out->n_ima; k++) {
        enum status s = extend(i, b, &out->ima[k]);
        if (s != STATUS_OK)
            return s;
        if (is_reached(b)) {
            b->match = k + 1 - out->n_ima_older;
            b->end = b->pcr;
            return STATUS_OK;
        }
    }
    return STATUS_OK;
}

/* Banks that the kernel could not hash for when IMA started take padded SHA-1 digests. */
static enum status
scan_padded(struct ima_work *i)
{
    for (size_t bank = 0; bank < i->w->out->n_banks; bank++) {
        struct ima_bank *b = &i->banks[bank];
        if (!b->quoted || b->match != NO_MATCH || b->decided)
            continue;
        for (enum ima_mode m = IMA_PADDED; b->match == NO_MATCH && m < IMA_N_MODES; m++) {
            enum status s = scan_bank(i, b, m);
            if (s != STATUS_OK)
                return s;
        }
    }
    return STATUS_OK;
}

/* Entries of this segment that every quoted bank proves; NO_MATCH when they do not agree. */
static size_t
agreed_match(const struct ima_work *i)
{
    size_t match = NO_MATCH;
    for (size_t bank = 0; bank < i->w->out->n_banks; bank++) {
        const struct ima_bank *b = &i->banks[bank];
        if (!b->quoted)
            continue;
        if (b->match == NO_MATCH || (match != NO_MATCH && match != b->match))
            return NO_MATCH;
        match = b->match;
    }
    return match;
}

/* Entries after the proven prefix: counted, not judged. */
static void
count_unattested(struct ima_work *i, size_t n_proven)
{
    struct replay *out = i->w->out;
    struct ima_entry e;
    struct ima_reader r = i->reader;
    r.next = i->w->in->state.n_entries + n_proven;
    r.offset = n_proven > 0 ? out->ima[out->n_ima_older + n_proven - 1].end : 0;
    out->ima_size = r.offset;
    while (ima_next(&r, NULL, &e, NULL) == STATUS_OK)
        out->n_ima_unattested++;
    out->n_ima = out->n_ima_older + n_proven;
    if (r.offset == r.in.size && out->n_ima_unattested == 0)
        return;
    struct reason *reason =
        blame(i->w, REASON_LOG_UNATTESTED, (int64_t)(r.next - out->n_ima_unattested));
    reason->bound = false;
    char text[48];
    (void)snprintf(text, sizeof text, "%zu entries%s", out->n_ima_unattested,
                   r.offset == r.in.size ? "" : ", then no entry");
    reason_set_found(reason, text);
}

/* The first of each kind are named. */
static void
judge_odd(struct ima_work *i)
{
    unsigned n_named[REASON_COUNT] = {0};
    const struct replay *out = i->w->out;
    for (size_t k = out->n_ima_older; i->n_odd > 0 && k < out->n_ima; k++) {
        enum reason_code codes[IMA_ODD_MAX];
        unsigned n = ima_odd(&out->ima[k], codes);
        for (unsigned c = 0; c < n; c++) {
            if (n_named[codes[c]]++ < NAMED_MAX)
                *reasons_add(i->w->reasons, codes[c]) = ima_reason(codes[c], &out->ima[k]);
        }
    }
}

static enum status
judge_aggregate(struct ima_work *i, const struct ima_entry *e)
{
    struct replay_state *after = &i->w->out->after;
    bool good = false;
    if (e->pcr != IMA_PCR)
        return STATUS_OK;
    if (e->number > 0)
        (void)blame(i->w, REASON_IMA_KEXEC, (int64_t)e->number);
    enum status s = replay_aggregate_check(i->w, e, &good);
    after->aggregate_seen = true;
    after->aggregate_bad = after->aggregate_bad || !good;
    return s;
}

static void
blame_aggregate(struct ima_work *i, uint64_t event, const char *why)
{
    struct reason *r = blame(i->w, REASON_IMA_AGGREGATE, (int64_t)event);
    reason_set_found(r, why);
    i->w->out->after.aggregate_bad = true;
}

/* A list begins with this boot's aggregate; a later one means that the kernel was replaced. */
static enum status
judge_aggregates(struct ima_work *i)
{
    struct replay *out = i->w->out;
    size_t n_left = i->n_aggregates;
    bool begins = out->n_ima_older < out->n_ima && ima_is_aggregate(&out->ima[out->n_ima_older]);
    if (out->after.aggregate_bad)
        blame_aggregate(i, 0, "found in an earlier round of this boot");
    for (size_t k = out->n_ima_older; n_left > 0 && k < out->n_ima; k++) {
        if (!ima_is_aggregate(&out->ima[k]))
            continue;
        n_left--;
        enum status s = judge_aggregate(i, &out->ima[k]);
        if (s != STATUS_OK)
            return s;
    }
    bool first = i->w->in->state.n_entries == 0 || i->w->in->ima_starts_over;
    if (out->n_ima > out->n_ima_older && first && !begins)
        blame_aggregate(i, i->w->in->state.n_entries,
                        "the list does not begin with boot_aggregate");
    return STATUS_OK;
}

static void
keep_state(struct ima_work *i, size_t n_new)
{
    struct replay_state *after = &i->w->out->after;
    after->n_entries = i->w->in->state.n_entries + n_new;
    if (i->w->in->ima_starts_over)
        after->list_first = i->w->in->state.n_entries;
    after->n_banks = 0;
    for (size_t bank = 0; bank < i->w->out->n_banks; bank++) {
        const struct ima_bank *b = &i->banks[bank];
        if (!b->quoted)
            continue;
        after->banks[after->n_banks++] = (struct replay_bank){
            .pcr = b->end, .mode = b->mode, .decided = b->decided || n_new > 0};
        if (b->mode == IMA_NATIVE)
            continue;
        struct reason *r = blame(i->w, REASON_IMA_WEAK, REASON_NO_EVENT);
        r->bank = b->end.alg;
    }
}

static enum status
take_match(struct ima_work *i, size_t n_new)
{
    struct replay *out = i->w->out;
    count_unattested(i, n_new);
    uint64_t n_all = i->w->in->state.n_entries + n_new;
    if (n_all == 0 && out->n_ima_unattested > 0 && replay_is_reset(i->w, IMA_PCR)) {
        (void)blame(i->w, REASON_IMA_NOT_ANCHORED, 0);
        return STATUS_OK;
    }
    if (n_all > 0)
        out->pcrs[IMA_PCR] = REPLAY_PCR_PROVEN;
    keep_state(i, n_new);
    judge_odd(i);
    return judge_aggregates(i);
}

/* The bank to name: one that no prefix gives, else the one whose prefix is the shortest. */
static const struct ima_bank *
find_odd_bank(const struct ima_work *i)
{
    const struct ima_bank *odd = NULL;
    for (size_t bank = 0; bank < i->w->out->n_banks; bank++) {
        const struct ima_bank *b = &i->banks[bank];
        if (!b->quoted)
            continue;
        if (b->match == NO_MATCH)
            return b;
        if (!odd || b->match < odd->match)
            odd = b;
    }
    return odd;
}

static void
blame_no_match(struct ima_work *i)
{
    struct replay *out = i->w->out;
    out->n_ima = 0;
    out->n_ima_older = 0;
    out->pcrs[IMA_PCR] = REPLAY_PCR_MISMATCH;
    if (i->malformed) {
        struct reason *r = blame(i->w, REASON_IMA_MALFORMED, (int64_t)i->reader.next);
        r->bound = false;
        reason_set_found(r, i->diag.text);
        return;
    }
    const struct ima_bank *b = find_odd_bank(i);
    struct reason *r = blame(i->w, REASON_IMA_MISMATCH, REASON_NO_EVENT);
    if (i->w->in->ima_starts_over)
        reason_set_what(r, "a list that starts over");
    if (!b)
        return;
    r->bank = b->quoted->alg;
    reason_set_expected_hex(r, digest_bytes(&b->pcr));
    reason_set_found_hex(r, digest_bytes(b->quoted));
}

/* Nothing was sent: the remembered value must still stand. */
static void
judge_absent(struct ima_work *i)
{
    struct replay_work *w = i->w;
    bool stands = true;
    for (size_t bank = 0; bank < w->out->n_banks; bank++) {
        const struct ima_bank *b = &i->banks[bank];
        stands = stands && (!b->quoted || digest_equal(b->quoted, &b->start));
    }
    if (stands && w->in->state.n_entries > 0)
        w->out->pcrs[IMA_PCR] = REPLAY_PCR_PROVEN;
    if (!stands) {
        w->out->pcrs[IMA_PCR] = REPLAY_PCR_UNEXPLAINED;
        (void)blame(w, REASON_IMA_MISSING, REASON_NO_EVENT);
    }
    w->out->n_ima = stands ? w->out->n_ima : 0;
    w->out->n_ima_older = w->out->n_ima;
    if (stands && w->in->state.aggregate_bad)
        blame_aggregate(i, 0, "found in an earlier round of this boot");
}

static enum status
judge_list(struct ima_work *i)
{
    bool found = false;
    enum status s = ima_open(i->w->in->ima, i->w->in->state.n_entries, &i->reader, &i->diag);
    i->malformed = s != STATUS_OK || i->reader.format == IMA_ASCII;
    if (s == STATUS_OK && i->malformed)
        (void)diag_set(&i->diag, STATUS_MALFORMED, "protocol 3", 0, "not a binary list");
    s = i->malformed ? STATUS_OK : scan(i, &found);
    if (s == STATUS_OK && !found)
        s = scan_padded(i);
    if (s != STATUS_OK)
        return s;
    size_t match = agreed_match(i);
    if (match == NO_MATCH) {
        blame_no_match(i);
        return STATUS_OK;
    }
    return take_match(i, match);
}

enum status
replay_ima_list(struct replay_work *w)
{
    if (w->out->pcrs[IMA_PCR] == REPLAY_PCR_NOT_QUOTED)
        return STATUS_OK;
    struct ima_work i = {.w = w};
    enum status s = read_older(&i);
    if (s != STATUS_OK)
        return s;
    bool known = true;
    for (size_t bank = 0; bank < w->out->n_banks; bank++)
        known = start_bank(&i, bank) && known;
    if (!known) {
        blame_no_match(&i);
        return STATUS_OK;
    }
    if (!w->in->ima_present) {
        judge_absent(&i);
        return STATUS_OK;
    }
    return judge_list(&i);
}
