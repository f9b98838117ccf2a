/* SPDX-License-Identifier: Apache-2.0 */
/* from: an event over an EFI variable; to: its name, GUID and value as fields; never: calls a name
 * bound that the digest leaves out. [PFP 1.06 10.4.2.6] */
#include "base/text.h"
#include "evidence/event_fields_work.h"

#define VALUE_SHOWN 64u

static void
add_value(struct event_fields_work *w)
{
    struct bytes value = w->meaning->variable.value;
    w->bound = w->meaning->bound;
    event_fields_add_uint(w, "value_size", value.size);
    if (value.size > 0 && value.size <= VALUE_SHOWN)
        event_fields_add_hex(w, "value", value);
}

void
event_fields_variable(struct event_fields_work *w)
{
    const struct event_variable *v = &w->meaning->variable;
    w->bound = w->meaning->bound && w->meaning->quirk != EVENT_QUIRK_VARIABLE_VALUE;
    event_fields_add_text(w, "variable", bytes_of_text(v->claimed_name));
    event_fields_add_guid(w, "guid", bytes_slice(w->event->data, 0, 16));
    add_value(w);
}
