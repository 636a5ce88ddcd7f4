/* single.h - a name that one process of this user has at a time.
 *
 * Memory  the caller's struct.
 * Threads one thread per struct.
 * Errors  ACQ_EXISTS: another process has it; ACQ_IO: the system does not say. */
#ifndef ACQ_BASE_SINGLE_H
#define ACQ_BASE_SINGLE_H

#include "base/err.h"

#include <stdint.h>

struct acq_single {
    intptr_t handle;
};

/* acq_single_take takes the name (up to 80 bytes) until acq_single_release or the end of the process, however that
 * comes: nothing is left behind. Returns 0, ACQ_EXISTS or ACQ_IO; in these two there is nothing to release. */
int acq_single_take(struct acq_single *single, const char *name, struct acq_err *err);

/* acq_single_release gives the name back; it may be called for a zeroed struct. */
void acq_single_release(struct acq_single *single);

#endif
