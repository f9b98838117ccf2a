/* SPDX-License-Identifier: Apache-2.0 */
/* from: roles, files and texts; to: an announcement; never: decides what may be announced. */
#include "agent/announce.h"
#include "agent/field_json.h"
#include "agent/file_digest.h"
#include "base/limits.h"

#include <string.h>

#define CLAUSE   "announce"
#define ROLE_MAX 63u

/* The role before "=" into role; what stands behind it, or NULL. */
static const char *
split(const char *item, char role[static ROLE_MAX + 1], struct diag *diag)
{
    const char *equals = strchr(item, '=');
    size_t size = equals ? (size_t)(equals - item) : 0;
    if (size == 0 || size > ROLE_MAX || equals[1] == '\0') {
        (void)diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                       "\"%.80s\" is not ROLE=VALUE with a role of 1 to %u bytes", item, ROLE_MAX);
        return NULL;
    }
    memcpy(role, item, size);
    role[size] = '\0';
    return equals + 1;
}

static enum status
add_text(json_t *items, const char *item, struct diag *diag)
{
    char role[ROLE_MAX + 1];
    const char *text = split(item, role, diag);
    if (!text)
        return STATUS_INVALID;
    json_t *made = json_pack("{s:s, s:s}", "role", role, "text", text);
    if (!made)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "the text of %s is not UTF-8", role);
    return json_array_append_new(items, made) == 0 ? STATUS_OK : STATUS_NOMEM;
}

/* In the banks that carry trust: what the verifier's policy quotes is not known here. */
static enum status
add_file(json_t *items, const char *item, struct diag *diag)
{
    static const uint16_t algs[] = {ALG_SHA256, ALG_SHA384};
    char role[ROLE_MAX + 1];
    struct digest digests[2];
    const char *path = split(item, role, diag);
    if (!path)
        return STATUS_INVALID;
    enum status s = file_digest(path, algs, 2, digests, diag);
    if (s != STATUS_OK)
        return s;
    json_t *made = json_pack("{s:s, s:{}}", "role", role, "digests");
    json_t *map = json_object_get(made, "digests");
    bool set = map != NULL;
    for (size_t i = 0; set && i < 2; i++)
        set = field_json_set_hex(map, alg_name(algs[i]), digest_bytes(&digests[i]));
    if (set)
        return json_array_append_new(items, made) == 0 ? STATUS_OK : STATUS_NOMEM;
    json_decref(made);
    return STATUS_NOMEM;
}

enum status
announce_encode(const struct announce_order *o, struct buffer *out, struct diag *diag)
{
    json_auto_t *root = json_pack("{s:s*, s:[]}", "slot", o->slot, "items");
    json_t *items = json_object_get(root, "items");
    if (!items)
        return STATUS_NOMEM;
    enum status s = STATUS_OK;
    if (o->n_files + o->n_texts == 0)
        s = diag_set(diag, STATUS_INVALID, CLAUSE, 0, "--file ROLE=FILE or --text is missing");
    for (size_t i = 0; s == STATUS_OK && i < o->n_files; i++)
        s = add_file(items, o->files[i], diag);
    for (size_t i = 0; s == STATUS_OK && i < o->n_texts; i++)
        s = add_text(items, o->texts[i], diag);
    if (s == STATUS_OK)
        s = field_json_dump(root, false, out);
    if (s == STATUS_OK && out->size > LIMIT_ANNOUNCEMENT)
        s = diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "larger than %u bytes", LIMIT_ANNOUNCEMENT);
    return s;
}
