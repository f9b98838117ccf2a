/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store-io LOCATION N [tend|count]: opens a store, enrols a device, puts N rounds one by one and
 * says what became of the last ones, for test-store-io to let the disk fail under it. Ends without
 * closing, as a crash would; after the rounds with count. With N 0: checks the chain and counts
 * what is there.
 */
#include "base/text.h"
#include "daemon/store_admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW_S INT64_C(1900000000)
#define SHOWN 3u

static const char device[] = "0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e";
static const uint8_t eks[1][DIGEST_SHA256_SIZE] = {{0x0e}};

static void
enroll(struct store *s)
{
    struct store_actor who = {.name = "system", .now_s = NOW_S};
    struct store_enrollment e = {
        .eks = eks, .n_eks = 1, .ak_public = bytes_of_text("ak"), .proposed = MEMBER_BY_APPROVAL};
    enum store_enrolled how;
    (void)text_copy(e.id, sizeof e.id, device);
    if (store_put_enrollment(s, &who, &e, &how) != STATUS_OK)
        exit(3);
}

static enum status
put(struct store *s, unsigned i)
{
    static uint8_t segment[2048];
    struct store_round r = {.device = device,
                            .version = i + 2,
                            .spent_ms = i + 1,
                            .time_s = NOW_S,
                            .new_boot = true,
                            .appraisal_json = "{}",
                            .inputs_json = "{}",
                            .result = "token",
                            .evidence = bytes_of(segment, sizeof segment)};
    const struct store_round *group[1] = {&r};
    enum status result = STATUS_OK;
    (void)snprintf(r.attestation, sizeof r.attestation, "a%u", i);
    enum status status = store_put_rounds(s, group, 1, &result);
    return status == STATUS_OK ? result : status;
}

static int
check(struct store *s)
{
    struct store_attestation_list l = {0};
    uint64_t broken = 0, last = 0;
    if (store_check_audit(s, &broken, &last) != STATUS_OK ||
        store_list_attestations(s, device, NULL, LIMIT_PAGE, &l) != STATUS_OK)
        return 3;
    struct store_device_filter expected = {.state = "expected", .limit = 1};
    struct store_device_list more = {0};
    if (store_list_devices(s, &expected, &more) != STATUS_OK)
        return 3;
    (void)printf("broken %llu rows %llu changes %zu\n", (unsigned long long)broken,
                 (unsigned long long)last, l.n_items + more.n_items);
    store_device_list_clear(&more);
    store_attestation_list_clear(&l);
    store_close(s);
    return 0;
}

int
main(int argc, char **argv)
{
    struct store *s = NULL;
    struct diag diag = {0};
    uint64_t n = 0;
    if (argc < 3 || text_parse_u64(argv[2], 10000, &n) != STATUS_OK ||
        store_open(argv[1], &s, &diag) != STATUS_OK)
        return 2;
    if (n == 0)
        return check(s);
    enroll(s);
    for (unsigned i = 0; i < n; i++) {
        enum status status = put(s, i);
        if (i + SHOWN >= n)
            (void)printf("%s ", status_name(status));
    }
    if (argc > 3 && text_equal(argv[3], "count"))
        _exit(0);
    if (argc > 3)
        store_tend(s);
    static const uint8_t other[DIGEST_SHA256_SIZE] = {0x0f};
    const struct store_actor who = {.name = "system", .now_s = NOW_S};
    struct store_device d = {0};
    enum status read_status = store_get_device(s, device, &d);
    enum status write_status = store_put_expected(s, &who, other, NULL, NULL, 0);
    (void)printf("ready %s read %s write %s\n", store_ready(s) ? "yes" : "no",
                 status_name(read_status), status_name(write_status));
    (void)fflush(stdout);
    _exit(0);
}
