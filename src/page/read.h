/* read.h - takes whole pages out of memory that another process writes, and tells what kind of game wrote them.
 *
 * Threads any; the destination is the caller's. */
#ifndef ACQ_PAGE_READ_H
#define ACQ_PAGE_READ_H

#include "base/err.h"
#include "page/page.h"

#include <stdbool.h>

/* acq_page_id returns the packetId, with which the physics and the graphics page begin. */
int32_t acq_page_id(const uint8_t *page);

/* acq_page_take copies n <= 1024 bytes of a page to dst: packetId, copy, copy again, packetId. Returns true if both
 * ids and both copies agree; false if the page was written meanwhile: then dst is worth nothing. */
bool acq_page_take(uint8_t *dst, const uint8_t *page, size_t n);

/* acq_page_same says whether the page still reads as `copy`, which was taken from it before. */
bool acq_page_same(const uint8_t *copy, const uint8_t *page, size_t n);

/* acq_static_read makes *stat and *size, how many of its bytes are known, out of n bytes of a static page. The page
 * exists with 33 and with 15 characters of trackConfiguration; which one it is, is recognised by the fields behind it,
 * and *stat always has 33. If neither fits, the fields behind trackConfiguration are left out: *size ends before them.
 * Returns 0; ACQ_AGAIN if the game has not filled the page yet; ACQ_VERSION if another game wrote it. */
int acq_static_read(struct acq_page_static *stat, size_t *size, const uint8_t *page, size_t n, struct acq_err *err);

#endif
