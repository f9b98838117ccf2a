/* SPDX-License-Identifier: Apache-2.0 */
/* Memory and hashing fail inside the store's verbs: each says so, and leaves the data as it was. */
#include "base/text.h"
#include "daemon/store_admin.h"
#include "tests/fault/fault.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW_S INT64_C(1900000000)

static char directory[] = "/tmp/attestd-test-fault-store-XXXXXX";
static char location[64];
static struct store *store;
static const struct store_actor who = {.name = "system", .now_s = NOW_S};
static const char device[] = "0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e";
static const uint8_t eks[1][DIGEST_SHA256_SIZE] = {{0x0e}};

static int
open_store(void **state)
{
    struct diag diag = {0};
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    (void)snprintf(location, sizeof location, "%s/store.db", directory);
    return store_open(location, &store, &diag) == STATUS_OK ? 0 : -1;
}

static int
close_store(void **state)
{
    (void)state;
    store_close(store);
    return unlink(location) == 0 && rmdir(directory) == 0 ? 0 : -1;
}

static enum status
enroll(void *context)
{
    struct store_enrollment e = {.eks = eks,
                                 .n_eks = 1,
                                 .ak_public = bytes_of_text("ak"),
                                 .proposed = MEMBER_BY_APPROVAL,
                                 .tpm_json = "{}"};
    enum store_enrolled how;
    (void)context;
    (void)text_copy(e.id, sizeof e.id, device);
    return store_put_enrollment(store, &who, &e, &how);
}

static enum status
attest(void *context)
{
    static struct store_round r;
    const struct store_round *group[1] = {&r};
    enum status result = STATUS_STORE;
    (void)context;
    r = (struct store_round){.device = device,
                             .version = 2,
                             .spent_ms = 1,
                             .time_s = NOW_S,
                             .new_boot = true,
                             .attestation = "a1",
                             .ima_segment = bytes_of_text("entries"),
                             .appraisal_json = "{}",
                             .inputs_json = "{}",
                             .result = "token",
                             .n_perspectives = 1,
                             .good = true};
    (void)text_copy(r.perspectives[0].name, sizeof r.perspectives[0].name, "owner");
    r.perspectives[0].verdict = VERDICT_WARNING;
    r.pcrs.alg = ALG_SHA256;
    enum status s = store_put_rounds(store, group, 1, &result);
    return s == STATUS_OK ? result : s;
}

static enum status
put_document(void *context)
{
    struct document_info info = {.kind = DOCUMENT_POLICY,
                                 .id = "gates",
                                 .version = 1,
                                 .sha256 = *(const struct digest *)context};
    bool again = false;
    return store_put_document(store, &who, &info, bytes_of_text("{}"), &again);
}

static enum status
read_everything(void *context)
{
    struct store_device_filter f = {.limit = 5};
    struct store_device_list devices = {0};
    struct store_document_list documents = {0};
    struct store_audit_list audit = {0};
    struct store_attestation a = {0};
    struct buffer ima = {0};
    uint64_t generation = 0;
    (void)context;
    enum status s = store_list_devices(store, &f, &devices);
    if (s == STATUS_OK)
        s = store_get_ima(store, devices.items[0].boot, &ima);
    if (s == STATUS_OK)
        s = store_list_audit(store, 0, 5, &audit);
    if (s == STATUS_OK)
        s = store_get_attestation(store, "a1", &a);
    if (s == STATUS_OK)
        s = store_list_documents(store, DOCUMENT_POLICY, NULL, 5, &documents);
    if (s == STATUS_OK) {
        store_document_list_clear(&documents);
        s = store_get_active(store, &documents, &generation);
    }
    store_device_list_clear(&devices);
    store_document_list_clear(&documents);
    store_audit_list_clear(&audit);
    store_attestation_clear(&a);
    buffer_free(&ima);
    return s;
}

static void
says_what_failed_and_leaves_the_data_as_it_was(void **state)
{
    struct hasher *h = NULL;
    struct digest sha256 = {0};
    uint64_t broken = 9, last = 0;
    (void)state;
    assert_status(STATUS_OK, hasher_new(&h));
    assert_status(STATUS_OK, digest_compute(h, ALG_SHA256, bytes_of_text("{}"), &sha256));
    hasher_free(h);
    assert_true(fault_each(enroll, NULL) >= 10);
    assert_true(fault_each(attest, NULL) >= 20);
    assert_true(fault_each(put_document, &sha256) >= 5);
    assert_status(STATUS_OK, store_activate_document(store, &who, DOCUMENT_POLICY, "gates", 1));
    assert_true(fault_each(read_everything, NULL) >= 10);
    assert_status(STATUS_OK, store_check_audit(store, &broken, &last));
    assert_int_equal(0, broken);
    assert_int_equal(4, last);
    assert_true(store_ready(store));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(says_what_failed_and_leaves_the_data_as_it_was, open_store,
                                        close_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
