/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/recorded_boot_json.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/test.h"

#include <jansson.h>

static const uint16_t banks[] = {ALG_SHA1, ALG_SHA256, ALG_SHA384};

static void
load(const struct recorded_boot *boot, const char *file, struct buffer *out)
{
    char path[160];
    (void)snprintf(path, sizeof path, "%s/%s", boot->folder, file);
    boot->load(path, out);
}

static void
free_json(json_t **j)
{
    json_decref(*j);
}

static void
load_pcrs(const struct recorded_boot *boot, struct log_builder *b)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    load(boot, "pcrs.json", &text);
    CLEANUP(free_json) json_t *j = json_loadb((const char *)text.data, text.size, 0, NULL);
    assert_non_null(j);
    for (size_t bank = 0; bank < b->n_banks; bank++) {
        json_t *pcrs = json_object_get(j, alg_name(b->banks[bank]));
        for (uint32_t pcr = 0; pcr < 16; pcr++) {
            char index[4];
            (void)snprintf(index, sizeof index, "%u", pcr);
            struct digest *d = &b->pcr[bank][pcr];
            const char *hex = json_string_value(json_object_get(pcrs, index));
            assert_status(STATUS_OK, text_parse_hex_exact(hex, d->data, d->size));
        }
    }
}

struct round *
recorded_boot_load(const struct recorded_boot *boot)
{
    struct round *r = round_start(banks, 3);
    buffer_reset(&r->b.log);
    load_pcrs(boot, &r->b);
    if (boot->log)
        load(boot, boot->log, &r->b.log);
    load(boot, boot->ima, &r->b.ima);
    quote_double_take(&r->q, &r->b);
    return r;
}
