#include "base/os.h"
#include "base/timer.h"
#include "bridge/trial.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>

#define STEP_NS INT64_C(3000000)     /* one of the game's */
#define EARLIEST INT64_C(1735689600) /* [s] 2025-01-01 */
#define LATEST INT64_C(4102444800)   /* [s] 2100-01-01 */

void acq_trial_say(struct acq_trial *trial, enum acq_trial_result result, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    trial->result = result;
    vsnprintf(trial->text, sizeof trial->text, format, args);
    va_end(args);
}

/* ---- clock ---- */

/* step_of returns the smallest step that the steady clock was seen to make; -1 if it went back. */
static int64_t step_of(void)
{
    enum { LOOKS = 20000 };
    int64_t least = INT64_MAX, begin = acq_now_ns(), last = begin;
    for (int i = 0; i < LOOKS || (least == INT64_MAX && last - begin < 100 * STEP_NS); i++) {
        int64_t now = acq_now_ns();
        if (now < last) return -1;
        if (now > last && now - last < least) least = now - last;
        last = now;
    }
    return least;
}

void acq_trial_clock(struct acq_trial *trial)
{
    char text[40] = "unknown";
    time_t seconds = (time_t)(acq_utc_ns() / 1000000000);
    struct tm *utc = gmtime(&seconds);
    int64_t step = step_of();
    if (utc) strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", utc);
    if (step < 0)
        acq_trial_say(trial, ACQ_TRIAL_PROBLEM, "the steady clock went back: times in recordings would be wrong");
    else if (seconds < EARLIEST || seconds >= LATEST)
        acq_trial_say(trial, ACQ_TRIAL_PROBLEM, "UTC is %s by this computer: set its clock", text);
    else if (step > STEP_NS / 3)
        acq_trial_say(trial, ACQ_TRIAL_WARNING,
                      "UTC is %s; the steady clock moves in steps of %.1f ms, too coarse for 3 ms", text,
                      (double)step / 1e6);
    else
        acq_trial_say(trial, ACQ_TRIAL_OK, "UTC is %s; the steady clock moves in steps of %lld ns", text,
                      (long long)step);
}

/* ---- timer ---- */

enum { WAKES = 167 }; /* half a second */

struct wakes {
    struct acq_timer *timer;
    bool raised, fine;
    int64_t late_ns[WAKES];
};

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* on_thread does as the sampler's thread does. */
static void on_thread(void *user)
{
    struct wakes *w = user;
    w->timer = acq_timer_new();
    if (!w->timer) return;
    w->fine = acq_timer_fine(w->timer);
    w->raised = acq_raise_priority();
    int64_t due = acq_now_ns();
    for (int i = 0; i < WAKES; i++) {
        due += STEP_NS;
        acq_timer_sleep_until(w->timer, due);
        int64_t now = acq_now_ns();
        w->late_ns[i] = now - due;
        if (now > due + STEP_NS) due = now; /* each is measured for itself */
    }
    acq_timer_free(w->timer);
    qsort(w->late_ns, WAKES, sizeof *w->late_ns, by_size);
}

void acq_trial_timer(struct acq_trial *trial)
{
    struct wakes *w = calloc(1, sizeof *w);
    uv_thread_t thread;
    if (!w || uv_thread_create(&thread, on_thread, w) != 0) {
        acq_trial_say(trial, ACQ_TRIAL_PROBLEM, "no memory for a thread");
        free(w);
        return;
    }
    uv_thread_join(&thread);
    int64_t p50 = w->late_ns[WAKES / 2], p99 = w->late_ns[WAKES * 99 / 100];
    const char *priority = w->raised ? "before other programs" : "with no priority over other programs";
    const char *advice = p50 > STEP_NS   ? "; steps will be missed"
                         : p99 > STEP_NS ? "; steps may be missed: close what keeps this computer busy"
                                         : "";
    if (!w->timer)
        acq_trial_say(trial, ACQ_TRIAL_PROBLEM, "the system gives no timer");
    else
        acq_trial_say(trial,
                      p50 > STEP_NS   ? ACQ_TRIAL_PROBLEM
                      : p99 > STEP_NS ? ACQ_TRIAL_WARNING
                                      : ACQ_TRIAL_OK,
                      "wakes up %.2f ms late (p50), %.2f ms (p99), %s%s%s", (double)p50 / 1e6, (double)p99 / 1e6,
                      priority, w->fine ? "" : ", by a timer of one to two milliseconds", advice);
    free(w);
}
