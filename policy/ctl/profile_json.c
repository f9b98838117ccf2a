/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl reference from-device, from-log: a reference set from one boot, written for a person to
 * read before it is put. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "ctl/phases.h"
#include "ctl/profile_set.h"
#include "ctl/remote_json.h"
#include "ctl/report.h"
#include "evidence/ima.h"

#include <stdlib.h>

#define CLAUSE      "reference"
#define MAX_FETCHES 3 /* rounds that come while we read are read again */
#define FILE_MODE   0644

/* What a set is made from. */
struct material {
    struct hasher *h;
    struct buffer boot_log;
    struct buffer ima;
    struct subject_pcrs pcrs;
    struct reasons reasons;
};

static void
clear_material(struct material *m)
{
    buffer_free(&m->boot_log);
    buffer_free(&m->ima);
    hasher_free(m->h);
    reasons_free(&m->reasons);
}

enum status
profile_set_options(const struct context *c, struct profile_options *out, struct diag *diag)
{
    const char *version = command_option(c, "version");
    *out = (struct profile_options){
        .id = command_option(c, "id"),
        .generation = command_option(c, "generation"),
    };
    if (!out->id || !version)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "--%s is missing",
                        out->id ? "version" : "id");
    if (text_parse_u64(version, INT64_MAX, &out->version) != STATUS_OK || out->version == 0)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "--version is a number above 0");
    return STATUS_OK;
}

static int
tell_reasons(struct material *m)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    report_append(&text, &m->reasons);
    return report_print(&text, &m->reasons);
}

int
profile_set_write(const struct context *c, const struct buffer *set)
{
    struct diag diag = {0};
    const char *path = command_option(c, "output");
    if (!path) {
        bool written = fwrite(set->data, 1, set->size, stdout) == set->size && fflush(stdout) == 0;
        return written ? EXIT_YES : command_fail(STATUS_IO, NULL);
    }
    enum status s = file_save(path, buffer_bytes(set), FILE_MODE, &diag);
    if (s != STATUS_OK)
        return report_fail(s, &diag);
    (void)printf("wrote %s: read it before it is put\n", path);
    return EXIT_YES;
}

static int
build_set(struct material *m, const struct profile_options *o, struct buffer *set)
{
    struct diag diag = {0};
    /* The files that IMA measured, where the list can be compared with PCR 10. */
    struct profile_options options = *o;
    options.files = m->ima.size > 0 && (m->pcrs.present & (1u << IMA_PCR)) != 0;
    const struct profile_source source = {
        .boot_log = buffer_bytes(&m->boot_log), .ima = buffer_bytes(&m->ima), .pcrs = &m->pcrs};
    enum status s = profile_from_log(m->h, &source, &options, &m->reasons, set, &diag);
    if (s == STATUS_OK && report_is_bad(&m->reasons))
        return tell_reasons(m);
    return s == STATUS_OK ? EXIT_YES : report_fail(s, &diag);
}

static int
make_set(const struct context *c, struct material *m, const struct profile_options *o)
{
    CLEANUP(buffer_free) struct buffer set = {0};
    int rc = build_set(m, o, &set);
    return rc == EXIT_YES ? profile_set_write(c, &set) : rc;
}

/* ---- from a device ---- */

static int
get_bytes(struct context *c, const char *what, struct buffer *out)
{
    CLEANUP(client_answer_clear) struct client_answer answer = {0};
    char path[160];
    (void)snprintf(path, sizeof path, "/v1/devices/%s/%s", c->arguments[0], what);
    struct client_request request = {
        .method = "GET", .path = path, .accept = "application/octet-stream"};
    int rc = remote_bytes(c, &request, &answer);
    buffer_reset(out);
    buffer_append(out, buffer_bytes(&answer.body));
    return rc == EXIT_YES && buffer_check(out) != STATUS_OK ? command_fail(STATUS_NOMEM, NULL) : rc;
}

/* Id of the newest attestation into out. */
static int
get_latest(struct context *c, char *out, size_t out_size)
{
    char path[160];
    json_auto_t *answer = NULL;
    (void)snprintf(path, sizeof path, "/v1/devices/%s/attestations?limit=1", c->arguments[0]);
    int rc = remote_call(c, "GET", path, NULL, &answer);
    if (rc != EXIT_YES)
        return rc;
    const char *id = json_string_value(
        json_object_get(json_array_get(json_object_get(answer, "attestations"), 0), "id"));
    if (id && text_is_name(id) && text_copy(out, out_size, id))
        return EXIT_YES;
    (void)fprintf(stderr, "attestctl: the device has no attestation yet\n");
    return EXIT_NO;
}

/* The best bank that was quoted. */
static bool
take_pcrs(const json_t *pcrs, struct subject_pcrs *out)
{
    static const char *const banks[] = {"sha256", "sha384", "sha512"};
    const json_t *values = NULL;
    *out = (struct subject_pcrs){0};
    for (size_t i = 0; !values && i < sizeof banks / sizeof banks[0]; i++) {
        values = json_object_get(pcrs, banks[i]);
        out->alg = values ? alg_by_name(banks[i])->id : 0;
    }
    for (unsigned pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        char index[8];
        (void)snprintf(index, sizeof index, "%u", pcr);
        const char *hex = json_string_value(json_object_get(values, index));
        if (!hex)
            continue;
        out->pcr[pcr] = digest_reset(out->alg, 0);
        if (text_parse_hex_exact(hex, out->pcr[pcr].data, out->pcr[pcr].size) != STATUS_OK)
            return false;
        out->present |= 1u << pcr;
    }
    return out->present != 0;
}

static int
get_attestation(struct context *c, const char *id, struct material *m)
{
    char path[160];
    json_auto_t *answer = NULL;
    (void)snprintf(path, sizeof path, "/v1/attestations/%s", id);
    int rc = remote_call(c, "GET", path, NULL, &answer);
    if (rc != EXIT_YES || take_pcrs(json_object_get(answer, "pcrs"), &m->pcrs))
        return rc;
    (void)fprintf(stderr, "attestctl: the attestation has no PCR values of a trusted bank\n");
    return EXIT_NO;
}

/* All of one round: none came in between. */
static int
fetch(struct context *c, struct material *m)
{
    char before[LIMIT_NAME + 1] = "";
    char after[LIMIT_NAME + 1] = "";
    for (int i = 0; i < MAX_FETCHES; i++) {
        int rc = get_latest(c, before, sizeof before);
        if (rc == EXIT_YES)
            rc = get_attestation(c, before, m);
        if (rc == EXIT_YES)
            rc = get_bytes(c, "boot-log", &m->boot_log);
        if (rc == EXIT_YES)
            rc = get_bytes(c, "ima", &m->ima);
        if (rc == EXIT_YES)
            rc = get_latest(c, after, sizeof after);
        if (rc != EXIT_YES || text_equal(before, after))
            return rc;
    }
    (void)fprintf(stderr, "attestctl: the device attests faster than it can be read; try again\n");
    return EXIT_TRY_LATER;
}

int
profile_set_of_device(struct context *c, const char *device, const struct profile_options *o,
                      struct buffer *out)
{
    CLEANUP(clear_material) struct material m = {0};
    struct context one = *c;
    one.arguments = &device;
    one.n_arguments = 1;
    enum status s = hasher_new(&m.h);
    if (s != STATUS_OK)
        return report_fail(s, NULL);
    int rc = fetch(&one, &m);
    if (rc != EXIT_YES)
        return rc;
    s = phases_strip(m.h, buffer_bytes(&m.boot_log), &m.pcrs);
    return s == STATUS_OK ? build_set(&m, o, out) : report_fail(s, NULL);
}

static int
run_from_device(struct context *c)
{
    CLEANUP(clear_material) struct material m = {0};
    struct profile_options o;
    struct diag diag = {0};
    enum status s = hasher_new(&m.h);
    if (s == STATUS_OK)
        s = profile_set_options(c, &o, &diag);
    if (s == STATUS_OK && !text_is_name(c->arguments[0]))
        s = diag_set(&diag, STATUS_INVALID, CLAUSE, 0, "not a device id");
    if (s != STATUS_OK)
        return report_fail(s, &diag);
    int rc = fetch(c, &m);
    if (rc != EXIT_YES)
        return rc;
    s = phases_strip(m.h, buffer_bytes(&m.boot_log), &m.pcrs);
    return s == STATUS_OK ? make_set(c, &m, &o) : report_fail(s, NULL);
}

/* ---- from a log ---- */

/* The values that the files themselves give: nothing shows that a TPM ever had them. */
static enum status
replay_files(struct material *m)
{
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    CLEANUP(free_charp) char *memory = calloc(1, sizeof(struct eventlog_pcrs));
    struct eventlog_pcrs *pcrs = (void *)memory;
    struct ima_pcrs ima = {0};
    if (!pcrs)
        return STATUS_NOMEM;
    enum status s = eventlog_parse(buffer_bytes(&m->boot_log), &log, &m->reasons);
    if (s != STATUS_OK || !log)
        return s;
    s = eventlog_replay(m->h, log, pcrs);
    if (s == STATUS_OK && m->ima.size > 0)
        s = ima_replay(m->h, buffer_bytes(&m->ima), ALG_SHA256, IMA_NATIVE, &ima, NULL);
    if (s == STATUS_MALFORMED || s == STATUS_LIMIT) {
        (void)reasons_add(&m->reasons, REASON_IMA_MALFORMED);
        return STATUS_OK;
    }
    size_t bank = 0;
    while (bank < log->n_banks &&
           !(alg_by_id(log->banks[bank]) && alg_by_id(log->banks[bank])->trusted))
        bank++;
    if (s != STATUS_OK || bank == log->n_banks)
        return s;
    m->pcrs.alg = eventlog_bank(log, ALG_SHA256) < log->n_banks ? ALG_SHA256 : log->banks[bank];
    bank = eventlog_bank(log, m->pcrs.alg);
    for (unsigned pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        m->pcrs.pcr[pcr] = pcrs->pcr[bank][pcr];
        m->pcrs.present |= 1u << pcr;
    }
    if (ima.used[IMA_PCR])
        m->pcrs.pcr[IMA_PCR] = ima.pcr[IMA_PCR];
    return STATUS_OK;
}

/* {"sha256": {"0": "hex"}}: what the machine's TPM holds. */
static enum status
load_pcrs(const char *path, struct subject_pcrs *out, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    enum status s = file_load(path, LIMIT_JSON_BODY, &text, diag);
    if (s != STATUS_OK)
        return s;
    json_auto_t *pcrs =
        json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    if (take_pcrs(pcrs, out))
        return STATUS_OK;
    return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                    "--pcrs is JSON: {\"sha256\": {\"0\": \"hex\", ...}}");
}

static int
run_from_log(struct context *c)
{
    CLEANUP(clear_material) struct material m = {0};
    struct profile_options o;
    struct diag diag = {0};
    const char *ima = command_option(c, "ima");
    const char *pcrs = command_option(c, "pcrs");
    enum status s = hasher_new(&m.h);
    if (s == STATUS_OK)
        s = profile_set_options(c, &o, &diag);
    if (s == STATUS_OK)
        s = report_load(c->arguments[0], LIMIT_BOOT_LOG, REASON_LOG_LIMIT, &m.boot_log, &m.reasons,
                        &diag);
    if (s == STATUS_OK && ima)
        s = report_load(ima, LIMIT_IMA_SEGMENT, REASON_LOG_LIMIT, &m.ima, &m.reasons, &diag);
    if (s == STATUS_OK && pcrs)
        s = load_pcrs(pcrs, &m.pcrs, &diag);
    if (s == STATUS_OK && pcrs)
        s = phases_strip(m.h, buffer_bytes(&m.boot_log), &m.pcrs);
    if (s == STATUS_OK && !pcrs && m.reasons.n_items == 0)
        s = replay_files(&m);
    if (s != STATUS_OK)
        return report_fail(s, &diag);
    if (m.reasons.n_items > 0)
        return tell_reasons(&m);
    if (!pcrs)
        (void)fprintf(stderr, "attestctl: note: no --pcrs, so nothing was compared with a TPM\n");
    return make_set(c, &m, &o);
}

const struct command profile_commands[] = {
    {"reference", "from-device", "DEVICE --id ID --version N [--generation NAME] [--output FILE]",
     1, 1, "write a reference set from what a device's last attestation proved", run_from_device,
     COMMAND_REMOTE "id version generation output"},
    {"reference", "from-log",
     "LOG [--pcrs FILE] [--ima FILE] --id ID --version N [--generation NAME] [--output FILE]", 1, 1,
     "write a reference set from a boot log's file", run_from_log,
     "id version generation pcrs ima output"},
};
const size_t profile_n_commands = sizeof profile_commands / sizeof *profile_commands;
