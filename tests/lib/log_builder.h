/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes boot logs and IMA lists for tests, and keeps the PCR values that they give, so that a test
 * can quote them. Every event is at the caller's word: digest and data need not belong together.
 */
#pragma once

#include "evidence/eventlog.h"

struct log_builder {
    struct hasher *h;
    size_t n_banks;
    uint16_t banks[LIMIT_BANKS];
    struct buffer log;
    uint32_t n_events;
    struct buffer ima;
    bool big_endian;             /* of the IMA list */
    bool is_padded[LIMIT_BANKS]; /* the kernel extends this bank with padded SHA-1 */
    struct digest pcr[LIMIT_BANKS][LIMIT_PCRS];
};

/* Writes the Spec ID event. PCRs start at reset. */
void log_builder_init(struct log_builder *b, struct hasher *h, const uint16_t *banks,
                      size_t n_banks);
void log_builder_free(struct log_builder *b);

/* An event whose digests are those of hashed; it extends its PCR unless it is EV_NO_ACTION, whose
 * digests are zero. Returns its number. */
uint32_t log_builder_event(struct log_builder *b, uint32_t pcr, uint32_t type, struct bytes hashed,
                           struct bytes data);
/* hashed = data. */
uint32_t log_builder_data(struct log_builder *b, uint32_t pcr, uint32_t type, struct bytes data);
uint32_t log_builder_text(struct log_builder *b, uint32_t pcr, uint32_t type, const char *text);
/* UEFI_VARIABLE_DATA; hashed whole. ASCII name. */
uint32_t log_builder_variable(struct log_builder *b, uint32_t pcr, uint32_t type, const char *name,
                              struct bytes value);
/* A GRUB string: prefix and NUL in the data, not in the digest. */
uint32_t log_builder_grub(struct log_builder *b, const char *prefix, const char *text);
uint32_t log_builder_separator(struct log_builder *b, uint32_t pcr);
/* Sets PCR 0's start value too; to be called before anything extends PCR 0. */
uint32_t log_builder_locality(struct log_builder *b, uint8_t locality);
/* A small complete PC boot: firmware, Secure Boot variables, separators, loader, GRUB, kernel. */
void log_builder_boot(struct log_builder *b);
/* Extend without an event. */
void log_builder_extend(struct log_builder *b, uint32_t pcr, struct bytes hashed);

/* One ima-ng entry in PCR 10: sha256 of content as file digest. */
void log_builder_ima(struct log_builder *b, const char *path, const char *content);
/* The boot_aggregate of the present PCR 0 to 9 in the bank of alg. */
void log_builder_ima_aggregate(struct log_builder *b, uint16_t alg);
void log_builder_ima_violation(struct log_builder *b, const char *path);
/* Any entry: data as hashed, and the digest that is listed (the true one when NULL). */
void log_builder_ima_raw(struct log_builder *b, const char *template_name, struct bytes data,
                         const struct digest *listed);
/* A file's field "sha256:" NUL digest, and so on, for log_builder_ima_raw(). */
void log_builder_ima_field(const struct log_builder *b, struct buffer *out, struct bytes content);
