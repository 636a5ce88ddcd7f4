/* status.h - the server's status line: what it does now, for the person who runs it.
 *
 * Units  nanoseconds.
 * Memory a struct acq_status_line is the caller's; all zero is new. */
#ifndef ACQ_INGEST_STATUS_H
#define ACQ_INGEST_STATUS_H

#include "ingest/sessions.h"

struct acq_status_line {
    int64_t shown_ns;
    uint64_t frames, bytes; /* at that time */
};

/* acq_status_show writes the line, once a second at most: cars that stream, frames and bytes per second, the time from
 * a frame to its ack that 99 % stay below, frames that are not acked yet, how full the commit log is, room on the disk.
 */
void acq_status_show(struct acq_status_line *was, struct acq_sessions *all, int64_t now_ns);

#endif
