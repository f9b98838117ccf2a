/* SPDX-License-Identifier: Apache-2.0 */
/* One real boot and one thing changed: what must then be said, row by row of the threats that a
 * verifier must answer (reference numbers 20 to 33 and 51). The quote stays what the TPM said. */
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"
#include "tests/lib/recorded_boot_json.h"
#include "tests/lib/test.h"

#include <stdlib.h>
#include <string.h>

#define DIGESTS      (2u + 20u + 2u + 32u + 2u + 48u) /* of one event, with their algorithms */
#define AT_TYPE      4u
#define AT_COUNT     8u
#define AT_DIGESTS   12u
#define AT_DATA_SIZE (AT_DIGESTS + DIGESTS)
#define AT_DATA      (AT_DATA_SIZE + 4u)
#define SPEC_ID_DATA 32u

/* The events that the rows change, found by what they are. */
struct places {
    size_t n_events;
    size_t secure_boot; /* offsets in the log */
    size_t next_variable;
    size_t separator_4;
    size_t image;
    size_t file;
    size_t command;
    size_t authority;
};

struct row {
    const char *threat;
    void (*change)(struct round *r, const struct places *p);
    enum reason_code code; /* REASON_NONE: nothing may be said */
    int32_t pcr;           /* REASON_NO_PCR where the reason names none */
};

static void
put_le32(struct round *r, size_t at, uint32_t v)
{
    for (size_t i = 0; i < 4; i++)
        r->b.log.data[at + i] = (uint8_t)(v >> 8 * i);
}

/* Replace n bytes at an offset of the log by others. */
static void
splice(struct round *r, size_t at, size_t n, struct bytes with)
{
    struct buffer out = {0};
    buffer_append(&out, bytes_of(r->b.log.data, at));
    buffer_append(&out, with);
    buffer_append(&out, bytes_of(r->b.log.data + at + n, r->b.log.size - at - n));
    buffer_free(&r->b.log);
    r->b.log = out;
}

static size_t
record_size(const struct round *r, size_t at)
{
    const uint8_t *p = r->b.log.data + at + AT_DATA_SIZE;
    return AT_DATA + ((size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24);
}

static struct buffer
copy_record(const struct round *r, size_t at)
{
    struct buffer copy = {0};
    buffer_append(&copy, bytes_of(r->b.log.data + at, record_size(r, at)));
    return copy;
}

static void
duplicate(struct round *r, size_t at, size_t to)
{
    CLEANUP(buffer_free) struct buffer copy = copy_record(r, at);
    splice(r, to, 0, buffer_bytes(&copy));
}

static void
drop_event(struct round *r, const struct places *p)
{
    splice(r, p->image, record_size(r, p->image), (struct bytes){0});
}

static void
duplicate_event(struct round *r, const struct places *p)
{
    duplicate(r, p->image, p->image);
}

static void
append_after_the_separator(struct round *r, const struct places *p)
{
    duplicate(r, p->secure_boot, r->b.log.size);
}

static void
swap_in_one_pcr(struct round *r, const struct places *p)
{
    CLEANUP(buffer_free) struct buffer first = copy_record(r, p->secure_boot);
    splice(r, p->secure_boot, first.size, (struct bytes){0});
    splice(r, p->secure_boot + record_size(r, p->secure_boot), 0, buffer_bytes(&first));
}

/* Nothing binds the order between PCRs: PCR 9's file before PCR 8's commands is the same evidence.
 */
static void
swap_between_pcrs(struct round *r, const struct places *p)
{
    CLEANUP(buffer_free) struct buffer file = copy_record(r, p->file);
    splice(r, p->file, file.size, (struct bytes){0});
    splice(r, p->command, 0, buffer_bytes(&file));
}

static void
change_a_digest(struct round *r, const struct places *p)
{
    r->b.log.data[p->image + AT_DIGESTS + 2 + 20 + 2] ^= 1;
}

/* In the bank that the TPM's other banks do not vouch for. */
static void
change_a_digest_of_one_bank(struct round *r, const struct places *p)
{
    r->b.log.data[p->image + AT_DIGESTS + 2] ^= 1;
}

static void
change_bound_data(struct round *r, const struct places *p)
{
    r->b.log.data[p->secure_boot + record_size(r, p->secure_boot) - 1] ^= 1;
}

static void
change_a_bound_name(struct round *r, const struct places *p)
{
    r->b.log.data[p->secure_boot + AT_DATA + 32] = 'X';
}

static void
change_unbound_data(struct round *r, const struct places *p)
{
    r->b.log.data[p->file + AT_DATA] = 'X';
    r->b.log.data[p->image + AT_DATA + 40] ^= 0x55;
}

static void
change_a_bound_string(struct round *r, const struct places *p)
{
    r->b.log.data[p->command + AT_DATA + strlen("grub_cmd: ")] ^= 1;
}

static void
rename_a_type(struct round *r, const struct places *p)
{
    put_le32(r, p->separator_4 + AT_TYPE, EVENT_EFI_BOOT_APPLICATION);
}

static void
rename_to_a_separator(struct round *r, const struct places *p)
{
    put_le32(r, p->image + AT_TYPE, EVENT_SEPARATOR);
}

static void
rename_to_no_action(struct round *r, const struct places *p)
{
    put_le32(r, p->image + AT_TYPE, EVENT_NO_ACTION);
}

/* A command passed off as the kernel's command line. */
static void
rename_a_prefix(struct round *r, const struct places *p)
{
    size_t at = p->command + AT_DATA;
    splice(r, at, strlen("grub_cmd: "), bytes_of_text("kernel_cmdline: "));
    put_le32(r, p->command + AT_DATA_SIZE,
             (uint32_t)(record_size(r, p->command) - AT_DATA + strlen("kernel_cmdline: ") -
                        strlen("grub_cmd: ")));
}

static void
name_another_pcr(struct round *r, const struct places *p)
{
    put_le32(r, p->file, 24);
}

static void
move_to_pcr_16(struct round *r, const struct places *p)
{
    put_le32(r, p->file, 16);
}

static void
size_0(struct round *r, const struct places *p)
{
    put_le32(r, p->image + AT_DATA_SIZE, 0);
}

static void
size_max(struct round *r, const struct places *p)
{
    put_le32(r, p->image + AT_DATA_SIZE, UINT32_MAX);
}

static void
size_max_less_one(struct round *r, const struct places *p)
{
    put_le32(r, p->image + AT_DATA_SIZE, UINT32_MAX - 1);
}

static void
size_at_the_limit(struct round *r, const struct places *p)
{
    put_le32(r, p->image + AT_DATA_SIZE, LIMIT_EVENT_DATA);
}

static void
size_over_the_limit(struct round *r, const struct places *p)
{
    put_le32(r, p->image + AT_DATA_SIZE, LIMIT_EVENT_DATA + 1);
}

static void
size_to_the_end_and_one(struct round *r, const struct places *p)
{
    put_le32(r, p->image + AT_DATA_SIZE, (uint32_t)(r->b.log.size - p->image - AT_DATA + 1));
}

static void
digest_count_max(struct round *r, const struct places *p)
{
    put_le32(r, p->image + AT_COUNT, UINT32_MAX);
}

static void
digest_count_0(struct round *r, const struct places *p)
{
    put_le32(r, p->image + AT_COUNT, 0);
}

static void
repeat_an_algorithm(struct round *r, const struct places *p)
{
    r->b.log.data[p->image + AT_DIGESTS + 22] = ALG_SHA1;
}

static void
unlist_an_algorithm(struct round *r, const struct places *p)
{
    r->b.log.data[p->image + AT_DIGESTS] = ALG_SHA512;
}

static void
wrong_algorithm_size(struct round *r, const struct places *p)
{
    (void)p;
    r->b.log.data[SPEC_ID_DATA + 28 + 2] = 24;
}

static void
truncate_the_tail(struct round *r, const struct places *p)
{
    (void)p;
    r->b.log.size -= 1;
}

static void
second_spec_id(struct round *r, const struct places *p)
{
    CLEANUP(buffer_free) struct buffer record = {0};
    static const uint8_t zeros[DIGESTS];
    buffer_append_le32(&record, 0);
    buffer_append_le32(&record, EVENT_NO_ACTION);
    buffer_append_le32(&record, 3);
    buffer_append(&record, bytes_of(r->b.log.data + p->image + AT_DIGESTS, DIGESTS));
    (void)zeros;
    buffer_append_le32(&record, 16);
    buffer_append(&record, bytes_of("Spec ID Event03", 16));
    splice(r, p->image, 0, buffer_bytes(&record));
}

static void
insert_locality(struct round *r, size_t at, uint8_t locality, bool with_digest)
{
    CLEANUP(buffer_free) struct buffer record = {0};
    buffer_append_le32(&record, 0);
    buffer_append_le32(&record, EVENT_NO_ACTION);
    buffer_append_le32(&record, 1);
    buffer_append_le16(&record, ALG_SHA1);
    for (size_t i = 0; i < 20; i++)
        buffer_append_u8(&record, with_digest);
    buffer_append_le32(&record, 17);
    buffer_append(&record, bytes_of("StartupLocality", 16));
    buffer_append_u8(&record, locality);
    splice(r, at, 0, buffer_bytes(&record));
}

static size_t
first_record(const struct round *r)
{
    return 32 + (size_t)r->b.log.data[28];
}

static void
forge_locality(struct round *r, const struct places *p)
{
    (void)p;
    insert_locality(r, first_record(r), 3, false);
}

static void
late_locality(struct round *r, const struct places *p)
{
    insert_locality(r, p->image, 0, false);
}

static void
locality_with_digest(struct round *r, const struct places *p)
{
    (void)p;
    insert_locality(r, first_record(r), 0, true);
}

static void
ima_longer(struct round *r, const struct places *p)
{
    (void)p;
    struct digest at_quote = r->b.pcr[1][10];
    log_builder_ima(&r->b, "/usr/bin/later", "later");
    r->b.pcr[1][10] = at_quote;
}

/* The TPM holds what the list then gives. */
static void
take_ima_pcr(struct round *r)
{
    for (size_t bank = 0; bank < 3; bank++)
        r->q.pcr[bank][10] = r->b.pcr[bank][10];
}

static void
ima_shorter(struct round *r, const struct places *p)
{
    (void)p;
    struct ima_reader reader;
    struct ima_entry e;
    size_t last = 0;
    assert_status(STATUS_OK, ima_open(buffer_bytes(&r->b.ima), 0, &reader, NULL));
    while (reader.offset < r->b.ima.size) {
        last = reader.offset;
        assert_status(STATUS_OK, ima_next(&reader, NULL, &e, NULL));
    }
    r->b.ima.size = last;
}

static void
ima_changed_digest(struct round *r, const struct places *p)
{
    (void)p;
    r->b.ima.data[4] ^= 1; /* the first template digest */
}

/* In the data of entry 1: the file's digest. SHA-1 of the list no longer covers it. */
static void
ima_changed_data(struct round *r, const struct places *p)
{
    (void)p;
    struct ima_reader reader;
    struct ima_entry e;
    assert_status(STATUS_OK, ima_open(buffer_bytes(&r->b.ima), 0, &reader, NULL));
    assert_status(STATUS_OK, ima_next(&reader, NULL, &e, NULL));
    assert_status(STATUS_OK, ima_next(&reader, NULL, &e, NULL));
    r->b.ima.data[(size_t)(e.file_digest.data - r->b.ima.data)] ^= 1;
}

/* An entry made with all that the TPM was told of it. */
static void
ima_violated(struct round *r, const struct places *p)
{
    (void)p;
    log_builder_ima_violation(&r->b, "/var/log/messages");
    take_ima_pcr(r);
}

static void
ima_unknown_template(struct round *r, const struct places *p)
{
    (void)p;
    log_builder_ima_raw(&r->b, "own-template", bytes_of_text("data"), NULL);
    take_ima_pcr(r);
}

/* Its PCR 11 is not extended: what it says is nobody's. */
static void
ima_of_another_pcr(struct round *r, const struct places *p)
{
    (void)p;
    size_t at = r->b.ima.size;
    struct digest before[3] = {r->b.pcr[0][10], r->b.pcr[1][10], r->b.pcr[2][10]};
    log_builder_ima(&r->b, "/usr/bin/later", "later");
    r->b.ima.data[at] = 11;
    for (size_t bank = 0; bank < 3; bank++)
        r->b.pcr[bank][10] = before[bank];
    log_builder_ima(&r->b, "/usr/bin/last", "last");
    take_ima_pcr(r);
}

static void
ima_tail_cut(struct round *r, const struct places *p)
{
    (void)p;
    r->b.ima.size -= 5;
}

static void
ima_unanchored(struct round *r, const struct places *p)
{
    (void)p;
    for (size_t bank = 0; bank < 3; bank++)
        r->q.pcr[bank][10] = eventlog_reset(r->b.banks[bank], 10);
}

/* The TPM says PCR 4 is another than boot_aggregate was made of: a boot log of now, a list of then.
 */
static void
ima_of_another_boot(struct round *r, const struct places *p)
{
    (void)p;
    for (size_t bank = 0; bank < 3; bank++) {
        struct digest *pcr = &r->q.pcr[bank][8];
        struct bytes text = bytes_of_text("grub_cmd of another boot");
        struct digest d;
        assert_status(STATUS_OK, digest_compute(r->h, pcr->alg, text, &d));
        assert_status(STATUS_OK, digest_extend(r->h, pcr, digest_bytes(&d)));
    }
    struct buffer log = r->b.log;
    r->b.log = (struct buffer){0};
    (void)log_builder_event(&r->b, 8, EVENT_IPL, bytes_of_text("grub_cmd of another boot"),
                            bytes_of_text("grub_cmd of another boot"));
    buffer_append(&log, buffer_bytes(&r->b.log));
    buffer_free(&r->b.log);
    r->b.log = log;
}

static void
bank_untouched(struct round *r, const struct places *p)
{
    (void)p;
    for (uint32_t pcr = 0; pcr < 16; pcr++) {
        if (pcr != IMA_PCR) /* the kernel extends every bank */
            r->q.pcr[0][pcr] = eventlog_reset(ALG_SHA1, pcr);
    }
}

static const struct row rows[] = {
    {"unchanged", NULL, REASON_NONE, REASON_NO_PCR},
    {"20: a bank that the firmware left alone", bank_untouched, REASON_LOG_BANK_UNCAPPED,
     REASON_NO_PCR},
    {"22: separator renamed", rename_a_type, REASON_LOG_SEPARATOR, 4},
    {"22: image renamed to a separator", rename_to_a_separator, REASON_LOG_SEPARATOR, 4},
    {"22: event dropped", drop_event, REASON_LOG_PCR_MISMATCH, 4},
    {"22: event duplicated", duplicate_event, REASON_LOG_PCR_MISMATCH, 4},
    {"22: events swapped in one PCR", swap_in_one_pcr, REASON_LOG_PCR_MISMATCH, 7},
    {"22: events swapped between PCRs", swap_between_pcrs, REASON_NONE, REASON_NO_PCR},
    {"22: digest changed", change_a_digest, REASON_LOG_PCR_MISMATCH, 4},
    {"23: bound value changed", change_bound_data, REASON_LOG_DIGEST, 7},
    {"23: bound name changed", change_a_bound_name, REASON_LOG_DIGEST, 7},
    {"23: unbound data changed", change_unbound_data, REASON_NONE, REASON_NO_PCR},
    {"24: second SecureBoot after the separator", append_after_the_separator,
     REASON_LOG_PCR_MISMATCH, 7},
    {"26: PCR 24", name_another_pcr, REASON_LOG_PCR_RANGE, REASON_NO_PCR},
    {"26: data size 0", size_0, REASON_LOG_ALGORITHM, REASON_NO_PCR},
    {"26: data size 2^32-1", size_max, REASON_LOG_LIMIT, REASON_NO_PCR},
    {"26: data size 2^32-2", size_max_less_one, REASON_LOG_LIMIT, REASON_NO_PCR},
    {"26: data size at the limit", size_at_the_limit, REASON_LOG_MALFORMED, REASON_NO_PCR},
    {"26: data size one over the limit", size_over_the_limit, REASON_LOG_LIMIT, REASON_NO_PCR},
    {"26: data one byte over the end", size_to_the_end_and_one, REASON_LOG_MALFORMED,
     REASON_NO_PCR},
    {"26: digest count 2^32-1", digest_count_max, REASON_LOG_ALGORITHM, REASON_NO_PCR},
    {"26: digest count 0", digest_count_0, REASON_LOG_MALFORMED, REASON_NO_PCR},
    {"26: tail cut", truncate_the_tail, REASON_LOG_MALFORMED, REASON_NO_PCR},
    {"27: algorithm repeated", repeat_an_algorithm, REASON_LOG_ALGORITHM, REASON_NO_PCR},
    {"27: algorithm not listed", unlist_an_algorithm, REASON_LOG_ALGORITHM, REASON_NO_PCR},
    {"27: algorithm of wrong size", wrong_algorithm_size, REASON_LOG_ALGORITHM, REASON_NO_PCR},
    {"27: second Spec ID event", second_spec_id, REASON_LOG_MALFORMED, REASON_NO_PCR},
    {"28: one bank differs", change_a_digest_of_one_bank, REASON_LOG_PCR_MISMATCH, 4},
    {"28: event moved to a PCR that is not quoted", move_to_pcr_16, REASON_LOG_PCR_MISMATCH, 9},
    {"29: event renamed to EV_NO_ACTION", rename_to_no_action, REASON_LOG_PCR_MISMATCH, 4},
    {"29: StartupLocality forged", forge_locality, REASON_LOG_PCR_MISMATCH, 0},
    {"29: StartupLocality after PCR 0 was extended", late_locality, REASON_LOG_LOCALITY,
     REASON_NO_PCR},
    {"29: EV_NO_ACTION with a digest", locality_with_digest, REASON_LOG_DIGEST, 0},
    {"31: prefix renamed", rename_a_prefix, REASON_LOG_COMMAND_LINE, 8},
    {"32: list longer than the quote", ima_longer, REASON_NONE, REASON_NO_PCR},
    {"33: list shorter than the quote", ima_shorter, REASON_IMA_MISMATCH, 10},
    {"33: template digest changed", ima_changed_digest, REASON_IMA_MISMATCH, 10},
    {"33: template data changed", ima_changed_data, REASON_IMA_MISMATCH, 10},
    {"33: boot_aggregate of another boot", ima_of_another_boot, REASON_IMA_AGGREGATE, 10},
    {"33: violation", ima_violated, REASON_IMA_VIOLATION, 10},
    {"33: unknown template", ima_unknown_template, REASON_IMA_TEMPLATE, 10},
    {"33: entry of another PCR", ima_of_another_pcr, REASON_IMA_PCR, 10},
    {"33: list cut inside an entry", ima_tail_cut, REASON_IMA_MALFORMED, 10},
    {"51: list that PCR 10 does not carry", ima_unanchored, REASON_IMA_NOT_ANCHORED, 10},
};

static bool
is_named(struct bytes data, const char *name)
{
    size_t n = strlen(name);
    struct bytes at = bytes_slice(data, 32, 2 * n);
    for (size_t i = 0; i < n; i++) {
        if (at.size != 2 * n || at.data[2 * i] != (uint8_t)name[i])
            return false;
    }
    return true;
}

static void
find_places(const struct round *r, struct places *p)
{
    struct reasons none = {0};
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    assert_status(STATUS_OK, eventlog_parse(buffer_bytes(&r->b.log), &log, &none));
    assert_non_null(log);
    p->n_events = log->n_events;
    for (size_t i = 0; i < log->n_events; i++) {
        const struct event *e = &log->events[i];
        if (e->type == EVENT_EFI_VARIABLE_DRIVER_CONFIG && is_named(e->data, "SecureBoot"))
            p->secure_boot = e->offset;
        if (e->pcr == 4 && e->type == EVENT_SEPARATOR)
            p->separator_4 = e->offset;
        if (e->pcr == 4 && e->type == EVENT_EFI_BOOT_APPLICATION && !p->image)
            p->image = e->offset;
        if (e->pcr == 8 && !p->command)
            p->command = e->offset;
        if (e->pcr == 9 && !p->file)
            p->file = e->offset;
    }
    assert_true(p->secure_boot && p->separator_4 && p->image && p->command && p->file);
}

static void
try_row(const struct row *row)
{
    struct recorded_boot boot = {"tests/vectors/boots/secure", "boot-log", "ima", test_source};
    struct round *r = recorded_boot_load(&boot);
    struct places p = {0};
    r->b.is_padded[2] = true; /* the recorded kernel had no SHA-384 */
    find_places(r, &p);
    if (row->change)
        row->change(r, &p);
    round_replay(r);
    print_message("  %s\n", row->threat);
    if (row->code == REASON_NONE)
        round_assert_no_reason(r);
    else
        assert_int_equal(row->pcr, round_assert_reason(r, row->code)->pcr);
    round_finish(r);
}

static void
each_change_gives_its_one_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        try_row(&rows[i]);
}

/* Threat 31: the string no longer binds, so no rule can read it. */
static void
a_changed_string_is_bound_no_more(void **state)
{
    (void)state;
    struct recorded_boot boot = {"tests/vectors/boots/secure", "boot-log", "ima", test_source};
    struct round *r = recorded_boot_load(&boot);
    struct places p = {0};
    find_places(r, &p);
    change_a_bound_string(r, &p);
    round_replay(r);
    assert_false(round_find(r, EVENT_KIND_COMMAND)->meaning.bound);
    round_finish(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_gives_its_one_reason),
        cmocka_unit_test(a_changed_string_is_bound_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
