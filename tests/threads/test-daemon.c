/* SPDX-License-Identifier: Apache-2.0 */
/* The whole daemon but its process, over TLS, with all its threads at once: devices attest,
 * operators read and change documents and simulate others, certificates are replaced, clients leave
 * in the middle; then the end comes under load. For ThreadSanitizer and AddressSanitizer; claims
 * that nothing answered is lost.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/tls.h"
#include "tests/lib/https_client.h"
#include "tests/lib/verifier_case.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define DEVICES    4u
#define OPERATORS  2u
#define LEAVERS    2u
#define SIMULATORS 2u
#define ROUNDS     400u /* attestations that one device remembers */
#define RUN_MS     3000
#define JSON       "Content-Type: application/json\r\n"
#define CBOR       "Content-Type: application/cmw+cbor\r\n"

struct scene {
    struct verifier_case *c;
    unsigned port;
    atomic_bool ending;
    atomic_bool reloads_ending; /* whoever closes the HTTP room reloads no more */
    char admin[256];
    char certificate[128], key[128];
};

/* ---- a device ---- */

struct device {
    pthread_t thread;
    struct scene *scene;
    struct tpm_builder *tpm;
    struct hasher *h;
    char id[DEVICE_ID_SIZE];
    size_t n_rounds, n_refused, n_wrong;
    char attestations[ROUNDS][STORE_ID_SIZE];
    int wrong_status;
    char wrong[200];
};

/* The text of a member of the answer, base64url decoded when out is a buffer. */
static bool
take_member(const struct https_answer *a, const char *name, char *out, size_t out_size)
{
    char sought[64];
    (void)snprintf(sought, sizeof sought, "\"%s\":\"", name);
    const char *at = memmem(a->body.data, a->body.size, sought, strlen(sought));
    if (!at)
        return false;
    at += strlen(sought);
    const char *end = memchr(at, '"', (size_t)((const char *)a->body.data + a->body.size - at));
    if (!end || (size_t)(end - at) >= out_size)
        return false;
    memcpy(out, at, (size_t)(end - at));
    out[end - at] = '\0';
    return true;
}

static bool
get_token(struct device *d, struct https_client *client, char *text, size_t size,
          struct buffer *token)
{
    CLEANUP(https_answer_clear) struct https_answer a = {0};
    char path[96];
    (void)snprintf(path, sizeof path, "/v1/devices/%s/challenges", d->id);
    return https_client_ask(client, "POST", path, NULL, (struct bytes){0}, &a) == 201 &&
           take_member(&a, "challenge", text, size) &&
           text_parse_base64url(bytes_of_text(text), token) == STATUS_OK;
}

/* What its own TPM makes of the challenge; the selection is the challenge's. */
static bool
make_evidence(struct device *d, struct bytes token, struct buffer *body)
{
    struct challenge challenge = {0};
    struct log_builder *log = &d->scene->c->device->log;
    CLEANUP(round_built_free) struct round_built built = {0};
    struct bytes signed_part, tag;
    if (challenge_parse(token, &challenge, &signed_part, &tag, NULL) != STATUS_OK)
        return false;
    const struct round_builder b = {.tpm = d->tpm,
                                    .selection = challenge.selection,
                                    .device_id = d->id,
                                    .origin = VERIFIER_CASE_ORIGIN,
                                    .token = token,
                                    .boot_log = buffer_bytes(&log->log),
                                    .ima = buffer_bytes(&log->ima)};
    round_builder_make(&b, &built);
    return evidence_encode(&built.evidence, body) == STATUS_OK;
}

static void
note_answer(struct device *d, const struct https_answer *a)
{
    if (a->status == 201 && d->n_rounds < ROUNDS &&
        take_member(a, "attestation", d->attestations[d->n_rounds], STORE_ID_SIZE)) {
        d->n_rounds++;
    } else if (a->status == 409 || a->status == 503) {
        d->n_refused++; /* superseded by other documents, or too much at once */
    } else if (a->status != 0) {
        d->n_wrong++;
        d->wrong_status = a->status;
        (void)snprintf(d->wrong, sizeof d->wrong, "%.*s", (int)a->body.size,
                       (const char *)a->body.data);
    }
}

static bool
attest_once(struct device *d, struct https_client *client)
{
    CLEANUP(buffer_free) struct buffer token = {0}, body = {0}, head = {0};
    CLEANUP(https_answer_clear) struct https_answer a = {0};
    char text[2 * LIMIT_CHALLENGE], path[96];
    if (!get_token(d, client, text, sizeof text, &token))
        return false;
    if (!make_evidence(d, buffer_bytes(&token), &body)) {
        d->n_wrong++;
        return false;
    }
    (void)snprintf(path, sizeof path, "/v1/devices/%s/evidence", d->id);
    buffer_append_format(&head, CBOR "Attestation-Challenge: %s\r\n", text);
    (void)https_client_ask(client, "POST", path, buffer_text(&head), buffer_bytes(&body), &a);
    note_answer(d, &a);
    return a.status == 201;
}

static void *
run_device(void *argument)
{
    struct device *d = argument;
    while (!atomic_load(&d->scene->ending)) {
        CLEANUP(https_client_closep)
        struct https_client *client = https_client_open(d->scene->port);
        for (int i = 0; client && i < 5 && attest_once(d, client); i++)
            ;
    }
    return NULL;
}

/* ---- operators ---- */

struct person {
    pthread_t thread;
    struct scene *scene;
    unsigned n;
    size_t n_done, n_wrong;
};

static void
tell(struct person *p, struct https_client *client, const char *method, const char *path,
     const char *body, int expected)
{
    CLEANUP(buffer_free) struct buffer head = {0};
    CLEANUP(https_answer_clear) struct https_answer a = {0};
    buffer_append_format(&head, "%s" JSON, p->scene->admin);
    int status = https_client_ask(client, method, path, buffer_text(&head),
                                  body ? bytes_of_text(body) : (struct bytes){0}, &a);
    p->n_done += status == expected;
    p->n_wrong += status != expected && status != 0 && status != 503;
}

/* Another version of a policy, now and then with another selection of PCRs. */
static void
change_documents(struct person *p, struct https_client *client, unsigned version)
{
    char document[512], path[64], body[64];
    (void)snprintf(document, sizeof document,
                   "{\"type\":\"policy\",\"id\":\"other-%u\",\"version\":%u,\"perspective\":"
                   "\"operator\",\"select\":{\"all\":true},\"quote\":{\"sha256\":[0,1,2,3,4,5,6,7,"
                   "8,9,10,11,12,14%s]},\"evidence_age\":\"1h\"}",
                   p->n, version, version % 8 == 0 ? ",13" : "");
    tell(p, client, "POST", "/v1/policies", document, 201);
    (void)snprintf(path, sizeof path, "/v1/policies/other-%u/activation", p->n);
    (void)snprintf(body, sizeof body, "{\"version\":%u}", version);
    tell(p, client, "POST", path, body, 200);
}

static void *
run_operator(void *argument)
{
    struct person *p = argument;
    for (unsigned version = 1; !atomic_load(&p->scene->ending); version++) {
        CLEANUP(https_client_closep)
        struct https_client *client = https_client_open(p->scene->port);
        if (!client)
            continue;
        change_documents(p, client, version);
        tell(p, client, "GET", "/v1/devices", NULL, 200);
        tell(p, client, "GET", "/v1/audit/checkpoint", NULL, 200);
        tell(p, client, "GET", "/readyz", NULL, 200);
    }
    return NULL;
}

/* ---- simulations ---- */

/* Asks until it is done; one that a later document made void is asked no more. */
static bool
follow_simulation(struct person *p, struct https_client *client, const char *id)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    char path[96];
    (void)snprintf(path, sizeof path, "/v1/simulations/%s", id);
    for (unsigned i = 0; i < 5000 && !atomic_load(&p->scene->ending); i++) {
        CLEANUP(https_answer_clear) struct https_answer a = {0};
        int status = https_client_ask(client, "GET", path, p->scene->admin, (struct bytes){0}, &a);
        if (status != 200)
            return false;
        if (!memmem(a.body.data, a.body.size, "\"state\":\"running\"", 17))
            return memmem(a.body.data, a.body.size, "\"state\":\"done\"", 14) != NULL;
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

static const char candidate[] =
    "{\"documents\":[{\"type\":\"policy\",\"id\":\"tried\",\"version\":1,\"perspective\":"
    "\"operator\",\"select\":{\"all\":true},\"secure_boot\":{\"state\":\"off\"}}],\"predict\":"
    "true}";

static void *
run_simulator(void *argument)
{
    struct person *p = argument;
    while (!atomic_load(&p->scene->ending)) {
        CLEANUP(https_client_closep)
        struct https_client *client = https_client_open(p->scene->port);
        CLEANUP(https_answer_clear) struct https_answer a = {0};
        CLEANUP(buffer_free) struct buffer head = {0};
        char id[STORE_ID_SIZE];
        buffer_append_format(&head, "%s" JSON, p->scene->admin);
        if (!client || https_client_ask(client, "POST", "/v1/simulations", buffer_text(&head),
                                        bytes_of_text(candidate), &a) != 202)
            continue; /* the other one's runs, or the end has come */
        if (take_member(&a, "id", id, sizeof id))
            p->n_done += follow_simulation(p, client, id);
    }
    return NULL;
}

/* ---- clients that leave ---- */

static void *
run_leaver(void *argument)
{
    struct person *p = argument;
    const char *path = "/v1/devices/00112233445566778899aabbccddeeff/challenges";
    for (unsigned i = 0; !atomic_load(&p->scene->ending); i++) {
        CLEANUP(https_client_closep)
        struct https_client *client = https_client_open(p->scene->port);
        if (!client)
            continue;
        if (i % 3 == 0)
            (void)https_client_write(client, bytes_of_text("POST /v1/devi"));
        else if (i % 3 == 1)
            (void)https_client_head(client, "POST", path, NULL, 100);
        else
            (void)https_client_head(client, "GET", "/healthz", NULL, 0);
        p->n_done++;
    }
    return NULL;
}

/* ---- reloads ---- */

static void *
run_reloads(void *argument)
{
    struct person *p = argument;
    const struct timespec pause = {.tv_nsec = 20000000};
    struct verifier_case *c = p->scene->c;
    while (!atomic_load(&p->scene->reloads_ending)) {
        CLEANUP(tls_pair_clear) struct tls_pair pair = {0};
        const struct tls_files files = {.certificate = p->scene->certificate, .key = p->scene->key};
        struct diag diag = {0};
        bool reloaded = tls_load(&files, &pair, &diag) == STATUS_OK &&
                        http_reload(c->http, buffer_text(&pair.certificate), buffer_text(&pair.key),
                                    &diag) == STATUS_OK &&
                        snapshot_refresh(c->verifier.snapshot, true, &diag) == STATUS_OK;
        p->n_done += reloaded;
        p->n_wrong += !reloaded;
        (void)nanosleep(&pause, NULL);
    }
    return NULL;
}

/* ---- the whole ---- */

static void
make_device(struct scene *s, struct device *d, unsigned n)
{
    *d = (struct device){.scene = s};
    (void)snprintf(d->id, sizeof d->id, "%032x", n + 1);
    d->tpm = tpm_builder_new(TPM_BUILDER_P256, ALG_SHA256);
    memcpy(d->tpm->pcrs[alg_index(ALG_SHA256)], s->c->device->log.pcr[0],
           sizeof s->c->device->log.pcr[0]);
    verifier_case_enroll(s->c, d->id, d->tpm);
}

static void
start(struct person *p, struct scene *s, unsigned n, void *(*run)(void *))
{
    *p = (struct person){.scene = s, .n = n};
    assert_int_equal(0, pthread_create(&p->thread, NULL, run, p));
}

static void
finish(struct person *p)
{
    assert_int_equal(0, pthread_join(p->thread, NULL));
    assert_int_equal(0, p->n_wrong);
    assert_true(p->n_done > 0);
}

/* One survey runs at a time, so some simulator was done with one, not each. */
static void
finish_simulators(struct person *simulators)
{
    size_t n_done = 0;
    for (unsigned i = 0; i < SIMULATORS; i++) {
        assert_int_equal(0, pthread_join(simulators[i].thread, NULL));
        n_done += simulators[i].n_done;
    }
    print_message("%zu simulations\n", n_done);
    assert_true(n_done > 0);
}

/* Every attestation that was answered is there, and its evidence with it. */
static void
assert_nothing_lost(struct verifier_case *c, struct device *d)
{
    if (d->n_wrong > 0)
        fail_msg("%zu wrong: %d %s", d->n_wrong, d->wrong_status, d->wrong);
    assert_true(d->n_rounds > 0);
    for (size_t i = 0; i < d->n_rounds; i++) {
        CLEANUP(store_attestation_clear) struct store_attestation a = {0};
        assert_status(STATUS_OK, store_get_attestation(c->verifier.store, d->attestations[i], &a));
        assert_string_equal(d->id, a.device);
        assert_true(text_starts(a.result, "ey"));
    }
    print_message("device %s: %zu rounds, %zu refused\n", d->id, d->n_rounds, d->n_refused);
}

static void
does_everything_at_once_and_ends_under_load(void **state)
{
    static struct device devices[DEVICES];
    struct person operators[OPERATORS], leavers[LEAVERS], simulators[SIMULATORS], reloader;
    struct scene s = {.c = *state};
    const struct timespec run = {.tv_sec = RUN_MS / 1000};
    uint64_t broken = 1, last = 0;
    verifier_case_documents(s.c);
    verifier_case_token(s.c, ACCESS_ADMIN | ACCESS_AUDITOR, NULL, 0, s.admin, sizeof s.admin);
    for (unsigned i = 0; i < DEVICES; i++)
        make_device(&s, &devices[i], i);
    verifier_case_serve(s.c, &(struct http_options){0});
    (void)snprintf(s.certificate, sizeof s.certificate, "%s/tls/certificate.pem", s.c->directory);
    (void)snprintf(s.key, sizeof s.key, "%s/tls/key.pem", s.c->directory);
    s.port = http_port(s.c->http);
    for (unsigned i = 0; i < DEVICES; i++)
        assert_int_equal(0, pthread_create(&devices[i].thread, NULL, run_device, &devices[i]));
    for (unsigned i = 0; i < OPERATORS; i++)
        start(&operators[i], &s, i, run_operator);
    for (unsigned i = 0; i < LEAVERS; i++)
        start(&leavers[i], &s, i, run_leaver);
    for (unsigned i = 0; i < SIMULATORS; i++)
        start(&simulators[i], &s, i, run_simulator);
    start(&reloader, &s, 0, run_reloads);
    (void)nanosleep(&run, NULL);
    atomic_store(&s.reloads_ending, true);
    finish(&reloader);
    assert_true(http_close(s.c->http, 20000));
    s.c->http = NULL;
    atomic_store(&s.ending, true);
    for (unsigned i = 0; i < DEVICES; i++)
        assert_int_equal(0, pthread_join(devices[i].thread, NULL));
    for (unsigned i = 0; i < OPERATORS; i++)
        finish(&operators[i]);
    for (unsigned i = 0; i < LEAVERS; i++)
        finish(&leavers[i]);
    finish_simulators(simulators);
    for (unsigned i = 0; i < DEVICES; i++) {
        assert_nothing_lost(s.c, &devices[i]);
        tpm_builder_free(devices[i].tpm);
    }
    assert_status(STATUS_OK, store_check_audit(s.c->verifier.store, &broken, &last));
    assert_int_equal(0, broken);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        VERIFIER_CASE(does_everything_at_once_and_ends_under_load),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
