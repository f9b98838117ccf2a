/* SPDX-License-Identifier: Apache-2.0 */
/* A tree gives a kernel in PCR 8 and an initrd in PCR 9, or one refusal that says why. max_len:
 * 8192
 */
#include "base/cleanup.h"
#include "image/fit.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>

static struct hasher *hasher;

static void
measure(struct bytes in, const char *configuration)
{
    CLEANUP(measurements_free) struct measurements list = {0};
    struct fit_found found;
    struct diag diag = {0};
    enum status s = fit_measure(hasher, in, configuration, &list, &found, &diag);
    assert(s == STATUS_OK || diag.text[0] != '\0');
    if (s != STATUS_OK)
        return;
    assert(list.n == 2 && list.items[0].pcr == 8 && list.items[1].pcr == 9);
    assert(list.items[0].digests[0].size == 32 && list.items[1].digests[1].size == 48);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!hasher && hasher_new(&hasher) != STATUS_OK)
        return 0;
    measure(bytes_of(data, size), NULL);
    measure(bytes_of(data, size), "conf-2");
    return 0;
}
