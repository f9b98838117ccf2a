/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an event means, and how much of that its digest covers. Decoding is driven by type, position
 * and content; a rule may read bound data only. Separators and well-known actions are recognised by
 * their digest, whatever their type says. Named quirks bind data that a producer hashed in its own
 * way, visibly. Views borrow from the log. Pure. [PFP 1.06 10.4; threats 22, 23, 30, 31]
 */
#pragma once

#include "evidence/eventlog.h"

enum event_quirk {
    EVENT_QUIRK_NONE = 0,
    EVENT_QUIRK_SHIM_EXTRA_BYTE, /* "shim-extra-byte": one byte more in the data than was hashed */
    EVENT_QUIRK_STRING_PREFIX,   /* "string-prefix": GRUB's prefix ("grub_cmd: ") is not hashed */
    EVENT_QUIRK_STRING_NUL,      /* "string-nul": the trailing NUL is, or is not, hashed */
    EVENT_QUIRK_STRING_UTF16,   /* "string-utf16": UTF-16 in the data, hashed as 8-bit text with NUL
                                 */
    EVENT_QUIRK_VARIABLE_VALUE, /* "variable-value": only the variable's value is hashed */
    EVENT_QUIRK_TAG_CONTENT,    /* "tag-content": the tagged content is hashed, not the structure */
    EVENT_QUIRK_ZERO_BLOB, /* "zero-blob": firmware of four zero bytes, so a separator's digest */
    EVENT_QUIRK_HANDOFF_TABLES, /* "handoff-tables": the pointers are hashed, not the tables */
    /* Of the log as a whole, not of an event. */
    EVENT_QUIRK_REGION_TAIL,   /* "region-tail": U-Boot's region holds bytes after its last event */
    EVENT_QUIRK_FINAL_OVERLAP, /* "final-overlap": final events repeat the log's last; taken once */
    EVENT_QUIRK_COUNT
};

enum event_kind {
    EVENT_KIND_OTHER = 0,    /* digest alone counts: firmware blobs, drivers, tables */
    EVENT_KIND_STRUCTURAL,   /* separators and well-known actions, by digest */
    EVENT_KIND_VARIABLE,     /* EFI variable; see variable */
    EVENT_KIND_IMAGE,        /* a PE image by its Authenticode digest */
    EVENT_KIND_COMMAND_LINE, /* kernel command line: text */
    EVENT_KIND_COMMAND,      /* GRUB command: text */
    EVENT_KIND_STRING,       /* other text, or a name */
    /* Never bound, text is what the producer calls it: the digest is of content outside the log. */
    EVENT_KIND_FILE,         /* a file that the boot loader read */
    EVENT_KIND_SECTION,      /* a section of a unified kernel image */
    EVENT_KIND_LOAD_OPTIONS, /* EFI stub: digest of the command line in UTF-16LE with its NUL */
    EVENT_KIND_INITRD,       /* EFI stub: digest of the initrd that LOAD_FILE2 gave */
    EVENT_KIND_COUNT
};

struct event_variable {
    uint8_t guid[16];      /* zero when the quirk is VARIABLE_VALUE: then nothing binds it */
    char name[64];         /* UTF-8, escaped; cut when longer; "" as guid */
    char claimed_name[64]; /* for people only */
    struct bytes value;
};

struct event_meaning {
    enum event_kind kind;
    bool bound; /* the fields below are covered by the digest in every bank that was looked at */
    bool weak;  /* set by replay: covered, but by SHA-1 only, so not bound */
    enum event_quirk quirk; /* which was needed for that */
    struct event_variable variable;
    struct bytes text;    /* COMMAND_LINE, COMMAND, STRING: without prefix and NUL */
    bool utf16;           /* text is UTF-16LE; event_text() gives it as UTF-8 */
    bool separator_known; /* STRUCTURAL: a separator, of the value below; else an action */
    uint32_t separator;   /* 0, 0xFFFFFFFF, or 1 for the error separator */
    const char *action;   /* STRUCTURAL: the well-known string, else NULL */
};

#define EVENT_KNOWN_COUNT 8u

/* Digests of everything that is known by its digest, computed once a log. Visible so that it needs
 * no allocation; borrows h and log. */
struct event_decoder {
    struct hasher *h;
    const struct eventlog *log;
    uint32_t banks; /* bit n: bank n of the log is looked at */
    struct digest known[LIMIT_BANKS][EVENT_KNOWN_COUNT];
};

/* STATUS_CRYPTO. A bank whose algorithm libcrypto lacks is left out of banks. */
MUST_CHECK enum status event_decoder_init(struct hasher *h, const struct eventlog *log,
                                          uint32_t banks, struct event_decoder *out);
/* Decode event number i. Never fails on bad data: kind is then OTHER and bound false. Bound means
 * bound in every looked-at bank that the event has a digest for, and at least one.
 * STATUS_CRYPTO. */
MUST_CHECK enum status event_decode(const struct event_decoder *d, size_t i,
                                    struct event_meaning *out);
/* What the log says of the SecureBoot variable, for people: 1, 0 (also when it is empty), -1 not
 * said, or none of these [UEFI 2.10 3.3]. A claim: rules read the bound variable of a proven PCR 7
 * instead. */
int event_claimed_secure_boot(const struct eventlog *log);
const char *event_quirk_name(enum event_quirk quirk);
const char *event_kind_name(enum event_kind kind);
/* Append the text of a meaning as UTF-8, for people and templates: control characters and bytes
 * that are no UTF-8 as \xNN, the backslash doubled. STATUS_NOMEM. */
MUST_CHECK enum status event_text(const struct event_meaning *m, struct buffer *out);
