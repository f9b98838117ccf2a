/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/announcement.h"
#include "appraise/arena.h"
#include "base/cleanup.h"
#include "tests/lib/test.h"

#include <string.h>

#define NOW    1769000000
#define DEVICE "00112233445566778899aabbccddeeff"

static struct hasher *h;
static struct documents *documents;
static struct subject subject;
static struct announcement announcement;
static struct announcement_item items[2];
static struct announcement_offer offer;
static struct reasons found;

static void
compile(const char *rule)
{
    char text[512];
    (void)snprintf(text, sizeof text,
                   "{\"type\":\"policy\",\"id\":\"all\",\"version\":1,\"perspective\":\"owner\","
                   "\"select\":{\"labels\":{\"site\":\"tokyo\"}}%s}",
                   rule);
    struct document *d = NULL;
    assert_status(STATUS_OK, document_parse(h, bytes_of_text(text), &d, NULL));
    documents_unref(documents);
    assert_status(STATUS_OK, documents_new(&d, 1, 1, &documents, NULL));
    offer.documents = documents;
}

static int
start(void **state)
{
    static const struct label labels[] = {{"site", "tokyo"}};
    (void)state;
    subject = (struct subject){.device_id = DEVICE, .labels = labels, .n_labels = 1};
    items[0] = (struct announcement_item){.role = "initrd", .n_digests = 1};
    items[0].digests[0] = (struct digest){.alg = ALG_SHA256, .size = 32};
    items[1] = (struct announcement_item){.role = "command-line", .text = "root=/dev/sda1 ro"};
    announcement = (struct announcement){.device_id = DEVICE,
                                         .reset_count = 8,
                                         .issued_s = NOW - 10,
                                         .expires_s = NOW + 100,
                                         .n_items = 2,
                                         .items = items};
    offer = (struct announcement_offer){.subject = &subject,
                                        .announcement = &announcement,
                                        .verdict = VERDICT_TRUSTED,
                                        .reset_count = 7};
    compile(",\"announce\":{}");
    return 0;
}

static int
finish(void **state)
{
    (void)state;
    documents_unrefp(&documents);
    return 0;
}

/* The codes found, in order; REASON_NONE where none is left. */
static void
demand(enum reason_code first, enum reason_code second)
{
    found = (struct reasons){0};
    announcement_check(&offer, NOW, &found);
    assert_int_equal((first != REASON_NONE) + (second != REASON_NONE), found.n_items);
    if (first != REASON_NONE)
        assert_int_equal(first, found.items[0].code);
    if (second != REASON_NONE)
        assert_int_equal(second, found.items[1].code);
    for (size_t i = 0; i < found.n_items; i++)
        assert_int_equal(REASON_KIND_ATTEMPT, reason_code_kind(found.items[i].code));
    reasons_free(&found);
}

static void
takes_what_is_built_on_the_device(void **state)
{
    (void)state;
    demand(REASON_NONE, REASON_NONE);
    items[0].role = "grub-file:/boot/grub/grub.cfg";
    demand(REASON_NONE, REASON_NONE);
}

static void
takes_no_kernel_unless_policy_names_it(void **state)
{
    (void)state;
    static const char *const makers[] = {"kernel", "shim", "grub", "firmware", "initrd2", ""};
    for (size_t i = 0; i < 5; i++) {
        items[0].role = makers[i];
        demand(REASON_ANNOUNCE_ROLE, REASON_NONE);
    }
    items[0].role = "kernel";
    compile(",\"announce\":{\"roles\":[\"kernel\",\"command-line\"]}");
    demand(REASON_NONE, REASON_NONE);
    items[0].role = "initrd"; /* no longer named */
    demand(REASON_ANNOUNCE_ROLE, REASON_NONE);
    items[0].role = "grub-file:/boot/grub/grub.cfg";
    demand(REASON_ANNOUNCE_ROLE, REASON_NONE);
}

static void
takes_nothing_without_a_rule_that_selects_the_device(void **state)
{
    (void)state;
    compile("");
    demand(REASON_ANNOUNCE_ROLE, REASON_ANNOUNCE_ROLE);
    assert_int_equal(0, announcement_life_s(documents, &subject));
    compile(",\"announce\":{\"life\":\"30m\"}");
    demand(REASON_NONE, REASON_NONE);
    assert_int_equal(1800, announcement_life_s(documents, &subject));
    subject.n_labels = 0;
    demand(REASON_ANNOUNCE_ROLE, REASON_ANNOUNCE_ROLE);
    assert_int_equal(0, announcement_life_s(documents, &subject));
}

static void
refuses_a_device_that_is_not_trusted(void **state)
{
    (void)state;
    static const enum verdict others[] = {VERDICT_NONE, VERDICT_UNTRUSTED, VERDICT_WARNING};
    for (size_t i = 0; i < 3; i++) {
        offer.verdict = others[i];
        demand(REASON_ANNOUNCE_NOT_TRUSTED, REASON_NONE);
    }
}

static void
refuses_a_second_one_for_the_same_boot(void **state)
{
    (void)state;
    struct announcement held = announcement;
    offer.held = &held;
    demand(REASON_ANNOUNCE_TWICE, REASON_NONE);
    held.reset_count--;
    demand(REASON_NONE, REASON_NONE);
}

static void
refuses_one_that_comes_late(void **state)
{
    (void)state;
    offer.reset_count = 8;
    demand(REASON_ANNOUNCE_LATE, REASON_NONE);
    offer.reset_count = 7;
    announcement.expires_s = NOW;
    demand(REASON_NONE, REASON_NONE);
    announcement.expires_s = NOW - 1;
    demand(REASON_ANNOUNCE_LATE, REASON_NONE);
}

static void
refuses_what_is_not_well_formed(void **state)
{
    (void)state;
    items[0].text = "both";
    demand(REASON_ANNOUNCE_MALFORMED, REASON_NONE);
    items[0].text = NULL;
    items[0].n_digests = 0;
    demand(REASON_ANNOUNCE_MALFORMED, REASON_NONE);
    items[0].n_digests = 1;
    items[0].digests[0].alg = ALG_SHA1;
    demand(REASON_ANNOUNCE_MALFORMED, REASON_NONE);
    items[0].digests[0].alg = ALG_SHA256;
    items[0].role = "";
    demand(REASON_ANNOUNCE_MALFORMED, REASON_NONE);
    items[0].role = "initrd";
    announcement.n_items = 0;
    demand(REASON_ANNOUNCE_MALFORMED, REASON_NONE);
    static struct announcement_item many[ANNOUNCEMENT_MAX + 1];
    for (size_t i = 0; i <= ANNOUNCEMENT_MAX; i++)
        many[i] = items[0];
    announcement.items = many;
    announcement.n_items = ANNOUNCEMENT_MAX + 1;
    demand(REASON_ANNOUNCE_MALFORMED, REASON_NONE);
    announcement.items = NULL;
    announcement.n_items = 0;
    announcement.device_id = "ffffffffffffffffffffffffffffffff";
    demand(REASON_ANNOUNCE_MALFORMED, REASON_ANNOUNCE_MALFORMED);
}

#define HEX_64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* As it comes from a device: digests by the names of their algorithms. */
static void
reads_digests_of_known_algorithms_and_their_size(void **state)
{
    (void)state;
    static const struct {
        const char *digests, *says;
    } rows[] = {
        {"\"sha256\":\"" HEX_64 "\"", NULL},
        {"\"md5\":\"00\"", "items[0].digests.md5: is no algorithm"},
        {"\"sha256\":\"00\"", "items[0].digests.sha256: must be 64 hex digits"},
        {"\"sha384\":\"" HEX_64 "\"", "items[0].digests.sha384: must be 96 hex digits"},
        {"\"sha256\":\"" HEX_64 "00\"", "items[0].digests.sha256: must be 64 hex digits"},
        {"\"sha256\":7", "items[0].digests.sha256: must be a string"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[512];
        struct arena arena = {0};
        struct announcement a;
        struct diag diag = {0};
        (void)snprintf(text, sizeof text, "{\"items\":[{\"role\":\"initrd\",\"digests\":{%s}}]}",
                       rows[i].digests);
        assert_status(rows[i].says ? STATUS_INVALID : STATUS_OK,
                      announcement_parse_sent(bytes_of_text(text), &arena, &a, &diag));
        assert_string_equal(rows[i].says ? rows[i].says : "", diag.text);
        arena_free(&arena);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(takes_what_is_built_on_the_device, start, finish),
        cmocka_unit_test_setup_teardown(takes_no_kernel_unless_policy_names_it, start, finish),
        cmocka_unit_test_setup_teardown(takes_nothing_without_a_rule_that_selects_the_device, start,
                                        finish),
        cmocka_unit_test_setup_teardown(refuses_a_device_that_is_not_trusted, start, finish),
        cmocka_unit_test_setup_teardown(refuses_a_second_one_for_the_same_boot, start, finish),
        cmocka_unit_test_setup_teardown(refuses_one_that_comes_late, start, finish),
        cmocka_unit_test_setup_teardown(refuses_what_is_not_well_formed, start, finish),
        cmocka_unit_test(reads_digests_of_known_algorithms_and_their_size),
    };
    assert_status(STATUS_OK, hasher_new(&h));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hasher_freep(&h);
    return failed;
}
