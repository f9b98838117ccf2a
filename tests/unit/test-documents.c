/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/documents.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/test.h"

#include <jansson.h>
#include <string.h>

#define VECTORS "tests/vectors/documents/"

static struct document *
parse(const char *json)
{
    struct document *d = NULL;
    struct diag diag = {0};
    if (document_parse(test_hasher, bytes_of_text(json), &d, &diag) != STATUS_OK)
        fail_msg("%s", diag.text);
    return d;
}

/* ---- the table that the published schemas are held against as well ---- */

static const char *
member_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void
check_case(const json_t *row)
{
    const char *file = member_text(row, "file");
    CLEANUP(buffer_free) struct buffer path = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    buffer_append_format(&path, VECTORS "%s", file);
    test_source(buffer_text(&path), &text);
    CLEANUP(document_freep) struct document *d = NULL;
    struct diag diag = {0};
    enum status s = document_parse(test_hasher, buffer_bytes(&text), &d, &diag);
    if (!text_equal(status_name(s), member_text(row, "outcome")))
        fail_msg("%s is %s: %s", file, status_name(s), diag.text);
    assert_true((s == STATUS_OK) == (d != NULL));
    if (s == STATUS_OK)
        return;
    const char *says = member_text(row, "says");
    if (!strstr(diag.text, says))
        fail_msg("%s says \"%s\", not \"%s\"", file, diag.text, says);
    json_int_t line = json_integer_value(json_object_get(row, "line"));
    if (diag.offset != (uint64_t)line)
        fail_msg("%s names line %ju, not %jd", file, (uintmax_t)diag.offset, (intmax_t)line);
}

static void
every_document_of_the_table_has_its_outcome(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer text = {0};
    test_source(VECTORS "cases.json", &text);
    json_auto_t *table = json_loadb((const char *)text.data, text.size, 0, NULL);
    const json_t *cases = json_object_get(table, "cases");
    assert_true(json_array_size(cases) > 80);
    for (size_t i = 0; i < json_array_size(cases); i++)
        check_case(json_array_get(cases, i));
}

/* ---- one document ---- */

#define LEAST_POLICY                                                                               \
    "{\"type\":\"policy\",\"id\":\"all\",\"version\":1,\"perspective\":\"owner\","                 \
    "\"select\":{\"all\":true}}"
#define LEAST_REFERENCE                                                                            \
    "{\"type\":\"reference\",\"id\":\"set\",\"version\":9,\"components\":[{\"role\":\"kernel\","   \
    "\"pcr\":4,\"values\":[{\"any\":true}]}]}"

static void
tells_what_a_document_says_of_itself(void **state)
{
    (void)state;
    CLEANUP(document_freep) struct document *p = parse(LEAST_POLICY);
    CLEANUP(document_freep) struct document *r = parse(LEAST_REFERENCE);
    const struct document_info *info = document_info(p);
    assert_int_equal(DOCUMENT_POLICY, info->kind);
    assert_string_equal("all", info->id);
    assert_int_equal(1, info->version);
    assert_string_equal("owner", info->perspective);
    assert_string_equal("", info->description);
    struct digest expected;
    assert_status(STATUS_OK,
                  digest_compute(test_hasher, ALG_SHA256, bytes_of_text(LEAST_POLICY), &expected));
    assert_true(digest_equal(&expected, &info->sha256));
    assert_int_equal(DOCUMENT_REFERENCE, document_info(r)->kind);
    assert_int_equal(9, document_info(r)->version);
    assert_null(document_info(r)->perspective);
}

static void
refuses_every_prefix_of_a_document(void **state)
{
    (void)state;
    for (size_t i = 0; i < strlen(LEAST_REFERENCE); i++) {
        struct document *d = NULL;
        assert_status(STATUS_INVALID,
                      document_parse(test_hasher, bytes_of(LEAST_REFERENCE, i), &d, NULL));
        assert_null(d);
    }
}

static void
refuses_a_document_above_the_limit(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer text = {0};
    assert_status(STATUS_OK, buffer_reserve(&text, 17u * 1024 * 1024));
    memset(text.data, ' ', 17u * 1024 * 1024);
    struct document *d = NULL;
    assert_status(STATUS_LIMIT,
                  document_parse(test_hasher, bytes_of(text.data, 17u * 1024 * 1024), &d, NULL));
}

/* ---- the snapshot ---- */

static struct documents *
snapshot(const char *const *texts, size_t n)
{
    struct document *list[16];
    for (size_t i = 0; i < n; i++)
        list[i] = parse(texts[i]);
    struct documents *out = NULL;
    struct diag diag = {0};
    if (documents_new(list, n, 42, &out, &diag) != STATUS_OK)
        fail_msg("%s", diag.text);
    return out;
}

static void
refuses_snapshot(const char *const *texts, size_t n, const char *says)
{
    struct document *list[16];
    for (size_t i = 0; i < n; i++)
        list[i] = parse(texts[i]);
    struct documents *out = NULL;
    struct diag diag = {0};
    assert_status(STATUS_INVALID, documents_new(list, n, 1, &out, &diag));
    assert_null(out);
    if (!strstr(diag.text, says))
        fail_msg("says \"%s\", not \"%s\"", diag.text, says);
}

#define POLICY(id, perspective, rest)                                                              \
    "{\"type\":\"policy\",\"id\":\"" id "\",\"version\":1,\"perspective\":\"" perspective          \
    "\",\"select\":{\"all\":true}" rest "}"
#define FILES(id)                                                                                  \
    "{\"type\":\"reference\",\"id\":\"" id "\",\"version\":1,\"files\":[\"sha1:"                   \
    "00112233445566778899aabbccddeeff00112233\"]}"
#define BOOT(ids) ",\"boot\":{\"references\":[" ids "]}"

static void
lists_documents_in_one_order_however_they_came(void **state)
{
    (void)state;
    const char *one[] = {POLICY("b", "owner", ""), LEAST_REFERENCE, POLICY("a", "owner", "")};
    const char *other[] = {LEAST_REFERENCE, POLICY("a", "owner", ""), POLICY("b", "owner", "")};
    CLEANUP(documents_unrefp) struct documents *x = snapshot(one, 3);
    CLEANUP(documents_unrefp) struct documents *y = snapshot(other, 3);
    assert_int_equal(3, documents_count(x));
    assert_string_equal("a", documents_info(x, 0)->id);
    assert_string_equal("b", documents_info(x, 1)->id);
    assert_string_equal("set", documents_info(x, 2)->id);
    assert_null(documents_info(x, 3));
    assert_int_equal(42, documents_generation(x));
    assert_true(digest_equal(documents_digest(x), documents_digest(y)));
}

static void
gives_another_digest_when_a_document_changes(void **state)
{
    (void)state;
    const char *one[] = {POLICY("a", "owner", "")};
    const char *other[] = {POLICY("a", "owner", " ")};
    CLEANUP(documents_unrefp) struct documents *x = snapshot(one, 1);
    CLEANUP(documents_unrefp) struct documents *y = snapshot(other, 1);
    CLEANUP(documents_unrefp) struct documents *none = snapshot(NULL, 0);
    assert_false(digest_equal(documents_digest(x), documents_digest(y)));
    assert_false(digest_equal(documents_digest(x), documents_digest(none)));
}

static void
assert_selection(const struct documents *d, size_t n, const struct selection_bank *banks)
{
    const struct selection *s = documents_selection(d);
    assert_int_equal(n, s->n_banks);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(banks[i].alg, s->banks[i].alg);
        assert_int_equal(banks[i].mask, s->banks[i].mask);
    }
}

static void
selects_what_any_policy_asks_for(void **state)
{
    (void)state;
    const char *said[] = {POLICY("a", "owner", ",\"quote\":{\"sha384\":[0,7]}"),
                          POLICY("b", "owner", ",\"quote\":{\"sha256\":[10],\"sha384\":[4]}")};
    const char *partly[] = {POLICY("a", "owner", ",\"quote\":{\"sha384\":[0]}"),
                            POLICY("b", "owner", "")};
    CLEANUP(documents_unrefp) struct documents *x = snapshot(said, 2);
    CLEANUP(documents_unrefp) struct documents *y = snapshot(partly, 2);
    CLEANUP(documents_unrefp) struct documents *none = snapshot(NULL, 0);
    assert_selection(x, 2,
                     (struct selection_bank[]){{ALG_SHA256, 1u << 10},
                                               {ALG_SHA384, 1u << 0 | 1u << 4 | 1u << 7}});
    assert_selection(y, 2, (struct selection_bank[]){{ALG_SHA256, 0xFFFF}, {ALG_SHA384, 1}});
    assert_selection(none, 1, (struct selection_bank[]){{ALG_SHA256, 0xFFFF}});
}

static void
refuses_a_name_that_is_not_there(void **state)
{
    (void)state;
    const char *boot[] = {POLICY("a", "owner", BOOT("\"set\",\"gone\"")), LEAST_REFERENCE};
    const char *ima[] = {POLICY("a", "owner", ",\"ima\":{\"references\":[\"gone\"]}")};
    refuses_snapshot(boot, 2, "policy a names the reference set gone, which is not active");
    refuses_snapshot(ima, 1, "policy a names the reference set gone");
}

static void
refuses_two_documents_of_one_name(void **state)
{
    (void)state;
    const char *twice[] = {LEAST_POLICY, LEAST_POLICY};
    const char *kinds[] = {POLICY("set", "owner", ""), LEAST_REFERENCE};
    refuses_snapshot(twice, 2, "two active documents are called all");
    documents_unref(snapshot(kinds, 2));
}

static void
refuses_rules_that_have_nothing_to_judge_by(void **state)
{
    (void)state;
    const char *boot[] = {POLICY("a", "owner", BOOT("\"f\"")), FILES("f")};
    const char *ima[] = {POLICY("a", "owner", ",\"ima\":{\"references\":[\"set\"]}"),
                         LEAST_REFERENCE};
    const char *line[] = {
        POLICY("a", "owner", BOOT("\"set\"") ",\"command_line\":{\"references\":true}"),
        LEAST_REFERENCE};
    refuses_snapshot(boot, 2, "the reference set f has no components");
    refuses_snapshot(ima, 2, "the reference sets have no files");
    const char *dbx[] = {
        POLICY("a", "owner", ",\"secure_boot\":{\"state\":\"on\",\"dbx\":[\"set\"]}"),
        LEAST_REFERENCE};
    refuses_snapshot(line, 2, "the reference sets have no command_lines");
    refuses_snapshot(dbx, 2, "the reference set set has no dbx");
}

static void
refuses_a_boot_rule_over_what_is_not_quoted(void **state)
{
    (void)state;
    const char *texts[] = {
        POLICY("a", "owner", BOOT("\"set\"") ",\"quote\":{\"sha256\":[0,1,2,3,4,5,6]}"),
        LEAST_REFERENCE};
    refuses_snapshot(texts, 2, "quote lacks PCR 7, which its boot rule needs for set");
}

static void
limits_the_perspectives(void **state)
{
    (void)state;
    const char *texts[] = {POLICY("a", "a", ""), POLICY("b", "b", ""), POLICY("c", "c", ""),
                           POLICY("d", "d", ""), POLICY("e", "e", ""), POLICY("f", "f", ""),
                           POLICY("g", "g", ""), POLICY("h", "h", ""), POLICY("i", "i", "")};
    documents_unref(snapshot(texts, 8));
    struct document *list[9];
    for (size_t i = 0; i < 9; i++)
        list[i] = parse(texts[i]);
    struct documents *out = NULL;
    assert_status(STATUS_LIMIT, documents_new(list, 9, 1, &out, NULL));
}

static void
lives_until_its_last_owner_lets_go(void **state)
{
    (void)state;
    const char *texts[] = {LEAST_POLICY};
    struct documents *a = snapshot(texts, 1);
    struct documents *b = documents_ref(a);
    documents_unrefp(&a);
    assert_null(a);
    assert_string_equal("all", documents_info(b, 0)->id);
    documents_unref(b);
    documents_unref(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_document_of_the_table_has_its_outcome),
        cmocka_unit_test(tells_what_a_document_says_of_itself),
        cmocka_unit_test(refuses_every_prefix_of_a_document),
        cmocka_unit_test(refuses_a_document_above_the_limit),
        cmocka_unit_test(lists_documents_in_one_order_however_they_came),
        cmocka_unit_test(gives_another_digest_when_a_document_changes),
        cmocka_unit_test(selects_what_any_policy_asks_for),
        cmocka_unit_test(refuses_a_name_that_is_not_there),
        cmocka_unit_test(refuses_two_documents_of_one_name),
        cmocka_unit_test(refuses_rules_that_have_nothing_to_judge_by),
        cmocka_unit_test(refuses_a_boot_rule_over_what_is_not_quoted),
        cmocka_unit_test(limits_the_perspectives),
        cmocka_unit_test(lives_until_its_last_owner_lets_go),
    };
    return cmocka_run_group_tests(tests, test_hasher_open, test_hasher_close);
}
