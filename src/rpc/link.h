/* link.h - moves the bytes of an rpc connection over a TCP socket of libuv, with TLS or without.
 *
 * Memory  a link is embedded in the caller's struct and lives until `closed` is called. Buffers are shared by all
 *         links; one has bytes of its own only while its socket takes no more.
 *
 * Threads the loop's; all links of a process are on one loop. */
#ifndef ACQ_RPC_LINK_H
#define ACQ_RPC_LINK_H

#include "base/buf.h"
#include "rpc/rpc.h"
#include "rpc/tls.h"

#include <uv.h>

struct acq_link {
    uv_tcp_t tcp;
    uv_write_t write;
    struct acq_rpc *rpc; /* owned; NULL before acq_link_start */
    struct acq_tls *tls; /* owned; NULL: without TLS */
    struct acq_buf out;  /* what the socket did not take at once */
    uint64_t read_bytes; /* all that came; the caller may set it back */
    bool heard;          /* something has come */
    bool reading, writing, closing;
    /* The socket is gone; the link may be freed. */
    void (*closed)(struct acq_link *link, const char *why);
    /* NULL, or called after bytes came, and then sees to it that the link is flushed, now or later. */
    void (*received)(struct acq_link *link);
    /* NULL, or called when the TLS handshake is done; without TLS it is never called. */
    void (*secured)(struct acq_link *link);
    char why[400];
};

/* acq_link_init prepares the socket. Returns 0, or ACQ_IO, ACQ_MEMORY. */
int acq_link_init(struct acq_link *link, uv_loop_t *loop, void (*closed)(struct acq_link *link, const char *why),
                  struct acq_err *err);

/* acq_link_start begins to read; the socket is connected. `rpc` belongs to the link from now on. acq_link_secure,
 * before that, makes it a connection with TLS, which belongs to the link from now on. */
void acq_link_secure(struct acq_link *link, struct acq_tls *tls);
int acq_link_start(struct acq_link *link, struct acq_rpc *rpc, struct acq_err *err);

/* acq_link_ready says whether it has been started, and with TLS whether the handshake is done. */
bool acq_link_ready(const struct acq_link *link);

/* acq_link_read stops (false) and starts reading. While it is stopped the other side can send what the system's buffers
 * take, and is not taken for gone. */
void acq_link_read(struct acq_link *link, bool on);

/* acq_link_flush writes what the connection has to send. Call it after anything was queued, except in an rpc event. */
void acq_link_flush(struct acq_link *link);

/* acq_link_close ends the connection for the reason `why`; `closed` follows from the loop. */
void acq_link_close(struct acq_link *link, const char *why);

#endif
