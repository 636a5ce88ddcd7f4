/* rescue.h - the frames of a damaged member that stand before the damage.
 *
 * Memory  the caller's, from acq_rescue_init to acq_rescue_fini; a batch is valid until the next call.
 * Threads one at a time.
 * Source  RFC 1951; zlib's inflate, which gives what it has where libdeflate gives nothing. */
#ifndef ACQ_RECORD_RESCUE_H
#define ACQ_RECORD_RESCUE_H

#include "base/buf.h"
#include "frame/batch.h"
#include "frame/frame.h"
#include "record/member.h"

#include <zlib.h>

struct acq_rescue {
    z_stream z;
    bool open;
    struct acq_buf raw;
    struct acq_frame frame;
};

int acq_rescue_init(struct acq_rescue *rescue, struct acq_err *err);
void acq_rescue_fini(struct acq_rescue *rescue);

/* acq_rescue_member looks at a member whose header is whole, of which n bytes stand at `bytes`; `cut`: the file ends
 * there. *batch gets the frames that are right as far as that can be known, *doubtful how many more there seem to be.
 * Returns 0 or ACQ_MEMORY. */
int acq_rescue_member(struct acq_rescue *rescue, const struct acq_member *member, const uint8_t *bytes, size_t n,
                      bool cut, struct acq_batch *batch, uint64_t *doubtful);

#endif
