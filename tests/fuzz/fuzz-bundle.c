/* SPDX-License-Identifier: Apache-2.0 */
/* The manifests of update bundles: a RAUC manifest and a sw-description from the same bytes. No
 * name that is taken leads out of a folder. max_len: 8192 */
#include "base/cleanup.h"
#include "base/text.h"
#include "image/raucm.h"
#include "image/swdescription.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

static void
check(const struct artifacts *list, enum status s, const struct diag *diag)
{
    assert(s != STATUS_OK || list->n > 0);
    assert(s == STATUS_OK || diag->text[0] != '\0');
    for (size_t i = 0; i < list->n; i++) {
        const struct artifact *a = &list->items[i];
        assert(a->name[0] != '\0' && a->name[0] != '.' && !strchr(a->name, '/'));
        assert(text_is_printable(bytes_of_text(a->role)));
        assert(a->stated.size == 0 || a->stated.alg == ALG_SHA256);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(raucm_free) struct raucm manifest = {0};
    CLEANUP(artifacts_free) struct artifacts list = {0};
    CLEANUP(leftovers_free) struct leftovers leftovers = {0};
    struct diag diag = {0};
    enum status s = raucm_parse(bytes_of(data, size), &manifest, &leftovers, &diag);
    check(&manifest.images, s, &diag);
    diag = (struct diag){0};
    s = swdescription_parse(bytes_of(data, size), &list, &leftovers, &diag);
    check(&list, s, &diag);
    return 0;
}
