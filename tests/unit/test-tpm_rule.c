/* SPDX-License-Identifier: Apache-2.0 */
/* What policy says of the TPM itself, against TPMs as their certificates name them. */
#include "base/cleanup.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/test.h"

#define IFX   0x49465800u /* "IFX" and a NUL */
#define IFX_  0x49465820u /* and a blank */
#define INTC  0x494E5443u
#define SWTPM 0x00001014u

struct row {
    const char *rule;
    struct subject_tpm tpm;
    enum reason_code codes[3]; /* REASON_NONE ends; none: trusted */
    enum verdict verdict;
};

#define CHIP(maker, name)                                                                          \
    {                                                                                              \
        true, TPM_KIND_DISCRETE, maker, name                                                       \
    }

static const struct row rows[] = {
    {"\"kinds\": [\"discrete\"]", CHIP(IFX, "SLB9670"), {0}, VERDICT_TRUSTED},
    {"\"kinds\": [\"virtual\", \"firmware\"]",
     {true, TPM_KIND_FIRMWARE, INTC, "Intel"},
     {0},
     VERDICT_TRUSTED},
    {"\"kinds\": [\"virtual\", \"firmware\"]",
     CHIP(IFX, "SLB9670"),
     {REASON_DEVICE_TPM_KIND},
     VERDICT_UNTRUSTED},
    {"\"kinds\": [\"discrete\", \"firmware\", \"virtual\", \"software\"]",
     {true, TPM_KIND_UNKNOWN, 0x41424344, "?"},
     {REASON_DEVICE_TPM_KIND},
     VERDICT_UNTRUSTED},
    {"\"kinds\": [\"discrete\"], \"effect\": \"warn\"",
     {true, TPM_KIND_SOFTWARE, SWTPM, "swtpm"},
     {REASON_DEVICE_TPM_KIND},
     VERDICT_WARNING},
    {"\"kinds\": [\"discrete\"]", {0}, {REASON_DEVICE_TPM_UNKNOWN}, VERDICT_UNTRUSTED},
    {"\"forbidden\": [{\"manufacturer\": \"IFX\"}], \"effect\": \"warn\"",
     {0},
     {REASON_DEVICE_TPM_UNKNOWN},
     VERDICT_WARNING},
    {"\"allowed\": [{\"manufacturer\": \"IFX\"}]", CHIP(IFX_, "SLB9670"), {0}, VERDICT_TRUSTED},
    {"\"allowed\": [{\"manufacturer\": \"IFX \"}]", CHIP(IFX, ""), {0}, VERDICT_TRUSTED},
    {"\"allowed\": [{\"manufacturer\": \"id:49465800\"}]", CHIP(IFX_, ""), {0}, VERDICT_TRUSTED},
    {"\"allowed\": [{\"manufacturer\": \"id:00001014\", \"model\": \"swtpm\"}]",
     {true, TPM_KIND_SOFTWARE, SWTPM, "swtpm"},
     {0},
     VERDICT_TRUSTED},
    {"\"allowed\": [{\"manufacturer\": \"IFX\", \"model\": \"SLB96\"}, {\"manufacturer\": "
     "\"NTC\"}]",
     CHIP(IFX, "SLB9672"),
     {0},
     VERDICT_TRUSTED},
    {"\"allowed\": [{\"manufacturer\": \"IFX\", \"model\": \"SLB9670\"}, {\"manufacturer\": "
     "\"NTC\"}]",
     CHIP(IFX, "SLB967"),
     {REASON_DEVICE_TPM_ALLOWED},
     VERDICT_UNTRUSTED},
    {"\"allowed\": [{\"manufacturer\": \"IF\"}]",
     CHIP(IFX, "SLB9670"),
     {REASON_DEVICE_TPM_ALLOWED},
     VERDICT_UNTRUSTED},
    {"\"allowed\": [{\"manufacturer\": \"IFX\"}], \"forbidden\": [{\"manufacturer\": \"IFX\", "
     "\"model\": \"SLB9655\"}]",
     CHIP(IFX, "SLB9655TT"),
     {REASON_DEVICE_TPM_FORBIDDEN},
     VERDICT_UNTRUSTED},
    {"\"allowed\": [{\"manufacturer\": \"IFX\"}], \"forbidden\": [{\"manufacturer\": \"IFX\", "
     "\"model\": \"SLB9655\"}]",
     CHIP(IFX, "SLB9670"),
     {0},
     VERDICT_TRUSTED},
    {"\"kinds\": [\"firmware\"], \"allowed\": [{\"manufacturer\": \"INTC\"}], \"forbidden\": "
     "[{\"manufacturer\": \"IFX\"}]",
     CHIP(IFX, "SLB9670"),
     {REASON_DEVICE_TPM_KIND, REASON_DEVICE_TPM_ALLOWED, REASON_DEVICE_TPM_FORBIDDEN},
     VERDICT_UNTRUSTED},
};

static size_t
count_codes(const struct row *row)
{
    size_t n = 0;
    while (n < 3 && row->codes[n] != REASON_NONE)
        n++;
    return n;
}

static void
try_row(const struct row *row)
{
    struct appraise_case *c = appraise_case_ready();
    CLEANUP(buffer_free) struct buffer text = {0};
    buffer_append_format(&text, "\"tpm\": {%s}, \"ima\":", row->rule);
    appraise_case_edit(c, 0, "\"ima\":", buffer_text(&text));
    c->subject.tpm = row->tpm;
    appraise_case_run(c);
    const struct appraisal_perspective *p = appraise_case_perspective(c);
    print_message("%s\n", row->rule);
    assert_int_equal(p->verdict, row->verdict);
    assert_int_equal(p->reasons.n_items, count_codes(row));
    for (size_t i = 0; i < p->reasons.n_items; i++)
        assert_int_equal(p->reasons.items[i].code, row->codes[i]);
    appraise_case_free(c);
}

static void
judges_each_tpm_by_its_certificate(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        try_row(&rows[i]);
}

static void
assert_named(struct subject_tpm tpm, const char *name)
{
    struct appraise_case *c = appraise_case_ready();
    appraise_case_edit(c, 0, "\"ima\":", "\"tpm\": {\"kinds\": [\"virtual\"]}, \"ima\":");
    c->subject.tpm = tpm;
    appraise_case_run(c);
    const struct reason *r =
        appraise_case_assert_only(c, REASON_DEVICE_TPM_KIND, VERDICT_UNTRUSTED);
    assert_string_equal(r->what, name);
    assert_string_equal(r->found, tpm_kind_name(tpm.kind));
    assert_false(r->bound);
    appraise_case_free(c);
}

static void
names_the_tpm_for_people(void **state)
{
    (void)state;
    assert_named((struct subject_tpm)CHIP(IFX_, "SLB9670"), "IFX SLB9670");
    assert_named((struct subject_tpm)CHIP(SWTPM, "x"), "id:00001014 x");
    assert_named((struct subject_tpm)CHIP(0x49FF5800u, ""), "id:49ff5800");
}

static void
a_kind_has_one_word(void **state)
{
    (void)state;
    enum tpm_kind kind = TPM_KIND_UNKNOWN;
    for (enum tpm_kind k = TPM_KIND_UNKNOWN; k <= TPM_KIND_SOFTWARE; k++) {
        assert_true(tpm_kind_parse(tpm_kind_name(k), &kind));
        assert_int_equal(kind, k);
    }
    assert_false(tpm_kind_parse("", &kind));
    assert_false(tpm_kind_parse("Discrete", &kind));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_each_tpm_by_its_certificate),
        cmocka_unit_test(names_the_tpm_for_people),
        cmocka_unit_test(a_kind_has_one_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
