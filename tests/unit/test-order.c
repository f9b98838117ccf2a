/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "evidence/order.h"
#include "tests/lib/replay_round.h"
#include "tests/lib/test.h"

#include <string.h>

#define VARIABLE EVENT_EFI_VARIABLE_DRIVER_CONFIG

static const uint16_t one_bank[] = {ALG_SHA256};
static const uint8_t one = 1;

static void
add_variable(struct round *r, const char *name)
{
    (void)log_builder_variable(&r->b, 7, VARIABLE, name, bytes_of(&one, 1));
}

/* A log of PCR 7 alone and of what else the test puts there; only that is quoted. */
static struct round *
start(void)
{
    return round_start(one_bank, 1);
}

/* Every PCR of 0 to 7 that has no separator gets one; then quote and replay. */
static void
end(struct round *r)
{
    struct digest capped = digest_reset(ALG_SHA256, 0);
    struct digest sum;
    static const uint8_t zero[4];
    assert_status(STATUS_OK, digest_compute(r->h, ALG_SHA256, bytes_of(zero, 4), &sum));
    for (uint32_t pcr = 0; pcr < 8; pcr++) {
        if (digest_equal(&r->b.pcr[0][pcr], &capped))
            (void)log_builder_separator(&r->b, pcr);
    }
    round_quote(r);
}

static void
assert_place(struct round *r, enum reason_code code, uint32_t event)
{
    end(r);
    assert_int_equal(event, round_assert_reason(r, code)->event);
    round_finish(r);
}

/* Threat 24: two SecureBoot variables. */
static void
refuses_a_variable_that_is_measured_twice(void **state)
{
    (void)state;
    struct round *r = start();
    add_variable(r, "SecureBoot");
    add_variable(r, "Vendor");
    (void)log_builder_variable(&r->b, 7, VARIABLE, "Vendor", bytes_of_text("other value"));
    (void)log_builder_separator(&r->b, 7);
    assert_place(r, REASON_LOG_DUPLICATE, 3);
}

/* Threat 24: events after the separator. */
static void
refuses_a_variable_after_the_separator(void **state)
{
    (void)state;
    struct round *r = start();
    (void)log_builder_separator(&r->b, 7);
    add_variable(r, "SecureBoot");
    assert_place(r, REASON_LOG_ORDER, 2);
}

static void
refuses_secure_boot_variables_out_of_order(void **state)
{
    (void)state;
    struct round *r = start();
    add_variable(r, "SecureBoot");
    add_variable(r, "KEK");
    add_variable(r, "Vendor");
    add_variable(r, "PK");
    (void)log_builder_separator(&r->b, 7);
    assert_place(r, REASON_LOG_ORDER, 4);
}

/* Threat 24: authority before the separator. */
static void
refuses_an_authority_before_the_separator_unless_a_driver_needed_it(void **state)
{
    (void)state;
    for (int with_driver = 0; with_driver < 2; with_driver++) {
        struct round *r = start();
        (void)log_builder_variable(&r->b, 7, EVENT_EFI_VARIABLE_AUTHORITY, "db",
                                   bytes_of_text("certificate"));
        (void)log_builder_separator(&r->b, 7);
        if (with_driver)
            (void)log_builder_event(&r->b, 2, EVENT_EFI_BOOT_DRIVER, bytes_of_text("rom"),
                                    bytes_of_text("path"));
        if (with_driver)
            (void)log_builder_separator(&r->b, 2);
        end(r);
        if (with_driver)
            round_assert_no_reason(r);
        else
            assert_int_equal(1, round_assert_reason(r, REASON_LOG_ORDER)->event);
        round_finish(r);
    }
}

static void
refuses_firmware_code_after_the_separator(void **state)
{
    (void)state;
    static const uint32_t pcrs[] = {0, 2, 3};
    for (size_t i = 0; i < 3; i++) {
        struct round *r = start();
        (void)log_builder_separator(&r->b, pcrs[i]);
        (void)log_builder_event(&r->b, pcrs[i], 0x80000008u, bytes_of_text("code"),
                                bytes_of_text("blob"));
        assert_place(r, REASON_LOG_ORDER, 2);
    }
}

static void
refuses_leaving_boot_services_before_the_separator_or_without_invocation(void **state)
{
    (void)state;
    struct round *r = start();
    (void)log_builder_text(&r->b, 5, EVENT_EFI_ACTION, "Exit Boot Services Invocation");
    (void)log_builder_separator(&r->b, 5);
    assert_place(r, REASON_LOG_ORDER, 1);
    r = start();
    (void)log_builder_separator(&r->b, 5);
    (void)log_builder_text(&r->b, 5, EVENT_EFI_ACTION, "Exit Boot Services Returned with Success");
    assert_place(r, REASON_LOG_ORDER, 2);
    r = start();
    (void)log_builder_separator(&r->b, 5);
    (void)log_builder_text(&r->b, 5, EVENT_EFI_ACTION, "Exit Boot Services Returned with Failure");
    (void)log_builder_text(&r->b, 5, EVENT_EFI_ACTION, "Exit Boot Services Invocation");
    (void)log_builder_text(&r->b, 5, EVENT_EFI_ACTION, "Exit Boot Services Returned with Success");
    end(r);
    round_assert_no_reason(r);
    round_finish(r);
}

/* Threat 22. */
static void
refuses_an_actions_digest_under_another_type(void **state)
{
    (void)state;
    struct round *r = start();
    (void)log_builder_separator(&r->b, 4);
    (void)log_builder_event(&r->b, 4, EVENT_EFI_BOOT_APPLICATION,
                            bytes_of_text("Calling EFI Application from Boot Option"),
                            bytes_of_text("path"));
    assert_place(r, REASON_LOG_ORDER, 2);
}

/* Threat 29. */
static void
refuses_no_action_with_a_digest(void **state)
{
    (void)state;
    struct round *r = start();
    (void)log_builder_text(&r->b, 0, EVENT_NO_ACTION, "text");
    r->b.log.data[r->b.log.size - 4 - 4 - 1] = 1; /* last byte of its digest */
    assert_place(r, REASON_LOG_DIGEST, 1);
}

static void
end_commands(const char *command, const char *line, bool is_good)
{
    struct round *r = start();
    if (command)
        (void)log_builder_grub(&r->b, "grub_cmd: ", command);
    if (line)
        (void)log_builder_grub(&r->b, "kernel_cmdline: ", line);
    end(r);
    if (is_good)
        round_assert_no_reason(r);
    else
        assert_int_equal(8, round_assert_reason(r, REASON_LOG_COMMAND_LINE)->pcr);
    round_finish(r);
}

/* Threat 31: both records of a command line agree. */
static void
refuses_a_command_line_without_its_command_and_the_reverse(void **state)
{
    (void)state;
    end_commands("linux /vmlinuz quiet", "/vmlinuz quiet", true);
    end_commands("linuxefi /vmlinuz a b", "/vmlinuz \"a b\"", true);
    end_commands("linux /vmlinuz a\\b", "/vmlinuz ab", true);
    end_commands("set a=b", NULL, true);
    end_commands(NULL, "/vmlinuz quiet", false);
    end_commands("linux /vmlinuz evil", NULL, false);
    end_commands("echo /vmlinuz quiet", "/vmlinuz quiet", false);
}

static void
both_sides_of_a_disagreement_are_named(void **state)
{
    (void)state;
    struct round *r = start();
    (void)log_builder_grub(&r->b, "grub_cmd: ", "linux /vmlinuz quiet");
    (void)log_builder_grub(&r->b, "kernel_cmdline: ", "/vmlinuz quiet evil");
    end(r);
    const struct reason *first = reasons_find(&r->reasons, REASON_LOG_COMMAND_LINE);
    assert_string_equal("linux", first->what);
    assert_string_equal("/vmlinuz quiet", first->found);
    assert_string_equal("kernel_cmdline", first[1].what);
    assert_string_equal("/vmlinuz quiet evil", first[1].found);
    round_finish(r);
}

/* Seen on a real machine: a part of the CRTM that is four zero bytes. */
static void
a_zero_blob_is_a_quirk_and_no_separator(void **state)
{
    (void)state;
    struct round *r = start();
    static const uint8_t zero[4];
    (void)log_builder_event(&r->b, 0, EVENT_S_CRTM_CONTENTS, bytes_of(zero, 4),
                            bytes_of_text("FIT"));
    (void)log_builder_separator(&r->b, 0);
    end(r);
    round_assert_no_reason(r);
    assert_string_equal("zero-blob", reasons_find(&r->reasons, REASON_LOG_QUIRK)->what);
    round_finish(r);
}

/* Seen on a real machine: BootOrder of four zero bytes. */
static void
a_boot_variable_of_four_zero_bytes_is_no_separator(void **state)
{
    (void)state;
    struct round *r = start();
    CLEANUP(buffer_free) struct buffer data = {0};
    static const uint8_t zero[4];
    uint32_t n =
        log_builder_variable(&r->b, 15, EVENT_EFI_VARIABLE_BOOT, "BootOrder", bytes_of(zero, 4));
    struct reasons none = {0};
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    assert_status(STATUS_OK, eventlog_parse(buffer_bytes(&r->b.log), &log, &none));
    buffer_append(&data, log->events[n].data);
    (void)log_builder_event(&r->b, 1, EVENT_EFI_VARIABLE_BOOT, bytes_of(zero, 4),
                            buffer_bytes(&data));
    (void)log_builder_separator(&r->b, 1);
    end(r);
    round_assert_no_reason(r);
    round_finish(r);
}

static enum order_profile
profile_of(const char *version, uint8_t separator)
{
    struct round *r = start();
    const uint8_t bytes[4] = {separator, separator, separator, separator};
    (void)log_builder_text(&r->b, 0, EVENT_S_CRTM_VERSION, version);
    (void)log_builder_data(&r->b, 0, EVENT_SEPARATOR, bytes_of(bytes, 4));
    if (separator != 0) { /* of the others, a majority */
        for (uint32_t pcr = 1; pcr < 8; pcr++)
            (void)log_builder_data(&r->b, pcr, EVENT_SEPARATOR, bytes_of(bytes, 4));
    }
    end(r);
    round_assert_no_reason(r);
    struct order_view v = {.events = replay_event_at(r->replay, 0),
                           .n_events = replay_n_events(r->replay)};
    enum order_profile profile = order_profile(&v);
    round_finish(r);
    return profile;
}

static void
knows_the_platform_by_its_bound_version(void **state)
{
    (void)state;
    assert_int_equal(ORDER_PC, profile_of("EDK II", 0));
    assert_int_equal(ORDER_UBOOT_EFI, profile_of("U-Boot 2023.01", 0));
    assert_int_equal(ORDER_UBOOT_FIT, profile_of("U-Boot 2023.01", 0xFF));
    assert_string_equal("uboot-fit", order_profile_name(ORDER_UBOOT_FIT));
}

/* Threat 24: what may follow a driver in PCR 2 may not follow one elsewhere. */
static void
threat_24_a_driver_outside_of_pcr_2_lets_no_authority_go_before(void **state)
{
    (void)state;
    static const struct row {
        uint32_t type;
        uint32_t pcr;
        bool is_good;
    } rows[] = {
        {EVENT_EFI_RUNTIME_DRIVER, 2, true},
        {EVENT_EFI_BOOT_DRIVER, 4, false},
        {EVENT_EFI_BOOT_APPLICATION, 2, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct round *r = start();
        (void)log_builder_variable(&r->b, 7, EVENT_EFI_VARIABLE_AUTHORITY, "db",
                                   bytes_of_text("certificate"));
        (void)log_builder_separator(&r->b, 7);
        (void)log_builder_event(&r->b, rows[i].pcr, rows[i].type, bytes_of_text("rom"),
                                bytes_of_text("path"));
        (void)log_builder_separator(&r->b, rows[i].pcr);
        end(r);
        assert_int_equal(!rows[i].is_good, reasons_find(&r->reasons, REASON_LOG_ORDER) != NULL);
        round_finish(r);
    }
}

/* Threat 24: a driver in a PCR that the quote does not prove lets nothing go before. */
static void
threat_24_an_unproven_driver_lets_no_authority_go_before(void **state)
{
    (void)state;
    struct round *r = start();
    (void)log_builder_variable(&r->b, 7, EVENT_EFI_VARIABLE_AUTHORITY, "db",
                               bytes_of_text("certificate"));
    (void)log_builder_separator(&r->b, 7);
    (void)log_builder_event(&r->b, 2, EVENT_EFI_BOOT_DRIVER, bytes_of_text("rom"),
                            bytes_of_text("path"));
    (void)log_builder_separator(&r->b, 2);
    end(r);
    round_assert_no_reason(r);
    struct order_view v = {.events = replay_event_at(r->replay, 0),
                           .n_events = replay_n_events(r->replay),
                           .pcrs = 0xffu & ~(1u << 2)};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    order_check(&v, &reasons);
    assert_non_null(reasons_find(&reasons, REASON_LOG_ORDER));
    round_finish(r);
}

/* Threat 24: two variables of one name and two owners are two variables. */
static void
two_owners_may_have_a_variable_of_one_name(void **state)
{
    (void)state;
    struct round *r = start();
    CLEANUP(buffer_free) struct buffer data = {0};
    struct reasons none = {0};
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    add_variable(r, "Vendor");
    assert_status(STATUS_OK, eventlog_parse(buffer_bytes(&r->b.log), &log, &none));
    buffer_append(&data, log->events[1].data);
    data.data[0] ^= 1;
    (void)log_builder_data(&r->b, 7, VARIABLE, buffer_bytes(&data));
    (void)log_builder_separator(&r->b, 7);
    end(r);
    round_assert_no_reason(r);
    round_finish(r);
}

/* Threat 24: success needs an invocation of its own; nothing of it stands before the separator. */
static void
threat_24_each_return_needs_its_invocation_after_the_separator(void **state)
{
    (void)state;
    static const char success[] = "Exit Boot Services Returned with Success";
    struct round *r = start();
    (void)log_builder_separator(&r->b, 5);
    (void)log_builder_text(&r->b, 5, EVENT_EFI_ACTION, "Exit Boot Services Invocation");
    (void)log_builder_text(&r->b, 5, EVENT_EFI_ACTION, success);
    (void)log_builder_text(&r->b, 5, EVENT_EFI_ACTION, success);
    assert_place(r, REASON_LOG_ORDER, 4);
    r = start();
    (void)log_builder_text(&r->b, 5, EVENT_EFI_ACTION, success);
    (void)log_builder_separator(&r->b, 5);
    end(r);
    assert_string_equal("boot services left before the separator",
                        round_assert_reason(r, REASON_LOG_ORDER)->found);
    round_finish(r);
}

/* Threat 31: quotes may differ, and nothing else. */
static void
threat_31_command_lines_differ_in_quotes_only(void **state)
{
    (void)state;
    end_commands("linux /vmlinuz a='b c'", "/vmlinuz a=b c", true);
    static const struct row {
        const char *command;
        const char *line;
    } rows[] = {
        {"linux /vmlinuz quiet", "/vmlinuz quiet evil"},
        {"linux /vmlinuz quiet evil", "/vmlinuz quiet"},
        {"linux /vmlinuz quiet", "/vmlinuz quieT"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct round *r = start();
        (void)log_builder_grub(&r->b, "grub_cmd: ", rows[i].command);
        (void)log_builder_grub(&r->b, "kernel_cmdline: ", rows[i].line);
        end(r);
        assert_non_null(reasons_find(&r->reasons, REASON_LOG_COMMAND_LINE));
        round_finish(r);
    }
}

/* U-Boot's version may be followed by that of another stage, and precede it. */
static void
threat_22_uboots_version_is_one_of_several(void **state)
{
    (void)state;
    static const char *const versions[][2] = {{"U-Boot 2023.01", "BL31 v2.9"},
                                              {"BL2 v2.9", "U-Boot 2023.01"}};
    for (size_t i = 0; i < 2; i++) {
        struct round *r = start();
        (void)log_builder_text(&r->b, 0, EVENT_S_CRTM_VERSION, versions[i][0]);
        (void)log_builder_text(&r->b, 0, EVENT_S_CRTM_VERSION, versions[i][1]);
        end(r);
        assert_int_equal(ORDER_UBOOT_EFI, replay_platform(r->replay));
        round_finish(r);
    }
}

/* The profile decides which rules hold: nothing that could be claimed may choose it. */
static void
threat_22_only_a_bound_version_in_pcr_0_is_uboots(void **state)
{
    (void)state;
    static const char version[] = "U-Boot 2023.01";
    static const struct row {
        uint32_t pcr;
        uint32_t type;
        const char *hashed;
        enum order_profile profile;
    } rows[] = {
        {0, EVENT_S_CRTM_VERSION, version, ORDER_UBOOT_EFI},
        {0, EVENT_S_CRTM_VERSION, "something else", ORDER_PC},
        {0, EVENT_EFI_ACTION, version, ORDER_PC},
        {1, EVENT_S_CRTM_VERSION, version, ORDER_PC},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct round *r = start();
        (void)log_builder_event(&r->b, rows[i].pcr, rows[i].type, bytes_of_text(rows[i].hashed),
                                bytes_of_text(version));
        end(r);
        struct order_view v = {.events = replay_event_at(r->replay, 0),
                               .n_events = replay_n_events(r->replay)};
        assert_int_equal(rows[i].profile, order_profile(&v));
        round_finish(r);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_a_variable_that_is_measured_twice),
        cmocka_unit_test(refuses_a_variable_after_the_separator),
        cmocka_unit_test(refuses_secure_boot_variables_out_of_order),
        cmocka_unit_test(refuses_an_authority_before_the_separator_unless_a_driver_needed_it),
        cmocka_unit_test(refuses_firmware_code_after_the_separator),
        cmocka_unit_test(refuses_leaving_boot_services_before_the_separator_or_without_invocation),
        cmocka_unit_test(refuses_an_actions_digest_under_another_type),
        cmocka_unit_test(refuses_no_action_with_a_digest),
        cmocka_unit_test(refuses_a_command_line_without_its_command_and_the_reverse),
        cmocka_unit_test(both_sides_of_a_disagreement_are_named),
        cmocka_unit_test(a_zero_blob_is_a_quirk_and_no_separator),
        cmocka_unit_test(a_boot_variable_of_four_zero_bytes_is_no_separator),
        cmocka_unit_test(knows_the_platform_by_its_bound_version),
        cmocka_unit_test(threat_24_a_driver_outside_of_pcr_2_lets_no_authority_go_before),
        cmocka_unit_test(threat_24_an_unproven_driver_lets_no_authority_go_before),
        cmocka_unit_test(two_owners_may_have_a_variable_of_one_name),
        cmocka_unit_test(threat_24_each_return_needs_its_invocation_after_the_separator),
        cmocka_unit_test(threat_31_command_lines_differ_in_quotes_only),
        cmocka_unit_test(threat_22_uboots_version_is_one_of_several),
        cmocka_unit_test(threat_22_only_a_bound_version_in_pcr_0_is_uboots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
