/* SPDX-License-Identifier: Apache-2.0 */
/* from: a TPML_PCR_SELECTION or an operator's text; to: banks and bitmaps in their order;
 * never: sorts banks, or merges a bank that is named twice. */
#include "evidence/selection.h"

#include "base/text.h"

#include <ctype.h>

#define CLAUSE              "PCR selection"
#define SELECT_SIZE         3u /* bytes of bitmap that we encode: PCR 0 to 23 */
#define SELECT_MAX          4u /* PCR_SELECT_MAX of the widest platform [TPM2 P2 10.6.1] */
#define BANK_NAME_SIZE      16u
#define PCR_DIGITS          2u
#define PCR_MASK            ((1u << LIMIT_PCRS) - 1)
#define SELECTED(mask, pcr) (((mask) >> (pcr)) & 1u)

static size_t
find_bank(const struct selection *s, uint16_t alg)
{
    size_t i = 0;
    while (i < s->n_banks && s->banks[i].alg != alg)
        i++;
    return i;
}

/* TPMS_PCR_SELECTION: bit n of byte n / 8, least significant first. [TPM2 P2 10.6.2] */
static void
parse_bank(struct reader *r, struct selection_bank *out)
{
    out->alg = reader_be16(r);
    size_t size = reader_u8(r);
    if (size == 0 || size > SELECT_MAX)
        reader_fail(r);
    for (size_t i = 0; i < size && !r->failed; i++)
        out->mask |= (uint32_t)reader_u8(r) << (8 * i);
    if (out->mask & ~PCR_MASK)
        reader_fail(r);
}

void
selection_parse(struct reader *r, struct selection *out)
{
    *out = (struct selection){0};
    uint32_t n_banks = reader_be32(r);
    if (n_banks > LIMIT_BANKS)
        reader_fail(r);
    for (uint32_t i = 0; i < n_banks && !r->failed; i++) {
        struct selection_bank bank = {0};
        parse_bank(r, &bank);
        if (find_bank(out, bank.alg) != out->n_banks)
            reader_fail(r);
        out->banks[out->n_banks++] = bank;
    }
    if (r->failed)
        *out = (struct selection){0};
}

void
selection_encode(const struct selection *s, struct buffer *out)
{
    buffer_append_be32(out, (uint32_t)s->n_banks);
    for (size_t i = 0; i < s->n_banks; i++) {
        buffer_append_be16(out, s->banks[i].alg);
        buffer_append_u8(out, SELECT_SIZE);
        for (unsigned byte = 0; byte < SELECT_SIZE; byte++)
            buffer_append_u8(out, (uint8_t)(s->banks[i].mask >> (8 * byte)));
    }
}

static void
skip_blanks(const char **text)
{
    while (**text == ' ' || **text == '\t')
        (*text)++;
}

static bool
take_char(const char **text, char c)
{
    skip_blanks(text);
    if (**text != c)
        return false;
    (*text)++;
    return true;
}

static bool
take_bank(const char **text, uint16_t *alg)
{
    char name[BANK_NAME_SIZE] = {0};
    size_t n = 0;
    skip_blanks(text);
    while (n < sizeof name - 1 && (isalnum((unsigned char)**text) || **text == '_'))
        name[n++] = *(*text)++;
    const struct alg *row = alg_by_name(name);
    *alg = row ? row->id : 0;
    return row;
}

static bool
take_pcr(const char **text, uint32_t *pcr)
{
    size_t n = 0;
    *pcr = 0;
    skip_blanks(text);
    for (; n <= PCR_DIGITS && isdigit((unsigned char)**text); n++)
        *pcr = *pcr * 10 + (uint32_t)(*(*text)++ - '0');
    return n > 0 && n <= PCR_DIGITS && *pcr < LIMIT_PCRS;
}

/* "4" or "4-7", each PCR not named before. */
static bool
take_range(const char **text, uint32_t *mask)
{
    uint32_t first = 0;
    if (!take_pcr(text, &first))
        return false;
    uint32_t last = first;
    if (take_char(text, '-') && (!take_pcr(text, &last) || last < first))
        return false;
    for (uint32_t pcr = first; pcr <= last; pcr++) {
        if (SELECTED(*mask, pcr))
            return false;
        *mask |= 1u << pcr;
    }
    return true;
}

static enum status
parse_bank_text(const char **text, struct selection *out, struct diag *diag)
{
    struct selection_bank bank = {0};
    if (!take_bank(text, &bank.alg))
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "unknown bank");
    if (find_bank(out, bank.alg) != out->n_banks)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "%s is named twice", alg_name(bank.alg));
    if (out->n_banks == LIMIT_BANKS)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "more than %u banks", LIMIT_BANKS);
    if (!take_char(text, ':'))
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "no ':' after %s", alg_name(bank.alg));
    do {
        if (!take_range(text, &bank.mask))
            return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                            "%s: not a PCR from 0 to %u, or one named twice", alg_name(bank.alg),
                            LIMIT_PCRS - 1);
    } while (take_char(text, ','));
    out->banks[out->n_banks++] = bank;
    return STATUS_OK;
}

enum status
selection_parse_text(const char *text, struct selection *out, struct diag *diag)
{
    struct selection parsed = {0};
    *out = parsed;
    do {
        enum status s = parse_bank_text(&text, &parsed, diag);
        if (s != STATUS_OK)
            return s;
    } while (take_char(&text, '+'));
    skip_blanks(&text);
    if (*text != '\0')
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "not ',', '+' or the end after a PCR");
    *out = parsed;
    return STATUS_OK;
}

/* The mask as "0,2,4-7". */
static void
append_mask(uint32_t mask, struct buffer *out)
{
    const char *separator = "";
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        if (!SELECTED(mask, pcr))
            continue;
        uint32_t last = pcr;
        while (SELECTED(mask, last + 1))
            last++;
        buffer_append_format(out, "%s%u", separator, pcr);
        if (last > pcr)
            buffer_append_format(out, "%c%u", last > pcr + 1 ? '-' : ',', last);
        separator = ",";
        pcr = last;
    }
}

void
selection_append_text(const struct selection *s, struct buffer *out)
{
    for (size_t i = 0; i < s->n_banks; i++) {
        const struct alg *alg = alg_by_id(s->banks[i].alg);
        buffer_append_text(out, i > 0 ? "+" : "");
        if (alg)
            buffer_append_format(out, "%s:", alg->name);
        else
            buffer_append_format(out, "0x%04x:", s->banks[i].alg);
        append_mask(s->banks[i].mask, out);
    }
}

bool
selection_equal(const struct selection *a, const struct selection *b)
{
    bool equal = a->n_banks == b->n_banks;
    for (size_t i = 0; equal && i < a->n_banks; i++)
        equal = a->banks[i].alg == b->banks[i].alg && a->banks[i].mask == b->banks[i].mask;
    return equal;
}

size_t
selection_bank_count(const struct selection_bank *bank)
{
    size_t count = 0;
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++)
        count += SELECTED(bank->mask, pcr);
    return count;
}

size_t
selection_count(const struct selection *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->n_banks; i++)
        count += selection_bank_count(&s->banks[i]);
    return count;
}

bool
selection_has(const struct selection *s, uint16_t alg, uint32_t pcr)
{
    size_t i = find_bank(s, alg);
    return pcr < LIMIT_PCRS && i < s->n_banks && SELECTED(s->banks[i].mask, pcr);
}

enum status
selection_add(struct selection *s, uint16_t alg, uint32_t pcr)
{
    if (pcr >= LIMIT_PCRS)
        return STATUS_INVALID;
    size_t i = find_bank(s, alg);
    if (i == LIMIT_BANKS)
        return STATUS_LIMIT;
    if (i == s->n_banks)
        s->banks[s->n_banks++] = (struct selection_bank){.alg = alg};
    s->banks[i].mask |= 1u << pcr;
    return STATUS_OK;
}
