/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of a document: the values of its kind. For the files of this room that judge by them;
 * everybody else sees documents.h. Pure.
 */
#pragma once

#include "appraise/document_signature.h"
#include "appraise/documents.h"
#include "appraise/generations.h"
#include "appraise/perspective.h"
#include "appraise/policy.h"
#include "appraise/reference.h"

struct document {
    struct arena arena;
    struct document_info info;
    struct policy *policy; /* one of the four */
    struct reference *reference;
    struct generations *generations;
    struct perspective *perspective;
    struct document_signature signature;
};
