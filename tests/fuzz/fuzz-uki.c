/* SPDX-License-Identifier: Apache-2.0 */
/* An image gives measurements in PCR 4, 9, 11 and 12 only, each with digests, itself first; or one
 * refusal that says why. max_len: 16384 */
#include "base/cleanup.h"
#include "image/uki.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>

static struct hasher *hasher;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!hasher && hasher_new(&hasher) != STATUS_OK)
        return 0;
    CLEANUP(measurements_free) struct measurements list = {0};
    struct uki_notes notes;
    struct diag diag = {0};
    const struct uki_options options = {
        .stub_version = size % 2 ? 257 : 0, .given = size % 3 ? NULL : "quiet", .n_given = 2};
    enum status s = uki_measure(hasher, bytes_of(data, size), &options, &list, &notes, &diag);
    assert(s == STATUS_OK || diag.text[0] != '\0');
    for (size_t i = 0; s == STATUS_OK && i < list.n; i++) {
        const struct measurement *m = &list.items[i];
        assert(m->pcr == 4 || m->pcr == 9 || m->pcr == 11 || m->pcr == 12);
        assert(m->min <= m->max && m->max > 0 && m->role[0] != '\0');
        assert(m->digests[0].alg == ALG_SHA256 && m->digests[1].alg == ALG_SHA384);
    }
    assert(s != STATUS_OK || (list.n >= 4 && list.items[0].pcr == 4));
    return 0;
}
