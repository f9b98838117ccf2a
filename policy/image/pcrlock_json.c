/* SPDX-License-Identifier: Apache-2.0 */
/* from: the text of a .pcrlock file; to: measurements in its order; never: leaves anything out in
 * silence. */
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"
#include "image/pcrlock.h"

#include <jansson.h>

#define CLAUSE "pcrlock"

struct work {
    const char *role;
    const char *name;
    struct measurements *out;
    struct leftovers *leftovers;
    struct diag *diag;
    size_t index; /* of the record */
};

static enum status
refuse(struct work *w, const char *what)
{
    return diag_set(w->diag, STATUS_MALFORMED, CLAUSE, 0, "record %zu: %s", w->index + 1, what);
}

/* {"hashAlg": "sha256", "digest": hex} */
static enum status
take_digest(struct work *w, const json_t *item, struct measurement *m)
{
    const char *alg_text = json_string_value(json_object_get(item, "hashAlg"));
    const char *hex = json_string_value(json_object_get(item, "digest"));
    const struct alg *alg = alg_text ? alg_by_name(alg_text) : NULL;
    CLEANUP(buffer_free) struct buffer value = {0};
    if (!alg_text || !hex)
        return refuse(w, "a digest has hashAlg and digest");
    for (size_t i = 0; alg && i < MEASUREMENT_N_ALGS; i++) {
        if (measurement_alg(i) != alg->id)
            continue;
        enum status s = text_parse_hex(hex, &value);
        if (s == STATUS_NOMEM)
            return s;
        if (s != STATUS_OK ||
            digest_from(alg->id, buffer_bytes(&value), &m->digests[i]) != STATUS_OK)
            return refuse(w, "a digest is not hex of its algorithm's size");
        return STATUS_OK;
    }
    if (!alg)
        leftovers_add(w->leftovers, "%s: record %zu: digest of an algorithm that is not known",
                      w->name, w->index + 1);
    return STATUS_OK; /* SHA-1 and the like: never trusted, so nothing is lost */
}

static enum status
take_digests(struct work *w, const json_t *list, struct measurement *m)
{
    enum status s = json_is_array(list) ? STATUS_OK : refuse(w, "digests is no array");
    for (size_t i = 0; s == STATUS_OK && i < json_array_size(list); i++)
        s = take_digest(w, json_array_get(list, i), m);
    return s;
}

static bool
has_digest(const struct measurement *m)
{
    bool has = false;
    for (size_t i = 0; i < MEASUREMENT_N_ALGS; i++)
        has = has || m->digests[i].size > 0;
    return has;
}

static void
note_members(struct work *w, json_t *record)
{
    static const char *const known[] = {"pcr", "digests", "description", "content_type", "content"};
    const char *key;
    json_t *value;
    json_object_foreach(record, key, value)
    {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            found = found || text_equal(known[i], key);
        if (!found)
            leftovers_add(w->leftovers, "%s: record %zu: member %.40s", w->name, w->index + 1, key);
    }
}

static enum status
take_record(struct work *w, json_t *record)
{
    const json_t *pcr = json_object_get(record, "pcr");
    const char *description = json_string_value(json_object_get(record, "description"));
    if (!json_is_integer(pcr))
        return refuse(w, "pcr is missing or no number");
    json_int_t number = json_integer_value(pcr);
    if (number < 0 || number >= (json_int_t)LIMIT_PCRS)
        return refuse(w, "there is no such PCR");
    struct measurement m = measurement_of((uint32_t)number, w->role,
                                          bytes_of_text(description ? description : w->name));
    enum status s = take_digests(w, json_object_get(record, "digests"), &m);
    if (s != STATUS_OK)
        return s;
    note_members(w, record);
    if (!has_digest(&m)) {
        leftovers_add(w->leftovers, "%s: record %zu of PCR %u: no SHA-256 and no SHA-384 digest",
                      w->name, w->index + 1, m.pcr);
        return STATUS_OK;
    }
    return measurements_add(w->out, &m);
}

/* What stands beside the records. */
static void
note_others(struct work *w, json_t *root)
{
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value)
    {
        if (!text_equal(key, "records"))
            leftovers_add(w->leftovers, "%s: member %.40s", w->name, key);
    }
}

enum status
pcrlock_read(struct bytes text, const char *role, const char *name, struct measurements *out,
             struct leftovers *leftovers, struct diag *diag)
{
    struct work w = {.role = role, .name = name, .out = out, .leftovers = leftovers, .diag = diag};
    json_error_t error;
    if (text.size > LIMIT_JSON_BODY)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "larger than %u bytes", LIMIT_JSON_BODY);
    json_auto_t *root =
        json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, (uint64_t)error.line, "%.120s", error.text);
    json_t *records = json_object_get(root, "records");
    if (!json_is_array(records))
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0,
                        json_object_get(root, "pcrValues")
                            ? "this is a policy made from components; the components are wanted"
                            : "records is missing or no array");
    note_others(&w, root);
    enum status s = STATUS_OK;
    for (; s == STATUS_OK && w.index < json_array_size(records); w.index++)
        s = take_record(&w, json_array_get(records, w.index));
    return s == STATUS_OK ? leftovers_check(leftovers) : s;
}
