#include "bridge/outgoing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void acq_outgoing_init(struct acq_outgoing *o, const char *id, const char *path)
{
    *o = (struct acq_outgoing){.recorded = *path, .next_seq = 1};
    snprintf(o->id, sizeof o->id, "%s", id);
    snprintf(o->path, sizeof o->path, "%s", path);
    acq_buf_init(&o->context, ACQ_FRAME_LIMIT);
}

static void close_tape(struct acq_outgoing *o)
{
    if (!o->tape) return;
    acq_tape_close(o->tape);
    free(o->tape);
    o->tape = NULL;
}

void acq_outgoing_fini(struct acq_outgoing *o)
{
    close_tape(o);
    acq_queue_clear(&o->queue);
    acq_buf_fini(&o->context);
}

/* ---- in ---- */

bool acq_outgoing_room(const struct acq_outgoing *o)
{
    return o->recorded || acq_queue_room(&o->queue, o->safe_seq); /* a recorder has bounds of its own */
}

void acq_outgoing_push(struct acq_outgoing *o, uint64_t seq, int64_t t_ns, const uint8_t *bytes, size_t n)
{
    size_t body = acq_frame_body(bytes, n);
    if (body < n) {
        o->context.len = 0;
        acq_buf_add(&o->context, bytes + body, n - body);
    }
    int r = acq_queue_push(&o->queue, seq, t_ns, bytes, n, o->safe_seq);
    if (r < 0) acq_queue_clear(&o->queue); /* it holds consecutive frames alone: all come from the recording now */
    o->last_seq = seq;
}

void acq_outgoing_acked(struct acq_outgoing *o, uint64_t seq)
{
    o->acked_seq = seq;
    acq_queue_acked(&o->queue, seq);
}

void acq_outgoing_release(struct acq_outgoing *o)
{
    if (o->ended && o->safe_seq >= o->last_seq) acq_queue_clear(&o->queue);
}

/* ---- out ---- */

void acq_outgoing_from(struct acq_outgoing *o, uint64_t seq)
{
    close_tape(o);
    o->next_seq = seq;
    o->sent_t_ns = 0;
}

static int open_tape(struct acq_outgoing *o, struct acq_err *err)
{
    static const struct acq_select all = ACQ_SELECT_ALL;
    o->tape = malloc(sizeof *o->tape);
    if (!o->tape) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", o->path);
    int r = acq_tape_open(o->tape, o->path, &all, err);
    if (r == ACQ_OK) return acq_tape_skip_to(o->tape, o->next_seq, err);
    free(o->tape);
    o->tape = NULL;
    return r;
}

/* read_on takes the tape to frame next_seq. Returns 0, ACQ_END, or an error. */
static int read_on(struct acq_outgoing *o, struct acq_err *err)
{
    struct acq_tape *t = o->tape;
    int r = ACQ_OK;
    while (t->read_seq < o->next_seq && r == ACQ_OK) r = acq_tape_next(t, err);
    if (r != ACQ_OK) return r;
    if (t->seq != o->next_seq) return acq_fail(err, ACQ_FORMAT, "it is damaged there");
    if (!strcmp(t->frame.head.session_id, o->id)) return ACQ_OK;
    return acq_fail(err, ACQ_FORMAT, "it holds another session from there on");
}

/* read_back finds frame next_seq in the recording, which may have grown since it was opened. */
static int read_back(struct acq_outgoing *o, struct acq_queued *frame, struct acq_err *err)
{
    for (;;) {
        bool fresh = !o->tape;
        int r = fresh ? open_tape(o, err) : ACQ_OK;
        if (r == ACQ_OK) r = read_on(o, err);
        if (r == ACQ_OK) break;
        close_tape(o);
        if (r < 0) return r;
        if (fresh) return acq_fail(err, ACQ_MISSING, "it ends before that");
    }
    struct acq_tape *t = o->tape;
    *frame = (struct acq_queued){t->bytes, t->n, t->seq, (int64_t)t->frame.head.monotonic_ns};
    return ACQ_OK;
}

int acq_outgoing_next(struct acq_outgoing *o, struct acq_queued *frame, struct acq_err *err)
{
    struct acq_queue *q = &o->queue;
    if (o->next_seq > o->last_seq) return ACQ_AGAIN;
    if (q->first && o->next_seq >= acq_queue_first_seq(q)) {
        close_tape(o);
        if (q->at_seq != o->next_seq) acq_queue_seek(q, o->next_seq);
        return acq_queue_next(q, frame);
    }
    if (o->next_seq <= o->safe_seq) return read_back(o, frame, err);
    if (o->recorded) return ACQ_AGAIN; /* it is on its way to the disk */
    return acq_fail(err, ACQ_MISSING, "it was not recorded");
}

void acq_outgoing_sent(struct acq_outgoing *o, int64_t t_ns)
{
    o->next_seq++;
    o->sent_t_ns = t_ns;
}

uint64_t acq_outgoing_seq_at(const struct acq_outgoing *o, int64_t t_ns)
{
    return o->sent_t_ns && t_ns >= o->sent_t_ns ? o->next_seq - 1 : acq_queue_seq_at(&o->queue, t_ns);
}

const struct acq_buf *acq_outgoing_context(const struct acq_outgoing *o)
{
    return o->tape ? &o->tape->context : &o->context;
}
