/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl reference from-device, from-log: a reference set from one boot, written for a person to
 * read before it is put. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "ctl/material.h"
#include "ctl/profile_set.h"
#include "ctl/remote_json.h"
#include "evidence/ima.h"

#define CLAUSE    "reference"
#define FILE_MODE 0644

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

int
profile_set_of_device(struct context *c, const char *device, const struct profile_options *o,
                      struct buffer *out)
{
    CLEANUP(material_clear) struct material m = {0};
    int rc = material_from_device(c, device, &m);
    return rc == EXIT_YES ? build_set(&m, o, out) : rc;
}

static int
run_from_device(struct context *c)
{
    CLEANUP(material_clear) struct material m = {0};
    struct profile_options o;
    struct diag diag = {0};
    enum status s = profile_set_options(c, &o, &diag);
    if (s != STATUS_OK)
        return report_fail(s, &diag);
    int rc = material_from_device(c, c->arguments[0], &m);
    return rc == EXIT_YES ? make_set(c, &m, &o) : rc;
}

static int
run_from_log(struct context *c)
{
    CLEANUP(material_clear) struct material m = {0};
    struct profile_options o;
    struct diag diag = {0};
    enum status s = profile_set_options(c, &o, &diag);
    if (s == STATUS_OK)
        s = material_from_log(c, c->arguments[0], &m, &diag);
    if (s != STATUS_OK)
        return report_fail(s, &diag);
    return m.reasons.n_items > 0 ? tell_reasons(&m) : make_set(c, &m, &o);
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
