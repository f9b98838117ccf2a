/* SPDX-License-Identifier: Apache-2.0 */
/* from: JSON records; to: struct userspace; never: takes a record that it does not understand for
 * one without digests. */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/cel.h"
#include "evidence/userspace.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_SEPARATOR 0x1Eu
#define RECORD_MAX       (64u * 1024u)
#define DEPTH_MAX        6u

struct parser {
    struct userspace *out;
    size_t n_allocated;
    bool has_recnum;
    json_int_t recnum;
    enum status status;
    enum reason_code bad;
    const char *why;
};

static void
free_json(json_t **j)
{
    json_decref(*j);
}

static void
refuse(struct parser *p, enum reason_code code, const char *why)
{
    if (p->bad != REASON_NONE)
        return;
    p->bad = code;
    p->why = why;
}

static bool
is_good(const struct parser *p)
{
    return p->status == STATUS_OK && p->bad == REASON_NONE;
}

/* Brackets that stand open at most, so that no record makes the reader recurse. */
static bool
is_shallow(struct bytes in)
{
    unsigned depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < in.size; i++) {
        uint8_t c = in.data[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '['))
            depth++;
        else if (!in_string && depth > 0 && (c == '}' || c == ']'))
            depth--;
        if (depth > DEPTH_MAX)
            return false;
    }
    return true;
}

static struct userspace_record *
add_record(struct parser *p)
{
    struct userspace *u = p->out;
    if (u->n_records == LIMIT_USERSPACE_RECORDS) {
        refuse(p, REASON_LOG_LIMIT, "too many records");
        return NULL;
    }
    if (u->n_records == p->n_allocated) {
        size_t n = p->n_allocated ? 2 * p->n_allocated : 16;
        struct userspace_record *records = reallocarray(u->records, n, sizeof *records);
        if (!records) {
            p->status = STATUS_NOMEM;
            return NULL;
        }
        u->records = records;
        p->n_allocated = n;
    }
    struct userspace_record *r = &u->records[u->n_records];
    memset(r, 0, sizeof *r);
    r->number = (uint32_t)u->n_records++;
    return r;
}

/* {"hashAlg":"sha256","digest":"..."} */
static void
read_digest(struct parser *p, struct userspace_record *r, json_t *j)
{
    const char *name = json_string_value(json_object_get(j, "hashAlg"));
    const char *hex = json_string_value(json_object_get(j, "digest"));
    if (!name || !hex) {
        refuse(p, REASON_LOG_MALFORMED, "digest without algorithm or value");
        return;
    }
    const struct alg *alg = alg_by_name(name);
    if (!alg)
        return; /* a bank that no quote of ours can name */
    if (userspace_digest(r, alg->id)) {
        refuse(p, REASON_LOG_ALGORITHM, "two digests of one algorithm");
        return;
    }
    if (r->n_digests == LIMIT_BANKS) {
        refuse(p, REASON_LOG_LIMIT, "too many digests");
        return;
    }
    struct digest *d = &r->digest[r->n_digests++];
    *d = digest_reset(alg->id, 0);
    if (text_parse_hex_exact(hex, d->data, d->size) != STATUS_OK)
        refuse(p, REASON_LOG_ALGORITHM, "digest is not of its algorithm's size");
}

static void
read_place(struct parser *p, struct userspace_record *r, json_t *j)
{
    json_t *pcr = json_object_get(j, "pcr");
    if (!pcr) { /* an NvPCR */
        if (!json_is_integer(json_object_get(j, "nv_index")))
            refuse(p, REASON_LOG_MALFORMED, "record without pcr and nv_index");
        return;
    }
    json_int_t value = json_integer_value(pcr);
    if (!json_is_integer(pcr) || value < 0 || value >= (json_int_t)LIMIT_PCRS) {
        refuse(p, REASON_LOG_PCR_RANGE, "PCR above 23");
        return;
    }
    r->has_pcr = true;
    r->pcr = (uint32_t)value;
}

/* Where there are record numbers, none is left out. [CEL 1.0 4.2.1] */
static void
read_recnum(struct parser *p, json_t *j)
{
    json_t *recnum = json_object_get(j, "recnum");
    if (!recnum)
        return;
    json_int_t value = json_integer_value(recnum);
    if (!json_is_integer(recnum) || value < 0)
        refuse(p, REASON_LOG_MALFORMED, "recnum is no number");
    else if (p->has_recnum && value - 1 != p->recnum)
        refuse(p, REASON_LOG_RECORD_MISSING, "gap in recnum");
    p->has_recnum = true;
    p->recnum = value;
}

/* Offsets for now: the buffer moves while it grows. */
static void
read_content(struct parser *p, struct userspace_record *r, json_t *content)
{
    json_t *string = json_object_get(content, "string");
    const char *type = json_string_value(json_object_get(content, "eventType"));
    if (type)
        (void)text_copy(r->type, sizeof r->type, type);
    r->text.size = json_string_length(string);
    buffer_append(&p->out->strings, bytes_of(json_string_value(string), r->text.size));
}

/* What the log says of itself: version, end of the firmware's part, time, suspend. Such a record
 * that has no digest extends nothing; one that has is read like any other. [CEL 1.0 4.3] */
static bool
is_management(json_t *j)
{
    const char *type = json_string_value(json_object_get(j, "content_type"));
    return text_equal(type ? type : "", "cel") &&
           json_array_size(json_object_get(j, "digests")) == 0;
}

static const char *
management_type(json_t *j)
{
    const char *type = json_string_value(json_object_get(json_object_get(j, "content"), "type"));
    return type ? type : "cel";
}

static void
read_record(struct parser *p, json_t *j)
{
    struct userspace_record *r = add_record(p);
    if (!r)
        return;
    json_t *digests = json_object_get(j, "digests");
    if (is_management(j)) {
        read_recnum(p, j);
        (void)text_copy(r->type, sizeof r->type, management_type(j));
        return;
    }
    if (!json_is_array(digests)) { /* nor has what is no object any */
        refuse(p, REASON_LOG_MALFORMED, "no record with digests");
        return;
    }
    read_recnum(p, j);
    read_place(p, r, j);
    for (size_t i = 0; is_good(p) && i < json_array_size(digests); i++)
        read_digest(p, r, json_array_get(digests, i));
    read_content(p, r, json_object_get(j, "content"));
}

static json_t *
load(struct parser *p, struct bytes text, size_t max)
{
    if (text.size > max) {
        refuse(p, REASON_LOG_LIMIT, "record larger than permitted");
        return NULL;
    }
    json_t *j = NULL;
    if (is_shallow(text))
        j = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    return j;
}

/* RFC 7464: RS, JSON, LF. What has no LF at the end of the log is still being written. */
static void
parse_sequence(struct parser *p, struct bytes in)
{
    size_t at = 0;
    while (is_good(p) && at < in.size) {
        if (in.data[at] != RECORD_SEPARATOR) {
            refuse(p, REASON_LOG_MALFORMED, "no record separator");
            return;
        }
        const uint8_t *start = in.data + at + 1;
        size_t n_left = in.size - at - 1;
        const uint8_t *next = n_left > 0 ? memchr(start, RECORD_SEPARATOR, n_left) : NULL;
        size_t n = next ? (size_t)(next - start) : n_left;
        if (n == 0 || start[n - 1] != '\n') {
            p->out->is_cut = !next;
            if (next)
                refuse(p, REASON_LOG_MALFORMED, "record cut short");
            return;
        }
        CLEANUP(free_json) json_t *j = load(p, bytes_of(start, n), RECORD_MAX);
        if (!j)
            refuse(p, REASON_LOG_MALFORMED, "record is no JSON");
        else
            read_record(p, j);
        at += n + 1;
    }
}

static void
parse_array(struct parser *p, struct bytes in)
{
    CLEANUP(free_json) json_t *j = load(p, in, LIMIT_USERSPACE_LOG);
    if (!json_is_array(j))
        refuse(p, REASON_LOG_MALFORMED, "no array of records");
    for (size_t i = 0; is_good(p) && i < json_array_size(j); i++)
        read_record(p, json_array_get(j, i));
}

/* Now that the strings stand still. */
static void
point_to_strings(struct userspace *u)
{
    size_t at = 0;
    for (size_t i = 0; i < u->n_records; i++) {
        struct bytes *text = &u->records[i].text;
        *text = bytes_slice(buffer_bytes(&u->strings), at, text->size);
        at += text->size;
    }
}

enum status
userspace_parse(struct bytes in, struct userspace **out, struct reasons *reasons)
{
    *out = NULL;
    CLEANUP(userspace_freep) struct userspace *u = calloc(1, sizeof *u);
    if (!u)
        return STATUS_NOMEM;
    struct parser p = {.out = u};
    enum cel_encoding encoding = cel_encoding_of(in);
    if (in.size > LIMIT_USERSPACE_LOG)
        refuse(&p, REASON_LOG_LIMIT, "log larger than permitted");
    else if (encoding == CEL_TLV || encoding == CEL_CBOR)
        refuse(&p, REASON_LOG_UNSUPPORTED, cel_encoding_name(encoding));
    else if (in.size > 0 && in.data[0] == '[')
        parse_array(&p, in);
    else
        parse_sequence(&p, in);
    if (p.status != STATUS_OK || buffer_check(&u->strings) != STATUS_OK)
        return STATUS_NOMEM;
    if (p.bad != REASON_NONE) {
        int64_t number = u->n_records > 0 ? (int64_t)u->n_records - 1 : 0;
        struct reason *r =
            reasons_add_at(reasons, p.bad, REASON_LOG_USERSPACE, REASON_NO_PCR, number);
        reason_set_found(r, p.why);
        return STATUS_OK;
    }
    point_to_strings(u);
    *out = u;
    u = NULL;
    return STATUS_OK;
}

const struct digest *
userspace_digest(const struct userspace_record *r, uint16_t alg)
{
    for (size_t i = 0; i < r->n_digests; i++) {
        if (r->digest[i].alg == alg)
            return &r->digest[i];
    }
    return NULL;
}

void
userspace_free(struct userspace *u)
{
    if (!u)
        return;
    free(u->records);
    buffer_free(&u->strings);
    free(u);
}

void
userspace_freep(struct userspace **u)
{
    userspace_free(*u);
}
