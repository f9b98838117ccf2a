/* SPDX-License-Identifier: Apache-2.0 */
/* Signature lists end in one status, their views lie inside them, and a certificate's name lies
 * inside the certificate. */
#include "evidence/certificate_name.h"
#include "evidence/signature_list.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>

static void
check_inside(struct bytes in, struct bytes view)
{
    assert(view.size == 0 || (view.data >= in.data && view.data + view.size <= in.data + in.size));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    struct signature_list l = signature_list_of(in);
    struct signature_entry e;
    enum status status;
    size_t total = 0;
    while ((status = signature_list_next(&l, &e)) == STATUS_OK) {
        check_inside(in, e.owner);
        check_inside(in, e.data);
        check_inside(e.data, certificate_name(e.data));
        total += e.owner.size + e.data.size;
        assert(e.owner.size == 16 && e.data.size > 0 && total <= size);
    }
    assert(status == STATUS_NOT_FOUND || status == STATUS_MALFORMED || status == STATUS_LIMIT);
    check_inside(in, certificate_name(in));
    return 0;
}
