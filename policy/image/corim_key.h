/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the keys of a CoRIM's maps are called, for telling a person what of it was not taken over.
 * Each table ends with a name of NULL. [draft-ietf-rats-corim-11]
 */
#pragma once

#include "evidence/dcbor.h"
#include "image/leftover.h"

struct corim_key {
    int64_t number;
    const char *name;
};

extern const struct corim_key corim_key_corim[];
extern const struct corim_key corim_key_comid[];
extern const struct corim_key corim_key_triples[];
extern const struct corim_key corim_key_environment[];
extern const struct corim_key corim_key_class[];
extern const struct corim_key corim_key_measurement[];
extern const struct corim_key corim_key_value[];

/* Pass over the value of a key at r, and tell it: place, the key's name, and the value where it is
 * a text or a number. */
void corim_key_leave(const struct corim_key *keys, const struct dcbor_label *label,
                     const char *place, struct dcbor *r, struct leftovers *leftovers);
