/* SPDX-License-Identifier: Apache-2.0 */
/* from: an appraisal; to: a signed token; never: decides a verdict, stores anything. */
#include "daemon/result.h"

#include "base/cleanup.h"
#include "base/emit.h"
#include "base/text.h"
#include "daemon/result_claims.h"
#include "daemon/result_names.h"
#include "evidence/reason_emit.h"

#include <string.h>

#define USUAL_SIZE 4096u /* of claims; so that they do not grow step by step */

#define DEVELOPER "https://attestd.example"
#define BUILD     "attestd " ATTESTD_VERSION

struct result {
    struct buffer token;
};

/* What no quote can show, told to every relying party. [threats 13, 21, 52] */
static const char *const not_known[] = {
    "whether the TPM sits in the machine that carried the evidence",
    "whether the TPM was reset by hardware means",
    "whether the root of measurement was replaced",
};

static void
emit_vector(struct emit *e, const char *name, const struct vector *v)
{
    emit_key(e, name);
    emit_object(e);
    for (unsigned c = 0; c < VECTOR_COUNT; c++) {
        if (v->claim[c] != 0)
            emit_int_member(e, vector_claim_name((enum vector_claim)c), v->claim[c]);
    }
    emit_end_object(e);
}

static bool
vector_is_empty(const struct vector *v)
{
    for (unsigned c = 0; c < VECTOR_COUNT; c++) {
        if (v->claim[c] != 0)
            return false;
    }
    return true;
}

/* "id@version#sha256-hex" */
static void
append_document_name(struct buffer *out, const struct document_info *info)
{
    buffer_append_format(out, "%s@%llu#sha256-", info->id, (unsigned long long)info->version);
    text_append_hex(out, digest_bytes(&info->sha256));
}

static void
emit_document_names(struct emit *e, const struct document_info *const *infos, size_t n)
{
    emit_array(e);
    for (size_t i = 0; i < n; i++) {
        CLEANUP(buffer_free) struct buffer name = {0};
        append_document_name(&name, infos[i]);
        emit_utf8(e, buffer_bytes(&name));
    }
    emit_end_array(e);
}

static void
emit_policy_ids(struct emit *e, enum result_dialect dialect, const struct appraisal_perspective *p)
{
    if (p->n_policies == 0)
        return;
    emit_key(e, result_names[dialect][CLAIM_POLICY_IDS]);
    if (dialect == RESULT_IETF) {
        emit_document_names(e, p->policies, p->n_policies);
        return;
    }
    CLEANUP(buffer_free) struct buffer names = {0};
    for (size_t i = 0; i < p->n_policies; i++) {
        if (i > 0)
            buffer_append_u8(&names, ' ');
        append_document_name(&names, p->policies[i]);
    }
    emit_utf8(e, buffer_bytes(&names));
}

static void
emit_perspective(struct emit *e, enum result_dialect dialect, const struct appraisal_perspective *p)
{
    char key[LIMIT_NAME + 16];
    (void)snprintf(key, sizeof key, "perspective/%s", p->name);
    emit_key(e, key);
    emit_object(e);
    emit_text_member(e, result_names[dialect][CLAIM_STATUS], verdict_ear_status(p->verdict));
    if (!vector_is_empty(&p->vector))
        emit_vector(e, result_names[dialect][CLAIM_VECTOR], &p->vector);
    emit_policy_ids(e, dialect, p);
    emit_key(e, result_names[dialect][CLAIM_VERIFIER_CLAIMS]);
    emit_object(e);
    emit_key(e, "reasons");
    reasons_emit_short(e, &p->reasons, REASON_KIND_REASON);
    emit_key(e, "references");
    emit_document_names(e, p->references, p->n_references);
    emit_end_object(e);
    emit_end_object(e);
}

static void
emit_verifier_id(struct emit *e, enum result_dialect dialect)
{
    emit_key(e, result_names[dialect][CLAIM_VERIFIER_ID]);
    emit_object(e);
    emit_text_member(e, "developer", DEVELOPER);
    emit_text_member(e, "build", BUILD);
    emit_end_object(e);
}

/* cnf: no device key is certified by the AK yet, so the AK's own thumbprint, marked ak-only. [RFC
 * 7800] */
static void
emit_confirmation(struct emit *e, struct bytes ak_thumbprint)
{
    emit_key(e, "cnf");
    emit_object(e);
    emit_base64url_member(e, "attestd_ak_spki_sha256", ak_thumbprint);
    emit_bool_member(e, "attestd_ak_only", true);
    emit_end_object(e);
}

static void
emit_verifier_word(struct emit *e, const struct result_input *in)
{
    emit_key(e, "attestd");
    emit_object(e);
    emit_int_member(e, "evidence_time", appraisal_evidence_s(in->appraisal));
    emit_text_member(e, "genuine", genuine_name(in->device->genuine));
    emit_text_member(e, "member_by", member_by_name(in->device->member_by));
    emit_text_member(e, "exporter", quote_exporter_bound(in->quote) ? "bound" : "off");
    emit_key(e, "facts");
    reasons_emit_short(e, appraisal_facts(in->appraisal), REASON_KIND_FACT);
    emit_key(e, "not_known");
    emit_array(e);
    for (size_t i = 0; i < sizeof not_known / sizeof *not_known; i++)
        emit_text(e, not_known[i]);
    emit_end_array(e);
    emit_end_object(e);
}

static enum status
encode_claims(const struct result_input *in, enum result_dialect dialect, struct buffer *out)
{
    if (buffer_reserve(out, USUAL_SIZE) != STATUS_OK)
        return STATUS_NOMEM;
    struct emit e = emit_of(out);
    emit_object(&e);
    emit_text_member(&e, "eat_profile", result_profiles[dialect]);
    emit_text_member(&e, "iss", in->issuer);
    emit_base64url_member(&e, "sub", bytes_of(in->device->ueid, sizeof in->device->ueid));
    emit_text_member(&e, "aud", in->issuer);
    emit_text_member(&e, "jti", in->attestation);
    emit_int_member(&e, "iat", in->now_s);
    emit_int_member(&e, "exp", appraisal_expires_s(in->appraisal));
    emit_verifier_id(&e, dialect);
    emit_confirmation(&e, in->ak_thumbprint);
    emit_text_member(&e, result_names[dialect][CLAIM_STATUS],
                     verdict_ear_status(appraisal_verdict(in->appraisal)));
    emit_verifier_word(&e, in);
    emit_key(&e, "submods");
    emit_object(&e);
    for (size_t i = 0; i < appraisal_n_perspectives(in->appraisal); i++) {
        const struct appraisal_perspective *p = appraisal_perspective(in->appraisal, i);
        if (!p->trial)
            emit_perspective(&e, dialect, p);
    }
    emit_end_object(&e);
    emit_end_object(&e);
    return emit_check(&e);
}

enum status
result_sign_claims(struct bytes claims, const struct key *key, struct result **out)
{
    *out = NULL;
    CLEANUP(result_freep) struct result *r = calloc(1, sizeof *r);
    if (!r)
        return STATUS_NOMEM;
    enum status s = jws_sign(key, "eat+jwt", claims, &r->token);
    if (s != STATUS_OK)
        return s;
    if (!buffer_text(&r->token))
        return STATUS_NOMEM;
    *out = r;
    r = NULL;
    return STATUS_OK;
}

enum status
result_sign(const struct result_input *input, enum result_dialect dialect, const struct key *key,
            struct result **out)
{
    *out = NULL;
    CLEANUP(buffer_free) struct buffer claims = {0};
    if (appraisal_is_predicted(input->appraisal))
        return STATUS_INVALID;
    enum status s = encode_claims(input, dialect, &claims);
    if (s != STATUS_OK)
        return s;
    return result_sign_claims(buffer_bytes(&claims), key, out);
}

const char *
result_token(const struct result *r)
{
    return (const char *)r->token.data;
}

void
result_free(struct result *r)
{
    if (!r)
        return;
    buffer_free(&r->token);
    free(r);
}

void
result_freep(struct result **r)
{
    result_free(*r);
}

static bool
contains(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

bool
result_negotiate(const char *accept, enum result_dialect *out)
{
    *out = RESULT_IETF;
    if (!accept || accept[0] == '\0' || contains(accept, "*/*") ||
        contains(accept, "application/json") || contains(accept, "application/*"))
        return true;
    if (!contains(accept, RESULT_MEDIA_TYPE))
        return false;
    if (!contains(accept, "eat_profile"))
        return true;
    for (unsigned d = 0; d < RESULT_DIALECT_COUNT; d++) {
        if (contains(accept, result_profiles[d])) {
            *out = (enum result_dialect)d;
            return true;
        }
    }
    return false;
}
