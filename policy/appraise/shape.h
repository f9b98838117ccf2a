/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict reading of a JSON document by tables: each member is named in a table or refused, and a
 * refusal says line and path. Implemented by shape_json.c over jansson; no other file of this room
 * knows it. Everything read lives in the document's arena. Pure. [RFC 8259; attest-policy(5)]
 *
 * Refusals are STATUS_INVALID with the line in diag->offset and "path: why" in diag->text.
 */
#pragma once

#include "appraise/arena.h"
#include "base/digest.h"

struct json_t;

struct shape_source {
    struct bytes text;
    struct arena *arena;
    struct diag *diag;
    struct json_t *root;
};

/* One value of the document and how it was reached; lies on the reader's stack. */
struct shape_node {
    struct json_t *value;
    const struct shape_node *parent; /* NULL: the top */
    const char *key;                 /* NULL: an item of an array */
    size_t index;
    const struct shape_source *source;
};

/* Reads a value into *out. */
typedef enum status (*shape_reader)(const struct shape_node *node, void *out);

struct shape_field {
    const char *key;
    bool required;
    shape_reader reader;
    size_t offset; /* into the struct that the object is read into */
};

struct shape_list {
    void *items;
    size_t n;
};

/* Parse the text: one object, nothing after it, no duplicate key, depth at most LIMIT_JSON_DEPTH.
 * STATUS_INVALID, STATUS_LIMIT, STATUS_NOMEM. shape_close() after any status. */
MUST_CHECK enum status shape_open(struct shape_source *source, struct shape_node *root);
void shape_close(struct shape_source *source);
/* Open, read the whole with one reader, close. */
MUST_CHECK enum status shape_read(struct bytes text, struct arena *arena, shape_reader reader,
                                  void *out, struct diag *diag);

/* Read an object's members by the table, in its order; a key that is not in it is refused, as is a
 * required one that is missing. */
MUST_CHECK enum status shape_object(const struct shape_node *node, const struct shape_field *fields,
                                    size_t n_fields, void *out);
/* Read every item of an array of min to max items into an array of item_size pieces. */
struct shape_array {
    size_t item_size;
    size_t min, max;
    shape_reader reader;
};
MUST_CHECK enum status shape_array(const struct shape_node *node, const struct shape_array *shape,
                                   struct shape_list *out);
/* Read every member of an object with free keys; node->key of the reader is the member's. */
MUST_CHECK enum status shape_map(const struct shape_node *node, const struct shape_array *shape,
                                 struct shape_list *out);
/* The member of an object, when it is there. */
bool shape_member(const struct shape_node *node, const char *key, struct shape_node *out);
bool shape_is_array(const struct shape_node *node);
bool shape_is_object(const struct shape_node *node);
bool shape_is_true(const struct shape_node *node);
bool shape_is_null(const struct shape_node *node);

/* Readers of simple values; *out is what is named. */
enum status shape_skip(const struct shape_node *node, void *unused);
enum status shape_text(const struct shape_node *node, void *text); /* char *, printable */
enum status shape_name(const struct shape_node *node, void *name); /* char *, text_is_name() */
enum status shape_short_text(const struct shape_node *node, void *text); /* char *, 1 to 63 bytes */
enum status shape_version(const struct shape_node *node, void *number);  /* uint64_t from 1 */
/* Any text of ours, control characters too: nothing that is shown to people. char * */
enum status shape_any_text(const struct shape_node *node, void *text);
enum status shape_text_or_null(const struct shape_node *node, void *text); /* the same, or NULL */
enum status shape_base64url(const struct shape_node *node, void *bytes);   /* struct bytes */
enum status shape_hex(const struct shape_node *node, void *bytes);         /* struct bytes */
enum status shape_number(const struct shape_node *node, void *number);     /* int64_t from 0 */
enum status shape_u32(const struct shape_node *node, void *number);        /* uint32_t */
enum status shape_bool(const struct shape_node *node, void *value);        /* bool */
enum status shape_time(const struct shape_node *node, void *unix_s); /* int64_t, RFC 3339 UTC */
enum status shape_duration(const struct shape_node *node, void *seconds); /* int64_t */
/* A copy in the arena. */
MUST_CHECK enum status shape_take_bytes(const struct shape_node *node, struct bytes in,
                                        struct bytes *out);
/* An integer of min to max, which is INT64_MAX at the most. */
MUST_CHECK enum status shape_integer(const struct shape_node *node, uint64_t min, uint64_t max,
                                     uint64_t *out);
/* A digest of the algorithm, which must be known, in hex digits: the node's text, or this one. */
MUST_CHECK enum status shape_digest(const struct shape_node *node, const struct alg *alg,
                                    struct digest *out);
MUST_CHECK enum status shape_parse_digest(const struct shape_node *node, const struct alg *alg,
                                          const char *hex, struct digest *out);
/* The text of a string, borrowed from the source; refused when it is not one. */
MUST_CHECK enum status shape_borrow_text(const struct shape_node *node, const char **out);
/* Number of the word in a table of n. */
MUST_CHECK enum status shape_word(const struct shape_node *node, const char *const *words, size_t n,
                                  size_t *out);

/* STATUS_INVALID with line, path and this text. */
enum status shape_refuse(const struct shape_node *node, const char *format, ...) PRINTF_LIKE(2, 3);
