/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/file.h"
#include "tests/lib/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/attestd-test-file-XXXXXX";

static int
enter_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int
count_files(void)
{
    int n = 0;
    DIR *d = opendir(".");
    assert_non_null(d);
    for (const struct dirent *e = readdir(d); e; e = readdir(d))
        n += e->d_name[0] != '.';
    (void)closedir(d);
    return n;
}

static int
empty_directory(void **state)
{
    (void)state;
    DIR *d = opendir(".");
    for (const struct dirent *e = readdir(d); e; e = readdir(d)) {
        if (e->d_name[0] != '.' && unlink(e->d_name) != 0)
            (void)rmdir(e->d_name);
    }
    return closedir(d);
}

static int
leave_directory(void **state)
{
    (void)state;
    return chdir("/") == 0 && rmdir(directory) == 0 ? 0 : -1;
}

static void
put_file(const char *name, const char *content, mode_t mode)
{
    CLEANUP(close_fdp) int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    assert_true(fd >= 0);
    assert_int_equal(strlen(content), write(fd, content, strlen(content)));
    assert_int_equal(0, fchmod(fd, mode));
}

static void
loads_what_it_saved(void **state)
{
    (void)state;
    static uint8_t large[200001];
    memset(large, 'x', sizeof large);
    CLEANUP(buffer_free) struct buffer out = {0};
    assert_status(STATUS_OK, file_save("f", bytes_of(large, sizeof large), 0644, NULL));
    assert_status(STATUS_OK, file_load("f", sizeof large, &out, NULL));
    assert_true(bytes_equal(bytes_of(large, sizeof large), buffer_bytes(&out)));
}

static void
loads_behind_what_the_buffer_holds(void **state)
{
    (void)state;
    put_file("f", "def", 0644);
    CLEANUP(buffer_free) struct buffer out = {0};
    buffer_append_text(&out, "abc");
    assert_status(STATUS_OK, file_load("f", 3, &out, NULL));
    assert_string_equal("abcdef", buffer_text(&out));
}

static void
refuses_a_file_above_its_limit(void **state)
{
    (void)state;
    put_file("f", "abcd", 0644);
    CLEANUP(buffer_free) struct buffer out = {0};
    struct diag diag = {0};
    buffer_append_text(&out, "x");
    assert_status(STATUS_LIMIT, file_load("f", 3, &out, &diag));
    assert_string_equal("f: longer than 3 bytes", diag.text);
    assert_string_equal("x", buffer_text(&out));
    assert_status(STATUS_LIMIT, file_load("f", 0, &out, NULL));
    assert_status(STATUS_OK, file_load("f", 4, &out, NULL));
}

static void
counts_the_limit_over_all_it_has_read(void **state)
{
    (void)state;
    static char large[100001];
    memset(large, 'x', sizeof large - 1);
    put_file("f", large, 0644);
    CLEANUP(buffer_free) struct buffer out = {0};
    buffer_append_text(&out, "x");
    assert_status(STATUS_LIMIT, file_load("f", 99999, &out, NULL));
    assert_int_equal(1, out.size);
    assert_status(STATUS_OK, file_load("f", 100000, &out, NULL));
    assert_int_equal(100001, out.size);
}

static void
loads_an_empty_file(void **state)
{
    (void)state;
    put_file("f", "", 0644);
    CLEANUP(buffer_free) struct buffer out = {0};
    assert_status(STATUS_OK, file_load("f", 0, &out, NULL));
    assert_int_equal(0, out.size);
}

/* As on securityfs and procfs, whose files have no size. */
static void
loads_a_file_without_a_size(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    assert_status(STATUS_OK, file_load("/proc/self/status", 1u << 20, &out, NULL));
    assert_true(out.size > 0);
}

static void
says_why_there_is_nothing_to_load(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    struct diag diag = {0};
    assert_status(STATUS_NOT_FOUND, file_load("absent", 3, &out, &diag));
    assert_non_null(strstr(diag.text, "absent"));
    assert_status(STATUS_IO, file_load(".", 3, &out, NULL));
    if (geteuid() != 0) {
        put_file("f", "abc", 0);
        assert_status(STATUS_DENIED, file_load("f", 3, &out, NULL));
    }
}

static void
loads_standard_input_for_a_dash(void **state)
{
    (void)state;
    put_file("f", "from stdin", 0644);
    CLEANUP(close_fdp) int fd = open("f", O_RDONLY | O_CLOEXEC);
    CLEANUP(close_fdp) int before = dup(STDIN_FILENO);
    assert_int_equal(STDIN_FILENO, dup2(fd, STDIN_FILENO));
    CLEANUP(buffer_free) struct buffer out = {0};
    enum status s = file_load("-", 64, &out, NULL);
    if (before >= 0)
        (void)dup2(before, STDIN_FILENO);
    assert_status(STATUS_OK, s);
    assert_string_equal("from stdin", buffer_text(&out));
}

static void
loads_a_secret_that_only_its_owner_may_read(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    put_file("a", "key", 0600);
    put_file("b", "key", 0400);
    assert_status(STATUS_OK, file_load_secret("a", 3, &out, NULL));
    assert_status(STATUS_OK, file_load_secret("b", 3, &out, NULL));
    assert_status(STATUS_NOT_FOUND, file_load_secret("absent", 3, &out, NULL));
    assert_status(STATUS_LIMIT, file_load_secret("a", 2, &out, NULL));
}

static void
refuses_a_secret_that_others_may_read_or_write(void **state)
{
    (void)state;
    static const mode_t bad[] = {0604, 0602, 0601, 0660, 0620, 0610, 0644, 0666};
    CLEANUP(buffer_free) struct buffer out = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        put_file("f", "key", bad[i]);
        assert_status(STATUS_DENIED, file_load_secret("f", 3, &out, NULL));
    }
    assert_int_equal(0, out.size);
}

/* Read by the group: only root's file of root's group, as a systemd credential appears. */
static void
refuses_a_secret_that_a_group_but_root_s_may_read(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    put_file("f", "key", 0440);
    bool is_root_s = geteuid() == 0 && getegid() == 0;
    assert_status(is_root_s ? STATUS_OK : STATUS_DENIED, file_load_secret("f", 3, &out, NULL));
    if (geteuid() != 0)
        return;
    assert_int_equal(0, chown("f", 0, 65534));
    assert_status(STATUS_DENIED, file_load_secret("f", 3, &out, NULL));
}

static void
refuses_a_secret_of_another_user_and_what_is_no_file(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    assert_int_equal(0, mkfifo("fifo", 0600));
    assert_status(STATUS_DENIED, file_load_secret("fifo", 3, &out, NULL));
    assert_int_equal(0, mkdir("d", 0700));
    assert_status(STATUS_DENIED, file_load_secret("d", 3, &out, NULL));
    if (geteuid() != 0)
        skip();
    put_file("f", "key", 0600);
    assert_int_equal(0, chown("f", 65534, 0));
    assert_status(STATUS_DENIED, file_load_secret("f", 3, &out, NULL));
}

static void
saves_with_the_mode_it_was_given(void **state)
{
    (void)state;
    mode_t before = umask(077);
    enum status s = file_save("f", bytes_of_text("a"), 0640, NULL);
    (void)umask(before);
    assert_status(STATUS_OK, s);
    struct stat st;
    assert_int_equal(0, stat("f", &st));
    assert_int_equal(0640, st.st_mode & 07777);
}

static void
replaces_a_file_and_leaves_nothing_beside_it(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    assert_status(STATUS_OK, file_save("f", bytes_of_text("old content"), 0600, NULL));
    assert_status(STATUS_OK, file_save("./f", bytes_of_text("new"), 0600, NULL));
    assert_status(STATUS_OK, file_load("f", 64, &out, NULL));
    assert_string_equal("new", buffer_text(&out));
    assert_int_equal(1, count_files());
}

static void
leaves_nothing_behind_when_it_cannot_save(void **state)
{
    (void)state;
    struct diag diag = {0};
    assert_status(STATUS_NOT_FOUND, file_save("absent/f", bytes_of_text("a"), 0600, &diag));
    assert_int_equal(0, mkdir("d", 0700));
    assert_status(STATUS_IO, file_save("d", bytes_of_text("a"), 0600, NULL));
    assert_int_equal(1, count_files());
    if (geteuid() != 0) {
        assert_int_equal(0, chmod("d", 0500));
        assert_status(STATUS_DENIED, file_save("d/f", bytes_of_text("a"), 0600, NULL));
    }
}

/* An operator, as root, writes what the service must read again. */
static void
gives_to_the_owner_of_the_directory_what_root_writes(void **state)
{
    (void)state;
    struct stat st;
    assert_int_equal(0, mkdir("d", 0700));
    assert_status(STATUS_OK, file_save_owned("d/f", bytes_of_text("a"), 0600, NULL));
    assert_int_equal(0, stat("d/f", &st));
    assert_int_equal(geteuid(), st.st_uid);
    if (geteuid() != 0) {
        assert_int_equal(0, unlink("d/f"));
        return;
    }
    assert_int_equal(0, chown("d", 65534, 65533));
    assert_status(STATUS_OK, file_save_owned("d/f", bytes_of_text("b"), 0600, NULL));
    assert_int_equal(0, stat("d/f", &st));
    assert_int_equal(65534, st.st_uid);
    assert_int_equal(65533, st.st_gid);
    assert_int_equal(0600, st.st_mode & 07777);
    assert_status(STATUS_OK, file_save("d/f", bytes_of_text("c"), 0600, NULL));
    assert_int_equal(0, stat("d/f", &st));
    assert_int_equal(0, st.st_uid);
    assert_int_equal(0, unlink("d/f"));
}

#define IN_DIRECTORY(claim) cmocka_unit_test_teardown(claim, empty_directory)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(loads_what_it_saved),
        IN_DIRECTORY(loads_behind_what_the_buffer_holds),
        IN_DIRECTORY(refuses_a_file_above_its_limit),
        IN_DIRECTORY(counts_the_limit_over_all_it_has_read),
        IN_DIRECTORY(loads_an_empty_file),
        IN_DIRECTORY(loads_a_file_without_a_size),
        IN_DIRECTORY(says_why_there_is_nothing_to_load),
        IN_DIRECTORY(loads_standard_input_for_a_dash),
        IN_DIRECTORY(loads_a_secret_that_only_its_owner_may_read),
        IN_DIRECTORY(refuses_a_secret_that_others_may_read_or_write),
        IN_DIRECTORY(refuses_a_secret_that_a_group_but_root_s_may_read),
        IN_DIRECTORY(refuses_a_secret_of_another_user_and_what_is_no_file),
        IN_DIRECTORY(saves_with_the_mode_it_was_given),
        IN_DIRECTORY(replaces_a_file_and_leaves_nothing_beside_it),
        IN_DIRECTORY(leaves_nothing_behind_when_it_cannot_save),
        IN_DIRECTORY(gives_to_the_owner_of_the_directory_what_root_writes),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
