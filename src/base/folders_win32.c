#include "base/folders.h"

#include "base/file.h"
#include "base/os.h"

#include <windows.h>

bool acq_folder_current(char *dst, size_t size)
{
    wchar_t path[ACQ_PATH_MAX];
    DWORD n = GetCurrentDirectoryW(ACQ_PATH_MAX, path);
    if (!n || n >= ACQ_PATH_MAX) return false;
    return WideCharToMultiByte(CP_UTF8, 0, path, -1, dst, (int)size, NULL, NULL) > 0;
}

int acq_folder_enter(const char *path, struct acq_err *err)
{
    wchar_t wide[ACQ_PATH_MAX];
    bool fits = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, wide, ACQ_PATH_MAX);
    if (fits && SetCurrentDirectoryW(wide)) return ACQ_OK;
    return acq_fail(err, ACQ_MISSING, "cannot work in the folder %s: check that it is there", path);
}

bool acq_folder_settings(char *dst, size_t size)
{
    return acq_executable_dir(dst, size);
}

bool acq_folder_autostart(char *dst, size_t size)
{
    (void)dst;
    (void)size;
    return false;
}
