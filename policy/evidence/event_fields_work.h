/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the decoders of event_fields*.c add what they read. Inside evidence/event_fields*.c only.
 * Pure.
 */
#pragma once

#include "evidence/event_fields.h"

/* One event while its fields are read. */
struct event_fields_work {
    struct hasher *h;
    const struct event *event;
    const struct event_meaning *meaning;
    struct event_fields *out;
    bool bound; /* what is added next is covered by the digest */
    enum status status;
};

/* Text that a peer wrote: escaped. Bytes that are no UTF-8 and control characters as \xNN. */
void event_fields_add_text(struct event_fields_work *w, const char *name, struct bytes text);
/* The same from UTF-16LE, up to its first NUL. */
void event_fields_add_utf16(struct event_fields_work *w, const char *name, struct bytes text);
void event_fields_add_hex(struct event_fields_work *w, const char *name, struct bytes data);
void event_fields_add_uint(struct event_fields_work *w, const char *name, uint64_t number);
void event_fields_add_bool(struct event_fields_work *w, const char *name, bool value);
/* 16 bytes as text, in EFI's mixed byte order. */
void event_fields_add_guid(struct event_fields_work *w, const char *name, struct bytes guid);
/* One of a list; text is our own. */
void event_fields_add_item(struct event_fields_work *w, const char *name, const char *text);

/* A decoder by content adds what it can read. */
void event_fields_variable(struct event_fields_work *w);
