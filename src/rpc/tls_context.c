/* tls_context.c - what connections share: certificates, keys, what is trusted, and the rules. */
#include "base/file.h"
#include "base/roots.h"
#include "rpc/tls_internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <limits.h>
#include <stdlib.h>

enum { FILE_MAX = 4 << 20 }; /* [byte] all roots of a system are a quarter of a MiB */

/* ---- files ---- */

static int read_all(int fd, struct acq_buf *bytes)
{
    enum { PIECE = 64 * 1024 };
    ptrdiff_t n;
    do {
        int r = acq_buf_reserve(bytes, PIECE);
        if (r < 0) return r;
        n = acq_file_read(fd, bytes->bytes + bytes->len, PIECE);
        if (n < 0) return ACQ_IO;
        bytes->len += (size_t)n;
    } while (n > 0);
    return ACQ_OK;
}

/* open_file reads a file into a BIO. The bytes are freed by close_file. */
static int open_file(const char *path, struct acq_buf *bytes, BIO **bio, struct acq_err *err)
{
    acq_buf_init(bytes, FILE_MAX);
    int fd = acq_file_open(path, ACQ_FILE_READ, err);
    if (fd < 0) return fd;
    int r = read_all(fd, bytes);
    acq_file_close(fd);
    if (r == ACQ_RANGE) return acq_fail(err, ACQ_FORMAT, "%s is too large for certificates or a key", path);
    if (r < 0) return acq_fail(err, r, "cannot read %s", path);
    *bio = BIO_new_mem_buf(bytes->len ? (const void *)bytes->bytes : "", (int)bytes->len);
    return *bio ? ACQ_OK : acq_fail(err, ACQ_MEMORY, "no memory to read %s", path);
}

static void close_file(struct acq_buf *bytes, BIO *bio)
{
    BIO_free(bio);
    if (bytes->bytes) OPENSSL_cleanse(bytes->bytes, bytes->room); /* it may be a key */
    acq_buf_fini(bytes);
    ERR_clear_error();
}

/* ---- a client's trust ---- */

static int trust_file(SSL_CTX *ssl, const char *path, struct acq_err *err)
{
    struct acq_buf bytes;
    BIO *bio = NULL;
    X509 *cert;
    unsigned count = 0;
    int r = open_file(path, &bytes, &bio, err);
    while (r == ACQ_OK && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        count += (unsigned)X509_STORE_add_cert(SSL_CTX_get_cert_store(ssl), cert);
        X509_free(cert);
    }
    if (r == ACQ_OK && !count)
        r = acq_fail(err, ACQ_FORMAT,
                     "%s holds no certificate: it should be PEM, text with a line -----BEGIN CERTIFICATE-----", path);
    close_file(&bytes, bio);
    return r;
}

static void trust_one(void *user, const uint8_t *der, size_t n)
{
    const unsigned char *p = der;
    X509 *cert = n <= LONG_MAX ? d2i_X509(NULL, &p, (long)n) : NULL;
    if (cert) X509_STORE_add_cert(SSL_CTX_get_cert_store(user), cert);
    X509_free(cert);
}

/* trust_files: the system's certificates where this build of OpenSSL expects them, or where other systems have them. */
static void trust_files(SSL_CTX *ssl)
{
    static const char *const others[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                         "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};
    SSL_CTX_set_default_verify_paths(ssl);
    if (acq_path_exists(X509_get_default_cert_dir())) return;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (acq_path_exists(others[i]) && SSL_CTX_load_verify_file(ssl, others[i])) return;
}

/* trust_system: what the system trusts; where that is nothing, no server will be known, and then that is said. */
static void trust_system(SSL_CTX *ssl)
{
    if (acq_roots_each(trust_one, ssl) == ACQ_MISSING) trust_files(ssl);
    ERR_clear_error();
}

static int set_trust(struct acq_tls_context *c, const char *ca, struct acq_err *err)
{
    static const unsigned char http2[] = {2, 'h', '2'};
    SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, acq_tls_verified);
    if (SSL_CTX_set_alpn_protos(c->ssl, http2, sizeof http2)) return acq_fail(err, ACQ_MEMORY, "no memory for TLS");
    c->own_roots = ca;
    if (!ca) {
        trust_system(c->ssl);
        return ACQ_OK;
    }
    /* a certificate that the user gives is trusted, also where it is the server's own, or signed by another */
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(c->ssl), X509_V_FLAG_PARTIAL_CHAIN);
    return trust_file(c->ssl, ca, err);
}

/* ---- a server's certificate ---- */

static int check_time(const char *path, X509 *cert, struct acq_err *err)
{
    char date[16];
    if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0) {
        acq_tls_date(date, X509_get0_notAfter(cert));
        return acq_fail(err, ACQ_FORMAT, "the certificate in %s expired on %s: no bridge would take it; renew it", path,
                        date);
    }
    if (X509_cmp_current_time(X509_get0_notBefore(cert)) <= 0) return ACQ_OK;
    acq_tls_date(date, X509_get0_notBefore(cert));
    return acq_fail(err, ACQ_FORMAT,
                    "the certificate in %s is valid from %s on: look whether this computer's clock is right", path,
                    date);
}

static int use_chain(SSL_CTX *ssl, const char *path, struct acq_err *err)
{
    struct acq_buf bytes;
    BIO *bio = NULL;
    X509 *cert = NULL;
    int r = open_file(path, &bytes, &bio, err);
    if (r == ACQ_OK && !(cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
        r = acq_fail(err, ACQ_FORMAT,
                     "%s holds no certificate: it should be PEM, text with a line -----BEGIN CERTIFICATE-----", path);
    if (r == ACQ_OK) r = check_time(path, cert, err);
    if (r == ACQ_OK && !SSL_CTX_use_certificate(ssl, cert))
        r = acq_fail(err, ACQ_FORMAT, "the certificate in %s cannot be used: %s", path,
                     ERR_reason_error_string(ERR_peek_last_error()));
    X509_free(cert);
    while (r == ACQ_OK && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        if (!SSL_CTX_add1_chain_cert(ssl, cert)) r = acq_fail(err, ACQ_MEMORY, "no memory for the certificates");
        X509_free(cert);
    }
    close_file(&bytes, bio);
    return r;
}

/* no_password: a server that starts by itself cannot ask for one. */
static int no_password(char *dst, int size, int write, void *user)
{
    (void)dst, (void)size, (void)write;
    *(bool *)user = true;
    return -1;
}

static int use_key(SSL_CTX *ssl, const char *cert, const char *path, struct acq_err *err)
{
    struct acq_buf bytes;
    BIO *bio = NULL;
    bool locked = false;
    int r = open_file(path, &bytes, &bio, err);
    EVP_PKEY *key = r == ACQ_OK ? PEM_read_bio_PrivateKey(bio, NULL, no_password, &locked) : NULL;
    if (r == ACQ_OK && locked)
        r = acq_fail(err, ACQ_FORMAT,
                     "the key in %s has a password: `openssl pkey -in %s -out NEW` makes one that has none", path,
                     path);
    else if (r == ACQ_OK && !key)
        r = acq_fail(err, ACQ_FORMAT, "%s holds no key: it should be PEM, text with a line -----BEGIN PRIVATE KEY-----",
                     path);
    if (r == ACQ_OK && !SSL_CTX_use_PrivateKey(ssl, key))
        r = acq_fail(err, ACQ_FORMAT, "the key in %s is not that of the certificate in %s", path, cert);
    EVP_PKEY_free(key);
    close_file(&bytes, bio);
    return r;
}

/* choose takes HTTP/2 out of what the client offers, or refuses it. */
static int choose(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in, unsigned n,
                  void *user)
{
    (void)ssl, (void)user;
    for (unsigned at = 0; at < n; at += 1u + in[at]) { /* OpenSSL has checked that the lengths fit */
        if (in[at] != 2 || in[at + 1] != 'h' || in[at + 2] != '2') continue;
        *out = in + at + 1;
        *out_n = 2;
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int set_identity(struct acq_tls_context *c, const char *cert, const char *key, struct acq_err *err)
{
    SSL_CTX_set_alpn_select_cb(c->ssl, choose, NULL);
    int r = use_chain(c->ssl, cert, err);
    return r < 0 ? r : use_key(c->ssl, cert, key, err);
}

/* ---- either side ---- */

/* set_rules: what both sides keep. Source of the ciphers of TLS 1.2: RFC 9113, section 9.2.2 and appendix A. */
static bool set_rules(SSL_CTX *ssl)
{
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_security_level(ssl, 2);
    SSL_CTX_set_msg_callback(ssl, acq_tls_count);
    return SSL_CTX_set_num_tickets(ssl, 0) && SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) &&
           SSL_CTX_set_cipher_list(ssl, "ECDHE+AESGCM:ECDHE+CHACHA20");
}

static struct acq_tls_context *new_context(bool server)
{
    struct acq_tls_context *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->refs = 1;
    c->server = server;
    c->ssl = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    c->bytes = acq_tls_bytes_new();
    if (c->ssl && c->bytes && set_rules(c->ssl)) return c;
    acq_tls_release(c);
    return NULL;
}

struct acq_tls_context *acq_tls_keep(struct acq_tls_context *c)
{
    if (c) c->refs++;
    return c;
}

void acq_tls_release(struct acq_tls_context *c)
{
    if (!c || --c->refs) return;
    SSL_CTX_free(c->ssl);
    BIO_meth_free(c->bytes);
    free(c);
}

/* made hands a context over if it is a good one. */
static int made(struct acq_tls_context *c, int r, struct acq_tls_context **out)
{
    ERR_clear_error();
    if (r == ACQ_OK)
        *out = c;
    else
        acq_tls_release(c);
    return r;
}

int acq_tls_client_new(struct acq_tls_context **out, const char *ca, struct acq_err *err)
{
    struct acq_tls_context *c = new_context(false);
    if (!c) return acq_fail(err, ACQ_MEMORY, "no memory for TLS");
    return made(c, set_trust(c, ca, err), out);
}

int acq_tls_server_new(struct acq_tls_context **out, const char *cert, const char *key, struct acq_err *err)
{
    struct acq_tls_context *c = new_context(true);
    if (!c) return acq_fail(err, ACQ_MEMORY, "no memory for TLS");
    return made(c, set_identity(c, cert, key, err), out);
}
