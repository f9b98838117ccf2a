/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "daemon/keyring.h"
#include "tests/lib/test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NOW_MS INT64_C(1769000000000)
#define DAY_MS INT64_C(86400000)

static int
remove_one(const char *path, const struct stat *s, int type, struct FTW *at)
{
    (void)s;
    (void)type;
    (void)at;
    return remove(path);
}

static int
open_keyring(void **state)
{
    char directory[] = "/tmp/attestd-keyring-XXXXXX";
    struct keyring *k = NULL;
    struct diag diag = {0};
    assert_non_null(mkdtemp(directory));
    assert_status(STATUS_OK, keyring_open(directory, NULL, true, &k, &diag));
    assert_int_equal(0, nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS));
    *state = k;
    return 0;
}

static int
close_keyring(void **state)
{
    keyring_close(*state);
    return 0;
}

static void
keys_of(struct keyring *k, int64_t now_ms, struct freshness_key out[static 2])
{
    assert_status(STATUS_OK, keyring_challenge_keys(k, now_ms, out));
    assert_memory_not_equal(out[0].key, out[1].key, sizeof out[0].key);
    assert_string_not_equal(out[0].kid, out[1].kid);
}

static void
challenge_keys_stay_the_same_for_a_day(void **state)
{
    struct freshness_key keys[2], again[2];
    keys_of(*state, NOW_MS, keys);
    keys_of(*state, NOW_MS / DAY_MS * DAY_MS, again);
    assert_memory_equal(keys, again, sizeof keys);
    keys_of(*state, NOW_MS / DAY_MS * DAY_MS + DAY_MS - 1, again);
    assert_memory_equal(keys, again, sizeof keys);
}

static void
yesterdays_challenge_key_is_the_second(void **state)
{
    struct freshness_key keys[2], next[2], again[2];
    keys_of(*state, NOW_MS, keys);
    keys_of(*state, NOW_MS + DAY_MS, next);
    assert_memory_equal(&keys[0], &next[1], sizeof keys[0]);
    keys_of(*state, NOW_MS, again); /* a clock that is set back */
    assert_memory_equal(keys, again, sizeof keys);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(challenge_keys_stay_the_same_for_a_day, open_keyring,
                                        close_keyring),
        cmocka_unit_test_setup_teardown(yesterdays_challenge_key_is_the_second, open_keyring,
                                        close_keyring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
