/* SPDX-License-Identifier: Apache-2.0 */
/* A good round and a list of edits: each takes four bytes, which member, where (two bytes, modulo
 * its size), and what to add to the byte there; a member number above the last cuts the member
 * instead. A round that is still the same gives a quote; any other gives none, and exactly one
 * reason. max_len: 64 */
#include "base/cleanup.h"
#include "evidence/quote.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/round_builder.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define EDIT_SIZE 4u
#define N_MEMBERS 6u

static const enum evidence_member members[N_MEMBERS] = {
    EVIDENCE_QUOTE,    EVIDENCE_SIGNATURE, EVIDENCE_PCRS,
    EVIDENCE_MANIFEST, EVIDENCE_BOOT_LOG,  EVIDENCE_CLAIMS,
};

static struct tpm_builder *tpm;
static struct round_built good;

static void
make_good_round(void)
{
    struct selection s = tpm_builder_selection("sha256:0-7+sha384:0-3");
    tpm = tpm_builder_new(TPM_BUILDER_P256, ALG_SHA256);
    tpm_builder_extend_all(tpm, &s);
    const struct round_builder b = {.tpm = tpm,
                                    .selection = s,
                                    .boot_log = bytes_of_text("a boot log"),
                                    .claims = bytes_of_text("{}")};
    round_builder_make(&b, &good);
}

/* copies[i] owns the bytes of member i. */
static void
edit(struct evidence *e, struct buffer *copies, const uint8_t edit_bytes[static EDIT_SIZE])
{
    size_t i = edit_bytes[0] % N_MEMBERS;
    struct bytes *member = &e->member[members[i]];
    if (member->size == 0)
        return;
    size_t at = ((size_t)edit_bytes[1] << 8 | edit_bytes[2]) % member->size;
    if (edit_bytes[0] / N_MEMBERS % 2 == 1)
        *member = bytes_slice(*member, 0, at);
    else
        copies[i].data[at] = (uint8_t)(copies[i].data[at] + edit_bytes[3]);
}

static bool
is_unchanged(const struct evidence *e)
{
    bool same = true;
    for (size_t i = 0; i < N_MEMBERS; i++)
        same = same && bytes_equal(e->member[members[i]], good.evidence.member[members[i]]);
    return same;
}

static void
try_edits(struct evidence *e)
{
    CLEANUP(quote_freep) struct quote *q = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    enum status s = quote_verify(tpm->hasher, e, good.ak, good.freshness, &q, &reasons);
    assert(s == STATUS_OK);
    assert(is_unchanged(e) == (q != NULL));
    assert(reasons.n_items == (q ? 0 : 1));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer copies[N_MEMBERS] = {0};
    if (!tpm)
        make_good_round();
    struct evidence e = good.evidence;
    for (size_t i = 0; i < N_MEMBERS; i++) {
        buffer_append(&copies[i], e.member[members[i]]);
        e.member[members[i]] = buffer_bytes(&copies[i]);
    }
    for (size_t at = 0; at + EDIT_SIZE <= size; at += EDIT_SIZE)
        edit(&e, copies, data + at);
    try_edits(&e);
    for (size_t i = 0; i < N_MEMBERS; i++)
        buffer_free(&copies[i]);
    return 0;
}
