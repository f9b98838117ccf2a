/* SPDX-License-Identifier: Apache-2.0 */
/* from: a hash algorithm; to: the digests that EK policies have with it; never: asks the TPM. */
#include "agent/ek_policy.h"

#include "base/cleanup.h"
#include "evidence/tpm_wire.h"

#define CC_POLICY_SECRET       0x00000151u /* TPM2 P2 6.5.2 */
#define CC_POLICY_OR           0x00000171u
#define CC_POLICY_AUTHORIZE_NV 0x00000192u
#define POLICY_INDEX_WRITTEN   0x220F1008u /* TPMA_NV of a policy index, TPMA_NV_WRITTEN set */

/* NV indices that hold an authorised policy, one a hash. */
static const struct {
    uint16_t alg;
    uint32_t index;
} policy_indices[] = {
    {ALG_SHA256, 0x01C07F01u},
    {ALG_SHA384, 0x01C07F02u},
    {ALG_SHA512, 0x01C07F03u},
};

/* A: TPM2_PolicySecret with the endorsement hierarchy and no policyRef: extended twice, the second
 * time with nothing. [TPM2 P3 23.4, P1 19.7.3] */
static enum status
compute_a(struct hasher *h, uint16_t alg, struct digest *out)
{
    CLEANUP(buffer_free) struct buffer update = {0};
    buffer_append_be32(&update, CC_POLICY_SECRET);
    buffer_append_be32(&update, TPM_RH_ENDORSEMENT);
    enum status s = buffer_check(&update);
    if (s != STATUS_OK)
        return s;
    struct digest start = digest_reset(alg, 0);
    struct digest once = {0};
    struct bytes parts[] = {digest_bytes(&start), buffer_bytes(&update)};
    s = digest_compute_parts(h, alg, parts, 2, &once);
    return s == STATUS_OK ? digest_compute(h, alg, digest_bytes(&once), out) : s;
}

/* Name of the policy index: nameAlg || H(TPMS_NV_PUBLIC). */
static enum status
append_index_name(struct hasher *h, uint32_t index, const struct digest *a, struct buffer *out)
{
    CLEANUP(buffer_free) struct buffer public = {0};
    buffer_append_be32(&public, index);
    buffer_append_be16(&public, a->alg);
    buffer_append_be32(&public, POLICY_INDEX_WRITTEN);
    buffer_append_tpm2b(&public, digest_bytes(a));
    buffer_append_be16(&public, (uint16_t)(a->size + 2));
    enum status s = buffer_check(&public);
    struct digest name = {0};
    if (s == STATUS_OK)
        s = digest_compute(h, a->alg, buffer_bytes(&public), &name);
    buffer_append_be16(out, a->alg);
    buffer_append(out, digest_bytes(&name));
    return s;
}

static enum status
compute_c(struct hasher *h, uint32_t index, const struct digest *a, struct digest *out)
{
    CLEANUP(buffer_free) struct buffer update = {0};
    struct digest start = digest_reset(a->alg, 0);
    buffer_append(&update, digest_bytes(&start));
    buffer_append_be32(&update, CC_POLICY_AUTHORIZE_NV);
    enum status s = append_index_name(h, index, a, &update);
    if (s != STATUS_OK)
        return s;
    s = buffer_check(&update);
    return s == STATUS_OK ? digest_compute(h, a->alg, buffer_bytes(&update), out) : s;
}

static enum status
compute_b(struct hasher *h, const struct digest *a, const struct digest *c, struct digest *out)
{
    CLEANUP(buffer_free) struct buffer update = {0};
    struct digest start = digest_reset(a->alg, 0);
    buffer_append(&update, digest_bytes(&start));
    buffer_append_be32(&update, CC_POLICY_OR);
    buffer_append(&update, digest_bytes(a));
    buffer_append(&update, digest_bytes(c));
    enum status s = buffer_check(&update);
    return s == STATUS_OK ? digest_compute(h, a->alg, buffer_bytes(&update), out) : s;
}

enum status
ek_policy_compute(struct hasher *h, uint16_t alg, struct ek_policy *out)
{
    *out = (struct ek_policy){0};
    uint32_t index = 0;
    for (size_t i = 0; i < sizeof policy_indices / sizeof policy_indices[0]; i++) {
        if (policy_indices[i].alg == alg)
            index = policy_indices[i].index;
    }
    if (index == 0)
        return STATUS_UNSUPPORTED;
    enum status s = compute_a(h, alg, &out->a);
    if (s == STATUS_OK)
        s = compute_c(h, index, &out->a, &out->c);
    return s == STATUS_OK ? compute_b(h, &out->a, &out->c, &out->b) : s;
}
