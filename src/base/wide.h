/* wide.h - UTF-8 paths and texts as Windows' wide calls want them. For the *_win32.c files alone.
 *
 * Units   sizes in UTF-16 units or bytes, their final NUL included.
 * Source  Microsoft, "Maximum Path Length Limitation" and "Naming Files, Paths, and Namespaces". */
#ifndef ACQ_BASE_WIDE_H
#define ACQ_BASE_WIDE_H

#include "base/file.h"

#include <stdbool.h>
#include <stddef.h>

#define ACQ_WIDE_MAX (2 * ACQ_PATH_MAX) /* a path below the folder that the program runs in */

/* acq_wide_path returns path in dst: as it is, or where it is too long for that with the prefix that lifts the limit of
 * 260, and then absolute. It is empty, so that no call finds it, where path is no UTF-8 or does not fit. */
const wchar_t *acq_wide_path(const char *path, wchar_t dst[ACQ_WIDE_MAX]);

/* acq_wide_text writes text to dst. Returns false if it is no UTF-8 or does not fit. */
bool acq_wide_text(const char *text, wchar_t *dst, size_t size);

/* acq_wide_utf8 writes a wide text to dst. Returns false if it does not fit. */
bool acq_wide_utf8(const wchar_t *text, char *dst, size_t size);

#endif
