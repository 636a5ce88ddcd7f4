/* timer.h - sleeping until a moment to a fraction of a millisecond, and how soon a thread gets a processor.
 *
 * Units   nanoseconds on the steady clock, acq_now_ns.
 * Threads a timer is one thread's; the priority is that of the thread that asks.
 * Source  each system's documentation, named where it is followed. */
#ifndef ACQ_BASE_TIMER_H
#define ACQ_BASE_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct acq_timer;

/* acq_timer_new returns a waitable timer of a millisecond's resolution or better, or NULL where the system has none. It
 * also asks the system not to make this process's timers or processor slower to save power. */
struct acq_timer *acq_timer_new(void);

/* acq_timer_fine says whether the timer keeps to a fraction of a millisecond; otherwise to one or two. */
bool acq_timer_fine(const struct acq_timer *timer);

/* acq_timer_sleep_until sleeps until the steady clock reads `deadline_ns`, or wakes a little later; a deadline in the
 * past is over at once. Where the system's clock is set meanwhile, nothing changes. */
void acq_timer_sleep_until(struct acq_timer *timer, int64_t deadline_ns);

void acq_timer_free(struct acq_timer *timer);

/* acq_raise_priority asks the system to run this thread before ordinary ones, until it ends. Returns false if it does
 * not. */
bool acq_raise_priority(void);

/* acq_lower_priority lets other threads run before this one, where the system can do that. */
void acq_lower_priority(void);

#endif
