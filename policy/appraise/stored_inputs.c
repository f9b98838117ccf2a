/* SPDX-License-Identifier: Apache-2.0 */
/* from: the inputs of a verdict; to: JSON text; never: leaves one out. */
#include "appraise/stored_inputs.h"

#include "base/cleanup.h"
#include "base/emit.h"
#include "evidence/reason_emit.h"

#include <inttypes.h>
#include <stdio.h>

#define USUAL_SIZE 4096u /* so that the text does not grow step by step */

static void
emit_documents(struct emit *e, const struct documents *d)
{
    emit_uint_member(e, "documents_generation", documents_generation(d));
    emit_hex_member(e, "documents_digest", digest_bytes(documents_digest(d)));
    emit_key(e, "documents");
    emit_array(e);
    for (size_t i = 0; i < documents_count(d); i++) {
        const struct document_info *info = documents_info(d, i);
        emit_object(e);
        emit_text_member(e, "type", document_kind_name(info->kind));
        emit_text_member(e, "id", info->id);
        emit_uint_member(e, "version", info->version);
        emit_hex_member(e, "sha256", digest_bytes(&info->sha256));
        emit_end_object(e);
    }
    emit_end_array(e);
}

/* All 64 bits, which a JSON number may not keep. */
static void
emit_word(struct emit *e, const char *name, uint64_t value)
{
    char text[17];
    (void)snprintf(text, sizeof text, "%016llx", (unsigned long long)value);
    emit_text_member(e, name, text);
}

static void
emit_ledger(struct emit *e, const struct subject_counters *c)
{
    emit_key(e, "ledger_before");
    if (!c->present) {
        emit_null(e);
        return;
    }
    emit_object(e);
    emit_word(e, "clock_ms", c->clock_ms);
    emit_uint_member(e, "reset_count", c->reset_count);
    emit_uint_member(e, "restart_count", c->restart_count);
    emit_bool_member(e, "safe", c->safe);
    emit_word(e, "firmware_version", c->firmware_version);
    emit_end_object(e);
}

static void
emit_last_good(struct emit *e, const struct subject_pcrs *good)
{
    emit_key(e, "last_good");
    if (!good || good->alg == 0) {
        emit_null(e);
        return;
    }
    emit_object(e);
    emit_key(e, alg_name(good->alg));
    emit_object(e);
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        if (!(good->present & (1u << pcr)))
            continue;
        emit_uint_key(e, pcr);
        emit_hex(e, digest_bytes(&good->pcr[pcr]));
    }
    emit_end_object(e);
    emit_end_object(e);
}

static void
emit_certificate(struct emit *e, const struct subject_tpm *tpm)
{
    char manufacturer[9];
    emit_key(e, "tpm_certificate");
    if (!tpm->certified) {
        emit_null(e);
        return;
    }
    (void)snprintf(manufacturer, sizeof manufacturer, "%08" PRIx32, tpm->manufacturer);
    emit_object(e);
    emit_text_member(e, "kind", tpm_kind_name(tpm->kind));
    emit_text_member(e, "manufacturer", manufacturer);
    emit_text_member(e, "model", tpm->model);
    emit_end_object(e);
}

static void
emit_subject(struct emit *e, const struct subject *s)
{
    emit_text_member(e, "device", s->device_id);
    emit_text_member(e, "name", s->name);
    emit_key(e, "labels");
    emit_object(e);
    for (size_t i = 0; i < s->n_labels; i++)
        emit_text_member(e, s->labels[i].key, s->labels[i].value);
    emit_end_object(e);
    emit_text_member(e, "state", life_cycle_name(s->state));
    emit_text_member(e, "genuine", genuine_name(s->genuine));
    emit_certificate(e, &s->tpm);
    emit_text_member(e, "member_by", member_by_name(s->member_by));
    emit_bool_member(e, "continues_boot", s->continues_boot);
    emit_int_member(e, "boot_since", s->boot_since_s);
    emit_text_member(e, "last_generation", s->last_generation);
    emit_ledger(e, &s->last);
    emit_last_good(e, s->last_good);
}

static enum status
emit_logs(struct emit *e, const struct stored_inputs *in)
{
    CLEANUP(buffer_free) struct buffer state = {0};
    enum status s = replay_state_encode(&in->state, &state);
    emit_base64url_member(e, "replay_state_before", buffer_bytes(&state));
    emit_key(e, "logs");
    emit_object(e);
    emit_bool_member(e, "boot", in->boot_log_present);
    emit_bool_member(e, "ima", in->ima_present);
    emit_bool_member(e, "userspace", in->userspace_present);
    emit_bool_member(e, "userspace_incomplete", in->userspace_incomplete);
    emit_bool_member(e, "ima_starts_over", in->ima_starts_over);
    emit_uint_member(e, "ima_bytes_before", in->ima_older_size);
    emit_end_object(e);
    return s;
}

static void
emit_tpm(struct emit *e, const struct stored_inputs *in)
{
    emit_hex_member(e, "ek_trust", in->ek_trust);
    emit_key(e, "tpm");
    emit_array(e);
    for (size_t i = 0; i < in->tpm.n_items; i++)
        reason_emit(e, &in->tpm.items[i]);
    emit_end_array(e);
}

enum status
stored_inputs_encode(const struct stored_inputs *in, struct buffer *out)
{
    if (buffer_reserve(out, USUAL_SIZE) != STATUS_OK)
        return STATUS_NOMEM;
    struct emit e = emit_of(out);
    emit_object(&e);
    emit_text_member(&e, "program", in->program);
    emit_uint_member(&e, "quirk_table", in->quirk_table);
    emit_int_member(&e, "now", in->now_s);
    emit_documents(&e, in->documents);
    emit_subject(&e, &in->subject);
    emit_key(&e, "announcement");
    announcement_emit(&e, in->announcement);
    emit_uint_member(&e, "device_version", in->device_version);
    emit_hex_member(&e, "ak_name", in->ak_name);
    emit_uint_member(&e, "ak_serial", in->ak_serial);
    emit_int_member(&e, "spent_before_ms", in->spent_before_ms);
    emit_uint_member(&e, "boot", in->boot);
    emit_base64url_member(&e, "challenge", in->challenge);
    emit_text_member(&e, "origin", in->origin);
    emit_key(&e, "exporter");
    if (in->exporter.size > 0)
        emit_hex(&e, in->exporter);
    else
        emit_null(&e);
    enum status s = emit_logs(&e, in);
    emit_tpm(&e, in);
    emit_end_object(&e);
    return s == STATUS_OK ? emit_check(&e) : s;
}

void
stored_inputs_clear(struct stored_inputs *in)
{
    reasons_free(&in->tpm);
    arena_free(&in->arena);
    *in = (struct stored_inputs){0};
}
