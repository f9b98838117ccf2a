/* SPDX-License-Identifier: Apache-2.0 */
/* from: findings; to: a document on standard output and an exit code; never: prints peer bytes
 * unescaped. */
#include "ctl/report.h"

#include "base/alg.h"
#include "base/file.h"
#include "evidence/reason_emit.h"

int
report_fail(enum status status, const struct diag *diag)
{
    (void)command_fail(status, diag);
    return EXIT_USAGE;
}

enum status
report_load(const char *path, size_t max, enum reason_code code, struct buffer *out,
            struct reasons *reasons, struct diag *diag)
{
    enum status s = file_load(path, max, out, diag);
    if (s != STATUS_LIMIT)
        return s;
    char limit[64];
    (void)snprintf(limit, sizeof limit, "at most %zu bytes", max);
    reason_set_expected(reasons_add(reasons, code), limit);
    return STATUS_OK;
}

static bool
is_fact(const struct reason *r)
{
    return reason_code_kind(r->code) == REASON_KIND_FACT;
}

bool
report_is_bad(const struct reasons *reasons)
{
    bool bad = reasons->n_dropped > 0;
    for (size_t i = 0; i < reasons->n_items; i++)
        bad = bad || !is_fact(&reasons->items[i]);
    return bad;
}

static void
emit_some(struct emit *e, const char *name, const struct reasons *reasons, bool facts)
{
    emit_key(e, name);
    emit_array(e);
    for (size_t i = 0; i < reasons->n_items; i++) {
        if (is_fact(&reasons->items[i]) == facts)
            reason_emit(e, &reasons->items[i]);
    }
    emit_end_array(e);
}

void
report_emit(struct emit *e, const struct reasons *reasons)
{
    emit_some(e, "reasons", reasons, false);
    emit_some(e, "facts", reasons, true);
    emit_uint_member(e, "dropped", reasons->n_dropped);
}

static void
append_some(struct buffer *out, const char *title, const struct reasons *reasons, bool facts)
{
    bool any = false;
    for (size_t i = 0; i < reasons->n_items; i++) {
        if (is_fact(&reasons->items[i]) != facts)
            continue;
        if (!any)
            buffer_append_format(out, "%s\n", title);
        any = true;
        buffer_append_text(out, "  ");
        reason_append_text(&reasons->items[i], out);
        buffer_append_text(out, "\n");
    }
}

void
report_append(struct buffer *out, const struct reasons *reasons)
{
    append_some(out, "wrong", reasons, false);
    if (reasons->n_dropped > 0)
        buffer_append_format(out, "  and %zu more\n", reasons->n_dropped);
    append_some(out, "facts", reasons, true);
}

int
report_print(struct buffer *out, const struct reasons *reasons)
{
    if (buffer_check(out) != STATUS_OK || reasons->failed)
        return report_fail(STATUS_NOMEM, NULL);
    if (out->size == 0 || out->data[out->size - 1] != '\n')
        buffer_append_text(out, "\n");
    if (fwrite(out->data, 1, out->size, stdout) != out->size || fflush(stdout) != 0)
        return report_fail(STATUS_IO, &(struct diag){.clause = "output",
                                                     .text = "cannot write to standard output"});
    return report_is_bad(reasons) ? EXIT_NO : EXIT_YES;
}

const char *
report_bank(uint16_t alg, char out[static REPORT_BANK_SIZE])
{
    if (alg_by_id(alg))
        (void)snprintf(out, REPORT_BANK_SIZE, "%s", alg_name(alg));
    else
        (void)snprintf(out, REPORT_BANK_SIZE, "0x%04x", alg);
    return out;
}
