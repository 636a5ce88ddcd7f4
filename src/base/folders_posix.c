#include "base/folders.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool acq_folder_current(char *dst, size_t size)
{
    return getcwd(dst, size) != NULL;
}

int acq_folder_enter(const char *path, struct acq_err *err)
{
    if (chdir(path) == 0) return ACQ_OK;
    return acq_fail(err, ACQ_MISSING, "cannot work in the folder %s: %s", path, strerror(errno));
}

/* in_config writes `name` in the user's folder of settings. A relative $XDG_CONFIG_HOME counts as none: XDG Base
 * Directory Specification. */
static bool in_config(char *dst, size_t size, const char *name)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    bool own = config && *config == '/';
    if (!own && (!home || *home != '/')) return false;
    int n = snprintf(dst, size, "%s%s/%s", own ? config : home, own ? "" : "/.config", name);
    return n > 0 && (size_t)n < size;
}

bool acq_folder_settings(char *dst, size_t size)
{
    return in_config(dst, size, "acq");
}

bool acq_folder_autostart(char *dst, size_t size)
{
    return in_config(dst, size, "autostart");
}
