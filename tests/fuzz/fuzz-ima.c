/* SPDX-License-Identifier: Apache-2.0 */
/* A list gives entries whose views lie inside it (or inside what an ASCII line was rebuilt to), one
 * after the other, and ends in one status. A binary list of one format is read again byte for byte.
 * max_len: 8192 */
#include "base/cleanup.h"
#include "evidence/ima.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>

static struct hasher *hasher;

static void
check_inside(struct bytes in, struct bytes view)
{
    assert(view.size == 0 || (view.data >= in.data && view.data + view.size <= in.data + in.size));
}

static void
check_entry(struct bytes in, struct bytes scratch, const struct ima_reader *r,
            const struct ima_entry *e)
{
    struct bytes from = r->format == IMA_ASCII ? scratch : in;
    check_inside(in, e->name);
    check_inside(from, e->data);
    check_inside(from, e->digest);
    check_inside(e->data, e->file_digest);
    check_inside(e->data, e->path);
    check_inside(e->data, e->signature);
    check_inside(e->data, e->buffer);
    assert(e->pcr < LIMIT_PCRS && e->end == r->offset);
    assert(e->file_alg == 0 || alg_size(e->file_alg) == e->file_digest.size);
    struct digest value;
    for (enum ima_mode m = IMA_NATIVE; m < IMA_N_MODES; m++) {
        enum status s = ima_extend_value(hasher, ALG_SHA256, m, e, &value);
        assert(s == STATUS_OK && value.size == 32);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!hasher && hasher_new(&hasher) != STATUS_OK)
        return 0;
    struct bytes in = bytes_of(data, size);
    struct ima_reader r;
    if (ima_open(in, 0, &r, NULL) != STATUS_OK)
        return 0;
    CLEANUP(buffer_free) struct buffer scratch = {0};
    struct ima_entry e;
    enum status s;
    uint64_t n = 0;
    size_t before = 0;
    while ((s = ima_next(&r, &scratch, &e, NULL)) == STATUS_OK) {
        assert(e.number == n++ && r.offset > before);
        before = r.offset;
        check_entry(in, buffer_bytes(&scratch), &r, &e);
    }
    assert(s == STATUS_NOT_FOUND || s == STATUS_MALFORMED || s == STATUS_LIMIT);
    assert(s != STATUS_NOT_FOUND || r.offset == in.size);
    return 0;
}
