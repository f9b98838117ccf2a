/* SPDX-License-Identifier: Apache-2.0 */
/* from: the table; to: checked values; never: opens what they name. */
#include "daemon/settings.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define CLAUSE "attestd.conf(5)"
#define HTTPS  "https://"

/* clang-format off */
const struct config_spec settings_table[] = {
    {"server", "origin", CONFIG_LIST, NULL,
     "https origins that devices and operators use, e.g. https://verifier.example:8443", false},
    {"server", "listen", CONFIG_TEXT, "127.0.0.1:8443",
     "numeric address and port to listen on; ignored with socket activation", false},
    {"server", "certificate", CONFIG_TEXT, NULL,
     "PEM certificate chain; unset: a self-signed one is made in the state directory", false},
    {"server", "key", CONFIG_TEXT, NULL, "PEM key of the certificate, mode 0600", false},
    {"server", "exporter", CONFIG_BOOL, "yes",
     "demand that quotes are bound to the TLS channel; no behind a proxy that ends TLS", false},
    {"server", "trusted_proxies", CONFIG_TEXT, NULL,
     "addresses whose X-Forwarded-For names the client", false},
    {"server", "connections", CONFIG_U64, "4096", "connections at once", false},
    {"server", "connections_by_address", CONFIG_U64, "256", "connections at once from one address",
     false},
    {"server", "http_threads", CONFIG_U64, "0", "threads of HTTP; 0: one for two cores", false},
    {"server", "workers", CONFIG_U64, "0",
     "threads of the pipeline, each waiting for its commit; 0: two a core, at least 4", false},
    {"server", "queue", CONFIG_U64, "1024", "requests that wait for a worker; above: 503", false},
    {"server", "drain", CONFIG_DURATION_S, "10s", "time for requests in flight at SIGTERM", false},
    {"store", "path", CONFIG_TEXT, NULL,
     "SQLite file; unset: attestd.db in the state directory", false},
    {"store", "evidence_age", CONFIG_DURATION_S, "365d",
     "how long after its end a boot's evidence is kept; 0s: for ever", false},
    {"store", "evidence_boots", CONFIG_U64, "0",
     "ended boots of a device whose evidence is kept; 0: any number", false},
    {"state", "directory", CONFIG_TEXT, "/var/lib/attestd", "keys, database, made certificates",
     false},
    {"enrollment", "open", CONFIG_BOOL, "no",
     "admit any genuine TPM at first use; every result says so", false},
    {"enrollment", "approval", CONFIG_BOOL, "yes",
     "keep devices without token or list entry pending for an operator; no: refuse them", false},
    {"enrollment", "genuine", CONFIG_TEXT, "verified",
     "what an EK must be: verified, software (verified chain of a software TPM) or unverified",
     false},
    {"enrollment", "ek_roots", CONFIG_TEXT, "/etc/attestd/ek-roots",
     "directory of trusted EK root certificates (PEM or DER)", false},
    {"enrollment", "ek_bundle", CONFIG_TEXT, "/etc/attestd/ek-intermediates",
     "directory of EK intermediates and CRLs (PEM or DER)", false},
    {"enrollment", "advisories", CONFIG_TEXT, "/etc/attestd/advisories.json",
     "file of TPM firmware that is known as bad", false},
    {"enrollment", "oddities", CONFIG_LIST, NULL,
     "defects of EK certificates accepted beyond the usual: missing-eku, ecc-encipherment", false},
    {"enrollment", "rate", CONFIG_U64, "120", "enrolments a minute from one address", false},
    {"enrollment", "rate_total", CONFIG_U64, "3000", "enrolments a minute from all", false},
    {"log", "level", CONFIG_TEXT, "info", "error, warning, notice, info or debug", false},
};
/* clang-format on */

const size_t settings_n_rows = sizeof settings_table / sizeof *settings_table;

static enum status
take_origin(const char *item, char **out, struct diag *diag)
{
    size_t size = strlen(item);
    if (!text_starts(item, HTTPS) || size == strlen(HTTPS))
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "server.origin must begin with https://");
    if (item[size - 1] == '/')
        size--;
    const char *host = item + strlen(HTTPS);
    if (memchr(host, '/', size - strlen(HTTPS)) || memchr(host, '@', size - strlen(HTTPS)))
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                        "server.origin is scheme, host and port only");
    *out = strndup(item, size);
    return *out ? STATUS_OK : STATUS_NOMEM;
}

enum status
settings_origins(const struct config *c, char *out[static SETTINGS_ORIGINS], size_t *n,
                 struct diag *diag)
{
    char item[CONFIG_ITEM_SIZE];
    *n = 0;
    for (size_t i = 0; config_list_item(c, "server", "origin", i, item, sizeof item); i++) {
        if (*n == SETTINGS_ORIGINS)
            return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "more than %u origins",
                            SETTINGS_ORIGINS);
        enum status s = take_origin(item, &out[*n], diag);
        if (s != STATUS_OK)
            return s;
        (*n)++;
    }
    if (*n == 0)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                        "server.origin is not set: name the https origin that devices use");
    return STATUS_OK;
}

static bool
is_one_of(const char *value, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text_equal(value, words[i]))
            return true;
    }
    return false;
}

static enum status
check_origins(const struct config *c, struct diag *diag)
{
    char *origins[SETTINGS_ORIGINS] = {0};
    size_t n = 0;
    enum status s = settings_origins(c, origins, &n, diag);
    for (size_t i = 0; i < SETTINGS_ORIGINS; i++)
        free(origins[i]);
    return s;
}

enum status
settings_check(const struct config *c, struct diag *diag)
{
    static const char *const genuine[] = {"verified", "software", "unverified"};
    static const char *const levels[] = {"error", "warning", "notice", "info", "debug"};
    if (!config_text(c, "server", "certificate") != !config_text(c, "server", "key"))
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                        "server.certificate and server.key go together");
    if (!is_one_of(config_text(c, "enrollment", "genuine"), genuine, 3))
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                        "enrollment.genuine is verified, software or unverified");
    if (!is_one_of(config_text(c, "log", "level"), levels, 5))
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                        "log.level is error, warning, notice, info or debug");
    if (config_u64(c, "server", "queue") == 0 || config_u64(c, "server", "connections") == 0)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                        "server.queue and server.connections must be above 0");
    return check_origins(c, diag);
}
