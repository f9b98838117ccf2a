/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/settings.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/test.h"

#include <string.h>

#define PIN "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static enum status
load(const char *const *overrides, size_t n, struct settings *out, struct diag *diag)
{
    *diag = (struct diag){0};
    return settings_load("/dev/null", overrides, n, out, diag);
}

static enum status
load_one(const char *override, struct diag *diag)
{
    CLEANUP(settings_free) struct settings s = {0};
    return load(&override, 1, &s, diag);
}

static void
has_defaults_for_a_machine_with_a_tpm(void **state)
{
    (void)state;
    CLEANUP(settings_free) struct settings s = {0};
    struct diag diag;
    assert_status(STATUS_OK, load(NULL, 0, &s, &diag));
    assert_string_equal("device:/dev/tpmrm0", s.tcti);
    assert_int_equal(TPM_AK_P256, s.ak_algorithm);
    assert_int_equal(0, s.ak_counter);
    assert_null(s.ek_algorithm);
    assert_int_equal(300, s.interval_s);
    assert_false(s.enroll_automatic);
    assert_null(s.token_file);
    assert_non_null(s.boot_log);
}

static void
takes_an_origin_in_one_spelling_only(void **state)
{
    (void)state;
    static const struct {
        const char *override;
        enum status status;
    } cases[] = {
        {"verifier.url=https://verifier.example", STATUS_OK},
        {"verifier.url=https://verifier.example:8443", STATUS_OK},
        {"verifier.url=https://[2001:db8::1]:8443", STATUS_OK},
        {"verifier.url=http://verifier.example", STATUS_INVALID},
        {"verifier.url=https://", STATUS_INVALID},
        {"verifier.url=https://Verifier.example", STATUS_INVALID},
        {"verifier.url=https://verifier.example/", STATUS_INVALID},
        {"verifier.url=https://verifier.example/v1", STATUS_INVALID},
        {"verifier.url=https://verifier.example:443", STATUS_INVALID},
        {"verifier.url=https://verifier.example:0", STATUS_INVALID},
        {"verifier.url=https://verifier.example:65536", STATUS_INVALID},
        {"verifier.url=https://user@verifier.example", STATUS_INVALID},
        {"verifier.url=https://[2001:db8::1", STATUS_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct diag diag;
        print_message("%s\n", cases[i].override);
        assert_status(cases[i].status, load_one(cases[i].override, &diag));
    }
}

static void
refuses_values_out_of_their_range(void **state)
{
    (void)state;
    static const char *const overrides[] = {
        "verifier.exporter=maybe",     "verifier.timeout=0s",
        "verifier.connect_timeout=2h", "tpm.ek=p521",
        "tpm.ak_algorithm=ed25519",    "tpm.ak_counter=4294967296",
        "round.interval=4s",           "round.retry_min=0s",
        "round.retry_max=1s",          "state.directory=relative",
        "verifier.pinned_key=0011",    "enrollment.automatic=perhaps",
        "round.interval=fast",
    };
    for (size_t i = 0; i < sizeof overrides / sizeof overrides[0]; i++) {
        struct diag diag;
        print_message("%s\n", overrides[i]);
        assert_status(STATUS_INVALID, load_one(overrides[i], &diag));
        assert_true(diag.text[0] != '\0');
    }
}

static void
refuses_a_malformed_or_unknown_override(void **state)
{
    (void)state;
    struct diag diag;
    assert_status(STATUS_INVALID, load_one("verifier", &diag));
    assert_status(STATUS_INVALID, load_one("url=https://x", &diag));
    assert_status(STATUS_INVALID, load_one("verifier.nothing=1", &diag));
    assert_non_null(strstr(diag.text, "verifier.nothing"));
}

static void
keeps_up_to_four_pins(void **state)
{
    (void)state;
    CLEANUP(settings_free) struct settings s = {0};
    struct diag diag;
    const char *four = "verifier.pinned_key=" PIN " " PIN "," PIN " " PIN;
    assert_status(STATUS_OK, load(&four, 1, &s, &diag));
    assert_int_equal(4, s.n_pins);
    assert_hex(PIN, bytes_of(s.pins[3], sizeof s.pins[3]));
    assert_status(STATUS_INVALID,
                  load_one("verifier.pinned_key=" PIN " " PIN " " PIN " " PIN " " PIN, &diag));
}

static enum status
check_with(const char *first, const char *second)
{
    CLEANUP(settings_free) struct settings s = {0};
    struct diag diag;
    const char *const both[] = {first, second};
    assert_status(STATUS_OK, load(both, second ? 2 : 1, &s, &diag));
    return settings_check_verifier(&s, &diag);
}

static void
wants_a_verifier_and_a_way_to_know_it(void **state)
{
    (void)state;
    assert_status(STATUS_INVALID, check_with("verifier.ca_file=/ca.pem", NULL));
    assert_status(STATUS_INVALID, check_with("verifier.url=https://v", NULL));
    assert_status(STATUS_INVALID, check_with("verifier.url=https://v", "verifier.ca_file=none"));
    assert_status(STATUS_OK, check_with("verifier.url=https://v", "verifier.ca_file=/ca.pem"));
    assert_status(STATUS_OK, check_with("verifier.url=https://v", "verifier.pinned_key=" PIN));
}

static void
takes_none_for_no_log(void **state)
{
    (void)state;
    CLEANUP(settings_free) struct settings s = {0};
    struct diag diag;
    const char *none = "logs.ima=none";
    assert_status(STATUS_OK, load(&none, 1, &s, &diag));
    assert_null(s.ima_log);
}

static void
says_that_a_named_file_is_missing(void **state)
{
    (void)state;
    CLEANUP(settings_free) struct settings s = {0};
    struct diag diag = {0};
    assert_status(STATUS_NOT_FOUND, settings_load("/nowhere.conf", NULL, 0, &s, &diag));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_defaults_for_a_machine_with_a_tpm),
        cmocka_unit_test(takes_an_origin_in_one_spelling_only),
        cmocka_unit_test(refuses_values_out_of_their_range),
        cmocka_unit_test(refuses_a_malformed_or_unknown_override),
        cmocka_unit_test(keeps_up_to_four_pins),
        cmocka_unit_test(wants_a_verifier_and_a_way_to_know_it),
        cmocka_unit_test(takes_none_for_no_log),
        cmocka_unit_test(says_that_a_named_file_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
