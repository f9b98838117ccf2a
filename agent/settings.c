/* SPDX-License-Identifier: Apache-2.0 */
/* from: a configuration file and overrides; to: checked settings; never: guesses what was meant. */
#include "agent/settings.h"

#include "base/limits.h"
#include "base/text.h"

#include <string.h>

#define CLAUSE       "attest-agent.conf"
#define NONE         "none"
#define SCHEME       "https://"
#define PORT_MAX     65535u
#define INTERVAL_MIN 5

static const struct config_spec keys[] = {
    {"verifier", "url", CONFIG_TEXT, NULL, "the verifier's origin: https://host[:port]", false},
    {"verifier", "ca_file", CONFIG_TEXT, NULL,
     "certificates that may have issued the verifier's, PEM", false},
    {"verifier", "pinned_key", CONFIG_LIST, NULL,
     "SHA-256 of the verifier's public key (SPKI), hex; up to four", false},
    {"verifier", "exporter", CONFIG_TEXT, "as-asked",
     "as-asked: bind the TLS channel when the verifier asks; required: always", false},
    {"verifier", "proxy", CONFIG_TEXT, NULL, "proxy URL for CONNECT", false},
    {"verifier", "connect_timeout", CONFIG_DURATION_S, "10s", "for the connection", false},
    {"verifier", "timeout", CONFIG_DURATION_S, "60s", "for a request and its answer", false},
    {"tpm", "tcti", CONFIG_TEXT, "device:/dev/tpmrm0",
     "device:/PATH, swtpm:host=H,port=P or swtpm:path=/PATH", false},
    {"tpm", "ek", CONFIG_TEXT, "auto", "endorsement key to enrol with: auto, p384, p256 or rsa2048",
     false},
    {"tpm", "ak_algorithm", CONFIG_TEXT, "p256", "attestation key: p256 or rsa2048", false},
    {"tpm", "ak_counter", CONFIG_U64, "0", "counts up to rotate the attestation key", false},
    {"logs", "boot", CONFIG_TEXT, "/sys/kernel/security/tpm0/binary_bios_measurements",
     "boot log, or none", false},
    {"logs", "ima", CONFIG_TEXT, "/sys/kernel/security/ima/binary_runtime_measurements",
     "IMA list, or none", false},
    {"logs", "userspace", CONFIG_TEXT, "/run/log/systemd/tpm2-measure.log",
     "systemd's log of measurements, or none", false},
    {"round", "interval", CONFIG_DURATION_S, "5m", "between two rounds", false},
    {"round", "jitter", CONFIG_DURATION_S, "30s", "added to the interval at random, up to this",
     false},
    {"round", "retry_min", CONFIG_DURATION_S, "10s",
     "first wait after a failed round; doubles with each", false},
    {"round", "retry_max", CONFIG_DURATION_S, "15m", "longest wait after failed rounds", false},
    {"state", "directory", CONFIG_TEXT, "/var/lib/attest-agent",
     "where state.json and result.jwt are kept", false},
    {"enrollment", "token_file", CONFIG_TEXT, NULL, "file with the join token, mode 0600", false},
    {"enrollment", "automatic", CONFIG_BOOL, "no",
     "enrol by itself when the verifier does not know the device", false},
};

const char *
settings_default_file(void)
{
    return ATTESTD_CONF_DIR "/attest-agent.conf";
}

/* Where section.key got its value, for a message. */
static const char *
origin_of(const struct settings *s, const char *section, const char *key)
{
    for (size_t i = 0; i < s->config.n_entries; i++) {
        const struct config_entry *e = &s->config.entries[i];
        if (text_equal(e->spec->section, section) && text_equal(e->spec->key, key))
            return e->origin;
    }
    return "default";
}

static enum status
refuse(const struct settings *s, struct diag *diag, const char *section, const char *key,
       const char *why)
{
    return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "%s.%s (%.50s): %s", section, key,
                    origin_of(s, section, key), why);
}

/* A text, NULL when it is unset, empty or "none". */
static const char *
optional_text(const struct settings *s, const char *section, const char *key)
{
    const char *value = config_text(&s->config, section, key);
    return value && value[0] != '\0' && !text_equal(value, NONE) ? value : NULL;
}

/* host[:port] in the one spelling that the verifier compares with. [protocol 1] */
static bool
is_authority(const char *text)
{
    size_t host = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-");
    if (text[0] == '[') {
        host = 1 + strspn(text + 1, "0123456789abcdef:.");
        if (text[host++] != ']')
            return false;
    }
    if (host == 0 || text[host] == '\0')
        return host > 0;
    uint64_t port = 0;
    return text[host] == ':' && text_parse_u64(text + host + 1, PORT_MAX, &port) == STATUS_OK &&
           port != 0 && port != 443;
}

static enum status
check_origin(struct settings *s, struct diag *diag)
{
    s->origin = optional_text(s, "verifier", "url");
    if (!s->origin)
        return STATUS_OK;
    if (!text_starts(s->origin, SCHEME) || !is_authority(s->origin + sizeof SCHEME - 1))
        return refuse(s, diag, "verifier", "url",
                      "not https://host[:port] in lower case, without path or default port");
    return STATUS_OK;
}

static enum status
check_pins(struct settings *s, struct diag *diag)
{
    char item[CONFIG_ITEM_SIZE];
    size_t i = 0;
    for (; config_list_item(&s->config, "verifier", "pinned_key", i, item, sizeof item); i++) {
        if (i >= SETTINGS_PINS)
            return refuse(s, diag, "verifier", "pinned_key", "more than four");
        if (text_parse_hex_exact(item, s->pins[i], sizeof s->pins[i]) != STATUS_OK)
            return refuse(s, diag, "verifier", "pinned_key", "not the hex of a SHA-256");
    }
    s->n_pins = i;
    return STATUS_OK;
}

static enum status
check_verifier(struct settings *s, struct diag *diag)
{
    enum status status = check_origin(s, diag);
    if (status == STATUS_OK)
        status = check_pins(s, diag);
    if (status != STATUS_OK)
        return status;
    s->ca_file = optional_text(s, "verifier", "ca_file");
    s->proxy = optional_text(s, "verifier", "proxy");
    const char *exporter = config_text(&s->config, "verifier", "exporter");
    s->exporter_required = text_equal(exporter, "required");
    if (!s->exporter_required && !text_equal(exporter, "as-asked"))
        return refuse(s, diag, "verifier", "exporter", "neither as-asked nor required");
    s->connect_timeout_s = config_duration_s(&s->config, "verifier", "connect_timeout");
    s->timeout_s = config_duration_s(&s->config, "verifier", "timeout");
    if (s->connect_timeout_s < 1 || s->connect_timeout_s > 3600)
        return refuse(s, diag, "verifier", "connect_timeout", "not between 1s and 1h");
    if (s->timeout_s < 1 || s->timeout_s > 3600)
        return refuse(s, diag, "verifier", "timeout", "not between 1s and 1h");
    return STATUS_OK;
}

static bool
is_ek_algorithm(const char *name)
{
    for (size_t i = 0; i < TPM_EK_COUNT; i++) {
        if (text_equal(tpm_ek_template(i)->algorithm, name))
            return true;
    }
    return false;
}

static enum status
check_tpm(struct settings *s, struct diag *diag)
{
    s->tcti = config_text(&s->config, "tpm", "tcti");
    const char *ek = config_text(&s->config, "tpm", "ek");
    s->ek_algorithm = text_equal(ek, "auto") ? NULL : ek;
    if (s->ek_algorithm && !is_ek_algorithm(ek))
        return refuse(s, diag, "tpm", "ek", "none of auto, p384, p256, rsa2048");
    const char *ak = config_text(&s->config, "tpm", "ak_algorithm");
    s->ak_algorithm = text_equal(ak, "rsa2048") ? TPM_AK_RSA2048 : TPM_AK_P256;
    if (s->ak_algorithm == TPM_AK_P256 && !text_equal(ak, "p256"))
        return refuse(s, diag, "tpm", "ak_algorithm", "neither p256 nor rsa2048");
    uint64_t counter = config_u64(&s->config, "tpm", "ak_counter");
    if (counter > UINT32_MAX)
        return refuse(s, diag, "tpm", "ak_counter", "above 4294967295");
    s->ak_counter = (uint32_t)counter;
    return STATUS_OK;
}

static enum status
check_times(struct settings *s, struct diag *diag)
{
    s->interval_s = config_duration_s(&s->config, "round", "interval");
    s->jitter_s = config_duration_s(&s->config, "round", "jitter");
    s->retry_min_s = config_duration_s(&s->config, "round", "retry_min");
    s->retry_max_s = config_duration_s(&s->config, "round", "retry_max");
    if (s->interval_s < INTERVAL_MIN)
        return refuse(s, diag, "round", "interval", "shorter than 5s");
    if (s->retry_min_s < 1)
        return refuse(s, diag, "round", "retry_min", "shorter than 1s");
    if (s->retry_max_s < s->retry_min_s)
        return refuse(s, diag, "round", "retry_max", "shorter than retry_min");
    return STATUS_OK;
}

static enum status
check_paths(struct settings *s, struct diag *diag)
{
    s->boot_log = optional_text(s, "logs", "boot");
    s->ima_log = optional_text(s, "logs", "ima");
    s->userspace_log = optional_text(s, "logs", "userspace");
    s->token_file = optional_text(s, "enrollment", "token_file");
    s->enroll_automatic = config_bool(&s->config, "enrollment", "automatic");
    s->state_directory = optional_text(s, "state", "directory");
    if (!s->state_directory || s->state_directory[0] != '/')
        return refuse(s, diag, "state", "directory", "not an absolute path");
    return STATUS_OK;
}

/* "section.key=value". The text is not shown: the value may be a secret. */
static enum status
apply_override(struct config *config, const char *override, struct diag *diag)
{
    char section[LIMIT_NAME];
    char key[LIMIT_NAME];
    size_t dot = strcspn(override, ".=");
    size_t equals = strcspn(override, "=");
    if (override[dot] != '.' || override[equals] != '=' || dot >= sizeof section ||
        equals - dot > sizeof key)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "--set: not section.key=value");
    memcpy(section, override, dot);
    section[dot] = '\0';
    memcpy(key, override + dot + 1, equals - dot - 1);
    key[equals - dot - 1] = '\0';
    enum status s = config_override(config, section, key, override + equals + 1, diag);
    return s == STATUS_NOT_FOUND ? STATUS_INVALID : s;
}

enum status
settings_load(const char *file, const char *const *overrides, size_t n_overrides,
              struct settings *out, struct diag *diag)
{
    *out = (struct settings){0};
    enum status s = config_load(file ? file : settings_default_file(), keys,
                                sizeof keys / sizeof keys[0], &out->config, diag);
    if (s == STATUS_NOT_FOUND && !file)
        s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < n_overrides; i++)
        s = apply_override(&out->config, overrides[i], diag);
    if (s == STATUS_OK)
        s = check_verifier(out, diag);
    if (s == STATUS_OK)
        s = check_tpm(out, diag);
    if (s == STATUS_OK)
        s = check_times(out, diag);
    return s == STATUS_OK ? check_paths(out, diag) : s;
}

enum status
settings_check_verifier(const struct settings *s, struct diag *diag)
{
    if (!s->origin)
        return refuse(s, diag, "verifier", "url", "unset; give the verifier's https origin");
    if (!s->ca_file && s->n_pins == 0)
        return refuse(s, diag, "verifier", "ca_file",
                      "unset, and verifier.pinned_key too: nothing tells the right verifier");
    return STATUS_OK;
}

void
settings_free(struct settings *s)
{
    config_free(&s->config);
    *s = (struct settings){0};
}
