/* SPDX-License-Identifier: Apache-2.0 */
/* from: a round's values; to: JSON text; never: decides anything. */
#include "appraise/attestation.h"

#include "base/emit.h"
#include "evidence/reason_emit.h"

#include <stdio.h>

#define USUAL_SIZE 8192u /* so that the text does not grow step by step */

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
    if (p->trial)
        emit_bool_member(e, "trial", true);
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
            if (!value)
                continue;
            emit_uint_key(e, pcr);
            emit_hex(e, digest_bytes(value));
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
    if (buffer_reserve(out, USUAL_SIZE) != STATUS_OK)
        return STATUS_NOMEM;
    struct emit e = emit_of(out);
    emit_object(&e);
    emit_text_member(&e, "id", a->id);
    emit_text_member(&e, "device", a->subject->device_id);
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
    emit_text_member(&e, "genuine", genuine_name(a->subject->genuine));
    emit_text_member(&e, "member_by", member_by_name(a->subject->member_by));
    emit_pcrs(&e, a->quote);
    emit_end_object(&e);
    return emit_check(&e);
}
