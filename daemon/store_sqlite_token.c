/* SPDX-License-Identifier: Apache-2.0 */
/* from: digests of secrets; to: what they permit; never: sees a secret. */
#include "base/emit.h"
#include "base/text.h"
#include "daemon/store_sqlite.h"

#include <stdio.h>
#include <string.h>

static const char add_token[] =
    "INSERT INTO token (kind, id, sha256, roles, granted, uses_left, description, created_s,"
    " expires_s, created_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
    " ON CONFLICT DO NOTHING";
static const char add_label[] =
    "INSERT INTO token_label (kind, token, key, value) VALUES (?1, ?2, ?3, ?4)";
static const char find_token[] =
    "SELECT id, sha256, roles, granted, uses_left, description, created_s, expires_s, created_by"
    " FROM token WHERE kind = ?1 AND sha256 = ?2 AND expires_s > ?3 AND (kind <> 'join' OR "
    "uses_left > 0)";
static const char list_tokens[] =
    "SELECT id, sha256, roles, granted, uses_left, description, created_s, expires_s, created_by"
    " FROM token WHERE kind = ?1 ORDER BY id";
static const char get_labels[] =
    "SELECT key, value FROM token_label WHERE kind = ?1 AND token = ?2 ORDER BY key";
static const char remove_token[] = "DELETE FROM token WHERE kind = ?1 AND id = ?2";
static const char spend_token[] =
    "UPDATE token SET uses_left = uses_left - 1"
    " WHERE kind = 'join' AND sha256 = ?1 AND expires_s > ?2 AND uses_left > 0";

static const char *
kind_word(enum store_token_kind kind)
{
    return kind == STORE_TOKEN_API ? "api" : "join";
}

#define GRANTS_SIZE (LIMIT_PERSPECTIVES * (LIMIT_NAME + 1) + 1)

static void
join_grants(const struct store_grants *g, char out[static GRANTS_SIZE])
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < g->n; i++)
        used +=
            (size_t)snprintf(out + used, GRANTS_SIZE - used, "%s%s", i > 0 ? " " : "", g->names[i]);
}

/* False when the text is not what join_grants() makes. */
static bool
split_grants(const char *text, struct store_grants *out)
{
    *out = (struct store_grants){0};
    while (*text) {
        size_t size = strcspn(text, " ");
        if (size == 0 || size > LIMIT_NAME || out->n == LIMIT_PERSPECTIVES)
            return false;
        memcpy(out->names[out->n++], text, size);
        text += size + (text[size] == ' ');
    }
    return true;
}

static enum status
insert_token(struct connection *c, const struct store_token *t)
{
    size_t n_changed = 0;
    char granted[GRANTS_SIZE];
    join_grants(&t->granted, granted);
    struct query q = query_of(c, add_token);
    query_put_text(&q, kind_word(t->kind));
    query_put_text(&q, t->id);
    query_put_bytes(&q, bytes_of(t->sha256, sizeof t->sha256));
    query_put_uint(&q, t->roles);
    query_put_text(&q, granted);
    query_put_uint(&q, t->uses_left);
    query_put_text(&q, t->description);
    query_put_int(&q, t->created_s);
    query_put_int(&q, t->expires_s);
    query_put_text(&q, t->created_by);
    enum status s = query_run(&q, &n_changed);
    if (s == STATUS_OK && n_changed == 0)
        return STATUS_CONFLICT;
    for (size_t i = 0; s == STATUS_OK && i < t->n_labels; i++) {
        q = query_of(c, add_label);
        query_put_text(&q, kind_word(t->kind));
        query_put_text(&q, t->id);
        query_put_text(&q, t->labels[i].key);
        query_put_text(&q, t->labels[i].value);
        s = query_run(&q, NULL);
    }
    return s;
}

static enum status
audit_token(struct store *s, const struct store_actor *who, const struct store_token *t)
{
    CLEANUP(buffer_free) struct buffer detail = {0};
    char granted[GRANTS_SIZE];
    struct emit e = emit_of(&detail);
    emit_object(&e);
    emit_text_member(&e, "kind", kind_word(t->kind));
    emit_uint_member(&e, "roles", t->roles);
    if (t->granted.n > 0) {
        join_grants(&t->granted, granted);
        emit_text_member(&e, "perspectives", granted);
    }
    emit_uint_member(&e, "uses", t->uses_left);
    emit_time_member(&e, "expires", t->expires_s);
    emit_text_member(&e, "description", t->description);
    emit_end_object(&e);
    enum status status = emit_check(&e);
    return status == STATUS_OK ? store_add_audit(s, who, "token.put", t->id, &detail) : status;
}

enum status
store_put_token(struct store *s, const struct store_actor *who, const struct store_token *t)
{
    struct connection *c = NULL;
    if (t->n_labels > LIMIT_LABELS || t->granted.n > LIMIT_PERSPECTIVES)
        return STATUS_LIMIT;
    if (!t->created_by)
        return STATUS_INVALID;
    enum status status = store_begin_write(s, &c);
    if (status != STATUS_OK)
        return status;
    status = insert_token(c, t);
    if (status == STATUS_OK)
        status = audit_token(s, who, t);
    return store_end_write(s, status);
}

static void
read_row(struct query *q, enum store_token_kind kind, struct store_token *t)
{
    t->kind = kind;
    query_get_into(q, t->id, sizeof t->id);
    query_get_exactly(q, t->sha256, sizeof t->sha256);
    t->roles = (uint32_t)query_get_uint(q);
    if (!split_grants(query_get_text(q), &t->granted))
        query_fail(q);
    t->uses_left = (uint32_t)query_get_uint(q);
    t->description = query_get_copy(q);
    t->created_s = query_get_int(q);
    t->expires_s = query_get_int(q);
    t->created_by = query_get_copy(q);
}

static enum status
load_labels(struct connection *c, struct store_token *t)
{
    struct query q = query_of(c, get_labels);
    query_put_text(&q, kind_word(t->kind));
    query_put_text(&q, t->id);
    return store_load_labels(&q, &t->labels, &t->n_labels);
}

enum status
store_load_token(struct connection *c, enum store_token_kind kind,
                 const uint8_t sha256[static DIGEST_SHA256_SIZE], int64_t now_s,
                 struct store_token *out)
{
    *out = (struct store_token){0};
    struct query q = query_of(c, find_token);
    query_put_text(&q, kind_word(kind));
    query_put_bytes(&q, bytes_of(sha256, DIGEST_SHA256_SIZE));
    query_put_int(&q, now_s);
    enum status s = query_first(&q);
    if (s != STATUS_OK)
        return s;
    read_row(&q, kind, out);
    s = query_end(&q);
    if (s == STATUS_OK)
        s = load_labels(c, out);
    if (s != STATUS_OK)
        store_token_clear(out);
    return s;
}

enum status
store_spend_token(struct connection *c, const uint8_t sha256[static DIGEST_SHA256_SIZE],
                  int64_t now_s)
{
    size_t n_changed = 0;
    struct query q = query_of(c, spend_token);
    query_put_bytes(&q, bytes_of(sha256, DIGEST_SHA256_SIZE));
    query_put_int(&q, now_s);
    enum status s = query_run(&q, &n_changed);
    return s == STATUS_OK && n_changed != 1 ? STATUS_NOT_FOUND : s;
}

enum status
store_find_token(struct store *s, enum store_token_kind kind,
                 const uint8_t sha256[static DIGEST_SHA256_SIZE], int64_t now_s,
                 struct store_token *out)
{
    struct connection *c = NULL;
    *out = (struct store_token){0};
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    return store_end_read(s, c, store_load_token(c, kind, sha256, now_s, out));
}

static enum status
load_all(struct connection *c, enum store_token_kind kind, struct store_token_list *out)
{
    enum status s = STATUS_OK;
    struct query q = query_of(c, list_tokens);
    query_put_text(&q, kind_word(kind));
    while (s == STATUS_OK && query_next(&q)) {
        struct store_token *items = reallocarray(out->items, out->n_items + 1, sizeof *items);
        if (!items) {
            s = STATUS_NOMEM;
            break;
        }
        out->items = items;
        struct store_token *t = &items[out->n_items++];
        *t = (struct store_token){0};
        read_row(&q, kind, t);
        s = load_labels(c, t);
    }
    enum status end = query_end(&q);
    return s == STATUS_OK ? end : s;
}

enum status
store_list_tokens(struct store *s, enum store_token_kind kind, struct store_token_list *out)
{
    struct connection *c = NULL;
    *out = (struct store_token_list){0};
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    status = store_end_read(s, c, load_all(c, kind, out));
    if (status != STATUS_OK)
        store_token_list_clear(out);
    return status;
}

enum status
store_remove_token(struct store *s, const struct store_actor *who, enum store_token_kind kind,
                   const char *id)
{
    struct connection *c = NULL;
    CLEANUP(buffer_free) struct buffer detail = {0};
    size_t n_changed = 0;
    enum status status = store_begin_write(s, &c);
    if (status != STATUS_OK)
        return status;
    struct query q = query_of(c, remove_token);
    query_put_text(&q, kind_word(kind));
    query_put_text(&q, id);
    status = query_run(&q, &n_changed);
    if (status == STATUS_OK && n_changed == 0)
        status = STATUS_NOT_FOUND;
    buffer_append_format(&detail, "{\"kind\":\"%s\"}", kind_word(kind));
    if (status == STATUS_OK)
        status = store_add_audit(s, who, "token.remove", id, &detail);
    return store_end_write(s, status);
}

void
store_token_clear(struct store_token *t)
{
    free(t->labels);
    free(t->description);
    free(t->created_by);
    *t = (struct store_token){0};
}

void
store_token_list_clear(struct store_token_list *l)
{
    for (size_t i = 0; i < l->n_items; i++)
        store_token_clear(&l->items[i]);
    free(l->items);
    *l = (struct store_token_list){0};
}
