/* SPDX-License-Identifier: Apache-2.0 */
/* from: the store's words; to: values and back; never: takes a word that is not in the table. */
#include "appraise/subject.h"

#include "base/text.h"

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

static const char *const genuine_words[] = {
    [GENUINE_UNVERIFIED] = "unverified",
    [GENUINE_SOFTWARE] = "software",
    [GENUINE_VERIFIED] = "verified",
};

static const char *const member_words[] = {
    [MEMBER_BY_NONE] = "none",   [MEMBER_BY_FIRST_USE] = "first-use",
    [MEMBER_BY_TOKEN] = "token", [MEMBER_BY_APPROVAL] = "approval",
    [MEMBER_BY_LIST] = "list",
};

static const char *const life_cycle_words[] = {
    [LIFE_CYCLE_EXPECTED] = "expected", [LIFE_CYCLE_PENDING] = "pending",
    [LIFE_CYCLE_ENROLLED] = "enrolled", [LIFE_CYCLE_QUARANTINED] = "quarantined",
    [LIFE_CYCLE_REVOKED] = "revoked",   [LIFE_CYCLE_DECOMMISSIONED] = "decommissioned",
};

static const char *
word_at(const char *const *words, size_t n, size_t i)
{
    return i < n ? words[i] : "unknown";
}

static bool
find_word(const char *const *words, size_t n, const char *name, size_t *out)
{
    for (size_t i = 0; i < n; i++) {
        if (!text_equal(name, words[i]))
            continue;
        *out = i;
        return true;
    }
    return false;
}

const char *
genuine_name(enum genuine g)
{
    return word_at(genuine_words, COUNT_OF(genuine_words), (size_t)g);
}

bool
genuine_parse(const char *name, enum genuine *out)
{
    size_t i = 0;
    if (!find_word(genuine_words, COUNT_OF(genuine_words), name, &i))
        return false;
    *out = (enum genuine)i;
    return true;
}

const char *
member_by_name(enum member_by m)
{
    return word_at(member_words, COUNT_OF(member_words), (size_t)m);
}

bool
member_by_parse(const char *name, enum member_by *out)
{
    size_t i = 0;
    if (!find_word(member_words, COUNT_OF(member_words), name, &i))
        return false;
    *out = (enum member_by)i;
    return true;
}

const char *
life_cycle_name(enum life_cycle s)
{
    return word_at(life_cycle_words, COUNT_OF(life_cycle_words), (size_t)s);
}

bool
life_cycle_parse(const char *name, enum life_cycle *out)
{
    size_t i = 0;
    if (!find_word(life_cycle_words, COUNT_OF(life_cycle_words), name, &i))
        return false;
    *out = (enum life_cycle)i;
    return true;
}
