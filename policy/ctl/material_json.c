/* SPDX-License-Identifier: Apache-2.0 */
/* from: a device's last round, or a machine's own files; to: logs and PCR values that belong
 * together; never: a log of one round with the values of another. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "ctl/material.h"
#include "ctl/phases.h"
#include "ctl/remote_json.h"
#include "evidence/eventlog.h"
#include "evidence/ima.h"

#include <stdlib.h>

#define CLAUSE      "reference"
#define MAX_FETCHES 3 /* rounds that come while we read are read again */

void
material_clear(struct material *m)
{
    buffer_free(&m->boot_log);
    buffer_free(&m->ima);
    hasher_free(m->h);
    reasons_free(&m->reasons);
}

/* ---- from a device ---- */

static int
get_bytes(struct context *c, const char *device, const char *what, struct buffer *out)
{
    CLEANUP(client_answer_clear) struct client_answer answer = {0};
    char path[160];
    (void)snprintf(path, sizeof path, "/v1/devices/%s/%s", device, what);
    struct client_request request = {
        .method = "GET", .path = path, .accept = "application/octet-stream"};
    int rc = remote_bytes(c, &request, &answer);
    buffer_reset(out);
    buffer_append(out, buffer_bytes(&answer.body));
    return rc == EXIT_YES && buffer_check(out) != STATUS_OK ? command_fail(STATUS_NOMEM, NULL) : rc;
}

/* Id of the newest attestation into out. */
static int
get_latest(struct context *c, const char *device, char *out, size_t out_size)
{
    char path[160];
    json_auto_t *answer = NULL;
    (void)snprintf(path, sizeof path, "/v1/devices/%s/attestations?limit=1", device);
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
fetch(struct context *c, const char *device, struct material *m)
{
    char before[LIMIT_NAME + 1] = "";
    char after[LIMIT_NAME + 1] = "";
    for (int i = 0; i < MAX_FETCHES; i++) {
        int rc = get_latest(c, device, before, sizeof before);
        if (rc == EXIT_YES)
            rc = get_attestation(c, before, m);
        if (rc == EXIT_YES)
            rc = get_bytes(c, device, "boot-log", &m->boot_log);
        if (rc == EXIT_YES)
            rc = get_bytes(c, device, "ima", &m->ima);
        if (rc == EXIT_YES)
            rc = get_latest(c, device, after, sizeof after);
        if (rc != EXIT_YES || text_equal(before, after))
            return rc;
    }
    (void)fprintf(stderr, "attestctl: the device attests faster than it can be read; try again\n");
    return EXIT_TRY_LATER;
}

int
material_from_device(struct context *c, const char *device, struct material *m)
{
    struct diag diag = {0};
    enum status s = hasher_new(&m->h);
    if (s == STATUS_OK && !text_is_name(device))
        s = diag_set(&diag, STATUS_INVALID, CLAUSE, 0, "not a device id");
    if (s != STATUS_OK)
        return report_fail(s, &diag);
    int rc = fetch(c, device, m);
    if (rc != EXIT_YES)
        return rc;
    s = phases_strip(m->h, buffer_bytes(&m->boot_log), &m->pcrs);
    return s == STATUS_OK ? EXIT_YES : report_fail(s, NULL);
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

enum status
material_from_log(const struct context *c, const char *path, struct material *m, struct diag *diag)
{
    const char *ima = command_option(c, "ima");
    const char *pcrs = command_option(c, "pcrs");
    enum status s = hasher_new(&m->h);
    if (s == STATUS_OK)
        s = report_load(path, LIMIT_BOOT_LOG, REASON_LOG_LIMIT, &m->boot_log, &m->reasons, diag);
    if (s == STATUS_OK && ima)
        s = report_load(ima, LIMIT_IMA_SEGMENT, REASON_LOG_LIMIT, &m->ima, &m->reasons, diag);
    if (s == STATUS_OK && pcrs)
        s = load_pcrs(pcrs, &m->pcrs, diag);
    if (s == STATUS_OK && pcrs)
        s = phases_strip(m->h, buffer_bytes(&m->boot_log), &m->pcrs);
    if (s == STATUS_OK && !pcrs && m->reasons.n_items == 0)
        s = replay_files(m);
    if (s == STATUS_OK && !pcrs && m->reasons.n_items == 0)
        (void)fprintf(stderr, "attestctl: note: no --pcrs, so nothing was compared with a TPM\n");
    return s;
}
