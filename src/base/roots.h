/* roots.h - the certificates that this system trusts.
 *
 * Threads any. */
#ifndef ACQ_BASE_ROOTS_H
#define ACQ_BASE_ROOTS_H

#include <stddef.h>
#include <stdint.h>

/* acq_roots_each calls fn with each certificate (DER) by which the system knows servers. Returns how many there were,
 * or ACQ_MISSING where the system keeps them in files, which OpenSSL finds by itself. */
int acq_roots_each(void (*fn)(void *user, const uint8_t *der, size_t n), void *user);

#endif
