#include "table/feed.h"

#include "base/buf.h"
#include "table/ring.h"

#include <stdlib.h>

enum { BATCH_MAX = 64 * 1024 * 1024 };

struct slot {
    struct acq_buf bytes;
    struct acq_loss loss;
    double progress;
    struct acq_err err;
};

struct acq_feed {
    struct acq_reader *reader;
    struct slot slots[ACQ_RING_SLOTS];
    size_t latest;
    struct acq_ring ring;
    bool started;
};

static int make(void *user, size_t i)
{
    struct acq_feed *f = user;
    struct slot *slot = &f->slots[i];
    struct acq_batch batch;
    int result = acq_reader_next(f->reader, &batch, &slot->err);
    slot->bytes.len = 0;
    if (result == ACQ_OK && acq_buf_add(&slot->bytes, batch.bytes, batch.len) < 0)
        result = acq_fail(&slot->err, ACQ_MEMORY, "no memory to read the recording");
    slot->loss = *acq_reader_get_loss(f->reader);
    slot->progress = acq_reader_progress(f->reader);
    return result;
}

int acq_feed_new(struct acq_feed **feed, const char *path, struct acq_err *err)
{
    struct acq_feed *f = calloc(1, sizeof *f);
    if (!f) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", path);
    for (size_t i = 0; i < ACQ_RING_SLOTS; i++) acq_buf_init(&f->slots[i].bytes, BATCH_MAX);
    int result = acq_reader_new(&f->reader, path, err);
    if (result == ACQ_OK) result = acq_ring_start(&f->ring, make, f, err);
    f->started = result == ACQ_OK;
    if (result < 0)
        acq_feed_free(f);
    else
        *feed = f;
    return result;
}

void acq_feed_free(struct acq_feed *f)
{
    if (!f) return;
    if (f->started) acq_ring_stop(&f->ring);
    for (size_t i = 0; i < ACQ_RING_SLOTS; i++) acq_buf_fini(&f->slots[i].bytes);
    acq_reader_free(f->reader);
    free(f);
}

int acq_feed_next(struct acq_feed *f, struct acq_batch *batch, struct acq_err *err)
{
    int result = acq_ring_next(&f->ring, &f->latest);
    const struct slot *slot = &f->slots[f->latest];
    *batch = (struct acq_batch){slot->bytes.bytes, slot->bytes.len};
    if (result < 0 && err) *err = slot->err;
    return result;
}

const struct acq_loss *acq_feed_loss(const struct acq_feed *f)
{
    return &f->slots[f->latest].loss;
}

double acq_feed_progress(const struct acq_feed *f)
{
    return f->slots[f->latest].progress;
}
