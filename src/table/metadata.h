/* metadata.h - what a Parquet file says about itself: key and value texts in its footer.
 *
 * acq.version: the program's. acq.channels: JSON, for each column its unit and meaning: {"speed_kmh": {"unit": "km/h",
 * "doc": "..."}, ...}. Of one recording, where it is known: acq.session, acq.game, acq.car, acq.track, acq.layout,
 * acq.driver, and acq.start, the time of its first frame in UTC. Of several: acq.sessions, JSON, a list of objects with
 * session, car, track, layout, driver, start. How the rows were made, where it is not simply one for each frame:
 * acq.laps, acq.from, acq.to, acq.rate_hz as they were asked for; acq.original: "restored" where misread values of the
 * original project were put back, "misread" where they stand as they were written. */
#ifndef ACQ_TABLE_METADATA_H
#define ACQ_TABLE_METADATA_H

#include "table/duck.h"
#include "table/parts.h"

struct acq_metadata {
    const struct acq_part *parts; /* the recordings */
    size_t n;
    const size_t *fields; /* the columns, as indexes of acq_rows_fields */
    size_t field_count;
    const char *laps, *from, *to; /* NULL: all */
    double rate_hz;               /* 0: not resampled */
    bool restored;
};

/* acq_metadata_add adds DuckDB's literal of it to a statement. */
void acq_metadata_add(struct acq_sql *sql, const struct acq_metadata *metadata);

#endif
