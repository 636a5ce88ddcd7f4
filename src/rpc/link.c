#include "rpc/link.h"

#include <stdio.h>
#include <stdlib.h>

enum { READ = 64 * 1024, OUT_MAX = 1 << 20 };

static void on_closed(uv_handle_t *handle)
{
    struct acq_link *link = handle->data;
    acq_rpc_free(link->rpc);
    acq_buf_fini(&link->out);
    link->closed(link, link->why);
}

void acq_link_close(struct acq_link *link, const char *why)
{
    if (link->closing) return;
    link->closing = true;
    snprintf(link->why, sizeof link->why, "%s", why);
    uv_close((uv_handle_t *)&link->tcp, on_closed);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    static char bytes[READ]; /* used up before the loop reads again */
    (void)handle, (void)suggested;
    *buf = uv_buf_init(bytes, sizeof bytes);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct acq_link *link = stream->data;
    struct acq_err err;
    if (n == UV_EOF) {
        acq_link_close(link, "the other side closed the connection");
    } else if (n < 0) {
        acq_link_close(link, uv_strerror((int)n));
    } else if (n > 0) {
        int r = acq_rpc_receive(link->rpc, (const uint8_t *)buf->base, (size_t)n, &err);
        if (r < 0)
            acq_link_close(link, err.text);
        else
            acq_link_flush(link);
    }
}

static void on_written(uv_write_t *request, int status)
{
    struct acq_link *link = request->data;
    link->writing = false;
    link->out.len = 0;
    if (status < 0)
        acq_link_close(link, uv_strerror(status));
    else
        acq_link_flush(link);
}

/* gather fills `out` with what the connection has to send now. */
static int gather(struct acq_link *link)
{
    const uint8_t *bytes;
    ptrdiff_t n;
    link->out.len = 0;
    while (link->out.len < OUT_MAX / 2 && (n = acq_rpc_send(link->rpc, &bytes)) != 0)
        if (n < 0 || acq_buf_add(&link->out, bytes, (size_t)n) < 0) return ACQ_MEMORY;
    return ACQ_OK;
}

void acq_link_flush(struct acq_link *link)
{
    if (!link->rpc || link->writing || link->closing) return;
    for (;;) {
        if (gather(link) < 0) {
            acq_link_close(link, "no memory");
            return;
        }
        if (!link->out.len) break;
        uv_buf_t buf = uv_buf_init((char *)link->out.bytes, (unsigned)link->out.len);
        int n = uv_try_write((uv_stream_t *)&link->tcp, &buf, 1);
        if (n == (int)link->out.len) continue;
        if (n < 0 && n != UV_EAGAIN) {
            acq_link_close(link, uv_strerror(n));
            return;
        }
        if (n > 0) acq_buf_drop(&link->out, (size_t)n);
        buf = uv_buf_init((char *)link->out.bytes, (unsigned)link->out.len);
        link->write.data = link;
        link->writing = uv_write(&link->write, (uv_stream_t *)&link->tcp, &buf, 1, on_written) == 0;
        if (!link->writing) acq_link_close(link, "cannot write");
        return;
    }
    if (acq_rpc_done(link->rpc)) acq_link_close(link, "the other side closed the connection");
}

int acq_link_init(struct acq_link *link, uv_loop_t *loop, void (*closed)(struct acq_link *link, const char *why),
                  struct acq_err *err)
{
    *link = (struct acq_link){.closed = closed};
    acq_buf_init(&link->out, OUT_MAX);
    int r = uv_tcp_init(loop, &link->tcp);
    if (r < 0) return acq_fail(err, ACQ_IO, "cannot make a socket: %s", uv_strerror(r));
    link->tcp.data = link;
    return ACQ_OK;
}

int acq_link_start(struct acq_link *link, struct acq_rpc *rpc, struct acq_err *err)
{
    link->rpc = rpc;
    uv_tcp_nodelay(&link->tcp, 1); /* frames are gathered by us; waiting for more only delays them */
    int r = uv_read_start((uv_stream_t *)&link->tcp, on_alloc, on_read);
    return r < 0 ? acq_fail(err, ACQ_IO, "cannot read from the socket: %s", uv_strerror(r)) : ACQ_OK;
}
