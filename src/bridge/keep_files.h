/* keep_files.h - between keep.c and keep_files.c: the recordings of a folder, and whether one may be removed.
 *
 * Threads keep's own thread, while it runs. */
#ifndef ACQ_BRIDGE_KEEP_FILES_H
#define ACQ_BRIDGE_KEEP_FILES_H

#include "base/file.h"

#include <stdatomic.h>
#include <stdint.h>

enum { ACQ_KEEP_ID = 36 }; /* characters of a session's id, a UUID */

/* One session that the server has, as it said; and its recording, as far as that has been looked at. */
struct acq_keep_session {
    char id[ACQ_KEEP_ID + 1];
    uint64_t seq;   /* what the server has */
    unsigned files; /* of the folder that have this session's name, in the present round */
    int64_t size;   /* [byte] of the file */
    int64_t end_ns; /* UTC of its last frame; 0: not looked at yet */
    bool unfit;     /* it is not to be removed: damaged, or not what the server has */
    char name[300];
};

/* acq_keep_id finds the session's id in the name of a recording of the bridge, also while that is being written, and
 * where a number was added to it because another file had the name. Returns NULL if it is no such name. */
const char *acq_keep_id(const char *name);

/* acq_keep_end finds when the recording ends, from the member that holds frame `seq`. Returns its UTC, or 0 if that
 * frame is not the last of the file, or no time stands there. */
int64_t acq_keep_end(const char *path, uint64_t seq);

/* acq_keep_whole reads all of the recording. Returns whether it holds the session `id` from frame 1 to exactly `seq`,
 * was closed, and lacks nothing; also false when `stop` is set meanwhile, or when a program is writing the file. */
bool acq_keep_whole(const char *path, const char *id, uint64_t seq, atomic_bool *stop);

#endif
