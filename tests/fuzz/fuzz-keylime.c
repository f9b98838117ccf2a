/* SPDX-License-Identifier: Apache-2.0 */
/* Both of Keylime's documents from the same bytes. */
#include "base/cleanup.h"
#include "base/limits.h"
#include "image/keylime.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>

static enum status
visit(void *context, const struct digest *digest)
{
    (void)context;
    assert(digest->size > 0 && digest->size == alg_size(digest->alg));
    return STATUS_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(measurements_free) struct measurements list = {0};
    CLEANUP(leftovers_free) struct leftovers leftovers = {0};
    struct diag diag = {0};
    enum status s = keylime_read_policy(bytes_of(data, size), visit, NULL, &leftovers, &diag);
    assert(s == STATUS_OK || diag.text[0] != '\0');
    diag = (struct diag){0};
    s = keylime_read_boot(bytes_of(data, size), &list, &leftovers, &diag);
    assert(s == STATUS_OK || diag.text[0] != '\0');
    for (size_t i = 0; i < list.n; i++)
        assert(list.items[i].pcr < LIMIT_PCRS);
    return 0;
}
