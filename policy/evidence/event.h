/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an event means, and how much of that its digest covers. Decoding is driven by type, position
 * and content; a rule may read bound data only. Named quirks bind data that a producer hashed in
 * its own way, visibly. Views borrow from the log. Pure. [PFP 1.06 10.4; threats 22, 23, 30, 31]
 */
#pragma once

#include "evidence/eventlog.h"

enum event_quirk {
    EVENT_QUIRK_NONE = 0,
    EVENT_QUIRK_SHIM_EXTRA_BYTE, /* "shim-extra-byte": one byte more in the data than was hashed */
    EVENT_QUIRK_STRING_PREFIX,   /* "string-prefix": GRUB's prefix ("grub_cmd: ") is not hashed */
    EVENT_QUIRK_STRING_NUL,      /* "string-nul": the trailing NUL is, or is not, hashed */
    EVENT_QUIRK_VARIABLE_VALUE,  /* "variable-value": only the variable's value is hashed, not its
                                    name */
    EVENT_QUIRK_TAG_CONTENT, /* "tag-content": the tagged content is hashed, not the structure */
    EVENT_QUIRK_COUNT
};

enum event_kind {
    EVENT_KIND_OTHER = 0,    /* digest alone counts: firmware blobs, drivers, tables, files */
    EVENT_KIND_STRUCTURAL,   /* separators, boot services actions: well known by digest */
    EVENT_KIND_VARIABLE,     /* EFI variable; see variable */
    EVENT_KIND_IMAGE,        /* a PE image by its Authenticode digest */
    EVENT_KIND_COMMAND_LINE, /* kernel command line: text */
    EVENT_KIND_COMMAND,      /* GRUB command: text */
    EVENT_KIND_STRING        /* other text, or a name */
};

struct event_variable {
    uint8_t guid[16];
    char name[64]; /* UTF-8, escaped; cut when longer */
    struct bytes value;
};

struct event_meaning {
    enum event_kind kind;
    bool bound; /* the fields below are covered by the digest in every bank that the event has */
    enum event_quirk quirk; /* which was needed for that */
    struct event_variable variable;
    struct bytes text;  /* COMMAND_LINE, COMMAND, STRING: without prefix and NUL; UTF-16 is given as
                           UTF-8  only by event_text() */
    bool utf16;         /* text is UTF-16LE (EFI stub's LoadOptions) */
    uint32_t separator; /* STRUCTURAL separators: 0, 0xFFFFFFFF, or 1 for the error separator */
    const char *action; /* STRUCTURAL: the well-known string, else NULL */
};

/* Decode event number i of the log. Never fails on bad data: kind is then OTHER and bound false.
 * STATUS_CRYPTO, STATUS_UNSUPPORTED as digest_compute(). */
MUST_CHECK enum status event_decode(struct hasher *h, const struct eventlog *log, size_t i,
                                    struct event_meaning *out);
const char *event_quirk_name(enum event_quirk quirk);
const char *event_kind_name(enum event_kind kind);
/* Text of a meaning as UTF-8 without control characters (escaped), for people and templates. */
MUST_CHECK enum status event_text(const struct event_meaning *m, struct buffer *out);
