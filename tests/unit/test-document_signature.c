/* SPDX-License-Identifier: Apache-2.0 */
/* Which texts are signed documents, and which are refused for looking like one. */
#include "appraise/documents.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/key.h"
#include "tests/lib/jws_builder.h"
#include "tests/lib/test.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <string.h>

static struct hasher *h;
static EVP_PKEY *owner;

#define POLICY                                                                                     \
    "{\"type\":\"policy\",\"id\":\"p\",\"version\":1,\"perspective\":\"owner\",\"select\":"        \
    "{\"all\":true},\"boot\":{\"references\":[\"set\"]}}"
#define HEADER "eyJhbGciOiJFUzI1NiJ9" /* {"alg":"ES256"} */

static void
reads_both_serializations(void **state)
{
    (void)state;
    struct diag diag = {0};
    CLEANUP(buffer_free) struct buffer compact = {0};
    CLEANUP(buffer_free) struct buffer flat = {0};
    jws_builder_compact(&compact, POLICY, owner, "{\"alg\":\"ES256\",\"kid\":\"1\"}");
    char *text = strdup(buffer_text(&compact));
    char *payload = strchr(text, '.');
    *payload++ = '\0';
    char *signature = strchr(payload, '.');
    *signature++ = '\0';
    buffer_append_format(&flat, "{\"payload\":\"%s\",\"protected\":\"%s\",\"signature\":\"%s\"}",
                         payload, text, signature);
    free(text);
    const struct buffer *both[] = {&compact, &flat};
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(document_freep) struct document *d = NULL;
        assert_status(STATUS_OK, document_parse(h, buffer_bytes(both[i]), &d, &diag));
        assert_true(document_info(d)->is_signed);
        assert_string_equal("p", document_info(d)->id);
    }
    CLEANUP(document_freep) struct document *plain = NULL;
    assert_status(STATUS_OK, document_parse(h, bytes_of_text(POLICY), &plain, &diag));
    assert_false(document_info(plain)->is_signed);
}

static void
refuses_a_header_that_it_does_not_know(void **state)
{
    (void)state;
    static const char *const headers[] = {"{\"alg\":\"none\"}", "{\"alg\":\"HS256\"}",
                                          "{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}",
                                          "{\"kid\":\"x\"}", "x"};
    for (size_t i = 0; i < 5; i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        struct document *d = NULL;
        struct diag diag = {0};
        jws_builder_compact(&text, POLICY, owner, headers[i]);
        assert_status(STATUS_INVALID, document_parse(h, buffer_bytes(&text), &d, &diag));
    }
}

static void
refuses(const char *text, const char *says)
{
    struct document *d = NULL;
    struct diag diag = {0};
    assert_status(STATUS_INVALID, document_parse(h, bytes_of_text(text), &d, &diag));
    assert_null(d);
    if (!strstr(diag.text, says))
        fail_msg("%s: says \"%s\", not \"%s\"", text, diag.text, says);
}

static void
refuses_a_compact_text_that_lacks_a_part(void **state)
{
    (void)state;
    refuses(HEADER, "not well-formed JSON");
    refuses(HEADER ".e30", "not well-formed JSON");
    refuses(HEADER ".e30.", "the signature is not base64url");
}

static void
refuses_a_part_that_is_not_base64url(void **state)
{
    (void)state;
    refuses("eyJ*.e30.AAAA", "the protected header is not base64url");
    refuses(HEADER ".e3*.AAAA", "the payload is not base64url");
    refuses(HEADER ".e30.A===", "the signature is not base64url");
}

/* Of what begins like a document it is told what is wrong with it as a document. */
static void
takes_no_document_for_a_signature_because_it_has_a_payload(void **state)
{
    (void)state;
    refuses("{\"type\":\"policy\",\"payload\":\"e30\"}", "payload: unknown key");
    refuses("{\"payload\":\"e30\"}", "\"protected\" is missing");
}

static int
start(void **state)
{
    (void)state;
    owner = EVP_EC_gen("P-256");
    return owner && hasher_new(&h) == STATUS_OK ? 0 : -1;
}

static int
finish(void **state)
{
    (void)state;
    evp_pkey_freep(&owner);
    hasher_freep(&h);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_both_serializations),
        cmocka_unit_test(refuses_a_header_that_it_does_not_know),
        cmocka_unit_test(refuses_a_compact_text_that_lacks_a_part),
        cmocka_unit_test(refuses_a_part_that_is_not_base64url),
        cmocka_unit_test(takes_no_document_for_a_signature_because_it_has_a_payload),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
