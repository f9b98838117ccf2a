/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "evidence/challenge.h"
#include "tests/lib/test.h"

#include <string.h>

#define TAG "sixteen byte tag"

/* sha256 0-7 and 14, sha384 0. */
static struct challenge
good(void)
{
    struct challenge c = {
        .kid = "0123456789abcdef",
        .issued_ms = 1790000000000,
        .selection = {.n_banks = 2, .banks = {{ALG_SHA256, 0x40ff}, {ALG_SHA384, 1}}},
        .exporter_required = true,
    };
    for (uint8_t i = 0; i < CHALLENGE_RANDOM_SIZE; i++)
        c.random[i] = i;
    return c;
}

/* What good() is on the wire, one line a field. */
static const char good_hex[] = "a7"
                               "617601"
                               "636b69647030313233343536373839616263646566"
                               "646c6f6773"
                               "6564656c7461"
                               "6672616e646f6d"
                               "50000102030405060708090a0b0c0d0e0f"
                               "686578706f72746572"
                               "687265717569726564"
                               "696973737565645f6d73"
                               "1b000001a0c4506c00"
                               "6973656c656374696f6e"
                               "82820b43ff4000820c43010000";

static void
encode_good(struct buffer *out)
{
    struct challenge c = good();
    assert_status(STATUS_OK, challenge_encode(&c, out));
    buffer_append(out, bytes_of_text(TAG));
}

static enum status
parse(const struct buffer *token, struct challenge *out)
{
    struct bytes signed_part;
    struct bytes tag;
    enum status s = challenge_parse(buffer_bytes(token), out, &signed_part, &tag, NULL);
    assert_int_equal(s == STATUS_OK ? token->size - CHALLENGE_TAG_SIZE : 0, signed_part.size);
    assert_int_equal(s == STATUS_OK ? CHALLENGE_TAG_SIZE : 0, tag.size);
    return s;
}

static enum status
changed_status(const char *old_hex, const char *new_hex)
{
    CLEANUP(buffer_free) struct buffer token = {0};
    CLEANUP(buffer_free) struct buffer changed = {0};
    struct challenge c;
    encode_good(&token);
    test_change(buffer_bytes(&token), old_hex, new_hex, &changed);
    return parse(&changed, &c);
}

static void
writes_fields_in_deterministic_order(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    struct challenge c = good();
    assert_status(STATUS_OK, challenge_encode(&c, &out));
    assert_hex(good_hex, buffer_bytes(&out));
}

static void
reads_what_it_wrote(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer token = {0};
    struct challenge c;
    encode_good(&token);
    assert_status(STATUS_OK, parse(&token, &c));
    assert_string_equal("0123456789abcdef", c.kid);
    assert_true(c.issued_ms == 1790000000000);
    assert_hex("000102030405060708090a0b0c0d0e0f", bytes_of(c.random, sizeof c.random));
    assert_int_equal(2, c.selection.n_banks);
    assert_int_equal(ALG_SHA256, c.selection.banks[0].alg);
    assert_int_equal(0x40ff, c.selection.banks[0].mask);
    assert_int_equal(ALG_SHA384, c.selection.banks[1].alg);
    assert_int_equal(1, c.selection.banks[1].mask);
    assert_true(c.exporter_required);
    assert_false(c.full_logs);
}

static void
reads_the_other_choice_of_each_word(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer token = {0};
    struct challenge c = good();
    c.full_logs = true;
    c.exporter_required = false;
    c.issued_ms = INT64_MAX;
    c.selection = (struct selection){.n_banks = 1, .banks = {{ALG_SHA3_256, 0x7effff}}};
    assert_status(STATUS_OK, challenge_encode(&c, &token));
    buffer_append(&token, bytes_of_text(TAG));
    struct challenge back;
    struct bytes signed_part;
    struct bytes tag;
    assert_status(STATUS_OK,
                  challenge_parse(buffer_bytes(&token), &back, &signed_part, &tag, NULL));
    assert_true(back.full_logs);
    assert_false(back.exporter_required);
    assert_true(back.issued_ms == INT64_MAX);
    assert_int_equal(ALG_SHA3_256, back.selection.banks[0].alg);
    assert_int_equal(0x7effff, back.selection.banks[0].mask);
    assert_ptr_equal(token.data, signed_part.data);
    assert_true(bytes_equal(tag, bytes_of_text(TAG)));
}

static void
holds_every_trusted_bank_within_the_limit(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer token = {0};
    struct challenge c = good();
    c.selection.n_banks = 0;
    for (size_t i = 0; i < ALG_COUNT; i++) {
        if (alg_at(i)->trusted)
            c.selection.banks[c.selection.n_banks++] =
                (struct selection_bank){alg_at(i)->id, 0x7effff};
    }
    assert_status(STATUS_OK, challenge_encode(&c, &token));
    assert_in_range(token.size, 1, LIMIT_CHALLENGE - CHALLENGE_TAG_SIZE);
    buffer_append(&token, bytes_of_text(TAG));
    struct bytes signed_part;
    struct bytes tag;
    assert_status(STATUS_OK, challenge_parse(buffer_bytes(&token), &c, &signed_part, &tag, NULL));
}

static void
refuses_each_field_when_it_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *old_hex;
        const char *new_hex;
        enum status status;
    } rows[] = {
        {"617601", "617602", STATUS_UNSUPPORTED},
        {"617601", "617600", STATUS_UNSUPPORTED},
        {"617601", "61766131", STATUS_MALFORMED},           /* version as text */
        {"617601", "617701", STATUS_MALFORMED},             /* another key */
        {"7030313233", "6f313233", STATUS_MALFORMED},       /* 15 digits */
        {"7030", "713030", STATUS_MALFORMED},               /* 17 */
        {"616263646566", "414263646566", STATUS_MALFORMED}, /* upper case */
        {"616263646566", "676263646566", STATUS_MALFORMED}, /* no digit */
        {"6b69647030", "6b69645030", STATUS_MALFORMED},     /* bytes */
        {"6564656c7461", "6564656c7462", STATUS_MALFORMED}, /* another word */
        {"6564656c7461", "60", STATUS_MALFORMED},
        {"5000", "4f", STATUS_MALFORMED},     /* 15 random bytes */
        {"5000", "510000", STATUS_MALFORMED}, /* 17 */
        {"687265717569726564", "63796573", STATUS_MALFORMED},
        {"1b000001a0c4506c00", "1b8000000000000000", STATUS_MALFORMED},     /* above int64 */
        {"1b000001a0c4506c00", "1b0000000000000001", STATUS_MALFORMED},     /* not the shortest */
        {"1b000001a0c4506c00", "20", STATUS_MALFORMED},                     /* -1 */
        {"1b000001a0c4506c00", "fb3ff0000000000000", STATUS_MALFORMED},     /* 1.0 */
        {"82820b43ff4000820c43010000", "80", STATUS_MALFORMED},             /* no bank */
        {"82820b43ff4000820c43010000", "81820b43000000", STATUS_MALFORMED}, /* no PCR */
        {"820b43ff4000", "820443ff4000", STATUS_MALFORMED},                 /* SHA-1 */
        {"820b43ff4000", "821043ff4000", STATUS_MALFORMED},                 /* TPM_ALG_NULL */
        {"820b43ff4000", "82181943ff4000", STATUS_MALFORMED},               /* unknown */
        {"820b43ff4000", "821a0001000b43ff4000", STATUS_MALFORMED},         /* above 16 bits */
        {"820b43ff4000", "820c43ff4000", STATUS_MALFORMED},   /* the same bank twice */
        {"820b43ff4000", "820b43ff4001", STATUS_MALFORMED},   /* PCR 16 */
        {"820b43ff4000", "820b43ff4080", STATUS_MALFORMED},   /* PCR 23 */
        {"820b43ff4000", "820b42ff40", STATUS_MALFORMED},     /* two bytes of bitmap */
        {"820b43ff4000", "820b44ff400000", STATUS_MALFORMED}, /* four */
        {"820b43ff4000", "810b", STATUS_MALFORMED},           /* no bitmap */
        {"820b43ff4000", "830b43ff400000", STATUS_MALFORMED}, /* a third element */
        {"a7", "a6", STATUS_MALFORMED},                       /* fields to come */
        {"a7", "a8", STATUS_MALFORMED},
        {"a7", "87", STATUS_MALFORMED}, /* an array */
        {"a7", "b807", STATUS_MALFORMED},
        {"820c43010000", "820c4301000000", STATUS_MALFORMED}, /* a byte too many */
        {"a7617601636b69647030313233343536373839616263646566",
         "a7636b69647030313233343536373839616263646566617601", STATUS_MALFORMED}, /* order */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_status(rows[i].status, changed_status(rows[i].old_hex, rows[i].new_hex));
}

static void
refuses_nine_banks(void **state)
{
    (void)state;
    assert_status(STATUS_MALFORMED,
                  changed_status("82820b43ff4000820c43010000",
                                 "89820b43010000820c43010000820d43010000821243010000"
                                 "82182743010000821828430100008218294301000082182a43010000"
                                 "82182b43010000"));
}

static void
refuses_every_prefix(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer token = {0};
    encode_good(&token);
    struct challenge c;
    struct bytes signed_part;
    struct bytes tag;
    for (size_t size = 0; size < token.size; size++) {
        enum status s = challenge_parse(bytes_of(token.data, size), &c, &signed_part, &tag, NULL);
        assert_status(STATUS_MALFORMED, s);
    }
    buffer_append_u8(&token, 0);
    assert_status(STATUS_MALFORMED,
                  challenge_parse(buffer_bytes(&token), &c, &signed_part, &tag, NULL));
}

static void
refuses_a_token_above_the_limit(void **state)
{
    (void)state;
    uint8_t token[LIMIT_CHALLENGE + 1] = {0xa7};
    struct challenge c;
    struct bytes signed_part;
    struct bytes tag;
    struct diag diag = {0};
    assert_status(STATUS_LIMIT,
                  challenge_parse(bytes_of(token, sizeof token), &c, &signed_part, &tag, &diag));
    assert_non_null(diag.clause);
    assert_status(STATUS_MALFORMED,
                  challenge_parse(bytes_of(token, sizeof token - 1), &c, &signed_part, &tag, NULL));
}

static void
writes_nothing_that_it_would_not_read(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    struct challenge bad[9];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        bad[i] = good();
    bad[0].kid[15] = '\0';
    bad[1].kid[0] = 'A';
    memset(bad[2].kid, '0', sizeof bad[2].kid);
    bad[3].issued_ms = -1;
    bad[4].selection.n_banks = 0;
    bad[5].selection.n_banks = LIMIT_BANKS + 1;
    bad[6].selection.banks[1].alg = ALG_SHA256;
    bad[7].selection.banks[1].mask = 1u << 24;
    bad[8].selection.banks[1].alg = ALG_SHA1;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(STATUS_INVALID, challenge_encode(&bad[i], &out));
    assert_int_equal(0, out.size);
}

/* The tag alone is no token: it is told so before anything is read. */
static void
refuses_a_token_of_no_more_than_a_tag(void **state)
{
    (void)state;
    for (size_t size = 0; size <= CHALLENGE_TAG_SIZE; size++) {
        struct challenge c;
        struct bytes signed_part;
        struct bytes tag;
        struct diag diag = {0};
        assert_status(STATUS_MALFORMED,
                      challenge_parse(bytes_of(TAG, size), &c, &signed_part, &tag, &diag));
        assert_string_equal("shorter than its tag", diag.text);
    }
}

static void
refuses_a_key_name_of_other_characters(void **state)
{
    (void)state;
    static const char others[] = "/:`gAF ";
    for (size_t i = 0; others[i]; i++) {
        CLEANUP(buffer_free) struct buffer out = {0};
        struct challenge c = good();
        c.kid[5] = others[i];
        assert_status(STATUS_INVALID, challenge_encode(&c, &out));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_fields_in_deterministic_order),
        cmocka_unit_test(reads_what_it_wrote),
        cmocka_unit_test(reads_the_other_choice_of_each_word),
        cmocka_unit_test(holds_every_trusted_bank_within_the_limit),
        cmocka_unit_test(refuses_each_field_when_it_is_wrong),
        cmocka_unit_test(refuses_nine_banks),
        cmocka_unit_test(refuses_every_prefix),
        cmocka_unit_test(refuses_a_token_above_the_limit),
        cmocka_unit_test(writes_nothing_that_it_would_not_read),
        cmocka_unit_test(refuses_a_token_of_no_more_than_a_tag),
        cmocka_unit_test(refuses_a_key_name_of_other_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
