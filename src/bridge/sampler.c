#include "bridge/sampler.h"

#include "base/os.h"
#include "page/read.h"

#include <stdio.h>
#include <string.h>

#define STEP_NS INT64_C(3000000)
#define LOOK_NS INT64_C(100000) /* between two looks while a step is overdue; doubled each time up to LOOK_MAX_NS */
#define LOOK_MAX_NS INT64_C(1000000)
#define STILL_NS INT64_C(50000000)         /* without a step for this long nothing moves */
#define LONG_STILL_NS INT64_C(10000000000) /* for this long: look less often */
#define GONE_NS INT64_C(1000000000)        /* for this long: are the pages still the game's? */
#define LATE_NS INT64_C(30000)             /* look this much after a step is due: writing takes a moment */
#define EARLIER_NS INT64_C(2000)           /* how fast the moment to look moves forward: more than two clocks drift */
#define NO_GAME_NS INT64_C(500000000)
/* A copy must still be what stands there this much later. Two copies in a row are taken within 100 ns and agree also
 * when the game stands still between two fields for longer than that: then the page was half of one step, half of
 * another. */
#define SETTLE_NS INT64_C(5000)
enum { TRIES = 20, MISSED_MAX = 20000 /* a longer jump of packetId is another session, not missed steps */ };

void acq_phase_seen(struct acq_phase *phase, int32_t id, int64_t t_ns, bool waited)
{
    int64_t origin = t_ns - (int64_t)id * STEP_NS;
    /* A step that was waited for came just now. One that was there already came at some time before: look a little
     * earlier for the next, until a step has to be waited for again. */
    if (!phase->known || waited || origin < phase->origin_ns)
        phase->origin_ns = origin;
    else
        phase->origin_ns -= EARLIER_NS;
    phase->known = true;
}

int64_t acq_phase_next(const struct acq_phase *phase, int32_t id)
{
    return phase->origin_ns + (int64_t)id * STEP_NS + LATE_NS;
}

/* What one thread needs to know. */
struct state {
    struct acq_sampler *sampler;
    struct acq_map map;
    bool open, fresh; /* fresh: nothing taken since the pages were opened */
    int32_t last_id;
    int32_t status;
    int64_t moved_ns, checked_ns; /* when a step was seen last; when the pages were found to be still the game's */
    int64_t look_ns; /* how long to wait for a step that is overdue; above LOOK_NS: this one was waited for */
    struct acq_phase phase;
    struct acq_counts counts;
    uint32_t lost; /* samples lost since the last one that was kept */
};

static uint16_t size_of(const struct state *s, enum acq_map_page page)
{
    return (uint16_t)(s->map.size[page] < acq_map_sizes[page] ? s->map.size[page] : acq_map_sizes[page]);
}

static bool copy(const struct state *s, void *dst, enum acq_map_page page)
{
    return acq_page_take(dst, s->map.bytes[page], size_of(s, page));
}

static bool same(const struct state *s, const void *taken, enum acq_map_page page)
{
    return acq_page_same(taken, s->map.bytes[page], size_of(s, page));
}

/* take copies all pages until they are whole. Returns false if they never were. */
static bool take(struct state *s, struct acq_sample *dst)
{
    struct acq_pages *p = &dst->pages;
    dst->physics_size = size_of(s, ACQ_MAP_PHYSICS);
    dst->graphics_size = size_of(s, ACQ_MAP_GRAPHICS);
    dst->static_size = size_of(s, ACQ_MAP_STATIC);
    for (int i = 0; i < TRIES; i++) {
        bool whole = copy(s, &p->physics, ACQ_MAP_PHYSICS) && copy(s, &p->graphics, ACQ_MAP_GRAPHICS) &&
                     copy(s, &p->stat, ACQ_MAP_STATIC);
        for (int64_t from = acq_now_ns(); acq_now_ns() - from < SETTLE_NS;) continue; /* too short to sleep */
        if (whole && same(s, &p->physics, ACQ_MAP_PHYSICS) && same(s, &p->graphics, ACQ_MAP_GRAPHICS) &&
            same(s, &p->stat, ACQ_MAP_STATIC))
            return true;
        s->counts.torn_retried++;
    }
    return false;
}

static void count_steps(struct state *s, int32_t id)
{
    int64_t jump = (int64_t)id - s->last_id;
    if (!s->fresh && jump > 1 && jump <= MISSED_MAX) s->counts.missed += (uint64_t)jump - 1;
    s->last_id = id;
}

static void keep(struct state *s, struct acq_sample *dst, enum acq_sample_kind kind, int64_t now)
{
    dst->kind = kind;
    dst->t_ns = now;
    dst->counts = s->counts;
    dst->lost_before = s->lost;
    dst->opened = s->fresh;
    acq_ring_add(&s->sampler->ring);
    s->lost = 0;
}

/* sample takes the step that is there now. */
static void sample(struct state *s, int64_t now, bool waited)
{
    static struct acq_sample spare; /* for a step that the ring has no room for: it is counted all the same */
    struct acq_sample *dst = acq_ring_room(&s->sampler->ring);
    bool room = dst != NULL;
    if (!room) dst = &spare;
    if (!take(s, dst)) {
        count_steps(s, acq_page_id(s->map.bytes[ACQ_MAP_PHYSICS]));
        s->counts.torn_dropped++;
        s->lost++;
        return;
    }
    acq_phase_seen(&s->phase, dst->pages.physics.packet_id, now, waited);
    count_steps(s, dst->pages.physics.packet_id);
    s->counts.seen++;
    if (!room) {
        s->counts.ring_dropped++;
        s->lost++;
        return;
    }
    s->status = dst->pages.graphics.status;
    keep(s, dst, ACQ_SAMPLE_STEP, now);
    s->fresh = false;
}

/* look_for_game opens the pages where they are. */
static void look_for_game(struct state *s)
{
    s->open = acq_map_open(&s->map, s->sampler->prefix, NULL) == ACQ_OK;
    if (!s->open) return;
    s->fresh = true;
    s->phase.known = false;
    s->counts = (struct acq_counts){0};
    s->lost = 0;
    s->moved_ns = s->checked_ns = acq_now_ns();
    s->last_id = acq_page_id(s->map.bytes[ACQ_MAP_PHYSICS]);
}

/* status_changed takes the pages for their status alone, where that has changed. */
static void status_changed(struct state *s, int64_t now)
{
    struct acq_sample *dst = acq_ring_room(&s->sampler->ring);
    if (s->fresh || !dst || !copy(s, &dst->pages.graphics, ACQ_MAP_GRAPHICS)) return; /* torn: the next look sees it */
    if (dst->pages.graphics.status == s->status) return;
    s->status = dst->pages.graphics.status;
    keep(s, dst, ACQ_SAMPLE_STATUS, now);
}

/* let_go: the game has ended, and its pages with it. */
static void let_go(struct state *s, int64_t now)
{
    struct acq_sample *dst = acq_ring_room(&s->sampler->ring);
    s->open = false;
    if (dst && !s->fresh) keep(s, dst, ACQ_SAMPLE_GONE, now);
}

/* still: nothing has moved for a while. Returns when to look again. */
static int64_t still(struct state *s, int64_t now)
{
    int64_t since = now - s->moved_ns;
    atomic_store(&s->sampler->state, ACQ_SAMPLER_STILL);
    s->phase.known = false;
    s->look_ns = LOOK_NS;
    status_changed(s, now);
    if (now - s->checked_ns > GONE_NS) {
        s->checked_ns = now;
        if (acq_map_gone(&s->map)) let_go(s, now);
    }
    return now + (since > LONG_STILL_NS ? 20 : 2) * INT64_C(1000000);
}

/* watch looks at the pages once. Returns when to look again. */
static int64_t watch(struct state *s)
{
    int64_t now = acq_now_ns(), look = s->look_ns;
    int32_t id = acq_page_id(s->map.bytes[ACQ_MAP_PHYSICS]);
    if (id != s->last_id) {
        sample(s, now, look > LOOK_NS);
        s->moved_ns = s->checked_ns = now;
        s->look_ns = LOOK_NS;
        atomic_store(&s->sampler->state, ACQ_SAMPLER_MOVING);
        int64_t next = s->phase.known ? acq_phase_next(&s->phase, s->last_id + 1) : now;
        return next > now + 2 * STEP_NS ? now + LOOK_NS : next; /* far off: after a jump of packetId */
    }
    if (now - s->moved_ns > STILL_NS) return still(s, now);
    if (look < LOOK_MAX_NS) s->look_ns = 2 * look;
    return now + look;
}

static void run(void *argument)
{
    struct state s = {.sampler = argument, .look_ns = LOOK_NS};
    struct acq_timer *timer = acq_timer_new();
    int64_t looked = 0;
    atomic_store(&s.sampler->raised, acq_raise_priority());
    while (timer && !atomic_load_explicit(&s.sampler->stop, memory_order_relaxed)) {
        int64_t now = acq_now_ns();
        if (!s.open && now - looked >= NO_GAME_NS) {
            looked = now;
            look_for_game(&s);
        }
        if (!s.open) {
            atomic_store(&s.sampler->state, ACQ_SAMPLER_NO_GAME);
            acq_timer_sleep_until(timer, now + 50000000); /* stays ready to stop */
            continue;
        }
        acq_timer_sleep_until(timer, watch(&s));
    }
    if (s.open) acq_map_close(&s.map);
    acq_timer_free(timer);
}

int acq_sampler_start(struct acq_sampler *sampler, const char *prefix, struct acq_err *err)
{
    char name[80];
    int r = acq_map_name(name, sizeof name, prefix, ACQ_MAP_PHYSICS, err);
    if (r < 0) return r;
    snprintf(sampler->prefix, sizeof sampler->prefix, "%s", prefix);
    if (acq_ring_init(&sampler->ring) < 0) return acq_fail(err, ACQ_MEMORY, "no memory for the samples");
    atomic_init(&sampler->stop, false);
    atomic_init(&sampler->state, ACQ_SAMPLER_NO_GAME);
    atomic_init(&sampler->raised, false);
    sampler->started = uv_thread_create(&sampler->thread, run, sampler) == 0;
    return sampler->started ? ACQ_OK : acq_fail(err, ACQ_IO, "cannot start the sampler's thread");
}

void acq_sampler_stop(struct acq_sampler *sampler)
{
    if (!sampler->started) return;
    atomic_store(&sampler->stop, true);
    uv_thread_join(&sampler->thread);
    sampler->started = false;
}

void acq_sampler_fini(struct acq_sampler *sampler)
{
    acq_sampler_stop(sampler);
    acq_ring_fini(&sampler->ring);
}
