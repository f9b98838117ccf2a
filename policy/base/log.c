/* SPDX-License-Identifier: Apache-2.0 */
/* from: messages and fields; to: whole lines on stderr or entries of the journal; never: lets a
 * control character through. */
#include "base/log.h"

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#if HAVE_SYSTEMD
#define SD_JOURNAL_SUPPRESS_LOCATION /* it would name this file for every message */
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#endif

#define FIELDS_MAX 16u /* fields of one journal entry; more go on a line, none is dropped */

/* Set by log_open() before threads start, read only after. */
static struct {
    const char *program;
    enum log_level max;
    bool journal; /* stderr is the journal's stream */
} state = {.program = "attestd", .max = LOG_LEVEL_INFO};

static const struct {
    const char *name;
    unsigned priority; /* syslog's, as sd-daemon(3) prefixes it */
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", 3},   [LOG_LEVEL_WARNING] = {"warning", 4},
    [LOG_LEVEL_NOTICE] = {"notice", 5}, [LOG_LEVEL_INFO] = {"info", 6},
    [LOG_LEVEL_DEBUG] = {"debug", 7},
};

/* Whether JOURNAL_STREAM names the device and inode of stderr. [systemd.exec(5)] */
static bool
stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat st;
    if (!stream || fstat(STDERR_FILENO, &st) != 0)
        return false;
    char ours[64];
    (void)snprintf(ours, sizeof ours, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return text_equal(stream, ours);
}

void
log_open(const char *program, enum log_level max)
{
    state.program = program;
    state.max = max;
    state.journal = stderr_is_journal();
}

/* Control characters and what is not ASCII as \xNN; a terminal obeys some of either. */
static void
append_escaped(struct buffer *line, struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x20 || text.data[i] >= 0x7f)
            buffer_append_format(line, "\\x%02x", text.data[i]);
        else
            buffer_append_u8(line, text.data[i]);
    }
}

/* One write() a line, so that the lines of two threads do not mix. A log that cannot be written has
 * nowhere to say so. */
static void
write_line(const struct buffer *line)
{
    size_t done = 0;
    while (buffer_check(line) == STATUS_OK && done < line->size) {
        ssize_t n = write(STDERR_FILENO, line->data + done, line->size - done);
        if (n < 0 && errno != EINTR)
            return;
        done += n > 0 ? (size_t)n : 0;
    }
}

static void
begin_line(struct buffer *line, enum log_level level)
{
    if (state.journal)
        buffer_append_format(line, "<%u>", levels[level].priority);
    else
        buffer_append_format(line, "%s: %s: ", state.program, levels[level].name);
}

void
log_line(enum log_level level, const char *format, ...)
{
    if (level > state.max)
        return;
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(buffer_free) struct buffer line = {0};
    va_list args;
    va_start(args, format);
    buffer_append_format_list(&text, format, args);
    va_end(args);
    begin_line(&line, level);
    append_escaped(&line, buffer_bytes(&text));
    buffer_append_u8(&line, '\n');
    write_line(&line);
}

void
log_diag(enum log_level level, const char *what, enum status status, const struct diag *diag)
{
    if (!diag || !diag->clause)
        log_line(level, "%s: %s", what, status_name(status));
    else if (diag->offset > 0)
        log_line(level, "%s: %s: %s: %s (at %ju)", what, status_name(status), diag->clause,
                 diag->text, (uintmax_t)diag->offset);
    else
        log_line(level, "%s: %s: %s: %s", what, status_name(status), diag->clause, diag->text);
}

#if HAVE_SYSTEMD
/* True when the journal has taken the entry. */
static bool
send_fields(enum log_level level, const char *message, const struct log_field *fields,
            size_t n_fields)
{
    if (!state.journal || n_fields > FIELDS_MAX)
        return false;
    struct iovec entry[FIELDS_MAX + 3];
    struct buffer texts[FIELDS_MAX + 3] = {0};
    int n = 0;
    buffer_append_text(&texts[n], "MESSAGE=");
    append_escaped(&texts[n++], bytes_of_text(message));
    buffer_append_format(&texts[n++], "PRIORITY=%u", levels[level].priority);
    buffer_append_format(&texts[n++], "SYSLOG_IDENTIFIER=%s", state.program);
    for (size_t i = 0; i < n_fields; i++) {
        buffer_append_format(&texts[n], "%s=", fields[i].name);
        append_escaped(&texts[n++], bytes_of_text(fields[i].value));
    }
    bool whole = true;
    for (int i = 0; i < n; i++) {
        whole = whole && buffer_check(&texts[i]) == STATUS_OK;
        entry[i] = (struct iovec){.iov_base = texts[i].data, .iov_len = texts[i].size};
    }
    bool sent = whole && sd_journal_sendv(entry, n) == 0;
    for (int i = 0; i < n; i++)
        buffer_free(&texts[i]);
    return sent;
}
#else
static bool
send_fields(enum log_level level, const char *message, const struct log_field *fields,
            size_t n_fields)
{
    (void)level;
    (void)message;
    (void)fields;
    (void)n_fields;
    return false;
}
#endif

void
log_fields(enum log_level level, const char *message, const struct log_field *fields,
           size_t n_fields)
{
    if (level > state.max || send_fields(level, message, fields, n_fields))
        return;
    CLEANUP(buffer_free) struct buffer line = {0};
    begin_line(&line, level);
    append_escaped(&line, bytes_of_text(message));
    for (size_t i = 0; i < n_fields; i++) {
        buffer_append_format(&line, " %s=", fields[i].name);
        append_escaped(&line, bytes_of_text(fields[i].value));
    }
    buffer_append_u8(&line, '\n');
    write_line(&line);
}
