/* tls_why.c - why TLS failed, in words that say what to do. Names out of a certificate are the other side's: they are
 * cut and escaped. */
#include "rpc/tls_internal.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <string.h>

/* ---- what a certificate says ---- */

void acq_tls_date(char dst[16], const ASN1_TIME *time)
{
    struct tm tm = {0};
    if (!ASN1_TIME_to_tm(time, &tm)) tm = (struct tm){.tm_mday = 1};
    snprintf(dst, 16, "%04d-%02d-%02d", (tm.tm_year + 1900) % 10000, (tm.tm_mon + 1) % 100, tm.tm_mday % 100);
}

/* issuer writes who signed a certificate. */
static void issuer(char *dst, size_t size, X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int n = 0;
    if (bio) {
        X509_NAME_print_ex(bio, X509_get_issuer_name(cert), 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_QUOTE);
        n = BIO_read(bio, dst, (int)size - 1);
    }
    dst[n > 0 ? n : 0] = 0;
    BIO_free(bio);
}

/* name_of writes a name or an address that a certificate is for, "" for any other kind. */
static void name_of(char *dst, size_t size, const GENERAL_NAME *name)
{
    int kind;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &kind);
    *dst = 0;
    if (kind == GEN_IPADD) {
        const unsigned char *a = ASN1_STRING_get0_data(value);
        if (ASN1_STRING_length(value) == 4) snprintf(dst, size, "%d.%d.%d.%d", a[0], a[1], a[2], a[3]);
        if (ASN1_STRING_length(value) == 16) snprintf(dst, size, "an IPv6 address");
    } else if (kind == GEN_DNS) {
        snprintf(dst, size, "%.*s", ASN1_STRING_length(value), (const char *)ASN1_STRING_get0_data(value));
        for (char *p = dst; *p; p++)
            if (*p <= ' ' || *p > '~') *p = '?';
    }
}

/* names writes what a certificate is for. */
static void names(char *dst, size_t size, X509 *cert)
{
    char one[64];
    size_t n = 0;
    GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    snprintf(dst, size, "no name at all");
    for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
        name_of(one, sizeof one, sk_GENERAL_NAME_value(all, i));
        if (!*one || n + strlen(one) + 8 > size) continue;
        n += (size_t)snprintf(dst + n, size - n, "%s%s", n ? ", " : "", one);
    }
    GENERAL_NAMES_free(all);
}

/* ---- a certificate that is not accepted ---- */

static void distrust_name(struct acq_tls *t, X509 *cert)
{
    char text[110];
    names(text, sizeof text, cert);
    snprintf(t->distrust, sizeof t->distrust, "the server's certificate is not for %.90s, but for %s", t->host, text);
}

static void distrust_time(struct acq_tls *t, X509 *cert, bool over)
{
    char date[16];
    acq_tls_date(date, over ? X509_get0_notAfter(cert) : X509_get0_notBefore(cert));
    snprintf(t->distrust, sizeof t->distrust,
             over
                 ? "the server's certificate expired on %s: it must be renewed there, or this computer's clock is wrong"
                 : "the server's certificate is valid from %s on: look whether this computer's clock is right",
             date);
}

static void distrust_issuer(struct acq_tls *t, X509 *cert)
{
    char text[100];
    issuer(text, sizeof text, cert);
    snprintf(t->distrust, sizeof t->distrust,
             t->context->own_roots
                 ? "the server's certificate is signed by somebody who is not in the file of --ca: %s"
                 : "the server's certificate is signed by somebody this computer does not know (%s): give that "
                   "certificate by --ca FILE",
             text);
}

static void distrust(struct acq_tls *t, X509 *cert, int why)
{
    switch (why) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: distrust_name(t, cert); break;
    case X509_V_ERR_CERT_HAS_EXPIRED: distrust_time(t, cert, true); break;
    case X509_V_ERR_CERT_NOT_YET_VALID: distrust_time(t, cert, false); break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED: distrust_issuer(t, cert); break;
    default:
        snprintf(t->distrust, sizeof t->distrust, "the server's certificate is not accepted: %s",
                 X509_verify_cert_error_string(why));
    }
}

int acq_tls_verified(int ok, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct acq_tls *t = ssl ? SSL_get_app_data(ssl) : NULL;
    X509 *cert = X509_STORE_CTX_get_current_cert(store);
    if (!ok && t && cert && !*t->distrust) distrust(t, cert, X509_STORE_CTX_get_error(store));
    return ok;
}

/* ---- all other failures ---- */

int acq_tls_not_tls(const struct acq_tls *t, struct acq_err *err)
{
    return acq_fail(err, ACQ_FORMAT,
                    t->context->server
                        ? "the client does not speak TLS, and this server does: start it with --tls"
                        : "the server does not speak TLS: leave out --tls, or start it with --cert and --key");
}

/* refused: the other side has said no. Returns its reason for people, or NULL if it was something else. */
static const char *refused(int reason)
{
    switch (reason) {
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW: return "it has no TLS 1.2 or newer";
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_NO_SHARED_CIPHER: return "there is no cipher that both sides know";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA: return "it does not know who signed this side's certificate";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED: return "this side's certificate has expired";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN: return "it does not accept this side's certificate";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: return "it wants a certificate of this side, which has none";
    case SSL_R_NO_APPLICATION_PROTOCOL:
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: return "it does not speak gRPC (HTTP/2, by ALPN)";
    default: return NULL;
    }
}

int acq_tls_fail(struct acq_tls *t, struct acq_err *err)
{
    unsigned long code = ERR_peek_last_error();
    int reason = ERR_GET_REASON(code);
    const char *other = t->context->server ? "client" : "server", *text = ERR_reason_error_string(code);
    ERR_clear_error();
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && *t->distrust) return acq_fail(err, ACQ_FORMAT, "%s", t->distrust);
    if (reason == ERR_R_MALLOC_FAILURE) return acq_fail(err, ACQ_MEMORY, "no memory for TLS");
    if (refused(reason)) return acq_fail(err, ACQ_CLOSED, "TLS with the %s failed: %s", other, refused(reason));
    return acq_fail(err, t->ready ? ACQ_FORMAT : ACQ_CLOSED, "TLS with the %s failed: %s", other,
                    text ? text : "what came is damaged");
}
