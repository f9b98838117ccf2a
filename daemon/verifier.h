/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The open rooms of a running attestd, as every handler and coordinator sees them. Made by main,
 * lives as long as the process; each member says itself which threads may use it. Nothing here is
 * state.
 */
#pragma once

#include "base/config.h"
#include "daemon/device_memory.h"
#include "daemon/ima_memory.h"
#include "daemon/keyring.h"
#include "daemon/replay_memory.h"
#include "daemon/snapshot.h"
#include "daemon/store.h"
#include "daemon/writer.h"

struct enroll;  /* daemon/enroll.h */
struct surveys; /* daemon/survey.h */

struct verifier {
    const struct config *config;
    struct store *store;
    struct writer *writer;
    struct device_memory *devices;       /* what the last rounds knew; NULL: each asks the store */
    struct snapshot *snapshot;           /* the documents in force */
    struct ima_memory *ima_memory;       /* what each boot's IMA entries came to */
    struct surveys *surveys;             /* questions to all stored rounds */
    struct replay_memory *replay_memory; /* replays computed before; NULL: each is computed */
    struct keyring *keyring;
    struct enroll *enroll;      /* trust in EKs, rates */
    const char *const *origins; /* our own https origins, without a trailing slash */
    size_t n_origins;
    bool exporter_required; /* off behind a proxy that ends TLS */
};
