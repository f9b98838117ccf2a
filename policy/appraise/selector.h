/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which devices something is for: all, those with certain labels, or one. Labels are the operator's
 * word, never the device's. Pure. [attest-policy(5) select; attest-reference(5) scope]
 */
#pragma once

#include "appraise/shape.h"
#include "appraise/subject.h"

struct selector_label {
    char *key;
    struct shape_list values; /* char *: any of them */
};

/* Zero value selects nothing. */
struct selector {
    bool all;
    char *device;             /* one device by its id, or NULL */
    struct shape_list labels; /* struct selector_label: every one must match */
};

bool selector_match(const struct selector *s, const struct subject *subject);

/* An object with one of "all" (true) and "labels", into a struct selector. */
enum status selector_read(const struct shape_node *node, void *selector);
/* {"site": "tokyo", "role": ["gateway", "edge"]} into struct shape_list of struct selector_label.
 */
enum status selector_read_labels(const struct shape_node *node, void *labels);
/* 32 lower-case hex digits into char *. */
enum status selector_read_device(const struct shape_node *node, void *device);
