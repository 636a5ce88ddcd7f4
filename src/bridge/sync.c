#include "bridge/sync.h"

#include "base/log.h"
#include "base/os.h"
#include "base/stop.h"
#include "bridge/sender.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 5, SHOW_TICKS = 40 };
#define PATIENCE_NS INT64_C(30000000000) /* without anything new */
#define SLICE_NS INT64_C(20000000)       /* nothing else is waiting for this loop */

struct sync {
    const struct acq_sync_config *config;
    struct acq_err *err;
    uv_loop_t loop;
    uv_timer_t tick;
    struct acq_sender sender;
    unsigned ticks;
    bool over;
    int result;
};

/* finish ends the loop with this result; err has the sentence. */
static void finish(struct sync *s, int result)
{
    if (s->over) return;
    s->over = true;
    s->result = result;
    acq_sender_stop(&s->sender);
    uv_close((uv_handle_t *)&s->tick, NULL);
}

/* ended says whether it is over, and how. Returns ACQ_AGAIN if it is not. */
static int ended(struct sync *s)
{
    struct acq_sender *to = &s->sender;
    const struct acq_backlog *b = &to->older->backlog;
    const struct acq_addr *a = &to->client.addr;
    if (acq_backlog_over(b) && *b->error) return acq_fail(s->err, ACQ_IO, "%s", b->error);
    if (acq_backlog_over(b)) return ACQ_OK;
    if (acq_stopped())
        return acq_fail(s->err, ACQ_STOPPED,
                        "stopped after %zu of %zu recordings, %" PRIu64
                        " frames sent; the same command again sends the rest",
                        b->done, b->sessions, b->frames);
    if (to->foreign)
        return acq_fail(s->err, ACQ_CLOSED,
                        "the server %s:%s does not say what it has, as `acq serve` does: nothing was sent to it",
                        a->host, a->port);
    if (b->working) to->moved_ns = acq_now_ns();
    if (acq_now_ns() - to->moved_ns < PATIENCE_NS) return ACQ_AGAIN;
    return acq_fail(s->err, ACQ_CLOSED,
                    "given up after %zu of %zu recordings, %" PRIu64 " frames sent: server %s:%s, %s; the same command "
                    "again sends the rest",
                    b->done, b->sessions, b->frames, a->host, a->port, *to->why ? to->why : "no answer");
}

static void show(struct sync *s)
{
    const struct acq_backlog *b = &s->sender.older->backlog;
    if (s->config->quiet || s->ticks++ % SHOW_TICKS) return;
    if (acq_backlog_session(b))
        acq_status("%zu of %zu recordings, %" PRIu64 " frames sent", b->done, b->sessions, b->frames);
    else
        acq_status("looking at the files of %s", s->config->dir);
}

static void on_tick(uv_timer_t *timer)
{
    struct sync *s = timer->data;
    acq_sender_flush(&s->sender);
    int r = ended(s);
    if (r == ACQ_AGAIN)
        show(s);
    else
        finish(s, r);
}

static void fill(const struct acq_backlog *b, struct acq_synced *synced)
{
    *synced = (struct acq_synced){.recordings = b->sessions,
                                  .done = b->done,
                                  .sent = b->sent,
                                  .damaged = b->damaged,
                                  .refused = b->failed,
                                  .frames = b->frames};
    memcpy(synced->others, b->others, sizeof synced->others);
}

static int run(struct sync *s, const struct acq_addr *addr, struct acq_tls_context *tls, struct acq_synced *synced)
{
    uv_loop_init(&s->loop);
    uv_timer_init(&s->loop, &s->tick);
    s->tick.data = s;
    acq_sender_init(&s->sender, &s->loop, addr);
    acq_client_secure(&s->sender.client, tls);
    s->sender.slice_ns = SLICE_NS;
    int r = acq_sender_send_older(&s->sender, s->config->dir, s->err);
    if (r == ACQ_OK) {
        s->sender.older->backlog.thorough = true;
        uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS);
    } else {
        finish(s, r);
    }
    uv_run(&s->loop, UV_RUN_DEFAULT);
    acq_status("%s", "");
    if (s->sender.older) fill(&s->sender.older->backlog, synced);
    acq_sender_fini(&s->sender);
    uv_loop_close(&s->loop);
    return s->result;
}

int acq_sync(const struct acq_sync_config *config, struct acq_synced *synced, struct acq_err *err)
{
    struct acq_addr addr;
    struct acq_tls_context *tls;
    *synced = (struct acq_synced){0};
    int r = acq_addr_parse(&addr, config->server, err);
    if (r < 0) return r;
    if (!acq_path_exists(config->dir)) return acq_fail(err, ACQ_MISSING, "there is no folder %s", config->dir);
    if (!acq_path_is_dir(config->dir))
        return acq_fail(err, ACQ_MISSING, "%s is a file, not a folder: `acq replay --speed 0` sends one recording",
                        config->dir);
    r = acq_client_tls(&tls, config->tls, config->ca, err);
    if (r < 0) return r;
    struct sync *s = calloc(1, sizeof *s);
    if (s) {
        s->config = config;
        s->err = err;
        r = run(s, &addr, tls, synced);
    } else {
        r = acq_fail(err, ACQ_MEMORY, "no memory to send recordings");
    }
    acq_tls_release(tls);
    free(s);
    return r;
}
