/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates for text that differs from device to device, such as kernel command lines: literal text
 * with typed holes, matched over the whole text as event_text() gives it. No hole takes a blank, a
 * quote or a backslash, so nothing in a hole can begin another argument or swallow the next. Pure.
 * [appraisal 2; attest-reference(5)]
 *
 * {uuid} 8-4-4-4-12 hex digits; {hex} and {int} digits; {name} of A-Z a-z 0-9 . _ -; {path} those
 * and / + : @ % ~ ; {any} printable without blank and double quote. Each but {uuid} takes one or
 * more bytes. {a|b} is one of two or more literal texts, one of which may be empty: the slots of an
 * A/B device. "{{" is a brace.
 */
#pragma once

#include "appraise/arena.h"
#include "base/bytes.h"

struct template;

/* Compile into the arena. STATUS_INVALID: unknown hole, a brace that is not closed, holes that
 * touch, a control character; diag->offset is the byte. STATUS_LIMIT: longer than LIMIT_TEMPLATE.
 * STATUS_NOMEM. */
MUST_CHECK enum status template_parse(struct arena *arena, const char *text, struct template **out,
                                      struct diag *diag);
const char *template_text(const struct template *t);
/* What a template without holes matches, where {a|b} chose its i-th text; NULL when it has holes,
 * or not so many. */
const char *template_literal(const struct template *t, size_t i);
/* The whole text matches. Time is bounded by the product of the lengths; a text longer than
 * LIMIT_TEMPLATE never matches. */
MUST_CHECK enum status template_match(const struct template *t, struct bytes text, bool *matches);
/* Append text with each "{" doubled: a template that matches exactly it. */
void template_append_literal(struct buffer *out, const char *text);
