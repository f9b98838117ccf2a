/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the decoders of event_fields*.c add what they read. Inside evidence/event_fields*.c only.
 * Pure.
 */
#pragma once

#include "evidence/event_fields.h"

/* Types that eventlog.h has no need of. [PFP 1.06 10.4.1] */
#define EVENT_POST_CODE           0x00000001u
#define EVENT_POST_CODE2          0x00000013u
#define EVENT_EFI_FIRMWARE_BLOB   0x80000008u
#define EVENT_EFI_FIRMWARE_BLOB2  0x8000000Au
#define EVENT_EFI_HANDOFF_TABLES2 0x8000000Bu
#define EVENT_EFI_GPT2            0x8000000Du

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

/* A device path as text. */
void event_fields_add_path(struct event_fields_work *w, struct bytes path);

/* The decoders by content. Each adds what it can read. */
void event_fields_variable(struct event_fields_work *w);
void event_fields_no_action(struct event_fields_work *w);
void event_fields_image(struct event_fields_work *w);
void event_fields_blob(struct event_fields_work *w, bool described);
void event_fields_tables(struct event_fields_work *w, bool described);
void event_fields_gpt(struct event_fields_work *w);
