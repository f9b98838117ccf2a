/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The closed list of reason codes: what was wrong with evidence, and the facts told beside it.
 * A reason is data, never a status. Codes are stable: wire, database, logs and manual use the same
 * strings. Attempts are told to the sender only; reasons and facts go into signed results. Pure.
 */
#pragma once

#include "base/bytes.h"
#include "base/limits.h"

/* REASON_LIST(X): X(constant, "code", kind, "sentence"). The table is in reason_list.h so that
 * tests can demand a row for each. */
#include "evidence/reason_list.h"

enum reason_kind {
    REASON_KIND_ATTEMPT, /* before struct quote exists: nothing is said about the device */
    REASON_KIND_REASON,  /* lowers a verdict */
    REASON_KIND_FACT     /* recorded, lowers nothing by itself */
};

enum reason_code {
    REASON_NONE = 0,
#define REASON_ENUM(constant, code, kind, sentence) constant,
    REASON_LIST(REASON_ENUM)
#undef REASON_ENUM
        REASON_COUNT
};

enum reason_log { REASON_LOG_NONE = 0, REASON_LOG_BOOT, REASON_LOG_IMA, REASON_LOG_USERSPACE };

#define REASON_NO_PCR   (-1)
#define REASON_NO_EVENT (-1)

struct reason {
    enum reason_code code;
    enum reason_log log;
    int32_t pcr;        /* REASON_NO_PCR where none */
    int64_t event;      /* number of the record in its log, first 0; REASON_NO_EVENT where none */
    uint16_t bank;      /* TPM algorithm identifier, 0 where none */
    bool bound;         /* what was found is covered by a digest; else it is only claimed */
    char what[64];      /* component role, variable, member, rule: "kernel", "SecureBoot" */
    char expected[192]; /* escaped text or hex; "" where none */
    char found[192];
};

/* Owned list; grows; keeps LIMIT_REASONS and counts the rest. Zero value is empty. */
struct reasons {
    struct reason *items;
    size_t n_items;
    size_t n_room;
    size_t n_dropped;      /* past the limit */
    bool failed;           /* no memory: the caller must end as VERDICT_NONE */
    struct reason scratch; /* what is filled in when an item is dropped */
};

/* Append a reason of code with all else unset and return it for filling in, until the next one is
 * added; never NULL: past the limit or without memory a scratch item that is dropped. */
struct reason *reasons_add(struct reasons *list, enum reason_code code);
/* The same with a place. */
struct reason *reasons_add_at(struct reasons *list, enum reason_code code, enum reason_log log,
                              int32_t pcr, int64_t event);
/* expected/found as hex, as escaped peer bytes, or as our own text; cut with "...". Text that is
 * not printable ASCII is escaped, so no field ever breaks a line; NULL is "". */
void reason_set_what(struct reason *r, const char *what);
void reason_set_expected(struct reason *r, const char *text);
void reason_set_found(struct reason *r, const char *text);
void reason_set_expected_hex(struct reason *r, struct bytes digest);
void reason_set_found_hex(struct reason *r, struct bytes digest);
void reason_set_found_escaped(struct reason *r, struct bytes claimed);
/* First reason with this code, or NULL. */
const struct reason *reasons_find(const struct reasons *list, enum reason_code code);
/* Append all of from, another list, to list: its items, what it dropped and whether it failed. */
void reasons_append(struct reasons *list, const struct reasons *from);
void reasons_free(struct reasons *list);

/* "quote.signature"; "unknown" when out of range. */
const char *reason_code_name(enum reason_code code);
/* REASON_NONE when unknown. */
enum reason_code reason_code_parse(const char *name);
/* REASON_KIND_REASON when out of range: it lowers a verdict. */
enum reason_kind reason_code_kind(enum reason_code code);
const char *reason_code_sentence(enum reason_code code);
/* "boot", "ima", "userspace"; "none". */
const char *reason_log_name(enum reason_log log);
/* One plain line without its end: code, place, sentence, expected, found. For logs and terminals.
 */
void reason_append_text(const struct reason *r, struct buffer *out);
