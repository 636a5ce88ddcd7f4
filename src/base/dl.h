/* dl.h - loads a library at run time, by UTF-8 path.
 *
 * Memory  a library stays loaded until acq_dl_close.
 * Threads any thread. */
#ifndef ACQ_BASE_DL_H
#define ACQ_BASE_DL_H

#include "base/err.h"

/* ACQ_DL_FILE("x") is the file name of the library x. */
#ifdef _WIN32
#define ACQ_DL_FILE(name) name ".dll"
#else
#define ACQ_DL_FILE(name) "lib" name ".so"
#endif

struct acq_dl;

/* acq_dl_open loads the library at `path`, or by the system's own search where that is a bare name. Returns NULL, with
 * the system's reason in err, if it cannot. */
struct acq_dl *acq_dl_open(const char *path, struct acq_err *err);
void acq_dl_close(struct acq_dl *library);

/* acq_dl_sym returns the function `name` of the library, for the caller to cast to its type; NULL if there is none. */
typedef void (*acq_dl_function)(void);
acq_dl_function acq_dl_sym(struct acq_dl *library, const char *name);

#endif
