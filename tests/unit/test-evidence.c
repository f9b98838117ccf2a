/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/dcbor.h"
#include "evidence/evidence.h"
#include "tests/lib/test.h"

#include <malloc.h>
#include <string.h>

static struct evidence
good(void)
{
    struct evidence e = {.ima_offset = 1000, .userspace_offset = 2};
    for (size_t m = 0; m < EVIDENCE_N_MEMBERS; m++) {
        e.present[m] = true;
        e.member[m] = bytes_of_text(evidence_member_name((enum evidence_member)m));
    }
    return e;
}

/* What is demanded and no more. */
static struct evidence
smallest(void)
{
    struct evidence e = good();
    e.present[EVIDENCE_IMA] = false;
    e.present[EVIDENCE_CLAIMS] = false;
    e.present[EVIDENCE_OFFSETS] = false;
    e.present[EVIDENCE_BOOT_LOG] = false;
    e.present[EVIDENCE_USERSPACE_LOG] = false;
    return e;
}

static void
assert_same(const struct evidence *a, const struct evidence *b)
{
    for (size_t m = 0; m < EVIDENCE_N_MEMBERS; m++) {
        assert_int_equal(a->present[m], b->present[m]);
        if (a->present[m] && m != EVIDENCE_OFFSETS)
            assert_true(bytes_equal(a->member[m], b->member[m]));
    }
    if (a->present[EVIDENCE_OFFSETS]) {
        assert_true(a->ima_offset == b->ima_offset);
        assert_true(a->userspace_offset == b->userspace_offset);
        assert_int_equal(a->userspace_incomplete, b->userspace_incomplete);
    }
}

/* The one reason for which body is refused; REASON_NONE when it is accepted. what, when not NULL,
 * is what the reason must name. */
static enum reason_code
refusal(bool json, struct bytes body, const char *what)
{
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(buffer_free) struct buffer owner = {0};
    struct evidence e;
    enum status s =
        json ? evidence_parse_json(body, &owner, &e, &reasons) : evidence_parse(body, &e, &reasons);
    if (s == STATUS_OK) {
        assert_int_equal(0, reasons.n_items);
        return REASON_NONE;
    }
    assert_int_equal(1, reasons.n_items);
    assert_status(reasons.items[0].code == REASON_EVIDENCE_LIMIT ? STATUS_LIMIT : STATUS_MALFORMED,
                  s);
    for (size_t m = 0; m < EVIDENCE_N_MEMBERS; m++)
        assert_false(e.present[m]);
    if (what)
        assert_string_equal(what, reasons.items[0].what);
    return reasons.items[0].code;
}

static enum reason_code
refusal_of(const struct evidence *e, const char *what)
{
    CLEANUP(buffer_free) struct buffer cbor = {0};
    CLEANUP(buffer_free) struct buffer json = {0};
    assert_status(STATUS_OK, evidence_encode(e, &cbor));
    assert_status(STATUS_OK, evidence_encode_json(e, &json));
    enum reason_code code = refusal(false, buffer_bytes(&cbor), what);
    if (json.size <= LIMIT_JSON_BODY)
        assert_int_equal(code, refusal(true, buffer_bytes(&json), what));
    return code;
}

static void
reads_what_it_wrote_in_place_without_allocating(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer body = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct evidence e = good();
    struct evidence back;
    assert_status(STATUS_OK, evidence_encode(&e, &body));
    size_t before = mallinfo2().uordblks;
    assert_status(STATUS_OK, evidence_parse(buffer_bytes(&body), &back, &reasons));
    assert_int_equal(before, mallinfo2().uordblks);
    assert_same(&e, &back);
    for (size_t m = 0; m < EVIDENCE_N_MEMBERS; m++) {
        assert_true(back.member[m].data >= body.data);
        assert_true(back.member[m].data < body.data + body.size);
    }
}

static void
reads_the_same_from_json(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer body = {0};
    CLEANUP(buffer_free) struct buffer owner = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct evidence e = good();
    struct evidence back;
    buffer_append_text(&owner, "kept");
    assert_status(STATUS_OK, evidence_encode_json(&e, &body));
    assert_status(STATUS_OK, evidence_parse_json(buffer_bytes(&body), &owner, &back, &reasons));
    assert_same(&e, &back);
    assert_memory_equal("kept", owner.data, 4);
}

static void
writes_members_in_deterministic_order(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer body = {0};
    struct evidence e = good();
    assert_status(STATUS_OK, evidence_encode(&e, &body));
    struct dcbor r = dcbor_of(buffer_bytes(&body));
    assert_int_equal(EVIDENCE_N_MEMBERS + 1, dcbor_map(&r));
    for (size_t i = 0; i < EVIDENCE_N_MEMBERS + 1; i++) {
        struct bytes key = dcbor_key(&r); /* refuses what is out of order */
        if (bytes_equal(key, bytes_of_text(EVIDENCE_CMWC_T))) {
            dcbor_expect_text(&r, EVIDENCE_PROFILE);
            continue;
        }
        assert_int_equal(2, dcbor_array(&r));
        dcbor_expect_text(&r, evidence_member_type(evidence_member_find(key)));
        (void)dcbor_bytes(&r);
    }
    assert_status(STATUS_OK, dcbor_end(&r, "test", NULL));
}

static void
writes_only_present_members(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer body = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct evidence e = smallest();
    struct evidence back;
    assert_status(STATUS_OK, evidence_encode(&e, &body));
    assert_status(STATUS_OK, evidence_parse(buffer_bytes(&body), &back, &reasons));
    assert_same(&e, &back);
    assert_true(back.ima_offset == 0);
}

static void
names_every_member_and_type_differently(void **state)
{
    (void)state;
    for (size_t a = 0; a < EVIDENCE_N_MEMBERS; a++) {
        enum evidence_member m = (enum evidence_member)a;
        assert_int_equal(m, evidence_member_find(bytes_of_text(evidence_member_name(m))));
        assert_true(text_starts(evidence_member_type(m), "application/vnd.attestd."));
        assert_true(evidence_member_limit(m) > 0);
        for (size_t b = 0; b < a; b++)
            assert_string_not_equal(evidence_member_type(m),
                                    evidence_member_type((enum evidence_member)b));
    }
    assert_int_equal(EVIDENCE_N_MEMBERS, evidence_member_find(bytes_of_text("Quote")));
    assert_int_equal(EVIDENCE_N_MEMBERS, evidence_member_find((struct bytes){0}));
}

static void
demands_four_members(void **state)
{
    (void)state;
    static const enum evidence_member demanded[] = {EVIDENCE_PCRS, EVIDENCE_QUOTE,
                                                    EVIDENCE_MANIFEST, EVIDENCE_SIGNATURE};
    struct evidence e = smallest();
    assert_int_equal(REASON_NONE, refusal_of(&e, NULL));
    for (size_t i = 0; i < sizeof demanded / sizeof demanded[0]; i++) {
        e = smallest();
        e.present[demanded[i]] = false;
        assert_int_equal(REASON_EVIDENCE_MEMBER_MISSING,
                         refusal_of(&e, evidence_member_name(demanded[i])));
    }
}

static void
accepts_members_up_to_their_limits(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer zeros = {0};
    assert_status(STATUS_OK, buffer_reserve(&zeros, LIMIT_IMA_SEGMENT + 1));
    memset(zeros.data, 0, LIMIT_IMA_SEGMENT + 1);
    for (size_t i = 0; i < EVIDENCE_N_MEMBERS; i++) {
        enum evidence_member m = (enum evidence_member)i;
        size_t limit = evidence_member_limit(m);
        if (m == EVIDENCE_OFFSETS || m == EVIDENCE_IMA)
            continue;
        struct evidence e = smallest();
        e.present[m] = true;
        e.member[m] = bytes_of(zeros.data, limit);
        assert_int_equal(REASON_NONE, refusal_of(&e, NULL));
        e.member[m].size = limit + 1;
        assert_int_equal(REASON_EVIDENCE_LIMIT, refusal_of(&e, evidence_member_name(m)));
    }
    /* The largest list and its frame are more than a body. */
    struct evidence e = smallest();
    e.present[EVIDENCE_IMA] = true;
    e.member[EVIDENCE_IMA] = bytes_of(zeros.data, LIMIT_BODY_LARGE - 1024);
    assert_int_equal(REASON_NONE, refusal_of(&e, NULL));
    e.member[EVIDENCE_IMA] = bytes_of(zeros.data, LIMIT_IMA_SEGMENT);
    assert_int_equal(REASON_EVIDENCE_LIMIT, refusal_of(&e, "body"));
}

static void
refuses_a_frame_with_one_thing_changed(void **state)
{
    (void)state;
    static const struct {
        const char *old_hex;
        const char *new_hex;
        enum reason_code code;
        const char *what;
    } rows[] = {
        {"ab63", "ab63", REASON_NONE, NULL},
        {"ab63", "aa63", REASON_EVIDENCE_MALFORMED, ""}, /* a member too many */
        {"ab63", "ac63", REASON_EVIDENCE_MALFORMED, ""}, /* one too few */
        {"ab63", "b80b63", REASON_EVIDENCE_MALFORMED, ""},
        {"ab63", "bf63", REASON_EVIDENCE_MALFORMED, ""},
        {"ab63", "bbffffffffffffffff63", REASON_EVIDENCE_LIMIT, ""},
        {"ab63", "9463", REASON_EVIDENCE_MALFORMED, ""},                   /* an array */
        {"ab63", "dbffffffffffffffffab63", REASON_EVIDENCE_MALFORMED, ""}, /* a tag */
        {"63696d61", "63696d62", REASON_EVIDENCE_MEMBER_UNKNOWN, ""},
        {"63696d61", "60", REASON_EVIDENCE_MEMBER_UNKNOWN, ""},
        {"63696d61", "6d757365727370616365206c6f67", REASON_EVIDENCE_MEMBER_UNKNOWN, ""},
        {"63696d61", "00", REASON_EVIDENCE_MALFORMED, ""},             /* a key as number */
        {"63696d61", "43696d61", REASON_EVIDENCE_MALFORMED, ""},       /* as bytes */
        {"63696d61", "63696dff", REASON_EVIDENCE_MALFORMED, ""},       /* not UTF-8 */
        {"6470637273", "63696d61", REASON_EVIDENCE_MALFORMED, ""},     /* ima twice */
        {"6571756f7465", "6470637273", REASON_EVIDENCE_MALFORMED, ""}, /* pcrs twice */
        {"686d616e6966657374", "68626f6f742d6c6f67", REASON_EVIDENCE_MALFORMED, ""},
        {"6470637273", "6571756f7465", REASON_EVIDENCE_MALFORMED, "quote"}, /* another's type */
        {"7063727344", "7063727444", REASON_EVIDENCE_MALFORMED, "pcrs"},    /* media type */
        {"7063727344", "7063727364", REASON_EVIDENCE_MALFORMED, "pcrs"},    /* value as text */
        {"7063727344", "706372735a00010000", REASON_EVIDENCE_MALFORMED, "pcrs"}, /* past the end */
        {"706372734470637273", "70637273580470637273", REASON_EVIDENCE_MALFORMED, "pcrs"},
        {"64706372738278", "64706372738178", REASON_EVIDENCE_MALFORMED, "pcrs"},
        {"64706372738278", "6470637273838278", REASON_EVIDENCE_MALFORMED, "pcrs"},
        {"64706372738278", "64706372738478", REASON_EVIDENCE_MALFORMED, "pcrs"},
        {"685f5f636d77635f74", "685f5f636d77635f73", REASON_EVIDENCE_MEMBER_UNKNOWN, ""},
        {"65766964656e63652331", "65766964656e63652332", REASON_EVIDENCE_MALFORMED,
         EVIDENCE_CMWC_T}, /* another profile */
        {"a263696d61", "a163696d61", REASON_EVIDENCE_MALFORMED, "offsets"},
        {"a263696d61", "a263696d62", REASON_EVIDENCE_MALFORMED, "offsets"},
        {"1903e86d", "3903e76d", REASON_EVIDENCE_MALFORMED, "offsets"}, /* -1000 */
    };
    CLEANUP(buffer_free) struct buffer body = {0};
    struct evidence e = good();
    assert_status(STATUS_OK, evidence_encode(&e, &body));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CLEANUP(buffer_free) struct buffer changed = {0};
        test_change(buffer_bytes(&body), rows[i].old_hex, rows[i].new_hex, &changed);
        if (refusal(false, buffer_bytes(&changed), rows[i].what) != rows[i].code)
            fail_msg("row %zu: %s", i, rows[i].new_hex);
    }
}

static void
refuses_a_frame_without_its_type(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer body = {0};
    CLEANUP(buffer_free) struct buffer without = {0};
    struct evidence e = smallest();
    assert_status(STATUS_OK, evidence_encode(&e, &body));
    test_change(
        buffer_bytes(&body),
        "685f5f636d77635f7478237461673a617474657374642e6578616d706c652c323032363a65766964656e"
        "63652331",
        "", &without);
    without.data[0]--;
    assert_int_equal(REASON_EVIDENCE_MALFORMED,
                     refusal(false, buffer_bytes(&without), EVIDENCE_CMWC_T));
    assert_int_equal(REASON_EVIDENCE_MALFORMED,
                     refusal(false, bytes_of("\xa0", 1), EVIDENCE_CMWC_T));
}

static void
accepts_the_indicator_of_evidence_only(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer body = {0};
    struct evidence e = smallest();
    assert_status(STATUS_OK, evidence_encode(&e, &body));
    static const struct {
        const char *ind;
        enum reason_code code;
    } rows[] = {
        {"04", REASON_NONE},
        {"00", REASON_EVIDENCE_MALFORMED},
        {"08", REASON_EVIDENCE_MALFORMED},
        {"1f", REASON_EVIDENCE_MALFORMED},
        {"1804", REASON_EVIDENCE_MALFORMED},
        {"4104", REASON_EVIDENCE_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CLEANUP(buffer_free) struct buffer longer = {0};
        CLEANUP(buffer_free) struct buffer value = {0};
        CLEANUP(buffer_free) struct buffer changed = {0};
        test_change(buffer_bytes(&body), "647063727382", "647063727383", &longer);
        buffer_append_format(&value, "4470637273%s", rows[i].ind);
        test_change(buffer_bytes(&longer), "4470637273", buffer_text(&value), &changed);
        assert_int_equal(rows[i].code, refusal(false, buffer_bytes(&changed), NULL));
    }
}

static void
refuses_every_prefix_and_a_trailing_byte(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer cbor = {0};
    CLEANUP(buffer_free) struct buffer json = {0};
    struct evidence e = good();
    assert_status(STATUS_OK, evidence_encode(&e, &cbor));
    assert_status(STATUS_OK, evidence_encode_json(&e, &json));
    for (size_t size = 0; size < cbor.size; size++)
        assert_int_equal(REASON_EVIDENCE_MALFORMED,
                         refusal(false, bytes_of(cbor.data, size), NULL));
    for (size_t size = 0; size < json.size; size++)
        assert_int_equal(REASON_EVIDENCE_MALFORMED, refusal(true, bytes_of(json.data, size), NULL));
    buffer_append_u8(&cbor, 0);
    buffer_append_u8(&json, '}');
    assert_int_equal(REASON_EVIDENCE_MALFORMED, refusal(false, buffer_bytes(&cbor), ""));
    assert_int_equal(REASON_EVIDENCE_MALFORMED, refusal(true, buffer_bytes(&json), ""));
}

static void
says_where_a_frame_is_malformed(void **state)
{
    (void)state;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct evidence e;
    assert_status(STATUS_MALFORMED, evidence_parse(bytes_of("\xa1\x01", 2), &e, &reasons));
    assert_string_equal("not the CBOR expected here at byte 1", reasons.items[0].found);
}

static void
escapes_the_name_of_an_unknown_member(void **state)
{
    (void)state;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct evidence e;
    assert_status(STATUS_MALFORMED,
                  evidence_parse(bytes_of("\xa1\x63\x61\x0a\x62\x00", 6), &e, &reasons));
    assert_int_equal(REASON_EVIDENCE_MEMBER_UNKNOWN, reasons.items[0].code);
    assert_string_equal("a\\x0ab", reasons.items[0].found);
}

/* The CBOR frame whose "offsets" are these bytes. */
static enum reason_code
refusal_of_offsets(const char *hex)
{
    CLEANUP(buffer_free) struct buffer body = {0};
    CLEANUP(buffer_free) struct buffer changed = {0};
    CLEANUP(buffer_free) struct buffer value = {0};
    struct evidence e = good();
    assert_status(STATUS_OK, evidence_encode(&e, &body));
    buffer_append_format(&value,
                         "6666736574738278246170706c69636174696f6e2f766e642e617474657374642e"
                         "6f6666736574732b63626f7258%02zx%s",
                         strlen(hex) / 2, hex);
    test_change(buffer_bytes(&body),
                "6666736574738278246170706c69636174696f6e2f766e642e617474657374642e"
                "6f6666736574732b63626f7257a263696d611903e86d7573657273706163652d6c6f6702",
                buffer_text(&value), &changed);
    return refusal(false, buffer_bytes(&changed), NULL);
}

static void
reads_offsets_in_one_form_only(void **state)
{
    (void)state;
#define IMA        "63696d61"
#define USERSPACE  "6d7573657273706163652d6c6f67"
#define INCOMPLETE "747573657273706163652d696e636f6d706c657465"
    static const struct {
        const char *hex;
        enum reason_code code;
    } rows[] = {
        {"a2" IMA "00" USERSPACE "1b7fffffffffffffff", REASON_NONE},
        {"a2" IMA "00" USERSPACE "1b8000000000000000", REASON_EVIDENCE_MALFORMED},
        {"a2" IMA "1b8000000000000000" USERSPACE "00", REASON_EVIDENCE_MALFORMED},
        {"a2" IMA "1800" USERSPACE "1b7fffffffffffff00", REASON_EVIDENCE_MALFORMED},
        {"a2" USERSPACE "00" IMA "1b7fffffffffffffff", REASON_EVIDENCE_MALFORMED},
        {"a2" IMA "00" IMA "1b7fffffffffffffff1b7fffffffffffffff", REASON_EVIDENCE_MALFORMED},
        {"a1" IMA "1b7fffffffffffffff"
         "1b7fffffffffffffff"
         "00",
         REASON_EVIDENCE_MALFORMED},
        {"a2" IMA "f4" USERSPACE "1b7fffffffffffffff", REASON_EVIDENCE_MALFORMED},
        {"a3" IMA "00" USERSPACE "00" INCOMPLETE "f5", REASON_NONE},
        {"a3" IMA "00" USERSPACE "00" INCOMPLETE "f4", REASON_EVIDENCE_MALFORMED},
        {"a2" IMA "00" USERSPACE "00" INCOMPLETE "f5", REASON_EVIDENCE_MALFORMED},
        {"a3" IMA "00" USERSPACE "00" USERSPACE "f5", REASON_EVIDENCE_MALFORMED},
    };
#undef IMA
#undef USERSPACE
#undef INCOMPLETE
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(rows[i].code, refusal_of_offsets(rows[i].hex));
    assert_int_equal(REASON_EVIDENCE_MALFORMED,
                     refusal_of_offsets("a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"));
}

/* The smallest JSON body with "pcrs" replaced by this text. */
static enum reason_code
refusal_of_json_pcrs(const char *text, const char *what)
{
    CLEANUP(buffer_free) struct buffer body = {0};
    buffer_append_format(&body,
                         "{\"__cmwc_t\":\"" EVIDENCE_PROFILE "\",%s,"
                         "\"quote\":[\"application/vnd.attestd.quote\",\"cXVvdGU\",4],"
                         "\"manifest\":[\"application/vnd.attestd.manifest+cbor\",\"oA\"],"
                         "\"signature\" : [ \"application/vnd.attestd.signature\", \"\" ]}\n",
                         text);
    return refusal(true, buffer_bytes(&body), what);
}

static void
refuses_json_with_one_thing_wrong(void **state)
{
    (void)state;
#define PCRS "\"application/vnd.attestd.pcrs\""
    static const struct {
        const char *text;
        enum reason_code code;
        const char *what;
    } rows[] = {
        {"\"pcrs\":[" PCRS ",\"cGNycw\"]", REASON_NONE, NULL},
        {"\"pcrs\":[" PCRS ",\"cGNycw\",4]", REASON_NONE, NULL},
        {"\"pcrs\":[" PCRS ",\"cGNycw\",8]", REASON_EVIDENCE_MALFORMED, "pcrs"},
        {"\"pcrs\":[" PCRS ",\"cGNycw\",4.0]", REASON_EVIDENCE_MALFORMED, "pcrs"},
        {"\"pcrs\":[" PCRS ",\"cGNycw\",4,4]", REASON_EVIDENCE_MALFORMED, "pcrs"},
        {"\"pcrs\":[" PCRS "]", REASON_EVIDENCE_MALFORMED, "pcrs"},
        {"\"pcrs\":[\"application/vnd.attestd.quote\",\"cGNycw\"]", REASON_EVIDENCE_MALFORMED,
         "pcrs"},
        {"\"pcrs\":[7,\"cGNycw\"]", REASON_EVIDENCE_MALFORMED, "pcrs"},
        {"\"pcrs\":[" PCRS ",7]", REASON_EVIDENCE_MALFORMED, "pcrs"},
        {"\"pcrs\":\"cGNycw\"", REASON_EVIDENCE_MALFORMED, "pcrs"},
        {"\"pcrs\":null", REASON_EVIDENCE_MALFORMED, "pcrs"},
        {"\"pcrs\":[" PCRS ",\"cGNycw==\"]", REASON_EVIDENCE_MALFORMED, "pcrs"}, /* padding */
        {"\"pcrs\":[" PCRS ",\"cGNycx\"]", REASON_EVIDENCE_MALFORMED, "pcrs"},   /* spare bits */
        {"\"pcrs\":[" PCRS ",\"cGN cw\"]", REASON_EVIDENCE_MALFORMED, "pcrs"},
        {"\"pcrs\":[" PCRS ",\"+/Nycw\"]", REASON_EVIDENCE_MALFORMED, "pcrs"}, /* base64 */
        {"\"pcrs\":[" PCRS ",\"cGNycw\"],\"pcrs\":[" PCRS ",\"cGNycw\"]", REASON_EVIDENCE_MALFORMED,
         ""},
        {"\"pcrs\":[" PCRS ",\"cGNycw\"],\"Quote\":[]", REASON_EVIDENCE_MEMBER_UNKNOWN, ""},
        {"\"pcrs\":[" PCRS ",\"cGNycw\"],\"__cmwc_t\":\"" EVIDENCE_PROFILE "\"",
         REASON_EVIDENCE_MALFORMED, ""},
        {"\"pcrs\":[" PCRS ",\"cGNycw\"],\"ima\":[\"application/vnd.attestd.ima\",\"\\u0000\"]",
         REASON_EVIDENCE_MALFORMED, ""},
        {"\"pcrs\":[" PCRS ",\"cGNycw\"],\"\xff\":[]", REASON_EVIDENCE_MALFORMED, ""},
        {"\"pcrs\":[" PCRS ",\"cGNycw\"],\"ima\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
         REASON_EVIDENCE_LIMIT, "body"},
        {"\"pcrs\":[" PCRS ",\"cGNycw\"],\"claims\":\"[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[\"",
         REASON_EVIDENCE_MALFORMED, "claims"}, /* brackets in a string nest nothing */
    };
#undef PCRS
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (refusal_of_json_pcrs(rows[i].text, rows[i].what) != rows[i].code)
            fail_msg("row %zu: %s", i, rows[i].text);
    }
}

static void
refuses_json_of_another_shape(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "", "[]", "null", "7", "\"a\"", "{", "{}", "{\"__cmwc_t\":7}", "{\"__cmwc_t\":\"1.2.3\"}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(REASON_EVIDENCE_MALFORMED, refusal(true, bytes_of_text(rows[i]), NULL));
    assert_int_equal(REASON_EVIDENCE_MALFORMED, refusal(true, (struct bytes){0}, NULL));
}

static void
accepts_json_up_to_the_limit(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer body = {0};
    struct evidence e = smallest();
    assert_status(STATUS_OK, evidence_encode_json(&e, &body));
    while (body.size < LIMIT_JSON_BODY)
        buffer_append_u8(&body, ' ');
    assert_int_equal(REASON_NONE, refusal(true, buffer_bytes(&body), NULL));
    buffer_append_u8(&body, ' ');
    assert_int_equal(REASON_EVIDENCE_LIMIT, refusal(true, buffer_bytes(&body), "body"));
}

static void
refuses_large_json_before_it_builds_a_tree(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer body = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(buffer_free) struct buffer owner = {0};
    struct evidence e;
    buffer_append_text(&body, "[0");
    while (body.size < LIMIT_JSON_BODY - 2)
        buffer_append_text(&body, ",0");
    assert_status(STATUS_LIMIT, evidence_parse_json(buffer_bytes(&body), &owner, &e, &reasons));
    assert_string_equal("too deep or too many items", reasons.items[0].found);
    buffer_reset(&body);
    while (body.size < LIMIT_JSON_BODY)
        buffer_append_text(&body, "[");
    assert_int_equal(REASON_EVIDENCE_LIMIT, refusal(true, buffer_bytes(&body), "body"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_wrote_in_place_without_allocating),
        cmocka_unit_test(reads_the_same_from_json),
        cmocka_unit_test(writes_members_in_deterministic_order),
        cmocka_unit_test(writes_only_present_members),
        cmocka_unit_test(names_every_member_and_type_differently),
        cmocka_unit_test(demands_four_members),
        cmocka_unit_test(accepts_members_up_to_their_limits),
        cmocka_unit_test(refuses_a_frame_with_one_thing_changed),
        cmocka_unit_test(refuses_a_frame_without_its_type),
        cmocka_unit_test(accepts_the_indicator_of_evidence_only),
        cmocka_unit_test(refuses_every_prefix_and_a_trailing_byte),
        cmocka_unit_test(says_where_a_frame_is_malformed),
        cmocka_unit_test(escapes_the_name_of_an_unknown_member),
        cmocka_unit_test(reads_offsets_in_one_form_only),
        cmocka_unit_test(refuses_json_with_one_thing_wrong),
        cmocka_unit_test(refuses_json_of_another_shape),
        cmocka_unit_test(accepts_json_up_to_the_limit),
        cmocka_unit_test(refuses_large_json_before_it_builds_a_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
