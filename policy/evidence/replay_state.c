/* SPDX-License-Identifier: Apache-2.0 */
/* from: the state of a growing log; to: bytes that are kept with the boot, and back; never: takes a
 * state apart that it or its forerunner would not have made. */
#include "evidence/dcbor.h"
#include "evidence/replay.h"

#define CLAUSE "protocol 4"
#define N_KEYS 5u
#define N_OLD  3u /* what is kept of boots that began before there were more */
#define N_BANK 4u

/* {0: entries, 1: aggregate seen, 2: [[algorithm, value, mode, decided], ...], 3: aggregate bad,
 * 4: entries before the running kernel's list} */
enum key { KEY_ENTRIES, KEY_AGGREGATE, KEY_BANKS, KEY_AGGREGATE_BAD, KEY_LIST_FIRST };

enum status
replay_state_encode(const struct replay_state *s, struct buffer *out)
{
    dcbor_put_map(out, N_KEYS);
    dcbor_put_uint(out, KEY_ENTRIES);
    dcbor_put_uint(out, s->n_entries);
    dcbor_put_uint(out, KEY_AGGREGATE);
    dcbor_put_bool(out, s->aggregate_seen);
    dcbor_put_uint(out, KEY_BANKS);
    dcbor_put_array(out, s->n_banks);
    for (size_t i = 0; i < s->n_banks; i++) {
        dcbor_put_array(out, N_BANK);
        dcbor_put_uint(out, s->banks[i].pcr.alg);
        dcbor_put_bytes(out, digest_bytes(&s->banks[i].pcr));
        dcbor_put_uint(out, s->banks[i].mode);
        dcbor_put_bool(out, s->banks[i].decided);
    }
    dcbor_put_uint(out, KEY_AGGREGATE_BAD);
    dcbor_put_bool(out, s->aggregate_bad);
    dcbor_put_uint(out, KEY_LIST_FIRST);
    dcbor_put_uint(out, s->list_first);
    return buffer_check(out);
}

static void
parse_bank(struct dcbor *r, struct replay_bank *out)
{
    if (dcbor_array(r) != N_BANK)
        dcbor_fail(r);
    uint64_t alg = dcbor_uint(r);
    struct bytes value = dcbor_bytes(r);
    uint64_t mode = dcbor_uint(r);
    out->decided = dcbor_bool(r);
    if (alg > UINT16_MAX || mode >= IMA_N_MODES ||
        digest_from((uint16_t)alg, value, &out->pcr) != STATUS_OK)
        dcbor_fail(r);
    else
        out->mode = (enum ima_mode)mode;
}

static void
expect_key(struct dcbor *r, enum key key)
{
    if (dcbor_uint(r) != key)
        dcbor_fail(r);
}

static void
parse_rest(struct dcbor *r, struct replay_state *out)
{
    expect_key(r, KEY_AGGREGATE_BAD);
    out->aggregate_bad = dcbor_bool(r);
    expect_key(r, KEY_LIST_FIRST);
    out->list_first = dcbor_uint(r);
    if (out->list_first > out->n_entries)
        dcbor_fail(r);
}

enum status
replay_state_parse(struct bytes in, struct replay_state *out, struct diag *diag)
{
    *out = (struct replay_state){0};
    struct dcbor r = dcbor_of(in);
    size_t n_keys = dcbor_map(&r);
    if (n_keys != N_KEYS && n_keys != N_OLD)
        dcbor_fail(&r);
    expect_key(&r, KEY_ENTRIES);
    out->n_entries = dcbor_uint(&r);
    expect_key(&r, KEY_AGGREGATE);
    out->aggregate_seen = dcbor_bool(&r);
    expect_key(&r, KEY_BANKS);
    out->n_banks = dcbor_array(&r);
    if (out->n_banks > LIMIT_BANKS)
        dcbor_fail(&r);
    for (size_t i = 0; !r.failed && i < out->n_banks; i++)
        parse_bank(&r, &out->banks[i]);
    if (n_keys == N_KEYS)
        parse_rest(&r, out);
    enum status s = dcbor_end(&r, CLAUSE, diag);
    if (s != STATUS_OK)
        *out = (struct replay_state){0};
    return s;
}
