#include "record/foreign.h"

#include <stdio.h>

enum { SOME = 256 * 1024, BATCH = 512 * 1024, MOST = 4 * BATCH };

int acq_foreign_init(struct acq_foreign *f, struct acq_err *err)
{
    *f = (struct acq_foreign){0};
    acq_buf_init(&f->out, MOST);
    f->open = inflateInit2(&f->z, 15 + 16) == Z_OK; /* + 16: gzip, not zlib */
    return f->open ? ACQ_OK : acq_fail(err, ACQ_MEMORY, "no memory to read a gzip stream");
}

void acq_foreign_fini(struct acq_foreign *f)
{
    if (f->open) inflateEnd(&f->z);
    acq_buf_fini(&f->out);
    *f = (struct acq_foreign){0};
}

static void lose(struct acq_loss *l, const char *text)
{
    if (!*l->text) snprintf(l->text, sizeof l->text, "%s", text);
}

/* inflate_some: more content into `out`. Returns 0, ACQ_END, or an error of the file. */
static int inflate_some(struct acq_foreign *f, struct acq_input *in, struct acq_loss *loss, struct acq_err *err)
{
    ptrdiff_t n = acq_input_have(in, 1, err);
    if (n <= 0) return n < 0 ? (int)n : ACQ_END;
    if (f->complete) { /* another gzip member may follow */
        if (*acq_input_bytes(in) != 0x1f || inflateReset(&f->z) != Z_OK) return ACQ_END;
        f->complete = false;
    }
    if (acq_buf_reserve(&f->out, SOME) < 0) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", in->path);
    f->z.next_in = (z_const Bytef *)acq_input_bytes(in);
    f->z.avail_in = (unsigned)(n > SOME ? SOME : n);
    f->z.next_out = f->out.bytes + f->out.len;
    f->z.avail_out = SOME;
    unsigned before = f->z.avail_in;
    int z = inflate(&f->z, Z_NO_FLUSH);
    acq_input_use(in, before - f->z.avail_in);
    f->out.len += SOME - f->z.avail_out;
    f->complete = z == Z_STREAM_END;
    if (z == Z_OK || z == Z_STREAM_END || z == Z_BUF_ERROR) return ACQ_OK;
    lose(loss, "the gzip stream is damaged: what stands before the damage is read");
    loss->damaged_bytes += (uint64_t)n;
    f->ended = true;
    return ACQ_END;
}

/* whole_frames: how many bytes of a batch are whole frames; *how is how it ends, as acq_batch_next says it. No frame is
 * empty, so that gigabytes of zeros are no frames either. */
static size_t whole_frames(struct acq_batch b, int *how)
{
    const uint8_t *begin = b.bytes, *end = b.bytes, *frame;
    size_t n;
    while ((*how = acq_batch_next(&b, &frame, &n)) == ACQ_OK && n) end = b.bytes;
    if (*how == ACQ_OK) *how = ACQ_FORMAT;
    return (size_t)(end - begin);
}

static int end_here(struct acq_foreign *f, struct acq_loss *loss)
{
    f->ended = true;
    loss->damaged_bytes += f->out.len;
    loss->closed = f->complete && !*loss->text;
    if (!f->complete)
        lose(loss, "the file is cut: it ends inside its gzip stream, as after a crash");
    else if (f->out.len)
        lose(loss, "the file is cut: it ends inside a frame");
    f->out.len = 0;
    return ACQ_END;
}

int acq_foreign_next(struct acq_foreign *f, struct acq_input *in, bool follow, struct acq_loss *loss,
                     struct acq_batch *batch, struct acq_err *err)
{
    acq_buf_drop(&f->out, f->given);
    f->given = 0;
    for (bool stop = f->ended;;) {
        int more = stop ? ACQ_END : f->out.len < BATCH ? inflate_some(f, in, loss, err) : ACQ_OK, how;
        if (more < 0) return more;
        size_t n = whole_frames((struct acq_batch){f->out.bytes, f->out.len}, &how);
        if (how == ACQ_FORMAT) lose(loss, "a frame has an impossible length: what stands before it is read");
        stop = more == ACQ_END || how == ACQ_FORMAT;
        if (n && (stop || n >= BATCH / 2)) {
            *batch = (struct acq_batch){f->out.bytes, n};
            f->given = n;
            f->ended = f->ended || how == ACQ_FORMAT;
            return ACQ_OK;
        }
        if (stop && follow && !f->ended && !f->complete && how != ACQ_FORMAT) return ACQ_AGAIN;
        if (stop) return end_here(f, loss);
    }
}
