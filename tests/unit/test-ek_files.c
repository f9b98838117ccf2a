/* SPDX-License-Identifier: Apache-2.0 */
/* An operator's directories and files of advisories: what is read, and what is refused by name. */
#include "base/cleanup.h"
#include "daemon/ek_files.h"
#include "daemon/settings.h"
#include "tests/lib/ek_builder.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROW(id, manufacturer)                                                                      \
    "{\"advisories\":[{\"id\":\"" id "\",\"manufacturer\":\"" manufacturer "\",\"firmware\":["     \
    "{\"from\":\"0000000000000000\",\"below\":\"0000000000000010\"}]}]}"

static char directory[64];
static struct config config;
static struct ek_builder *ek;
static struct diag diag;

static void
path_of(const char *name, char out[static 160])
{
    (void)snprintf(out, 160, "%s/%s", directory, name);
}

static void
save(const char *name, struct bytes content)
{
    char path[160];
    path_of(name, path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(content.size, fwrite(content.data, 1, content.size, f));
    assert_int_equal(0, fclose(f));
}

static void
use(const char *key, const char *name)
{
    char path[160];
    path_of(name, path);
    assert_status(STATUS_OK, config_override(&config, "enrollment", key, path, NULL));
}

static int
start(void **state)
{
    static const char *const folders[] = {"roots", "bundle", "advisories.d"};
    char path[160];
    (void)state;
    (void)snprintf(directory, sizeof directory, "/tmp/attestd-ek-files-XXXXXX");
    assert_non_null(mkdtemp(directory));
    for (size_t i = 0; i < 3; i++) {
        path_of(folders[i], path);
        assert_int_equal(0, mkdir(path, 0700));
    }
    path_of("absent.conf", path);
    assert_status(STATUS_NOT_FOUND,
                  config_load(path, settings_table, settings_n_rows, &config, NULL));
    use("ek_roots", "roots");
    use("ek_bundle", "bundle");
    use("advisories", "advisories.json");
    ek = ek_builder_new("L-2");
    diag = (struct diag){0};
    return 0;
}

static int
finish(void **state)
{
    static const char *const names[] = {"roots/ca",
                                        "roots/.hidden",
                                        "bundle/ca",
                                        "bundle/crl",
                                        "bundle/note",
                                        "advisories.json",
                                        "advisories.d/own.json",
                                        "advisories.d/readme",
                                        "advisories.d",
                                        "roots",
                                        "bundle",
                                        ""};
    char path[160];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        path_of(names[i], path);
        (void)remove(path);
    }
    assert_int_not_equal(0, access(directory, F_OK));
    ek_builder_free(ek);
    config_free(&config);

    return 0;
}

static void
fill(void)
{
    CLEANUP(buffer_free) struct buffer crl = {0};
    ek_builder_crl(&ek->root, 0, EK_BUILDER_NOW_S + 86400, &crl);
    save("roots/ca", buffer_bytes(&ek->root.der));
    save("roots/.hidden", bytes_of_text("no certificate"));
    save("bundle/ca", buffer_bytes(&ek->intermediate.der));
    save("bundle/crl", buffer_bytes(&crl));
    save("advisories.json", bytes_of_text(ROW("CVE-A", "STM")));
    save("advisories.d/own.json", bytes_of_text(ROW("OWN-1", "AMD")));
    save("advisories.d/readme", bytes_of_text("not JSON"));
}

static void
reads_roots_bundle_and_both_kinds_of_advisories(void **state)
{
    (void)state;
    struct ek_files *files = NULL;
    fill();
    assert_status(STATUS_OK, ek_files_open(&config, EK_BUILDER_NOW_S, &files, &diag));
    const struct ek_trust *t = ek_files_get(files);
    assert_int_equal(1, ek_roots_n_anchors(t->roots));
    assert_int_equal(1, ek_roots_n_intermediates(t->roots));
    assert_int_equal(1, ek_roots_n_crls(t->roots));
    assert_int_equal(2, t->advisories.n_items);
    assert_string_equal("OWN-1", t->advisories.items[1].id);
    ek_files_put(t);
    ek_files_close(files);
}

/* The shipped file may be gone: the operator's rows count all the same. */
static void
reads_the_operators_rows_alone(void **state)
{
    (void)state;
    struct ek_files *files = NULL;
    save("advisories.d/own.json", bytes_of_text(ROW("OWN-1", "AMD")));
    assert_status(STATUS_OK, ek_files_open(&config, EK_BUILDER_NOW_S, &files, &diag));
    const struct ek_trust *t = ek_files_get(files);
    assert_int_equal(1, t->advisories.n_items);
    ek_files_put(t);
    ek_files_close(files);
}

static void
refuses(const char *name, const char *content)
{
    char path[160];
    struct ek_files *files = NULL;
    fill();
    save(name, bytes_of_text(content));
    path_of(name, path);
    assert_status(STATUS_INVALID, ek_files_open(&config, EK_BUILDER_NOW_S, &files, &diag));
    assert_null(files);
    if (!strstr(diag.text, name))
        fail_msg("%s does not name %s", diag.text, name);
}

static void
refuses_a_file_that_is_neither_certificate_nor_crl(void **state)
{
    (void)state;
    refuses("bundle/note", "a note");
}

static void
refuses_an_advisory_that_is_none(void **state)
{
    (void)state;
    refuses("advisories.d/own.json", "{\"advisories\":[{}]}");
}

static void
keeps_what_was_loaded_when_a_reload_fails(void **state)
{
    (void)state;
    struct ek_files *files = NULL;
    fill();
    assert_status(STATUS_OK, ek_files_open(&config, EK_BUILDER_NOW_S, &files, &diag));
    save("advisories.d/own.json", bytes_of_text("{"));
    assert_status(STATUS_INVALID, ek_files_reload(files, &config, EK_BUILDER_NOW_S, &diag));
    const struct ek_trust *t = ek_files_get(files);
    assert_int_equal(2, t->advisories.n_items);
    ek_files_put(t);
    save("advisories.d/own.json", bytes_of_text("{\"advisories\":[]}"));
    assert_status(STATUS_OK, ek_files_reload(files, &config, EK_BUILDER_NOW_S, &diag));
    t = ek_files_get(files);
    assert_int_equal(1, t->advisories.n_items);
    ek_files_put(t);
    ek_files_close(files);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(reads_roots_bundle_and_both_kinds_of_advisories),
        CASE(reads_the_operators_rows_alone),
        CASE(refuses_a_file_that_is_neither_certificate_nor_crl),
        CASE(refuses_an_advisory_that_is_none),
        CASE(keeps_what_was_loaded_when_a_reload_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
