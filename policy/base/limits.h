/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every cap in one place. Counts are checked against these before a loop or an allocation begins;
 * a breach is STATUS_LIMIT. The manual attestd(8) prints the same table.
 */
#pragma once

#define LIMIT_BODY_SMALL          (256u * 1024u) /* evidence without an asked-for full list */
#define LIMIT_BODY_LARGE          (16u * 1024u * 1024u) /* evidence with one */
#define LIMIT_JSON_BODY           (1024u * 1024u)
#define LIMIT_ENROLL_BODY         (64u * 1024u) /* anonymous JSON: certificates and an AK */
#define LIMIT_JSON_DEPTH          16u
#define LIMIT_CBOR_DEPTH          4u
#define LIMIT_CBOR_ITEMS          256u /* data items in one message */
#define LIMIT_CBOR_DOCUMENT_DEPTH 16u  /* CoRIM, which people import */
#define LIMIT_CBOR_DOCUMENT_ITEMS (1u << 20)
#define LIMIT_CORIM_ENVIRONMENTS  256u
#define LIMIT_BOOT_LOG            (4u * 1024u * 1024u)
#define LIMIT_BOOT_EVENTS         4096u
#define LIMIT_EVENT_DATA          (1024u * 1024u)
#define LIMIT_IMA_SEGMENT         (16u * 1024u * 1024u)
#define LIMIT_IMA_ENTRIES         200000u
#define LIMIT_USERSPACE_LOG       (1024u * 1024u)
#define LIMIT_USERSPACE_RECORDS   4096u
#define LIMIT_CLAIMS              (64u * 1024u)
#define LIMIT_ANNOUNCEMENT        (64u * 1024u)
#define LIMIT_MANIFEST            1024u         /* also the offsets of one evidence */
#define LIMIT_NAME                64u           /* names: [a-z0-9.-] */
#define LIMIT_BANKS               8u            /* PCR banks in a selection or a log */
#define LIMIT_PCRS                24u           /* PCR 0 to 23 */
#define LIMIT_TPM_STRUCTURE       4096u         /* a TPMS_ATTEST, TPMT_PUBLIC, TPMT_SIGNATURE */
#define LIMIT_REASONS             128u          /* kept in one list; the rest are counted */
#define LIMIT_CERT                (16u * 1024u) /* one certificate, DER */
#define LIMIT_CERTS               16u           /* certificates of one enrolment */
#define LIMIT_CHAIN_DEPTH         5u
#define LIMIT_CHALLENGE           256u /* challenge with its tag, bytes */
#define LIMIT_CHALLENGE_LIFE_S    120
#define LIMIT_CLOCK_AHEAD_S       5
#define LIMIT_ENROLL_LIFE_S       60
#define LIMIT_PENDING_DEVICES     10000u
#define LIMIT_PENDING_LIFE_S      604800                /* a pending device that nobody approved */
#define LIMIT_DOCUMENT            (16u * 1024u * 1024u) /* a policy or reference set, JSON */
#define LIMIT_DOCUMENTS           1024u                 /* active policies and reference sets */
#define LIMIT_REFERENCES          16u                   /* reference sets that one rule names */
#define LIMIT_GENERATIONS         1024u                 /* of one line of software */
#define LIMIT_ANNOUNCE_ROLES      64u                   /* that one policy names */
#define LIMIT_COMPONENTS          16384u                /* of one reference set */
#define LIMIT_COMPONENT_VALUES    65536u                /* of one component */
#define LIMIT_TEMPLATE            4096u                 /* a command-line template, bytes */
#define LIMIT_TEMPLATE_CHOICES    64u                   /* texts that {a|b} make of one template */
#define LIMIT_TEMPLATES           256u                  /* of one document */
#define LIMIT_FILES               2000000u              /* file digests of one reference set */
#define LIMIT_IMAGE               (1u << 30)            /* a file that references are made from */
#define LIMIT_PE_SECTIONS         96u                   /* of one PE image */
#define LIMIT_MEASUREMENTS        16384u                /* expected of one run of a command */
#define LIMIT_PERSPECTIVES        8u
#define LIMIT_LABELS              32u
#define LIMIT_HEADER              8192u
#define LIMIT_REQUEST_DEADLINE_S  10
#define LIMIT_PAGE                500u           /* rows of one page of a listing */
#define LIMIT_CONFIG              (256u * 1024u) /* one configuration file */
