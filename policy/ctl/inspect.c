/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl inspect: log, ima, quote, certificate. */
#include "ctl/inspect.h"

const struct command inspect_commands[] = {
    {"inspect", "log", "FILE [--json]", 1, 1,
     "read a boot log (binary_bios_measurements, CCEL): PCR values, every event, what is wrong",
     inspect_log, "json"},
    {"inspect", "ima", "FILE [--entries] [--json]", 1, 1,
     "read an IMA list (binary or ASCII): PCR values, violations, what is wrong", inspect_ima,
     "json entries"},
    {"inspect", "quote", "FILE [--json]", 1, 1,
     "read a quote (TPMS_ATTEST or TPM2B_ATTEST): what it covers, counters", inspect_quote, "json"},
    {"inspect", "certificate", "FILE [--roots DIR] [--json]", 1, 1,
     "read an EK's, CA's or platform certificate (PEM, DER, NV dump); with roots verify its path",
     inspect_certificate, "json roots"},
};
const size_t inspect_n_commands = sizeof inspect_commands / sizeof *inspect_commands;
