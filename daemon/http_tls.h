/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS of the HTTP room by GnuTLS: the certificate in force (swapped by a reload), session tickets,
 * the RFC 9266 exporter. Included by http*.c only.
 */
#pragma once

#include "base/bytes.h"
#include "base/status.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>

#define HTTP_TLS_PRIORITIES                                                                        \
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-AES-128-CBC:-AES-256-CBC:-AES-128-CCM:"      \
    "-AES-256-CCM"

struct http_tls;

/* PEM texts. STATUS_INVALID: not a pair. */
MUST_CHECK enum status http_tls_open(const char *certificate, const char *key,
                                     struct http_tls **out, struct diag *diag);
/* The pair for handshakes from now on; the old one lives on for those that run. */
MUST_CHECK enum status http_tls_replace(struct http_tls *t, const char *certificate,
                                        const char *key, struct diag *diag);
/* gnutls_certificate_retrieve_function2; finds its http_tls by gnutls_session_get_ptr(). */
int http_tls_retrieve(gnutls_session_t session, const gnutls_datum_t *req_ca_dn, int nreqs,
                      const gnutls_pk_algorithm_t *pk_algos, int pk_algos_length,
                      gnutls_pcert_st **pcert, unsigned int *pcert_length,
                      gnutls_privkey_t *privkey);
/* A new session: tickets on, and where http_tls_retrieve() finds t. */
void http_tls_begin(struct http_tls *t, gnutls_session_t session);
/* 32 bytes of "EXPORTER-Channel-Binding"; false below TLS 1.3 without extended master secret. */
bool http_tls_exporter(gnutls_session_t session, uint8_t out[static 32]);
/* Where a session's records go: its socket, or for a moment memory. */
struct http_tls_sender {
    int fd;
    bool in_use; /* false: GnuTLS sends by itself */
    bool hold;   /* set before a reply with a body: its head waits for the body, as one packet */
    struct buffer held;
};
/* Send through s, which lives as long as the session sends. Nothing is changed unless fd is what
 * the session sends to. */
void http_tls_send_through(gnutls_session_t session, int fd, struct http_tls_sender *s);
void http_tls_close(struct http_tls *t);
