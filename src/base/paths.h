/* paths.h - the files that a word of the user means: a file, a folder, or a pattern.
 *
 * In a pattern * stands for any characters but the separator, ? for one, [a-z] and [!a-z] for one of a set, and ** as a
 * whole part of the path for any folders, none included. A name that begins with a dot has to be matched by a dot.
 *
 * Memory  the caller owns struct acq_paths until acq_paths_fini; its texts are its own.
 * Threads one at a time.
 * Errors  ACQ_MISSING where nothing is found; ACQ_RANGE for more files than ACQ_PATHS_MAX; ACQ_IO; ACQ_MEMORY. */
#ifndef ACQ_BASE_PATHS_H
#define ACQ_BASE_PATHS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { ACQ_PATHS_MAX = 100000 };

struct acq_paths {
    char **path;
    size_t n;
};

#define ACQ_PATHS_NONE \
    {                  \
        0              \
    }

/* acq_paths_add appends what `word` means, sorted by name: the file of exactly that name; "-"; all files of a folder
 * that end in one of `suffixes` (ended by NULL); or all that match a pattern. Returns 0 or an error, and then the list
 * is as it was. */
int acq_paths_add(struct acq_paths *paths, const char *word, const char *const *suffixes, struct acq_err *err);
void acq_paths_fini(struct acq_paths *paths);

/* acq_glob_match says whether the n bytes of `pattern`, one part of a path, match all of `name`. */
bool acq_glob_match(const char *pattern, size_t n, const char *name);

#endif
