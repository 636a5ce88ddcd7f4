/* move.h - gives a file another name, and never takes one from another file.
 *
 * Memory  paths are the caller's; nothing is kept.
 * Threads any. */
#ifndef ACQ_BASE_MOVE_H
#define ACQ_BASE_MOVE_H

#include "base/err.h"

/* acq_path_move renames the file `from`, which others may have open, to `to` in the same folder. Returns 0; ACQ_EXISTS
 * if `to` is there, ACQ_MISSING if `from` is not, or ACQ_IO: then nothing has changed. */
int acq_path_move(const char *from, const char *to, struct acq_err *err);

#endif
