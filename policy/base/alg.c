/* SPDX-License-Identifier: Apache-2.0 */
/* from: an identifier or a bank's name; to: a row of the table; never: accepts an unknown one. */
#include "base/alg.h"

#include "base/text.h"

#include <assert.h>

static const struct alg table[] = {
    {ALG_SHA1, 20, "sha1", "SHA1", false},
    {ALG_SHA256, 32, "sha256", "SHA2-256", true},
    {ALG_SHA384, 48, "sha384", "SHA2-384", true},
    {ALG_SHA512, 64, "sha512", "SHA2-512", true},
    {ALG_SM3_256, 32, "sm3_256", "SM3", true},
    {ALG_SHA3_256, 32, "sha3_256", "SHA3-256", true},
    {ALG_SHA3_384, 48, "sha3_384", "SHA3-384", true},
    {ALG_SHA3_512, 64, "sha3_512", "SHA3-512", true},
};
static_assert(sizeof table / sizeof table[0] == ALG_COUNT, "ALG_COUNT is the table's");

size_t
alg_index(uint16_t id)
{
    size_t i = 0;
    while (i < ALG_COUNT && table[i].id != id)
        i++;
    return i;
}

const struct alg *
alg_at(size_t index)
{
    return index < ALG_COUNT ? &table[index] : NULL;
}

const struct alg *
alg_by_id(uint16_t id)
{
    return alg_at(alg_index(id));
}

const struct alg *
alg_by_name(const char *name)
{
    for (size_t i = 0; i < ALG_COUNT; i++) {
        if (text_equal(table[i].name, name))
            return &table[i];
    }
    return NULL;
}

const char *
alg_name(uint16_t id)
{
    const struct alg *alg = alg_by_id(id);
    return alg ? alg->name : "unknown";
}

size_t
alg_size(uint16_t id)
{
    const struct alg *alg = alg_by_id(id);
    return alg ? alg->size : 0;
}
