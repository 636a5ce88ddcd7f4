/* TLS in memory: two ends, whose bytes are moved in pieces of any size. The certificate is made here. */
#include "help.h"

#include "base/buf.h"
#include "rpc/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <unistd.h>

enum { RECORD = 5 + 256 + ACQ_TLS_RECORD_MAX };

static char cert_path[] = "/tmp/acq-tls-XXXXXX", key_path[] = "/tmp/acq-tls-XXXXXX";
static struct acq_tls_context *client_side, *server_side;
static struct acq_err err;

/* ---- a certificate for localhost that signs itself ---- */

static void write_pem(char *path, X509 *cert, EVP_PKEY *key)
{
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    assert_true(cert ? PEM_write_X509(file, cert) : PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL));
    fclose(file);
}

static int make_sides(void **state)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    (void)state;
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -100);
    X509_gmtime_adj(X509_getm_notAfter(cert), 100000);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const uint8_t *)"test", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost,IP:::1");
    assert_true(names && X509_add_ext(cert, names, -1) && X509_sign(cert, key, EVP_sha256()));
    write_pem(cert_path, cert, NULL);
    write_pem(key_path, NULL, key);
    assert_int_equal(acq_tls_server_new(&server_side, cert_path, key_path, &err), ACQ_OK);
    assert_int_equal(acq_tls_client_new(&client_side, cert_path, &err), ACQ_OK);
    X509_EXTENSION_free(names);
    X509_free(cert);
    EVP_PKEY_free(key);
    return 0;
}

static int drop_sides(void **state)
{
    (void)state;
    acq_tls_release(client_side);
    acq_tls_release(server_side);
    unlink(cert_path);
    unlink(key_path);
    return 0;
}

/* ---- two ends ---- */

struct end {
    struct acq_tls *tls;
    struct acq_buf got; /* content that came */
    int error;
    char why[400];
};

struct pair {
    struct end client, server;
    size_t piece;
    uint64_t random;
};

static void pair_init(struct pair *p, const char *host, size_t piece)
{
    *p = (struct pair){.piece = piece, .random = 17};
    acq_buf_init(&p->client.got, 64 << 20);
    acq_buf_init(&p->server.got, 64 << 20);
    assert_int_equal(acq_tls_new(&p->client.tls, client_side, host, &err), ACQ_OK);
    assert_int_equal(acq_tls_new(&p->server.tls, server_side, NULL, &err), ACQ_OK);
}

static void pair_fini(struct pair *p)
{
    acq_tls_free(p->client.tls);
    acq_tls_free(p->server.tls);
    acq_buf_fini(&p->client.got);
    acq_buf_fini(&p->server.got);
}

/* hear gives bytes to an end, until it fails. */
static void hear(struct end *e, const uint8_t *bytes, size_t n)
{
    uint8_t dst[1000], *exact = malloc(n);
    ptrdiff_t got = 0;
    memcpy(exact, bytes, n);
    acq_tls_feed(e->tls, exact, n);
    while (!e->error && (got = acq_tls_read(e->tls, dst, sizeof dst, &err)) > 0)
        assert_int_equal(acq_buf_add(&e->got, dst, (size_t)got), ACQ_OK);
    if (!e->error && got < 0) {
        e->error = (int)got;
        snprintf(e->why, sizeof e->why, "%s", err.text);
    }
    free(exact);
}

/* move gives one end what the other has to send. Returns how many bytes that were. */
static size_t move(struct pair *p, struct end *from, struct end *to)
{
    const uint8_t *bytes;
    size_t all = acq_tls_unsent(from->tls, &bytes);
    for (size_t at = 0, n; at < all; at += n) {
        n = p->piece ? p->piece : 1 + random_below(&p->random, 1u << random_below(&p->random, 15));
        if (n > all - at) n = all - at;
        hear(to, bytes + at, n);
    }
    acq_tls_sent(from->tls);
    return all;
}

static void settle(struct pair *p)
{
    while (move(p, &p->client, &p->server) + move(p, &p->server, &p->client)) continue;
}

static void both_ready(struct pair *p, const char *host, size_t piece)
{
    pair_init(p, host, piece);
    settle(p);
    assert_true(acq_tls_ready(p->client.tls) && acq_tls_ready(p->server.tls));
    assert_true(!p->client.error && !p->server.error);
}

/* ---- tests ---- */

static void content(void **state)
{
    static uint8_t sent[300000];
    (void)state;
    for (size_t i = 0; i < sizeof sent; i++) sent[i] = (uint8_t)(i * 7 + i / 1000);
    for (size_t piece = 0; piece < 4; piece++) {
        struct pair p;
        both_ready(&p, piece % 2 ? "::1" : "localhost", piece);
        size_t n = piece == 1 ? 3000 : sizeof sent;
        assert_int_equal(acq_tls_write(p.client.tls, sent, n), ACQ_OK);
        assert_int_equal(acq_tls_write(p.server.tls, sent, 5), ACQ_OK);
        settle(&p);
        assert_int_equal(p.server.got.len, n);
        assert_memory_equal(p.server.got.bytes, sent, n);
        assert_int_equal(p.client.got.len, 5);
        acq_tls_close(p.client.tls);
        settle(&p);
        assert_true(acq_tls_ended(p.server.tls) && !acq_tls_ended(p.client.tls));
        assert_true(!p.client.error && !p.server.error);
        pair_fini(&p);
    }
}

static void other_host(void **state)
{
    static const char *const hosts[] = {"localhost.example", "127.0.0.1", "::2", "fe80::1%eth0", "test"};
    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct pair p;
        pair_init(&p, hosts[i], 0);
        settle(&p);
        assert_true(p.client.error && p.server.error);
        assert_non_null(strstr(p.client.why, "is not for"));
        assert_non_null(strstr(p.client.why, "but for localhost, an IPv6 address"));
        assert_false(acq_tls_ready(p.client.tls) || acq_tls_ready(p.server.tls));
        uint8_t dst[10];
        assert_true(acq_tls_read(p.client.tls, dst, sizeof dst, &err) < 0); /* it stays at its end */
        pair_fini(&p);
    }
}

/* every byte of a handshake and of content matters: changed, nothing that was not sent comes out */
static void changed_on_the_way(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 300; seed++) {
        struct pair p;
        uint64_t random = seed;
        bool in_content = seed % 3 == 0;
        if (in_content)
            both_ready(&p, "localhost", 0);
        else
            pair_init(&p, "localhost", 0);
        if (in_content) assert_int_equal(acq_tls_write(p.client.tls, (const uint8_t *)"abcdefghij", 10), ACQ_OK);
        for (int turn = 0; turn < 6; turn++) {
            const uint8_t *bytes;
            struct end *from = turn % 2 ? &p.server : &p.client, *to = turn % 2 ? &p.client : &p.server;
            size_t n = acq_tls_unsent(from->tls, &bytes);
            if (n && random_below(&random, 2))
                ((uint8_t *)(uintptr_t)bytes)[random_below(&random, n)] ^= 1u << seed % 8;
            move(&p, from, to);
        }
        assert_true(p.server.got.len == 0 || (p.server.got.len == 10 && !memcmp(p.server.got.bytes, "abcdefghij", 10)));
        pair_fini(&p);
    }
}

static void not_tls(void **state)
{
    struct pair p;
    const uint8_t *bytes;
    (void)state;
    pair_init(&p, "localhost", 0);
    hear(&p.server, (const uint8_t *)"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    assert_int_equal(p.server.error, ACQ_FORMAT);
    assert_non_null(strstr(p.server.why, "start it with --tls"));
    size_t n = acq_tls_unsent(p.server.tls, &bytes); /* what a client without TLS understands at once */
    assert_non_null(strstr(acq_tls_misplaced(bytes, n), "add --tls"));
    hear(&p.client, (const uint8_t *)"\0\0\x12\4\0\0\0\0\0", 9);
    assert_int_equal(p.client.error, ACQ_FORMAT);
    assert_non_null(strstr(p.client.why, "leave out --tls"));
    n = acq_tls_unsent(p.client.tls, &bytes); /* the client's hello, at a server without TLS */
    assert_non_null(strstr(acq_tls_misplaced(bytes, n), "--cert and --key"));
    assert_null(acq_tls_misplaced((const uint8_t *)"PRI * ", 6));
    assert_null(acq_tls_misplaced((const uint8_t *)"\0\0\x12\4", 4));
    pair_fini(&p);
}

/* a client of another kind: what it says by OpenSSL alone */
static SSL *stranger(SSL_CTX **ctx, int most, const char *protocol)
{
    *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(*ctx, most);
    SSL_CTX_set_security_level(*ctx, 0);
    SSL_CTX_set_min_proto_version(*ctx, TLS1_VERSION);
    SSL *ssl = SSL_new(*ctx);
    if (protocol) SSL_set_alpn_protos(ssl, (const uint8_t *)protocol, (unsigned)strlen(protocol));
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl);
    return ssl;
}

/* talk moves bytes between a stranger and our server, until there are none. */
static void talk(SSL *ssl, struct end *server)
{
    char bytes[4096], *all;
    const uint8_t *ours;
    size_t n;
    long m;
    do {
        (void)SSL_read(ssl, bytes, sizeof bytes);
        m = BIO_get_mem_data(SSL_get_wbio(ssl), &all);
        if (m > 0) hear(server, (const uint8_t *)all, (size_t)m);
        (void)BIO_reset(SSL_get_wbio(ssl));
        n = acq_tls_unsent(server->tls, &ours);
        if (n) BIO_write(SSL_get_rbio(ssl), ours, (int)n);
        acq_tls_sent(server->tls);
    } while (m > 0 || n);
    ERR_clear_error();
}

static void strangers(void **state)
{
    static const struct {
        int most;
        const char *protocol;
        bool good;
    } all[] = {{TLS1_3_VERSION, "\2h2", true},
               {TLS1_2_VERSION, "\2h2", true},
               {TLS1_2_VERSION, "\10http/1.1\2h2", true},
               {TLS1_3_VERSION, "\10http/1.1", false},
               {TLS1_3_VERSION, NULL, false},
               {TLS1_1_VERSION, "\2h2", false}};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct pair p;
        SSL_CTX *ctx;
        pair_init(&p, "localhost", 0);
        SSL *ssl = stranger(&ctx, all[i].most, all[i].protocol);
        talk(ssl, &p.server);
        assert_int_equal(acq_tls_ready(p.server.tls), all[i].good);
        assert_int_equal(p.server.error == 0, all[i].good);
        SSL_free(ssl);
        SSL_CTX_free(ctx);
        pair_fini(&p);
    }
}

/* new keys again and again bring nothing, and end the connection; what waits for a client that does not read is bounded
 */
static void new_keys(void **state)
{
    struct pair p;
    SSL_CTX *ctx;
    unsigned changes = 0;
    (void)state;
    pair_init(&p, "localhost", 0);
    SSL *ssl = stranger(&ctx, TLS1_3_VERSION, "\2h2");
    talk(ssl, &p.server);
    assert_true(acq_tls_ready(p.server.tls));
    for (; changes < 5000 && !p.server.error; changes++) {
        assert_true(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) && SSL_do_handshake(ssl) == 1);
        talk(ssl, &p.server);
    }
    assert_in_range(changes, 100, 1100);
    assert_non_null(strstr(p.server.why, "changes its keys"));
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    pair_fini(&p);
}

/* TLS 1.2: the server does not begin anew when it is asked to; what it said at the end of the first handshake stays */
static void renegotiation(void **state)
{
    struct pair p;
    SSL_CTX *ctx;
    uint8_t before[64], after[64];
    (void)state;
    pair_init(&p, "localhost", 0);
    SSL *ssl = stranger(&ctx, TLS1_2_VERSION, "\2h2");
    talk(ssl, &p.server);
    assert_true(acq_tls_ready(p.server.tls));
    size_t n = SSL_get_peer_finished(ssl, before, sizeof before);
    assert_true(SSL_renegotiate(ssl));
    (void)SSL_do_handshake(ssl);
    talk(ssl, &p.server);
    assert_true(n > 0 && SSL_get_peer_finished(ssl, after, sizeof after) == n && !memcmp(before, after, n));
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    pair_fini(&p);
}

static void too_much_unsent(void **state)
{
    static uint8_t bytes[100000];
    struct pair p;
    const uint8_t *unsent;
    int r = ACQ_OK;
    (void)state;
    both_ready(&p, "localhost", 0);
    for (int i = 0; i < 10 && r == ACQ_OK; i++) r = acq_tls_write(p.server.tls, bytes, sizeof bytes);
    assert_int_equal(r, ACQ_RANGE);
    assert_true(acq_tls_unsent(p.server.tls, &unsent) <= ACQ_TLS_UNSENT_MAX);
    pair_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content),       cmocka_unit_test(other_host),      cmocka_unit_test(changed_on_the_way),
        cmocka_unit_test(not_tls),       cmocka_unit_test(strangers),       cmocka_unit_test(new_keys),
        cmocka_unit_test(renegotiation), cmocka_unit_test(too_much_unsent),
    };
    return cmocka_run_group_tests_name("rpc_tls", tests, make_sides, drop_sides);
}
