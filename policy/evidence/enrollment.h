/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What both sides of an enrolment compute: the device's names and the activation proof. Pure.
 * [protocol 1, 2]
 */
#pragma once

#include "base/digest.h"

#define ENROLLMENT_LABEL       "attestd enroll 1"
#define ENROLLMENT_SECRET_SIZE 32u
#define DEVICE_ID_SIZE         33u /* 32 lower-case hex digits and the NUL */
#define UEID_SIZE              33u /* 0x01 and a whole SHA-256 */

/* Device id and UEID from the DER SubjectPublicKeyInfo of the EK of first enrolment. */
MUST_CHECK enum status enrollment_device_id(struct hasher *h, struct bytes ek_spki,
                                            char out[static DEVICE_ID_SIZE]);
MUST_CHECK enum status enrollment_ueid(struct hasher *h, struct bytes ek_spki,
                                       uint8_t out[static UEID_SIZE]);
/* 32 lower-case hex digits. */
bool enrollment_is_device_id(const char *text);

/* proof = HMAC-SHA-256(secret, deterministic CBOR [label, enrollment id (bytes), SHA-256 of the
 * EK's SPKI, AK Name, verifier origin]). secret has ENROLLMENT_SECRET_SIZE bytes. */
struct enrollment_transcript {
    struct bytes enrollment; /* the sealed id, decoded */
    struct bytes ek_spki;    /* DER */
    struct bytes ak_name;
    const char *origin;
};
MUST_CHECK enum status enrollment_proof(struct hasher *h, struct bytes secret,
                                        const struct enrollment_transcript *t,
                                        uint8_t out[static DIGEST_SHA256_SIZE]);
