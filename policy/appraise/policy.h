/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy as values. Read from JSON by policy_json.c into the document's arena, never changed
 * after. Pure. [attest-policy(5)]
 */
#pragma once

#include "appraise/policy_rule.h"
#include "appraise/selector.h"

struct policy {
    char *id;
    uint64_t version;
    char *description; /* NULL when none */
    char *perspective;
    struct selector select;
    uint32_t quote[ALG_COUNT]; /* PCRs by alg_index(); all zero: not said */
    uint32_t genuine;          /* bit by enum genuine */
    enum policy_effect genuine_effect;
    uint32_t member; /* bit by enum member_by */
    enum policy_effect member_effect;
    struct policy_tpm tpm;
    int64_t evidence_age_s;
    enum policy_effect evidence_age_effect;
    struct policy_secure_boot secure_boot;
    struct policy_boot boot;
    struct policy_command_line command_line;
    struct policy_verity verity;
    struct policy_phase phase;
    struct policy_pcrs pcrs;
    enum policy_effect ledger;
    struct policy_ima ima;
    uint32_t quirks_denied; /* bit by enum event_quirk */
    struct policy_announce announce;
};

/* The rule lets this role be announced. Where it names none: what is built or written on the device
 * itself ("initrd", "command-line", "load-options", "grub-command", "grub-file:..."), never what a
 * maker signs, such as shim or kernel. */
bool policy_announces(const struct policy_announce *rule, const char *role);
/* The age from which on evidence says nothing: the evidence age; twice that where policy only warns
 * of it, so that a device without word is none in the end. */
int64_t policy_lapse_age_s(const struct policy *p);
/* Readers of rules into their structs; of "ledger" into its effect. */
enum status policy_read_command_line(const struct shape_node *node, void *rule);
enum status policy_read_verity(const struct shape_node *node, void *rule);
enum status policy_read_phase(const struct shape_node *node, void *rule);
enum status policy_read_pcrs(const struct shape_node *node, void *rule);
enum status policy_read_ima(const struct shape_node *node, void *rule);
enum status policy_read_arguments(const struct shape_node *node, void *list);
enum status policy_read_ledger(const struct shape_node *node, void *effect);
/* Reader of the rule "secure_boot" into struct policy_secure_boot. */
enum status policy_read_secure_boot(const struct shape_node *node, void *rule);
/* Reader of the rule "tpm" into struct policy_tpm. */
enum status policy_read_tpm(const struct shape_node *node, void *rule);
/* Read the document's root object. Statuses as shape.h. */
MUST_CHECK enum status policy_read(const struct shape_node *root, struct policy *out);
