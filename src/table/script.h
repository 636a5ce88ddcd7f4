/* script.h - one SQL text taken apart into its statements, as DuckDB's own parser would.
 *
 * Memory  statements point into the text.
 * Threads any. */
#ifndef ACQ_TABLE_SCRIPT_H
#define ACQ_TABLE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

/* acq_script_next finds the next statement at *at: *n bytes from *begin, without its semicolon and the white space
 * around it, and moves *at behind it. Semicolons in quotes, in $tag$ texts $tag$ and in comments end no statement.
 * Returns false when nothing but white space and comments is left. */
bool acq_script_next(const char **at, const char **begin, size_t *n);

#endif
