/* merge.h - several recordings of one session as one: parts of it, copies of it, damaged ones.
 *
 * Frames come by seq, each once. Where several recordings have a frame, that of the first one named is taken.
 *
 * Shapes  a run is some consecutive frames of one recording, all in one member.
 * Memory  one member of each recording; a run is valid until the next call.
 * Threads one at a time.
 * Errors  those of record/reader.h; ACQ_FORMAT for frames without seq. */
#ifndef ACQ_RECORD_MERGE_H
#define ACQ_RECORD_MERGE_H

#include "base/err.h"
#include "frame/batch.h"
#include "record/member.h"

struct acq_merge;

struct acq_merge_run {
    struct acq_batch frames;
    struct acq_batch before;         /* those before them in their member: their context may hold */
    const struct acq_member *member; /* NULL, or the frames are all of this member, which stands at `packed` */
    const uint8_t *packed;
    uint64_t first_seq;
    uint64_t missing; /* frames before these that no recording has */
    bool left_out;    /* but on purpose */
};

/* acq_merge_new opens n recordings of the session. Returns 0 or an error. */
int acq_merge_new(struct acq_merge **merge, const char *const *paths, size_t n, struct acq_err *err);
void acq_merge_free(struct acq_merge *merge);

/* acq_merge_next gives the next run. Returns 0, ACQ_END, or an error. */
int acq_merge_next(struct acq_merge *merge, struct acq_merge_run *run, struct acq_err *err);

/* acq_merge_behind, behind the last run, returns how many frames are missing there, as the headers of damaged members
 * speak of them. *cut: there is more that was cut off, nobody knows how much. */
uint64_t acq_merge_behind(const struct acq_merge *merge, bool *cut);

/* acq_merge_duplicates returns how many frames were passed over because another recording had them, too. */
uint64_t acq_merge_duplicates(const struct acq_merge *merge);

#endif
