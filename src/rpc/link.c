#include "rpc/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    READ = 256 * 1024, /* measured against 64 KiB: 15 to 18 % less CPU time per frame where much has come */
    GATHER = 64 * 1024 /* so much is given to the system at once; nghttp2 hands out single frames of up to 16 KiB */
};

static const char gone[] = "the other side closed the connection";

static void on_closed(uv_handle_t *handle)
{
    struct acq_link *link = handle->data;
    acq_rpc_free(link->rpc);
    acq_tls_free(link->tls);
    acq_buf_fini(&link->out);
    link->closed(link, link->why);
}

/* last_words sends what TLS has to say at the end, if the socket takes it at once. */
static void last_words(struct acq_link *link)
{
    const uint8_t *bytes;
    if (!link->tls || link->writing) return;
    acq_tls_close(link->tls);
    size_t n = acq_tls_unsent(link->tls, &bytes);
    uv_buf_t buf = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)n);
    if (n) uv_try_write((uv_stream_t *)&link->tcp, &buf, 1);
}

void acq_link_close(struct acq_link *link, const char *why)
{
    if (link->closing) return;
    link->closing = true;
    snprintf(link->why, sizeof link->why, "%s", why);
    last_words(link);
    uv_close((uv_handle_t *)&link->tcp, on_closed);
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    static char bytes[READ]; /* used up before the loop reads again */
    (void)handle, (void)suggested;
    *buf = uv_buf_init(bytes, sizeof bytes);
}

/* decrypt gives the connection what records of TLS hold. */
static int decrypt(struct acq_link *link, const uint8_t *bytes, size_t n, struct acq_err *err)
{
    static uint8_t plain[ACQ_TLS_RECORD_MAX]; /* used up at once */
    bool ready = acq_tls_ready(link->tls);
    ptrdiff_t got;
    acq_tls_feed(link->tls, bytes, n);
    while ((got = acq_tls_read(link->tls, plain, sizeof plain, err)) > 0 && !link->closing) {
        int r = acq_rpc_receive(link->rpc, plain, (size_t)got, err);
        if (r < 0) return r;
    }
    if (got < 0) return (int)got;
    if (!ready && acq_tls_ready(link->tls) && link->secured && !link->closing) link->secured(link);
    return acq_tls_ended(link->tls) ? acq_fail(err, ACQ_CLOSED, "%s", gone) : ACQ_OK;
}

static int receive(struct acq_link *link, const uint8_t *bytes, size_t n, struct acq_err *err)
{
    const char *misplaced = link->heard || link->tls ? NULL : acq_tls_misplaced(bytes, n);
    link->heard = true;
    link->read_bytes += n;
    if (misplaced) return acq_fail(err, ACQ_FORMAT, "%s", misplaced);
    return link->tls ? decrypt(link, bytes, n, err) : acq_rpc_receive(link->rpc, bytes, n, err);
}

static void take(struct acq_link *link, const uint8_t *bytes, size_t n)
{
    struct acq_err err;
    if (receive(link, bytes, n, &err) < 0)
        acq_link_close(link, err.text);
    else if (link->received)
        link->received(link);
    else
        acq_link_flush(link);
}

/* end_words: with TLS, an end that was not announced may be somebody else's work. */
static const char *end_words(const struct acq_link *link)
{
    if (!link->tls) return gone;
    return acq_tls_ready(link->tls) ? "the connection was cut off" : "the connection was cut off in the TLS handshake";
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct acq_link *link = stream->data;
    if (n == UV_EOF)
        acq_link_close(link, end_words(link));
    else if (n < 0)
        acq_link_close(link, uv_strerror((int)n));
    else if (n > 0)
        take(link, (const uint8_t *)buf->base, (size_t)n);
}

void acq_link_read(struct acq_link *link, bool on)
{
    if (on == link->reading || link->closing || !link->rpc) return;
    link->reading = on;
    acq_rpc_pause(link->rpc, !on);
    if (!on)
        uv_read_stop((uv_stream_t *)&link->tcp);
    else if (uv_read_start((uv_stream_t *)&link->tcp, on_alloc, on_read) < 0)
        acq_link_close(link, "cannot read from the socket");
}

/* ---- writing ---- */

static void on_written(uv_write_t *request, int status)
{
    struct acq_link *link = request->data;
    size_t max = link->out.max;
    link->writing = false;
    acq_buf_fini(&link->out);
    acq_buf_init(&link->out, max);
    if (status < 0)
        acq_link_close(link, uv_strerror(status));
    else
        acq_link_flush(link);
}

/* write_later hands what the socket does not take now to the loop. */
static void write_later(struct acq_link *link, const uint8_t *bytes, size_t n)
{
    if (acq_buf_add(&link->out, bytes, n) < 0) {
        acq_link_close(link, "no memory");
        return;
    }
    uv_buf_t buf = uv_buf_init((char *)link->out.bytes, (unsigned)link->out.len);
    link->write.data = link;
    link->writing = uv_write(&link->write, (uv_stream_t *)&link->tcp, &buf, 1, on_written) == 0;
    if (!link->writing) acq_link_close(link, "cannot write");
}

/* write_now gives bytes to the socket. Returns whether it took all. */
static bool write_now(struct acq_link *link, const uint8_t *bytes, size_t n)
{
    uv_buf_t buf = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)n);
    int done = uv_try_write((uv_stream_t *)&link->tcp, &buf, 1);
    if (done == (int)n) return true;
    if (done < 0 && done != UV_EAGAIN)
        acq_link_close(link, uv_strerror(done));
    else
        write_later(link, bytes + (done > 0 ? done : 0), n - (size_t)(done > 0 ? done : 0));
    return false;
}

/* gather puts what the connection has to send now into dst, at most GATHER bytes and a frame. Returns their number, or
 * < 0 if there is no memory. */
static ptrdiff_t gather(struct acq_link *link, uint8_t *dst, size_t size)
{
    const uint8_t *bytes;
    ptrdiff_t n;
    size_t all = 0;
    while (all < GATHER && (n = acq_rpc_send(link->rpc, &bytes)) != 0) {
        if (n < 0 || (size_t)n > size - all) return ACQ_MEMORY;
        memcpy(dst + all, bytes, (size_t)n);
        all += (size_t)n;
    }
    return (ptrdiff_t)all;
}

/* encrypt makes records of n bytes that the connection has to send. Returns how many bytes they and what TLS itself has
 * to say are now, and where. */
static ptrdiff_t encrypt(struct acq_link *link, const uint8_t *plain, size_t n, const uint8_t **bytes)
{
    if (n && acq_tls_write(link->tls, plain, n) < 0) return ACQ_MEMORY;
    return (ptrdiff_t)acq_tls_unsent(link->tls, bytes);
}

/* next gives the next bytes for the socket: their number, 0 for none now, or < 0 if there is no memory. */
static ptrdiff_t next(struct acq_link *link, const uint8_t **bytes)
{
    static uint8_t plain[2 * GATHER]; /* a frame of nghttp2's is never longer than the rest */
    ptrdiff_t n = acq_link_ready(link) ? gather(link, plain, sizeof plain) : 0;
    *bytes = plain;
    return link->tls && n >= 0 ? encrypt(link, plain, (size_t)n, bytes) : n;
}

void acq_link_flush(struct acq_link *link)
{
    const uint8_t *bytes;
    ptrdiff_t n;
    bool all = true;
    if (!link->rpc || link->writing || link->closing) return;
    while (all && (n = next(link, &bytes)) > 0) {
        all = write_now(link, bytes, (size_t)n);
        if (link->tls) acq_tls_sent(link->tls);
    }
    if (!all) return;
    if (n < 0)
        acq_link_close(link, "no memory");
    else if (acq_rpc_done(link->rpc))
        acq_link_close(link, gone);
}

/* ---- life ---- */

int acq_link_init(struct acq_link *link, uv_loop_t *loop, void (*closed)(struct acq_link *link, const char *why),
                  struct acq_err *err)
{
    *link = (struct acq_link){.closed = closed};
    acq_buf_init(&link->out, 2 * GATHER);
    int r = uv_tcp_init(loop, &link->tcp);
    if (r < 0) return acq_fail(err, ACQ_IO, "cannot make a socket: %s", uv_strerror(r));
    link->tcp.data = link;
    return ACQ_OK;
}

void acq_link_secure(struct acq_link *link, struct acq_tls *tls)
{
    link->tls = tls;
}

bool acq_link_ready(const struct acq_link *link)
{
    return link->rpc && (!link->tls || acq_tls_ready(link->tls));
}

int acq_link_start(struct acq_link *link, struct acq_rpc *rpc, struct acq_err *err)
{
    link->rpc = rpc;
    if (link->tls) acq_rpc_set_secure(rpc);
    uv_tcp_nodelay(&link->tcp, 1); /* frames are gathered by us; waiting for more only delays them */
    int r = uv_read_start((uv_stream_t *)&link->tcp, on_alloc, on_read);
    link->reading = r == 0;
    return r < 0 ? acq_fail(err, ACQ_IO, "cannot read from the socket: %s", uv_strerror(r)) : ACQ_OK;
}
