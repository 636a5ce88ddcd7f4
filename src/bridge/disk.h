/* disk.h - the running session's recording: its file, its name, and the thread that waits for the disk.
 *
 * Units   nanoseconds.
 * Memory  a disk is the caller's, from acq_disk_init to acq_disk_fini.
 * Threads the loop's; sealing a member runs on a thread of its own.
 * Errors  what goes wrong is logged, and the session goes on without a recording: what has been written is whole. */
#ifndef ACQ_BRIDGE_DISK_H
#define ACQ_BRIDGE_DISK_H

#include "base/err.h"
#include "base/file.h"
#include "record/recorder.h"

#include <uv.h>

struct acq_disk {
    const char *record; /* folder or file for recordings; NULL: none */
    bool is_file;
    struct acq_recorder *recorder; /* NULL: this session is not recorded */
    char path[ACQ_PATH_MAX];       /* of the recording, "" without one; it ends in .part until that has ended */
    bool failed;                   /* this session's recording lacks something */
    uv_thread_t thread;
    uv_sem_t seal, sealed;
    bool working, ends;
    int result;
    struct acq_err error;
};

/* acq_disk_init: `record` is a folder, or a file if its name ends in .gz, or NULL; it is made where it is missing, and
 * what a crash left there gets its final name. Returns 0 or ACQ_IO. acq_disk_fini needs the recording ended. */
int acq_disk_init(struct acq_disk *disk, const char *record, struct acq_err *err);
void acq_disk_fini(struct acq_disk *disk);

/* acq_disk_begin begins the recording of the session whose first frame is f; of none, where that cannot be. */
void acq_disk_begin(struct acq_disk *disk, const struct acq_frame *f, int64_t utc_ns);

/* acq_disk_seal sends the open member to the disk, unless one is on its way. acq_disk_tick takes note of one that has
 * arrived, and sends the next when it is due; `still`: no more frames come for now, so it is due at once. */
void acq_disk_seal(struct acq_disk *disk);
void acq_disk_tick(struct acq_disk *disk, bool still);

/* acq_disk_end closes the recording and gives it its final name, which is path then. Returns whether it has another
 * name than before; that is written to `from`. */
bool acq_disk_end(struct acq_disk *disk, char from[ACQ_PATH_MAX]);

#endif
