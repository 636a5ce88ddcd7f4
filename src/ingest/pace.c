#include "ingest/pace.h"

#include "base/os.h"
#include "base/timer.h"

#define ROUND_NS INT64_C(1500000)
enum { ROUND_BYTES = 512 * 1024 };

void acq_pace_init(struct acq_pace *pace)
{
    *pace = (struct acq_pace){.timer = acq_timer_new(), .turned_ns = acq_now_ns()};
}

void acq_pace_fini(struct acq_pace *pace)
{
    acq_timer_free(pace->timer);
}

void acq_pace_wait(struct acq_pace *pace, uint64_t came)
{
    if (came && came < ROUND_BYTES && pace->timer) acq_timer_sleep_until(pace->timer, pace->turned_ns + ROUND_NS);
    pace->turned_ns = acq_now_ns();
}
