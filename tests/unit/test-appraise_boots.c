/* SPDX-License-Identifier: Apache-2.0 */
/* Recorded boots of a real machine: each passes under the profile made of it, and under another's
 * profile exactly what differs is told. */
#include "appraise/profile.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/test.h"

#include <jansson.h>
#include <string.h>

#define BOOTS "tests/vectors/boots/"

/* What differs from the usual: told for each row of the table. */
struct row {
    const char *boot;    /* the folder that boots */
    const char *profile; /* the folder that was approved */
    const char *reasons; /* "code:PCR" in order, a repeated one once; "" when trusted */
};

static const char policy[] =
    "{\"type\":\"policy\",\"id\":\"recorded\",\"version\":1,\"perspective\":\"owner\","
    "\"select\":{\"all\":true},"
    "\"quote\":{\"sha256\":[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15],"
    "\"sha384\":[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]},"
    "\"boot\":{\"references\":[\"approved\"]},"
    "\"ima\":{\"references\":[\"approved\"]}}";

static void
load_file(const char *boot, const char *name, struct buffer *out)
{
    CLEANUP(buffer_free) struct buffer path = {0};
    buffer_append_format(&path, BOOTS "%s/%s", boot, name);
    test_source(buffer_text(&path), out);
}

static void
load_pcrs(const char *boot, const char *bank, struct digest out[LIMIT_PCRS])
{
    CLEANUP(buffer_free) struct buffer text = {0};
    load_file(boot, "pcrs.json", &text);
    json_auto_t *all = json_loadb((const char *)text.data, text.size, 0, NULL);
    const json_t *values = json_object_get(all, bank);
    assert_non_null(values);
    for (uint32_t pcr = 0; pcr < 16; pcr++) {
        char key[4];
        (void)snprintf(key, sizeof key, "%u", pcr);
        const struct alg *alg = alg_by_name(bank);
        out[pcr] = (struct digest){.alg = alg->id, .size = alg->size};
        assert_status(STATUS_OK,
                      text_parse_hex_exact(json_string_value(json_object_get(values, key)),
                                           out[pcr].data, alg->size));
    }
}

static void
approve(struct appraise_case *c, const char *boot, bool files)
{
    CLEANUP(buffer_free) struct buffer log = {0};
    CLEANUP(buffer_free) struct buffer ima = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct subject_pcrs pcrs = {.alg = ALG_SHA256, .present = 0xFFFF};
    load_file(boot, "boot-log", &log);
    load_file(boot, "ima", &ima);
    load_pcrs(boot, "sha256", pcrs.pcr);
    const struct profile_source source = {
        .boot_log = buffer_bytes(&log), .ima = buffer_bytes(&ima), .pcrs = &pcrs};
    const struct profile_options options = {.id = "approved", .version = 1, .files = files};
    struct diag diag = {0};
    assert_status(STATUS_OK,
                  profile_from_log(c->h, &source, &options, &reasons, &c->documents[1], &diag));
    assert_int_equal(0, reasons.n_items);
    buffer_append_text(&c->documents[0], policy);
}

static void
boot(struct appraise_case *c, const char *name, struct buffer *log, struct buffer *ima)
{
    load_file(name, "boot-log", log);
    load_file(name, "ima", ima);
    load_pcrs(name, "sha256", c->tpm->pcrs[alg_index(ALG_SHA256)]);
    load_pcrs(name, "sha384", c->tpm->pcrs[alg_index(ALG_SHA384)]);
    c->pcrs_taken = true;
    c->replaced = true;
    c->in = (struct replay_input){.boot_log = buffer_bytes(log),
                                  .boot_log_present = true,
                                  .ima = buffer_bytes(ima),
                                  .ima_present = true};
    c->selection = "sha256:0-15+sha384:0-15";
    appraise_case_run(c);
}

/* "code:PCR code:PCR ...", a repeated one once. */
static void
list_reasons(const struct appraisal_perspective *p, struct buffer *out)
{
    char last[80] = "";
    for (size_t i = 0; i < p->reasons.n_items; i++) {
        const struct reason *r = &p->reasons.items[i];
        char item[80];
        (void)snprintf(item, sizeof item, "%s:%d", reason_code_name(r->code), r->pcr);
        if (text_equal(item, last))
            continue;
        buffer_append_format(out, "%s%s", out->size > 0 ? " " : "", item);
        (void)text_copy(last, sizeof last, item);
    }
}

static void
check_row(const struct row *row)
{
    struct appraise_case *c = appraise_case_new();
    CLEANUP(buffer_free) struct buffer log = {0};
    CLEANUP(buffer_free) struct buffer ima = {0};
    CLEANUP(buffer_free) struct buffer found = {0};
    approve(c, row->profile, true);
    boot(c, row->boot, &log, &ima);
    list_reasons(appraise_case_perspective(c), &found);
    const char *text = buffer_text(&found);
    if (!text_equal(text, row->reasons)) {
        const struct reasons *all = &appraise_case_perspective(c)->reasons;
        for (size_t i = 0; i < all->n_items; i++) {
            CLEANUP(buffer_free) struct buffer line = {0};
            reason_append_text(&all->items[i], &line);
            print_error("  %s\n", buffer_text(&line));
        }
        fail_msg("%s under %s gives \"%s\"", row->boot, row->profile, text);
    }
    enum verdict expected = row->reasons[0] ? VERDICT_UNTRUSTED : VERDICT_TRUSTED;
    assert_int_equal(expected, appraise_case_perspective(c)->verdict);
    appraise_case_free(c);
}

static const struct row rows[] = {
    {"secure", "secure", ""},
    {"plain", "plain", ""},
    {"uki", "uki", ""},
    {"secure-update", "secure-update", ""},
    {"secure-other-kernel", "secure",
     "boot.unknown-image:4 boot.unknown-image:9 ima.unknown-file:10"},
    {"secure-other-cmdline", "secure", "boot.unknown-image:8 boot.unknown-image:9"},
    {"secure-update", "secure", "boot.unknown-image:9 ima.unknown-file:10"},
    {"plain", "secure",
     "boot.unknown-image:0 boot.missing:4 boot.unknown-image:7 boot.missing:7 boot.unknown-image:8 "
     "boot.unknown-image:9"},
    {"uki", "plain",
     "boot.unknown-image:4 boot.missing:7 boot.missing:8 boot.unknown-image:9 boot.missing:9 "
     "boot.surplus:11 boot.missing:14"},
};

/* Its IMA list is not anchored, and no set of files can be made of it. */
static void
tells_of_an_ima_list_that_pcr_10_does_not_carry(void **state)
{
    (void)state;
    struct appraise_case *c = appraise_case_new();
    CLEANUP(buffer_free) struct buffer log = {0};
    CLEANUP(buffer_free) struct buffer ima = {0};
    CLEANUP(buffer_free) struct buffer found = {0};
    approve(c, "uboot-efi", false);
    appraise_case_edit(c, 0, ",\"ima\":{\"references\":[\"approved\"]}", "");
    boot(c, "uboot-efi", &log, &ima);
    list_reasons(appraise_case_perspective(c), &found);
    assert_string_equal("ima.not-anchored:10", buffer_text(&found));
    assert_int_equal(VERDICT_WARNING, appraise_case_perspective(c)->verdict);
    appraise_case_free(c);
}

static void
tells_exactly_what_differs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_row(&rows[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_exactly_what_differs),
        cmocka_unit_test(tells_of_an_ima_list_that_pcr_10_does_not_carry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
