/* SPDX-License-Identifier: Apache-2.0 */
/* Every digest has the size of its algorithm, and its name lies inside the list. */
#include "image/sums.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>

static enum status
visit(void *context, const struct digest *digest, struct bytes name)
{
    const struct bytes *in = context;
    assert(digest->size > 0 && digest->size == alg_size(digest->alg));
    assert(name.size == 0 ||
           (name.data >= in->data && name.data + name.size <= in->data + in->size));
    return STATUS_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    struct diag diag = {0};
    enum status s = sums_read(in, visit, &in, &diag);
    assert(s == STATUS_OK || diag.text[0] != '\0');
    return 0;
}
