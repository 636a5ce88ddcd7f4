/* fifo.h - bytes that come in at the end and leave at the front; not for others than rpc/.
 *
 * Memory  acq_fifo_init takes nothing. An empty one gives back what is more than a few messages need. Pointers into it
 *         are valid until the next acq_fifo_add, acq_fifo_drop or acq_fifo_clear. */
#ifndef ACQ_RPC_FIFO_H
#define ACQ_RPC_FIFO_H

#include "base/buf.h"

#include <stdbool.h>

struct acq_fifo {
    struct acq_buf buf;
    size_t at; /* the first `at` bytes of buf have left */
    bool busy; /* it was long, and will soon be again: it keeps its memory until acq_fifo_rest */
};

void acq_fifo_init(struct acq_fifo *f, size_t max);
void acq_fifo_fini(struct acq_fifo *f);

static inline size_t acq_fifo_len(const struct acq_fifo *f)
{
    return f->buf.len - f->at;
}

static inline const uint8_t *acq_fifo_bytes(const struct acq_fifo *f)
{
    return f->buf.bytes + f->at;
}

/* acq_fifo_reserve makes room for n more bytes. acq_fifo_add appends n. Both return 0, ACQ_RANGE or ACQ_MEMORY. */
int acq_fifo_reserve(struct acq_fifo *f, size_t n);
int acq_fifo_add(struct acq_fifo *f, const void *bytes, size_t n);

/* acq_fifo_drop removes the first n bytes, n <= acq_fifo_len. acq_fifo_clear removes all. */
void acq_fifo_drop(struct acq_fifo *f, size_t n);
void acq_fifo_clear(struct acq_fifo *f);

/* acq_fifo_rest, now and then, ends the time in which it is busy, and gives back what it has not needed since the last
 * time. */
void acq_fifo_rest(struct acq_fifo *f);

#endif
