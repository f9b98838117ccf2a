/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/test.h"

#include <string.h>

static void
compares_texts_and_null(void **state)
{
    (void)state;
    assert_true(text_equal("a", "a"));
    assert_false(text_equal("a", "A"));
    assert_false(text_equal("a", "ab"));
    assert_true(text_equal(NULL, NULL));
    assert_false(text_equal("", NULL));
    assert_true(text_starts("sha256", "sha"));
    assert_false(text_starts("sh", "sha"));
    assert_false(text_starts(NULL, ""));
}

static void
orders_texts_with_null_first(void **state)
{
    (void)state;
    assert_true(text_order("a", "b") < 0);
    assert_true(text_order("b", "a") > 0);
    assert_int_equal(0, text_order("a", "a"));
    assert_true(text_order(NULL, "") < 0);
    assert_true(text_order("", NULL) > 0);
    assert_int_equal(0, text_order(NULL, NULL));
}

static void
writes_hex_in_lower_case(void **state)
{
    (void)state;
    char out[9];
    assert_string_equal("", text_hex((struct bytes){0}, out, sizeof out));
    assert_string_equal("00ff1ab0", text_hex(bytes_of("\x00\xff\x1a\xb0", 4), out, sizeof out));
    assert_string_equal("", text_hex(bytes_of("\x00\xff\x1a\xb0", 4), out, sizeof out - 1));
}

static void
parses_hex_of_either_case(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    assert_status(STATUS_OK, text_parse_hex("", &out));
    assert_status(STATUS_OK, text_parse_hex("00fF", &out));
    assert_status(STATUS_OK, text_parse_hex("Ab", &out));
    assert_hex("00ffab", buffer_bytes(&out));
    uint8_t two[2];
    assert_status(STATUS_OK, text_parse_hex_exact("C0de", two, sizeof two));
    assert_hex("c0de", bytes_of(two, 2));
}

static void
refuses_what_is_not_hex(void **state)
{
    (void)state;
    static const char *const bad[] = {"0", "0g", "g0", " 00", "0x00", "00 ", "-1", "00f"};
    CLEANUP(buffer_free) struct buffer out = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(STATUS_MALFORMED, text_parse_hex(bad[i], &out));
    assert_int_equal(0, out.size);
    uint8_t two[2] = {1, 1};
    assert_status(STATUS_MALFORMED, text_parse_hex_exact("0101ff", two, sizeof two));
    assert_hex("0000", bytes_of(two, 2));
    assert_status(STATUS_MALFORMED, text_parse_hex_exact("01", two, sizeof two));
    assert_status(STATUS_MALFORMED, text_parse_hex_exact("01fg", two, sizeof two));
    assert_hex("0000", bytes_of(two, 2));
}

/* RFC 4648 10, without the padding. */
static const struct {
    const char *plain;
    const char *encoded;
} base64url_vectors[] = {
    {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
    {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"},
};

static void
encodes_and_parses_base64url(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof base64url_vectors / sizeof base64url_vectors[0]; i++) {
        CLEANUP(buffer_free) struct buffer encoded = {0};
        CLEANUP(buffer_free) struct buffer parsed = {0};
        text_append_base64url(&encoded, bytes_of_text(base64url_vectors[i].plain));
        assert_string_equal(base64url_vectors[i].encoded, buffer_text(&encoded));
        assert_status(STATUS_OK, text_parse_base64url(buffer_bytes(&encoded), &parsed));
        assert_string_equal(base64url_vectors[i].plain, buffer_text(&parsed));
    }
}

static void
refuses_base64url_that_its_encoder_would_not_write(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Zg==", "Zm8=", "Z",    "Zm9vY",          /* padding, a digit alone */
        "+__-", "-_/-", "Zm 9", "Zm9v\n", "Zm9=", /* other alphabets */
        "Zh",   "Zv",   "Zm9",  "Zm+",            /* bits left over */
    };
    CLEANUP(buffer_free) struct buffer out = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(STATUS_MALFORMED, text_parse_base64url(bytes_of_text(bad[i]), &out));
    assert_status(STATUS_MALFORMED, text_parse_base64url(bytes_of("Zm\0v", 4), &out));
    assert_int_equal(0, out.size);
}

static void
appends_behind_what_the_buffer_holds(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    buffer_append_text(&out, "a");
    text_append_hex(&out, bytes_of("\xff", 1));
    text_append_base64url(&out, bytes_of("f", 1));
    assert_status(STATUS_OK, text_parse_hex("62", &out));
    assert_status(STATUS_OK, text_parse_base64url(bytes_of_text("Yw"), &out));
    assert_string_equal("affZgbc", buffer_text(&out));
}

/* Each byte that may be a digit is one exactly when the alphabet has it. */
static void
knows_the_alphabets_whole(void **state)
{
    (void)state;
    static const char hex[] = "0123456789abcdefABCDEF";
    static const char base64url[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    static const char name[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
    for (int c = 1; c < 256; c++) {
        char text[] = {'A', (char)c, 'A', 'A', '\0'};
        CLEANUP(buffer_free) struct buffer out = {0};
        assert_int_equal(strchr(hex, c) != NULL, text_parse_hex(text, &out) == STATUS_OK);
        assert_int_equal(strchr(base64url, c) != NULL,
                         text_parse_base64url(bytes_of_text(text), &out) == STATUS_OK);
        char inside[] = {'a', (char)c, 'a', '\0'};
        char outside[] = {(char)c, '\0'};
        assert_int_equal(strchr(name, c) != NULL, text_is_name(inside));
        assert_int_equal(strchr(name, c) != NULL && c != '-' && c != '.', text_is_name(outside));
    }
}

static void
knows_a_name(void **state)
{
    (void)state;
    char longest[66];
    memset(longest, 'a', sizeof longest);
    longest[65] = '\0';
    assert_false(text_is_name(longest));
    longest[64] = '\0';
    assert_true(text_is_name(longest));
    assert_true(text_is_name("gw-7.site-2"));
    assert_true(text_is_name("7"));
    static const char *const bad[] = {"",    "Gw",  "-a",     "a-",  ".a",       "a.",
                                      "a b", "a_b", "a/../b", "a\n", "\xc3\xa4", "a:b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(text_is_name(bad[i]));
    assert_false(text_is_name(NULL));
}

static void
accepts_well_formed_utf8(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "plain",
                                       "\x7f",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(text_is_utf8(bytes_of_text(good[i])));
}

static void
refuses_ill_formed_utf8(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc3",
        "\xc3(",
        "\xc0\xaf",
        "\xc1\xbf",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xe2\x82",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf0\x9f\x98",
        "\xff",
        "\xe2(\xa1",
        "\xe2\x82(",
        "a\xf0\x9f\x98(",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(text_is_utf8(bytes_of_text(bad[i])));
}

static void
calls_control_characters_unprintable(void **state)
{
    (void)state;
    assert_true(text_is_printable(bytes_of_text("gr\xc3\xbc\xc3\x9f ~")));
    assert_false(text_is_printable(bytes_of_text("a\nb")));
    assert_false(text_is_printable(bytes_of_text("a\x1f")));
    assert_false(text_is_printable(bytes_of_text("a\x7f")));
    assert_false(text_is_printable(bytes_of("a\0b", 3)));
    assert_false(text_is_printable(bytes_of_text("\xff")));
}

static void
escapes_what_a_terminal_would_obey(void **state)
{
    (void)state;
    char out[64];
    assert_string_equal("\\x1f !", text_escape(bytes_of_text("\x1f !"), out, sizeof out));
    assert_string_equal("a~ \\x0a\\x1b\\x5c\\xff\\x7f\\x00",
                        text_escape(bytes_of("a~ \n\x1b\\\xff\x7f\0", 9), out, sizeof out));
    assert_string_equal("", text_escape((struct bytes){0}, out, sizeof out));
}

static void
cuts_an_escaped_text_between_bytes(void **state)
{
    (void)state;
    static const struct {
        size_t out_size;
        const char *expected;
    } rows[] = {{11, "ab\\x0acdef"}, {10, "ab\\x0a..."}, {9, "ab..."}, {6, "ab..."},
                {5, "a..."},         {4, "..."},         {3, ".."},    {1, ""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[16];
        memset(out, '#', sizeof out);
        (void)text_escape(bytes_of_text("ab\ncdef"), out, rows[i].out_size);
        assert_string_equal(rows[i].expected, out);
        assert_int_equal('#', out[rows[i].out_size]);
    }
}

static void
parses_numbers_of_one_spelling(void **state)
{
    (void)state;
    uint64_t v = 0;
    assert_status(STATUS_OK, text_parse_u64("0", 0, &v));
    assert_status(STATUS_OK, text_parse_u64("18446744073709551615", UINT64_MAX, &v));
    assert_true(v == UINT64_MAX);
    static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "01", "00", "0x1", "1.0", "a"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(STATUS_MALFORMED, text_parse_u64(bad[i], UINT64_MAX, &v));
    assert_status(STATUS_MALFORMED, text_parse_u64(NULL, UINT64_MAX, &v));
}

static void
refuses_numbers_above_their_limit(void **state)
{
    (void)state;
    uint64_t v = 1;
    assert_status(STATUS_LIMIT, text_parse_u64("11", 10, &v));
    assert_true(v == 0);
    assert_status(STATUS_LIMIT, text_parse_u64("18446744073709551616", UINT64_MAX, &v));
    assert_status(STATUS_LIMIT, text_parse_u64("99999999999999999999999", UINT64_MAX, &v));
    assert_status(STATUS_MALFORMED, text_parse_u64("99999999999999999999999x", UINT64_MAX, &v));
}

static void
parses_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } rows[] = {{"0", 0}, {"90", 90}, {"90s", 90}, {"15m", 900}, {"2h", 7200}, {"1d", 86400}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t seconds = -1;
        assert_status(STATUS_OK, text_parse_duration_s(rows[i].text, &seconds));
        assert_int_equal(rows[i].seconds, seconds);
    }
    static const char *const bad[] = {"", "m", "-1m", "1w", "1 m", "1mm", "1.5h", "m1"};
    int64_t seconds = 0;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(STATUS_MALFORMED, text_parse_duration_s(bad[i], &seconds));
    assert_status(STATUS_LIMIT, text_parse_duration_s("36601d", &seconds));
    assert_status(STATUS_LIMIT, text_parse_duration_s("18446744073709551615d", &seconds));
}

static void
writes_and_parses_times(void **state)
{
    (void)state;
    static const struct {
        int64_t unix_s;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59Z"},
        {951782400, "2000-02-29T00:00:00Z"},
        {951868799, "2000-02-29T23:59:59Z"},
        {1795367400, "2026-11-22T17:10:00Z"},
        {4107542400, "2100-03-01T00:00:00Z"},
        {2147483648, "2038-01-19T03:14:08Z"},
        {253402300799, "9999-12-31T23:59:59Z"},
        {-62167219200, "0000-01-01T00:00:00Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[TEXT_TIME_SIZE];
        int64_t unix_s = 1;
        assert_string_equal(rows[i].text, text_time(rows[i].unix_s, out, sizeof out));
        assert_status(STATUS_OK, text_parse_time(rows[i].text, &unix_s));
        assert_true(unix_s == rows[i].unix_s);
    }
    char out[TEXT_TIME_SIZE];
    assert_string_equal("out-of-range", text_time(253402300800, out, sizeof out));
    assert_string_equal("out-of-range", text_time(INT64_MIN, out, sizeof out));
}

static void
refuses_times_of_another_form(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2026-11-22T17:10:00",
        "2026-11-22T17:10:00z",
        "2026-11-22 17:10:00Z",
        "2026-11-22T17:10:00+00:00",
        "2026-11-22T17:10:00.0Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-12-31T23:59:60Z",
        "2026-1-01T00:00:000Z",
        "-026-01-01T00:00:00Z",
        "2026-01-01T00:00:0aZ",
    };
    int64_t unix_s = 1;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(STATUS_MALFORMED, text_parse_time(bad[i], &unix_s));
    assert_status(STATUS_MALFORMED, text_parse_time(NULL, &unix_s));
    assert_true(unix_s == 0);
}

static void
copies_and_says_when_it_cut(void **state)
{
    (void)state;
    char out[4];
    assert_true(text_copy(out, sizeof out, "abc"));
    assert_string_equal("abc", out);
    assert_false(text_copy(out, sizeof out, "wxyz"));
    assert_string_equal("wxy", out);
    assert_false(text_copy(out, 0, ""));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares_texts_and_null),
        cmocka_unit_test(orders_texts_with_null_first),
        cmocka_unit_test(writes_hex_in_lower_case),
        cmocka_unit_test(parses_hex_of_either_case),
        cmocka_unit_test(refuses_what_is_not_hex),
        cmocka_unit_test(encodes_and_parses_base64url),
        cmocka_unit_test(refuses_base64url_that_its_encoder_would_not_write),
        cmocka_unit_test(appends_behind_what_the_buffer_holds),
        cmocka_unit_test(knows_the_alphabets_whole),
        cmocka_unit_test(knows_a_name),
        cmocka_unit_test(accepts_well_formed_utf8),
        cmocka_unit_test(refuses_ill_formed_utf8),
        cmocka_unit_test(calls_control_characters_unprintable),
        cmocka_unit_test(escapes_what_a_terminal_would_obey),
        cmocka_unit_test(cuts_an_escaped_text_between_bytes),
        cmocka_unit_test(parses_numbers_of_one_spelling),
        cmocka_unit_test(refuses_numbers_above_their_limit),
        cmocka_unit_test(parses_durations),
        cmocka_unit_test(writes_and_parses_times),
        cmocka_unit_test(refuses_times_of_another_form),
        cmocka_unit_test(copies_and_says_when_it_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
