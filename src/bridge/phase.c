#include "bridge/phase.h"

#define LATE_NS INT64_C(30000)   /* look this much after a step is due: writing takes a moment */
#define EARLIER_NS INT64_C(2000) /* how fast the moment to look moves forward: more than two clocks drift */

static int64_t origin_of(int32_t id, int64_t t_ns)
{
    return t_ns - (int64_t)id * ACQ_STEP_NS;
}

int64_t acq_phase_late(const struct acq_phase *phase, int32_t id, int64_t t_ns)
{
    int64_t late = origin_of(id, t_ns) - phase->origin_ns;
    if (!phase->known || late > ACQ_STILL_NS || late < -ACQ_STILL_NS) return -1;
    return late > 0 ? late : 0;
}

void acq_phase_seen(struct acq_phase *phase, int32_t id, int64_t t_ns, bool waited)
{
    int64_t origin = origin_of(id, t_ns);
    /* A step that was waited for came just now. One that was there already came at some time before: look a little
     * earlier for the next, until a step has to be waited for again. */
    if (acq_phase_late(phase, id, t_ns) < 0 || waited || origin < phase->origin_ns)
        phase->origin_ns = origin;
    else
        phase->origin_ns -= EARLIER_NS;
    phase->known = true;
}

int64_t acq_phase_next(const struct acq_phase *phase, int32_t id, int64_t now_ns)
{
    int64_t next = phase->origin_ns + ((int64_t)id + 1) * ACQ_STEP_NS + LATE_NS;
    return phase->known && next > now_ns && next < now_ns + 2 * ACQ_STEP_NS ? next : now_ns;
}
