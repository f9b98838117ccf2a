/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A software TPM of one test's own: state and sockets in a fresh directory, certificates by a CA in
 * that directory. Ends with the test process.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct swtpm {
    char dir[32];
    char tcti[64]; /* "swtpm:path=DIR/tpm" */
    pid_t pid;     /* 0: not running */
};

/* Prints why and returns false when swtpm or swtpm_setup is not installed: main then returns 77. */
bool swtpm_available(void);
/* Manufacture one with EK certificates (RSA-2048 and P-384) and these banks ("sha256,sha384"), and
 * start it. Fails the test when it cannot. */
void swtpm_open(struct swtpm *s, const char *banks);
/* The same without certificates. */
void swtpm_open_bare(struct swtpm *s);
/* Power on again; the state is as the last power cut left it. */
void swtpm_power_on(struct swtpm *s);
/* Power cut: SIGKILL, no TPM2_Shutdown. */
void swtpm_power_cut(struct swtpm *s);
/* Run one of the tpm2-tools on it; argv ends with NULL. Fails the test when that fails. */
void swtpm_run(const struct swtpm *s, const char *const *argv);
void swtpm_close(struct swtpm *s);
