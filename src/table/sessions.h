/* sessions.h - read_recording_info(FILES): one row for each recording, from what its headers say (record/info.h).
 *
 * FILES as in source.h. What a recording does not say is NULL; `damage` is NULL where nothing is lost.
 *
 * Memory  as source.h.
 * Threads as source.h.
 * Errors  as source.h. */
#ifndef ACQ_TABLE_SESSIONS_H
#define ACQ_TABLE_SESSIONS_H

#include "table/source.h"

/* acq_sessions_add makes read_recording_info known to a connection; `source` has been added to it already. Returns 0 or
 * an error. */
int acq_sessions_add(struct acq_source *source, struct acq_duck *duck, struct acq_err *err);

#endif
