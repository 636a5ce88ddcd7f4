#include "base/log.h"
#include "base/os.h"
#include "base/stop.h"
#include "base/timer.h"
#include "bridge/replay.h"
#include "bridge/tape.h"
#include "frame/original.h"
#include "page/map.h"
#include "page/text.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_NS INT64_C(3000000)
#define FAR_NS INT64_C(30000000)   /* a step that was sampled so far from where it should be: the game stood still */
#define SLEEP_NS INT64_C(50000000) /* the longest sleep: Ctrl+C is seen behind it */
enum { SHOW_STEPS = 33, END_MS = 100, LAST_MS = 5, PULL = 64 };

struct player {
    const struct acq_replay_config *config;
    struct acq_replayed *out;
    struct acq_tape tape;
    struct acq_map map;
    struct acq_pages pages, shown; /* as they should be; as they are in shared memory */
    struct acq_timer *timer;
    bool original;                /* it is of the original project, whose values stand at the wrong channels */
    bool running;                 /* the first frame has been written */
    int64_t begin_ns, begin_t_ns; /* the first frame of a part: when it was written, and when it was sampled */
    double begin_seconds;         /* what had been written before */
    int64_t due_ns;               /* of the last frame */
};

/* put copies a page into shared memory where it has changed: the packetId, with which it begins, last, so that whoever
 * waits for that finds all the rest. */
static void put(struct player *p, enum acq_map_page page, const void *now, void *shown)
{
    uint8_t *to = p->map.bytes[page];
    const uint8_t *from = now;
    size_t n = acq_map_sizes[page];
    if (!memcmp(shown, now, n)) return;
    memcpy(shown, now, n);
    memcpy(to + 4, from + 4, n - 4);
    atomic_thread_fence(memory_order_release);
    memcpy(to, from, 4);
}

static void publish(struct player *p)
{
    put(p, ACQ_MAP_STATIC, &p->pages.stat, &p->shown.stat);
    put(p, ACQ_MAP_GRAPHICS, &p->pages.graphics, &p->shown.graphics);
    put(p, ACQ_MAP_PHYSICS, &p->pages.physics, &p->shown.physics);
}

/* restore puts the values of a frame of the original project where they belong. */
static void restore(struct player *p)
{
    struct acq_frame *f = &p->tape.frame;
    if (acq_frame_original(f) == 1) p->original = true; /* while the car stands still, a frame cannot tell */
    if (!p->original) return;
    acq_frame_restore(f);
    if (isnan(f->physics.tyre_wear[3])) f->physics.tyre_wear[3] = 0; /* it does not have that one */
}

/* fill makes the pages that this frame came from. What the recording does not have stays as it was, but for what a
 * reader cannot do without: the version, a packetId that moves, and the times that the game also has as text. */
static void fill(struct player *p)
{
    const struct acq_frame *f = &p->tape.frame;
    struct acq_page_graphics *g = &p->pages.graphics;
    acq_frame_to_page(f, ACQ_PAGE_physics, &p->pages.physics, sizeof p->pages.physics);
    acq_frame_to_page(f, ACQ_PAGE_graphics, g, sizeof *g);
    if (f->has[ACQ_stat]) acq_frame_to_page(f, ACQ_PAGE_statics, &p->pages.stat, sizeof p->pages.stat);
    if (!p->pages.stat.sm_version[0]) acq_page_text(p->pages.stat.sm_version, 15, "1.7");
    if (!f->has[ACQ_physics_packet_id]) p->pages.physics.packet_id++;
    if (!f->has[ACQ_graphics_packet_id]) g->packet_id++;
    if (!f->has[ACQ_graphics_status]) g->status = ACQ_STATUS_LIVE;
    acq_page_time_text(g->current_time, g->i_current_time);
    acq_page_time_text(g->last_time, g->i_last_time);
    acq_page_time_text(g->best_time, g->i_best_time);
}

/* first_due: of a part's first frame, at once, but a step behind the last one of the part before */
static int64_t first_due(const struct player *p)
{
    int64_t now = acq_now_ns(), next = p->due_ns + STEP_NS;
    return next > now ? next : now;
}

/* scaled: a stretch of the recording as a stretch of now; whatever the file says, no more than a number can hold */
static int64_t scaled(const struct player *p, int64_t ns)
{
    double t = (double)ns / p->config->speed, most = 1e18;
    return (int64_t)(t > most ? most : t < -most ? -most : t);
}

/* since_begin: the sample time of this frame since that of the part's first one */
static int64_t since_begin(const struct player *p)
{
    return (int64_t)(p->tape.frame.head.monotonic_ns - (uint64_t)p->begin_t_ns);
}

/* due says when this frame is to be written: as many steps behind the last one as its packetId is, because that is when
 * the game wrote it. Its sample time, which is late by now and then a millisecond, only pulls that along; where both
 * are far apart, the game stood still, and the sample time counts. */
static int64_t due(const struct player *p, int32_t last_id)
{
    int64_t steps = (int64_t)p->pages.physics.packet_id - last_id;
    int64_t by_time = p->begin_ns + scaled(p, since_begin(p));
    int64_t by_step = p->due_ns + scaled(p, steps * STEP_NS);
    int64_t off = by_time - by_step;
    return steps <= 0 || off > FAR_NS || off < -FAR_NS ? by_time : by_step + off / PULL;
}

static void begin(struct player *p)
{
    p->begin_ns = p->due_ns;
    p->begin_t_ns = (int64_t)p->tape.frame.head.monotonic_ns;
    p->begin_seconds = p->out->seconds;
    p->running = true;
}

/* wait_for sleeps until the frame is due. Returns false if Ctrl+C came first. */
static bool wait_for(struct player *p)
{
    for (int64_t now; !acq_stopped();) {
        now = acq_now_ns();
        if (now - p->due_ns > STEP_NS) { /* the system was busy: lose time, do not write steps that nobody can see */
            p->begin_ns += now - p->due_ns;
            p->due_ns = now;
        }
        if (now >= p->due_ns) return true;
        acq_timer_sleep_until(p->timer, p->due_ns - now > SLEEP_NS ? now + SLEEP_NS : p->due_ns);
    }
    return false;
}

static void show(const struct player *p)
{
    if (p->config->quiet || p->out->frames % SHOW_STEPS) return;
    acq_status("replaying: %.1f s, lap %d, %.0f km/h", p->out->seconds, (int)p->pages.graphics.completed_laps + 1,
               (double)p->pages.physics.speed_kmh);
}

/* first_stat puts the static page there where the first frame that was asked for does not have it. */
static void first_stat(struct player *p)
{
    struct acq_tape *t = &p->tape;
    struct acq_frame *f = t->frame.has[ACQ_stat] || !t->context.len ? NULL : malloc(sizeof *f);
    if (f && acq_decode(f, t->context.bytes, t->context.len) == ACQ_OK)
        acq_frame_to_page(f, ACQ_PAGE_statics, &p->pages.stat, sizeof p->pages.stat);
    free(f);
}

/* play_once plays the recording, which has just been opened. Returns 0 at its end, or where it was stopped, or an
 * error. */
static int play_once(struct player *p, struct acq_err *err)
{
    int r;
    p->running = false;
    while ((r = acq_tape_next(&p->tape, err)) == ACQ_OK) {
        int32_t last_id = p->pages.physics.packet_id;
        if (!p->running) first_stat(p);
        restore(p);
        fill(p);
        bool part = !p->running || p->tape.jumped;
        p->due_ns = part ? first_due(p) : due(p, last_id);
        if (part) begin(p);
        if (!wait_for(p)) break;
        publish(p);
        p->out->frames++;
        p->out->seconds = p->begin_seconds + (double)since_begin(p) / 1e9;
        show(p);
    }
    snprintf(p->out->loss, sizeof p->out->loss, "%s", acq_reader_get_loss(p->tape.reader)->text);
    if (r < 0 || p->running || acq_stopped()) return r < 0 ? r : ACQ_OK;
    return acq_fail(err, ACQ_MISSING, "%s has no frame of what was asked for: there is nothing to replay",
                    p->config->path);
}

/* play_all plays the recording once, or again and again. */
static int play_all(struct player *p, struct acq_err *err)
{
    for (;;) {
        int r = play_once(p, err);
        if (r < 0 || !p->config->loop || acq_stopped()) return r;
        acq_tape_close(&p->tape);
        r = acq_tape_open(&p->tape, p->config->path, &p->config->select, err);
        if (r < 0) return r;
    }
}

static int play(struct player *p, struct acq_err *err)
{
    const char *prefix = p->config->prefix;
    if (acq_map_busy(prefix))
        return acq_fail(err, ACQ_EXISTS,
                        "another program is writing the pages %s_*: end it, or set ACQ_PAGES to another name", prefix);
    int r = acq_map_create(&p->map, prefix, err);
    if (r < 0) return r;
    p->timer = acq_timer_new();
    acq_raise_priority(); /* best effort, as in the simulator */
    r = p->timer ? play_all(p, err) : acq_fail(err, ACQ_IO, "the system has no timer to replay by");
    acq_sleep_ms(LAST_MS); /* the last step shows as long as any other */
    p->pages.graphics.status = ACQ_STATUS_OFF;
    publish(p);
    acq_sleep_ms(END_MS); /* so that a reader sees the end, as when the game goes back to its menu */
    acq_map_close(&p->map);
    acq_timer_free(p->timer);
    acq_status("%s", "");
    return r;
}

int acq_replay_to_pages(const struct acq_replay_config *config, struct acq_replayed *replayed, struct acq_err *err)
{
    struct player *p = calloc(1, sizeof *p);
    if (!p) return acq_fail(err, ACQ_MEMORY, "no memory to replay");
    p->config = config;
    p->out = replayed;
    int r = acq_tape_open(&p->tape, config->path, &config->select, err);
    if (r == ACQ_OK) r = play(p, err);
    acq_tape_close(&p->tape);
    free(p);
    return r;
}
