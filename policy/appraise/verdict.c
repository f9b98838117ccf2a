/* SPDX-License-Identifier: Apache-2.0 */
/* from: what rules concluded; to: words and the worse of two; never: makes a verdict better. */
#include "appraise/verdict.h"

#include "base/text.h"

struct verdict_row {
    const char *name;
    const char *ear_status;
    unsigned badness;
};

static const struct verdict_row verdicts[] = {
    [VERDICT_NONE] = {"none", "none", 2},
    [VERDICT_UNTRUSTED] = {"untrusted", "contraindicated", 3},
    [VERDICT_WARNING] = {"warning", "warning", 1},
    [VERDICT_TRUSTED] = {"trusted", "affirming", 0},
};

#define N_VERDICTS (sizeof verdicts / sizeof verdicts[0])

static const char *const claims[VECTOR_COUNT] = {
    [VECTOR_INSTANCE_IDENTITY] = "instance-identity",
    [VECTOR_CONFIGURATION] = "configuration",
    [VECTOR_EXECUTABLES] = "executables",
    [VECTOR_FILE_SYSTEM] = "file-system",
    [VECTOR_HARDWARE] = "hardware",
    [VECTOR_RUNTIME_OPAQUE] = "runtime-opaque",
    [VECTOR_STORAGE_OPAQUE] = "storage-opaque",
    [VECTOR_SOURCED_DATA] = "sourced-data",
};

/* An enum that came from outside its range counts as none. */
static const struct verdict_row *
row_of(enum verdict v)
{
    return &verdicts[(size_t)v < N_VERDICTS ? (size_t)v : (size_t)VERDICT_NONE];
}

const char *
verdict_name(enum verdict v)
{
    return row_of(v)->name;
}

bool
verdict_parse(const char *name, enum verdict *out)
{
    for (size_t i = 0; i < N_VERDICTS; i++) {
        if (!text_equal(name, verdicts[i].name))
            continue;
        *out = (enum verdict)i;
        return true;
    }
    return false;
}

const char *
verdict_ear_status(enum verdict v)
{
    return row_of(v)->ear_status;
}

enum verdict
verdict_worse(enum verdict a, enum verdict b)
{
    return row_of(a)->badness >= row_of(b)->badness ? a : b;
}

const char *
vector_claim_name(enum vector_claim c)
{
    return (size_t)c < VECTOR_COUNT ? claims[c] : "unknown";
}

/* The tier of a value. [AR4SI 2.3.2] */
static enum verdict
tier_of(int8_t value)
{
    if (value >= -1 && value <= 1)
        return VERDICT_NONE;
    if (value >= -32 && value <= 31)
        return VERDICT_TRUSTED;
    if (value >= -96 && value <= 95)
        return VERDICT_WARNING;
    return VERDICT_UNTRUSTED;
}

static int
distance(int8_t value)
{
    return value < 0 ? -(int)value : (int)value;
}

/* By tier, then by distance from zero, so that the order of the calls does not matter. */
static bool
is_worse(int8_t a, int8_t b)
{
    unsigned badness_a = row_of(tier_of(a))->badness;
    unsigned badness_b = row_of(tier_of(b))->badness;
    if (badness_a != badness_b)
        return badness_a > badness_b;
    return distance(a) > distance(b);
}

void
vector_worsen(struct vector *v, enum vector_claim c, int8_t value)
{
    if ((size_t)c >= VECTOR_COUNT || value == 0)
        return;
    if (v->claim[c] == 0 || is_worse(value, v->claim[c]))
        v->claim[c] = value;
}

enum verdict
vector_verdict(const struct vector *v)
{
    bool any = false;
    enum verdict worst = VERDICT_TRUSTED;
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        if (v->claim[i] == 0)
            continue;
        any = true;
        worst = verdict_worse(tier_of(v->claim[i]), worst);
    }
    return any ? worst : VERDICT_NONE;
}
