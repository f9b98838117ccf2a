/* SPDX-License-Identifier: Apache-2.0 */
/* Boots of real machines under reference sets that were made offline, of the machines' own files
 * (scripts/record-boot --references): each is explained whole by its own, and each change gives
 * exactly the reasons that it must give and no others. Where the corpus is, its boots too, under
 * the sets of their logs. [appraisal 2] */
#include "appraise/profile.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/boot_case.h"
#include "tests/lib/log_edit.h"
#include "tests/lib/test.h"

#include <jansson.h>
#include <string.h>

#define IMAGE   EVENT_EFI_BOOT_APPLICATION
#define AT(...) ((struct log_edit_place){__VA_ARGS__})
#define GRUB    "4,8,9"
#define UKI     "4,9,11"
#define UBOOT   "4,9"

struct row {
    const char *boot;
    const char *name;
    void (*change)(struct buffer *log); /* NULL: as it was recorded */
    const char *covers;
    const char *sets[2];
    const char *reasons; /* "code:PCR:role" in order; "": trusted */
};

/* ---- documents ---- */

/* A set under the name of its boot. With a bundle, kernel and initrd are of one generation. */
static void
add_set(struct appraise_case *c, size_t document, const char *boot, bool bundle)
{
    CLEANUP(buffer_free) struct buffer path = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    size_t i;
    json_t *one;
    buffer_append_format(&path, "tests/vectors/boots/%s/references.json", boot);
    test_source(buffer_text(&path), &text);
    json_auto_t *set = json_loadb((const char *)text.data, text.size, 0, NULL);
    assert_non_null(set);
    assert_int_equal(0, json_object_set_new(set, "id", json_string(boot)));
    if (bundle)
        assert_int_equal(0, json_object_set_new(set, "generation", json_string(boot)));
    json_array_foreach(json_object_get(set, "components"), i, one)
    {
        const char *role = json_string_value(json_object_get(one, "role"));
        if (bundle && (text_equal(role, "kernel") || text_equal(role, "initrd")))
            assert_int_equal(0, json_object_set_new(one, "bundle", json_string("os")));
    }
    char *json = json_dumps(set, JSON_INDENT(1));
    buffer_append_text(&c->documents[document], json);
    free(json);
}

static void
add_policy(struct appraise_case *c, const char *covers, const char *first, const char *second)
{
    buffer_append_format(&c->documents[APPRAISE_CASE_POLICY],
                         "{\"type\":\"policy\",\"id\":\"recorded\",\"version\":1,\"perspective\":"
                         "\"owner\",\"select\":{\"all\":true},"
                         "\"quote\":{\"sha256\":[0,1,2,3,4,5,6,7,8,9,11,12,13,14,15],"
                         "\"sha384\":[0,1,2,3,4,5,6,7,8,9,11,12,13,14,15]},"
                         "\"boot\":{\"references\":[\"%s\"%s%s%s],\"coverage\":{\"enforce\":[%s]}}"
                         "}",
                         first, second ? ",\"" : "", second ? second : "", second ? "\"" : "",
                         covers);
}

/* ---- judging ---- */

static void
list_reasons(struct appraise_case *c, struct buffer *out)
{
    const struct reasons *all = &appraise_case_perspective(c)->reasons;
    for (size_t i = 0; i < all->n_items; i++)
        buffer_append_format(out, "%s%s:%d:%s", i > 0 ? " " : "",
                             reason_code_name(all->items[i].code), all->items[i].pcr,
                             all->items[i].what);
}

static unsigned
judge(struct appraise_case *c, const struct row *row, const struct buffer *log)
{
    CLEANUP(buffer_free) struct buffer found = {0};
    c->pcrs_taken = true;
    c->replaced = true;
    boot_case_follow(c, log);
    boot_case_run(c, log);
    list_reasons(c, &found);
    bool trusted = appraise_case_perspective(c)->verdict == VERDICT_TRUSTED;
    bool same =
        text_equal(buffer_text(&found), row->reasons) && (row->reasons[0] == '\0') == trusted;
    if (same)
        return 0;
    print_error("%s, %s, under %s:\n  \"%s\"\n", row->boot, row->name, row->sets[0],
                buffer_text(&found));
    boot_case_print(c);
    return 1;
}

static void
load_log(const char *boot, struct buffer *out)
{
    CLEANUP(buffer_free) struct buffer path = {0};
    buffer_append_format(&path, "tests/vectors/boots/%s/boot-log", boot);
    test_source(buffer_text(&path), out);
}

static unsigned
check_row(const struct row *row)
{
    CLEANUP(buffer_free) struct buffer log = {0};
    struct appraise_case *c = appraise_case_new();
    load_log(row->boot, &log);
    if (row->change)
        row->change(&log);
    for (size_t i = 0; i < 2 && row->sets[i]; i++)
        add_set(c, 1 + i, row->sets[i], row->sets[1] != NULL);
    add_policy(c, row->covers, row->sets[0], row->sets[1]);
    unsigned wrong = judge(c, row, &log);
    appraise_case_free(c);
    return wrong;
}

/* ---- changes, each booted: the TPM holds what the changed log gives ---- */

static void
replace_shim(struct buffer *log)
{
    log_edit_content(log, AT(4, IMAGE, 0), bytes_of_text("another shim"));
}

static void
replace_grub(struct buffer *log)
{
    log_edit_content(log, AT(4, IMAGE, 1), bytes_of_text("another GRUB"));
}

static void
replace_kernel_image(struct buffer *log)
{
    log_edit_content(log, AT(4, IMAGE, 2), bytes_of_text("another kernel"));
}

static void
drop_grub(struct buffer *log)
{
    log_edit_drop(log, AT(4, IMAGE, 1));
}

static void
drop_second_kernel(struct buffer *log)
{
    log_edit_drop(log, AT(4, IMAGE, 3));
}

static void
run_memtest(struct buffer *log)
{
    log_edit_twice(log, AT(4, IMAGE, 1));
    log_edit_content(log, AT(4, IMAGE, 2), bytes_of_text("memtest"));
}

static void
swap_shim_and_grub(struct buffer *log)
{
    log_edit_move(log, AT(4, IMAGE, 1), AT(4, IMAGE, 0));
}

static void
replace_grub_configuration(struct buffer *log)
{
    log_edit_content(log, AT(9, EVENT_IPL, 0), bytes_of_text("set default=1\n"));
}

static void
replace_kernel_file(struct buffer *log)
{
    log_edit_content(log, AT(9, EVENT_IPL, 1), bytes_of_text("another kernel"));
}

static void
replace_initrd_file(struct buffer *log)
{
    log_edit_content(log, AT(9, EVENT_IPL, 2), bytes_of_text("another initrd"));
}

static void
drop_initrd_file(struct buffer *log)
{
    log_edit_drop(log, AT(9, EVENT_IPL, 2));
}

static void
read_file_more(struct buffer *log)
{
    log_edit_twice(log, AT(9, EVENT_IPL, 2));
}

static void
type_command_more(struct buffer *log)
{
    log_edit_insert(log, AT(8, EVENT_IPL, 4), bytes_of_text("grub_cmd: insmod evil"));
}

static void
replace_section(struct buffer *log)
{
    log_edit_content(log, AT(11, EVENT_IPL, 7), bytes_of_text("another initrd"));
}

static void
drop_section(struct buffer *log)
{
    log_edit_drop(log, AT(11, EVENT_IPL, 7));
    log_edit_drop(log, AT(11, EVENT_IPL, 6));
}

static void
replace_loader_option(struct buffer *log)
{
    log_edit_content(log, AT(9, EVENT_TAG, 0), bytes_of_text("init=/bin/sh"));
}

static void
drop_measured_initrd(struct buffer *log)
{
    log_edit_drop(log, AT(9, EVENT_TAG, 1));
}

static void
replace_unified_kernel(struct buffer *log)
{
    log_edit_content(log, AT(4, IMAGE, 0), bytes_of_text("another image"));
}

/* The records of PCR 9 and 4 that the other release has in that place. */
static void
take(struct buffer *log, struct log_edit_place at, const char *boot)
{
    CLEANUP(buffer_free) struct buffer other = {0};
    load_log(boot, &other);
    log_edit_take(log, at, &other, at);
}

static void
take_newer_initrd(struct buffer *log)
{
    take(log, AT(9, EVENT_IPL, 2), "secure-other-kernel");
}

static void
take_newer_kernel(struct buffer *log)
{
    take(log, AT(4, IMAGE, 2), "secure-other-kernel");
    take(log, AT(4, IMAGE, 3), "secure-other-kernel");
    take(log, AT(9, EVENT_IPL, 1), "secure-other-kernel");
}

#define OWN(boot, covers)                                                                          \
    {                                                                                              \
        boot, "as it was", NULL, covers, {boot, NULL}, ""                                          \
    }
#define CHANGED(boot, what, change, covers, reasons)                                               \
    {                                                                                              \
        boot, what, change, covers, {boot, NULL}, reasons                                          \
    }
#define OTHER(boot, set, covers, reasons)                                                          \
    {                                                                                              \
        boot, "as it was", NULL, covers, {set, NULL}, reasons                                      \
    }
#define TWO(what, change, reasons)                                                                 \
    {                                                                                              \
        "secure", what, change, GRUB, {"secure", "secure-other-kernel"}, reasons                   \
    }

static const struct row rows[] = {
    OWN("secure", GRUB),
    OWN("secure-other-kernel", GRUB),
    OWN("secure-other-cmdline", GRUB),
    OWN("secure-update", GRUB),
    OWN("plain", GRUB),
    OWN("uki", UKI),
    OWN("uboot-efi", UBOOT),
    /* Whole boots that differ. */
    OTHER("secure-other-cmdline", "secure", GRUB,
          "boot.unknown-image:8:grub-command boot.unknown-image:8:grub-command "
          "boot.unknown-image:8:command-line boot.unknown-image:9:grub-file"),
    OTHER("secure-other-kernel", "secure", GRUB,
          "boot.unknown-image:4:kernel boot.unknown-image:4:kernel "
          "boot.unknown-image:9:kernel boot.unknown-image:9:initrd"),
    OTHER("secure-update", "secure", GRUB,
          "boot.unknown-image:9:grub-file boot.unknown-image:9:initrd"),
    OTHER("plain", "secure", GRUB,
          "boot.missing:4:kernel boot.unknown-image:8:grub-command "
          "boot.unknown-image:8:grub-command boot.unknown-image:8:grub-command "
          "boot.unknown-image:9:grub-file"),
    OTHER("uki", "secure", UKI,
          "boot.unknown-image:4:image boot.missing:4:grub boot.missing:4:kernel "
          "boot.unknown-image:9:grub-file boot.missing:9:kernel boot.surplus:11:EV_IPL "
          "boot.surplus:11:EV_IPL boot.surplus:11:EV_IPL boot.surplus:11:EV_IPL "
          "boot.surplus:11:EV_IPL boot.surplus:11:EV_IPL boot.surplus:11:EV_IPL "
          "boot.surplus:11:EV_IPL"),
    /* One thing in a boot that differs. */
    CHANGED("secure", "shim", replace_shim, GRUB, "boot.unknown-image:4:image"),
    CHANGED("secure", "GRUB", replace_grub, GRUB, "boot.unknown-image:4:grub"),
    CHANGED("secure", "kernel as an image", replace_kernel_image, GRUB,
            "boot.unknown-image:4:kernel"),
    CHANGED("secure", "GRUB missing", drop_grub, GRUB, "boot.missing:4:grub"),
    CHANGED("secure", "kernel once", drop_second_kernel, GRUB, "boot.missing:4:kernel"),
    CHANGED("secure", "memtest", run_memtest, GRUB,
            "boot.surplus:4:EV_EFI_BOOT_SERVICES_APPLICATION"),
    CHANGED("secure", "order", swap_shim_and_grub, GRUB, "boot.order:4:grub"),
    CHANGED("secure", "GRUB configuration", replace_grub_configuration, GRUB,
            "boot.unknown-image:9:grub-file"),
    CHANGED("secure", "kernel as a file", replace_kernel_file, GRUB, "boot.unknown-image:9:kernel"),
    CHANGED("secure", "initrd", replace_initrd_file, GRUB, "boot.unknown-image:9:initrd"),
    CHANGED("secure", "initrd missing", drop_initrd_file, GRUB, "boot.missing:9:initrd"),
    CHANGED("secure", "a file more", read_file_more, GRUB, "boot.surplus:9:EV_IPL"),
    CHANGED("secure", "a command more", type_command_more, GRUB, "boot.surplus:8:EV_IPL"),
    CHANGED("plain", "initrd", replace_initrd_file, GRUB, "boot.unknown-image:9:initrd"),
    CHANGED("uki", "section", replace_section, UKI, "boot.unknown-image:11:section:.initrd"),
    CHANGED("uki", "section missing", drop_section, UKI,
            "boot.missing:11:text:.initrd boot.missing:11:section:.initrd"),
    CHANGED("uki", "loader option", replace_loader_option, UKI,
            "boot.unknown-image:9:load-options"),
    CHANGED("uki", "initrd not measured", drop_measured_initrd, UKI, "boot.missing:9:initrd"),
    CHANGED("uki", "image", replace_unified_kernel, UKI, "boot.unknown-image:4:unified-kernel"),
    CHANGED("uboot-efi", "kernel", replace_grub, UBOOT, "boot.unknown-image:4:kernel"),
    CHANGED("uboot-efi", "loader option", replace_loader_option, UBOOT,
            "boot.unknown-image:9:load-options"),
    /* Two generations, both approved, and mixtures of them. */
    TWO("the older", NULL, ""),
    TWO("newer initrd", take_newer_initrd, "boot.mixed-generation:9:initrd"),
    TWO("newer kernel", take_newer_kernel, "boot.mixed-generation:9:initrd"),
};

static void
tells_exactly_what_differs_from_the_files(void **state)
{
    (void)state;
    unsigned n_wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        n_wrong += check_row(&rows[i]);
    assert_int_equal(0, n_wrong);
}

/* ---- the corpus ---- */

struct corpus_row {
    const char *boot, *set;
    const char *covers;
    const char *reasons;
};

static const struct corpus_row corpus_rows[] = {
    {"A", "A", UKI, ""},
    {"B", "B", GRUB, ""},
    {"E2", "E2", "4,9", ""},
    {"K", "K", "4,9", ""},
    {"C", "A", UKI,
     "boot.unknown-image:4:unified-kernel boot.unknown-image:9:load-options "
     "boot.unknown-image:11:section:.cmdline"},
    {"D1", "A", UKI,
     "boot.unknown-image:4:unified-kernel boot.unknown-image:9:initrd "
     "boot.unknown-image:11:section:.initrd"},
    {"B", "A", UKI,
     "boot.unknown-image:4:unified-kernel "
     "boot.surplus:4:EV_EFI_BOOT_SERVICES_APPLICATION "
     "boot.surplus:4:EV_EFI_BOOT_SERVICES_APPLICATION "
     "boot.unknown-image:9:load-options boot.surplus:9:EV_IPL "
     "boot.missing:11:text:.linux boot.missing:11:section:.linux "
     "boot.missing:11:text:.osrel boot.missing:11:section:.osrel "
     "boot.missing:11:text:.cmdline boot.missing:11:section:.cmdline "
     "boot.missing:11:text:.initrd boot.missing:11:section:.initrd"},
};

static void
load_corpus_log(const char *boot, struct buffer *out)
{
    CLEANUP(buffer_free) struct buffer path = {0};
    buffer_append_format(&path, "measured-boots/%s/binary_bios_measurements", boot);
    test_corpus(buffer_text(&path), out);
}

static unsigned
check_corpus_row(const struct corpus_row *row)
{
    CLEANUP(buffer_free) struct buffer log = {0};
    CLEANUP(buffer_free) struct buffer good = {0};
    CLEANUP(reasons_free) struct reasons none = {0};
    struct diag diag = {0};
    struct appraise_case *c = appraise_case_new();
    load_corpus_log(row->set, &good);
    load_corpus_log(row->boot, &log);
    boot_case_follow(c, &good);
    struct subject_pcrs pcrs = {.alg = ALG_SHA256, .present = 0xFFFF};
    for (uint32_t pcr = 0; pcr < 16; pcr++)
        pcrs.pcr[pcr] = c->tpm->pcrs[alg_index(ALG_SHA256)][pcr];
    const struct profile_source source = {.boot_log = buffer_bytes(&good), .pcrs = &pcrs};
    const struct profile_options options = {.id = "approved", .version = 1};
    assert_status(STATUS_OK,
                  profile_from_log(c->h, &source, &options, &none, &c->documents[1], &diag));
    add_policy(c, row->covers, "approved", NULL);
    const struct row as = {row->boot, "corpus", NULL, row->covers, {row->set, NULL}, row->reasons};
    unsigned wrong = judge(c, &as, &log);
    appraise_case_free(c);
    return wrong;
}

static void
tells_exactly_what_differs_in_boots_of_the_corpus(void **state)
{
    (void)state;
    unsigned n_wrong = 0;
    for (size_t i = 0; i < sizeof corpus_rows / sizeof corpus_rows[0]; i++)
        n_wrong += check_corpus_row(&corpus_rows[i]);
    assert_int_equal(0, n_wrong);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_exactly_what_differs_from_the_files),
        cmocka_unit_test(tells_exactly_what_differs_in_boots_of_the_corpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
