#include "base/single.h"

#include <windows.h>

#include <stdio.h>

int acq_single_take(struct acq_single *single, const char *name, struct acq_err *err)
{
    char full[128];
    wchar_t wide[128];
    /* Local\: of this log-on session, as the game's pages are (Microsoft, "Kernel object namespaces") */
    snprintf(full, sizeof full, "Local\\acq %.80s", name);
    MultiByteToWideChar(CP_UTF8, 0, full, -1, wide, 128);
    single->handle = 0;
    HANDLE mutex = CreateMutexW(NULL, FALSE, wide);
    DWORD reason = GetLastError();
    if (mutex && reason != ERROR_ALREADY_EXISTS) {
        single->handle = (intptr_t)mutex;
        return ACQ_OK;
    }
    if (mutex) CloseHandle(mutex);
    /* ERROR_ACCESS_DENIED: another user's, as after "Run as administrator" */
    if (mutex || reason == ERROR_ACCESS_DENIED) return acq_fail(err, ACQ_EXISTS, "another process is '%s'", name);
    return acq_fail(err, ACQ_IO, "cannot see whether another process is '%s': Windows error %lu", name, reason);
}

void acq_single_release(struct acq_single *single)
{
    if (single->handle) CloseHandle((HANDLE)single->handle);
    single->handle = 0;
}
