/* addr.h - HOST:PORT as people write it. */
#ifndef ACQ_BASE_ADDR_H
#define ACQ_BASE_ADDR_H

#include "base/err.h"

#include <stdbool.h>

struct acq_addr {
    char host[254];
    char port[6];
};

/* acq_addr_parse reads "HOST:PORT", "HOST", ":PORT" or "[IPv6]:PORT"; what is missing is 127.0.0.1 or 50051. Returns 0
 * or ACQ_USAGE. */
int acq_addr_parse(struct acq_addr *addr, const char *text, struct acq_err *err);

/* acq_addr_is_loopback says whether the host is one that only this machine can reach. */
bool acq_addr_is_loopback(const struct acq_addr *addr);

#endif
