/* SPDX-License-Identifier: Apache-2.0 */
/* A frame that a parser takes, CBOR or JSON, is written and read again without a difference, and
 * one that it refuses has one reason; the same for the manifest in it. max_len: 4096 */
#include "base/cleanup.h"
#include "evidence/binding.h"
#include "evidence/evidence.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>

static void
check_same(const struct evidence *a, const struct evidence *b)
{
    for (size_t m = 0; m < EVIDENCE_N_MEMBERS; m++) {
        assert(a->present[m] == b->present[m]);
        assert(bytes_equal(a->member[m], b->member[m]));
    }
    assert(a->ima_offset == b->ima_offset && a->userspace_offset == b->userspace_offset);
}

static void
check_refused(const struct evidence *e, enum status s, const struct reasons *reasons)
{
    assert(s == STATUS_MALFORMED || s == STATUS_LIMIT);
    assert(reasons->n_items == 1);
    enum reason_code code = reasons->items[0].code;
    assert(code == REASON_EVIDENCE_MALFORMED || code == REASON_EVIDENCE_LIMIT ||
           code == REASON_EVIDENCE_MEMBER_MISSING || code == REASON_EVIDENCE_MEMBER_UNKNOWN);
    assert((s == STATUS_LIMIT) == (code == REASON_EVIDENCE_LIMIT));
    for (size_t m = 0; m < EVIDENCE_N_MEMBERS; m++)
        assert(!e->present[m] && e->member[m].size == 0);
}

static void
try_manifest(struct bytes in)
{
    struct manifest m;
    CLEANUP(buffer_free) struct buffer again = {0};
    if (manifest_parse(in, &m, NULL) != STATUS_OK)
        return;
    enum status s = manifest_encode(&m, &again);
    assert(s == STATUS_OK && bytes_equal(in, buffer_bytes(&again)));
}

static void
write_and_read(const struct evidence *e)
{
    CLEANUP(buffer_free) struct buffer cbor = {0};
    CLEANUP(buffer_free) struct buffer json = {0};
    CLEANUP(buffer_free) struct buffer owner = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct evidence again;
    enum status s = evidence_encode(e, &cbor);
    assert(s == STATUS_OK);
    s = evidence_parse(buffer_bytes(&cbor), &again, &reasons);
    assert(s == STATUS_OK);
    check_same(e, &again);
    s = evidence_encode_json(e, &json);
    assert(s == STATUS_OK);
    s = evidence_parse_json(buffer_bytes(&json), &owner, &again, &reasons);
    assert(s == STATUS_OK && reasons.n_items == 0);
    check_same(e, &again);
}

static void
check_frame(const struct evidence *e, enum status s, const struct reasons *reasons)
{
    if (s != STATUS_OK) {
        check_refused(e, s, reasons);
        return;
    }
    write_and_read(e);
    try_manifest(e->member[EVIDENCE_MANIFEST]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    CLEANUP(buffer_free) struct buffer owner = {0};
    CLEANUP(reasons_free) struct reasons cbor_reasons = {0};
    CLEANUP(reasons_free) struct reasons json_reasons = {0};
    struct evidence cbor;
    struct evidence json;
    enum status s = evidence_parse(in, &cbor, &cbor_reasons);
    check_frame(&cbor, s, &cbor_reasons);
    s = evidence_parse_json(in, &owner, &json, &json_reasons);
    check_frame(&json, s, &json_reasons);
    try_manifest(in);
    return 0;
}
