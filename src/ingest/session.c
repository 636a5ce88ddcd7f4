#include "ingest/session.h"

#include "base/os.h"
#include "frame/ack.h"
#include "ingest/event.h"
#include "record/values.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- beginning ---- */

struct acq_session *acq_session_get(struct acq_sessions *all, const char *id, bool replays, struct acq_err *err)
{
    struct acq_session *s = all->first;
    while (s && strcmp(s->id, id)) s = s->next;
    if (!s) {
        s = calloc(1, sizeof *s);
        if (!s) {
            acq_fail(err, ACQ_MEMORY, "no memory for a session");
            return NULL;
        }
        s->all = all;
        snprintf(s->id, sizeof s->id, "%s", id);
        s->next = all->first;
        all->first = s;
    }
    if (s->recorder) return s;
    int r = acq_store_resume(&all->store, id, replays, &s->recorder, err);
    if (r < 0 && r != ACQ_MISSING) return NULL;
    s->last_seq = s->last_t_ns = 0;
    if (r == ACQ_OK) {
        struct acq_recorder_state state = acq_recorder_get_state(s->recorder);
        s->last_seq = state.last_seq;
        s->last_t_ns = (uint64_t)state.durable_t_ns;
        s->seal.new_file = false;
    }
    s->durable_seq = s->last_seq;
    s->durable_t_ns = s->last_t_ns;
    return s;
}

static void say(const struct acq_session *s, const char *event, const char *status)
{
    struct acq_event e;
    acq_event_begin(&e, event);
    acq_event_text(&e, "session", s->id);
    acq_event_text(&e, "from", s->peer);
    acq_event_text(&e, "car", s->car);
    acq_event_text(&e, "track", s->track);
    acq_event_text(&e, "driver", s->driver);
    acq_event_number(&e, status ? "last_seq" : "seq", s->last_seq);
    if (status) {
        acq_event_text(&e, "status", status);
        acq_event_number(&e, "frames", s->frames);
        acq_event_number(&e, "duplicates", s->duplicates);
        if (s->odd) acq_event_number(&e, "odd_values", s->odd);
    }
    acq_event_end(&e, ACQ_LOG_INFO);
}

void acq_session_attach(struct acq_session *s, struct acq_rpc_call *call, const char *peer, bool hello)
{
    if (s->call && s->call != call) {
        acq_rpc_set_user(s->call, NULL);
        acq_rpc_finish(s->call, ACQ_RPC_ABORTED, "a newer stream of this session has come");
        s->all->queued(s->all->user, s->call);
    }
    s->call = call;
    s->greets = hello;
    s->finishing = s->ended = s->owes_ack = s->told = false;
    snprintf(s->peer, sizeof s->peer, "%s", peer);
    acq_rpc_set_user(call, s);
    s->held = !acq_sealer_room(s);
    if (s->all->full || s->held) acq_rpc_hold(call, true);
    acq_session_settle(s, 0, acq_now_ns());
}

void acq_session_detach(struct acq_session *s, struct acq_rpc_call *call, int status)
{
    if (s->call != call) return;
    s->call = NULL;
    s->idle_ns = acq_now_ns();
    if (s->told) say(s, "session-pauses", acq_rpc_status_name(status)); /* a hello alone is none of people's business */
}

/* ---- answers ---- */

/* ack says how far all is durable; the `last` one also where earlier ones have not been read. */
static void ack(struct acq_session *s, bool last)
{
    uint8_t bytes[ACQ_ACK_MAX];
    struct acq_ack a = {.last_monotonic_ns = s->durable_t_ns,
                        .last_seq = s->durable_seq,
                        .status = ACQ_ACK_OK,
                        .buffered_frames = (uint32_t)(s->last_seq - s->durable_seq)};
    s->owes_ack = !last && acq_rpc_unsent(s->call) > 0; /* it does not read them: the next one will say all */
    if (s->owes_ack) return;
    acq_rpc_write(s->call, bytes, acq_ack_encode(&a, bytes));
    s->all->queued(s->all->user, s->call);
}

/* greet answers the hello: go on behind this frame. */
static void greet(struct acq_session *s)
{
    char last[24];
    struct acq_rpc_header answer = {"acq-last-seq", last};
    snprintf(last, sizeof last, "%" PRIu64, s->durable_seq);
    s->greets = false;
    acq_rpc_respond(s->call, &answer, 1);
    s->all->queued(s->all->user, s->call);
}

/* take_marks notes what became durable with the log's groups up to this one. Returns whether anything did. */
static bool take_marks(struct acq_session *s, uint64_t durable_group, int64_t now_ns)
{
    bool any = false;
    while (s->marks[0].group && s->marks[0].group <= durable_group) {
        s->durable_seq = s->marks[0].seq;
        s->durable_t_ns = s->marks[0].t_ns;
        acq_latency_add(&s->all->latency, now_ns - s->marks[0].since_ns);
        s->marks[0] = s->marks[1];
        s->marks[1] = (struct acq_mark){0};
        any = true;
    }
    return any;
}

void acq_session_settle(struct acq_session *s, uint64_t durable_group, int64_t now_ns)
{
    bool more = take_marks(s, durable_group, now_ns), all = !s->marks[0].group;
    if (!s->call) return;
    if (s->greets && all) greet(s);
    if (!s->greets && (more || (s->owes_ack && (all || !s->finishing)))) ack(s, s->finishing && all);
    if (s->finishing && all) {
        if (s->end_status == ACQ_RPC_OK) s->ended = true;
        acq_rpc_finish(s->call, s->end_status, s->end_message);
        s->all->queued(s->all->user, s->call);
        s->finishing = false;
    } else if (s->held && acq_sealer_room(s)) {
        s->held = false;
        if (!s->all->full) acq_rpc_hold(s->call, false);
        if (s->call) s->all->queued(s->all->user, s->call);
    }
}

void acq_session_finish(struct acq_session *s, enum acq_rpc_status status, const char *message)
{
    if (s->finishing) return;
    s->finishing = true;
    s->end_status = status;
    s->end_message = message;
    s->owes_ack = true; /* also where nothing was new: the client may have lost the ack, and waits for it */
    acq_session_settle(s, 0, acq_now_ns());
}

/* ---- frames ---- */

static void copy_text(char *dst, size_t size, const struct acq_frame *f, enum acq_id id, const char *text)
{
    if (f->has[id]) snprintf(dst, size, "%s", text);
}

/* remember takes car, track and driver from a frame, for people. */
static void remember(struct acq_session *s, const struct acq_frame *f)
{
    if (!f->has[ACQ_stat]) return;
    const char *layout = f->has[ACQ_stat_track_configuration] ? f->stat.track_configuration : "";
    const char *surname = f->has[ACQ_stat_player_surname] ? f->stat.player_surname : "";
    copy_text(s->car, sizeof s->car, f, ACQ_stat_car_model, f->stat.car_model);
    if (f->has[ACQ_stat_track])
        snprintf(s->track, sizeof s->track, "%s%s%s", f->stat.track, *layout ? "-" : "", layout);
    if (f->has[ACQ_stat_player_name])
        snprintf(s->driver, sizeof s->driver, "%s%s%s", f->stat.player_name, *surname ? " " : "", surname);
}

void acq_stream_refuse(struct acq_rpc_call *call, const char *session, const char *peer, enum acq_rpc_status status,
                       const char *why)
{
    struct acq_event e;
    acq_event_begin(&e, "stream-refused");
    acq_event_text(&e, "session", session);
    acq_event_text(&e, "from", peer);
    acq_event_text(&e, "status", acq_rpc_status_name((int)status));
    acq_event_text(&e, "why", why);
    acq_event_end_some(&e, ACQ_LOG_WARN);
    acq_rpc_finish(call, status, why);
}

static int refuse(struct acq_session *s, enum acq_rpc_status status, const char *why, uint64_t number)
{
    char text[160];
    snprintf(text, sizeof text, why, number);
    acq_stream_refuse(s->call, s->id, s->peer, status, text);
    return ACQ_FORMAT;
}

/* is_new says whether a frame is the one that is expected now: 1 yes, 0 a duplicate, < 0 the stream has been ended. */
static int is_new(struct acq_session *s, const struct acq_frame *f)
{
    if (!f->has[ACQ_head_seq]) {
        if (!f->head.monotonic_ns)
            return refuse(s, ACQ_RPC_INVALID_ARGUMENT,
                          "a frame has neither seq nor monotonic_ns (after %" PRIu64 " frames)", s->frames);
        return f->head.monotonic_ns > s->last_t_ns;
    }
    if (!f->head.seq)
        return refuse(s, ACQ_RPC_INVALID_ARGUMENT, "a frame has seq 0; expected %" PRIu64, s->last_seq + 1);
    if (f->head.seq > s->last_seq + 1)
        return refuse(s, ACQ_RPC_FAILED_PRECONDITION, "a gap in seq: expected %" PRIu64, s->last_seq + 1);
    return f->head.seq == s->last_seq + 1;
}

/* numbered makes the frame of a client of the original kind one of ours. */
static int numbered(struct acq_session *s, const uint8_t **bytes, size_t *n)
{
    struct acq_buf *b = &s->all->scratch;
    b->len = 0;
    int r = acq_buf_reserve(b, ACQ_FRAME_MAX + *n);
    if (r < 0) return refuse(s, ACQ_RPC_RESOURCE_EXHAUSTED, "no memory after seq %" PRIu64, s->last_seq);
    *n = acq_frame_number(&s->all->frame, s->last_seq + 1, *bytes, *n, b->bytes);
    *bytes = b->bytes;
    if (*n) return ACQ_OK;
    return refuse(s, ACQ_RPC_INVALID_ARGUMENT, "the frame behind seq %" PRIu64 " is too long", s->last_seq);
}

/* mark: the frame stands in `group`. Where both marks are of earlier groups the newer one goes on: it is later true. */
static void mark(struct acq_session *s, const struct acq_frame *f, uint64_t group)
{
    struct acq_mark *m = s->marks;
    if (m->group && m->group != group) m++;
    int64_t since = m->group ? m->since_ns : acq_now_ns();
    *m = (struct acq_mark){group, f->head.seq, f->head.monotonic_ns, since};
    s->taken_ns = since;
}

static int make_recording(struct acq_session *s, const struct acq_frame *f, struct acq_err *err)
{
    if (s->recorder) return ACQ_OK;
    s->seal.new_file = true;
    return acq_store_create(&s->all->store, f, &s->recorder, err);
}

/* announce says that a session begins or goes on, with what its first frame knows. */
static void announce(struct acq_session *s)
{
    if (s->told || !s->call) return;
    s->told = true;
    say(s, s->last_seq > 1 ? "session-resumes" : "session-begins", NULL);
}

static int add(struct acq_session *s, const struct acq_frame *f, const uint8_t *bytes, size_t n)
{
    int r = acq_recorder_add(s->recorder, f, bytes, n);
    if (r < 0) return r;
    s->last_seq = f->head.seq;
    s->last_t_ns = f->head.monotonic_ns;
    remember(s, f);
    announce(s);
    return ACQ_OK;
}

static int drop(struct acq_session *s)
{
    s->duplicates++;
    s->owes_ack = true; /* its client may have lost the ack, or never had one */
    return ACQ_OK;
}

/* slow_down holds the stream while there is no room for its frames: one of this session, or of all. */
static void slow_down(struct acq_session *s)
{
    struct acq_sessions *all = s->all;
    s->held = !acq_sealer_room(s);
    if (s->held) acq_rpc_hold(s->call, true);
    if (all->full || (all->unsealed < all->unsealed_max && !acq_commit_log_full(all->log))) return;
    all->full = true;
    for (struct acq_session *o = all->first; o; o = o->next)
        if (o->call) acq_rpc_hold(o->call, true);
}

int acq_session_take(struct acq_session *s, const uint8_t *bytes, size_t n)
{
    struct acq_sessions *all = s->all;
    struct acq_frame *f = &all->frame;
    struct acq_err err;
    if (s->finishing) return ACQ_OK; /* not acked: the client sends it again, to the next server */
    int r = is_new(s, f);
    if (r < 0) return r;
    if (r == 0) return drop(s);
    if (!f->has[ACQ_head_seq] && numbered(s, &bytes, &n) < 0) return ACQ_FORMAT;
    if (make_recording(s, f, &err) < 0) {
        acq_log(ACQ_LOG_ERROR, "%s", err.text);
        return refuse(s, ACQ_RPC_UNAVAILABLE, "the server cannot write the recording; try again later", 0);
    }
    all->gathered = true;
    uint64_t group = acq_recorder_room(s->recorder) ? acq_commit_log_append(all->log, bytes, n) : 0;
    if (!group || add(s, f, bytes, n) < 0)
        return refuse(s, ACQ_RPC_RESOURCE_EXHAUSTED, "the server's disk is behind; last seq taken %" PRIu64,
                      s->last_seq);
    mark(s, f, group);
    acq_sealer_added(s, n, group);
    s->odd += acq_values_odd(f);
    s->frames++;
    all->frames++;
    all->bytes += n;
    slow_down(s);
    return ACQ_OK;
}

int acq_session_replay(struct acq_session *s, const uint8_t *bytes, size_t n, struct acq_err *err)
{
    const struct acq_frame *f = &s->all->frame;
    if (f->head.seq <= s->last_seq) return 0;
    if (f->head.seq > s->last_seq + 1) return ACQ_RANGE;
    int r = make_recording(s, f, err);
    if (r == ACQ_OK) r = add(s, f, bytes, n);
    return r < 0 ? r : 1;
}
