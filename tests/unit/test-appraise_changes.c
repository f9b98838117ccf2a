/* SPDX-License-Identifier: Apache-2.0 */
/* Each platform's boot passes under the profile made of it; with one change it gives exactly the
 * reasons that this change must give: once with the TPM as it was (somebody edited the log), once
 * with the TPM as the changed boot leaves it (something else booted). */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/boot_case.h"
#include "tests/lib/log_edit.h"
#include "tests/lib/test.h"

#include <string.h>

#define CODE_BLOB 0x80000008u

#define CONFIG    EVENT_EFI_VARIABLE_DRIVER_CONFIG
#define AUTHORITY EVENT_EFI_VARIABLE_AUTHORITY
#define IMAGE     EVENT_EFI_BOOT_APPLICATION
#define AT(...)   ((struct log_edit_place){__VA_ARGS__})

enum tpm { EDITED, BOOTED };

struct row {
    const char *boot;
    const char *name;
    void (*change)(struct buffer *log);
    enum tpm tpm;
    const char *reasons; /* "code:PCR" in order, a repeated one once; "" when trusted */
};

static unsigned
check_row(const struct row *row)
{
    CLEANUP(buffer_free) struct buffer log = {0};
    CLEANUP(buffer_free) struct buffer found = {0};
    struct appraise_case *c = boot_case_start(boot_case_find(row->boot), NULL, &log);
    if (row->change)
        row->change(&log);
    if (row->tpm == BOOTED)
        boot_case_follow(c, &log);
    boot_case_run(c, &log);
    boot_case_list(c, &found);
    bool trusted = appraise_case_perspective(c)->verdict == VERDICT_TRUSTED;
    bool same =
        text_equal(buffer_text(&found), row->reasons) && (row->reasons[0] == '\0') == trusted;
    if (!same) {
        print_error("%s, %s, %s: \"%s\"\n", row->boot, row->name,
                    row->tpm == BOOTED ? "booted" : "edited", buffer_text(&found));
        boot_case_print(c);
    }
    appraise_case_free(c);
    return same ? 0 : 1;
}

/* ---- changes that any platform can have ---- */

static void
rename_version(struct buffer *log)
{
    log_edit_data(log, AT(0, EVENT_S_CRTM_VERSION, 0), 0);
}

static void
update_firmware(struct buffer *log)
{
    log_edit_replace(log, AT(0, EVENT_S_CRTM_VERSION, 0), bytes_of("n\0e\0w\0\0", 8));
}

static void
drop_separator_2(struct buffer *log)
{
    log_edit_drop(log, AT(2, EVENT_SEPARATOR, 0));
}

static void
report_error_in_2(struct buffer *log)
{
    static const uint8_t error[4] = {1};
    log_edit_replace(log, AT(2, EVENT_SEPARATOR, 0), bytes_of(error, 4));
}

static void
repeat_separator_3(struct buffer *log)
{
    log_edit_twice(log, AT(3, EVENT_SEPARATOR, 0));
}

static void
rename_separator_6(struct buffer *log)
{
    log_edit_type(log, AT(6, EVENT_SEPARATOR, 0), EVENT_ACTION);
}

static void
measure_more_after_separator_0(struct buffer *log)
{
    log_edit_append(log, AT(0, EVENT_S_CRTM_VERSION, 0));
}

static void
swap_separator_value_2(struct buffer *log)
{
    static const uint8_t ones[4] = {0xFF, 0xFF, 0xFF, 0xFF};
    log_edit_replace(log, AT(2, EVENT_SEPARATOR, 0), bytes_of(ones, 4));
}

/* ---- EFI ---- */

static void
replace_last_image(struct buffer *log)
{
    log_edit_content(log, AT(4, IMAGE, 1), bytes_of_text("evil"));
}

static void
drop_image(struct buffer *log)
{
    log_edit_drop(log, AT(4, IMAGE, 0));
}

static void
run_image_twice(struct buffer *log)
{
    log_edit_twice(log, AT(4, IMAGE, 0));
}

static void
rename_image(struct buffer *log)
{
    log_edit_type(log, AT(4, IMAGE, 0), EVENT_ACTION);
}

static void
swap_images(struct buffer *log)
{
    log_edit_move(log, AT(4, IMAGE, 1), AT(4, IMAGE, 0));
}

/* The device path is in no digest. */
static void
change_image_path(struct buffer *log)
{
    log_edit_data(log, AT(4, IMAGE, 0), -3);
}

static void
run_image_before_separator(struct buffer *log)
{
    log_edit_move(log, AT(4, IMAGE, 1), AT(4, EVENT_SEPARATOR, 0));
}

static void
call_before_image(struct buffer *log)
{
    log_edit_move(log, AT(4, EVENT_EFI_ACTION, 0), AT(4, IMAGE, 0));
}

static void
return_uncalled(struct buffer *log)
{
    log_edit_replace(log, AT(4, EVENT_EFI_ACTION, 0),
                     bytes_of_text("Returning from EFI Application from Boot Option"));
}

static void
turn_secure_boot(struct buffer *log)
{
    log_edit_data(log, AT(7, CONFIG, 0), -1);
}

static void
repeat_secure_boot(struct buffer *log)
{
    log_edit_twice(log, AT(7, CONFIG, 0));
}

static void
append_secure_boot(struct buffer *log)
{
    log_edit_append(log, AT(7, CONFIG, 0));
}

static void
swap_pk_and_kek(struct buffer *log)
{
    log_edit_move(log, AT(7, CONFIG, 2), AT(7, CONFIG, 1));
}

static void
drop_dbx(struct buffer *log)
{
    log_edit_drop(log, AT(7, CONFIG, 4));
}

static void
use_authority_early(struct buffer *log)
{
    log_edit_move(log, AT(7, AUTHORITY, 0), AT(7, EVENT_SEPARATOR, 0));
}

static void
put_text_in_pcr_7(struct buffer *log)
{
    log_edit_insert(log, AT(7, EVENT_SEPARATOR, 0), bytes_of_text("text"));
    log_edit_type(log, AT(7, EVENT_SEPARATOR, 1), EVENT_IPL);
}

static void
leave_boot_services_early(struct buffer *log)
{
    log_edit_move(log, AT(5, EVENT_EFI_ACTION, 0), AT(5, EVENT_SEPARATOR, 0));
}

static void
return_without_leaving(struct buffer *log)
{
    log_edit_drop(log, AT(5, EVENT_EFI_ACTION, 0));
}

static void
change_partition_table(struct buffer *log)
{
    log_edit_data(log, AT(5, EVENT_EFI_GPT, 0), 0);
}

static void
replace_firmware(struct buffer *log)
{
    log_edit_content(log, AT(0, CODE_BLOB, 0), bytes_of_text("evil"));
}

static void
change_command(struct buffer *log)
{
    log_edit_replace(log, AT(8, EVENT_IPL, 4), bytes_of_text("set default=1"));
}

static void
change_file_name(struct buffer *log)
{
    log_edit_data(log, AT(9, EVENT_IPL, 0), 2);
}

static void
replace_file(struct buffer *log)
{
    log_edit_content(log, AT(9, EVENT_IPL, 0), bytes_of_text("another"));
}

static void
append_file(struct buffer *log)
{
    log_edit_append(log, AT(9, EVENT_IPL, 0));
}

static void
replace_mok_list(struct buffer *log)
{
    log_edit_content(log, AT(14, EVENT_IPL, 0), bytes_of_text("another"));
}

static void
replace_section(struct buffer *log)
{
    log_edit_content(log, AT(11, EVENT_IPL, 7), bytes_of_text("another initrd"));
}

static void
replace_load_options(struct buffer *log)
{
    log_edit_content(log, AT(9, EVENT_TAG, 0), bytes_of_text("q\0u\0i\0e\0t\0"));
}

static void
drop_measured_initrd(struct buffer *log)
{
    log_edit_drop(log, AT(9, EVENT_TAG, 1));
}

/* GHSA-9r4w-jg96-92mv: 16 header bytes before the one hash of the list; dbx of 28 + 48 bytes. */
static void
give_dbx_header_bytes(struct buffer *log)
{
    enum { NAME = 6, LISTS = 32 + NAME, HEAD = 28, HASH = 48, EXTRA = 16 };
    uint8_t data[LISTS + HEAD + EXTRA + HASH] = {0};
    struct bytes old = log_edit_find(log, AT(7, CONFIG, 4));
    assert_int_equal(LISTS + HEAD + HASH, old.size);
    memcpy(data, old.data, LISTS + HEAD);
    memcpy(data + LISTS + HEAD + EXTRA, old.data + LISTS + HEAD, HASH);
    data[24] = HEAD + EXTRA + HASH;         /* the variable's size */
    data[LISTS + 16] = HEAD + EXTRA + HASH; /* the list's */
    data[LISTS + 20] = EXTRA;               /* its header's */
    log_edit_replace(log, AT(7, CONFIG, 4), bytes_of(data, sizeof data));
}

/* ---- U-Boot without EFI ---- */

static void
replace_kernel(struct buffer *log)
{
    log_edit_content(log, AT(8, EVENT_COMPACT_HASH, 0), bytes_of_text("evil"));
}

static void
replace_initrd(struct buffer *log)
{
    log_edit_content(log, AT(9, EVENT_COMPACT_HASH, 0), bytes_of_text("evil"));
}

static void
replace_device_tree(struct buffer *log)
{
    log_edit_content(log, AT(0, EVENT_TABLE_OF_DEVICES, 0), bytes_of_text("evil"));
}

static void
replace_arguments(struct buffer *log)
{
    log_edit_replace(log, AT(1, EVENT_PLATFORM_CONFIG_FLAGS, 0), bytes_of("init=/bin/sh", 13));
}

static void
edit_arguments(struct buffer *log)
{
    log_edit_data(log, AT(1, EVENT_PLATFORM_CONFIG_FLAGS, 0), 0);
}

static void
drop_initrd(struct buffer *log)
{
    log_edit_drop(log, AT(9, EVENT_COMPACT_HASH, 0));
}

static void
load_kernel_twice(struct buffer *log)
{
    log_edit_twice(log, AT(8, EVENT_COMPACT_HASH, 0));
}

static void
call_the_kernel_an_image(struct buffer *log)
{
    log_edit_type(log, AT(8, EVENT_COMPACT_HASH, 0), IMAGE);
}

static void
call_the_kernel_text(struct buffer *log)
{
    log_edit_type(log, AT(8, EVENT_COMPACT_HASH, 0), EVENT_IPL);
}

static void
call_the_initrd_text(struct buffer *log)
{
    log_edit_type(log, AT(9, EVENT_COMPACT_HASH, 0), EVENT_IPL);
}

static void
rename_initrd(struct buffer *log)
{
    log_edit_data(log, AT(9, EVENT_COMPACT_HASH, 0), 0);
}

static void
measure_in_pcr_4(struct buffer *log)
{
    log_edit_twice(log, AT(8, EVENT_COMPACT_HASH, 0));
    log_edit_pcr(log, AT(8, EVENT_COMPACT_HASH, 1), 4);
}

static void
measure_before_closing(struct buffer *log)
{
    log_edit_move(log, AT(0, EVENT_TABLE_OF_DEVICES, 0), AT(1, EVENT_SEPARATOR, 0));
}

static void
zero_separator_2(struct buffer *log)
{
    static const uint8_t zero[4];
    log_edit_replace(log, AT(2, EVENT_SEPARATOR, 0), bytes_of(zero, 4));
}

static const struct row rows[] = {
    {"plain", "nothing", NULL, EDITED, ""},
    {"plain", "version renamed", rename_version, EDITED, ""},
    {"plain", "firmware updated", update_firmware, BOOTED, "boot.unknown-image:0"},
    {"plain", "firmware replaced", replace_firmware, EDITED, "log.pcr-mismatch:0"},
    {"plain", "firmware replaced", replace_firmware, BOOTED, "boot.unknown-image:0"},
    {"plain", "separator 2 dropped", drop_separator_2, BOOTED, "log.separator:2"},
    {"plain", "separator 2 an error", report_error_in_2, BOOTED, "log.error-separator:2"},
    {"plain", "separator 2 of ones", swap_separator_value_2, BOOTED, ""},
    {"plain", "separator 3 twice", repeat_separator_3, EDITED, "log.pcr-mismatch:3"},
    {"plain", "separator 3 twice", repeat_separator_3, BOOTED, "log.separator:3"},
    {"plain", "separator 6 renamed", rename_separator_6, EDITED, "log.separator:6"},
    {"plain", "firmware code late", measure_more_after_separator_0, BOOTED,
     "log.order:0 boot.surplus:0"},
    {"plain", "Secure Boot variable turned", turn_secure_boot, EDITED, "log.digest:7"},
    {"plain", "SecureBoot twice", repeat_secure_boot, BOOTED, "log.duplicate:7 boot.surplus:7"},
    {"plain", "SecureBoot behind the separator", append_secure_boot, BOOTED,
     "log.order:7 log.duplicate:7 log.order:7 boot.surplus:7"},
    {"plain", "PK and KEK swapped", swap_pk_and_kek, BOOTED, "log.order:7 boot.order:7"},
    {"plain", "dbx dropped", drop_dbx, BOOTED, "boot.missing:7"},
    {"plain", "text in PCR 7", put_text_in_pcr_7, BOOTED, "log.order:7 boot.surplus:7"},
    {"plain", "boot services left early", leave_boot_services_early, BOOTED, "log.order:5"},
    {"plain", "boot services not left", return_without_leaving, BOOTED, "log.order:5"},
    {"plain", "partition table edited", change_partition_table, EDITED, "log.digest:5"},
    {"plain", "command changed", change_command, EDITED, "log.pcr-mismatch:8"},
    {"plain", "command changed", change_command, BOOTED, "boot.unknown-image:8"},
    {"plain", "file replaced", replace_file, EDITED, "log.pcr-mismatch:9"},
    {"plain", "file replaced", replace_file, BOOTED, "boot.unknown-image:9"},
    {"plain", "file name edited", change_file_name, EDITED, ""},
    {"plain", "file more", append_file, BOOTED, "boot.surplus:9"},
    {"secure", "nothing", NULL, EDITED, ""},
    {"secure", "image replaced", replace_last_image, EDITED, "log.pcr-mismatch:4"},
    {"secure", "image replaced", replace_last_image, BOOTED, "boot.unknown-image:4"},
    {"secure", "image dropped", drop_image, EDITED, "log.pcr-mismatch:4"},
    {"secure", "image dropped", drop_image, BOOTED, "boot.missing:4"},
    {"secure", "image twice", run_image_twice, EDITED, "log.pcr-mismatch:4"},
    {"secure", "image twice", run_image_twice, BOOTED, "boot.surplus:4"},
    {"secure", "image renamed", rename_image, EDITED, "log.digest:4"},
    {"secure", "images swapped", swap_images, EDITED, "log.pcr-mismatch:4"},
    {"secure", "images swapped", swap_images, BOOTED, "boot.order:4"},
    {"secure", "image path edited", change_image_path, EDITED, ""},
    {"secure", "image before the separator", run_image_before_separator, BOOTED,
     "log.order:4 boot.order:4"},
    {"secure", "return uncalled", return_uncalled, BOOTED, "log.order:4"},
    {"secure", "authority early", use_authority_early, BOOTED, "log.order:7"},
    {"secure", "MokList replaced", replace_mok_list, EDITED, "log.pcr-mismatch:14"},
    {"secure", "MokList replaced", replace_mok_list, BOOTED, "boot.unknown-image:14"},
    {"secure", "dbx with header bytes", give_dbx_header_bytes, EDITED, "log.pcr-mismatch:7"},
    {"secure", "dbx with header bytes", give_dbx_header_bytes, BOOTED, "boot.unknown-image:7"},
    {"uki", "nothing", NULL, EDITED, ""},
    {"uki", "section replaced", replace_section, EDITED, "log.pcr-mismatch:11"},
    {"uki", "section replaced", replace_section, BOOTED, "boot.unknown-image:11"},
    {"uki", "load options replaced", replace_load_options, BOOTED, "boot.unknown-image:9"},
    {"uki", "initrd not measured", drop_measured_initrd, BOOTED, "boot.missing:9"},
    {"uki", "image replaced", replace_last_image, BOOTED, "boot.unknown-image:4"},
    {"uboot-efi", "nothing", NULL, EDITED, ""},
    {"uboot-efi", "version renamed", rename_version, EDITED, "boot.platform:0"},
    {"uboot-efi", "version renamed", update_firmware, BOOTED,
     "boot.platform:0 boot.unknown-image:0"},
    {"uboot-efi", "image replaced", replace_last_image, EDITED, "log.pcr-mismatch:4"},
    {"uboot-efi", "image replaced", replace_last_image, BOOTED, "boot.unknown-image:4"},
    {"uboot-efi", "image dropped", drop_image, BOOTED, "log.order:4 boot.missing:4"},
    {"uboot-efi", "image twice", run_image_twice, BOOTED, "boot.surplus:4"},
    {"uboot-efi", "image path edited", change_image_path, EDITED, ""},
    {"uboot-efi", "called before its image", call_before_image, BOOTED, "log.order:4"},
    {"uboot-efi", "image between call and separator", run_image_before_separator, BOOTED,
     "log.order:4"},
    {"uboot-efi", "separator 2 of ones", swap_separator_value_2, BOOTED, "log.separator:2"},
    {"uboot-efi", "separator 2 dropped", drop_separator_2, BOOTED, "log.separator:2"},
    {"uboot-efi", "separator 2 an error", report_error_in_2, BOOTED, "log.error-separator:2"},
    {"uboot-efi", "separator 3 twice", repeat_separator_3, BOOTED, "log.separator:3"},
    {"uboot-efi", "separator 6 renamed", rename_separator_6, EDITED, "log.separator:6"},
    {"uboot-efi", "SecureBoot turned", turn_secure_boot, EDITED, "log.digest:7"},
    {"uboot-efi", "SecureBoot twice", repeat_secure_boot, BOOTED, "log.duplicate:7 boot.surplus:7"},
    {"uboot-efi", "SecureBoot behind the separator", append_secure_boot, BOOTED,
     "log.order:7 log.duplicate:7 log.order:7 boot.surplus:7"},
    {"uboot-efi", "PK and KEK swapped", swap_pk_and_kek, BOOTED, "log.order:7 boot.order:7"},
    {"uboot-efi", "boot services left early", leave_boot_services_early, BOOTED, "log.order:5"},
    {"uboot-efi", "load options replaced", replace_load_options, EDITED, "log.pcr-mismatch:9"},
    {"uboot-efi", "load options replaced", replace_load_options, BOOTED, "boot.unknown-image:9"},
    {"uboot-fit", "nothing", NULL, EDITED, ""},
    {"uboot-fit", "version renamed", rename_version, EDITED, "boot.platform:0"},
    {"uboot-fit", "kernel replaced", replace_kernel, EDITED, "log.pcr-mismatch:8"},
    {"uboot-fit", "kernel replaced", replace_kernel, BOOTED, "boot.unknown-image:8"},
    {"uboot-fit", "kernel twice", load_kernel_twice, EDITED, "log.pcr-mismatch:8"},
    {"uboot-fit", "kernel twice", load_kernel_twice, BOOTED, "boot.surplus:8"},
    {"uboot-fit", "kernel called an image", call_the_kernel_an_image, EDITED, "log.order:8"},
    {"uboot-fit", "kernel called text", call_the_kernel_text, EDITED, "log.order:8"},
    {"uboot-fit", "initrd called text", call_the_initrd_text, EDITED, "log.order:9"},
    {"uboot-fit", "initrd replaced", replace_initrd, EDITED, "log.pcr-mismatch:9"},
    {"uboot-fit", "initrd replaced", replace_initrd, BOOTED, "boot.unknown-image:9"},
    {"uboot-fit", "initrd dropped", drop_initrd, BOOTED, "boot.missing:9"},
    {"uboot-fit", "initrd renamed", rename_initrd, EDITED, ""},
    {"uboot-fit", "device tree replaced", replace_device_tree, EDITED, "log.pcr-mismatch:0"},
    {"uboot-fit", "device tree replaced", replace_device_tree, BOOTED, "boot.unknown-image:0"},
    {"uboot-fit", "arguments replaced", replace_arguments, EDITED, "log.pcr-mismatch:1"},
    {"uboot-fit", "arguments replaced", replace_arguments, BOOTED, "boot.unknown-image:1"},
    {"uboot-fit", "arguments edited", edit_arguments, EDITED, "log.digest:1"},
    {"uboot-fit", "separator 2 of zeros", zero_separator_2, BOOTED, "log.separator:2"},
    {"uboot-fit", "separator 2 dropped", drop_separator_2, BOOTED, "log.separator:2"},
    {"uboot-fit", "separator 2 an error", report_error_in_2, BOOTED, "log.error-separator:2"},
    {"uboot-fit", "separator 3 twice", repeat_separator_3, BOOTED, "log.separator:3"},
    {"uboot-fit", "separator 6 renamed", rename_separator_6, EDITED, "log.separator:6"},
    {"uboot-fit", "event in PCR 4", measure_in_pcr_4, BOOTED, "log.order:4"},
    {"uboot-fit", "device tree behind the separator", measure_before_closing, BOOTED,
     "log.order:0"},
};

static void
one_change_gives_exactly_its_reasons(void **state)
{
    (void)state;
    unsigned n_wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        n_wrong += check_row(&rows[i]);
    assert_int_equal(0, n_wrong);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_change_gives_exactly_its_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
