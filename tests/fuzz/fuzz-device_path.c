/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a device path give one bounded line of text, and the same one again. */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/device_path.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buffer_free) struct buffer first = {0};
    CLEANUP(buffer_free) struct buffer again = {0};
    enum status s = device_path_append(bytes_of(data, size), &first);
    assert(s == STATUS_OK && text_is_printable(buffer_bytes(&first)));
    assert(first.size <= 64u * DEVICE_PATH_NODES + 16u * size);
    s = device_path_append(bytes_of(data, size), &again);
    assert(s == STATUS_OK && bytes_equal(buffer_bytes(&first), buffer_bytes(&again)));
    return 0;
}
