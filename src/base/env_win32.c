#include "base/env.h"

#include "base/wide.h"

#include <windows.h>

bool acq_env(const char *name, char *dst, size_t size)
{
    wchar_t wide_name[64],
        value[ACQ_WIDE_MAX]; /* the C library's getenv knows no letters beyond the system's code page */
    if (!acq_wide_text(name, wide_name, 64)) return false;
    DWORD n = GetEnvironmentVariableW(wide_name, value, ACQ_WIDE_MAX);
    return n > 0 && n < ACQ_WIDE_MAX && acq_wide_utf8(value, dst, size);
}
