/* foreign.h - frames out of a gzip file that is not of ours: one stream, of any number of members, inflated by zlib.
 *
 * Memory  the caller's struct; a batch is valid until the next call. Bounded, whatever the stream inflates to.
 * Threads one at a time.
 * Errors  those of input.h. Damage is no error: it ends the stream and is told to the loss. */
#ifndef ACQ_RECORD_FOREIGN_H
#define ACQ_RECORD_FOREIGN_H

#include "frame/batch.h"
#include "record/input.h"
#include "record/loss.h"

#include <zlib.h>

struct acq_foreign {
    z_stream z;
    bool open, complete, ended;
    struct acq_buf out; /* inflated; the first `given` bytes are the latest batch */
    size_t given;
};

/* acq_foreign_init begins. Returns 0 or ACQ_MEMORY. */
int acq_foreign_init(struct acq_foreign *foreign, struct acq_err *err);
void acq_foreign_fini(struct acq_foreign *foreign);

/* acq_foreign_next gives the next whole frames. Returns 0; ACQ_END; with `follow`, ACQ_AGAIN where the file ends before
 * its stream does; or an error. */
int acq_foreign_next(struct acq_foreign *foreign, struct acq_input *input, bool follow, struct acq_loss *loss,
                     struct acq_batch *batch, struct acq_err *err);

#endif
