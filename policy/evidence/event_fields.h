/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an event says, field by field, for people and for inspection: each field says whether the
 * event's digest covers it (bound) or only the device says so (claimed). No rule reads these; rules
 * read event.h. Never fails on bad data: a field that cannot be read is left out. Pure. [PFP 1.06
 * 10.4; threats 23, 25]
 */
#pragma once

#include "evidence/event.h"

enum event_field_kind {
    EVENT_FIELD_TEXT, /* UTF-8, control characters escaped */
    EVENT_FIELD_HEX,  /* bytes as they stand */
    EVENT_FIELD_UINT,
    EVENT_FIELD_BOOL
};

struct event_field {
    const char *name; /* static: "path", "variable", "guid" */
    bool bound;
    bool many; /* one of a list; those of one name stand together */
    enum event_field_kind kind;
    uint64_t number; /* UINT, BOOL */
    size_t offset;   /* TEXT, HEX: of the value in struct event_fields.values */
    size_t size;
};

struct event_fields {
    size_t n_items;
    size_t n_room;
    size_t n_dropped; /* items of lists above EVENT_FIELDS_MAX */
    struct event_field *items;
    struct buffer values;
    bool failed;
    struct event_field scratch; /* what is filled in when an item is dropped */
};

#define EVENT_FIELDS_MAX 2048u

/* Replace what out held. STATUS_NOMEM, STATUS_CRYPTO. */
MUST_CHECK enum status event_fields_read(struct hasher *h, const struct event *e,
                                         const struct event_meaning *m, struct event_fields *out);
#define EVENT_GUID_SIZE 37u

/* 16 bytes as "8be4df61-93ca-11d2-aa0d-00e098032b8c"; "" for another size. [UEFI 2.10 A] */
void event_guid_text(struct bytes guid, char out[static EVENT_GUID_SIZE]);
struct bytes event_field_value(const struct event_fields *f, const struct event_field *field);
/* First field of that name, or NULL. */
const struct event_field *event_fields_find(const struct event_fields *f, const char *name);
/* "name value" of every field, with "(claimed)" where nothing binds it; lists as their count, and a
 * variable's raw value left out where its meaning follows. For one line of a report. */
void event_fields_append_text(const struct event_fields *f, struct buffer *out);
void event_fields_free(struct event_fields *f);
