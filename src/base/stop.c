#include "base/stop.h"

#include <stdatomic.h>

static atomic_uint times;
static atomic_int first;
static unsigned times_max = 1;

void acq_on_stop(void)
{
    acq_stop_watch();
}

void acq_on_stop_again(void)
{
    times_max = 2;
    acq_stop_watch();
}

bool acq_stop_tell(enum acq_stop why)
{
    int none = ACQ_STOP_NONE;
    atomic_compare_exchange_strong(&first, &none, (int)why);
    return atomic_fetch_add(&times, 1) < times_max;
}

bool acq_stopped(void)
{
    return atomic_load_explicit(&first, memory_order_relaxed) != ACQ_STOP_NONE;
}

unsigned acq_stop_times(void)
{
    return atomic_load(&times);
}

enum acq_stop acq_stop_why(void)
{
    return (enum acq_stop)atomic_load(&first);
}

const char *acq_stop_words(enum acq_stop why)
{
    static const char *const words[] = {
        [ACQ_STOP_NONE] = "it was done",
        [ACQ_STOP_USER] = "stopped by the user",
        [ACQ_STOP_TOLD] = "another program ended it",
        [ACQ_STOP_CONSOLE] = "the console was closed",
        [ACQ_STOP_LOGOFF] = "the user logged off",
        [ACQ_STOP_SHUTDOWN] = "Windows is shutting down",
    };
    return words[why];
}

bool acq_stop_hurries(void)
{
    return acq_stop_why() >= ACQ_STOP_CONSOLE;
}
