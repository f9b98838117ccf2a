/* SPDX-License-Identifier: Apache-2.0 */
#include "image/leftover.h"

#include <string.h>

void
leftovers_add(struct leftovers *l, const char *format, ...)
{
    va_list args;
    if (l->n++ >= LEFTOVER_MAX)
        return;
    l->n_kept++;
    va_start(args, format);
    buffer_append_format_list(&l->texts, format, args);
    va_end(args);
    buffer_append_u8(&l->texts, 0);
}

const char *
leftovers_next(const struct leftovers *l, size_t *at)
{
    if (l->texts.failed || *at >= l->texts.size)
        return NULL;
    const char *text = (const char *)l->texts.data + *at;
    *at += strlen(text) + 1;
    return text;
}

enum status
leftovers_check(const struct leftovers *l)
{
    return buffer_check(&l->texts);
}

void
leftovers_free(struct leftovers *l)
{
    buffer_free(&l->texts);
    *l = (struct leftovers){0};
}
