/* tls.c - one connection. OpenSSL reads from and writes to memory: a BIO of our own hands it what was fed, without a
 * copy, and appends what it says to `out`. */
#include "rpc/tls_internal.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* Messages beside the content, above all changes of keys: other implementations change them after some ten million
     * records at the earliest. Each costs about as much as a small record of content, and brings nothing. */
    BESIDE_MAX = 1000
};

/* ---- memory as OpenSSL sees it ---- */

static int bytes_read(BIO *bio, char *dst, int size)
{
    struct acq_tls *t = BIO_get_data(bio);
    size_t n = size > 0 ? (size_t)size : 0;
    BIO_clear_retry_flags(bio);
    if (n > t->in_n) n = t->in_n;
    if (!n || t->beside > BESIDE_MAX) { /* OpenSSL would read on as long as no content comes */
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(dst, t->in, n);
    t->in += n;
    t->in_n -= n;
    return (int)n;
}

static int bytes_write(BIO *bio, const char *src, int n)
{
    struct acq_tls *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    return n > 0 && acq_buf_add(&t->out, src, (size_t)n) == ACQ_OK ? n : -1;
}

static long bytes_control(BIO *bio, int what, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return what == BIO_CTRL_FLUSH;
}

BIO_METHOD *acq_tls_bytes_new(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "bytes");
    if (!m) return NULL;
    BIO_meth_set_read(m, bytes_read);
    BIO_meth_set_write(m, bytes_write);
    BIO_meth_set_ctrl(m, bytes_control);
    return m;
}

/* ---- life ---- */

/* expect_host says whose certificate the server must show. Returns whether there was memory. */
static bool expect_host(struct acq_tls *t)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(t->ssl);
    char address[sizeof t->host];
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    snprintf(address, sizeof address, "%.*s", (int)strcspn(t->host, "%"), t->host); /* fe80::1%eth0 */
    if (X509_VERIFY_PARAM_set1_ip_asc(param, address)) return true;
    ERR_clear_error(); /* it is a name */
    return X509_VERIFY_PARAM_set1_host(param, t->host, 0) && SSL_set_tlsext_host_name(t->ssl, t->host);
}

static bool begin(struct acq_tls *t)
{
    t->ssl = SSL_new(t->context->ssl);
    BIO *bio = t->ssl ? BIO_new(t->context->bytes) : NULL;
    if (!bio) return false;
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    SSL_set_bio(t->ssl, bio, bio);
    SSL_set_app_data(t->ssl, t);
    if (t->context->server) {
        SSL_set_accept_state(t->ssl);
        return true;
    }
    SSL_set_connect_state(t->ssl);
    if (!expect_host(t)) return false;
    SSL_do_handshake(t->ssl); /* says hello */
    return t->out.len > 0;
}

int acq_tls_new(struct acq_tls **out, struct acq_tls_context *context, const char *host, struct acq_err *err)
{
    struct acq_tls *t = calloc(1, sizeof *t);
    if (!t) return acq_fail(err, ACQ_MEMORY, "no memory for a connection");
    t->context = context;
    context->refs++;
    snprintf(t->host, sizeof t->host, "%s", host ? host : "");
    acq_buf_init(&t->out, ACQ_TLS_UNSENT_MAX);
    ERR_clear_error();
    if (!begin(t)) {
        acq_tls_free(t);
        return acq_fail(err, ACQ_MEMORY, "no memory for a connection");
    }
    *out = t;
    return ACQ_OK;
}

void acq_tls_free(struct acq_tls *t)
{
    if (!t) return;
    SSL_free(t->ssl);
    acq_buf_fini(&t->out);
    acq_tls_release(t->context);
    free(t);
}

/* ---- what comes ---- */

void acq_tls_count(int write, int version, int type, const void *bytes, size_t n, SSL *ssl, void *user)
{
    struct acq_tls *t = SSL_get_app_data(ssl);
    (void)write, (void)version, (void)bytes, (void)n, (void)user;
    if (t->ready && (type == SSL3_RT_HANDSHAKE || type == SSL3_RT_ALERT)) t->beside++;
}

void acq_tls_feed(struct acq_tls *t, const uint8_t *bytes, size_t n)
{
    t->in = bytes;
    t->in_n = n;
}

/* is_tls looks at the first bytes: a record's type, and the first half of its version. */
static bool is_tls(const uint8_t *bytes, size_t n)
{
    return bytes[0] >= SSL3_RT_CHANGE_CIPHER_SPEC && bytes[0] <= SSL3_RT_APPLICATION_DATA &&
           (n == 1 || bytes[1] == SSL3_VERSION_MAJOR);
}

const char *acq_tls_misplaced(const uint8_t *bytes, size_t n)
{
    if (n < 2 || !is_tls(bytes, n)) return NULL;
    return bytes[0] == SSL3_RT_HANDSHAKE
               ? "the client speaks TLS, and this server does not: start it with --cert and --key, or the client "
                 "without --tls"
               : "the server wants TLS: add --tls";
}

/* hear looks at the first bytes that came. */
static int hear(struct acq_tls *t, struct acq_err *err)
{
    /* an alert that any TLS understands, "unexpected_message": the other side's words will not say what is wrong */
    static const uint8_t alert[] = {SSL3_RT_ALERT, 3, 1, 0, 2, SSL3_AL_FATAL, SSL3_AD_UNEXPECTED_MESSAGE};
    if (t->heard || !t->in_n) return ACQ_OK;
    t->heard = true;
    if (is_tls(t->in, t->in_n)) return ACQ_OK;
    t->failed = true;
    if (t->context->server) (void)acq_buf_add(&t->out, alert, sizeof alert);
    return acq_tls_not_tls(t, err);
}

/* agreed: did both sides say that they speak HTTP/2? */
static bool agreed(const struct acq_tls *t)
{
    const unsigned char *name;
    unsigned n;
    SSL_get0_alpn_selected(t->ssl, &name, &n);
    return n == 2 && !memcmp(name, "h2", 2);
}

/* went says what a call of OpenSSL brought: 1 done, 0 more must come first, or an error. */
static int went(struct acq_tls *t, int result, struct acq_err *err)
{
    if (result == 1) return 1;
    int why = SSL_get_error(t->ssl, result);
    if (why == SSL_ERROR_WANT_READ) return 0;
    if (why == SSL_ERROR_ZERO_RETURN) {
        t->ended = true;
        return 0;
    }
    t->failed = true;
    return acq_tls_fail(t, err);
}

static int shake_hands(struct acq_tls *t, struct acq_err *err)
{
    if (t->ready) return 1;
    int r = went(t, SSL_do_handshake(t->ssl), err);
    if (r != 1) return r;
    t->ready = agreed(t);
    if (t->ready) return 1;
    t->failed = true;
    return acq_fail(err, ACQ_FORMAT,
                    "the other side speaks TLS, but does not say that it speaks gRPC (HTTP/2, by ALPN)");
}

ptrdiff_t acq_tls_read(struct acq_tls *t, uint8_t *dst, size_t size, struct acq_err *err)
{
    size_t n = 0;
    if (t->failed) return acq_fail(err, ACQ_CLOSED, "the connection is at its end");
    int r = hear(t, err);
    if (r < 0 || t->ended) return r;
    ERR_clear_error();
    r = shake_hands(t, err);
    if (r == 1) r = went(t, SSL_read_ex(t->ssl, dst, size, &n), err);
    if (t->beside > BESIDE_MAX && !t->failed) {
        t->failed = true;
        return acq_fail(err, ACQ_RANGE, "the other side changes its keys all the time");
    }
    return r == 1 ? (ptrdiff_t)n : r;
}

/* ---- what is sent ---- */

int acq_tls_write(struct acq_tls *t, const uint8_t *bytes, size_t n)
{
    size_t done;
    if (t->failed || t->closed) return ACQ_RANGE;
    ERR_clear_error();
    if (SSL_write_ex(t->ssl, bytes, n, &done)) return ACQ_OK;
    t->failed = true;
    return t->out.len > ACQ_TLS_UNSENT_MAX / 2 ? ACQ_RANGE : ACQ_MEMORY;
}

size_t acq_tls_unsent(const struct acq_tls *t, const uint8_t **bytes)
{
    *bytes = t->out.bytes;
    return t->out.len;
}

void acq_tls_sent(struct acq_tls *t)
{
    acq_buf_fini(&t->out); /* a connection without traffic keeps nothing */
    acq_buf_init(&t->out, ACQ_TLS_UNSENT_MAX);
}

bool acq_tls_ready(const struct acq_tls *t)
{
    return t->ready;
}

bool acq_tls_ended(const struct acq_tls *t)
{
    return t->ended;
}

void acq_tls_close(struct acq_tls *t)
{
    if (!t->ready || t->failed || t->closed) return;
    t->closed = true;
    ERR_clear_error();
    SSL_shutdown(t->ssl);
}
