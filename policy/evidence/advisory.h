/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known-bad TPM firmware: by manufacturer, model and firmware version. The rows are data, made from
 * a file elsewhere. Asked with what a device claims at enrolment, and with what a quote says
 * (bound) in each round. Pure. [threats 18]
 */
#pragma once

#include "evidence/reason.h"

#define ADVISORY_ID_SIZE    48u
#define ADVISORY_MODEL_SIZE 32u
#define ADVISORIES_MAX      4096u

struct advisory {
    char id[ADVISORY_ID_SIZE];       /* "CVE-2019-16863" */
    uint32_t manufacturer;           /* TPM_PT_MANUFACTURER */
    char model[ADVISORY_MODEL_SIZE]; /* how the model begins; "": any */
    uint64_t from, below;            /* affected: from <= firmware version < below */
};

/* Owned list; the zero value is empty. */
struct advisories {
    struct advisory *items;
    size_t n_items;
};

/* Add a copy. STATUS_LIMIT, STATUS_NOMEM; STATUS_INVALID: no id, or a range that is empty. */
MUST_CHECK enum status advisories_add(struct advisories *list, const struct advisory *row);
struct advisory_query {
    uint32_t manufacturer;
    const char *model; /* may be NULL */
    uint64_t firmware_version;
    bool quoted; /* the version is a quote's: the reason is device.advisory and bound, else
                    ek.advisory */
};

/* True when no row names this TPM; else reasons gets one for each that does. The blank or NUL at
 * the end of a manufacturer's four characters is not told apart. */
bool advisories_check(const struct advisories *list, const struct advisory_query *query,
                      struct reasons *reasons);
void advisories_free(struct advisories *list);
/* The four characters of a manufacturer ("STM", "IFX ") as TPM_PT_MANUFACTURER; false when they are
 * none, more than four, or not printable ASCII. */
bool advisory_manufacturer_parse(const char *text, uint32_t *out);
