/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/announce.h"
#include "agent/outcome.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/attestd-announce-XXXXXX";

static int
set_up(void **state)
{
    (void)state;
    CLEANUP(close_fdp) int fd = mkstemp(path);
    return fd >= 0 && write(fd, "abc", 3) == 3 ? 0 : 1;
}

static int
tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

static enum status
encode(const char *file, const char *text, struct buffer *out, struct diag *diag)
{
    const struct announce_order order = {
        .files = &file,
        .n_files = file ? 1 : 0,
        .texts = &text,
        .n_texts = text ? 1 : 0,
        .slot = "B",
    };
    return announce_encode(&order, out, diag);
}

static void
announces_a_file_by_both_its_digests(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    struct diag diag = {0};
    char item[64];
    (void)snprintf(item, sizeof item, "initrd=%s", path);
    assert_status(STATUS_OK, encode(item, "command-line=quiet a=b", &out, &diag));
    assert_string_equal(
        "{\"slot\":\"B\",\"items\":[{\"role\":\"initrd\",\"digests\":{\"sha256\":"
        "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\",\"sha384\":"
        "\"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca1"
        "34c825a7\"}},{\"role\":\"command-line\",\"text\":\"quiet a=b\"}]}",
        buffer_text(&out));
}

static void
names_what_cannot_be_announced(void **state)
{
    (void)state;
    static const struct {
        const char *file, *text;
        enum status status;
        const char *told;
    } rows[] = {
        {NULL, NULL, STATUS_INVALID, "missing"},
        {"initrd", NULL, STATUS_INVALID, "initrd"},
        {"=/boot/initrd", NULL, STATUS_INVALID, "=/boot/initrd"},
        {"initrd=", NULL, STATUS_INVALID, "initrd="},
        {"initrd=/nowhere/initrd", NULL, STATUS_NOT_FOUND, "/nowhere/initrd"},
        {"initrd=/dev/null", NULL, STATUS_IO, "/dev/null"},
        {"initrd=/tmp", NULL, STATUS_IO, "/tmp"},
        {NULL, "0123456789012345678901234567890123456789012345678901234567890123=x", STATUS_INVALID,
         "63"},
        {NULL, "command-line=\xff", STATUS_INVALID, "UTF-8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CLEANUP(buffer_free) struct buffer out = {0};
        struct diag diag = {0};
        assert_status(rows[i].status, encode(rows[i].file, rows[i].text, &out, &diag));
        assert_non_null(strstr(diag.text, rows[i].told));
    }
}

static void
refuses_more_than_a_verifier_takes(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    struct diag diag = {0};
    buffer_append_text(&text, "command-line=");
    for (size_t i = 0; i < LIMIT_ANNOUNCEMENT; i++)
        buffer_append_text(&text, "x");
    assert_status(STATUS_LIMIT, encode(NULL, buffer_text(&text), &out, &diag));
}

static void
tells_what_became_of_it(void **state)
{
    (void)state;
    struct outcome o;
    static struct reply_verdict v; /* too large for the stack */
    outcome_of_announcement(&o, &v);
    assert_int_equal(OUTCOME_UNAVAILABLE, o.kind);
    v.announced = true;
    (void)text_copy(v.announcement_reason.code, REPLY_CODE_SIZE, "announce.role");
    (void)text_copy(v.announcement_reason.what, REPLY_CODE_SIZE, "kernel");
    outcome_of_announcement(&o, &v);
    assert_int_equal(OUTCOME_REFUSED, o.kind);
    assert_string_equal("announce.role", o.code);
    assert_non_null(strstr(o.message, "announce.role (kernel)"));
    (void)text_copy(v.announcement_reason.code, REPLY_CODE_SIZE, "announce.not-trusted");
    outcome_of_announcement(&o, &v);
    assert_int_equal(OUTCOME_NOT_TRUSTED, o.kind);
    v.announcement_accepted = true;
    outcome_of_announcement(&o, &v);
    assert_int_equal(OUTCOME_DONE, o.kind);
    assert_int_equal(0, outcome_exit_code(o.kind));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(announces_a_file_by_both_its_digests),
        cmocka_unit_test(names_what_cannot_be_announced),
        cmocka_unit_test(refuses_more_than_a_verifier_takes),
        cmocka_unit_test(tells_what_became_of_it),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
