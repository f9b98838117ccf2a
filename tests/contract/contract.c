/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/contract/contract.h"

#include "base/text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct store_actor contract_operator = {.name = "token:operator", .now_s = NOW_S};

static uint8_t ek[DEVICES][DIGEST_SHA256_SIZE];
static char id[DEVICES][DEVICE_ID_SIZE];

void
contract_fill(void)
{
    for (unsigned n = 0; n < DEVICES; n++) {
        memset(ek[n], (int)n, sizeof ek[n]);
        ek[n][0] = 0xe0;
        (void)text_hex(bytes_of(ek[n], (DEVICE_ID_SIZE - 1) / 2), id[n], sizeof id[n]);
    }
}

static void
choose_location(struct contract *c)
{
    const char *engine = getenv("ATTESTD_STORE");
    if (engine && !text_equal(engine, "sqlite"))
        fail_msg("ATTESTD_STORE: no engine %s", engine);
    const char *root = getenv("TMPDIR");
    (void)snprintf(c->directory, sizeof c->directory, "%s/attestd-store-XXXXXX",
                   root && strlen(root) < 32 ? root : "/tmp");
    assert_non_null(mkdtemp(c->directory));
    (void)snprintf(c->location, sizeof c->location, "%s/store.db", c->directory);
}

int
contract_open(void **state)
{
    struct contract *c = calloc(1, sizeof *c);
    struct diag diag = {0};
    assert_non_null(c);
    contract_fill();
    choose_location(c);
    assert_status(STATUS_OK, store_open(c->location, &c->store, &diag));
    *state = c;
    return 0;
}

static void
remove_directory(const char *directory)
{
    DIR *dir = opendir(directory);
    assert_non_null(dir);
    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (entry->d_name[0] != '.')
            assert_int_equal(0, unlinkat(dirfd(dir), entry->d_name, 0));
    }
    assert_int_equal(0, closedir(dir));
    assert_int_equal(0, rmdir(directory));
}

int
contract_close(void **state)
{
    struct contract *c = *state;
    store_close(c->store);
    remove_directory(c->directory);
    free(c);
    return 0;
}

struct store *
contract_store(void **state)
{
    return ((struct contract *)*state)->store;
}

struct store *
contract_open_again(void **state)
{
    struct store *s = NULL;
    struct diag diag = {0};
    assert_status(STATUS_OK, store_open(((struct contract *)*state)->location, &s, &diag));
    return s;
}

const uint8_t *
contract_ek(unsigned n)
{
    assert_true(n < DEVICES);
    return ek[n];
}

const char *
contract_device(unsigned n)
{
    assert_true(n < DEVICES);
    return id[n];
}

struct store_enrollment
contract_enrollment(unsigned n)
{
    static uint8_t eks[DEVICES][1][DIGEST_SHA256_SIZE];
    static uint8_t ak[DEVICES][8];
    struct store_enrollment e = {
        .n_eks = 1,
        .ak_public = bytes_of(ak[n], sizeof ak[n]),
        .genuine = GENUINE_VERIFIED,
        .proposed = MEMBER_BY_APPROVAL,
        .tpm_json = "{\"manufacturer\":\"TEST\"}",
    };
    memcpy(eks[n][0], contract_ek(n), sizeof eks[n][0]);
    memset(ak[n], (int)n, sizeof ak[n]);
    e.eks = (const uint8_t(*)[DIGEST_SHA256_SIZE])eks[n];
    (void)text_copy(e.id, sizeof e.id, contract_device(n));
    e.ueid[0] = 0x01;
    memcpy(e.ueid + 1, contract_ek(n), DIGEST_SHA256_SIZE);
    return e;
}

void
contract_enroll(struct store *s, unsigned n)
{
    struct store_enrollment e = contract_enrollment(n);
    enum store_enrolled how = STORE_ENROLLED_AGAIN;
    assert_status(STATUS_OK, store_put_enrollment(s, &contract_operator, &e, &how));
    assert_int_equal(STORE_ENROLLED_NEW, how);
}

static struct store_perspective
perspective(const char *name, const char *attestation)
{
    struct store_perspective p = {
        .verdict = VERDICT_TRUSTED, .since_s = NOW_S, .expires_s = NOW_S + 3600};
    (void)text_copy(p.name, sizeof p.name, name);
    (void)text_copy(p.attestation, sizeof p.attestation, attestation);
    return p;
}

static struct subject_pcrs
good_pcrs(void)
{
    struct subject_pcrs pcrs = {.alg = ALG_SHA256, .present = 1u << 0 | 1u << 7 | 1u << 23};
    pcrs.pcr[0] = digest_reset(ALG_SHA256, 1);
    pcrs.pcr[7] = digest_reset(ALG_SHA256, 2);
    pcrs.pcr[23] = digest_reset(ALG_SHA256, 3);
    return pcrs;
}

struct store_round
contract_round(struct store *s, unsigned n, const char *attestation)
{
    struct store_device d = {0};
    assert_status(STATUS_OK, store_get_device(s, contract_device(n), &d));
    struct store_round r = {
        .device = contract_device(n),
        .version = d.version,
        .spent_ms = d.spent_ms + 1000,
        .time_s = NOW_S,
        .evidence_s = NOW_S - 1,
        .expires_s = NOW_S + 3600,
        .counters = {.present = true,
                     .clock_ms = 5000,
                     .reset_count = 7,
                     .safe = true,
                     .firmware_version = UINT64_C(0x8000000000000001)},
        .new_boot = true,
        .evidence = bytes_of("evidence", 8),
        .appraisal_json = "{\"verdict\":\"trusted\"}",
        .inputs_json = "{}",
        .result = "header.claims.signature",
        .n_perspectives = 2,
        .good = true,
        .pcrs = good_pcrs(),
    };
    r.perspectives[0] = perspective("owner", attestation);
    r.perspectives[1] = perspective("vendor", attestation);
    (void)text_copy(r.attestation, sizeof r.attestation, attestation);
    store_device_clear(&d);
    return r;
}

enum status
contract_put(struct store *s, const struct store_round *round)
{
    enum status result = STATUS_STORE;
    assert_status(STATUS_OK, store_put_rounds(s, &round, 1, &result));
    return result;
}
