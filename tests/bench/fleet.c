/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/fleet.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/store_admin.h"
#include "tests/bench/bench.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void
make_manifest(struct fleet *f)
{
    struct manifest m = {0};
    struct bytes log = buffer_bytes(&f->scene->log.log);
    struct manifest_entry *entry = &m.entries[MANIFEST_BOOT_LOG];
    *entry = (struct manifest_entry){.present = true, .size = log.size};
    bench_demand(digest_sha256(f->scene->h, log, entry->sha256) == STATUS_OK &&
                     manifest_encode(&m, &f->manifest) == STATUS_OK,
                 "manifest");
}

struct fleet *
fleet_new(size_t n_events, size_t n_devices, size_t n_active)
{
    const struct scene_options options = {.n_events = n_events};
    struct fleet *f = calloc(1, sizeof *f);
    bench_demand(f, "memory");
    *f = (struct fleet){.scene = scene_new(&options), .n_devices = n_devices, .n_active = n_active};
    f->devices = calloc(n_devices, sizeof *f->devices);
    bench_demand(f->devices, "memory");
    appraise_case_edit(f->scene, APPRAISE_CASE_POLICY, "{\"labels\": {\"site\": \"tokyo\"}}",
                       "{\"all\": true}");
    make_manifest(f);
    return f;
}

void
fleet_free(struct fleet *f)
{
    for (size_t i = 0; i < f->n_active; i++)
        EVP_PKEY_free(f->devices[i].key);
    buffer_free(&f->manifest);
    appraise_case_free(f->scene);
    free(f->devices);
    free(f);
}

/* The software TPM becomes this device's for a while. */
static EVP_PKEY *
swap_key(struct fleet *f, EVP_PKEY *key)
{
    EVP_PKEY *other = f->scene->tpm->key;
    f->scene->tpm->key = key;
    return other;
}

/* ---- the store ---- */

static struct store_actor
who(void)
{
    return (struct store_actor){.name = "system", .now_s = (int64_t)time(NULL)};
}

static void
enroll(struct fleet *f, struct store *store, size_t i)
{
    struct fleet_device *d = &f->devices[i];
    uint8_t ek[1][DIGEST_SHA256_SIZE];
    CLEANUP(buffer_free) struct buffer ak = {0};
    EVP_PKEY *key = EVP_EC_gen("P-256");
    bench_demand(key && digest_sha256(f->scene->h, bytes_of(&i, sizeof i), ek[0]) == STATUS_OK,
                 "libcrypto");
    EVP_PKEY *own = swap_key(f, key);
    tpm_builder_public(f->scene->tpm, &ak);
    (void)swap_key(f, own);
    struct store_enrollment e = {.eks = (const uint8_t(*)[DIGEST_SHA256_SIZE])ek,
                                 .n_eks = 1,
                                 .ak_public = buffer_bytes(&ak),
                                 .genuine = GENUINE_VERIFIED,
                                 .proposed = MEMBER_BY_LIST,
                                 .tpm_json = "{}"};
    (void)text_hex(bytes_of(ek[0], (DEVICE_ID_SIZE - 1) / 2), e.id, sizeof e.id);
    (void)text_copy(d->id, sizeof d->id, e.id);
    e.ueid[0] = 1;
    memcpy(e.ueid + 1, ek[0], sizeof ek[0]);
    const struct store_actor actor = who();
    enum store_enrolled how;
    bench_demand(store_put_enrollment(store, &actor, &e, &how) == STATUS_OK &&
                     how == STORE_ENROLLED_NEW,
                 "enrolment");
    if (i < f->n_active)
        d->key = key;
    else
        EVP_PKEY_free(key);
}

static void
put_document(struct fleet *f, struct store *store, struct bytes text)
{
    CLEANUP(document_freep) struct document *d = NULL;
    struct diag diag = {0};
    const struct store_actor actor = who();
    bool again = false;
    bench_demand(document_parse(f->scene->h, text, &d, &diag) == STATUS_OK, diag.text);
    const struct document_info *info = document_info(d);
    bench_demand(store_put_document(store, &actor, info, text, &again) == STATUS_OK &&
                     store_activate_document(store, &actor, info->kind, info->id, info->version) ==
                         STATUS_OK,
                 "document");
}

void
fleet_seed(struct fleet *f, const char *path)
{
    struct store *store = NULL;
    struct diag diag = {0};
    bench_demand(store_open(path, &store, &diag) == STATUS_OK, diag.text);
    for (size_t i = 0; i < f->n_devices; i++)
        enroll(f, store, i);
    put_document(f, store, buffer_bytes(&f->scene->documents[1]));
    put_document(f, store, buffer_bytes(&f->scene->documents[APPRAISE_CASE_POLICY]));
    store_close(store);
}

/* ---- evidence ---- */

static void
bind(struct fleet *f, const struct fleet_round *r, uint8_t out[static DIGEST_SHA256_SIZE])
{
    CLEANUP(ak_freep) struct ak *ak = tpm_builder_ak(f->scene->tpm);
    const struct binding binding = {.challenge = r->token,
                                    .device_id = r->device->id,
                                    .ak_name = ak_name(ak),
                                    .origin = r->origin,
                                    .exporter = r->exporter,
                                    .manifest = buffer_bytes(&f->manifest)};
    bench_demand(binding_extra_data(f->scene->h, &binding, out) == STATUS_OK, "binding");
}

static void
put_member(struct evidence *e, enum evidence_member member, struct bytes content)
{
    e->present[member] = true;
    e->member[member] = content;
}

void
fleet_answer(struct fleet *f, const struct fleet_round *r, struct buffer *out)
{
    struct tpm_builder *tpm = f->scene->tpm;
    struct fleet_device *d = r->device;
    struct challenge c;
    struct bytes signed_part, tag;
    uint8_t extra_data[DIGEST_SHA256_SIZE];
    CLEANUP(buffer_free) struct buffer attest = {0}, signature = {0}, pcrs = {0};
    struct evidence e = {0};
    bench_demand(challenge_parse(r->token, &c, &signed_part, &tag, NULL) == STATUS_OK, "challenge");
    EVP_PKEY *own = swap_key(f, d->key);
    d->clock_ms += 1000;
    tpm->clock_ms = d->clock_ms;
    bind(f, r, extra_data);
    struct tpm_builder_quote q =
        tpm_builder_quote_of(tpm, &c.selection, bytes_of(extra_data, sizeof extra_data));
    tpm_builder_attest(tpm, &q, &attest);
    tpm_builder_sign(tpm, buffer_bytes(&attest), &signature);
    tpm_builder_pcrs(tpm, &c.selection, &pcrs);
    (void)swap_key(f, own);
    put_member(&e, EVIDENCE_MANIFEST, buffer_bytes(&f->manifest));
    put_member(&e, EVIDENCE_QUOTE, buffer_bytes(&attest));
    put_member(&e, EVIDENCE_SIGNATURE, buffer_bytes(&signature));
    put_member(&e, EVIDENCE_PCRS, buffer_bytes(&pcrs));
    if (!d->log_held)
        put_member(&e, EVIDENCE_BOOT_LOG, buffer_bytes(&f->scene->log.log));
    bench_demand(evidence_encode(&e, out) == STATUS_OK, "frame");
}
