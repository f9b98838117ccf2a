/* SPDX-License-Identifier: Apache-2.0 */
/* from: events of firmware: images, volumes, tables, partitions, and records that extend nothing;
 * to: fields; never: calls bound what describes content outside the log. [PFP 1.06 10.4] */
#include "base/reader.h"
#include "base/text.h"
#include "evidence/event_fields_work.h"

#include <stdio.h>

#define SIGNATURE_SIZE 16u /* of EV_NO_ACTION, NUL included */
#define MAX_TABLES     64u
#define MAX_PARTITIONS 256u
#define GPT_HEADER     92u
#define GPT_ENTRY      128u
#define GPT_NAME       72u

/* ---- records that extend nothing ---- */

static void
read_spec_id(struct event_fields_work *w, struct reader *r)
{
    uint32_t platform = reader_le32(r);
    unsigned minor = reader_u8(r);
    unsigned major = reader_u8(r);
    unsigned errata = reader_u8(r);
    (void)reader_u8(r); /* uintnSize */
    size_t n = reader_le32(r);
    char text[32];
    if (r->failed || n > LIMIT_BANKS)
        return;
    event_fields_add_text(w, "platform", bytes_of_text(platform == 1 ? "server" : "client"));
    (void)snprintf(text, sizeof text, "%u.%u errata %u", major, minor, errata);
    event_fields_add_text(w, "version", bytes_of_text(text));
    for (size_t i = 0; i < n; i++) {
        uint16_t alg = reader_le16(r);
        unsigned size = reader_le16(r);
        (void)snprintf(text, sizeof text, "%s (0x%04x, %u bytes)", alg_name(alg), alg, size);
        if (!r->failed)
            event_fields_add_item(w, "algorithm", text);
    }
    struct bytes vendor = reader_bytes(r, reader_u8(r));
    if (vendor.size > 0)
        event_fields_add_hex(w, "vendor_info", vendor);
}

static void
read_locality(struct event_fields_work *w, struct reader *r)
{
    uint8_t locality = reader_u8(r);
    if (!r->failed)
        event_fields_add_uint(w, "locality", locality);
}

/* A hint where a reference manifest is to be had. [PFP 1.06 10.4.5.3] */
static void
read_manifest(struct event_fields_work *w, struct reader *r)
{
    uint32_t vendor = reader_le32(r);
    struct bytes guid = reader_bytes(r, 16);
    if (r->failed)
        return;
    event_fields_add_uint(w, "vendor_id", vendor);
    event_fields_add_guid(w, "guid", guid);
}

static const struct {
    const char *signature;
    void (*decode)(struct event_fields_work *w, struct reader *r);
} no_actions[] = {
    {"Spec ID Event03", read_spec_id},   {"StartupLocality", read_locality},
    {"SP800-155 Event", read_manifest},  {"SP800-155 Event2", read_manifest},
    {"SP800-155 Event3", read_manifest},
};

void
event_fields_no_action(struct event_fields_work *w)
{
    struct reader r = reader_of(w->event->data);
    struct bytes signature = reader_bytes(&r, SIGNATURE_SIZE);
    char text[SIGNATURE_SIZE + 1] = "";
    w->bound = false;
    if (r.failed)
        return;
    for (size_t i = 0; i < SIGNATURE_SIZE && signature.data[i] != 0; i++)
        text[i] = (char)signature.data[i];
    event_fields_add_text(w, "signature", bytes_of_text(text));
    for (size_t i = 0; i < sizeof no_actions / sizeof no_actions[0]; i++) {
        if (text_equal(no_actions[i].signature, text))
            no_actions[i].decode(w, &r);
    }
}

/* ---- images and volumes ---- */

/* UEFI_IMAGE_LOAD_EVENT: where the image came from, which nothing covers. */
void
event_fields_image(struct event_fields_work *w)
{
    struct reader r = reader_of(w->event->data);
    (void)reader_le64(&r); /* address in memory */
    uint64_t size = reader_le64(&r);
    (void)reader_le64(&r); /* link time address */
    uint64_t path_size = reader_le64(&r);
    struct bytes path = reader_bytes(&r, path_size > LIMIT_EVENT_DATA ? SIZE_MAX : path_size);
    w->bound = false;
    if (r.failed)
        return;
    event_fields_add_path(w, path);
    event_fields_add_uint(w, "image_size", size);
}

static void
add_description(struct event_fields_work *w, struct bytes description)
{
    bool has_nul = description.size > 0 && description.data[description.size - 1] == 0;
    event_fields_add_text(w, "description", bytes_of(description.data, description.size - has_nul));
}

/* UEFI_PLATFORM_FIRMWARE_BLOB, and BLOB2 with a description before it. */
void
event_fields_blob(struct event_fields_work *w, bool described)
{
    struct reader r = reader_of(w->event->data);
    struct bytes description = described ? reader_bytes(&r, reader_u8(&r)) : (struct bytes){0};
    uint64_t base = reader_le64(&r);
    uint64_t size = reader_le64(&r);
    char text[32];
    w->bound = false;
    if (reader_end(&r, "PFP 1.06 10.4.2.4", NULL) != STATUS_OK)
        return;
    if (described)
        add_description(w, description);
    (void)snprintf(text, sizeof text, "0x%llx", (unsigned long long)base);
    event_fields_add_text(w, "base", bytes_of_text(text));
    event_fields_add_uint(w, "blob_size", size);
}

/* UEFI_HANDOFF_TABLE_POINTERS, and POINTERS2 with a description before them. */
void
event_fields_tables(struct event_fields_work *w, bool described)
{
    struct reader r = reader_of(w->event->data);
    struct bytes description = described ? reader_bytes(&r, reader_u8(&r)) : (struct bytes){0};
    uint64_t n = reader_le64(&r);
    w->bound = w->meaning->bound && w->meaning->quirk == EVENT_QUIRK_HANDOFF_TABLES;
    if (r.failed)
        return;
    if (described)
        add_description(w, description);
    for (uint64_t i = 0; i < n && i < MAX_TABLES && reader_left(&r) >= 24; i++) {
        char guid[EVENT_GUID_SIZE];
        event_guid_text(reader_bytes(&r, 16), guid);
        (void)reader_le64(&r); /* where the table stood */
        event_fields_add_item(w, "table", guid);
    }
}

/* ---- partitions ---- */

static void
add_partition(struct event_fields_work *w, struct bytes entry)
{
    struct reader r = reader_of(entry);
    char type[EVENT_GUID_SIZE], id[EVENT_GUID_SIZE], text[160];
    event_guid_text(reader_bytes(&r, 16), type);
    event_guid_text(reader_bytes(&r, 16), id);
    uint64_t first = reader_le64(&r);
    uint64_t last = reader_le64(&r);
    if (r.failed)
        return;
    (void)snprintf(text, sizeof text, "%s type %s, blocks %llu to %llu", id, type,
                   (unsigned long long)first, (unsigned long long)last);
    event_fields_add_item(w, "partition", text);
}

/* UEFI_GPT_DATA: the header, the number of partitions, their entries. Bound where it is hashed as
 * it stands, as in EV_EFI_GPT_EVENT2 with its GUIDs zeroed. */
void
event_fields_gpt(struct event_fields_work *w)
{
    struct reader r = reader_of(w->event->data);
    struct reader header = reader_of(reader_bytes(&r, GPT_HEADER));
    (void)reader_bytes(&header, 56);
    struct bytes disk = reader_bytes(&header, 16);
    (void)reader_bytes(&header, 12);
    size_t entry_size = reader_le32(&header);
    uint64_t n = reader_le64(&r);
    w->bound = w->meaning->bound;
    if (r.failed || header.failed || entry_size < GPT_ENTRY - GPT_NAME || n > MAX_PARTITIONS)
        return;
    event_fields_add_guid(w, "disk", disk);
    for (uint64_t i = 0; i < n && !r.failed; i++)
        add_partition(w, reader_bytes(&r, entry_size));
}
