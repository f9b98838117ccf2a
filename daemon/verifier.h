/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The open rooms of a running attestd, as every handler and coordinator sees them. Made by main,
 * lives as long as the process; each member says itself which threads may use it. Nothing here is
 * state.
 */
#pragma once

#include "base/config.h"
#include "daemon/keyring.h"
#include "daemon/snapshot.h"
#include "daemon/store.h"
#include "daemon/writer.h"

struct ek_roots; /* evidence/ek_chain.h */

struct verifier {
    const struct config *config;
    struct store *store;
    struct writer *writer;
    struct snapshot *snapshot; /* the documents in force */
    struct keyring *keyring;
    struct ek_roots *ek_roots;  /* trust anchors and bundle for EK certificates */
    const char *const *origins; /* our own https origins, without a trailing slash */
    size_t n_origins;
    bool exporter_required; /* off behind a proxy that ends TLS */
};
