/* previous.h - where the newest recording of a folder ends, for a bridge that was restarted.
 *
 * Memory  the caller's. Threads any.
 * Errors  none: where nothing is found there is nothing to go on from. */
#ifndef ACQ_BRIDGE_PREVIOUS_H
#define ACQ_BRIDGE_PREVIOUS_H

#include "bridge/session_rules.h"

/* acq_previous_find fills mark from the last whole member of the recording in `dir` whose name has the latest time.
 * mark->session is "" where there is none, or it is being written, or its last member does not say enough. Only the
 * end of that one file is read. */
void acq_previous_find(struct acq_mark *mark, const char *dir);

#endif
