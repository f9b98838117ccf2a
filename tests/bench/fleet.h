/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many devices on one machine: each with an attestation key of its own, all with the scene's boot.
 * They are put into a verifier's store as enrolled, with documents under which they are trusted,
 * and answer challenges as the agent does.
 */
#pragma once

#include "evidence/enrollment.h"
#include "tests/bench/scene.h"

struct fleet_device {
    char id[DEVICE_ID_SIZE];
    EVP_PKEY *key; /* NULL: enrolled, but never attests */
    uint64_t clock_ms;
    bool log_held; /* the verifier holds its boot log: it is sent by reference */
};

struct fleet {
    struct appraise_case *scene;
    size_t n_devices;
    size_t n_active; /* the first ones, which attest */
    struct fleet_device *devices;
    struct buffer manifest;
};

/* One challenge and the channel it came over. */
struct fleet_round {
    struct fleet_device *device;
    struct bytes token;
    const char *origin;
    struct bytes exporter;
};

/* Boot log of n_events, no IMA list. */
struct fleet *fleet_new(size_t n_events, size_t n_devices, size_t n_active);
void fleet_free(struct fleet *f);
/* Make the SQLite file at path with all devices and documents. */
void fleet_seed(struct fleet *f, const char *path);
/* Append the frame that answers a challenge. */
void fleet_answer(struct fleet *f, const struct fleet_round *round, struct buffer *out);
