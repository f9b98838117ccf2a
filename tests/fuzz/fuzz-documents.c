/* SPDX-License-Identifier: Apache-2.0 */
/* Any text is read as a document, and one that is taken compiles, or is refused, with an example of
 * each kind; templates in it match in bounded time. max_len: 8192 */
#include "appraise/documents.h"
#include "appraise/template.h"
#include "base/cleanup.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char policy[] =
    "{\"type\":\"policy\",\"id\":\"p\",\"version\":1,\"perspective\":\"owner\",\"select\":"
    "{\"all\":true},\"boot\":{\"references\":[\"r\"]}}";
static const char reference[] =
    "{\"type\":\"reference\",\"id\":\"r\",\"version\":1,\"components\":[{\"role\":\"k\",\"pcr\":4,"
    "\"values\":[{\"any\":true}]}]}";

static struct document *
parse(struct hasher *h, struct bytes text)
{
    struct document *d = NULL;
    struct diag diag = {0};
    enum status s = document_parse(h, text, &d, &diag);
    assert((s == STATUS_OK) == (d != NULL));
    assert(s == STATUS_OK || s == STATUS_NOMEM || diag.text[0] != '\0');
    return d;
}

static void
compile(struct document **list, size_t n)
{
    CLEANUP(documents_unrefp) struct documents *all = NULL;
    struct diag diag = {0};
    if (documents_new(list, n, 1, &all, &diag) != STATUS_OK)
        return;
    assert(documents_selection(all)->n_banks > 0);
    assert(documents_count(all) == n);
}

static void
try_template(struct bytes in)
{
    CLEANUP(arena_free) struct arena arena = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(buffer_free) struct buffer literal = {0};
    struct template *t = NULL;
    bool matches = false;
    buffer_append(&text, in);
    const char *all = buffer_text(&text);
    assert(all);
    if (template_parse(&arena, all, &t, NULL) == STATUS_OK) {
        enum status s = template_match(t, in, &matches);
        assert(s == STATUS_OK);
        const char *exact = template_literal(t, 0);
        if (exact)
            s = template_match(t, bytes_of_text(exact), &matches);
        assert(s == STATUS_OK && (!exact || matches));
    }
    template_append_literal(&literal, all);
    const char *doubled = buffer_text(&literal);
    if (template_parse(&arena, doubled, &t, NULL) != STATUS_OK)
        return; /* too long, or control characters */
    enum status s = template_match(t, bytes_of_text(all), &matches);
    assert(s == STATUS_OK && matches);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hasher *h;
    struct bytes in = bytes_of(data, size);
    if (!h && hasher_new(&h) != STATUS_OK)
        abort();
    struct document *list[3] = {parse(h, in), NULL, NULL};
    if (list[0]) {
        list[1] = parse(h, bytes_of_text(policy));
        list[2] = parse(h, bytes_of_text(reference));
        compile(list, 3);
    }
    try_template(in);
    return 0;
}
