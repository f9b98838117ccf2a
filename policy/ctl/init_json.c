/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl policy init: from: one boot of one machine; to: a first policy and its reference set,
 * and what became of each event; never: activates either. */
#include "appraise/documents.h"
#include "appraise/profile.h"
#include "appraise/reference.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "ctl/material.h"
#include "ctl/remote_json.h"
#include "evidence/inspect.h"

#include <stdlib.h>
#include <string.h>

#define CLAUSE    "policy init"
#define FILE_MODE 0644
#define NEVER     (1u << 10 | 1u << 16 | 1u << 23) /* no components */
#define UUID_SIZE 36u

enum event_class { CLASS_FIRMWARE, CLASS_BUILD, CLASS_DEVICE, CLASS_BOOT, N_CLASSES };

static const char *const class_names[N_CLASSES] = {"firmware", "build", "device", "boot"};
static const char *const platforms[] = {"pc", "uboot-efi", "uboot-fit"};

/* Whose an event is: the first row that fits. any: a UUID in what is measured, where wanted. */
static const struct sorting {
    uint32_t pcrs; /* bit n: PCR n */
    const char *role;
    bool uuid;
    bool uki; /* only of boots with PCR 11 */
    enum event_class class;
    const char *bundle;
} sortings[] = {
    {1u << 0 | 1u << 2 | 1u << 7, "", false, false, CLASS_FIRMWARE, NULL},
    {1u << 4, "driver", false, false, CLASS_FIRMWARE, NULL},
    {1u << 4, "kernel", false, false, CLASS_BUILD, "os"},
    {1u << 4, "unified-kernel", false, false, CLASS_BUILD, "os"},
    {1u << 4 | 1u << 14, "", false, false, CLASS_BUILD, NULL},
    {1u << 11, "", false, false, CLASS_BUILD, "os"},
    {1u << 9, "initrd", false, true, CLASS_BUILD, "os"},
    {1u << 9, "load-options", false, true, CLASS_BUILD, "os"},
    {1u << 9, "kernel", false, false, CLASS_BUILD, "os"},
    {1u << 9, "initrd", false, false, CLASS_DEVICE, NULL},
    {1u << 8 | 1u << 9, "", true, false, CLASS_DEVICE, NULL},
    {1u << 9, "grub-file", false, false, CLASS_DEVICE, NULL},
    {1u << 8, "", false, false, CLASS_BUILD, NULL},
};

struct init {
    struct context *c;
    struct material m;
    enum reference_platform platform;
    const char *device; /* NULL: not known */
    bool uki;
    uint32_t measured; /* bit n: the log extends PCR n */
    int secure_boot;
    json_t *set;    /* the reference set */
    json_t *policy; /* the policy */
    json_t *events; /* what became of each */
    json_t *notes;
    size_t counts[N_CLASSES];
};

static void
clear(struct init *in)
{
    material_clear(&in->m);
    json_decref(in->set);
    json_decref(in->policy);
    json_decref(in->events);
    json_decref(in->notes);
}

/* ---- what kind of boot it is ---- */

static enum status
choose_platform(struct init *in, const char *found, struct diag *diag)
{
    const char *wanted = command_option(in->c, "platform");
    if (!wanted || text_equal(wanted, "auto"))
        wanted = found;
    for (size_t i = 0; i < sizeof platforms / sizeof platforms[0]; i++) {
        if (text_equal(wanted, platforms[i])) {
            in->platform = (enum reference_platform)i;
            return STATUS_OK;
        }
    }
    return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                    "--platform is auto, pc, uboot-efi or uboot-fit");
}

/* A log is looked at for its platform and for Secure Boot; nothing else is taken from it here. */
static enum status
look_at_log(struct init *in, struct diag *diag)
{
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    CLEANUP(inspect_freep) struct inspect *view = NULL;
    struct reasons seen = {0};
    enum status s = eventlog_parse(buffer_bytes(&in->m.boot_log), &log, &in->m.reasons);
    if (s != STATUS_OK || !log)
        return s;
    s = inspect_new(in->m.h, log, &view, &seen);
    reasons_free(&seen);
    if (s != STATUS_OK)
        return s;
    for (size_t i = 0; i < log->n_events; i++) {
        if (eventlog_is_extend(&log->events[i]) && log->events[i].pcr < LIMIT_PCRS)
            in->measured |= 1u << log->events[i].pcr;
    }
    in->uki = (in->measured & 1u << 11) != 0;
    in->secure_boot = view->secure_boot;
    return choose_platform(in, order_profile_name(view->profile), diag);
}

/* ---- sorting ---- */

static bool
is_uuid(const char *text)
{
    for (size_t i = 0; i < UUID_SIZE; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool hex = text[i] != '\0' && strchr("0123456789abcdefABCDEF", text[i]) != NULL;
        if (dash ? text[i] != '-' : !hex)
            return false;
    }
    return true;
}

static bool
holds_uuid(const char *text)
{
    for (; text && text[0] != '\0'; text++) {
        if (is_uuid(text))
            return true;
    }
    return false;
}

static const struct sorting *
sort_component(const struct init *in, const json_t *component)
{
    uint32_t bit = 1u << json_integer_value(json_object_get(component, "pcr"));
    const char *role = json_string_value(json_object_get(component, "role"));
    const json_t *value = json_array_get(json_object_get(component, "values"), 0);
    bool uuid = holds_uuid(json_string_value(json_object_get(value, "name")));
    for (size_t i = 0; i < sizeof sortings / sizeof sortings[0]; i++) {
        const struct sorting *s = &sortings[i];
        if ((s->pcrs & bit) && text_starts(role, s->role) && (!s->uuid || uuid) &&
            (!s->uki || in->uki))
            return s;
    }
    return NULL;
}

static bool
note_event(struct init *in, const json_t *component, enum event_class class, const char *rule)
{
    const json_t *count = json_array_get(json_object_get(component, "count"), 1);
    const json_t *value = json_array_get(json_object_get(component, "values"), 0);
    json_t *one = json_pack(
        "{s:O, s:O, s:O*, s:I, s:s, s:s}", "pcr", json_object_get(component, "pcr"), "role",
        json_object_get(component, "role"), "name", json_object_get(value, "name"), "count",
        count ? json_integer_value(count) : (json_int_t)1, "class", class_names[class], "rule",
        rule);
    in->counts[class] += count ? (size_t)json_integer_value(count) : 1;
    return one && json_array_append_new(in->events, one) == 0;
}

/* What becomes of one component; *keep: it stays in the set. */
static bool
place(struct init *in, json_t *component, bool *keep)
{
    uint32_t bit = 1u << json_integer_value(json_object_get(component, "pcr"));
    const json_t *value = json_array_get(json_object_get(component, "values"), 0);
    const struct sorting *sorting = sort_component(in, component);
    enum event_class class = sorting ? sorting->class : CLASS_DEVICE;
    *keep = true;
    if (json_is_true(json_object_get(value, "any")))
        return note_event(in, component, CLASS_BOOT, "any digest: it differs from boot to boot");
    bool compared = reference_compared(in->platform) & ~reference_covered(in->platform) & bit;
    if (compared) {
        *keep = false;
        return note_event(in, component, CLASS_DEVICE,
                          "compared with the device's last good boot, effect warn");
    }
    if (sorting && sorting->bundle &&
        json_object_set_new(component, "bundle", json_string(sorting->bundle)) != 0)
        return false;
    if (class == CLASS_DEVICE && in->device) {
        if (json_object_set_new(component, "scope", json_string("device")) != 0 ||
            json_object_set_new(component, "device", json_string(in->device)) != 0)
            return false;
        return note_event(in, component, class, "component of this device only");
    }
    return note_event(in, component, class,
                      sorting && sorting->bundle ? "component, of one generation with its bundle"
                                                 : "component");
}

static enum status
sort_components(struct init *in)
{
    json_t *kept = json_array();
    size_t i;
    json_t *one;
    bool ok = kept != NULL;
    json_array_foreach(json_object_get(in->set, "components"), i, one)
    {
        bool keep = false;
        ok = ok && place(in, one, &keep) && (!keep || json_array_append(kept, one) == 0);
    }
    ok = ok && json_object_set(in->set, "components", kept) == 0;
    json_decref(kept);
    return ok ? STATUS_OK : STATUS_NOMEM;
}

/* A UUID in a command line is the device's own. */
static enum status
open_templates(struct init *in)
{
    json_t *lines = json_object_get(in->set, "command_lines");
    for (size_t i = 0; i < json_array_size(lines); i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        const char *line = json_string_value(json_array_get(lines, i));
        for (size_t at = 0; line[at] != '\0';) {
            bool uuid = is_uuid(line + at);
            buffer_append(&text, uuid ? bytes_of("{uuid}", 6) : bytes_of(line + at, 1));
            at += uuid ? UUID_SIZE : 1;
        }
        const char *opened = buffer_text(&text);
        if (!opened || json_array_set_new(lines, i, json_string(opened)) != 0)
            return STATUS_NOMEM;
    }
    return STATUS_OK;
}

static enum status
tell(struct init *in, const char *note)
{
    return json_array_append_new(in->notes, json_string(note)) == 0 ? STATUS_OK : STATUS_NOMEM;
}

/* ---- documents ---- */

static enum status
make_set(struct init *in, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    struct profile_options o = {.id = command_option(in->c, "id"),
                                .generation = command_option(in->c, "generation"),
                                .pcrs = in->measured & in->m.pcrs.present & ~NEVER,
                                .files = in->m.ima.size > 0 && (in->m.pcrs.present & 1u << 10)};
    const char *version = command_option(in->c, "version");
    if (!o.id || !version || text_parse_u64(version, INT64_MAX, &o.version) != STATUS_OK)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "--id ID and --version N are missing");
    const struct profile_source source = {.boot_log = buffer_bytes(&in->m.boot_log),
                                          .ima = buffer_bytes(&in->m.ima),
                                          .pcrs = &in->m.pcrs};
    enum status s = profile_from_log(in->m.h, &source, &o, &in->m.reasons, &text, diag);
    if (s != STATUS_OK || text.size == 0)
        return s;
    in->set = json_loadb((const char *)text.data, text.size, 0, NULL);
    if (!in->set ||
        json_object_set_new(in->set, "platform", json_string(platforms[in->platform])) != 0)
        return STATUS_NOMEM;
    s = sort_components(in);
    return s == STATUS_OK ? open_templates(in) : s;
}

static enum status
make_policy(struct init *in, struct diag *diag)
{
    const json_t *id = json_object_get(in->set, "id");
    json_t *labels = remote_labels(in->c);
    if (!labels)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "--label is KEY=VALUE");
    json_t *select = json_object_size(labels) > 0 ? json_pack("{s:O}", "labels", labels)
                                                  : json_pack("{s:b}", "all", 1);
    json_decref(labels);
    in->policy = json_pack("{s:s, s:O, s:O, s:s, s:o, s:{s:[O]}}", "type", "policy", "id", id,
                           "version", json_object_get(in->set, "version"), "perspective", "owner",
                           "select", select, "boot", "references", id);
    bool ok = in->policy != NULL;
    if (ok && in->secure_boot == 1)
        ok = json_object_set_new(in->policy, "secure_boot", json_pack("{s:s}", "state", "on")) == 0;
    if (ok && json_object_get(in->set, "command_lines"))
        ok = json_object_set_new(in->policy, "command_line", json_pack("{s:b}", "references", 1)) ==
             0;
    if (ok && json_object_get(in->set, "files"))
        ok = json_object_set_new(in->policy, "ima", json_pack("{s:[O]}", "references", id)) == 0;
    return ok ? STATUS_OK : STATUS_NOMEM;
}

static enum status
tell_notes(struct init *in)
{
    enum status s = STATUS_OK;
    if (in->secure_boot != 1)
        s = tell(in, "Secure Boot is not on in this boot, so the policy does not ask for it");
    if (s == STATUS_OK && (in->measured & ~in->m.pcrs.present & ~NEVER) != 0)
        s = tell(in, "PCRs that the log extends and whose values are not given are left out");
    if (s == STATUS_OK && !json_object_get(in->set, "files"))
        s = tell(in, "without an IMA list and PCR 10 the policy has no rule on files");
    if (s == STATUS_OK && !in->device && in->counts[CLASS_DEVICE] > 0)
        s = tell(in, "no device is named, so its own components count for every device");
    return s;
}

/* ---- writing ---- */

static enum status
append_text(const json_t *document, struct buffer *out)
{
    CLEANUP(free_charp) char *text = json_dumps(document, JSON_INDENT(1));
    if (!text)
        return STATUS_NOMEM;
    buffer_append_text(out, text);
    buffer_append_text(out, "\n");
    return buffer_check(out);
}

/* Both as the verifier will read them, together. */
static enum status
check_documents(const struct init *in, const struct buffer texts[static 2], struct diag *diag)
{
    struct document *list[2] = {NULL, NULL};
    CLEANUP(documents_unrefp) struct documents *both = NULL;
    for (size_t i = 0; i < 2; i++) {
        enum status s = document_parse(in->m.h, buffer_bytes(&texts[i]), &list[i], diag);
        if (s != STATUS_OK) {
            document_free(list[0]);
            return s;
        }
    }
    return documents_new(list, 2, 1, &both, diag);
}

static enum status
write_documents(const struct init *in, struct diag *diag)
{
    static const char *const names[2] = {"policy.json", "reference.json"};
    const json_t *documents[2] = {in->policy, in->set};
    struct buffer texts[2] = {{0}, {0}};
    const char *folder = command_option(in->c, "output");
    enum status s =
        folder ? STATUS_OK : diag_set(diag, STATUS_INVALID, CLAUSE, 0, "--output DIR is missing");
    for (size_t i = 0; s == STATUS_OK && i < 2; i++)
        s = append_text(documents[i], &texts[i]);
    if (s == STATUS_OK)
        s = check_documents(in, texts, diag);
    for (size_t i = 0; s == STATUS_OK && i < 2; i++) {
        CLEANUP(buffer_free) struct buffer path = {0};
        buffer_append_format(&path, "%s/%s", folder, names[i]);
        const char *text = buffer_text(&path);
        s = text ? file_save(text, buffer_bytes(&texts[i]), FILE_MODE, diag) : STATUS_NOMEM;
    }
    buffer_free(&texts[0]);
    buffer_free(&texts[1]);
    return s;
}

static bool
print_json(const struct init *in)
{
    json_auto_t *report = json_pack(
        "{s:s, s:O, s:O, s:{s:I, s:I, s:I, s:I}}", "platform", platforms[in->platform], "events",
        in->events, "notes", in->notes, "counts", class_names[0], (json_int_t)in->counts[0],
        class_names[1], (json_int_t)in->counts[1], class_names[2], (json_int_t)in->counts[2],
        class_names[3], (json_int_t)in->counts[3]);
    return report && remote_print(report) == EXIT_YES;
}

static void
print_words(const struct init *in)
{
    size_t i;
    const json_t *one;
    (void)printf("platform %s\n", platforms[in->platform]);
    json_array_foreach(in->events, i, one)
    {
        char role[64];
        (void)printf("  %-8s  PCR %2d  %-28s  %s\n",
                     json_string_value(json_object_get(one, "class")),
                     (int)json_integer_value(json_object_get(one, "pcr")),
                     remote_cell(one, "role", role, sizeof role),
                     json_string_value(json_object_get(one, "rule")));
    }
    (void)printf("%zu firmware, %zu build, %zu device, %zu boot; separators and the firmware's "
                 "actions are checked by themselves\n",
                 in->counts[0], in->counts[1], in->counts[2], in->counts[3]);
    json_array_foreach(in->notes, i, one)(void) printf("note: %s\n", json_string_value(one));
    (void)printf("wrote policy.json and reference.json to %s: read them before they are put\n",
                 command_option(in->c, "output"));
}

static int
tell_reasons(const struct material *m)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    report_append(&text, &m->reasons);
    return report_print(&text, &m->reasons);
}

static int
finish(struct init *in, enum status s, struct diag *diag)
{
    if (s == STATUS_OK && !in->set)
        return tell_reasons(&in->m);
    if (s == STATUS_OK)
        s = make_policy(in, diag);
    if (s == STATUS_OK)
        s = tell_notes(in);
    if (s == STATUS_OK)
        s = write_documents(in, diag);
    if (s != STATUS_OK)
        return report_fail(s, diag);
    if (in->c->json)
        return print_json(in) ? EXIT_YES : EXIT_USAGE;
    print_words(in);
    return EXIT_YES;
}

static int
run_init(struct context *c)
{
    CLEANUP(clear) struct init in = {.c = c, .events = json_array(), .notes = json_array()};
    struct diag diag = {0};
    const char *log = command_option(c, "from-log");
    const char *device = command_option(c, "from-device");
    if (!in.events || !in.notes)
        return report_fail(STATUS_NOMEM, NULL);
    if (!log == !device) {
        (void)diag_set(&diag, STATUS_INVALID, CLAUSE, 0, "--from-log FILE or --from-device DEVICE");
        return report_fail(STATUS_INVALID, &diag);
    }
    in.device = device;
    int rc = device ? material_from_device(c, device, &in.m) : EXIT_YES;
    if (rc != EXIT_YES)
        return rc;
    enum status s = log ? material_from_log(c, log, &in.m, &diag) : STATUS_OK;
    if (s == STATUS_OK && in.m.reasons.n_items == 0)
        s = look_at_log(&in, &diag);
    if (s == STATUS_OK && in.m.reasons.n_items == 0)
        s = make_set(&in, &diag);
    return finish(&in, s, &diag);
}

const struct command init_commands[] = {
    {"policy", "init", "--from-log FILE | --from-device DEVICE --id ID --version N --output DIR", 0,
     0, "write a first policy and its reference set from one boot, every event sorted", run_init,
     COMMAND_REMOTE
     "from-log from-device pcrs ima id version generation platform label output json"},
};
const size_t init_n_commands = sizeof init_commands / sizeof *init_commands;
