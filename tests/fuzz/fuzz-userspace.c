/* SPDX-License-Identifier: Apache-2.0 */
/* A log of user space is refused with one reason, or its records stand as its limits say. */
#include "base/cleanup.h"
#include "evidence/userspace.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reasons reasons = {0};
    CLEANUP(userspace_freep) struct userspace *u = NULL;
    enum status s = userspace_parse(bytes_of(data, size), &u, &reasons);
    assert(s == STATUS_OK && reasons.n_items == (u ? 0u : 1u));
    for (size_t i = 0; u && i < u->n_records; i++) {
        const struct userspace_record *r = &u->records[i];
        assert(r->number == i && r->pcr < LIMIT_PCRS && r->n_digests <= LIMIT_BANKS);
        for (size_t k = 0; k < r->n_digests; k++)
            assert(r->digest[k].size == alg_size(r->digest[k].alg));
        assert(r->text.size <= u->strings.size);
    }
    reasons_free(&reasons);
    return 0;
}
