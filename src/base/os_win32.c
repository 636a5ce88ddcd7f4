#include "base/os.h"

#include "base/wide.h"

#include <windows.h>

#include <fcntl.h>
#include <io.h>
#include <shellapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void acq_sleep_ms(unsigned ms)
{
    Sleep(ms);
}

/* RtlGenRandom, which advapi32 exports under this name: Microsoft, "RtlGenRandom function (ntsecapi.h)" */
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

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
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &n);
    char **args = wide ? calloc((size_t)n + 1, sizeof *args) : NULL;
    if (!args) return false;
    for (int i = 0; i < n; i++)
        if (!(args[i] = utf8(wide[i]))) return false;
    LocalFree(wide);
    *argc = n;
    *argv = args;
    SetConsoleOutputCP(CP_UTF8);
    /* what is written is the same on every system, with no carriage return in it; consoles need none */
    _setmode(1, _O_BINARY);
    _setmode(2, _O_BINARY);
    return true;
}

/* program_path: where the program lies, for free(). Its length is found by trying, and is 32767 at most: Microsoft,
 * "Maximum Path Length Limitation". */
static wchar_t *program_path(void)
{
    for (DWORD size = 512; size <= 65536; size *= 2) {
        wchar_t *path = malloc(size * sizeof *path);
        DWORD n = path ? GetModuleFileNameW(NULL, path, size) : 0;
        if (n && n < size) return path;
        free(path);
        if (!n) break;
    }
    return NULL;
}

bool acq_executable_dir(char *dst, size_t size)
{
    wchar_t *path = program_path();
    wchar_t *slash = path ? wcsrchr(path, L'\\') : NULL;
    if (slash) *slash = 0;
    bool known = slash && acq_wide_utf8(path, dst, size);
    free(path);
    return known;
}
