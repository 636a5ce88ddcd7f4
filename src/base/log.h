/* log.h - lines on stderr for the person who runs the program.
 *
 * Threads any thread; a line is written at once.
 * Errors  none. Nothing is logged per frame above ACQ_LOG_DEBUG: counters are for that. */
#ifndef ACQ_BASE_LOG_H
#define ACQ_BASE_LOG_H

#include "base/err.h"

enum acq_log_level { ACQ_LOG_ERROR, ACQ_LOG_WARN, ACQ_LOG_INFO, ACQ_LOG_DEBUG };

/* acq_log_setup names the program, which starts each line, and the highest level that is written (at first INFO). */
void acq_log_setup(const char *program, enum acq_log_level most);

/* acq_log writes one line, without a newline in `format`. */
void acq_log(enum acq_log_level level, const char *format, ...) ACQ_PRINTF(2, 3);

/* acq_status shows what is going on now: on a terminal one line that the next one replaces, otherwise a line of its own
 * every ten seconds. An empty text ends it. Log lines and the status line keep out of each other's way. */
void acq_status(const char *format, ...) ACQ_PRINTF(1, 2);

#endif
