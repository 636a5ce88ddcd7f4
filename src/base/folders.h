/* folders.h - the folder that a program works in, and the one that holds its settings.
 *
 * Memory  the caller's.
 * Threads the working folder is the whole process's: set it before there are threads. */
#ifndef ACQ_BASE_FOLDERS_H
#define ACQ_BASE_FOLDERS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* acq_folder_current writes the folder in which relative paths begin. Returns false if it is not known or does not
 * fit. acq_folder_enter makes `path` that folder: 0, or ACQ_MISSING where it cannot be entered. */
bool acq_folder_current(char *dst, size_t size);
int acq_folder_enter(const char *path, struct acq_err *err);

/* acq_folder_settings writes the folder for settings of the user: on Windows that of the program itself, so that one
 * folder holds all; on Linux acq in $XDG_CONFIG_HOME or ~/.config (XDG Base Directory Specification). It need not be
 * there. Returns false if it is not known or does not fit.
 * acq_folder_autostart writes, on Linux, where the desktop looks for what to start at log-in; false on Windows, which
 * has the registry for that. */
bool acq_folder_settings(char *dst, size_t size);
bool acq_folder_autostart(char *dst, size_t size);

#endif
