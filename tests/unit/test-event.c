/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "evidence/event.h"
#include "tests/lib/log_builder.h"
#include "tests/lib/test.h"

#include <string.h>

#define BYTES(literal) bytes_of((literal), sizeof(literal) - 1)

static struct log_builder b;
static struct event_decoder decoder;
static struct eventlog *log_parsed;
static const uint16_t two_banks[] = {ALG_SHA1, ALG_SHA256};

static void
start(void)
{
    eventlog_free(log_parsed);
    log_parsed = NULL;
    log_builder_free(&b);
    log_builder_init(&b, test_hasher, two_banks, 2);
}

/* Decode event n of the builder's log. */
static struct event_meaning
decode(uint32_t n)
{
    struct reasons reasons = {0};
    eventlog_free(log_parsed);
    assert_status(STATUS_OK, eventlog_parse(buffer_bytes(&b.log), &log_parsed, &reasons));
    assert_non_null(log_parsed);
    assert_status(STATUS_OK, event_decoder_init(test_hasher, log_parsed, UINT32_MAX, &decoder));
    struct event_meaning m;
    assert_status(STATUS_OK, event_decode(&decoder, n, &m));
    return m;
}

static struct event_meaning
decode_one(uint32_t pcr, uint32_t type, struct bytes hashed, struct bytes data)
{
    start();
    return decode(log_builder_event(&b, pcr, type, hashed, data));
}

static void
assert_text(const char *expected, const struct event_meaning *m)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    assert_status(STATUS_OK, event_text(m, &text));
    assert_string_equal(expected, buffer_text(&text));
}

static void
knows_separators_by_digest_under_any_type(void **state)
{
    (void)state;
    static const struct row {
        uint8_t data[4];
        uint32_t value;
    } rows[] = {{{0, 0, 0, 0}, 0}, {{255, 255, 255, 255}, UINT32_MAX}, {{1, 0, 0, 0}, 1}};
    for (size_t i = 0; i < 3; i++) {
        struct event_meaning m = decode_one(2, EVENT_IPL, bytes_of(rows[i].data, 4), BYTES("lie"));
        assert_int_equal(EVENT_KIND_STRUCTURAL, m.kind);
        assert_true(m.bound && m.separator_known);
        assert_int_equal(rows[i].value, m.separator);
    }
}

static void
knows_actions_by_digest(void **state)
{
    (void)state;
    struct event_meaning m =
        decode_one(5, EVENT_EFI_ACTION, BYTES("Exit Boot Services Invocation"), BYTES("lie"));
    assert_int_equal(EVENT_KIND_STRUCTURAL, m.kind);
    assert_string_equal("Exit Boot Services Invocation", m.action);
    assert_false(m.separator_known);
    m = decode_one(5, EVENT_EFI_ACTION, BYTES("Vendor action"), BYTES("Vendor action"));
    assert_int_equal(EVENT_KIND_STRING, m.kind);
    assert_true(m.bound);
}

static void
a_digest_in_one_bank_only_binds_nothing(void **state)
{
    (void)state;
    start();
    uint32_t n = log_builder_text(&b, 5, EVENT_EFI_ACTION, "Exit Boot Services Invocation");
    (void)decode(n);
    b.log.data[log_parsed->events[n].offset + 14] ^= 1; /* in the SHA-1 digest */
    struct event_meaning m = decode(n);
    assert_int_equal(EVENT_KIND_STRING, m.kind);
    assert_false(m.bound);
    struct event_decoder *d = &decoder; /* the SHA-256 bank alone */
    assert_status(STATUS_OK, event_decoder_init(test_hasher, log_parsed, 1u << 1, d));
    assert_status(STATUS_OK, event_decode(d, n, &m));
    assert_true(m.bound);
}

static void
looks_at_no_bank_and_binds_nothing(void **state)
{
    (void)state;
    start();
    uint32_t n = log_builder_separator(&b, 4);
    (void)decode(n);
    struct event_meaning m;
    assert_status(STATUS_OK, event_decoder_init(test_hasher, log_parsed, 0, &decoder));
    assert_status(STATUS_OK, event_decode(&decoder, n, &m));
    assert_false(m.bound);
    assert_int_equal(EVENT_KIND_OTHER, m.kind);
}

static void
decodes_nothing_of_no_action(void **state)
{
    (void)state;
    struct event_meaning m = decode_one(0, EVENT_NO_ACTION, BYTES("x"), BYTES("x"));
    assert_int_equal(EVENT_KIND_OTHER, m.kind);
    assert_false(m.bound);
}

static void
reads_a_variable_that_its_digest_covers(void **state)
{
    (void)state;
    start();
    struct event_meaning m = decode(
        log_builder_variable(&b, 7, EVENT_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot", BYTES("\1")));
    assert_int_equal(EVENT_KIND_VARIABLE, m.kind);
    assert_true(m.bound);
    assert_int_equal(EVENT_QUIRK_NONE, m.quirk);
    assert_string_equal("SecureBoot", m.variable.name);
    assert_hex("01", m.variable.value);
    assert_hex("61dfe48bca93d211aa0d00e098032b8c", bytes_of(m.variable.guid, 16));
    assert_int_equal(1, event_claimed_secure_boot(log_parsed));
}

/* Data of a variable, for hashing parts of it. */
static struct bytes
variable_data(struct buffer *out, const char *value)
{
    start();
    uint32_t n =
        log_builder_variable(&b, 1, EVENT_EFI_VARIABLE_BOOT, "Boot0000", bytes_of_text(value));
    (void)decode(n);
    buffer_append(out, log_parsed->events[n].data);
    return buffer_bytes(out);
}

static void
a_hash_of_the_value_alone_binds_no_name(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer keep = {0};
    struct bytes data = variable_data(&keep, "value");
    struct event_meaning m = decode_one(1, EVENT_EFI_VARIABLE_BOOT, BYTES("value"), data);
    assert_true(m.bound);
    assert_int_equal(EVENT_QUIRK_VARIABLE_VALUE, m.quirk);
    assert_string_equal("", m.variable.name);
    assert_string_equal("Boot0000", m.variable.claimed_name);
    assert_hex("00000000000000000000000000000000", bytes_of(m.variable.guid, 16));
    /* Not for the types that hash the whole. */
    m = decode_one(7, EVENT_EFI_VARIABLE_DRIVER_CONFIG, BYTES("value"), data);
    assert_false(m.bound);
}

static void
shims_extra_byte_is_a_quirk_and_another_is_not(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer data = {0};
    struct bytes hashed = variable_data(&data, "certificate");
    CLEANUP(buffer_free) struct buffer more = {0};
    buffer_append(&more, hashed);
    buffer_append_u8(&more, 0xAA);
    struct event_meaning m =
        decode_one(7, EVENT_EFI_VARIABLE_AUTHORITY, hashed, buffer_bytes(&more));
    assert_true(m.bound);
    assert_int_equal(EVENT_QUIRK_SHIM_EXTRA_BYTE, m.quirk);
    assert_int_equal(11, m.variable.value.size);
    buffer_append_u8(&more, 0xAA);
    m = decode_one(7, EVENT_EFI_VARIABLE_AUTHORITY, hashed, buffer_bytes(&more));
    assert_false(m.bound);
    for (size_t i = 0; i < 8; i++)
        buffer_append_u8(&more, 0);
    m = decode_one(7, EVENT_EFI_VARIABLE_AUTHORITY, hashed, buffer_bytes(&more));
    assert_int_equal(EVENT_KIND_OTHER, m.kind);
}

/* Threat 26: sizes that wrap or lie. */
static void
refuses_variable_sizes_that_do_not_fit(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer keep = {0};
    struct bytes good = variable_data(&keep, "value");
    static const size_t at[] = {16, 17, 19, 23, 24, 26, 31};
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        CLEANUP(buffer_free) struct buffer bad = {0};
        buffer_append(&bad, good);
        bad.data[at[i]] ^= 0x80;
        struct event_meaning m =
            decode_one(7, EVENT_EFI_VARIABLE_DRIVER_CONFIG, BYTES("other"), buffer_bytes(&bad));
        assert_int_equal(EVENT_KIND_OTHER, m.kind);
        assert_false(m.bound);
    }
    struct event_meaning m =
        decode_one(7, EVENT_EFI_VARIABLE_DRIVER_CONFIG, BYTES("other"), bytes_of(good.data, 20));
    assert_int_equal(EVENT_KIND_OTHER, m.kind);
}

static void
reads_grub_strings_with_their_prefix_left_out(void **state)
{
    (void)state;
    const struct row {
        struct bytes data;
        struct bytes hashed;
        enum event_kind kind;
        bool bound;
    } rows[] = {
        {BYTES("grub_cmd: set a=b\0"), BYTES("set a=b"), EVENT_KIND_COMMAND, true},
        {BYTES("grub_cmd set a=b\0"), BYTES("set a=b\0"), EVENT_KIND_COMMAND, true},
        {BYTES("grub_cmd set a=b\0x"), BYTES("set a=b\0"), EVENT_KIND_COMMAND, true},
        {BYTES("kernel_cmdline: set a=b\0"), BYTES("set a=b"), EVENT_KIND_COMMAND_LINE, true},
        {BYTES("grub_kernel_cmdline set a=b\0"), BYTES("set a=b"), EVENT_KIND_COMMAND_LINE, true},
        {BYTES("grub_cmd: set a=b\0"), BYTES("set a=c"), EVENT_KIND_COMMAND, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct event_meaning m = decode_one(8, EVENT_IPL, rows[i].hashed, rows[i].data);
        assert_int_equal(rows[i].kind, m.kind);
        assert_int_equal(rows[i].bound, m.bound);
        assert_int_equal(rows[i].bound ? EVENT_QUIRK_STRING_PREFIX : EVENT_QUIRK_NONE, m.quirk);
        assert_text("set a=b", &m);
    }
}

static void
a_file_is_known_by_its_digest_and_its_path_is_claimed(void **state)
{
    (void)state;
    struct event_meaning m = decode_one(9, EVENT_IPL, BYTES("content"), BYTES("/vmlinuz\0"));
    assert_int_equal(EVENT_KIND_FILE, m.kind);
    assert_false(m.bound);
    assert_text("/vmlinuz", &m);
}

static void
plain_strings_bind_with_or_without_their_nul(void **state)
{
    (void)state;
    struct event_meaning m = decode_one(14, EVENT_IPL, BYTES("MokList\0"), BYTES("MokList\0"));
    assert_true(m.bound);
    assert_int_equal(EVENT_QUIRK_NONE, m.quirk);
    assert_text("MokList", &m);
    m = decode_one(14, EVENT_IPL, BYTES("MokList"), BYTES("MokList\0"));
    assert_true(m.bound);
    assert_int_equal(EVENT_QUIRK_STRING_NUL, m.quirk);
    m = decode_one(14, EVENT_IPL, BYTES("a list"), BYTES("MokList\0"));
    assert_false(m.bound);
    assert_int_equal(EVENT_KIND_STRING, m.kind);
}

static void
systemd_boots_utf16_command_line_is_one(void **state)
{
    (void)state;
    struct event_meaning m =
        decode_one(12, EVENT_IPL, BYTES("q\0u\0i\0e\0t\0\0\0"), BYTES("q\0u\0i\0e\0t\0\0"));
    assert_int_equal(EVENT_KIND_COMMAND_LINE, m.kind);
    assert_true(m.bound);
    assert_text("quiet", &m);
    m = decode_one(12, EVENT_IPL, BYTES("archive"), BYTES("C\0r\0e\0d\0\0\0"));
    assert_false(m.bound);
    assert_int_equal(EVENT_KIND_FILE, m.kind);
}

static void
systemd_stubs_sections_are_a_bound_name_and_a_content(void **state)
{
    (void)state;
    struct event_meaning m =
        decode_one(11, EVENT_IPL, BYTES(".osrel\0"), BYTES(".\0o\0s\0r\0e\0l\0\0\0"));
    assert_true(m.bound);
    assert_int_equal(EVENT_QUIRK_STRING_UTF16, m.quirk);
    assert_int_equal(EVENT_KIND_STRING, m.kind);
    assert_text(".osrel", &m);
    m = decode_one(11, EVENT_IPL, BYTES("ID=debian"), BYTES(".\0o\0s\0r\0e\0l\0\0\0"));
    assert_false(m.bound);
    assert_int_equal(EVENT_KIND_SECTION, m.kind);
}

static void
tagged_events_bind_whole_or_by_content_or_name_what_they_stand_for(void **state)
{
    (void)state;
    struct bytes tag = BYTES("\x11\x22\x33\x44\x03\0\0\0abc");
    struct event_meaning m = decode_one(5, EVENT_TAG, tag, tag);
    assert_true(m.bound);
    assert_int_equal(EVENT_QUIRK_NONE, m.quirk);
    assert_text("abc", &m);
    m = decode_one(5, EVENT_TAG, BYTES("abc"), tag);
    assert_true(m.bound);
    assert_int_equal(EVENT_QUIRK_TAG_CONTENT, m.quirk);
    m = decode_one(9, EVENT_TAG, BYTES("x"), BYTES("\xed\x22\x3b\x8f\x03\0\0\0LO\0"));
    assert_false(m.bound);
    assert_int_equal(EVENT_KIND_LOAD_OPTIONS, m.kind);
    m = decode_one(9, EVENT_TAG, BYTES("x"), BYTES("\xec\x22\x3b\x8f\x03\0\0\0Li\0"));
    assert_int_equal(EVENT_KIND_INITRD, m.kind);
    m = decode_one(9, EVENT_TAG, BYTES("x"), BYTES("\xec\x22\x3b\x8f\xFF\0\0\0Li\0"));
    assert_int_equal(EVENT_KIND_OTHER, m.kind);
}

static void
an_image_is_its_digest(void **state)
{
    (void)state;
    struct event_meaning m =
        decode_one(4, EVENT_EFI_BOOT_APPLICATION, BYTES("pe"), BYTES("device path"));
    assert_int_equal(EVENT_KIND_IMAGE, m.kind);
    assert_false(m.bound);
}

static void
binds_the_data_of_a_type_that_it_does_not_know(void **state)
{
    (void)state;
    assert_true(decode_one(6, 0x40e, BYTES("vendor"), BYTES("vendor")).bound);
    assert_false(decode_one(6, 0x40e, BYTES("blob"), BYTES("vendor")).bound);
}

/* Threat 40: control characters never reach a terminal or a page. */
static void
text_is_utf8_with_control_characters_escaped(void **state)
{
    (void)state;
    struct bytes text = BYTES("a\x1b[31m\\\xc3\xa9\n");
    struct event_meaning m = decode_one(5, EVENT_ACTION, text, text);
    assert_text("a\\x1b[31m\\\\\xc3\xa9\\x0a", &m);
    struct bytes latin = BYTES("a\xe9");
    m = decode_one(5, EVENT_ACTION, latin, latin);
    assert_text("a\\xe9", &m);
    struct bytes utf16 = BYTES("a\0b\0\x3d\xd8\x00\xde\x00\xd8\x1b\0\0\0");
    m = decode_one(12, EVENT_IPL, utf16, utf16);
    assert_text("ab\xf0\x9f\x98\x80\xef\xbf\xbd\\x1b", &m);
}

static void
names_quirks_and_kinds(void **state)
{
    (void)state;
    assert_string_equal("variable-value", event_quirk_name(EVENT_QUIRK_VARIABLE_VALUE));
    assert_string_equal("tag-content", event_quirk_name(EVENT_QUIRK_TAG_CONTENT));
    assert_string_equal("unknown", event_quirk_name(EVENT_QUIRK_COUNT));
    assert_string_equal("load-options", event_kind_name(EVENT_KIND_LOAD_OPTIONS));
    assert_string_equal("initrd", event_kind_name(EVENT_KIND_INITRD));
    assert_string_equal("unknown", event_kind_name(EVENT_KIND_COUNT));
}

static void
threat_22_a_known_digest_out_of_its_place_means_nothing(void **state)
{
    (void)state;
    static const uint8_t zero[4];
    struct event_meaning m =
        decode_one(12, EVENT_EFI_ACTION, BYTES("Exit Boot Services Invocation"), BYTES("lie"));
    assert_int_equal(EVENT_KIND_STRING, m.kind);
    assert_null(m.action);
    m = decode_one(9, EVENT_SEPARATOR, bytes_of(zero, 4), bytes_of(zero, 4));
    assert_false(m.separator_known);
}

/* Boot variables are measured in PCR 1, older firmware: PCR 5; elsewhere, under another type, or
 * unbound, four zero bytes are a separator. */
static void
threat_22_four_zero_bytes_are_a_variable_only_where_variables_are_measured(void **state)
{
    (void)state;
    static const uint8_t zero[4];
    CLEANUP(buffer_free) struct buffer data = {0};
    (void)variable_data(&data, "\0\0\0\0");
    start();
    uint32_t n = log_builder_variable(&b, 15, EVENT_EFI_VARIABLE_BOOT, "BootOrder",
                                      bytes_of(zero, sizeof zero));
    (void)decode(n);
    CLEANUP(buffer_free) struct buffer variable = {0};
    buffer_append(&variable, log_parsed->events[n].data);
    struct bytes whole = buffer_bytes(&variable);
    static const struct row {
        uint32_t pcr;
        uint32_t type;
        enum event_kind kind;
    } rows[] = {
        {1, EVENT_EFI_VARIABLE_BOOT, EVENT_KIND_VARIABLE},
        {5, EVENT_EFI_VARIABLE_BOOT, EVENT_KIND_VARIABLE},
        {4, EVENT_EFI_VARIABLE_BOOT, EVENT_KIND_STRUCTURAL},
        {1, EVENT_EFI_VARIABLE_DRIVER_CONFIG, EVENT_KIND_STRUCTURAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct event_meaning m =
            decode_one(rows[i].pcr, rows[i].type, bytes_of(zero, sizeof zero), whole);
        assert_int_equal(rows[i].kind, m.kind);
    }
    struct event_meaning m =
        decode_one(1, EVENT_EFI_VARIABLE_BOOT, bytes_of(zero, sizeof zero), BYTES("no variable"));
    assert_int_equal(EVENT_KIND_STRUCTURAL, m.kind);
    m = decode_one(1, EVENT_EFI_VARIABLE_BOOT, bytes_of(zero, sizeof zero),
                   bytes_of(zero, sizeof zero));
    assert_int_equal(EVENT_KIND_STRUCTURAL, m.kind);
    buffer_reset(&variable);
    buffer_append(&variable, buffer_bytes(&data));
    m = decode_one(1, EVENT_EFI_VARIABLE_BOOT, bytes_of(zero, sizeof zero),
                   buffer_bytes(&variable));
    assert_int_equal(EVENT_KIND_STRUCTURAL, m.kind);
}

/* The quirk is for PCR 0, CRTM contents and zero bytes: nothing else stops being a separator. */
static void
threat_30_the_zero_blob_is_no_other_separator(void **state)
{
    (void)state;
    static const uint8_t zero[4];
    static const uint8_t ones[4] = {255, 255, 255, 255};
    struct event_meaning m = decode_one(0, EVENT_S_CRTM_CONTENTS, bytes_of(zero, 4), BYTES("x"));
    assert_int_equal(EVENT_QUIRK_ZERO_BLOB, m.quirk);
    m = decode_one(4, EVENT_S_CRTM_CONTENTS, bytes_of(zero, 4), BYTES("x"));
    assert_int_equal(EVENT_KIND_STRUCTURAL, m.kind);
    m = decode_one(0, EVENT_S_CRTM_CONTENTS, bytes_of(ones, 4), BYTES("x"));
    assert_int_equal(EVENT_KIND_STRUCTURAL, m.kind);
}

/* Threat 29: whatever digests it claims, it extends nothing and so means nothing. */
static void
threat_29_no_action_means_nothing_under_a_known_digest(void **state)
{
    (void)state;
    start();
    uint32_t n = log_builder_separator(&b, 4);
    (void)decode(n);
    size_t at = log_parsed->events[n].offset + 4;
    b.log.data[at] = EVENT_NO_ACTION;
    struct event_meaning m = decode(n);
    assert_int_equal(EVENT_NO_ACTION, log_parsed->events[n].type);
    assert_int_equal(EVENT_KIND_OTHER, m.kind);
    assert_false(m.separator_known);
}

/* Threat 31: one of the two bytes that tell UTF-16 changed, it is a plain string. */
static void
threat_31_only_utf16_is_read_as_utf16(void **state)
{
    (void)state;
    static const char *const texts[] = {"\0\0b\0c\0", "a\1b\0c\0", "a\0\0\0c\0", "a\0b\1c\0"};
    struct event_meaning m =
        decode_one(12, EVENT_IPL, bytes_of("a\0b\0c\0", 6), bytes_of("a\0b\0c\0", 6));
    assert_true(m.utf16);
    for (size_t i = 0; i < 4; i++) {
        m = decode_one(12, EVENT_IPL, bytes_of(texts[i], 6), bytes_of(texts[i], 6));
        assert_false(m.utf16);
    }
}

/* systemd measures some names narrow and logs them wide: only a Latin one, of bounded length. */
static void
threat_31_a_wide_text_is_bound_by_its_narrow_form_only_when_it_has_one(void **state)
{
    (void)state;
    struct event_meaning m =
        decode_one(11, EVENT_IPL, bytes_of("abc", 4), bytes_of("a\0b\0c\0", 6));
    assert_int_equal(EVENT_QUIRK_STRING_UTF16, m.quirk);
    assert_true(m.bound);
    m = decode_one(11, EVENT_IPL, bytes_of("abc", 4), bytes_of("a\0b\0c\1", 6));
    assert_false(m.bound);
    CLEANUP(buffer_free) struct buffer narrow = {0};
    CLEANUP(buffer_free) struct buffer wide = {0};
    for (size_t i = 0; i < 70000; i++) {
        buffer_append_u8(&narrow, 'a');
        buffer_append(&wide, BYTES("a\0"));
    }
    buffer_append_u8(&narrow, 0);
    m = decode_one(11, EVENT_IPL, buffer_bytes(&narrow), buffer_bytes(&wide));
    assert_false(m.bound);
}

static void
threat_26_a_tag_without_its_header_is_bytes(void **state)
{
    (void)state;
    for (size_t size = 0; size < 8; size++) {
        static const uint8_t data[8] = {0xb0, 0xdb, 0xf8, 0x80};
        struct event_meaning m =
            decode_one(12, EVENT_TAG, bytes_of(data, size), bytes_of(data, size));
        assert_int_equal(EVENT_KIND_OTHER, m.kind);
        assert_true(m.bound);
    }
}

/* Threat 23: the value of a boot variable may be hashed alone; of another it may not. */
static void
threat_23_the_value_alone_binds_boot_variables_only(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer data = {0};
    struct bytes whole = variable_data(&data, "value");
    struct event_meaning m = decode_one(1, EVENT_EFI_VARIABLE_BOOT, BYTES("value"), whole);
    assert_true(m.bound);
    assert_int_equal(EVENT_QUIRK_VARIABLE_VALUE, m.quirk);
    m = decode_one(1, EVENT_EFI_VARIABLE_BOOT, BYTES("other"), whole);
    assert_false(m.bound);
    assert_int_equal(EVENT_QUIRK_NONE, m.quirk);
    m = decode_one(1, EVENT_EFI_VARIABLE_BOOT2, BYTES("value"), whole);
    assert_false(m.bound);
}

/* Threat 23: with the last byte of a whole variable left out of the hash it is not shim's. */
static void
threat_23_a_variable_without_its_last_byte_is_not_bound(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer data = {0};
    struct bytes whole = variable_data(&data, "value");
    struct event_meaning m =
        decode_one(7, EVENT_EFI_VARIABLE_AUTHORITY, bytes_slice(whole, 0, whole.size - 1), whole);
    assert_int_equal(EVENT_KIND_VARIABLE, m.kind);
    assert_false(m.bound);
    assert_int_equal(EVENT_QUIRK_NONE, m.quirk);
}

static void
the_claim_of_secure_boot_is_its_variables(void **state)
{
    (void)state;
    start();
    (void)log_builder_variable(&b, 7, EVENT_EFI_VARIABLE_AUTHORITY, "SecureBoot", BYTES("\1"));
    (void)log_builder_data(&b, 7, EVENT_EFI_VARIABLE_DRIVER_CONFIG, BYTES("cut"));
    (void)decode(1);
    assert_int_equal(-1, event_claimed_secure_boot(log_parsed));
    (void)log_builder_variable(&b, 7, EVENT_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot", BYTES(""));
    (void)decode(1);
    assert_int_equal(0, event_claimed_secure_boot(log_parsed));
}

/* UEFI 2.10 3.3: a byte, 0 or 1. */
static void
another_value_of_secure_boot_claims_nothing(void **state)
{
    static const uint8_t values[][2] = {{0, 0}, {1, 0}, {2, 0}};
    static const int claims[] = {0, 1, -1};
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        start();
        (void)decode(log_builder_variable(&b, 7, EVENT_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot",
                                          bytes_of(values[i / 2], 1 + i % 2)));
        assert_int_equal(i % 2 ? -1 : claims[i / 2], event_claimed_secure_boot(log_parsed));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_separators_by_digest_under_any_type),
        cmocka_unit_test(knows_actions_by_digest),
        cmocka_unit_test(a_digest_in_one_bank_only_binds_nothing),
        cmocka_unit_test(looks_at_no_bank_and_binds_nothing),
        cmocka_unit_test(decodes_nothing_of_no_action),
        cmocka_unit_test(reads_a_variable_that_its_digest_covers),
        cmocka_unit_test(a_hash_of_the_value_alone_binds_no_name),
        cmocka_unit_test(shims_extra_byte_is_a_quirk_and_another_is_not),
        cmocka_unit_test(refuses_variable_sizes_that_do_not_fit),
        cmocka_unit_test(reads_grub_strings_with_their_prefix_left_out),
        cmocka_unit_test(a_file_is_known_by_its_digest_and_its_path_is_claimed),
        cmocka_unit_test(plain_strings_bind_with_or_without_their_nul),
        cmocka_unit_test(systemd_boots_utf16_command_line_is_one),
        cmocka_unit_test(systemd_stubs_sections_are_a_bound_name_and_a_content),
        cmocka_unit_test(tagged_events_bind_whole_or_by_content_or_name_what_they_stand_for),
        cmocka_unit_test(an_image_is_its_digest),
        cmocka_unit_test(binds_the_data_of_a_type_that_it_does_not_know),
        cmocka_unit_test(text_is_utf8_with_control_characters_escaped),
        cmocka_unit_test(names_quirks_and_kinds),
        cmocka_unit_test(threat_22_a_known_digest_out_of_its_place_means_nothing),
        cmocka_unit_test(
            threat_22_four_zero_bytes_are_a_variable_only_where_variables_are_measured),
        cmocka_unit_test(threat_30_the_zero_blob_is_no_other_separator),
        cmocka_unit_test(threat_29_no_action_means_nothing_under_a_known_digest),
        cmocka_unit_test(threat_31_only_utf16_is_read_as_utf16),
        cmocka_unit_test(threat_31_a_wide_text_is_bound_by_its_narrow_form_only_when_it_has_one),
        cmocka_unit_test(threat_26_a_tag_without_its_header_is_bytes),
        cmocka_unit_test(threat_23_the_value_alone_binds_boot_variables_only),
        cmocka_unit_test(threat_23_a_variable_without_its_last_byte_is_not_bound),
        cmocka_unit_test(the_claim_of_secure_boot_is_its_variables),
        cmocka_unit_test(another_value_of_secure_boot_claims_nothing),
    };
    int failed = cmocka_run_group_tests(tests, test_hasher_open, test_hasher_close);
    eventlog_free(log_parsed);
    log_builder_free(&b);
    return failed;
}
