/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict and the AR4SI trustworthiness vector. The zero value is VERDICT_NONE: no policy, an
 * internal error, stale evidence; never trusted and never an accusation. Only appraise.c writes
 * VERDICT_TRUSTED. Pure. [appraisal 1; draft-ietf-rats-ear, draft-ietf-rats-ar4si]
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>

enum verdict { VERDICT_NONE = 0, VERDICT_UNTRUSTED, VERDICT_WARNING, VERDICT_TRUSTED };

/* "none", "untrusted", "warning", "trusted"; parse gives false when unknown. */
const char *verdict_name(enum verdict v);
bool verdict_parse(const char *name, enum verdict *out);
/* EAR status: "none", "contraindicated", "warning", "affirming". */
const char *verdict_ear_status(enum verdict v);
/* The worse of two: untrusted, then none, then warning, then trusted. */
enum verdict verdict_worse(enum verdict a, enum verdict b);

enum vector_claim {
    VECTOR_INSTANCE_IDENTITY,
    VECTOR_CONFIGURATION,
    VECTOR_EXECUTABLES,
    VECTOR_FILE_SYSTEM,
    VECTOR_HARDWARE,
    VECTOR_RUNTIME_OPAQUE,
    VECTOR_STORAGE_OPAQUE,
    VECTOR_SOURCED_DATA,
    VECTOR_COUNT
};

/* Values as AR4SI defines them; 0: no assertion, left out of the result. */
struct vector {
    int8_t claim[VECTOR_COUNT];
};

/* "instance-identity", hyphenated as in the JSON form. */
const char *vector_claim_name(enum vector_claim c);
/* Set a claim unless a worse tier is already there. */
void vector_worsen(struct vector *v, enum vector_claim c, int8_t value);
/* The verdict that no status may be better than. VERDICT_NONE when empty. */
enum verdict vector_verdict(const struct vector *v);
