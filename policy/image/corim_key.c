/* SPDX-License-Identifier: Apache-2.0 */
#include "image/corim_key.h"

#include "base/text.h"

#include <stdio.h>

#define VALUE_SIZE 200u
#define NAME_SIZE  80u

const struct corim_key corim_key_corim[] = {{0, "id"},       {2, "dependent-rims"},
                                            {3, "profile"},  {4, "rim-validity"},
                                            {5, "entities"}, {0, NULL}};
const struct corim_key corim_key_comid[] = {
    {0, "language"}, {1, "tag-identity"}, {2, "entities"}, {3, "linked-tags"}, {0, NULL}};
const struct corim_key corim_key_triples[] = {{1, "endorsed-triples"},
                                              {2, "identity-triples"},
                                              {3, "attest-key-triples"},
                                              {4, "dependency-triples"},
                                              {5, "membership-triples"},
                                              {6, "coswid-triples"},
                                              {8, "conditional-endorsement-series-triples"},
                                              {10, "conditional-endorsement-triples"},
                                              {0, NULL}};
const struct corim_key corim_key_environment[] = {{1, "instance"}, {2, "group"}, {0, NULL}};
const struct corim_key corim_key_class[] = {{0, "class-id"}, {1, "vendor"}, {2, "model"},
                                            {3, "layer"},    {4, "index"},  {0, NULL}};
const struct corim_key corim_key_measurement[] = {{2, "authorized-by"}, {0, NULL}};
const struct corim_key corim_key_value[] = {
    {0, "version"},        {1, "svn"},      {3, "flags"},   {4, "raw-value"},
    {5, "raw-value-mask"}, {6, "mac-addr"}, {7, "ip-addr"}, {8, "serial-number"},
    {9, "ueid"},           {10, "uuid"},    {11, "name"},   {13, "cryptokeys"},
    {15, "int-range"},     {0, NULL}};

static const char *
name_of(const struct corim_key *keys, const struct dcbor_label *label, char out[static NAME_SIZE])
{
    char text[48];
    for (; !label->is_text && keys->name; keys++) {
        if (keys->number == label->number)
            return keys->name;
    }
    if (label->is_text)
        (void)snprintf(out, NAME_SIZE, "unknown key \"%s\"",
                       text_escape(label->text, text, sizeof text));
    else
        (void)snprintf(out, NAME_SIZE, "unknown key %lld", (long long)label->number);
    return out;
}

/* " = VALUE" of a text or a number, under a tag or not; "" of anything else. */
static const char *
show_value(struct bytes encoded, char out[static VALUE_SIZE])
{
    struct dcbor r = dcbor_of_document(encoded);
    char text[VALUE_SIZE - 8];
    enum dcbor_kind kind = dcbor_peek(&r);
    if (kind == DCBOR_TAG) {
        (void)dcbor_tag(&r);
        kind = dcbor_peek(&r);
    }
    out[0] = '\0';
    if (kind == DCBOR_TEXT)
        (void)snprintf(out, VALUE_SIZE, " = %s", text_escape(dcbor_text(&r), text, sizeof text));
    else if (kind == DCBOR_UINT || kind == DCBOR_NEGATIVE)
        (void)snprintf(out, VALUE_SIZE, " = %lld", (long long)dcbor_int(&r));
    if (r.failed)
        out[0] = '\0';
    return out;
}

void
corim_key_leave(const struct corim_key *keys, const struct dcbor_label *label, const char *place,
                struct dcbor *r, struct leftovers *leftovers)
{
    char name[NAME_SIZE];
    char value[VALUE_SIZE];
    struct bytes encoded = dcbor_skip(r);
    if (r->failed)
        return;
    leftovers_add(leftovers, "%s%s%s%s", place, place[0] == '\0' ? "" : ": ",
                  name_of(keys, label, name), show_value(encoded, value));
}
