/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/profile.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/test.h"

#include <jansson.h>
#include <string.h>

static struct appraise_case *c;
static struct subject_pcrs pcrs;

static int
start(void **state)
{
    (void)state;
    c = appraise_case_new();
    appraise_case_boot(c);
    return 0;
}

static int
finish(void **state)
{
    (void)state;
    appraise_case_free(c);
    return 0;
}

/* What a test says of the values that the TPM gives. */
static uint16_t pcrs_alg = ALG_SHA256;
static uint32_t pcrs_present = 0xFFFF;

static enum status
make(const struct profile_options *options, struct reasons *reasons, struct buffer *out,
     struct diag *diag)
{
    pcrs = (struct subject_pcrs){.alg = pcrs_alg, .present = pcrs_present};
    memcpy(pcrs.pcr, c->log.pcr[0], sizeof pcrs.pcr);
    const struct profile_source source = {
        .boot_log = buffer_bytes(&c->log.log), .ima = buffer_bytes(&c->log.ima), .pcrs = &pcrs};
    return profile_from_log(c->h, &source, options, reasons, out, diag);
}

/* "PCR:role" of each component, counts behind. */
static void
list_components(const struct buffer *text, struct buffer *out)
{
    json_auto_t *d = json_loadb((const char *)text->data, text->size, 0, NULL);
    const json_t *list = json_object_get(d, "components");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const json_t *count = json_object_get(item, "count");
        buffer_append_format(out, "%s%jd:%s", i > 0 ? " " : "",
                             (intmax_t)json_integer_value(json_object_get(item, "pcr")),
                             json_string_value(json_object_get(item, "role")));
        if (count)
            buffer_append_format(out, "*%jd",
                                 (intmax_t)json_integer_value(json_array_get(count, 1)));
    }
}

static void
names_each_event_of_a_boot(void **state)
{
    (void)state;
    const struct profile_options options = {.id = "boot", .version = 3};
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(buffer_free) struct buffer list = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    assert_status(STATUS_OK, make(&options, &reasons, &text, NULL));
    list_components(&text, &list);
    assert_string_equal(
        "0:firmware-version 0:firmware 0:firmware 2:driver 7:secure-boot:SecureBoot "
        "7:secure-boot:PK 7:secure-boot:KEK 7:secure-boot:db 7:secure-boot:dbx "
        "7:secure-boot-authority:db 4:shim 14:shim:MokList 4:grub 8:grub-command 9:kernel "
        "4:kernel*2 8:command-line 9:initrd",
        buffer_text(&list));
}

static void
counts_repeated_events_of_one_pcr_only(void **state)
{
    (void)state;
    const struct profile_options options = {.id = "boot", .version = 3, .pcrs = 1u << 4 | 1u << 9};
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(buffer_free) struct buffer list = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    c->changes[0] = (struct appraise_case_change){"kernel-file", APPRAISE_HASHED, "kernel"};
    appraise_case_reboot(c);
    assert_status(STATUS_OK, make(&options, &reasons, &text, NULL));
    list_components(&text, &list);
    assert_string_equal("4:shim 4:grub 9:kernel 4:kernel*2 9:initrd", buffer_text(&list));
}

static void
writes_what_the_parser_takes(void **state)
{
    (void)state;
    const struct profile_options options = {.id = "boot",
                                            .version = 3,
                                            .description = "From a test.",
                                            .generation = "2026-11",
                                            .files = true};
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(document_freep) struct document *d = NULL;
    assert_status(STATUS_OK, make(&options, &reasons, &text, NULL));
    assert_status(STATUS_OK, document_parse(c->h, buffer_bytes(&text), &d, NULL));
    assert_string_equal("boot", document_info(d)->id);
    assert_int_equal(3, document_info(d)->version);
    assert_string_equal("From a test.", document_info(d)->description);
}

static void
marks_the_environment_block_as_volatile(void **state)
{
    (void)state;
    (void)log_builder_event(&c->log, 9, EVENT_IPL, bytes_of_text("saved_entry=0"),
                            bytes_of("(hd0,gpt1)/grub/grubenv", 24));
    const struct profile_options options = {.id = "boot", .version = 1};
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    assert_status(STATUS_OK, make(&options, &reasons, &text, NULL));
    const char *at = strstr(buffer_text(&text), "grub-file:(hd0,gpt1)/grub/grubenv");
    assert_non_null(at);
    assert_non_null(strstr(at, "\"any\": true"));
}

static void
lists_each_file_once_and_no_aggregate(void **state)
{
    (void)state;
    log_builder_ima(&c->log, "/usr/bin/other-name", "sh");
    log_builder_ima_violation(&c->log, "/var/log/messages");
    const struct profile_options options = {.id = "boot", .version = 1, .files = true};
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    assert_status(STATUS_OK, make(&options, &reasons, &text, NULL));
    json_auto_t *d = json_loadb((const char *)text.data, text.size, 0, NULL);
    assert_int_equal(2, json_array_size(json_object_get(d, "files")));
}

/* One that a bank has no digest of, and one that every bank has: two events. [PFP 1.06 10.2.2] */
static void
takes_events_with_other_banks_for_two(void **state)
{
    (void)state;
    static const uint16_t banks[] = {ALG_SHA256, ALG_SHA384};
    const struct profile_options options = {.id = "boot", .version = 1, .pcrs = 1u << 4};
    struct digest d;
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(buffer_free) struct buffer list = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    log_builder_free(&c->log);
    log_builder_init(&c->log, c->h, banks, 2);
    for (uint32_t pcr = 0; pcr < 8; pcr++)
        (void)log_builder_separator(&c->log, pcr);
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text("app"), &d));
    buffer_append_le32(&c->log.log, 4);
    buffer_append_le32(&c->log.log, EVENT_EFI_BOOT_APPLICATION);
    buffer_append_le32(&c->log.log, 1);
    buffer_append_le16(&c->log.log, ALG_SHA256);
    buffer_append(&c->log.log, digest_bytes(&d));
    buffer_append_le32(&c->log.log, 0);
    log_builder_extend(&c->log, 4, bytes_of_text("app"));
    for (unsigned i = 0; i < 2; i++)
        (void)log_builder_event(&c->log, 4, EVENT_EFI_BOOT_APPLICATION, bytes_of_text("app"),
                                (struct bytes){0});
    assert_status(STATUS_OK, make(&options, &reasons, &text, NULL));
    list_components(&text, &list);
    assert_string_equal("4:kernel 4:kernel*2", buffer_text(&list));
}

/* Nothing was measured in PCR 5 but it is asked for, and it is not what nothing leaves. */
static void
proves_a_pcr_without_events_that_is_asked_for(void **state)
{
    (void)state;
    const struct profile_options options = {.id = "boot", .version = 1, .pcrs = 1u << 4 | 1u << 12};
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    log_builder_extend(&c->log, 12, bytes_of_text("x"));
    assert_status(STATUS_OK, make(&options, &reasons, &text, NULL));
    assert_int_equal(1, reasons.n_items);
    assert_int_equal(REASON_LOG_PCR_MISMATCH, reasons.items[0].code);
    assert_int_equal(12, reasons.items[0].pcr);
}

static void
takes_no_event_that_the_pcrs_do_not_prove(void **state)
{
    (void)state;
    const struct profile_options options = {.id = "boot", .version = 1, .files = true};
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(reasons_free) struct reasons ima = {0};
    c->log.pcr[0][4].data[0] ^= 1;
    assert_status(STATUS_OK, make(&options, &reasons, &text, NULL));
    assert_int_equal(0, text.size);
    assert_int_equal(1, reasons.n_items);
    assert_int_equal(REASON_LOG_PCR_MISMATCH, reasons.items[0].code);
    assert_int_equal(4, reasons.items[0].pcr);
    c->log.pcr[0][4].data[0] ^= 1;
    c->log.pcr[0][10].data[0] ^= 1;
    assert_status(STATUS_OK, make(&options, &ima, &text, NULL));
    assert_int_equal(0, text.size);
    assert_int_equal(1, ima.n_items);
    assert_int_equal(REASON_IMA_MISMATCH, ima.items[0].code);
}

static void
says_that_a_log_is_bad(void **state)
{
    (void)state;
    const struct profile_options options = {.id = "boot", .version = 1};
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    c->log.log.size -= 3;
    assert_status(STATUS_OK, make(&options, &reasons, &text, NULL));
    assert_int_equal(0, text.size);
    assert_non_null(reasons_find(&reasons, REASON_LOG_MALFORMED));
}

static void
takes_the_pcrs_that_are_asked_for(void **state)
{
    (void)state;
    const struct profile_options options = {.id = "boot", .version = 1, .pcrs = 1u << 14 | 1u << 9};
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(buffer_free) struct buffer list = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    assert_status(STATUS_OK, make(&options, &reasons, &text, NULL));
    list_components(&text, &list);
    assert_string_equal("14:shim:MokList 9:kernel 9:initrd", buffer_text(&list));
}

static void
refuses_what_makes_no_set(void **state)
{
    (void)state;
    static const struct profile_options bad[] = {
        {.id = "Not a name", .version = 1},
        {.id = "boot", .version = 0},
        {.id = "boot", .version = 1, .pcrs = 1u << 10},
        {.id = "boot", .version = 1, .pcrs = 1u << 16},
        {.id = "boot", .version = 1, .pcrs = 1u << 12},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        CLEANUP(reasons_free) struct reasons reasons = {0};
        struct diag diag = {0};
        assert_status(STATUS_INVALID, make(&bad[i], &reasons, &text, &diag));
        assert_string_not_equal("", diag.text);
        assert_int_equal(0, text.size);
    }
}

static void
refuses_values_that_are_not_given(void **state)
{
    (void)state;
    static const struct row {
        uint16_t alg;
        uint32_t present;
        const char *says;
    } rows[] = {
        {ALG_SHA384, 0xFFFF, "the log has no sha384 bank"},
        {ALG_SHA256, 0xFFFF & ~(1u << 4), "the value of PCR 4 is not given"},
        {ALG_SHA256, 0xFFFF & ~(1u << 10), "the value of PCR 10 is not given"},
    };
    const struct profile_options options = {.id = "boot", .version = 1, .files = true};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        CLEANUP(reasons_free) struct reasons reasons = {0};
        struct diag diag = {0};
        pcrs_alg = rows[i].alg;
        pcrs_present = rows[i].present;
        enum status s = make(&options, &reasons, &text, &diag);
        pcrs_alg = ALG_SHA256;
        pcrs_present = 0xFFFF;
        assert_status(STATUS_INVALID, s);
        assert_string_equal(rows[i].says, diag.text);
    }
}

static void
makes_the_same_of_a_proven_replay(void **state)
{
    (void)state;
    const struct profile_options options = {.id = "boot", .version = 1, .files = true};
    CLEANUP(buffer_free) struct buffer from_log = {0};
    CLEANUP(buffer_free) struct buffer from_replay = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    appraise_case_documents(c);
    appraise_case_run(c);
    assert_status(STATUS_OK, make(&options, &reasons, &from_log, NULL));
    assert_status(STATUS_OK, profile_from_replay(c->replay, quote_selection(c->quote), &options,
                                                 &from_replay, NULL));
    assert_string_equal(buffer_text(&from_log), buffer_text(&from_replay));
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)
    const struct CMUnitTest tests[] = {
        CASE(names_each_event_of_a_boot),
        CASE(counts_repeated_events_of_one_pcr_only),
        CASE(writes_what_the_parser_takes),
        CASE(marks_the_environment_block_as_volatile),
        CASE(lists_each_file_once_and_no_aggregate),
        CASE(takes_events_with_other_banks_for_two),
        CASE(proves_a_pcr_without_events_that_is_asked_for),
        CASE(takes_no_event_that_the_pcrs_do_not_prove),
        CASE(says_that_a_log_is_bad),
        CASE(takes_the_pcrs_that_are_asked_for),
        CASE(refuses_what_makes_no_set),
        CASE(refuses_values_that_are_not_given),
        CASE(makes_the_same_of_a_proven_replay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
