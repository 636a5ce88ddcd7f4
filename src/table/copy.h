/* copy.h - recordings, or a whole table, into a Parquet or CSV file.
 *
 * Memory  bounded: about 300 MB however long the recordings are, except where rows have to be sorted.
 * Threads one at a time: the program's main thread.
 * Errors  those of the input; ACQ_EXISTS, ACQ_IO of the output; ACQ_STOPPED after Ctrl+C. Nothing is left behind. */
#ifndef ACQ_TABLE_COPY_H
#define ACQ_TABLE_COPY_H

#include "table/parts.h"
#include "table/table.h"

/* Version 2 and zstd make files a third smaller. A dictionary of more values than this costs more time than it saves
 * bytes. Row groups are held in memory, so theirs is a third of DuckDB's usual size: our rows are long. */
#define ACQ_COPY_PARQUET_OPTIONS "PARQUET_VERSION v2, COMPRESSION zstd, DICTIONARY_SIZE_LIMIT 200, ROW_GROUP_SIZE 40960"

enum acq_copy_format {
    ACQ_COPY_PARQUET,
    ACQ_COPY_COMPAT, /* Parquet with the encodings of version 1 and snappy, for old readers */
    ACQ_COPY_CSV
};

/* What to write, and how. All pointers are the caller's. */
struct acq_copy {
    struct acq_part *parts; /* the recordings, in the order of their rows */
    size_t n;
    struct acq_scan *scan; /* of a single one: opened with these options, and taken over by acq_copy_recordings */
    struct acq_scan_options options;
    const char *laps, *from, *to; /* the texts that options.select was made of, for the metadata; NULL: all */
    const size_t *fields;         /* columns, as indexes of acq_rows_fields */
    size_t field_count;
    enum acq_copy_format format;
    const char *out;
    bool force;                                                       /* overwrite it */
    const char *name;                                                 /* how progress calls it */
    void (*lost)(void *user, const char *path, const char *sentence); /* for each recording that lost something */
    void *user;
};

struct acq_copied {
    uint64_t rows;
    char loss[160]; /* what the recording, or the first of several, had lost, in one sentence, "" for nothing */
};

/* acq_copy_recordings writes recordings to a file. Rows are in the file's order; those of a recording without frame
 * numbers, by time. Returns 0 and *copied; ACQ_END where options.select leaves no row, and then no file; or an error.
 */
int acq_copy_recordings(const struct acq_copy *copy, struct acq_copied *copied, struct acq_err *err);

/* acq_copy_fields fills the columns that a copy has where none are chosen: all but t_s. Returns their number. */
size_t acq_copy_fields(size_t fields[ACQ_ROW_FIELDS]);

/* acq_copy_csv writes n fields of a table, by index, to `out`, an existing one only if `force` is set; else as above.
 */
int acq_copy_csv(const struct acq_table *table, const size_t *fields, size_t n, const char *out, bool force,
                 struct acq_copied *copied, struct acq_err *err);

#endif
