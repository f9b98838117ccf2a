/* SPDX-License-Identifier: Apache-2.0 */
/* One profile against small boots: order, counts, what is missing, surplus or unknown. */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/profile_case.h"
#include "tests/lib/test.h"

#include <stdlib.h>
#include <string.h>

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
#define GRUB                                                                                       \
    {                                                                                              \
        "grub", 4, "grub", 1, 1, false, NULL                                                       \
    }
#define KERNEL                                                                                     \
    {                                                                                              \
        "kernel", 4, "kernel", 1, 2, false, NULL                                                   \
    }

static void
matches_components_in_order(void **state)
{
    (void)state;
    PROFILE(1, SHIM, GRUB, KERNEL);
    boot("shim grub kernel", "");
    claim("");
    boot("shim grub kernel kernel", "");
    claim("");
    assert_string_equal("gen-a", appraise_case_fact(c, REASON_BOOT_GENERATION)->found);
}

static void
threat_49_tells_a_missing_component(void **state)
{
    (void)state;
    PROFILE(1, SHIM, GRUB, KERNEL);
    boot("shim kernel", "");
    claim("missing=grub/");
    boot("shim grub", "");
    claim("missing=kernel/");
    boot("", "");
    claim("missing=shim/ missing=grub/ missing=kernel/");
}

static void
tells_a_surplus_event(void **state)
{
    (void)state;
    PROFILE(1, SHIM, GRUB, KERNEL);
    boot("shim memtest grub kernel", "");
    claim("surplus=/memtest");
    boot("shim grub kernel kernel kernel", "");
    claim("surplus=/kernel");
    boot("shim grub kernel", "evil");
    claim("surplus=/evil");
}

static void
tells_an_unknown_image_in_its_place(void **state)
{
    (void)state;
    PROFILE(1, SHIM, GRUB, KERNEL);
    boot("shim evil kernel", "");
    claim("unknown-image=grub/evil");
    boot("evil grub kernel", "");
    claim("unknown-image=shim/evil");
    boot("shim grub evil evil", "");
    claim("unknown-image=kernel/evil unknown-image=kernel/evil");
    boot("shim grub evil c", "");
    claim("unknown-image=kernel/evil surplus=/c");
}

static void
tells_a_component_at_the_wrong_place(void **state)
{
    (void)state;
    PROFILE(1, SHIM, GRUB, KERNEL);
    boot("grub shim kernel", "");
    claim("order=grub/grub");
    assert_string_equal("a", appraise_case_perspective(c)->reasons.items[0].expected);
    boot("shim kernel grub", "");
    claim("order=kernel/kernel");
    boot("kernel grub shim", "");
    claim("order=kernel/kernel order=grub/grub");
}

static void
judges_order_inside_one_pcr_only(void **state)
{
    (void)state;
    PROFILE(1, {"initrd", 5, "initrd", 1, 1, false, NULL}, SHIM, GRUB);
    boot("shim grub", "initrd");
    claim("");
}

static void
takes_optional_components_or_not(void **state)
{
    (void)state;
    PROFILE(1, SHIM, {"fallback", 4, "a", 0, 2, false, NULL}, GRUB);
    boot("shim grub", "");
    claim("");
    boot("shim a a grub", "");
    claim("");
    boot("shim a a a grub", "");
    claim("surplus=/a");
    boot("shim grub a", "");
    claim("surplus=/a");
}

/* Greedy taking would give a to the first and leave the second without. */
static void
finds_the_way_when_values_overlap(void **state)
{
    (void)state;
    PROFILE(1, {"first", 4, "a|b", 1, 3, false, NULL}, {"second", 4, "a", 1, 1, false, NULL},
            {"third", 4, "a|c", 1, 1, false, NULL});
    boot("a a a", "");
    claim("");
    boot("b a a a a", "");
    claim("");
    boot("a b a c", "");
    claim("");
    boot("a a", "");
    claim("missing=third/");
    boot("a a a a a a", "");
    claim("surplus=/a");
}

static void
takes_any_at_its_fixed_place_only(void **state)
{
    (void)state;
    PROFILE(1, SHIM, {"environment", 4, "*", 1, 1, false, NULL}, GRUB);
    boot("shim evil grub", "");
    claim("");
    boot("shim grub", "");
    claim("missing=environment/");
    boot("shim evil evil grub", "");
    claim("surplus=/evil");
    PROFILE(1, {"first", 4, "a", 0, 1, false, NULL}, {"environment", 4, "*", 1, 1, false, NULL});
    boot("evil a", "");
    claim("surplus=/a"); /* what has a name elsewhere is wasted on it */
}

static void
takes_unordered_components_anywhere(void **state)
{
    (void)state;
    PROFILE(1, {"driver", 4, "a|b|c", 2, 3, true, NULL}, SHIM, GRUB);
    boot("shim a grub b", "");
    claim("");
    boot("c b a shim grub", "");
    claim("");
    boot("shim a grub", "");
    claim("missing=driver/");
    boot("a b c a shim grub", "");
    claim("surplus=/a");
    boot("a b evil shim grub", "");
    claim("unknown-image=driver/evil");
    boot("a b grub shim", "");
    claim("order=grub/grub");
}

static void
takes_one_of_several_sets(void **state)
{
    (void)state;
    PROFILE(1, SHIM, GRUB);
    PROFILE(2, {"kernel", 4, "kernel", 1, 1, false, NULL});
    boot("kernel", "");
    claim("");
    assert_string_equal("gen-b", appraise_case_fact(c, REASON_BOOT_GENERATION)->found);
    boot("shim grub", "");
    claim("");
    boot("shim grub kernel", "");
    claim("surplus=/kernel");
    boot("kernel evil", "");
    claim("surplus=/evil");
}

static void
bounds_what_a_hostile_log_costs(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer events = {0};
    for (size_t i = 0; i < 2000; i++)
        buffer_append_text(&events, i > 0 ? " evil" : "evil");
    PROFILE(1, {"first", 4, "a|b", 1, 4096, false, NULL}, {"second", 4, "a", 1, 4096, false, NULL});
    boot(buffer_text(&events), "");
    claim("surplus=/evil");
}

/* Components that have no order need no table, but each is held against each event. */
static void
bounds_events_times_components(void **state)
{
    (void)state;
    static struct profile_part parts[600];
    static char values[600][8];
    for (size_t i = 0; i < 600; i++) {
        (void)snprintf(values[i], sizeof values[i], "v%zu", i);
        parts[i] =
            (struct profile_part){"driver", 4, i == 0 ? "a" : values[i], 0, 1000, true, NULL};
    }
    profile_case_put(c, 1, parts, 600);
    for (size_t n = 300; n <= 600; n += 300) {
        CLEANUP(buffer_free) struct buffer events = {0};
        buffer_append_text(&events, "evil");
        for (size_t i = 0; i < n; i++)
            buffer_append_text(&events, " a");
        boot(buffer_text(&events), "");
        claim(n == 300 ? "unknown-image=driver/evil" : "surplus=/evil");
    }
}

/* ---- against a matcher that simply tries everything ---- */

#define MANY_BOOTS 400u

struct random_boot {
    size_t n_parts, n_events;
    struct profile_part parts[3];
    char values[3][8];
    char events[16];
};

static uint32_t
next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

/* Filled in where it stays: its parts point to its values. */
static void
random_boot(uint32_t *seed, struct random_boot *b)
{
    *b = (struct random_boot){0};
    b->n_parts = 1 + next_random(seed) % 3;
    b->n_events = next_random(seed) % 6;
    static const char *const sets[] = {"a", "b", "c", "a|b", "b|c", "a|c", "a|b|c", "*"};
    for (size_t i = 0; i < b->n_parts; i++) {
        uint32_t min = next_random(seed) % 3;
        (void)text_copy(b->values[i], sizeof b->values[i], sets[next_random(seed) % 8]);
        b->parts[i] = (struct profile_part){
            "part", 4,   b->values[i], min, min + next_random(seed) % 2 + (min == 0 ? 1 : 0),
            false,  NULL};
    }
    for (size_t i = 0; i < b->n_events; i++) {
        b->events[2 * i] = (char)('a' + next_random(seed) % 3);
        b->events[2 * i + 1] = i + 1 < b->n_events ? ' ' : '\0';
    }
}

/* Whether parts from i on can take the events from at on, k of part i being taken already. */
static bool
can_match(const struct random_boot *b, size_t i, uint32_t k, size_t at)
{
    if (i == b->n_parts)
        return at == b->n_events;
    const struct profile_part *p = &b->parts[i];
    if (k >= p->min && can_match(b, i + 1, 0, at))
        return true;
    bool takes =
        at < b->n_events && (p->values[0] == '*' || strchr(p->values, b->events[2 * at]) != NULL);
    return takes && k < p->max && can_match(b, i, k + 1, at + 1);
}

static void
agrees_with_trying_everything(void **state)
{
    (void)state;
    uint32_t seed = 7;
    size_t n_good = 0;
    for (size_t n = 0; n < MANY_BOOTS; n++) {
        struct random_boot b;
        random_boot(&seed, &b);
        profile_case_put(c, 1, b.parts, b.n_parts);
        boot(b.events, "");
        bool good = can_match(&b, 0, 0, 0);
        n_good += good;
        if (good != (appraise_case_perspective(c)->verdict == VERDICT_TRUSTED))
            fail_msg("boot %zu: \"%s\" should %smatch %s", n, b.events, good ? "" : "not ",
                     buffer_text(&c->documents[1]));
    }
    assert_in_range(n_good, MANY_BOOTS / 10, MANY_BOOTS * 9 / 10);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)
    const struct CMUnitTest tests[] = {
        CASE(matches_components_in_order),
        CASE(threat_49_tells_a_missing_component),
        CASE(tells_a_surplus_event),
        CASE(tells_an_unknown_image_in_its_place),
        CASE(tells_a_component_at_the_wrong_place),
        CASE(judges_order_inside_one_pcr_only),
        CASE(takes_optional_components_or_not),
        CASE(finds_the_way_when_values_overlap),
        CASE(takes_any_at_its_fixed_place_only),
        CASE(takes_unordered_components_anywhere),
        CASE(takes_one_of_several_sets),
        CASE(bounds_what_a_hostile_log_costs),
        CASE(bounds_events_times_components),
        CASE(agrees_with_trying_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
