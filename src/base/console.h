/* console.h - the window that a program of the console has on Windows. Elsewhere there is none.
 *
 * Source  Microsoft, "GetConsoleProcessList function", "GetConsoleWindow function". */
#ifndef ACQ_BASE_CONSOLE_H
#define ACQ_BASE_CONSOLE_H

#include <stdbool.h>

/* acq_console_is_own says whether a console was made for this program alone, as by a double click: the window goes away
 * when the program ends. */
bool acq_console_is_own(void);

/* acq_console_minimise makes such a window small; one that others share stays as it is. */
void acq_console_minimise(void);

#endif
