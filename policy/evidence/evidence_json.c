/* SPDX-License-Identifier: Apache-2.0 */
/* from: a JSON body, for people with curl; to: the same struct evidence as evidence.c makes; never:
 * on the agent's way. The only room of evidence that uses jansson. [RFC 9999; protocol 3] */
#include "base/cleanup.h"
#include "base/emit.h"
#include "base/text.h"
#include "evidence/evidence.h"

#include <jansson.h>
#include <stdio.h>

#define RECORD_SIZE     2u               /* [type, value] */
#define RECORD_SIZE_IND 3u               /* [type, value, ind] */
#define LIMIT_TOKENS    LIMIT_CBOR_ITEMS /* openers and commas, before a tree is built */

static void
decref_jsonp(json_t **json)
{
    json_decref(*json);
}

/* Depth and number of tokens, outside strings, without a tree: jansson's own depth limit is 2048,
 * and its trees are some twenty times as large as their text. */
static bool
is_bounded(struct bytes body)
{
    size_t depth = 0;
    size_t n_tokens = 0;
    bool inside = false;
    for (size_t i = 0; i < body.size && depth <= LIMIT_JSON_DEPTH; i++) {
        uint8_t c = body.data[i];
        if (c == '"')
            inside = !inside;
        else if (inside)
            i += c == '\\';
        else if (c == '[' || c == '{')
            depth++;
        else if ((c == ']' || c == '}') && depth > 0)
            depth--;
        n_tokens += !inside && (c == '[' || c == '{' || c == ',');
    }
    return depth <= LIMIT_JSON_DEPTH && n_tokens <= LIMIT_TOKENS;
}

static enum status
refuse_syntax(const json_error_t *error, struct reasons *reasons)
{
    if (json_error_code(error) == json_error_out_of_memory)
        return STATUS_NOMEM;
    char found[64];
    (void)snprintf(found, sizeof found, "not the JSON expected here at byte %d", error->position);
    return evidence_refuse(reasons, REASON_EVIDENCE_MALFORMED, NULL, found);
}

/* The record's value in base64url; NULL when the record is not one of this type. */
static const json_t *
record_value(const json_t *record, const char *type)
{
    size_t n = json_array_size(record); /* 0 for what is no array */
    if (n != RECORD_SIZE && n != RECORD_SIZE_IND)
        return NULL;
    const json_t *ind = json_array_get(record, 2);
    if (ind && json_integer_value(ind) != EVIDENCE_IND) /* 0 for what is no integer */
        return NULL;
    const json_t *value = json_array_get(record, 1);
    if (!text_equal(json_string_value(json_array_get(record, 0)), type) || !json_is_string(value))
        return NULL;
    return value;
}

/* Decode the record of m to the end of owner. Its view is set when owner no longer moves. */
static enum status
read_record(const json_t *record, enum evidence_member m, struct buffer *owner, struct evidence *e,
            struct reasons *reasons)
{
    const json_t *value = record_value(record, evidence_member_type(m));
    if (!value)
        return evidence_refuse(reasons, REASON_EVIDENCE_MALFORMED, evidence_member_name(m), NULL);
    size_t before = owner->size;
    enum status s =
        text_parse_base64url(bytes_of(json_string_value(value), json_string_length(value)), owner);
    if (s == STATUS_NOMEM)
        return s;
    if (s != STATUS_OK)
        return evidence_refuse(reasons, REASON_EVIDENCE_MALFORMED, evidence_member_name(m),
                               "not base64url");
    e->member[m].size = owner->size - before;
    e->present[m] = true;
    return STATUS_OK;
}

/* Only known names, and our profile. */
static enum status
check_names(json_t *root, struct reasons *reasons)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(root, name, value)
    {
        struct bytes text = bytes_of_text(name);
        if (!text_equal(name, EVIDENCE_CMWC_T) && evidence_member_find(text) == EVIDENCE_N_MEMBERS)
            return evidence_refuse_name(reasons, text);
    }
    if (!text_equal(json_string_value(json_object_get(root, EVIDENCE_CMWC_T)), EVIDENCE_PROFILE))
        return evidence_refuse(reasons, REASON_EVIDENCE_MALFORMED, EVIDENCE_CMWC_T, NULL);
    return STATUS_OK;
}

static enum status
read_collection(json_t *root, struct buffer *owner, struct evidence *e, struct reasons *reasons)
{
    enum status s = check_names(root, reasons);
    size_t offset = owner->size;
    for (size_t m = 0; m < EVIDENCE_N_MEMBERS && s == STATUS_OK; m++) {
        const json_t *record = json_object_get(root, evidence_member_name((enum evidence_member)m));
        if (record)
            s = read_record(record, (enum evidence_member)m, owner, e, reasons);
    }
    for (size_t m = 0; m < EVIDENCE_N_MEMBERS && s == STATUS_OK; m++) {
        e->member[m] = bytes_slice(buffer_bytes(owner), offset, e->member[m].size);
        offset += e->member[m].size;
    }
    return s;
}

enum status
evidence_parse_json(struct bytes body, struct buffer *owner, struct evidence *out,
                    struct reasons *reasons)
{
    *out = (struct evidence){0};
    if (body.size > LIMIT_JSON_BODY)
        return evidence_refuse(reasons, REASON_EVIDENCE_LIMIT, "body", NULL);
    if (!is_bounded(body))
        return evidence_refuse(reasons, REASON_EVIDENCE_LIMIT, "body",
                               "too deep or too many items");
    json_error_t error = {0};
    CLEANUP(decref_jsonp)
    json_t *root = json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return refuse_syntax(&error, reasons);
    struct evidence e = {0};
    enum status s = read_collection(root, owner, &e, reasons);
    if (s == STATUS_OK)
        s = evidence_check(&e, reasons);
    if (s == STATUS_OK)
        *out = e;
    return s;
}

static void
emit_record(struct emit *json, enum evidence_member m, struct bytes content)
{
    emit_key(json, evidence_member_name(m));
    emit_array(json);
    emit_text(json, evidence_member_type(m));
    emit_base64url(json, content);
    emit_end_array(json);
}

enum status
evidence_encode_json(const struct evidence *e, struct buffer *out)
{
    CLEANUP(buffer_free) struct buffer offsets = {0};
    struct evidence whole;
    enum status s = evidence_with_offsets(e, &offsets, &whole);
    if (s != STATUS_OK)
        return s;
    struct emit json = emit_of(out);
    emit_object(&json);
    emit_text_member(&json, EVIDENCE_CMWC_T, EVIDENCE_PROFILE);
    for (size_t m = 0; m < EVIDENCE_N_MEMBERS; m++) {
        if (e->present[m])
            emit_record(&json, (enum evidence_member)m, whole.member[m]);
    }
    emit_end_object(&json);
    return emit_check(&json);
}
