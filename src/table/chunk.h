/* chunk.h - some rows of a table, column by column: what flows between readers and users of tables.
 *
 * Units   none of its own. ACQ_CELL_TIME is nanoseconds since 1970-01-01 UTC.
 * Shapes  cells[column].values[row], of the C type of the column; up to ACQ_CHUNK_ROWS rows.
 * Memory  a chunk owns its arrays; the texts in it are its own (acq_chunk_text) or borrowed from who fills it.
 * Threads one at a time. */
#ifndef ACQ_TABLE_CHUNK_H
#define ACQ_TABLE_CHUNK_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ACQ_CHUNK_ROWS = 2048, ACQ_CHUNK_WORDS = ACQ_CHUNK_ROWS / 64 };

enum acq_cell_type {
    ACQ_CELL_F32,  /* float */
    ACQ_CELL_F64,  /* double */
    ACQ_CELL_I32,  /* int32_t */
    ACQ_CELL_I64,  /* int64_t */
    ACQ_CELL_TIME, /* int64_t */
    ACQ_CELL_TEXT  /* struct acq_text */
};

struct acq_text {
    const char *bytes; /* UTF-8, not ended by NUL */
    size_t len;        /* [byte] */
};

/* A column of a table. */
struct acq_field {
    const char *name;
    const char *unit; /* "" where there is none, or it is not known */
    enum acq_cell_type type;
};

struct acq_cells {
    enum acq_cell_type type;
    void *values;
    uint64_t valid[ACQ_CHUNK_WORDS]; /* bit row % 64 of word row / 64: 0 is NULL */
};

struct acq_chunk {
    size_t rows, columns;
    struct acq_cells *cells;
    struct acq_stat *stats;       /* [column] of its rows, where acq_stat_chunk made them; else NULL */
    struct acq_text_block *texts; /* what acq_chunk_text has handed out */
    void *memory;                 /* of all values */
};

/* acq_chunk_init makes a chunk of `n` columns of these types. Memory of rows that are not used yet costs nothing.
 * Returns 0 or ACQ_MEMORY. */
int acq_chunk_init(struct acq_chunk *chunk, const enum acq_cell_type *types, size_t n);
void acq_chunk_fini(struct acq_chunk *chunk);

/* acq_chunk_reset empties it: no rows, all cells NULL, no texts. */
void acq_chunk_reset(struct acq_chunk *chunk);

/* acq_chunk_text returns a copy of a text that lives until the chunk is reset; of no bytes where there is no memory. */
struct acq_text acq_chunk_text(struct acq_chunk *chunk, const char *bytes, size_t len);

/* acq_cells_full says whether none of the first `rows` cells is NULL. */
bool acq_cells_full(const struct acq_cells *cells, size_t rows);

static inline bool acq_cell_valid(const struct acq_cells *cells, size_t row)
{
    return cells->valid[row / 64] >> (row % 64) & 1;
}

/* acq_cell_size returns the bytes of one value. */
size_t acq_cell_size(enum acq_cell_type type);

#endif
