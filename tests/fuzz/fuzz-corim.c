/* SPDX-License-Identifier: Apache-2.0 */
/* A CoRIM with or without its signature: what is taken names an environment that is there and a PCR
 * that a rule can name, and whatever is left is told. */
#include "base/cleanup.h"
#include "base/text.h"
#include "image/corim.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>

static void
check_items(const struct corim *c)
{
    for (size_t i = 0; i < c->n_items; i++) {
        const struct corim_item *item = &c->items[i];
        assert(item->environment < c->n_environments);
        assert(!item->is_pcr || (item->m.pcr <= 22 && item->m.pcr != 16));
        assert(item->m.digests[0].size + item->m.digests[1].size > 0);
        assert(text_is_printable(bytes_of_text(item->m.role)) && item->m.role[0] != '\0');
    }
}

static void
check_texts(const struct leftovers *l)
{
    size_t at = 0;
    size_t n = 0;
    for (const char *text = leftovers_next(l, &at); text; text = leftovers_next(l, &at)) {
        assert(text_is_printable(bytes_of_text(text)));
        n++;
    }
    assert(n == l->n_kept);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(corim_free) struct corim c = {0};
    CLEANUP(leftovers_free) struct leftovers leftovers = {0};
    struct diag diag = {0};
    enum status s = corim_open(bytes_of(data, size), &c, &leftovers, &diag);
    if (s == STATUS_OK)
        s = corim_read(&c, &leftovers, &diag);
    assert(s == STATUS_OK || (diag.text[0] != '\0' && diag.offset <= size));
    check_items(&c);
    check_texts(&leftovers);
    return 0;
}
