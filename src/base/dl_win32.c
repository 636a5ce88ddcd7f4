#include "base/dl.h"

#include "base/wide.h"

#include <windows.h>

#include <string.h>

/* The current folder and PATH are never searched, so no library that lies there by chance or malice is loaded; what a
 * library needs itself is looked for beside it. Source: Microsoft, "LoadLibraryExW function" and "Dynamic-Link Library
 * Security". */
static HMODULE load(const char *path)
{
    wchar_t given[ACQ_WIDE_MAX], full[ACQ_WIDE_MAX];
    if (!*acq_wide_path(path, given)) return NULL;
    if (!strpbrk(path, "/\\:")) return LoadLibraryExW(given, NULL, LOAD_LIBRARY_SEARCH_DEFAULT_DIRS);
    DWORD n = GetFullPathNameW(given, ACQ_WIDE_MAX, full, NULL); /* it has to be absolute, and with backslashes */
    if (!n || n >= ACQ_WIDE_MAX) return NULL;
    return LoadLibraryExW(full, NULL, LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32);
}

struct acq_dl *acq_dl_open(const char *path, struct acq_err *err)
{
    HMODULE library = load(path);
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
