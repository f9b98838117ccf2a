/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every test of the store's contract stands on: a fresh, empty store, and rows that are good
 * unless the test says otherwise. The engine is chosen by ATTESTD_STORE ("sqlite" when unset), so
 * that the same claims are made of each.
 */
#pragma once

#include "daemon/store_admin.h"
#include "tests/lib/test.h"

#define NOW_S   INT64_C(1900000000)
#define DEVICES 64 /* device(n) for n below */

/* cmocka fixtures: *state is a struct contract with its store open. */
struct contract {
    char directory[64];
    char location[96];
    struct store *store;
};
int contract_open(void **state);
int contract_close(void **state);
struct store *contract_store(void **state);
/* Another store on the same data, as another node would open it. */
struct store *contract_open_again(void **state);

/* The operator that the tests act as. */
extern const struct store_actor contract_operator;

/* Digest of the nth device's EK, and its id; contract_open() fills the tables, or this. */
void contract_fill(void);
const uint8_t *contract_ek(unsigned n);
const char *contract_device(unsigned n);
/* Enrol the nth device with an AK of its own, as approved. */
void contract_enroll(struct store *s, unsigned n);
struct store_enrollment contract_enrollment(unsigned n);

/* A round for the device as it stands: a new boot, a challenge newer than the last, trusted in two
 * perspectives. attestation: its id. Everything is borrowed from static memory. */
struct store_round contract_round(struct store *s, unsigned n, const char *attestation);
/* Put one round; the member's status. */
enum status contract_put(struct store *s, const struct store_round *round);
