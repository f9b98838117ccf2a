/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/certificate_name.h"
#include "tests/lib/test.h"

#include <string.h>

#define CN(tag, name) 0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, tag, 0x0c, 0x02, name
/* SEQUENCE { SEQUENCE { [0], serial, alg, issuer, validity, subject {C, CN} } } */
static const uint8_t certificate[] = {
    0x30, 0x2f,          0x30, 0x2d, 0xa0, 0x00, 0x02, 0x01, 0x05,
    0x30, 0x00,          0x30, 0x00, 0x30, 0x00, 0x30, 0x1a, CN(0x06, 'x'),
    'y',  CN(0x03, 'A'), 'B',  0x30, 0x00, 0x30, 0x00, 0x30, 0x00,
};

static void
reads_the_common_name_of_a_certificate(void **state)
{
    (void)state;
    assert_hex("4142", certificate_name(bytes_of(certificate, sizeof certificate)));
}

static void
gives_no_name_for_what_is_no_certificate(void **state)
{
    (void)state;
    assert_int_equal(0, certificate_name((struct bytes){0}).size);
    for (size_t n = 0; n < 43; n++) /* what follows the subject does not matter */
        assert_int_equal(0, certificate_name(bytes_of(certificate, n)).size);
    uint8_t other[sizeof certificate];
    memcpy(other, certificate, sizeof other);
    other[0] = 0x31;
    assert_int_equal(0, certificate_name(bytes_of(other, sizeof other)).size);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_common_name_of_a_certificate),
        cmocka_unit_test(gives_no_name_for_what_is_no_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
