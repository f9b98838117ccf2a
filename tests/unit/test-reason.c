/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alg.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/reason.h"
#include "tests/lib/test.h"

#include <string.h>

static void
gives_every_code_its_own_name(void **state)
{
    (void)state;
    for (unsigned a = 1; a < REASON_COUNT; a++) {
        const char *name = reason_code_name((enum reason_code)a);
        assert_true(text_is_name(name));
        assert_non_null(strchr(name, '.'));
        assert_int_equal(a, reason_code_parse(name));
        for (unsigned b = 1; b < a; b++)
            assert_string_not_equal(name, reason_code_name((enum reason_code)b));
    }
}

static void
gives_every_code_its_own_sentence(void **state)
{
    (void)state;
    for (unsigned a = 1; a < REASON_COUNT; a++) {
        const char *sentence = reason_code_sentence((enum reason_code)a);
        size_t size = strlen(sentence);
        assert_in_range(size, 10, 160);
        assert_true(sentence[size - 1] != '.');
        assert_true(text_is_printable(bytes_of_text(sentence)));
        for (unsigned b = 1; b < a; b++)
            assert_string_not_equal(sentence, reason_code_sentence((enum reason_code)b));
    }
}

static void
keeps_the_kind_of_the_table(void **state)
{
    (void)state;
    assert_int_equal(REASON_KIND_ATTEMPT, reason_code_kind(REASON_QUOTE_SIGNATURE));
    assert_int_equal(REASON_KIND_REASON, reason_code_kind(REASON_LOG_PCR_MISMATCH));
    assert_int_equal(REASON_KIND_FACT, reason_code_kind(REASON_LEDGER_BOOT));
    assert_string_equal("quote.signature", reason_code_name(REASON_QUOTE_SIGNATURE));
}

static void
treats_a_code_out_of_range_as_bad_and_unknown(void **state)
{
    (void)state;
    assert_string_equal("unknown", reason_code_name(REASON_COUNT));
    assert_int_equal(REASON_KIND_REASON, reason_code_kind(REASON_COUNT));
    assert_int_equal(REASON_KIND_REASON, reason_code_kind(REASON_NONE));
    assert_int_equal(REASON_NONE, reason_code_parse("quote.Signature"));
    assert_int_equal(REASON_NONE, reason_code_parse("none"));
    assert_int_equal(REASON_NONE, reason_code_parse(""));
    assert_int_equal(REASON_NONE, reason_code_parse(NULL));
}

static void
names_every_log(void **state)
{
    (void)state;
    assert_string_equal("none", reason_log_name(REASON_LOG_NONE));
    assert_string_equal("boot", reason_log_name(REASON_LOG_BOOT));
    assert_string_equal("ima", reason_log_name(REASON_LOG_IMA));
    assert_string_equal("userspace", reason_log_name(REASON_LOG_USERSPACE));
    assert_string_equal("unknown", reason_log_name((enum reason_log)4));
}

static void
adds_a_reason_without_place_or_texts(void **state)
{
    (void)state;
    CLEANUP(reasons_free) struct reasons list = {0};
    const struct reason *r = reasons_add(&list, REASON_QUOTE_MAGIC);
    assert_int_equal(1, list.n_items);
    assert_ptr_equal(r, reasons_find(&list, REASON_QUOTE_MAGIC));
    assert_null(reasons_find(&list, REASON_QUOTE_TYPE));
    assert_int_equal(REASON_NO_PCR, r->pcr);
    assert_int_equal(REASON_NO_EVENT, r->event);
    assert_int_equal(REASON_LOG_NONE, r->log);
    assert_int_equal(0, r->bank);
    assert_false(r->bound);
    assert_string_equal("", r->what);
    assert_string_equal("", r->expected);
    assert_string_equal("", r->found);
}

static void
finds_the_first_of_several(void **state)
{
    (void)state;
    CLEANUP(reasons_free) struct reasons list = {0};
    (void)reasons_add_at(&list, REASON_LOG_PCR_MISMATCH, REASON_LOG_BOOT, 4, REASON_NO_EVENT);
    (void)reasons_add_at(&list, REASON_LOG_PCR_MISMATCH, REASON_LOG_BOOT, 7, REASON_NO_EVENT);
    assert_int_equal(4, reasons_find(&list, REASON_LOG_PCR_MISMATCH)->pcr);
}

static void
counts_what_is_past_the_limit(void **state)
{
    (void)state;
    CLEANUP(reasons_free) struct reasons list = {0};
    for (int i = 0; i < (int)LIMIT_REASONS + 3; i++) {
        struct reason *r = reasons_add_at(&list, REASON_LOG_ORDER, REASON_LOG_BOOT, 1, i);
        reason_set_what(r, "late");
    }
    assert_int_equal(LIMIT_REASONS, list.n_items);
    assert_int_equal(3, list.n_dropped);
    assert_int_equal(LIMIT_REASONS - 1, list.items[LIMIT_REASONS - 1].event);
    assert_false(list.failed);
}

static void
appends_items_drops_and_failure(void **state)
{
    (void)state;
    CLEANUP(reasons_free) struct reasons list = {0};
    CLEANUP(reasons_free) struct reasons more = {.n_dropped = 2, .failed = true};
    (void)reasons_add(&list, REASON_QUOTE_MAGIC);
    reason_set_what(reasons_add(&more, REASON_QUOTE_TYPE), "type");
    reasons_append(&list, &more);
    assert_int_equal(2, list.n_items);
    assert_string_equal("type", list.items[1].what);
    assert_int_equal(2, list.n_dropped);
    assert_true(list.failed);
}

static void
appends_no_more_than_the_limit(void **state)
{
    (void)state;
    CLEANUP(reasons_free) struct reasons list = {0};
    CLEANUP(reasons_free) struct reasons more = {0};
    for (unsigned i = 0; i < LIMIT_REASONS - 1; i++)
        (void)reasons_add(&list, REASON_LOG_ORDER);
    for (unsigned i = 0; i < 3; i++)
        (void)reasons_add(&more, REASON_LOG_DIGEST);
    reasons_append(&list, &more);
    assert_int_equal(LIMIT_REASONS, list.n_items);
    assert_int_equal(2, list.n_dropped);
}

static void
cuts_long_texts_with_dots(void **state)
{
    (void)state;
    struct reason r = {0};
    char text[400];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    reason_set_what(&r, text);
    assert_int_equal(sizeof r.what - 1, strlen(r.what));
    assert_string_equal("aa...", r.what + sizeof r.what - 6);
    text[sizeof r.expected - 1] = '\0';
    reason_set_expected(&r, text);
    assert_string_equal(text, r.expected);
}

static void
cuts_long_hex_with_dots(void **state)
{
    (void)state;
    struct reason r = {0};
    uint8_t bytes[96];
    memset(bytes, 0xab, sizeof bytes);
    reason_set_found_hex(&r, bytes_of(bytes, 95));
    assert_int_equal(190, strlen(r.found));
    reason_set_found_hex(&r, bytes_of(bytes, 96));
    assert_int_equal(2 * 94 + 3, strlen(r.found));
    assert_string_equal("ab...", r.found + 2 * 93);
    reason_set_expected_hex(&r, bytes_of(bytes, 2));
    assert_string_equal("abab", r.expected);
}

static void
keeps_every_field_on_one_line(void **state)
{
    (void)state;
    struct reason r = {0};
    reason_set_what(&r, "a\nb");
    assert_string_equal("a\\x0ab", r.what);
    reason_set_what(&r, "already \\x0a escaped");
    assert_string_equal("already \\x0a escaped", r.what);
    reason_set_found(&r, "gr\xc3\xbcn");
    assert_string_equal("gr\\xc3\\xbcn", r.found);
    reason_set_what(&r, "a\x7f");
    assert_string_equal("a\\x7f", r.what);
    reason_set_found_escaped(&r, bytes_of("\x1b[1m\\", 5));
    assert_string_equal("\\x1b[1m\\x5c", r.found);
    reason_set_expected(&r, NULL);
    assert_string_equal("", r.expected);
}

static void
tells_a_reason_in_one_line(void **state)
{
    (void)state;
    CLEANUP(reasons_free) struct reasons list = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    struct reason *r = reasons_add_at(&list, REASON_BOOT_REVOKED, REASON_LOG_BOOT, 4, 12);
    r->bank = ALG_SHA256;
    reason_set_what(r, "kernel");
    reason_set_expected(r, "not 0a");
    reason_set_found(r, "0a");
    reason_append_text(r, &out);
    assert_string_equal("boot.revoked (kernel, PCR 4, sha256, boot log, event 12): a component's "
                        "value is revoked; expected not 0a; found 0a (claimed only)",
                        buffer_text(&out));
    r->bound = true;
    buffer_reset(&out);
    reason_append_text(r, &out);
    assert_null(strstr(buffer_text(&out), "claimed"));
}

static void
tells_an_attempt_without_place(void **state)
{
    (void)state;
    CLEANUP(reasons_free) struct reasons list = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    reason_append_text(reasons_add(&list, REASON_QUOTE_SIGNATURE), &out);
    assert_string_equal("quote.signature: the signature is not by this device's attestation key",
                        buffer_text(&out));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_every_code_its_own_name),
        cmocka_unit_test(gives_every_code_its_own_sentence),
        cmocka_unit_test(keeps_the_kind_of_the_table),
        cmocka_unit_test(treats_a_code_out_of_range_as_bad_and_unknown),
        cmocka_unit_test(names_every_log),
        cmocka_unit_test(adds_a_reason_without_place_or_texts),
        cmocka_unit_test(finds_the_first_of_several),
        cmocka_unit_test(counts_what_is_past_the_limit),
        cmocka_unit_test(appends_items_drops_and_failure),
        cmocka_unit_test(appends_no_more_than_the_limit),
        cmocka_unit_test(cuts_long_texts_with_dots),
        cmocka_unit_test(cuts_long_hex_with_dots),
        cmocka_unit_test(keeps_every_field_on_one_line),
        cmocka_unit_test(tells_a_reason_in_one_line),
        cmocka_unit_test(tells_an_attempt_without_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
