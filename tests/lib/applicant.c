/* SPDX-License-Identifier: Apache-2.0 */
/* from: settings and a TPM made of software; to: requests and claims about answers; never: part of
 * a program. */
#include "tests/lib/applicant.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "daemon/settings.h"

#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void
applicant_save(const struct applicant *f, const char *name, struct bytes content)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", f->directory, name);
    assert_status(STATUS_OK, file_save(path, content, 0600, NULL));
}

void
applicant_override(struct applicant *f, const char *section, const char *key, const char *value)
{
    assert_status(STATUS_OK, config_override(&f->config, section, key, value, NULL));
}

static void
override_path(struct applicant *f, const char *key, const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", f->directory, name);
    applicant_override(f, "enrollment", key, path);
}

static void
open_rooms(struct applicant *f)
{
    struct diag diag = {0};
    char path[128];
    f->verifier = (struct verifier){.config = &f->config};
    (void)snprintf(path, sizeof path, "%s/keys", f->directory);
    enum status s = keyring_open(path, NULL, true, &f->verifier.keyring, &diag);
    (void)snprintf(path, sizeof path, "%s/attestd.db", f->directory);
    if (s == STATUS_OK)
        s = store_open(path, &f->verifier.store, &diag);
    if (s == STATUS_OK)
        s = enroll_open(&f->config, APPLICANT_NOW_S, &f->verifier.enroll, &diag);
    if (s != STATUS_OK)
        fail_msg("%s: %s", status_name(s), diag.text);
}

int
applicant_setup(void **state)
{
    struct applicant *f = calloc(1, sizeof *f);
    char path[128];
    assert_non_null(f);
    (void)text_copy(f->directory, sizeof f->directory, "/tmp/attestd-enroll-XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    assert_status(STATUS_OK, hasher_new(&f->hasher));
    f->ek = ek_builder_new("L-2");
    f->ak = tpm_builder_new(TPM_BUILDER_P256, ALG_SHA256);
    (void)snprintf(path, sizeof path, "%s/absent.conf", f->directory);
    assert_status(STATUS_NOT_FOUND,
                  config_load(path, settings_table, settings_n_rows, &f->config, NULL));
    static const char *const names[] = {"roots", "bundle"};
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", f->directory, names[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    applicant_save(f, "roots/root", buffer_bytes(&f->ek->root.der));
    override_path(f, "ek_roots", "roots");
    override_path(f, "ek_bundle", "bundle");
    override_path(f, "advisories", "advisories.json");
    open_rooms(f);
    applicant_body(f, &f->body);
    *state = f;
    return 0;
}

int
applicant_teardown(void **state)
{
    struct applicant *f = *state;
    enroll_close(f->verifier.enroll);
    store_close(f->verifier.store);
    keyring_close(f->verifier.keyring);
    config_free(&f->config);
    enrollment_body_free(&f->body);
    ek_builder_free(f->ek);
    tpm_builder_free(f->ak);
    hasher_free(f->hasher);
    (void)nftw(f->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

void
applicant_reopen(struct applicant *f)
{
    struct diag diag = {0};
    enroll_close(f->verifier.enroll);
    f->verifier.enroll = NULL;
    if (enroll_open(&f->config, APPLICANT_NOW_S, &f->verifier.enroll, &diag) != STATUS_OK)
        fail_msg("%s", diag.text);
}

struct enroll_caller
applicant_caller(int64_t now_s)
{
    return (struct enroll_caller){
        .address = APPLICANT_ADDRESS, .origin = APPLICANT_ORIGIN, .now_s = now_s};
}

/* ---- what a device sends ---- */

void
applicant_add_ek(const struct ek_builder *b, const struct ek_builder_spec *spec, bool certified,
                 struct enrollment_body *body)
{
    struct enrollment_ek *ek = &body->eks[body->n_eks++];
    struct ek_builder_spec honest = ek_builder_spec_ek(b);
    ek_builder_public(b, &ek->public_area);
    if (certified)
        ek_builder_certificate(b, spec ? spec : &honest, NULL, &ek->certificate);
}

void
applicant_body(const struct applicant *f, struct enrollment_body *body)
{
    applicant_add_ek(f->ek, NULL, true, body);
    buffer_append(&body->certificates[body->n_certificates++],
                  buffer_bytes(&f->ek->intermediate.der));
    tpm_builder_public(f->ak, &body->ak_public);
    static const char *const claimed[] = {"STM ", "ST33", "0001010200000000", "2.0", "1.38"};
    for (size_t i = 0; i < sizeof claimed / sizeof claimed[0]; i++)
        (void)text_copy(body->claimed[i], sizeof body->claimed[i], claimed[i]);
    body->claimed_manufacturer = 0x53544D20;
    (void)text_copy(body->claimed_model, sizeof body->claimed_model, "ST33");
    body->claimed_firmware = 0x0001010200000000;
}

struct enroll_offer
applicant_begin(struct applicant *f, const struct enrollment_body *body)
{
    struct enroll_offer offer;
    struct enroll_caller who = applicant_caller(APPLICANT_NOW_S);
    assert_status(STATUS_OK, enroll_begin(&f->verifier, f->hasher, &who, body, &offer));
    return offer;
}

void
applicant_assert_refused(struct applicant *f, const struct enrollment_body *body,
                         enum reason_code code)
{
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = applicant_begin(f, body);
    assert_true(offer.reasons.n_items > 0);
    assert_string_equal(reason_code_name(offer.reasons.items[0].code), reason_code_name(code));
    assert_int_equal(offer.sealed.size, 0);
    assert_int_equal(offer.credential.blob.size, 0);
}

void
applicant_assert_offered(const struct enroll_offer *offer)
{
    if (offer->reasons.n_items > 0)
        fail_msg("%s: %s", reason_code_name(offer->reasons.items[0].code),
                 offer->reasons.items[0].what);
    assert_true(offer->sealed.size > 0);
}

void
applicant_prove(struct applicant *f, const struct ek_builder *ek, const struct tpm_builder *tpm,
                const struct enroll_offer *offer, uint8_t proof[static DIGEST_SHA256_SIZE])
{
    CLEANUP(ak_freep) struct ak *ak = tpm_builder_ak(tpm);
    CLEANUP(buffer_free) struct buffer secret = {0};
    CLEANUP(buffer_free) struct buffer spki = {0};
    memset(proof, 0, DIGEST_SHA256_SIZE);
    if (!ek_builder_activate(ek, buffer_bytes(&offer->credential.blob),
                             buffer_bytes(&offer->credential.secret), ak_name(ak), &secret))
        return;
    assert_status(STATUS_OK, key_spki(ek->ek, &spki));
    struct enrollment_transcript t = {
        .enrollment = buffer_bytes(&offer->sealed),
        .ek_spki = buffer_bytes(&spki),
        .ak_name = ak_name(ak),
        .origin = APPLICANT_ORIGIN,
    };
    assert_status(STATUS_OK, enrollment_proof(f->hasher, buffer_bytes(&secret), &t, proof));
}

struct enroll_outcome
applicant_activate_at(struct applicant *f, const struct enroll_caller *who,
                      const struct enroll_offer *offer,
                      const uint8_t proof[static DIGEST_SHA256_SIZE])
{
    struct enroll_outcome outcome;
    CLEANUP(buffer_free) struct buffer id = {0};
    text_append_base64url(&id, buffer_bytes(&offer->sealed));
    assert_status(STATUS_OK,
                  enroll_activate(&f->verifier, f->hasher, who, buffer_text(&id), proof, &outcome));
    return outcome;
}

struct enroll_outcome
applicant_activate(struct applicant *f, const struct enroll_offer *offer)
{
    uint8_t proof[DIGEST_SHA256_SIZE];
    struct enroll_caller who = applicant_caller(APPLICANT_NOW_S + 1);
    applicant_prove(f, f->ek, f->ak, offer, proof);
    return applicant_activate_at(f, &who, offer, proof);
}

void
applicant_assert_outcome(const struct enroll_outcome *o, enum store_enrolled how,
                         enum life_cycle state, enum member_by by)
{
    if (o->reasons.n_items > 0)
        fail_msg("%s", reason_code_name(o->reasons.items[0].code));
    assert_int_equal(o->how, how);
    assert_string_equal(life_cycle_name(o->device.state), life_cycle_name(state));
    assert_string_equal(member_by_name(o->device.member_by), member_by_name(by));
}

void
applicant_assert_not_activated(const struct enroll_outcome *o, enum reason_code code)
{
    assert_true(o->reasons.n_items > 0);
    assert_string_equal(reason_code_name(o->reasons.items[0].code), reason_code_name(code));
    assert_null(o->device.tpm_json);
}

void
applicant_enroll(struct applicant *f, const struct enrollment_body *body, enum store_enrolled how,
                 enum life_cycle state, enum member_by by)
{
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = applicant_begin(f, body);
    applicant_assert_offered(&offer);
    CLEANUP(enroll_outcome_clear) struct enroll_outcome o = applicant_activate(f, &offer);
    applicant_assert_outcome(&o, how, state, by);
    assert_string_equal(o.device.id, offer.device);
}

const struct store_actor applicant_operator = {.name = "token:test", .now_s = APPLICANT_NOW_S};

void
applicant_ek_digest(const struct applicant *f, uint8_t out[static DIGEST_SHA256_SIZE])
{
    CLEANUP(buffer_free) struct buffer spki = {0};
    assert_status(STATUS_OK, key_spki(f->ek->ek, &spki));
    assert_status(STATUS_OK, digest_sha256(f->hasher, buffer_bytes(&spki), out));
}

void
applicant_expect(struct applicant *f)
{
    uint8_t sha256[DIGEST_SHA256_SIZE];
    applicant_ek_digest(f, sha256);
    assert_status(STATUS_OK, store_put_expected(f->verifier.store, &applicant_operator, sha256,
                                                "gw-1", NULL, 0));
}

void
applicant_set_state(struct applicant *f, enum life_cycle state)
{
    uint8_t sha256[DIGEST_SHA256_SIZE];
    char id[DEVICE_ID_SIZE];
    applicant_ek_digest(f, sha256);
    (void)text_hex(bytes_of(sha256, 16), id, sizeof id);
    struct store_device d = {0};
    assert_status(STATUS_OK, store_get_device(f->verifier.store, id, &d));
    struct store_device_change change = {.id = id,
                                         .version = d.version,
                                         .state = state,
                                         .member_by = MEMBER_BY_APPROVAL,
                                         .n_labels = SIZE_MAX};
    store_device_clear(&d);
    assert_status(STATUS_OK, store_change_device(f->verifier.store, &applicant_operator, &change));
}

void
applicant_make_token(struct applicant *f, const char *text, uint32_t uses, int64_t expires_s)
{
    char description[] = "site-7";
    char creator[] = "token:test";
    struct store_token t = {.kind = STORE_TOKEN_JOIN,
                            .uses_left = uses,
                            .description = description,
                            .created_by = creator,
                            .created_s = APPLICANT_NOW_S,
                            .expires_s = expires_s};
    (void)text_copy(t.id, sizeof t.id, text);
    assert_status(STATUS_OK, digest_sha256(f->hasher, bytes_of_text(text), t.sha256));
    assert_status(STATUS_OK, store_put_token(f->verifier.store, &applicant_operator, &t));
}

void
applicant_use_token(struct enrollment_body *body, const char *text)
{
    free(body->token);
    body->token = strdup(text);
    assert_non_null(body->token);
}
