/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "daemon/rate.h"
#include "tests/lib/test.h"

#define NOW_MS INT64_C(1893456000000)

static void
free_rate(struct rate **r)
{
    rate_free(*r);
}

static struct rate *
make(uint64_t each, uint64_t total)
{
    struct rate *r = NULL;
    assert_status(STATUS_OK, rate_new(each, total, &r));
    return r;
}

/* How many of n requests at now are permitted. */
static unsigned
count(struct rate *r, const char *address, int64_t now_ms, unsigned n)
{
    unsigned permitted = 0;
    unsigned wait_s = 0;
    for (unsigned i = 0; i < n; i++)
        permitted += rate_take(r, address, now_ms, &wait_s);
    return permitted;
}

static void
permits_a_minutes_worth_at_once(void **state)
{
    (void)state;
    CLEANUP(free_rate) struct rate *r = make(6, 1000);
    assert_int_equal(count(r, "192.0.2.1", NOW_MS, 20), 6);
}

static void
permits_more_as_time_passes(void **state)
{
    (void)state;
    CLEANUP(free_rate) struct rate *r = make(6, 1000);
    assert_int_equal(count(r, "192.0.2.1", NOW_MS, 6), 6);
    assert_int_equal(count(r, "192.0.2.1", NOW_MS + 9999, 1), 0);
    assert_int_equal(count(r, "192.0.2.1", NOW_MS + 10000, 2), 1);
    assert_int_equal(count(r, "192.0.2.1", NOW_MS + 3600000, 20), 6);
}

static void
says_when_to_come_again(void **state)
{
    (void)state;
    unsigned wait_s = 0;
    CLEANUP(free_rate) struct rate *r = make(6, 1000);
    assert_int_equal(count(r, "192.0.2.1", NOW_MS, 6), 6);
    assert_false(rate_take(r, "192.0.2.1", NOW_MS, &wait_s));
    assert_in_range(wait_s, 10, 11);
    assert_true(rate_take(r, "192.0.2.1", NOW_MS + wait_s * 1000, &wait_s));
}

static void
counts_addresses_apart(void **state)
{
    (void)state;
    CLEANUP(free_rate) struct rate *r = make(2, 1000);
    assert_int_equal(count(r, "192.0.2.1", NOW_MS, 5), 2);
    assert_int_equal(count(r, "192.0.2.2", NOW_MS, 5), 2);
    assert_int_equal(count(r, "2001:db8::1", NOW_MS, 5), 2);
    assert_int_equal(count(r, "2001:db8:0:1::1", NOW_MS, 5), 2);
}

/* A machine has a whole /64 to itself; IPv4 in its mapped form is IPv4. */
static void
counts_one_network_of_ipv6_once(void **state)
{
    (void)state;
    CLEANUP(free_rate) struct rate *r = make(2, 1000);
    assert_int_equal(count(r, "2001:db8::1", NOW_MS, 2), 2);
    assert_int_equal(count(r, "2001:db8::ffff:2", NOW_MS, 2), 0);
    assert_int_equal(count(r, "192.0.2.1", NOW_MS, 1), 1);
    assert_int_equal(count(r, "::ffff:192.0.2.1", NOW_MS, 2), 1);
    assert_int_equal(count(r, "::ffff:192.0.2.2", NOW_MS, 2), 2);
}

static void
limits_all_together(void **state)
{
    (void)state;
    unsigned permitted = 0;
    char address[32];
    CLEANUP(free_rate) struct rate *r = make(10, 100);
    for (unsigned i = 0; i < 200; i++) {
        (void)snprintf(address, sizeof address, "10.0.%u.1", i);
        permitted += count(r, address, NOW_MS, 1);
    }
    assert_int_equal(permitted, 100);
}

/* However many addresses ask, the one that has spent its share is not forgotten for a fresh one. */
static void
remembers_who_asked_most(void **state)
{
    (void)state;
    char address[32];
    CLEANUP(free_rate) struct rate *r = make(3, 1000000);
    assert_int_equal(count(r, "192.0.2.1", NOW_MS, 5), 3);
    for (unsigned i = 0; i < 60000; i++) {
        (void)snprintf(address, sizeof address, "10.%u.%u.1", i / 250, i % 250);
        (void)count(r, address, NOW_MS, 1);
    }
    assert_int_equal(count(r, "192.0.2.1", NOW_MS, 5), 0);
}

static void
waits_no_longer_after_the_clock_was_set_back(void **state)
{
    (void)state;
    CLEANUP(free_rate) struct rate *r = make(6, 1000);
    assert_int_equal(count(r, "192.0.2.1", NOW_MS, 6), 6);
    assert_int_equal(count(r, "192.0.2.1", NOW_MS - 86400000, 1), 0);
    assert_int_equal(count(r, "192.0.2.1", NOW_MS - 86400000 + 60000, 10), 6);
}

static void
puts_what_is_no_address_together(void **state)
{
    (void)state;
    CLEANUP(free_rate) struct rate *r = make(2, 1000);
    assert_int_equal(count(r, "unknown", NOW_MS, 1), 1);
    assert_int_equal(count(r, "", NOW_MS, 5), 1);
}

static void
refuses_a_rate_of_nothing(void **state)
{
    (void)state;
    struct rate *r = NULL;
    assert_status(STATUS_INVALID, rate_new(0, 1, &r));
    assert_status(STATUS_INVALID, rate_new(1, 0, &r));
    assert_null(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permits_a_minutes_worth_at_once),
        cmocka_unit_test(permits_more_as_time_passes),
        cmocka_unit_test(says_when_to_come_again),
        cmocka_unit_test(counts_addresses_apart),
        cmocka_unit_test(counts_one_network_of_ipv6_once),
        cmocka_unit_test(limits_all_together),
        cmocka_unit_test(remembers_who_asked_most),
        cmocka_unit_test(waits_no_longer_after_the_clock_was_set_back),
        cmocka_unit_test(puts_what_is_no_address_together),
        cmocka_unit_test(refuses_a_rate_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
