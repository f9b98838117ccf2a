/* SPDX-License-Identifier: Apache-2.0 */
/* from: rows of key, value, or labels to match; to: labels, or their JSON object; never: writes. */
#include "base/emit.h"
#include "daemon/store_sqlite.h"

#include <string.h>

struct label_text {
    struct buffer text; /* key NUL value NUL ... */
    size_t n;
};

static void
collect(struct query *q, struct label_text *all)
{
    while (query_next(q)) {
        for (int i = 0; i < 2; i++) {
            const char *text = query_get_text(q);
            buffer_append_text(&all->text, text ? text : "");
            buffer_append_u8(&all->text, 0);
        }
        all->n++;
    }
}

static void
point(struct label *labels, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++) {
        labels[i].key = text;
        text += strlen(text) + 1;
        labels[i].value = text;
        text += strlen(text) + 1;
    }
}

enum status
store_load_labels(struct query *q, struct label **out, size_t *n_out)
{
    struct label_text all = {0};
    *out = NULL;
    *n_out = 0;
    collect(q, &all);
    enum status s = query_end(q);
    if (s == STATUS_OK)
        s = buffer_check(&all.text);
    if (s == STATUS_OK && all.n > 0) {
        struct label *labels = malloc(all.n * sizeof *labels + all.text.size);
        if (labels) {
            memcpy(labels + all.n, all.text.data, all.text.size);
            point(labels, all.n, (const char *)(labels + all.n));
            *n_out = all.n;
        }
        *out = labels;
        s = labels ? STATUS_OK : STATUS_NOMEM;
    }
    buffer_free(&all.text);
    return s;
}

enum status
store_encode_labels(const struct label *labels, size_t n, struct buffer *out)
{
    struct emit e = emit_of(out);
    emit_object(&e);
    for (size_t i = 0; i < n; i++)
        emit_text_member(&e, labels[i].key, labels[i].value);
    emit_end_object(&e);
    enum status s = emit_check(&e);
    return s == STATUS_OK && !buffer_text(out) ? STATUS_NOMEM : s;
}
