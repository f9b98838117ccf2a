/* SPDX-License-Identifier: Apache-2.0 */
/* Documents whose values are of another kind, size or form than their keys ask for. */
#include "appraise/documents.h"
#include "base/cleanup.h"
#include "tests/lib/test.h"

#include <string.h>

#define POLICY(more)                                                                               \
    "{\"type\":\"policy\",\"id\":\"all\",\"version\":1,\"perspective\":\"owner\"," more "}"
#define SELECT_ALL      "\"select\":{\"all\":true}"
#define REFERENCE(more) "{\"type\":\"reference\",\"id\":\"files\",\"version\":1," more "}"
#define HEX64           "6666666666666666666666666666666666666666666666666666666666666666"
#define COMPONENT(scope)                                                                           \
    REFERENCE("\"components\":[{\"role\":\"r\",\"pcr\":4," scope                                   \
              "\"values\":[{\"sha256\":\"" HEX64 "\"}]}]")

static void
assert_outcome(const char *text, enum status expected, const char *says)
{
    CLEANUP(document_freep) struct document *d = NULL;
    struct diag diag = {0};
    enum status s = document_parse(test_hasher, bytes_of_text(text), &d, &diag);
    if (s != expected || !strstr(diag.text, says))
        fail_msg("%s: %s: %s", text, status_name(s), diag.text);
}

static void
takes_what_the_rows_below_change(void **state)
{
    (void)state;
    assert_outcome(POLICY(SELECT_ALL ",\"evidence_age\":\"1h\""), STATUS_OK, "");
    assert_outcome(REFERENCE("\"files\":[\"sha256:" HEX64 "\"]"), STATUS_OK, "");
}

static void
refuses_values_of_another_kind(void **state)
{
    (void)state;
    assert_outcome(POLICY("\"select\":{\"labels\":[]}"), STATUS_INVALID, "must be an object");
    assert_outcome(POLICY("\"select\":[]"), STATUS_INVALID, "select");
    assert_outcome(REFERENCE("\"files\":{}"), STATUS_INVALID, "must be an array");
    assert_outcome(REFERENCE("\"files\":\"sha256:" HEX64 "\""), STATUS_INVALID, "must be an array");
}

static void
refuses_a_time_that_is_none(void **state)
{
    (void)state;
    static const char *const bad[] = {
        POLICY(SELECT_ALL ",\"evidence_age\":\"\""),
        POLICY(SELECT_ALL ",\"evidence_age\":\"1x\""),
        POLICY(SELECT_ALL ",\"evidence_age\":\"0s\""),
        POLICY(SELECT_ALL ",\"evidence_age\":\"-1s\""),
        POLICY(SELECT_ALL ",\"evidence_age\":\"1 h\""),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_outcome(bad[i], STATUS_INVALID, "must be a time");
}

static void
refuses_a_device_that_is_no_device_id(void **state)
{
    (void)state;
    static const char *const bad[] = {
        COMPONENT("\"device\":\"0123456789abcdef0123456789abcde\","),
        COMPONENT("\"device\":\"0123456789abcdef0123456789abcdef0\","),
        COMPONENT("\"device\":\"0123456789abcdef0123456789abcdefg\","),
        COMPONENT("\"device\":\"0123456789ABCDEF0123456789abcdef\","),
        COMPONENT("\"device\":\"0123456789abcdef0123456789abcdeg\","),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_outcome(bad[i], STATUS_INVALID, "must be a device id");
}

static void
refuses_more_of_a_kind_than_its_limit(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer text = {0};
    buffer_append_text(&text, "{\"type\":\"policy\",\"id\":\"all\",\"version\":1,\"perspective\":"
                              "\"owner\",\"select\":{\"labels\":{");
    for (unsigned i = 0; i < 1000; i++)
        buffer_append_format(&text, "%s\"l%u\":\"x\"", i > 0 ? "," : "", i);
    buffer_append_text(&text, "}}}");
    assert_outcome(buffer_text(&text), STATUS_LIMIT, "must have at most");
}

#define BOOT           "\"boot\":{\"references\":[\"a\"]}"
#define MEASURED(more) POLICY(SELECT_ALL "," BOOT "," more)

static void
refuses_arguments_hashes_and_pcrs_that_are_none(void **state)
{
    (void)state;
    static const char *const arguments[] = {
        MEASURED("\"command_line\":{\"required\":[\"=x\"]}"),
        MEASURED("\"command_line\":{\"required\":[\"a=\x7f\"]}"),
        MEASURED("\"command_line\":{\"forbidden\":[\"a=\xc3\xa9\"]}"),
    };
    for (size_t i = 0; i < sizeof arguments / sizeof arguments[0]; i++)
        assert_outcome(arguments[i], STATUS_INVALID, "must be one argument");
    assert_outcome(MEASURED("\"verity\":{\"argument\":\"usrhash\",\"values\":[\"" HEX64 "a\"]}"),
                   STATUS_INVALID, "must be a root hash");
    static const char *const directories[] = {
        MEASURED("\"ima\":{\"exclude\":[\"//x/\"]}"), MEASURED("\"ima\":{\"exclude\":[\"/x\"]}"),
        MEASURED("\"ima\":{\"exclude\":[\"x/y/\"]}"), MEASURED("\"ima\":{\"exclude\":[\"/\"]}")};
    for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++)
        assert_outcome(directories[i], STATUS_INVALID, "must be a directory below");
    assert_outcome(MEASURED("\"pcrs\":{\"values\":{\"md5\":{\"7\":[\"" HEX64 "\"]}}}"),
                   STATUS_INVALID, "is no bank");
    static const char *const pcrs[] = {
        MEASURED("\"pcrs\":{\"values\":{\"sha256\":{\"x\":[\"" HEX64 "\"]}}}"),
        MEASURED("\"pcrs\":{\"values\":{\"sha256\":{\"23\":[\"" HEX64 "\"]}}}"),
        MEASURED("\"pcrs\":{\"values\":{\"sha256\":{\"\":[\"" HEX64 "\"]}}}"),
    };
    for (size_t i = 0; i < sizeof pcrs / sizeof pcrs[0]; i++)
        assert_outcome(pcrs[i], STATUS_INVALID, "must be a PCR");
}

static void
refuses_more_documents_than_the_limit(void **state)
{
    (void)state;
    static struct document *list[LIMIT_DOCUMENTS + 1];
    struct diag diag = {0};
    struct documents *out = NULL;
    for (unsigned i = 0; i <= LIMIT_DOCUMENTS; i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        buffer_append_format(&text,
                             "{\"type\":\"policy\",\"id\":\"p%u\",\"version\":1,\"perspective\":"
                             "\"owner\",\"select\":{\"all\":true}}",
                             i);
        assert_status(STATUS_OK, document_parse(test_hasher, buffer_bytes(&text), &list[i], &diag));
    }
    assert_status(STATUS_LIMIT, documents_new(list, LIMIT_DOCUMENTS + 1, 1, &out, &diag));
    assert_null(out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_the_rows_below_change),
        cmocka_unit_test(refuses_values_of_another_kind),
        cmocka_unit_test(refuses_a_time_that_is_none),
        cmocka_unit_test(refuses_a_device_that_is_no_device_id),
        cmocka_unit_test(refuses_arguments_hashes_and_pcrs_that_are_none),
        cmocka_unit_test(refuses_more_documents_than_the_limit),
        cmocka_unit_test(refuses_more_of_a_kind_than_its_limit),
    };
    return cmocka_run_group_tests(tests, test_hasher_open, test_hasher_close);
}
