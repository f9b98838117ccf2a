/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/appraise_case.h"

#include "appraise/profile.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/test.h"

#include <stdlib.h>
#include <string.h>

#define ISSUED_S INT64_C(1769000000)
#define N_TEXTS  APPRAISE_CASE_DOCUMENTS
#define EXPORTER "0123456789abcdef0123456789abcdef"
#define BLOB     0x80000008u

static const char policy[] =
    "{\n"
    " \"type\": \"policy\", \"id\": \"gateways\", \"version\": 1, \"perspective\": \"owner\",\n"
    " \"select\": {\"labels\": {\"site\": \"tokyo\"}},\n"
    " \"quote\": {\"sha256\": [0,1,2,3,4,5,6,7,8,9,10,11,12,14]},\n"
    " \"genuine\": {\"accept\": [\"verified\"]},\n"
    " \"member\": {\"accept\": [\"list\", \"token\", \"approval\"]},\n"
    " \"evidence_age\": \"1h\",\n"
    " \"secure_boot\": {\"state\": \"on\"},\n"
    " \"boot\": {\"references\": [\"boot\"], \"effect\": \"enforce\"},\n"
    " \"command_line\": {\"references\": true},\n"
    " \"ima\": {\"references\": [\"boot\"], \"violations\": \"enforce\"}\n"
    "}\n";

struct appraise_case *
appraise_case_new(void)
{
    static const uint16_t banks[] = {ALG_SHA256};
    struct appraise_case *c = calloc(1, sizeof *c);
    assert_non_null(c);
    assert_status(STATUS_OK, hasher_new(&c->h));
    log_builder_init(&c->log, c->h, banks, 1);
    c->tpm = tpm_builder_new(TPM_BUILDER_P256, ALG_SHA256);
    c->tpm->safe = true;
    c->tpm->clock_ms = 5000;
    c->tpm->reset_count = 7;
    c->tpm->restart_count = 2;
    c->tpm->firmware_version = 0x20;
    c->labels[0] = (struct label){"site", "tokyo"};
    c->subject = (struct subject){.device_id = "00112233445566778899aabbccddeeff",
                                  .labels = c->labels,
                                  .n_labels = 1,
                                  .genuine = GENUINE_VERIFIED,
                                  .tpm = {.certified = true,
                                          .kind = TPM_KIND_DISCRETE,
                                          .manufacturer = 0x49465800, /* IFX */
                                          .model = "SLB9670"},
                                  .member_by = MEMBER_BY_LIST,
                                  .state = LIFE_CYCLE_ENROLLED};
    c->selection = APPRAISE_CASE_BANKS;
    c->now_s = ISSUED_S + 60;
    return c;
}

static void
forget(struct appraise_case *c)
{
    appraisal_freep(&c->appraisal);
    replay_freep(&c->replay);
    quote_freep(&c->quote);
    documents_unrefp(&c->snapshot);
    reasons_free(&c->found);
    c->found = (struct reasons){0};
    round_built_free(&c->built);
}

void
appraise_case_free(struct appraise_case *c)
{
    forget(c);
    reasons_free(&c->planted);
    buffer_free(&c->kept);
    for (size_t i = 0; i < N_TEXTS; i++)
        buffer_free(&c->documents[i]);
    log_builder_free(&c->log);
    tpm_builder_free(c->tpm);
    hasher_free(c->h);
    free(c);
}

/* ---- a good boot ---- */

enum how { HOW_EVENT, HOW_NAMED, HOW_VARIABLE, HOW_GRUB, HOW_TEXT, HOW_SEPARATOR };

struct step {
    const char *name;
    enum how how;
    uint32_t pcr;
    uint32_t type;
    const char *hashed; /* also the value of a variable */
    const char *data;   /* also the name of a variable, or GRUB's prefix */
};

static const struct step steps[] = {
    {"crtm", HOW_TEXT, 0, EVENT_S_CRTM_VERSION, "1.0", NULL},
    {"firmware-1", HOW_EVENT, 0, BLOB, "firmware-1", "blob"},
    {"firmware-2", HOW_EVENT, 0, BLOB, "firmware-2", "blob"},
    {"driver", HOW_EVENT, 2, EVENT_EFI_BOOT_DRIVER, "driver", "path"},
    {"SecureBoot", HOW_VARIABLE, 7, EVENT_EFI_VARIABLE_DRIVER_CONFIG, "\1", "SecureBoot"},
    {"PK", HOW_VARIABLE, 7, EVENT_EFI_VARIABLE_DRIVER_CONFIG, "pk", "PK"},
    {"KEK", HOW_VARIABLE, 7, EVENT_EFI_VARIABLE_DRIVER_CONFIG, "kek", "KEK"},
    {"db", HOW_VARIABLE, 7, EVENT_EFI_VARIABLE_DRIVER_CONFIG, "db", "db"},
    {"dbx", HOW_VARIABLE, 7, EVENT_EFI_VARIABLE_DRIVER_CONFIG, "dbx", "dbx"},
    {"separator-7", HOW_SEPARATOR, 7, 0, NULL, NULL},
    {"calling", HOW_TEXT, 4, EVENT_EFI_ACTION, "Calling EFI Application from Boot Option", NULL},
    {"separator-0", HOW_SEPARATOR, 0, 0, NULL, NULL},
    {"separator-1", HOW_SEPARATOR, 1, 0, NULL, NULL},
    {"separator-2", HOW_SEPARATOR, 2, 0, NULL, NULL},
    {"separator-3", HOW_SEPARATOR, 3, 0, NULL, NULL},
    {"separator-4", HOW_SEPARATOR, 4, 0, NULL, NULL},
    {"separator-5", HOW_SEPARATOR, 5, 0, NULL, NULL},
    {"separator-6", HOW_SEPARATOR, 6, 0, NULL, NULL},
    {"authority", HOW_VARIABLE, 7, EVENT_EFI_VARIABLE_AUTHORITY, "owner", "db"},
    {"shim", HOW_EVENT, 4, EVENT_EFI_BOOT_APPLICATION, "shim", "path"},
    {"mok", HOW_NAMED, 14, EVENT_IPL, "mok", "MokList"},
    {"grub", HOW_EVENT, 4, EVENT_EFI_BOOT_APPLICATION, "grub", "path"},
    {"command", HOW_GRUB, 8, EVENT_IPL, "linux /vmlinuz root=/dev/sda1 ro", "grub_cmd: "},
    {"kernel-file", HOW_NAMED, 9, EVENT_IPL, "kernel file", "/vmlinuz"},
    {"kernel", HOW_EVENT, 4, EVENT_EFI_BOOT_APPLICATION, "kernel", "path"},
    {"kernel-again", HOW_EVENT, 4, EVENT_EFI_BOOT_APPLICATION, "kernel", "path"},
    {"cmdline", HOW_GRUB, 8, EVENT_IPL, "/vmlinuz root=/dev/sda1 ro", "kernel_cmdline: "},
    {"initrd", HOW_NAMED, 9, EVENT_IPL, "initrd file", "/initrd.img"},
    {"exit", HOW_TEXT, 5, EVENT_EFI_ACTION, "Exit Boot Services Invocation", NULL},
};

#define N_STEPS (sizeof steps / sizeof steps[0])

static const struct appraise_case_change *
find_change(const struct appraise_case *c, const struct step *s)
{
    for (size_t i = 0; i < 3; i++) {
        if (c->changes[i].step && text_equal(c->changes[i].step, s->name))
            return &c->changes[i];
    }
    return NULL;
}

static void
measure_variable(struct log_builder *b, const struct step *s, const char *data)
{
    if (!data) {
        (void)log_builder_variable(b, s->pcr, s->type, s->data, bytes_of_text(s->hashed));
        return;
    }
    /* What the digest covers is the variable; the data that is logged is another. */
    size_t before = b->log.size;
    (void)log_builder_variable(b, s->pcr, s->type, s->data, bytes_of_text(s->hashed));
    b->log.data[b->log.size - 1] ^= 1;
    assert_true(b->log.size > before);
}

static void
measure(struct log_builder *b, const struct step *s, const char *data)
{
    const char *shown = data ? data : s->data;
    switch (s->how) {
    case HOW_EVENT:
        (void)log_builder_event(b, s->pcr, s->type, bytes_of_text(s->hashed), bytes_of_text(shown));
        return;
    case HOW_NAMED:
        (void)log_builder_event(b, s->pcr, s->type, bytes_of_text(s->hashed),
                                bytes_of(shown, strlen(shown) + 1));
        return;
    case HOW_VARIABLE:
        measure_variable(b, s, data);
        return;
    case HOW_GRUB:
        if (data)
            (void)log_builder_event(b, s->pcr, s->type, bytes_of_text(s->hashed),
                                    bytes_of(data, strlen(data) + 1));
        else
            (void)log_builder_grub(b, s->data, s->hashed);
        return;
    case HOW_TEXT:
        (void)log_builder_text(b, s->pcr, s->type, s->hashed);
        return;
    case HOW_SEPARATOR:
        if (s->hashed)
            (void)log_builder_data(b, s->pcr, EVENT_SEPARATOR, bytes_of(s->hashed, 4));
        else
            (void)log_builder_separator(b, s->pcr);
        return;
    }
}

static void
measure_changed(struct appraise_case *c, const struct step *s)
{
    const struct appraise_case_change *change = find_change(c, s);
    struct step changed = *s;
    if (change && change->change == APPRAISE_SKIP)
        return;
    if (change && change->change == APPRAISE_HASHED)
        changed.hashed = change->with;
    bool other_data = change && change->change == APPRAISE_DATA;
    measure(&c->log, &changed, other_data ? change->with : NULL);
    if (change && change->change == APPRAISE_TWICE)
        measure(&c->log, &changed, NULL);
    if (!change || change->change != APPRAISE_INSERT)
        return;
    (void)log_builder_event(&c->log, 4, EVENT_EFI_BOOT_APPLICATION, bytes_of_text(change->with),
                            bytes_of_text("path"));
}

void
appraise_case_append_ima(struct appraise_case *c)
{
    log_builder_ima_aggregate(&c->log, ALG_SHA256);
    log_builder_ima(&c->log, "/usr/bin/init", "init");
    log_builder_ima(&c->log, "/usr/bin/sh", "sh");
}

void
appraise_case_append_firmware(struct appraise_case *c)
{
    for (size_t i = 0; i < N_STEPS; i++)
        measure_changed(c, &steps[i]);
}

void
appraise_case_record(struct appraise_case *c, uint32_t pcr, const char *text)
{
    struct digest d;
    log_builder_extend(&c->log, pcr, bytes_of_text(text));
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text(text), &d));
    buffer_append_format(&c->kept,
                         "\x1e{\"pcr\":%u,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"", pcr);
    text_append_hex(&c->kept, digest_bytes(&d));
    buffer_append_format(
        &c->kept, "\"}],\"content_type\":\"systemd\",\"content\":{\"string\":\"%s\"}}\n", text);
    c->in.userspace_log = buffer_bytes(&c->kept);
    c->in.userspace_present = true;
}

void
appraise_case_boot(struct appraise_case *c)
{
    appraise_case_append_firmware(c);
    appraise_case_append_ima(c);
}

void
appraise_case_reboot_firmware(struct appraise_case *c)
{
    static const uint16_t banks[] = {ALG_SHA256};
    log_builder_free(&c->log);
    log_builder_init(&c->log, c->h, banks, 1);
    appraise_case_append_firmware(c);
}

void
appraise_case_reboot(struct appraise_case *c)
{
    appraise_case_reboot_firmware(c);
    appraise_case_append_ima(c);
}

void
appraise_case_profile(struct appraise_case *c, size_t i, const char *id)
{
    struct subject_pcrs pcrs = {.alg = ALG_SHA256, .present = 0xFFFF};
    memcpy(pcrs.pcr, c->log.pcr[0], sizeof pcrs.pcr);
    const struct profile_source source = {
        .boot_log = buffer_bytes(&c->log.log), .ima = buffer_bytes(&c->log.ima), .pcrs = &pcrs};
    const struct profile_options options = {
        .id = id, .version = 1, .generation = id, .files = true};
    struct diag diag = {0};
    struct reasons reasons = {0};
    buffer_reset(&c->documents[i]);
    if (profile_from_log(c->h, &source, &options, &reasons, &c->documents[i], &diag) != STATUS_OK)
        fail_msg("%s", diag.text);
    assert_int_equal(0, reasons.n_items);
    reasons_free(&reasons);
}

void
appraise_case_documents(struct appraise_case *c)
{
    buffer_reset(&c->documents[APPRAISE_CASE_POLICY]);
    buffer_append_text(&c->documents[APPRAISE_CASE_POLICY], policy);
    appraise_case_profile(c, 1, "boot");
}

void
appraise_case_edit(struct appraise_case *c, size_t document, const char *old, const char *with)
{
    struct buffer *text = &c->documents[document];
    const char *whole = buffer_text(text);
    const char *at = strstr(whole, old);
    if (!at)
        fail_msg("document %zu has no %s", document, old);
    struct buffer edited = {0};
    buffer_append(&edited, bytes_of(whole, (size_t)(at - whole)));
    buffer_append_text(&edited, with);
    buffer_append_text(&edited, at + strlen(old));
    buffer_free(text);
    *text = edited;
}

/* ---- the round ---- */

void
appraise_case_take_pcrs(struct appraise_case *c)
{
    memcpy(c->tpm->pcrs[alg_index(ALG_SHA256)], c->log.pcr[0], sizeof c->log.pcr[0]);
    c->pcrs_taken = true;
}

static void
take_quote(struct appraise_case *c)
{
    if (!c->pcrs_taken)
        memcpy(c->tpm->pcrs[alg_index(ALG_SHA256)], c->log.pcr[0], sizeof c->log.pcr[0]);
    const struct round_builder builder = {
        .tpm = c->tpm,
        .selection = tpm_builder_selection(c->selection),
        .device_id = c->subject.device_id,
        .exporter = c->no_exporter ? (struct bytes){0} : bytes_of(EXPORTER, 32),
        .issued_ms = ISSUED_S * 1000,
    };
    round_builder_make(&builder, &c->built);
    CLEANUP(freshness_freep) struct freshness *given = NULL;
    if (c->offline)
        assert_status(STATUS_OK, freshness_given(buffer_bytes(&c->built.extra_data),
                                                 &builder.selection, &given));
    assert_status(STATUS_OK,
                  quote_verify(c->h, &c->built.evidence, c->built.ak,
                               given ? given : c->built.freshness, &c->quote, &c->found));
    assert_non_null(c->quote);
}

static void
compile(struct appraise_case *c)
{
    struct document *list[N_TEXTS];
    struct diag diag = {0};
    size_t n = 0;
    for (size_t i = 0; i < N_TEXTS; i++) {
        if (c->documents[i].size == 0)
            continue;
        if (document_parse(c->h, buffer_bytes(&c->documents[i]), &list[n++], &diag) != STATUS_OK)
            fail_msg("document %zu, line %ju: %s", i, (uintmax_t)diag.offset, diag.text);
    }
    if (documents_new(list, n, 1, &c->snapshot, &diag) != STATUS_OK)
        fail_msg("%s", diag.text);
}

void
appraise_case_run(struct appraise_case *c)
{
    forget(c);
    compile(c);
    take_quote(c);
    if (!c->replaced) {
        c->in.boot_log = buffer_bytes(&c->log.log);
        c->in.boot_log_present = true;
        c->in.ima = buffer_bytes(&c->log.ima);
        c->in.ima_present = c->log.ima.size > 0;
    }
    assert_status(STATUS_OK, replay_verify(c->h, c->quote, &c->in, &c->replay, &c->found));
    reasons_append(&c->found, &c->planted);
    const struct appraisal_input input = {.documents = c->snapshot,
                                          .quote = c->quote,
                                          .replay = c->replay,
                                          .subject = &c->subject,
                                          .standing = c->standing,
                                          .announcement = c->announcement,
                                          .found = &c->found,
                                          .now_s = c->now_s};
    assert_status(STATUS_OK, appraise(c->h, &input, &c->appraisal));
}

/* ---- claims ---- */

static void
print_reasons(const struct reasons *list)
{
    for (size_t i = 0; i < list->n_items; i++) {
        CLEANUP(buffer_free) struct buffer line = {0};
        reason_append_text(&list->items[i], &line);
        print_error("  %s\n", buffer_text(&line));
    }
}

const struct appraisal_perspective *
appraise_case_perspective(struct appraise_case *c)
{
    return appraisal_perspective(c->appraisal, 0);
}

void
appraise_case_assert_trusted(struct appraise_case *c)
{
    for (size_t i = 0; i < appraisal_n_perspectives(c->appraisal); i++) {
        const struct appraisal_perspective *p = appraisal_perspective(c->appraisal, i);
        print_reasons(&p->reasons);
        assert_int_equal(0, p->reasons.n_items);
        assert_string_equal("trusted", verdict_name(p->verdict));
    }
    assert_int_equal(VERDICT_TRUSTED, appraisal_verdict(c->appraisal));
}

void
appraise_case_assert_all(struct appraise_case *c, enum reason_code code, size_t n)
{
    const struct appraisal_perspective *p = appraise_case_perspective(c);
    bool all = p->reasons.n_items == n;
    for (size_t i = 0; i < p->reasons.n_items; i++)
        all = all && p->reasons.items[i].code == code;
    if (all)
        return;
    print_error("not %zu times %s:\n", n, reason_code_name(code));
    print_reasons(&p->reasons);
    fail();
}

const struct reason *
appraise_case_assert_only(struct appraise_case *c, enum reason_code code, enum verdict verdict)
{
    const struct appraisal_perspective *p = appraise_case_perspective(c);
    appraise_case_assert_all(c, code, 1);
    assert_string_equal(verdict_name(verdict), verdict_name(p->verdict));
    return &p->reasons.items[0];
}

const struct reason *
appraise_case_fact(struct appraise_case *c, enum reason_code code)
{
    return reasons_find(appraisal_facts(c->appraisal), code);
}

struct appraise_case *
appraise_case_ready(void)
{
    struct appraise_case *c = appraise_case_new();
    appraise_case_boot(c);
    appraise_case_documents(c);
    return c;
}

int
appraise_case_setup(void **state)
{
    *state = appraise_case_ready();
    return 0;
}

int
appraise_case_teardown(void **state)
{
    appraise_case_free(*state);
    return 0;
}
