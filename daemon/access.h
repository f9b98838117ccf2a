/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what. Roles are bits; a route that declares none stops the start. Operators show a
 * bearer token (kept hashed, expiring, scoped to labels); devices are known by their TPM, not here.
 * Deny by default. [architecture 8; threats 36]
 */
#pragma once

#include "daemon/store_admin.h"

#define ACCESS_PUBLIC        (1u << 0) /* no credentials: health, keys, enrolment, challenges */
#define ACCESS_DEVICE        (1u << 1) /* a device, by a challenge or its TPM */
#define ACCESS_VIEWER        (1u << 2)
#define ACCESS_OPERATOR      (1u << 3)
#define ACCESS_ADMIN         (1u << 4)
#define ACCESS_AUDITOR       (1u << 5)
#define ACCESS_RELYING_PARTY (1u << 6)

/* Who asks. Zero value: nobody. */
struct access {
    uint32_t roles;
    char actor[STORE_ID_SIZE + 8]; /* "token:ID", for the audit */
    struct label *labels;          /* scope: devices must have all of them; none: every device */
    size_t n_labels;
    struct store_grants granted; /* of a relying party */
};

#define ACCESS_GRANT_ALL "*"
/* Whose token attestd wrote into a file at its first start. */
#define ACCESS_FIRST_ADMIN "token:admin"

/* Check an Authorization header ("Bearer TOKEN"). STATUS_NOT_FOUND: none given, *out is nobody;
 * STATUS_DENIED: given, but unknown, expired or malformed. */
MUST_CHECK enum status access_check(struct store *store, struct hasher *h,
                                    const char *authorization, int64_t now_s, struct access *out);
/* True when roles has one that the route accepts. Admin does not imply auditor or relying party. */
bool access_permits(const struct access *a, uint32_t route_roles);
/* True when the device lies inside the token's scope. */
bool access_covers(const struct access *a, const struct store_device *device);
/* The same of what is to have these labels: a device, or a token whose scope they are. Nobody makes
 * either outside of his own scope. */
bool access_covers_labels(const struct access *a, const struct label *labels, size_t n_labels);
/* The perspectives that results for this caller are limited to; NULL: not limited. Only a relying
 * party that is nothing else is limited. [protocol 5] */
const struct store_grants *access_grants(const struct access *a);
void access_clear(struct access *a);

/* "viewer" -> bit; 0 when unknown. */
uint32_t access_role_parse(const char *name);
const char *access_role_name(uint32_t role);

/* A new secret: "attestd_" KIND "_" base64url(32 random bytes), and its SHA-256. */
MUST_CHECK enum status access_new_secret(struct hasher *h, const char *kind, char *out,
                                         size_t out_size,
                                         uint8_t sha256[static DIGEST_SHA256_SIZE]);
