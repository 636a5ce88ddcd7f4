/* terminal.h - the terminal that a program talks to, if it does.
 *
 * Units   columns of the terminal.
 * Threads one at a time. */
#ifndef ACQ_BASE_TERMINAL_H
#define ACQ_BASE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* acq_is_terminal says whether file descriptor fd is a terminal on which a line can be replaced: no file or pipe, and
 * neither TERM=dumb nor a console of Windows that takes no escape sequences. */
bool acq_is_terminal(int fd);

/* acq_terminal_width is the width of fd's terminal now, or 80 where that is not known. */
unsigned acq_terminal_width(int fd);

/* acq_terminal_colours: fd's terminal takes colours, and nobody has asked for none (https://no-color.org). */
bool acq_terminal_colours(int fd);

/* acq_stderr_write writes UTF-8 to stderr in one piece. Returns false if it was left out, or cut, because nobody reads:
 * only after acq_stderr_never_wait. */
bool acq_stderr_write(const char *text, size_t n);

/* acq_stderr_never_wait is for a program that must go on while its terminal stands still (Ctrl+S, the mouse in a
 * console of Windows, a line that hangs) or the pipe behind it is full: writing waits a tenth of a second at most. */
void acq_stderr_never_wait(void);

#endif
