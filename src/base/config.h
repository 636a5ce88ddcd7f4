/* config.h - settings in a file: the options of a command, one `name = value` per line.
 *
 * The file is UTF-8, with or without a byte order mark, its lines end as on Linux or on Windows. A line that begins
 * with # is a comment. A value may stand in double quotes, and has to where it holds " #".
 *
 * Memory  texts that are set point into struct acq_config, which is the caller's from acq_config_read to
 *         acq_config_fini.
 * Errors  ACQ_MISSING, ACQ_IO from the file; ACQ_USAGE for a mistake in it: one sentence with file and line. */
#ifndef ACQ_BASE_CONFIG_H
#define ACQ_BASE_CONFIG_H

#include "base/buf.h"
#include "base/file.h"
#include "base/opt.h"

#define ACQ_CONFIG_MAX (64 << 10) /* [byte] a longer file is none of settings */

struct acq_config {
    char path[ACQ_PATH_MAX];
    struct acq_buf text;
    unsigned line[ACQ_OPTIONS_MAX]; /* where the file sets option i of the table; 0: nowhere */
};

/* acq_config_read sets the options that the file names, but those in `given`, which the command line has set. The
 * option `config` itself may not stand there. Returns 0 or an error; acq_config_fini is due in both cases. */
int acq_config_read(struct acq_config *config, const char *path, const struct acq_command *command, uint64_t given,
                    void *values, struct acq_err *err);
void acq_config_fini(struct acq_config *config);

/* acq_config_blame puts file and line before err's text if the option `name` was set there, and not in `given`. For
 * checks of a value that the table does not know. */
void acq_config_blame(const struct acq_config *config, const struct acq_command *command, uint64_t given,
                      const char *name, struct acq_err *err);

/* acq_config_text appends such a file, in which every option stands with its help and the value that it has in
 * `values`, all as comments. Returns 0 or ACQ_MEMORY, ACQ_RANGE. */
int acq_config_text(const struct acq_command *command, const void *values, struct acq_buf *text);

/* acq_config_write makes that file. Returns 0; ACQ_EXISTS where there is a file already, which is left as it is; or
 * ACQ_MISSING, ACQ_IO where it cannot be made. */
int acq_config_write(const char *path, const struct acq_command *command, const void *values, struct acq_err *err);

#endif
