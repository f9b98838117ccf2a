/* SPDX-License-Identifier: Apache-2.0 */
/*
 * from: appraised rounds; to: rows, all of one round's or none; never: overtakes another round of
 * the device. Each round is a member of its group: what happens to one is nothing to the others.
 */
#include "base/emit.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/perspectives.h"
#include "daemon/store_sqlite.h"

#include <string.h>

static const char get_device[] =
    "SELECT d.version, d.spent_ms, d.boot, b.ima_size, b.n_ima_segments"
    " FROM device d LEFT JOIN boot b ON b.id = d.boot AND b.device = d.id WHERE d.id = ?1";
static const char add_boot[] =
    "INSERT INTO boot (device, opened_s, reset_count, restart_count, boot_log, ima_size,"
    " n_ima_segments, state, pcrs, generation, last_generation, first_version, last_version)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12)";
static const char get_new_boot[] = "SELECT last_insert_rowid()";
/* Most rounds change nothing of their boot: a row that stays as it is costs no page. */
static const char continue_boot[] =
    "UPDATE boot SET reset_count = ?3, restart_count = ?4, boot_log = coalesce(?5, boot_log),"
    " ima_size = ima_size + ?6, n_ima_segments = n_ima_segments + ?7, state = ?8, pcrs = ?9,"
    " generation = iif(?10 = '', generation, ?10),"
    " last_generation = iif(?11 = '', last_generation, ?11) WHERE device = ?1 AND id = ?2"
    " AND (reset_count <> ?3 OR restart_count <> ?4 OR boot_log IS NOT coalesce(?5, boot_log)"
    " OR ?7 <> 0 OR state <> ?8 OR pcrs IS NOT ?9 OR generation <> iif(?10 = '', generation, ?10)"
    " OR last_generation <> iif(?11 = '', last_generation, ?11))";
static const char end_boot[] = "UPDATE boot SET last_version = ?2 WHERE id = ?1";
static const char add_ima_segment[] =
    "INSERT INTO ima_segment (boot, position, sha256) VALUES (?1, ?2, ?3)";
static const char add_boot_segment[] =
    "INSERT INTO boot_segment (boot, sha256) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
static const char add_attestation[] =
    "INSERT INTO attestation (id, device, version, time_s, evidence_s, expires_s, verdict, boot,"
    " boot_log, ima_size, userspace_log, result, evidence_size, evidence, texts_size, texts,"
    " dictionary, ak_serial, ima_rest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, '',"
    " ?12, ?13, ?14, ?15, ?16, ?17, ?18)";
static const char update_device[] =
    "UPDATE device SET version = version + 1, spent_ms = ?3, attested_s = ?4, verdict = ?5,"
    " boot = ?6, clock_ms = ?7, reset_count = ?8, restart_count = ?9, safe = ?10,"
    " firmware_version = ?11, announcement = ?12 WHERE id = ?1 AND version = ?2";
static const char put_last_good[] =
    "INSERT INTO last_good (device, pcrs) VALUES (?1, ?2)"
    " ON CONFLICT (device) DO UPDATE SET pcrs = excluded.pcrs WHERE pcrs <> excluded.pcrs";
static const char get_boot[] =
    "SELECT boot_log, ima_size, reset_count, restart_count, state, pcrs, opened_s, generation,"
    " last_generation FROM boot WHERE id = ?1";

/* One round on its way in. */
struct member {
    const struct store_round *round;
    struct segment boot_log, ima, ima_rest, userspace_log;
    enum verdict verdict;    /* the worst that counts */
    uint64_t boot;           /* this round's */
    uint64_t boot_before;    /* the device's until now; 0: none */
    uint64_t ima_size;       /* of the boot's list, with this round's segment */
    uint64_t n_ima_segments; /* before this round's */
    struct buffer state;
    struct buffer pcrs; /* as store_parse_pcrs() reads them; empty: none that carry trust */
    struct framed frames;
    uint64_t new_dictionary; /* made of this round; 0: none was */
};

static void
free_member(struct member *m)
{
    store_free_segment(&m->boot_log);
    store_free_segment(&m->ima);
    store_free_segment(&m->ima_rest);
    store_free_segment(&m->userspace_log);
    buffer_free(&m->state);
    buffer_free(&m->pcrs);
    store_free_frames(&m->frames);
}

static enum status
encode_pcrs(const struct subject_pcrs *pcrs, struct buffer *out)
{
    if (pcrs->alg == 0)
        return STATUS_OK;
    buffer_append_be16(out, pcrs->alg);
    buffer_append_be32(out, pcrs->present);
    for (uint32_t i = 0; i < LIMIT_PCRS; i++) {
        if ((pcrs->present & (1u << i)) != 0)
            buffer_append(out, digest_bytes(&pcrs->pcr[i]));
    }
    return buffer_check(out);
}

/* What can be done before the transaction: hash, compress, encode. */
static enum status
prepare_member(struct store *store, struct connection *c, const struct store_round *round,
               struct member *m)
{
    if (!round->appraisal_json || !round->inputs_json || !round->result)
        return STATUS_INVALID;
    m->round = round;
    m->verdict = perspectives_judged(round->perspectives, round->n_perspectives);
    enum status s = store_make_segment(c, round->boot_log, &m->boot_log);
    if (s == STATUS_OK)
        s = store_make_segment(c, round->ima_segment, &m->ima);
    if (s == STATUS_OK)
        s = store_make_segment(c, round->ima_rest, &m->ima_rest);
    if (s == STATUS_OK)
        s = store_make_segment(c, round->userspace_log, &m->userspace_log);
    if (s == STATUS_OK)
        s = replay_state_encode(&round->state, &m->state);
    if (s == STATUS_OK)
        s = encode_pcrs(&round->pcrs, &m->pcrs);
    if (s == STATUS_OK)
        s = store_make_frames(store, c->compress, round, &m->frames);
    if (s != STATUS_OK)
        return s;
    bool named =
        !m->boot_log.present ||
        (round->boot_log_present &&
         digest_bytes_equal(bytes_of(m->boot_log.sha256, sizeof m->boot_log.sha256),
                            bytes_of(round->boot_log_sha256, sizeof round->boot_log_sha256)));
    if (!named || round->n_perspectives > LIMIT_PERSPECTIVES)
        return STATUS_INVALID;
    return STATUS_OK;
}

/* The challenge first: a spent one is never a conflict, whatever else changed. [protocol 3] */
static enum status
check_device(struct connection *c, struct member *m)
{
    const struct store_round *r = m->round;
    struct query q = query_of(c, get_device);
    query_put_text(&q, r->device);
    enum status s = query_first(&q);
    if (s != STATUS_OK)
        return s;
    uint64_t version = query_get_uint(&q);
    int64_t spent_ms = query_get_int(&q);
    m->boot_before = query_get_uint(&q);
    bool continues = !query_is_null(&q) && !r->new_boot && r->boot == m->boot_before;
    uint64_t ima_size = query_get_uint(&q);
    uint64_t n_ima_segments = query_get_uint(&q);
    s = query_end(&q);
    if (s != STATUS_OK)
        return s;
    if (r->spent_ms <= spent_ms)
        return STATUS_STALE;
    if (r->version != version || !(r->new_boot || continues))
        return STATUS_CONFLICT;
    m->ima_size = (continues ? ima_size : 0) + m->ima.size;
    m->n_ima_segments = continues ? n_ima_segments : 0;
    return STATUS_OK;
}

static void
put_digest(struct query *q, bool present, const uint8_t *sha256)
{
    if (present)
        query_put_bytes(q, bytes_of(sha256, DIGEST_SHA256_SIZE));
    else
        query_put_null(q);
}

/* Logs sent whole are held from now on; one sent by reference must be. */
static enum status
put_logs(struct connection *c, const struct member *m)
{
    const struct store_round *r = m->round;
    enum status s = store_add_segment(c, &m->boot_log);
    if (s == STATUS_OK)
        s = store_add_segment(c, &m->ima);
    if (s == STATUS_OK)
        s = store_add_segment(c, &m->ima_rest);
    if (s == STATUS_OK)
        s = store_add_segment(c, &m->userspace_log);
    if (s == STATUS_OK && m->userspace_log.present)
        s = store_hold_log(c, r->device, m->userspace_log.sha256);
    if (s != STATUS_OK || !r->boot_log_present)
        return s;
    if (m->boot_log.present)
        return store_hold_log(c, r->device, r->boot_log_sha256);
    s = store_find_log(c, r->device, r->boot_log_sha256);
    return s == STATUS_NOT_FOUND ? STATUS_CONFLICT : s;
}

static enum status
add_segment(struct connection *c, const struct member *m)
{
    if (!m->ima.present)
        return STATUS_OK;
    struct query q = query_of(c, add_ima_segment);
    query_put_uint(&q, m->boot);
    query_put_uint(&q, m->n_ima_segments);
    query_put_bytes(&q, bytes_of(m->ima.sha256, sizeof m->ima.sha256));
    return query_run(&q, NULL);
}

/* The device's boot until now ended with the round before this one. */
static enum status
end_boot_before(struct connection *c, const struct member *m)
{
    if (m->boot_before == 0)
        return STATUS_OK;
    struct query q = query_of(c, end_boot);
    query_put_uint(&q, m->boot_before);
    query_put_uint(&q, m->round->version);
    return query_run(&q, NULL);
}

static enum status
name_boot(struct connection *c, struct member *m)
{
    struct query q = query_of(c, get_new_boot);
    enum status s = query_first(&q);
    m->boot = query_get_uint(&q);
    return s == STATUS_OK ? query_end(&q) : s;
}

static enum status
put_boot(struct connection *c, struct member *m)
{
    const struct store_round *r = m->round;
    enum status s = r->new_boot ? end_boot_before(c, m) : STATUS_OK;
    if (s != STATUS_OK)
        return s;
    m->boot = r->boot;
    struct query q = query_of(c, r->new_boot ? add_boot : continue_boot);
    query_put_text(&q, r->device);
    query_put_int(&q, r->new_boot ? r->time_s : (int64_t)r->boot);
    query_put_uint(&q, r->counters.reset_count);
    query_put_uint(&q, r->counters.restart_count);
    put_digest(&q, r->boot_log_present, r->boot_log_sha256);
    query_put_uint(&q, m->ima.size);
    query_put_int(&q, m->ima.present);
    query_put_bytes(&q, buffer_bytes(&m->state));
    if (m->pcrs.size > 0)
        query_put_bytes(&q, buffer_bytes(&m->pcrs));
    else
        query_put_null(&q);
    query_put_text(&q, r->generation);
    query_put_text(&q, r->last_generation);
    if (r->new_boot)
        query_put_uint(&q, r->version + 1);
    s = query_run(&q, NULL);
    if (s == STATUS_OK && r->new_boot)
        s = name_boot(c, m);
    return s == STATUS_OK ? add_segment(c, m) : s;
}

/* So that retention knows what nobody names any more. */
static enum status
name_segment(struct connection *c, const struct member *m, bool named, const uint8_t *sha256)
{
    if (!named)
        return STATUS_OK;
    struct query q = query_of(c, add_boot_segment);
    query_put_uint(&q, m->boot);
    query_put_bytes(&q, bytes_of(sha256, DIGEST_SHA256_SIZE));
    return query_run(&q, NULL);
}

static enum status
name_segments(struct connection *c, const struct member *m)
{
    const struct store_round *r = m->round;
    enum status s = name_segment(c, m, r->boot_log_present, r->boot_log_sha256);
    if (s == STATUS_OK)
        s = name_segment(c, m, m->userspace_log.present, m->userspace_log.sha256);
    if (s == STATUS_OK)
        s = name_segment(c, m, m->ima_rest.present, m->ima_rest.sha256);
    return s;
}

static enum status
put_attestation(struct connection *c, const struct member *m)
{
    const struct store_round *r = m->round;
    struct query q = query_of(c, add_attestation);
    query_put_text(&q, r->attestation);
    query_put_text(&q, r->device);
    query_put_uint(&q, r->version + 1);
    query_put_int(&q, r->time_s);
    query_put_int(&q, r->evidence_s);
    query_put_int(&q, r->expires_s);
    query_put_text(&q, verdict_name(m->verdict));
    query_put_uint(&q, m->boot);
    put_digest(&q, r->boot_log_present, r->boot_log_sha256);
    query_put_uint(&q, m->ima_size);
    put_digest(&q, m->userspace_log.present, m->userspace_log.sha256);
    query_put_uint(&q, m->frames.evidence_size);
    query_put_bytes(&q, buffer_bytes(&m->frames.evidence));
    query_put_uint(&q, m->frames.texts_size);
    query_put_bytes(&q, buffer_bytes(&m->frames.texts));
    if (m->frames.dictionary != 0)
        query_put_uint(&q, m->frames.dictionary);
    else
        query_put_null(&q);
    query_put_uint(&q, r->ak_serial);
    put_digest(&q, m->ima_rest.present, m->ima_rest.sha256);
    return query_run(&q, NULL);
}

static enum status
put_device(struct connection *c, const struct member *m)
{
    const struct store_round *r = m->round;
    size_t n_changed = 0;
    struct query q = query_of(c, update_device);
    query_put_text(&q, r->device);
    query_put_uint(&q, r->version);
    query_put_int(&q, r->spent_ms);
    query_put_int(&q, r->time_s);
    query_put_text(&q, verdict_name(m->verdict));
    query_put_uint(&q, m->boot);
    query_put_uint(&q, r->counters.clock_ms);
    query_put_uint(&q, r->counters.reset_count);
    query_put_uint(&q, r->counters.restart_count);
    query_put_int(&q, r->counters.safe);
    query_put_uint(&q, r->counters.firmware_version);
    query_put_text(&q, r->announcement_json);
    enum status s = query_run(&q, &n_changed);
    return s == STATUS_OK && n_changed != 1 ? STATUS_CONFLICT : s;
}

static enum status
put_good(struct connection *c, const struct member *m)
{
    if (!m->round->good)
        return STATUS_OK;
    if (m->pcrs.size == 0)
        return STATUS_INVALID;
    struct query q = query_of(c, put_last_good);
    query_put_text(&q, m->round->device);
    query_put_bytes(&q, buffer_bytes(&m->pcrs));
    return query_run(&q, NULL);
}

static enum status
audit_round(struct store *s, const struct member *m)
{
    const struct store_round *r = m->round;
    CLEANUP(buffer_free) struct buffer detail = {0};
    char name[sizeof "device:" + DEVICE_ID_SIZE];
    uint8_t result[DIGEST_SHA256_SIZE];
    enum status status = digest_sha256(s->writer.hasher, bytes_of_text(r->result), result);
    if (status != STATUS_OK)
        return status;
    (void)snprintf(name, sizeof name, "device:%s", r->device);
    struct emit e = emit_of(&detail);
    emit_object(&e);
    emit_text_member(&e, "attestation", r->attestation);
    emit_text_member(&e, "verdict", verdict_name(m->verdict));
    emit_hex_member(&e, "result_sha256", bytes_of(result, sizeof result));
    emit_end_object(&e);
    status = emit_check(&e);
    struct store_actor who = {.name = name, .now_s = r->time_s};
    return status == STATUS_OK ? store_add_audit(s, &who, "device.attested", r->device, &detail)
                               : status;
}

static enum status
put_member(struct store *s, struct member *m)
{
    struct connection *c = &s->writer;
    enum status status = check_device(c, m);
    if (status == STATUS_OK)
        status = put_logs(c, m);
    if (status == STATUS_OK)
        status = put_boot(c, m);
    if (status == STATUS_OK)
        status = name_segments(c, m);
    if (status == STATUS_OK)
        status = put_attestation(c, m);
    if (status == STATUS_OK)
        status = put_device(c, m);
    if (status == STATUS_OK)
        status = store_put_perspectives(c, m->round);
    if (status == STATUS_OK)
        status = put_good(c, m);
    if (status == STATUS_OK)
        status = audit_round(s, m);
    if (status == STATUS_OK && m->frames.made)
        status = store_add_dictionary(c, m->round->time_s, buffer_bytes(&m->frames.sample),
                                      &m->new_dictionary);
    return status;
}

static enum status
prepare_group(struct store *s, const struct store_round *const *rounds, size_t n,
              struct member *members, enum status *results)
{
    struct connection *c = NULL;
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < n; i++)
        results[i] = prepare_member(s, c, rounds[i], &members[i]);
    return store_end_read(s, c, STATUS_OK);
}

/* All in one piece, the usual case: parts that can be undone by themselves cost a copy of each
 * page. *member_failed: one was refused, and nothing was written. */
static enum status
put_together(struct store *s, struct member *members, size_t n, const enum status *prepared,
             bool *member_failed)
{
    struct connection *c = NULL;
    enum status status = store_begin_write(s, &c);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; status == STATUS_OK && i < n; i++) {
        if (prepared[i] == STATUS_OK)
            status = put_member(s, &members[i]);
    }
    *member_failed = status != STATUS_OK;
    return store_end_write(s, status);
}

static enum status
put_apart(struct store *s, struct member *members, size_t n, enum status *results)
{
    struct connection *c = NULL;
    enum status status = store_begin_write(s, &c);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; status == STATUS_OK && i < n; i++) {
        if (results[i] != STATUS_OK)
            continue;
        status = store_begin_member(s);
        if (status != STATUS_OK)
            break;
        results[i] = put_member(s, &members[i]);
        status = store_end_member(s, results[i]);
    }
    return store_end_write(s, status);
}

static enum status
put_group(struct store *s, struct member *members, size_t n, enum status *results)
{
    bool member_failed = false;
    enum status status = put_together(s, members, n, results, &member_failed);
    if (!member_failed)
        return status;
    if (n > 1)
        return put_apart(s, members, n, results);
    results[0] = status;
    return STATUS_OK;
}

/* What a caller may hear of one round; the rest is ours. */
static enum status
fold(enum status status)
{
    bool told = status == STATUS_OK || status == STATUS_CONFLICT || status == STATUS_STALE ||
                status == STATUS_NOT_FOUND || status == STATUS_LIMIT || status == STATUS_NOMEM;
    return told ? status : STATUS_STORE;
}

enum status
store_put_rounds(struct store *s, const struct store_round *const *rounds, size_t n,
                 enum status *results)
{
    for (size_t i = 0; i < n; i++)
        results[i] = STATUS_STORE;
    struct member *members = calloc(n + 1, sizeof *members);
    if (!members)
        return STATUS_NOMEM;
    enum status status = prepare_group(s, rounds, n, members, results);
    if (status == STATUS_OK)
        status = put_group(s, members, n, results);
    for (size_t i = 0; i < n; i++) {
        results[i] = status == STATUS_OK ? fold(results[i]) : status;
        if (results[i] == STATUS_OK && members[i].frames.made)
            store_use_dictionary(s, members[i].new_dictionary, &members[i].frames);
        free_member(&members[i]);
    }
    free(members);
    return status;
}

enum status
store_get_boot(struct store *s, uint64_t boot, struct store_boot *out)
{
    struct connection *c = NULL;
    *out = (struct store_boot){0};
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    struct query q = query_of(c, get_boot);
    query_put_uint(&q, boot);
    status = query_first(&q);
    if (status == STATUS_OK) {
        out->boot_log_present = !query_is_null(&q);
        if (out->boot_log_present)
            query_get_exactly(&q, out->boot_log_sha256, sizeof out->boot_log_sha256);
        else
            (void)query_get_bytes(&q);
        out->ima_size = query_get_uint(&q);
        out->reset_count = (uint32_t)query_get_uint(&q);
        out->restart_count = (uint32_t)query_get_uint(&q);
        if (replay_state_parse(query_get_bytes(&q), &out->state, NULL) != STATUS_OK)
            query_fail(&q);
        bool has_pcrs = !query_is_null(&q);
        struct bytes pcrs = query_get_bytes(&q);
        if (has_pcrs && !store_parse_pcrs(pcrs, &out->pcrs))
            query_fail(&q);
        out->opened_s = query_get_int(&q);
        query_get_into(&q, out->generation, sizeof out->generation);
        query_get_into(&q, out->last_generation, sizeof out->last_generation);
        status = query_end(&q);
        out->id = status == STATUS_OK ? boot : 0;
    }
    return store_end_read(s, c, status);
}
