/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/floor.h"

#include "tests/bench/bench.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct floor {
    struct bytes attest;
    struct bytes boot_log;
    struct eventlog *log;
    size_t bank;
    EVP_MD *sha256;
    EVP_MD_CTX *hash;
    EVP_PKEY_CTX *verify;
    EVP_PKEY_CTX *sign;
    uint8_t signature[128];
    size_t signature_size;
    struct buffer token;
    uint8_t pcr[LIMIT_PCRS][DIGEST_SHA256_SIZE];
};

static void
hash(struct floor *f, struct bytes a, struct bytes b, uint8_t out[static DIGEST_SHA256_SIZE])
{
    bench_demand(
        EVP_DigestInit_ex2(f->hash, f->sha256, NULL) && EVP_DigestUpdate(f->hash, a.data, a.size) &&
            EVP_DigestUpdate(f->hash, b.data, b.size) && EVP_DigestFinal_ex(f->hash, out, NULL),
        "hash");
}

static void
extend_all(struct floor *f)
{
    memset(f->pcr, 0, sizeof f->pcr);
    for (size_t i = 0; i < f->log->n_events; i++) {
        const struct event *e = &f->log->events[i];
        if (eventlog_is_extend(e))
            hash(f, bytes_of(f->pcr[e->pcr], DIGEST_SHA256_SIZE), e->digest[f->bank],
                 f->pcr[e->pcr]);
    }
}

void
floor_run(void *floor)
{
    struct floor *f = floor;
    uint8_t digest[DIGEST_SHA256_SIZE], out[128];
    size_t size = sizeof out;
    hash(f, f->attest, (struct bytes){0}, digest);
    bench_demand(
        EVP_PKEY_verify(f->verify, f->signature, f->signature_size, digest, sizeof digest) == 1,
        "the floor's signature");
    hash(f, f->boot_log, (struct bytes){0}, digest);
    extend_all(f);
    hash(f, buffer_bytes(&f->token), (struct bytes){0}, digest);
    bench_demand(EVP_PKEY_sign(f->sign, out, &size, digest, sizeof digest) == 1, "sign");
}

/* A signature over the same quote by the same key, as libcrypto wants it. */
static void
prepare_signatures(struct floor *f, EVP_PKEY *ak)
{
    uint8_t digest[DIGEST_SHA256_SIZE];
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY_CTX *once = EVP_PKEY_CTX_new(ak, NULL);
    f->verify = EVP_PKEY_CTX_new(ak, NULL);
    f->sign = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    f->signature_size = sizeof f->signature;
    hash(f, f->attest, (struct bytes){0}, digest);
    bench_demand(f->verify && f->sign && once && EVP_PKEY_verify_init(f->verify) == 1 &&
                     EVP_PKEY_sign_init(f->sign) == 1 && EVP_PKEY_sign_init(once) == 1 &&
                     EVP_PKEY_sign(once, f->signature, &f->signature_size, digest, sizeof digest) ==
                         1,
                 "libcrypto");
    EVP_PKEY_CTX_free(once);
    EVP_PKEY_free(key);
}

struct floor *
floor_new(const struct appraise_case *scene, struct bytes attest, size_t token_size)
{
    struct reasons reasons = {0};
    struct floor *f = calloc(1, sizeof *f);
    bench_demand(f, "memory");
    f->attest = attest;
    f->boot_log = buffer_bytes(&scene->log.log);
    bench_demand(eventlog_parse(f->boot_log, &f->log, &reasons) == STATUS_OK && f->log, "boot log");
    f->bank = eventlog_bank(f->log, ALG_SHA256);
    f->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    f->hash = EVP_MD_CTX_new();
    bench_demand(f->sha256 && f->hash, "libcrypto");
    while (f->token.size < token_size && !f->token.failed)
        buffer_append_u8(&f->token, 'a');
    prepare_signatures(f, scene->tpm->key);
    floor_run(f);
    for (uint32_t pcr = 0; pcr < IMA_PCR; pcr++)
        bench_demand(memcmp(f->pcr[pcr], scene->log.pcr[0][pcr].data, DIGEST_SHA256_SIZE) == 0,
                     "the floor is not the work");
    return f;
}

void
floor_free(struct floor *f)
{
    EVP_PKEY_CTX_free(f->verify);
    EVP_PKEY_CTX_free(f->sign);
    EVP_MD_CTX_free(f->hash);
    EVP_MD_free(f->sha256);
    eventlog_free(f->log);
    buffer_free(&f->token);
    free(f);
}
