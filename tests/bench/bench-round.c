/* SPDX-License-Identifier: Apache-2.0 */
/* One round from the bytes that a device posts to the signed token: P-256 quote, a boot log of 100
 * events, no IMA list; over its bare cost: that signature's verification, hashing the log, the
 * extends of one bank and one ES256 signature. Stages as daemon/attest.c runs them, without the
 * store; the AK was parsed in an earlier round of the device, as daemon/device_memory.c keeps it.
 */
#include "base/cleanup.h"
#include "daemon/result.h"
#include "tests/bench/bench.h"
#include "tests/bench/floor.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <string.h>

#define EVENTS   100u
#define ORIGIN   "https://verifier.example:8443"
#define EXPORTER "0123456789abcdef0123456789abcdef"

struct work {
    struct appraise_case *scene;
    struct round_builder builder;
    struct round_built built;
    struct buffer body; /* the frame as it is posted */
    struct ak *ak;
    uint8_t ak_thumbprint[DIGEST_SHA256_SIZE];
    struct store_device device;
    struct key key;
    size_t token_size;
    struct floor *floor;
};

/* What the stages of one round hold. */
struct round {
    struct freshness *freshness;
    struct evidence evidence;
    struct quote *quote;
    struct replay *replay;
    struct appraisal *appraisal;
    struct result *result;
    struct reasons reasons;
};

static void
round_clear(struct round *r)
{
    result_free(r->result);
    appraisal_free(r->appraisal);
    replay_free(r->replay);
    quote_free(r->quote);
    freshness_free(r->freshness);
    reasons_free(&r->reasons);
}

static void
verify(struct work *w, struct round *r)
{
    struct hasher *h = w->scene->h;
    r->freshness = round_builder_freshness(&w->builder, &w->built);
    bench_demand(evidence_parse(buffer_bytes(&w->body), &r->evidence, &r->reasons) == STATUS_OK,
                 "frame");
    bench_demand(quote_verify(h, &r->evidence, w->ak, r->freshness, &r->quote, &r->reasons) ==
                         STATUS_OK &&
                     r->quote,
                 "quote");
    const struct replay_input in = {.boot_log = r->evidence.member[EVIDENCE_BOOT_LOG],
                                    .boot_log_present = true};
    bench_demand(replay_verify(h, r->quote, &in, &r->replay, &r->reasons) == STATUS_OK, "replay");
}

static void
judge(struct work *w, struct round *r)
{
    const struct appraisal_input input = {.documents = w->scene->snapshot,
                                          .quote = r->quote,
                                          .replay = r->replay,
                                          .subject = &w->scene->subject,
                                          .found = &r->reasons,
                                          .now_s = w->scene->now_s};
    bench_demand(appraise(w->scene->h, &input, &r->appraisal) == STATUS_OK, "appraise");
    bench_demand(appraisal_verdict(r->appraisal) == VERDICT_TRUSTED, "not trusted");
}

static void
sign(struct work *w, struct round *r)
{
    const struct result_input input = {.appraisal = r->appraisal,
                                       .device = &w->device,
                                       .quote = r->quote,
                                       .attestation = "a00112233445566778899aabbccddeeff",
                                       .issuer = ORIGIN,
                                       .ak_thumbprint =
                                           bytes_of(w->ak_thumbprint, sizeof w->ak_thumbprint),
                                       .now_s = w->scene->now_s};
    bench_demand(result_sign(&input, RESULT_IETF, &w->key, &r->result) == STATUS_OK, "sign");
}

static void
whole_round(void *work)
{
    CLEANUP(round_clear) struct round r = {0};
    verify(work, &r);
    judge(work, &r);
    sign(work, &r);
}

/* ---- */

static void
prepare_ak(struct work *w)
{
    CLEANUP(buffer_free) struct buffer public = {0}, spki = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    tpm_builder_public(w->scene->tpm, &public);
    bench_demand(
        ak_parse(w->scene->h, buffer_bytes(&public), &w->ak, &reasons) == STATUS_OK && w->ak, "AK");
    bench_demand(key_spki(ak_key(w->ak), &spki) == STATUS_OK &&
                     digest_sha256(w->scene->h, buffer_bytes(&spki), w->ak_thumbprint) == STATUS_OK,
                 "thumbprint");
}

static void
prepare_round(struct work *w)
{
    const struct scene_options options = {.n_events = EVENTS};
    w->scene = scene_new(&options);
    w->builder = (struct round_builder){.tpm = w->scene->tpm,
                                        .selection = tpm_builder_selection(SCENE_BANKS),
                                        .device_id = w->scene->subject.device_id,
                                        .origin = ORIGIN,
                                        .exporter = bytes_of(EXPORTER, 32),
                                        .issued_ms = (w->scene->now_s - 1) * 1000,
                                        .boot_log = buffer_bytes(&w->scene->log.log),
                                        .claims = bytes_of("{}", 2)};
    round_builder_make(&w->builder, &w->built);
    bench_demand(evidence_encode(&w->built.evidence, &w->body) == STATUS_OK, "frame");
    prepare_ak(w);
    w->device = (struct store_device){
        .genuine = GENUINE_VERIFIED, .member_by = MEMBER_BY_LIST, .state = LIFE_CYCLE_ENROLLED};
}

static void
make_key(struct work *w)
{
    w->key = (struct key){.role = KEY_ROLE_RESULT,
                          .kid = "0123456789abcdef0123456789abcdef0123456789a",
                          .pkey = EVP_EC_gen("P-256")};
    bench_demand(w->key.pkey && key_start_signing(&w->key) == STATUS_OK, "libcrypto");
}

static void
take_token(struct work *w)
{
    CLEANUP(round_clear) struct round r = {0};
    verify(w, &r);
    judge(w, &r);
    sign(w, &r);
    w->token_size = strlen(result_token(r.result));
}

static void
finish(struct work *w)
{
    floor_free(w->floor);
    ak_free(w->ak);
    buffer_free(&w->body);
    round_built_free(&w->built);
    EVP_MD_CTX_free(w->key.signing);
    EVP_PKEY_free(w->key.pkey);
    appraise_case_free(w->scene);
}

int
main(void)
{
    static struct work w;
    prepare_round(&w);
    make_key(&w);
    take_token(&w);
    w.floor = floor_new(w.scene, buffer_bytes(&w.built.attest), w.token_size);
    bench_ratio(&(struct bench){.name = "round.verify-replay-appraise-sign",
                                .subject = whole_round,
                                .floor = floor_run,
                                .work = &w,
                                .floor_work = w.floor,
                                .limit = 2.0});
    finish(&w);
    return bench_end();
}
