/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deterministic CBOR (RFC 8949 4.2.1), as little of it as the wire form has: unsigned integers,
 * byte and text strings, arrays, maps with text keys, booleans and null. The reader walks in place
 * over libcbor's streaming decoder and refuses all else: negative numbers, tags, floats, indefinite
 * lengths, lengths not in their shortest form, invalid UTF-8, map keys that repeat or are out of
 * order, depth above LIMIT_CBOR_DEPTH, more than LIMIT_CBOR_ITEMS. No allocation.
 *
 * A reader by dcbor_of_document() is for what others make (COSE, CoRIM): it takes negative numbers,
 * tags and map keys that are numbers as well, and passes over anything well-formed; its limits are
 * LIMIT_CBOR_DOCUMENT_DEPTH and _ITEMS. Lengths are still definite and in their shortest form.
 */
#pragma once

#include "base/bytes.h"
#include "base/limits.h"

/* Writers: the caller writes map keys in their deterministic order: shorter first, then bytewise.
 */
void dcbor_put_uint(struct buffer *out, uint64_t v);
void dcbor_put_bytes(struct buffer *out, struct bytes v);
void dcbor_put_text(struct buffer *out, const char *v);
void dcbor_put_array(struct buffer *out, size_t n);
void dcbor_put_map(struct buffer *out, size_t n_pairs);
void dcbor_put_bool(struct buffer *out, bool v);
void dcbor_put_null(struct buffer *out);

enum dcbor_kind {
    DCBOR_NONE = 0,
    DCBOR_UINT,
    DCBOR_BYTES,
    DCBOR_TEXT,
    DCBOR_ARRAY,
    DCBOR_MAP,
    DCBOR_BOOL,
    DCBOR_NULL,
    DCBOR_NEGATIVE, /* from here on: of documents only */
    DCBOR_TAG,
    DCBOR_OTHER /* floats, undefined: to be passed over */
};

/* A map's key. */
struct dcbor_label {
    bool is_text;
    int64_t number;
    struct bytes text;
};

/* Sticky cursor: after a failure every read returns zero values and dcbor_end() reports it. */
struct dcbor {
    struct bytes in;
    size_t offset; /* of the next item; of the refused one, once failed */
    size_t n_items;
    unsigned depth;
    uint64_t left[LIMIT_CBOR_DOCUMENT_DEPTH];       /* items left in each open container */
    struct bytes key[LIMIT_CBOR_DOCUMENT_DEPTH];    /* the key read last in each open map */
    uint64_t small_keys[LIMIT_CBOR_DOCUMENT_DEPTH]; /* bit n: key n was read */
    bool is_document;
    bool tagged; /* a tag was read, what it tags is next */
    bool failed;
    bool limited; /* failed because of a limit */
};

struct dcbor dcbor_of(struct bytes in);
/* Kind of the next item without consuming it; DCBOR_NONE at the end or after failure. */
enum dcbor_kind dcbor_peek(struct dcbor *r);
uint64_t dcbor_uint(struct dcbor *r);
struct bytes dcbor_bytes(struct dcbor *r);
struct bytes dcbor_text(struct dcbor *r);
bool dcbor_bool(struct dcbor *r);
void dcbor_null(struct dcbor *r);
/* Open a container and return its number of items (pairs for a map), which is within the limit of
 * items. Its end needs no call. */
size_t dcbor_array(struct dcbor *r);
size_t dcbor_map(struct dcbor *r);
/* The next key of the innermost open map: text that sorts after the key before it. */
struct bytes dcbor_key(struct dcbor *r);
/* The next item is this text: a label, or a key of a map whose keys are all demanded. */
void dcbor_expect_text(struct dcbor *r, const char *text);
/* ---- of documents ---- */
struct dcbor dcbor_of_document(struct bytes in);
/* The number of a tag; what it tags is the next item. */
uint64_t dcbor_tag(struct dcbor *r);
/* A number of either sign that an int64_t holds. */
int64_t dcbor_int(struct dcbor *r);
/* The next key of the innermost open map, a number or text. Numbers below 64 may come in any order,
 * each once; all others in their deterministic order, so that none repeats. */
struct dcbor_label dcbor_label(struct dcbor *r);
/* Pass over the next item with all that is in it, keys unlooked at; its encoding. */
struct bytes dcbor_skip(struct dcbor *r);
/* Refuse what was read last for a reason of the caller's. */
void dcbor_fail(struct dcbor *r);
/* STATUS_OK when one complete item was read, nothing is open and nothing is left; else
 * STATUS_MALFORMED or STATUS_LIMIT with the offset. */
MUST_CHECK enum status dcbor_end(const struct dcbor *r, const char *clause, struct diag *diag);
