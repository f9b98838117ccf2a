/* SPDX-License-Identifier: Apache-2.0 */
/* from: an event and its meaning; to: named fields, each bound or claimed; never: calls a field
 * bound that event.h does not. */
#include "evidence/event_fields.h"

#include "base/cleanup.h"
#include "base/reader.h"
#include "base/text.h"
#include "evidence/device_path.h"
#include "evidence/event_bind.h"
#include "evidence/event_fields_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA_SHOWN  64u /* bytes of opaque data that are given whole */
#define GUID_SIZE   16u
#define FIRST_ITEMS 16u

static struct event_field *
add(struct event_fields_work *w, const char *name, enum event_field_kind kind)
{
    struct event_fields *f = w->out;
    if (f->n_items == EVENT_FIELDS_MAX) {
        f->n_dropped++;
        return &f->scratch;
    }
    if (f->n_items == f->n_room) {
        size_t n = f->n_room > 0 ? 2 * f->n_room : FIRST_ITEMS;
        struct event_field *items = reallocarray(f->items, n, sizeof *items);
        if (!items) {
            f->failed = true;
            return &f->scratch;
        }
        f->items = items;
        f->n_room = n;
    }
    struct event_field *field = &f->items[f->n_items++];
    *field = (struct event_field){
        .name = name, .bound = w->bound, .kind = kind, .offset = f->values.size};
    return field;
}

/* The value is what was appended since the field was added. */
static void
end_value(struct event_fields_work *w, struct event_field *field)
{
    field->size = w->out->values.size - field->offset;
}

void
event_fields_add_text(struct event_fields_work *w, const char *name, struct bytes text)
{
    struct event_field *field = add(w, name, EVENT_FIELD_TEXT);
    const struct event_meaning m = {.text = text};
    w->out->failed = event_text(&m, &w->out->values) != STATUS_OK || w->out->failed;
    end_value(w, field);
}

void
event_fields_add_utf16(struct event_fields_work *w, const char *name, struct bytes text)
{
    struct event_field *field = add(w, name, EVENT_FIELD_TEXT);
    const struct event_meaning m = {.text = text, .utf16 = true};
    w->out->failed = event_text(&m, &w->out->values) != STATUS_OK || w->out->failed;
    end_value(w, field);
}

void
event_fields_add_hex(struct event_fields_work *w, const char *name, struct bytes data)
{
    struct event_field *field = add(w, name, EVENT_FIELD_HEX);
    buffer_append(&w->out->values, data);
    end_value(w, field);
}

void
event_fields_add_uint(struct event_fields_work *w, const char *name, uint64_t number)
{
    add(w, name, EVENT_FIELD_UINT)->number = number;
}

void
event_fields_add_bool(struct event_fields_work *w, const char *name, bool value)
{
    add(w, name, EVENT_FIELD_BOOL)->number = value;
}

void
event_fields_add_guid(struct event_fields_work *w, const char *name, struct bytes guid)
{
    char text[EVENT_GUID_SIZE];
    event_guid_text(guid, text);
    event_fields_add_text(w, name, bytes_of_text(text));
}

void
event_fields_add_path(struct event_fields_work *w, struct bytes path)
{
    if (path.size == 0)
        return;
    struct event_field *field = add(w, "path", EVENT_FIELD_TEXT);
    w->out->failed = device_path_append(path, &w->out->values) != STATUS_OK || w->out->failed;
    end_value(w, field);
}

void
event_fields_add_item(struct event_fields_work *w, const char *name, const char *text)
{
    struct event_field *field = add(w, name, EVENT_FIELD_TEXT);
    field->many = true;
    buffer_append_text(&w->out->values, text);
    end_value(w, field);
}

/* Printable ASCII, perhaps with a NUL at its end. */
static bool
is_text(struct bytes data)
{
    size_t n = data.size > 0 && data.data[data.size - 1] == 0 ? data.size - 1 : data.size;
    for (size_t i = 0; i < n; i++) {
        if (data.data[i] < 0x20 || data.data[i] >= 0x7F)
            return false;
    }
    return n > 0;
}

/* UTF-16LE of ASCII with an even size. */
static bool
is_utf16(struct bytes data)
{
    for (size_t i = 0; i + 1 < data.size; i += 2) {
        bool is_end = i + 2 == data.size && data.data[i] == 0;
        if (data.data[i + 1] != 0 || (data.data[i] < 0x20 && !is_end) || data.data[i] >= 0x7F)
            return false;
    }
    return data.size >= 4 && data.size % 2 == 0;
}

static void
add_binary(struct event_fields_work *w, struct bytes data)
{
    event_fields_add_uint(w, "data_size", data.size);
    if (data.size <= DATA_SHOWN)
        event_fields_add_hex(w, "data", data);
}

/* Data of no known form: as text when it is some, else its size and what of it is short. */
static void
read_opaque(struct event_fields_work *w)
{
    struct bytes data = w->event->data;
    w->bound = w->meaning->bound;
    if (data.size == 0)
        return;
    if (is_text(data)) {
        bool has_nul = data.data[data.size - 1] == 0;
        event_fields_add_text(w, "text", bytes_of(data.data, data.size - has_nul));
    } else if (is_utf16(data)) {
        event_fields_add_utf16(w, "text", data);
    } else {
        add_binary(w, data);
    }
}

static void
add_meant_text(struct event_fields_work *w, const char *name)
{
    w->bound = w->meaning->bound;
    if (w->meaning->utf16)
        event_fields_add_utf16(w, name, w->meaning->text);
    else
        event_fields_add_text(w, name, w->meaning->text);
}

static void
read_structural(struct event_fields_work *w)
{
    w->bound = true;
    if (w->meaning->action) {
        event_fields_add_text(w, "action", bytes_of_text(w->meaning->action));
        return;
    }
    event_fields_add_uint(w, "separator", w->meaning->separator);
    w->bound = false;
    if (w->meaning->separator == 1) /* then the data says what failed [PFP 1.06 10.4.3] */
        event_fields_add_hex(w, "error", bytes_slice(w->event->data, 0, DATA_SHOWN));
}

/* Structures inside a tag, as Windows logs them, are no text. */
static bool
has_control(const struct event_meaning *m)
{
    size_t unit = m->utf16 ? 2 : 1;
    for (size_t i = 0; i + unit <= m->text.size; i += unit) {
        unsigned c = m->text.data[i] | (m->utf16 ? (unsigned)m->text.data[i + 1] << 8 : 0);
        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
            return true;
    }
    return false;
}

/* TCG_PCClientTaggedEvent: the tag is covered only where the whole structure is. */
static void
read_tag(struct event_fields_work *w)
{
    struct reader r = reader_of(w->event->data);
    char tag[16];
    (void)snprintf(tag, sizeof tag, "0x%08x", reader_le32(&r));
    size_t size = reader_le32(&r);
    w->bound = w->meaning->bound && w->meaning->quirk == EVENT_QUIRK_NONE;
    if (!r.failed)
        event_fields_add_text(w, "tag", bytes_of_text(tag));
    if (has_control(w->meaning))
        add_binary(w, reader_bytes(&r, size));
    else if (w->meaning->text.size > 0)
        add_meant_text(w, w->meaning->kind == EVENT_KIND_STRING ? "text" : "description");
}

static void
read_string(struct event_fields_work *w, const char *name)
{
    if (w->event->type == EVENT_TAG)
        read_tag(w);
    else if (w->meaning->text.size > 0 || w->event->data.size == 0)
        add_meant_text(w, name);
    else
        read_opaque(w);
}

/* Seen: a name, a NUL, and a structure of the maker's. */
static void
read_version_record(struct event_fields_work *w, size_t n_name)
{
    struct bytes data = w->event->data;
    event_fields_add_text(w, "text", bytes_of(data.data, n_name));
    add_binary(w, bytes_slice(data, n_name, data.size - n_name));
}

/* A GUID, or a version in UTF-16 or 8-bit text. */
static void
read_version(struct event_fields_work *w)
{
    struct bytes data = w->event->data;
    size_t n = data.size > 0 ? strnlen((const char *)data.data, data.size) : 0;
    w->bound = w->meaning->bound;
    if (data.size >= 2 && data.size % 2 == 0 && data.data[data.size - 1] == 0 &&
        data.data[data.size - 2] == 0)
        event_fields_add_utf16(w, "text", data);
    else if (data.size == GUID_SIZE && !is_text(data))
        event_fields_add_guid(w, "guid", data);
    else if (n > 0 && n + 1 < data.size && is_text(bytes_of(data.data, n)))
        read_version_record(w, n);
    else
        read_string(w, "text");
}

static const char *const string_names[EVENT_KIND_COUNT] = {
    [EVENT_KIND_COMMAND_LINE] = "command_line",
    [EVENT_KIND_COMMAND] = "command",
    [EVENT_KIND_STRING] = "text",
    [EVENT_KIND_FILE] = "path",
    [EVENT_KIND_SECTION] = "section",
    [EVENT_KIND_LOAD_OPTIONS] = "description",
    [EVENT_KIND_INITRD] = "description",
};

static void
read_blob(struct event_fields_work *w)
{
    event_fields_blob(w, false);
}

static void
read_blob2(struct event_fields_work *w)
{
    event_fields_blob(w, true);
}

static void
read_tables(struct event_fields_work *w)
{
    event_fields_tables(w, false);
}

static void
read_tables2(struct event_fields_work *w)
{
    event_fields_tables(w, true);
}

/* Types whose data has a form of its own. */
static const struct {
    uint32_t type;
    void (*decode)(struct event_fields_work *w);
} readers[] = {
    {EVENT_NO_ACTION, event_fields_no_action},
    {EVENT_S_CRTM_VERSION, read_version},
    {EVENT_EFI_BOOT_APPLICATION, event_fields_image},
    {EVENT_EFI_BOOT_DRIVER, event_fields_image},
    {EVENT_EFI_RUNTIME_DRIVER, event_fields_image},
    {EVENT_EFI_GPT, event_fields_gpt},
    {EVENT_EFI_GPT2, event_fields_gpt},
    {EVENT_EFI_FIRMWARE_BLOB, read_blob},
    {EVENT_EFI_FIRMWARE_BLOB2, read_blob2},
    {EVENT_POST_CODE, read_blob},
    {EVENT_POST_CODE2, read_blob2},
    {EVENT_EFI_HANDOFF_TABLES, read_tables},
    {EVENT_EFI_HANDOFF_TABLES2, read_tables2},
};

/* The data as it stands, where it does not have its type's form. */
static void
read_by_type(struct event_fields_work *w)
{
    const char *name = string_names[w->meaning->kind];
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        if (readers[i].type == w->event->type)
            readers[i].decode(w);
    }
    if (w->out->n_items > 0)
        return;
    if (name)
        read_string(w, name);
    else
        read_opaque(w);
}

enum status
event_fields_read(struct hasher *h, const struct event *e, const struct event_meaning *m,
                  struct event_fields *out)
{
    struct event_fields_work w = {.h = h, .event = e, .meaning = m, .out = out};
    out->n_items = 0;
    out->n_dropped = 0;
    out->failed = false;
    buffer_reset(&out->values);
    if (m->kind == EVENT_KIND_STRUCTURAL)
        read_structural(&w);
    else if (m->kind == EVENT_KIND_VARIABLE)
        event_fields_variable(&w);
    else
        read_by_type(&w);
    if (w.status != STATUS_OK)
        return w.status;
    return out->failed ? STATUS_NOMEM : buffer_check(&out->values);
}

struct bytes
event_field_value(const struct event_fields *f, const struct event_field *field)
{
    return bytes_slice(buffer_bytes(&f->values), field->offset, field->size);
}

const struct event_field *
event_fields_find(const struct event_fields *f, const char *name)
{
    for (size_t i = 0; i < f->n_items; i++) {
        if (text_equal(f->items[i].name, name))
            return &f->items[i];
    }
    return NULL;
}

static size_t
count_same(const struct event_fields *f, size_t first)
{
    size_t n = 1;
    while (first + n < f->n_items && text_equal(f->items[first + n].name, f->items[first].name))
        n++;
    return n;
}

static void
append_value(const struct event_fields *f, const struct event_field *field, struct buffer *out)
{
    struct bytes value = event_field_value(f, field);
    switch (field->kind) {
    case EVENT_FIELD_TEXT:
        buffer_append(out, value);
        break;
    case EVENT_FIELD_HEX:
        text_append_hex(out, value);
        break;
    case EVENT_FIELD_UINT:
        buffer_append_format(out, "%llu", (unsigned long long)field->number);
        break;
    case EVENT_FIELD_BOOL:
        buffer_append_text(out, field->number ? "yes" : "no");
        break;
    }
}

/* The raw value of a variable, where what it means follows. */
static bool
is_told(const struct event_fields *f, size_t i)
{
    const char *name = f->items[i].name;
    bool last = i + 1 == f->n_items;
    return text_equal(name, "value_size") || (text_equal(name, "value") && !last);
}

void
event_fields_append_text(const struct event_fields *f, struct buffer *out)
{
    const char *comma = "";
    for (size_t i = 0; i < f->n_items; i++) {
        const struct event_field *field = &f->items[i];
        size_t n = field->many ? count_same(f, i) : 1;
        if (f->n_items > 1 && is_told(f, i))
            continue;
        buffer_append_format(out, "%s%s ", comma, field->name);
        comma = ", ";
        if (field->many)
            buffer_append_format(out, "(%zu)", n);
        else
            append_value(f, field, out);
        if (!field->bound)
            buffer_append_text(out, " (claimed)");
        i += n - 1;
    }
}

void
event_fields_free(struct event_fields *f)
{
    free(f->items);
    buffer_free(&f->values);
    *f = (struct event_fields){0};
}

void
event_guid_text(struct bytes guid, char out[static EVENT_GUID_SIZE])
{
    struct reader r = reader_of(guid);
    uint32_t a = reader_le32(&r);
    uint16_t b = reader_le16(&r);
    uint16_t c = reader_le16(&r);
    struct bytes d = reader_bytes(&r, 8);
    char rest[17];
    out[0] = '\0';
    if (r.failed)
        return;
    text_hex(d, rest, sizeof rest);
    (void)snprintf(out, EVENT_GUID_SIZE, "%08x-%04x-%04x-%.4s-%s", a, b, c, rest, rest + 4);
}
