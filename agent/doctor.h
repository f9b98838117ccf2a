/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong on this device, found without the verifier's judgement: each finding says what is
 * so and, when that is not well, what to do. Changes nothing.
 */
#pragma once

#include "agent/settings.h"

#define DOCTOR_FINDINGS  40u
#define DOCTOR_TEXT_SIZE 240u

enum doctor_level { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_FAILURE };

struct doctor_finding {
    enum doctor_level level;
    char subject[24];
    char text[DOCTOR_TEXT_SIZE];
    char advice[DOCTOR_TEXT_SIZE]; /* "" when all is well */
};

struct doctor {
    size_t n_findings;
    struct doctor_finding findings[DOCTOR_FINDINGS];
};

/* Add a finding; more than DOCTOR_FINDINGS are dropped. */
void doctor_add(struct doctor *d, enum doctor_level level, const char *subject, const char *advice,
                const char *format, ...) PRINTF_LIKE(5, 6);
enum doctor_level doctor_worst(const struct doctor *d);
const char *doctor_level_name(enum doctor_level level);

/* The examinations; each adds its findings. */
void doctor_examine_settings(struct doctor *d, const struct settings *s);
void doctor_examine_tpm(struct doctor *d, const struct settings *s);
void doctor_examine_verifier(struct doctor *d, const struct settings *s);
struct tpm;
void doctor_examine_logs(struct doctor *d, const struct settings *s, struct tpm *t);

MUST_CHECK enum status doctor_encode_json(const struct doctor *d, struct buffer *out);
