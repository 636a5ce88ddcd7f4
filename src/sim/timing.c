#include "sim/timing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "page/text.h"

#define START_DELAY 333 /* steps that the session loads before the first lap's clock runs */
#define SECTORS 3
#define SESSION_OFFSET 3974.0 /* ms of session that are over when the first picture shows */

static const double sector_ends[SECTORS] = {0.317, 0.674, 1.0};

int acq_sim_timing_init(struct acq_sim_timing *timing, const struct acq_sim_track *track, double hz, uint64_t seed)
{
    memset(timing, 0, sizeof *timing);
    timing->best = calloc(2 * track->count, sizeof *timing->best);
    if (timing->best == NULL) return ACQ_MEMORY;
    timing->current = timing->best + track->count;
    timing->lap_step = timing->sector_step = START_DELAY;
    timing->frame_time = 1 / hz;
    acq_sim_rng_init(&timing->rng, seed);
    return ACQ_OK;
}

void acq_sim_timing_fini(struct acq_sim_timing *timing)
{
    /* best and current change places; they are one block */
    free(timing->best < timing->current ? timing->best : timing->current);
    timing->best = timing->current = NULL;
}

static int32_t since(const struct acq_sim_timing *timing, int64_t step)
{
    const int64_t steps = timing->steps - step;

    return steps > 0 ? (int32_t)(steps * ACQ_SIM_STEP_MS) : 0;
}

int32_t acq_sim_timing_clock(const struct acq_sim_timing *timing)
{
    if (timing->stopped) return 0;
    return since(timing, timing->lap_step);
}

/* again: nothing of the running lap counts any more; its clock shows it a picture later than the position. */
static void again(struct acq_sim_timing *timing)
{
    timing->held_ms = acq_sim_timing_clock(timing);
    timing->hold_clock = acq_sim_rng_between(&timing->rng, 0, 1) < 0.5;
    timing->crossings = timing->sector = timing->cut = 0;
    timing->filled = 0;
    timing->delta = 0;
}

void acq_sim_timing_restart(struct acq_sim_timing *timing)
{
    again(timing);
    timing->stopped = 0;
    timing->session_step = timing->steps;
    timing->lap_step = timing->sector_step = timing->steps - START_DELAY;
    timing->score = (struct acq_sim_score){0};
    timing->hold_score = 1 + (acq_sim_rng_between(&timing->rng, 0, 1) < 0.5);
}

void acq_sim_timing_box(struct acq_sim_timing *timing)
{
    again(timing);
    timing->stopped = 1;
}

void acq_sim_timing_leave(struct acq_sim_timing *timing)
{
    timing->stopped = 0;
    timing->lap_step = timing->sector_step = timing->steps;
}

static void end_sector(struct acq_sim_timing *timing, int next)
{
    timing->score.sector_time = since(timing, timing->sector_step);
    timing->sector_step = timing->steps;
    timing->sector = next;
}

/* end_lap takes the lap's time and begins the next. */
static void end_lap(struct acq_sim_timing *timing, const struct acq_sim_track *track)
{
    struct acq_sim_score *score = &timing->score;
    const int32_t ms = acq_sim_timing_clock(timing);

    end_sector(timing, 0);
    while (timing->filled < track->count) timing->current[timing->filled++] = (float)ms / 1000;
    if (!timing->cut && (score->best == 0 || ms < score->best)) {
        float *swap = timing->best;

        timing->best = timing->current;
        timing->current = swap;
        score->best = ms;
    }
    if (score->laps < ACQ_SIM_LAPS_MAX) timing->lap_ms[score->laps] = ms;
    score->last = ms;
    score->laps++;
    timing->lap_step = timing->steps;
    timing->cut = 0;
    timing->held_ms = ms;
    /* the game's pictures show the new position, the new clock and the new score at different times */
    timing->hold_clock = acq_sim_rng_between(&timing->rng, 0, 1) < 0.3;
    timing->hold_score = 1 + (acq_sim_rng_between(&timing->rng, 0, 1) < 0.5);
}

/* compare remembers when the car passed each node and compares with the best lap. */
static void compare(struct acq_sim_timing *timing, const struct acq_sim_track *track, double s)
{
    const double u = s / track->step;
    const size_t node = (size_t)fmin(u, (double)(track->count - 1));
    const float now = (float)acq_sim_timing_clock(timing) / 1000;

    while (timing->filled <= node) timing->current[timing->filled++] = now;
    if (timing->score.best == 0) return;
    const double a = timing->best[node],
                 b = node + 1 < track->count ? timing->best[node + 1] : timing->score.best / 1000.0;
    timing->delta = now - (a + (b - a) * (u - (double)node));
}

int acq_sim_timing_step(struct acq_sim_timing *timing, const struct acq_sim_track *track, double s, int crossed)
{
    int done = 0;

    timing->steps++;
    if (crossed) {
        done = timing->crossings++ > 0;
        if (done) end_lap(timing, track);
        timing->filled = 0;
    }
    if (timing->crossings == 0) return 0;
    if (timing->sector + 1 < SECTORS && s > sector_ends[timing->sector] * track->length) {
        end_sector(timing, timing->sector + 1);
    }
    compare(timing, track, s);
    return done;
}

/* show_score shows laps and lap times. */
static void show_score(const struct acq_sim_score *score, struct acq_page_graphics *page)
{
    page->completed_laps = score->laps;
    page->last_sector_time = score->sector_time;
    if (score->sector_time > 0) acq_page_time_text(page->split, score->sector_time);
    if (page->i_last_time != score->last) acq_page_time_text(page->last_time, score->last);
    if (page->i_best_time != score->best) acq_page_time_text(page->best_time, score->best);
    page->i_last_time = score->last;
    page->i_best_time = score->best;
}

/* show_clock shows the running time. */
static void show_clock(struct acq_sim_timing *timing, struct acq_page_graphics *page)
{
    page->i_current_time = acq_sim_timing_clock(timing);
    if (timing->hold_clock > 0) {
        timing->hold_clock--;
        page->i_current_time = timing->held_ms;
    }
    acq_page_time_text(page->current_time, page->i_current_time);
    if (page->i_current_time == 0) acq_page_text(page->current_time, 15, "0:00:000");
}

int acq_sim_timing_page(struct acq_sim_timing *timing, const struct acq_sim_track *track, const struct acq_sim_car *car,
                        double s, struct acq_page_graphics *page)
{
    const double now = (double)timing->steps * ACQ_SIM_STEP;

    if (now < timing->next_frame) return 0;
    timing->next_frame += timing->frame_time * acq_sim_rng_between(&timing->rng, 0.9, 1.1);
    if (timing->next_frame < now) timing->next_frame = now;
    page->packet_id += 2;
    show_clock(timing, page);
    if (timing->hold_score > 0) {
        timing->hold_score--;
    } else {
        show_score(&timing->score, page);
    }
    page->current_sector_index = timing->sector;
    page->session_time_left = (float)-(SESSION_OFFSET + (now - (double)timing->session_step * ACQ_SIM_STEP) * 1000);
    page->distance_traveled = (float)car->distance;
    page->normalized_car_position = fminf((float)(s / track->length), 0x1.fffffep-1f);
    page->car_coordinates[0] = (float)car->x;
    page->car_coordinates[1] = (float)(car->y + ACQ_CAR_CG_HEIGHT);
    page->car_coordinates[2] = (float)car->z;
    return 1;
}
