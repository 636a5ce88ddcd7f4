/* phase.h - the grid of 3 ms on which a game's steps come, learned from those that came.
 *
 * It knows the steady clock alone, so nothing happens to it when somebody sets the computer's clock. A leap of the
 * steady clock itself, as after the computer slept, or a pause of the game, begins a new grid.
 *
 * Units   nanoseconds on the steady clock; a step is its packetId.
 * Memory  the caller's; all zero knows nothing. */
#ifndef ACQ_BRIDGE_PHASE_H
#define ACQ_BRIDGE_PHASE_H

#include <stdbool.h>
#include <stdint.h>

#define ACQ_STEP_NS INT64_C(3000000)
#define ACQ_STILL_NS INT64_C(50000000) /* without a step for this long nothing moves */

struct acq_phase {
    int64_t origin_ns; /* step k comes at about origin_ns + k * 3 ms */
    bool known;
};

/* acq_phase_late returns how much later than its place on the grid step `id` was sampled, 0 if it was not later, or -1
 * where there is no grid: at the start and behind a leap of more than ACQ_STILL_NS. Ask before acq_phase_seen. */
int64_t acq_phase_late(const struct acq_phase *phase, int32_t id, int64_t t_ns);

/* acq_phase_seen takes note that step `id` was there at t_ns, and whether an earlier look had not found it. */
void acq_phase_seen(struct acq_phase *phase, int32_t id, int64_t t_ns, bool waited);

/* acq_phase_next returns when to look for the step behind step `id`: just after it is due, or now_ns if that cannot be
 * said or has passed; never more than two steps ahead. */
int64_t acq_phase_next(const struct acq_phase *phase, int32_t id, int64_t now_ns);

#endif
