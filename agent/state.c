/* SPDX-License-Identifier: Apache-2.0 */
/* from: state.directory; to: what is remembered; never: the only copy of anything. */
#include "agent/state.h"

#include "base/cleanup.h"
#include "base/file.h"

#define STATE_FILE  "state.json"
#define RESULT_FILE "result.jwt"
#define STATE_MODE  0600

void
state_forget_logs(struct state *s)
{
    s->has_boot_log = false;
    s->ima_entries = 0;
    s->ima_size = 0;
}

void
state_free(struct state *s)
{
    if (s->verdict)
        reply_verdict_free(s->verdict);
    free(s->verdict);
    *s = (struct state){0};
}

enum status
state_load(const char *directory, struct state *out, bool *lost, struct diag *diag)
{
    *out = (struct state){0};
    *lost = false;
    CLEANUP(buffer_free) struct buffer path = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    buffer_append_format(&path, "%s/" STATE_FILE, directory);
    const char *file = buffer_text(&path);
    if (!file)
        return STATUS_NOMEM;
    enum status s = file_load(file, LIMIT_JSON_BODY, &text, diag);
    if (s == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (s == STATUS_OK)
        s = state_parse(buffer_bytes(&text), out, diag);
    if (s != STATUS_MALFORMED && s != STATUS_LIMIT)
        return s;
    state_free(out);
    *lost = true;
    return STATUS_OK;
}

static enum status
save(const char *directory, const char *name, struct bytes content, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer path = {0};
    buffer_append_format(&path, "%s/%s", directory, name);
    const char *file = buffer_text(&path);
    return file ? file_save_owned(file, content, STATE_MODE, diag) : STATUS_NOMEM;
}

enum status
state_save(const char *directory, const struct state *s, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    enum status status = state_encode(s, &text);
    return status == STATUS_OK ? save(directory, STATE_FILE, buffer_bytes(&text), diag) : status;
}

enum status
state_save_result(const char *directory, struct bytes result, struct diag *diag)
{
    return save(directory, RESULT_FILE, result, diag);
}
