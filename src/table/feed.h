/* feed.h - the batches of a recording, inflated by a thread of its own while the caller works on those before.
 *
 * Memory  acq_feed_new's feed is the caller's until acq_feed_free; a batch is valid until the next call.
 * Threads one caller at a time.
 * Errors  those of record/reader.h. */
#ifndef ACQ_TABLE_FEED_H
#define ACQ_TABLE_FEED_H

#include "record/reader.h"

struct acq_feed;

int acq_feed_new(struct acq_feed **feed, const char *path, struct acq_err *err);
void acq_feed_free(struct acq_feed *feed);

/* acq_feed_next gives the next batch of whole frames. Returns 0 and *batch, ACQ_END, or an error. */
int acq_feed_next(struct acq_feed *feed, struct acq_batch *batch, struct acq_err *err);

/* acq_feed_loss, acq_feed_progress: what the reader said when it gave the latest batch. */
const struct acq_loss *acq_feed_loss(const struct acq_feed *feed);
double acq_feed_progress(const struct acq_feed *feed);

#endif
