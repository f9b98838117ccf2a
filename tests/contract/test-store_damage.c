/* SPDX-License-Identifier: Apache-2.0 */
/* A row that cannot be read is refused, and stops nobody else. */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/contract/contract.h"

#include <sqlite3.h>
#include <string.h>

static void
meddle(void **state, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(((struct contract *)*state)->location, &db));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, sql, NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

/* Three devices; the second has attested with logs. */
static struct store *
fill(void **state)
{
    struct store *s = contract_store(state);
    for (unsigned n = 0; n < 3; n++)
        contract_enroll(s, n);
    struct store_round r = contract_round(s, 1, "a1");
    r.ima_segment = bytes_of_text("entries");
    r.userspace_log = bytes_of_text("records");
    assert_status(STATUS_OK, contract_put(s, &r));
    return s;
}

static void
leaves_a_device_that_it_cannot_read_out_of_a_list(void **state)
{
    static const char *const damages[] = {
        "UPDATE device SET state = 'odd' WHERE substr(id, 1, 4) = 'e001'",
        "UPDATE device SET ueid = x'01' WHERE substr(id, 1, 4) = 'e001'",
        "UPDATE device SET member_by = '' WHERE substr(id, 1, 4) = 'e001'",
        "UPDATE perspective SET verdict = 'fine'",
        "UPDATE last_good SET pcrs = x'000b000000010102'",
        "UPDATE last_good SET pcrs = x'00ff00000000'",
        "UPDATE last_good SET pcrs = x''",
    };
    struct store *s = fill(state);
    meddle(state, "CREATE TABLE kept AS SELECT * FROM device");
    meddle(state, "CREATE TABLE kept_good AS SELECT * FROM last_good");
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        struct store_device_filter f = {.limit = 10};
        struct store_device_list l = {0};
        struct store_device d = {0};
        meddle(state, damages[i]);
        assert_status(STATUS_STORE, store_get_device(s, contract_device(1), &d));
        assert_status(STATUS_OK, store_list_devices(s, &f, &l));
        assert_int_equal(2, l.n_items);
        assert_string_equal(contract_device(2), l.items[1].id);
        store_device_list_clear(&l);
        meddle(state, "UPDATE device SET (state, ueid, member_by) = (SELECT state, ueid, member_by"
                      " FROM kept WHERE kept.id = device.id)");
        meddle(state, "UPDATE perspective SET verdict = 'trusted'");
        meddle(state, "UPDATE last_good SET pcrs = (SELECT pcrs FROM kept_good)");
        assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
        store_device_clear(&d);
    }
}

static void
refuses_log_bytes_that_do_not_give_their_digest(void **state)
{
    CLEANUP(buffer_free) struct buffer out = {0};
    struct store *s = fill(state);
    struct store_device d = {0};
    assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
    assert_status(STATUS_OK, store_get_ima(s, d.boot, &out));
    assert_int_equal(7, out.size);
    meddle(state, "UPDATE segment SET data = (SELECT data FROM segment x WHERE x.sha256 <>"
                  " segment.sha256)");
    assert_status(STATUS_STORE, store_get_ima(s, d.boot, &out));
    assert_int_equal(0, out.size);
    meddle(state, "UPDATE segment SET data = x'00'");
    assert_status(STATUS_STORE, store_get_ima(s, d.boot, &out));
    meddle(state, "UPDATE segment SET size = 1 << 40");
    assert_status(STATUS_LIMIT, store_get_ima(s, d.boot, &out));
    store_device_clear(&d);
}

static void
refuses_texts_and_states_that_are_not_what_was_written(void **state)
{
    struct store *s = fill(state);
    struct store_attestation a = {0};
    struct store_boot boot = {0};
    struct store_device d = {0};
    assert_status(STATUS_OK, store_get_attestation(s, "a1", &a));
    assert_string_equal("{}", a.inputs_json);
    store_attestation_clear(&a);
    meddle(state, "UPDATE attestation SET texts_size = texts_size - 1");
    assert_status(STATUS_STORE, store_get_attestation(s, "a1", &a));
    meddle(state, "UPDATE attestation SET texts_size = 1 << 40");
    assert_status(STATUS_STORE, store_get_attestation(s, "a1", &a));
    assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
    assert_status(STATUS_OK, store_get_boot(s, d.boot, &boot));
    meddle(state, "UPDATE boot SET state = x'80'");
    assert_status(STATUS_STORE, store_get_boot(s, d.boot, &boot));
    assert_int_equal(0, boot.id);
    store_device_clear(&d);
}

static void
refuses_pcrs_that_are_not_what_was_written(void **state)
{
    struct store *s = fill(state);
    struct store_boot boot = {0};
    struct store_device d = {0};
    assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
    assert_status(STATUS_OK, store_get_boot(s, d.boot, &boot));
    assert_int_equal(ALG_SHA256, boot.pcrs.alg);
    meddle(state, "UPDATE boot SET pcrs = x'000b'");
    assert_status(STATUS_STORE, store_get_boot(s, d.boot, &boot));
    store_device_clear(&d);
}

int
main(void)
{
#define CLAIM(f) cmocka_unit_test_setup_teardown(f, contract_open, contract_close)
    const struct CMUnitTest tests[] = {
        CLAIM(leaves_a_device_that_it_cannot_read_out_of_a_list),
        CLAIM(refuses_log_bytes_that_do_not_give_their_digest),
        CLAIM(refuses_texts_and_states_that_are_not_what_was_written),
        CLAIM(refuses_pcrs_that_are_not_what_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
