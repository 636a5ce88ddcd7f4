#include "base/move.h"

#include "base/file.h"
#include "base/os.h"
#include "base/wide.h"

#include <windows.h>

enum { TRIES = 10, WAIT_MS = 20 };

/* A file that we have open ourselves can be renamed, because acq_file_open shares it (FILE_SHARE_DELETE: Microsoft,
 * "CreateFileW function"). A scanner may hold a new file for a moment without sharing it: so more than one try. */
int acq_path_move(const char *from, const char *to, struct acq_err *err)
{
    wchar_t a[ACQ_WIDE_MAX], b[ACQ_WIDE_MAX];
    DWORD e = 0;
    for (int i = 0; i < TRIES; i++) {
        if (MoveFileExW(acq_wide_path(from, a), acq_wide_path(to, b), MOVEFILE_WRITE_THROUGH)) return ACQ_OK;
        e = GetLastError();
        if (e != ERROR_SHARING_VIOLATION && e != ERROR_ACCESS_DENIED && e != ERROR_LOCK_VIOLATION) break;
        acq_sleep_ms(WAIT_MS);
    }
    if (e == ERROR_ALREADY_EXISTS || e == ERROR_FILE_EXISTS)
        return acq_fail(err, ACQ_EXISTS, "%s exists already and is not overwritten", to);
    if (e == ERROR_FILE_NOT_FOUND || e == ERROR_PATH_NOT_FOUND)
        return acq_fail(err, ACQ_MISSING, "there is no file %s: check the name", from);
    return acq_fail(err, ACQ_IO, "cannot rename %s to %s: Windows error %lu", from, to, e);
}
