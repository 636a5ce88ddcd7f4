/* message.c - messages of the other side: where they begin and end, who gets them, and how many more may come.
 *
 * The window of a call is opened again as its bytes are handled; the one of the connection at once, so that a call that
 * is held starves none of its neighbours: what waits is bounded by the windows of the calls. */
#include "rpc/internal.h"

/* deaf: what still comes on this call is not for anybody */
static bool deaf(const struct acq_rpc_call *call)
{
    return !call->began || call->cancelled || (call->rpc->server && call->ending);
}

static bool stopped(const struct acq_rpc_call *call)
{
    return call->held || deaf(call);
}

void acq_rpc_recount(struct acq_rpc_call *call)
{
    size_t n = acq_fifo_len(&call->in), held = call->held ? n : 0;
    call->rpc->held += held - call->in_held;
    call->rpc->unfinished += n - held - call->in_unfinished;
    call->in_held = held;
    call->in_unfinished = n - held;
}

/* handled: the other side may send n bytes more on this call. nghttp2 hears of it a few times per window, because it
 * looks the stream up each time; it in turn tells the other side when half the window is used. */
static void handled(struct acq_rpc_call *call, size_t n)
{
    call->taken += n;
    if (call->taken < call->rpc->tell) return;
    acq_rpc_check(call->rpc, nghttp2_session_consume_stream(call->rpc->session, call->id, call->taken));
    call->taken = 0;
}

static size_t length_of(const uint8_t *prefix)
{
    return (size_t)prefix[1] << 24 | (size_t)prefix[2] << 16 | (size_t)prefix[3] << 8 | prefix[4];
}

/* prefix_ok reads a message's prefix. Returns false and ends the call if it is not acceptable. */
static bool prefix_ok(struct acq_rpc_call *call, const uint8_t *p, size_t *n)
{
    char why[80];
    *n = length_of(p);
    if (*n <= call->rpc->limits.message && (!p[0] || (p[0] == 1 && call->gzip))) return true;
    if (p[0] > 1) {
        acq_rpc_fail(call, ACQ_RPC_INTERNAL, "a message's first byte is neither 0 nor 1");
    } else if (p[0] && !call->gzip) {
        acq_rpc_fail(call, ACQ_RPC_INTERNAL, "a message is marked as compressed, without grpc-encoding gzip");
    } else {
        acq_rpc_say_limit(why, sizeof why, "a message is longer than", call->rpc->limits.message);
        acq_rpc_fail(call, ACQ_RPC_RESOURCE_EXHAUSTED, why);
    }
    return false;
}

/* give_compressed inflates a message for the user. */
static void give_compressed(struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    char why[80];
    const uint8_t *plain;
    size_t plain_n;
    int r = acq_rpc_gunzip(call->rpc, bytes, n, &plain, &plain_n);
    if (r == ACQ_OK) {
        call->events->message(call->target, call, plain, plain_n);
    } else if (r == ACQ_RANGE) {
        acq_rpc_say_limit(why, sizeof why, "a message inflates to more than", call->rpc->limits.message);
        acq_rpc_fail(call, ACQ_RPC_RESOURCE_EXHAUSTED, why);
    } else if (r == ACQ_FORMAT) {
        acq_rpc_fail(call, ACQ_RPC_INTERNAL, "a compressed message is not gzip");
    } else {
        acq_rpc_fail(call, ACQ_RPC_RESOURCE_EXHAUSTED, "no memory to inflate a message");
    }
}

/* whole_messages gives all whole messages in n bytes to the user, until the call stops. Returns how many bytes that
 * were. */
static size_t whole_messages(struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    size_t at = 0, len;
    while (n - at >= PREFIX && prefix_ok(call, bytes + at, &len) && n - at - PREFIX >= len) {
        const uint8_t *message = bytes + at + PREFIX;
        at += PREFIX + len;
        if (message[-PREFIX])
            give_compressed(call, message, len);
        else
            call->events->message(call->target, call, message, len);
        if (stopped(call)) break;
    }
    return at;
}

/* keep puts what cannot be handled now behind what waits. */
static bool keep(struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    struct acq_rpc *rpc = call->rpc;
    if (!n) return true;
    if (acq_fifo_add(&call->in, bytes, n) < 0) {
        acq_rpc_fail(call, ACQ_RPC_RESOURCE_EXHAUSTED, "no memory for a message");
        return false;
    }
    acq_rpc_recount(call);
    /* a message on each of all calls may have begun, and be small: that much is in order; long ones on all are not */
    if (call->held || rpc->unfinished <= (size_t)rpc->limits.window + rpc->limits.message) return true;
    acq_rpc_fail(call, ACQ_RPC_RESOURCE_EXHAUSTED, "too many long messages on this connection have not come to an end");
    return false;
}

/* continued takes bytes of the message that waits for its end. Returns how many were of it. */
static size_t continued(struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    size_t need = PREFIX, len, have = acq_fifo_len(&call->in);
    if (have >= PREFIX) {
        if (!prefix_ok(call, acq_fifo_bytes(&call->in), &len)) return n;
        need += len;
    }
    size_t part = need - have < n ? need - have : n;
    if (!keep(call, bytes, part)) return n;
    acq_fifo_drop(&call->in, whole_messages(call, acq_fifo_bytes(&call->in), have + part));
    return part;
}

/* forget: nobody wants what waits on this call */
static void forget(struct acq_rpc_call *call)
{
    acq_fifo_clear(&call->in);
    handled(call, call->owed);
    call->owed = 0;
}

int acq_rpc_on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t n, void *user)
{
    struct acq_rpc_call *call = nghttp2_session_get_stream_user_data(session, id);
    size_t done = 0;
    (void)flags;
    acq_rpc_check(user, nghttp2_session_consume_connection(session, n));
    if (!call) return 0;
    /* first the message that began earlier, then those that are here as a whole, without a copy */
    while (done < n && !stopped(call) && acq_fifo_len(&call->in)) done += continued(call, bytes + done, n - done);
    if (!stopped(call)) done += whole_messages(call, bytes + done, n - done);
    if (!deaf(call)) keep(call, bytes + done, n - done);
    if (deaf(call)) {
        forget(call);
        handled(call, n);
    } else {
        size_t held = call->held ? n - done : 0;
        call->owed += held;
        handled(call, n - held);
    }
    acq_rpc_recount(call);
    return 0;
}

void acq_rpc_half_closed(struct acq_rpc_call *call)
{
    call->half_closed = true;
    if (!call->rpc->server || stopped(call) || call->half_told) return;
    call->half_told = true;
    if (acq_fifo_len(&call->in))
        acq_rpc_finish(call, ACQ_RPC_INTERNAL, "the stream ended inside a message");
    else
        call->events->half_close(call->target, call);
}

/* go_on gives the user what has waited. */
static void go_on(struct acq_rpc_call *call)
{
    size_t n = acq_fifo_len(&call->in), owed = call->owed;
    acq_fifo_drop(&call->in, n ? whole_messages(call, acq_fifo_bytes(&call->in), n) : 0);
    if (deaf(call)) {
        forget(call);
    } else {
        size_t left = acq_fifo_len(&call->in);
        call->owed = !call->held ? 0 : left < owed ? left : owed;
        handled(call, owed - call->owed);
    }
    acq_rpc_recount(call);
    if (call->half_closed) acq_rpc_half_closed(call);
}

void acq_rpc_hold(struct acq_rpc_call *call, bool hold)
{
    if (call->held == hold) return;
    call->held = hold;
    call->in.busy = true;
    if (hold)
        acq_rpc_recount(call);
    else
        go_on(call);
    if (call->closed) call->rpc->reap = true;
}
