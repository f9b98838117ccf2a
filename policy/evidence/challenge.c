/* SPDX-License-Identifier: Apache-2.0 */
/* from: a challenge token; to: the fields that its maker wrote; never: believes them (that is
 * freshness.h), accepts a second spelling. [protocol 3] */
#include "evidence/challenge.h"

#include "base/text.h"
#include "evidence/dcbor.h"

#include <assert.h>
#include <string.h>

#define CLAUSE          "protocol 3, challenge"
#define N_FIELDS        7u
#define KID_DIGITS      16u
#define BITMAP_SIZE     3u /* PCR 0 to 23, bit n of byte n / 8 [TPM2 P2 10.6.2] */
#define RESETTABLE_PCRS (1u << 16 | 1u << 23) /* by software, at any time [TCG PTP] */
#define PCR_MASK        ((1u << LIMIT_PCRS) - 1)
#define LOGS_FULL       "full"
#define LOGS_DELTA      "delta"
#define EXPORTER_ON     "required"
#define EXPORTER_OFF    "off"

static_assert(LIMIT_PCRS == 8 * BITMAP_SIZE, "a bitmap holds every PCR");

static bool
is_kid(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return text.size == KID_DIGITS;
}

/* A bank that may carry trust, PCRs that only a reset of the TPM resets. */
static bool
is_bank(const struct selection_bank *bank)
{
    const struct alg *alg = alg_by_id(bank->alg);
    return alg && alg->trusted && bank->mask != 0 && (bank->mask & ~PCR_MASK) == 0 &&
           (bank->mask & RESETTABLE_PCRS) == 0;
}

static bool
is_selection(const struct selection *s)
{
    if (s->n_banks == 0 || s->n_banks > LIMIT_BANKS)
        return false;
    for (size_t i = 0; i < s->n_banks; i++) {
        if (!is_bank(&s->banks[i]))
            return false;
        for (size_t before = 0; before < i; before++) {
            if (s->banks[before].alg == s->banks[i].alg)
                return false;
        }
    }
    return true;
}

static void
put_selection(struct buffer *out, const struct selection *s)
{
    dcbor_put_array(out, s->n_banks);
    for (size_t i = 0; i < s->n_banks; i++) {
        uint8_t bitmap[BITMAP_SIZE];
        for (unsigned byte = 0; byte < BITMAP_SIZE; byte++)
            bitmap[byte] = (uint8_t)(s->banks[i].mask >> (8 * byte));
        dcbor_put_array(out, 2);
        dcbor_put_uint(out, s->banks[i].alg);
        dcbor_put_bytes(out, bytes_of(bitmap, sizeof bitmap));
    }
}

enum status
challenge_encode(const struct challenge *c, struct buffer *out)
{
    if (!is_kid(bytes_of(c->kid, strnlen(c->kid, sizeof c->kid))) || c->issued_ms < 0 ||
        !is_selection(&c->selection))
        return STATUS_INVALID;
    dcbor_put_map(out, N_FIELDS);
    dcbor_put_text(out, "v");
    dcbor_put_uint(out, CHALLENGE_VERSION);
    dcbor_put_text(out, "kid");
    dcbor_put_text(out, c->kid);
    dcbor_put_text(out, "logs");
    dcbor_put_text(out, c->full_logs ? LOGS_FULL : LOGS_DELTA);
    dcbor_put_text(out, "random");
    dcbor_put_bytes(out, bytes_of(c->random, CHALLENGE_RANDOM_SIZE));
    dcbor_put_text(out, "exporter");
    dcbor_put_text(out, c->exporter_required ? EXPORTER_ON : EXPORTER_OFF);
    dcbor_put_text(out, "issued_ms");
    dcbor_put_uint(out, (uint64_t)c->issued_ms);
    dcbor_put_text(out, "selection");
    put_selection(out, &c->selection);
    return buffer_check(out);
}

static void
read_kid(struct dcbor *r, char out[static KID_DIGITS + 1])
{
    struct bytes kid = dcbor_text(r);
    if (!is_kid(kid)) {
        dcbor_fail(r);
        return;
    }
    memcpy(out, kid.data, KID_DIGITS);
    out[KID_DIGITS] = '\0';
}

/* One of two words; true for the first. */
static bool
read_choice(struct dcbor *r, const char *yes, const char *no)
{
    struct bytes word = dcbor_text(r);
    if (bytes_equal(word, bytes_of_text(yes)))
        return true;
    if (!bytes_equal(word, bytes_of_text(no)))
        dcbor_fail(r);
    return false;
}

static void
read_random(struct dcbor *r, uint8_t out[static CHALLENGE_RANDOM_SIZE])
{
    struct bytes random = dcbor_bytes(r);
    if (random.size == CHALLENGE_RANDOM_SIZE)
        memcpy(out, random.data, random.size);
    else
        dcbor_fail(r);
}

static int64_t
read_time_ms(struct dcbor *r)
{
    uint64_t v = dcbor_uint(r);
    if (v > INT64_MAX) {
        dcbor_fail(r);
        return 0;
    }
    return (int64_t)v;
}

static struct selection_bank
read_bank(struct dcbor *r)
{
    struct selection_bank bank = {0};
    if (dcbor_array(r) != 2)
        dcbor_fail(r);
    uint64_t alg = dcbor_uint(r);
    struct bytes bitmap = dcbor_bytes(r);
    if (alg > UINT16_MAX || bitmap.size != BITMAP_SIZE) {
        dcbor_fail(r);
        return bank;
    }
    bank.alg = (uint16_t)alg;
    for (unsigned byte = 0; byte < BITMAP_SIZE; byte++)
        bank.mask |= (uint32_t)bitmap.data[byte] << (8 * byte);
    return bank;
}

static void
read_selection(struct dcbor *r, struct selection *out)
{
    size_t n_banks = dcbor_array(r);
    if (n_banks > LIMIT_BANKS) {
        dcbor_fail(r);
        return;
    }
    for (size_t i = 0; i < n_banks; i++)
        out->banks[out->n_banks++] = read_bank(r);
    if (!is_selection(out))
        dcbor_fail(r);
}

static enum status
parse_signed_part(struct bytes in, struct challenge *c, struct diag *diag)
{
    struct dcbor r = dcbor_of(in);
    if (dcbor_map(&r) != N_FIELDS)
        dcbor_fail(&r);
    dcbor_expect_text(&r, "v");
    uint64_t version = dcbor_uint(&r);
    if (!r.failed && version != CHALLENGE_VERSION)
        return diag_set(diag, STATUS_UNSUPPORTED, CLAUSE, r.offset, "a version that is not known");
    dcbor_expect_text(&r, "kid");
    read_kid(&r, c->kid);
    dcbor_expect_text(&r, "logs");
    c->full_logs = read_choice(&r, LOGS_FULL, LOGS_DELTA);
    dcbor_expect_text(&r, "random");
    read_random(&r, c->random);
    dcbor_expect_text(&r, "exporter");
    c->exporter_required = read_choice(&r, EXPORTER_ON, EXPORTER_OFF);
    dcbor_expect_text(&r, "issued_ms");
    c->issued_ms = read_time_ms(&r);
    dcbor_expect_text(&r, "selection");
    read_selection(&r, &c->selection);
    return dcbor_end(&r, CLAUSE, diag);
}

enum status
challenge_parse(struct bytes token, struct challenge *out, struct bytes *signed_part,
                struct bytes *tag, struct diag *diag)
{
    *out = (struct challenge){0};
    *signed_part = (struct bytes){0};
    *tag = (struct bytes){0};
    if (token.size > LIMIT_CHALLENGE)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "more than %u bytes", LIMIT_CHALLENGE);
    if (token.size <= CHALLENGE_TAG_SIZE)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "shorter than its tag");
    size_t signed_size = token.size - CHALLENGE_TAG_SIZE;
    struct challenge c = {0};
    enum status s = parse_signed_part(bytes_slice(token, 0, signed_size), &c, diag);
    if (s != STATUS_OK)
        return s;
    *out = c;
    *signed_part = bytes_slice(token, 0, signed_size);
    *tag = bytes_slice(token, signed_size, CHALLENGE_TAG_SIZE);
    return STATUS_OK;
}
