#include "bridge/tape.h"

#include "record/member.h"

#include <inttypes.h>

int acq_tape_open(struct acq_tape *t, const char *path, const struct acq_select *select, struct acq_err *err)
{
    *t = (struct acq_tape){.path = path, .select = select};
    acq_buf_init(&t->context, 2 * ACQ_FRAME_LIMIT);
    int r = acq_reader_new(&t->reader, path, err);
    if (r < 0) t->reader = NULL;
    if (r == ACQ_OK) r = acq_reader_select(t->reader, select, err);
    if (r < 0) acq_tape_close(t);
    return r;
}

void acq_tape_close(struct acq_tape *t)
{
    acq_reader_free(t->reader);
    t->reader = NULL;
    acq_buf_fini(&t->context);
}

int acq_tape_skip_to(struct acq_tape *t, uint64_t seq, struct acq_err *err)
{
    if (!acq_reader_seekable(t->reader) || !acq_select_all(t->select)) return ACQ_OK;
    t->batch = (struct acq_batch){0};
    t->read_seq = 0;
    int r = acq_reader_skip_to(t->reader, seq, err);
    return r < 0 ? r : ACQ_OK;
}

/* keep_context keeps the frame's context, which the next ones may lack. */
static int keep_context(struct acq_tape *t, struct acq_err *err)
{
    static const enum acq_id groups[] = {ACQ_stat, ACQ_capture};
    struct acq_buf *b = &t->context;
    if (!t->frame.has[ACQ_stat]) return ACQ_OK;
    b->len = 0;
    for (int i = 0; i < 2; i++) {
        if (acq_buf_reserve(b, t->n) < 0) return acq_fail(err, ACQ_MEMORY, "no memory to replay");
        b->len += acq_frame_context(t->bytes, t->n, groups[i], b->bytes + b->len);
    }
    return ACQ_OK;
}

/* read_frame: the next frame of the file. Returns 0, ACQ_END, or an error. */
static int read_frame(struct acq_tape *t, struct acq_err *err)
{
    uint64_t at;
    while (acq_batch_next(&t->batch, &t->bytes, &t->n) != ACQ_OK) {
        int r = acq_reader_next(t->reader, &t->batch, err);
        if (r != ACQ_OK) return r;
        const struct acq_member *m = acq_reader_member(t->reader, &at);
        t->after_left_out = m && m->left_out;
    }
    if (acq_decode(&t->frame, t->bytes, t->n) == ACQ_OK) return keep_context(t, err);
    return acq_fail(err, ACQ_FORMAT, "%s holds something that is no frame, behind frame %" PRIu64, t->path,
                    t->read_seq);
}

/* number gives the frame its place. Returns false where it is to be passed over. */
static bool number(struct acq_tape *t)
{
    const struct acq_group_head *head = &t->frame.head;
    if (t->frame.has[ACQ_head_seq]) {
        t->seq = head->seq;
        return true;
    }
    if (head->monotonic_ns <= t->last_t_ns) {
        t->doubled++;
        return false;
    }
    t->last_t_ns = head->monotonic_ns;
    t->seq = ++t->last_seq;
    return true;
}

/* compare notes what lies between the frame before and this one. */
static void compare(struct acq_tape *t)
{
    uint64_t seq = t->frame.has[ACQ_head_seq] ? t->frame.head.seq : 0;
    uint64_t gap = t->read_seq && seq > t->read_seq + 1 ? seq - t->read_seq - 1 : 0;
    if (gap && !acq_select_all(t->select))
        t->jumped = true; /* whole members may have been passed over */
    else if (!t->after_left_out)
        t->missing += gap;
    t->read_seq = seq;
    t->after_left_out = false;
}

int acq_tape_next(struct acq_tape *t, struct acq_err *err)
{
    t->missing = 0;
    t->jumped = false;
    for (;;) {
        int r = read_frame(t, err);
        if (r != ACQ_OK) return r;
        compare(t);
        bool wanted = acq_select_has(t->select, acq_reader_first_t_ns(t->reader), &t->frame);
        if (wanted && number(t)) return ACQ_OK;
        t->jumped = t->jumped || !wanted;
    }
}
