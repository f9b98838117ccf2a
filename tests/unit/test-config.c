/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/config.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "tests/lib/test.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct config_spec specs[] = {
    {"server", "listen", CONFIG_TEXT, "127.0.0.1:8443", "address", false},
    {"server", "tls", CONFIG_BOOL, "yes", "whether", false},
    {"server", "workers", CONFIG_U64, "4", "how many", false},
    {"server", "proxies", CONFIG_LIST, NULL, "which", false},
    {"device", "every", CONFIG_DURATION_S, "5m", "how often", false},
    {"device", "token", CONFIG_TEXT, NULL, "secret", true},
};
#define N_SPECS (sizeof specs / sizeof specs[0])

static char directory[] = "/tmp/attestd-test-config-XXXXXX";

static int
enter_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) && chdir(directory) == 0 && mkdir("c.d", 0700) == 0 ? 0 : -1;
}

static void
remove_files(const char *path)
{
    DIR *d = opendir(path);
    assert_non_null(d);
    for (const struct dirent *e = readdir(d); e; e = readdir(d)) {
        if (e->d_name[0] != '.' || strlen(e->d_name) > 2)
            (void)unlinkat(dirfd(d), e->d_name, 0);
    }
    (void)closedir(d);
}

static int
empty_directory(void **state)
{
    (void)state;
    remove_files("c.d");
    remove_files(".");
    return 0;
}

static int
leave_directory(void **state)
{
    (void)state;
    return rmdir("c.d") == 0 && chdir("/") == 0 && rmdir(directory) == 0 ? 0 : -1;
}

static void
put_file(const char *path, const char *content)
{
    assert_status(STATUS_OK, file_save(path, bytes_of_text(content), 0600, NULL));
}

static enum status
load(const char *content, struct config *out, struct diag *diag)
{
    if (content)
        put_file("c", content);
    return config_load("c", specs, N_SPECS, out, diag);
}

/* This content is refused, at this line, with this in the text. */
static void
assert_refused(const char *content, unsigned line, const char *what)
{
    CLEANUP(config_free) struct config c = {0};
    struct diag diag = {0};
    char place[16];
    (void)snprintf(place, sizeof place, "c:%u: ", line);
    assert_status(STATUS_INVALID, load(content, &c, &diag));
    if (!text_starts(diag.text, place) || !strstr(diag.text, what))
        fail_msg("\"%s\" has not \"%s\" and \"%s\"", diag.text, place, what);
    assert_int_equal(line, diag.offset);
}

static void
holds_the_defaults_without_a_file(void **state)
{
    (void)state;
    CLEANUP(config_free) struct config c = {0};
    char item[CONFIG_ITEM_SIZE];
    assert_status(STATUS_NOT_FOUND, load(NULL, &c, NULL));
    assert_string_equal("127.0.0.1:8443", config_text(&c, "server", "listen"));
    assert_true(config_bool(&c, "server", "tls"));
    assert_int_equal(4, config_u64(&c, "server", "workers"));
    assert_int_equal(300, config_duration_s(&c, "device", "every"));
    assert_null(config_text(&c, "device", "token"));
    assert_false(config_list_item(&c, "server", "proxies", 0, item, sizeof item));
    assert_string_equal("default", c.entries[0].origin);
}

static void
takes_values_from_the_file_with_their_line(void **state)
{
    (void)state;
    CLEANUP(config_free) struct config c = {0};
    assert_status(STATUS_OK, load("# comment\n[server] # comment\n; comment\n"
                                  "  listen = [::1]:9000  ; x\ntls=off\r\n\n[device]\n"
                                  "token = a=b:c#d",
                                  &c, NULL));
    assert_string_equal("[::1]:9000", config_text(&c, "server", "listen"));
    assert_string_equal("c:4", c.entries[0].origin);
    assert_false(config_bool(&c, "server", "tls"));
    assert_string_equal("a=b:c#d", config_text(&c, "device", "token"));
    assert_string_equal("c:8", c.entries[5].origin);
    assert_string_equal("default", c.entries[2].origin);
}

static void
reads_drop_ins_in_the_order_of_their_names(void **state)
{
    (void)state;
    CLEANUP(config_free) struct config c = {0};
    put_file("c.d/20-b.conf", "[server]\nworkers = 20\n");
    put_file("c.d/10-a.conf", "[server]\nworkers = 10\nlisten = a\n");
    put_file("c.d/30-c.conf~", "[server]\nworkers = 30\n");
    put_file("c.d/.40.conf", "[server]\nworkers = 40\n");
    assert_status(STATUS_OK, load("[server]\nlisten = c\nworkers = 1\n", &c, NULL));
    assert_int_equal(20, config_u64(&c, "server", "workers"));
    assert_string_equal("c.d/20-b.conf:2", c.entries[2].origin);
    assert_string_equal("a", config_text(&c, "server", "listen"));
}

static void
reads_drop_ins_without_a_file(void **state)
{
    (void)state;
    CLEANUP(config_free) struct config c = {0};
    put_file("c.d/a.conf", "[server]\nworkers = 7\n");
    assert_status(STATUS_NOT_FOUND, load(NULL, &c, NULL));
    assert_int_equal(7, config_u64(&c, "server", "workers"));
}

static void
needs_no_folder_of_drop_ins_but_no_file_in_its_place(void **state)
{
    (void)state;
    CLEANUP(config_free) struct config a = {0};
    CLEANUP(config_free) struct config b = {0};
    put_file("c", "[server]\nworkers = 7\n");
    assert_int_equal(0, rmdir("c.d"));
    enum status without = config_load("c", specs, N_SPECS, &a, NULL);
    put_file("c.d", "");
    enum status with_file = config_load("c", specs, N_SPECS, &b, NULL);
    assert_int_equal(0, unlink("c.d"));
    assert_int_equal(0, mkdir("c.d", 0700));
    assert_status(STATUS_OK, without);
    assert_int_equal(7, config_u64(&a, "server", "workers"));
    assert_status(STATUS_IO, with_file);
}

static void
refuses_a_bad_drop_in_whatever_the_file(void **state)
{
    (void)state;
    CLEANUP(config_free) struct config a = {0};
    CLEANUP(config_free) struct config b = {0};
    struct diag diag = {0};
    put_file("c.d/a.conf", "[server]\nworker = 7\n");
    assert_status(STATUS_INVALID, load(NULL, &a, &diag));
    assert_string_equal("c.d/a.conf:2: worker: unknown key", diag.text);
    assert_int_equal(0, unlink("c.d/a.conf"));
    assert_int_equal(0, symlink("absent", "c.d/a.conf"));
    assert_status(STATUS_IO, load("", &b, NULL));
}

static void
refuses_what_is_no_setting(void **state)
{
    (void)state;
    static const struct {
        const char *content;
        unsigned line;
        const char *says;
    } rows[] = {
        /* What is not in the table. */
        {"[server]\nlisten = a\nlisten2 = a\n", 3, "listen2: unknown key"},
        {"[device]\nlisten = a\n", 2, "listen: unknown key"},
        {"listen = a\n", 1, "listen: unknown key"},
        {"[server]\nLISTEN = a\n", 2, "LISTEN: unknown key"},
        {"\n[servers]\n", 2, "unknown section"},
        {"[ server ]\n", 1, "unknown section"},
        {"[]\n", 1, "unknown section"},
        /* Lines that say nothing. */
        {"[server]\nlisten\n", 2, "neither"},
        {"[server]\nlisten\ntls = no\nworkers = 1\n", 2, "neither"},
        {"[server]x\n", 1, "after a section"},
        {"[server]\nlisten = a\x1f\n", 2, "control character"},
        {"[server\nlisten = a\n", 1, "without its ]"},
        {"[server] listen = a\n", 1, "after a section"},
        {"[server]\nlisten = a\n\tb\n", 3, "neither"},
        {"[server]\nlisten = a\x01\n", 2, "control character"},
        /* A key that is given twice in one file. */
        {"[server]\nlisten = a\n[device]\n[server]\nlisten = b\n", 5, "given twice"},
        /* Values of another type. */
        {"[server]\ntls = maybe\n", 2, "tls: neither yes nor no"},
        {"[server]\ntls =\n", 2, "tls: neither yes nor no"},
        {"[server]\nworkers = -4\n", 2, "workers: not a number"},
        {"[server]\nworkers = 4k\n", 2, "workers: not a number"},
        {"[device]\nevery = 5 minutes\n", 2, "every: not a duration"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_refused(rows[i].content, rows[i].line, rows[i].says);
}

static void
refuses_a_nul_byte(void **state)
{
    (void)state;
    CLEANUP(config_free) struct config c = {0};
    static const char text[] = "[server]\nlisten = a\0b\n";
    assert_status(STATUS_OK, file_save("c", bytes_of(text, sizeof text - 1), 0600, NULL));
    assert_status(STATUS_INVALID, load(NULL, &c, NULL));
}

static void
refuses_a_line_that_inih_would_cut(void **state)
{
    (void)state;
    char text[400] = "[server]\nlisten = ";
    size_t begin = strlen("[server]\n");
    memset(text + strlen(text), 'x', 198 - strlen(text + begin));
    CLEANUP(config_free) struct config c = {0};
    assert_status(STATUS_OK, load(text, &c, NULL));
    assert_int_equal(198 - strlen("listen = "), strlen(config_text(&c, "server", "listen")));
    text[strlen(text)] = 'x';
    assert_refused(text, 2, "too long");
}

static void
refuses_a_default_of_another_type(void **state)
{
    (void)state;
    static const struct config_spec wrong[] = {
        {"a", "good", CONFIG_TEXT, "x", "", false},
        {"a", "bad", CONFIG_U64, "x", "", false},
    };
    CLEANUP(config_free) struct config c = {0};
    put_file("c", "");
    assert_status(STATUS_INVALID, config_load("c", wrong, 2, &c, NULL));
}

static void
knows_the_words_of_a_bool(void **state)
{
    (void)state;
    static const char *const words[] = {"yes", "no", "true", "false", "on", "off"};
    for (size_t i = 0; i < 6; i++) {
        CLEANUP(config_free) struct config c = {0};
        assert_status(STATUS_NOT_FOUND, load(NULL, &c, NULL));
        assert_status(STATUS_OK, config_override(&c, "server", "tls", words[i], NULL));
        assert_int_equal(i % 2 == 0, config_bool(&c, "server", "tls"));
    }
}

static void
gives_the_items_of_a_list_one_by_one(void **state)
{
    (void)state;
    CLEANUP(config_free) struct config c = {0};
    char item[CONFIG_ITEM_SIZE];
    assert_status(STATUS_OK, load("[server]\nproxies = ,a, b\t c ,,\nproxies=d\n", &c, NULL));
    static const char *const expected[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < 4; i++) {
        assert_true(config_list_item(&c, "server", "proxies", i, item, sizeof item));
        assert_string_equal(expected[i], item);
    }
    assert_false(config_list_item(&c, "server", "proxies", 4, item, sizeof item));
    assert_false(config_list_item(&c, "server", "proxies", 9, item, sizeof item));
    assert_string_equal("c:3", c.entries[3].origin);
}

static void
lets_a_drop_in_replace_a_list(void **state)
{
    (void)state;
    CLEANUP(config_free) struct config c = {0};
    put_file("c.d/a.conf", "[server]\nproxies = x\n");
    assert_status(STATUS_OK, load("[server]\nproxies = a b\n", &c, NULL));
    char item[CONFIG_ITEM_SIZE];
    assert_true(config_list_item(&c, "server", "proxies", 0, item, sizeof item));
    assert_string_equal("x", item);
    assert_false(config_list_item(&c, "server", "proxies", 1, item, sizeof item));
}

static void
refuses_an_item_that_no_buffer_holds(void **state)
{
    (void)state;
    CLEANUP(config_free) struct config c = {0};
    char value[CONFIG_ITEM_SIZE + 3] = "a ";
    memset(value + 2, 'x', CONFIG_ITEM_SIZE);
    assert_status(STATUS_NOT_FOUND, load(NULL, &c, NULL));
    assert_status(STATUS_INVALID, config_override(&c, "server", "proxies", value, NULL));
    value[CONFIG_ITEM_SIZE + 1] = '\0';
    assert_status(STATUS_OK, config_override(&c, "server", "proxies", value, NULL));
    char item[CONFIG_ITEM_SIZE];
    assert_true(config_list_item(&c, "server", "proxies", 1, item, sizeof item));
}

static void
overrides_one_value(void **state)
{
    (void)state;
    CLEANUP(config_free) struct config c = {0};
    struct diag diag = {0};
    assert_status(STATUS_OK, load("[server]\nworkers = 2\n", &c, NULL));
    assert_status(STATUS_OK, config_override(&c, "server", "workers", "9", NULL));
    assert_int_equal(9, config_u64(&c, "server", "workers"));
    assert_string_equal("--set", c.entries[2].origin);
    assert_status(STATUS_INVALID, config_override(&c, "server", "workers", "x", &diag));
    assert_string_equal("server.workers: not a number", diag.text);
    assert_int_equal(9, config_u64(&c, "server", "workers"));
    assert_status(STATUS_NOT_FOUND, config_override(&c, "server", "worker", "9", NULL));
}

static void
never_shows_a_secret(void **state)
{
    (void)state;
    CLEANUP(config_free) struct config c = {0};
    CLEANUP(free_charp) char *text = NULL;
    size_t size = 0;
    assert_status(STATUS_OK, load("[device]\ntoken = hunter2\n", &c, NULL));
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    config_print(&c, out);
    assert_int_equal(0, fclose(out));
    assert_string_equal("server.listen = 127.0.0.1:8443  # default\n"
                        "server.tls = yes  # default\n"
                        "server.workers = 4  # default\n"
                        "server.proxies = (unset)  # default\n"
                        "device.every = 5m  # default\n"
                        "device.token = (set)  # c:2\n",
                        text);
}

static void
refuses_a_file_above_the_limit(void **state)
{
    (void)state;
    CLEANUP(config_free) struct config c = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    for (size_t i = 0; i <= LIMIT_CONFIG; i++)
        buffer_append_u8(&text, '\n');
    assert_status(STATUS_OK, file_save("c", buffer_bytes(&text), 0600, NULL));
    assert_status(STATUS_LIMIT, load(NULL, &c, NULL));
}

#define IN_DIRECTORY(claim) cmocka_unit_test_teardown(claim, empty_directory)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(holds_the_defaults_without_a_file),
        IN_DIRECTORY(takes_values_from_the_file_with_their_line),
        IN_DIRECTORY(reads_drop_ins_in_the_order_of_their_names),
        IN_DIRECTORY(reads_drop_ins_without_a_file),
        IN_DIRECTORY(needs_no_folder_of_drop_ins_but_no_file_in_its_place),
        IN_DIRECTORY(refuses_a_bad_drop_in_whatever_the_file),
        IN_DIRECTORY(refuses_what_is_no_setting),
        IN_DIRECTORY(refuses_a_nul_byte),
        IN_DIRECTORY(refuses_a_line_that_inih_would_cut),
        IN_DIRECTORY(refuses_a_default_of_another_type),
        IN_DIRECTORY(knows_the_words_of_a_bool),
        IN_DIRECTORY(gives_the_items_of_a_list_one_by_one),
        IN_DIRECTORY(lets_a_drop_in_replace_a_list),
        IN_DIRECTORY(refuses_an_item_that_no_buffer_holds),
        IN_DIRECTORY(overrides_one_value),
        IN_DIRECTORY(never_shows_a_secret),
        IN_DIRECTORY(refuses_a_file_above_the_limit),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
