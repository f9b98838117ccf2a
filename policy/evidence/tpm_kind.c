/* SPDX-License-Identifier: Apache-2.0 */
/* from: a manufacturer and a model; to: a kind; never: believes them. */
#include "evidence/tpm_kind.h"

#include "base/text.h"

#define ID(a, b, c, d)                                                                             \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/* The first row that fits, so that a maker's special models stand before its others. */
static const struct {
    uint32_t manufacturer;
    const char *model; /* how the model begins */
    enum tpm_kind kind;
} rows[] = {
    {TPM_MANUFACTURER_SWTPM, "", TPM_KIND_SOFTWARE},
    {ID('I', 'B', 'M', 0), "", TPM_KIND_SOFTWARE}, /* reference code; IBM makes no TPM 2.0 chip */
    {ID('I', 'B', 'M', ' '), "", TPM_KIND_SOFTWARE},
    {ID('X', 'Y', 'Z', 'Z'), "", TPM_KIND_SOFTWARE}, /* the reference simulator, unchanged */
    {ID('M', 'S', 'F', 'T'), "", TPM_KIND_VIRTUAL},
    {ID('G', 'O', 'O', 'G'), "vTPM", TPM_KIND_VIRTUAL},
    {ID('G', 'O', 'O', 'G'), "", TPM_KIND_DISCRETE},
    {ID('A', 'M', 'Z', 'N'), "", TPM_KIND_VIRTUAL},
    {ID('V', 'M', 'W', 0), "", TPM_KIND_VIRTUAL},
    {ID('V', 'M', 'W', 'R'), "", TPM_KIND_VIRTUAL},
    {ID('A', 'M', 'D', 0), "", TPM_KIND_FIRMWARE},
    {ID('I', 'N', 'T', 'C'), "", TPM_KIND_FIRMWARE},
    {ID('Q', 'C', 'O', 'M'), "", TPM_KIND_FIRMWARE},
    {ID('H', 'I', 'S', 'I'), "", TPM_KIND_FIRMWARE},
    {ID('R', 'O', 'C', 'C'), "", TPM_KIND_FIRMWARE},
    {ID('S', 'M', 'S', 'N'), "", TPM_KIND_FIRMWARE},
    {ID('A', 'T', 'M', 'L'), "", TPM_KIND_DISCRETE},
    {ID('B', 'R', 'C', 'M'), "", TPM_KIND_DISCRETE},
    {ID('C', 'S', 'C', 'O'), "", TPM_KIND_DISCRETE},
    {ID('I', 'F', 'X', 0), "", TPM_KIND_DISCRETE},
    {ID('N', 'S', 'M', ' '), "", TPM_KIND_DISCRETE},
    {ID('N', 'S', 'G', 0), "", TPM_KIND_DISCRETE},
    {ID('N', 'T', 'C', 0), "", TPM_KIND_DISCRETE},
    {ID('N', 'T', 'Z', 0), "", TPM_KIND_DISCRETE},
    {ID('S', 'E', 'C', 'E'), "", TPM_KIND_DISCRETE},
    {ID('S', 'I', 'N', 'N'), "", TPM_KIND_DISCRETE},
    {ID('S', 'M', 'S', 'C'), "", TPM_KIND_DISCRETE},
    {ID('S', 'T', 'M', ' '), "", TPM_KIND_DISCRETE},
    {ID('T', 'X', 'N', 0), "", TPM_KIND_DISCRETE},
    {ID('W', 'E', 'C', 0), "", TPM_KIND_DISCRETE},
};

/* Models that are simulators whoever is named as their maker. */
static const char *const software_models[] = {"swtpm", "SW ", "SW-TPM", "SWTPM", "Simulator"};

enum tpm_kind
tpm_kind_of(uint32_t manufacturer, const char *model)
{
    for (size_t i = 0; i < sizeof software_models / sizeof software_models[0]; i++) {
        if (text_starts(model, software_models[i]))
            return TPM_KIND_SOFTWARE;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].manufacturer == manufacturer && text_starts(model, rows[i].model))
            return rows[i].kind;
    }
    return TPM_KIND_UNKNOWN;
}

/* Without what pads a name of fewer than four characters. */
static uint32_t
fold_blanks(uint32_t manufacturer)
{
    for (unsigned shift = 0; shift < 32 && ((manufacturer >> shift) & 0xFF) <= ' '; shift += 8)
        manufacturer &= ~(UINT32_C(0xFF) << shift);
    return manufacturer;
}

bool
tpm_maker_equal(uint32_t a, uint32_t b)
{
    return fold_blanks(a) == fold_blanks(b);
}

bool
tpm_maker_names(uint32_t row_maker, const char *row_model, uint32_t maker, const char *model)
{
    return tpm_maker_equal(row_maker, maker) &&
           (model ? text_starts(model, row_model) : !*row_model);
}

bool
tpm_kind_parse(const char *name, enum tpm_kind *out)
{
    for (enum tpm_kind k = TPM_KIND_UNKNOWN; k <= TPM_KIND_SOFTWARE; k++) {
        if (!text_equal(name, tpm_kind_name(k)))
            continue;
        *out = k;
        return true;
    }
    return false;
}

const char *
tpm_kind_name(enum tpm_kind kind)
{
    switch (kind) {
    case TPM_KIND_DISCRETE:
        return "discrete";
    case TPM_KIND_FIRMWARE:
        return "firmware";
    case TPM_KIND_VIRTUAL:
        return "virtual";
    case TPM_KIND_SOFTWARE:
        return "software";
    case TPM_KIND_UNKNOWN:
        break;
    }
    return "unknown";
}
