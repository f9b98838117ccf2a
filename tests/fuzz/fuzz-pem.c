/* SPDX-License-Identifier: Apache-2.0 */
/* PEM ends in one status, block by block, each from bytes of its own; and SbatLevel, the other text
 * that a machine measures, is one or is none. */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/pem.h"
#include "evidence/sbat.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = bytes_of(data, size);
    CLEANUP(buffer_free) struct buffer der = {0};
    char label[PEM_LABEL_SIZE];
    enum status s;
    size_t left = rest.size;
    while ((s = pem_next(&rest, label, &der)) == STATUS_OK) {
        assert(rest.size < left && der.size <= left / 4 * 3);
        assert(strnlen(label, sizeof label) < sizeof label &&
               text_is_printable(bytes_of_text(label)));
        left = rest.size;
    }
    assert(s == STATUS_NOT_FOUND || s == STATUS_MALFORMED);
    uint64_t number = 1;
    bool good = sbat_level(bytes_of(data, size), &number);
    assert(good || number == 0);
    good = sbat_generation(bytes_of(data, size), "shim", &number);
    assert(good || number == 0);
    return 0;
}
