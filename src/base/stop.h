/* stop.h - how the system tells a program to end: Ctrl+C, a signal, a closed console, a log-off, a shutdown.
 *
 * A program that has something to close looks at acq_stopped a few times a second, and ends by itself. Where the system
 * would end it at once otherwise (Windows does so after a closed console and at its end), it is made to wait until the
 * program has ended: some five seconds.
 *
 * Threads all may be called from any thread. */
#ifndef ACQ_BASE_STOP_H
#define ACQ_BASE_STOP_H

#include <stdbool.h>

enum acq_stop {
    ACQ_STOP_NONE,
    ACQ_STOP_USER,    /* Ctrl+C, Ctrl+Break */
    ACQ_STOP_TOLD,    /* another program asked for it: SIGTERM, an installer that wants to replace the .exe */
    ACQ_STOP_CONSOLE, /* the console or terminal was closed */
    ACQ_STOP_LOGOFF,
    ACQ_STOP_SHUTDOWN
};

/* acq_on_stop begins to take note of it. Being told again ends the program at once, unless acq_on_stop_again was called
 * instead: then acq_stop_times says how often it was told, and the third time ends it. */
void acq_on_stop(void);
void acq_on_stop_again(void);

bool acq_stopped(void);
unsigned acq_stop_times(void);

/* acq_stop_why returns the first reason. acq_stop_words says it, as the end of "the session ended: …".
 * acq_stop_hurries says whether the system ends the program soon, whatever it still does. */
enum acq_stop acq_stop_why(void);
const char *acq_stop_words(enum acq_stop why);
bool acq_stop_hurries(void);

/* acq_stop_tell is for stop_*.c, also in a signal handler. Returns false if the program is to end at once. */
bool acq_stop_tell(enum acq_stop why);

/* acq_stop_watch is the system's part of acq_on_stop. */
void acq_stop_watch(void);

#endif
