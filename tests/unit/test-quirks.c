/* SPDX-License-Identifier: Apache-2.0 */
/* Every quirk by name: a boot that needs it is trusted and the result says so; where policy denies
 * it, exactly that is the reason. [threats 30] */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/boot_case.h"
#include "tests/lib/log_edit.h"
#include "tests/lib/test.h"

#define AT(...) ((struct log_edit_place){__VA_ARGS__})
#define ALL     "\"boot\":{\"references\":[\"approved\"]"

struct row {
    enum event_quirk quirk;
    const char *boot;
    void (*change)(struct buffer *log); /* what the TPM saw too, and the set knows */
    void (*edit)(struct buffer *log);   /* what only the log has */
    enum reason_code fact, reason;
};

static const uint8_t zero[4];

/* shim's data have one byte more than it hashed. */
static void
lengthen_authority(struct buffer *log)
{
    CLEANUP(buffer_free) struct buffer data = {0};
    struct reasons none = {0};
    CLEANUP(eventlog_freep) struct eventlog *parsed = NULL;
    assert_status(STATUS_OK, eventlog_parse(buffer_bytes(log), &parsed, &none));
    for (size_t i = 0; i < parsed->n_events && data.size == 0; i++) {
        if (parsed->events[i].type == EVENT_EFI_VARIABLE_AUTHORITY)
            buffer_append(&data, parsed->events[i].data);
    }
    buffer_append_u8(&data, 0);
    log_edit_set_data(log, AT(7, EVENT_EFI_VARIABLE_AUTHORITY, 0), buffer_bytes(&data));
}

static void
hash_a_name_with_its_nul(struct buffer *log)
{
    log_edit_content(log, AT(14, EVENT_IPL, 0), bytes_of("MokList", 7));
}

static void
hash_tagged_content(struct buffer *log)
{
    log_edit_content(log, AT(9, EVENT_TAG, 0), bytes_of_text("text"));
    log_edit_set_data(log, AT(9, EVENT_TAG, 0), bytes_of("\1\2\3\4\4\0\0\0text", 12));
}

static void
measure_a_zero_blob(struct buffer *log)
{
    log_edit_content(log, AT(0, EVENT_S_CRTM_VERSION, 0), bytes_of(zero, sizeof zero));
    log_edit_type(log, AT(0, EVENT_S_CRTM_VERSION, 0), EVENT_S_CRTM_CONTENTS);
}

/* Where one table stands, hashed as that. */
static void
measure_pointers(struct buffer *log)
{
    static const uint8_t pointers[32] = {1, 0, 0, 0, 0, 0, 0, 0, 0x31, 0x2d};
    log_edit_content(log, AT(1, EVENT_EFI_VARIABLE_BOOT, 0), bytes_of(pointers, sizeof pointers));
    log_edit_set_data(log, AT(1, EVENT_EFI_VARIABLE_BOOT, 0), bytes_of(pointers, sizeof pointers));
    log_edit_type(log, AT(1, EVENT_EFI_VARIABLE_BOOT, 0), EVENT_EFI_HANDOFF_TABLES);
}

static void
leave_bytes_in_the_region(struct buffer *log)
{
    log_edit_append(log, AT(8, EVENT_COMPACT_HASH, 0));
}

static void
append_final_events(struct buffer *log)
{
    log_edit_append(log, AT(5, EVENT_EFI_ACTION, 0));
    log_edit_append(log, AT(5, EVENT_EFI_ACTION, 1));
}

static const struct row rows[] = {
    {EVENT_QUIRK_SHIM_EXTRA_BYTE, "secure", NULL, lengthen_authority, REASON_LOG_QUIRK,
     REASON_LOG_DIGEST},
    {EVENT_QUIRK_STRING_PREFIX, "plain", NULL, NULL, REASON_LOG_QUIRK, REASON_LOG_DIGEST},
    {EVENT_QUIRK_STRING_NUL, "secure", hash_a_name_with_its_nul, NULL, REASON_LOG_QUIRK,
     REASON_LOG_DIGEST},
    {EVENT_QUIRK_STRING_UTF16, "uki", NULL, NULL, REASON_LOG_QUIRK, REASON_LOG_DIGEST},
    {EVENT_QUIRK_VARIABLE_VALUE, "plain", NULL, NULL, REASON_LOG_QUIRK, REASON_LOG_DIGEST},
    {EVENT_QUIRK_TAG_CONTENT, "uki", hash_tagged_content, NULL, REASON_LOG_QUIRK,
     REASON_LOG_DIGEST},
    {EVENT_QUIRK_ZERO_BLOB, "plain", measure_a_zero_blob, NULL, REASON_LOG_QUIRK,
     REASON_LOG_DIGEST},
    {EVENT_QUIRK_HANDOFF_TABLES, "plain", measure_pointers, NULL, REASON_LOG_QUIRK,
     REASON_LOG_DIGEST},
    {EVENT_QUIRK_REGION_TAIL, "uboot-fit", NULL, leave_bytes_in_the_region, REASON_LOG_QUIRK,
     REASON_LOG_QUIRK_DENIED},
    {EVENT_QUIRK_FINAL_OVERLAP, "secure", NULL, append_final_events, REASON_LOG_MEASURED_TWICE,
     REASON_LOG_QUIRK_DENIED},
};

static const struct reason *
find(const struct reasons *list, enum reason_code code, enum event_quirk quirk)
{
    for (size_t i = 0; i < list->n_items; i++) {
        const struct reason *r = &list->items[i];
        if (r->code == code && text_equal(r->what, event_quirk_name(quirk)))
            return r;
    }
    return NULL;
}

static struct appraise_case *
start(const struct row *row, struct buffer *log)
{
    struct appraise_case *c = boot_case_start(boot_case_find(row->boot), row->change, log);
    if (row->edit)
        row->edit(log);
    return c;
}

static void
is_told(const struct row *row)
{
    CLEANUP(buffer_free) struct buffer log = {0};
    struct appraise_case *c = start(row, &log);
    boot_case_run(c, &log);
    if (appraise_case_perspective(c)->verdict != VERDICT_TRUSTED ||
        !find(appraisal_facts(c->appraisal), row->fact, row->quirk)) {
        boot_case_print(c);
        fail_msg("%s is not told", event_quirk_name(row->quirk));
    }
    appraise_case_free(c);
}

/* Denied, the round has this one reason, and no other quirk's name stands in it. */
static void
is_denied(const struct row *row)
{
    CLEANUP(buffer_free) struct buffer log = {0};
    CLEANUP(buffer_free) struct buffer deny = {0};
    struct appraise_case *c = start(row, &log);
    buffer_append_format(&deny, "\"quirks\":{\"deny\":[\"%s\"]}," ALL,
                         event_quirk_name(row->quirk));
    appraise_case_edit(c, APPRAISE_CASE_POLICY, ALL, buffer_text(&deny));
    boot_case_run(c, &log);
    const struct reasons *all = &appraise_case_perspective(c)->reasons;
    const struct reason *r = find(all, row->reason, row->quirk);
    bool only = r != NULL;
    for (size_t i = 0; i < all->n_items; i++)
        only = only && all->items[i].code == row->reason && text_equal(all->items[i].what, r->what);
    if (!only || appraise_case_perspective(c)->verdict == VERDICT_TRUSTED) {
        boot_case_print(c);
        fail_msg("%s is not denied", event_quirk_name(row->quirk));
    }
    appraise_case_free(c);
}

static void
every_quirk_is_told_and_can_be_denied(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        is_told(&rows[i]);
        is_denied(&rows[i]);
    }
}

static void
every_quirk_has_its_row(void **state)
{
    (void)state;
    assert_int_equal(EVENT_QUIRK_COUNT - 1, sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(i + 1, rows[i].quirk);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_quirk_has_its_row),
        cmocka_unit_test(every_quirk_is_told_and_can_be_denied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
