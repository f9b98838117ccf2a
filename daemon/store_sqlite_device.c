/* SPDX-License-Identifier: Apache-2.0 */
/* from: device rows; to: struct store_device, and back on an operator's word; never: appraises. */
#include "base/emit.h"
#include "base/reader.h"
#include "base/text.h"
#include "daemon/store_sqlite.h"

#include <string.h>

static const char get_device[] =
    "SELECT d.ueid, d.version, d.state, d.genuine, d.member_by, d.ek_sha256, d.ak_serial,"
    " d.enrolled_s, d.attested_s, d.spent_ms, d.boot, d.clock_ms, d.reset_count, d.restart_count,"
    " d.safe, d.firmware_version, d.name, d.tpm, d.announcement,"
    " a.public, a.since_s"
    " FROM device d LEFT JOIN ak a ON a.device = d.id AND a.serial = d.ak_serial WHERE d.id = ?1";
static const char get_labels[] =
    "SELECT key, value FROM device_label WHERE device = ?1 ORDER BY key";
static const char get_perspectives[] = "SELECT name, verdict, since_s, expires_s, lapses_s, trial, "
                                       "attestation FROM perspective WHERE device = ?1"
                                       " ORDER BY name";
static const char get_last_good[] = "SELECT pcrs FROM last_good WHERE device = ?1";
/* ?4 to ?6: times of the last round; ?7: labels that the device must all have, as an object; ?9:
 * now. The verdict is that of this moment, as device_verdict() gives it. */
static const char list_devices[] =
    "SELECT d.id FROM device d WHERE d.id > ?1 AND (?2 IS NULL OR d.state = ?2)"
    " AND (?3 IS NULL OR ?3 = CASE WHEN d.state <> 'enrolled' THEN 'none'"
    " WHEN EXISTS (SELECT 1 FROM perspective p WHERE p.device = d.id AND NOT p.trial"
    " AND max(p.expires_s, p.lapses_s) > ?9 AND p.verdict = 'untrusted') THEN 'untrusted'"
    " WHEN NOT EXISTS (SELECT 1 FROM perspective p WHERE p.device = d.id AND NOT p.trial)"
    " OR EXISTS (SELECT 1 FROM perspective p WHERE p.device = d.id AND NOT p.trial"
    " AND (max(p.expires_s, p.lapses_s) <= ?9 OR p.verdict = 'none')) THEN 'none'"
    " WHEN EXISTS (SELECT 1 FROM perspective p WHERE p.device = d.id AND NOT p.trial"
    " AND (p.expires_s <= ?9 OR p.verdict = 'warning')) THEN 'warning' ELSE 'trusted' END)"
    " AND (?4 = 0 OR (d.attested_s <> 0 AND d.attested_s < ?4))"
    " AND (?5 = 0 OR d.attested_s >= ?5) AND (?6 = 0 OR d.attested_s = 0)"
    " AND NOT EXISTS (SELECT 1 FROM json_each(?7) w WHERE NOT EXISTS (SELECT 1 FROM device_label l"
    " WHERE l.device = d.id AND l.key = w.key AND l.value = w.value))"
    " ORDER BY d.id LIMIT ?8";
static const char add_expected[] =
    "INSERT INTO device (id, ueid, version, state, genuine, member_by, verdict, ek_sha256,"
    " ak_serial, created_s, enrolled_s, attested_s, spent_ms, name)"
    " VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, 0, ?8, 0, 0, 0, ?9)";
static const char add_ek[] =
    "INSERT INTO ek (sha256, device, seen_s, proven) VALUES (?1, ?2, ?3, 1)"
    " ON CONFLICT (sha256) DO UPDATE SET device = excluded.device, seen_s = excluded.seen_s,"
    " proven = 1";
static const char add_label[] = "INSERT INTO device_label (device, key, value) VALUES (?1, ?2, ?3)";
static const char remove_labels[] = "DELETE FROM device_label WHERE device = ?1";
/* An EK that was activated, or announced: one that a device only listed is nobody's yet. */
static const char get_owner[] = "SELECT device FROM ek WHERE sha256 = ?1 AND proven = 1";
static const char get_state[] = "SELECT version, state FROM device WHERE id = ?1";
static const char change_device[] =
    "UPDATE device SET version = version + 1, state = ?2, member_by = ?3,"
    " name = coalesce(?4, name),"
    " enrolled_s = CASE WHEN enrolled_s = 0 AND ?2 = 'enrolled' THEN ?5 ELSE enrolled_s END"
    " WHERE id = ?1";

/* ---- reading ---- */

static void
read_words(struct query *q, struct store_device *d)
{
    if (!life_cycle_parse(query_get_text(q), &d->state) ||
        !genuine_parse(query_get_text(q), &d->genuine) ||
        !member_by_parse(query_get_text(q), &d->member_by))
        query_fail(q);
}

static void
read_counters(struct query *q, struct subject_counters *c)
{
    c->present = !query_is_null(q);
    c->clock_ms = query_get_uint(q);
    c->reset_count = (uint32_t)query_get_uint(q);
    c->restart_count = (uint32_t)query_get_uint(q);
    c->safe = query_get_int(q) != 0;
    c->firmware_version = query_get_uint(q);
}

static enum status
load_row(struct connection *c, const char *id, struct store_device *d)
{
    struct query q = query_of(c, get_device);
    query_put_text(&q, id);
    enum status s = query_first(&q);
    if (s != STATUS_OK)
        return s;
    (void)text_copy(d->id, sizeof d->id, id);
    query_get_exactly(&q, d->ueid, sizeof d->ueid);
    d->version = query_get_uint(&q);
    read_words(&q, d);
    query_get_exactly(&q, d->ek_sha256, sizeof d->ek_sha256);
    d->ak_serial = query_get_uint(&q);
    d->enrolled_s = query_get_int(&q);
    d->attested_s = query_get_int(&q);
    d->spent_ms = query_get_int(&q);
    d->boot = query_get_uint(&q);
    read_counters(&q, &d->counters);
    d->name = query_get_copy(&q);
    d->tpm_json = query_get_copy(&q);
    d->announcement_json = query_get_copy(&q);
    query_get_buffer(&q, &d->ak_public);
    d->ak_since_s = query_get_int(&q);
    return query_end(&q);
}

static enum status
load_labels(struct connection *c, struct store_device *d)
{
    struct query q = query_of(c, get_labels);
    query_put_text(&q, d->id);
    return store_load_labels(&q, &d->labels, &d->n_labels);
}

static enum status
load_perspectives(struct connection *c, struct store_device *d)
{
    struct query q = query_of(c, get_perspectives);
    query_put_text(&q, d->id);
    while (query_next(&q)) {
        if (d->n_perspectives == LIMIT_PERSPECTIVES) {
            query_fail(&q);
            break;
        }
        struct store_perspective *p = &d->perspectives[d->n_perspectives++];
        query_get_into(&q, p->name, sizeof p->name);
        if (!verdict_parse(query_get_text(&q), &p->verdict))
            query_fail(&q);
        p->since_s = query_get_int(&q);
        p->expires_s = query_get_int(&q);
        p->lapses_s = query_get_int(&q);
        p->trial = query_get_int(&q) != 0;
        query_get_into(&q, p->attestation, sizeof p->attestation);
    }
    return query_end(&q);
}

bool
store_parse_pcrs(struct bytes in, struct subject_pcrs *out)
{
    struct reader r = reader_of(in);
    struct subject_pcrs pcrs = {.alg = reader_be16(&r), .present = reader_be32(&r)};
    size_t size = alg_size(pcrs.alg);
    if (size == 0 || pcrs.present >> LIMIT_PCRS != 0)
        return false;
    for (uint32_t i = 0; i < LIMIT_PCRS; i++) {
        if ((pcrs.present & (1u << i)) != 0 &&
            digest_from(pcrs.alg, reader_bytes(&r, size), &pcrs.pcr[i]) != STATUS_OK)
            return false;
    }
    if (reader_end(&r, "store", NULL) != STATUS_OK)
        return false;
    *out = pcrs;
    return true;
}

static enum status
load_last_good(struct connection *c, struct store_device *d)
{
    struct query q = query_of(c, get_last_good);
    query_put_text(&q, d->id);
    if (query_next(&q)) {
        d->last_good_present = store_parse_pcrs(query_get_bytes(&q), &d->last_good);
        if (!d->last_good_present)
            query_fail(&q);
    }
    return query_end(&q);
}

static enum status
load_device(struct connection *c, const char *id, struct store_device *d)
{
    enum status s = load_row(c, id, d);
    if (s == STATUS_OK)
        s = load_labels(c, d);
    if (s == STATUS_OK)
        s = load_perspectives(c, d);
    if (s == STATUS_OK)
        s = load_last_good(c, d);
    if (s != STATUS_OK)
        store_device_clear(d);
    return s;
}

enum status
store_get_device(struct store *s, const char *id, struct store_device *out)
{
    struct connection *c = NULL;
    *out = (struct store_device){0};
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    return store_end_read(s, c, load_device(c, id, out));
}

void
store_device_clear(struct store_device *d)
{
    free(d->name);
    free(d->labels);
    free(d->tpm_json);
    free(d->announcement_json);
    buffer_free(&d->ak_public);
    *d = (struct store_device){0};
}

/* ---- listing ---- */

static void
bind_filter(struct query *q, const struct store_device_filter *f, const char *labels)
{
    query_put_text(q, f->after ? f->after : "");
    query_put_text(q, f->state);
    query_put_text(q, f->verdict);
    query_put_int(q, f->attested_before_s);
    query_put_int(q, f->attested_since_s);
    query_put_int(q, f->never_attested);
    query_put_text(q, labels);
    query_put_uint(q, f->limit + 1);
    query_put_int(q, f->now_s);
}

/* One row that cannot be read stops nobody else: it is told in the log and left out. */
static enum status
load_page(struct connection *c, struct query *q, size_t limit, struct store_device_list *out)
{
    while (query_next(q)) {
        if (out->n_items == limit) {
            out->more = true;
            break;
        }
        enum status s = load_device(c, query_get_text(q), &out->items[out->n_items]);
        if (s == STATUS_OK)
            out->n_items++;
        else if (s != STATUS_MALFORMED)
            return s;
    }
    return STATUS_OK;
}

static enum status
list_page(struct connection *c, const struct store_device_filter *f, struct store_device_list *out)
{
    CLEANUP(buffer_free) struct buffer labels = {0};
    enum status s = store_encode_labels(f->labels, f->n_labels, &labels);
    if (s != STATUS_OK)
        return s;
    out->items = calloc(f->limit, sizeof *out->items);
    if (!out->items)
        return STATUS_NOMEM;
    struct query q = query_of(c, list_devices);
    bind_filter(&q, f, (const char *)labels.data);
    s = load_page(c, &q, f->limit, out);
    enum status end = query_end(&q);
    return s == STATUS_OK ? end : s;
}

enum status
store_list_devices(struct store *s, const struct store_device_filter *f,
                   struct store_device_list *out)
{
    struct connection *c = NULL;
    *out = (struct store_device_list){0};
    if (f->limit == 0 || f->limit > LIMIT_PAGE)
        return STATUS_LIMIT;
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    status = store_end_read(s, c, list_page(c, f, out));
    if (status != STATUS_OK)
        store_device_list_clear(out);
    return status;
}

void
store_device_list_clear(struct store_device_list *l)
{
    for (size_t i = 0; i < l->n_items; i++)
        store_device_clear(&l->items[i]);
    free(l->items);
    *l = (struct store_device_list){0};
}

/* ---- the operator's word ---- */

enum status
store_put_labels(struct connection *c, const char *device, const struct label *labels, size_t n)
{
    if (n > LIMIT_LABELS)
        return STATUS_LIMIT;
    struct query q = query_of(c, remove_labels);
    query_put_text(&q, device);
    enum status s = query_run(&q, NULL);
    for (size_t i = 0; s == STATUS_OK && i < n; i++) {
        q = query_of(c, add_label);
        query_put_text(&q, device);
        query_put_text(&q, labels[i].key);
        query_put_text(&q, labels[i].value);
        s = query_run(&q, NULL);
    }
    return s;
}

enum status
store_load_owner(struct connection *c, const uint8_t ek_sha256[static DIGEST_SHA256_SIZE],
                 char id[static DEVICE_ID_SIZE])
{
    struct query q = query_of(c, get_owner);
    query_put_bytes(&q, bytes_of(ek_sha256, DIGEST_SHA256_SIZE));
    enum status s = query_first(&q);
    if (s != STATUS_OK)
        return s;
    query_get_into(&q, id, DEVICE_ID_SIZE);
    return query_end(&q);
}

static enum status
check_unknown(struct connection *c, const char *id, const uint8_t *ek_sha256)
{
    char owner[DEVICE_ID_SIZE];
    enum status s = store_load_owner(c, ek_sha256, owner);
    if (s != STATUS_NOT_FOUND)
        return s == STATUS_OK ? STATUS_CONFLICT : s;
    struct query q = query_of(c, get_state);
    query_put_text(&q, id);
    bool known = query_next(&q);
    s = query_end(&q);
    return s == STATUS_OK && known ? STATUS_CONFLICT : s;
}

static enum status
insert_expected(struct connection *c, const char *id, const uint8_t *ek_sha256, const char *name,
                int64_t now_s)
{
    uint8_t ueid[UEID_SIZE] = {0x01};
    memcpy(ueid + 1, ek_sha256, DIGEST_SHA256_SIZE);
    struct query q = query_of(c, add_expected);
    query_put_text(&q, id);
    query_put_bytes(&q, bytes_of(ueid, sizeof ueid));
    query_put_text(&q, life_cycle_name(LIFE_CYCLE_EXPECTED));
    query_put_text(&q, genuine_name(GENUINE_UNVERIFIED));
    query_put_text(&q, member_by_name(MEMBER_BY_LIST));
    query_put_text(&q, verdict_name(VERDICT_NONE));
    query_put_bytes(&q, bytes_of(ek_sha256, DIGEST_SHA256_SIZE));
    query_put_int(&q, now_s);
    query_put_text(&q, name);
    enum status s = query_run(&q, NULL);
    if (s != STATUS_OK)
        return s;
    q = query_of(c, add_ek);
    query_put_bytes(&q, bytes_of(ek_sha256, DIGEST_SHA256_SIZE));
    query_put_text(&q, id);
    query_put_int(&q, now_s);
    return query_run(&q, NULL);
}

static enum status
audit_expected(struct store *s, const struct store_actor *who, const char *id, const char *name)
{
    CLEANUP(buffer_free) struct buffer detail = {0};
    struct emit e = emit_of(&detail);
    emit_object(&e);
    emit_text_member(&e, "name", name);
    emit_end_object(&e);
    enum status status = emit_check(&e);
    return status == STATUS_OK ? store_add_audit(s, who, "device.expected", id, &detail) : status;
}

enum status
store_put_expected(struct store *s, const struct store_actor *who,
                   const uint8_t ek_sha256[static DIGEST_SHA256_SIZE], const char *name,
                   const struct label *labels, size_t n_labels)
{
    struct connection *c = NULL;
    char id[DEVICE_ID_SIZE];
    (void)text_hex(bytes_of(ek_sha256, (DEVICE_ID_SIZE - 1) / 2), id, sizeof id);
    enum status status = store_begin_write(s, &c);
    if (status != STATUS_OK)
        return status;
    status = check_unknown(c, id, ek_sha256);
    if (status == STATUS_OK)
        status = insert_expected(c, id, ek_sha256, name, who->now_s);
    if (status == STATUS_OK)
        status = store_put_labels(c, id, labels, n_labels);
    if (status == STATUS_OK)
        status = audit_expected(s, who, id, name);
    return store_end_write(s, status);
}

static enum status
check_version(struct connection *c, const struct store_device_change *change,
              enum life_cycle *state)
{
    struct query q = query_of(c, get_state);
    query_put_text(&q, change->id);
    enum status s = query_first(&q);
    if (s != STATUS_OK)
        return s;
    uint64_t version = query_get_uint(&q);
    if (!life_cycle_parse(query_get_text(&q), state))
        query_fail(&q);
    s = query_end(&q);
    return s == STATUS_OK && change->version != version ? STATUS_CONFLICT : s;
}

static enum status
update_device(struct connection *c, const struct store_device_change *change, int64_t now_s)
{
    struct query q = query_of(c, change_device);
    query_put_text(&q, change->id);
    query_put_text(&q, life_cycle_name(change->state));
    query_put_text(&q, member_by_name(change->member_by));
    query_put_text(&q, change->name);
    query_put_int(&q, now_s);
    enum status s = query_run(&q, NULL);
    if (s == STATUS_OK && change->n_labels != SIZE_MAX)
        s = store_put_labels(c, change->id, change->labels, change->n_labels);
    return s;
}

static enum status
tell_state(struct connection *c, const struct store_device_change *change, enum life_cycle was,
           int64_t now_s)
{
    if (was == change->state)
        return STATUS_OK;
    CLEANUP(buffer_free) struct buffer data = {0};
    struct emit e = emit_of(&data);
    emit_object(&e);
    emit_text_member(&e, "device", change->id);
    emit_text_member(&e, "state", life_cycle_name(change->state));
    emit_text_member(&e, "was", life_cycle_name(was));
    emit_end_object(&e);
    enum status s = emit_check(&e);
    return s == STATUS_OK ? store_add_event(c, now_s, "device.state", change->id, &data) : s;
}

static enum status
audit_change(struct store *s, const struct store_actor *who,
             const struct store_device_change *change, enum life_cycle was)
{
    CLEANUP(buffer_free) struct buffer detail = {0};
    struct emit e = emit_of(&detail);
    emit_object(&e);
    emit_text_member(&e, "state", life_cycle_name(change->state));
    emit_text_member(&e, "was", life_cycle_name(was));
    emit_text_member(&e, "member_by", member_by_name(change->member_by));
    if (change->name)
        emit_text_member(&e, "name", change->name);
    if (change->n_labels != SIZE_MAX) {
        emit_key(&e, "labels");
        emit_object(&e);
        for (size_t i = 0; i < change->n_labels; i++)
            emit_text_member(&e, change->labels[i].key, change->labels[i].value);
        emit_end_object(&e);
    }
    if (change->reason)
        emit_text_member(&e, "reason", change->reason);
    emit_end_object(&e);
    enum status status = emit_check(&e);
    return status == STATUS_OK ? store_add_audit(s, who, "device.change", change->id, &detail)
                               : status;
}

enum status
store_change_device(struct store *s, const struct store_actor *who,
                    const struct store_device_change *change)
{
    struct connection *c = NULL;
    enum life_cycle was = LIFE_CYCLE_EXPECTED;
    enum status status = store_begin_write(s, &c);
    if (status != STATUS_OK)
        return status;
    status = check_version(c, change, &was);
    if (status == STATUS_OK)
        status = update_device(c, change, who->now_s);
    if (status == STATUS_OK)
        status = tell_state(c, change, was, who->now_s);
    if (status == STATUS_OK)
        status = audit_change(s, who, change, was);
    return store_end_write(s, status);
}

enum status
store_find_ek(struct store *s, const uint8_t ek_sha256[static DIGEST_SHA256_SIZE],
              char id[static DEVICE_ID_SIZE])
{
    struct connection *c = NULL;
    id[0] = '\0';
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    return store_end_read(s, c, store_load_owner(c, ek_sha256, id));
}
