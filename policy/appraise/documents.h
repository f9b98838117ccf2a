/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents that say what counts as good: policies, reference sets (boot profiles), the
 * states of generations; strict JSON, immutable versions. A compiled snapshot of the active ones is
 * shared by all threads behind a reference count and never changes. Pure. [appraisal 2, 4;
 * attest-policy(5), attest-reference(5)]
 */
#pragma once

#include "base/digest.h"
#include "evidence/selection.h"

enum document_kind {
    DOCUMENT_POLICY,
    DOCUMENT_REFERENCE,
    DOCUMENT_GENERATIONS,
    DOCUMENT_PERSPECTIVE
};
#define DOCUMENT_KINDS 4u

/* What every document says of itself; strings are owned by the document. */
struct document_info {
    enum document_kind kind;
    const char *id;          /* a name, text_is_name() */
    uint64_t version;        /* from 1, rising */
    const char *perspective; /* policies: "owner"; NULL for the others */
    const char *description; /* "" when none */
    bool is_signed;          /* it was put as a JWS; by whom, perspectives ask */
    struct digest sha256;    /* of the JSON text as it was put */
};

struct document;

/* The member "type": "policy", "reference", "generations", "perspective"; and the collection of the
 * API: "policies", "references", "generations", "perspectives". The parser gives false when
 * unknown. */
const char *document_kind_name(enum document_kind kind);
const char *document_kind_collection(enum document_kind kind);
bool document_kind_parse(const char *name, enum document_kind *out);

/* Parse one document of any kind (member "type"). STATUS_INVALID: unknown or duplicate key,
 * wrong type, a rule that contradicts itself; diag has the line in offset and the path
 * ("components[3].values") in text. STATUS_LIMIT. */
MUST_CHECK enum status document_parse(struct hasher *h, struct bytes json, struct document **out,
                                      struct diag *diag);
const struct document_info *document_info(const struct document *d);
void document_free(struct document *d);
void document_freep(struct document **d);

struct documents;
struct subject; /* appraise/subject.h */

/* Compile a snapshot. Takes over all n documents, also on failure. STATUS_INVALID: a policy names a
 * reference set that is not among them, two documents of one kind have one id. generation is the
 * store's. */
MUST_CHECK enum status documents_new(struct document **list, size_t n, uint64_t generation,
                                     struct documents **out, struct diag *diag);
/* Reference counting, any thread. */
struct documents *documents_ref(struct documents *d);
void documents_unref(struct documents *d);
void documents_unrefp(struct documents **d);
/* The caller's reference is the last one. Freeing a million digests takes milliseconds: who
 * replaces a snapshot waits for this, so that no round pays for it. */
bool documents_is_last(const struct documents *d);

uint64_t documents_generation(const struct documents *d);
size_t documents_count(const struct documents *d);
const struct document_info *documents_info(const struct documents *d, size_t i);
/* What a challenge asks for: the union over all policies, else sha256 0-15. Never empty. The same
 * for all devices, so that a challenge tells nothing about one. */
const struct selection *documents_selection(const struct documents *d);
/* Whether the policy of that id is there and selects the device. */
bool documents_selects(const struct documents *d, const char *policy, const struct subject *device);
/* Who may put documents of a perspective: everybody who may put documents, or, where an active
 * document of kind perspective lists owners, those. */
bool documents_may_put(const struct documents *d, const char *perspective, const char *actor);
/* A perspective that has other owners and a policy whose verdicts rest on this document: a
 * reference set that it names, unless signatures say who may change those, or the states of such a
 * set's generations. NULL: none. */
const char *documents_owned_by_others(const struct documents *d, enum document_kind kind,
                                      const char *id, const char *actor);
/* One digest over all documents' ids, versions and digests: names the inputs of a verdict. */
const struct digest *documents_digest(const struct documents *d);
