/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole verifier in one process for tests: store, writer, snapshot, keys and settings in a
 * directory of its own; and one enrolled device, which appraise_case.h makes, with documents that
 * its boot passes under. Claims fail the running test. Time is the case's own.
 */
#pragma once

#include "daemon/attest.h"
#include "daemon/http.h"
#include "daemon/store_admin.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/test.h"

#define VERIFIER_CASE_ORIGIN "https://verifier.example"
#define VERIFIER_CASE_START  INT64_C(1769000000) /* unix s */

struct verifier_case {
    char directory[40];
    struct config config;
    struct verifier verifier;
    struct hasher *h;
    struct appraise_case *device; /* its TPM, logs and documents; device->subject.device_id */
    int64_t now_ms;               /* rises with each round */
    struct http *http;            /* after verifier_case_serve() */
};

extern const struct store_actor verifier_case_operator;

/* For cmocka: *state is the case, with its device enrolled and no document active. */
int verifier_case_setup(void **state);
int verifier_case_teardown(void **state);
#define VERIFIER_CASE(test)                                                                        \
    cmocka_unit_test_setup_teardown(test, verifier_case_setup, verifier_case_teardown)

/* Rooms closed and opened again on what is in the directory. */
void verifier_case_close(struct verifier_case *c);
void verifier_case_open(struct verifier_case *c);
/* Serve over HTTPS on a port of loopback; 0 in options is what suits a test. Time is then the
 * clock's. An API token with these roles, for an Authorization header. */
void verifier_case_serve(struct verifier_case *c, const struct http_options *options);
void verifier_case_token(struct verifier_case *c, uint32_t roles, struct label *scope,
                         size_t n_labels, char *out, size_t out_size);
/* Put and activate the device's documents, or one JSON text. */
void verifier_case_documents(struct verifier_case *c);
void verifier_case_activate(struct verifier_case *c, const char *json);
/* Enrol another device by its TPM. */
void verifier_case_enroll(struct verifier_case *c, const char *id, const struct tpm_builder *tpm);
void verifier_case_set_state(struct verifier_case *c, enum life_cycle state);
struct store_device verifier_case_device(struct verifier_case *c);
size_t verifier_case_n_attestations(struct verifier_case *c);

/* One round; the zero value is an honest one of the case's device with all its logs, its PCRs being
 * what the logs give. */
struct verifier_case_round {
    const char *device_id;
    const struct tpm_builder *tpm; /* with its PCRs as they are */
    const char *selection;
    int64_t issued_ms;   /* else the case's time, which then goes on by 1 s */
    struct bytes token;  /* this challenge */
    uint64_t ima_offset; /* entries that are left out */
    struct bytes ima;    /* the list from there on; else the device's whole one */
    bool no_ima, no_boot_log, boot_log_by_reference;
    uint64_t userspace_offset;
    bool json;
    enum result_dialect dialect;
    struct bytes exporter; /* demanded and bound */
    void (*spoil)(struct tpm_builder_quote *q);
    void (*change)(struct evidence *e); /* before it is encoded */
};
enum status verifier_case_attest(struct verifier_case *c, const struct verifier_case_round *round,
                                 struct attest_answer *out);
/* A challenge for a device. */
void verifier_case_challenge(struct verifier_case *c, const char *device_id, const char *selection,
                             int64_t issued_ms, struct bytes exporter, struct buffer *token);
