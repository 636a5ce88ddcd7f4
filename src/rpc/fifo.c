#include "rpc/fifo.h"

#include <stdbool.h>

/* What an empty one keeps: some frames, so that a call that is busy does not allocate for each; calls are many. */
enum { KEPT = 8 * 1024 };

static void give_back(struct acq_fifo *f)
{
    size_t max = f->buf.max;
    if (acq_fifo_len(f) || f->buf.room <= KEPT) return;
    acq_buf_fini(&f->buf);
    acq_buf_init(&f->buf, max);
}

void acq_fifo_init(struct acq_fifo *f, size_t max)
{
    *f = (struct acq_fifo){.at = 0};
    acq_buf_init(&f->buf, max);
}

void acq_fifo_fini(struct acq_fifo *f)
{
    f->at = 0;
    acq_buf_fini(&f->buf);
}

static void close_up(struct acq_fifo *f)
{
    acq_buf_drop(&f->buf, f->at);
    f->at = 0;
}

int acq_fifo_reserve(struct acq_fifo *f, size_t n)
{
    /* not at each call: what stays is moved only where at least as much has left, or where there is no other room */
    bool full = f->buf.len + n > f->buf.room;
    if (full && f->at && (f->at >= f->buf.len / 2 || f->buf.len + n > f->buf.max)) close_up(f);
    return acq_buf_reserve(&f->buf, n);
}

int acq_fifo_add(struct acq_fifo *f, const void *bytes, size_t n)
{
    int r = acq_fifo_reserve(f, n);
    return r < 0 ? r : acq_buf_add(&f->buf, bytes, n);
}

void acq_fifo_drop(struct acq_fifo *f, size_t n)
{
    f->at += n;
    if (f->at == f->buf.len) acq_fifo_clear(f);
}

void acq_fifo_clear(struct acq_fifo *f)
{
    f->at = f->buf.len = 0;
    if (!f->busy) give_back(f);
}

void acq_fifo_rest(struct acq_fifo *f)
{
    if (!f->busy) give_back(f);
    f->busy = false;
}
