/* SPDX-License-Identifier: Apache-2.0 */
/*
 * from: a proven activation; to: a device, new or known, with its current AK; never: lets anybody
 * in whom the caller did not, nor a key change past an operator. [protocol 2]
 */
#include "base/emit.h"
#include "base/text.h"
#include "daemon/store_sqlite.h"

#include <string.h>

static const char get_known[] =
    "SELECT state, genuine, ak_serial, tpm IS ?2 FROM device WHERE id = ?1";
static const char get_ak[] = "SELECT device, serial FROM ak WHERE sha256 = ?1";
static const char add_device[] =
    "INSERT INTO device (id, ueid, version, state, genuine, member_by, verdict, ek_sha256,"
    " ak_serial, created_s, enrolled_s, attested_s, spent_ms)"
    " VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, 0, ?8, 0, 0, 0)";
static const char let_in[] =
    "UPDATE device SET version = version + 1, state = ?2, genuine = ?3, member_by = ?4, tpm = ?5,"
    " name = coalesce(?6, name), enrolled_s = CASE WHEN ?2 = 'enrolled' THEN ?7 ELSE enrolled_s END"
    " WHERE id = ?1";
static const char refresh_device[] =
    "UPDATE device SET version = version + 1, genuine = ?2, tpm = ?3 WHERE id = ?1";
static const char retire_ak[] =
    "UPDATE ak SET retired_s = ?2 WHERE device = ?1 AND retired_s IS NULL";
static const char add_ak[] =
    "INSERT INTO ak (device, serial, sha256, public, since_s)"
    " SELECT id, ak_serial + 1, ?2, ?3, ?4 FROM device WHERE id = ?1"
    " ON CONFLICT (sha256) DO UPDATE SET serial = excluded.serial, since_s = excluded.since_s,"
    " retired_s = NULL";
static const char use_ak[] = "UPDATE device SET ak_serial = ak_serial + 1 WHERE id = ?1";
/* What was activated is taken from a device that only listed it, and from nobody else. */
static const char put_ek[] =
    "INSERT INTO ek (sha256, device, seen_s, proven, certificate) VALUES (?1, ?2, ?3, ?4, ?5)"
    " ON CONFLICT (sha256) DO UPDATE SET device = excluded.device,"
    " proven = max(proven, excluded.proven),"
    " certificate = coalesce(excluded.certificate, certificate)"
    " WHERE device = excluded.device OR (proven = 0 AND excluded.proven = 1)";
static const char count_pending[] = "SELECT count(*) FROM device WHERE state = 'pending'";
/* Only those that were never more than that. */
static const char forget_pending[] =
    "DELETE FROM device WHERE state = 'pending' AND created_s < ?1 AND enrolled_s = 0"
    " AND attested_s = 0 RETURNING id";

/* What is known of the device that enrols. */
struct known {
    bool present;
    enum life_cycle state;
    enum genuine genuine;
    bool same_tpm; /* claimed properties as before */
    bool same_ak;  /* current AK as before */
    uint8_t ak_sha256[DIGEST_SHA256_SIZE];
};

/* ---- who it is ---- */

static enum status
check_eks(struct connection *c, const struct store_enrollment *e)
{
    if (e->n_eks == 0 || e->n_eks > LIMIT_CERTS)
        return STATUS_LIMIT;
    for (size_t i = 0; i < e->n_eks; i++) {
        char owner[DEVICE_ID_SIZE];
        enum status s = store_load_owner(c, e->eks[i], owner);
        if (s == STATUS_OK && !text_equal(owner, e->id))
            return STATUS_CONFLICT;
        if (s != STATUS_OK && s != STATUS_NOT_FOUND)
            return s;
    }
    return STATUS_OK;
}

static enum status
load_known(struct connection *c, const struct store_enrollment *e, struct known *k,
           uint64_t *ak_serial)
{
    struct query q = query_of(c, get_known);
    query_put_text(&q, e->id);
    query_put_text(&q, e->tpm_json);
    enum status s = query_first(&q);
    if (s != STATUS_OK)
        return s == STATUS_NOT_FOUND ? STATUS_OK : s;
    k->present = true;
    if (!life_cycle_parse(query_get_text(&q), &k->state) ||
        !genuine_parse(query_get_text(&q), &k->genuine))
        query_fail(&q);
    *ak_serial = query_get_uint(&q);
    k->same_tpm = query_get_int(&q) != 0;
    return query_end(&q);
}

/* An AK is one TPM's: with another device it is the same machine under another EK. A retired one of
 * this device may come back: it is made from a template and a counter, and the counter may be lost.
 */
static enum status
check_ak(struct connection *c, const struct store_enrollment *e, uint64_t ak_serial,
         struct known *k)
{
    enum status s = digest_sha256(c->hasher, e->ak_public, k->ak_sha256);
    if (s != STATUS_OK)
        return s;
    struct query q = query_of(c, get_ak);
    query_put_bytes(&q, bytes_of(k->ak_sha256, sizeof k->ak_sha256));
    s = query_first(&q);
    if (s != STATUS_OK)
        return s == STATUS_NOT_FOUND ? STATUS_OK : s;
    bool ours = text_equal(query_get_text(&q), e->id);
    k->same_ak = ours && query_get_uint(&q) == ak_serial;
    s = query_end(&q);
    return s == STATUS_OK && !ours ? STATUS_CONFLICT : s;
}

/* Whether the life cycle permits what is asked. */
static enum status
check_state(const struct known *k)
{
    if (!k->present)
        return STATUS_OK;
    switch (k->state) {
    case LIFE_CYCLE_REVOKED:
    case LIFE_CYCLE_DECOMMISSIONED:
        return STATUS_DENIED;
    case LIFE_CYCLE_QUARANTINED:
        return k->same_ak ? STATUS_OK : STATUS_DENIED;
    case LIFE_CYCLE_EXPECTED:
    case LIFE_CYCLE_PENDING:
    case LIFE_CYCLE_ENROLLED:
        return STATUS_OK;
    }
    return STATUS_DENIED;
}

/* ---- pending devices ---- */

static enum status
audit_forgotten(struct store *s, const char *id, int64_t now_s)
{
    CLEANUP(buffer_free) struct buffer detail = {0};
    struct store_actor who = {.name = "system", .now_s = now_s};
    buffer_append_text(&detail, "{\"reason\":\"pending expired\"}");
    return store_add_audit(s, &who, "device.forget", id, &detail);
}

static enum status
make_room(struct store *s, struct connection *c, int64_t now_s)
{
    enum status status = STATUS_OK;
    struct query q = query_of(c, forget_pending);
    query_put_int(&q, now_s - LIMIT_PENDING_LIFE_S);
    while (status == STATUS_OK && query_next(&q))
        status = audit_forgotten(s, query_get_text(&q), now_s);
    enum status end = query_end(&q);
    if (status != STATUS_OK || end != STATUS_OK)
        return status == STATUS_OK ? end : status;
    q = query_of(c, count_pending);
    status = query_first(&q);
    if (status != STATUS_OK)
        return status;
    bool full = query_get_uint(&q) >= LIMIT_PENDING_DEVICES;
    status = query_end(&q);
    return status == STATUS_OK && full ? STATUS_LIMIT : status;
}

/* ---- letting in ---- */

static enum status
insert_device(struct connection *c, const struct store_enrollment *e, int64_t now_s)
{
    struct query q = query_of(c, add_device);
    query_put_text(&q, e->id);
    query_put_bytes(&q, bytes_of(e->ueid, sizeof e->ueid));
    query_put_text(&q, life_cycle_name(LIFE_CYCLE_PENDING));
    query_put_text(&q, genuine_name(e->genuine));
    query_put_text(&q, member_by_name(MEMBER_BY_NONE));
    query_put_text(&q, verdict_name(VERDICT_NONE));
    query_put_bytes(&q, bytes_of(e->eks[0], DIGEST_SHA256_SIZE));
    query_put_int(&q, now_s);
    return query_run(&q, NULL);
}

static enum status
put_eks(struct connection *c, const struct store_enrollment *e, int64_t now_s)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < e->n_eks; i++) {
        struct query q = query_of(c, put_ek);
        query_put_bytes(&q, bytes_of(e->eks[i], DIGEST_SHA256_SIZE));
        query_put_text(&q, e->id);
        query_put_int(&q, now_s);
        query_put_int(&q, i == 0);
        if (e->ek_certificates && e->ek_certificates[i].size > 0)
            query_put_bytes(&q, e->ek_certificates[i]);
        else
            query_put_null(&q);
        s = query_run(&q, NULL);
    }
    return s;
}

/* The one before retires in the same transaction. */
static enum status
put_ak(struct connection *c, const struct store_enrollment *e, const struct known *k, int64_t now_s)
{
    if (k->same_ak)
        return STATUS_OK;
    struct query q = query_of(c, retire_ak);
    query_put_text(&q, e->id);
    query_put_int(&q, now_s);
    enum status s = query_run(&q, NULL);
    if (s != STATUS_OK)
        return s;
    q = query_of(c, add_ak);
    query_put_text(&q, e->id);
    query_put_bytes(&q, bytes_of(k->ak_sha256, sizeof k->ak_sha256));
    query_put_bytes(&q, e->ak_public);
    query_put_int(&q, now_s);
    s = query_run(&q, NULL);
    if (s != STATUS_OK)
        return s;
    q = query_of(c, use_ak);
    query_put_text(&q, e->id);
    return query_run(&q, NULL);
}

static enum status
spend_token(struct connection *c, const struct store_enrollment *e, int64_t now_s,
            struct store_token *token)
{
    if (!e->join_token)
        return STATUS_OK;
    enum status s = store_load_token(c, STORE_TOKEN_JOIN, e->join_token, now_s, token);
    if (s == STATUS_OK)
        s = store_spend_token(c, e->join_token, now_s);
    if (s == STATUS_OK && token->n_labels > 0)
        s = store_put_labels(c, e->id, token->labels, token->n_labels);
    return s;
}

static enum status
let_device_in(struct store *s, struct connection *c, const struct store_enrollment *e,
              const struct known *k, int64_t now_s)
{
    CLEANUP(store_token_clear) struct store_token token = {0};
    enum status status = STATUS_OK;
    if (e->pending && k->state != LIFE_CYCLE_PENDING)
        status = make_room(s, c, now_s);
    if (status == STATUS_OK && !k->present)
        status = insert_device(c, e, now_s);
    if (status == STATUS_OK)
        status = spend_token(c, e, now_s, &token);
    if (status == STATUS_OK)
        status = put_eks(c, e, now_s);
    if (status == STATUS_OK)
        status = put_ak(c, e, k, now_s);
    if (status != STATUS_OK)
        return status;
    struct query q = query_of(c, let_in);
    query_put_text(&q, e->id);
    query_put_text(&q, life_cycle_name(e->pending ? LIFE_CYCLE_PENDING : LIFE_CYCLE_ENROLLED));
    query_put_text(&q, genuine_name(e->genuine));
    query_put_text(&q, member_by_name(e->proposed));
    query_put_text(&q, e->tpm_json);
    query_put_text(&q, token.description);
    query_put_int(&q, now_s);
    return query_run(&q, NULL);
}

static enum status
refresh(struct connection *c, const struct store_enrollment *e, const struct known *k,
        int64_t now_s)
{
    enum status s = put_eks(c, e, now_s);
    if (s == STATUS_OK)
        s = put_ak(c, e, k, now_s);
    if (s != STATUS_OK)
        return s;
    struct query q = query_of(c, refresh_device);
    query_put_text(&q, e->id);
    query_put_text(&q, genuine_name(e->genuine));
    query_put_text(&q, e->tpm_json);
    return query_run(&q, NULL);
}

/* ---- telling ---- */

static void
emit_outcome(struct emit *e, const struct store_enrollment *of, const struct known *k,
             const char *state)
{
    emit_object(e);
    emit_text_member(e, "state", state);
    emit_text_member(e, "genuine", genuine_name(of->genuine));
    emit_text_member(e, "member_by", member_by_name(of->proposed));
    emit_hex_member(e, "ek_sha256", bytes_of(of->eks[0], DIGEST_SHA256_SIZE));
    emit_hex_member(e, "ak_sha256", bytes_of(k->ak_sha256, sizeof k->ak_sha256));
    emit_end_object(e);
}

static enum status
tell(struct store *s, const struct store_actor *who, const struct store_enrollment *e,
     const struct known *k, enum store_enrolled how)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    const char *state = how != STORE_ENROLLED_NEW ? life_cycle_name(k->state)
                        : e->pending              ? life_cycle_name(LIFE_CYCLE_PENDING)
                                                  : life_cycle_name(LIFE_CYCLE_ENROLLED);
    const char *what = how == STORE_ENROLLED_AGAIN    ? "device.refreshed"
                       : how == STORE_ENROLLED_NEW_AK ? "device.new-ak"
                       : e->pending                   ? "device.pending"
                                                      : "device.enrolled";
    struct emit out = emit_of(&text);
    emit_outcome(&out, e, k, state);
    enum status status = emit_check(&out);
    if (status == STATUS_OK)
        status = store_add_audit(s, who, what, e->id, &text);
    if (status == STATUS_OK && how != STORE_ENROLLED_AGAIN)
        status = store_add_event(&s->writer, who->now_s, what, e->id, &text);
    return status;
}

/* ---- the verb ---- */

/* Still waiting, or never here: the device is let in, or waits (on). Else it is in already. */
static bool
is_new(const struct store_enrollment *e, const struct known *k)
{
    if (!k->present || k->state == LIFE_CYCLE_EXPECTED)
        return true;
    return k->state == LIFE_CYCLE_PENDING && !e->pending;
}

static enum status
enroll(struct store *s, const struct store_actor *who, const struct store_enrollment *e,
       enum store_enrolled *how)
{
    struct connection *c = &s->writer;
    struct known k = {0};
    uint64_t ak_serial = 0;
    enum status status = check_eks(c, e);
    if (status == STATUS_OK)
        status = load_known(c, e, &k, &ak_serial);
    if (status == STATUS_OK)
        status = check_ak(c, e, ak_serial, &k);
    if (status == STATUS_OK)
        status = check_state(&k);
    if (status != STATUS_OK)
        return status;
    *how = is_new(e, &k) ? STORE_ENROLLED_NEW
           : k.same_ak   ? STORE_ENROLLED_AGAIN
                         : STORE_ENROLLED_NEW_AK;
    if (*how == STORE_ENROLLED_AGAIN && k.genuine == e->genuine && k.same_tpm)
        return put_eks(c, e, who->now_s);
    status = *how == STORE_ENROLLED_NEW ? let_device_in(s, c, e, &k, who->now_s)
                                        : refresh(c, e, &k, who->now_s);
    return status == STATUS_OK ? tell(s, who, e, &k, *how) : status;
}

enum status
store_put_enrollment(struct store *s, const struct store_actor *who,
                     const struct store_enrollment *e, enum store_enrolled *how)
{
    struct connection *c = NULL;
    *how = STORE_ENROLLED_AGAIN;
    enum status status = store_begin_write(s, &c);
    if (status != STATUS_OK)
        return status;
    return store_end_write(s, enroll(s, who, e, how));
}
