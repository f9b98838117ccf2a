/* SPDX-License-Identifier: Apache-2.0 */
/* from: UEFI_VARIABLE_DATA; to: a variable, and which parts of it were hashed; never: gives a name
 * that no digest covers. [PFP 1.06 10.4.2.6] */
#include "base/reader.h"
#include "base/text.h"
#include "evidence/event_bind.h"

#include <string.h>

#define GUID_SIZE   16u
#define NAME_MAX_16 1024u /* UTF-16 units */
#define SLACK_MAX   8u    /* shim hashed its structure with the padding that the compiler gave it */

struct variable_data {
    struct bytes guid;
    struct bytes name; /* UTF-16LE */
    struct bytes value;
    size_t size; /* of the structure; the data may be longer */
};

static bool
read_variable(struct bytes data, struct variable_data *out)
{
    struct reader r = reader_of(data);
    out->guid = reader_bytes(&r, GUID_SIZE);
    uint64_t n_name = reader_le64(&r);
    uint64_t n_value = reader_le64(&r);
    if (n_name > NAME_MAX_16 || n_value > LIMIT_EVENT_DATA)
        return false;
    out->name = reader_bytes(&r, (size_t)n_name * 2);
    out->value = reader_bytes(&r, (size_t)n_value);
    out->size = r.offset;
    return !r.failed;
}

/* UTF-8 and escaped into a fixed field; no memory: not a byte of ASCII is lost, others are "?". */
static void
copy_name(struct bytes utf16, char *out, size_t out_size)
{
    size_t n = 0;
    for (size_t i = 0; i + 1 < utf16.size && n + 1 < out_size; i += 2) {
        unsigned c = utf16.data[i] | (unsigned)utf16.data[i + 1] << 8;
        if (c == 0)
            break;
        out[n++] = c > 0x20 && c < 0x7F ? (char)c : '?';
    }
    out[n] = '\0';
}

static void
fill(const struct variable_data *v, bool name_is_bound, struct event_meaning *out)
{
    out->variable.value = v->value;
    copy_name(v->name, out->variable.claimed_name, sizeof out->variable.claimed_name);
    if (!name_is_bound)
        return;
    memcpy(out->variable.guid, v->guid.data, GUID_SIZE);
    copy_name(v->name, out->variable.name, sizeof out->variable.name);
}

void
event_decode_variable(struct event_bind *b, struct event_meaning *out)
{
    struct bytes data = b->event->data;
    struct variable_data v;
    if (!read_variable(data, &v) || v.size + SLACK_MAX < data.size) {
        out->bound = event_bind_data(b, data);
        return;
    }
    out->kind = EVENT_KIND_VARIABLE;
    if (b->event->type == EVENT_EFI_VARIABLE_BOOT && event_bind_data(b, v.value)) {
        out->quirk = EVENT_QUIRK_VARIABLE_VALUE;
        out->bound = true;
    } else if (event_bind_data(b, data)) {
        out->bound = true;
    } else if (v.size < data.size && event_bind_data(b, bytes_of(data.data, data.size - 1))) {
        out->quirk = EVENT_QUIRK_SHIM_EXTRA_BYTE;
        out->bound = true;
    }
    fill(&v, out->quirk != EVENT_QUIRK_VARIABLE_VALUE, out);
}

int
event_claimed_secure_boot(const struct eventlog *log)
{
    static const char name[] = "SecureBoot";
    for (size_t i = 0; i < log->n_events; i++) {
        struct variable_data v;
        const struct event *e = &log->events[i];
        if (e->type != EVENT_EFI_VARIABLE_DRIVER_CONFIG || !read_variable(e->data, &v))
            continue;
        char text[sizeof name + 1];
        copy_name(v.name, text, sizeof text);
        if (!text_equal(text, name))
            continue;
        if (v.value.size == 0)
            return 0;
        return v.value.size == 1 && v.value.data[0] <= 1 ? v.value.data[0] : -1;
    }
    return -1;
}
