/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the operator of the device decided: attest-agent.conf, its drop-ins and --set, checked as a
 * whole. The table of keys is the one that attest-agent.conf(5) documents. Immutable once loaded.
 */
#pragma once

#include "agent/tpm_key.h"
#include "base/config.h"
#include "base/digest.h"

#define SETTINGS_PINS 4u

struct settings {
    struct config config; /* owns every text below */
    const char *origin;   /* "https://host[:port]"; NULL: unset, only identity and doctor go on */
    const char *ca_file;  /* NULL: none */
    uint8_t pins[SETTINGS_PINS][DIGEST_SHA256_SIZE]; /* SHA-256 of the verifier key's SPKI */
    size_t n_pins;
    const char *proxy; /* NULL: none */
    bool exporter_required;
    int64_t connect_timeout_s, timeout_s;
    const char *tcti;
    const char *ek_algorithm; /* NULL: the best that there is */
    enum tpm_ak_algorithm ak_algorithm;
    uint32_t ak_counter;
    const char *boot_log, *ima_log, *userspace_log; /* NULL: none is sent */
    int64_t interval_s, jitter_s, retry_min_s, retry_max_s;
    const char *state_directory;
    const char *token_file; /* NULL: none */
    bool enroll_automatic;
};

/* Load file (NULL: the default, which may be absent), then the overrides "section.key=value" in
 * order, and check all. STATUS_INVALID: diag says which value of which file and why.
 * STATUS_NOT_FOUND: a file that was named is not there. settings_free() is safe after any status.
 */
MUST_CHECK enum status settings_load(const char *file, const char *const *overrides,
                                     size_t n_overrides, struct settings *out, struct diag *diag);
/* STATUS_INVALID unless there is a verifier and a way to know that it is the right one. */
MUST_CHECK enum status settings_check_verifier(const struct settings *s, struct diag *diag);
void settings_free(struct settings *s);
/* Where the file is looked for when none is named. */
const char *settings_default_file(void);
