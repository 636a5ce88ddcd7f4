#include "bridge/bridge.h"

#include "base/log.h"
#include "base/os.h"
#include "bridge/capture.h"
#include "bridge/sampler.h"
#include "bridge/sender.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_MS = 200 };
#define FINISH_NS INT64_C(5000000000)   /* how long the last acks are waited for */
#define PATIENCE_NS INT64_C(1000000000) /* the same while there is no server */

struct bridge {
    const struct acq_bridge_config *config;
    uv_loop_t loop;
    uv_timer_t flush, status;
    uv_signal_t signals[3];
    struct acq_sampler sampler;
    struct acq_capture capture;
    struct acq_sender sender;
    struct acq_addr addr;
    bool stopping;
    bool unrecorded; /* the disk failed a recording */
    int64_t stop_ns;
    uint64_t sessions, frames, missed, dropped;
    int32_t told_laps; /* laps whose time has been said */
    bool told_older;
    unsigned settled; /* how often a new lap has been looked at: the game's fields do not change all at once */
    uint64_t shown_seen;
    int64_t shown_ns;
};

/* ---- from capture to sender ---- */

static void on_session_begin(void *user, const struct acq_capture_session *s)
{
    struct bridge *b = user;
    b->sessions++;
    b->shown_seen = 0;
    b->told_laps = 0;
    acq_log(ACQ_LOG_INFO, "session %s: %s @ %s%s%s", s->id, s->car, s->track, *s->driver ? ", " : "", s->driver);
    if (*s->path) acq_log(ACQ_LOG_INFO, "recording to %s", s->path);
    if (!b->config->no_stream) acq_sender_begin(&b->sender, s->id, s->path);
}

static void on_session_frame(void *user, const struct acq_frame *f, const uint8_t *bytes, size_t n)
{
    struct bridge *b = user;
    if (b->config->no_stream) return;
    if (b->capture.recorder)
        acq_sender_recorded(&b->sender, acq_recorder_get_state(b->capture.recorder).durable_seq);
    else
        acq_sender_unrecorded(&b->sender);
    acq_sender_push(&b->sender, f->head.seq, (int64_t)f->head.monotonic_ns, bytes, n);
}

static bool has_room(void *user)
{
    struct bridge *b = user;
    return b->config->no_stream || acq_sender_room(&b->sender);
}

static void stop(struct bridge *b);
static void tell_lap(struct bridge *b, bool at_once);

static void on_session_end(void *user, const struct acq_capture_session *s, const char *why)
{
    struct bridge *b = user;
    double seconds = (double)(s->last_t_ns - s->first_t_ns) / 1e9;
    tell_lap(b, true);
    b->frames += s->seq;
    b->missed += s->counts.missed;
    b->dropped += s->dropped;
    acq_log(ACQ_LOG_INFO,
            "session ended (%s): %.1f s, %d laps, %" PRIu64 " steps seen, %" PRIu64 " missed, %" PRIu64
            " torn, %" PRIu64 " dropped",
            why, seconds, s->laps, s->counts.seen, s->counts.missed, s->counts.torn_dropped, s->dropped);
    if (*s->path && !b->capture.disk_failed) acq_sender_recorded(&b->sender, s->seq);
    if (b->capture.disk_failed) acq_sender_unrecorded(&b->sender);
    if (!b->config->no_stream) acq_sender_end(&b->sender);
    b->unrecorded = b->unrecorded || b->capture.disk_failed;
    b->capture.no_more = b->stopping || b->config->once;
    if (b->capture.no_more) stop(b);
}

/* on_stranded: the server has lost what only it had. A session must have no hole, so what is sampled from now on is
 * another one. */
static void on_stranded(void *user)
{
    struct bridge *b = user;
    if (!b->config->once) acq_capture_end(&b->capture, "the server lost a part of the session");
}

static const struct acq_capture_events capture_events = {on_session_begin, on_session_frame, has_room, on_session_end};

/* ---- for people ---- */

/* tell_lap says a lap's time when the game has stated it. */
static void tell_lap(struct bridge *b, bool at_once)
{
    const struct acq_capture_session *s = &b->capture.session;
    int32_t ms = s->last_lap_ms;
    if (s->laps <= b->told_laps || (!at_once && ++b->settled < 3)) return;
    b->settled = 0;
    b->told_laps = s->laps;
    acq_log(ACQ_LOG_INFO, "lap %d: %d:%02d.%03d%s", s->laps, ms / 60000, ms / 1000 % 60, ms % 1000,
            ms && ms == s->best_lap_ms ? ", the best so far" : "");
}

static const struct acq_backlog *backlog_of(const struct bridge *b)
{
    return b->sender.older ? &b->sender.older->backlog : NULL;
}

/* older_words: what goes on beside the running session, behind `before`, or "". */
static const char *older_words(const struct bridge *b, const char *before, char *text, size_t size)
{
    const struct acq_backlog *older = backlog_of(b);
    *text = 0;
    if (older && acq_backlog_session(older))
        snprintf(text, size, "%solder recordings: %zu of %zu sent", before, older->done, older->sessions);
    return text;
}

/* state_words says what happens to the running session. */
static const char *state_words(struct bridge *b, char *text, size_t size)
{
    uint64_t behind = acq_sender_behind(&b->sender);
    bool recording = b->capture.recorder != NULL;
    if (b->config->no_stream || b->sender.live_lost) return recording ? "recording" : "sampling";
    switch (acq_sender_get_state(&b->sender)) {
    case ACQ_SENDER_AWAY:
        snprintf(text, size, "%sserver away (%" PRIu64 " frames behind)", recording ? "recording, " : "", behind);
        return text;
    case ACQ_SENDER_STREAMING:
        if (behind < 700) return recording ? "recording, streaming" : "streaming"; /* two seconds: acks on their way */
        snprintf(text, size, "%scatching up (%" PRIu64 " frames behind)", recording ? "recording, " : "", behind);
        return text;
    default: return recording ? "recording" : "sampling";
    }
}

/* show_waiting is the status line while there is no session. */
static void show_waiting(struct bridge *b)
{
    char text[80], more[80];
    uint64_t behind = acq_sender_behind(&b->sender);
    const char *what = atomic_load(&b->sampler.state) == ACQ_SAMPLER_NO_GAME ? "the game" : "a session of the game";
    if (b->capture.state == ACQ_CAPTURE_OTHER_GAME) what = "Assetto Corsa: another game is running";
    *text = 0;
    bool away = !b->config->no_stream && acq_sender_get_state(&b->sender) == ACQ_SENDER_AWAY;
    if (behind)
        snprintf(text, sizeof text, " | %s (%" PRIu64 " frames behind)", away ? "server away" : "catching up", behind);
    else if (away)
        snprintf(text, sizeof text, " | server away");
    acq_status("waiting for %s%s%s", what, text, older_words(b, " | ", more, sizeof more));
}

static void show_session(struct bridge *b, int64_t now)
{
    char text[80], more[80];
    const struct acq_capture_session *s = &b->capture.session;
    double hz = (double)(s->counts.seen - b->shown_seen) / ((double)(now - b->shown_ns) / 1e9);
    acq_status("%s%s | %s @ %s | lap %" PRId64 " | %.0f Hz | %" PRIu64 " frames, %" PRIu64 " missed, %" PRIu64 " acked",
               state_words(b, text, sizeof text), older_words(b, " | ", more, sizeof more), s->car, s->track,
               (int64_t)s->laps + 1, hz, s->seq, s->counts.missed, b->sender.acked);
    b->shown_seen = s->counts.seen;
    tell_lap(b, false);
}

/* tell_older says once what became of the older recordings, if anything. */
static void tell_older(struct bridge *b)
{
    const struct acq_backlog *older = backlog_of(b);
    if (!older || b->told_older || !acq_backlog_over(older)) return;
    b->told_older = true;
    if (*older->error) acq_log(ACQ_LOG_WARN, "older recordings are not sent: %s", older->error);
    if (older->sent)
        acq_log(ACQ_LOG_INFO, "older recordings: %" PRIu64 " frames that the server lacked were sent, of %zu %s",
                older->frames, older->sent, older->sent == 1 ? "session" : "sessions");
}

static void on_status(uv_timer_t *timer)
{
    struct bridge *b = timer->data;
    int64_t now = acq_now_ns();
    tell_older(b);
    if (b->capture.state == ACQ_CAPTURE_RUNNING)
        show_session(b, now);
    else
        show_waiting(b);
    b->shown_ns = now;
}

/* summary is what remains on the screen. */
static void summary(struct bridge *b)
{
    const struct acq_sender *s = &b->sender;
    uint64_t behind = acq_sender_behind(s);
    printf("Sampled %" PRIu64 " frames in %" PRIu64 " sessions, %" PRIu64 " steps missed, %" PRIu64
           " samples dropped\n",
           b->frames, b->sessions, b->missed, b->dropped);
    if (!b->config->no_stream)
        printf("Sent %" PRIu64 " frames to %s:%s, %" PRIu64 " acked, %" PRIu64 " not acked\n", s->sent,
               s->client.addr.host, s->client.addr.port, s->acked, behind);
    if (behind && !b->config->no_record)
        printf("What is not acked is in the recording%s: %s\n", b->sessions > 1 ? "s, the last one" : "",
               b->capture.session.path);
    if (*b->capture.session.path) printf("Recording: %s\n", b->capture.session.path);
    const struct acq_backlog *older = backlog_of(b);
    if (older && acq_backlog_session(older))
        printf("Older recordings: %zu of %zu are on the server; the next start goes on, or `telemetry_bridge sync`\n",
               older->done, older->sessions);
}

/* ---- the loop ---- */

static void drain(struct bridge *b)
{
    for (const struct acq_sample *s; (s = acq_ring_peek(&b->sampler.ring)) != NULL; acq_ring_take(&b->sampler.ring)) {
        if (!b->capture.no_more) acq_capture_take(&b->capture, s);
    }
}

static void finish(struct bridge *b)
{
    acq_status("%s", "");
    uv_timer_stop(&b->flush);
    uv_timer_stop(&b->status);
    acq_sender_stop(&b->sender);
    uv_stop(&b->loop);
}

static void on_flush(uv_timer_t *timer)
{
    struct bridge *b = timer->data;
    drain(b);
    acq_capture_tick(&b->capture);
    if (b->config->no_stream) {
        if (b->stopping) finish(b);
        return;
    }
    acq_sender_flush(&b->sender);
    if (!b->stopping) return;
    bool there = acq_sender_get_state(&b->sender) == ACQ_SENDER_STREAMING;
    if (!b->sender.first || acq_now_ns() - b->stop_ns > (there ? FINISH_NS : PATIENCE_NS))
        finish(b);
    else
        acq_status("finishing: %" PRIu64 " frames not acked yet", acq_sender_behind(&b->sender));
}

static void stop(struct bridge *b)
{
    if (b->stopping) return;
    b->stopping = true;
    b->stop_ns = acq_now_ns();
    uv_timer_stop(&b->status);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct bridge *b = handle->data;
    (void)number;
    if (b->stopping) { /* the second time: at once */
        finish(b);
        return;
    }
    stop(b);
    acq_sampler_stop(&b->sampler);
    drain(b);
    acq_capture_end(&b->capture, "stopped by the user");
}

static void start_handles(struct bridge *b)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    uv_timer_init(&b->loop, &b->flush);
    uv_timer_init(&b->loop, &b->status);
    b->flush.data = b->status.data = b;
    uint64_t ms = b->config->flush_ms > 0 ? (uint64_t)b->config->flush_ms : 1;
    uv_timer_start(&b->flush, on_flush, ms, ms);
    uv_timer_start(&b->status, on_status, STATUS_MS, STATUS_MS);
    for (int i = 0; i < 3; i++) {
        uv_signal_init(&b->loop, &b->signals[i]);
        b->signals[i].data = b;
        uv_signal_start(&b->signals[i], on_signal, numbers[i]);
    }
}

static void close_handle(uv_handle_t *handle, void *user)
{
    (void)user;
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

static int run(struct bridge *b, struct acq_err *err)
{
    const struct acq_bridge_config *c = b->config;
    int r = acq_capture_init(&b->capture, c->no_record ? NULL : c->record, &capture_events, b, err);
    if (r < 0) return r;
    b->capture.at_once = c->flush_ms == 0; /* a frame must not wait for the step behind it either */
    uv_loop_init(&b->loop);
    acq_sender_init(&b->sender, &b->loop, &b->addr);
    b->sender.stranded = on_stranded;
    b->sender.user = b;
    start_handles(b);
    bool folder = !c->no_record && !c->no_stream && !b->capture.record_is_file;
    if (folder) r = acq_sender_send_older(&b->sender, c->record, err);
    if (r == ACQ_OK) r = acq_sampler_start(&b->sampler, acq_map_prefix(c->pages), err);
    if (r == ACQ_OK) {
        acq_log(ACQ_LOG_INFO, "%s; Ctrl+C ends it", "waiting for Assetto Corsa");
        uv_run(&b->loop, UV_RUN_DEFAULT);
        acq_sampler_stop(&b->sampler);
        acq_capture_end(&b->capture, "stopped by the user");
        summary(b);
    }
    uv_walk(&b->loop, close_handle, NULL);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    acq_sender_fini(&b->sender);
    uv_loop_close(&b->loop);
    acq_capture_fini(&b->capture);
    acq_sampler_fini(&b->sampler);
    if (r == ACQ_OK && (b->missed || b->dropped))
        return acq_fail(err, ACQ_RANGE, "%" PRIu64 " steps were missed and %" PRIu64 " samples dropped", b->missed,
                        b->dropped);
    if (r == ACQ_OK && b->unrecorded) return acq_fail(err, ACQ_RANGE, "not everything could be recorded");
    return r;
}

int acq_bridge_run(const struct acq_bridge_config *config, struct acq_err *err)
{
    struct bridge *b = calloc(1, sizeof *b);
    if (!b) return acq_fail(err, ACQ_MEMORY, "no memory for the bridge");
    b->config = config;
    int r = acq_addr_parse(&b->addr, config->server, err);
    if (r == ACQ_OK && config->no_record && config->no_stream)
        r = acq_fail(err, ACQ_USAGE, "with both --no-record and --no-stream there is nothing to do");
    if (r == ACQ_OK) r = run(b, err);
    free(b);
    return r;
}
