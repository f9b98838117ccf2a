/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/claims.h"

#include "agent/clock.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#include <string.h>
#include <sys/utsname.h>

#define OS_RELEASE     "/etc/os-release"
#define OS_RELEASE_MAX 16384u
#define OS_KEY         "PRETTY_NAME="

/* The value of PRETTY_NAME, without its quotes. */
static void
read_os(char out[static CLAIMS_TEXT_SIZE])
{
    CLEANUP(buffer_free) struct buffer text = {0};
    out[0] = '\0';
    if (file_load(OS_RELEASE, OS_RELEASE_MAX, &text, NULL) != STATUS_OK)
        return;
    const char *line = buffer_text(&text);
    while (line && !text_starts(line, OS_KEY)) {
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    if (!line)
        return;
    line += sizeof OS_KEY - 1;
    line += strspn(line, "\"'");
    (void)text_escape(bytes_of(line, strcspn(line, "\"'\n")), out, CLAIMS_TEXT_SIZE);
}

void
claims_init(struct claims *c, const struct settings *s, enum collect_state boot_log)
{
    struct utsname name = {0};
    *c = (struct claims){
        .time_s = clock_now_s(),
        .boot_log = boot_log,
        .ima_log = collect_probe(s->ima_log),
        .userspace_log = collect_probe(s->userspace_log),
    };
    if (uname(&name) == 0) {
        (void)text_copy(c->kernel, sizeof c->kernel, name.release);
        (void)text_copy(c->machine, sizeof c->machine, name.machine);
    }
    read_os(c->os);
}
