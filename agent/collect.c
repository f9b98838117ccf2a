/* SPDX-License-Identifier: Apache-2.0 */
/* from: paths of logs; to: their bytes or why there are none; never: decides what that means. */
#include "agent/collect.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "evidence/ima.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define CHUNK_SIZE    65536u
#define LOCK_PAUSE_MS 20
#define BOOT_ID_PATH  "/proc/sys/kernel/random/boot_id"

static enum collect_state
state_of(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return COLLECT_ABSENT;
    case EACCES:
    case EPERM:
        return COLLECT_DENIED;
    default:
        return COLLECT_FAILED;
    }
}

/* Until the end of the file. */
static enum status
read_all(int fd, size_t max, struct collect_log *out)
{
    for (;;) {
        enum status s = buffer_reserve(&out->content, CHUNK_SIZE);
        if (s != STATUS_OK)
            return s;
        ssize_t n = read(fd, out->content.data + out->content.size, CHUNK_SIZE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            out->state = state_of(errno);
        if (n <= 0)
            return STATUS_OK;
        out->content.size += (size_t)n;
        if (out->content.size > max) {
            out->state = COLLECT_TOO_LARGE;
            return STATUS_OK;
        }
    }
}

/* -1: out says why. */
static int
open_log(const char *path, struct collect_log *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        out->state = state_of(errno);
    return fd;
}

static enum status
read_content(int fd, size_t max, struct collect_log *out)
{
    out->state = COLLECT_READ;
    enum status s = read_all(fd, max, out);
    if (out->state != COLLECT_READ)
        buffer_reset(&out->content);
    return s;
}

enum status
collect_read(const char *path, uint64_t offset, size_t max, struct collect_log *out)
{
    *out = (struct collect_log){0};
    if (!path)
        return STATUS_OK;
    CLEANUP(close_fdp) int fd = open_log(path, out);
    if (fd < 0)
        return STATUS_OK;
    if (offset > INT64_MAX || lseek(fd, (off_t)offset, SEEK_SET) < 0) {
        out->state = state_of(errno);
        return STATUS_OK;
    }
    return read_content(fd, max, out);
}

/* Wait for the writer, but not for ever; closing the file gives the lock back. */
static void
wait_for_writer(int fd)
{
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000L};
    for (int waited_ms = 0; waited_ms < COLLECT_LOCK_WAIT_MS; waited_ms += LOCK_PAUSE_MS) {
        if (flock(fd, LOCK_SH | LOCK_NB) == 0)
            return;
        (void)nanosleep(&pause, NULL);
    }
}

enum status
collect_read_userspace(const char *path, size_t max, struct collect_log *out)
{
    *out = (struct collect_log){0};
    if (!path)
        return STATUS_OK;
    struct stat st;
    CLEANUP(close_fdp) int fd = open_log(path, out);
    if (fd < 0)
        return STATUS_OK;
    wait_for_writer(fd);
    if (fstat(fd, &st) < 0) {
        out->state = state_of(errno);
        return STATUS_OK;
    }
    out->incomplete = (st.st_mode & S_ISVTX) != 0;
    return read_content(fd, max, out);
}

enum collect_state
collect_probe(const char *path)
{
    if (!path)
        return COLLECT_OFF;
    return access(path, R_OK) == 0 ? COLLECT_READ : state_of(errno);
}

void
collect_log_free(struct collect_log *l)
{
    buffer_free(&l->content);
}

enum status
collect_ima_size(struct bytes list, uint64_t n, size_t *size)
{
    struct ima_reader r = {0};
    CLEANUP(buffer_free) struct buffer scratch = {0};
    *size = 0;
    enum status s = ima_open(list, 0, &r, NULL);
    for (uint64_t i = 0; s == STATUS_OK && i < n; i++) {
        struct ima_entry entry = {0};
        s = ima_next(&r, &scratch, &entry, NULL);
    }
    if (s == STATUS_OK)
        *size = r.offset;
    return s;
}

const char *
collect_state_text(enum collect_state s)
{
    switch (s) {
    case COLLECT_OFF:
        return "switched off in the configuration";
    case COLLECT_READ:
        return "read";
    case COLLECT_ABSENT:
        return "absent";
    case COLLECT_DENIED:
        return "not permitted";
    case COLLECT_TOO_LARGE:
        return "too large";
    case COLLECT_FAILED:
        break;
    }
    return "cannot be read";
}

void
collect_boot_id(char out[static COLLECT_BOOT_ID_SIZE])
{
    CLEANUP(buffer_free) struct buffer text = {0};
    out[0] = '\0';
    if (file_load(BOOT_ID_PATH, COLLECT_BOOT_ID_SIZE, &text, NULL) != STATUS_OK)
        return;
    while (text.size > 0 && text.data[text.size - 1] == '\n')
        text.size--;
    const char *id = buffer_text(&text);
    if (!id || !text_copy(out, COLLECT_BOOT_ID_SIZE, id))
        out[0] = '\0';
}
