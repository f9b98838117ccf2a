/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "tests/lib/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define IMA_VECTOR "tests/vectors/boots/secure/ima"

static char path[32];

static int
setup(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof path, "/tmp/attestd-log-XXXXXX");
    int fd = mkstemp(path);
    return fd >= 0 && write(fd, "0123456789", 10) == 10 ? close(fd) : -1;
}

static int
teardown(void **state)
{
    (void)state;
    return unlink(path);
}

static void
reads_from_an_offset_on(void **state)
{
    (void)state;
    CLEANUP(collect_log_free) struct collect_log log = {0};
    assert_status(STATUS_OK, collect_read(path, 4, 100, &log));
    assert_int_equal(COLLECT_READ, log.state);
    assert_true(bytes_equal(bytes_of_text("456789"), buffer_bytes(&log.content)));
}

static void
reads_nothing_past_the_end(void **state)
{
    (void)state;
    CLEANUP(collect_log_free) struct collect_log log = {0};
    assert_status(STATUS_OK, collect_read(path, 11, 100, &log));
    assert_int_equal(COLLECT_READ, log.state);
    assert_int_equal(0, log.content.size);
}

static void
takes_a_log_of_exactly_the_limit_and_no_more(void **state)
{
    (void)state;
    CLEANUP(collect_log_free) struct collect_log log = {0};
    assert_status(STATUS_OK, collect_read(path, 0, 10, &log));
    assert_int_equal(COLLECT_READ, log.state);
    collect_log_free(&log);
    assert_status(STATUS_OK, collect_read(path, 0, 9, &log));
    assert_int_equal(COLLECT_TOO_LARGE, log.state);
    assert_int_equal(0, log.content.size);
}

static void
tells_absent_from_off_and_from_unreadable(void **state)
{
    (void)state;
    CLEANUP(collect_log_free) struct collect_log log = {0};
    assert_status(STATUS_OK, collect_read(NULL, 0, 9, &log));
    assert_int_equal(COLLECT_OFF, log.state);
    assert_status(STATUS_OK, collect_read("/nowhere/log", 0, 9, &log));
    assert_int_equal(COLLECT_ABSENT, log.state);
    assert_status(STATUS_OK, collect_read("/tmp", 0, 9, &log));
    assert_int_equal(COLLECT_FAILED, log.state);
    assert_int_equal(COLLECT_ABSENT, collect_probe("/nowhere/log"));
    assert_int_equal(COLLECT_OFF, collect_probe(NULL));
    assert_int_equal(COLLECT_READ, collect_probe(path));
}

static void
reads_the_userspace_log_and_its_sticky_bit(void **state)
{
    (void)state;
    CLEANUP(collect_log_free) struct collect_log log = {0};
    assert_status(STATUS_OK, collect_read_userspace(path, 10, &log));
    assert_int_equal(COLLECT_READ, log.state);
    assert_int_equal(10, log.content.size);
    assert_false(log.incomplete);
    collect_log_free(&log);
    assert_int_equal(0, chmod(path, S_ISVTX | S_IRUSR));
    assert_status(STATUS_OK, collect_read_userspace(path, 10, &log));
    assert_true(log.incomplete);
    assert_int_equal(10, log.content.size);
    collect_log_free(&log);
    assert_status(STATUS_OK, collect_read_userspace(path, 9, &log));
    assert_int_equal(COLLECT_TOO_LARGE, log.state);
    collect_log_free(&log);
    assert_status(STATUS_OK, collect_read_userspace("/nowhere/log", 9, &log));
    assert_int_equal(COLLECT_ABSENT, log.state);
    assert_status(STATUS_OK, collect_read_userspace(NULL, 9, &log));
    assert_int_equal(COLLECT_OFF, log.state);
}

/* A writer that holds its lock: the bit is only up while it writes. */
static void
waits_for_the_writer_of_the_userspace_log(void **state)
{
    (void)state;
    CLEANUP(collect_log_free) struct collect_log log = {0};
    assert_int_equal(0, chmod(path, S_ISVTX | S_IRUSR | S_IWUSR));
    CLEANUP(close_fdp) int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(0, flock(fd, LOCK_EX));
    pid_t writer = fork();
    if (writer == 0) {
        (void)usleep(100000);
        bool ok = pwrite(fd, "x", 1, 10) == 1 && fchmod(fd, S_IRUSR | S_IWUSR) == 0;
        _exit(flock(fd, LOCK_UN) == 0 && ok ? 0 : 1);
    }
    assert_status(STATUS_OK, collect_read_userspace(path, 100, &log));
    assert_false(log.incomplete);
    assert_int_equal(11, log.content.size);
    int ended = 0;
    assert_int_equal(writer, waitpid(writer, &ended, 0));
    assert_int_equal(0, ended);
}

/* A kernel file says size 0 and has content. */
static void
reads_a_file_without_a_size(void **state)
{
    (void)state;
    CLEANUP(collect_log_free) struct collect_log log = {0};
    assert_status(STATUS_OK, collect_read("/proc/self/status", 0, 65536, &log));
    assert_int_equal(COLLECT_READ, log.state);
    assert_true(log.content.size > 100);
}

static void
finds_where_an_entry_ends(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer list = {0};
    test_source(IMA_VECTOR, &list);
    size_t one = 0;
    size_t two = 0;
    size_t rest = 0;
    assert_status(STATUS_OK, collect_ima_size(buffer_bytes(&list), 0, &one));
    assert_int_equal(0, one);
    assert_status(STATUS_OK, collect_ima_size(buffer_bytes(&list), 1, &one));
    assert_status(STATUS_OK, collect_ima_size(buffer_bytes(&list), 2, &two));
    struct bytes after = bytes_slice(buffer_bytes(&list), one, list.size - one);
    assert_status(STATUS_OK, collect_ima_size(after, 1, &rest));
    assert_int_equal(two, one + rest);
    assert_status(STATUS_NOT_FOUND, collect_ima_size(buffer_bytes(&list), 1000000, &two));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_from_an_offset_on, setup, teardown),
        cmocka_unit_test_setup_teardown(reads_nothing_past_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(takes_a_log_of_exactly_the_limit_and_no_more, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(tells_absent_from_off_and_from_unreadable, setup, teardown),
        cmocka_unit_test_setup_teardown(reads_the_userspace_log_and_its_sticky_bit, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(waits_for_the_writer_of_the_userspace_log, setup, teardown),
        cmocka_unit_test(reads_a_file_without_a_size),
        cmocka_unit_test(finds_where_an_entry_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
