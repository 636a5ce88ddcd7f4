/* print.h - chunks as text, row by row: aligned for people, CSV, JSON, NDJSON.
 *
 * Shapes  text   columns as wide as the first chunk needs, wider from where a value needs more; numbers to the right,
 *                of floats 6 digits at most, of doubles 9, seconds (unit "s") with 3 decimals; NULL as -, control
 * characters as
 * ?. CSV    RFC 4180 with lines that end in LF: a heading; numbers with the fewest digits that read back as the same
 * number; NULL is nothing, an empty text "". JSON   an array of objects, one in a line; NDJSON: only the objects. NULL,
 * NaN and infinities are null; what is no UTF-8 becomes U+FFFD. A text whose unit is "json" is put in as it is. Times
 * are RFC 3339 in UTC with nanoseconds, whatever the locale. Memory  acq_print_new's object is the caller's until
 * acq_print_end; it keeps `out`, not the fields. Rows are buffered. Threads one at a time. Errors  ACQ_CLOSED where the
 * reader of a pipe has gone: to be taken as the end, without a word. ACQ_IO, ACQ_MEMORY. */
#ifndef ACQ_TABLE_PRINT_H
#define ACQ_TABLE_PRINT_H

#include "table/chunk.h"

#include <stdio.h>

enum acq_print_format { ACQ_PRINT_TEXT, ACQ_PRINT_CSV, ACQ_PRINT_JSON, ACQ_PRINT_NDJSON };

/* acq_print_format_find sets *format to the one of that name: text, csv, json, ndjson. Returns 0 or ACQ_USAGE. */
int acq_print_format_find(const char *name, enum acq_print_format *format, struct acq_err *err);

struct acq_print;

/* acq_print_new begins a table of n fields. Returns 0 and *print, or ACQ_MEMORY. */
int acq_print_new(struct acq_print **print, FILE *out, enum acq_print_format format, const struct acq_field *fields,
                  size_t n, struct acq_err *err);

/* acq_print_rows prints all rows of a chunk with these columns. acq_print_flush hands over what is buffered, for who
 * waits for it. Both return 0 or an error, and after an error always that. */
int acq_print_rows(struct acq_print *print, const struct acq_chunk *chunk, struct acq_err *err);
int acq_print_flush(struct acq_print *print, struct acq_err *err);

/* acq_print_end ends the table, hands over all and frees `print`, which may be NULL. Returns 0 or an error. */
int acq_print_end(struct acq_print *print, struct acq_err *err);

#endif
