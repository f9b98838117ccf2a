/* SPDX-License-Identifier: Apache-2.0 */
/* from: a recorded boot; to: a round of the size that a benchmark asks for. */
#include "tests/bench/scene.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/bench/bench.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#define RECORDED "tests/vectors/boots/secure/boot-log"
#define COMMANDS 8u /* the PCR of GRUB's commands */

static struct eventlog *
parse(struct bytes log)
{
    struct reasons reasons = {0};
    struct eventlog *parsed = NULL;
    bench_demand(eventlog_parse(log, &parsed, &reasons) == STATUS_OK && parsed, "boot log refused");
    return parsed;
}

/* Debian's grub.cfg is hundreds of these. */
static bool
is_repeatable(const struct event *e)
{
    static const char *const prefixes[] = {"grub_cmd: [", "grub_cmd: set "};
    for (size_t i = 0; i < 2; i++) {
        struct bytes prefix = bytes_of_text(prefixes[i]);
        if (e->pcr == COMMANDS && bytes_equal(bytes_slice(e->data, 0, prefix.size), prefix))
            return true;
    }
    return false;
}

void
scene_boot_log(size_t n_events, struct buffer *out)
{
    CLEANUP(buffer_free) struct buffer recorded = {0};
    test_source(RECORDED, &recorded);
    CLEANUP(eventlog_freep) struct eventlog *log = parse(buffer_bytes(&recorded));
    size_t n_repeatable = 0;
    for (size_t i = 0; i < log->n_events; i++)
        n_repeatable += is_repeatable(&log->events[i]);
    bench_demand(n_events >= log->n_events && n_repeatable > 0, "the recorded boot is longer");
    size_t n_more = n_events - log->n_events;
    for (size_t i = 0; i < log->n_events; i++) {
        size_t begin = log->events[i].offset;
        size_t end = i + 1 < log->n_events ? log->events[i + 1].offset : log->size;
        size_t n = 1;
        if (is_repeatable(&log->events[i])) {
            n += n_more / n_repeatable;
            n_more -= n_more / n_repeatable--;
        }
        while (n-- > 0)
            buffer_append(out, bytes_slice(buffer_bytes(&recorded), begin, end - begin));
    }
}

static void
take_boot(struct appraise_case *c, size_t n_events)
{
    buffer_reset(&c->log.log);
    scene_boot_log(n_events, &c->log.log);
    CLEANUP(eventlog_freep) struct eventlog *log = parse(buffer_bytes(&c->log.log));
    bench_demand(log->n_events == n_events, "the boot log has not as many events");
    struct eventlog_pcrs pcrs;
    bench_demand(eventlog_replay(c->h, log, &pcrs) == STATUS_OK, "replay");
    memcpy(c->log.pcr[0], pcrs.pcr[eventlog_bank(log, ALG_SHA256)], sizeof c->log.pcr[0]);
    c->log.n_events = (uint32_t)n_events;
}

void
scene_add_ima(struct appraise_case *c, size_t i)
{
    char path[48];
    (void)snprintf(path, sizeof path, "/usr/lib/file-%zu", i);
    log_builder_ima(&c->log, path, path);
}

/* The set that profile_from_log() made lists the boot's own files; add others. */
static void
allow_files(struct appraise_case *c, size_t n)
{
    static const char head[] = "\"files\": [";
    CLEANUP(buffer_free) struct buffer more = {0};
    buffer_append_text(&more, head);
    for (size_t i = 0; i < n; i++) {
        uint8_t sha256[DIGEST_SHA256_SIZE];
        bench_demand(digest_sha256(c->h, bytes_of(&i, sizeof i), sha256) == STATUS_OK, "hash");
        buffer_append_text(&more, "\"sha256:");
        text_append_hex(&more, bytes_of(sha256, sizeof sha256));
        buffer_append_text(&more, "\",");
    }
    appraise_case_edit(c, 1, head, buffer_text(&more));
}

/* A kernel without a measurement policy: no list, PCR 10 at its reset value, no rule. */
static void
forget_ima(struct appraise_case *c)
{
    appraise_case_edit(c, APPRAISE_CASE_POLICY,
                       ",\n \"ima\": {\"references\": [\"boot\"], \"violations\": \"enforce\"}",
                       "");
    buffer_reset(&c->log.ima);
    c->log.pcr[0][IMA_PCR] = digest_reset(ALG_SHA256, 0);
}

struct appraise_case *
scene_new(const struct scene_options *options)
{
    struct appraise_case *c = appraise_case_new();
    c->selection = SCENE_BANKS;
    take_boot(c, options->n_events);
    log_builder_ima_aggregate(&c->log, ALG_SHA256);
    for (size_t i = 1; i < options->n_ima; i++)
        scene_add_ima(c, i);
    appraise_case_documents(c);
    if (options->n_ima == 0)
        forget_ima(c);
    if (options->n_files > options->n_ima)
        allow_files(c, options->n_files - options->n_ima);
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    return c;
}
