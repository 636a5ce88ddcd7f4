/* grid.h - a table of short texts, aligned for a terminal.
 *
 * Shapes  cells row by row; the first row is the heading. A cell is at most ACQ_GRID_CELL - 1 bytes of UTF-8.
 * Memory  acq_grid_init takes nothing; rows are the grid's until acq_grid_fini.
 * Threads one at a time. */
#ifndef ACQ_TABLE_GRID_H
#define ACQ_TABLE_GRID_H

#include "table/chunk.h"

#include <stdio.h>

enum { ACQ_GRID_CELL = 64 };

struct acq_grid {
    size_t columns, rows, room;
    char (*cells)[ACQ_GRID_CELL];
    bool *right; /* [column] aligned to the right: numbers */
};

/* acq_grid_init makes an empty grid. Returns 0 or ACQ_MEMORY. */
int acq_grid_init(struct acq_grid *grid, size_t columns);
void acq_grid_fini(struct acq_grid *grid);

/* acq_grid_add appends a row of empty cells. Returns its first cell, valid until the next call, or NULL. */
char (*acq_grid_add(struct acq_grid *grid))[ACQ_GRID_CELL];

/* acq_grid_text, acq_grid_cell write a text, a cell of a chunk, as it is shown: numbers with the digits that their type
 * has, NULL as ACQ_GRID_NULL, control characters as '?', text of more than `most` characters cut. acq_grid_time:
 * nanoseconds since 1970.
 */
#define ACQ_GRID_NULL "-"
enum { ACQ_GRID_TEXT_MAX = 40 /* [character] */ };
void acq_grid_text(char dst[ACQ_GRID_CELL], const char *bytes, size_t len, size_t most);
void acq_grid_number(char dst[ACQ_GRID_CELL], double x);
void acq_grid_time(char dst[ACQ_GRID_CELL], int64_t ns);
void acq_grid_cell(char dst[ACQ_GRID_CELL], const struct acq_cells *cells, size_t row);

/* acq_grid_print prints it to `out` in blocks of as many columns as fit `width`, each with the first `keys` columns
 * again; or, unless `all`, only the first block. With `dim` NULLs are grey. Returns how many columns were printed. */
size_t acq_grid_print(const struct acq_grid *grid, FILE *out, unsigned width, size_t keys, bool all, bool dim);

#endif
