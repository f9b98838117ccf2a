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
/* A literal without the NUL that ends it. */
#define BYTES(text)                                                                                \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

enum tpm { EDITED, BOOTED };

enum op { DROP, TWICE, APPEND, MOVE, TYPE, DATA, CONTENT, REPLACE, CALL };

/* One of log_edit.h's changes. */
struct edit {
    enum op op;
    struct log_edit_place at;
    struct log_edit_place to; /* MOVE */
    struct bytes bytes;       /* CONTENT, REPLACE */
    int64_t number;           /* TYPE: the type; DATA: the byte */
    void (*call)(struct buffer *log);
};

struct row {
    const char *boot;
    const char *name;
    const struct edit *change;
    enum tpm tpm;
    const char *reasons; /* "code:PCR" in order, a repeated one once; "" when trusted */
};

static void
apply(const struct edit *e, struct buffer *log)
{
    switch (e->op) {
    case DROP:
        log_edit_drop(log, e->at);
        break;
    case TWICE:
        log_edit_twice(log, e->at);
        break;
    case APPEND:
        log_edit_append(log, e->at);
        break;
    case MOVE:
        log_edit_move(log, e->at, e->to);
        break;
    case TYPE:
        log_edit_type(log, e->at, (uint32_t)e->number);
        break;
    case DATA:
        log_edit_data(log, e->at, (int)e->number);
        break;
    case CONTENT:
        log_edit_content(log, e->at, e->bytes);
        break;
    case REPLACE:
        log_edit_replace(log, e->at, e->bytes);
        break;
    case CALL:
        e->call(log);
        break;
    }
}

static unsigned
check_row(const struct row *row)
{
    CLEANUP(buffer_free) struct buffer log = {0};
    CLEANUP(buffer_free) struct buffer found = {0};
    struct appraise_case *c = boot_case_start(boot_case_find(row->boot), NULL, &log);
    if (row->change)
        apply(row->change, &log);
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

static const struct edit rename_version = {DATA, .at = {0, EVENT_S_CRTM_VERSION, 0}, .number = 0};
static const struct edit update_firmware = {REPLACE, .at = {0, EVENT_S_CRTM_VERSION, 0},
                                            .bytes = BYTES("n\0e\0w\0\0\0")};
static const struct edit drop_separator_2 = {DROP, .at = {2, EVENT_SEPARATOR, 0}};
static const struct edit report_error_in_2 = {REPLACE, .at = {2, EVENT_SEPARATOR, 0},
                                              .bytes = BYTES("\x01\x00\x00\x00")};
static const struct edit repeat_separator_3 = {TWICE, .at = {3, EVENT_SEPARATOR, 0}};
static const struct edit rename_separator_6 = {TYPE, .at = {6, EVENT_SEPARATOR, 0},
                                               .number = EVENT_ACTION};
static const struct edit measure_more_after_separator_0 = {APPEND,
                                                           .at = {0, EVENT_S_CRTM_VERSION, 0}};
static const struct edit swap_separator_value_2 = {REPLACE, .at = {2, EVENT_SEPARATOR, 0},
                                                   .bytes = BYTES("\xff\xff\xff\xff")};

/* ---- EFI ---- */

static const struct edit replace_last_image = {CONTENT, .at = {4, IMAGE, 1},
                                               .bytes = BYTES("evil")};
static const struct edit drop_image = {DROP, .at = {4, IMAGE, 0}};
static const struct edit run_image_twice = {TWICE, .at = {4, IMAGE, 0}};
static const struct edit rename_image = {TYPE, .at = {4, IMAGE, 0}, .number = EVENT_ACTION};
static const struct edit swap_images = {MOVE, .at = {4, IMAGE, 1}, .to = {4, IMAGE, 0}};

/* The device path is in no digest. */
static const struct edit change_image_path = {DATA, .at = {4, IMAGE, 0}, .number = -3};
static const struct edit run_image_before_separator = {MOVE, .at = {4, IMAGE, 1},
                                                       .to = {4, EVENT_SEPARATOR, 0}};
static const struct edit call_before_image = {MOVE, .at = {4, EVENT_EFI_ACTION, 0},
                                              .to = {4, IMAGE, 0}};
static const struct edit return_uncalled = {
    REPLACE, .at = {4, EVENT_EFI_ACTION, 0},
    .bytes = BYTES("Returning from EFI Application from Boot Option")};
static const struct edit turn_secure_boot = {DATA, .at = {7, CONFIG, 0}, .number = -1};
static const struct edit repeat_secure_boot = {TWICE, .at = {7, CONFIG, 0}};
static const struct edit append_secure_boot = {APPEND, .at = {7, CONFIG, 0}};
static const struct edit swap_pk_and_kek = {MOVE, .at = {7, CONFIG, 2}, .to = {7, CONFIG, 1}};
static const struct edit drop_dbx = {DROP, .at = {7, CONFIG, 4}};
static const struct edit use_authority_early = {MOVE, .at = {7, AUTHORITY, 0},
                                                .to = {7, EVENT_SEPARATOR, 0}};

static void
make_put_text_in_pcr_7(struct buffer *log)
{
    log_edit_insert(log, AT(7, EVENT_SEPARATOR, 0), bytes_of_text("text"));
    log_edit_type(log, AT(7, EVENT_SEPARATOR, 1), EVENT_IPL);
}

static const struct edit put_text_in_pcr_7 = {CALL, .call = make_put_text_in_pcr_7};

static const struct edit leave_boot_services_early = {MOVE, .at = {5, EVENT_EFI_ACTION, 0},
                                                      .to = {5, EVENT_SEPARATOR, 0}};
static const struct edit return_without_leaving = {DROP, .at = {5, EVENT_EFI_ACTION, 0}};
static const struct edit change_partition_table = {DATA, .at = {5, EVENT_EFI_GPT, 0}, .number = 0};
static const struct edit replace_firmware = {CONTENT, .at = {0, CODE_BLOB, 0},
                                             .bytes = BYTES("evil")};
static const struct edit change_command = {REPLACE, .at = {8, EVENT_IPL, 4},
                                           .bytes = BYTES("set default=1")};
static const struct edit change_file_name = {DATA, .at = {9, EVENT_IPL, 0}, .number = 2};
static const struct edit replace_file = {CONTENT, .at = {9, EVENT_IPL, 0},
                                         .bytes = BYTES("another")};
static const struct edit append_file = {APPEND, .at = {9, EVENT_IPL, 0}};
static const struct edit replace_mok_list = {CONTENT, .at = {14, EVENT_IPL, 0},
                                             .bytes = BYTES("another")};
static const struct edit replace_section = {CONTENT, .at = {11, EVENT_IPL, 7},
                                            .bytes = BYTES("another initrd")};
static const struct edit replace_load_options = {CONTENT, .at = {9, EVENT_TAG, 0},
                                                 .bytes = BYTES("q\0u\0i\0e\0t\0")};
static const struct edit drop_measured_initrd = {DROP, .at = {9, EVENT_TAG, 1}};

/* GHSA-9r4w-jg96-92mv: 16 header bytes before the one hash of the list; dbx of 28 + 48 bytes. */
static void
make_give_dbx_header_bytes(struct buffer *log)
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

static const struct edit give_dbx_header_bytes = {CALL, .call = make_give_dbx_header_bytes};

/* ---- U-Boot without EFI ---- */

static const struct edit replace_kernel = {CONTENT, .at = {8, EVENT_COMPACT_HASH, 0},
                                           .bytes = BYTES("evil")};
static const struct edit replace_initrd = {CONTENT, .at = {9, EVENT_COMPACT_HASH, 0},
                                           .bytes = BYTES("evil")};
static const struct edit replace_device_tree = {CONTENT, .at = {0, EVENT_TABLE_OF_DEVICES, 0},
                                                .bytes = BYTES("evil")};
static const struct edit replace_arguments = {REPLACE, .at = {1, EVENT_PLATFORM_CONFIG_FLAGS, 0},
                                              .bytes = BYTES("init=/bin/sh\0")};
static const struct edit edit_arguments = {DATA, .at = {1, EVENT_PLATFORM_CONFIG_FLAGS, 0},
                                           .number = 0};
static const struct edit drop_initrd = {DROP, .at = {9, EVENT_COMPACT_HASH, 0}};
static const struct edit load_kernel_twice = {TWICE, .at = {8, EVENT_COMPACT_HASH, 0}};
static const struct edit call_the_kernel_an_image = {TYPE, .at = {8, EVENT_COMPACT_HASH, 0},
                                                     .number = IMAGE};
static const struct edit call_the_kernel_text = {TYPE, .at = {8, EVENT_COMPACT_HASH, 0},
                                                 .number = EVENT_IPL};
static const struct edit call_the_initrd_text = {TYPE, .at = {9, EVENT_COMPACT_HASH, 0},
                                                 .number = EVENT_IPL};
static const struct edit rename_initrd = {DATA, .at = {9, EVENT_COMPACT_HASH, 0}, .number = 0};

static void
make_measure_in_pcr_4(struct buffer *log)
{
    log_edit_twice(log, AT(8, EVENT_COMPACT_HASH, 0));
    log_edit_pcr(log, AT(8, EVENT_COMPACT_HASH, 1), 4);
}

static const struct edit measure_in_pcr_4 = {CALL, .call = make_measure_in_pcr_4};

static const struct edit measure_before_closing = {MOVE, .at = {0, EVENT_TABLE_OF_DEVICES, 0},
                                                   .to = {1, EVENT_SEPARATOR, 0}};
static const struct edit zero_separator_2 = {REPLACE, .at = {2, EVENT_SEPARATOR, 0},
                                             .bytes = BYTES("\x00\x00\x00\x00")};

static const struct row rows[] = {
    {"plain", "nothing", NULL, EDITED, ""},
    {"plain", "version renamed", &rename_version, EDITED, ""},
    {"plain", "firmware updated", &update_firmware, BOOTED, "boot.unknown-image:0"},
    {"plain", "firmware replaced", &replace_firmware, EDITED, "log.pcr-mismatch:0"},
    {"plain", "firmware replaced", &replace_firmware, BOOTED, "boot.unknown-image:0"},
    {"plain", "separator 2 dropped", &drop_separator_2, BOOTED, "log.separator:2"},
    {"plain", "separator 2 an error", &report_error_in_2, BOOTED, "log.error-separator:2"},
    {"plain", "separator 2 of ones", &swap_separator_value_2, BOOTED, ""},
    {"plain", "separator 3 twice", &repeat_separator_3, EDITED, "log.pcr-mismatch:3"},
    {"plain", "separator 3 twice", &repeat_separator_3, BOOTED, "log.separator:3"},
    {"plain", "separator 6 renamed", &rename_separator_6, EDITED, "log.separator:6"},
    {"plain", "firmware code late", &measure_more_after_separator_0, BOOTED,
     "log.order:0 boot.surplus:0"},
    {"plain", "Secure Boot variable turned", &turn_secure_boot, EDITED, "log.digest:7"},
    {"plain", "SecureBoot twice", &repeat_secure_boot, BOOTED, "log.duplicate:7 boot.surplus:7"},
    {"plain", "SecureBoot behind the separator", &append_secure_boot, BOOTED,
     "log.order:7 log.duplicate:7 log.order:7 boot.surplus:7"},
    {"plain", "PK and KEK swapped", &swap_pk_and_kek, BOOTED, "log.order:7 boot.order:7"},
    {"plain", "dbx dropped", &drop_dbx, BOOTED, "boot.missing:7"},
    {"plain", "text in PCR 7", &put_text_in_pcr_7, BOOTED, "log.order:7 boot.surplus:7"},
    {"plain", "boot services left early", &leave_boot_services_early, BOOTED, "log.order:5"},
    {"plain", "boot services not left", &return_without_leaving, BOOTED, "log.order:5"},
    {"plain", "partition table edited", &change_partition_table, EDITED, "log.digest:5"},
    {"plain", "command changed", &change_command, EDITED, "log.pcr-mismatch:8"},
    {"plain", "command changed", &change_command, BOOTED, "boot.unknown-image:8"},
    {"plain", "file replaced", &replace_file, EDITED, "log.pcr-mismatch:9"},
    {"plain", "file replaced", &replace_file, BOOTED, "boot.unknown-image:9"},
    {"plain", "file name edited", &change_file_name, EDITED, ""},
    {"plain", "file more", &append_file, BOOTED, "boot.surplus:9"},
    {"secure", "nothing", NULL, EDITED, ""},
    {"secure", "image replaced", &replace_last_image, EDITED, "log.pcr-mismatch:4"},
    {"secure", "image replaced", &replace_last_image, BOOTED, "boot.unknown-image:4"},
    {"secure", "image dropped", &drop_image, EDITED, "log.pcr-mismatch:4"},
    {"secure", "image dropped", &drop_image, BOOTED, "boot.missing:4"},
    {"secure", "image twice", &run_image_twice, EDITED, "log.pcr-mismatch:4"},
    {"secure", "image twice", &run_image_twice, BOOTED, "boot.surplus:4"},
    {"secure", "image renamed", &rename_image, EDITED, "log.digest:4"},
    {"secure", "images swapped", &swap_images, EDITED, "log.pcr-mismatch:4"},
    {"secure", "images swapped", &swap_images, BOOTED, "boot.order:4"},
    {"secure", "image path edited", &change_image_path, EDITED, ""},
    {"secure", "image before the separator", &run_image_before_separator, BOOTED,
     "log.order:4 boot.order:4"},
    {"secure", "return uncalled", &return_uncalled, BOOTED, "log.order:4"},
    {"secure", "authority early", &use_authority_early, BOOTED, "log.order:7"},
    {"secure", "MokList replaced", &replace_mok_list, EDITED, "log.pcr-mismatch:14"},
    {"secure", "MokList replaced", &replace_mok_list, BOOTED, "boot.unknown-image:14"},
    {"secure", "dbx with header bytes", &give_dbx_header_bytes, EDITED, "log.pcr-mismatch:7"},
    {"secure", "dbx with header bytes", &give_dbx_header_bytes, BOOTED, "boot.unknown-image:7"},
    {"uki", "nothing", NULL, EDITED, ""},
    {"uki", "section replaced", &replace_section, EDITED, "log.pcr-mismatch:11"},
    {"uki", "section replaced", &replace_section, BOOTED, "boot.unknown-image:11"},
    {"uki", "load options replaced", &replace_load_options, BOOTED, "boot.unknown-image:9"},
    {"uki", "initrd not measured", &drop_measured_initrd, BOOTED, "boot.missing:9"},
    {"uki", "image replaced", &replace_last_image, BOOTED, "boot.unknown-image:4"},
    {"uboot-efi", "nothing", NULL, EDITED, ""},
    {"uboot-efi", "version renamed", &rename_version, EDITED, "boot.platform:0"},
    {"uboot-efi", "version renamed", &update_firmware, BOOTED,
     "boot.platform:0 boot.unknown-image:0"},
    {"uboot-efi", "image replaced", &replace_last_image, EDITED, "log.pcr-mismatch:4"},
    {"uboot-efi", "image replaced", &replace_last_image, BOOTED, "boot.unknown-image:4"},
    {"uboot-efi", "image dropped", &drop_image, BOOTED, "log.order:4 boot.missing:4"},
    {"uboot-efi", "image twice", &run_image_twice, BOOTED, "boot.surplus:4"},
    {"uboot-efi", "image path edited", &change_image_path, EDITED, ""},
    {"uboot-efi", "called before its image", &call_before_image, BOOTED, "log.order:4"},
    {"uboot-efi", "image between call and separator", &run_image_before_separator, BOOTED,
     "log.order:4"},
    {"uboot-efi", "separator 2 of ones", &swap_separator_value_2, BOOTED, "log.separator:2"},
    {"uboot-efi", "separator 2 dropped", &drop_separator_2, BOOTED, "log.separator:2"},
    {"uboot-efi", "separator 2 an error", &report_error_in_2, BOOTED, "log.error-separator:2"},
    {"uboot-efi", "separator 3 twice", &repeat_separator_3, BOOTED, "log.separator:3"},
    {"uboot-efi", "separator 6 renamed", &rename_separator_6, EDITED, "log.separator:6"},
    {"uboot-efi", "SecureBoot turned", &turn_secure_boot, EDITED, "log.digest:7"},
    {"uboot-efi", "SecureBoot twice", &repeat_secure_boot, BOOTED,
     "log.duplicate:7 boot.surplus:7"},
    {"uboot-efi", "SecureBoot behind the separator", &append_secure_boot, BOOTED,
     "log.order:7 log.duplicate:7 log.order:7 boot.surplus:7"},
    {"uboot-efi", "PK and KEK swapped", &swap_pk_and_kek, BOOTED, "log.order:7 boot.order:7"},
    {"uboot-efi", "boot services left early", &leave_boot_services_early, BOOTED, "log.order:5"},
    {"uboot-efi", "load options replaced", &replace_load_options, EDITED, "log.pcr-mismatch:9"},
    {"uboot-efi", "load options replaced", &replace_load_options, BOOTED, "boot.unknown-image:9"},
    {"uboot-fit", "nothing", NULL, EDITED, ""},
    {"uboot-fit", "version renamed", &rename_version, EDITED, "boot.platform:0"},
    {"uboot-fit", "kernel replaced", &replace_kernel, EDITED, "log.pcr-mismatch:8"},
    {"uboot-fit", "kernel replaced", &replace_kernel, BOOTED, "boot.unknown-image:8"},
    {"uboot-fit", "kernel twice", &load_kernel_twice, EDITED, "log.pcr-mismatch:8"},
    {"uboot-fit", "kernel twice", &load_kernel_twice, BOOTED, "boot.surplus:8"},
    {"uboot-fit", "kernel called an image", &call_the_kernel_an_image, EDITED, "log.order:8"},
    {"uboot-fit", "kernel called text", &call_the_kernel_text, EDITED, "log.order:8"},
    {"uboot-fit", "initrd called text", &call_the_initrd_text, EDITED, "log.order:9"},
    {"uboot-fit", "initrd replaced", &replace_initrd, EDITED, "log.pcr-mismatch:9"},
    {"uboot-fit", "initrd replaced", &replace_initrd, BOOTED, "boot.unknown-image:9"},
    {"uboot-fit", "initrd dropped", &drop_initrd, BOOTED, "boot.missing:9"},
    {"uboot-fit", "initrd renamed", &rename_initrd, EDITED, ""},
    {"uboot-fit", "device tree replaced", &replace_device_tree, EDITED, "log.pcr-mismatch:0"},
    {"uboot-fit", "device tree replaced", &replace_device_tree, BOOTED, "boot.unknown-image:0"},
    {"uboot-fit", "arguments replaced", &replace_arguments, EDITED, "log.pcr-mismatch:1"},
    {"uboot-fit", "arguments replaced", &replace_arguments, BOOTED, "boot.unknown-image:1"},
    {"uboot-fit", "arguments edited", &edit_arguments, EDITED, "log.digest:1"},
    {"uboot-fit", "separator 2 of zeros", &zero_separator_2, BOOTED, "log.separator:2"},
    {"uboot-fit", "separator 2 dropped", &drop_separator_2, BOOTED, "log.separator:2"},
    {"uboot-fit", "separator 2 an error", &report_error_in_2, BOOTED, "log.error-separator:2"},
    {"uboot-fit", "separator 3 twice", &repeat_separator_3, BOOTED, "log.separator:3"},
    {"uboot-fit", "separator 6 renamed", &rename_separator_6, EDITED, "log.separator:6"},
    {"uboot-fit", "event in PCR 4", &measure_in_pcr_4, BOOTED, "log.order:4"},
    {"uboot-fit", "device tree behind the separator", &measure_before_closing, BOOTED,
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
