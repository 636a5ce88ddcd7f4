#include "ingest/session.h"

#include "base/log.h"
#include "base/os.h"
#include "frame/ack.h"
#include "frame/batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUIET_MS = 40 };              /* without a frame for so long the member is sealed as it is */
#define IDLE_NS INT64_C(60000000000) /* after this long without a stream a recording is closed */

/* ack tells the client how far its frames are durable. */
static void ack(struct acq_session *s)
{
    uint8_t bytes[ACQ_ACK_MAX];
    s->owes_ack = false;
    if (!s->call || !s->recorder) return;
    struct acq_recorder_state state = acq_recorder_get_state(s->recorder);
    struct acq_ack a = {
        .last_monotonic_ns = (uint64_t)state.durable_t_ns, .last_seq = state.durable_seq, .status = ACQ_ACK_OK};
    acq_rpc_write(s->call, bytes, acq_ack_encode(&a, bytes)); /* a client that reads no acks gets the next one */
    s->all->acked(s->all->user, s);
}

/* give_up: the disk failed. What is not durable was never acked, so the client still has it. */
static void give_up(struct acq_session *s, const struct acq_err *err)
{
    acq_log(ACQ_LOG_ERROR, "session %s: %s; its stream ends and may come again", s->id, err->text);
    s->failed = true;
    if (!s->call) return;
    acq_rpc_finish(s->call, ACQ_RPC_UNAVAILABLE, "the server cannot write the recording; try again later");
    s->all->acked(s->all->user, s);
}

static void on_work(uv_work_t *work)
{
    struct acq_session *s = work->data;
    s->result = acq_recorder_seal(s->recorder, &s->error);
}

static void after_work(uv_work_t *work, int status)
{
    struct acq_session *s = work->data;
    (void)status;
    s->working = false;
    acq_recorder_end_seal(s->recorder);
    if (s->result < 0) {
        give_up(s, &s->error);
        return;
    }
    ack(s);
    if (s->finishing) acq_session_finish(s, s->end_status, s->end_message);
}

static void begin_work(struct acq_session *s)
{
    if (s->working || s->failed || !s->recorder || !acq_recorder_begin_seal(s->recorder)) return;
    s->work.data = s;
    s->working = true;
    if (uv_queue_work(s->all->loop, &s->work, on_work, after_work)) {
        on_work(&s->work); /* no worker to be had: here, then */
        after_work(&s->work, 0);
    }
}

/* remember takes car and track from a frame, for people. */
static void remember(struct acq_session *s, const struct acq_frame *f)
{
    if (!f->has[ACQ_stat]) return;
    const char *layout = f->has[ACQ_stat_track_configuration] ? f->stat.track_configuration : "";
    if (f->has[ACQ_stat_car_model]) snprintf(s->car, sizeof s->car, "%s", f->stat.car_model);
    if (f->has[ACQ_stat_track])
        snprintf(s->track, sizeof s->track, "%s%s%s", f->stat.track, *layout ? "-" : "", layout);
}

static void set_state(struct acq_session *s)
{
    struct acq_recorder_state state = acq_recorder_get_state(s->recorder);
    s->last_seq = state.last_seq;
    s->last_t_ns = (uint64_t)state.durable_t_ns;
}

struct acq_session *acq_session_get(struct acq_sessions *all, const char *id, struct acq_err *err)
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
    if (s->failed && !s->working) {
        /* a full disk takes new files, but nothing into them: without this there would be one more with each try */
        struct acq_recorder_state state = {.size = 1};
        if (s->recorder) state = acq_recorder_get_state(s->recorder);
        if (state.size == 0) acq_store_forget(&all->store, state.path);
        acq_recorder_free(s->recorder);
        s->recorder = NULL;
        s->failed = false;
    }
    if (s->recorder || s->failed) return s;
    int r = acq_store_resume(&all->store, id, &s->recorder, err);
    if (r == ACQ_OK)
        set_state(s);
    else if (r == ACQ_MISSING || r == ACQ_FORMAT)
        s->last_seq = s->last_t_ns = 0;
    else
        return NULL;
    return s;
}

void acq_session_attach(struct acq_session *s, struct acq_rpc_call *call)
{
    if (s->call && s->call != call) {
        acq_rpc_finish(s->call, ACQ_RPC_ABORTED, "a newer stream of this session has come");
        acq_rpc_set_user(s->call, NULL);
        s->all->acked(s->all->user, s);
    }
    s->call = call;
    s->finishing = false;
    acq_rpc_set_user(call, s);
    if (s->last_seq)
        acq_log(ACQ_LOG_INFO, "session %s resumes after seq %" PRIu64, s->id, s->last_seq);
    else
        acq_log(ACQ_LOG_INFO, "session %s begins", s->id);
}

void acq_session_detach(struct acq_session *s, struct acq_rpc_call *call)
{
    if (s->call != call) return;
    s->call = NULL;
    s->idle_ns = acq_now_ns();
    acq_log(ACQ_LOG_INFO,
            "session %s: stream ended; %s @ %s, %" PRIu64 " frames, last seq %" PRIu64 ", %" PRIu64 " duplicates",
            s->id, *s->car ? s->car : "unknown car", *s->track ? s->track : "unknown track", s->frames, s->last_seq,
            s->duplicates);
}

static int refuse(struct acq_session *s, enum acq_rpc_status status, const char *why, uint64_t number)
{
    char text[160];
    snprintf(text, sizeof text, why, number);
    acq_rpc_finish(s->call, status, text);
    acq_log(ACQ_LOG_WARN, "session %s: %s", s->id, text);
    return ACQ_FORMAT;
}

/* numbered makes the frame of a client of the original kind one of ours. It is encoded anew, because in a frame with a
 * seq a value that is not there is not known, while in theirs it is 0. */
static int numbered(struct acq_session *s, const uint8_t **bytes, size_t *n)
{
    struct acq_buf *b = &s->all->scratch;
    struct acq_frame *f = &s->all->frame;
    b->len = 0;
    int r = acq_buf_reserve(b, ACQ_FRAME_MAX);
    if (r < 0) return r;
    f->head.seq = s->last_seq + 1;
    f->has[ACQ_head_seq] = true;
    *bytes = b->bytes;
    *n = acq_encode(f, b->bytes, NULL);
    return ACQ_OK;
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

int acq_session_take(struct acq_session *s, const uint8_t *bytes, size_t n)
{
    struct acq_frame *f = &s->all->frame;
    struct acq_err err;
    if (s->finishing) return ACQ_OK; /* not acked: the client sends it again, to the next server */
    int r = is_new(s, f);
    if (r < 0) return r;
    if (r == 0) {
        s->duplicates++;
        s->all->duplicates++;
        s->owes_ack = true; /* its client may have lost the ack, or never had one */
        return ACQ_OK;
    }
    if (!f->has[ACQ_head_seq] && numbered(s, &bytes, &n) < 0)
        return refuse(s, ACQ_RPC_RESOURCE_EXHAUSTED, "no memory after seq %" PRIu64, s->last_seq);
    if (!s->recorder && acq_store_create(&s->all->store, f, &s->recorder, &err) < 0) {
        give_up(s, &err);
        return ACQ_IO;
    }
    if (acq_recorder_add(s->recorder, f, bytes, n) < 0)
        return refuse(s, ACQ_RPC_RESOURCE_EXHAUSTED, "the server's disk is behind; last seq taken %" PRIu64,
                      s->last_seq);
    s->last_seq = f->head.seq;
    s->last_t_ns = f->head.monotonic_ns;
    s->taken_ms = uv_now(s->all->loop);
    s->frames++;
    s->all->frames++;
    remember(s, f);
    if (acq_recorder_due(s->recorder)) begin_work(s);
    return ACQ_OK;
}

void acq_session_finish(struct acq_session *s, enum acq_rpc_status status, const char *message)
{
    s->finishing = true;
    s->end_status = status;
    s->end_message = message;
    begin_work(s);
    if (s->working || !s->call) return;
    ack(s); /* also where nothing was new: the client may have lost the ack, and waits for it */
    acq_rpc_finish(s->call, status, message);
    s->all->acked(s->all->user, s);
}

void acq_session_tick(struct acq_session *s, int64_t now_ns)
{
    struct acq_err err;
    /* a client that waits for its ack before it sends more is not kept waiting until the member is due */
    bool quiet = uv_now(s->all->loop) - s->taken_ms > QUIET_MS;
    if (s->recorder && (quiet || acq_recorder_due(s->recorder))) begin_work(s);
    if (s->owes_ack && !s->working) ack(s);
    if (s->call || s->working || !s->recorder || now_ns - s->idle_ns < IDLE_NS) return;
    if (acq_recorder_close(s->recorder, &err) < 0) acq_log(ACQ_LOG_ERROR, "session %s: %s", s->id, err.text);
    s->recorder = NULL;
}

void acq_sessions_tick(struct acq_sessions *all, int64_t now_ns)
{
    for (struct acq_session **place = &all->first; *place;) {
        struct acq_session *s = *place;
        acq_session_tick(s, now_ns);
        if (s->call || s->working || s->recorder || now_ns - s->idle_ns < IDLE_NS) {
            place = &s->next;
        } else {
            *place = s->next;
            free(s);
        }
    }
}

void acq_sessions_close(struct acq_sessions *all)
{
    struct acq_err err = {0};
    while (all->first) {
        struct acq_session *s = all->first;
        if (s->recorder && acq_recorder_close(s->recorder, &err) < 0)
            acq_log(ACQ_LOG_ERROR, "session %s: %s", s->id, err.text);
        all->first = s->next;
        free(s);
    }
    acq_store_fini(&all->store);
    acq_buf_fini(&all->scratch);
}
