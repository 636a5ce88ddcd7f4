#include "rpc/internal.h"

#include <stdlib.h>

static int make_session(struct acq_rpc *rpc)
{
    nghttp2_session_callbacks *callbacks;
    if (nghttp2_session_callbacks_new(&callbacks)) return ACQ_MEMORY;
    acq_rpc_set_callbacks(callbacks);
    int r = rpc->server ? nghttp2_session_server_new(&rpc->session, callbacks, rpc)
                        : nghttp2_session_client_new(&rpc->session, callbacks, rpc);
    nghttp2_session_callbacks_del(callbacks);
    return r ? ACQ_MEMORY : ACQ_OK;
}

int acq_rpc_new(struct acq_rpc **out, bool server, const struct acq_rpc_events *events, void *user, struct acq_err *err)
{
    struct acq_rpc *rpc = calloc(1, sizeof *rpc);
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, ACQ_RPC_STREAMS_MAX},
                                         {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW},
                                         {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADER_BYTES_MAX},
                                         {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    if (!rpc) return acq_fail(err, ACQ_MEMORY, "no memory for a connection");
    *rpc = (struct acq_rpc){.server = server, .events = events, .user = user};
    if (make_session(rpc) < 0 || nghttp2_submit_settings(rpc->session, NGHTTP2_FLAG_NONE, settings, server ? 3 : 4) ||
        nghttp2_session_set_local_window_size(rpc->session, NGHTTP2_FLAG_NONE, 0, 4 * WINDOW)) {
        nghttp2_session_del(rpc->session);
        free(rpc);
        return acq_fail(err, ACQ_MEMORY, "no memory for a connection");
    }
    *out = rpc;
    return ACQ_OK;
}

void acq_rpc_free(struct acq_rpc *rpc)
{
    if (!rpc) return;
    while (rpc->calls) acq_rpc_call_end(rpc->calls);
    nghttp2_session_del(rpc->session);
    free(rpc);
}

int acq_rpc_receive(struct acq_rpc *rpc, const uint8_t *bytes, size_t n, struct acq_err *err)
{
    ssize_t used = rpc->broken ? NGHTTP2_ERR_INVALID_STATE : nghttp2_session_mem_recv(rpc->session, bytes, n);
    if (used >= 0 && (size_t)used == n) return ACQ_OK;
    rpc->broken = true;
    return acq_fail(err, ACQ_FORMAT, "the other side does not speak HTTP/2: %s",
                    used < 0 ? nghttp2_strerror((int)used) : "bytes were left over");
}

ptrdiff_t acq_rpc_send(struct acq_rpc *rpc, const uint8_t **bytes)
{
    ssize_t n = rpc->broken ? 0 : nghttp2_session_mem_send(rpc->session, bytes);
    rpc->broken = rpc->broken || n < 0;
    return n < 0 ? ACQ_MEMORY : n;
}

bool acq_rpc_done(const struct acq_rpc *rpc)
{
    return rpc->broken || (!nghttp2_session_want_read(rpc->session) && !nghttp2_session_want_write(rpc->session));
}

void acq_rpc_shutdown(struct acq_rpc *rpc)
{
    nghttp2_submit_goaway(rpc->session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(rpc->session),
                          NGHTTP2_NO_ERROR, NULL, 0);
}
