/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PCR that changes between the quote and the reading of the PCRs. Linked with
 * --wrap=Esys_PCR_Read: the wrapper extends PCR 16 first, as often as a test says.
 */
#include "agent/tpm_esys.h"
#include "agent/tpm_key.h"
#include "base/cleanup.h"
#include "evidence/tpm_wire.h"
#include "tests/lib/test.h"
#include "tests/tpm/swtpm.h"

#include <string.h>

#define DEBUG_PCR ESYS_TR_PCR16

static struct swtpm machine;
static unsigned n_changes; /* to come */
static unsigned n_reads;

TSS2_RC __real_Esys_PCR_Read(ESYS_CONTEXT *context, ESYS_TR s1, ESYS_TR s2, ESYS_TR s3,
                             const TPML_PCR_SELECTION *in, UINT32 *counter,
                             TPML_PCR_SELECTION **out, TPML_DIGEST **values);
TSS2_RC __wrap_Esys_PCR_Read(ESYS_CONTEXT *context, ESYS_TR s1, ESYS_TR s2, ESYS_TR s3,
                             const TPML_PCR_SELECTION *in, UINT32 *counter,
                             TPML_PCR_SELECTION **out, TPML_DIGEST **values);

TSS2_RC
__wrap_Esys_PCR_Read(ESYS_CONTEXT *context, ESYS_TR s1, ESYS_TR s2, ESYS_TR s3,
                     const TPML_PCR_SELECTION *in, UINT32 *counter, TPML_PCR_SELECTION **out,
                     TPML_DIGEST **values)
{
    n_reads++;
    if (n_changes > 0) {
        TPML_DIGEST_VALUES digests = {.count = 1, .digests = {{.hashAlg = TPM2_ALG_SHA256}}};
        n_changes--;
        assert_int_equal(0, Esys_PCR_Extend(context, DEBUG_PCR, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                            ESYS_TR_NONE, &digests));
    }
    return __real_Esys_PCR_Read(context, s1, s2, s3, in, counter, out, values);
}

static int
setup(void **state)
{
    (void)state;
    swtpm_open_bare(&machine);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    swtpm_close(&machine);
    return 0;
}

static enum status
quote(struct tpm_quote *q)
{
    static const struct selection selection = {.n_banks = 1,
                                               .banks = {{.alg = ALG_SHA256, .mask = 1u << 16}}};
    CLEANUP(tpm_closep) struct tpm *t = NULL;
    CLEANUP(tpm_key_close) struct tpm_key ak = {0};
    n_reads = 0;
    assert_status(STATUS_OK, tpm_open(machine.tcti, &t, NULL));
    assert_status(STATUS_OK, tpm_ak_create(t, TPM_AK_P256, 0, &ak, NULL));
    return tpm_quote_get(&ak, bytes_of("nonce", 5), &selection, q, NULL);
}

/* The values are the quoted ones: their hash is the quote's composite. */
static void
expect_agreement(const struct tpm_quote *q)
{
    struct hasher *h = NULL;
    struct tpm_attest attest;
    struct digest composite;
    assert_status(STATUS_OK, hasher_new(&h));
    assert_status(STATUS_OK, tpm_attest_parse(buffer_bytes(&q->attest), &attest, NULL));
    assert_status(STATUS_OK, digest_compute(h, ALG_SHA256, buffer_bytes(&q->pcrs), &composite));
    assert_true(digest_equal_bytes(&composite, attest.pcr_digest));
    hasher_free(h);
}

static void
reads_once_when_nothing_changes(void **state)
{
    (void)state;
    CLEANUP(tpm_quote_free) struct tpm_quote q = {0};
    n_changes = 0;
    assert_status(STATUS_OK, quote(&q));
    assert_int_equal(1, n_reads);
    expect_agreement(&q);
}

static void
quotes_again_until_the_values_agree(void **state)
{
    (void)state;
    CLEANUP(tpm_quote_free) struct tpm_quote q = {0};
    n_changes = 3;
    assert_status(STATUS_OK, quote(&q));
    assert_int_equal(4, n_reads);
    expect_agreement(&q);
}

static void
gives_up_when_they_never_do(void **state)
{
    (void)state;
    CLEANUP(tpm_quote_free) struct tpm_quote q = {0};
    n_changes = 1000;
    assert_status(STATUS_CONFLICT, quote(&q));
    n_changes = 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_once_when_nothing_changes),
        cmocka_unit_test(quotes_again_until_the_values_agree),
        cmocka_unit_test(gives_up_when_they_never_do),
    };
    if (!swtpm_available())
        return 77;
    return cmocka_run_group_tests(tests, setup, teardown);
}
