/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One device that wants to enrol and one verifier with a store, keys and directories of its own,
 * for the tests of enrolment. Claims fail the running test.
 */
#pragma once

#include "daemon/enroll.h"
#include "daemon/store_admin.h"
#include "tests/lib/ek_builder.h"
#include "tests/lib/test.h"
#include "tests/lib/tpm_builder.h"

#define APPLICANT_ORIGIN  "https://verifier.example"
#define APPLICANT_ADDRESS "192.0.2.7"
#define APPLICANT_NOW_S   EK_BUILDER_NOW_S

/* A verifier with a directory of its own, and one TPM. */
struct applicant {
    char directory[32];
    struct config config;
    struct verifier verifier;
    struct hasher *hasher;
    struct ek_builder *ek;
    struct tpm_builder *ak;
    struct enrollment_body body; /* what the device sends at first */
};

extern const struct store_actor applicant_operator;

/* For cmocka: *state is the applicant. */
int applicant_setup(void **state);
int applicant_teardown(void **state);
#define APPLICANT_CASE(test)                                                                       \
    cmocka_unit_test_setup_teardown(test, applicant_setup, applicant_teardown)

/* The verifier's files and settings; reopen makes them count. */
void applicant_save(const struct applicant *f, const char *name, struct bytes content);
void applicant_override(struct applicant *f, const char *section, const char *key,
                        const char *value);
void applicant_reopen(struct applicant *f);
void applicant_expect(struct applicant *f);
void applicant_set_state(struct applicant *f, enum life_cycle state);
void applicant_make_token(struct applicant *f, const char *text, uint32_t uses, int64_t expires_s);

/* What the device sends with its present keys: all of it, or one more EK. */
void applicant_body(const struct applicant *f, struct enrollment_body *body);
void applicant_add_ek(const struct ek_builder *b, const struct ek_builder_spec *spec,
                      bool certified, struct enrollment_body *body);
void applicant_use_token(struct enrollment_body *body, const char *text);
void applicant_ek_digest(const struct applicant *f, uint8_t out[static DIGEST_SHA256_SIZE]);

/* The two halves. */
struct enroll_caller applicant_caller(int64_t now_s);
struct enroll_offer applicant_begin(struct applicant *f, const struct enrollment_body *body);
/* What the TPM with ek and ak makes of an offer; zeros when it does not open it. */
void applicant_prove(struct applicant *f, const struct ek_builder *ek,
                     const struct tpm_builder *tpm, const struct enroll_offer *offer,
                     uint8_t proof[static DIGEST_SHA256_SIZE]);
struct enroll_outcome applicant_activate_at(struct applicant *f, const struct enroll_caller *who,
                                            const struct enroll_offer *offer,
                                            const uint8_t proof[static DIGEST_SHA256_SIZE]);
/* By the applicant's own TPM, a second later. */
struct enroll_outcome applicant_activate(struct applicant *f, const struct enroll_offer *offer);
/* Both, with this outcome. */
void applicant_enroll(struct applicant *f, const struct enrollment_body *body,
                      enum store_enrolled how, enum life_cycle state, enum member_by by);

void applicant_assert_refused(struct applicant *f, const struct enrollment_body *body,
                              enum reason_code code);
void applicant_assert_offered(const struct enroll_offer *offer);
void applicant_assert_outcome(const struct enroll_outcome *o, enum store_enrolled how,
                              enum life_cycle state, enum member_by by);
void applicant_assert_not_activated(const struct enroll_outcome *o, enum reason_code code);
