/* clock.c - what is due by the clock: deadlines of calls, PINGs after silence, the second step of a shutdown.
 *
 * Source  gRPC, "gRPC over HTTP2" (Timeout, Client Cancellation, PING Frame), "Keepalive User Guide for gRPC Core". */
#include "base/os.h"
#include "rpc/internal.h"

#include <string.h>

/* A client asks at most so often while no DATA goes either way: gRPC's servers take more for an attack. */
enum { PINGS_ALONE = 2 };
/* If the other side does not answer the PING behind our first GOAWAY, the second one follows after this. */
#define NOTICE_NS INT64_C(1000000000)

static const uint8_t are_you_there[8] = "acq ping", all_has_come[8] = "acq stop";

/* ---- deadlines ---- */

int64_t acq_rpc_timeout(const char *text)
{
    static const struct {
        char unit;
        int64_t ns;
    } units[] = {{'H', INT64_C(3600000000000)},
                 {'M', INT64_C(60000000000)},
                 {'S', 1000000000},
                 {'m', 1000000},
                 {'u', 1000},
                 {'n', 1}};
    size_t digits = strspn(text, "0123456789");
    int64_t value = 0;
    if (digits < 1 || digits > 8 || strlen(text) != digits + 1) return -1;
    for (size_t i = 0; i < digits; i++) value = 10 * value + (text[i] - '0');
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (text[digits] == units[i].unit) return value > NEVER / units[i].ns ? NEVER : value * units[i].ns;
    return -1;
}

bool acq_rpc_set_deadline(struct acq_rpc_call *call, const struct acq_rpc_header *headers, size_t n)
{
    const char *text = acq_rpc_find(headers, n, "grpc-timeout");
    if (!text) return true;
    int64_t timeout = acq_rpc_timeout(text), now = acq_now_ns();
    if (timeout < 0) return false;
    call->deadline_ns = timeout > NEVER - now ? NEVER : now + timeout;
    if (call->deadline_ns < call->rpc->next_deadline_ns) call->rpc->next_deadline_ns = call->deadline_ns;
    return true;
}

/* can_speak: could a status be sent at once? Behind messages that wait, or at a closed window, it could not. */
static bool can_speak(const struct acq_rpc_call *call)
{
    nghttp2_session *session = call->rpc->session;
    if (call->ending) return false;
    return !call->responded ||
           (!acq_fifo_len(&call->out) && nghttp2_session_get_stream_remote_window_size(session, call->id) > 0 &&
            nghttp2_session_get_remote_window_size(session) > 0);
}

/* expire ends a call whose deadline has passed: with the status where that is possible, and with a reset. */
static void expire(struct acq_rpc_call *call)
{
    call->deadline_ns = NEVER;
    acq_rpc_set_status(call, ACQ_RPC_DEADLINE_EXCEEDED, "the deadline has passed");
    call->reset = NGHTTP2_CANCEL;
    if (call->rpc->server && can_speak(call))
        acq_rpc_finish(call, ACQ_RPC_DEADLINE_EXCEEDED, "");
    else
        acq_rpc_cancel(call);
}

static void expire_calls(struct acq_rpc *rpc, int64_t now_ns)
{
    rpc->next_deadline_ns = NEVER;
    for (struct acq_rpc_call *call = rpc->calls; call; call = call->next) {
        if (call->deadline_ns <= now_ns) expire(call);
        if (call->deadline_ns < rpc->next_deadline_ns) rpc->next_deadline_ns = call->deadline_ns;
    }
}

/* ---- the other side's life ---- */

static int keep_alive(struct acq_rpc *rpc, int64_t now_ns)
{
    if (rpc->heard || rpc->paused || !rpc->heard_ns) {
        rpc->heard_ns = now_ns;
        rpc->heard = rpc->pinging = false;
    }
    if (rpc->limits.ping_after_ns <= 0) return ACQ_OK;
    if (rpc->pinging) return now_ns - rpc->pinged_ns >= rpc->limits.ping_answer_ns ? ACQ_CLOSED : ACQ_OK;
    if (now_ns - rpc->heard_ns < rpc->limits.ping_after_ns) return ACQ_OK;
    if (!rpc->server && rpc->pings_alone >= PINGS_ALONE) return ACQ_OK;
    if (nghttp2_submit_ping(rpc->session, NGHTTP2_FLAG_NONE, are_you_there)) return ACQ_OK;
    rpc->pings_alone++;
    rpc->pinging = true;
    rpc->pinged_ns = now_ns;
    return ACQ_OK;
}

void acq_rpc_pause(struct acq_rpc *rpc, bool pause)
{
    rpc->paused = pause;
}

/* ---- shutdown ---- */

/* stop says which was the last call that is taken. */
static void stop(struct acq_rpc *rpc)
{
    if (rpc->stopped) return;
    rpc->stopped = true;
    int32_t last = nghttp2_session_get_last_proc_stream_id(rpc->session);
    acq_rpc_check(rpc, nghttp2_submit_goaway(rpc->session, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, NULL, 0));
}

/* Calls may be on their way while the first GOAWAY travels to a client. It names no last call; the answer to the PING
 * behind it comes behind those calls. nghttp2 sends PINGs first, so this one is queued when the GOAWAY has left. */
void acq_rpc_shutdown(struct acq_rpc *rpc)
{
    if (rpc->stopping) return;
    rpc->stopping = true;
    if (!rpc->server || nghttp2_submit_shutdown_notice(rpc->session)) stop(rpc);
}

void acq_rpc_goaway_sent(struct acq_rpc *rpc)
{
    if (rpc->stopping && !rpc->stopped) nghttp2_submit_ping(rpc->session, NGHTTP2_FLAG_NONE, all_has_come);
}

void acq_rpc_pong(struct acq_rpc *rpc, const uint8_t opaque[8])
{
    if (rpc->stopping && !memcmp(opaque, all_has_come, 8)) stop(rpc);
}

/* second does what is to be done about once a second. */
static void second(struct acq_rpc *rpc, int64_t now_ns)
{
    int64_t seconds = (now_ns - rpc->second_ns) / 1000000000;
    if (seconds < 1) return;
    rpc->second_ns = now_ns;
    acq_rpc_guard_seconds(rpc, seconds > 3600 ? 3600 : (unsigned)seconds);
    for (struct acq_rpc_call *call = rpc->calls; call; call = call->next) acq_fifo_rest(&call->in);
}

int acq_rpc_tick(struct acq_rpc *rpc, int64_t now_ns)
{
    if (rpc->broken) return ACQ_OK;
    second(rpc, now_ns);
    if (now_ns >= rpc->next_deadline_ns) expire_calls(rpc, now_ns);
    if (rpc->stopping && !rpc->stopped) {
        if (!rpc->notice_ns) rpc->notice_ns = now_ns;
        if (now_ns - rpc->notice_ns >= NOTICE_NS) stop(rpc);
    }
    return keep_alive(rpc, now_ns);
}
