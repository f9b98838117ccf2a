/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers of values that documents of several kinds have: below policy_json.c, reference_json.c and
 * the others, which document.c calls. Statuses as shape.h. Pure. [attest-policy(5),
 * attest-reference(5)]
 */
#pragma once

#include "appraise/file_set.h"
#include "appraise/shape.h"

/* Reader of the effect words "enforce" and "warn" into enum policy_effect. */
enum status document_read_effect(const struct shape_node *node, void *effect);
/* Reader of an array of PCR numbers into a uint32_t mask: 0 to 22, not 16, each once, not none. */
enum status document_read_pcrs(const struct shape_node *node, void *mask);
/* Fill an empty set with digests that were read at the node. */
enum status document_read_files(const struct shape_node *node, const struct digest *files, size_t n,
                                struct file_set *set);
/* Reader of one PCR number as above into a uint32_t. */
enum status document_read_pcr(const struct shape_node *node, void *pcr);
/* Reader of a PEM public key or certificate into struct bytes: its SubjectPublicKeyInfo. */
enum status document_read_key(const struct shape_node *node, void *spki);
/* Reader of one digest "sha256:HEX" into struct digest. */
enum status document_read_digest(const struct shape_node *node, void *digest);
/* The same, and not of an algorithm that carries no trust. */
enum status document_read_trusted_digest(const struct shape_node *node, void *digest);
/* Readers of arrays: of reference set ids into struct shape_list of char *, of templates into
 * struct shape_list of struct template *. */
enum status document_read_references(const struct shape_node *node, void *list);
enum status document_read_templates(const struct shape_node *node, void *list);
