/* SPDX-License-Identifier: Apache-2.0 */
/* from: a question; to: its answer; never: waits without an end. */
#include "ctl/survey_json.h"

#include "base/text.h"
#include "ctl/remote_json.h"

#include <time.h>

#define FIRST_WAIT_MS 50
#define LONG_WAIT_MS  1000
#define WAITS_MAX     3600

static void
wait_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

static int
wait_for(struct context *c, const char *path, json_t **answer)
{
    char state[32];
    long ms = FIRST_WAIT_MS;
    for (int i = 0; i < WAITS_MAX; i++) {
        int rc = remote_call(c, "GET", path, NULL, answer);
        if (rc != EXIT_YES)
            return rc;
        (void)remote_cell(*answer, "state", state, sizeof state);
        if (text_equal(state, "done"))
            return EXIT_YES;
        if (!text_equal(state, "running"))
            break;
        json_decref(*answer);
        *answer = NULL;
        wait_ms(ms);
        ms = 2 * ms < LONG_WAIT_MS ? 2 * ms : LONG_WAIT_MS;
    }
    (void)fprintf(stderr, "attestctl: the verifier did not finish\n");
    return EXIT_TRY_LATER;
}

int
survey_ask(struct context *c, const char *collection, const json_t *body, json_t **answer)
{
    json_auto_t *started = NULL;
    char path[160], id[64];
    *answer = NULL;
    (void)snprintf(path, sizeof path, "/v1/%s", collection);
    int rc = remote_call(c, "POST", path, body, &started);
    if (rc != EXIT_YES)
        return rc;
    if (!text_is_name(remote_cell(started, "id", id, sizeof id))) {
        (void)fprintf(stderr, "attestctl: the verifier's answer has no id\n");
        return EXIT_UNAVAILABLE;
    }
    (void)snprintf(path, sizeof path, "/v1/%s/%s", collection, id);
    return wait_for(c, path, answer);
}
