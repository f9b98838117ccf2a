/* SPDX-License-Identifier: Apache-2.0 */
/* from: a manifest's text; to: the images of its bundle; never: takes a key twice. */
#include "image/raucm.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"

#include <string.h>

#define CLAUSE    "manifest.raucm"
#define LINE_SIZE 1024u
#define KEYS_MAX  4096u
#define NAME_SIZE 80u

struct work {
    struct raucm *out;
    struct leftovers *leftovers;
    struct diag *diag;
    size_t line;
    char group[NAME_SIZE];
    bool is_image;
    bool has_file;         /* of the image's group: its artifact is the last one */
    struct artifact image; /* as far as it is read */
    struct buffer seen;    /* "group\nkey\0" of every key, and "group\0" */
    size_t n_seen;
};

static enum status
refuse(struct work *w, const char *what)
{
    return diag_set(w->diag, STATUS_MALFORMED, CLAUSE, w->line, "%s", what);
}

/* Each group and key stands once; "" is the group itself. */
static enum status
remember(struct work *w, const char *key)
{
    char text[2 * NAME_SIZE];
    (void)snprintf(text, sizeof text, "%s\n%s", w->group, key);
    if (w->n_seen++ == KEYS_MAX)
        return diag_set(w->diag, STATUS_LIMIT, CLAUSE, w->line, "more than %u keys", KEYS_MAX);
    for (size_t at = 0; at < w->seen.size;) {
        const char *old = (const char *)w->seen.data + at;
        if (text_equal(old, text))
            return refuse(w, "a group or key that was there before");
        at += strlen(old) + 1;
    }
    buffer_append(&w->seen, bytes_of(text, strlen(text) + 1));
    return buffer_check(&w->seen);
}

/* The group that ends here. */
static enum status
end_group(struct work *w)
{
    if (!w->is_image)
        return STATUS_OK;
    struct artifact *a = NULL;
    if (!w->has_file)
        return refuse(w, "an image without a file name");
    enum status s = artifacts_add(&w->out->images, w->image.name, w->image.role, &a, w->diag);
    if (s != STATUS_OK)
        return s;
    a->stated = w->image.stated;
    a->has_size = w->image.has_size;
    a->stated_size = w->image.stated_size;
    return STATUS_OK;
}

static enum status
begin_group(struct work *w, const char *line, size_t size)
{
    static const char image[] = "image.";
    enum status s = end_group(w);
    if (s != STATUS_OK)
        return s;
    if (size < 3 || line[size - 1] != ']' || size - 2 >= NAME_SIZE)
        return refuse(w, "a group is [NAME]");
    (void)snprintf(w->group, sizeof w->group, "%.*s", (int)(size - 2), line + 1);
    w->is_image = text_starts(w->group, image) && w->group[sizeof image - 1] != '\0';
    w->has_file = false;
    w->image = (struct artifact){0};
    if (w->is_image)
        (void)text_copy(w->image.role, sizeof w->image.role, w->group + sizeof image - 1);
    return remember(w, "");
}

static void
leave(struct work *w, const char *key, const char *value)
{
    leftovers_add(w->leftovers, "[%s] %s=%.200s", w->group, key, value);
}

static enum status
take_image(struct work *w, const char *key, const char *value)
{
    struct artifact *a = &w->image;
    if (text_equal(key, "filename")) {
        w->has_file = text_copy(a->name, sizeof a->name, value);
        return w->has_file ? STATUS_OK : refuse(w, "a file name that is too long");
    }
    if (text_equal(key, "sha256"))
        return artifact_state(a, value, w->diag) == STATUS_OK
                   ? STATUS_OK
                   : refuse(w, "sha256 is not 64 hex digits");
    if (text_equal(key, "size")) {
        a->has_size = text_parse_u64(value, UINT64_MAX, &a->stated_size) == STATUS_OK;
        return a->has_size ? STATUS_OK : refuse(w, "size is no number");
    }
    leave(w, key, value);
    return STATUS_OK;
}

static enum status
take_format(struct work *w, const char *value)
{
    static const char *const names[] = {
        [RAUCM_PLAIN] = "plain", [RAUCM_VERITY] = "verity", [RAUCM_CRYPT] = "crypt"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (text_equal(names[i], value)) {
            w->out->format = (enum raucm_format)i;
            return STATUS_OK;
        }
    }
    return refuse(w, "a bundle format that is not known");
}

static enum status
take_line(struct work *w, char *line, size_t size)
{
    while (size > 0 && strchr(" \t\r", line[size - 1]))
        line[--size] = '\0';
    if (size == 0 || line[0] == '#')
        return STATUS_OK;
    if (!text_is_printable(bytes_of(line, size)))
        return refuse(w, "a line that is no text");
    if (line[0] == '[')
        return begin_group(w, line, size);
    char *equal = strchr(line, '=');
    if (w->group[0] == '\0' || !equal || equal == line)
        return refuse(w, "neither [GROUP] nor KEY=VALUE in one");
    char *value = equal + 1 + strspn(equal + 1, " \t");
    while (equal > line && strchr(" \t", equal[-1]))
        equal--;
    *equal = '\0';
    if (strlen(line) >= NAME_SIZE)
        return refuse(w, "a key that is too long");
    enum status s = remember(w, line);
    if (s != STATUS_OK)
        return s;
    if (w->is_image)
        return take_image(w, line, value);
    if (text_equal(w->group, "bundle") && text_equal(line, "format"))
        return take_format(w, value);
    leave(w, line, value);
    return STATUS_OK;
}

static void
free_seen(struct work *w)
{
    buffer_free(&w->seen);
}

enum status
raucm_parse(struct bytes text, struct raucm *out, struct leftovers *leftovers, struct diag *diag)
{
    CLEANUP(free_seen)
    struct work w = {.out = out, .leftovers = leftovers, .diag = diag};
    enum status s = STATUS_OK;
    *out = (struct raucm){0};
    if (text.size > LIMIT_CONFIG)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "larger than %u bytes", LIMIT_CONFIG);
    for (size_t at = 0; s == STATUS_OK && at < text.size;) {
        char line[LINE_SIZE];
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = (end ? (size_t)(end - text.data) : text.size) - at;
        w.line++;
        if (size >= sizeof line)
            return refuse(&w, "a line that is too long");
        memcpy(line, text.data + at, size);
        line[size] = '\0';
        at += size + 1;
        s = strlen(line) == size ? take_line(&w, line, size) : refuse(&w, "a NUL");
    }
    if (s == STATUS_OK)
        s = end_group(&w);
    if (s == STATUS_OK && out->images.n == 0)
        s = diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "it names no image");
    return s == STATUS_OK ? leftovers_check(leftovers) : s;
}

void
raucm_free(struct raucm *m)
{
    artifacts_free(&m->images);
    *m = (struct raucm){0};
}
