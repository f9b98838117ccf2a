/* SPDX-License-Identifier: Apache-2.0 */
/* from: a round's values; to: JSON text; never: decides anything. */
#include "daemon/attestation.h"

#include "base/cleanup.h"
#include "base/emit.h"
#include "base/text.h"
#include "evidence/dcbor.h"
#include "evidence/reason_emit.h"

static void
emit_documents(struct emit *e, const char *name, const struct document_info *const *infos, size_t n)
{
    emit_key(e, name);
    emit_array(e);
    for (size_t i = 0; i < n; i++) {
        emit_object(e);
        emit_text_member(e, "id", infos[i]->id);
        emit_uint_member(e, "version", infos[i]->version);
        emit_hex_member(e, "sha256", digest_bytes(&infos[i]->sha256));
        emit_end_object(e);
    }
    emit_end_array(e);
}

static void
emit_vector(struct emit *e, const struct vector *v)
{
    emit_key(e, "vector");
    emit_object(e);
    for (unsigned c = 0; c < VECTOR_COUNT; c++) {
        if (v->claim[c] != 0)
            emit_int_member(e, vector_claim_name((enum vector_claim)c), v->claim[c]);
    }
    emit_end_object(e);
}

static void
emit_perspective(struct emit *e, const struct appraisal_perspective *p)
{
    emit_object(e);
    emit_text_member(e, "name", p->name);
    emit_text_member(e, "verdict", verdict_name(p->verdict));
    emit_vector(e, &p->vector);
    emit_key(e, "reasons");
    reasons_emit(e, &p->reasons, REASON_KIND_REASON);
    emit_documents(e, "policies", p->policies, p->n_policies);
    emit_documents(e, "references", p->references, p->n_references);
    emit_end_object(e);
}

static void
emit_counters(struct emit *e, const struct quote_counters *c)
{
    emit_key(e, "counters");
    emit_object(e);
    emit_uint_member(e, "clock_ms", c->clock_ms);
    emit_uint_member(e, "reset_count", c->reset_count);
    emit_uint_member(e, "restart_count", c->restart_count);
    emit_bool_member(e, "safe", c->safe);
    emit_key(e, "firmware_version");
    char text[17];
    (void)snprintf(text, sizeof text, "%016llx", (unsigned long long)c->firmware_version);
    emit_text(e, text);
    emit_end_object(e);
}

static void
emit_pcrs(struct emit *e, const struct quote *q)
{
    const struct selection *sel = quote_selection(q);
    emit_key(e, "pcrs");
    emit_object(e);
    for (size_t b = 0; b < sel->n_banks; b++) {
        emit_key(e, alg_name(sel->banks[b].alg));
        emit_object(e);
        for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
            const struct digest *value = quote_pcr(q, sel->banks[b].alg, pcr);
            char name[4];
            (void)snprintf(name, sizeof name, "%u", pcr);
            if (value)
                emit_hex_member(e, name, digest_bytes(value));
        }
        emit_end_object(e);
    }
    emit_end_object(e);
}

static void
emit_boot_facts(struct emit *e, const struct appraisal *a)
{
    int secure_boot = appraisal_secure_boot(a);
    emit_key(e, "secure_boot");
    if (secure_boot < 0)
        emit_null(e);
    else
        emit_bool(e, secure_boot == 1);
    const char *line = appraisal_command_line(a);
    emit_text_member(e, "command_line", line && line[0] != '\0' ? line : NULL);
}

enum status
attestation_encode(const struct attestation *a, struct buffer *out)
{
    struct emit e = emit_of(out);
    emit_object(&e);
    emit_text_member(&e, "id", a->id);
    emit_text_member(&e, "device", a->device->id);
    emit_time_member(&e, "time", a->now_s);
    emit_time_member(&e, "evidence_time", appraisal_evidence_s(a->appraisal));
    emit_time_member(&e, "expires", appraisal_expires_s(a->appraisal));
    emit_text_member(&e, "verdict", verdict_name(appraisal_verdict(a->appraisal)));
    emit_key(&e, "perspectives");
    emit_array(&e);
    for (size_t i = 0; i < appraisal_n_perspectives(a->appraisal); i++)
        emit_perspective(&e, appraisal_perspective(a->appraisal, i));
    emit_end_array(&e);
    emit_key(&e, "facts");
    reasons_emit(&e, appraisal_facts(a->appraisal), REASON_KIND_FACT);
    emit_boot_facts(&e, a->appraisal);
    emit_counters(&e, quote_counters(a->quote));
    emit_text_member(&e, "exporter", quote_exporter_bound(a->quote) ? "bound" : "off");
    emit_text_member(&e, "genuine", genuine_name(a->device->genuine));
    emit_text_member(&e, "member_by", member_by_name(a->device->member_by));
    emit_pcrs(&e, a->quote);
    emit_end_object(&e);
    return emit_check(&e);
}

static void
emit_labels(struct emit *e, const struct store_device *d)
{
    emit_key(e, "labels");
    emit_object(e);
    for (size_t i = 0; i < d->n_labels; i++)
        emit_text_member(e, d->labels[i].key, d->labels[i].value);
    emit_end_object(e);
}

static void
emit_ledger_before(struct emit *e, const struct subject_counters *c)
{
    emit_key(e, "ledger_before");
    if (!c->present) {
        emit_null(e);
        return;
    }
    emit_object(e);
    emit_uint_member(e, "clock_ms", c->clock_ms);
    emit_uint_member(e, "reset_count", c->reset_count);
    emit_uint_member(e, "restart_count", c->restart_count);
    emit_bool_member(e, "safe", c->safe);
    emit_uint_member(e, "firmware_version", c->firmware_version);
    emit_end_object(e);
}

static enum status
emit_state_before(struct emit *e, const struct replay_state *state)
{
    CLEANUP(buffer_free) struct buffer cbor = {0};
    enum status s = replay_state_encode(state, &cbor);
    emit_base64url_member(e, "replay_state_before", buffer_bytes(&cbor));
    return s;
}

static void
emit_last_good(struct emit *e, const struct store_device *d)
{
    emit_key(e, "last_good");
    if (!d->last_good_present) {
        emit_null(e);
        return;
    }
    emit_object(e);
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        char name[4];
        (void)snprintf(name, sizeof name, "%u", pcr);
        if (d->last_good.present & (1u << pcr))
            emit_hex_member(e, name, digest_bytes(&d->last_good.pcr[pcr]));
    }
    emit_end_object(e);
}

enum status
attestation_encode_inputs(const struct attestation *a, struct buffer *out)
{
    struct emit e = emit_of(out);
    emit_object(&e);
    emit_text_member(&e, "program", "attestd " ATTESTD_VERSION);
    emit_int_member(&e, "now", a->now_s);
    emit_uint_member(&e, "documents_generation", documents_generation(a->documents));
    emit_hex_member(&e, "documents_digest", digest_bytes(documents_digest(a->documents)));
    emit_key(&e, "documents");
    emit_array(&e);
    for (size_t i = 0; i < documents_count(a->documents); i++) {
        const struct document_info *info = documents_info(a->documents, i);
        emit_object(&e);
        emit_text_member(&e, "type", document_kind_name(info->kind));
        emit_text_member(&e, "id", info->id);
        emit_uint_member(&e, "version", info->version);
        emit_hex_member(&e, "sha256", digest_bytes(&info->sha256));
        emit_end_object(&e);
    }
    emit_end_array(&e);
    emit_labels(&e, a->device);
    emit_text_member(&e, "state", life_cycle_name(a->device->state));
    emit_text_member(&e, "genuine", genuine_name(a->device->genuine));
    emit_text_member(&e, "member_by", member_by_name(a->device->member_by));
    emit_uint_member(&e, "device_version", a->device->version);
    emit_hex_member(&e, "ak_name", quote_ak_name(a->quote));
    emit_uint_member(&e, "ak_serial", a->device->ak_serial);
    emit_int_member(&e, "spent_before_ms", a->device->spent_ms);
    emit_uint_member(&e, "boot", a->boot);
    emit_ledger_before(&e, &a->device->counters);
    enum status s = emit_state_before(&e, a->state_before);
    emit_last_good(&e, a->device);
    emit_end_object(&e);
    return s == STATUS_OK ? emit_check(&e) : s;
}

static size_t
count_bank(const struct selection_bank *bank)
{
    size_t n = 0;
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++)
        n += (bank->mask >> pcr) & 1u;
    return n;
}

enum status
attestation_encode_pcrs(const struct quote *quote, struct buffer *out)
{
    const struct selection *sel = quote_selection(quote);
    dcbor_put_map(out, sel->n_banks);
    for (size_t b = 0; b < sel->n_banks; b++) {
        dcbor_put_uint(out, sel->banks[b].alg);
        dcbor_put_map(out, count_bank(&sel->banks[b]));
        for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
            const struct digest *value = quote_pcr(quote, sel->banks[b].alg, pcr);
            if (!value)
                continue;
            dcbor_put_uint(out, pcr);
            dcbor_put_bytes(out, digest_bytes(value));
        }
    }
    return buffer_check(out);
}
