/* SPDX-License-Identifier: Apache-2.0 */
/* from: Keylime's documents; to: digests and measurements; never: guesses what a pattern or a key
 * would mean here. */
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"
#include "image/keylime.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

#define CLAUSE       "keylime"
#define PCR_FIRMWARE 0u
#define PCR_IMAGE    4u
#define PCR_GRUB     9u

static enum status
load(struct bytes text, json_t **out, struct diag *diag)
{
    json_error_t error;
    if (text.size > LIMIT_IMAGE)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "larger than %u bytes", LIMIT_IMAGE);
    if (text.size > 0 && isxdigit(text.data[0]))
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 1,
                        "no JSON: an allowlist of lines (digest, path) is for from-sums");
    *out = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
    if (!*out)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, (uint64_t)error.line, "%.120s", error.text);
    if (!json_is_object(*out))
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "no object");
    return STATUS_OK;
}

static bool
is_empty(const json_t *value)
{
    return json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0) ||
           (json_is_string(value) && json_string_length(value) == 0);
}

/* Hex with or without 0x. */
static enum status
parse_digest(const json_t *value, uint16_t alg, struct digest *out, const char *where,
             struct diag *diag)
{
    static const uint16_t by_size[] = {ALG_SHA1, ALG_SHA256, ALG_SHA384, ALG_SHA512};
    CLEANUP(buffer_free) struct buffer raw = {0};
    const char *hex = json_string_value(value);
    if (hex && text_starts(hex, "0x"))
        hex += 2;
    enum status s = hex ? text_parse_hex(hex, &raw) : STATUS_MALFORMED;
    if (s == STATUS_NOMEM)
        return s;
    for (size_t i = 0; s == STATUS_OK && i < sizeof by_size / sizeof by_size[0]; i++) {
        if ((alg == 0 || alg == by_size[i]) && alg_size(by_size[i]) == raw.size)
            return digest_from(by_size[i], buffer_bytes(&raw), out);
    }
    return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "%.100s: not a digest in hex", where);
}

/* ---- runtime policy ---- */

struct policy_work {
    keylime_visitor visit;
    void *context;
    struct leftovers *leftovers;
    struct diag *diag;
    size_t n;
};

static enum status
take_path(struct policy_work *w, const char *path, const json_t *list)
{
    if (!json_is_array(list))
        return diag_set(w->diag, STATUS_MALFORMED, CLAUSE, 0, "%.100s: no array of digests", path);
    if (text_equal(path, "boot_aggregate")) {
        leftovers_add(w->leftovers, "digests: boot_aggregate: told by the PCRs of each boot here");
        return STATUS_OK;
    }
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < json_array_size(list); i++) {
        struct digest digest;
        if (w->n++ == LIMIT_FILES)
            return diag_set(w->diag, STATUS_LIMIT, CLAUSE, 0, "more than %u digests", LIMIT_FILES);
        s = parse_digest(json_array_get(list, i), 0, &digest, path, w->diag);
        if (s == STATUS_OK)
            s = w->visit(w->context, &digest);
    }
    return s;
}

static void
note_list(struct leftovers *l, const char *key, const json_t *list)
{
    size_t i;
    const json_t *item;
    if (is_empty(list))
        return;
    if (!json_is_array(list) || !json_is_string(json_array_get(list, 0))) {
        leftovers_add(l, "%.60s", key);
        return;
    }
    json_array_foreach(list, i, item) leftovers_add(
        l, "%.60s: %.200s", key, json_is_string(item) ? json_string_value(item) : "?");
}

static void
note_ima(struct leftovers *l, json_t *ima)
{
    const char *key;
    json_t *value;
    json_object_foreach(ima, key, value)
    {
        char name[80];
        (void)snprintf(name, sizeof name, "ima.%.60s", key);
        if (!text_equal(key, "log_hash_alg"))
            note_list(l, name, value);
    }
}

static void
note_members(struct leftovers *l, json_t *root)
{
    static const char *const taken[] = {"meta", "release", "digests", "hashes", "ima"};
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value)
    {
        bool known = false;
        for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
            known = known || text_equal(taken[i], key);
        if (!known)
            note_list(l, key, value);
    }
    note_ima(l, json_object_get(root, "ima"));
}

enum status
keylime_read_policy(struct bytes text, keylime_visitor visit, void *context,
                    struct leftovers *leftovers, struct diag *diag)
{
    struct policy_work w = {
        .visit = visit, .context = context, .leftovers = leftovers, .diag = diag};
    json_auto_t *root = NULL;
    enum status s = load(text, &root, diag);
    if (s != STATUS_OK)
        return s;
    json_t *digests = json_object_get(root, "digests");
    if (!digests)
        digests = json_object_get(root, "hashes"); /* the older form */
    if (!json_is_object(digests))
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "digests is missing or no object");
    const char *path;
    json_t *list;
    json_object_foreach(digests, path, list)
    {
        s = take_path(&w, path, list);
        if (s != STATUS_OK)
            return s;
    }
    note_members(leftovers, root);
    return leftovers_check(leftovers);
}

/* ---- measured-boot reference state ---- */

struct boot_work {
    struct measurements *out;
    struct leftovers *leftovers;
    struct diag *diag;
};

static enum status
take_value(struct boot_work *w, struct measurement m, const json_t *value, uint16_t alg,
           const char *where)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; i < MEASUREMENT_N_ALGS; i++) {
        if (measurement_alg(i) != alg)
            continue;
        s = parse_digest(value, alg, &m.digests[i], where, w->diag);
        return s == STATUS_OK ? measurements_add(w->out, &m) : s;
    }
    leftovers_add(w->leftovers, "%.80s: only SHA-1 or another algorithm without trust", where);
    return STATUS_OK;
}

/* {"sha1": ..., "sha256": ...}: one event's digests. */
static enum status
take_digests(struct boot_work *w, struct measurement m, json_t *map, const char *where)
{
    bool any = false;
    for (size_t i = 0; i < MEASUREMENT_N_ALGS; i++) {
        const json_t *value = json_object_get(map, alg_name(measurement_alg(i)));
        if (!value)
            continue;
        enum status s = parse_digest(value, measurement_alg(i), &m.digests[i], where, w->diag);
        if (s != STATUS_OK)
            return s;
        any = true;
    }
    if (any)
        return measurements_add(w->out, &m);
    leftovers_add(w->leftovers, "%.80s: no SHA-256 and no SHA-384 digest", where);
    return STATUS_OK;
}

static enum status
take_firmware(struct boot_work *w, json_t *one, bool alternative)
{
    const struct bytes name = bytes_of_text("scrtm_and_bios");
    struct measurement m = measurement_of(PCR_FIRMWARE, "firmware-version", name);
    json_t *scrtm = json_object_get(one, "scrtm");
    json_t *blobs = json_object_get(one, "platform_firmware");
    m.alternative = alternative;
    enum status s = STATUS_OK;
    if (alternative && json_array_size(blobs) > 0)
        leftovers_add(w->leftovers, "scrtm_and_bios: a further firmware: make a set of its own");
    if (alternative)
        return STATUS_OK;
    if (scrtm)
        s = take_digests(w, m, scrtm, "scrtm_and_bios.scrtm");
    for (size_t i = 0; s == STATUS_OK && i < json_array_size(blobs); i++)
        s = take_digests(w, measurement_of(PCR_FIRMWARE, "firmware", name),
                         json_array_get(blobs, i), "scrtm_and_bios.platform_firmware");
    return s;
}

static const struct {
    const char *key;
    const char *role;
    uint32_t pcr;
} parts[] = {
    {"shim_authcode_sha256", "shim", PCR_IMAGE},
    {"grub_authcode_sha256", "grub", PCR_IMAGE},
    {"kernel_authcode_sha256", "kernel", PCR_IMAGE},
    {"initrd_plain_sha256", "initrd", PCR_GRUB},
};
#define N_PARTS (sizeof parts / sizeof parts[0])

/* Every kernel's value of one part, the further ones as alternatives of the first. */
static enum status
take_part(struct boot_work *w, json_t *kernels, size_t part)
{
    bool first = true;
    for (size_t i = 0; i < json_array_size(kernels); i++) {
        const json_t *value = json_object_get(json_array_get(kernels, i), parts[part].key);
        if (!value || is_empty(value))
            continue;
        struct measurement m =
            measurement_of(parts[part].pcr, parts[part].role, bytes_of_text(parts[part].key));
        m.alternative = !first;
        enum status s = take_value(w, m, value, ALG_SHA256, parts[part].key);
        if (s != STATUS_OK)
            return s;
        first = false;
    }
    return STATUS_OK;
}

static void
note_kernel(struct leftovers *l, json_t *kernel)
{
    const char *key;
    json_t *value;
    json_object_foreach(kernel, key, value)
    {
        bool taken = false;
        for (size_t i = 0; i < N_PARTS; i++)
            taken = taken || text_equal(parts[i].key, key);
        if (text_equal(key, "kernel_cmdline"))
            leftovers_add(l, "kernels.kernel_cmdline: a pattern, not a template: %.200s",
                          json_is_string(value) ? json_string_value(value) : "?");
        else if (!taken)
            leftovers_add(l, "kernels.%.60s", key);
    }
}

static void
note_state(struct leftovers *l, json_t *root)
{
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value)
    {
        if (text_equal(key, "scrtm_and_bios") || text_equal(key, "kernels") || is_empty(value))
            continue;
        if (text_equal(key, "has_secureboot"))
            leftovers_add(l, "has_secureboot: %s: a policy's rule secure_boot says it here",
                          json_is_true(value) ? "true" : "false");
        else
            leftovers_add(l, "%.60s: %zu entries: a policy's rule secure_boot says it here", key,
                          json_is_array(value) ? json_array_size(value) : 1);
    }
}

enum status
keylime_read_boot(struct bytes text, struct measurements *out, struct leftovers *leftovers,
                  struct diag *diag)
{
    struct boot_work w = {.out = out, .leftovers = leftovers, .diag = diag};
    json_auto_t *root = NULL;
    enum status s = load(text, &root, diag);
    if (s != STATUS_OK)
        return s;
    json_t *kernels = json_object_get(root, "kernels");
    json_t *firmware = json_object_get(root, "scrtm_and_bios");
    if (!json_is_array(kernels) && !json_is_array(firmware))
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0,
                        "neither kernels nor scrtm_and_bios: no measured-boot reference state");
    for (size_t i = 0; s == STATUS_OK && i < json_array_size(firmware); i++)
        s = take_firmware(&w, json_array_get(firmware, i), i > 0);
    for (size_t i = 0; s == STATUS_OK && i < N_PARTS; i++)
        s = take_part(&w, kernels, i);
    if (s != STATUS_OK)
        return s;
    for (size_t i = 0; i < json_array_size(kernels); i++)
        note_kernel(leftovers, json_array_get(kernels, i));
    note_state(leftovers, root);
    return leftovers_check(leftovers);
}
