/* reader.h - reads a recording: frames of one session from a gzip file.
 *
 * Units   nanoseconds, bytes.
 * Shapes  a file of our own is a row of gzip members (docs/recording.md), each read as one batch. Any other gzip file
 * of length-delimited frames, as the original project writes it, is read as one stream in batches of whole frames.
 * Memory  acq_reader_new's reader is the caller's until acq_reader_free; a batch is valid until the next call.
 * Threads one thread per reader.
 * Errors  ACQ_MISSING, ACQ_IO from the file; ACQ_FORMAT if it is no recording; ACQ_VERSION for a newer format. Damage
 *         behind the first frame is no error: what is whole is returned, and struct acq_reader_loss says what is not.
 */
#ifndef ACQ_RECORD_READER_H
#define ACQ_RECORD_READER_H

#include "base/err.h"
#include "frame/batch.h"

#include <stdbool.h>
#include <stdint.h>

struct acq_reader;

/* What is wrong with the file, known for certain only when acq_reader_next has returned ACQ_END. */
struct acq_reader_loss {
    bool foreign;            /* not of our own format: no members, no end mark */
    bool closed;             /* the end mark is there; a foreign file: its gzip stream is complete */
    uint64_t damaged_bytes;  /* in the file, of no whole member; in a foreign file: of its content, of no whole frame */
    uint64_t missing_frames; /* between the members that were read, by their seq */
    char text[160];          /* one sentence, "" when nothing is lost */
};

/* acq_reader_new opens the recording at `path` ("-": standard input). Returns 0 and *reader, or an error: also
 * ACQ_FORMAT for an empty file, one that is no gzip, and gzip of something else. */
int acq_reader_new(struct acq_reader **reader, const char *path, struct acq_err *err);
void acq_reader_free(struct acq_reader *reader);

/* acq_reader_next gives the next batch of whole frames. Returns 0 and *batch, ACQ_END, or an error. */
int acq_reader_next(struct acq_reader *reader, struct acq_batch *batch, struct acq_err *err);

/* acq_reader_get_loss says what was lost so far. */
const struct acq_reader_loss *acq_reader_get_loss(const struct acq_reader *reader);

/* acq_reader_progress returns how much of the file has been read, 0..1, or -1 where its size is not known. */
double acq_reader_progress(const struct acq_reader *reader);

/* acq_reader_skip_to goes to the member that holds frame `seq`, or the first behind it, by reading member headers only;
 * where one is damaged, no further than there. Needs a file of our own, freshly opened. Returns 0, ACQ_END if all
 * frames are before `seq`, or an error. */
int acq_reader_skip_to(struct acq_reader *reader, uint64_t seq, struct acq_err *err);

#endif
