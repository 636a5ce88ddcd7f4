#include "base/timer.h"

#include "base/os.h"

#include <windows.h>

#include <stdlib.h>

/* What newer systems have and older headers lack. */
#ifndef CREATE_WAITABLE_TIMER_HIGH_RESOLUTION
#define CREATE_WAITABLE_TIMER_HIGH_RESOLUTION 0x00000002
#endif
enum {
    POWER_THROTTLING = 4, /* PROCESS_INFORMATION_CLASS ProcessPowerThrottling */
    THROTTLING_VERSION = 1,
    EXECUTION_SPEED = 0x1,
    IGNORE_TIMER_RESOLUTION = 0x4,
    PRIORITY_HIGH = 1 /* AVRT_PRIORITY_HIGH */
};
struct throttling { /* PROCESS_POWER_THROTTLING_STATE */
    ULONG version, control_mask, state_mask;
};

struct acq_timer {
    HANDLE handle;
    bool fine, period; /* period: timeBeginPeriod was called */
};

/* proc finds a function that not every Windows has. A system library comes from the system's folder alone: Microsoft,
 * "Dynamic-Link Library Security". */
static FARPROC proc(const wchar_t *library, const char *name)
{
    HMODULE module = LoadLibraryExW(library, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    return module ? GetProcAddress(module, name) : NULL;
}

static bool throttle_never(ULONG what)
{
    typedef BOOL(WINAPI * set_information)(HANDLE, int, void *, DWORD);
    struct throttling state = {.version = THROTTLING_VERSION, .control_mask = what}; /* state 0: never */
    set_information set = (set_information)(void (*)(void))proc(L"kernel32.dll", "SetProcessInformation");
    return set && set(GetCurrentProcess(), POWER_THROTTLING, &state, sizeof state);
}

/* full_speed: Windows slows a process down whose window nobody sees, as the bridge's is behind the game: it runs on
 * slow cores (EXECUTION_SPEED) and, from Windows 11 on, loses its timer resolution (IGNORE_TIMER_RESOLUTION, which
 * older systems do not know). Microsoft, "SetProcessInformation function", "PROCESS_POWER_THROTTLING_STATE structure"
 * and "timeBeginPeriod function", remarks. */
static void full_speed(void)
{
    if (!throttle_never(EXECUTION_SPEED | IGNORE_TIMER_RESOLUTION)) throttle_never(EXECUTION_SPEED);
}

struct acq_timer *acq_timer_new(void)
{
    struct acq_timer *timer = calloc(1, sizeof *timer);
    if (!timer) return NULL;
    full_speed();
    /* Without this flag (Windows 10, version 1803 and later) a timer follows the system's tick of up to 15.6 ms:
     * Microsoft, "CreateWaitableTimerExW function". Before it, timeBeginPeriod makes the tick 1 ms. */
    timer->handle = CreateWaitableTimerExW(NULL, NULL, CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, TIMER_ALL_ACCESS);
    timer->fine = timer->handle != NULL;
    if (!timer->handle) {
        timer->period = timeBeginPeriod(1) == TIMERR_NOERROR;
        timer->handle = CreateWaitableTimerExW(NULL, NULL, 0, TIMER_ALL_ACCESS);
    }
    if (timer->handle) return timer;
    acq_timer_free(timer);
    return NULL;
}

bool acq_timer_fine(const struct acq_timer *timer)
{
    return timer->fine;
}

void acq_timer_sleep_until(struct acq_timer *timer, int64_t deadline_ns)
{
    int64_t left = deadline_ns - acq_now_ns();
    LARGE_INTEGER due;
    if (left <= 0) return;
    /* Negative: relative, in 100 ns. An absolute time would move when somebody sets the clock: Microsoft,
     * "SetWaitableTimer function". */
    due.QuadPart = -(left / 100);
    if (due.QuadPart == 0 || !SetWaitableTimer(timer->handle, &due, 0, NULL, NULL, FALSE)) return;
    WaitForSingleObject(timer->handle, INFINITE);
}

void acq_timer_free(struct acq_timer *timer)
{
    if (!timer) return;
    if (timer->handle) CloseHandle(timer->handle);
    if (timer->period) timeEndPeriod(1); /* each timeBeginPeriod needs one: Microsoft, "timeBeginPeriod function" */
    free(timer);
}

/* by_mmcss lets the Multimedia Class Scheduler run this thread. "Games" is for the game itself; "Pro Audio" is the
 * class for threads that work for microseconds and must be on time, and stands above it. It keeps a fifth of the time
 * for others, and this thread is far below that. Microsoft, "Multimedia Class Scheduler Service",
 * "AvSetMmThreadCharacteristicsW function" and "AvSetMmThreadPriority function". */
static bool by_mmcss(void)
{
    typedef HANDLE(WINAPI * set_class)(const wchar_t *, DWORD *);
    typedef BOOL(WINAPI * set_priority)(HANDLE, int);
    static const wchar_t *const classes[] = {L"Pro Audio", L"Games"};
    set_class class_of = (set_class)(void (*)(void))proc(L"avrt.dll", "AvSetMmThreadCharacteristicsW");
    set_priority priority_of = (set_priority)(void (*)(void))proc(L"avrt.dll", "AvSetMmThreadPriority");
    for (int i = 0; class_of && i < 2; i++) {
        DWORD task = 0;
        HANDLE handle = class_of(classes[i], &task);
        if (handle && priority_of) priority_of(handle, PRIORITY_HIGH);
        if (handle) return true; /* held until the thread ends */
    }
    return false;
}

bool acq_raise_priority(void)
{
    /* Also the thread's own priority, for the moments in which MMCSS lets others go first, and where it is turned off:
     * Microsoft, "SetThreadPriority function". */
    bool own = SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_TIME_CRITICAL);
    return by_mmcss() || own;
}

void acq_lower_priority(void)
{
    SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_BELOW_NORMAL);
}
