#include "bridge/bridge.h"

#include "base/log.h"
#include "base/os.h"
#include "base/single.h"
#include "base/stop.h"
#include "bridge/capture.h"
#include "bridge/keep.h"
#include "bridge/sampler.h"
#include "bridge/sender.h"
#include "bridge/show.h"

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
    struct acq_sampler sampler;
    struct acq_capture capture;
    struct acq_sender sender;
    struct acq_tls_context *tls; /* NULL: without TLS */
    struct acq_keep *keep;       /* NULL: old recordings stay */
    struct acq_addr addr;
    struct acq_single single;
    struct acq_show show;
    struct acq_totals total;
    unsigned told; /* how often it was told to end, as far as that has been heeded */
    bool stopping, finished;
    bool unrecorded; /* the disk failed a recording */
    int64_t stop_ns;
};

/* ---- from capture to sender ---- */

static void on_session_begin(void *user, const struct acq_capture_session *s)
{
    struct bridge *b = user;
    b->total.sessions++;
    acq_show_begin(&b->show, s);
    if (!b->config->no_stream) acq_sender_begin(&b->sender, s->id, s->path);
}

static void on_session_frame(void *user, const struct acq_frame *f, const uint8_t *bytes, size_t n)
{
    struct bridge *b = user;
    if (b->config->no_stream) return;
    if (b->capture.disk.recorder)
        acq_sender_recorded(&b->sender, acq_recorder_get_state(b->capture.disk.recorder).durable_seq);
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

static void on_session_moved(void *user, const char *from, const char *to)
{
    struct bridge *b = user;
    acq_sender_moved(&b->sender, from, to);
}

static void on_session_end(void *user, const struct acq_capture_session *s, const char *why)
{
    struct bridge *b = user;
    acq_show_end(&b->show, s, why);
    b->total.frames += s->seq;
    b->total.missed += s->counts.missed;
    b->total.dropped += s->dropped;
    if (*s->path && !b->capture.disk.failed) acq_sender_recorded(&b->sender, s->seq);
    if (b->capture.disk.failed) acq_sender_unrecorded(&b->sender);
    if (!b->config->no_stream) acq_sender_end(&b->sender);
    b->unrecorded = b->unrecorded || b->capture.disk.failed;
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

static const struct acq_capture_events capture_events = {on_session_begin, on_session_frame, has_room, on_session_moved,
                                                         on_session_end};

/* ---- earlier recordings ---- */

static void on_has(void *user, const char *id, uint64_t seq)
{
    struct bridge *b = user;
    if (b->keep) acq_keep_has(b->keep, id, seq);
}

/* start_older sends what the server lacks of earlier recordings, and takes away what it has and nobody wants to keep.
 */
static int start_older(struct bridge *b, struct acq_err *err)
{
    struct acq_keep_limits limits = {0};
    int r = acq_sender_send_older(&b->sender, b->config->record, err);
    if (r == ACQ_OK && b->config->keep) r = acq_keep_parse(&limits, b->config->keep, err);
    if (r == ACQ_OK && (limits.age_ns || limits.bytes)) r = acq_keep_new(&b->keep, b->config->record, &limits, err);
    if (r < 0) return r;
    b->sender.has = b->sender.older->has = on_has;
    b->sender.older->user = b;
    return ACQ_OK;
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
    if (b->finished) return;
    b->finished = true;
    acq_status("%s", "");
    uv_timer_stop(&b->flush);
    uv_timer_stop(&b->status);
    acq_sender_stop(&b->sender);
    uv_stop(&b->loop);
}

static void stop(struct bridge *b)
{
    if (b->stopping) return;
    b->stopping = true;
    b->stop_ns = acq_now_ns();
}

/* heed_stop ends what runs when the program is told to end. Told once more, it does not wait for acks either. */
static void heed_stop(struct bridge *b)
{
    unsigned times = acq_stop_times();
    bool again = b->stopping || times > 1;
    if (times == b->told) return;
    b->told = times;
    stop(b);
    acq_sampler_stop(&b->sampler);
    drain(b);
    acq_capture_end(&b->capture, acq_stop_words(acq_stop_why()));
    if (again) finish(b);
}

/* is_over: all is acked, or has been waited for long enough. */
static bool is_over(struct bridge *b)
{
    bool there = acq_sender_get_state(&b->sender) == ACQ_SENDER_STREAMING && !acq_stop_hurries();
    if (!b->stopping || b->config->no_stream || !b->sender.first) return b->stopping;
    return acq_now_ns() - b->stop_ns > (there ? FINISH_NS : PATIENCE_NS);
}

static uint64_t flush_ms(const struct bridge *b)
{
    return b->config->flush_ms > 0 ? (uint64_t)b->config->flush_ms : 1;
}

/* is_idle: there is no game, and nothing to send. */
static bool is_idle(const struct bridge *b)
{
    const struct acq_older *older = b->sender.older;
    if (b->stopping || b->capture.state == ACQ_CAPTURE_RUNNING || acq_stop_times()) return false;
    if (atomic_load(&b->sampler.state) != ACQ_SAMPLER_NO_GAME) return false;
    return b->config->no_stream || (!b->sender.first && (!older || acq_backlog_over(&older->backlog)));
}

static void on_flush(uv_timer_t *timer)
{
    struct bridge *b = timer->data;
    heed_stop(b);
    if (b->finished) return;
    drain(b);
    acq_capture_tick(&b->capture);
    if (!b->config->no_stream) acq_sender_flush(&b->sender);
    if (b->keep && !b->stopping) acq_keep_tick(b->keep, acq_backlog_over(&b->sender.older->backlog));
    if (is_over(b)) finish(b);
    uv_timer_set_repeat(timer, is_idle(b) ? STATUS_MS : flush_ms(b)); /* beside other programs it costs nothing then */
}

static void on_status(uv_timer_t *timer)
{
    struct bridge *b = timer->data;
    heed_stop(b);
    if (b->finished) return;
    if (b->stopping)
        acq_show_finishing(&b->show);
    else
        acq_show_now(&b->show, acq_now_ns());
}

static void start_handles(struct bridge *b)
{
    uv_timer_init(&b->loop, &b->flush);
    uv_timer_init(&b->loop, &b->status);
    b->flush.data = b->status.data = b;
    uv_timer_start(&b->flush, on_flush, flush_ms(b), flush_ms(b));
    uv_timer_start(&b->status, on_status, STATUS_MS, STATUS_MS);
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
    b->capture.replays = c->replay;
    if (c->idle > 0) b->capture.still_ns = (int64_t)(c->idle * 60e9);
    b->capture.at_once = c->flush_ms == 0; /* a frame must not wait for the step behind it either */
    uv_loop_init(&b->loop);
    acq_sender_init(&b->sender, &b->loop, &b->addr);
    acq_client_secure(&b->sender.client, b->tls);
    b->sender.stranded = on_stranded;
    b->sender.user = b;
    start_handles(b);
    bool folder = !c->no_record && !c->no_stream && !b->capture.disk.is_file;
    if (folder) r = start_older(b, err);
    if (r == ACQ_OK) r = acq_sampler_start(&b->sampler, acq_map_prefix(c->pages), err);
    if (r == ACQ_OK) {
        acq_show_start(&b->show);
        uv_run(&b->loop, UV_RUN_DEFAULT);
        acq_sampler_stop(&b->sampler);
        acq_capture_end(&b->capture, acq_stop_words(acq_stop_why()));
        acq_show_summary(&b->show);
    }
    uv_walk(&b->loop, close_handle, NULL);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    acq_keep_free(b->keep);
    acq_sender_fini(&b->sender);
    uv_loop_close(&b->loop);
    acq_capture_fini(&b->capture);
    acq_sampler_fini(&b->sampler);
    return r == ACQ_OK ? acq_show_loss(&b->show, b->unrecorded, err) : r;
}

/* be_alone: two bridges on the same pages would record everything twice. */
static int be_alone(struct bridge *b, struct acq_err *err)
{
    char page[80], name[80];
    const char *prefix = acq_map_prefix(b->config->pages);
    int r = acq_map_name(page, sizeof page, prefix, ACQ_MAP_PHYSICS, err);
    if (r < 0) return r;
    snprintf(name, sizeof name, "telemetry_bridge %s", prefix);
    if (acq_single_take(&b->single, name, NULL) == ACQ_EXISTS)
        return acq_fail(err, ACQ_EXISTS,
                        "another telemetry_bridge takes the pages '%s' already: use that one, or end it first", prefix);
    return ACQ_OK; /* also where the system does not say */
}

int acq_bridge_run(const struct acq_bridge_config *config, struct acq_err *err)
{
    struct bridge *b = calloc(1, sizeof *b);
    if (!b) return acq_fail(err, ACQ_MEMORY, "no memory for the bridge");
    b->config = config;
    acq_show_init(&b->show, config, &b->sampler, &b->capture, &b->sender, &b->total);
    int r = acq_addr_parse(&b->addr, config->server, err);
    if (r == ACQ_OK && config->no_record && config->no_stream)
        r = acq_fail(err, ACQ_USAGE, "with both --no-record and --no-stream there is nothing to do");
    if (r == ACQ_OK) r = acq_client_tls(&b->tls, config->tls, config->ca, err);
    if (r == ACQ_OK) r = be_alone(b, err);
    if (r == ACQ_OK) {
        acq_on_stop_again();
        acq_log_never_wait(); /* the game's steps do not wait for a terminal */
        r = run(b, err);
    }
    acq_single_release(&b->single);
    acq_tls_release(b->tls);
    free(b);
    return r;
}
