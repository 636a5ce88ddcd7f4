#include "bridge/sender.h"

#include "base/log.h"
#include "base/os.h"

#include <stdio.h>
#include <string.h>

enum {
    AHEAD = 8192,       /* frames on their way to the server's disk: about what it takes before it holds us back */
    AHEAD_BESIDE = 1024 /* the same of an ended session beside a running one, so that a slow line has room for that */
};
#define SLICE_NS INT64_C(2000000)
#define MEMORY_MAX (3 * (size_t)ACQ_QUEUE_MAX) /* of the sessions that are not recorded */

static void on_retry(uv_timer_t *timer);

/* ---- sessions ---- */

void acq_sender_begin(struct acq_sender *s, const char *id, const char *path)
{
    struct acq_upload **place = &s->first;
    for (; *place; place = &(*place)->next) acq_outgoing_release(&(*place)->out); /* memory is for the running one */
    s->live = *place = acq_upload_new(id, path);
    s->live_lost = !s->live;
    if (!s->live) acq_log(ACQ_LOG_ERROR, "no memory to send session %s", id);
}

void acq_sender_end(struct acq_sender *s)
{
    if (s->live) {
        s->live->out.ended = true;
        s->live->again_ns = 0;
    }
    s->live = NULL;
    s->live_lost = false;
    if (uv_is_active((uv_handle_t *)&s->retry)) uv_timer_start(&s->retry, on_retry, 0, 0); /* the last chance */
}

void acq_sender_moved(struct acq_sender *s, const char *from, const char *to)
{
    for (struct acq_upload *one = s->first; one; one = one->next)
        if (!strcmp(one->out.path, from)) snprintf(one->out.path, sizeof one->out.path, "%s", to);
}

void acq_sender_recorded(struct acq_sender *s, uint64_t seq)
{
    if (s->live && seq > s->live->out.safe_seq) s->live->out.safe_seq = seq;
}

void acq_sender_unrecorded(struct acq_sender *s)
{
    if (s->live) s->live->out.recorded = false;
}

bool acq_sender_room(const struct acq_sender *s)
{
    size_t size = 0;
    for (const struct acq_upload *one = s->first; one; one = one->next) size += one->out.queue.size;
    if (!s->live) return !s->live_lost;
    return acq_outgoing_room(&s->live->out) && size < MEMORY_MAX;
}

void acq_sender_push(struct acq_sender *s, uint64_t seq, int64_t t_ns, const uint8_t *bytes, size_t n)
{
    if (s->live)
        acq_outgoing_push(&s->live->out, seq, t_ns, bytes, n);
    else if (s->live_lost)
        s->lacking++;
}

uint64_t acq_sender_behind(const struct acq_sender *s)
{
    uint64_t n = s->lacking;
    for (const struct acq_upload *one = s->first; one; one = one->next)
        n += one->lacking + one->out.last_seq - one->out.acked_seq;
    return n;
}

/* wants: is there anything to connect for? */
static bool wants(const struct acq_sender *s)
{
    for (const struct acq_upload *one = s->first; one; one = one->next)
        if (one->out.last_seq) return true;
    return s->older && acq_backlog_session(&s->older->backlog);
}

enum acq_sender_state acq_sender_get_state(const struct acq_sender *s)
{
    bool ready = acq_client_ready(&s->client);
    const struct acq_upload *older = s->older ? s->older->upload : NULL;
    if (s->live) return ready && s->live->call ? ACQ_SENDER_STREAMING : ACQ_SENDER_AWAY;
    for (const struct acq_upload *one = s->first; one; one = one->next)
        if (one->call) return ACQ_SENDER_STREAMING;
    if (s->first || (!ready && wants(s))) return ACQ_SENDER_AWAY;
    return older && older->call ? ACQ_SENDER_STREAMING : ACQ_SENDER_IDLE;
}

/* sweep takes away the sessions of this process that are done or given up. */
static void sweep(struct acq_sender *s)
{
    bool stranded = false;
    for (struct acq_upload **place = &s->first; *place;) {
        struct acq_upload *one = *place;
        if (!one->call && one->state == ACQ_UPLOAD_GOING && one->out.ended) acq_upload_ended(one);
        if (one->lacking && one == s->live) {
            stranded = s->live_lost = true;
            s->live = NULL;
        }
        if (one->state == ACQ_UPLOAD_REFUSED)
            acq_log(ACQ_LOG_ERROR, "session %s is given up: the server refuses it again and again (%s)%s%s",
                    one->out.id, one->why, *one->out.path ? "; all of it is in " : "", one->out.path);
        if (one->state == ACQ_UPLOAD_GOING) {
            place = &one->next;
            continue;
        }
        if (one == s->live) {
            s->live = NULL;
            s->live_lost = true;
        }
        if (one->state == ACQ_UPLOAD_DONE && one->heard && !one->lacking && s->has)
            s->has(s->user, one->out.id, one->out.acked_seq);
        s->lacking += one->lacking + one->out.last_seq - one->out.acked_seq;
        *place = one->next;
        acq_upload_free(one);
    }
    if (stranded && s->stranded) s->stranded(s->user);
}

/* ---- recordings of earlier sessions ---- */

static void on_older_ready(void *user)
{
    struct acq_sender *s = user;
    s->moved_ns = acq_now_ns();
    if (!s->stopping) acq_sender_flush(s);
}

int acq_sender_send_older(struct acq_sender *s, const char *dir, struct acq_err *err)
{
    return acq_older_new(&s->older, s->client.loop, dir, on_older_ready, s, err);
}

/* ---- the calls ---- */

static void away(struct acq_sender *s, bool *told, const char *why)
{
    snprintf(s->why, sizeof s->why, "%s", why);
    if (!*told && !s->stopping)
        acq_log(ACQ_LOG_WARN, "server %s:%s: %s; trying again", s->client.addr.host, s->client.addr.port, why);
    *told = true;
}

static void on_begin(void *user, struct acq_rpc_call *call, const char *path, const struct acq_rpc_header *headers,
                     size_t n)
{
    struct acq_sender *s = user;
    struct acq_upload *one = acq_rpc_user(call);
    (void)path;
    if (!one) return;
    s->acked += (uint64_t)acq_upload_hello(one, headers, n);
    s->ours = s->ours || one->heard;
    s->foreign = one->foreign;
    s->moved_ns = acq_now_ns();
}

static void on_message(void *user, struct acq_rpc_call *call, const uint8_t *bytes, size_t n)
{
    struct acq_sender *s = user;
    struct acq_upload *one = acq_rpc_user(call);
    uint64_t acked = one ? acq_upload_ack(one, bytes, n) : 0;
    if (!acked) return;
    s->failures = 0;
    s->told = s->told_shaking = false;
    s->moved_ns = acq_now_ns();
    if (!one->older) {
        s->acked += acked;
        return;
    }
    acq_older_acked(s->older, acked);
}

static void on_end(void *user, struct acq_rpc_call *call, int status, const char *message)
{
    struct acq_sender *s = user;
    struct acq_upload *one = acq_rpc_user(call);
    if (!one || acq_upload_ended(one) || s->stopping) return;
    if (acq_client_closing(&s->client)) return; /* on_lost knows why */
    acq_upload_failed(one, status, message);
    if (one->state == ACQ_UPLOAD_GOING) away(s, &one->told, one->why);
}

/* begin_calls: the running session has a call at once, the others one after the other. */
static void begin_calls(struct acq_sender *s, int64_t now)
{
    struct acq_upload *older = s->older ? s->older->upload : NULL;
    bool busy = older && older->call;
    for (struct acq_upload *one = s->first; one; one = one->next) busy = busy || (one->call && one->out.ended);
    for (struct acq_upload *one = s->first; one && !acq_client_closing(&s->client); one = one->next) {
        if (one->call || !one->out.last_seq || now < one->again_ns || (one->out.ended && busy)) continue;
        acq_upload_call(one, &s->client);
        busy = busy || one->out.ended;
    }
    if (busy || !s->older || s->foreign || acq_client_closing(&s->client)) return;
    older = acq_older_take(s->older, s->first);
    if (older && now >= older->again_ns) acq_upload_call(older, &s->client);
}

/* pump sends frames: first of the running session. */
static void pump(struct acq_sender *s, int64_t now)
{
    int64_t until = now + s->slice_ns;
    uint64_t ahead = s->live ? AHEAD_BESIDE : AHEAD;
    if (s->live) s->sent += acq_upload_pump(s->live, &s->scratch, AHEAD, until);
    for (struct acq_upload *one = s->first; one; one = one->next) {
        acq_upload_wait(one, s->ours, now);
        if (one != s->live) s->sent += acq_upload_pump(one, &s->scratch, ahead, until);
    }
    if (s->older && acq_older_pump(s->older, &s->scratch, ahead, until)) s->moved_ns = now;
}

/* ---- the connection ---- */

static void connect_again(struct acq_sender *s)
{
    if (acq_client_idle(&s->client) && wants(s) && !s->stopping) acq_client_connect(&s->client);
}

void acq_sender_flush(struct acq_sender *s)
{
    int64_t now = acq_now_ns();
    acq_client_tick(&s->client, now);
    sweep(s);
    if (!acq_client_ready(&s->client)) {
        if (!uv_is_active((uv_handle_t *)&s->retry)) connect_again(s);
        return;
    }
    if (acq_client_closing(&s->client)) return;
    begin_calls(s, now);
    pump(s, now);
    acq_client_flush(&s->client);
}

static void on_retry(uv_timer_t *timer)
{
    connect_again(timer->data);
}

static void on_connected(void *user)
{
    struct acq_sender *s = user;
    s->ours = s->foreign = false;
    acq_sender_flush(s);
}

static void on_lost(void *user, const char *why)
{
    struct acq_sender *s = user;
    if (s->client.shaking && !s->told_shaking) s->told = false;
    s->told_shaking = s->told_shaking || s->client.shaking;
    if (wants(s)) away(s, &s->told, why);
    if (s->stopping || uv_is_active((uv_handle_t *)&s->retry)) return;
    uv_timer_start(&s->retry, on_retry, (uint64_t)(acq_backoff_ns(s->failures++) / 1000000), 0);
}

static const struct acq_client_events events = {{on_begin, on_message, NULL, on_end}, on_connected, on_lost};

/* ---- life ---- */

void acq_sender_init(struct acq_sender *s, uv_loop_t *loop, const struct acq_addr *addr)
{
    *s = (struct acq_sender){.slice_ns = SLICE_NS, .moved_ns = acq_now_ns()};
    acq_buf_init(&s->scratch, 2 * ACQ_FRAME_LIMIT);
    acq_client_init(&s->client, loop, addr, &events, s);
    uv_timer_init(loop, &s->retry);
    s->retry.data = s;
}

void acq_sender_stop(struct acq_sender *s)
{
    s->stopping = true;
    if (s->older) acq_backlog_stop(&s->older->backlog);
    acq_client_stop(&s->client);
    if (!uv_is_closing((uv_handle_t *)&s->retry)) uv_close((uv_handle_t *)&s->retry, NULL);
}

void acq_sender_fini(struct acq_sender *s)
{
    acq_older_free(s->older);
    while (s->first) {
        struct acq_upload *one = s->first;
        s->first = one->next;
        acq_upload_free(one);
    }
    acq_buf_fini(&s->scratch);
}
