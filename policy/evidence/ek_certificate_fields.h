/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The extensions of a certificate that say what it is for and which TPM it names. A part of
 * ek_certificate.c, for nobody else. Pure. [EK Credential Profile 2.5 3.2; RFC 5280 4.2]
 */
#pragma once

#include "evidence/ek_certificate.h"

/* Fill kind, TPM attributes, dates and the oddities of extensions from c->x509 and c->key. NULL, or
 * what is malformed. */
const char *ek_certificate_read_fields(struct ek_certificate *c);
/* GeneralizedTime as its bytes stand, to unix seconds. */
bool ek_certificate_read_time(struct bytes generalized, int64_t *out);
/* The key usage lets an EK of this type do its work; an absent one does, and keyEncipherment for an
 * ECC key does (an oddity, counted by the other). */
bool ek_certificate_usage_fits(const struct ek_certificate *c);
