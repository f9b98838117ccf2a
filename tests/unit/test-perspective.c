/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a perspective: trial, owners, and whose signatures its documents need; and what
 * must not come into force at all. */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/key.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/rsa_key.h"
#include "tests/lib/test.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

static struct hasher *h;
static EVP_PKEY *maker, *owner;

/* ---- trial ---- */

static void
a_perspective_on_trial_is_judged_and_does_not_count(void **state)
{
    (void)state;
    struct appraise_case *c = appraise_case_new();
    appraise_case_boot(c);
    appraise_case_documents(c);
    buffer_append(&c->documents[2], buffer_bytes(&c->documents[0]));
    appraise_case_edit(c, 2, "\"gateways\"", "\"new\"");
    appraise_case_edit(c, 2, "\"owner\"", "\"next\"");
    appraise_case_edit(c, 2, "\"on\"", "\"off\"");
    appraise_case_edit(c, 2, "\"1h\"", "\"1m\"");
    appraise_case_run(c);
    assert_int_equal(VERDICT_UNTRUSTED, appraisal_verdict(c->appraisal));
    int64_t expires_s = appraisal_expires_s(c->appraisal);
    buffer_append_text(&c->documents[3], "{\"type\":\"perspective\",\"id\":\"next\",\"version\":1,"
                                         "\"trial\":true}");
    appraise_case_run(c);
    assert_int_equal(2, appraisal_n_perspectives(c->appraisal));
    assert_int_equal(VERDICT_TRUSTED, appraisal_verdict(c->appraisal));
    assert_true(expires_s < appraisal_expires_s(c->appraisal));
    for (size_t i = 0; i < 2; i++) {
        const struct appraisal_perspective *p = appraisal_perspective(c->appraisal, i);
        bool next = text_equal("next", p->name);
        assert_int_equal(next, p->trial);
        assert_int_equal(next ? VERDICT_UNTRUSTED : VERDICT_TRUSTED, p->verdict);
        assert_int_equal(next, p->reasons.n_items);
    }
    appraise_case_edit(c, 3, "\"next\"", "\"owner\"");
    appraise_case_run(c);
    assert_int_equal(VERDICT_UNTRUSTED, appraisal_verdict(c->appraisal));
    buffer_reset(&c->documents[2]);
    appraise_case_run(c);
    assert_int_equal(VERDICT_NONE, appraisal_verdict(c->appraisal)); /* all are on trial */
    appraise_case_free(c);
}

/* ---- compiling texts ---- */

#define TEXTS_MAX 8u

struct texts {
    size_t n;
    struct buffer items[TEXTS_MAX];
};

static void
clear_texts(struct texts *t)
{
    for (size_t i = 0; i < t->n; i++)
        buffer_free(&t->items[i]);
}

static void
add(struct texts *t, const char *text)
{
    buffer_append_text(&t->items[t->n++], text);
}

static enum status
compile(const struct texts *t, struct documents **out, struct diag *diag)
{
    struct document *list[TEXTS_MAX];
    for (size_t i = 0; i < t->n; i++) {
        if (document_parse(h, buffer_bytes(&t->items[i]), &list[i], diag) != STATUS_OK)
            fail_msg("text %zu: %s", i, diag->text);
    }
    return documents_new(list, t->n, 1, out, diag);
}

static void
compiles(const struct texts *t)
{
    CLEANUP(documents_unrefp) struct documents *d = NULL;
    struct diag diag = {0};
    if (compile(t, &d, &diag) != STATUS_OK)
        fail_msg("%s", diag.text);
}

static void
does_not_compile(const struct texts *t, const char *says)
{
    struct documents *d = NULL;
    struct diag diag = {0};
    assert_status(STATUS_INVALID, compile(t, &d, &diag));
    if (!strstr(diag.text, says))
        fail_msg("says \"%s\", not \"%s\"", diag.text, says);
}

#define POLICY                                                                                     \
    "{\"type\":\"policy\",\"id\":\"p\",\"version\":1,\"perspective\":\"owner\",\"select\":"        \
    "{\"all\":true},\"boot\":{\"references\":[\"set\"]}}"
#define SET                                                                                        \
    "{\"type\":\"reference\",\"id\":\"set\",\"version\":1,\"generation\":\"1\",\"components\":["   \
    "{\"role\":\"firmware\",\"pcr\":0,\"values\":[{\"any\":true}]}]}"
#define KERNELS                                                                                    \
    "{\"type\":\"reference\",\"id\":\"set\",\"version\":1,\"components\":["                        \
    "{\"role\":\"kernel\",\"pcr\":4,\"values\":[{\"any\":true}]}]}"
#define STATES                                                                                     \
    "{\"type\":\"generations\",\"id\":\"g\",\"version\":1,\"generations\":[{\"name\":\"1\","       \
    "\"status\":\"active\"}]}"

/* ---- owners ---- */

static void
lets_owners_put_documents(void **state)
{
    (void)state;
    struct texts t = {0};
    CLEANUP(documents_unrefp) struct documents *d = NULL;
    struct diag diag = {0};
    add(&t, "{\"type\":\"perspective\",\"id\":\"owner\",\"version\":1,\"owners\":[\"ann\","
            "\"bob\"]}");
    assert_status(STATUS_OK, compile(&t, &d, &diag));
    assert_true(documents_may_put(d, "owner", "bob"));
    assert_false(documents_may_put(d, "owner", "eve"));
    assert_true(documents_may_put(d, "maker", "eve"));
    clear_texts(&t);
}

/* ---- signers ---- */

static void
append_pem(struct buffer *out, const EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    assert_int_equal(1, PEM_write_bio_PUBKEY(bio, key));
    long size = BIO_get_mem_data(bio, &text);
    for (long i = 0; i < size; i++)
        buffer_append_text(out, text[i] == '\n' ? "\\n" : (char[]){text[i], '\0'});
    BIO_free(bio);
}

static void
add_perspective(struct texts *t, const char *makers_rights)
{
    struct buffer *out = &t->items[t->n++];
    buffer_append_text(out, "{\"type\":\"perspective\",\"id\":\"owner\",\"version\":1,\"signers\":"
                            "[{\"name\":\"maker\",\"key\":\"");
    append_pem(out, maker);
    buffer_append_format(out, "\",%s},{\"name\":\"ann\",\"policies\":true,\"key\":\"",
                         makers_rights);
    append_pem(out, owner);
    buffer_append_text(out, "\"}]}");
}

static void
append_signature(struct buffer *out, EVP_PKEY *key, struct bytes input)
{
    uint8_t raw[512];
    uint8_t fixed[64];
    size_t size = sizeof raw;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(1, EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key));
    assert_int_equal(1, EVP_DigestSign(ctx, raw, &size, input.data, input.size));
    EVP_MD_CTX_free(ctx);
    if (EVP_PKEY_is_a(key, "RSA")) {
        text_append_base64url(out, bytes_of(raw, size));
        return;
    }
    const uint8_t *at = raw;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)size);
    assert_int_equal(32, BN_bn2binpad(ECDSA_SIG_get0_r(sig), fixed, 32));
    assert_int_equal(32, BN_bn2binpad(ECDSA_SIG_get0_s(sig), fixed + 32, 32));
    ECDSA_SIG_free(sig);
    text_append_base64url(out, bytes_of(fixed, 64));
}

static void
append_compact(struct buffer *out, const char *text, EVP_PKEY *key, const char *header)
{
    text_append_base64url(out, bytes_of_text(header));
    buffer_append_text(out, ".");
    text_append_base64url(out, bytes_of_text(text));
    CLEANUP(buffer_free) struct buffer input = {0};
    buffer_append(&input, buffer_bytes(out));
    buffer_append_text(out, ".");
    append_signature(out, key, buffer_bytes(&input));
}

static void
add_signed(struct texts *t, const char *text, EVP_PKEY *key)
{
    append_compact(&t->items[t->n++], text, key,
                   EVP_PKEY_is_a(key, "RSA") ? "{\"alg\":\"RS256\"}" : "{\"alg\":\"ES256\"}");
}

static void
takes_documents_that_its_signers_signed(void **state)
{
    (void)state;
    struct texts t = {0};
    add_perspective(&t, "\"roles\":[\"firm*\"]");
    add_signed(&t, POLICY, owner);
    add_signed(&t, SET, maker);
    add_signed(&t, STATES, owner);
    compiles(&t);
    clear_texts(&t);
}

static void
refuses_documents_that_they_did_not_sign(void **state)
{
    (void)state;
    struct texts unsigned_policy = {0};
    add_perspective(&unsigned_policy, "\"roles\":[\"firm*\"]");
    add(&unsigned_policy, POLICY);
    add_signed(&unsigned_policy, SET, maker);
    does_not_compile(&unsigned_policy, "policy p: not signed by a signer");
    clear_texts(&unsigned_policy);
    struct texts unsigned_set = {0};
    add_perspective(&unsigned_set, "\"roles\":[\"firm*\"]");
    add_signed(&unsigned_set, POLICY, owner);
    add(&unsigned_set, SET);
    does_not_compile(&unsigned_set, "reference set: not signed by a signer");
    clear_texts(&unsigned_set);
    struct texts stranger = {0};
    EVP_PKEY *key = EVP_EC_gen("P-256");
    add_perspective(&stranger, "\"roles\":[\"firm*\"]");
    add_signed(&stranger, POLICY, key);
    add_signed(&stranger, SET, maker);
    does_not_compile(&stranger, "policy p: not signed by a signer");
    clear_texts(&stranger);
    evp_pkey_freep(&key);
}

static void
keeps_each_signer_to_what_it_may_sign(void **state)
{
    (void)state;
    struct texts kernel = {0};
    add_perspective(&kernel, "\"roles\":[\"firm*\"]");
    add_signed(&kernel, POLICY, owner);
    add_signed(&kernel, KERNELS, maker);
    does_not_compile(&kernel, "reference set: maker may not sign kernel in the perspective owner");
    clear_texts(&kernel);
    struct texts policy = {0};
    add_perspective(&policy, "\"roles\":[\"firm*\"]");
    add_signed(&policy, POLICY, maker);
    add_signed(&policy, SET, maker);
    does_not_compile(&policy, "policy p: maker may not sign policies");
    clear_texts(&policy);
    struct texts states = {0};
    add_perspective(&states, "\"roles\":[\"firm*\"]");
    add_signed(&states, POLICY, owner);
    add_signed(&states, SET, maker);
    add_signed(&states, STATES, maker);
    does_not_compile(&states, "generations g: maker may not sign generations");
    clear_texts(&states);
}

static void
reads_both_serializations(void **state)
{
    (void)state;
    struct diag diag = {0};
    CLEANUP(buffer_free) struct buffer compact = {0};
    CLEANUP(buffer_free) struct buffer flat = {0};
    append_compact(&compact, POLICY, owner, "{\"alg\":\"ES256\",\"kid\":\"1\"}");
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
        append_compact(&text, POLICY, owner, headers[i]);
        assert_status(STATUS_INVALID, document_parse(h, buffer_bytes(&text), &d, &diag));
    }
}

static void
a_signature_of_another_kind_of_key_does_not_count(void **state)
{
    (void)state;
    struct texts t = {0};
    add_perspective(&t, "\"roles\":[\"firm*\"]");
    append_compact(&t.items[t.n++], POLICY, owner, "{\"alg\":\"PS256\"}");
    add_signed(&t, SET, maker);
    does_not_compile(&t, "policy p: not signed by a signer");
    clear_texts(&t);
}

/* ---- sense ---- */

static void
refuses_a_policy_that_would_accept_everything(void **state)
{
    (void)state;
    struct texts t = {0};
    add(&t, "{\"type\":\"policy\",\"id\":\"p\",\"version\":1,\"perspective\":\"o\",\"select\":"
            "{\"all\":true},\"genuine\":{\"accept\":[\"verified\",\"software\",\"unverified\"]},"
            "\"member\":{\"accept\":[\"list\",\"token\",\"approval\",\"first-use\",\"none\"]}}");
    does_not_compile(&t, "policy p would accept everything");
    clear_texts(&t);
    struct texts less = {0};
    add(&less, "{\"type\":\"policy\",\"id\":\"p\",\"version\":1,\"perspective\":\"o\",\"select\":"
               "{\"all\":true},\"genuine\":{\"accept\":[\"verified\",\"unverified\"]},"
               "\"member\":{\"accept\":[\"list\",\"token\",\"approval\",\"first-use\",\"none\"]}}");
    compiles(&less);
    clear_texts(&less);
}

static void
refuses_to_announce_a_component_that_no_set_has(void **state)
{
    (void)state;
    static const char policy[] =
        "{\"type\":\"policy\",\"id\":\"p\",\"version\":1,\"perspective\":\"owner\",\"select\":"
        "{\"all\":true},\"boot\":{\"references\":[\"set\"]},\"announce\":{\"roles\":[\"%s\"]}}";
    static const char *const roles[] = {"firmware", "initrd"};
    for (size_t i = 0; i < 2; i++) {
        struct texts t = {0};
        buffer_append_format(&t.items[t.n++], policy, roles[i]);
        add(&t, SET);
        if (i == 0)
            compiles(&t);
        else
            does_not_compile(&t, "announce.roles[0]: no reference set of the boot rule has a "
                                 "component initrd");
        clear_texts(&t);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_perspective_on_trial_is_judged_and_does_not_count),
        cmocka_unit_test(lets_owners_put_documents),
        cmocka_unit_test(takes_documents_that_its_signers_signed),
        cmocka_unit_test(refuses_documents_that_they_did_not_sign),
        cmocka_unit_test(keeps_each_signer_to_what_it_may_sign),
        cmocka_unit_test(reads_both_serializations),
        cmocka_unit_test(refuses_a_header_that_it_does_not_know),
        cmocka_unit_test(a_signature_of_another_kind_of_key_does_not_count),
        cmocka_unit_test(refuses_a_policy_that_would_accept_everything),
        cmocka_unit_test(refuses_to_announce_a_component_that_no_set_has),
    };
    assert_status(STATUS_OK, hasher_new(&h));
    maker = rsa_key_next(2048);
    owner = EVP_EC_gen("P-256");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    evp_pkey_freep(&maker);
    evp_pkey_freep(&owner);
    hasher_freep(&h);
    return failed;
}
