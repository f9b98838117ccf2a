/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/doctor.h"
#include "agent/field_json.h"

enum status
doctor_encode_json(const struct doctor *d, struct buffer *out)
{
    json_t *list = json_array();
    json_auto_t *root =
        json_pack("{s:s, s:o}", "worst", doctor_level_name(doctor_worst(d)), "findings", list);
    bool put = root != NULL;
    for (size_t i = 0; put && i < d->n_findings; i++) {
        const struct doctor_finding *f = &d->findings[i];
        json_t *item = json_pack("{s:s, s:s, s:s, s:s}", "level", doctor_level_name(f->level),
                                 "subject", f->subject, "text", f->text, "advice", f->advice);
        put = json_array_append_new(list, item) == 0;
    }
    return put ? field_json_dump(root, true, out) : STATUS_NOMEM;
}
