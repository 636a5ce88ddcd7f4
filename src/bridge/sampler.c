#include "bridge/sampler.h"

#include "base/os.h"
#include "base/timer.h"
#include "bridge/phase.h"
#include "bridge/picture.h"
#include "bridge/whole.h"
#include "page/read.h"

#include <stdio.h>
#include <string.h>

#define LOOK_NS INT64_C(100000) /* between two looks while a step is overdue; doubled each time up to LOOK_MAX_NS */
#define LOOK_MAX_NS INT64_C(1000000)
#define LOOK_DOUBT_NS INT64_C(200000) /* the most while a page may be unfinished */
#define WOKEN_LATE_NS INT64_C(2000000)
#define LONG_STILL_NS INT64_C(10000000000) /* without a step for this long: look less often */
#define GONE_NS INT64_C(1000000000)        /* for this long: are the pages still the game's? */
#define NO_GAME_NS INT64_C(500000000)
#define MAYBE_NS INT64_C(1500000) /* how long a page may be unfinished that may as well be that of a car at rest */
enum { MISSED_MAX = 20000 /* a longer jump of packetId is another session, not missed steps */ };

/* What one thread needs to know. */
struct state {
    struct acq_sampler *sampler;
    struct acq_map map;
    bool open, fresh; /* fresh: nothing taken since the pages were opened */
    bool kept;        /* the newest step is in the ring, and the newest there */
    int32_t last_id;
    int32_t status;
    int64_t moved_ns, checked_ns; /* when a step was seen last; when the pages were found to be still the game's */
    int64_t look_ns; /* how long to wait for a step that is overdue; above LOOK_NS: this one was waited for */
    struct acq_phase phase;
    struct acq_halves halves;
    struct acq_picture picture;
    struct acq_sample *doubt; /* a step that may be unfinished, not in the ring yet; NULL: none */
    enum acq_half doubt_half;
    int32_t doubt_id;
    int64_t doubt_ns, same_ns; /* when it was seen first, and last in the same state */
    bool doubt_waited;         /* it was waited for, and this is its first copy */
    bool doubt_copied;         /* there is a copy that agrees with itself */
    bool unsure;               /* the step before the next one is not known, so its page cannot be judged by that */
    int64_t wake_ns;           /* when the next look was to be */
    struct acq_counts counts;
    uint32_t lost;           /* samples lost since the last one that was kept */
    struct acq_sample spare; /* for a step that the ring has no room for: it is counted all the same */
};

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
    s->kept = kind == ACQ_SAMPLE_STEP;
    acq_ring_add(&s->sampler->ring);
    s->lost = 0;
}

/* let_go: the game has ended, and its pages with it. */
static void let_go(struct state *s, int64_t now)
{
    struct acq_sample *dst = acq_ring_room(&s->sampler->ring);
    s->open = false;
    acq_map_close(&s->map);
    if (dst && !s->fresh) keep(s, dst, ACQ_SAMPLE_GONE, now);
}

/* give_up: no copy of the step in doubt was whole. */
static void give_up(struct state *s)
{
    count_steps(s, s->doubt_id);
    s->counts.torn_dropped++;
    s->lost++;
    s->doubt = NULL;
    s->kept = false;
    s->unsure = true;
}

/* take_in takes a copy as whole. */
static void take_in(struct state *s, struct acq_sample *dst, bool torn_before, bool waited)
{
    int32_t id = dst->pages.physics.packet_id;
    dst->late_ns = acq_phase_late(&s->phase, id, dst->t_ns);
    acq_phase_seen(&s->phase, id, dst->t_ns, waited);
    acq_halves_learn(&s->halves, &dst->pages.physics, dst->physics_size);
    count_steps(s, id);
    s->counts.seen++;
    s->moved_ns = s->checked_ns = dst->t_ns;
    s->doubt = NULL;
    if (dst == &s->spare) {
        s->counts.ring_dropped++;
        s->lost++;
        s->kept = false;
        return;
    }
    acq_picture_take(&s->picture, &dst->pages.graphics, dst->graphics_size, dst->t_ns);
    s->status = dst->pages.graphics.status;
    dst->torn_before = torn_before && s->kept;
    keep(s, dst, ACQ_SAMPLE_STEP, dst->t_ns);
    s->fresh = false;
}

/* put_off: the step that is there now may be unfinished. */
static void put_off(struct state *s, struct acq_sample *dst, enum acq_half half, bool copied, bool waited)
{
    s->doubt_waited = waited && !s->doubt;
    if (!s->doubt) s->doubt_ns = dst->t_ns;
    s->same_ns = dst->t_ns;
    s->doubt = dst;
    s->doubt_half = half;
    s->doubt_copied = copied;
    s->doubt_id = copied ? dst->pages.physics.packet_id : acq_page_id(s->map.bytes[ACQ_MAP_PHYSICS]);
}

/* sample takes the step that is there now, into the place of its copy before if there is one. */
static void sample(struct state *s, int64_t now, bool waited)
{
    struct acq_sample *dst = s->doubt ? s->doubt : acq_ring_room(&s->sampler->ring);
    if (!dst) dst = &s->spare;
    bool whole = acq_whole_take(&s->map, dst, &s->counts.torn_retried);
    if (acq_map_broken(&s->map)) {
        let_go(s, now);
        return;
    }
    enum acq_half half = ACQ_HALF_DONE;
    if (whole) half = acq_halves_judge(&s->halves, &dst->pages.physics, dst->physics_size);
    if (half == ACQ_WHOLE && s->unsure) half = ACQ_HALF_MAYBE;
    s->unsure = false;
    dst->t_ns = now;
    if (half == ACQ_WHOLE || half == ACQ_HALF_BEFORE)
        take_in(s, dst, half == ACQ_HALF_BEFORE, waited && !s->doubt);
    else
        put_off(s, dst, half, whole, waited);
}

/* was_whole: the next step has come, so was the one in doubt whole? It was if look after look until just now it was the
 * same, and the next one came when it was due: a game that stood still in a page comes late. It was as well if the
 * fields at its end, which made it doubtful, are the same in the next step: then they have stopped. */
static bool was_whole(const struct state *s, int64_t now)
{
    struct acq_page_physics next;
    if (!s->doubt_copied) return false;
    if (s->doubt_half == ACQ_HALF_MAYBE) return true;
    int64_t late = acq_phase_late(&s->phase, acq_page_id(s->map.bytes[ACQ_MAP_PHYSICS]), now);
    if (s->same_ns - s->doubt_ns >= MAYBE_NS && now - s->same_ns <= 2 * LOOK_DOUBT_NS && late <= 2 * LOOK_DOUBT_NS)
        return true;
    if (!acq_whole_copy(&s->map, &next, ACQ_MAP_PHYSICS)) return false;
    enum acq_half half = acq_halves_judge(&s->halves, &next, acq_whole_size(&s->map, ACQ_MAP_PHYSICS));
    return half == ACQ_HALF_DONE || half == ACQ_HALF_MAYBE;
}

/* settle looks again at a step in doubt, of which the page now has packetId `id`. Returns true when there is none any
 * more, or it has to be taken again. */
static bool settle(struct state *s, int32_t id, int64_t now)
{
    bool maybe = s->doubt_half == ACQ_HALF_MAYBE;
    if (id == s->doubt_id && now - s->doubt_ns < (maybe ? MAYBE_NS : ACQ_STILL_NS)) {
        if (!s->doubt_copied) return true;
        if (acq_whole_same(&s->map, &s->doubt->pages.physics, ACQ_MAP_PHYSICS)) {
            s->same_ns = now;
            return false;
        }
        s->counts.torn_retried++; /* it went on being written */
        return true;
    }
    if (maybe || (id != s->doubt_id && was_whole(s, now)))
        take_in(s, s->doubt, false, s->doubt_waited);
    else
        give_up(s);
    return true;
}

/* look_for_game opens the pages where they are. Why they cannot be used, the loop says to people. */
static void look_for_game(struct state *s)
{
    struct acq_sampler *sampler = s->sampler;
    struct acq_err err;
    int r = acq_map_open(&s->map, sampler->prefix, &err);
    s->open = r == ACQ_OK;
    if (r < 0 && r != ACQ_MISSING && !atomic_load(&sampler->troubled)) {
        sampler->trouble = err;
        atomic_store(&sampler->troubled, true);
    }
    if (!s->open) return;
    s->fresh = true;
    s->kept = s->phase.known = false;
    s->doubt = NULL;
    s->halves = (struct acq_halves){0};
    s->picture = (struct acq_picture){0};
    s->counts = (struct acq_counts){0};
    s->lost = 0;
    s->moved_ns = s->checked_ns = s->wake_ns = acq_now_ns();
    s->unsure = false;
    s->last_id = acq_page_id(s->map.bytes[ACQ_MAP_PHYSICS]);
}

/* status_changed takes the pages for their status alone, where that has changed. */
static void status_changed(struct state *s, int64_t now)
{
    struct acq_sample *dst = acq_ring_room(&s->sampler->ring);
    if (s->fresh || !dst || !acq_whole_copy(&s->map, &dst->pages.graphics, ACQ_MAP_GRAPHICS))
        return; /* torn: the next look sees it */
    if (acq_map_broken(&s->map)) return;
    if (dst->pages.graphics.status == s->status) return;
    s->status = dst->pages.graphics.status;
    keep(s, dst, ACQ_SAMPLE_STATUS, now);
}

/* still: nothing has moved for a while. Returns when to look again. */
static int64_t still(struct state *s, int64_t now)
{
    int64_t since = now - s->moved_ns;
    if (s->doubt) give_up(s); /* its place in the ring is needed; only a packetId that goes to and fro leads here */
    atomic_store(&s->sampler->state, ACQ_SAMPLER_STILL);
    s->phase.known = false;
    s->look_ns = LOOK_NS;
    status_changed(s, now);
    if (now - s->checked_ns > GONE_NS || acq_map_broken(&s->map)) {
        s->checked_ns = now;
        if (acq_map_gone(&s->map)) let_go(s, now);
    }
    return now + (since > LONG_STILL_NS ? 20 : 2) * INT64_C(1000000);
}

/* look_again waits longer each time. */
static int64_t look_again(struct state *s, int64_t now)
{
    int64_t look = s->look_ns;
    if (look < (s->doubt ? LOOK_DOUBT_NS : LOOK_MAX_NS)) s->look_ns = 2 * look;
    return now + look;
}

/* watch looks at the pages once. Returns when to look again. */
static int64_t watch(struct state *s)
{
    int64_t now = acq_now_ns();
    int32_t id = acq_page_id(s->map.bytes[ACQ_MAP_PHYSICS]);
    if (now - s->wake_ns > WOKEN_LATE_NS && id > s->last_id + INT64_C(1)) s->unsure = true;
    if (s->doubt && !settle(s, id, now)) return look_again(s, now);
    if (id == s->last_id) {
        if (now - s->moved_ns > ACQ_STILL_NS) return still(s, now);
        s->counts.duplicates++;
        return look_again(s, now);
    }
    sample(s, now, s->look_ns > LOOK_NS);
    s->look_ns = LOOK_NS;
    if (s->doubt || !s->open) return now + LOOK_NS;
    atomic_store(&s->sampler->state, ACQ_SAMPLER_MOVING);
    return acq_phase_next(&s->phase, s->last_id, now);
}

/* wait_for_game sleeps until it is time to look for the game again, or to stop. */
static void wait_for_game(struct acq_sampler *sampler)
{
    uv_mutex_lock(&sampler->mutex);
    if (!atomic_load(&sampler->stop)) uv_cond_timedwait(&sampler->wake, &sampler->mutex, NO_GAME_NS);
    uv_mutex_unlock(&sampler->mutex);
}

static void run(void *argument)
{
    struct state s = {.sampler = argument, .look_ns = LOOK_NS};
    struct acq_timer *timer = acq_timer_new();
    acq_thread_name("acq sampler");
    atomic_store(&s.sampler->raised, acq_raise_priority());
    while (timer && !atomic_load_explicit(&s.sampler->stop, memory_order_relaxed)) {
        if (!s.open) look_for_game(&s);
        if (s.open) {
            s.wake_ns = watch(&s);
            acq_timer_sleep_until(timer, s.wake_ns);
        } else {
            atomic_store(&s.sampler->state, ACQ_SAMPLER_NO_GAME);
            wait_for_game(s.sampler);
        }
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
    atomic_init(&sampler->troubled, false);
    if (uv_mutex_init(&sampler->mutex) || uv_cond_init(&sampler->wake))
        return acq_fail(err, ACQ_MEMORY, "no memory for the sampler");
    sampler->ready = true;
    sampler->started = uv_thread_create(&sampler->thread, run, sampler) == 0;
    return sampler->started ? ACQ_OK : acq_fail(err, ACQ_IO, "cannot start the sampler's thread");
}

void acq_sampler_stop(struct acq_sampler *sampler)
{
    if (!sampler->started) return;
    uv_mutex_lock(&sampler->mutex);
    atomic_store(&sampler->stop, true);
    uv_cond_signal(&sampler->wake);
    uv_mutex_unlock(&sampler->mutex);
    uv_thread_join(&sampler->thread);
    sampler->started = false;
}

void acq_sampler_fini(struct acq_sampler *sampler)
{
    acq_sampler_stop(sampler);
    acq_ring_fini(&sampler->ring);
    if (!sampler->ready) return;
    uv_mutex_destroy(&sampler->mutex);
    uv_cond_destroy(&sampler->wake);
    sampler->ready = false;
}
