/* os.h - what the programs need of the system beside files and timers: clock, sleep, random bytes, arguments.
 *
 * Threads all functions may be called from any thread, except acq_args: at the start of main. */
#ifndef ACQ_BASE_OS_H
#define ACQ_BASE_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* acq_now_ns returns the steady clock in nanoseconds: never jumps, no known start. */
int64_t acq_now_ns(void);

/* acq_utc_ns returns nanoseconds since 1970-01-01 UTC; may jump when the clock is set. */
int64_t acq_utc_ns(void);

/* acq_sleep_ms sleeps about so long. */
void acq_sleep_ms(unsigned ms);

/* acq_raise_files lets this process have as many files and sockets open as the system allows it. */
void acq_raise_files(void);

/* acq_thread_name gives this thread a name, of 15 characters at most, for people who look at the running program; where
 * the system has none it does nothing. */
void acq_thread_name(const char *name);

/* acq_random fills n bytes (n <= 256) with random bytes of the system. Returns false if it cannot. */
bool acq_random(void *bytes, size_t n);

/* acq_uuid7 writes a new UUID of version 7 (RFC 9562, section 5.7) as text. Returns false if there are no random bytes.
 */
bool acq_uuid7(char text[37]);

/* acq_args makes *argv UTF-8 and the console print UTF-8. Call first in main. Returns false if it cannot. */
bool acq_args(int *argc, char ***argv);

/* acq_cpu_seconds returns the CPU time that this process has used. */
double acq_cpu_seconds(void);

/* acq_executable_dir writes the folder of the running program, without a separator at its end. Returns false if it is
 * not known or does not fit. */
bool acq_executable_dir(char *dst, size_t size);

#endif
