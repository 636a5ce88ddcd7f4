/* buf.h - bytes that grow, up to a maximum.
 *
 * Memory  acq_buf_init takes nothing; the buffer owns its bytes until acq_buf_fini. Pointers into it are valid until
 * the next call that adds. Errors  a failed call leaves the buffer as it was: ACQ_RANGE beyond the maximum, ACQ_MEMORY.
 */
#ifndef ACQ_BASE_BUF_H
#define ACQ_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct acq_buf {
    uint8_t *bytes;
    size_t len, room, max; /* [byte] */
};

void acq_buf_init(struct acq_buf *b, size_t max);
void acq_buf_fini(struct acq_buf *b);

/* acq_buf_reserve makes room for n more bytes behind the last. Returns 0, ACQ_RANGE or ACQ_MEMORY. */
int acq_buf_reserve(struct acq_buf *b, size_t n);

/* acq_buf_add appends n bytes. Returns as acq_buf_reserve. */
int acq_buf_add(struct acq_buf *b, const void *bytes, size_t n);

/* acq_buf_drop removes the first n bytes, n <= len. */
void acq_buf_drop(struct acq_buf *b, size_t n);

/* acq_put_le, acq_get_le write and read the low n bytes (n <= 8) of a number, little end first. */
void acq_put_le(uint8_t *dst, uint64_t v, unsigned n);
uint64_t acq_get_le(const uint8_t *src, unsigned n);

#endif
