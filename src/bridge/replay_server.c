#include "base/log.h"
#include "base/os.h"
#include "base/stop.h"
#include "bridge/client.h"
#include "bridge/replay.h"
#include "bridge/tape.h"
#include "frame/ack.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TICK_MS = 5,
    SHOW_TICKS = 40,
    UNSENT_MAX = 1 << 20,  /* [byte] queued for the socket */
    UNACKED_MAX = 4 << 20, /* [byte] on their way to the server's disk: half of what it takes before it says no */
    UNACKED_FRAMES = 1 << 13,
    SCRATCH = 3 * ACQ_FRAME_LIMIT /* a frame and twice a context */
};
#define HELLO_NS INT64_C(3000000000)     /* a server that says no hello for so long is of the original kind */
#define PATIENCE_NS INT64_C(30000000000) /* with something to ack, and no ack */
#define STOP_NS INT64_C(3000000000)      /* how long the last acks are waited for after Ctrl+C */

/* A frame that has been sent and not acked. */
struct sent {
    uint64_t seq, t_ns;
    size_t n;
};

struct replay {
    const struct acq_replay_config *config;
    struct acq_replayed *out;
    struct acq_err *err;
    uv_loop_t loop;
    uv_timer_t tick;
    struct acq_client client;
    struct acq_rpc_call *call;
    struct acq_tape tape;
    bool holds, ready;    /* the tape's frame is still to be sent; it stands in `bytes` */
    bool tape_ended;      /* it was the last */
    const uint8_t *bytes; /* the frame as it will be sent */
    size_t n;
    struct acq_buf scratch; /* the same, where it is changed on its way */
    bool hello, stopping, half_closed, over;
    unsigned ticks;
    int result;
    uint64_t next_seq;    /* that the server expects */
    int64_t begin_ns;     /* when the first frame of a part was sent, */
    uint64_t begin_t_ns;  /* and when it was sampled */
    double begin_seconds; /* what had been sent before */
    int64_t moved_ns;     /* when the call, the last ack or the stop was */
    uint64_t acked;       /* frames of this replay */
    struct sent unacked[UNACKED_FRAMES];
    uint64_t unacked_first, unacked_end;
    size_t unacked_bytes;
};

/* finish ends the loop with this result; err has the sentence. */
static void finish(struct replay *r, int result)
{
    if (r->over) return;
    r->over = true;
    r->result = result;
    acq_client_stop(&r->client);
    uv_close((uv_handle_t *)&r->tick, NULL);
}

/* ---- frames ---- */

/* renew makes the tape's frame one of the new session. Frames without seq stay so: the server numbers them. */
static void renew(struct replay *r)
{
    struct acq_frame *f = &r->tape.frame;
    acq_frame_set_text(f, ACQ_head_session_id, r->out->session);
    if (f->has[ACQ_head_seq]) {
        if (!f->has[ACQ_head_lost_before]) f->head.lost_before = 0;
        f->head.lost_before += r->tape.missing;
        f->has[ACQ_head_lost_before] = f->head.lost_before > 0;
        f->head.seq = r->next_seq;
    }
    r->bytes = r->scratch.bytes;
    r->n = acq_encode(f, r->scratch.bytes, NULL);
}

/* prepare makes the tape's frame the next one to be sent. Returns 0, or why it cannot be. */
static int prepare(struct replay *r)
{
    const struct acq_tape *t = &r->tape;
    r->bytes = t->bytes;
    r->n = t->n;
    if (r->config->new_session)
        renew(r);
    else if (strcmp(t->frame.head.session_id, r->out->session))
        return acq_fail(r->err, ACQ_FORMAT,
                        "%s holds another session from frame %" PRIu64
                        " on: send all as one of their own with --new-session",
                        t->path, t->seq);
    else if (t->seq > r->next_seq)
        return acq_fail(r->err, ACQ_FORMAT,
                        "the server needs frame %" PRIu64 " of this session next, and %s goes on with %" PRIu64
                        ": send what is there as a session of its own with --new-session",
                        r->next_seq, t->path, t->seq);
    if (!r->out->frames && !t->frame.has[ACQ_stat] && t->context.len) { /* a stream's first frame has the context */
        memmove(r->scratch.bytes, r->bytes, r->n);
        memcpy(r->scratch.bytes + r->n, t->context.bytes, t->context.len);
        r->bytes = r->scratch.bytes;
        r->n += t->context.len;
    }
    return ACQ_OK;
}

/* take makes the next frame that the server lacks ready to be sent. Returns 0, ACQ_END, or an error. */
static int take(struct replay *r)
{
    while (!r->ready) {
        int result = r->holds ? ACQ_OK : acq_tape_next(&r->tape, r->err);
        if (result != ACQ_OK) return result;
        r->holds = r->config->new_session || r->tape.seq >= r->next_seq; /* else the server has it */
        if (r->holds && (result = prepare(r)) < 0) return result;
        r->ready = r->holds;
    }
    return ACQ_OK;
}

/* send_frame sends the frame that is ready. Returns 0, ACQ_AGAIN if there is no room now, or an error. */
static int send_frame(struct replay *r)
{
    int result = acq_rpc_write(r->call, r->bytes, r->n);
    if (result < 0) return acq_fail(r->err, result, "cannot send frame %" PRIu64, r->next_seq);
    if (result != ACQ_OK) return result;
    struct sent *s = &r->unacked[r->unacked_end++ % UNACKED_FRAMES];
    *s = (struct sent){r->next_seq, r->tape.frame.head.monotonic_ns, r->n};
    r->unacked_bytes += r->n;
    r->out->frames++;
    r->out->seconds = r->begin_seconds + (double)(int64_t)(s->t_ns - r->begin_t_ns) / 1e9;
    r->next_seq++;
    r->holds = r->ready = false;
    return ACQ_OK;
}

/* is_due says whether it is time for the frame that is ready. Between two parts of the recording there is no wait. */
static bool is_due(struct replay *r)
{
    uint64_t t = r->tape.frame.head.monotonic_ns;
    int64_t now = acq_now_ns();
    if (!r->out->frames || r->tape.jumped) {
        r->begin_ns = now;
        r->begin_t_ns = t;
        r->begin_seconds = r->out->seconds;
        r->tape.jumped = false;
    }
    double passed = (double)(int64_t)(t - r->begin_t_ns);
    return r->config->speed <= 0 || passed <= (double)(now - r->begin_ns) * r->config->speed;
}

static bool has_room(const struct replay *r)
{
    return r->unacked_end - r->unacked_first < UNACKED_FRAMES && r->unacked_bytes < UNACKED_MAX &&
           acq_rpc_unsent(r->call) < UNSENT_MAX;
}

/* pump sends what is due. */
static void pump(struct replay *r)
{
    int result = ACQ_OK;
    while (!r->stopping && !r->tape_ended && result == ACQ_OK && has_room(r)) {
        result = take(r);
        r->tape_ended = result == ACQ_END;
        if (result != ACQ_OK || !is_due(r)) break;
        result = send_frame(r);
    }
    if (result < 0) {
        finish(r, result);
    } else if ((r->tape_ended || r->stopping) && !r->half_closed) {
        acq_rpc_half_close(r->call); /* the server makes durable what has come, acks it, and ends the call */
        r->half_closed = true;
    }
}

/* ---- the call ---- */

static void on_begin(void *user, struct acq_rpc_call *call, const char *path, const struct acq_rpc_header *headers,
                     size_t n)
{
    struct replay *r = user;
    const char *last = acq_rpc_find(headers, n, "acq-last-seq");
    (void)path;
    if (call != r->call || r->hello || !last) return; /* without it, the server is of the original kind */
    r->hello = true;
    r->out->there = strtoull(last, NULL, 10);
    r->next_seq = r->out->there + 1;
    if (r->tape.seq >= r->next_seq) return;
    r->holds = false;
    int result = acq_tape_skip_to(&r->tape, r->next_seq, r->err);
    if (result < 0) finish(r, result);
}

static void on_message(void *user, struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    struct replay *r = user;
    struct acq_ack ack;
    if (call != r->call || acq_ack_decode(&ack, bytes, n) < 0) return;
    while (r->unacked_first < r->unacked_end) {
        const struct sent *s = &r->unacked[r->unacked_first % UNACKED_FRAMES];
        if (ack.last_seq ? s->seq > ack.last_seq : s->t_ns > ack.last_monotonic_ns) break;
        r->unacked_bytes -= s->n;
        r->unacked_first++;
        r->moved_ns = acq_now_ns();
    }
    r->acked = r->unacked_first;
}

/* refused: the server ended the call before all was sent and acked. */
static void refused(struct replay *r, int status, const char *message)
{
    const struct acq_addr *a = &r->client.addr;
    finish(r, acq_fail(r->err, ACQ_CLOSED, "the server %s:%s ended the stream after %" PRIu64 " acked frames: %s%s%s",
                       a->host, a->port, r->acked, acq_rpc_status_name(status), *message ? ", " : "", message));
}

static void on_end(void *user, struct acq_rpc_call *call, int status, const char *message)
{
    struct replay *r = user;
    if (call != r->call) return;
    r->call = NULL;
    if (r->over || acq_client_closing(&r->client)) return; /* on_lost knows why */
    if (status != ACQ_RPC_OK || !r->half_closed || r->acked < r->out->frames)
        refused(r, status, message);
    else if (r->stopping)
        finish(r, acq_fail(r->err, ACQ_STOPPED,
                           "stopped after %" PRIu64 " frames, which the server has; the same "
                           "command again sends the rest",
                           r->acked));
    else
        finish(r, ACQ_OK);
}

/* ---- the connection ---- */

static void on_connected(void *user)
{
    struct replay *r = user;
    r->call = acq_client_stream(&r->client, r->out->session);
    r->moved_ns = acq_now_ns();
    acq_client_flush(&r->client);
}

static void on_lost(void *user, const char *why)
{
    struct replay *r = user;
    const struct acq_addr *a = &r->client.addr;
    if (r->over) return;
    if (r->moved_ns)
        finish(r, acq_fail(r->err, ACQ_CLOSED,
                           "the connection to %s:%s was lost after %" PRIu64
                           " acked frames: %s; the same command again sends the rest",
                           a->host, a->port, r->acked, why));
    else
        finish(r, acq_fail(r->err, ACQ_CLOSED, "cannot reach a server at %s:%s: %s", a->host, a->port, why));
}

static const struct acq_client_events events = {{on_begin, on_message, NULL, on_end}, on_connected, on_lost};

/* ---- time ---- */

/* out_of_patience ends a replay whose server does not go on. */
static void out_of_patience(struct replay *r)
{
    int64_t since = acq_now_ns() - r->moved_ns;
    bool waits = r->half_closed || r->unacked_first < r->unacked_end;
    if (r->stopping && since > STOP_NS)
        finish(r, acq_fail(r->err, ACQ_STOPPED, "stopped after %" PRIu64 " acked frames", r->acked));
    else if (waits && since > PATIENCE_NS)
        finish(r, acq_fail(r->err, ACQ_CLOSED, "the server %s:%s has acked nothing for %d s: look what it is doing",
                           r->client.addr.host, r->client.addr.port, (int)(PATIENCE_NS / 1000000000)));
    if (!waits && !r->stopping) r->moved_ns = acq_now_ns();
}

static void on_tick(uv_timer_t *timer)
{
    struct replay *r = timer->data;
    if (acq_stopped() && !r->stopping) {
        r->stopping = true;
        r->moved_ns = acq_now_ns();
    }
    acq_client_tick(&r->client, acq_now_ns());
    if (!r->call) {
        if (r->stopping) finish(r, acq_fail(r->err, ACQ_STOPPED, "stopped before the server was there"));
        return;
    }
    if (!r->hello && acq_now_ns() - r->moved_ns > HELLO_NS) r->hello = true;
    if (r->hello) {
        pump(r);
        if (!r->over) out_of_patience(r);
    } else if (r->stopping) {
        finish(r, acq_fail(r->err, ACQ_STOPPED, "stopped before the server answered"));
    }
    if (!r->over) acq_client_flush(&r->client);
    if (!r->config->quiet && ++r->ticks % SHOW_TICKS == 0)
        acq_status("replaying: %.1f s, %" PRIu64 " frames sent, %" PRIu64 " acked", r->out->seconds, r->out->frames,
                   r->acked);
}

/* ---- life ---- */

/* name_session takes the session from the first frame, or makes a new one. */
static int name_session(struct replay *r)
{
    struct acq_tape *t = &r->tape;
    int result = acq_tape_next(t, r->err);
    if (result == ACQ_END)
        return acq_fail(r->err, ACQ_MISSING, "%s has no frame of what was asked for: there is nothing to replay",
                        t->path);
    if (result < 0) return result;
    r->holds = true;
    if (r->config->new_session)
        return acq_uuid7(r->out->session) ? ACQ_OK : acq_fail(r->err, ACQ_IO, "the system gives no random bytes");
    snprintf(r->out->session, sizeof r->out->session, "%s", t->frame.head.session_id);
    if (t->frame.has[ACQ_head_session_id] && *r->out->session) return ACQ_OK;
    return acq_fail(r->err, ACQ_FORMAT, "the frames of %s have no session: give them one with --new-session", t->path);
}

static int run(struct replay *r, const struct acq_addr *addr, struct acq_tls_context *tls)
{
    int result = acq_buf_reserve(&r->scratch, SCRATCH);
    if (result < 0) return acq_fail(r->err, result, "no memory to replay");
    result = name_session(r);
    if (result < 0) return result;
    uv_loop_init(&r->loop);
    uv_timer_init(&r->loop, &r->tick);
    r->tick.data = r;
    uv_timer_start(&r->tick, on_tick, TICK_MS, TICK_MS);
    acq_client_init(&r->client, &r->loop, addr, &events, r);
    acq_client_secure(&r->client, tls);
    acq_client_connect(&r->client);
    uv_run(&r->loop, UV_RUN_DEFAULT);
    uv_loop_close(&r->loop);
    acq_status("%s", "");
    return r->result;
}

int acq_replay_to_server(const struct acq_replay_config *config, struct acq_replayed *replayed, struct acq_err *err)
{
    struct acq_addr addr;
    struct acq_tls_context *tls;
    int result = acq_addr_parse(&addr, config->server, err);
    if (result == ACQ_OK) result = acq_client_tls(&tls, config->tls, config->ca, err);
    if (result < 0) return result;
    struct replay *r = calloc(1, sizeof *r);
    if (!r) {
        acq_tls_release(tls);
        return acq_fail(err, ACQ_MEMORY, "no memory to replay");
    }
    r->config = config;
    r->out = replayed;
    r->err = err;
    r->next_seq = 1;
    acq_buf_init(&r->scratch, SCRATCH);
    result = acq_tape_open(&r->tape, config->path, &config->select, err);
    if (result == ACQ_OK) {
        result = run(r, &addr, tls);
        replayed->doubled = r->tape.doubled;
        snprintf(replayed->loss, sizeof replayed->loss, "%s", acq_reader_get_loss(r->tape.reader)->text);
    }
    acq_tape_close(&r->tape);
    acq_buf_fini(&r->scratch);
    acq_tls_release(tls);
    free(r);
    return result;
}
