/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/quote_double.h"

void
quote_double_take(struct quote *q, const struct log_builder *b)
{
    *q = (struct quote){.selection.n_banks = b->n_banks};
    for (size_t bank = 0; bank < b->n_banks; bank++) {
        q->selection.banks[bank] = (struct selection_bank){.alg = b->banks[bank], .mask = 0xFFFF};
        for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++)
            q->pcr[bank][pcr] = b->pcr[bank][pcr];
    }
}

const struct selection *
quote_selection(const struct quote *q)
{
    return &q->selection;
}

const struct digest *
quote_pcr(const struct quote *q, uint16_t alg, uint32_t pcr)
{
    for (size_t bank = 0; bank < q->selection.n_banks; bank++) {
        if (q->selection.banks[bank].alg == alg && pcr < LIMIT_PCRS &&
            (q->selection.banks[bank].mask & (1u << pcr)) != 0)
            return &q->pcr[bank][pcr];
    }
    return NULL;
}
