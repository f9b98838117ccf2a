/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attestctl inspect: one file of evidence, read for people or as JSON. What is read here is not
 * proven: only a quote does that (attestctl verify).
 */
#pragma once

#include "ctl/report.h"
#include "evidence/event_fields.h"
#include "evidence/inspect.h"

int inspect_log(struct context *c);
int inspect_ima(struct context *c);
int inspect_quote(struct context *c);
int inspect_certificate(struct context *c);

/* A boot log and what was found out about it. log is NULL when it could not be read: then reasons
 * says why. */
struct inspect_log_view {
    struct hasher *h;
    struct eventlog *log;
    struct inspect *inspect;
    struct reasons reasons;
};

/* "pc", "uboot-efi", "uboot-fit" by what the log looks like; NULL of a CCEL. */
const char *inspect_log_view_profile(const struct inspect_log_view *v);
const char *inspect_log_view_format(const struct inspect_log_view *v);
/* Value of a PCR that the log extends in this bank; NULL for one that it does not, or when
 * libcrypto lacks the bank's algorithm. */
const struct digest *inspect_log_view_pcr(const struct inspect_log_view *v, size_t bank,
                                          uint32_t pcr);
/* "EV_SEPARATOR", or "0x80000099" when unknown. Returns out or a static text. */
const char *inspect_log_view_type(uint32_t type, char out[static REPORT_BANK_SIZE]);
/* The document, in both forms. STATUS_NOMEM, STATUS_CRYPTO. */
MUST_CHECK enum status inspect_log_emit(struct inspect_log_view *v, struct buffer *out);
MUST_CHECK enum status inspect_log_append(struct inspect_log_view *v, struct buffer *out);
