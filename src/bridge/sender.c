#include "bridge/sender.h"

#include "base/log.h"
#include "base/os.h"
#include "frame/ack.h"
#include "frame/frame.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELLO_NS INT64_C(1000000000) /* a server that says no hello for so long is of another kind: send anyway */
enum { UNSENT_MAX = 1 << 20, RETRY_MIN_MS = 100, RETRY_MAX_MS = 5000 };

/* ---- sessions ---- */

void acq_sender_begin(struct acq_sender *s, const char *id, const char *path)
{
    struct acq_outgoing *o = calloc(1, sizeof *o);
    if (!o) {
        acq_log(ACQ_LOG_ERROR, "no memory to send session %s; its recording keeps everything", id);
        return;
    }
    snprintf(o->id, sizeof o->id, "%s", id);
    snprintf(o->path, sizeof o->path, "%s", path);
    o->recorded = *path;
    acq_buf_init(&o->context, ACQ_FRAME_LIMIT);
    if (s->last)
        s->last->next = o;
    else
        s->first = o;
    s->last = o;
}

void acq_sender_end(struct acq_sender *s)
{
    if (s->last) s->last->ended = true;
    if (uv_is_active((uv_handle_t *)&s->retry))
        uv_timer_start(&s->retry, s->retry.timer_cb, 0, 0); /* the last chance */
}

void acq_sender_unrecorded(struct acq_sender *s)
{
    if (s->last) s->last->recorded = false;
}

static void close_reader(struct acq_sender *s)
{
    acq_reader_free(s->reader);
    s->reader = NULL;
    s->batch = (struct acq_batch){0};
}

static void drop_first(struct acq_sender *s)
{
    struct acq_outgoing *o = s->first;
    s->first = o->next;
    if (!s->first) s->last = NULL;
    close_reader(s);
    acq_queue_clear(&o->queue);
    acq_buf_fini(&o->context);
    free(o);
}

bool acq_sender_room(const struct acq_sender *s)
{
    return !s->last || s->last->recorded || s->last->queue.size + ACQ_FRAME_MAX < ACQ_QUEUE_MAX - 256 * 1024;
}

void acq_sender_push(struct acq_sender *s, uint64_t seq, int64_t t_ns, const uint8_t *bytes, size_t n)
{
    struct acq_outgoing *o = s->last;
    if (!o || o->ended) return;
    size_t body = acq_frame_body(bytes, n);
    if (body < n) {
        o->context.len = 0;
        acq_buf_add(&o->context, bytes + body, n - body);
    }
    if (acq_queue_push(&o->queue, seq, t_ns, bytes, n, o->recorded) < 0)
        acq_log(ACQ_LOG_DEBUG, "frame %" PRIu64 " has to be read back from the recording", seq);
}

uint64_t acq_sender_behind(const struct acq_sender *s)
{
    uint64_t n = 0;
    for (const struct acq_outgoing *o = s->first; o; o = o->next) n += o->queue.last_seq - o->acked_seq;
    return n;
}

enum acq_sender_state acq_sender_get_state(const struct acq_sender *s)
{
    if (s->call) return ACQ_SENDER_STREAMING;
    return s->first && acq_sender_behind(s) ? ACQ_SENDER_AWAY : ACQ_SENDER_IDLE;
}

/* ---- frames ---- */

/* read_back finds frame next_seq in the session's recording. Returns 0, ACQ_AGAIN if it is not there yet, or an error.
 */
static int read_back(struct acq_sender *s, struct acq_queued *frame, struct acq_err *err)
{
    int r = ACQ_OK;
    while (r == ACQ_OK) {
        r = acq_batch_next(&s->batch, &frame->bytes, &frame->n);
        if (r == ACQ_OK) {
            if (acq_decode(s->frame, frame->bytes, frame->n) < 0) return acq_fail(err, ACQ_FORMAT, "it is damaged");
            frame->seq = s->frame->head.seq;
            frame->t_ns = (int64_t)s->frame->head.monotonic_ns;
            if (frame->seq == s->next_seq) return ACQ_OK;
            if (frame->seq > s->next_seq) return acq_fail(err, ACQ_FORMAT, "frame %" PRIu64 " is missing", s->next_seq);
            continue;
        }
        if (!s->reader) {
            r = acq_reader_new(&s->reader, s->first->path, err);
            if (r == ACQ_OK) r = acq_reader_skip_to(s->reader, s->next_seq, err);
            if (r < 0) return r;
        }
        r = acq_reader_next(s->reader, &s->batch, err);
    }
    close_reader(s); /* the end of the file as it is now; look again later */
    return r < 0 ? r : ACQ_AGAIN;
}

/* next gives the frame that the server needs next: from memory, or from the recording where it has left that. */
static int next(struct acq_sender *s, struct acq_queued *frame)
{
    struct acq_queue *q = &s->first->queue;
    struct acq_err err = {0};
    if (s->next_seq > q->last_seq) return ACQ_AGAIN;
    if (s->next_seq >= acq_queue_first_seq(q)) {
        if (s->reader) close_reader(s);
        if (q->at_seq != s->next_seq) acq_queue_seek(q, s->next_seq);
        return acq_queue_next(q, frame);
    }
    int r = *s->first->path ? read_back(s, frame, &err) : acq_fail(&err, ACQ_MISSING, "it was not recorded");
    if (r >= 0) return r;
    acq_log(ACQ_LOG_ERROR, "session %s cannot be sent any further, frame %" PRIu64 " cannot be read back: %s",
            s->first->id, s->next_seq, err.text);
    acq_rpc_cancel(s->call);
    s->call = NULL; /* its end is of no interest any more; the next session begins a call of its own */
    s->hello = false;
    drop_first(s);
    return r;
}

/* send_one: a stream's first frame carries the context, so that the server knows car and track. */
static int send_one(struct acq_sender *s, const struct acq_queued *frame)
{
    const uint8_t *bytes = frame->bytes;
    size_t n = frame->n;
    if (s->first_of_stream && acq_frame_body(bytes, n) == n) {
        s->scratch.len = 0;
        if (acq_buf_add(&s->scratch, bytes, n) < 0 ||
            acq_buf_add(&s->scratch, s->first->context.bytes, s->first->context.len) < 0)
            return ACQ_MEMORY;
        bytes = s->scratch.bytes;
        n = s->scratch.len;
    }
    int r = acq_rpc_write(s->call, bytes, n);
    if (r != ACQ_OK) return r;
    s->first_of_stream = false;
    s->next_seq++;
    s->sent++;
    return ACQ_OK;
}

/* pump queues frames on the call, as many as are there and may wait. */
static void pump(struct acq_sender *s)
{
    struct acq_queued frame;
    while (s->first && acq_rpc_unsent(s->call) < UNSENT_MAX && next(s, &frame) == ACQ_OK)
        if (send_one(s, &frame) != ACQ_OK) return;
    if (!s->first || !s->call || !s->first->ended || s->half_closed || s->next_seq <= s->first->queue.last_seq) return;
    acq_rpc_half_close(s->call); /* all is sent: the server answers the rest and ends the call */
    s->half_closed = true;
}

/* ---- the call ---- */

static void go_on_from(struct acq_sender *s, uint64_t last_seq)
{
    struct acq_outgoing *o = s->first;
    s->hello = true;
    close_reader(s);
    s->next_seq = last_seq + 1;
    if (s->next_seq > o->queue.last_seq + 1) { /* the server has more than we ever numbered: not our session */
        acq_log(ACQ_LOG_ERROR, "the server has frames of session %s that this bridge never made", o->id);
        s->next_seq = o->queue.last_seq + 1;
    }
}

static void on_begin(void *user, struct acq_rpc_call *call, const char *path, const struct acq_rpc_header *headers,
                     size_t n)
{
    struct acq_sender *s = user;
    const char *last = acq_rpc_find(headers, n, "acq-last-seq");
    (void)path;
    if (call != s->call || s->hello) return;
    go_on_from(s, last ? strtoull(last, NULL, 10) : s->first->acked_seq);
}

static void on_message(void *user, struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    struct acq_sender *s = user;
    struct acq_ack ack;
    if (call != s->call || !s->first || acq_ack_decode(&ack, bytes, n) < 0) return;
    /* a server of the original kind knows only times */
    uint64_t seq = ack.last_seq ? ack.last_seq : acq_queue_seq_at(&s->first->queue, (int64_t)ack.last_monotonic_ns);
    if (seq <= s->first->acked_seq || seq >= s->next_seq) return;
    s->failures = 0; /* a hello alone is no success: a server that takes nothing would be called many times a second */
    s->told = false;
    s->acked += seq - s->first->acked_seq;
    s->first->acked_seq = seq;
    acq_queue_acked(&s->first->queue, seq);
}

static void again_later(struct acq_sender *s)
{
    unsigned ms = RETRY_MIN_MS;
    uint8_t jitter = 0;
    for (unsigned i = 0; i < s->failures && ms < RETRY_MAX_MS; i++) ms *= 2;
    if (ms > RETRY_MAX_MS) ms = RETRY_MAX_MS;
    acq_random(&jitter, 1); /* so that many bridges do not come back at the same moment */
    s->failures++;
    if (!s->stopping) uv_timer_start(&s->retry, s->retry.timer_cb, ms / 2 + ms * jitter / 510, 0);
}

static void away(struct acq_sender *s, const char *why)
{
    if (!s->told && !s->stopping)
        acq_log(ACQ_LOG_WARN, "server %s:%s: %s; trying again", s->client.addr.host, s->client.addr.port, why);
    s->told = true;
}

static void on_end(void *user, struct acq_rpc_call *call, int status, const char *message)
{
    struct acq_sender *s = user;
    char why[160];
    if (call != s->call) return;
    s->call = NULL;
    s->hello = false;
    close_reader(s);
    bool all = s->first && s->first->ended && s->first->acked_seq == s->first->queue.last_seq;
    if (all) drop_first(s);
    if (all || s->stopping || acq_client_closing(&s->client)) return; /* closing: on_closed knows why, and goes on */
    snprintf(why, sizeof why, "%s%s%s", acq_rpc_status_name(status), *message ? ", " : "", message);
    away(s, why);
    again_later(s);
}

static void begin_call(struct acq_sender *s)
{
    s->call = acq_client_stream(&s->client, s->first->id);
    s->hello = s->half_closed = false;
    s->first_of_stream = true;
    s->called_ns = acq_now_ns();
}

void acq_sender_flush(struct acq_sender *s)
{
    if (!acq_client_ready(&s->client)) {
        if (acq_client_idle(&s->client) && s->first && !s->stopping && !uv_is_active((uv_handle_t *)&s->retry))
            acq_client_connect(&s->client);
        return;
    }
    while (s->first && s->first->ended && s->first->acked_seq == s->first->queue.last_seq && !s->call) drop_first(s);
    if (!s->call && s->first && s->first->queue.last_seq && !uv_is_active((uv_handle_t *)&s->retry)) begin_call(s);
    if (s->call && !s->hello && acq_now_ns() - s->called_ns > HELLO_NS) go_on_from(s, s->first->acked_seq);
    if (s->call && s->hello) pump(s);
    acq_client_flush(&s->client);
}

/* ---- the connection ---- */

static void on_retry(uv_timer_t *timer)
{
    struct acq_sender *s = timer->data;
    if (!s->client.link && s->first) acq_client_connect(&s->client);
}

static void on_connected(void *user)
{
    acq_sender_flush(user);
}

static void on_lost(void *user, const char *why)
{
    struct acq_sender *s = user;
    away(s, why);
    if (!uv_is_active((uv_handle_t *)&s->retry)) again_later(s);
}

static const struct acq_client_events events = {{on_begin, on_message, NULL, on_end}, on_connected, on_lost};

/* ---- life ---- */

int acq_sender_init(struct acq_sender *s, uv_loop_t *loop, const struct acq_addr *addr, struct acq_err *err)
{
    *s = (struct acq_sender){0};
    s->frame = malloc(sizeof *s->frame);
    if (!s->frame) return acq_fail(err, ACQ_MEMORY, "no memory for the stream");
    acq_buf_init(&s->scratch, 2 * ACQ_FRAME_LIMIT);
    acq_client_init(&s->client, loop, addr, &events, s);
    uv_timer_init(loop, &s->retry);
    s->retry.data = s;
    s->retry.timer_cb = on_retry;
    return ACQ_OK;
}

void acq_sender_stop(struct acq_sender *s)
{
    s->stopping = true;
    acq_client_stop(&s->client);
    if (!uv_is_closing((uv_handle_t *)&s->retry)) uv_close((uv_handle_t *)&s->retry, NULL);
}

void acq_sender_fini(struct acq_sender *s)
{
    while (s->first) drop_first(s);
    acq_buf_fini(&s->scratch);
    free(s->frame);
}
