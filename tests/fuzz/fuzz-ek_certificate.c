/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate of anybody's is read or refused with one reason; what was read is read the same
 * from its own DER; its path is built, under its own word as an anchor and without. max_len: 8192
 */
#include "base/cleanup.h"
#include "evidence/ek_chain.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>

static struct hasher *hasher;

static void
open_hasher(void)
{
    if (!hasher && hasher_new(&hasher) != STATUS_OK)
        abort();
}

static struct ek_certificate *
read_once(struct bytes in)
{
    struct ek_certificate *c = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    enum status s = ek_certificate_parse_file(hasher, in, &c, &reasons);
    assert(s == STATUS_OK);
    assert((c == NULL) == (reasons.n_items == 1));
    return c;
}

static void
check_again(const struct ek_certificate *c)
{
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(ek_certificate_freep) struct ek_certificate *again = NULL;
    const uint32_t outer = EK_ODDITY_HEADER | EK_ODDITY_PADDING;
    enum status s = ek_certificate_parse(hasher, buffer_bytes(&c->der), &again, &reasons);
    assert(s == STATUS_OK && again);
    assert(again->kind == c->kind && again->oddities == (c->oddities & ~outer));
    assert(again->manufacturer == c->manufacturer);
}

static void
verify(const struct ek_certificate *c, struct bytes anchor)
{
    struct ek_chain chain;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(ek_roots_freep) struct ek_roots *roots = NULL;
    struct bytes extra[] = {buffer_bytes(&c->der)};
    struct ek_chain_input in = {.certificate = c,
                                .extra = extra,
                                .n_extra = 1,
                                .now_s = 1893456000,
                                .permitted = UINT32_MAX};
    if (ek_roots_new(&roots) != STATUS_OK)
        abort();
    if (anchor.size > 0 && ek_roots_add(roots, EK_ROOTS_ANCHORS, anchor, NULL) != STATUS_OK)
        return;
    enum status s = ek_chain_verify(hasher, roots, &in, &chain, &reasons);
    assert(s == STATUS_OK);
    assert((chain.standing == EK_STANDING_UNVERIFIED) == (reasons.n_items > 0));
    assert(chain.standing == EK_STANDING_UNVERIFIED || anchor.size > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    open_hasher();
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = read_once(bytes_of(data, size));
    CLEANUP(ek_roots_freep) struct ek_roots *roots = NULL;
    struct diag diag = {0};
    if (ek_roots_new(&roots) != STATUS_OK)
        abort();
    enum status s = ek_roots_add(roots, EK_ROOTS_BUNDLE, bytes_of(data, size), &diag);
    assert(s == STATUS_OK || s == STATUS_INVALID);
    if (!c)
        return 0;
    check_again(c);
    if (c->x509) {
        verify(c, (struct bytes){0});
        verify(c, buffer_bytes(&c->der));
    }
    return 0;
}
