/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies of an enrolment are read within their limits or refused by their member's name.
 * max_len: 4096 */
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/enrollment_json.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag diag = {0};
    uint8_t proof[DIGEST_SHA256_SIZE];
    CLEANUP(enrollment_body_free) struct enrollment_body body = {0};
    enum status s = enrollment_body_parse(bytes_of(data, size), &body, &diag);
    assert(s == STATUS_OK || s == STATUS_MALFORMED || s == STATUS_LIMIT);
    assert(s == STATUS_OK || diag.text[0] != '\0');
    if (s == STATUS_OK) {
        assert(body.n_eks >= 1 && body.n_eks <= LIMIT_CERTS);
        CLEANUP(buffer_free) struct buffer json = {0};
        struct enrollment_tpm tpm;
        s = enrollment_tpm_encode(&body, NULL, &json);
        assert(s == STATUS_OK && text_is_printable(buffer_bytes(&json)));
        enrollment_tpm_parse(buffer_text(&json), &tpm);
        assert(tpm.manufacturer == body.claimed_manufacturer);
    }
    s = enrollment_proof_parse(bytes_of(data, size), proof, &diag);
    assert(s == STATUS_OK || s == STATUS_MALFORMED);
    return 0;
}
