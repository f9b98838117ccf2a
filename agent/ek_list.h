/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The endorsement keys that this TPM has: which one the device enrols with, and what vouches for
 * each. The best with a certificate whose key is the EK's comes first; without any certificate the
 * best that the TPM can make. The same TPM always gives the same list. [protocol 1, 2]
 */
#pragma once

#include "agent/tpm_key.h"
#include "base/limits.h"

struct ek_list_item {
    size_t which;                /* tpm_ek_template() */
    struct buffer public_area;   /* TPMT_PUBLIC */
    struct buffer spki;          /* DER */
    struct buffer certificate;   /* DER; empty: none */
    bool certificate_differs;    /* there is one, but for another key: not sent */
    bool certificate_unreadable; /* its index is there, but empty, too large or with a password */
};

struct ek_list {
    size_t n_items;
    struct ek_list_item items[TPM_EK_COUNT]; /* first: the one to enrol with */
    size_t n_chain;
    struct buffer chain[LIMIT_CERTS]; /* issuers' certificates from NV, DER */
};

/* Read certificates and make the keys. algorithm: NULL, or the one of the first (tpm.ek).
 * STATUS_UNSUPPORTED: the TPM can make none of that algorithm. Other statuses as tpm.h. */
MUST_CHECK enum status ek_list_load(struct tpm *t, const char *algorithm, struct ek_list *out,
                                    struct diag *diag);
void ek_list_free(struct ek_list *l);
