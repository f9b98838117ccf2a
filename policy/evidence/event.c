/* SPDX-License-Identifier: Apache-2.0 */
/* from: an event of a log; to: its meaning, and whether its digest covers it; never: believes a
 * type or a field that no digest covers. */
#include "evidence/event.h"

#include "base/text.h"
#include "evidence/event_bind.h"
#include "evidence/event_type.h"

#include <string.h>

#define PCR_CONFIG     1u
#define PCR_CONFIG_OLD 5u /* where older firmware measures boot variables */

#define PCRS_FIRMWARE 0x00FFu
#define PCRS_BOOT     (1u << 4 | 1u << 5) /* older firmware says it in PCR 5 too */
#define PCRS_EXIT     (1u << 5)

/* What is known by its digest. [PFP 1.06 10.4.1, 10.4.3] */
static const struct known {
    const char *text; /* NULL: a separator */
    uint8_t separator[4];
    uint32_t value;
    uint32_t pcrs; /* where it is what it is known as; elsewhere it is an event as any other */
} knowns[EVENT_KNOWN_COUNT] = {
    {.separator = {0, 0, 0, 0}, .value = 0, .pcrs = PCRS_FIRMWARE},
    {.separator = {0xFF, 0xFF, 0xFF, 0xFF}, .value = 0xFFFFFFFFu, .pcrs = PCRS_FIRMWARE},
    {.separator = {1, 0, 0, 0}, .value = 1, .pcrs = PCRS_FIRMWARE},
    {.text = "Calling EFI Application from Boot Option", .pcrs = PCRS_BOOT},
    {.text = "Returning from EFI Application from Boot Option", .pcrs = PCRS_BOOT},
    {.text = "Exit Boot Services Invocation", .pcrs = PCRS_EXIT},
    {.text = "Exit Boot Services Returned with Failure", .pcrs = PCRS_EXIT},
    {.text = "Exit Boot Services Returned with Success", .pcrs = PCRS_EXIT},
};

static const char *const quirk_names[EVENT_QUIRK_COUNT] = {
    "none",           "shim-extra-byte", "string-prefix", "string-nul",
    "string-utf16",   "variable-value",  "tag-content",   "zero-blob",
    "handoff-tables", "region-tail",     "final-overlap",
};

static const char *const kind_names[EVENT_KIND_COUNT] = {
    "other",  "structural", "variable", "image",        "command-line", "command",
    "string", "file",       "section",  "load-options", "initrd",
};

static struct bytes
known_bytes(const struct known *k)
{
    return k->text ? bytes_of_text(k->text) : bytes_of(k->separator, sizeof k->separator);
}

enum status
event_decoder_init(struct hasher *h, const struct eventlog *log, uint32_t banks,
                   struct event_decoder *out)
{
    out->h = h;
    out->log = log;
    out->banks = 0;
    for (size_t bank = 0; bank < log->n_banks; bank++) {
        if ((banks & (1u << bank)) == 0)
            continue;
        enum status s = STATUS_OK;
        for (size_t i = 0; s == STATUS_OK && i < EVENT_KNOWN_COUNT; i++)
            s = digest_compute(h, log->banks[bank], known_bytes(&knowns[i]), &out->known[bank][i]);
        if (s == STATUS_UNSUPPORTED)
            continue;
        if (s != STATUS_OK)
            return s;
        out->banks |= 1u << bank;
    }
    return STATUS_OK;
}

bool
event_bind_parts(struct event_bind *b, const struct bytes *parts, size_t n_parts)
{
    const struct event_decoder *d = b->decoder;
    bool any = false;
    for (size_t bank = 0; bank < d->log->n_banks; bank++) {
        struct bytes listed = b->event->digest[bank];
        if ((d->banks & (1u << bank)) == 0 || listed.size == 0)
            continue;
        struct digest computed;
        if (b->status == STATUS_OK)
            b->status = digest_compute_parts(d->h, d->log->banks[bank], parts, n_parts, &computed);
        if (b->status != STATUS_OK || !digest_equal_bytes(&computed, listed))
            return false;
        any = true;
    }
    return any;
}

bool
event_bind_data(struct event_bind *b, struct bytes data)
{
    return event_bind_parts(b, &data, 1);
}

/* The event has this known digest in every looked-at bank that it has. */
static bool
is_known(const struct event_bind *b, size_t known)
{
    const struct event_decoder *d = b->decoder;
    bool any = false;
    bool is_place = (knowns[known].pcrs & (1u << b->event->pcr)) != 0;
    if (!is_place && d->log->format != EVENTLOG_CCEL)
        return false;
    for (size_t bank = 0; bank < d->log->n_banks; bank++) {
        struct bytes listed = b->event->digest[bank];
        if ((d->banks & (1u << bank)) == 0 || listed.size == 0)
            continue;
        if (!bytes_equal(digest_bytes(&d->known[bank][known]), listed))
            return false;
        any = true;
    }
    return any;
}

static bool
decode_known(const struct event_bind *b, struct event_meaning *out)
{
    for (size_t i = 0; i < EVENT_KNOWN_COUNT; i++) {
        if (!is_known(b, i))
            continue;
        out->kind = EVENT_KIND_STRUCTURAL;
        out->bound = true;
        out->separator_known = !knowns[i].text;
        out->separator = knowns[i].value;
        out->action = knowns[i].text;
        out->text = known_bytes(&knowns[i]);
        return true;
    }
    return false;
}

/* Firmware that hashes where its tables are, and so nothing of what they say: the data is covered,
 * the tables are not. [PFP 1.06 10.4.2.5] */
static void
name_pointers(struct event_bind *b, struct event_meaning *out)
{
    if (b->event->type != EVENT_EFI_HANDOFF_TABLES || b->event->data.size == 0 ||
        !event_bind_data(b, b->event->data))
        return;
    out->bound = true;
    out->quirk = EVENT_QUIRK_HANDOFF_TABLES;
}

static void
decode_form(struct event_bind *b, enum event_form form, struct event_meaning *out)
{
    switch (form) {
    case EVENT_FORM_NONE:
        break;
    case EVENT_FORM_OPAQUE:
        name_pointers(b, out);
        break;
    case EVENT_FORM_IMAGE:
        out->kind = EVENT_KIND_IMAGE;
        break;
    case EVENT_FORM_DATA:
    case EVENT_FORM_SEPARATOR:
        out->bound = event_bind_data(b, b->event->data);
        break;
    case EVENT_FORM_ACTION:
    case EVENT_FORM_STRING:
        event_decode_string(b, out);
        break;
    case EVENT_FORM_TAG:
        event_decode_tag(b, out);
        break;
    case EVENT_FORM_VARIABLE:
        event_decode_variable(b, out);
        break;
    }
}

/* A boot variable whose value is four zero bytes (seen: BootOrder) has a separator's digest. Where
 * such variables are measured it is taken for what its type says. */
static bool
decode_boot_variable(struct event_bind *b, struct event_meaning *out)
{
    bool is_place = b->event->pcr == PCR_CONFIG || b->event->pcr == PCR_CONFIG_OLD;
    if (b->event->type != EVENT_EFI_VARIABLE_BOOT || !is_place)
        return false;
    event_decode_variable(b, out);
    if (out->bound && out->kind == EVENT_KIND_VARIABLE)
        return true;
    *out = (struct event_meaning){0};
    return false;
}

/* Seen: a part of the CRTM that is four zero bytes. Whatever stands in PCR 0 as CRTM contents is
 * taken for that; the real separator must still follow. */
static void
name_zero_blob(const struct event_bind *b, struct event_meaning *out)
{
    bool is_crtm = b->event->pcr == 0 && b->event->type == EVENT_S_CRTM_CONTENTS;
    if (is_crtm && out->separator_known && out->separator == 0)
        *out = (struct event_meaning){.quirk = EVENT_QUIRK_ZERO_BLOB};
}

enum status
event_decode(const struct event_decoder *d, size_t i, struct event_meaning *out)
{
    *out = (struct event_meaning){0};
    struct event_bind b = {.decoder = d, .event = &d->log->events[i]};
    if (!eventlog_is_extend(b.event) || decode_boot_variable(&b, out) || decode_known(&b, out)) {
        name_zero_blob(&b, out);
        return b.status;
    }
    if (event_decode_uboot(&b, out))
        return b.status;
    const struct event_type *type = event_type_find(b.event->type);
    decode_form(&b, type ? type->form : EVENT_FORM_DATA, out);
    return b.status;
}

const char *
event_quirk_name(enum event_quirk quirk)
{
    return quirk < EVENT_QUIRK_COUNT ? quirk_names[quirk] : "unknown";
}

const char *
event_kind_name(enum event_kind kind)
{
    return kind < EVENT_KIND_COUNT ? kind_names[kind] : "unknown";
}
