/* SPDX-License-Identifier: Apache-2.0 */
/* from: evidence that nobody believes; to: struct quote, or one reason; never: says anything about
 * a device whose attestation key has not signed this freshness. */
#include "evidence/quote.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <stdlib.h>

struct quote {
    struct quote_counters counters;
    struct selection selection;
    struct manifest manifest;
    struct buffer ak_name;
    enum freshness_kind freshness;
    int64_t time_ms;
    bool exporter_bound;
    size_t n_values;        /* 0: no value was sent (FRESHNESS_GIVEN) */
    struct digest values[]; /* in the order of the selection */
};

/* What the steps share. A step that finds the evidence bad adds one reason and clears good. */
struct check {
    struct hasher *h;
    const struct evidence *evidence;
    const struct ak *ak;
    const struct freshness *freshness;
    struct reasons *reasons;
    struct tpm_attest attest; /* believed only after check_signature() */
    struct manifest manifest; /* believed only after check_extra_data() */
    bool good;
};

static struct bytes
member_of(const struct check *c, enum evidence_member member)
{
    return c->evidence->present[member] ? c->evidence->member[member] : (struct bytes){0};
}

static struct reason *
refuse(struct check *c, enum reason_code code)
{
    c->good = false;
    return reasons_add(c->reasons, code);
}

/* Magic and type come before anything else of the structure: a restricted key signs whatever does
 * not begin with the magic. [TPM2 P1 27.3, P2 10.12.12; threats 1, 2] */
static enum status
check_structure(struct check *c)
{
    enum status s = tpm_attest_parse(member_of(c, EVIDENCE_QUOTE), &c->attest, NULL);
    if (s != STATUS_OK)
        (void)refuse(c, REASON_QUOTE_MALFORMED);
    else if (c->attest.magic != TPM_GENERATED_VALUE)
        (void)refuse(c, REASON_QUOTE_MAGIC);
    else if (c->attest.type != TPM_ST_ATTEST_QUOTE)
        (void)refuse(c, REASON_QUOTE_TYPE);
    return STATUS_OK;
}

static enum status
check_signature(struct check *c)
{
    return ak_verify(c->ak, member_of(c, EVIDENCE_QUOTE), member_of(c, EVIDENCE_SIGNATURE),
                     &c->good, c->reasons);
}

/* An enrolled AK is a primary key of the endorsement hierarchy, so that its quotes carry true
 * counters. A key given by a person may stand anywhere. [TPM2 P1 16, P1 36.7; protocol 1] */
static enum status
check_signer(struct check *c)
{
    struct bytes expected = ak_qualified_name(c->ak);
    if (freshness_kind(c->freshness) == FRESHNESS_GIVEN)
        return STATUS_OK;
    if (expected.size == 0 || !digest_bytes_equal(c->attest.qualified_signer, expected))
        (void)refuse(c, REASON_QUOTE_SIGNER);
    return STATUS_OK;
}

static void
describe_selections(const struct selection *expected, const struct selection *found,
                    struct reason *r)
{
    CLEANUP(buffer_free) struct buffer expected_text = {0}, found_text = {0};
    selection_append_text(expected, &expected_text);
    selection_append_text(found, &found_text);
    reason_set_expected(r, buffer_text(&expected_text));
    reason_set_found(r, buffer_text(&found_text));
}

/* Exactly what was asked for: a digest of values does not say whose values they are. [threats 3, 4]
 */
static enum status
check_selection(struct check *c)
{
    const struct selection *expected = freshness_selection(c->freshness);
    if (selection_count(expected) == 0 || !selection_equal(expected, &c->attest.selection))
        describe_selections(expected, &c->attest.selection, refuse(c, REASON_QUOTE_SELECTION));
    return STATUS_OK;
}

static enum status
check_extra_data(struct check *c)
{
    CLEANUP(buffer_free) struct buffer expected = {0};
    enum status s = freshness_extra_data(c->h, c->freshness, ak_name(c->ak),
                                         member_of(c, EVIDENCE_MANIFEST), &expected);
    if (s != STATUS_OK)
        return s;
    if (!digest_bytes_equal(buffer_bytes(&expected), c->attest.extra_data))
        (void)refuse(c, REASON_QUOTE_EXTRA_DATA);
    return STATUS_OK;
}

/* The hash of the signing scheme, not of a bank. A key with an open scheme leaves it to the
 * signature, which is verified by now. [TPM2 P3 18.4; threat 6] */
static enum status
find_hash(const struct check *c, uint16_t *hash)
{
    struct tpm_signature sig;
    *hash = ak_hash(c->ak);
    if (*hash != ALG_NULL)
        return STATUS_OK;
    enum status s = tpm_signature_parse(member_of(c, EVIDENCE_SIGNATURE), &sig, NULL);
    if (s == STATUS_OK)
        *hash = sig.hash;
    return s;
}

/* Bytes that the values of the quoted selection have; 0 when the size of a bank is not known. */
static size_t
size_of_values(const struct selection *s)
{
    size_t size = 0;
    for (size_t i = 0; i < s->n_banks; i++) {
        if (alg_size(s->banks[i].alg) == 0)
            return 0;
        size += selection_bank_count(&s->banks[i]) * alg_size(s->banks[i].alg);
    }
    return size;
}

/* With the values hashed to the quoted digest every PCR is known by itself. [TPM2 P1 17.5; threats
 * 5, 6] */
static enum status
check_composite(struct check *c)
{
    uint16_t hash = ALG_NULL;
    struct digest composite;
    struct bytes values = member_of(c, EVIDENCE_PCRS);
    enum status s = find_hash(c, &hash);
    if (s != STATUS_OK)
        return s;
    bool may_be_absent = freshness_kind(c->freshness) == FRESHNESS_GIVEN;
    if (may_be_absent && !c->evidence->present[EVIDENCE_PCRS]) {
        if (c->attest.pcr_digest.size != alg_size(hash))
            (void)refuse(c, REASON_QUOTE_COMPOSITE);
        return STATUS_OK;
    }
    s = digest_compute(c->h, hash, values, &composite);
    if (s != STATUS_OK)
        return s;
    if (values.size == size_of_values(&c->attest.selection) &&
        digest_equal_bytes(&composite, c->attest.pcr_digest))
        return STATUS_OK;
    struct reason *r = refuse(c, REASON_QUOTE_COMPOSITE);
    reason_set_expected_hex(r, c->attest.pcr_digest);
    reason_set_found_hex(r, digest_bytes(&composite));
    return STATUS_OK;
}

/* The members that the manifest covers; a boot log may be sent by reference. */
static const struct {
    enum manifest_member entry;
    enum evidence_member member;
    bool by_reference;
} covered[MANIFEST_COUNT] = {
    {MANIFEST_CLAIMS, EVIDENCE_CLAIMS, false},
    {MANIFEST_BOOT_LOG, EVIDENCE_BOOT_LOG, true},
    {MANIFEST_ANNOUNCEMENT, EVIDENCE_ANNOUNCEMENT, false},
};

static enum status
check_member(struct check *c, size_t i)
{
    const struct manifest_entry *entry = &c->manifest.entries[covered[i].entry];
    enum evidence_member member = covered[i].member;
    bool present = c->evidence->present[member];
    struct bytes content = member_of(c, member);
    bool matches = !entry->present || covered[i].by_reference;
    if (present) {
        uint8_t sha256[DIGEST_SHA256_SIZE];
        enum status s = digest_sha256(c->h, content, sha256);
        if (s != STATUS_OK)
            return s;
        matches = entry->present && entry->size == content.size &&
                  digest_bytes_equal(bytes_of(sha256, sizeof sha256),
                                     bytes_of(entry->sha256, sizeof entry->sha256));
    }
    if (!matches)
        reason_set_what(refuse(c, REASON_EVIDENCE_MANIFEST), evidence_member_name(member));
    return STATUS_OK;
}

/* Only a challenge's binding names a manifest; of what a person asked for nothing is covered. */
static enum status
check_members(struct check *c)
{
    if (freshness_kind(c->freshness) != FRESHNESS_CHALLENGE)
        return STATUS_OK;
    enum status s = manifest_parse(member_of(c, EVIDENCE_MANIFEST), &c->manifest, NULL);
    if (s == STATUS_MALFORMED || s == STATUS_LIMIT)
        reason_set_what(refuse(c, REASON_EVIDENCE_MANIFEST),
                        evidence_member_name(EVIDENCE_MANIFEST));
    else if (s != STATUS_OK)
        return s;
    for (size_t i = 0; i < MANIFEST_COUNT && c->good; i++) {
        s = check_member(c, i);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

typedef enum status (*step_function)(struct check *c);

/* The order is the contract's. */
static const step_function steps[] = {
    check_structure,  check_signature, check_signer,  check_selection,
    check_extra_data, check_composite, check_members,
};

/* The values as digests, cut by bank; their sizes were checked with the composite. */
static enum status
cut_values(struct bytes values, struct quote *q)
{
    size_t n = 0;
    size_t offset = 0;
    for (size_t i = 0; n < q->n_values && i < q->selection.n_banks; i++) {
        const struct selection_bank *bank = &q->selection.banks[i];
        size_t size = alg_size(bank->alg);
        for (size_t left = selection_bank_count(bank); left > 0; left--, n++) {
            enum status s =
                digest_from(bank->alg, bytes_slice(values, offset, size), &q->values[n]);
            if (s != STATUS_OK)
                return s;
            offset += size;
        }
    }
    return STATUS_OK;
}

static enum status
make_quote(const struct check *c, struct quote **out)
{
    bool has_values = c->evidence->present[EVIDENCE_PCRS];
    size_t n_values = has_values ? selection_count(&c->attest.selection) : 0;
    CLEANUP(quote_freep)
    struct quote *q = calloc(1, sizeof *q + n_values * sizeof q->values[0]);
    if (!q)
        return STATUS_NOMEM;
    q->counters = (struct quote_counters){
        .clock_ms = c->attest.clock_ms,
        .reset_count = c->attest.reset_count,
        .restart_count = c->attest.restart_count,
        .safe = c->attest.safe,
        .firmware_version = c->attest.firmware_version,
    };
    q->selection = c->attest.selection;
    q->manifest = c->manifest;
    q->freshness = freshness_kind(c->freshness);
    q->time_ms = freshness_time_ms(c->freshness);
    q->exporter_bound = freshness_exporter_bound(c->freshness);
    q->n_values = n_values;
    buffer_append(&q->ak_name, ak_name(c->ak));
    enum status s = buffer_check(&q->ak_name);
    if (s != STATUS_OK)
        return s;
    s = cut_values(member_of(c, EVIDENCE_PCRS), q);
    if (s != STATUS_OK)
        return s;
    *out = q;
    q = NULL;
    return STATUS_OK;
}

enum status
quote_verify(struct hasher *h, const struct evidence *evidence, const struct ak *ak,
             const struct freshness *freshness, struct quote **out, struct reasons *reasons)
{
    *out = NULL;
    struct check c = {.h = h,
                      .evidence = evidence,
                      .ak = ak,
                      .freshness = freshness,
                      .reasons = reasons,
                      .good = true};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        enum status s = steps[i](&c);
        if (s != STATUS_OK || !c.good)
            return s;
    }
    return make_quote(&c, out);
}

const struct quote_counters *
quote_counters(const struct quote *q)
{
    return &q->counters;
}

const struct selection *
quote_selection(const struct quote *q)
{
    return &q->selection;
}

const struct digest *
quote_pcr(const struct quote *q, uint16_t alg, uint32_t pcr)
{
    if (!selection_has(&q->selection, alg, pcr))
        return NULL;
    size_t n = 0;
    const struct selection_bank *bank = q->selection.banks;
    for (; bank->alg != alg; bank++)
        n += selection_bank_count(bank);
    const struct selection_bank below = {.alg = alg, .mask = bank->mask & ((1u << pcr) - 1)};
    n += selection_bank_count(&below);
    return n < q->n_values ? &q->values[n] : NULL;
}

enum freshness_kind
quote_freshness(const struct quote *q)
{
    return q->freshness;
}

int64_t
quote_time_ms(const struct quote *q)
{
    return q->time_ms;
}

bool
quote_exporter_bound(const struct quote *q)
{
    return q->exporter_bound;
}

const struct manifest *
quote_manifest(const struct quote *q)
{
    return &q->manifest;
}

struct bytes
quote_ak_name(const struct quote *q)
{
    return buffer_bytes(&q->ak_name);
}

void
quote_free(struct quote *q)
{
    if (!q)
        return;
    buffer_free(&q->ak_name);
    free(q);
}

void
quote_freep(struct quote **q)
{
    quote_free(*q);
}
