/* SPDX-License-Identifier: Apache-2.0 */
/* Several sets whose components belong together: what a boot may mix of them, and what that is
 * worth. */
#include "tests/lib/profile_case.h"
#include "tests/lib/test.h"

static struct appraise_case *c;

static int
start(void **state)
{
    (void)state;
    c = appraise_case_new();
    return 0;
}

static int
finish(void **state)
{
    (void)state;
    appraise_case_free(c);
    return 0;
}

static void
boot(const char *pcr_4, const char *pcr_5)
{
    profile_case_boot(c, pcr_4, pcr_5);
}

static void
claim(const char *expected)
{
    profile_case_claim(c, expected);
}

#define PROFILE(i, ...)                                                                            \
    profile_case_put(c, i, (const struct profile_part[]){__VA_ARGS__},                             \
                     sizeof((const struct profile_part[]){__VA_ARGS__}) /                          \
                         sizeof(struct profile_part))

#define SHIM                                                                                       \
    {                                                                                              \
        "shim", 4, "shim", 1, 1, false, NULL                                                       \
    }
#define OS(kernel, initrd)                                                                         \
    {"kernel", 4, kernel, 1, 1, false, "os"},                                                      \
    {                                                                                              \
        "initrd", 5, initrd, 1, 1, false, "os"                                                     \
    }

static void
takes_a_bundle_from_one_generation(void **state)
{
    (void)state;
    PROFILE(1, SHIM, OS("kernel", "initrd"));
    PROFILE(2, SHIM, OS("kernel2", "initrd2"));
    boot("shim kernel", "initrd");
    claim("");
    boot("shim kernel2", "initrd2");
    claim("");
    assert_string_equal("gen-b", appraise_case_fact(c, REASON_BOOT_GENERATION)->found);
    boot("shim kernel", "initrd2");
    claim("mixed-generation=initrd/initrd2");
    boot("shim kernel2", "initrd");
    claim("mixed-generation=initrd/initrd");
    boot("shim evil", "initrd2");
    claim("unknown-image=kernel/evil");
}

/* Firmware, or a shim, of one set and the bundle of another: each update has its own time. */
static void
takes_what_has_no_bundle_from_any_set(void **state)
{
    (void)state;
    PROFILE(1, {"shim", 4, "a", 1, 1, false, NULL}, OS("kernel", "initrd"));
    PROFILE(2, {"shim", 4, "b", 1, 1, false, NULL}, OS("kernel2", "initrd2"));
    boot("a kernel2", "initrd2");
    claim("");
    boot("b kernel", "initrd");
    claim("");
    boot("c kernel", "initrd");
    claim("unknown-image=shim/c");
}

static void
takes_two_bundles_from_two_generations(void **state)
{
    (void)state;
    PROFILE(1, {"shim", 4, "a", 1, 1, false, "loader"}, {"grub", 4, "b", 1, 1, false, "loader"},
            OS("kernel", "initrd"));
    PROFILE(2, {"shim", 4, "c", 1, 1, false, "loader"}, {"grub", 4, "d", 1, 1, false, "loader"},
            OS("kernel2", "initrd2"));
    boot("a b kernel2", "initrd2");
    claim("");
    boot("c d kernel", "initrd");
    claim("");
    boot("a d kernel2", "initrd2");
    claim("mixed-generation=grub/d");
}

/* A bundle that measures no initrd does not lend its kernel to one that does. */
static void
threat_49_lends_no_value_between_bundles_of_other_build(void **state)
{
    (void)state;
    PROFILE(1, SHIM, {"kernel", 4, "kernel", 1, 1, false, "os"},
            {"initrd", 5, "initrd|initrd2", 0, 1, false, NULL});
    PROFILE(2, SHIM, OS("kernel2", "initrd2"));
    boot("shim kernel2", "");
    claim("missing=initrd/");
    boot("shim kernel", "");
    claim("");
    PROFILE(1, {"kernel", 4, "kernel", 1, 1, false, "os"}, {"b", 4, "b", 0, 1, false, "os"},
            {"x", 5, "a", 1, 1, false, NULL});
    PROFILE(2, {"kernel", 4, "kernel2", 1, 1, false, "os"}, {"c", 4, "c", 0, 1, false, "os"});
    boot("kernel2", "a");
    assert_int_equal(VERDICT_UNTRUSTED, appraise_case_perspective(c)->verdict);
}

/* Nor one that loads it once to one that may load it twice. */
static void
threat_49_lends_no_value_between_bundles_of_other_counts(void **state)
{
    (void)state;
    PROFILE(1, {"kernel", 4, "kernel", 1, 2, false, "os"}, {"x", 5, "a", 1, 1, false, NULL});
    PROFILE(2, {"kernel", 4, "kernel2", 1, 1, false, "os"}, {"x", 5, "b", 1, 1, false, NULL});
    boot("kernel2", "a");
    claim("");
    boot("kernel2 kernel2", "a");
    claim("surplus=/kernel2");
    boot("kernel kernel", "b");
    claim("");
}

/* Nor one whose part must be there, or has its place, to one of which that is not so. */
static void
threat_49_lends_no_value_between_bundles_of_other_demands(void **state)
{
    (void)state;
    PROFILE(2, {"kernel", 4, "kernel2", 1, 1, false, "os"});
    PROFILE(1, {"kernel", 4, "kernel", 1, 1, false, "os"}, {"x", 4, "a", 1, 1, false, NULL});
    boot("kernel2 a", "");
    claim("");
    PROFILE(1, {"kernel", 4, "kernel", 0, 1, false, "os"}, {"x", 4, "a", 1, 1, false, NULL});
    boot("kernel a", "");
    claim("");
    boot("kernel2 a", "");
    assert_int_equal(VERDICT_UNTRUSTED, appraise_case_perspective(c)->verdict);
    PROFILE(1, {"kernel", 4, "kernel", 1, 1, true, "os"}, {"x", 4, "a", 1, 1, false, NULL});
    boot("kernel2 a", "");
    assert_int_equal(VERDICT_UNTRUSTED, appraise_case_perspective(c)->verdict);
    PROFILE(1, {"kernel", 4, "kernel", 1, 1, false, "os"}, {"kernel", 4, "two", 0, 1, false, "os"},
            {"x", 4, "a", 1, 1, false, NULL});
    boot("kernel2 a", "");
    assert_int_equal(VERDICT_UNTRUSTED, appraise_case_perspective(c)->verdict);
}

/* Nor between a component of a bundle and one of none. */
static void
lends_no_value_over_the_edge_of_a_bundle(void **state)
{
    (void)state;
    PROFILE(1, {"kernel", 4, "kernel", 1, 1, false, "os"}, {"x", 5, "a", 1, 1, false, NULL});
    PROFILE(2, {"kernel", 4, "kernel2", 1, 1, false, NULL}, {"x", 5, "b", 1, 1, false, NULL});
    boot("kernel2", "b");
    claim("");
    PROFILE(2, {"kernel", 4, "kernel2", 1, 1, false, NULL}, {"y", 5, "b", 1, 1, false, NULL});
    boot("kernel2", "a");
    claim("unknown-image=kernel/kernel2");
}

/* States of the generations of sets a, b and c. */
static void
states(const char *a, const char *b, const char *last)
{
    buffer_reset(&c->documents[4]);
    buffer_append_format(&c->documents[4],
                         "{\"type\":\"generations\",\"id\":\"g\",\"version\":1,\"generations\":["
                         "{\"name\":\"gen-a\",%s},{\"name\":\"gen-b\",%s},"
                         "{\"name\":\"gen-c\",%s}]}",
                         a, b, last);
}

#define ACTIVE  "\"status\":\"active\""
#define REVOKED "\"status\":\"revoked\""
#define RETIRED "\"status\":\"retired\""
#define CLOSED  "\"status\":\"candidate\",\"rollout\":{\"labels\":{\"site\":\"osaka\"}}"

/* Each half of a revoked generation is in some active one, the whole is in none: without it the
 * boot is a mixture, and with it no better. */
static void
threat_49_values_a_bundle_as_a_whole(void **state)
{
    (void)state;
    PROFILE(1, SHIM, OS("kernel2", "initrd"));
    PROFILE(2, SHIM, OS("kernel", "initrd2"));
    boot("shim kernel", "initrd");
    claim("mixed-generation=initrd/initrd");
    PROFILE(3, SHIM, OS("kernel", "initrd"));
    states(ACTIVE, ACTIVE, ACTIVE);
    boot("shim kernel", "initrd");
    claim("");
    states(ACTIVE, ACTIVE, REVOKED);
    boot("shim kernel", "initrd");
    claim("revoked=kernel/kernel revoked=initrd/initrd");
    boot("evil kernel", "initrd"); /* of which the first set explains as much as the last */
    claim("unknown-image=shim/evil revoked=kernel/kernel revoked=initrd/initrd");
    states(ACTIVE, ACTIVE, RETIRED);
    boot("shim kernel", "initrd");
    claim("retired=kernel/kernel retired=initrd/initrd");
    states(ACTIVE, ACTIVE, CLOSED);
    boot("shim kernel", "initrd");
    claim("candidate=kernel/kernel candidate=initrd/initrd");
}

/* The set that fits by its shim is revoked; the bundle stands in another one as a whole. */
static void
values_a_bundle_by_the_best_set_that_has_all_of_it(void **state)
{
    (void)state;
    PROFILE(1, {"shim", 4, "a", 1, 1, false, NULL}, OS("kernel", "initrd"));
    PROFILE(2, {"shim", 4, "a|b", 1, 1, false, NULL}, OS("kernel2", "initrd2"));
    PROFILE(3, {"shim", 4, "b", 1, 1, false, NULL}, OS("kernel", "initrd"));
    states(REVOKED, ACTIVE, ACTIVE);
    boot("a kernel", "initrd");
    claim("");
    states(REVOKED, ACTIVE, RETIRED);
    boot("a kernel", "initrd");
    claim("revoked=kernel/kernel revoked=initrd/initrd");
    states(RETIRED, ACTIVE, REVOKED);
    boot("a kernel", "initrd");
    claim("revoked=kernel/kernel revoked=initrd/initrd");
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)
    const struct CMUnitTest tests[] = {
        CASE(takes_a_bundle_from_one_generation),
        CASE(takes_what_has_no_bundle_from_any_set),
        CASE(takes_two_bundles_from_two_generations),
        CASE(threat_49_lends_no_value_between_bundles_of_other_build),
        CASE(threat_49_lends_no_value_between_bundles_of_other_counts),
        CASE(threat_49_lends_no_value_between_bundles_of_other_demands),
        CASE(lends_no_value_over_the_edge_of_a_bundle),
        CASE(threat_49_values_a_bundle_as_a_whole),
        CASE(values_a_bundle_by_the_best_set_that_has_all_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
