#include "base/os.h"

#include <windows.h>

#include <fcntl.h>
#include <io.h>
#include <shellapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef CREATE_WAITABLE_TIMER_HIGH_RESOLUTION
#define CREATE_WAITABLE_TIMER_HIGH_RESOLUTION 0x00000002
#endif

int64_t acq_now_ns(void)
{
    static int64_t frequency;
    LARGE_INTEGER t;
    if (!frequency) {
        QueryPerformanceFrequency(&t);
        frequency = t.QuadPart;
    }
    QueryPerformanceCounter(&t);
    return t.QuadPart / frequency * 1000000000 + t.QuadPart % frequency * 1000000000 / frequency;
}

static int64_t ticks(FILETIME t) /* 100 ns */
{
    return (int64_t)((uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime);
}

int64_t acq_utc_ns(void)
{
    FILETIME t;
    GetSystemTimePreciseAsFileTime(&t);
    return (ticks(t) - INT64_C(116444736000000000)) * 100; /* a FILETIME counts from 1601 */
}

double acq_cpu_seconds(void)
{
    FILETIME made, ended, kernel, user;
    if (!GetProcessTimes(GetCurrentProcess(), &made, &ended, &kernel, &user)) return 0;
    return (double)(ticks(kernel) + ticks(user)) / 1e7;
}

struct acq_timer {
    HANDLE handle;
};

struct acq_timer *acq_timer_new(void)
{
    struct acq_timer *timer = malloc(sizeof *timer);
    if (!timer) return NULL;
    /* Without this flag (Windows 10, version 1803 and later) a timer follows the system's tick of up to 15.6 ms:
     * Microsoft, "CreateWaitableTimerExW function". Before it, timeBeginPeriod makes the tick 1 ms. */
    timer->handle = CreateWaitableTimerExW(NULL, NULL, CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, TIMER_ALL_ACCESS);
    if (!timer->handle) {
        timeBeginPeriod(1);
        timer->handle = CreateWaitableTimerExW(NULL, NULL, 0, TIMER_ALL_ACCESS);
    }
    if (timer->handle) return timer;
    free(timer);
    return NULL;
}

void acq_timer_sleep_until(struct acq_timer *timer, int64_t deadline_ns)
{
    int64_t left = deadline_ns - acq_now_ns();
    LARGE_INTEGER due;
    if (left <= 0) return;
    due.QuadPart = -(left / 100); /* negative: relative, in 100 ns */
    if (due.QuadPart == 0 || !SetWaitableTimer(timer->handle, &due, 0, NULL, NULL, FALSE)) return;
    WaitForSingleObject(timer->handle, INFINITE);
}

void acq_timer_free(struct acq_timer *timer)
{
    if (!timer) return;
    CloseHandle(timer->handle);
    free(timer);
}

void acq_sleep_ms(unsigned ms)
{
    Sleep(ms);
}

bool acq_raise_priority(void)
{
    return SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_TIME_CRITICAL);
}

/* RtlGenRandom, which advapi32 exports under this name: Microsoft, "RtlGenRandom function (ntsecapi.h)" */
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

void acq_lower_priority(void)
{
    SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_BELOW_NORMAL);
}

void acq_raise_files(void)
{
    /* sockets and files are handles here, and there is no limit to be raised */
}

void acq_thread_name(const char *name)
{
    (void)name;
}

bool acq_random(void *bytes, size_t n)
{
    return SystemFunction036(bytes, (ULONG)n);
}

static char *utf8(const wchar_t *text)
{
    int n = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *dst = n > 0 ? malloc((size_t)n) : NULL;
    if (dst) WideCharToMultiByte(CP_UTF8, 0, text, -1, dst, n, NULL, NULL);
    return dst;
}

bool acq_args(int *argc, char ***argv)
{
    int n;
    DWORD mode;
    HANDLE err = GetStdHandle(STD_ERROR_HANDLE);
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &n);
    char **args = wide ? calloc((size_t)n + 1, sizeof *args) : NULL;
    if (!args) return false;
    for (int i = 0; i < n; i++)
        if (!(args[i] = utf8(wide[i]))) return false;
    LocalFree(wide);
    *argc = n;
    *argv = args;
    SetConsoleOutputCP(CP_UTF8);
    /* a status line needs the terminal's escape sequences */
    if (GetConsoleMode(err, &mode)) SetConsoleMode(err, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
    return true;
}

static volatile LONG stopped;

static BOOL WINAPI on_control(DWORD event)
{
    if (InterlockedExchange(&stopped, 1) && event == CTRL_C_EVENT) return FALSE; /* the second one: end */
    /* When this returns from a close, log-off or shutdown event, Windows ends the process at once: Microsoft,
     * "HandlerRoutine callback function". So give main the time to finish. */
    if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT) Sleep(4500);
    return TRUE;
}

void acq_on_stop(void)
{
    SetConsoleCtrlHandler(NULL, FALSE);
    SetConsoleCtrlHandler(on_control, TRUE);
}

bool acq_stopped(void)
{
    return stopped;
}

bool acq_is_terminal(int fd)
{
    DWORD mode;
    return _isatty(fd) && GetConsoleMode((HANDLE)_get_osfhandle(fd), &mode);
}

unsigned acq_terminal_width(void)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    if (!GetConsoleScreenBufferInfo(GetStdHandle(STD_OUTPUT_HANDLE), &info)) return 80;
    return (unsigned)(info.srWindow.Right - info.srWindow.Left + 1);
}

bool acq_executable_dir(char *dst, size_t size)
{
    wchar_t path[MAX_PATH];
    DWORD n = GetModuleFileNameW(NULL, path, MAX_PATH);
    if (!n || n >= MAX_PATH) return false;
    if (WideCharToMultiByte(CP_UTF8, 0, path, -1, dst, (int)size, NULL, NULL) <= 0) return false;
    char *slash = strrchr(dst, '\\');
    if (!slash) return false;
    *slash = 0;
    return true;
}
