/* SPDX-License-Identifier: Apache-2.0 */
/* Changes to the logs and to what the TPM holds: reasons of replay. */
#include "base/cleanup.h"
#include "base/limits.h"
#include "tests/lib/test.h"
#include "tests/mutation/mutation.h"

#include <stdlib.h>
#include <string.h>

/* Boot with one change, the documents as they are. */
static void
boot_with(struct appraise_case *c, const char *step, enum appraise_change change, const char *with)
{
    c->changes[0] = (struct appraise_case_change){step, change, with};
    appraise_case_reboot(c);
}

/* Boot with one change that the documents know. */
static void
approve_with(struct appraise_case *c, const char *step, enum appraise_change change,
             const char *with)
{
    boot_with(c, step, change, with);
    appraise_case_documents(c);
}

/* A log of the test's own instead of the builder's; freed with the documents. */
static void
replace_log(struct appraise_case *c, struct bytes log)
{
    struct buffer *kept = &c->kept;
    buffer_reset(kept);
    buffer_append(kept, log);
    c->replaced = true;
    c->in.boot_log = buffer_bytes(kept);
    c->in.boot_log_present = kept->size > 0;
    c->in.ima = buffer_bytes(&c->log.ima);
    c->in.ima_present = c->log.ima.size > 0;
}

static void
replace_ima(struct appraise_case *c, struct bytes ima)
{
    buffer_reset(&c->kept);
    buffer_append(&c->kept, ima);
    c->replaced = true;
    c->in.boot_log = buffer_bytes(&c->log.log);
    c->in.boot_log_present = true;
    c->in.ima = buffer_bytes(&c->kept);
    c->in.ima_present = ima.size > 0;
}

static void
send_no_boot_log(struct appraise_case *c)
{
    replace_log(c, (struct bytes){0});
}

static void
cut_the_boot_log(struct appraise_case *c)
{
    replace_log(c, bytes_of(c->log.log.data, c->log.log.size - 3));
}

static void
send_too_large_a_log(struct appraise_case *c)
{
    CLEANUP(buffer_free) struct buffer large = {0};
    buffer_append(&large, buffer_bytes(&c->log.log));
    assert_status(STATUS_OK, buffer_reserve(&large, LIMIT_BOOT_LOG));
    memset(large.data + large.size, 0xFF, LIMIT_BOOT_LOG);
    large.size += LIMIT_BOOT_LOG;
    replace_log(c, buffer_bytes(&large));
}

/* The first record is no Spec ID event: the log is of the SHA-1 only kind. */
static void
send_a_sha1_log(struct appraise_case *c)
{
    replace_log(c, buffer_bytes(&c->log.log));
    c->kept.data[0] = 1;
}

static void
quote_another_bank(struct appraise_case *c)
{
    c->selection = APPRAISE_CASE_BANKS "+sha384:0-9";
    struct selection sha384 = tpm_builder_selection("sha384:0-9");
    tpm_builder_extend_all(c->tpm, &sha384);
}

static void
quote_a_bare_bank(struct appraise_case *c)
{
    static const uint16_t banks[] = {ALG_SHA256, ALG_SHA384};
    log_builder_free(&c->log);
    log_builder_init(&c->log, c->h, banks, 2);
    appraise_case_boot(c);
    c->selection = APPRAISE_CASE_BANKS "+sha384:0-9";
}

static void
list_an_algorithm_twice(struct appraise_case *c)
{
    replace_log(c, buffer_bytes(&c->log.log));
    c->kept.data[32 + 28 + 2] = 33; /* SHA-256 of 33 bytes */
}

/* The log names another GRUB than the TPM holds; the IMA list is the TPM's. */
static void
log_another_grub(struct appraise_case *c)
{
    appraise_case_take_pcrs(c);
    replace_ima(c, buffer_bytes(&c->log.ima));
    c->changes[0] = (struct appraise_case_change){"grub", APPRAISE_HASHED, "evil"};
    appraise_case_reboot_firmware(c);
    c->in.boot_log = buffer_bytes(&c->log.log);
}

static void
extend_without_an_event(struct appraise_case *c)
{
    appraise_case_edit(c, 0, "[\"boot\"], \"effect\": \"enforce\"",
                       "[\"boot\"], \"coverage\": {\"enforce\": [0,2,4,7,8,9,12,14]}");
    log_builder_extend(&c->log, 12, bytes_of_text("x"));
}

static void
log_pcr_24(struct appraise_case *c)
{
    appraise_case_take_pcrs(c);
    (void)log_builder_text(&c->log, 3, EVENT_IPL, "x");
    /* The event's PCR lies before its type, count, algorithm, digest, size and data. */
    c->log.log.data[c->log.log.size - 1 - 4 - 34 - 4 - 4 - 4] = 24;
}

static void
boot_twice_without_reset(struct appraise_case *c)
{
    appraise_case_reboot_firmware(c);
    replace_log(c, buffer_bytes(&c->log.log));
    appraise_case_append_firmware(c);
    appraise_case_append_ima(c);
    c->in.ima = buffer_bytes(&c->log.ima);
    c->in.ima_present = true;
}

static void
measure_firmware_late(struct appraise_case *c)
{
    appraise_case_reboot_firmware(c);
    (void)log_builder_event(&c->log, 0, 0x80000008u, bytes_of_text("late"), bytes_of_text("blob"));
    appraise_case_append_ima(c);
    appraise_case_documents(c);
}

static void
say_locality_twice(struct appraise_case *c)
{
    static const uint16_t banks[] = {ALG_SHA256};
    log_builder_free(&c->log);
    log_builder_init(&c->log, c->h, banks, 1);
    (void)log_builder_locality(&c->log, 3);
    (void)log_builder_locality(&c->log, 3);
    appraise_case_boot(c);
}

static void
change_data_that_is_covered(struct appraise_case *c)
{
    boot_with(c, "authority", APPRAISE_DATA, "");
}

static void
leave_out_a_separator(struct appraise_case *c)
{
    boot_with(c, "separator-2", APPRAISE_SKIP, NULL);
}

static void
report_an_error(struct appraise_case *c)
{
    boot_with(c, "separator-2", APPRAISE_HASHED, "\1\0\0\0");
}

static void
measure_pk_twice(struct appraise_case *c)
{
    c->changes[0] = (struct appraise_case_change){"KEK", APPRAISE_TWICE, NULL};
    appraise_case_reboot(c);
    appraise_case_documents(c);
}

static void
contradict_the_command(struct appraise_case *c)
{
    approve_with(c, "command", APPRAISE_HASHED, "echo hello");
}

static void
cover_what_nothing_extends(struct appraise_case *c)
{
    appraise_case_edit(c, 0, "[\"boot\"], \"effect\": \"enforce\"",
                       "[\"boot\"], \"coverage\": {\"enforce\": [0,2,4,7,8,9,12,14]}");
}

static void
change_nothing(struct appraise_case *c)
{
    (void)c;
}

static void
measure_after_the_quote(struct appraise_case *c)
{
    appraise_case_take_pcrs(c);
    log_builder_ima(&c->log, "/usr/bin/late", "late");
}

static void
enter_the_initrd(struct appraise_case *c)
{
    log_builder_extend(&c->log, 11, bytes_of_text("enter-initrd"));
}

/* ---- IMA ---- */

static void
cut_the_ima_list(struct appraise_case *c)
{
    replace_ima(c, bytes_of(c->log.ima.data, c->log.ima.size - 3));
}

/* The template data of an allowed file, listed under a wrong digest. */
static void
list_a_wrong_digest(struct appraise_case *c)
{
    CLEANUP(buffer_free) struct buffer data = {0};
    struct digest sh;
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text("sh"), &sh));
    CLEANUP(buffer_free) struct buffer field = {0};
    buffer_append(&field, bytes_of("sha256:", 8));
    buffer_append(&field, digest_bytes(&sh));
    log_builder_ima_field(&c->log, &data, buffer_bytes(&field));
    log_builder_ima_field(&c->log, &data, bytes_of("/usr/bin/sh", 12));
    struct digest wrong = digest_reset(ALG_SHA1, 1);
    wrong.data[0] = 1;
    log_builder_ima_raw(&c->log, "ima-ng", buffer_bytes(&data), &wrong);
}

static void
use_an_unknown_template(struct appraise_case *c)
{
    CLEANUP(buffer_free) struct buffer data = {0};
    log_builder_ima_field(&c->log, &data, bytes_of_text("x"));
    log_builder_ima_raw(&c->log, "x-unknown", buffer_bytes(&data), NULL);
}

/* The entry before the last goes to PCR 11, which is not quoted. */
static void
extend_another_pcr(struct appraise_case *c)
{
    c->selection = "sha256:0-10,14";
    struct digest before = c->log.pcr[0][10];
    size_t at = c->log.ima.size;
    log_builder_ima(&c->log, "/usr/bin/sh", "sh");
    c->log.ima.data[at] = 11;
    c->log.pcr[0][10] = before;
    log_builder_ima(&c->log, "/usr/bin/sh", "sh");
}

static void
send_half_the_list(struct appraise_case *c)
{
    appraise_case_take_pcrs(c);
    log_builder_free(&c->log);
    static const uint16_t banks[] = {ALG_SHA256};
    log_builder_init(&c->log, c->h, banks, 1);
    appraise_case_append_firmware(c);
    log_builder_ima_aggregate(&c->log, ALG_SHA256);
}

static void
send_no_list(struct appraise_case *c)
{
    replace_ima(c, (struct bytes){0});
}

static void
leave_pcr_10_untouched(struct appraise_case *c)
{
    c->log.pcr[0][10] = digest_reset(ALG_SHA256, 0);
}

static void
aggregate_another_boot(struct appraise_case *c)
{
    appraise_case_reboot_firmware(c);
    struct digest pcr_0 = c->log.pcr[0][0];
    c->log.pcr[0][0].data[0] ^= 1;
    appraise_case_append_ima(c);
    c->log.pcr[0][0] = pcr_0;
}

static void
write_while_measuring(struct appraise_case *c)
{
    log_builder_ima_violation(&c->log, "/var/log/messages");
}

static void
pad_the_bank(struct appraise_case *c)
{
    appraise_case_reboot_firmware(c);
    c->log.is_padded[0] = true;
    appraise_case_append_ima(c);
}

static void
aggregate_again(struct appraise_case *c)
{
    log_builder_ima_aggregate(&c->log, ALG_SHA256);
}

/* ---- the log of user space ---- */

static void
say_that_records_are_missing(struct appraise_case *c)
{
    c->in.userspace_incomplete = true;
}

static void
miss_a_record(struct appraise_case *c)
{
#define RECORD(n)                                                                                  \
    "\x1e{\"recnum\":" #n ",\"pcr\":15,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":"           \
    "\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\"}]}\n"
    c->in.userspace_log = bytes_of_text(RECORD(0) RECORD(2));
    c->in.userspace_present = true;
}

/* The log's last two events stand there once more; the TPM saw them once. */
static void
overlap_final_events(struct appraise_case *c)
{
    appraise_case_take_pcrs(c);
    replace_log(c, buffer_bytes(&c->log.log));
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    assert_status(STATUS_OK, eventlog_parse(buffer_bytes(&c->kept), &log, &c->found));
    size_t from = log->events[log->n_events - 2].offset;
    buffer_append(&c->kept, bytes_of(c->log.log.data + from, c->log.log.size - from));
    c->in.boot_log = buffer_bytes(&c->kept);
}

const struct mutation mutation_logs[] = {
    {REASON_LOG_MISSING, send_no_boot_log, VERDICT_UNTRUSTED, NULL},
    {REASON_LOG_MALFORMED, cut_the_boot_log, VERDICT_UNTRUSTED, NULL},
    {REASON_LOG_LIMIT, send_too_large_a_log, VERDICT_UNTRUSTED, NULL},
    {REASON_LOG_UNSUPPORTED, send_a_sha1_log, VERDICT_UNTRUSTED, NULL},
    {REASON_LOG_BANK_MISSING, quote_another_bank, VERDICT_UNTRUSTED, NULL},
    {REASON_LOG_ALGORITHM, list_an_algorithm_twice, VERDICT_UNTRUSTED, NULL},
    {REASON_LOG_PCR_MISMATCH, log_another_grub, VERDICT_UNTRUSTED, NULL},
    {REASON_LOG_PCR_UNEXPLAINED, extend_without_an_event, VERDICT_UNTRUSTED, NULL},
    {REASON_LOG_PCR_RANGE, log_pcr_24, VERDICT_UNTRUSTED, NULL},
    {REASON_LOG_REPEATED, boot_twice_without_reset, VERDICT_UNTRUSTED, NULL},
    {REASON_LOG_ORDER, measure_firmware_late, VERDICT_UNTRUSTED, NULL},
    {REASON_LOG_LOCALITY, say_locality_twice, VERDICT_UNTRUSTED, NULL},
    {REASON_LOG_DIGEST, change_data_that_is_covered, VERDICT_UNTRUSTED, NULL},
    {REASON_LOG_SEPARATOR, leave_out_a_separator, VERDICT_UNTRUSTED, NULL},
    {REASON_LOG_ERROR_SEPARATOR, report_an_error, VERDICT_UNTRUSTED, NULL},
    {REASON_LOG_BANK_UNCAPPED, quote_a_bare_bank, VERDICT_UNTRUSTED, NULL},
    {REASON_LOG_DUPLICATE, measure_pk_twice, VERDICT_UNTRUSTED, NULL},
    {REASON_LOG_COMMAND_LINE, contradict_the_command, VERDICT_UNTRUSTED, NULL},
    {REASON_LOG_PCR_RESET, cover_what_nothing_extends, VERDICT_UNTRUSTED, NULL},
    {REASON_LOG_QUIRK, change_nothing, VERDICT_TRUSTED, NULL},
    {REASON_LOG_UNATTESTED, measure_after_the_quote, VERDICT_TRUSTED, NULL},
    {REASON_LOG_INCOMPLETE, say_that_records_are_missing, VERDICT_WARNING, NULL},
    {REASON_LOG_RECORD_MISSING, miss_a_record, VERDICT_WARNING, NULL},
    {REASON_LOG_MEASURED_TWICE, overlap_final_events, VERDICT_TRUSTED, NULL},
    {REASON_BOOT_PHASE, enter_the_initrd, VERDICT_TRUSTED, NULL},
    {REASON_IMA_MALFORMED, cut_the_ima_list, VERDICT_UNTRUSTED, NULL},
    {REASON_IMA_DIGEST, list_a_wrong_digest, VERDICT_UNTRUSTED, NULL},
    {REASON_IMA_TEMPLATE, use_an_unknown_template, VERDICT_UNTRUSTED, NULL},
    {REASON_IMA_PCR, extend_another_pcr, VERDICT_UNTRUSTED, NULL},
    {REASON_IMA_MISMATCH, send_half_the_list, VERDICT_UNTRUSTED, NULL},
    {REASON_IMA_MISSING, send_no_list, VERDICT_UNTRUSTED, NULL},
    {REASON_IMA_NOT_ANCHORED, leave_pcr_10_untouched, VERDICT_UNTRUSTED, NULL},
    {REASON_IMA_AGGREGATE, aggregate_another_boot, VERDICT_UNTRUSTED, NULL},
    {REASON_IMA_VIOLATION, write_while_measuring, VERDICT_UNTRUSTED, NULL},
    {REASON_IMA_WEAK, pad_the_bank, VERDICT_TRUSTED, NULL},
    {REASON_IMA_KEXEC, aggregate_again, VERDICT_TRUSTED, NULL},
};
const size_t mutation_n_logs = sizeof mutation_logs / sizeof mutation_logs[0];
