/* crew.h - threads that make the rows of one recording, and give them in its order.
 *
 * A file with members is read in stretches, each by one of as many threads as there are cores; any other by one thread.
 *
 * Memory  acq_crew_new's object is the caller's until acq_crew_free; a chunk is valid until the next call. About
 *         ACQ_CREW_AHEAD rows are ready at most, however long the recording is.
 * Threads one caller at a time.
 * Errors  those of record/reader.h; ACQ_STOPPED after Ctrl+C, where rows are waited for. */
#ifndef ACQ_TABLE_CREW_H
#define ACQ_TABLE_CREW_H

#include "table/rows.h"

/* So many rows are read ahead: those who write row groups take rows fast until a group is full, and then none until it
 * is written. */
enum { ACQ_CREW_AHEAD = 49152 };

struct acq_crew;

/* How they work. */
struct acq_crew_options {
    struct acq_rows_options rows;
    bool parts;             /* reader is seekable, freshly opened, and may have a selection */
    struct acq_batch batch; /* otherwise: what has been read from it already */
    bool stats;             /* chunks come with chunk->stats */
};

/* acq_crew_new starts the threads. `reader` stays the caller's, who must not use it meanwhile. Returns 0 and *crew, or
 * an error. acq_crew_free waits until the threads have ended, which they do behind the chunk that they are at. */
int acq_crew_new(struct acq_crew **crew, struct acq_reader *reader, const struct acq_crew_options *options,
                 struct acq_err *err);
void acq_crew_free(struct acq_crew *crew);

/* acq_crew_next gives the next rows, and how much of the file has been read for them, 0..1 or -1. Returns 0 and
 * *chunk, ACQ_END, or an error. */
int acq_crew_next(struct acq_crew *crew, struct acq_chunk **chunk, double *progress, struct acq_err *err);

/* acq_crew_sum says what was found, behind ACQ_END: what is missing, and as acq_rows_faults. */
void acq_crew_sum(struct acq_crew *crew, struct acq_loss *loss, uint64_t *unreadable, bool *unsorted);

#endif
