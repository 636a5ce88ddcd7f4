#include "record/recover.h"

#include "frame/frame.h"
#include "record/input.h"
#include "record/reader.h"
#include "record/recorder.h"
#include "record/rescue.h"

#include <stdlib.h>
#include <string.h>

struct work {
    struct acq_recovered *done;
    struct acq_recorder *recorder;
    struct acq_rescue rescue;
    struct acq_input in; /* the file once more, to look into damage */
    bool has_in;
    uint64_t end; /* of the latest whole member */
    struct acq_frame frame;
    char session[64];
    uint64_t last_seq; /* of what was written */
    int64_t last_t_ns;
    struct acq_buf numbered; /* a frame that gets a seq */
};

/* ---- what is missing ---- */

static void add_missing(struct acq_recovered *d, struct acq_missing m)
{
    if (d->places < ACQ_MISSING_MAX) d->missing[d->places] = m;
    d->places++;
    d->missing_frames += m.frames;
}

/* take_note: `frames` frames from `seq` on have been written. left_out: those before them are not missing. */
static void take_note(struct work *w, uint64_t seq, uint64_t frames, int64_t first_t, int64_t last_t, bool left_out)
{
    struct acq_recovered *d = w->done;
    bool begins = d->frames == 0;
    if (begins) d->first_t_ns = first_t;
    if (seq > w->last_seq + 1 && !left_out)
        add_missing(d, (struct acq_missing){w->last_seq + 1, seq - w->last_seq - 1,
                                            begins ? ACQ_LOSS_BEFORE : w->last_t_ns, first_t});
    d->frames += frames;
    w->last_seq = seq + frames - 1;
    w->last_t_ns = last_t;
}

/* ---- frame by frame ---- */

/* of_session: a recording is of one session, that of its first frame */
static bool of_session(struct work *w)
{
    const char *id = w->frame.has[ACQ_head_session_id] ? w->frame.head.session_id : "";
    if (!w->done->frames) strcpy(w->session, id);
    return !strcmp(w->session, id);
}

/* number gives the frame at hand the next seq, as the server does. Returns 0, ACQ_RANGE if it is too long with it, or
 * ACQ_MEMORY. */
static int number(struct work *w, const uint8_t **bytes, size_t *n)
{
    w->numbered.len = 0;
    int r = acq_buf_reserve(&w->numbered, ACQ_FRAME_MAX + *n);
    if (r < 0) return r;
    *n = acq_frame_number(&w->frame, w->last_seq + 1, *bytes, *n, w->numbered.bytes);
    *bytes = w->numbered.bytes;
    if (!*n) return ACQ_RANGE;
    w->done->numbered++;
    return ACQ_OK;
}

/* put_frame writes the frame at hand, unless it was there already or is another session's. */
static int put_frame(struct work *w, const uint8_t *bytes, size_t n, struct acq_err *err)
{
    const struct acq_frame *f = &w->frame;
    int64_t t = (int64_t)f->head.monotonic_ns;
    bool numbered = f->has[ACQ_head_seq];
    if (!of_session(w)) {
        w->done->foreign++;
        return ACQ_OK;
    }
    if (numbered ? f->head.seq <= w->last_seq : w->done->frames && t <= w->last_t_ns) {
        w->done->repeated++;
        return acq_recorder_keep_context(w->recorder, bytes, n);
    }
    int r = numbered ? ACQ_OK : number(w, &bytes, &n);
    if (r == ACQ_RANGE) {
        w->done->unreadable++;
        return ACQ_OK;
    }
    if (r == ACQ_OK && acq_recorder_due(w->recorder)) r = acq_recorder_flush(w->recorder, err);
    if (r == ACQ_OK) r = acq_recorder_add(w->recorder, f, bytes, n);
    if (r < 0) return acq_fail(err, r, "cannot write more frames: the disk or the memory is full");
    take_note(w, f->head.seq, 1, t, t, false);
    return ACQ_OK;
}

static int put_batch(struct work *w, struct acq_batch batch, struct acq_err *err)
{
    const uint8_t *frame;
    size_t n;
    int r = ACQ_OK;
    while (r >= 0 && acq_batch_next(&batch, &frame, &n) == ACQ_OK) {
        if (acq_decode(&w->frame, frame, n) == ACQ_OK)
            r = put_frame(w, frame, n, err);
        else
            w->done->unreadable++;
    }
    w->done->unreadable += batch.len > 0;
    return r;
}

/* ---- damage ---- */

/* rescue: the member at the input's place is damaged, and its header is whole */
static int rescue(struct work *w, const struct acq_member *m, uint64_t to, struct acq_err *err)
{
    struct acq_batch batch;
    uint64_t doubtful, place = acq_input_place(&w->in), before = w->done->frames;
    ptrdiff_t n = acq_input_have(&w->in, m->size, err);
    if (n < 0) return (int)n;
    size_t there = (uint64_t)n > to - place ? (size_t)(to - place) : (size_t)n;
    bool cut = place + there == (uint64_t)w->in.size;
    int r = acq_rescue_member(&w->rescue, m, acq_input_bytes(&w->in), there, cut, &batch, &doubtful);
    if (r < 0) return acq_fail(err, r, "no memory to unpack a damaged member");
    w->done->doubtful += doubtful;
    r = put_batch(w, batch, err);
    w->done->rescued += w->done->frames - before;
    return r;
}

/* search looks for damaged members between two places of the file. */
static int search(struct work *w, uint64_t from, uint64_t to, struct acq_err *err)
{
    struct acq_member m;
    int r = w->has_in && to > from ? acq_input_go(&w->in, from, err) : ACQ_END;
    while (r == ACQ_OK && acq_input_place(&w->in) < to) {
        ptrdiff_t n = acq_input_have(&w->in, ACQ_INPUT_AHEAD, err);
        if (n <= 0) return (int)n;
        const uint8_t *bytes = acq_input_bytes(&w->in);
        bool header = acq_member_parse(&m, bytes, (size_t)n) == ACQ_OK && m.kind == ACQ_MEMBER_FRAMES;
        if (header && m.first_seq > w->last_seq) r = rescue(w, &m, to, err);
        bytes = acq_input_bytes(&w->in);
        n = (ptrdiff_t)(w->in.buf.len - w->in.at);
        const uint8_t *next = n > 1 ? memchr(bytes + 1, 0x1f, (size_t)n - 1) : NULL;
        acq_input_use(&w->in, next ? (size_t)(next - bytes) : (size_t)n);
    }
    return r < 0 ? r : ACQ_OK;
}

/* ---- member by member ---- */

/* good_member: are the frames what the header says, and all new and of this session? Then it may be copied. */
static bool good_member(struct work *w, const struct acq_member *m, struct acq_batch batch)
{
    const uint8_t *frame;
    size_t n;
    uint64_t frames = 0;
    for (; acq_batch_next(&batch, &frame, &n) == ACQ_OK; frames++)
        if (acq_decode(&w->frame, frame, n) < 0 || !w->frame.has[ACQ_head_seq] ||
            w->frame.head.seq != m->first_seq + frames || !of_session(w))
            return false;
    return !batch.len && frames && frames == m->frames && m->first_seq > w->last_seq;
}

static int put_member(struct work *w, struct acq_reader *reader, const struct acq_member *m, struct acq_batch batch,
                      struct acq_err *err)
{
    if (!good_member(w, m, batch)) return put_batch(w, batch, err);
    if (m->left_out) {
        int r = acq_recorder_leave_out(w->recorder, err);
        if (r < 0) return r;
    }
    int r = acq_recorder_copy(w->recorder, m, acq_reader_packed(reader), err);
    if (r < 0) return r;
    take_note(w, m->first_seq, m->frames, m->first_t_ns, m->last_t_ns, m->left_out);
    w->done->members++;
    return ACQ_OK;
}

static int put_all(struct work *w, struct acq_reader *reader, bool (*stopped)(void), struct acq_err *err)
{
    struct acq_batch batch;
    uint64_t at;
    int r = ACQ_END;
    while (reader && (r = acq_reader_next(reader, &batch, err)) == ACQ_OK) {
        const struct acq_member *m = acq_reader_member(reader, &at);
        if (m) r = search(w, w->end, at, err);
        if (r == ACQ_OK) r = m ? put_member(w, reader, m, batch, err) : put_batch(w, batch, err);
        if (m) w->end = at + m->size;
        if (r < 0) return r;
        if (stopped && stopped()) return acq_fail(err, ACQ_STOPPED, "stopped: nothing was written");
    }
    if (r == ACQ_END && w->has_in) r = search(w, w->end, (uint64_t)w->in.size, err);
    return r < 0 ? r : ACQ_OK;
}

/* end_missing: what is missing at the end, as far as that can be known */
static void end_missing(struct work *w, const struct acq_loss *l)
{
    struct acq_recovered *d = w->done;
    size_t kept = l->gaps < ACQ_GAPS_MAX ? l->gaps : ACQ_GAPS_MAX;
    const struct acq_gap *g = kept && l->gaps == kept ? &l->gap[kept - 1] : NULL;
    uint64_t next = g ? g->first_seq + g->frames : 0;
    if (!g || g->to_t_ns != ACQ_LOSS_BEHIND || l->foreign) return;
    if (next > w->last_seq + 1)
        add_missing(d, (struct acq_missing){w->last_seq + 1, next - w->last_seq - 1, w->last_t_ns, ACQ_LOSS_BEHIND});
    else if (g->bytes > ACQ_MEMBER_HEADER + ACQ_MEMBER_TRAILER + 2 && !g->frames) /* longer than an end mark */
        add_missing(d, (struct acq_missing){w->last_seq + 1, 0, w->last_t_ns, ACQ_LOSS_BEHIND});
}

/* write_out: without a reader no member of the file is whole. */
static int write_out(struct work *w, struct acq_reader *reader, const char *in, const char *out, bool (*stopped)(void),
                     struct acq_err *err)
{
    bool look = !reader || acq_reader_seekable(reader);
    int r = acq_rescue_init(&w->rescue, err);
    if (r == ACQ_OK && look) r = acq_input_open(&w->in, in, ACQ_MEMBER_SIZE_MAX, err);
    w->has_in = r == ACQ_OK && look;
    if (r == ACQ_OK) r = acq_recorder_new(&w->recorder, out, err);
    if (r < 0) return r;
    acq_recorder_offline(w->recorder);
    r = put_all(w, reader, stopped, err);
    if (r == ACQ_OK && !w->done->frames) r = acq_fail(err, ACQ_FORMAT, "%s holds no frame that could be saved", in);
    if (r == ACQ_OK) return acq_recorder_close(w->recorder, err);
    acq_recorder_free(w->recorder);
    return r;
}

int acq_recover(struct acq_recovered *recovered, const char *in, const char *out, bool (*stopped)(void),
                struct acq_err *err)
{
    struct acq_reader *reader = NULL;
    memset(recovered, 0, sizeof *recovered);
    int r = acq_reader_new(&reader, in, err);
    if (r < 0 && (r != ACQ_FORMAT || !strcmp(in, "-"))) return r;
    struct work *w = calloc(1, sizeof *w);
    if (!w) {
        acq_reader_free(reader);
        return acq_fail(err, ACQ_MEMORY, "no memory to read %s", in);
    }
    w->done = recovered;
    acq_buf_init(&w->numbered, ACQ_FRAME_MAX + ACQ_FRAME_LIMIT);
    struct acq_err why = err ? *err : (struct acq_err){0}; /* that no member is whole, or that it is no recording */
    r = write_out(w, reader, in, out, stopped, err);
    if (reader) {
        recovered->loss = *acq_reader_get_loss(reader);
        end_missing(w, &recovered->loss);
    } else {
        if (r == ACQ_FORMAT && err) *err = why;
        add_missing(recovered, (struct acq_missing){w->last_seq + 1, 0, w->last_t_ns, ACQ_LOSS_BEHIND});
    }
    acq_rescue_fini(&w->rescue);
    if (w->has_in) acq_input_fini(&w->in);
    acq_buf_fini(&w->numbered);
    acq_reader_free(reader);
    free(w);
    return r;
}

bool acq_recovered_all(const struct acq_recovered *d)
{
    bool cut = d->loss.foreign && *d->loss.text; /* how many frames is not known then */
    return !d->places && !d->unreadable && !d->foreign && !cut;
}
