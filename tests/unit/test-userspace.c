/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/userspace.h"
#include "tests/lib/replay_round.h"
#include "tests/lib/test.h"

#include <string.h>

#define HEX32  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define DIGEST "{\"hashAlg\":\"sha256\",\"digest\":\"" HEX32 "\"}"
#define RECORD(pcr, digests)                                                                       \
    "\x1e{\"pcr\":" pcr ",\"digests\":[" digests "],\"content_type\":\"systemd\","                 \
    "\"content\":{\"string\":\"ready\",\"bootId\":\"00\",\"timestamp\":1,\"eventType\":\"phase\"}" \
    "}\n"

static struct userspace *
parse(const char *text)
{
    struct userspace *u = NULL;
    struct reasons reasons = {0};
    assert_status(STATUS_OK, userspace_parse(bytes_of_text(text), &u, &reasons));
    if (!u)
        fail_msg("%s: %s", reason_code_name(reasons.items[0].code), reasons.items[0].found);
    return u;
}

static void
assert_refused(const char *text, enum reason_code code, int64_t number)
{
    struct userspace *u = NULL;
    struct reasons reasons = {0};
    assert_status(STATUS_OK, userspace_parse(bytes_of_text(text), &u, &reasons));
    assert_null(u);
    assert_int_equal(1, reasons.n_items);
    if (code != reasons.items[0].code)
        fail_msg("%s: %s", reason_code_name(reasons.items[0].code), reasons.items[0].found);
    assert_int_equal(number, reasons.items[0].event);
    assert_int_equal(REASON_LOG_USERSPACE, reasons.items[0].log);
    reasons_free(&reasons);
}

static void
reads_a_sequence_of_records(void **state)
{
    (void)state;
    CLEANUP(userspace_freep)
    struct userspace *u = parse(
        RECORD("11", DIGEST) RECORD("15", "{\"hashAlg\":\"future\",\"digest\":\"00\"}," DIGEST));
    assert_int_equal(2, u->n_records);
    assert_int_equal(11, u->records[0].pcr);
    assert_true(u->records[0].has_pcr && !u->is_cut);
    assert_string_equal("phase", u->records[0].type);
    assert_true(bytes_equal(u->records[1].text, bytes_of_text("ready")));
    assert_hex(HEX32, digest_bytes(userspace_digest(&u->records[1], ALG_SHA256)));
    assert_null(userspace_digest(&u->records[1], ALG_SHA384));
}

static void
an_empty_log_has_no_records(void **state)
{
    (void)state;
    CLEANUP(userspace_freep) struct userspace *u = parse("");
    assert_int_equal(0, u->n_records);
}

static void
leaves_out_a_record_that_is_still_being_written(void **state)
{
    (void)state;
    CLEANUP(userspace_freep) struct userspace *u = parse(RECORD("11", DIGEST) "\x1e{\"pcr\":1");
    assert_int_equal(1, u->n_records);
    assert_true(u->is_cut);
}

/* Brackets inside texts, and many that stand beside one another, are not deep. */
static void
takes_no_text_for_structure(void **state)
{
    (void)state;
#define EXTRA(json) "\x1e{\"pcr\":1,\"digests\":[" DIGEST "],\"x\":" json "}\n"
    static const char *const texts[] = {
        EXTRA("\"[[[[[[[[{{{{{{{{\""),         EXTRA("\"a\\\"[[[[[[[[\""),
        EXTRA("[[],[],[],[],[],[],[],[],[]]"), EXTRA("[{},{},{},{},{},{},{},{},{}]"),
        EXTRA("[\"]]]]\",[[[[0]]]]]"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CLEANUP(userspace_freep) struct userspace *u = parse(texts[i]);
        assert_int_equal(1, u->n_records);
    }
    struct userspace *none = NULL;
    struct reasons reasons = {0};
    assert_status(STATUS_OK, userspace_parse((struct bytes){0}, &none, &reasons));
    assert_int_equal(0, none->n_records);
    userspace_free(none);
}

static void
reads_an_array_with_record_numbers(void **state)
{
    (void)state;
    CLEANUP(userspace_freep)
    struct userspace *u = parse("[{\"recnum\":3,\"pcr\":1,\"digests\":[" DIGEST "]},"
                                "{\"recnum\":4,\"nv_index\":30474752,\"digests\":[" DIGEST "]}]");
    assert_int_equal(2, u->n_records);
    assert_false(u->records[1].has_pcr);
    assert_refused(
        "[{\"recnum\":3,\"pcr\":1,\"digests\":[]},{\"recnum\":5,\"pcr\":1,\"digests\":[]}]",
        REASON_LOG_RECORD_MISSING, 1);
    assert_refused("[{\"recnum\":9223372036854775807,\"pcr\":1,\"digests\":[]},"
                   "{\"recnum\":0,\"pcr\":1,\"digests\":[]}]", /* the greatest has no next */
                   REASON_LOG_RECORD_MISSING, 1);
}

static void
a_record_of_the_log_itself_extends_nothing(void **state)
{
    (void)state;
    CLEANUP(userspace_freep)
    struct userspace *u =
        parse("[{\"recnum\":0,\"content_type\":\"cel\",\"content\":{\"type\":\"cel_version\","
              "\"data\":{\"major\":1,\"minor\":0}}},"
              "{\"recnum\":1,\"pcr\":11,\"digests\":[" DIGEST "]},"
              "{\"recnum\":2,\"pcr\":11,\"digests\":[],\"content_type\":\"cel\"},"
              "{\"recnum\":3,\"pcr\":11,\"digests\":[" DIGEST "],\"content_type\":\"cel\"}]");
    assert_int_equal(4, u->n_records);
    assert_false(u->records[0].has_pcr);
    assert_string_equal("cel_version", u->records[0].type);
    assert_true(u->records[1].has_pcr);
    assert_false(u->records[2].has_pcr);
    assert_string_equal("cel", u->records[2].type);
    assert_true(u->records[3].has_pcr);
    assert_int_equal(1, u->records[3].n_digests);
    assert_refused("[{\"recnum\":0,\"content_type\":\"cel\"},"
                   "{\"recnum\":2,\"content_type\":\"cel\"}]",
                   REASON_LOG_RECORD_MISSING, 1);
}

static void
refuses_what_is_no_record(void **state)
{
    (void)state;
    static const struct row {
        const char *text;
        enum reason_code code;
        int64_t number;
    } rows[] = {
        {"{}", REASON_LOG_MALFORMED, 0},
        {"\x1e{}\n", REASON_LOG_MALFORMED, 0},
        {"\x1enull\n", REASON_LOG_MALFORMED, 0},
        {"\x1e{\"pcr\":1,\"pcr\":2,\"digests\":[]}\n", REASON_LOG_MALFORMED, 0},
        {"\x1e{\"digests\":[]}\n", REASON_LOG_MALFORMED, 0},
        {"\x1e{\"pcr\":1,\"digests\":[]}\x1e{}\n", REASON_LOG_MALFORMED, 0},
        {RECORD("1", DIGEST) RECORD("24", DIGEST), REASON_LOG_PCR_RANGE, 1},
        {RECORD("-1", DIGEST), REASON_LOG_PCR_RANGE, 0},
        {RECORD("\"1\"", DIGEST), REASON_LOG_PCR_RANGE, 0},
        {RECORD("1", DIGEST "," DIGEST), REASON_LOG_ALGORITHM, 0},
        {RECORD("1", "{\"hashAlg\":\"sha1\",\"digest\":\"" HEX32 "\"}"), REASON_LOG_ALGORITHM, 0},
        {RECORD("1", "{\"hashAlg\":\"sha1\"}"), REASON_LOG_MALFORMED, 0},
        {"\x1e{\"recnum\":\"1\",\"pcr\":1,\"digests\":[]}\n", REASON_LOG_MALFORMED, 0},
        {"[[[[[[[[]]]]]]]]", REASON_LOG_MALFORMED, 0},
        {"[1]", REASON_LOG_MALFORMED, 0},
        {"[", REASON_LOG_MALFORMED, 0},
        {"\x1e\x1e{}\n", REASON_LOG_MALFORMED, 0},
        {"\x1e{\"pcr\":1,\"digests\":{}}\n", REASON_LOG_MALFORMED, 0},
        {"\x1e{\"pcr\":1,\"digests\":[],\"x\":[[[[[[0]]]]]]}\n", REASON_LOG_MALFORMED, 0},
        {"\x1e{\"pcr\":1,\"digests\":[],\"x\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}\n",
         REASON_LOG_MALFORMED, 0},
        {RECORD("1", "{\"digest\":\"" HEX32 "\"}"), REASON_LOG_MALFORMED, 0},
        {"\x1e{\"recnum\":-1,\"pcr\":1,\"digests\":[]}\n", REASON_LOG_MALFORMED, 0},
        /* Of two things that are wrong the first is told. */
        {"\x1e{\"recnum\":\"1\",\"pcr\":24,\"digests\":[]}\n", REASON_LOG_MALFORMED, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_refused(rows[i].text, rows[i].code, rows[i].number);
}

static void
refuses_what_is_above_its_limits(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer big = {0};
    buffer_append_text(&big, "\x1e{\"pcr\":1,\"digests\":[],\"content\":{\"string\":\"");
    while (big.size < 65u * 1024u)
        buffer_append_text(&big, "xxxxxxxx");
    buffer_append_text(&big, "\"}}\n");
    assert_refused(buffer_text(&big), REASON_LOG_LIMIT, 0);
    buffer_reset(&big);
    for (size_t i = 0; i <= LIMIT_USERSPACE_RECORDS; i++)
        buffer_append_text(&big, "\x1e{\"pcr\":1,\"digests\":[]}\n");
    assert_refused(buffer_text(&big), REASON_LOG_LIMIT, LIMIT_USERSPACE_RECORDS - 1);
    while (big.size <= LIMIT_USERSPACE_LOG)
        buffer_append_text(&big, "                ");
    assert_refused(buffer_text(&big), REASON_LOG_LIMIT, 0);
}

static void
refuses_records_of_other_shapes(void **state)
{
    (void)state;
    static const struct row {
        const char *text;
        enum reason_code code;
        int64_t number;
    } rows[] = {
        {"\x1e[]\n", REASON_LOG_MALFORMED, 0},
        {"\x1e{\"pcr\":1,\"digests\":{}}\n", REASON_LOG_MALFORMED, 0},
        {"\x1e{\"pcr\":1}\n", REASON_LOG_MALFORMED, 0},
        {"\x1e{\"recnum\":-1,\"pcr\":1,\"digests\":[]}\n", REASON_LOG_MALFORMED, 0},
        {"\x1e{\"recnum\":1.5,\"pcr\":1,\"digests\":[]}\n", REASON_LOG_MALFORMED, 0},
        {RECORD("1", "{\"digest\":\"" HEX32 "\"}"), REASON_LOG_MALFORMED, 0},
        {RECORD("1", "{\"hashAlg\":1,\"digest\":\"" HEX32 "\"}"), REASON_LOG_MALFORMED, 0},
        {"\x1e\x1e", REASON_LOG_MALFORMED, 0},
        {"\x1enone\n", REASON_LOG_MALFORMED, 0},
        {"\x1e{\"pcr\":1,\"digests\":[[[[[[[[[[]]]]]]]]]]}\n", REASON_LOG_MALFORMED, 0},
        {"{\"pcr\":1,\"digests\":[]}\n", REASON_LOG_MALFORMED, 0},
        {"\x1e{\"pcr\":1,\"digests\":[],\"content\":{\"x\":[[[[[[[[[[[[[[[[[[[[[[[["
         "]]]]]]]]]]]]]]]]]]]]]]]]}}\n",
         REASON_LOG_MALFORMED, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_refused(rows[i].text, rows[i].code, rows[i].number);
    /* Brackets inside of a string are text. */
    CLEANUP(userspace_freep)
    struct userspace *u = parse("\x1e{\"pcr\":1,\"digests\":[],\"content\":{\"string\":"
                                "\"[[[[[[[[[[[[\\\"{{{{{{{{\"}}\n");
    assert_int_equal(1, u->n_records);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_sequence_of_records),
        cmocka_unit_test(an_empty_log_has_no_records),
        cmocka_unit_test(leaves_out_a_record_that_is_still_being_written),
        cmocka_unit_test(reads_an_array_with_record_numbers),
        cmocka_unit_test(a_record_of_the_log_itself_extends_nothing),
        cmocka_unit_test(refuses_what_is_no_record),
        cmocka_unit_test(refuses_what_is_above_its_limits),
        cmocka_unit_test(takes_no_text_for_structure),
        cmocka_unit_test(refuses_records_of_other_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
