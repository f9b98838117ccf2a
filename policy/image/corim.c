/* SPDX-License-Identifier: Apache-2.0 */
/* from: a CoRIM's bytes; to: digests by environment; never: leaves anything out in silence, or
 * takes a key from the file. */
#include "image/corim.h"

#include "base/limits.h"
#include "base/text.h"
#include "evidence/dcbor.h"
#include "image/corim_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAUSE      "CoRIM"
#define TAG_UUID    37u
#define TAG_OID     111u
#define TAG_CHOICE  500u /* of older drafts: around either form */
#define TAG_CORIM   501u
#define TAG_SIGNED  502u /* of older drafts: around a COSE_Sign1 */
#define TAG_COSWID  505u
#define TAG_COMID   506u
#define TAG_COTL    508u
#define PCR_DEBUG   16u
#define PCR_MAX     22u /* 23 is the applications' */
#define DIGESTS_MAX 64u /* of one measurement */
#define PLACE_SIZE  96u
#define LABEL_SIZE  80u
#define COUNT_OF(t) (sizeof(t) / sizeof((t)[0]))

enum corim_member { CORIM_TAGS = 1 };
enum comid_member { COMID_TRIPLES = 4 };
enum triples_member { TRIPLES_REFERENCE = 0 };
enum environment_member { ENVIRONMENT_CLASS = 0 };
enum class_member { CLASS_VENDOR = 1, CLASS_MODEL = 2 };
enum measurement_member { MEASUREMENT_KEY = 0, MEASUREMENT_VALUE = 1 };
enum value_member { VALUE_DIGESTS = 2, VALUE_REGISTERS = 14 };

struct work {
    struct corim *out;
    struct leftovers *leftovers;
    struct diag *diag;
    char place[PLACE_SIZE]; /* "tags[0].reference-triples[1].measurements[2]" */
    size_t environment;
};

static void
leave(struct work *w, struct dcbor *r, const struct corim_key *keys,
      const struct dcbor_label *label)
{
    corim_key_leave(keys, label, w->place, r, w->leftovers);
}

/* The end of a part of the file; the offset in diag is the file's. */
static enum status
end(const struct work *w, const struct dcbor *r)
{
    enum status s = dcbor_end(r, CLAUSE, w->diag);
    if (s != STATUS_OK && w->diag)
        w->diag->offset += (uint64_t)(r->in.data - w->out->file.data);
    return s;
}

static enum status
refuse(const struct work *w, struct bytes part, const char *what)
{
    return diag_set(w->diag, STATUS_MALFORMED, CLAUSE, (uint64_t)(part.data - w->out->file.data),
                    "%s", what);
}

/* ---- environments ---- */

/* A text that can be a label's value. */
static void
take_label_value(struct work *w, struct dcbor *r, const struct dcbor_label *label,
                 char out[static CORIM_TEXT_SIZE])
{
    if (dcbor_peek(r) != DCBOR_TEXT) {
        leave(w, r, corim_key_class, label);
        return;
    }
    struct bytes text = dcbor_text(r);
    if (text.size > 0 && text.size < CORIM_TEXT_SIZE && text_is_printable(text)) {
        memcpy(out, text.data, text.size);
        out[text.size] = '\0';
    } else if (!r->failed) {
        leftovers_add(w->leftovers, "%s: class: %s is no label's value", w->place,
                      label->number == CLASS_VENDOR ? "vendor" : "model");
    }
}

static void
read_class(struct work *w, struct dcbor *r, struct corim_environment *e)
{
    size_t n = dcbor_map(r);
    for (size_t i = 0; i < n && !r->failed; i++) {
        struct dcbor_label label = dcbor_label(r);
        if (!label.is_text && label.number == CLASS_VENDOR)
            take_label_value(w, r, &label, e->vendor);
        else if (!label.is_text && label.number == CLASS_MODEL)
            take_label_value(w, r, &label, e->model);
        else
            leave(w, r, corim_key_class, &label);
    }
}

static enum status
add_environment(struct work *w, struct bytes encoded)
{
    struct corim *c = w->out;
    struct dcbor r = dcbor_of_document(encoded);
    if (c->n_environments == LIMIT_CORIM_ENVIRONMENTS)
        return diag_set(w->diag, STATUS_LIMIT, CLAUSE, 0, "more than %u environments",
                        LIMIT_CORIM_ENVIRONMENTS);
    if (!c->environments)
        c->environments = calloc(LIMIT_CORIM_ENVIRONMENTS, sizeof *c->environments);
    if (!c->environments)
        return STATUS_NOMEM;
    struct corim_environment *e = &c->environments[c->n_environments++];
    e->encoded = encoded;
    (void)snprintf(w->place, sizeof w->place, "environment %zu", c->n_environments);
    size_t n = dcbor_map(&r);
    for (size_t i = 0; i < n && !r.failed; i++) {
        struct dcbor_label label = dcbor_label(&r);
        if (!label.is_text && label.number == ENVIRONMENT_CLASS)
            read_class(w, &r, e);
        else
            leave(w, &r, corim_key_environment, &label);
    }
    return end(w, &r);
}

static enum status
find_environment(struct work *w, struct bytes encoded)
{
    const struct corim *c = w->out;
    char place[PLACE_SIZE];
    for (w->environment = 0; w->environment < c->n_environments; w->environment++) {
        if (bytes_equal(c->environments[w->environment].encoded, encoded))
            return STATUS_OK;
    }
    (void)text_copy(place, sizeof place, w->place);
    enum status s = add_environment(w, encoded);
    (void)text_copy(w->place, sizeof w->place, place);
    return s;
}

/* ---- digests ---- */

/* Of IANA's Named Information registry, by number or name. */
static const struct named_alg {
    int64_t number;
    const char *name;
    uint16_t alg;
} named_algs[] = {
    {1, "sha-256", ALG_SHA256},
    {7, "sha-384", ALG_SHA384},
};

/* ALG_NULL: none that references are made in. */
static uint16_t
read_alg(struct dcbor *r, char text[static LABEL_SIZE])
{
    struct dcbor_label name = {.is_text = dcbor_peek(r) == DCBOR_TEXT};
    if (name.is_text)
        name.text = dcbor_text(r);
    else
        name.number = dcbor_int(r);
    for (size_t i = 0; i < COUNT_OF(named_algs); i++) {
        const struct named_alg *one = &named_algs[i];
        if (name.is_text ? bytes_equal(name.text, bytes_of_text(one->name))
                         : name.number == one->number)
            return one->alg;
    }
    if (name.is_text)
        (void)text_escape(name.text, text, LABEL_SIZE);
    else
        (void)snprintf(text, LABEL_SIZE, "%lld", (long long)name.number);
    return ALG_NULL;
}

struct digests {
    struct digest items[DIGESTS_MAX];
    size_t n;
};

static enum status
read_digest(struct work *w, struct dcbor *r, struct digests *out)
{
    char text[LABEL_SIZE];
    if (dcbor_array(r) != 2)
        dcbor_fail(r);
    uint16_t alg = read_alg(r, text);
    struct bytes value = dcbor_bytes(r);
    if (r->failed)
        return STATUS_OK; /* end() tells */
    if (alg == ALG_NULL) {
        leftovers_add(w->leftovers, "%s: a digest of algorithm %s, which is not taken", w->place,
                      text);
        return STATUS_OK;
    }
    if (digest_from(alg, value, &out->items[out->n]) != STATUS_OK)
        return refuse(w, value, "a digest has not its algorithm's size");
    out->n++;
    return STATUS_OK;
}

static enum status
read_digests(struct work *w, struct dcbor *r, struct digests *out)
{
    out->n = 0;
    size_t n = dcbor_array(r);
    if (n > DIGESTS_MAX)
        return diag_set(w->diag, STATUS_LIMIT, CLAUSE, 0, "more than %u digests of one thing",
                        DIGESTS_MAX);
    if (n == 0)
        dcbor_fail(r);
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < n && !r->failed; i++)
        s = read_digest(w, r, out);
    return s;
}

/* ---- items ---- */

static enum status
add_item(struct work *w, const struct corim_item *item)
{
    struct corim *c = w->out;
    if (c->n_items >= LIMIT_MEASUREMENTS)
        return diag_set(w->diag, STATUS_LIMIT, CLAUSE, 0, "more than %u values",
                        LIMIT_MEASUREMENTS);
    if (c->n_items == c->room) {
        size_t room = c->room == 0 ? 16 : 2 * c->room;
        struct corim_item *items = reallocarray(c->items, room, sizeof *items);
        if (!items)
            return STATUS_NOMEM;
        c->items = items;
        c->room = room;
    }
    struct corim_environment *e = &c->environments[item->environment];
    *(item->is_pcr ? &e->n_pcrs : &e->n_digests) += 1;
    c->items[c->n_items++] = *item;
    return STATUS_OK;
}

static size_t
index_of(uint16_t alg)
{
    return alg == measurement_alg(0) ? 0 : 1;
}

/* Digests of one thing: the same content under several algorithms, or, where one algorithm comes
 * twice, alternatives. */
static enum status
add_digests(struct work *w, const struct digests *digests, struct corim_item item)
{
    bool together = digests->n <= MEASUREMENT_N_ALGS;
    if (digests->n == MEASUREMENT_N_ALGS)
        together = digests->items[0].alg != digests->items[1].alg;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < digests->n; i++) {
        item.m.digests[index_of(digests->items[i].alg)] = digests->items[i];
        if (together && i + 1 < digests->n)
            continue;
        s = add_item(w, &item);
        item.m.alternative = true;
        memset(item.m.digests, 0, sizeof item.m.digests);
    }
    return s;
}

static enum status
add_pcr(struct work *w, int64_t pcr, const struct digests *digests)
{
    if (pcr < 0 || pcr > PCR_MAX || pcr == PCR_DEBUG) {
        leftovers_add(w->leftovers, "%s: register %lld is no PCR that a rule can name", w->place,
                      (long long)pcr);
        return STATUS_OK;
    }
    struct corim_item item = {.environment = w->environment, .is_pcr = true};
    item.m = measurement_of((uint32_t)pcr, "pcr", (struct bytes){0});
    return add_digests(w, digests, item);
}

/* {PCR: digests} */
static enum status
read_registers(struct work *w, struct dcbor *r)
{
    struct digests digests;
    char text[48];
    size_t n = dcbor_map(r);
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < n && !r->failed; i++) {
        struct dcbor_label label = dcbor_label(r);
        s = read_digests(w, r, &digests);
        if (s != STATUS_OK || r->failed)
            return s;
        if (label.is_text)
            leftovers_add(w->leftovers, "%s: register \"%s\" is no PCR", w->place,
                          text_escape(label.text, text, sizeof text));
        else
            s = add_pcr(w, label.number, &digests);
    }
    return s;
}

/* ---- measurements ---- */

/* What digests are of. */
struct thing {
    bool is_pcr;
    int64_t pcr;
    char name[MEASUREMENT_ROLE_SIZE];
};

static void
name_bytes(struct thing *out, const char *kind, struct bytes value)
{
    char hex[2 * 16 + 1];
    (void)snprintf(
        out->name, sizeof out->name, "%s-%s", kind,
        text_hex(bytes_slice(value, 0, value.size < 16 ? value.size : 16), hex, sizeof hex));
}

/* The key of a measurement: a number, a text, a UUID or an object identifier. */
static enum status
read_key(struct work *w, struct bytes encoded, struct thing *out)
{
    struct dcbor r = dcbor_of_document(encoded);
    enum dcbor_kind kind = dcbor_peek(&r);
    out->is_pcr = kind == DCBOR_UINT;
    if (kind == DCBOR_UINT) {
        out->pcr = dcbor_int(&r);
    } else if (kind == DCBOR_TEXT) {
        (void)text_escape(dcbor_text(&r), out->name, sizeof out->name);
    } else {
        uint64_t tag = dcbor_tag(&r);
        if (tag != TAG_UUID && tag != TAG_OID)
            dcbor_fail(&r);
        name_bytes(out, tag == TAG_UUID ? "uuid" : "oid", dcbor_bytes(&r));
    }
    return end(w, &r);
}

static enum status
read_thing_digests(struct work *w, struct dcbor *r, const struct thing *thing)
{
    struct digests digests;
    enum status s = read_digests(w, r, &digests);
    if (s != STATUS_OK || r->failed)
        return s;
    if (thing->is_pcr)
        return add_pcr(w, thing->pcr, &digests);
    struct corim_item item = {.environment = w->environment};
    const char *name = thing->name[0] == '\0' ? "unnamed" : thing->name;
    item.m = measurement_of(0, name, bytes_of_text(thing->name));
    return add_digests(w, &digests, item);
}

static enum status
read_value(struct work *w, struct bytes encoded, const struct thing *thing)
{
    struct dcbor r = dcbor_of_document(encoded);
    size_t n = dcbor_map(&r);
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < n && !r.failed; i++) {
        struct dcbor_label label = dcbor_label(&r);
        if (!label.is_text && label.number == VALUE_DIGESTS)
            s = read_thing_digests(w, &r, thing);
        else if (!label.is_text && label.number == VALUE_REGISTERS)
            s = read_registers(w, &r);
        else
            leave(w, &r, corim_key_value, &label);
    }
    return s == STATUS_OK ? end(w, &r) : s;
}

/* Key and value in either order, so both are found before one is read. */
static enum status
read_measurement(struct work *w, struct dcbor *r)
{
    struct bytes key = {0};
    struct bytes value = {0};
    struct thing thing = {0};
    size_t n = dcbor_map(r);
    for (size_t i = 0; i < n && !r->failed; i++) {
        struct dcbor_label label = dcbor_label(r);
        if (!label.is_text && label.number == MEASUREMENT_KEY)
            key = dcbor_skip(r);
        else if (!label.is_text && label.number == MEASUREMENT_VALUE)
            value = dcbor_skip(r);
        else
            leave(w, r, corim_key_measurement, &label);
    }
    if (r->failed || !value.data) {
        dcbor_fail(r);
        return STATUS_OK;
    }
    enum status s = key.data ? read_key(w, key, &thing) : STATUS_OK;
    return s == STATUS_OK ? read_value(w, value, &thing) : s;
}

/* ---- triples ---- */

/* [environment, [measurement, ...]] */
static enum status
read_reference(struct work *w, struct dcbor *r)
{
    char place[PLACE_SIZE];
    (void)text_copy(place, sizeof place, w->place);
    if (dcbor_array(r) != 2)
        dcbor_fail(r);
    struct bytes environment = dcbor_skip(r);
    size_t n = dcbor_array(r);
    if (r->failed)
        return STATUS_OK;
    enum status s = find_environment(w, environment);
    for (size_t i = 0; s == STATUS_OK && i < n && !r->failed; i++) {
        (void)snprintf(w->place, sizeof w->place, "%.60s.measurements[%zu]", place, i);
        s = read_measurement(w, r);
    }
    (void)text_copy(w->place, sizeof w->place, place);
    return s;
}

static enum status
read_references(struct work *w, struct dcbor *r)
{
    char place[PLACE_SIZE];
    (void)text_copy(place, sizeof place, w->place);
    size_t n = dcbor_array(r);
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < n && !r->failed; i++) {
        (void)snprintf(w->place, sizeof w->place, "%.30s.reference-triples[%zu]", place, i);
        s = read_reference(w, r);
    }
    (void)text_copy(w->place, sizeof w->place, place);
    return s;
}

static enum status
read_triples(struct work *w, struct dcbor *r)
{
    size_t n = dcbor_map(r);
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < n && !r->failed; i++) {
        struct dcbor_label label = dcbor_label(r);
        if (!label.is_text && label.number == TRIPLES_REFERENCE)
            s = read_references(w, r);
        else
            leave(w, r, corim_key_triples, &label);
    }
    return s;
}

static enum status
read_comid(struct work *w, struct bytes encoded)
{
    struct dcbor r = dcbor_of_document(encoded);
    size_t n = dcbor_map(&r);
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < n && !r.failed; i++) {
        struct dcbor_label label = dcbor_label(&r);
        if (!label.is_text && label.number == COMID_TRIPLES)
            s = read_triples(w, &r);
        else
            leave(w, &r, corim_key_comid, &label);
    }
    return s == STATUS_OK ? end(w, &r) : s;
}

/* ---- the whole ---- */

static enum status
read_tag(struct work *w, struct dcbor *r)
{
    uint64_t tag = dcbor_tag(r);
    if (tag == TAG_COMID) {
        struct bytes comid = dcbor_bytes(r);
        return r->failed ? STATUS_OK : read_comid(w, comid);
    }
    (void)dcbor_skip(r);
    if (!r->failed)
        leftovers_add(w->leftovers, "%s: %s (tag %llu)", w->place,
                      tag == TAG_COSWID ? "a CoSWID"
                      : tag == TAG_COTL ? "a CoTL"
                                        : "an unknown tag",
                      (unsigned long long)tag);
    return STATUS_OK;
}

static enum status
read_tags(struct work *w, struct dcbor *r)
{
    size_t n = dcbor_array(r);
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < n && !r->failed; i++) {
        (void)snprintf(w->place, sizeof w->place, "tags[%zu]", i);
        s = read_tag(w, r);
    }
    w->place[0] = '\0';
    return s;
}

enum status
corim_read(struct corim *c, struct leftovers *leftovers, struct diag *diag)
{
    struct work w = {.out = c, .leftovers = leftovers, .diag = diag};
    struct dcbor r = dcbor_of_document(c->body);
    size_t n = dcbor_map(&r);
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < n && !r.failed; i++) {
        struct dcbor_label label = dcbor_label(&r);
        if (!label.is_text && label.number == CORIM_TAGS)
            s = read_tags(&w, &r);
        else
            leave(&w, &r, corim_key_corim, &label);
    }
    if (s == STATUS_OK)
        s = end(&w, &r);
    return s == STATUS_OK ? leftovers_check(leftovers) : s;
}

/* What the tag at the beginning is of; 0 and nothing when there is none. */
static uint64_t
split_tag(struct bytes in, struct bytes *rest)
{
    struct dcbor r = dcbor_of_document(in);
    uint64_t tag = dcbor_tag(&r);
    *rest = r.failed ? (struct bytes){0} : bytes_slice(in, r.offset, in.size - r.offset);
    return r.failed ? 0 : tag;
}

enum status
corim_open(struct bytes file, struct corim *out, struct leftovers *leftovers, struct diag *diag)
{
    *out = (struct corim){.file = file};
    struct bytes rest;
    uint64_t tag = split_tag(file, &rest);
    if (tag == TAG_CHOICE)
        tag = split_tag(rest, &rest);
    if (tag == TAG_SIGNED)
        tag = split_tag(rest, &rest);
    if (tag == COSE_TAG_SIGN1) {
        out->is_signed = true;
        enum status s = cose_parse(rest, &out->cose, leftovers, diag);
        if (s != STATUS_OK)
            return s;
        tag = split_tag(out->cose.payload, &rest);
    }
    if (tag != TAG_CORIM)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0,
                        out->is_signed ? "what is signed is no CoRIM (tag 501)"
                                       : "no CoRIM: neither tag 501 nor a COSE_Sign1 (tag 18)");
    out->body = rest;
    return STATUS_OK;
}

void
corim_free(struct corim *c)
{
    free(c->environments);
    free(c->items);
    *c = (struct corim){0};
}
