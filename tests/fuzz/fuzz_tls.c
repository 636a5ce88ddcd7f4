/* fuzz_tls.c - bytes of the other side of a TLS connection.
 *
 * The first byte: bit 0 we are the server, otherwise the client; bit 1 a good handshake comes before the bytes, in
 * which the other side is ours. The next says in which pieces the bytes come.
 *
 * Before the handshake is done nothing comes out; what waits to be sent stays within its bounds; after a failure it
 * stays at its end. */
#include "rpc/tls.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) \
    if (!(condition)) abort()

static struct acq_tls_context *sides[2]; /* client, server */

static void write_pem(const char *path, X509 *cert, EVP_PKEY *key)
{
    FILE *file = fopen(path, "w");
    CHECK(file);
    CHECK(cert ? PEM_write_X509(file, cert) : PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL));
    fclose(file);
}

/* make_sides: a certificate that signs itself, once */
static void make_sides(void)
{
    char cert_path[] = "/tmp/acq-fuzz-XXXXXX", key_path[] = "/tmp/acq-fuzz-XXXXXX";
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    CHECK(mkstemp(cert_path) >= 0 && mkstemp(key_path) >= 0 && key && cert);
    X509_set_version(cert, 2);
    X509_gmtime_adj(X509_getm_notBefore(cert), -100);
    X509_gmtime_adj(X509_getm_notAfter(cert), 1000000);
    X509_set_pubkey(cert, key);
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost");
    CHECK(names && X509_add_ext(cert, names, -1) && X509_sign(cert, key, EVP_sha256()));
    write_pem(cert_path, cert, NULL);
    write_pem(key_path, NULL, key);
    CHECK(acq_tls_client_new(&sides[0], cert_path, NULL) == ACQ_OK);
    CHECK(acq_tls_server_new(&sides[1], cert_path, key_path, NULL) == ACQ_OK);
    remove(cert_path);
    remove(key_path);
    X509_EXTENSION_free(names);
    X509_free(cert);
    EVP_PKEY_free(key);
}

/* hear gives bytes to an end. Returns false when it has failed. */
static bool hear(struct acq_tls *tls, const uint8_t *bytes, size_t n)
{
    uint8_t out[2000];
    const uint8_t *unsent;
    struct acq_err err = {0};
    ptrdiff_t got;
    acq_tls_feed(tls, bytes, n);
    while ((got = acq_tls_read(tls, out, sizeof out, &err)) > 0) CHECK(acq_tls_ready(tls));
    CHECK(got == 0 || *err.text);
    CHECK(got == 0 || acq_tls_read(tls, out, sizeof out, NULL) < 0);
    CHECK(acq_tls_unsent(tls, &unsent) <= ACQ_TLS_UNSENT_MAX);
    return got == 0;
}

static void shake_hands(struct acq_tls *a, struct acq_tls *b)
{
    for (int turn = 0; turn < 6; turn++) {
        struct acq_tls *from = turn % 2 ? b : a, *to = turn % 2 ? a : b;
        const uint8_t *bytes;
        size_t n = acq_tls_unsent(from, &bytes);
        if (n) CHECK(hear(to, bytes, n));
        acq_tls_sent(from);
    }
    CHECK(acq_tls_ready(a) && acq_tls_ready(b));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct acq_tls *tls, *other;
    if (!sides[0]) make_sides();
    if (size < 2) return 0;
    bool server = data[0] & 1;
    size_t piece = data[1] ? data[1] : size;
    CHECK(acq_tls_new(&tls, sides[server], server ? NULL : "localhost", NULL) == ACQ_OK);
    CHECK(acq_tls_new(&other, sides[!server], server ? "localhost" : NULL, NULL) == ACQ_OK);
    if (data[0] & 2) shake_hands(tls, other);
    data += 2;
    size -= 2;
    while (size) {
        size_t n = piece < size ? piece : size;
        if (!hear(tls, data, n)) break;
        acq_tls_sent(tls);
        data += n;
        size -= n;
    }
    acq_tls_close(tls);
    acq_tls_free(tls);
    acq_tls_free(other);
    return 0;
}
