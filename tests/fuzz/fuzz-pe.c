/* SPDX-License-Identifier: Apache-2.0 */
/* Sections lie inside the file, behind the headers and apart; the digest does not depend on the
 * checksum, and depends on every other byte outside the certificate table. max_len: 8192 */
#include "base/cleanup.h"
#include "image/pe.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

static struct hasher *hasher;

static struct digest
digest_of(const uint8_t *data, size_t size)
{
    struct pe pe;
    struct digest d = {0};
    enum status s = pe_parse(bytes_of(data, size), &pe, NULL);
    assert(s == STATUS_OK);
    s = pe_digest(hasher, &pe, ALG_SHA256, &d);
    assert(s == STATUS_OK && d.size == 32);
    return d;
}

static void
check_digest(const struct pe *pe)
{
    CLEANUP(buffer_free) struct buffer copy = {0};
    buffer_append(&copy, pe->file);
    assert(!copy.failed);
    struct digest before = digest_of(copy.data, copy.size);
    copy.data[pe->checksum_at] ^= 1;
    struct digest after = digest_of(copy.data, copy.size);
    assert(digest_equal(&before, &after));
    copy.data[2] ^= 1; /* of the DOS header, which nothing reads */
    if (pe->checksum_at < 4 || pe_parse(buffer_bytes(&copy), &(struct pe){0}, NULL) != STATUS_OK)
        return;
    after = digest_of(copy.data, copy.size);
    assert(!digest_equal(&before, &after));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!hasher && hasher_new(&hasher) != STATUS_OK)
        return 0;
    struct bytes in = bytes_of(data, size);
    struct pe pe;
    struct diag diag = {0};
    enum status s = pe_parse(in, &pe, &diag);
    assert(s == STATUS_OK || diag.text[0] != '\0');
    if (s != STATUS_OK)
        return 0;
    size_t sum = pe.headers_size;
    for (size_t i = 0; i < pe.n_sections; i++) {
        const struct pe_section *one = &pe.sections[i];
        struct bytes content = pe_data(&pe, one);
        assert(one->raw_size == 0 || one->raw_offset >= pe.headers_size);
        assert(content.size <= one->raw_size && content.size <= one->virtual_size);
        sum += one->raw_size;
    }
    assert(sum + pe.certificates_size <= size);
    check_digest(&pe);
    return 0;
}
