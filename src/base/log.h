/* log.h - lines on stderr for the person who runs the program, and the line that says what it does now.
 *
 * What belongs on no line (control characters, broken UTF-8) is written as '?': names in messages come from outside.
 * Colours only where acq_terminal_colours allows them, and never without words that say the same.
 *
 * Threads any thread; a line is written at once, and whole.
 * Errors  none. Nothing is logged per frame above ACQ_LOG_DEBUG: counters are for that. */
#ifndef ACQ_BASE_LOG_H
#define ACQ_BASE_LOG_H

#include "base/err.h"
#include "base/line.h"

enum acq_log_level { ACQ_LOG_ERROR, ACQ_LOG_WARN, ACQ_LOG_INFO, ACQ_LOG_DEBUG };

/* acq_log_setup names the program, which starts each line, and the highest level that is written (at first INFO). */
void acq_log_setup(const char *program, enum acq_log_level most);

/* acq_log_never_wait is for programs whose loop must go on when nobody reads their stderr: lines are left out then, and
 * counted in words when it is read again. See acq_stderr_never_wait. */
void acq_log_never_wait(void);

/* acq_log writes one line, without a newline in `format`. */
void acq_log(enum acq_log_level level, const char *format, ...) ACQ_PRINTF(2, 3);

/* acq_line_show shows what the program does now. On a terminal that is one line, as wide as fits, which the next one
 * replaces; log lines go above it. Elsewhere it is an ordinary line: when its state is another one (once a second at
 * most), and every ten seconds if it says something new. acq_status is the same for a simple text, which is no state;
 * an empty one takes the line away. */
void acq_line_show(const struct acq_line *line);
void acq_status(const char *format, ...) ACQ_PRINTF(1, 2);

#endif
