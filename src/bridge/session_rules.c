#include "bridge/session_rules.h"

#include <stdio.h>
#include <string.h>

#define STEP_NS INT64_C(3000000)
#define CLOCKS_NS INT64_C(5000000000) /* by so much the computer's clock may have been set between two sessions */
enum { CLOCK_MS = 2000 };

#define SAME(a, b) (memcmp((a), (b), sizeof(a)) == 0)

const char *acq_session_moved(const struct acq_running *running, const struct acq_page_static *stat)
{
    if (!SAME(stat->car_model, running->stat.car_model)) return "the car changed";
    if (!SAME(stat->track, running->stat.track) || !SAME(stat->track_configuration, running->stat.track_configuration))
        return "the track changed";
    return NULL;
}

const char *acq_session_other(const struct acq_running *running, const struct acq_sample *s,
                              const struct acq_page_static *stat)
{
    int32_t id = s->pages.physics.packet_id, status = s->pages.graphics.status;
    const char *moved = acq_session_moved(running, stat);
    if (moved) return moved;
    if (s->opened || id < running->physics_id) return "the game was restarted";
    if ((int64_t)id - running->physics_id > ACQ_STEPS_MISSED_MAX) return "the packetId jumped";
    if (status == ACQ_STATUS_REPLAY && !running->replay) return "a replay began";
    if (status == ACQ_STATUS_LIVE && running->replay) return "the replay ended";
    if (s->pages.graphics.session != running->session_type) return "the game went to another session";
    return NULL;
}

static const char *text(const struct acq_frame *f, enum acq_id id, const char *value)
{
    return f->has[id] ? value : "";
}

void acq_mark_set(struct acq_mark *m, const struct acq_frame *f)
{
    const struct acq_group_stat *s = &f->stat;
    *m = (struct acq_mark){.physics_id = f->physics.packet_id,
                           .laps = f->graphics.completed_laps,
                           .clock_ms = f->graphics.current_time_ms,
                           .replay = f->graphics.status == ACQ_STATUS_REPLAY,
                           .utc_ns = (int64_t)f->head.utc_ns};
    snprintf(m->session, sizeof m->session, "%s", f->head.session_id);
    snprintf(m->drive, sizeof m->drive, "%s\n%s\n%s\n%s\n%s\n%d", text(f, ACQ_stat_car_model, s->car_model),
             text(f, ACQ_stat_track, s->track), text(f, ACQ_stat_track_configuration, s->track_configuration),
             text(f, ACQ_stat_player_name, s->player_name), text(f, ACQ_stat_player_surname, s->player_surname),
             f->graphics.session_type);
}

/* A game that was started anew counts its steps from 0: their number now, times 3 ms, is how long it has run at least,
 * without pauses. Where that is longer than the time since the earlier session, it ran already then. Otherwise it has
 * been paused, or is another one; then the clock of the lap tells. */
bool acq_mark_goes_on(const struct acq_mark *before, const struct acq_mark *now)
{
    int64_t steps = (int64_t)now->physics_id - before->physics_id;
    if (before->utc_ns < 0 || now->utc_ns < 0) return false; /* a damaged recording's; the difference may overflow */
    int64_t elapsed = now->utc_ns - before->utc_ns;
    if (!*before->session || before->replay || now->replay || strcmp(before->drive, now->drive) != 0) return false;
    if (steps <= 0 || elapsed < -CLOCKS_NS || steps * STEP_NS > elapsed + CLOCKS_NS) return false;
    if (now->physics_id * STEP_NS >= elapsed) return true;
    if (now->laps != before->laps) return now->laps > before->laps;
    int64_t ran = (int64_t)now->clock_ms - before->clock_ms, of = steps * STEP_NS / 1000000;
    return ran >= 0 && ran <= of + CLOCK_MS && ran >= of - CLOCK_MS;
}
