/* SPDX-License-Identifier: Apache-2.0 */
/* from: a CMS message, a keyring; to: whether it is signed under it; never: trusts a certificate of
 * the message, or the system's. */
#include "image/cms.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/pem.h"

#include <limits.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

#define CLAUSE   "RFC 5652 5"
#define STRENGTH 2 /* 112 bits: RSA of 2048, SHA-224 and better */

static void
cms_freep(CMS_ContentInfo **c)
{
    CMS_ContentInfo_free(*c);
}

static void
bio_freep(BIO **b)
{
    (void)BIO_free(*b);
}

static void
store_freep(X509_STORE **s)
{
    X509_STORE_free(*s);
}

static void
x509_freep(X509 **x)
{
    X509_free(*x);
}

static enum status
parse(struct bytes der, CMS_ContentInfo **out, struct diag *diag)
{
    const uint8_t *at = der.data;
    *out = der.size <= INT_MAX ? d2i_CMS_ContentInfo(NULL, &at, (long)der.size) : NULL;
    ERR_clear_error();
    if (*out && at == der.data + der.size && OBJ_obj2nid(CMS_get0_type(*out)) == NID_pkcs7_signed)
        return STATUS_OK;
    return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "the signature is no CMS SignedData");
}

enum status
cms_content(struct bytes der, bool *inside, struct buffer *out, struct diag *diag)
{
    CLEANUP(cms_freep) CMS_ContentInfo *cms = NULL;
    enum status s = parse(der, &cms, diag);
    if (s != STATUS_OK)
        return s;
    ASN1_OCTET_STRING **content = CMS_get0_content(cms);
    *inside = content && *content;
    if (*inside)
        buffer_append(
            out, bytes_of(ASN1_STRING_get0_data(*content), (size_t)ASN1_STRING_length(*content)));
    ERR_clear_error();
    return buffer_check(out);
}

static enum status
load_keyring(struct bytes pem, X509_STORE *store, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer der = {0};
    char label[PEM_LABEL_SIZE];
    size_t n = 0;
    enum status s = STATUS_OK;
    while ((s = pem_next(&pem, label, &der)) == STATUS_OK) {
        const uint8_t *at = der.data;
        CLEANUP(x509_freep)
        X509 *x = text_equal(label, "CERTIFICATE") ? d2i_X509(NULL, &at, (long)der.size) : NULL;
        if (!x || X509_STORE_add_cert(store, x) != 1)
            break;
        n++;
    }
    ERR_clear_error();
    if (s == STATUS_NOMEM || (s == STATUS_NOT_FOUND && n > 0))
        return s == STATUS_NOMEM ? s : STATUS_OK;
    return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "the keyring holds PEM certificates only");
}

/* A fixed text of OpenSSL's about the last error, none of the message's. */
static enum status
tell_error(struct diag *diag)
{
    const char *data = NULL;
    int flags = 0;
    unsigned long code = ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
    const char *reason = ERR_reason_error_string(code);
    bool has_text = data && (flags & ERR_TXT_STRING) && text_is_printable(bytes_of_text(data));
    (void)diag_set(diag, STATUS_OK, CLAUSE, 0, "the signature does not verify: %s%s%.80s",
                   reason ? reason : "unknown error", has_text ? ": " : "", has_text ? data : "");
    ERR_clear_error();
    return STATUS_OK;
}

enum status
cms_verify(struct bytes der, struct bytes content, struct bytes keyring, int64_t now_s, bool *valid,
           struct diag *diag)
{
    CLEANUP(cms_freep) CMS_ContentInfo *cms = NULL;
    CLEANUP(store_freep) X509_STORE *store = X509_STORE_new();
    CLEANUP(bio_freep) BIO *in = NULL;
    CLEANUP(bio_freep) BIO *out = BIO_new(BIO_s_null());
    *valid = false;
    if (!store || !out)
        return STATUS_NOMEM;
    if (content.size > INT_MAX)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "more is signed than can be verified");
    enum status s = parse(der, &cms, diag);
    if (s == STATUS_OK)
        s = load_keyring(keyring, store, diag);
    if (s != STATUS_OK)
        return s;
    if (content.data)
        in = BIO_new_mem_buf(content.data, (int)content.size);
    if (content.data && !in)
        return STATUS_NOMEM;
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), (time_t)now_s);
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_get0_param(store), STRENGTH);
    *valid = CMS_verify(cms, NULL, store, in, out, CMS_BINARY) == 1;
    return *valid ? STATUS_OK : tell_error(diag);
}
