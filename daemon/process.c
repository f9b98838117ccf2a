/* SPDX-License-Identifier: Apache-2.0 */
/* from: checked settings; to: a serving daemon; never: looks into a request. */
#include "daemon/process.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/service.h"
#include "base/text.h"
#include "daemon/enroll.h"
#include "daemon/http.h"
#include "daemon/settings.h"
#include "daemon/survey.h"
#include "daemon/tls.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CLAUSE          "attestd"
#define STATE_PATH_SIZE 512u
#define POLL_MS         2000
#define RETENTION_S     60 /* how often ended boots are looked for */
#define UPKEEP_STEPS    8u
#define ADMIN_TOKEN     "admin.token"
#define ADMIN_ID        "admin"
#define ADMIN_LIFE_S    (3650L * 86400L)

struct process {
    const struct config *config;
    struct verifier verifier;
    int64_t tended_s; /* when ended boots were last looked for */
    bool dropping;    /* there was more to drop than one turn does */
    char *origins[SETTINGS_ORIGINS];
    struct http *http;
};

static int64_t
now_s(void)
{
    return (int64_t)time(NULL);
}

static enum status
state_path(const struct config *c, const char *name, char *out, size_t size, struct diag *diag)
{
    const char *directory = config_text(c, "state", "directory");
    if (snprintf(out, size, "%s/%s", directory, name) >= (int)size)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "state.directory is too long");
    return STATUS_OK;
}

static enum status
open_state_directory(const struct config *c, struct diag *diag)
{
    const char *directory = config_text(c, "state", "directory");
    if (mkdir(directory, 0700) != 0 && errno != EEXIST)
        return diag_set(diag, STATUS_IO, CLAUSE, 0, "cannot make %s: %s", directory,
                        strerror(errno));
    return STATUS_OK;
}

static enum status
open_store(struct process *p, struct diag *diag)
{
    char path[STATE_PATH_SIZE];
    const char *configured = config_text(p->config, "store", "path");
    enum status s = state_path(p->config, "attestd.db", path, sizeof path, diag);
    if (s != STATUS_OK)
        return s;
    s = store_open(configured ? configured : path, &p->verifier.store, diag);
    if (s == STATUS_OK)
        s = snapshot_open(p->verifier.store, &p->verifier.snapshot, diag);
    if (s == STATUS_OK)
        s = writer_new(p->verifier.store, NULL, &p->verifier.writer);
    if (s == STATUS_OK)
        s = ima_memory_new(IMA_MEMORY_SIZE, &p->verifier.ima_memory);
    if (s == STATUS_OK)
        s = surveys_open(p->verifier.store, &p->verifier.surveys);
    if (s == STATUS_OK)
        s = device_memory_new(0, &p->verifier.devices);
    if (s == STATUS_OK)
        s = replay_memory_new(REPLAY_MEMORY_SIZE, &p->verifier.replay_memory);
    return s;
}

static enum status
open_keys(struct process *p, struct diag *diag)
{
    char path[STATE_PATH_SIZE];
    enum status s = state_path(p->config, "keys", path, sizeof path, diag);
    if (s == STATUS_OK)
        s = keyring_open(path, service_credentials(), true, &p->verifier.keyring, diag);
    if (s == STATUS_OK)
        s = enroll_open(p->config, now_s(), &p->verifier.enroll, diag);
    return s;
}

/* Without its file nobody can use it: the next start makes it again. */
static enum status
save_admin_token(struct process *p, const struct store_actor *who, const char *path,
                 const char *secret, struct diag *diag)
{
    enum status s = file_save(path, bytes_of_text(secret), 0600, diag);
    if (s == STATUS_OK) {
        log_line(LOG_LEVEL_NOTICE, "the admin token is in %s", path);
        return s;
    }
    (void)unlink(path);
    if (store_remove_token(p->verifier.store, who, STORE_TOKEN_API, ADMIN_ID) != STATUS_OK)
        log_line(LOG_LEVEL_ERROR, "the admin token is in no file, and stays in the store");
    return s;
}

/* The first administrator: a token in a file that only we can read, made once, never logged. The
 * file may be removed; the token stays what it is. */
static enum status
open_admin_token(struct process *p, struct diag *diag)
{
    char path[STATE_PATH_SIZE], secret[128];
    enum status s = state_path(p->config, ADMIN_TOKEN, path, sizeof path, diag);
    if (s != STATUS_OK || access(path, F_OK) == 0)
        return s;
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    char description[] = "made at first start";
    char system[] = "system";
    struct store_token token = {
        .kind = STORE_TOKEN_API,
        .id = ADMIN_ID,
        .roles = ACCESS_ADMIN | ACCESS_AUDITOR | ACCESS_RELYING_PARTY,
        .description = description,
        .created_by = system,
        .created_s = now_s(),
        .expires_s = now_s() + ADMIN_LIFE_S,
    };
    struct store_actor who = {.name = system, .now_s = now_s()};
    s = hasher_new(&h);
    if (s == STATUS_OK)
        s = access_new_secret(h, "api", secret, sizeof secret, token.sha256);
    if (s == STATUS_OK)
        s = store_put_token(p->verifier.store, &who, &token);
    if (s == STATUS_OK)
        s = save_admin_token(p, &who, path, secret, diag);
    else if (s == STATUS_CONFLICT) /* it is there, and its file was removed */
        s = STATUS_OK;
    OPENSSL_cleanse(secret, sizeof secret);
    return s;
}

static enum status
load_tls(struct process *p, struct tls_pair *pair, struct diag *diag)
{
    char path[STATE_PATH_SIZE];
    enum status s = state_path(p->config, "tls", path, sizeof path, diag);
    if (s != STATUS_OK)
        return s;
    struct tls_files files = {
        .certificate = config_text(p->config, "server", "certificate"),
        .key = config_text(p->config, "server", "key"),
        .directory = path,
        .origins = p->verifier.origins,
        .n_origins = p->verifier.n_origins,
        .now_s = now_s(),
    };
    return tls_load(&files, pair, diag);
}

static enum status
open_http(struct process *p, struct diag *diag)
{
    const struct config *c = p->config;
    CLEANUP(tls_pair_clear) struct tls_pair pair = {0};
    struct http_options o = {
        .listen = config_text(c, "server", "listen"),
        .n_threads = (unsigned)config_u64(c, "server", "http_threads"),
        .n_workers = (unsigned)config_u64(c, "server", "workers"),
        .n_queued = (unsigned)config_u64(c, "server", "queue"),
        .n_connections = (unsigned)config_u64(c, "server", "connections"),
        .n_connections_by_address = (unsigned)config_u64(c, "server", "connections_by_address"),
        .trusted_proxies = config_text(c, "server", "trusted_proxies"),
    };
    enum status s = service_listen_fd(&o.listen_fd, diag);
    if (s == STATUS_OK)
        s = load_tls(p, &pair, diag);
    if (s != STATUS_OK)
        return s;
    o.certificate = (const char *)pair.certificate.data;
    o.key = (const char *)pair.key.data;
    s = http_open(&p->verifier, &o, &p->http, diag);
    if (s == STATUS_OK)
        log_line(LOG_LEVEL_NOTICE, "serving on port %u as %s; pinned_key %s%s", http_port(p->http),
                 p->origins[0], pair.pin, pair.made ? " (self-signed)" : "");
    return s;
}

static enum status
open_rooms(struct process *p, struct diag *diag)
{
    p->verifier.config = p->config;
    p->verifier.exporter_required = config_bool(p->config, "server", "exporter");
    enum status s = settings_origins(p->config, p->origins, &p->verifier.n_origins, diag);
    p->verifier.origins = (const char *const *)p->origins;
    if (s == STATUS_OK)
        s = open_state_directory(p->config, diag);
    if (s == STATUS_OK)
        s = open_keys(p, diag);
    if (s == STATUS_OK)
        s = open_store(p, diag);
    if (s == STATUS_OK)
        s = open_admin_token(p, diag);
    if (s == STATUS_OK)
        s = open_http(p, diag);
    return s;
}

enum status
process_open(const struct config *config, struct process **out, struct diag *diag)
{
    *out = NULL;
    struct process *p = calloc(1, sizeof *p);
    if (!p)
        return STATUS_NOMEM;
    p->config = config;
    enum status s = open_rooms(p, diag);
    if (s != STATUS_OK) {
        process_close(p);
        return s;
    }
    *out = p;
    return STATUS_OK;
}

/* SIGHUP: what cannot be loaded leaves the old in force, and says so. */
static void
reload(struct process *p)
{
    struct diag diag = {0};
    CLEANUP(tls_pair_clear) struct tls_pair pair = {0};
    service_notify("RELOADING=1");
    enum status s = load_tls(p, &pair, &diag);
    if (s == STATUS_OK)
        s = http_reload(p->http, (const char *)pair.certificate.data, (const char *)pair.key.data,
                        &diag);
    if (s == STATUS_OK)
        s = enroll_reload(p->verifier.enroll, p->config, now_s(), &diag);
    if (s == STATUS_OK)
        s = snapshot_refresh(p->verifier.snapshot, true, &diag);
    if (s == STATUS_OK)
        log_line(LOG_LEVEL_NOTICE, "documents and certificates loaded again");
    else
        log_diag(LOG_LEVEL_ERROR, "reload", s, &diag);
    service_notify("READY=1");
}

/* A few short transactions, so that rounds go on between them; the rest in a second. */
static void
tend_evidence(struct process *p)
{
    const struct store_retention rule = {
        .now_s = now_s(),
        .age_s = config_duration_s(p->config, "store", "evidence_age"),
        .n_boots = config_u64(p->config, "store", "evidence_boots"),
    };
    bool join = true, drop = p->dropping || rule.now_s >= p->tended_s + RETENTION_S;
    if (drop)
        p->tended_s = rule.now_s;
    enum status s = STATUS_OK;
    for (unsigned i = 0; s == STATUS_OK && (join || drop) && i < UPKEEP_STEPS; i++) {
        if (join)
            s = store_join_segments(p->verifier.store, &join);
        if (s == STATUS_OK && drop)
            s = store_drop_evidence(p->verifier.store, &rule, &drop);
    }
    p->dropping = drop;
    if (s != STATUS_OK && s != STATUS_BUSY)
        log_line(LOG_LEVEL_WARNING, "evidence: upkeep: %s", status_name(s));
}

/* Other nodes change documents too; events are numbered after their commit. */
static void
poll_store(struct process *p)
{
    struct diag diag = {0};
    size_t n_numbered = 0;
    enum status s = snapshot_refresh(p->verifier.snapshot, false, &diag);
    if (s != STATUS_OK)
        log_diag(LOG_LEVEL_ERROR, "documents", s, &diag);
    s = store_sequence_events(p->verifier.store, &n_numbered);
    if (s != STATUS_OK)
        log_line(LOG_LEVEL_WARNING, "events: %s", status_name(s));
}

void
process_run(struct process *p)
{
    int64_t watchdog_ms = service_watchdog_ms();
    int64_t wait_ms = watchdog_ms > 0 && watchdog_ms < POLL_MS ? watchdog_ms : POLL_MS;
    const struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000};
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGHUP);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    service_notify("READY=1");
    for (;;) {
        int signal = sigtimedwait(&signals, NULL, &wait);
        if (signal == SIGTERM || signal == SIGINT)
            break;
        if (signal == SIGHUP)
            reload(p);
        poll_store(p);
        tend_evidence(p);
        /* A store that closed itself is for the manager to restart. */
        if (watchdog_ms > 0 && store_ready(p->verifier.store))
            service_notify("WATCHDOG=1");
    }
    service_notify("STOPPING=1");
    log_line(LOG_LEVEL_NOTICE, "ending: draining requests in flight");
}

void
process_close(struct process *p)
{
    if (!p)
        return;
    int64_t drain_s = config_duration_s(p->config, "server", "drain");
    if (!http_close(p->http, drain_s * 1000))
        return; /* a worker still uses what is below, until the process ends */
    surveys_close(p->verifier.surveys);
    if (!writer_free(p->verifier.writer))
        return; /* its thread still uses the store */
    ima_memory_free(p->verifier.ima_memory);
    device_memory_free(p->verifier.devices);
    replay_memory_free(p->verifier.replay_memory);
    snapshot_close(p->verifier.snapshot);
    store_close(p->verifier.store);
    enroll_close(p->verifier.enroll);
    keyring_close(p->verifier.keyring);
    for (size_t i = 0; i < SETTINGS_ORIGINS; i++)
        free(p->origins[i]);
    free(p);
}
