/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl reference from-device, from-log: a proposal of a boot profile, for a person to read. */
#include "appraise/profile.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "ctl/remote_json.h"

#include <string.h>

#define CLAUSE "reference"
#define MODE   0644

/* What the proposal is made from, owned. */
struct material {
    struct buffer boot_log, ima;
    struct subject_pcrs pcrs;
};

static void
material_clear(struct material *m)
{
    buffer_free(&m->boot_log);
    buffer_free(&m->ima);
}

static int
refuse(const char *text)
{
    struct diag diag = {.clause = CLAUSE};
    (void)text_copy(diag.text, sizeof diag.text, text);
    return command_fail(STATUS_INVALID, &diag);
}

static bool
fill_options(const struct context *c, struct profile_options *out)
{
    const char *version = command_option(c, "version");
    out->id = command_option(c, "id");
    out->generation = command_option(c, "generation");
    out->files = true;
    return out->id && version && command_option(c, "output") &&
           text_parse_u64(version, INT64_MAX, &out->version) == STATUS_OK;
}

/* {"0": "hex", ...} of one bank. */
static bool
take_pcrs(const json_t *bank, uint16_t alg, struct subject_pcrs *out)
{
    out->alg = alg;
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        char name[4];
        (void)snprintf(name, sizeof name, "%u", pcr);
        const char *hex = json_string_value(json_object_get(bank, name));
        struct digest *value = &out->pcr[pcr];
        if (!hex)
            continue;
        if (text_parse_hex_exact(hex, value->data, alg_size(alg)) != STATUS_OK)
            return false;
        value->alg = alg;
        value->size = (uint16_t)alg_size(alg);
        out->present |= 1u << pcr;
    }
    return out->present != 0;
}

/* The first bank that may carry trust. */
static bool
take_banks(const json_t *pcrs, struct subject_pcrs *out)
{
    for (size_t i = 0; i < ALG_COUNT; i++) {
        const struct alg *alg = alg_at(i);
        const json_t *bank = json_object_get(pcrs, alg->name);
        if (alg->trusted && bank)
            return take_pcrs(bank, alg->id, out);
    }
    return false;
}

static int
get_log(struct context *c, const char *name, struct buffer *out)
{
    CLEANUP(client_answer_clear) struct client_answer answer = {0};
    char path[96];
    (void)snprintf(path, sizeof path, "/v1/devices/%s/%s", c->arguments[0], name);
    struct client_request request = {
        .method = "GET", .path = path, .accept = "application/octet-stream"};
    int rc = remote_bytes(c, &request, &answer);
    if (rc == EXIT_YES)
        buffer_append(out, buffer_bytes(&answer.body));
    return rc;
}

/* PCR values that the newest attestation bound. */
static int
get_pcrs(struct context *c, struct subject_pcrs *out)
{
    char path[128], id[64];
    json_auto_t *list = NULL;
    json_auto_t *attestation = NULL;
    (void)snprintf(path, sizeof path, "/v1/devices/%s/attestations?limit=1", c->arguments[0]);
    int rc = remote_call(c, "GET", path, NULL, &list);
    if (rc != EXIT_YES)
        return rc;
    json_t *newest = json_array_get(json_object_get(list, "attestations"), 0);
    if (!newest)
        return refuse("the device has not attested yet");
    (void)snprintf(path, sizeof path, "/v1/attestations/%s",
                   remote_cell(newest, "id", id, sizeof id));
    rc = remote_call(c, "GET", path, NULL, &attestation);
    if (rc == EXIT_YES && !take_banks(json_object_get(attestation, "pcrs"), out))
        return refuse("the attestation binds no bank that may carry trust");
    return rc;
}

static int
tell_reasons(const struct reasons *reasons)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    for (size_t i = 0; i < reasons->n_items; i++) {
        reason_append_text(&reasons->items[i], &text);
        buffer_append_u8(&text, '\n');
    }
    const char *lines = buffer_text(&text);
    (void)fputs(lines ? lines : "", stdout);
    return EXIT_NO;
}

static int
write_profile(struct context *c, const struct material *m)
{
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct profile_options options = {0};
    struct diag diag = {0};
    struct profile_source source = {
        .boot_log = buffer_bytes(&m->boot_log), .ima = buffer_bytes(&m->ima), .pcrs = &m->pcrs};
    if (!fill_options(c, &options))
        return refuse("--id, --version (a number) and --output are needed");
    enum status s = hasher_new(&h);
    if (s == STATUS_OK)
        s = profile_from_log(h, &source, &options, &reasons, &text, &diag);
    if (s == STATUS_OK && text.size == 0)
        return tell_reasons(&reasons);
    if (s == STATUS_OK)
        s = file_save(command_option(c, "output"), buffer_bytes(&text), MODE, &diag);
    if (s != STATUS_OK)
        return command_fail(s, &diag);
    (void)printf("wrote %s: read it before it is put\n", command_option(c, "output"));
    return EXIT_YES;
}

static int
run_from_device(struct context *c)
{
    CLEANUP(material_clear) struct material m = {0};
    if (!text_is_name(c->arguments[0]))
        return refuse("not a device id");
    int rc = get_pcrs(c, &m.pcrs);
    if (rc == EXIT_YES)
        rc = get_log(c, "boot-log", &m.boot_log);
    if (rc == EXIT_YES)
        rc = get_log(c, "ima", &m.ima);
    return rc == EXIT_YES ? write_profile(c, &m) : rc;
}

/* {"sha256": {"0": "hex"}} from a file. */
static int
load_pcrs(const char *path, struct subject_pcrs *out)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    struct diag diag = {0};
    enum status s = file_load(path, LIMIT_JSON_BODY, &text, &diag);
    if (s != STATUS_OK)
        return command_fail(s, &diag);
    json_auto_t *pcrs =
        json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    if (!take_banks(pcrs, out))
        return refuse("--pcrs is JSON: {\"sha256\": {\"0\": \"hex\", ...}}");
    return EXIT_YES;
}

static int
run_from_log(struct context *c)
{
    CLEANUP(material_clear) struct material m = {0};
    struct diag diag = {0};
    const char *ima = command_option(c, "ima");
    const char *pcrs = command_option(c, "pcrs");
    if (!pcrs)
        return refuse("--pcrs is needed: the values that the machine's TPM holds");
    int rc = load_pcrs(pcrs, &m.pcrs);
    if (rc != EXIT_YES)
        return rc;
    enum status s = file_load(c->arguments[0], LIMIT_BOOT_LOG, &m.boot_log, &diag);
    if (s == STATUS_OK && ima)
        s = file_load(ima, LIMIT_IMA_SEGMENT, &m.ima, &diag);
    return s == STATUS_OK ? write_profile(c, &m) : command_fail(s, &diag);
}

const struct command profile_commands[] = {
    {"reference", "from-device", "DEVICE --id ID --version N [--generation NAME] --output FILE", 1,
     1, "propose a reference set from a device's last attested boot", run_from_device,
     COMMAND_REMOTE "id version generation output"},
    {"reference", "from-log",
     "LOG --pcrs FILE [--ima FILE] --id ID --version N [--generation NAME] --output FILE", 1, 1,
     "propose a reference set from a machine's own files", run_from_log,
     "pcrs ima id version generation output"},
};
const size_t profile_n_commands = sizeof profile_commands / sizeof *profile_commands;
