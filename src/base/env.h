/* env.h - environment variables as UTF-8. */
#ifndef ACQ_BASE_ENV_H
#define ACQ_BASE_ENV_H

#include <stdbool.h>
#include <stddef.h>

/* acq_env writes the variable `name` to dst. Returns false if it is not set, is empty, or does not fit. */
bool acq_env(const char *name, char *dst, size_t size);

#endif
