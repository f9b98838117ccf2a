/* SPDX-License-Identifier: Apache-2.0 */
/* from: what a device shows; to: an offer, then a device; never: believes a claim, echoes what it
 * expected, or stores a device that has proven nothing. */
#include "daemon/enroll.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/ek_files.h"
#include "daemon/membership.h"
#include "daemon/rate.h"
#include "daemon/ticket.h"
#include "evidence/ak.h"
#include "evidence/ek.h"
#include "evidence/ek_chain.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define CLAUSE "enrolment"

struct enroll {
    struct ek_files *files;
    struct credential_maker *maker;
    struct rate *rate;
    uint32_t permitted; /* oddities that the operator names */
    enum genuine demanded;
};

/* ---- what stays open ---- */

static enum status
take_oddities(const struct config *config, uint32_t *out, struct diag *diag)
{
    char item[CONFIG_ITEM_SIZE];
    for (size_t i = 0; config_list_item(config, "enrollment", "oddities", i, item, sizeof item);
         i++) {
        uint32_t oddity = ek_oddity_parse(item);
        if (oddity == 0)
            return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                            "enrollment.oddities: %s is not the name of one", item);
        *out |= oddity;
    }
    return STATUS_OK;
}

enum status
enroll_open(const struct config *config, int64_t now_s, struct enroll **out, struct diag *diag)
{
    *out = NULL;
    struct enroll *e = calloc(1, sizeof *e);
    if (!e)
        return STATUS_NOMEM;
    enum status s = take_oddities(config, &e->permitted, diag);
    if (s == STATUS_OK &&
        !genuine_parse(config_text(config, "enrollment", "genuine"), &e->demanded))
        s = diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                     "enrollment.genuine is verified, software or unverified");
    if (s == STATUS_OK)
        s = ek_files_open(config, now_s, &e->files, diag);
    if (s == STATUS_OK)
        s = credential_maker_new(&e->maker);
    if (s == STATUS_OK) {
        s = rate_new(config_u64(config, "enrollment", "rate"),
                     config_u64(config, "enrollment", "rate_total"), &e->rate);
        if (s == STATUS_INVALID)
            s = diag_set(diag, s, CLAUSE, 0,
                         "enrollment.rate and enrollment.rate_total must be above 0");
    }
    if (s != STATUS_OK) {
        enroll_close(e);
        return s;
    }
    *out = e;
    return STATUS_OK;
}

enum status
enroll_reload(struct enroll *e, const struct config *config, int64_t now_s, struct diag *diag)
{
    return ek_files_reload(e->files, config, now_s, diag);
}

void
enroll_close(struct enroll *e)
{
    if (!e)
        return;
    ek_files_close(e->files);
    credential_maker_free(e->maker);
    rate_free(e->rate);
    free(e);
}

bool
enroll_permits(struct enroll *e, const char *address, int64_t now_ms, unsigned *wait_s)
{
    return rate_take(e->rate, address, now_ms, wait_s);
}

/* ---- the first half: who are you? ---- */

/* One device that asks, as far as we have come with it. */
struct application {
    struct verifier *verifier;
    struct hasher *hasher;
    const struct enroll_caller *who;
    const struct enrollment_body *body;
    const struct ek_trust *trust;
    struct reasons *reasons;            /* not empty: refused */
    struct ek *ek;                      /* the one to be activated */
    struct ek_certificate *certificate; /* its; NULL: none */
    struct buffer digests;              /* of all EKs, that one first */
    struct ak *ak;
    enum genuine genuine;
    uint8_t token[DIGEST_SHA256_SIZE];
};

static void
clear_application(struct application *a)
{
    if (a->trust)
        ek_files_put(a->trust);
    ek_free(a->ek);
    ek_certificate_free(a->certificate);
    buffer_free(&a->digests);
    ak_free(a->ak);
}

static bool
is_refused(const struct application *a)
{
    return a->reasons->n_items > 0;
}

/* Every EK sent is a standard one, and every certificate is readable and its own EK's. */
static enum status
read_ek(struct application *a, const struct enrollment_ek *in, bool activated)
{
    CLEANUP(ek_freep) struct ek *ek = NULL;
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = NULL;
    enum status s = ek_parse(a->hasher, buffer_bytes(&in->public_area), &ek, a->reasons);
    if (s != STATUS_OK || !ek)
        return s;
    if (in->certificate.size > 0)
        s = ek_certificate_parse(a->hasher, buffer_bytes(&in->certificate), &c, a->reasons);
    if (s == STATUS_OK && c)
        (void)ek_certificate_check_key(c, ek_spki(ek), a->reasons);
    buffer_append(&a->digests, bytes_of(ek_sha256(ek), DIGEST_SHA256_SIZE));
    if (s == STATUS_OK)
        s = buffer_check(&a->digests);
    if (s == STATUS_OK && activated) {
        a->ek = ek;
        ek = NULL;
        a->certificate = c;
        c = NULL;
    }
    return s;
}

static enum status
read_eks(struct application *a)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < a->body->n_eks && !is_refused(a); i++)
        s = read_ek(a, &a->body->eks[i], i == 0);
    return s;
}

/* Early, so that a stranger costs us no public-key operation. */
static enum status
check_membership(struct application *a)
{
    struct membership m;
    struct membership_claim claim = {.eks = buffer_bytes(&a->digests), .spki = ek_spki(a->ek)};
    if (a->body->token) {
        enum status s = digest_sha256(a->hasher, bytes_of_text(a->body->token), a->token);
        if (s != STATUS_OK)
            return s;
        claim.join_token = a->token;
    }
    return membership_decide(a->verifier, a->hasher, &claim, a->who->now_s, &m, a->reasons);
}

static enum genuine
genuine_of(enum ek_standing standing)
{
    switch (standing) {
    case EK_STANDING_VERIFIED:
        return GENUINE_VERIFIED;
    case EK_STANDING_SOFTWARE:
        return GENUINE_SOFTWARE;
    case EK_STANDING_UNVERIFIED:
        break;
    }
    return GENUINE_UNVERIFIED;
}

static enum status
verify_certificate(struct application *a, uint32_t permitted, struct reasons *found)
{
    struct bytes extra[LIMIT_CERTS];
    struct ek_chain chain = {0};
    if (!a->certificate) {
        reason_set_what(reasons_add(found, REASON_EK_CHAIN), "no certificate");
        return STATUS_OK;
    }
    for (size_t i = 0; i < a->body->n_certificates; i++)
        extra[i] = buffer_bytes(&a->body->certificates[i]);
    struct ek_chain_input in = {
        .certificate = a->certificate,
        .extra = extra,
        .n_extra = a->body->n_certificates,
        .now_s = a->who->now_s,
        .permitted = permitted,
    };
    enum status s = ek_chain_verify(a->hasher, a->trust->roots, &in, &chain, found);
    if (s == STATUS_OK)
        a->genuine = genuine_of(chain.standing);
    return s;
}

/* What no demand forgives: somebody says that this very key is bad. */
static bool
is_damning(const struct reasons *found)
{
    return reasons_find(found, REASON_EK_REVOKED) || reasons_find(found, REASON_EK_WEAK);
}

static enum status
judge_genuine(struct application *a, const struct enroll *e)
{
    CLEANUP(reasons_free) struct reasons found = {0};
    enum status s = verify_certificate(a, e->permitted, &found);
    if (s != STATUS_OK)
        return s;
    if (a->genuine < e->demanded && a->genuine == GENUINE_SOFTWARE)
        (void)reasons_add(a->reasons, REASON_EK_SOFTWARE);
    else if (a->genuine < e->demanded || is_damning(&found))
        reasons_append(a->reasons, &found);
    return found.failed ? STATUS_NOMEM : STATUS_OK;
}

/* The firmware is only claimed here: each round asks again with what the quote says. */
static void
check_advisories(struct application *a)
{
    const struct advisories *list = &a->trust->advisories;
    const struct ek_certificate *c = a->certificate;
    struct advisory_query query = {.firmware_version = a->body->claimed_firmware};
    if (c && c->tpm_present) {
        query.manufacturer = c->manufacturer;
        query.model = c->model;
        if (!advisories_check(list, &query, a->reasons))
            return;
    }
    query.manufacturer = a->body->claimed_manufacturer;
    query.model = a->body->claimed_model;
    (void)advisories_check(list, &query, a->reasons);
}

static enum status
make_offer(struct application *a, const struct enroll *e, struct enroll_offer *out)
{
    const struct key *key = keyring_current(a->verifier->keyring, KEY_ROLE_ENROLLMENT);
    const bool verified = a->genuine != GENUINE_UNVERIFIED;
    CLEANUP(buffer_free) struct buffer tpm_json = {0};
    enum status s = enrollment_tpm_encode(a->body, verified ? a->certificate : NULL, &tpm_json);
    if (s != STATUS_OK)
        return s;
    struct ticket t = {
        .expires_s = a->who->now_s + LIMIT_ENROLL_LIFE_S,
        .spki = ek_spki(a->ek),
        .eks = buffer_bytes(&a->digests),
        .ak_public = ak_public_area(a->ak),
        .tpm_json = buffer_bytes(&tpm_json),
        .genuine = a->genuine,
    };
    if (a->certificate)
        t.certificate = buffer_bytes(&a->certificate->der);
    if (a->body->token)
        t.join_token = bytes_of(a->token, sizeof a->token);
    s = digest_random(t.secret, sizeof t.secret);
    if (s == STATUS_OK)
        s = enrollment_device_id(a->hasher, t.spki, out->device);
    if (s == STATUS_OK)
        s = credential_make(e->maker, a->ek, ak_name(a->ak), bytes_of(t.secret, sizeof t.secret),
                            &out->credential);
    if (s == STATUS_OK)
        s = ticket_seal(bytes_of(key->secret, sizeof key->secret), &t, &out->sealed);
    OPENSSL_cleanse(t.secret, sizeof t.secret);
    return s;
}

static void
note_refusal(struct verifier *v, const struct enroll_caller *who, const uint8_t *ek_sha256,
             const struct reasons *reasons)
{
    const char *code = reason_code_name(reasons->items[0].code);
    store_note_refusal(v->store, who->address, ek_sha256, code, who->now_s);
    log_line(LOG_LEVEL_DEBUG, "enrolment from %s refused: %s%s%s", who->address, code,
             reasons->items[0].what[0] ? ": " : "", reasons->items[0].what);
}

/* One line a stage; the first that refuses ends it. */
static enum status
apply(struct application *a, const struct enroll *e, struct enroll_offer *out)
{
    enum status s = read_eks(a);
    if (s == STATUS_OK && !is_refused(a))
        s = check_membership(a);
    if (s == STATUS_OK && !is_refused(a))
        s = ak_parse(a->hasher, buffer_bytes(&a->body->ak_public), &a->ak, a->reasons);
    if (s == STATUS_OK && !is_refused(a))
        s = judge_genuine(a, e);
    if (s == STATUS_OK && !is_refused(a))
        check_advisories(a);
    if (s == STATUS_OK && !is_refused(a))
        s = make_offer(a, e, out);
    return s == STATUS_OK && a->reasons->failed ? STATUS_NOMEM : s;
}

enum status
enroll_begin(struct verifier *v, struct hasher *h, const struct enroll_caller *who,
             const struct enrollment_body *body, struct enroll_offer *out)
{
    *out = (struct enroll_offer){0};
    CLEANUP(clear_application)
    struct application a = {
        .verifier = v,
        .hasher = h,
        .who = who,
        .body = body,
        .trust = ek_files_get(v->enroll->files),
        .reasons = &out->reasons,
    };
    enum status s = apply(&a, v->enroll, out);
    if (s == STATUS_OK && is_refused(&a))
        note_refusal(v, who, a.ek ? ek_sha256(a.ek) : NULL, a.reasons);
    return s;
}

void
enroll_offer_clear(struct enroll_offer *o)
{
    reasons_free(&o->reasons);
    buffer_free(&o->sealed);
    credential_clear(&o->credential);
}

/* ---- the second half: prove it ---- */

/* The ticket, opened; a reason when it is not ours or too old. */
static enum status
open_ticket(const struct verifier *v, const struct enroll_caller *who, struct bytes sealed,
            struct buffer *plain, struct ticket *out, struct reasons *reasons)
{
    const struct key *key = keyring_current(v->keyring, KEY_ROLE_ENROLLMENT);
    enum status s = ticket_open(bytes_of(key->secret, sizeof key->secret), sealed, plain, out);
    if (s == STATUS_DENIED) {
        (void)reasons_add(reasons, REASON_ENROLL_FOREIGN);
        return STATUS_OK;
    }
    if (s == STATUS_OK && who->now_s > out->expires_s)
        (void)reasons_add(reasons, REASON_ENROLL_EXPIRED);
    return s;
}

/* The Name comes from the public area that will be registered, never from the device. */
static enum status
check_proof(struct hasher *h, const struct enroll_caller *who, struct bytes sealed,
            const struct ticket *t, const uint8_t proof[static DIGEST_SHA256_SIZE],
            struct reasons *reasons)
{
    uint8_t expected[DIGEST_SHA256_SIZE];
    CLEANUP(ak_freep) struct ak *ak = NULL;
    enum status s = ak_parse(h, t->ak_public, &ak, reasons);
    if (s != STATUS_OK || !ak)
        return s;
    struct enrollment_transcript transcript = {
        .enrollment = sealed,
        .ek_spki = t->spki,
        .ak_name = ak_name(ak),
        .origin = who->origin,
    };
    s = enrollment_proof(h, bytes_of(t->secret, sizeof t->secret), &transcript, expected);
    if (s == STATUS_OK && CRYPTO_memcmp(expected, proof, sizeof expected) != 0)
        (void)reasons_add(reasons, REASON_ENROLL_PROOF);
    OPENSSL_cleanse(expected, sizeof expected);
    return s;
}

/* What the store refuses is the caller's doing, and a reason. */
static enum status
explain_refusal(enum status s, struct reasons *reasons)
{
    static const struct {
        enum status status;
        enum reason_code code;
    } rows[] = {
        {STATUS_CONFLICT, REASON_EK_SAME_TPM},
        {STATUS_NOT_FOUND, REASON_ENROLL_TOKEN},
        {STATUS_DENIED, REASON_ENROLL_REVOKED},
        {STATUS_LIMIT, REASON_ENROLL_FULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].status == s) {
            (void)reasons_add(reasons, rows[i].code);
            return STATUS_OK;
        }
    }
    return s;
}

static enum status
put(struct verifier *v, struct hasher *h, const struct enroll_caller *who, const struct ticket *t,
    const struct membership *m, struct enroll_outcome *out)
{
    uint8_t eks[LIMIT_CERTS][DIGEST_SHA256_SIZE];
    struct bytes certificates[LIMIT_CERTS] = {t->certificate};
    char actor[sizeof "device:" + DEVICE_ID_SIZE];
    char *tpm_json = strndup((const char *)t->tpm_json.data, t->tpm_json.size);
    struct store_enrollment e = {
        .eks = (const uint8_t(*)[DIGEST_SHA256_SIZE])eks,
        .n_eks = t->eks.size / DIGEST_SHA256_SIZE,
        .ek_certificates = certificates,
        .ak_public = t->ak_public,
        .genuine = t->genuine,
        .proposed = m->by,
        .join_token = m->by == MEMBER_BY_TOKEN ? t->join_token.data : NULL,
        .tpm_json = tpm_json,
        .pending = m->pending,
    };
    if (!tpm_json)
        return STATUS_NOMEM;
    memcpy(eks, t->eks.data, t->eks.size);
    enum status s = enrollment_device_id(h, t->spki, e.id);
    if (s == STATUS_OK)
        s = enrollment_ueid(h, t->spki, e.ueid);
    (void)snprintf(actor, sizeof actor, "device:%s", e.id);
    struct store_actor actor_of = {.name = actor, .now_s = who->now_s};
    if (s == STATUS_OK)
        s = explain_refusal(store_put_enrollment(v->store, &actor_of, &e, &out->how),
                            &out->reasons);
    free(tpm_json);
    if (s == STATUS_OK && out->reasons.n_items == 0)
        s = store_get_device(v->store, e.id, &out->device);
    return s;
}

static enum status
admit(struct verifier *v, struct hasher *h, const struct enroll_caller *who, const struct ticket *t,
      struct enroll_outcome *out)
{
    struct membership m;
    struct membership_claim claim = {
        .eks = t->eks,
        .spki = t->spki,
        .join_token = t->join_token.size > 0 ? t->join_token.data : NULL,
    };
    enum status s = membership_decide(v, h, &claim, who->now_s, &m, &out->reasons);
    if (s != STATUS_OK || out->reasons.n_items > 0)
        return s;
    return put(v, h, who, t, &m, out);
}

static enum status
activate(struct verifier *v, struct hasher *h, const struct enroll_caller *who, struct bytes sealed,
         const uint8_t proof[static DIGEST_SHA256_SIZE], struct enroll_outcome *out)
{
    CLEANUP(buffer_free) struct buffer plain = {0};
    struct ticket t = {0};
    enum status s = open_ticket(v, who, sealed, &plain, &t, &out->reasons);
    if (s == STATUS_OK && out->reasons.n_items == 0)
        s = check_proof(h, who, sealed, &t, proof, &out->reasons);
    if (s == STATUS_OK && out->reasons.n_items == 0)
        s = admit(v, h, who, &t, out);
    if (s == STATUS_OK && out->reasons.failed)
        s = STATUS_NOMEM;
    if (s == STATUS_OK && out->reasons.n_items > 0)
        note_refusal(v, who, t.eks.size > 0 ? t.eks.data : NULL, &out->reasons);
    OPENSSL_cleanse(t.secret, sizeof t.secret);
    return s;
}

enum status
enroll_activate(struct verifier *v, struct hasher *h, const struct enroll_caller *who,
                const char *id, const uint8_t proof[static DIGEST_SHA256_SIZE],
                struct enroll_outcome *out)
{
    CLEANUP(buffer_free) struct buffer sealed = {0};
    *out = (struct enroll_outcome){0};
    enum status s = text_parse_base64url(bytes_of_text(id), &sealed);
    if (s == STATUS_MALFORMED) {
        (void)reasons_add(&out->reasons, REASON_ENROLL_FOREIGN);
        note_refusal(v, who, NULL, &out->reasons);
        return STATUS_OK;
    }
    return s == STATUS_OK ? activate(v, h, who, buffer_bytes(&sealed), proof, out) : s;
}

void
enroll_outcome_clear(struct enroll_outcome *o)
{
    reasons_free(&o->reasons);
    store_device_clear(&o->device);
}

/* ---- afterwards: what each round says of the TPM ---- */

void
enroll_describe_tpm(struct enroll *e, const struct enrollment_tpm *tpm, uint64_t quoted_firmware,
                    struct reasons *found, uint8_t trust_version[static DIGEST_SHA256_SIZE])
{
    struct reason *fact = reasons_add(found, REASON_DEVICE_TPM);
    reason_set_what(fact, tpm->kind_by);
    reason_set_found(fact, tpm->kind);
    struct advisory_query query = {
        .manufacturer = tpm->manufacturer,
        .model = tpm->model,
        .firmware_version = quoted_firmware,
        .quoted = true,
    };
    const struct ek_trust *trust = ek_files_get(e->files);
    (void)advisories_check(&trust->advisories, &query, found);
    memcpy(trust_version, trust->version, DIGEST_SHA256_SIZE);
    ek_files_put(trust);
}
