/* SPDX-License-Identifier: Apache-2.0 */
/* from: the events that shim logs by a variable's name; to: facts on the machine owner's keys;
 * never: takes the name for proven. */
#include "evidence/shim_facts.h"

#include "base/text.h"

#include <stdio.h>

static const struct mok {
    const char *name;
    bool is_switch; /* a byte */
} moks[] = {
    {"HSIStatus", true},      {"MokDBState", true}, {"MokIgnoreDB", true}, {"MokList", false},
    {"MokListTrusted", true}, {"MokListX", false},  {"MokPolicy", true},   {"MokSBState", true},
};

/* What shim puts in a MokListX that is empty: a signature list with one SHA-256 of zeros. */
static const uint8_t no_hash[76] = {
    0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40, 0xac, 0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43,
    0x28, 76,   0,    0,    0,    0,    0,    0,    0,    48,   0,    0,    0,    0x50, 0xab,
    0x5d, 0x60, 0x46, 0xe0, 0x00, 0x43, 0xab, 0xb6, 0x3d, 0xd8, 0x10, 0xdd, 0x8b, 0x23,
};

static const struct value {
    struct bytes bytes;
    bool is_switch;
    const char *text;
} values[] = {
    {{(const uint8_t *)"\0", 1}, true, "0, by its digest"},
    {{(const uint8_t *)"\1", 1}, true, "1, by its digest"},
    {{(const uint8_t *)"", 0}, false, "nothing, by its digest"},
    {{no_hash, sizeof no_hash}, false, "one hash of zeros, so none, by its digest"},
};

bool
shim_is_switch(const char *name)
{
    for (size_t i = 0; i < sizeof moks / sizeof moks[0]; i++) {
        if (moks[i].is_switch && text_equal(moks[i].name, name))
            return true;
    }
    return false;
}

static const struct mok *
find_mok(const struct replay_event *e, uint32_t pcr)
{
    const struct event_meaning *m = &e->meaning;
    bool is_place = e->pcr == pcr && e->log == REASON_LOG_BOOT && e->type == EVENT_IPL;
    if (!is_place || m->kind != EVENT_KIND_STRING || m->bound || m->utf16)
        return NULL;
    for (size_t i = 0; i < sizeof moks / sizeof moks[0]; i++) {
        if (bytes_equal(bytes_of_text(moks[i].name), m->text))
            return &moks[i];
    }
    return NULL;
}

/* Of the last bank that may carry trust, or of the last at all. */
static const struct digest *
best_digest(const struct replay_event *e)
{
    const struct digest *best = NULL;
    for (size_t bank = 0; bank < LIMIT_BANKS; bank++) {
        const struct digest *d = &e->digest[bank];
        const struct alg *alg = d->size > 0 ? alg_by_id(d->alg) : NULL;
        if (alg && (alg->trusted || !best))
            best = d;
    }
    return best;
}

static enum status
find_value(struct hasher *h, const struct digest *d, bool is_switch, const char **text)
{
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct digest computed;
        if (values[i].is_switch != is_switch)
            continue;
        enum status s = digest_compute(h, d->alg, values[i].bytes, &computed);
        if (s != STATUS_OK)
            return s;
        if (digest_equal(&computed, d))
            *text = values[i].text;
    }
    return STATUS_OK;
}

static enum status
tell(struct hasher *h, const struct replay_event *e, const struct mok *mok, struct reasons *reasons)
{
    const char *text = NULL;
    char hex[2 * ALG_MAX_SIZE + 1], found[sizeof((struct reason){0}.found)];
    const struct digest *d = best_digest(e);
    if (!d)
        return STATUS_OK;
    enum status s = find_value(h, d, mok->is_switch, &text);
    if (s != STATUS_OK)
        return s;
    (void)snprintf(found, sizeof found, "%s:%s, the content is not in the log",
                   alg_by_id(d->alg)->name, text_hex(digest_bytes(d), hex, sizeof hex));
    struct reason *r = reasons_add_at(reasons, REASON_SECURE_BOOT_MOK, REASON_LOG_BOOT,
                                      (int32_t)e->pcr, (int64_t)e->number);
    reason_set_what(r, mok->name);
    reason_set_found(r, text ? text : found);
    return STATUS_OK;
}

enum status
shim_facts_tell(struct hasher *h, const struct replay_event *events, size_t n, uint32_t pcr,
                struct reasons *reasons)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < n; i++) {
        const struct mok *mok = find_mok(&events[i], pcr);
        if (mok)
            s = tell(h, &events[i], mok, reasons);
    }
    return s;
}
