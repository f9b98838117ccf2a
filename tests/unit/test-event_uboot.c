/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a U-Boot without EFI: where it ends, and what its events are. */
#include "base/cleanup.h"
#include "evidence/event.h"
#include "tests/lib/log_builder.h"
#include "tests/lib/test.h"

#include <stdlib.h>

static const uint16_t banks[] = {ALG_SHA256};
static const uint8_t ones[4] = {0xFF, 0xFF, 0xFF, 0xFF};
static const uint8_t error[4] = {1, 0, 0, 0};
static const uint8_t zeros[4];

/* Built, then parsed. */
struct made {
    struct hasher *h;
    struct log_builder b;
    struct eventlog *log; /* NULL: refused */
    enum reason_code bad;
};

static struct made
start(void)
{
    struct made m = {0};
    assert_status(STATUS_OK, hasher_new(&m.h));
    log_builder_init(&m.b, m.h, banks, 1);
    return m;
}

static void
close_with(struct made *m, uint32_t type, const uint8_t value[4])
{
    for (uint32_t pcr = 0; pcr < 8; pcr++)
        (void)log_builder_data(&m->b, pcr, type, bytes_of(value, 4));
}

static void
parse(struct made *m, const char *tail)
{
    CLEANUP(reasons_free) struct reasons reasons = {0};
    buffer_append_text(&m->b.log, tail);
    assert_status(STATUS_OK, eventlog_parse(buffer_bytes(&m->b.log), &m->log, &reasons));
    m->bad = reasons.n_items > 0 ? reasons.items[0].code : REASON_NONE;
    assert_true((m->log == NULL) == (m->bad != REASON_NONE));
}

static void
finish(struct made *m)
{
    eventlog_free(m->log);
    log_builder_free(&m->b);
    hasher_free(m->h);
}

/* What the last event but the eight separators means in a log that begins and ends so. */
static struct event_meaning
decode_in(struct made *m)
{
    struct event_decoder *d = malloc(sizeof *d);
    struct event_meaning meaning = {0};
    assert_non_null(d);
    assert_non_null(m->log);
    assert_status(STATUS_OK, event_decoder_init(m->h, m->log, 1, d));
    assert_status(STATUS_OK, event_decode(d, m->log->n_events - 9, &meaning));
    free(d);
    return meaning;
}

static void
ends_with_the_separators_that_close_it(void **state)
{
    (void)state;
    const uint8_t *const values[] = {ones, error};
    for (size_t i = 0; i < 2; i++) {
        struct made m = start();
        (void)log_builder_text(&m.b, 0, EVENT_S_CRTM_VERSION, "U-Boot 2024.07");
        close_with(&m, EVENT_SEPARATOR, values[i]);
        parse(&m, "AAAAAA");
        assert_true(m.log && m.log->uboot_fit);
        assert_int_equal(10, m.log->n_events);
        assert_int_equal(6, m.log->tail);
        finish(&m);
    }
}

/* What looks like a whole record is no more the log's than other bytes. */
static void
takes_no_record_from_behind_the_end(void **state)
{
    (void)state;
    struct made m = start();
    (void)log_builder_text(&m.b, 0, EVENT_S_CRTM_VERSION, "U-Boot 2024.07");
    close_with(&m, EVENT_SEPARATOR, ones);
    (void)log_builder_text(&m.b, 8, EVENT_COMPACT_HASH, "linux");
    parse(&m, "");
    assert_int_equal(10, m.log->n_events);
    assert_true(m.log->tail > 0);
    finish(&m);
}

static void
filler_is_no_tail(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 256; value += 0xFF) {
        struct made m = start();
        (void)log_builder_text(&m.b, 0, EVENT_S_CRTM_VERSION, "U-Boot 2024.07");
        close_with(&m, EVENT_SEPARATOR, ones);
        for (int i = 0; i < 40; i++)
            buffer_append_u8(&m.b.log, (uint8_t)value);
        parse(&m, "");
        assert_true(m.log && m.log->uboot_fit);
        assert_int_equal(0, m.log->tail);
        finish(&m);
    }
}

static void
filler_with_something_in_it_is_a_tail(void **state)
{
    (void)state;
    struct made m = start();
    (void)log_builder_text(&m.b, 0, EVENT_S_CRTM_VERSION, "U-Boot 2024.07");
    close_with(&m, EVENT_SEPARATOR, ones);
    buffer_append(&m.b.log, bytes_of(zeros, 4));
    parse(&m, "x");
    assert_int_equal(5, m.log->tail);
    finish(&m);
}

/* Another firmware's log goes on behind such separators, and junk behind it is refused. */
static void
only_uboots_log_ends_there(void **state)
{
    (void)state;
    static const struct {
        uint32_t pcr, type;
        const char *version;
    } firsts[] = {
        {0, EVENT_S_CRTM_VERSION, "EDK II"},
        {0, EVENT_S_CRTM_VERSION, "U-Boot"},
        {0, EVENT_S_CRTM_VERSION, "An U-Boot 2024.07"},
        {1, EVENT_S_CRTM_VERSION, "U-Boot 2024.07"},
        {0, EVENT_IPL, "U-Boot 2024.07"},
    };
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        for (int junk = 0; junk < 2; junk++) {
            struct made m = start();
            (void)log_builder_text(&m.b, firsts[i].pcr, firsts[i].type, firsts[i].version);
            (void)log_builder_text(&m.b, 0, EVENT_S_CRTM_VERSION, "U-Boot 2024.07");
            close_with(&m, EVENT_SEPARATOR, ones);
            (void)log_builder_text(&m.b, 9, EVENT_IPL, "more");
            parse(&m, junk ? "AAAAAA" : "");
            assert_int_equal(junk ? REASON_LOG_MALFORMED : REASON_NONE, m.bad);
            if (m.log)
                assert_true(!m.log->uboot_fit && m.log->tail == 0 && m.log->n_events == 12);
            finish(&m);
        }
    }
}

/* Other values, another type, another order, one left out: the log goes on. */
static void
only_its_own_separators_close_it(void **state)
{
    (void)state;
    for (int what = 0; what < 4; what++) {
        struct made m = start();
        (void)log_builder_text(&m.b, 0, EVENT_S_CRTM_VERSION, "U-Boot 2024.07");
        if (what < 2)
            close_with(&m, what == 0 ? EVENT_SEPARATOR : EVENT_ACTION, what == 0 ? zeros : ones);
        for (uint32_t i = 0; what >= 2 && i < 8; i++) {
            uint32_t pcr = what == 2 ? 7 - i : i;
            if (what == 3 && i == 4)
                (void)log_builder_text(&m.b, 8, EVENT_COMPACT_HASH, "linux");
            (void)log_builder_data(&m.b, pcr, EVENT_SEPARATOR, bytes_of(ones, 4));
        }
        parse(&m, "AAAAAA");
        assert_int_equal(REASON_LOG_MALFORMED, m.bad);
        finish(&m);
    }
}

/* The separators may begin anew: PCR 0's counts as the first of eight. */
static void
begins_anew_with_the_separator_of_pcr_0(void **state)
{
    (void)state;
    struct made m = start();
    (void)log_builder_text(&m.b, 0, EVENT_S_CRTM_VERSION, "U-Boot 2024.07");
    (void)log_builder_data(&m.b, 0, EVENT_SEPARATOR, bytes_of(ones, 4));
    close_with(&m, EVENT_SEPARATOR, ones);
    parse(&m, "AAAAAA");
    assert_true(m.log && m.log->uboot_fit);
    finish(&m);
}

/* An event of a log that is, or is not, of a U-Boot without EFI. */
static struct event_meaning
decode_one(bool uboot, uint32_t pcr, uint32_t type, struct bytes hashed, struct bytes data)
{
    struct made m = start();
    (void)log_builder_text(&m.b, 0, EVENT_S_CRTM_VERSION, uboot ? "U-Boot 2024.07" : "EDK II");
    (void)log_builder_event(&m.b, pcr, type, hashed, data);
    close_with(&m, EVENT_SEPARATOR, ones);
    parse(&m, "");
    struct event_meaning meaning = decode_in(&m);
    finish(&m);
    return meaning; /* kind and flags alone: its views are gone */
}

#define DATA(text) bytes_of(text, sizeof text) /* with its NUL */

static void
knows_kernel_initrd_and_device_tree_by_name(void **state)
{
    (void)state;
    static const struct {
        bool uboot;
        uint32_t pcr, type;
        struct bytes data;
        enum event_kind kind;
    } rows[] = {
        {true, 8, EVENT_COMPACT_HASH, {(const uint8_t *)"linux", 6}, EVENT_KIND_FILE},
        {true, 9, EVENT_COMPACT_HASH, {(const uint8_t *)"initrd", 7}, EVENT_KIND_INITRD},
        {true, 0, EVENT_TABLE_OF_DEVICES, {(const uint8_t *)"dts", 4}, EVENT_KIND_FILE},
        {false, 8, EVENT_COMPACT_HASH, {(const uint8_t *)"linux", 6}, EVENT_KIND_OTHER},
        {false, 9, EVENT_COMPACT_HASH, {(const uint8_t *)"initrd", 7}, EVENT_KIND_OTHER},
        {true, 8, EVENT_COMPACT_HASH, {(const uint8_t *)"linux", 5}, EVENT_KIND_OTHER},
        {true, 8, EVENT_COMPACT_HASH, {(const uint8_t *)"linuxx", 6}, EVENT_KIND_OTHER},
        {true, 8, EVENT_COMPACT_HASH, {(const uint8_t *)"", 0}, EVENT_KIND_OTHER},
        {true, 8, EVENT_COMPACT_HASH, {(const uint8_t *)"linux\0x", 8}, EVENT_KIND_OTHER},
        {true, 8, EVENT_COMPACT_HASH, {(const uint8_t *)"dts", 4}, EVENT_KIND_OTHER},
        {true, 0, EVENT_TABLE_OF_DEVICES, {(const uint8_t *)"linux", 6}, EVENT_KIND_OTHER},
        {true, 8, EVENT_IPL, {(const uint8_t *)"linux", 6}, EVENT_KIND_STRING},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct event_meaning m = decode_one(rows[i].uboot, rows[i].pcr, rows[i].type,
                                            bytes_of_text("content"), rows[i].data);
        if (m.kind != rows[i].kind || m.bound)
            fail_msg("row %zu is %s", i, event_kind_name(m.kind));
    }
}

static void
boot_arguments_are_a_bound_command_line(void **state)
{
    (void)state;
    struct bytes line = DATA("console=ttyS0");
    struct event_meaning m = decode_one(true, 1, EVENT_PLATFORM_CONFIG_FLAGS, line, line);
    assert_true(m.kind == EVENT_KIND_COMMAND_LINE && m.bound);
    m = decode_one(true, 1, EVENT_PLATFORM_CONFIG_FLAGS, bytes_of_text("other"), line);
    assert_true(m.kind == EVENT_KIND_COMMAND_LINE && !m.bound);
    struct bytes two = DATA("a\0b");
    m = decode_one(true, 1, EVENT_PLATFORM_CONFIG_FLAGS, two, two);
    assert_int_equal(EVENT_KIND_OTHER, m.kind);
    m = decode_one(true, 1, EVENT_PLATFORM_CONFIG_FLAGS, bytes_of_text("a"), bytes_of_text("a"));
    assert_int_equal(EVENT_KIND_OTHER, m.kind);
    m = decode_one(true, 3, EVENT_PLATFORM_CONFIG_FLAGS, line, line);
    assert_int_equal(EVENT_KIND_OTHER, m.kind);
    m = decode_one(true, 1, EVENT_TABLE_OF_DEVICES, line, line);
    assert_int_equal(EVENT_KIND_OTHER, m.kind);
    m = decode_one(false, 1, EVENT_PLATFORM_CONFIG_FLAGS, line, line);
    assert_int_equal(EVENT_KIND_OTHER, m.kind);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_with_the_separators_that_close_it),
        cmocka_unit_test(takes_no_record_from_behind_the_end),
        cmocka_unit_test(filler_is_no_tail),
        cmocka_unit_test(filler_with_something_in_it_is_a_tail),
        cmocka_unit_test(only_uboots_log_ends_there),
        cmocka_unit_test(only_its_own_separators_close_it),
        cmocka_unit_test(begins_anew_with_the_separator_of_pcr_0),
        cmocka_unit_test(knows_kernel_initrd_and_device_tree_by_name),
        cmocka_unit_test(boot_arguments_are_a_bound_command_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
