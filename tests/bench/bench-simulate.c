/* SPDX-License-Identifier: Apache-2.0 */
/* A simulation over 10,000 stored rounds: boot log of 100 events, 1,000 IMA entries each, two
 * appraisals a round. One round is attested; the others are rows that point at the same logs,
 * which are read, verified, replayed and appraised for each. CPU time a round counts: on two cores
 * 2 ms is 1,000 rounds a second. */
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/simulation.h"
#include "tests/bench/bench.h"
#include "tests/bench/scene.h"
#include "tests/lib/verifier_case.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 10000u
#define EVENTS 100u
#define IMA    1000u
#define DEVICE "ffffffffffffffffffffffffffffffff"

static void
run_sql(sqlite3 *db, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s", why);
}

static void
multiply(const char *directory)
{
    static const char numbers[] =
        "CREATE TEMP TABLE n AS WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c"
        " WHERE i < 9999) SELECT i, printf('%032x', i) AS id FROM c";
    static const char devices[] =
        "INSERT INTO device SELECT n.id, ueid, version, state, genuine, member_by, verdict,"
        " ek_sha256, ak_serial, created_s, enrolled_s, attested_s, spent_ms, boot, clock_ms,"
        " reset_count, restart_count, safe, firmware_version, name, tpm, announcement"
        " FROM device d, n"
        " WHERE d.id = '" DEVICE "'";
    static const char keys[] =
        "INSERT INTO ak SELECT n.id, serial, randomblob(32), public, since_s, retired_s FROM ak, n"
        " WHERE device = '" DEVICE "'";
    static const char labels[] =
        "INSERT INTO device_label SELECT n.id, key, value FROM device_label, n"
        " WHERE device = '" DEVICE "'";
    static const char rounds[] =
        "INSERT INTO attestation SELECT 'c' || n.id, n.id, version, time_s, evidence_s, expires_s,"
        " verdict, boot, boot_log, ima_size, userspace_log, result, evidence, texts_size, texts,"
        " ak_serial, ima_rest, dictionary, evidence_size FROM attestation, n";
    char path[128];
    sqlite3 *db = NULL;
    (void)snprintf(path, sizeof path, "%s/attestd.db", directory);
    assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
    run_sql(db, "PRAGMA foreign_keys = OFF; BEGIN");
    run_sql(db, numbers);
    run_sql(db, devices);
    run_sql(db, keys);
    run_sql(db, labels);
    run_sql(db, rounds);
    run_sql(db, "COMMIT");
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

static void
wait_until_done(struct verifier_case *c, const char *id, struct buffer *out)
{
    const struct access nobody = {.actor = "token:bench"};
    const struct timespec pause = {.tv_nsec = 20000000};
    do {
        (void)nanosleep(&pause, NULL);
        buffer_reset(out);
        assert_status(STATUS_OK,
                      survey_encode(c->verifier.surveys, SIMULATION_COLLECTION, id, &nobody, out));
    } while (strstr(buffer_text(out), "\"state\":\"running\""));
    assert_non_null(strstr(buffer_text(out), "\"state\":\"done\",\"started\""));
    assert_non_null(strstr(buffer_text(out), "\"rounds\":10000,\"skipped\":0"));
    assert_non_null(strstr(buffer_text(out), "\"devices\":10000,\"changed\":0"));
}

static double
seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
simulates(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    const struct scene_options options = {.n_events = EVENTS, .n_ima = IMA};
    const struct access nobody = {.actor = "token:bench"};
    char id[SURVEY_ID_SIZE], note[96];
    appraise_case_free(c->device);
    c->device = scene_new(&options);
    c->device->subject.device_id = DEVICE;
    verifier_case_enroll(c, DEVICE, c->device->tpm);
    verifier_case_documents(c);
    assert_status(STATUS_OK, verifier_case_attest(c, &(struct verifier_case_round){0}, &a));
    if (a.verdict != VERDICT_TRUSTED)
        fail_msg("%s: %s", reason_code_name(a.attempt), buffer_text(&a.body));
    multiply(c->directory);
    struct survey_options o = {
        .kind = &simulation_kind,
        .subject = simulation_new(snapshot_get(c->verifier.snapshot),
                                  snapshot_get(c->verifier.snapshot), false),
        .access = &nobody,
        .now_s = VERIFIER_CASE_START,
    };
    double began = seconds();
    uint64_t cpu_ns = bench_cpu_ns();
    assert_status(STATUS_OK, survey_start(c->verifier.surveys, &o, id));
    wait_until_done(c, id, &out);
    double took = seconds() - began;
    cpu_ns = bench_cpu_ns() - cpu_ns;
    (void)snprintf(note, sizeof note, "\"rounds\":%u,\"rounds_a_second_now\":%.0f", ROUNDS,
                   ROUNDS / took);
    bench_value("simulate.cpu-a-round", "ms", (double)cpu_ns / 1e6 / ROUNDS, 2.0, note);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {VERIFIER_CASE(simulates)};
    /* cmocka's own words do not belong among the lines of JSON. */
    (void)setenv("CMOCKA_MESSAGE_OUTPUT", "XML", 1);
    (void)setenv("CMOCKA_XML_FILE", "/dev/null", 1);
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    return n_failed > 0 ? 2 : bench_end();
}
