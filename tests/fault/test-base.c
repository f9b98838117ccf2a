/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/config.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/options.h"
#include "base/text.h"
#include "tests/fault/fault.h"
#include "tests/lib/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char directory[] = "/tmp/attestd-test-fault-XXXXXX";

static int
enter_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int
leave_directory(void **state)
{
    (void)state;
    return chdir("/") == 0 && rmdir(directory) == 0 ? 0 : -1;
}

static enum status
append_everything(void *context)
{
    (void)context;
    static const uint8_t large[1000];
    CLEANUP(buffer_free) struct buffer b = {0};
    buffer_append_format(&b, "%200d", 1);
    buffer_append_tpm2b(&b, bytes_of(large, sizeof large));
    text_append_hex(&b, bytes_of(large, sizeof large));
    text_append_base64url(&b, bytes_of(large, sizeof large));
    for (size_t i = 0; i < 10000; i++)
        buffer_append_be64(&b, i);
    enum status s = buffer_check(&b);
    return buffer_text(&b) ? s : STATUS_NOMEM;
}

static void
buffer_remembers_that_memory_was_short(void **state)
{
    (void)state;
    assert_true(fault_each(append_everything, NULL) >= 5);
}

static enum status
parse_texts(void *context)
{
    (void)context;
    CLEANUP(buffer_free) struct buffer a = {0};
    CLEANUP(buffer_free) struct buffer b = {0};
    enum status s = text_parse_hex("00ff", &a);
    if (s != STATUS_OK)
        return s;
    return text_parse_base64url(bytes_of_text("Zm9v"), &b);
}

static void
text_parsers_report_that_memory_was_short(void **state)
{
    (void)state;
    assert_int_equal(2, fault_each(parse_texts, NULL));
}

static enum status
hash_with_every_algorithm(void *context)
{
    (void)context;
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    enum status s = hasher_new(&h);
    for (size_t i = 0; s == STATUS_OK && i < ALG_COUNT; i++) {
        struct digest pcr = digest_reset(alg_at(i)->id, 0);
        struct digest before = pcr;
        s = digest_extend(h, &pcr, digest_bytes(&before));
        if (s != STATUS_OK)
            assert_true(digest_equal(&before, &pcr));
    }
    uint8_t out[DIGEST_SHA256_SIZE];
    return s == STATUS_OK ? digest_sha256(h, bytes_of_text("abc"), out) : s;
}

static void
hasher_reports_each_failure_and_extends_nothing(void **state)
{
    (void)state;
    assert_true(fault_each(hash_with_every_algorithm, NULL) > 8 * 7);
}

static enum status
make_secrets(void *context)
{
    (void)context;
    uint8_t key[32];
    struct digest d;
    enum status s = digest_random(key, sizeof key);
    if (s != STATUS_OK)
        return s;
    s = digest_hmac(ALG_SHA256, bytes_of(key, sizeof key), bytes_of_text("abc"), &d);
    assert_int_equal(s == STATUS_OK ? 32 : 0, d.size);
    return s;
}

static void
secrets_report_each_failure(void **state)
{
    (void)state;
    assert_int_equal(2, fault_each(make_secrets, NULL));
}

static enum status
parse_options(void *context)
{
    (void)context;
    static const struct option_spec specs[] = {{"config", "FILE", "", false}};
    char program[] = "program";
    char option[] = "--config=a";
    char *argv[] = {program, option};
    struct options o;
    enum status s = options_parse(2, argv, specs, 1, &o, NULL);
    if (s == STATUS_OK)
        options_free(&o);
    return s;
}

static void
options_leave_nothing_behind_without_memory(void **state)
{
    (void)state;
    assert_int_equal(2, fault_each(parse_options, NULL));
}

static enum status
load_config(void *context)
{
    (void)context;
    static const struct config_spec specs[] = {{"a", "text", CONFIG_TEXT, "x", "", false},
                                               {"a", "list", CONFIG_LIST, NULL, "", false}};
    CLEANUP(config_free) struct config c = {0};
    enum status s = config_load("c", specs, 2, &c, NULL);
    if (s == STATUS_OK)
        s = config_override(&c, "a", "text", "z", NULL);
    if (s == STATUS_OK)
        assert_string_equal("z", config_text(&c, "a", "text"));
    return s;
}

static void
config_is_whole_or_refused(void **state)
{
    (void)state;
    static const char text[] = "[a]\ntext = y\nlist = 1\nlist = 2\n";
    assert_status(STATUS_OK, file_save("c", bytes_of_text(text), 0600, NULL));
    assert_int_equal(0, mkdir("c.d", 0700));
    assert_status(STATUS_OK, file_save("c.d/a.conf", bytes_of_text(text), 0600, NULL));
    assert_true(fault_each(load_config, NULL) > 20);
    assert_int_equal(0, unlink("c.d/a.conf"));
    assert_int_equal(0, rmdir("c.d"));
    assert_int_equal(0, unlink("c"));
}

/* After each failure the file has the old content or the new one, never another. */
static enum status
save_file(void *context)
{
    enum status s = file_save("f", bytes_of_text("new content"), 0600, NULL);
    int *n_old = context;
    assert_true(s == STATUS_OK || s == STATUS_NOMEM || s == STATUS_IO || s == STATUS_DENIED);
    FILE *f = fopen("f", "re");
    assert_non_null(f);
    char line[32] = "";
    line[fread(line, 1, sizeof line - 1, f)] = '\0';
    (void)fclose(f);
    if (s == STATUS_OK || !text_equal(line, "old"))
        assert_string_equal("new content", line);
    *n_old += text_equal(line, "old");
    return s;
}

static void
file_keeps_its_old_content_until_the_new_is_whole(void **state)
{
    (void)state;
    int n_old = 0;
    assert_status(STATUS_OK, file_save("f", bytes_of_text("old"), 0600, NULL));
    size_t n = fault_each(save_file, &n_old);
    assert_true(n >= 7);
    assert_int_equal(5, n_old); /* name, mode, write, sync, rename */
    assert_int_equal(0, unlink("f"));
}

static enum status
load_file(void *context)
{
    (void)context;
    CLEANUP(buffer_free) struct buffer b = {0};
    enum status s = file_load_secret("f", 64, &b, NULL);
    if (s != STATUS_OK)
        assert_int_equal(0, b.size);
    return s;
}

static void
file_is_loaded_whole_or_not_at_all(void **state)
{
    (void)state;
    assert_status(STATUS_OK, file_save("f", bytes_of_text("content"), 0600, NULL));
    assert_int_equal(4, fault_each(load_file, NULL)); /* memory and read, twice */
    assert_int_equal(0, unlink("f"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffer_remembers_that_memory_was_short),
        cmocka_unit_test(text_parsers_report_that_memory_was_short),
        cmocka_unit_test(hasher_reports_each_failure_and_extends_nothing),
        cmocka_unit_test(secrets_report_each_failure),
        cmocka_unit_test(options_leave_nothing_behind_without_memory),
        cmocka_unit_test(config_is_whole_or_refused),
        cmocka_unit_test(file_keeps_its_old_content_until_the_new_is_whole),
        cmocka_unit_test(file_is_loaded_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
