/* tls.h - TLS for either side of a connection, without sockets: bytes in, bytes out.
 *
 * TLS 1.2 or newer, HTTP/2 agreed by ALPN, no renegotiation, no resumption. A client checks that the server's
 * certificate leads to one that is trusted, is valid now, and names the host that was asked for.
 *
 * Memory  a context is shared by its connections, and lives as long as one of them. A connection keeps at most
 *         ACQ_TLS_UNSENT_MAX bytes to be sent, and of what came no more than a record: 16 KiB.
 * Threads a context and its connections: one thread.
 * Errors  a connection that failed is at its end: send what acq_tls_unsent has, once, and close it.
 * Source  RFC 8446; RFC 5246; RFC 7301 (ALPN); RFC 9113, sections 3.3 and 9.2; OpenSSL's manual pages. */
#ifndef ACQ_RPC_TLS_H
#define ACQ_RPC_TLS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ACQ_TLS_RECORD_MAX = 16 * 1024, ACQ_TLS_UNSENT_MAX = 512 * 1024 }; /* [byte] */

struct acq_tls_context;
struct acq_tls;

/* acq_tls_client_new makes the context of clients. It trusts the certificates in the file `ca` (PEM), NULL: those that
 * the system trusts. acq_tls_server_new makes that of a server with the chain of certificates and the key in these
 * files (PEM). Both return 0, ACQ_MISSING or ACQ_IO if a file cannot be read, ACQ_FORMAT if it does not hold what it
 * should, or ACQ_MEMORY. */
int acq_tls_client_new(struct acq_tls_context **context, const char *ca, struct acq_err *err);
int acq_tls_server_new(struct acq_tls_context **context, const char *cert, const char *key, struct acq_err *err);

/* acq_tls_keep takes a hold of the caller's own on a context, and returns it; acq_tls_release gives one back. NULL is
 * allowed. */
struct acq_tls_context *acq_tls_keep(struct acq_tls_context *context);
void acq_tls_release(struct acq_tls_context *context);

/* acq_tls_new begins a connection; `host` is the name or the address that a client asked for, a server has NULL.
 * Returns 0 or ACQ_MEMORY. acq_tls_free frees it; NULL is allowed. */
int acq_tls_new(struct acq_tls **tls, struct acq_tls_context *context, const char *host, struct acq_err *err);
void acq_tls_free(struct acq_tls *tls);

/* acq_tls_feed gives what came from the other side; the bytes must stay until acq_tls_read has returned 0. It returns
 * the next bytes of the connection's content: their number, 0 if more must come first, or ACQ_FORMAT, ACQ_CLOSED where
 * the other side refused, ACQ_MEMORY. It may leave something in acq_tls_unsent. */
void acq_tls_feed(struct acq_tls *tls, const uint8_t *bytes, size_t n);
ptrdiff_t acq_tls_read(struct acq_tls *tls, uint8_t *dst, size_t size, struct acq_err *err);

/* acq_tls_write makes records of content, for acq_tls_unsent. Needs acq_tls_ready. Returns 0, or ACQ_RANGE if too much
 * waits there, or ACQ_MEMORY. */
int acq_tls_write(struct acq_tls *tls, const uint8_t *bytes, size_t n);

/* acq_tls_unsent returns the number of bytes for the other side, and where they are; acq_tls_sent says that they have
 * been taken. */
size_t acq_tls_unsent(const struct acq_tls *tls, const uint8_t **bytes);
void acq_tls_sent(struct acq_tls *tls);

/* acq_tls_ready says whether the handshake is done and content may flow. acq_tls_ended says whether the other side has
 * said that it sends no more: without that, what came may have been cut off by somebody between. */
bool acq_tls_ready(const struct acq_tls *tls);
bool acq_tls_ended(const struct acq_tls *tls);

/* acq_tls_close says to the other side that nothing more comes. */
void acq_tls_close(struct acq_tls *tls);

/* acq_tls_misplaced looks at the first bytes that came on a connection without TLS. Returns NULL, or what is to be done
 * about them if the other side speaks TLS. */
const char *acq_tls_misplaced(const uint8_t *bytes, size_t n);

#endif
