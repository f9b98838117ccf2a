/* SPDX-License-Identifier: Apache-2.0 */
/* from: the TPM by its verified certificate; to: reasons; never: believes what a device says of its
 * own TPM, or passes one of which nothing is known. */
#include "appraise/rules.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>

#define MAKER_SIZE 12u

/* "IFX", or "id:00001014" where the four bytes are no text. */
static const char *
maker_text(uint32_t manufacturer, char out[static MAKER_SIZE])
{
    size_t n = 0;
    for (unsigned shift = 32; shift > 0; shift -= 8) {
        uint8_t c = (uint8_t)(manufacturer >> (shift - 8));
        out[n++] = (char)c;
        if (c == 0 || (c >= ' ' && c <= '~'))
            continue;
        (void)snprintf(out, MAKER_SIZE, "id:%08" PRIx32, manufacturer);
        return out;
    }
    out[n] = '\0';
    while (n > 0 && (out[n - 1] == ' ' || out[n - 1] == '\0'))
        out[--n] = '\0';
    return out;
}

static void
blame(struct judge *j, enum reason_code code)
{
    const struct subject_tpm *tpm = &j->input->subject->tpm;
    char maker[MAKER_SIZE], found[96];
    struct reason r = judge_reason(code);
    const char *model = tpm->model ? tpm->model : "";
    (void)snprintf(found, sizeof found, "%s%s%.64s", maker_text(tpm->manufacturer, maker),
                   model[0] != '\0' ? " " : "", model);
    if (code == REASON_DEVICE_TPM_KIND)
        reason_set_found(&r, tpm_kind_name(tpm->kind));
    if (tpm->certified)
        reason_set_what(&r, found);
    judge_blame(j, &r, j->policy->policy->tpm.effect);
}

static bool
has_row(const struct shape_list *list, const struct subject_tpm *tpm)
{
    const struct policy_tpm_model *rows = list->items;
    for (size_t i = 0; i < list->n; i++) {
        if (tpm_maker_names(rows[i].manufacturer, rows[i].model ? rows[i].model : "",
                            tpm->manufacturer, tpm->model))
            return true;
    }
    return false;
}

void
tpm_judge(struct judge *j)
{
    const struct policy_tpm *rule = &j->policy->policy->tpm;
    const struct subject_tpm *tpm = &j->input->subject->tpm;
    if (!rule->present)
        return;
    if (!tpm->certified) {
        blame(j, REASON_DEVICE_TPM_UNKNOWN);
        return;
    }
    if (rule->kinds != 0 && !(rule->kinds & (1u << tpm->kind)))
        blame(j, REASON_DEVICE_TPM_KIND);
    if (rule->allowed.n > 0 && !has_row(&rule->allowed, tpm))
        blame(j, REASON_DEVICE_TPM_ALLOWED);
    if (has_row(&rule->forbidden, tpm))
        blame(j, REASON_DEVICE_TPM_FORBIDDEN);
}
