/* SPDX-License-Identifier: Apache-2.0 */
/* from: untrusted bytes; to: integers and borrowed views; never: allocates, trusts a count, accepts
 * two encodings of one value. The only includer of cbor.h: libcbor gives one token a call, all
 * bookkeeping is ours. [RFC 8949 4.2.1] */
#include "evidence/dcbor.h"

#include "base/text.h"

#include <cbor.h>
#include <string.h>

#define MAJOR_UINT  0u
#define SMALL_KEYS  64u /* numbers that a map may have in any order */
#define NO_NUMBER   UINT64_MAX
#define MAJOR_BYTES 2u
#define MAJOR_TEXT  3u
#define MAJOR_ARRAY 4u
#define MAJOR_MAP   5u
#define MAJOR_TAG   6u
#define FALSE_ITEM  0xF4u
#define TRUE_ITEM   0xF5u
#define NULL_ITEM   0xF6u

/* Lengths reach the callbacks in 64 bits since libcbor 0.9. */
#if CBOR_MAJOR_VERSION == 0 && CBOR_MINOR_VERSION < 9
typedef size_t cbor_length;
#else
typedef uint64_t cbor_length;
#endif

struct token {
    enum dcbor_kind kind; /* DCBOR_NONE: refused */
    uint64_t value;       /* the number, the length, the count */
    struct bytes bytes;   /* of strings */
    size_t size;          /* encoded, header and string */
};

static void
put_head(struct buffer *out, unsigned major, uint64_t v)
{
    unsigned type = major << 5;
    if (v < 24) {
        buffer_append_u8(out, (uint8_t)(type | v));
    } else if (v <= UINT8_MAX) {
        buffer_append_u8(out, (uint8_t)(type | 24));
        buffer_append_u8(out, (uint8_t)v);
    } else if (v <= UINT16_MAX) {
        buffer_append_u8(out, (uint8_t)(type | 25));
        buffer_append_be16(out, (uint16_t)v);
    } else if (v <= UINT32_MAX) {
        buffer_append_u8(out, (uint8_t)(type | 26));
        buffer_append_be32(out, (uint32_t)v);
    } else {
        buffer_append_u8(out, (uint8_t)(type | 27));
        buffer_append_be64(out, v);
    }
}

/* Size of the shortest header that carries v. */
static size_t
head_size(uint64_t v)
{
    if (v < 24)
        return 1;
    if (v <= UINT8_MAX)
        return 2;
    if (v <= UINT16_MAX)
        return 3;
    return v <= UINT32_MAX ? 5 : 9;
}

static void
set_number(struct token *t, enum dcbor_kind kind, uint64_t value)
{
    t->kind = kind;
    t->value = value;
}

static void
on_uint8(void *context, uint8_t v)
{
    set_number(context, DCBOR_UINT, v);
}

static void
on_uint16(void *context, uint16_t v)
{
    set_number(context, DCBOR_UINT, v);
}

static void
on_uint32(void *context, uint32_t v)
{
    set_number(context, DCBOR_UINT, v);
}

static void
on_uint64(void *context, uint64_t v)
{
    set_number(context, DCBOR_UINT, v);
}

static void
on_bytes(void *context, cbor_data data, cbor_length size)
{
    struct token *t = context;
    set_number(t, DCBOR_BYTES, size);
    t->bytes = bytes_of(data, (size_t)size);
}

static void
on_text(void *context, cbor_data data, cbor_length size)
{
    struct token *t = context;
    set_number(t, DCBOR_TEXT, size);
    t->bytes = bytes_of(data, (size_t)size);
}

static void
on_array(void *context, cbor_length n)
{
    set_number(context, DCBOR_ARRAY, n);
}

static void
on_map(void *context, cbor_length n)
{
    set_number(context, DCBOR_MAP, n);
}

static void
on_bool(void *context, bool v)
{
    set_number(context, DCBOR_BOOL, v);
}

/* -1 - v */
static void
on_negative8(void *context, uint8_t v)
{
    set_number(context, DCBOR_NEGATIVE, v);
}

static void
on_negative16(void *context, uint16_t v)
{
    set_number(context, DCBOR_NEGATIVE, v);
}

static void
on_negative32(void *context, uint32_t v)
{
    set_number(context, DCBOR_NEGATIVE, v);
}

static void
on_negative64(void *context, uint64_t v)
{
    set_number(context, DCBOR_NEGATIVE, v);
}

static void
on_tag(void *context, uint64_t v)
{
    set_number(context, DCBOR_TAG, v);
}

static void
on_float(void *context, float v)
{
    (void)v;
    set_number(context, DCBOR_OTHER, 0);
}

static void
on_double(void *context, double v)
{
    (void)v;
    set_number(context, DCBOR_OTHER, 0);
}

static void
on_undefined(void *context)
{
    set_number(context, DCBOR_OTHER, 0);
}

static void
on_null(void *context)
{
    set_number(context, DCBOR_NULL, 0);
}

/* libcbor's own callbacks that do nothing leave the token DCBOR_NONE: refused. */
static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint64 = on_negative64,
    .negint32 = on_negative32,
    .negint16 = on_negative16,
    .negint8 = on_negative8,
    .byte_string_start = cbor_null_byte_string_start_callback,
    .byte_string = on_bytes,
    .string = on_text,
    .string_start = cbor_null_string_start_callback,
    .indef_array_start = cbor_null_indef_array_start_callback,
    .array_start = on_array,
    .indef_map_start = cbor_null_indef_map_start_callback,
    .map_start = on_map,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_undefined,
    .null = on_null,
    .boolean = on_bool,
    .indef_break = cbor_null_indef_break_callback,
};

/* The item at the cursor. Anything not in its one encoding, or cut short, is DCBOR_NONE. */
static struct token
decode(const struct dcbor *r)
{
    struct token t = {0};
    if (r->offset >= r->in.size)
        return t;
    /* libcbor (0.8) refuses the tags 6 to 20 in their one-byte form, for want of a registration. */
    uint8_t first = r->in.data[r->offset];
    if (r->is_document && first >> 5 == MAJOR_TAG && (first & 0x1Fu) < 24)
        return (struct token){.kind = DCBOR_TAG, .value = first & 0x1Fu, .size = 1};
    struct cbor_decoder_result result =
        cbor_stream_decode(r->in.data + r->offset, r->in.size - r->offset, &callbacks, &t);
    if (result.status != CBOR_DECODER_FINISHED || t.kind == DCBOR_NONE ||
        (!r->is_document && t.kind > DCBOR_NULL))
        return (struct token){0};
    /* Shortest form: the header is as long as its number needs (4.2.1). */
    size_t size = t.kind == DCBOR_BOOL ? 1 : head_size(t.value) + t.bytes.size;
    if (t.kind == DCBOR_OTHER)
        size = result.read;
    if (result.read != size)
        return (struct token){0};
    t.size = size;
    return t;
}

static bool
is_complete(const struct dcbor *r)
{
    return r->n_items > 0 && r->depth == 0 && !r->tagged;
}

static size_t
max_items(const struct dcbor *r)
{
    return r->is_document ? LIMIT_CBOR_DOCUMENT_ITEMS : LIMIT_CBOR_ITEMS;
}

static size_t
max_depth(const struct dcbor *r)
{
    return r->is_document ? LIMIT_CBOR_DOCUMENT_DEPTH : LIMIT_CBOR_DEPTH;
}

static void
fail_limit(struct dcbor *r)
{
    if (!r->failed)
        r->limited = true;
    r->failed = true;
}

static void
close_full(struct dcbor *r)
{
    while (r->depth > 0 && r->left[r->depth - 1] == 0)
        r->depth--;
}

/* The next item, which must be of kind, counted and passed over; of a container the head only,
 * which is not yet open. */
static struct token
take(struct dcbor *r, enum dcbor_kind kind)
{
    struct token t = {0};
    if (r->failed)
        return t;
    if (r->n_items == max_items(r)) {
        fail_limit(r);
        return t;
    }
    t = is_complete(r) ? t : decode(r);
    if (t.kind != kind) {
        r->failed = true;
        return (struct token){0};
    }
    r->n_items++;
    r->offset += t.size;
    r->tagged = kind == DCBOR_TAG; /* what it tags is the same item of its container */
    if (r->depth > 0 && !r->tagged)
        r->left[r->depth - 1]--;
    return t;
}

/* take() of what is no container. */
static struct token
take_leaf(struct dcbor *r, enum dcbor_kind kind)
{
    struct token t = take(r, kind);
    close_full(r);
    return t;
}

/* Open a container of items_each items a count. */
static size_t
open_container(struct dcbor *r, enum dcbor_kind kind, unsigned items_each)
{
    struct token t = take(r, kind);
    if (r->failed)
        return 0;
    if (r->depth == max_depth(r) || t.value > (max_items(r) - r->n_items) / items_each) {
        r->offset -= t.size;
        fail_limit(r);
        return 0;
    }
    r->left[r->depth] = t.value * items_each;
    r->key[r->depth] = (struct bytes){0};
    r->small_keys[r->depth] = 0;
    r->depth++;
    close_full(r);
    return (size_t)t.value;
}

/* Order of two text keys by their encoded bytes (4.2.1): the length is in the head. */
static int
key_order(struct bytes a, struct bytes b)
{
    if (a.size != b.size)
        return a.size < b.size ? -1 : 1;
    return bytes_order(a, b);
}

void
dcbor_put_uint(struct buffer *out, uint64_t v)
{
    put_head(out, MAJOR_UINT, v);
}

void
dcbor_put_bytes(struct buffer *out, struct bytes v)
{
    put_head(out, MAJOR_BYTES, v.size);
    buffer_append(out, v);
}

void
dcbor_put_text(struct buffer *out, const char *v)
{
    struct bytes text = bytes_of_text(v);
    put_head(out, MAJOR_TEXT, text.size);
    buffer_append(out, text);
}

void
dcbor_put_array(struct buffer *out, size_t n)
{
    put_head(out, MAJOR_ARRAY, n);
}

void
dcbor_put_map(struct buffer *out, size_t n_pairs)
{
    put_head(out, MAJOR_MAP, n_pairs);
}

void
dcbor_put_bool(struct buffer *out, bool v)
{
    buffer_append_u8(out, v ? TRUE_ITEM : FALSE_ITEM);
}

void
dcbor_put_null(struct buffer *out)
{
    buffer_append_u8(out, NULL_ITEM);
}

struct dcbor
dcbor_of(struct bytes in)
{
    return (struct dcbor){.in = in};
}

struct dcbor
dcbor_of_document(struct bytes in)
{
    return (struct dcbor){.in = in, .is_document = true};
}

enum dcbor_kind
dcbor_peek(struct dcbor *r)
{
    if (r->failed || is_complete(r))
        return DCBOR_NONE;
    enum dcbor_kind kind = decode(r).kind;
    r->failed = kind == DCBOR_NONE;
    return kind;
}

uint64_t
dcbor_uint(struct dcbor *r)
{
    return take_leaf(r, DCBOR_UINT).value;
}

struct bytes
dcbor_bytes(struct dcbor *r)
{
    return take_leaf(r, DCBOR_BYTES).bytes;
}

struct bytes
dcbor_text(struct dcbor *r)
{
    struct token t = take_leaf(r, DCBOR_TEXT);
    if (!text_is_utf8(t.bytes)) {
        r->offset -= t.size;
        r->failed = true;
        return (struct bytes){0};
    }
    return t.bytes;
}

bool
dcbor_bool(struct dcbor *r)
{
    return take_leaf(r, DCBOR_BOOL).value != 0;
}

void
dcbor_null(struct dcbor *r)
{
    (void)take_leaf(r, DCBOR_NULL);
}

size_t
dcbor_array(struct dcbor *r)
{
    return open_container(r, DCBOR_ARRAY, 1);
}

size_t
dcbor_map(struct dcbor *r)
{
    return open_container(r, DCBOR_MAP, 2);
}

struct bytes
dcbor_key(struct dcbor *r)
{
    size_t offset = r->offset;
    struct bytes key = dcbor_text(r);
    if (r->failed)
        return key;
    /* A key is never its map's last item, so its map is still open. */
    struct bytes *before = r->depth > 0 ? &r->key[r->depth - 1] : NULL;
    if (!before || (before->data && key_order(*before, key) >= 0)) {
        r->offset = offset;
        r->failed = true;
        return (struct bytes){0};
    }
    *before = key;
    return key;
}

uint64_t
dcbor_tag(struct dcbor *r)
{
    return take(r, DCBOR_TAG).value;
}

int64_t
dcbor_int(struct dcbor *r)
{
    size_t offset = r->offset;
    bool negative = dcbor_peek(r) == DCBOR_NEGATIVE;
    uint64_t value = take_leaf(r, negative ? DCBOR_NEGATIVE : DCBOR_UINT).value;
    if (value > INT64_MAX) {
        r->offset = offset;
        r->failed = true;
        return 0;
    }
    return negative ? -1 - (int64_t)value : (int64_t)value;
}

/* The key is new in its map: a small number that was not there, or one behind the key before. */
static bool
remember_key(struct dcbor *r, unsigned depth, uint64_t number, struct bytes encoded)
{
    if (depth == 0)
        return false;
    if (number < SMALL_KEYS) {
        uint64_t bit = UINT64_C(1) << number;
        bool is_new = (r->small_keys[depth - 1] & bit) == 0;
        r->small_keys[depth - 1] |= bit;
        return is_new;
    }
    struct bytes *before = &r->key[depth - 1];
    bool is_new = !before->data || bytes_order(*before, encoded) < 0;
    *before = encoded;
    return is_new;
}

struct dcbor_label
dcbor_label(struct dcbor *r)
{
    struct dcbor_label label = {0};
    size_t offset = r->offset;
    unsigned depth = r->depth; /* a key is never its map's last item */
    uint64_t number = NO_NUMBER;
    label.is_text = dcbor_peek(r) == DCBOR_TEXT;
    if (label.is_text)
        label.text = dcbor_text(r);
    else
        label.number = dcbor_int(r);
    if (!label.is_text && label.number >= 0)
        number = (uint64_t)label.number;
    if (!r->failed &&
        !remember_key(r, depth, number, bytes_slice(r->in, offset, r->offset - offset))) {
        r->offset = offset;
        r->failed = true;
    }
    return r->failed ? (struct dcbor_label){0} : label;
}

struct bytes
dcbor_skip(struct dcbor *r)
{
    size_t offset = r->offset;
    uint64_t left = 1;
    if (r->failed || is_complete(r)) {
        r->failed = true;
        return (struct bytes){0};
    }
    for (; left > 0 && !r->failed; left--) {
        struct token t = decode(r);
        uint64_t each = t.kind == DCBOR_MAP ? 2 : t.kind == DCBOR_ARRAY ? 1 : 0;
        uint64_t room = max_items(r) - r->n_items;
        r->failed = t.kind == DCBOR_NONE;
        if ((each > 0 && t.value > room / each) || left > room)
            fail_limit(r);
        if (r->failed)
            return (struct bytes){0};
        left += each > 0 ? t.value * each : t.kind == DCBOR_TAG ? 1 : 0;
        r->n_items++;
        r->offset += t.size;
    }
    r->tagged = false;
    if (r->depth > 0)
        r->left[r->depth - 1]--;
    close_full(r);
    return bytes_slice(r->in, offset, r->offset - offset);
}

void
dcbor_expect_text(struct dcbor *r, const char *text)
{
    size_t offset = r->offset;
    if (!bytes_equal(dcbor_text(r), bytes_of_text(text)) && !r->failed) {
        r->offset = offset;
        r->failed = true;
    }
}

void
dcbor_fail(struct dcbor *r)
{
    r->failed = true;
}

enum status
dcbor_end(const struct dcbor *r, const char *clause, struct diag *diag)
{
    if (r->limited)
        return diag_set(diag, STATUS_LIMIT, clause, r->offset, "too deep or too many items");
    if (r->failed)
        return diag_set(diag, STATUS_MALFORMED, clause, r->offset, "not the CBOR expected here");
    if (!is_complete(r))
        return diag_set(diag, STATUS_MALFORMED, clause, r->offset, "incomplete");
    if (r->offset != r->in.size)
        return diag_set(diag, STATUS_MALFORMED, clause, r->offset, "%zu trailing bytes",
                        r->in.size - r->offset);
    return STATUS_OK;
}
