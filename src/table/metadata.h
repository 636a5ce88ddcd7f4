/* metadata.h - what a Parquet file says about itself: key and value texts in its footer.
 *
 * acq.version: the program's; acq.session, acq.game, acq.car, acq.track, acq.layout: of the first frame, where it is
 * known; acq.channels: JSON, for each column its unit and meaning: {"speed_kmh": {"unit": "km/h", "doc": "..."}, ...}
 */
#ifndef ACQ_TABLE_METADATA_H
#define ACQ_TABLE_METADATA_H

#include "frame/frame.h"
#include "table/duck.h"

/* acq_metadata_add adds DuckDB's literal of it to a statement; `first` may be NULL. */
void acq_metadata_add(struct acq_sql *sql, const struct acq_frame *first);

#endif
