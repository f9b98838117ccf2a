/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte names a structure, the rest is it. What parses is read to its last byte: written
 * again from its fields it is the same, and nothing points outside it. max_len: 1024 */
#include "base/cleanup.h"
#include "evidence/ak.h"
#include "evidence/tpm_wire.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>

static struct hasher *hasher;

static bool
lies_in(struct bytes part, struct bytes whole)
{
    return part.size == 0 || (part.data >= whole.data && part.size <= whole.size &&
                              part.data + part.size <= whole.data + whole.size);
}

static bool
is_quote(const struct tpm_attest *a)
{
    return a->magic == TPM_GENERATED_VALUE && a->type == TPM_ST_ATTEST_QUOTE;
}

/* Bitmaps of other sizes than three bytes are read, but never written. */
static void
try_attest(struct bytes in)
{
    struct tpm_attest a;
    CLEANUP(buffer_free) struct buffer again = {0};
    if (tpm_attest_parse(in, &a, NULL) != STATUS_OK)
        return;
    assert(lies_in(a.qualified_signer, in) && lies_in(a.extra_data, in));
    assert(lies_in(a.pcr_digest, in));
    if (!is_quote(&a)) {
        assert(a.extra_data.size == 0 && a.selection.n_banks == 0);
        return;
    }
    buffer_append_be32(&again, a.magic);
    buffer_append_be16(&again, a.type);
    buffer_append_tpm2b(&again, a.qualified_signer);
    buffer_append_tpm2b(&again, a.extra_data);
    buffer_append_be64(&again, a.clock_ms);
    buffer_append_be32(&again, a.reset_count);
    buffer_append_be32(&again, a.restart_count);
    buffer_append_u8(&again, a.safe);
    buffer_append_be64(&again, a.firmware_version);
    size_t before = again.size;
    assert(bytes_equal(buffer_bytes(&again), bytes_slice(in, 0, before)));
    selection_encode(&a.selection, &again);
    buffer_append_tpm2b(&again, a.pcr_digest);
    assert(buffer_check(&again) == STATUS_OK);
    struct reader r = reader_of(bytes_slice(buffer_bytes(&again), before, again.size - before));
    struct selection s;
    selection_parse(&r, &s);
    assert(!r.failed && selection_equal(&s, &a.selection));
}

static void
try_signature(struct bytes in)
{
    struct tpm_signature s;
    CLEANUP(buffer_free) struct buffer again = {0};
    if (tpm_signature_parse(in, &s, NULL) != STATUS_OK)
        return;
    buffer_append_be16(&again, s.scheme);
    buffer_append_be16(&again, s.hash);
    if (s.scheme == TPM_ALG_ECDSA) {
        buffer_append_tpm2b(&again, s.r);
        buffer_append_tpm2b(&again, s.s);
    } else {
        buffer_append_tpm2b(&again, s.rsa);
    }
    assert(bytes_equal(in, buffer_bytes(&again)));
}

/* A key that parses may be refused as an AK, by exactly one reason. */
static void
try_ak(struct bytes in)
{
    CLEANUP(ak_freep) struct ak *ak = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    enum status s = ak_parse(hasher, in, &ak, &reasons);
    assert(s == STATUS_OK);
    assert(reasons.n_items == (ak ? 0 : 1));
    if (!ak)
        return;
    bool valid = true;
    s = ak_verify(ak, in, in, &valid, &reasons);
    assert(s == STATUS_OK && !valid && reasons.n_items == 1);
}

static void
try_public(struct bytes in)
{
    struct tpm_public p;
    struct tpm_public again;
    if (tpm_public_parse(in, &p, NULL) == STATUS_OK) {
        assert(lies_in(p.area, in) && lies_in(p.auth_policy, p.area));
        assert(lies_in(p.modulus, p.area) && lies_in(p.x, p.area) && lies_in(p.y, p.area));
        enum status s = tpm_public_parse(p.area, &again, NULL);
        assert(s == STATUS_OK && bytes_equal(p.area, again.area));
    }
    try_ak(in);
}

static void
try_selection(struct bytes in)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(buffer_free) struct buffer again = {0};
    struct selection s;
    struct selection same;
    buffer_append(&text, in);
    assert(buffer_text(&text));
    if (selection_parse_text(buffer_text(&text), &s, NULL) != STATUS_OK)
        return;
    assert(s.n_banks > 0 && selection_count(&s) > 0);
    selection_append_text(&s, &again);
    enum status status = selection_parse_text(buffer_text(&again), &same, NULL);
    assert(status == STATUS_OK && selection_equal(&s, &same));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(struct bytes) = {try_attest, try_signature, try_public,
                                                  try_selection};
    if (!hasher && hasher_new(&hasher) != STATUS_OK)
        abort();
    if (size > 0)
        tries[data[0] % 4](bytes_of(data + 1, size - 1));
    return 0;
}
