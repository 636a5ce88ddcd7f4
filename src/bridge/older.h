/* older.h - the recordings of earlier sessions on their way to the server, one at a time.
 *
 * Units   nanoseconds, frames.
 * Memory  acq_older_new's struct is the caller's until acq_older_free, when the loop has run to its end.
 * Threads the loop's. */
#ifndef ACQ_BRIDGE_OLDER_H
#define ACQ_BRIDGE_OLDER_H

#include "bridge/backlog.h"
#include "bridge/upload.h"

struct acq_older {
    struct acq_backlog backlog;
    struct acq_upload *upload; /* of the session at hand, or NULL */
    bool looking;              /* for what the server lacks of it */
    bool damaged;              /* not all of it can be sent */
    uint64_t frames;           /* of it that were sent, and acked */
    /* unless NULL: the server says that it has all there is of this session, up to frame seq */
    void (*has)(void *user, const char *id, uint64_t seq);
    void *user;
};

/* acq_older_new begins to look through the folder; `ready` is called when there is something to go on with. Returns 0
 * or ACQ_MEMORY. */
int acq_older_new(struct acq_older **older, uv_loop_t *loop, const char *dir, void (*ready)(void *user), void *user,
                  struct acq_err *err);
void acq_older_free(struct acq_older *older);

/* acq_older_take returns the session at hand, or makes the next one that; NULL if there is none now. Those that are in
 * the list `running` are passed over. */
struct acq_upload *acq_older_take(struct acq_older *older, const struct acq_upload *running);

/* acq_older_pump goes on with the session at hand, as acq_upload_pump: when the server has said hello it looks for what
 * that lacks, sends it, and leaves the session when that is over. Returns whether it was left. */
bool acq_older_pump(struct acq_older *older, struct acq_buf *scratch, uint64_t ahead, int64_t until_ns);

/* acq_older_acked: so many frames of the session at hand have been acked. */
void acq_older_acked(struct acq_older *older, uint64_t frames);

#endif
