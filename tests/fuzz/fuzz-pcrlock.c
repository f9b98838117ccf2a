/* SPDX-License-Identifier: Apache-2.0 */
/* What is read has a PCR that there is and a digest that carries trust; a refusal says why. */
#include "base/cleanup.h"
#include "base/limits.h"
#include "image/pcrlock.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(measurements_free) struct measurements list = {0};
    CLEANUP(leftovers_free) struct leftovers leftovers = {0};
    struct diag diag = {0};
    enum status s = pcrlock_read(bytes_of(data, size), "role", "name", &list, &leftovers, &diag);
    assert(s == STATUS_OK || diag.text[0] != '\0');
    for (size_t i = 0; i < list.n; i++) {
        assert(list.items[i].pcr < LIMIT_PCRS);
        assert(list.items[i].digests[0].size > 0 || list.items[i].digests[1].size > 0);
    }
    size_t at = 0, n = 0;
    while (leftovers_next(&leftovers, &at))
        n++;
    assert(n == leftovers.n_kept);
    return 0;
}
