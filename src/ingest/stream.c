#include "ingest/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* refuse ends a call whose session, if it has one, goes on. */
static void refuse(const struct acq_stream *stream, struct acq_rpc_call *call, enum acq_rpc_status status,
                   const char *why)
{
    const struct acq_session *s = acq_rpc_user(call);
    acq_stream_refuse(call, s ? s->id : NULL, stream->peer, status, why);
}

/* is_name: what a header may carry, by gRPC's rules, and not too long */
static bool is_name(const char *id)
{
    size_t n = strlen(id);
    for (size_t i = 0; i < n; i++)
        if (id[i] < ' ' || id[i] > '~') return false;
    return n > 0 && n <= ACQ_SESSION_ID_MAX;
}

/* attach makes the call the stream of session `id`. Returns the session, or NULL, and the call has been ended. */
static struct acq_session *attach(struct acq_stream *stream, struct acq_rpc_call *call, const char *id, bool hello)
{
    struct acq_err err;
    struct acq_session *s = acq_session_get(stream->sessions, id, false, &err);
    if (s)
        acq_session_attach(s, call, stream->peer, hello);
    else
        refuse(stream, call, ACQ_RPC_UNAVAILABLE, err.text);
    return s;
}

static void on_begin(void *user, struct acq_rpc_call *call, const char *path, const struct acq_rpc_header *headers,
                     size_t n)
{
    struct acq_stream *stream = user;
    const char *id = acq_rpc_find(headers, n, "acq-session");
    (void)path;
    if (!id) /* a client of the original kind: the session is in its first frame */
        acq_rpc_respond(call, NULL, 0);
    else if (!is_name(id))
        refuse(stream, call, ACQ_RPC_INVALID_ARGUMENT, "acq-session takes 1 to 63 characters of ASCII");
    else
        attach(stream, call, id, true);
}

static void on_message(void *user, struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    struct acq_stream *stream = user;
    struct acq_frame *f = &stream->sessions->frame;
    struct acq_session *s = acq_rpc_user(call);
    char why[120];
    if (n > ACQ_FRAME_LIMIT || acq_decode(f, bytes, n) < 0) {
        snprintf(why, sizeof why, "a message is no TelemetryFrame: the one behind seq %" PRIu64, s ? s->last_seq : 0);
        refuse(stream, call, ACQ_RPC_INVALID_ARGUMENT, why);
        return;
    }
    const char *id = f->has[ACQ_head_session_id] ? f->head.session_id : "";
    if (!*id)
        refuse(stream, call, ACQ_RPC_INVALID_ARGUMENT, "a frame has no session_id");
    else if (s && strcmp(s->id, id))
        refuse(stream, call, ACQ_RPC_INVALID_ARGUMENT, "one stream carries one session: the session_id has changed");
    else if (s || (s = attach(stream, call, id, false)) != NULL)
        acq_session_take(s, bytes, n);
}

static void on_half_close(void *user, struct acq_rpc_call *call)
{
    struct acq_session *s = acq_rpc_user(call);
    (void)user;
    if (s)
        acq_session_finish(s, ACQ_RPC_OK, "");
    else
        acq_rpc_finish(call, ACQ_RPC_OK, "");
}

static void on_end(void *user, struct acq_rpc_call *call, int status, const char *message)
{
    struct acq_session *s = acq_rpc_user(call);
    (void)user, (void)message;
    if (s) acq_session_detach(s, call, status);
}

const struct acq_rpc_events acq_stream_events = {on_begin, on_message, on_half_close, on_end};
