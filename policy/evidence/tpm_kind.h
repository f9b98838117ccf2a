/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a TPM is made of, told from its manufacturer and model: a table of names, no more. Believed
 * when the names come from a certificate that was verified, a claim when they come from the device.
 * Pure. [TCG TPM Vendor ID Registry]
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum tpm_kind {
    TPM_KIND_UNKNOWN = 0,
    TPM_KIND_DISCRETE, /* a chip of its own */
    TPM_KIND_FIRMWARE, /* in a processor's trusted world */
    TPM_KIND_VIRTUAL,  /* a hypervisor's, of a provider who vouches for it */
    TPM_KIND_SOFTWARE  /* a simulator: keys in somebody's memory or file */
};

#define TPM_MANUFACTURER_SWTPM 0x00001014u /* what swtpm's certificates say */

/* manufacturer: the four bytes of TPM_PT_MANUFACTURER, big-endian; model: vendor string or the
 * certificate's tpmModel. */
enum tpm_kind tpm_kind_of(uint32_t manufacturer, const char *model);
/* "discrete", "firmware", "virtual", "software", "unknown"; the parser gives false for any other.
 */
const char *tpm_kind_name(enum tpm_kind kind);
bool tpm_kind_parse(const char *name, enum tpm_kind *out);
/* Makers end their name with a blank in one place and a NUL in the other: not told apart. */
bool tpm_maker_equal(uint32_t a, uint32_t b);
/* A row of a list of makers names this TPM: the same maker, and a model that begins as the row's;
 * "" begins any. */
bool tpm_maker_names(uint32_t row_maker, const char *row_model, uint32_t maker, const char *model);
