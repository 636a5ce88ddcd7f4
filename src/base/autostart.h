/* autostart.h - lets this program start when the user logs in.
 *
 * Windows  a value under HKEY_CURRENT_USER, Software\Microsoft\Windows\CurrentVersion\Run.
 * Linux    a file in $XDG_CONFIG_HOME/autostart or ~/.config/autostart.
 * Memory   the caller's.
 * Source   Microsoft, "Run and RunOnce Registry Keys"; freedesktop.org, "Desktop Application Autostart Specification"
 *          and "Desktop Entry Specification". */
#ifndef ACQ_BASE_AUTOSTART_H
#define ACQ_BASE_AUTOSTART_H

#include "base/err.h"

#include <stddef.h>

/* acq_autostart_on has this program started with n words behind its path; an earlier entry of this name is replaced.
 * Returns 0; ACQ_USAGE if the system does not take so long a command or these characters; ACQ_MISSING, ACQ_IO. */
int acq_autostart_on(const char *name, const char *const *words, size_t n, struct acq_err *err);

/* acq_autostart_off takes the entry away. Returns 0, also where there is none, or ACQ_IO. */
int acq_autostart_off(const char *name, struct acq_err *err);

/* acq_autostart_get writes the command that is started, as the system has it. Returns 0; ACQ_END if it is off; or
 * ACQ_IO. */
int acq_autostart_get(const char *name, char *dst, size_t size, struct acq_err *err);

#endif
