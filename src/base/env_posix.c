#include "base/env.h"

#include <stdlib.h>
#include <string.h>

bool acq_env(const char *name, char *dst, size_t size)
{
    const char *value = getenv(name);
    size_t n = value ? strlen(value) : 0;
    if (n == 0 || n >= size) return false;
    memcpy(dst, value, n + 1);
    return true;
}
