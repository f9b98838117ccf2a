/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reasons as JSON, one shape everywhere: API, results, attestctl. Pure.
 */
#pragma once

#include "base/emit.h"
#include "evidence/reason.h"

/* {"code","log","pcr","event","bank","bound","what","expected","found","sentence"}; members without
 * content are null. */
void reason_emit(struct emit *e, const struct reason *r);
/* An array of those whose kind is kind. */
void reasons_emit(struct emit *e, const struct reasons *list, enum reason_kind kind);
/* The short form for signed results: {"code"} and of the rest only what is set; no sentence. */
void reasons_emit_short(struct emit *e, const struct reasons *list, enum reason_kind kind);
