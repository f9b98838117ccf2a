/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "tests/lib/test.h"

#if HAVE_SYSTEMD
#define SD_JOURNAL_SUPPRESS_LOCATION /* or the name is a macro */
#include <systemd/sd-journal.h>
#endif
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What stderr takes between begin() and end(). */
struct capture {
    FILE *file;
    int stderr_before;
};

static struct capture
begin(void)
{
    struct capture c = {.file = tmpfile(), .stderr_before = dup(STDERR_FILENO)};
    assert_non_null(c.file);
    assert_int_equal(STDERR_FILENO, dup2(fileno(c.file), STDERR_FILENO));
    return c;
}

static void
end(struct capture *c, char *out, size_t out_size)
{
    assert_int_equal(STDERR_FILENO, dup2(c->stderr_before, STDERR_FILENO));
    (void)close(c->stderr_before);
    rewind(c->file);
    out[fread(out, 1, out_size - 1, c->file)] = '\0';
    (void)fclose(c->file);
}

/* Pretend that fd 2 is the journal's stream, as systemd.exec(5) says it. */
static void
set_journal_stream(unsigned long inode_offset)
{
    struct stat st;
    char stream[64];
    assert_int_equal(0, fstat(STDERR_FILENO, &st));
    (void)snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)st.st_dev,
                   (uintmax_t)st.st_ino + inode_offset);
    assert_int_equal(0, setenv("JOURNAL_STREAM", stream, 1));
}

static int
forget_journal_stream(void **state)
{
    (void)state;
    return unsetenv("JOURNAL_STREAM");
}

static void
writes_program_level_and_text(void **state)
{
    (void)state;
    char out[256];
    struct capture c = begin();
    log_open("attestd", LOG_LEVEL_INFO);
    log_line(LOG_LEVEL_WARNING, "%d devices", 3);
    end(&c, out, sizeof out);
    assert_string_equal("attestd: warning: 3 devices\n", out);
}

static void
keeps_silent_above_its_level(void **state)
{
    (void)state;
    char out[256];
    struct capture c = begin();
    log_open("attestd", LOG_LEVEL_NOTICE);
    log_line(LOG_LEVEL_INFO, "quiet");
    log_fields(LOG_LEVEL_DEBUG, "quiet", NULL, 0);
    log_line(LOG_LEVEL_NOTICE, "loud");
    log_fields(LOG_LEVEL_NOTICE, "loud too", NULL, 0);
    end(&c, out, sizeof out);
    assert_string_equal("attestd: notice: loud\nattestd: notice: loud too\n", out);
}

static void
lets_no_text_forge_a_line(void **state)
{
    (void)state;
    char out[256];
    const struct log_field field = {"ATTESTD_DEVICE", "a\n<0>b"};
    struct capture c = begin();
    log_open("attestd", LOG_LEVEL_INFO);
    log_line(LOG_LEVEL_ERROR, "%s", " ~\x1f\x7f\x80");
    log_line(LOG_LEVEL_ERROR, "%s", "x\nattestd: info: y\r\x1b[2J\xc2\x9b");
    log_fields(LOG_LEVEL_ERROR, "z\n", &field, 1);
    end(&c, out, sizeof out);
    assert_string_equal("attestd: error:  ~\\x1f\\x7f\\x80\n"
                        "attestd: error: x\\x0aattestd: info: y\\x0d\\x1b[2J\\xc2\\x9b\n"
                        "attestd: error: z\\x0a ATTESTD_DEVICE=a\\x0a<0>b\n",
                        out);
}

static void
prefixes_the_priority_when_stderr_is_the_journal(void **state)
{
    (void)state;
    char out[256];
    struct capture c = begin();
    set_journal_stream(0);
    log_open("attestd", LOG_LEVEL_DEBUG);
    for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++)
        log_line((enum log_level)level, "text");
    end(&c, out, sizeof out);
    assert_string_equal("<3>text\n<4>text\n<5>text\n<6>text\n<7>text\n", out);
}

static void
does_not_believe_a_journal_stream_that_is_not_stderr(void **state)
{
    (void)state;
    char out[256];
    struct capture c = begin();
    set_journal_stream(1);
    log_open("attestd", LOG_LEVEL_INFO);
    log_line(LOG_LEVEL_INFO, "text");
    end(&c, out, sizeof out);
    assert_string_equal("attestd: info: text\n", out);
}

static void
writes_a_diag_with_its_clause_and_offset(void **state)
{
    (void)state;
    char out[256];
    struct diag diag = {0};
    struct capture c = begin();
    log_open("attestd", LOG_LEVEL_INFO);
    log_diag(LOG_LEVEL_INFO, "quote", STATUS_TPM, NULL);
    log_diag(LOG_LEVEL_INFO, "quote", STATUS_TPM, &diag);
    (void)diag_set(&diag, STATUS_MALFORMED, "TPM2 P2 10.12.8", 4, "wrong type");
    log_diag(LOG_LEVEL_INFO, "quote", STATUS_MALFORMED, &diag);
    diag.offset = 0;
    log_diag(LOG_LEVEL_INFO, "quote", STATUS_MALFORMED, &diag);
    end(&c, out, sizeof out);
    assert_string_equal("attestd: info: quote: tpm\n"
                        "attestd: info: quote: tpm\n"
                        "attestd: info: quote: malformed: TPM2 P2 10.12.8: wrong type (at 4)\n"
                        "attestd: info: quote: malformed: TPM2 P2 10.12.8: wrong type\n",
                        out);
}

static void
appends_fields_to_a_line(void **state)
{
    (void)state;
    char out[256];
    const struct log_field fields[] = {{"ATTESTD_DEVICE", "gw-1"}, {"ATTESTD_VERDICT", "trusted"}};
    struct capture c = begin();
    log_open("attestd", LOG_LEVEL_INFO);
    log_fields(LOG_LEVEL_NOTICE, "verdict", fields, 2);
    end(&c, out, sizeof out);
    assert_string_equal("attestd: notice: verdict ATTESTD_DEVICE=gw-1 ATTESTD_VERDICT=trusted\n",
                        out);
}

static void
writes_a_line_of_any_length_whole(void **state)
{
    (void)state;
    static char out[70000];
    static char text[66001];
    memset(text, 'x', sizeof text - 1);
    struct capture c = begin();
    log_open("a", LOG_LEVEL_INFO);
    log_line(LOG_LEVEL_INFO, "%s", text);
    end(&c, out, sizeof out);
    assert_int_equal(strlen("a: info: ") + 66000 + 1, strlen(out));
}

#if HAVE_SYSTEMD
static struct {
    int answer;
    int n_sent;
    char entry[512]; /* fields of the last entry, each with a newline */
} journal;

/* Stands in for libsystemd's, so that no test writes to the machine's journal. */
int
sd_journal_sendv(const struct iovec *iov, int n)
{
    journal.n_sent++;
    journal.entry[0] = '\0';
    for (int i = 0; i < n; i++)
        (void)snprintf(journal.entry + strlen(journal.entry),
                       sizeof journal.entry - strlen(journal.entry), "%.*s\n", (int)iov[i].iov_len,
                       (const char *)iov[i].iov_base);
    return journal.answer;
}

static void
log_to_journal(const struct log_field *fields, size_t n_fields, char *out, size_t out_size)
{
    struct capture c = begin();
    set_journal_stream(0);
    log_open("attestd", LOG_LEVEL_INFO);
    log_fields(LOG_LEVEL_NOTICE, "ver\ndict", fields, n_fields);
    end(&c, out, out_size);
}

static void
sends_fields_to_the_journal_and_no_line(void **state)
{
    (void)state;
    char out[256];
    const struct log_field fields[] = {{"ATTESTD_DEVICE", "gw-1\nX=y"}, {"ATTESTD_N", "2"}};
    journal.answer = 0;
    log_to_journal(fields, 2, out, sizeof out);
    assert_string_equal("MESSAGE=ver\\x0adict\nPRIORITY=5\nSYSLOG_IDENTIFIER=attestd\n"
                        "ATTESTD_DEVICE=gw-1\\x0aX=y\nATTESTD_N=2\n",
                        journal.entry);
    assert_string_equal("", out);
}

static void
writes_a_line_when_the_journal_refuses(void **state)
{
    (void)state;
    char out[256];
    const struct log_field field = {"ATTESTD_DEVICE", "gw-1"};
    journal.answer = -1;
    log_to_journal(&field, 1, out, sizeof out);
    assert_string_equal("<5>ver\\x0adict ATTESTD_DEVICE=gw-1\n", out);
}

static void
drops_no_field_however_many(void **state)
{
    (void)state;
    char out[256];
    struct log_field fields[17];
    for (size_t i = 0; i < 17; i++)
        fields[i] = (struct log_field){"F", "x"};
    journal.answer = 0;
    journal.n_sent = 0;
    log_to_journal(fields, 16, out, sizeof out);
    assert_int_equal(1, journal.n_sent);
    assert_string_equal("", out);
    log_to_journal(fields, 17, out, sizeof out);
    assert_int_equal(1, journal.n_sent);
    assert_int_equal(strlen("<5>ver\\x0adict\n") + 17 * strlen(" F=x"), strlen(out));
}

static void
sends_nothing_to_the_journal_that_stderr_is_not(void **state)
{
    (void)state;
    char out[256];
    struct capture c = begin();
    journal.n_sent = 0;
    log_open("attestd", LOG_LEVEL_INFO);
    log_fields(LOG_LEVEL_NOTICE, "verdict", NULL, 0);
    end(&c, out, sizeof out);
    assert_int_equal(0, journal.n_sent);
}
#endif

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_program_level_and_text),
        cmocka_unit_test(keeps_silent_above_its_level),
        cmocka_unit_test(lets_no_text_forge_a_line),
        cmocka_unit_test_teardown(prefixes_the_priority_when_stderr_is_the_journal,
                                  forget_journal_stream),
        cmocka_unit_test_teardown(does_not_believe_a_journal_stream_that_is_not_stderr,
                                  forget_journal_stream),
        cmocka_unit_test(writes_a_diag_with_its_clause_and_offset),
        cmocka_unit_test(appends_fields_to_a_line),
#if HAVE_SYSTEMD
        cmocka_unit_test_teardown(sends_fields_to_the_journal_and_no_line, forget_journal_stream),
        cmocka_unit_test_teardown(writes_a_line_when_the_journal_refuses, forget_journal_stream),
        cmocka_unit_test_teardown(drops_no_field_however_many, forget_journal_stream),
        cmocka_unit_test(sends_nothing_to_the_journal_that_stderr_is_not),
#endif
        cmocka_unit_test(writes_a_line_of_any_length_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
