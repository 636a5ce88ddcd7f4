/* output.h - a file that others write whole or not at all: under a temporary name in its folder, then renamed.
 *
 * Memory  the caller's.
 * Errors  ACQ_EXISTS where a file would be overwritten; ACQ_IO from the file system. */
#ifndef ACQ_BASE_OUTPUT_H
#define ACQ_BASE_OUTPUT_H

#include "base/file.h"

struct acq_output {
    char path[ACQ_PATH_MAX], temporary[ACQ_PATH_MAX];
    bool force;
};

/* acq_output_begin makes the temporary file, empty, for others to write to. An existing file at `path` is an error
 * unless `force` is set. Returns 0 or an error, and then nothing was made. */
int acq_output_begin(struct acq_output *output, const char *path, bool force, struct acq_err *err);

/* acq_output_end, with result 0, makes the temporary file durable and gives it its name; otherwise, or if that fails,
 * it removes it. Returns `result`, or an error. */
int acq_output_end(struct acq_output *output, int result, struct acq_err *err);

#endif
