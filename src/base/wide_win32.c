#include "base/wide.h"

#include <windows.h>

#include <string.h>
#include <wchar.h>

/* Files have 260 units, but a folder has to leave 12 for a file's name, and a search its pattern. */
enum { PLAIN_MAX = 240 };

bool acq_wide_text(const char *text, wchar_t *dst, size_t size)
{
    return MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, dst, (int)size) > 0;
}

bool acq_wide_utf8(const wchar_t *text, char *dst, size_t size)
{
    return WideCharToMultiByte(CP_UTF8, 0, text, -1, dst, (int)size, NULL, NULL) > 0;
}

/* lengthen: the absolute path `full`, of n units, with its prefix */
static void lengthen(wchar_t dst[ACQ_WIDE_MAX], const wchar_t *full, size_t n)
{
    bool share = full[0] == L'\\' && full[1] == L'\\';
    const wchar_t *prefix = share ? L"\\\\?\\UNC\\" : L"\\\\?\\";
    size_t skip = share ? 2 : 0, before = wcslen(prefix);
    dst[0] = 0;
    if (before + n - skip >= ACQ_WIDE_MAX) return;
    wmemcpy(dst, prefix, before);
    wmemcpy(dst + before, full + skip, n - skip + 1);
}

const wchar_t *acq_wide_path(const char *path, wchar_t dst[ACQ_WIDE_MAX])
{
    wchar_t full[ACQ_WIDE_MAX];
    if (!acq_wide_text(path, dst, ACQ_WIDE_MAX)) {
        dst[0] = 0;
        return dst;
    }
    if (!wcsncmp(dst, L"\\\\?\\", 4)) { /* Windows takes the rest as it is, and knows no other separator there */
        for (wchar_t *p = dst; (p = wcschr(p, L'/'));) *p = L'\\';
        return dst;
    }
    DWORD n = GetFullPathNameW(dst, ACQ_WIDE_MAX, full, NULL);
    if (n >= ACQ_WIDE_MAX)
        dst[0] = 0;
    else if (n >= PLAIN_MAX)
        lengthen(dst, full, n);
    return dst;
}
