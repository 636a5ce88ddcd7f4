/* guard.c - floods: frames that cost us work, or memory for our answers, and bring nothing.
 *
 * Such frames run up a debt, which frames with content and time pay back. Too much of it ends the connection with
 * GOAWAY and ENHANCE_YOUR_CALM. nghttp2 has limits of its own for RST_STREAM and CONTINUATION, set here.
 *
 * Source  RFC 9113, section 10.5; gRPC, proposal A8 "Client-side Keepalive" (too_many_pings). */
#include "rpc/internal.h"

#include <string.h>

enum {
    /* gRPC's clients ping at most every 10 s, some tools and networks faster; and once per answer, to measure the
     * line: those are paid by the answers. */
    PINGS_MAX = 100,
    PINGS_PER_S = 10,
    /* SETTINGS, PRIORITY, empty DATA, WINDOW_UPDATE: the last one may come twice for each DATA frame that we send, so
     * a frame with content pays for some. A thousand are done in a millisecond. */
    IDLE_MAX = 1000,
    IDLE_PER_S = 100,
    CONTENT_PAYS = 4,
    /* A stream that we must reset for a fault of the other side: it makes work, and leaves room for the next stream. */
    FAULT_COSTS = 20,
    /* A client may cancel its calls all at once a few times, also when each began with the others: 100 calls at once.
     * Beyond that, 33 a second. */
    RESETS_MAX = 1000,
    RESETS_PER_S = 33,
    /* CONTINUATION frames of 16 KiB for one call's headers: more than their limit takes */
    CONTINUATIONS_MAX = 8,
    /* frames that wait to be sent, at about 200 byte each: the other side sends, but does not read */
    QUEUE_MAX = 10000
};

/* calm_down ends the connection; what still comes is ignored, and all that runs on it is over. */
static void calm_down(struct acq_rpc *rpc, const char *why)
{
    nghttp2_submit_goaway(rpc->session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(rpc->session),
                          NGHTTP2_ENHANCE_YOUR_CALM, (const uint8_t *)why, strlen(why));
    acq_rpc_check(rpc, nghttp2_session_terminate_session(rpc->session, NGHTTP2_ENHANCE_YOUR_CALM));
}

static unsigned less(unsigned debt, unsigned by)
{
    return debt > by ? debt - by : 0;
}

static void pay(struct acq_rpc *rpc)
{
    rpc->pings = less(rpc->pings, 1);
    rpc->idle_frames = less(rpc->idle_frames, CONTENT_PAYS);
    rpc->pings_alone = 0;
}

static void owe(struct acq_rpc *rpc, unsigned frames)
{
    rpc->idle_frames += frames;
    if (rpc->idle_frames > IDLE_MAX) calm_down(rpc, "too_many_frames_without_content");
}

void acq_rpc_guard_received(struct acq_rpc *rpc, const nghttp2_frame *frame)
{
    const nghttp2_frame_hd *hd = &frame->hd;
    if (hd->type == NGHTTP2_HEADERS || (hd->type == NGHTTP2_DATA && hd->length > frame->data.padlen)) {
        pay(rpc);
    } else if (hd->type == NGHTTP2_PING) {
        if (!(hd->flags & NGHTTP2_FLAG_ACK) && ++rpc->pings > PINGS_MAX) calm_down(rpc, "too_many_pings");
    } else if (hd->type == NGHTTP2_DATA && hd->flags & NGHTTP2_FLAG_END_STREAM) {
        return; /* how most calls end */
    } else if (hd->type != NGHTTP2_RST_STREAM) {
        owe(rpc, 1);
    }
}

void acq_rpc_guard_sent(struct acq_rpc *rpc, const nghttp2_frame *frame)
{
    if (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) pay(rpc);
    if (frame->hd.type != NGHTTP2_RST_STREAM) return;
    uint32_t code = frame->rst_stream.error_code;
    if (code != NGHTTP2_NO_ERROR && code != NGHTTP2_CANCEL && code != NGHTTP2_REFUSED_STREAM) owe(rpc, FAULT_COSTS);
}

void acq_rpc_guard_seconds(struct acq_rpc *rpc, unsigned seconds)
{
    rpc->pings = less(rpc->pings, seconds * PINGS_PER_S);
    rpc->idle_frames = less(rpc->idle_frames, seconds * IDLE_PER_S);
}

void acq_rpc_guard_options(nghttp2_option *options)
{
    nghttp2_option_set_stream_reset_rate_limit(options, RESETS_MAX, RESETS_PER_S);
    nghttp2_option_set_max_continuations(options, CONTINUATIONS_MAX);
    nghttp2_option_set_max_outbound_ack(options, 2 * IDLE_MAX); /* never reached: the debts are, and say why */
}

bool acq_rpc_guard_queue(const struct acq_rpc *rpc)
{
    return nghttp2_session_get_outbound_queue_size(rpc->session) > QUEUE_MAX;
}
