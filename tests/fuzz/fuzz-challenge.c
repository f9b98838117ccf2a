/* SPDX-License-Identifier: Apache-2.0 */
/* A challenge that the parser takes is the one that the encoder writes, and none is believed
 * without the key. max_len: 300 */
#include "base/cleanup.h"
#include "evidence/freshness.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>

#define DEVICE "bec438a3444d0a0be2a5440666494113"

static void
try_parsing(struct bytes token)
{
    struct challenge c;
    struct bytes signed_part;
    struct bytes tag;
    struct diag diag = {0};
    if (challenge_parse(token, &c, &signed_part, &tag, &diag) != STATUS_OK) {
        assert(diag.clause);
        return;
    }
    CLEANUP(buffer_free) struct buffer again = {0};
    enum status s = challenge_encode(&c, &again);
    assert(s == STATUS_OK && bytes_equal(signed_part, buffer_bytes(&again)));
    assert(tag.size == CHALLENGE_TAG_SIZE && signed_part.size + tag.size == token.size);
}

/* No input has our tag: the key is not the one of any seed. */
static void
try_believing(struct bytes token)
{
    static const struct freshness_key keys[] = {
        {.kid = "0123456789abcdef", .key = {1}},
        {.kid = "00000000000000ff", .key = {2}},
    };
    const struct freshness_context context = {
        .device_id = DEVICE, .origin = "https://verifier.example", .now_ms = 1790000000000};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(freshness_freep) struct freshness *f = NULL;
    enum status s = freshness_verify(keys, 2, token, &context, &f, &reasons);
    assert(s == STATUS_OK && !f && reasons.n_items == 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_parsing(bytes_of(data, size));
    try_believing(bytes_of(data, size));
    return 0;
}
