/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/log_edit.h"

#include "base/cleanup.h"
#include "tests/lib/test.h"

#include <string.h>

#define AT_PCR  0u
#define AT_TYPE 4u

/* One record, and where it lies. */
struct record {
    size_t offset;
    size_t size;
    struct event event; /* its views are into the log */
};

static struct eventlog *
parse(const struct buffer *log)
{
    struct reasons none = {0};
    struct eventlog *parsed = NULL;
    assert_status(STATUS_OK, eventlog_parse(buffer_bytes(log), &parsed, &none));
    assert_non_null(parsed);
    return parsed;
}

static struct record
find(const struct buffer *log, struct log_edit_place at)
{
    CLEANUP(eventlog_freep) struct eventlog *parsed = parse(log);
    unsigned n = 0;
    for (size_t i = 0; i < parsed->n_events; i++) {
        const struct event *e = &parsed->events[i];
        if (e->pcr != at.pcr || e->type != at.type || n++ != at.nth)
            continue;
        size_t end = i + 1 < parsed->n_events ? e[1].offset : parsed->size;
        return (struct record){.offset = e->offset, .size = end - e->offset, .event = *e};
    }
    fail_msg("no event %u of type 0x%x in PCR %u", at.nth, at.type, at.pcr);
    return (struct record){0};
}

static void
splice(struct buffer *log, size_t at, size_t n, struct bytes with)
{
    struct buffer out = {0};
    buffer_append(&out, bytes_of(log->data, at));
    buffer_append(&out, with);
    buffer_append(&out, bytes_of(log->data + at + n, log->size - at - n));
    assert_status(STATUS_OK, buffer_check(&out));
    buffer_free(log);
    *log = out;
}

static void
copy(const struct buffer *log, const struct record *r, struct buffer *out)
{
    buffer_append(out, bytes_of(log->data + r->offset, r->size));
}

static void
put_le32(struct buffer *log, size_t at, uint32_t value)
{
    for (size_t i = 0; i < 4; i++)
        log->data[at + i] = (uint8_t)(value >> 8 * i);
}

struct bytes
log_edit_find(const struct buffer *log, struct log_edit_place at)
{
    return find(log, at).event.data;
}

void
log_edit_drop(struct buffer *log, struct log_edit_place at)
{
    struct record r = find(log, at);
    splice(log, r.offset, r.size, (struct bytes){0});
}

void
log_edit_twice(struct buffer *log, struct log_edit_place at)
{
    CLEANUP(buffer_free) struct buffer again = {0};
    struct record r = find(log, at);
    copy(log, &r, &again);
    splice(log, r.offset + r.size, 0, buffer_bytes(&again));
}

void
log_edit_append(struct buffer *log, struct log_edit_place at)
{
    CLEANUP(buffer_free) struct buffer again = {0};
    CLEANUP(eventlog_freep) struct eventlog *parsed = parse(log);
    struct record r = find(log, at);
    copy(log, &r, &again);
    splice(log, parsed->size, 0, buffer_bytes(&again));
}

void
log_edit_move(struct buffer *log, struct log_edit_place at, struct log_edit_place before)
{
    CLEANUP(buffer_free) struct buffer moved = {0};
    struct record r = find(log, at);
    struct record to = find(log, before);
    copy(log, &r, &moved);
    splice(log, r.offset, r.size, (struct bytes){0});
    splice(log, to.offset > r.offset ? to.offset - r.size : to.offset, 0, buffer_bytes(&moved));
}

void
log_edit_type(struct buffer *log, struct log_edit_place at, uint32_t type)
{
    put_le32(log, find(log, at).offset + AT_TYPE, type);
}

void
log_edit_pcr(struct buffer *log, struct log_edit_place at, uint32_t pcr)
{
    put_le32(log, find(log, at).offset + AT_PCR, pcr);
}

void
log_edit_data(struct buffer *log, struct log_edit_place at, int byte)
{
    struct record r = find(log, at);
    size_t n = byte < 0 ? r.event.data.size - (size_t)-byte : (size_t)byte;
    assert_true(n < r.event.data.size);
    log->data[r.offset + r.size - r.event.data.size + n] ^= 1;
}

void
log_edit_set_data(struct buffer *log, struct log_edit_place at, struct bytes data)
{
    struct record r = find(log, at);
    size_t data_at = r.offset + r.size - r.event.data.size;
    splice(log, data_at, r.event.data.size, data);
    put_le32(log, data_at - 4, (uint32_t)data.size);
}

void
log_edit_content(struct buffer *log, struct log_edit_place at, struct bytes content)
{
    struct hasher *h = NULL;
    struct record r = find(log, at);
    CLEANUP(eventlog_freep) struct eventlog *parsed = parse(log);
    assert_status(STATUS_OK, hasher_new(&h));
    for (size_t bank = 0; bank < parsed->n_banks; bank++) {
        struct digest d;
        struct bytes listed = r.event.digest[bank];
        assert_status(STATUS_OK, digest_compute(h, parsed->banks[bank], content, &d));
        memcpy(log->data + (listed.data - log->data), d.data, listed.size);
    }
    hasher_free(h);
}

void
log_edit_replace(struct buffer *log, struct log_edit_place at, struct bytes data)
{
    log_edit_content(log, at, data);
    log_edit_set_data(log, at, data);
}

void
log_edit_take(struct buffer *log, struct log_edit_place at, const struct buffer *other,
              struct log_edit_place from)
{
    CLEANUP(buffer_free) struct buffer taken = {0};
    struct record r = find(log, at);
    struct record theirs = find(other, from);
    copy(other, &theirs, &taken);
    splice(log, r.offset, r.size, buffer_bytes(&taken));
}

void
log_edit_insert(struct buffer *log, struct log_edit_place at, struct bytes data)
{
    log_edit_twice(log, at);
    at.nth++;
    log_edit_replace(log, at, data);
}
