#include "base/dl.h"

#include "base/file.h"

#include <windows.h>

#include <string.h>

struct acq_dl *acq_dl_open(const char *path, struct acq_err *err)
{
    wchar_t wide[ACQ_PATH_MAX];
    HMODULE library = NULL;
    if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, wide, ACQ_PATH_MAX)) library = LoadLibraryW(wide);
    if (!library) acq_fail(err, ACQ_MISSING, "cannot load %s: Windows error %lu", path, GetLastError());
    return (struct acq_dl *)library;
}

void acq_dl_close(struct acq_dl *library)
{
    if (library) FreeLibrary((HMODULE)library);
}

acq_dl_function acq_dl_sym(struct acq_dl *library, const char *name)
{
    return (acq_dl_function)GetProcAddress((HMODULE)library, name);
}
