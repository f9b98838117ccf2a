/* SPDX-License-Identifier: Apache-2.0 */
/* Any text is read as a round file, and as the inputs of a round; one that is taken is appraised
 * again, or refused with a word, and inputs that are taken encode to what they parse from. max_len:
 * 16384 */
#include "appraise/reappraisal.h"
#include "base/cleanup.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

static void
try_file(struct hasher *h, struct bytes in)
{
    CLEANUP(round_file_clear) struct round_file f = {0};
    CLEANUP(reappraisal_clear) struct reappraisal r = {0};
    struct diag diag = {0};
    enum status s = round_file_parse(in, &f, &diag);
    if (s == STATUS_OK)
        s = reappraisal_run(h, &f, &r, &diag);
    assert(s == STATUS_OK || s == STATUS_NOMEM || diag.text[0] != '\0');
    if (s != STATUS_OK)
        return;
    CLEANUP(buffer_free) struct buffer again = {0};
    s = round_file_encode(&f, &again);
    assert(s == STATUS_OK);
    s = reappraisal_encode(&r, f.attestation, &again);
    assert(s == STATUS_OK);
}

static void
try_inputs(struct bytes in)
{
    CLEANUP(stored_inputs_clear) struct stored_inputs inputs = {0};
    CLEANUP(documents_unrefp) struct documents *none = NULL;
    CLEANUP(buffer_free) struct buffer text = {0};
    struct diag diag = {0};
    enum status s = stored_inputs_parse(in, &inputs, &diag);
    assert(s == STATUS_OK || s == STATUS_NOMEM || diag.text[0] != '\0');
    if (s != STATUS_OK)
        return;
    struct document *list[1] = {0};
    s = documents_new(list, 0, 0, &none, NULL);
    assert(s == STATUS_OK);
    inputs.documents = none;
    s = stored_inputs_encode(&inputs, &text);
    assert(s == STATUS_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    enum status s = hasher_new(&h);
    assert(s == STATUS_OK);
    try_file(h, bytes_of(data, size));
    try_inputs(bytes_of(data, size));
    return 0;
}
