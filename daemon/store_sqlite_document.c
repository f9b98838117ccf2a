/* SPDX-License-Identifier: Apache-2.0 */
/*
 * from: documents as they were put; to: immutable versions, and which of them are active; never:
 * changes a text, nor parses one.
 */
#include "base/emit.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/store_sqlite.h"

#include <string.h>

static const char get_content[] =
    "SELECT sha256 FROM document WHERE kind = ?1 AND id = ?2 AND version = ?3";
static const char get_highest[] =
    "SELECT coalesce(max(version), 0) FROM document WHERE kind = ?1 AND id = ?2";
static const char add_document[] =
    "INSERT INTO document (kind, id, version, active, sha256, perspective, put_s, put_by, text)"
    " VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8)";
static const char get_version[] =
    "SELECT kind, id, version, active, sha256, perspective, put_s, put_by, text FROM document"
    " WHERE kind = ?1 AND id = ?2 AND version = ?3";
static const char get_current[] =
    "SELECT kind, id, version, active, sha256, perspective, put_s, put_by, text FROM document"
    " WHERE kind = ?1 AND id = ?2 ORDER BY active DESC, version DESC LIMIT 1";
static const char get_all_active[] =
    "SELECT kind, id, version, active, sha256, perspective, put_s, put_by, text FROM document"
    " WHERE active = 1 ORDER BY kind, id";
static const char list_of_kind[] =
    "SELECT kind, id, version, active, sha256, perspective, put_s, put_by FROM document"
    " WHERE kind = ?1 AND (id, version) > (?2, ?3) ORDER BY id, version LIMIT ?4";
static const char deactivate[] =
    "UPDATE document SET active = 0 WHERE kind = ?1 AND id = ?2 AND active = 1";
static const char activate[] =
    "UPDATE document SET active = 1 WHERE kind = ?1 AND id = ?2 AND version = ?3";
static const char raise_generation[] = "UPDATE store SET generation = generation + 1";
static const char get_generation[] = "SELECT generation FROM store";

/* ---- putting ---- */

/* Whether this version may be put. *again: it is there with this very content. */
static enum status
check_version(struct connection *c, const struct document_info *info, bool *again)
{
    struct query q = query_of(c, get_content);
    query_put_text(&q, document_kind_name(info->kind));
    query_put_text(&q, info->id);
    query_put_uint(&q, info->version);
    enum status s = query_first(&q);
    if (s == STATUS_OK) {
        *again = digest_equal_bytes(&info->sha256, query_get_bytes(&q));
        s = query_end(&q);
        return s == STATUS_OK && !*again ? STATUS_CONFLICT : s;
    }
    if (s != STATUS_NOT_FOUND)
        return s;
    q = query_of(c, get_highest);
    query_put_text(&q, document_kind_name(info->kind));
    query_put_text(&q, info->id);
    s = query_first(&q);
    if (s != STATUS_OK)
        return s;
    bool above = info->version > query_get_uint(&q);
    s = query_end(&q);
    return s == STATUS_OK && !above ? STATUS_CONFLICT : s;
}

static enum status
insert_document(struct connection *c, const struct store_actor *who,
                const struct document_info *info, struct bytes text)
{
    struct query q = query_of(c, add_document);
    query_put_text(&q, document_kind_name(info->kind));
    query_put_text(&q, info->id);
    query_put_uint(&q, info->version);
    query_put_bytes(&q, digest_bytes(&info->sha256));
    query_put_text(&q, info->perspective ? info->perspective : "");
    query_put_int(&q, who->now_s);
    query_put_text(&q, who->name);
    query_put_bytes(&q, text);
    return query_run(&q, NULL);
}

/* sha256 may be NULL. */
static enum status
audit_document(struct store *s, const struct store_actor *who, const char *verb,
               const struct document_info *info, const struct digest *sha256)
{
    CLEANUP(buffer_free) struct buffer detail = {0};
    struct emit e = emit_of(&detail);
    emit_object(&e);
    emit_text_member(&e, "kind", document_kind_name(info->kind));
    emit_uint_member(&e, "version", info->version);
    if (sha256)
        emit_hex_member(&e, "sha256", digest_bytes(sha256));
    emit_end_object(&e);
    enum status status = emit_check(&e);
    return status == STATUS_OK ? store_add_audit(s, who, verb, info->id, &detail) : status;
}

static enum status
check_digest(struct hasher *h, struct bytes text, struct bytes sha256)
{
    uint8_t found[DIGEST_SHA256_SIZE];
    enum status s = digest_sha256(h, text, found);
    if (s != STATUS_OK)
        return s;
    return digest_bytes_equal(bytes_of(found, sizeof found), sha256) ? STATUS_OK : STATUS_INVALID;
}

enum status
store_put_document(struct store *s, const struct store_actor *who, const struct document_info *info,
                   struct bytes text, bool *again)
{
    struct connection *c = NULL;
    *again = false;
    if (text.size > LIMIT_DOCUMENT || info->version > INT64_MAX)
        return STATUS_LIMIT;
    if (info->version == 0 || info->sha256.size != DIGEST_SHA256_SIZE)
        return STATUS_INVALID;
    enum status status = store_begin_write(s, &c);
    if (status != STATUS_OK)
        return status;
    status = check_digest(c->hasher, text, digest_bytes(&info->sha256));
    if (status == STATUS_OK)
        status = check_version(c, info, again);
    if (status == STATUS_OK && !*again) {
        status = insert_document(c, who, info, text);
        if (status == STATUS_OK)
            status = audit_document(s, who, "document.put", info, &info->sha256);
    }
    return store_end_write(s, status);
}

static enum status
switch_active(struct connection *c, const struct document_info *info)
{
    size_t n_off = 0, n_on = 0;
    struct query q = query_of(c, deactivate);
    query_put_text(&q, document_kind_name(info->kind));
    query_put_text(&q, info->id);
    enum status s = query_run(&q, &n_off);
    if (s != STATUS_OK)
        return s;
    if (info->version != 0) {
        q = query_of(c, activate);
        query_put_text(&q, document_kind_name(info->kind));
        query_put_text(&q, info->id);
        query_put_uint(&q, info->version);
        s = query_run(&q, &n_on);
    }
    if (s == STATUS_OK && n_off + n_on == 0)
        return STATUS_NOT_FOUND;
    if (s != STATUS_OK || (info->version != 0 && n_on == 0))
        return s == STATUS_OK ? STATUS_NOT_FOUND : s;
    q = query_of(c, raise_generation);
    return query_run(&q, NULL);
}

enum status
store_activate_document(struct store *s, const struct store_actor *who, enum document_kind kind,
                        const char *id, uint64_t version)
{
    struct connection *c = NULL;
    struct document_info info = {.kind = kind, .id = id, .version = version};
    if (version > INT64_MAX)
        return STATUS_NOT_FOUND;
    enum status status = store_begin_write(s, &c);
    if (status != STATUS_OK)
        return status;
    status = switch_active(c, &info);
    if (status == STATUS_OK)
        status = audit_document(s, who, version != 0 ? "document.activate" : "document.deactivate",
                                &info, NULL);
    return store_end_write(s, status);
}

/* ---- getting ---- */

static void
read_row(struct query *q, bool with_text, struct store_document *d)
{
    if (!document_kind_parse(query_get_text(q), &d->kind))
        query_fail(q);
    query_get_into(q, d->id, sizeof d->id);
    d->version = query_get_uint(q);
    d->active = query_get_int(q) != 0;
    query_get_exactly(q, d->sha256, sizeof d->sha256);
    query_get_into(q, d->perspective, sizeof d->perspective);
    d->put_s = query_get_int(q);
    d->put_by = query_get_copy(q);
    if (with_text)
        query_get_buffer(q, &d->text);
}

/* The text is what was put: a changed one must not come into force. */
static enum status
check_text(struct hasher *h, const struct store_document *d)
{
    enum status s = check_digest(h, buffer_bytes(&d->text), bytes_of(d->sha256, sizeof d->sha256));
    if (s == STATUS_INVALID)
        log_line(LOG_LEVEL_ERROR, "store: the text of %s %s is not what was put",
                 document_kind_name(d->kind), d->id);
    return s == STATUS_INVALID ? STATUS_MALFORMED : s;
}

enum status
store_get_document(struct store *s, enum document_kind kind, const char *id, uint64_t version,
                   struct store_document *out)
{
    struct connection *c = NULL;
    *out = (struct store_document){0};
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    struct query q = query_of(c, version != 0 ? get_version : get_current);
    query_put_text(&q, document_kind_name(kind));
    query_put_text(&q, id);
    if (version != 0)
        query_put_uint(&q, version);
    status = query_first(&q);
    if (status == STATUS_OK) {
        read_row(&q, true, out);
        status = query_end(&q);
    }
    if (status == STATUS_OK)
        status = check_text(c->hasher, out);
    status = store_end_read(s, c, status);
    if (status != STATUS_OK)
        store_document_clear(out);
    return status;
}

/* "ID:VERSION", as a page's last item gives it. */
static enum status
parse_cursor(const char *after, char id[static LIMIT_NAME + 1], uint64_t *version)
{
    id[0] = '\0';
    *version = 0;
    const char *colon = after ? strchr(after, ':') : NULL;
    if (!after)
        return STATUS_OK;
    if (!colon || (size_t)(colon - after) > LIMIT_NAME)
        return STATUS_INVALID;
    memcpy(id, after, (size_t)(colon - after));
    id[colon - after] = '\0';
    return text_parse_u64(colon + 1, INT64_MAX, version) == STATUS_OK ? STATUS_OK : STATUS_INVALID;
}

static enum status
list_page(struct connection *c, enum document_kind kind, const char *after, size_t limit,
          struct store_document_list *out)
{
    char id[LIMIT_NAME + 1];
    uint64_t version = 0;
    enum status s = parse_cursor(after, id, &version);
    if (s != STATUS_OK)
        return s;
    out->items = calloc(limit, sizeof *out->items);
    if (!out->items)
        return STATUS_NOMEM;
    struct query q = query_of(c, list_of_kind);
    query_put_text(&q, document_kind_name(kind));
    query_put_text(&q, id);
    query_put_uint(&q, version);
    query_put_uint(&q, limit + 1);
    while (query_next(&q)) {
        if (out->n_items == limit) {
            out->more = true;
            break;
        }
        read_row(&q, false, &out->items[out->n_items++]);
    }
    return query_end(&q);
}

enum status
store_list_documents(struct store *s, enum document_kind kind, const char *after, size_t limit,
                     struct store_document_list *out)
{
    struct connection *c = NULL;
    *out = (struct store_document_list){0};
    if (limit == 0 || limit > LIMIT_PAGE)
        return STATUS_LIMIT;
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    status = store_end_read(s, c, list_page(c, kind, after, limit, out));
    if (status != STATUS_OK)
        store_document_list_clear(out);
    return status;
}

static enum status
grow(struct store_document_list *l)
{
    struct store_document *items = reallocarray(l->items, l->n_items + 1, sizeof *items);
    if (!items)
        return STATUS_NOMEM;
    l->items = items;
    l->items[l->n_items++] = (struct store_document){0};
    return STATUS_OK;
}

static enum status
load_active(struct connection *c, struct store_document_list *out)
{
    struct query q = query_of(c, get_all_active);
    enum status s = STATUS_OK;
    while (s == STATUS_OK && query_next(&q)) {
        s = grow(out);
        if (s != STATUS_OK)
            break;
        struct store_document *d = &out->items[out->n_items - 1];
        read_row(&q, true, d);
        s = d->text.failed ? STATUS_NOMEM : check_text(c->hasher, d);
    }
    enum status end = query_end(&q);
    return s == STATUS_OK ? end : s;
}

enum status
store_get_active(struct store *s, struct store_document_list *out, uint64_t *generation)
{
    struct connection *c = NULL;
    *out = (struct store_document_list){0};
    *generation = 0;
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    struct query q = query_of(c, get_generation);
    status = query_first(&q);
    if (status == STATUS_OK) {
        *generation = query_get_uint(&q);
        status = query_end(&q);
    }
    if (status == STATUS_OK)
        status = load_active(c, out);
    status = store_end_read(s, c, status);
    if (status != STATUS_OK)
        store_document_list_clear(out);
    return status;
}

void
store_document_clear(struct store_document *d)
{
    free(d->put_by);
    buffer_free(&d->text);
    *d = (struct store_document){0};
}

void
store_document_list_clear(struct store_document_list *l)
{
    for (size_t i = 0; i < l->n_items; i++)
        store_document_clear(&l->items[i]);
    free(l->items);
    *l = (struct store_document_list){0};
}
