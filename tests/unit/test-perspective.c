/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a perspective: trial, owners, and whose signatures its documents need; and what
 * must not come into force at all. */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/key.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/jws_builder.h"
#include "tests/lib/rsa_key.h"
#include "tests/lib/test.h"

#include <openssl/ec.h>
#include <string.h>

static struct hasher *h;
static EVP_PKEY *maker, *owner;

/* ---- trial ---- */

static void
a_perspective_on_trial_is_judged_and_does_not_count(void **state)
{
    (void)state;
    struct appraise_case *c = appraise_case_ready();
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

/* Its policy is the first by id: what it alone would note is neither the boot's generation nor said
 * in the token. */
static void
a_perspective_on_trial_notes_nothing_beside_one_that_counts(void **state)
{
    (void)state;
    struct appraise_case *c = appraise_case_ready();
    appraise_case_profile(c, 4, "other");
    buffer_append(&c->documents[2], buffer_bytes(&c->documents[0]));
    appraise_case_edit(c, 2, "\"gateways\"", "\"a-new\"");
    appraise_case_edit(c, 2, "\"owner\"", "\"next\"");
    appraise_case_edit(c, 2, "[\"boot\"], \"effect\"", "[\"other\"], \"effect\"");
    appraise_case_run(c);
    assert_string_equal("other", appraisal_generation(c->appraisal));
    buffer_append_text(&c->documents[3], "{\"type\":\"perspective\",\"id\":\"next\",\"version\":1,"
                                         "\"trial\":true}");
    appraise_case_run(c);
    const struct reasons *facts = appraisal_facts(c->appraisal);
    assert_string_equal("boot", appraisal_generation(c->appraisal));
    for (size_t i = 0; i < facts->n_items; i++)
        assert_string_not_equal("other", facts->items[i].found);
    assert_int_equal(2, appraisal_n_perspectives(c->appraisal));
    buffer_reset(&c->documents[0]);
    appraise_case_run(c); /* all are on trial: what it notes is all there is */
    assert_string_equal("other", appraisal_generation(c->appraisal));
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

static const char *
others(const struct documents *d, enum document_kind kind, const char *id, const char *actor)
{
    const char *perspective = documents_owned_by_others(d, kind, id, actor);
    return perspective ? perspective : "";
}

/* Signatures say who may change a set, and not who may leave its states out. */
static void
threat_55_knows_what_owned_policies_rest_on(void **state)
{
    (void)state;
    for (int is_signed = 0; is_signed <= 1; is_signed++) {
        struct texts t = {0};
        CLEANUP(documents_unrefp) struct documents *d = NULL;
        struct diag diag = {0};
        struct buffer *said = &t.items[t.n++];
        buffer_append_text(said, "{\"type\":\"perspective\",\"id\":\"owner\",\"version\":1,"
                                 "\"owners\":[\"ann\"]");
        if (is_signed) {
            buffer_append_text(said, ",\"signers\":[{\"name\":\"ann\",\"policies\":true,"
                                     "\"roles\":[\"*\"],\"key\":\"");
            jws_builder_pem(said, owner, true);
            buffer_append_text(said, "\"}]");
        }
        buffer_append_text(said, "}");
        static const char *const texts[] = {POLICY, SET, STATES};
        for (size_t i = 0; i < 3; i++) {
            if (is_signed)
                jws_builder_compact(&t.items[t.n++], texts[i], owner, "{\"alg\":\"ES256\"}");
            else
                add(&t, texts[i]);
        }
        if (compile(&t, &d, &diag) != STATUS_OK)
            fail_msg("%s", diag.text);
        assert_string_equal(is_signed ? "" : "owner", others(d, DOCUMENT_REFERENCE, "set", "eve"));
        assert_string_equal("owner", others(d, DOCUMENT_GENERATIONS, "g", "eve"));
        assert_string_equal("", others(d, DOCUMENT_GENERATIONS, "set", "eve"));
        assert_string_equal("", others(d, DOCUMENT_REFERENCE, "unused", "eve"));
        assert_string_equal("", others(d, DOCUMENT_REFERENCE, "set", "ann"));
        assert_string_equal("", others(d, DOCUMENT_GENERATIONS, "g", "ann"));
        clear_texts(&t);
    }
}

/* ---- signers ---- */

static void
add_perspective(struct texts *t, const char *makers_rights)
{
    struct buffer *out = &t->items[t->n++];
    buffer_append_text(out, "{\"type\":\"perspective\",\"id\":\"owner\",\"version\":1,\"signers\":"
                            "[{\"name\":\"maker\",\"key\":\"");
    jws_builder_pem(out, maker, true);
    buffer_append_format(out, "\",%s},{\"name\":\"ann\",\"policies\":true,\"key\":\"",
                         makers_rights);
    jws_builder_pem(out, owner, true);
    buffer_append_text(out, "\"}]}");
}

static void
add_signed(struct texts *t, const char *text, EVP_PKEY *key)
{
    jws_builder_compact(&t->items[t->n++], text, key,
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
    does_not_compile(&kernel,
                     "reference set: maker may not sign kernel of PCR 4 in the perspective owner");
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

/* A role is a name: what a signer of firmware calls its own could stand where kernels do. */
static void
keeps_a_signer_to_the_pcrs_of_its_components(void **state)
{
    (void)state;
    static const char boot[] =
        "{\"type\":\"reference\",\"id\":\"set\",\"version\":1,\"components\":["
        "{\"role\":\"firmware\",\"pcr\":%u,\"values\":[{\"any\":true}]}]}";
    for (unsigned pcr = 0; pcr <= 4; pcr += 4) {
        CLEANUP(buffer_free) struct buffer set = {0};
        struct texts t = {0};
        buffer_append_format(&set, boot, pcr);
        add_perspective(&t, "\"roles\":[\"firm*\"],\"pcrs\":[0,2]");
        add_signed(&t, POLICY, owner);
        add_signed(&t, buffer_text(&set), maker);
        if (pcr == 0)
            compiles(&t);
        else
            does_not_compile(&t, "reference set: maker may not sign firmware of PCR 4 in the "
                                 "perspective owner");
        clear_texts(&t);
    }
}

/* One row: what the set says besides its role, and the right that its signer then needs. */
static void
keeps_a_signer_of_sets_to_what_else_it_may_sign(void **state)
{
    (void)state;
#define HEX_32 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    static const struct {
        const char *member, *right, *says;
    } rows[] = {
        {"\"files\":[\"sha256:" HEX_32 "\"]", "\"files\":true", "maker may not sign files"},
        {"\"command_lines\":[\"ro\"]", "\"command_lines\":true",
         "maker may not sign command lines"},
        {"\"dbx\":[\"sha256:" HEX_32 "\"]", "\"secure_boot\":true", "maker may not sign dbx lists"},
    };
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        bool may = i % 2 == 0;
        CLEANUP(buffer_free) struct buffer set = {0};
        CLEANUP(buffer_free) struct buffer rights = {0};
        struct texts t = {0};
        buffer_append_format(&set, "%.*s,%s}", (int)(strlen(SET) - 1), SET, rows[i / 2].member);
        buffer_append_format(&rights, "\"roles\":[\"firm*\"]%s%s", may ? "," : "",
                             may ? rows[i / 2].right : "");
        add_perspective(&t, buffer_text(&rights));
        add_signed(&t, POLICY, owner);
        add_signed(&t, buffer_text(&set), maker);
        if (may)
            compiles(&t);
        else
            does_not_compile(&t, rows[i / 2].says);
        clear_texts(&t);
    }
#undef HEX_32
}

static void
a_signature_of_another_kind_of_key_does_not_count(void **state)
{
    (void)state;
    struct texts t = {0};
    add_perspective(&t, "\"roles\":[\"firm*\"]");
    jws_builder_compact(&t.items[t.n++], POLICY, owner, "{\"alg\":\"PS256\"}");
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
        cmocka_unit_test(a_perspective_on_trial_notes_nothing_beside_one_that_counts),
        cmocka_unit_test(lets_owners_put_documents),
        cmocka_unit_test(threat_55_knows_what_owned_policies_rest_on),
        cmocka_unit_test(takes_documents_that_its_signers_signed),
        cmocka_unit_test(refuses_documents_that_they_did_not_sign),
        cmocka_unit_test(keeps_each_signer_to_what_it_may_sign),
        cmocka_unit_test(keeps_a_signer_to_the_pcrs_of_its_components),
        cmocka_unit_test(keeps_a_signer_of_sets_to_what_else_it_may_sign),
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
