/* SPDX-License-Identifier: Apache-2.0 */
/*
 * from: a body over a verified freshness; to: an attempt, or a signed result that is committed;
 * never: parses, decides a verdict, or says anything about a device before struct quote exists.
 */
#include "daemon/attest.h"

#include "base/cleanup.h"
#include "base/emit.h"
#include "base/text.h"
#include "daemon/enroll.h"
#include "daemon/round.h"
#include "evidence/reason_emit.h"

#include <string.h>

#define MAX_TRIES  3
#define USUAL_SIZE 1024u /* of an answer but for its token */

static enum status
attempt(struct attest_answer *out, enum reason_code code)
{
    if (!reasons_find(&out->reasons, code))
        (void)reasons_add(&out->reasons, code);
    out->attempt = code;
    return STATUS_OK;
}

/* A stage found the evidence bad before a quote existed: its one reason names the attempt. */
static enum status
attempt_found(struct attest_answer *out)
{
    if (out->reasons.n_items == 0)
        return STATUS_INVALID;
    out->attempt = out->reasons.items[0].code;
    return STATUS_OK;
}

static enum reason_code
check_device(const struct store_device *d)
{
    bool attestable = d->state == LIFE_CYCLE_ENROLLED || d->state == LIFE_CYCLE_QUARANTINED;
    return attestable && d->ak_public.size > 0 ? REASON_NONE : REASON_DEVICE_NOT_ENROLLED;
}

static enum status
load_device(struct verifier *v, const char *id, struct round *round)
{
    enum status s = store_get_device(v->store, id, &round->device);
    if (s == STATUS_OK)
        enrollment_tpm_parse(round->device.tpm_json, &round->tpm_kept);
    return s;
}

/* The stages of one try, in the order of protocol 3. Sets out->attempt, or fills round up to its
 * token. */
static enum status
run_stages(struct verifier *v, struct hasher *h, const struct attest_request *request,
           struct round *round, struct attest_answer *out)
{
    enum status s = STATUS_OK;
    if (!round->remembered)
        s = load_device(v, request->device_id, round);
    round->device.n_perspectives = 0;
    if (s == STATUS_NOT_FOUND)
        return attempt(out, REASON_DEVICE_UNKNOWN);
    if (s != STATUS_OK)
        return s;
    if (check_device(&round->device) != REASON_NONE)
        return attempt(out, REASON_DEVICE_NOT_ENROLLED);
    round->documents = snapshot_get(v->snapshot);
    if (!selection_equal(freshness_selection(request->freshness),
                         documents_selection(round->documents)))
        return attempt(out, REASON_CHALLENGE_SUPERSEDED);
    s = round_quote(round, h, request, &out->reasons);
    if (s != STATUS_OK)
        return s;
    if (!round->quote)
        return attempt_found(out);
    if (freshness_challenge(request->freshness)->issued_ms <= round->device.spent_ms)
        return attempt(out, REASON_CHALLENGE_SPENT);
    s = round_resolve(round, v, h, request->now_ms / 1000, &out->reasons);
    if (s != STATUS_OK || out->reasons.n_items > 0)
        return s == STATUS_OK ? attempt_found(out) : s;
    s = round_replay(round, v, h, &out->reasons);
    if (s != STATUS_OK || out->reasons.n_items > 0)
        return s == STATUS_OK ? attempt_found(out) : s;
    enroll_describe_tpm(v->enroll, &round->tpm_kept, quote_counters(round->quote)->firmware_version,
                        &round->tpm, round->ek_trust);
    if (s == STATUS_OK)
        s = round_appraise(round, h, request->now_ms / 1000);
    if (s == STATUS_OK)
        s = round_announce(round, request);
    if (s == STATUS_OK)
        s = round_sign(round, request, keyring_current(v->keyring, KEY_ROLE_RESULT));
    return s;
}

static enum status
commit(struct verifier *v, struct hasher *h, struct round *round,
       const struct attest_request *request, struct attest_answer *out)
{
    struct store_round row = {0};
    enum status s = round_row(round, request, &row);
    enum status member = STATUS_STORE;
    if (s == STATUS_OK)
        s = writer_put(v->writer, &row, request->meanwhile, &member);
    if (s != STATUS_OK)
        return s;
    if (member == STATUS_STALE)
        return attempt(out, REASON_CHALLENGE_SPENT);
    if (member == STATUS_OK) {
        round_remember(round, v, h);
        round_memory_put(round, v->devices, &row);
    }
    return member;
}

static void
emit_perspectives(struct emit *e, const struct appraisal *a)
{
    emit_key(e, "perspectives");
    emit_array(e);
    for (size_t i = 0; i < appraisal_n_perspectives(a); i++) {
        const struct appraisal_perspective *p = appraisal_perspective(a, i);
        emit_object(e);
        emit_text_member(e, "name", p->name);
        emit_text_member(e, "verdict", verdict_name(p->verdict));
        emit_key(e, "reasons");
        reasons_emit(e, &p->reasons, REASON_KIND_REASON);
        emit_end_object(e);
    }
    emit_end_array(e);
}

static enum status
encode_answer(const struct round *round, struct attest_answer *out)
{
    const struct replay_state *after = replay_state_after(round->replay);
    if (buffer_reserve(&out->body, USUAL_SIZE + strlen(out->token)) != STATUS_OK)
        return STATUS_NOMEM;
    struct emit e = emit_of(&out->body);
    emit_object(&e);
    emit_text_member(&e, "attestation", out->attestation);
    emit_text_member(&e, "verdict", verdict_name(out->verdict));
    emit_perspectives(&e, round->appraisal);
    emit_text_member(&e, "result", out->token);
    emit_key(&e, "held");
    emit_object(&e);
    emit_uint_member(&e, "ima", after->n_entries - after->list_first);
    emit_key(&e, "boot_log");
    if (round->input.boot_log_present)
        emit_hex(&e, bytes_of(round->boot_log_sha256, sizeof round->boot_log_sha256));
    else
        emit_null(&e);
    emit_end_object(&e);
    emit_key(&e, "unattested");
    emit_object(&e);
    emit_uint_member(&e, "ima", replay_n_ima_unattested(round->replay));
    emit_end_object(&e);
    emit_key(&e, "announcement");
    announce_emit(&e, &round->announce);
    emit_time_member(&e, "expires", appraisal_expires_s(round->appraisal));
    emit_end_object(&e);
    return emit_check(&e);
}

/* The answer is complete before the commit, so that nothing can fail between it and the device. */
static enum status
prepare_answer(struct verifier *v, const struct round *round, const struct attest_request *request,
               struct attest_answer *out)
{
    CLEANUP(result_freep) struct result *other = NULL;
    const struct result *shown = round->result;
    if (request->dialect != RESULT_IETF) {
        struct result_request again = {.dialect = request->dialect,
                                       .now_s = request->now_ms / 1000};
        enum status s = result_reissue(result_token(round->result), &again,
                                       keyring_current(v->keyring, KEY_ROLE_RESULT), &other);
        if (s != STATUS_OK)
            return s;
        shown = other;
    }
    out->token = strdup(result_token(shown));
    out->verdict = appraisal_verdict(round->appraisal);
    if (!out->token || !text_copy(out->attestation, sizeof out->attestation, round->attestation))
        return STATUS_NOMEM;
    if (round->announce.refusals.n_items > 0)
        out->announcement_refused = round->announce.refusals.items[0].code;
    return encode_answer(round, out);
}

/* *remembered: on what the device's last round left in memory. */
static enum status
try_once(struct verifier *v, struct hasher *h, const struct attest_request *request,
         struct attest_answer *out, bool *remembered)
{
    CLEANUP(round_clear) struct round round = {0};
    attest_answer_clear(out);
    *remembered = *remembered && round_memory_take(&round, v->devices, request->device_id);
    enum status s = run_stages(v, h, request, &round, out);
    if (s == STATUS_OK && out->attempt == REASON_NONE)
        s = prepare_answer(v, &round, request, out);
    if (s == STATUS_OK && out->attempt == REASON_NONE)
        s = commit(v, h, &round, request, out);
    return s;
}

/* Only a commit, which the store makes conditional on the device's version, says that what was
 * remembered was still so: an attempt on it is asked of the store again. */
enum status
attest_round(struct verifier *v, struct hasher *h, const struct attest_request *request,
             struct attest_answer *out)
{
    bool remembered = true;
    enum status s = try_once(v, h, request, out, &remembered);
    bool again = remembered && s == STATUS_OK && out->attempt != REASON_NONE;
    for (int i = !remembered; i < MAX_TRIES && (again || s == STATUS_CONFLICT); i++) {
        again = false;
        remembered = false;
        s = try_once(v, h, request, out, &remembered);
    }
    if (s != STATUS_OK || out->attempt != REASON_NONE) {
        free(out->token);
        out->token = NULL;
        buffer_free(&out->body);
    }
    return s == STATUS_CONFLICT ? STATUS_BUSY : s;
}

void
attest_answer_clear(struct attest_answer *a)
{
    reasons_free(&a->reasons);
    buffer_free(&a->body);
    free(a->token);
    *a = (struct attest_answer){0};
}
