#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

int acq_fail(struct acq_err *err, int code, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        err->code = code;
        vsnprintf(err->text, sizeof err->text, format, args);
        va_end(args);
    }
    return code;
}

int acq_exit_code(int result)
{
    if (result == ACQ_USAGE) return ACQ_EXIT_USAGE;
    return result < 0 ? ACQ_EXIT_FAILED : ACQ_EXIT_OK;
}
