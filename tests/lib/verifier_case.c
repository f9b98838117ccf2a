/* SPDX-License-Identifier: Apache-2.0 */
/* from: settings and a device made of software; to: rounds through attest_round(); never: part of a
 * program. */
#include "tests/lib/verifier_case.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/enroll.h"
#include "daemon/settings.h"
#include "daemon/survey.h"
#include "daemon/tls.h"

#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

const struct store_actor verifier_case_operator = {.name = "token:operator",
                                                   .now_s = VERIFIER_CASE_START};

static const char *const origins[] = {VERIFIER_CASE_ORIGIN};

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void
demand(enum status s, const struct diag *diag)
{
    if (s != STATUS_OK)
        fail_msg("%s: %s", status_name(s), diag->text);
}

void
verifier_case_open(struct verifier_case *c)
{
    struct diag diag = {0};
    char path[128];
    c->verifier = (struct verifier){.config = &c->config, .origins = origins, .n_origins = 1};
    (void)snprintf(path, sizeof path, "%s/keys", c->directory);
    demand(keyring_open(path, NULL, true, &c->verifier.keyring, &diag), &diag);
    (void)snprintf(path, sizeof path, "%s/attestd.db", c->directory);
    demand(store_open(path, &c->verifier.store, &diag), &diag);
    demand(enroll_open(&c->config, VERIFIER_CASE_START, &c->verifier.enroll, &diag), &diag);
    demand(snapshot_open(c->verifier.store, &c->verifier.snapshot, &diag), &diag);
    demand(writer_new(c->verifier.store, NULL, &c->verifier.writer), &diag);
    demand(ima_memory_new(IMA_MEMORY_SIZE, &c->verifier.ima_memory), &diag);
    demand(surveys_open(c->verifier.store, &c->verifier.surveys), &diag);
    demand(device_memory_new(0, &c->verifier.devices), &diag);
    demand(replay_memory_new(REPLAY_MEMORY_SIZE, &c->verifier.replay_memory), &diag);
}

void
verifier_case_serve(struct verifier_case *c, const struct http_options *options)
{
    CLEANUP(tls_pair_clear) struct tls_pair pair = {0};
    struct http_options o = *options;
    struct diag diag = {0};
    char path[128];
    (void)snprintf(path, sizeof path, "%s/tls", c->directory);
    const struct tls_files files = {
        .directory = path, .origins = origins, .n_origins = 1, .now_s = time(NULL)};
    demand(tls_load(&files, &pair, &diag), &diag);
    o.listen = "127.0.0.1:0";
    o.listen_fd = -1;
    o.certificate = (const char *)pair.certificate.data;
    o.key = (const char *)pair.key.data;
    o.n_queued = o.n_queued ? o.n_queued : 64;
    o.n_workers = o.n_workers ? o.n_workers : 2;
    o.n_threads = o.n_threads ? o.n_threads : 2;
    o.n_connections = o.n_connections ? o.n_connections : 256;
    o.n_connections_by_address = o.n_connections_by_address ? o.n_connections_by_address : 256;
    demand(http_open(&c->verifier, &o, &c->http, &diag), &diag);
    c->now_ms = (int64_t)time(NULL) * 1000;
}

void
verifier_case_token(struct verifier_case *c, uint32_t roles, struct label *scope, size_t n_labels,
                    char *out, size_t out_size)
{
    static unsigned n;
    char secret[128], description[] = "test", by[] = "system";
    int64_t now_s = (int64_t)time(NULL);
    struct store_token t = {.kind = STORE_TOKEN_API,
                            .roles = roles,
                            .labels = scope,
                            .n_labels = n_labels,
                            .description = description,
                            .created_by = by,
                            .created_s = now_s,
                            .expires_s = now_s + 3600};
    (void)snprintf(t.id, sizeof t.id, "t%u", n++);
    assert_status(STATUS_OK, access_new_secret(c->h, "api", secret, sizeof secret, t.sha256));
    assert_status(STATUS_OK, store_put_token(c->verifier.store, &verifier_case_operator, &t));
    (void)snprintf(out, out_size, "Authorization: Bearer %s\r\n", secret);
}

void
verifier_case_close(struct verifier_case *c)
{
    assert_true(http_close(c->http, 5000));
    c->http = NULL;
    surveys_close(c->verifier.surveys);
    assert_true(writer_free(c->verifier.writer));
    ima_memory_free(c->verifier.ima_memory);
    device_memory_free(c->verifier.devices);
    replay_memory_free(c->verifier.replay_memory);
    snapshot_close(c->verifier.snapshot);
    store_close(c->verifier.store);
    enroll_close(c->verifier.enroll);
    keyring_close(c->verifier.keyring);
}

/* An empty directory in place of this machine's. */
static void
override_path(struct verifier_case *c, const char *key)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", c->directory, key);
    assert_int_equal(0, mkdir(path, 0700));
    assert_status(STATUS_OK, config_override(&c->config, "enrollment", key, path, NULL));
}

int
verifier_case_setup(void **state)
{
    struct verifier_case *c = calloc(1, sizeof *c);
    char path[128];
    assert_non_null(c);
    (void)text_copy(c->directory, sizeof c->directory, "/tmp/attestd-verifier-XXXXXX");
    assert_non_null(mkdtemp(c->directory));
    (void)snprintf(path, sizeof path, "%s/absent.conf", c->directory);
    assert_status(STATUS_NOT_FOUND,
                  config_load(path, settings_table, settings_n_rows, &c->config, NULL));
    /* Nothing of this machine's own settings counts. */
    assert_status(STATUS_OK, config_override(&c->config, "enrollment", "ek_roots", path, NULL));
    assert_status(STATUS_OK, config_override(&c->config, "enrollment", "ek_bundle", path, NULL));
    assert_status(STATUS_OK, config_override(&c->config, "enrollment", "advisories", path, NULL));
    override_path(c, "ek_roots");
    override_path(c, "ek_bundle");
    assert_status(STATUS_OK, hasher_new(&c->h));
    c->now_ms = VERIFIER_CASE_START * 1000;
    c->device = appraise_case_ready();
    verifier_case_open(c);
    verifier_case_enroll(c, c->device->subject.device_id, c->device->tpm);
    *state = c;
    return 0;
}

int
verifier_case_teardown(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_close(c);
    appraise_case_free(c->device);
    hasher_free(c->h);
    config_free(&c->config);
    assert_int_equal(0, nftw(c->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS));
    free(c);
    return 0;
}

/* ---- what is in the store ---- */

void
verifier_case_activate(struct verifier_case *c, const char *json)
{
    CLEANUP(document_freep) struct document *d = NULL;
    struct diag diag = {0};
    bool again = false;
    demand(document_parse(c->h, bytes_of_text(json), &d, &diag), &diag);
    const struct document_info *info = document_info(d);
    assert_status(STATUS_OK, store_put_document(c->verifier.store, &verifier_case_operator, info,
                                                bytes_of_text(json), &again));
    assert_status(STATUS_OK, store_activate_document(c->verifier.store, &verifier_case_operator,
                                                     info->kind, info->id, info->version));
}

void
verifier_case_documents(struct verifier_case *c)
{
    struct diag diag = {0};
    verifier_case_activate(c, buffer_text(&c->device->documents[1]));
    verifier_case_activate(c, buffer_text(&c->device->documents[APPRAISE_CASE_POLICY]));
    demand(snapshot_refresh(c->verifier.snapshot, false, &diag), &diag);
}

void
verifier_case_enroll(struct verifier_case *c, const char *id, const struct tpm_builder *tpm)
{
    CLEANUP(buffer_free) struct buffer ak = {0};
    CLEANUP(store_device_clear) struct store_device d = {0};
    uint8_t ek[1][DIGEST_SHA256_SIZE] = {0};
    struct label site = {"site", "tokyo"};
    enum store_enrolled how = STORE_ENROLLED_AGAIN;
    assert_status(STATUS_OK, text_parse_hex_exact(id, ek[0], 16));
    tpm_builder_public(tpm, &ak);
    struct store_enrollment e = {
        .eks = (const uint8_t(*)[DIGEST_SHA256_SIZE])ek,
        .n_eks = 1,
        .ak_public = buffer_bytes(&ak),
        .genuine = GENUINE_VERIFIED,
        .proposed = MEMBER_BY_APPROVAL,
    };
    (void)text_copy(e.id, sizeof e.id, id);
    e.ueid[0] = 1;
    memcpy(e.ueid + 1, ek[0], sizeof ek[0]);
    assert_status(STATUS_OK,
                  store_put_enrollment(c->verifier.store, &verifier_case_operator, &e, &how));
    assert_int_equal(STORE_ENROLLED_NEW, how);
    assert_status(STATUS_OK, store_get_device(c->verifier.store, id, &d));
    const struct store_device_change label = {.id = id,
                                              .version = d.version,
                                              .state = d.state,
                                              .member_by = d.member_by,
                                              .labels = &site,
                                              .n_labels = 1};
    assert_status(STATUS_OK,
                  store_change_device(c->verifier.store, &verifier_case_operator, &label));
}

struct store_device
verifier_case_device(struct verifier_case *c)
{
    struct store_device d = {0};
    assert_status(STATUS_OK, store_get_device(c->verifier.store, c->device->subject.device_id, &d));
    return d;
}

void
verifier_case_set_state(struct verifier_case *c, enum life_cycle state)
{
    struct store_device d = verifier_case_device(c);
    const struct store_device_change change = {.id = c->device->subject.device_id,
                                               .version = d.version,
                                               .state = state,
                                               .member_by = MEMBER_BY_APPROVAL,
                                               .n_labels = SIZE_MAX};
    assert_status(STATUS_OK,
                  store_change_device(c->verifier.store, &verifier_case_operator, &change));
    store_device_clear(&d);
}

size_t
verifier_case_n_attestations(struct verifier_case *c)
{
    CLEANUP(store_attestation_list_clear) struct store_attestation_list list = {0};
    assert_status(STATUS_OK,
                  store_list_attestations(c->verifier.store, c->device->subject.device_id, NULL,
                                          LIMIT_PAGE, &list));
    return list.n_items;
}

/* ---- rounds ---- */

static const char *
id_of(const struct verifier_case *c, const struct verifier_case_round *r)
{
    return r->device_id ? r->device_id : c->device->subject.device_id;
}

void
verifier_case_challenge(struct verifier_case *c, const char *device_id, const char *selection,
                        int64_t issued_ms, struct bytes exporter, struct buffer *token)
{
    struct freshness_key keys[2];
    struct documents *documents = snapshot_get(c->verifier.snapshot);
    struct challenge challenge = {.issued_ms = issued_ms,
                                  .selection = selection ? tpm_builder_selection(selection)
                                                         : *documents_selection(documents),
                                  .exporter_required = exporter.size > 0};
    documents_unref(documents);
    assert_status(STATUS_OK, digest_random(challenge.random, sizeof challenge.random));
    assert_status(STATUS_OK, keyring_challenge_keys(c->verifier.keyring, issued_ms, keys));
    assert_status(STATUS_OK, freshness_issue(&keys[0], device_id, &challenge, token));
}

static struct freshness *
believe(struct verifier_case *c, const struct verifier_case_round *r, struct bytes token)
{
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct freshness *f = NULL;
    struct freshness_key keys[2];
    const struct freshness_context context = {.device_id = id_of(c, r),
                                              .origin = VERIFIER_CASE_ORIGIN,
                                              .exporter = r->exporter,
                                              .now_ms = c->now_ms};
    assert_status(STATUS_OK, keyring_challenge_keys(c->verifier.keyring, c->now_ms, keys));
    assert_status(STATUS_OK, freshness_verify(keys, 2, token, &context, &f, &reasons));
    assert_non_null(f);
    return f;
}

static struct round_builder
builder_of(struct verifier_case *c, const struct verifier_case_round *r, struct bytes token)
{
    struct log_builder *log = &c->device->log;
    struct round_builder b = {
        .tpm = r->tpm ? r->tpm : c->device->tpm,
        .device_id = id_of(c, r),
        .origin = VERIFIER_CASE_ORIGIN,
        .exporter = r->exporter,
        .token = token,
        .ima_offset = r->ima_offset,
        .userspace_offset = r->userspace_offset,
        .boot_log_by_reference = r->boot_log_by_reference,
    };
    if (!r->no_boot_log)
        b.boot_log = buffer_bytes(&log->log);
    if (!r->no_ima)
        b.ima = r->ima.data ? r->ima : buffer_bytes(&log->ima);
    return b;
}

static void
encode(const struct verifier_case_round *r, struct round_built *built, struct buffer *out)
{
    built->evidence.present[EVIDENCE_OFFSETS] = r->ima_offset > 0 || r->userspace_offset > 0;
    if (r->change)
        r->change(&built->evidence);
    assert_status(STATUS_OK, r->json ? evidence_encode_json(&built->evidence, out)
                                     : evidence_encode(&built->evidence, out));
}

enum status
verifier_case_attest(struct verifier_case *c, const struct verifier_case_round *r,
                     struct attest_answer *out)
{
    CLEANUP(buffer_free) struct buffer token = {0};
    CLEANUP(buffer_free) struct buffer body = {0};
    CLEANUP(round_built_free) struct round_built built = {0};
    int64_t issued_ms = r->issued_ms ? r->issued_ms : c->now_ms;
    c->now_ms += 1000;
    if (r->token.data)
        buffer_append(&token, r->token);
    else
        verifier_case_challenge(c, id_of(c, r), r->selection, issued_ms, r->exporter, &token);
    CLEANUP(freshness_freep) struct freshness *f = believe(c, r, buffer_bytes(&token));
    struct round_builder b = builder_of(c, r, buffer_bytes(&token));
    b.selection = *freshness_selection(f);
    if (!r->tpm)
        appraise_case_take_pcrs(c->device);
    round_builder_begin(&b, &built);
    if (r->spoil)
        r->spoil(&built.quote);
    round_builder_finish(&b, &built);
    encode(r, &built, &body);
    const struct attest_request request = {.device_id = id_of(c, r),
                                           .body = buffer_bytes(&body),
                                           .json = r->json,
                                           .freshness = f,
                                           .origin = VERIFIER_CASE_ORIGIN,
                                           .dialect = r->dialect,
                                           .now_ms = c->now_ms};
    return attest_round(&c->verifier, c->h, &request, out);
}
