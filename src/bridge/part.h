/* part.h - the name of a recording while its session runs: its own, and .part behind it.
 *
 * So that whoever looks into the folder, a person or a program, can tell what is finished. A file gets its final name
 * when its session ends; those that a crash left get it when a bridge comes next.
 *
 * Memory  the caller's. Threads any. */
#ifndef ACQ_BRIDGE_PART_H
#define ACQ_BRIDGE_PART_H

#include "base/err.h"
#include "base/file.h"

#define ACQ_PART ".part"

/* acq_part_begin writes to `part` the path to record to, for a recording that shall be called `path`: a number is added
 * where a file has that name, finished or not. Returns 0 or ACQ_RANGE. */
int acq_part_begin(char part[ACQ_PATH_MAX], const char *path);

/* acq_part_finish gives the file `part` its final name, which is written to `path`; a number is added where another
 * file has it by now. Returns 0, also where somebody else has just done that; or ACQ_IO, ACQ_RANGE: then it stays as it
 * is, and `path` is `part`. */
int acq_part_finish(char path[ACQ_PATH_MAX], const char *part, struct acq_err *err);

/* acq_part_adopt gives the recordings that a crash left their final names: of the folder `record`, or, with `is_file`,
 * those of sessions that were recorded to this file. One that is being written is left alone, and so is what is no
 * recording. Returns how many. */
size_t acq_part_adopt(const char *record, bool is_file);

#endif
