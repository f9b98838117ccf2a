/* SPDX-License-Identifier: Apache-2.0 */
/* from: the bound Secure Boot variables of PCR 7; to: facts: which keys there are, which
 * were used, SBAT's level, how far the change of Microsoft's certificates has come; never: a
 * reason. [UEFI 2.10 32; appraisal 1; threats 25] */
#include "evidence/boot_facts.h"

#include "base/text.h"
#include "evidence/certificate_name.h"
#include "evidence/shim_facts.h"
#include "evidence/signature_list.h"

#include <stdio.h>
#include <string.h>

#define GUID_SIZE  16u
#define FOUND_SIZE sizeof((struct reason){0}.found)
#define NAMES_MAX  3u /* certificates of one variable that are named; all are counted */

static const struct kind_name {
    const char *one, *many;
} kind_names[] = {
    [SIGNATURE_OTHER] = {"of another type", "of another type"},
    [SIGNATURE_CERTIFICATE] = {"certificate", "certificates"},
    [SIGNATURE_SHA256] = {"SHA-256", "SHA-256"},
    [SIGNATURE_SHA384] = {"SHA-384", "SHA-384"},
    [SIGNATURE_SHA512] = {"SHA-512", "SHA-512"},
    [SIGNATURE_CERTIFICATE_SHA256] = {"certificate by SHA-256", "certificates by SHA-256"},
    [SIGNATURE_CERTIFICATE_SHA384] = {"certificate by SHA-384", "certificates by SHA-384"},
    [SIGNATURE_CERTIFICATE_SHA512] = {"certificate by SHA-512", "certificates by SHA-512"},
};
#define N_KINDS (sizeof kind_names / sizeof kind_names[0])

/* Where a certificate of Microsoft's was seen, by the year of its name. */
enum place { PLACE_KEK, PLACE_DB, PLACE_USED, N_PLACES };
static const char *const place_names[N_PLACES] = {"KEK", "db", "used"};

struct facts {
    struct reasons *reasons;
    uint32_t pcr;
    bool is_2011[N_PLACES];
    bool is_2023[N_PLACES];
};

static bool
has_text(struct bytes in, const char *text)
{
    size_t n = strlen(text);
    return in.size >= n && memmem(in.data, in.size, text, n) != NULL;
}

/* By name only: told to people, judged by nobody. */
static void
note_microsoft(struct facts *f, enum place place, struct bytes name)
{
    if (!has_text(name, "Microsoft") && !has_text(name, "Windows"))
        return;
    f->is_2011[place] = f->is_2011[place] || has_text(name, "2011");
    f->is_2023[place] = f->is_2023[place] || has_text(name, "2023");
}

static struct reason *
add(struct facts *f, enum reason_code code, const struct replay_event *e, const char *what)
{
    struct reason *r =
        reasons_add_at(f->reasons, code, REASON_LOG_BOOT, (int32_t)e->pcr, (int64_t)e->number);
    r->bound = true;
    reason_set_what(r, what);
    return r;
}

/* Names of the first certificates, then how many signatures of each type. */
static void
tell_list(struct facts *f, const struct replay_event *e, enum place place)
{
    size_t counts[N_KINDS] = {0};
    char found[FOUND_SIZE] = "";
    char name_text[64];
    size_t used = 0;
    struct signature_list s = signature_list_of(e->meaning.variable.value);
    struct signature_entry entry;
    enum status status;
    while ((status = signature_list_next(&s, &entry)) == STATUS_OK) {
        struct bytes name = {0};
        if (entry.kind == SIGNATURE_CERTIFICATE)
            name = certificate_name(entry.data);
        if (place < N_PLACES)
            note_microsoft(f, place, name);
        if (name.size > 0 && counts[SIGNATURE_CERTIFICATE] < NAMES_MAX && used < sizeof found)
            used += (size_t)snprintf(found + used, sizeof found - used, "%s; ",
                                     text_escape(name, name_text, sizeof name_text));
        counts[entry.kind]++;
    }
    for (size_t t = 0; t < N_KINDS; t++) {
        if (counts[t] > 0 && used < sizeof found)
            used += (size_t)snprintf(found + used, sizeof found - used, "%zu %s ", counts[t],
                                     counts[t] == 1 ? kind_names[t].one : kind_names[t].many);
    }
    if (status != STATUS_NOT_FOUND && used < sizeof found)
        used += (size_t)snprintf(found + used, sizeof found - used, "then not well-formed");
    while (used > 0 && used < sizeof found && found[used - 1] == ' ')
        found[--used] = '\0';
    struct reason *r = add(f, REASON_SECURE_BOOT_KEYS, e, e->meaning.variable.name);
    reason_set_found(r, found[0] ? found : "none");
}

static bool
is_told(const struct facts *f, enum reason_code code, const char *what, const char *found)
{
    const struct reasons *all = f->reasons;
    for (size_t i = 0; i < all->n_items; i++) {
        const struct reason *r = &all->items[i];
        if (r->code == code && text_equal(r->what, what) && text_equal(r->found, found))
            return true;
    }
    return false;
}

/* SBAT's level is its first line: "sbat,1,2025021800". */
static void
tell_sbat(struct facts *f, const struct replay_event *e)
{
    struct bytes value = e->meaning.variable.value;
    const uint8_t *end = value.size > 0 ? memchr(value.data, '\n', value.size) : NULL;
    size_t n = end ? (size_t)(end - value.data) : value.size;
    reason_set_found_escaped(add(f, REASON_SECURE_BOOT_SBAT, e, ""), bytes_slice(value, 0, n));
}

/* EFI_SIGNATURE_DATA: owner, then the certificate; shim leaves the owner out. */
static struct bytes
authority_name(struct bytes value)
{
    struct bytes name = certificate_name(value);
    if (name.size == 0 && value.size > GUID_SIZE)
        name = certificate_name(bytes_slice(value, GUID_SIZE, value.size - GUID_SIZE));
    return name;
}

/* Which key let an image run. Which image that was is not in the log. */
static void
tell_key(struct facts *f, const struct replay_event *e)
{
    const struct event_variable *v = &e->meaning.variable;
    char found[FOUND_SIZE];
    struct bytes name = authority_name(v->value);
    if (name.size > 0)
        (void)text_escape(name, found, sizeof found);
    else
        (void)snprintf(found, sizeof found, "%zu bytes", v->value.size);
    note_microsoft(f, PLACE_USED, name);
    if (!is_told(f, REASON_SECURE_BOOT_AUTHORITY, v->name, found))
        reason_set_found(add(f, REASON_SECURE_BOOT_AUTHORITY, e, v->name), found);
}

/* Shim measures its own variables with the same type: switches, and whole lists of keys. */
static void
tell_authority(struct facts *f, const struct replay_event *e)
{
    const struct event_variable *v = &e->meaning.variable;
    if (text_equal(v->name, "SbatLevel"))
        tell_sbat(f, e);
    else if (shim_is_switch(v->name))
        reason_set_found_hex(add(f, REASON_SECURE_BOOT_MOK, e, v->name), v->value);
    else if (signature_list_is_whole(v->value))
        tell_list(f, e, N_PLACES);
    else
        tell_key(f, e);
}

static void
tell_variable(struct facts *f, const struct replay_event *e)
{
    const char *name = e->meaning.variable.name;
    if (e->meaning.variable.value.size == 0)
        return;
    if (text_equal(name, "KEK"))
        tell_list(f, e, PLACE_KEK);
    else if (text_equal(name, "db"))
        tell_list(f, e, PLACE_DB);
    else if (text_equal(name, "PK") || text_equal(name, "dbx"))
        tell_list(f, e, N_PLACES);
}

/* "KEK 2011, db 2011 2023, used 2011": who has not yet the new ones, and who can do without the
 * old. */
static void
tell_microsoft(struct facts *f)
{
    char found[FOUND_SIZE] = "";
    size_t used = 0;
    for (size_t i = 0; i < N_PLACES; i++) {
        if (!f->is_2011[i] && !f->is_2023[i])
            continue;
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%s%s%s",
                                 used > 0 ? ", " : "", place_names[i], f->is_2011[i] ? " 2011" : "",
                                 f->is_2023[i] ? " 2023" : "");
    }
    if (used == 0)
        return;
    struct reason *r = reasons_add_at(f->reasons, REASON_SECURE_BOOT_MICROSOFT, REASON_LOG_BOOT,
                                      (int32_t)f->pcr, REASON_NO_EVENT);
    r->bound = true;
    reason_set_found(r, found);
}

void
boot_facts_tell(const struct replay_event *events, size_t n, uint32_t pcr, struct reasons *reasons)
{
    struct facts f = {.reasons = reasons, .pcr = pcr};
    for (size_t i = 0; i < n; i++) {
        const struct replay_event *e = &events[i];
        if (e->pcr != pcr || e->log != REASON_LOG_BOOT || !e->meaning.bound ||
            e->meaning.kind != EVENT_KIND_VARIABLE)
            continue;
        if (e->type == EVENT_EFI_VARIABLE_DRIVER_CONFIG)
            tell_variable(&f, e);
        else if (e->type == EVENT_EFI_VARIABLE_AUTHORITY)
            tell_authority(&f, e);
    }
    tell_microsoft(&f);
}
