/* reader.h - reads a recording: frames of one session from a gzip file.
 *
 * Units   nanoseconds, bytes.
 * Shapes  a file of our own is a row of gzip members (docs/recording.md), each read as one batch. Any other gzip file
 * of length-delimited frames, as the original project writes it, is read as one stream in batches of whole frames.
 * Memory  acq_reader_new's reader is the caller's until acq_reader_free; a batch is valid until the next call.
 * Threads one thread per reader; parts of one file may be read by several at once.
 * Errors  ACQ_MISSING, ACQ_IO from the file; ACQ_FORMAT if it is no recording; ACQ_VERSION for a newer format. Damage
 *         behind the first frame is no error: what is whole is returned, and the loss says what is not.
 *
 * After acq_reader_new a reader is used in one of three ways: read (acq_reader_next), skimmed (acq_reader_skim), or
 * planned (acq_reader_plan) for others to read its parts. */
#ifndef ACQ_RECORD_READER_H
#define ACQ_RECORD_READER_H

#include "base/err.h"
#include "frame/batch.h"
#include "record/loss.h"
#include "record/select.h"

#include <stdbool.h>
#include <stdint.h>

struct acq_reader;

/* acq_reader_new opens the recording at `path` ("-": standard input). Returns 0 and *reader, or an error: also
 * ACQ_FORMAT for an empty file, one that is no gzip, and gzip of something else. */
int acq_reader_new(struct acq_reader **reader, const char *path, struct acq_err *err);
void acq_reader_free(struct acq_reader *reader);

/* acq_reader_seekable says whether it is a file of our own, in which members can be found by their headers.
 * acq_reader_first_t_ns returns the sample time of the first frame, 0 without one. */
bool acq_reader_seekable(const struct acq_reader *reader);
int64_t acq_reader_first_t_ns(const struct acq_reader *reader);

/* acq_reader_select: only members that may hold frames of `select` are read, by bisection and by their headers. At the
 * edges and between laps other frames still come: the caller asks acq_select_has for each. What is passed over is no
 * loss. In a file that is not seekable it changes nothing. Returns 0 or an error. */
int acq_reader_select(struct acq_reader *reader, const struct acq_select *select, struct acq_err *err);

/* acq_reader_follow: from now on acq_reader_next returns ACQ_AGAIN where a recording that was not closed ends for now;
 * it may be called again later. */
void acq_reader_follow(struct acq_reader *reader);

/* acq_reader_next gives the next batch of whole frames. Returns 0 and *batch, ACQ_END, ACQ_AGAIN, or an error. */
int acq_reader_next(struct acq_reader *reader, struct acq_batch *batch, struct acq_err *err);

/* acq_reader_member returns the header of the member that the latest batch came from, and *at, its place; NULL in a
 * foreign file. acq_reader_packed returns that member's bytes, as they stand in the file, until the next call. */
const struct acq_member *acq_reader_member(const struct acq_reader *reader, uint64_t *at);
const uint8_t *acq_reader_packed(const struct acq_reader *reader);

/* acq_reader_get_loss says what was lost so far. */
const struct acq_loss *acq_reader_get_loss(const struct acq_reader *reader);

/* acq_reader_progress returns how much of the file has been read, 0..1, or -1 where its size is not known. */
double acq_reader_progress(const struct acq_reader *reader);

/* acq_reader_skip_to goes to the member that holds frame `seq`, or the first behind it. acq_reader_go goes to the
 * member at `place`, which acq_reader_skim or acq_reader_member named. Both need a seekable reader. Return 0; ACQ_END
 * if all frames are before `seq`; or an error. */
int acq_reader_skip_to(struct acq_reader *reader, uint64_t seq, struct acq_err *err);
int acq_reader_go(struct acq_reader *reader, uint64_t place, struct acq_err *err);

/* acq_reader_skim gives the next member's header and its place, and does not look at its content. The end mark comes
 * too. Needs a seekable reader. Returns 0, ACQ_END, or an error. */
int acq_reader_skim(struct acq_reader *reader, struct acq_member *member, uint64_t *at, struct acq_err *err);

/* A stretch of a recording, between two members. */
struct acq_span {
    uint64_t from, to;  /* [byte] */
    uint64_t frames;    /* as the headers say; there may be more where damage hides headers */
    uint64_t start_seq; /* members before it were passed over, and this is its first seq; 0: it goes on */
};

/* acq_reader_plan gives the next stretch of at most `frames` frames, one member at least, by the headers. Needs a
 * seekable reader. Returns 0, ACQ_END, or an error. */
int acq_reader_plan(struct acq_reader *reader, uint64_t frames, struct acq_span *span, struct acq_err *err);

/* acq_reader_part makes a reader for stretches of `whole`, which has to stay open. acq_reader_part_start sets it to
 * one, which acq_reader_next then gives until ACQ_END; its loss is to be joined (acq_loss_join) in the order of the
 * plan, to one that acq_loss_start(, 1) began. Return 0 or an error. */
int acq_reader_part(struct acq_reader **part, const struct acq_reader *whole, struct acq_err *err);
int acq_reader_part_start(struct acq_reader *part, const struct acq_span *span, struct acq_err *err);

#endif
