/* SPDX-License-Identifier: Apache-2.0 */
/* from: proven events of PCR 7; to: what each Secure Boot variable holds; never: believes a
 * variable that was measured behind the separator, or twice. */
#include "appraise/secure_boot_content.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/der.h"
#include "evidence/signature_list.h"

#include <stdlib.h>
#include <string.h>

#define PCR_SECURE_BOOT 7u
#define GUID_SIZE       16u

static const char *const names[SECURE_BOOT_COUNT] = {
    [SECURE_BOOT_PK] = "PK",   [SECURE_BOOT_KEK] = "KEK",   [SECURE_BOOT_DB] = "db",
    [SECURE_BOOT_DBX] = "dbx", [SECURE_BOOT_USED] = "used",
};

const char *
secure_boot_variable_name(enum secure_boot_variable v)
{
    return names[v];
}

static int
order(const void *a, const void *b)
{
    return bytes_order(digest_bytes(a), digest_bytes(b));
}

bool
secure_boot_has(const struct secure_boot_set *set, const struct digest *item)
{
    return set->n > 0 && bsearch(item, set->items, set->n, sizeof *item, order) != NULL;
}

static enum status
add_item(struct secure_boot_set *set, const struct digest *item)
{
    if (set->n == set->n_room) {
        size_t n_room = set->n_room ? 2 * set->n_room : 16;
        struct digest *items = reallocarray(set->items, n_room, sizeof *items);
        if (!items)
            return STATUS_NOMEM;
        set->items = items;
        set->n_room = n_room;
    }
    set->items[set->n++] = *item;
    return STATUS_OK;
}

static enum status
add_certificate(struct hasher *h, struct secure_boot_set *set, struct bytes der)
{
    struct digest item;
    enum status s = digest_compute(h, ALG_SHA256, der, &item);
    return s == STATUS_OK ? add_item(set, &item) : s;
}

static enum status
add_entry(struct hasher *h, struct secure_boot_set *set, const struct signature_entry *entry)
{
    static const uint16_t algs[] = {
        [SIGNATURE_SHA256] = ALG_SHA256,
        [SIGNATURE_SHA384] = ALG_SHA384,
        [SIGNATURE_SHA512] = ALG_SHA512,
        [SIGNATURE_CERTIFICATE_SHA256] = ALG_SHA256,
        [SIGNATURE_CERTIFICATE_SHA384] = ALG_SHA384,
        [SIGNATURE_CERTIFICATE_SHA512] = ALG_SHA512,
    };
    struct digest item;
    if (entry->kind == SIGNATURE_CERTIFICATE)
        return add_certificate(h, set, entry->data);
    if (entry->kind == SIGNATURE_OTHER) {
        set->n_other++;
        return STATUS_OK;
    }
    enum status s = digest_from(algs[entry->kind], entry->data, &item);
    return s == STATUS_OK ? add_item(set, &item) : s;
}

static enum status
read_lists(struct hasher *h, struct secure_boot_set *set, struct bytes value)
{
    struct signature_list lists = signature_list_of(value);
    struct signature_entry entry;
    enum status found = signature_list_next(&lists, &entry);
    for (; found == STATUS_OK; found = signature_list_next(&lists, &entry)) {
        enum status s = add_entry(h, set, &entry);
        if (s != STATUS_OK)
            return s;
    }
    set->state = found == STATUS_NOT_FOUND ? SECURE_BOOT_READ : SECURE_BOOT_UNREADABLE;
    return STATUS_OK;
}

static struct secure_boot_set *
find_set(struct secure_boot_content *c, const struct replay_event *e)
{
    for (size_t i = 0; i < SECURE_BOOT_USED; i++) {
        if (text_equal(names[i], e->meaning.variable.claimed_name))
            return &c->sets[i];
    }
    return NULL;
}

static enum status
read_variable(struct hasher *h, struct secure_boot_content *c, const struct replay_event *e)
{
    struct secure_boot_set *set = find_set(c, e);
    if (!set)
        return STATUS_OK;
    bool again = set->event != NULL;
    set->event = e;
    set->state = SECURE_BOOT_UNREADABLE;
    if (again || !e->meaning.bound)
        return STATUS_OK;
    return read_lists(h, set, e->meaning.variable.value);
}

static bool
is_certificate(struct bytes in)
{
    return in.size > 0 && der_outer(in).size == in.size;
}

/* EFI_SIGNATURE_DATA, owner and certificate, or as shim does it the certificate alone. What is
 * neither, such as MokListTrusted, let no image run. */
static enum status
read_authority(struct hasher *h, struct secure_boot_set *set, const struct replay_event *e)
{
    struct bytes value = e->meaning.variable.value;
    size_t owner = value.size > GUID_SIZE ? GUID_SIZE : value.size;
    struct bytes inner = bytes_slice(value, owner, value.size - owner);
    set->state = SECURE_BOOT_READ;
    if (is_certificate(inner))
        return add_certificate(h, set, inner);
    return is_certificate(value) ? add_certificate(h, set, value) : STATUS_OK;
}

/* No digest covers the type, so whatever is no configuration is one; but for devdb, which lets
 * devices be used. [PFP 1.06 10.4.1 EV_EFI_SPDM_DEVICE_AUTHORITY] */
static bool
is_authority(const struct replay_event *e)
{
    return e->type != EVENT_EFI_VARIABLE_DRIVER_CONFIG &&
           !text_equal(e->meaning.variable.name, "devdb");
}

static enum status
read_event(struct hasher *h, struct secure_boot_content *c, const struct replay_event *e,
           bool before_separator)
{
    if (e->meaning.kind != EVENT_KIND_VARIABLE)
        return STATUS_OK;
    if (e->meaning.bound && is_authority(e))
        return read_authority(h, &c->sets[SECURE_BOOT_USED], e);
    if (e->type == EVENT_EFI_VARIABLE_DRIVER_CONFIG && before_separator)
        return read_variable(h, c, e);
    return STATUS_OK;
}

static bool
is_separator(const struct replay_event *e)
{
    return e->meaning.kind == EVENT_KIND_STRUCTURAL && e->meaning.separator_known;
}

static void
sort(struct secure_boot_content *c)
{
    for (size_t i = 0; i < SECURE_BOOT_COUNT; i++) {
        if (c->sets[i].n > 1)
            qsort(c->sets[i].items, c->sets[i].n, sizeof *c->sets[i].items, order);
    }
}

/* Without a separator it is not known who measured what. */
static void
doubt(struct secure_boot_content *c)
{
    for (size_t i = 0; i < SECURE_BOOT_USED; i++)
        c->sets[i].state = c->sets[i].event ? SECURE_BOOT_UNREADABLE : SECURE_BOOT_MISSING;
}

enum status
secure_boot_content_init(struct hasher *h, const struct proven *proven,
                         struct secure_boot_content *out)
{
    bool separated = false;
    enum status s = STATUS_OK;
    *out = (struct secure_boot_content){0};
    for (size_t i = 0; s == STATUS_OK && i < replay_n_events(proven->replay); i++) {
        const struct replay_event *e = replay_event_at(proven->replay, i);
        if (e->pcr != PCR_SECURE_BOOT)
            continue;
        if (e->log != REASON_LOG_BOOT) {
            out->stranger = e->meaning.kind == EVENT_KIND_STRUCTURAL ? out->stranger : e;
            continue;
        }
        separated = separated || is_separator(e);
        s = read_event(h, out, e, !separated);
    }
    sort(out);
    if (!separated)
        doubt(out);
    return s;
}

void
secure_boot_content_clear(struct secure_boot_content *c)
{
    for (size_t i = 0; i < SECURE_BOOT_COUNT; i++)
        free(c->sets[i].items);
    *c = (struct secure_boot_content){0};
}

const struct replay_event *
secure_boot_next_sbat(const struct proven *proven, size_t *at)
{
    for (; *at < replay_n_events(proven->replay); ++*at) {
        const struct replay_event *e = replay_event_at(proven->replay, *at);
        if (e->pcr == PCR_SECURE_BOOT && e->meaning.kind == EVENT_KIND_VARIABLE &&
            text_equal(e->meaning.variable.claimed_name, "SbatLevel"))
            return e;
    }
    return NULL;
}
