#include "base/dl.h"

#include <dlfcn.h>
#include <string.h>

struct acq_dl *acq_dl_open(const char *path, struct acq_err *err)
{
    void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (!library) acq_fail(err, ACQ_MISSING, "cannot load %s: %s", path, dlerror());
    return library;
}

void acq_dl_close(struct acq_dl *library)
{
    if (library) dlclose(library);
}

acq_dl_function acq_dl_sym(struct acq_dl *library, const char *name)
{
    /* ISO C has no cast from a data pointer to a function; POSIX, "dlsym", lets the bytes be copied. */
    void *address = dlsym(library, name);
    acq_dl_function function;
    memcpy(&function, &address, sizeof function);
    return function;
}
