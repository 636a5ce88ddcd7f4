/* tls_internal.h - what the files of TLS share; not for others.
 *
 * tls.c  a connection     tls_context.c  certificates, keys, what is trusted     tls_why.c  failures in words */
#ifndef ACQ_RPC_TLS_INTERNAL_H
#define ACQ_RPC_TLS_INTERNAL_H

#include "base/buf.h"
#include "rpc/tls.h"

#include <openssl/ssl.h>

struct acq_tls_context {
    SSL_CTX *ssl;
    BIO_METHOD *bytes; /* reads `in` and writes `out` of struct acq_tls */
    unsigned refs;
    bool server;
    bool own_roots; /* what is trusted was given by the user */
};

struct acq_tls {
    struct acq_tls_context *context;
    SSL *ssl;
    const uint8_t *in; /* what was fed and not read */
    size_t in_n;
    struct acq_buf out;
    bool heard, ready, ended, failed;
    bool closed;        /* we have said that nothing more comes */
    unsigned beside;    /* messages beside the content, since the handshake */
    char host[254];     /* of a client */
    char distrust[300]; /* why the server's certificate is not accepted, "" for nothing */
};

/* ---- tls.c ---- */

/* acq_tls_bytes_new makes the kind of BIO that a connection reads and writes; NULL without memory. */
BIO_METHOD *acq_tls_bytes_new(void);

/* acq_tls_count is OpenSSL's message callback: it counts what comes beside the content. */
void acq_tls_count(int write, int version, int type, const void *bytes, size_t n, SSL *ssl, void *user);

/* ---- tls_why.c ---- */

/* acq_tls_verified is OpenSSL's verify callback: it notes why a certificate is not accepted. */
int acq_tls_verified(int ok, X509_STORE_CTX *store);

/* acq_tls_fail says why the last call of OpenSSL failed. Returns ACQ_FORMAT, ACQ_CLOSED or ACQ_MEMORY. */
int acq_tls_fail(struct acq_tls *tls, struct acq_err *err);

/* acq_tls_not_tls says that the other side does not speak TLS. Returns ACQ_FORMAT. */
int acq_tls_not_tls(const struct acq_tls *tls, struct acq_err *err);

/* acq_tls_date writes a time of a certificate as "2026-11-23". */
void acq_tls_date(char dst[16], const ASN1_TIME *time);

#endif
