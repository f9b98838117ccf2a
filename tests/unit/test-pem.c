/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "evidence/pem.h"
#include "tests/lib/test.h"

#define SIXTY_FOUR "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static enum status
read_block(const char *text, struct buffer *der)
{
    struct bytes rest = bytes_of_text(text);
    char label[PEM_LABEL_SIZE] = "";
    return pem_next(&rest, label, der);
}

static void
reads_block_after_block(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer der = {0};
    char label[PEM_LABEL_SIZE];
    struct bytes rest = bytes_of_text("text\n-----BEGIN A-----\nAAEC\n-----END A-----\n"
                                      "-----BEGIN B C-----\r\n\tAA\n ==\r\n-----END B C-----");
    assert_status(STATUS_OK, pem_next(&rest, label, &der));
    assert_string_equal("A", label);
    assert_hex("000102", buffer_bytes(&der));
    assert_status(STATUS_OK, pem_next(&rest, label, &der));
    assert_string_equal("B C", label);
    assert_hex("00", buffer_bytes(&der));
    assert_status(STATUS_NOT_FOUND, pem_next(&rest, label, &der));
}

static void
refuses_what_is_no_whole_block(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "-----BEGIN A",                           /* no end of the line */
        "-----BEGIN -----\nAAEC\n-----END -----", /* no label */
        "-----BEGIN " SIXTY_FOUR "-----\nAAEC\n-----END " SIXTY_FOUR "-----",
        "-----BEGIN A\x01-----\nAAEC\n-----END A\x01-----", /* a control character */
        "-----BEGIN A-----\nAAEC\n",                        /* no end */
        "-----BEGIN A-----\nAAEC\n-----END A",              /* half an end */
        "-----BEGIN A-----\nAAEC\n-----END B-----",         /* another's end */
        "-----BEGIN A-----\n-----END A-----",               /* nothing inside */
        "-----BEGIN A-----\nAAE\n-----END A-----",          /* not four by four */
        "-----BEGIN A-----\nA=EC\n-----END A-----",         /* filler inside */
        "-----BEGIN A-----\nAA==AAEC\n-----END A-----",
        "-----BEGIN A-----\nA===\n-----END A-----",
        "-----BEGIN A-----\nAA*C\n-----END A-----",
        "-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nAAEC\n-----END A-----",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CLEANUP(buffer_free) struct buffer der = {0};
        if (read_block(bad[i], &der) != STATUS_MALFORMED)
            fail_msg("row %zu is taken", i);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_block_after_block),
        cmocka_unit_test(refuses_what_is_no_whole_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
