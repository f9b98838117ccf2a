/* SPDX-License-Identifier: Apache-2.0 */
/* from: a table of firmware and a TPM's names; to: reasons; never: knows an advisory by itself. */
#include "evidence/advisory.h"

#include "base/text.h"
#include "evidence/tpm_kind.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHARACTERS        4u
#define VERSION_TEXT_SIZE 48u

enum status
advisories_add(struct advisories *list, const struct advisory *row)
{
    if (row->id[0] == '\0' || row->from >= row->below)
        return STATUS_INVALID;
    if (list->n_items >= ADVISORIES_MAX)
        return STATUS_LIMIT;
    struct advisory *items = reallocarray(list->items, list->n_items + 1, sizeof *items);
    if (!items)
        return STATUS_NOMEM;
    items[list->n_items++] = *row;
    list->items = items;
    return STATUS_OK;
}

static bool
names(const struct advisory *row, const struct advisory_query *q)
{
    return tpm_maker_names(row->manufacturer, row->model, q->manufacturer, q->model) &&
           q->firmware_version >= row->from && q->firmware_version < row->below;
}

static void
note(const struct advisory *row, const struct advisory_query *q, struct reasons *reasons)
{
    char text[VERSION_TEXT_SIZE];
    struct reason *r =
        reasons_add(reasons, q->quoted ? REASON_DEVICE_ADVISORY : REASON_EK_ADVISORY);
    r->bound = q->quoted;
    reason_set_what(r, row->id);
    (void)snprintf(text, sizeof text, "not below %016" PRIx64, row->below);
    reason_set_expected(r, text);
    (void)snprintf(text, sizeof text, "%016" PRIx64, q->firmware_version);
    reason_set_found(r, text);
}

bool
advisories_check(const struct advisories *list, const struct advisory_query *query,
                 struct reasons *reasons)
{
    bool good = true;
    for (size_t i = 0; i < list->n_items; i++) {
        if (!names(&list->items[i], query))
            continue;
        note(&list->items[i], query, reasons);
        good = false;
    }
    return good;
}

void
advisories_free(struct advisories *list)
{
    free(list->items);
    *list = (struct advisories){0};
}

bool
advisory_manufacturer_parse(const char *text, uint32_t *out)
{
    size_t size = text ? strnlen(text, CHARACTERS + 1) : 0;
    *out = 0;
    if (size == 0 || size > CHARACTERS || !text_is_printable(bytes_of(text, size)))
        return false;
    for (size_t i = 0; i < CHARACTERS; i++) {
        unsigned char c = i < size ? (unsigned char)text[i] : 0;
        if (c > 0x7E)
            return false;
        *out = *out << 8 | c;
    }
    return true;
}
