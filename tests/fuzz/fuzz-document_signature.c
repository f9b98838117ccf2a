/* SPDX-License-Identifier: Apache-2.0 */
/* Any text is read as a signed document. What is no JWS comes back as it is; of what is one, the
 * key that signed the seeds is found to have signed their payload and no other. max_len: 4096
 */
#include "appraise/arena.h"
#include "appraise/document_signature.h"
#include "base/cleanup.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>

/* The public half; the other was thrown away. */
static const uint8_t spki[] = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04, 0xf2, 0xad, 0x7a, 0xeb, 0xba,
    0x54, 0xc7, 0xd4, 0x04, 0x76, 0xc9, 0x99, 0xf6, 0xf4, 0xcd, 0xb0, 0x24, 0xeb, 0x87, 0x32, 0x99,
    0xd4, 0xa5, 0x20, 0x88, 0xa9, 0x0d, 0x03, 0xde, 0x52, 0xaa, 0x0c, 0x1b, 0xfc, 0xf0, 0x06, 0xec,
    0x37, 0x35, 0xe2, 0xb0, 0xae, 0x1c, 0xa7, 0xe6, 0x33, 0x28, 0x27, 0x90, 0x23, 0xd6, 0x49, 0x22,
    0x06, 0x66, 0x8a, 0x99, 0x3f, 0x64, 0xf4, 0x4e, 0x3a, 0xf2, 0x21};
/* All that it signed. */
static const char signed_payload[] =
    "{\"type\":\"reference\",\"id\":\"r\",\"version\":1,\"components\":[{\"role\":\"k\",\"pcr\":4,"
    "\"values\":[{\"any\":true}]}]}";

static void
check_signed(const struct document_signature *signature, struct bytes payload)
{
    bool by = true;
    assert(signature->signature.size > 0 && signature->digest.size > 0);
    enum status s = document_signature_is_by(signature, bytes_of(spki, sizeof spki), &by);
    assert(s == STATUS_OK);
    assert(!by || bytes_equal(payload, bytes_of_text(signed_payload)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hasher *h;
    CLEANUP(arena_free) struct arena arena = {0};
    CLEANUP(buffer_free) struct buffer scratch = {0};
    struct document_signature signature;
    struct bytes payload;
    struct diag diag = {0};
    if (!h && hasher_new(&h) != STATUS_OK)
        abort();
    struct bytes text = bytes_of(data, size);
    enum status s = document_signature_open(h, &arena, text, &scratch, &signature, &payload, &diag);
    assert(s == STATUS_OK || diag.text[0] != '\0');
    if (s == STATUS_OK && signature.alg)
        check_signed(&signature, payload);
    else if (s == STATUS_OK)
        assert(payload.data == text.data && payload.size == text.size);
    return 0;
}
