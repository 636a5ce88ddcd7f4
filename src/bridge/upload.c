#include "bridge/upload.h"

#include "base/log.h"
#include "base/os.h"
#include "frame/ack.h"
#include "frame/frame.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define HELLO_NS INT64_C(3000000000) /* a server that says no hello for so long may be of another kind */
#define SEQ_MAX (UINT64_MAX / 2)     /* what a server says is not trusted to be possible */
#define BACKOFF_MIN_NS INT64_C(100000000)
#define BACKOFF_MAX_NS INT64_C(5000000000)
enum {
    UNSENT_MAX = 1 << 20, /* [byte] queued for the socket */
    REFUSALS_MAX = 5,
    CLOCK_FRAMES = 16 /* how often the clock is looked at */
};

int64_t acq_backoff_ns(unsigned failures)
{
    uint8_t dice = 0;
    int64_t ns = BACKOFF_MIN_NS;
    for (unsigned i = 0; i < failures && ns < BACKOFF_MAX_NS; i++) ns *= 2;
    if (ns > BACKOFF_MAX_NS) ns = BACKOFF_MAX_NS;
    acq_random(&dice, 1);
    return ns / 2 + ns / 2 * dice / 255;
}

struct acq_upload *acq_upload_new(const char *id, const char *path)
{
    struct acq_upload *s = calloc(1, sizeof *s);
    if (s) acq_outgoing_init(&s->out, id, path);
    return s;
}

void acq_upload_free(struct acq_upload *s)
{
    acq_upload_leave(s);
    acq_outgoing_fini(&s->out);
    free(s);
}

/* ---- the call ---- */

bool acq_upload_call(struct acq_upload *s, struct acq_client *client)
{
    s->call = acq_client_stream(client, s->out.id);
    if (!s->call) return false;
    acq_rpc_set_user(s->call, s);
    s->heard = s->foreign = s->goes = s->half_closed = false;
    s->first_of_stream = true;
    s->called_ns = acq_now_ns();
    return true;
}

void acq_upload_leave(struct acq_upload *s)
{
    if (!s->call) return;
    acq_rpc_set_user(s->call, NULL); /* its events are nobody's any more */
    if (s->goes && !s->half_closed)
        acq_rpc_cancel(s->call);
    else if (!s->half_closed)
        acq_rpc_half_close(s->call);
    s->call = NULL;
}

void acq_upload_from(struct acq_upload *s, uint64_t seq)
{
    s->goes = true;
    if (seq > s->out.last_seq + 1) { /* not our session, or another that took its name */
        acq_log(ACQ_LOG_ERROR, "the server has frames of session %s that this bridge never made", s->out.id);
        seq = s->out.last_seq + 1;
    }
    acq_outgoing_from(&s->out, seq);
}

int64_t acq_upload_hello(struct acq_upload *s, const struct acq_rpc_header *headers, size_t n)
{
    const char *last = acq_rpc_find(headers, n, "acq-last-seq");
    uint64_t before = s->out.acked_seq;
    s->heard = last;
    s->foreign = !last;
    s->server_seq = last ? strtoull(last, NULL, 10) : before;
    if (s->server_seq > SEQ_MAX) s->server_seq = SEQ_MAX;
    if (s->older || s->goes) return 0; /* older: its recording is looked at first */
    acq_upload_from(s, s->server_seq + 1);
    if (last) acq_outgoing_acked(&s->out, s->out.next_seq - 1); /* also where it is less: its word counts */
    return (int64_t)(s->out.acked_seq - before);
}

void acq_upload_wait(struct acq_upload *s, bool ours, int64_t now_ns)
{
    unsigned times = s->unheard < 4 ? s->unheard : 4; /* after a refusal the hello may just have been slow */
    if (ours || !s->call || s->heard || s->goes || s->older) return;
    if (now_ns - s->called_ns > HELLO_NS << times) acq_upload_from(s, s->out.acked_seq + 1);
}

/* ---- frames ---- */

/* send_one: a stream's first frame carries the context, so that the server knows car and track. */
static int send_one(struct acq_upload *s, const struct acq_queued *frame, struct acq_buf *scratch)
{
    const uint8_t *bytes = frame->bytes;
    size_t n = frame->n;
    if (s->first_of_stream && acq_frame_body(bytes, n) == n) {
        const struct acq_buf *context = acq_outgoing_context(&s->out);
        scratch->len = 0;
        if (acq_buf_add(scratch, bytes, n) < 0 || acq_buf_add(scratch, context->bytes, context->len) < 0)
            return ACQ_MEMORY;
        bytes = scratch->bytes;
        n = scratch->len;
    }
    int r = acq_rpc_write(s->call, bytes, n);
    if (r != ACQ_OK) return r;
    s->first_of_stream = false;
    acq_outgoing_sent(&s->out, frame->t_ns);
    return ACQ_OK;
}

/* lacks: frame next_seq can be had from nowhere. The session ends before it, as far as the server is concerned. */
static void lacks(struct acq_upload *s, const struct acq_err *err)
{
    struct acq_outgoing *o = &s->out;
    acq_log(s->older ? ACQ_LOG_WARN : ACQ_LOG_ERROR,
            "session %s cannot be sent any further: frame %" PRIu64 " cannot be read back: %s%s%s", o->id, o->next_seq,
            err->text, *o->path ? "; `acq recover` may save what is behind it in " : "", o->path);
    s->lacking = o->last_seq - (o->next_seq - 1);
    o->last_seq = o->next_seq - 1;
    o->ended = true;
    o->recorded = false;
}

static bool may_send(const struct acq_upload *s, uint64_t ahead)
{
    /* a server of the original kind acks times, and only those of frames in memory are known: no limit there */
    bool full = s->heard && s->out.next_seq > s->out.acked_seq + ahead;
    return s->call && s->goes && !full && acq_rpc_unsent(s->call) < UNSENT_MAX;
}

uint64_t acq_upload_pump(struct acq_upload *s, struct acq_buf *scratch, uint64_t ahead, int64_t until_ns)
{
    struct acq_queued frame;
    struct acq_err err;
    struct acq_outgoing *o = &s->out;
    uint64_t n = 0;
    while (may_send(s, ahead)) {
        int r = acq_outgoing_next(o, &frame, &err);
        if (r < 0) lacks(s, &err);
        if (r != ACQ_OK || send_one(s, &frame, scratch) != ACQ_OK) break;
        if (++n % CLOCK_FRAMES == 0 && acq_now_ns() > until_ns) return n;
    }
    if (s->call && s->goes && o->ended && !s->half_closed && o->next_seq > o->last_seq) {
        acq_rpc_half_close(s->call); /* all is sent: the server answers the rest and ends the call */
        s->half_closed = true;
    }
    return n;
}

uint64_t acq_upload_ack(struct acq_upload *s, const uint8_t *bytes, size_t n)
{
    struct acq_ack ack;
    struct acq_outgoing *o = &s->out;
    uint64_t before = o->acked_seq;
    if (acq_ack_decode(&ack, bytes, n) < 0) return 0;
    uint64_t seq = ack.last_seq ? ack.last_seq : acq_outgoing_seq_at(o, (int64_t)ack.last_monotonic_ns);
    if (seq <= before || seq >= o->next_seq) return 0;
    s->failures = s->refusals = s->unheard = 0; /* a hello alone is no success: the server may take nothing */
    s->told = false;
    acq_outgoing_acked(o, seq);
    return seq - before;
}

/* ---- the end of a call ---- */

bool acq_upload_ended(struct acq_upload *s)
{
    const struct acq_outgoing *o = &s->out;
    s->call = NULL;
    if (!o->ended || o->acked_seq < o->last_seq || (s->older && !s->goes)) return false;
    s->state = ACQ_UPLOAD_DONE;
    return true;
}

void acq_upload_failed(struct acq_upload *s, int status, const char *message)
{
    int64_t wait = acq_backoff_ns(s->failures++);
    /* of two programs that send the same recording, one waits until the other is through */
    if (status == ACQ_RPC_ABORTED && s->older) wait = BACKOFF_MAX_NS;
    s->again_ns = acq_now_ns() + wait;
    snprintf(s->why, sizeof s->why, "%s%s%s", acq_rpc_status_name(status), *message ? ", " : "", message);
    if (status != ACQ_RPC_INVALID_ARGUMENT && status != ACQ_RPC_FAILED_PRECONDITION) return;
    if (s->goes && !s->heard && !s->foreign)
        s->unheard++; /* it was a guess where to go on */
    else if (++s->refusals >= REFUSALS_MAX)
        s->state = ACQ_UPLOAD_REFUSED;
}
