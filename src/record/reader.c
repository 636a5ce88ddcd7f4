#include "record/reader.h"

#include "frame/frame.h"
#include "record/foreign.h"
#include "record/input.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

struct acq_reader {
    struct acq_input in;
    struct libdeflate_decompressor *inflate;
    struct acq_buf out;   /* content of the latest member */
    struct acq_loss loss; /* loss.foreign: the file is read by `foreign` */
    struct acq_foreign foreign;
    bool follow, part, has_first, selected;
    struct acq_batch first; /* the batch that acq_reader_new looked into */
    int64_t first_t_ns;
    struct acq_select select;
    int32_t laps;         /* completed at the end of the latest member, < 0: not known */
    bool passed;          /* members were passed over since the latest one that was read */
    uint64_t passed_at;   /* the first of them */
    uint64_t jumped_from; /* the header whose size led to `landed`, where another should begin; 0 and 0: none */
    uint64_t landed;
    bool planned;             /* `member` was found by acq_reader_plan, and is the next stretch's */
    struct acq_member member; /* the latest one, and its place */
    uint64_t member_at;
};

void acq_reader_free(struct acq_reader *r)
{
    if (!r) return;
    libdeflate_free_decompressor(r->inflate);
    acq_foreign_fini(&r->foreign);
    acq_input_fini(&r->in);
    acq_buf_fini(&r->out);
    free(r);
}

bool acq_reader_seekable(const struct acq_reader *r)
{
    return !r->loss.foreign && r->in.size >= 0;
}

int64_t acq_reader_first_t_ns(const struct acq_reader *r)
{
    return r->first_t_ns;
}

const struct acq_loss *acq_reader_get_loss(const struct acq_reader *r)
{
    return &r->loss;
}

double acq_reader_progress(const struct acq_reader *r)
{
    if (r->in.size <= 0) return -1;
    double at = (double)acq_input_place(&r->in) / (double)r->in.size;
    return at < 1 ? at : 1;
}

void acq_reader_follow(struct acq_reader *r)
{
    r->follow = true;
}

const struct acq_member *acq_reader_member(const struct acq_reader *r, uint64_t *at)
{
    *at = r->member_at;
    return r->loss.foreign ? NULL : &r->member;
}

const uint8_t *acq_reader_packed(const struct acq_reader *r)
{
    return r->loss.foreign ? NULL : acq_input_bytes(&r->in) - r->member.size;
}

/* jump goes to the end of the member at hand, whose header alone has been looked at. */
static int jump(struct acq_reader *r, const struct acq_member *m, struct acq_err *err)
{
    r->jumped_from = acq_input_place(&r->in);
    r->landed = r->jumped_from + m->size;
    return acq_input_go(&r->in, r->landed, err);
}

/* jumped_wrong: no member begins where a jump has led, at `at`. Either that one is damaged, or the one jumped over was:
 * where a piece of the file is missing there, whole members stand in what seemed to be its content. */
static bool jumped_wrong(struct acq_reader *r, uint64_t at)
{
    bool wrong = r->landed && at == r->landed;
    r->landed = 0;
    return wrong;
}

/* find_member: makes *m the next member whose header is whole and goes to it; what was passed over is damage, told to
 * `loss` unless that is NULL. Returns 0, ACQ_END, ACQ_AGAIN, or an error. */
static int find_member(struct acq_reader *r, struct acq_member *m, struct acq_loss *loss, struct acq_err *err)
{
    uint64_t counted = 0; /* what stands before it belongs to a member */
    for (size_t ahead = ACQ_MEMBER_HEADER;; ahead = ACQ_INPUT_AHEAD) {
        uint64_t at = acq_input_place(&r->in);
        if (at >= r->in.to) return ACQ_END;
        ptrdiff_t n = acq_input_have(&r->in, ahead, err);
        if (n < 0) return (int)n;
        bool beyond = n == 0 && at == r->landed && at > (uint64_t)r->in.size;
        if (n == 0 && !beyond) return r->follow ? ACQ_AGAIN : ACQ_END;
        const uint8_t *bytes = acq_input_bytes(&r->in);
        int result = n ? acq_member_parse(m, bytes, (size_t)n) : ACQ_FORMAT;
        if (result == ACQ_OK || (result == ACQ_AGAIN && r->follow)) return result;
        if (jumped_wrong(r, at)) {
            counted = at;
            if ((result = acq_input_go(&r->in, r->jumped_from + 1, err)) < 0) return result;
            continue;
        }
        if (result == ACQ_VERSION && at == 0)
            return acq_fail(err, ACQ_VERSION,
                            "%s is of format version %d, and this program knows up to version %d: "
                            "use a newer one",
                            r->in.path, acq_member_version(bytes), ACQ_MEMBER_VERSION);
        /* on to the next byte that could begin a member */
        const uint8_t *next = memchr(bytes + 1, 0x1f, (size_t)n - 1);
        size_t skip = next ? (size_t)(next - bytes) : (size_t)n;
        if (skip > r->in.to - at) skip = (size_t)(r->in.to - at);
        if (loss && at + skip > counted)
            acq_loss_bytes(loss, at < counted ? counted : at, at < counted ? at + skip - counted : skip);
        acq_input_use(&r->in, skip);
    }
}

/* wanted: may the member at hand, whose header is *m, hold frames of the selection? Returns 0; ACQ_AGAIN if it was
 * passed over; ACQ_END if all behind it would be. */
static int wanted(struct acq_reader *r, const struct acq_member *m, struct acq_err *err)
{
    if (!r->selected || m->kind == ACQ_MEMBER_END) return ACQ_OK;
    int32_t before = r->laps;
    r->laps = m->laps;
    if (acq_select_may(&r->select, r->first_t_ns, m, before)) return ACQ_OK;
    if (r->select.to_ns != INT64_MAX && m->first_t_ns - r->first_t_ns >= r->select.to_ns) return ACQ_END;
    if (!r->passed) r->passed_at = acq_input_place(&r->in);
    r->passed = true;
    int result = jump(r, m, err);
    return result < 0 ? result : ACQ_AGAIN;
}

/* next_header: the next member that is wanted */
static int next_header(struct acq_reader *r, struct acq_member *m, struct acq_loss *loss, struct acq_err *err)
{
    for (;;) {
        int result = find_member(r, m, loss, err);
        if (result) return result;
        result = wanted(r, m, err);
        if (result != ACQ_AGAIN) return result;
    }
}

/* next_member: the frames of the next whole member. */
static int next_member(struct acq_reader *r, struct acq_batch *batch, struct acq_err *err)
{
    for (;;) {
        struct acq_member m;
        int result = r->follow && r->loss.closed ? ACQ_END : next_header(r, &m, &r->loss, err);
        if (result == ACQ_END && !r->part) acq_loss_end(&r->loss);
        if (result) return result;
        uint64_t at = acq_input_place(&r->in);
        ptrdiff_t n = acq_input_have(&r->in, m.size, err);
        if (n < 0) return (int)n;
        if ((size_t)n < m.size && r->follow) return ACQ_AGAIN;
        result = (size_t)n < m.size ? ACQ_FORMAT : acq_member_open(&m, acq_input_bytes(&r->in), r->inflate, &r->out);
        if (result == ACQ_MEMORY) return acq_fail(err, result, "no memory to read %s", r->in.path);
        if (result < 0) {
            /* the header is whole, what follows is not: look for the next from the byte behind its start */
            acq_loss_bytes(&r->loss, at, 1);
            acq_loss_claim(&r->loss, &m);
            acq_input_use(&r->in, 1);
            continue;
        }
        acq_input_use(&r->in, m.size);
        if (r->passed) acq_loss_start(&r->loss, m.first_seq);
        acq_loss_member(&r->loss, &m, at);
        r->passed = false;
        r->member = m;
        r->member_at = at;
        if (m.kind == ACQ_MEMBER_END) continue;
        *batch = (struct acq_batch){r->out.bytes, r->out.len};
        return ACQ_OK;
    }
}

int acq_reader_next(struct acq_reader *r, struct acq_batch *batch, struct acq_err *err)
{
    if (r->has_first) {
        *batch = r->first;
        r->has_first = false;
        if (batch->len) return ACQ_OK;
    }
    if (r->loss.foreign) return acq_foreign_next(&r->foreign, &r->in, r->follow, &r->loss, batch, err);
    return next_member(r, batch, err);
}

/* find_ours: does a member of ours begin somewhere near the start of the file? Then what stands before is damaged. */
static bool find_ours(struct acq_reader *r)
{
    struct acq_member m;
    if (acq_input_have(&r->in, ACQ_INPUT_AHEAD, NULL) < 0) return false;
    const uint8_t *bytes = acq_input_bytes(&r->in);
    for (size_t at = 1; at < r->in.buf.len; at++)
        if (bytes[at] == 0x1f && acq_member_parse(&m, bytes + at, r->in.buf.len - at) == ACQ_OK) return true;
    return false;
}

/* look: is it ours, or another gzip file? *doubt: it could be either, as far as can be seen. */
static int look(struct acq_reader *r, bool *doubt, struct acq_err *err)
{
    struct acq_member m;
    ptrdiff_t n = acq_input_have(&r->in, ACQ_MEMBER_HEADER, err);
    if (n < 0) return (int)n;
    if (n == 0) return acq_fail(err, ACQ_FORMAT, "%s is empty: nothing was recorded in it", r->in.path);
    const uint8_t *p = acq_input_bytes(&r->in);
    int kind = acq_member_parse(&m, p, (size_t)n);
    bool gzip = n >= 2 && p[0] == 0x1f && p[1] == 0x8b;
    *doubt = kind != ACQ_OK && kind != ACQ_VERSION && find_ours(r);
    if (kind == ACQ_OK || kind == ACQ_VERSION || (*doubt && !gzip)) return ACQ_OK;
    if (!gzip) return acq_fail(err, ACQ_FORMAT, "%s is not a recording: it is no gzip file", r->in.path);
    r->loss.foreign = true;
    return acq_foreign_init(&r->foreign, err);
}

/* first_frame: does the first batch begin with a frame? */
static int first_frame(struct acq_reader *r, struct acq_err *err)
{
    struct acq_batch b = r->first;
    const uint8_t *bytes;
    size_t n;
    struct acq_frame *f = malloc(sizeof *f);
    if (!f) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", r->in.path);
    bool good = acq_batch_next(&b, &bytes, &n) == ACQ_OK && acq_decode(f, bytes, n) == ACQ_OK;
    if (good && f->has[ACQ_head_monotonic_ns]) r->first_t_ns = (int64_t)f->head.monotonic_ns;
    free(f);
    return good ? ACQ_OK : acq_fail(err, ACQ_FORMAT, "%s is not a recording: it is gzip of something else", r->in.path);
}

/* check_first: a file of whatever content is refused before anyone works with it. */
static int check_first(struct acq_reader *r, struct acq_err *err)
{
    int result = acq_reader_next(r, &r->first, err);
    if (result < 0) return result;
    r->has_first = true;
    if (result == ACQ_OK) return first_frame(r, err);
    r->first = (struct acq_batch){0};
    /* a recording without a frame, if nothing speaks against it */
    if (!r->loss.damaged_bytes && (!r->loss.foreign || r->loss.closed)) return ACQ_OK;
    return acq_fail(err, ACQ_FORMAT, "%s holds no whole frame: %s", r->in.path, r->loss.text);
}

/* take_for_ours: reads the file once more, as one of ours whose first member is damaged */
static int take_for_ours(struct acq_reader *r, struct acq_err *err)
{
    r->has_first = false;
    acq_loss_init(&r->loss);
    acq_loss_start(&r->loss, 1);
    int result = acq_input_go(&r->in, 0, err);
    return result < 0 ? result : check_first(r, err);
}

/* make: a reader without an input */
static struct acq_reader *make(void)
{
    struct acq_reader *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    r->in.fd = -1;
    r->laps = -1;
    acq_buf_init(&r->out, ACQ_MEMBER_RAW_MAX);
    acq_loss_init(&r->loss);
    r->inflate = libdeflate_alloc_decompressor();
    if (r->inflate) return r;
    acq_reader_free(r);
    return NULL;
}

int acq_reader_new(struct acq_reader **reader, const char *path, struct acq_err *err)
{
    bool doubt = false;
    struct acq_reader *r = make();
    if (!r) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", path);
    int result = acq_input_open(&r->in, path, ACQ_MEMBER_SIZE_MAX, err);
    acq_loss_start(&r->loss, 1);
    if (result == ACQ_OK) result = look(r, &doubt, err);
    if (result == ACQ_OK) result = check_first(r, err);
    if (result == ACQ_FORMAT && doubt && r->loss.foreign) result = take_for_ours(r, err);
    if (result < 0) {
        acq_reader_free(r);
        return result;
    }
    *reader = r;
    return ACQ_OK;
}

static int need_seekable(const struct acq_reader *r, struct acq_err *err)
{
    if (acq_reader_seekable(r)) return ACQ_OK;
    return acq_fail(err, ACQ_FORMAT, "%s has no member headers to find frames by", r->in.path);
}

/* restart: the next member read is the one at `place`, or the next behind it, and what was read so far is forgotten */
static int restart(struct acq_reader *r, uint64_t place, struct acq_err *err)
{
    r->has_first = false;
    r->passed = place > 0;
    r->laps = -1;
    r->landed = 0;
    acq_loss_init(&r->loss);
    acq_loss_start(&r->loss, 1);
    return acq_input_go(&r->in, place, err);
}

int acq_reader_go(struct acq_reader *r, uint64_t place, struct acq_err *err)
{
    int result = need_seekable(r, err);
    return result < 0 ? result : restart(r, place, err);
}

/* What bisect looks for: the first member that reaches this frame or, where seq is 0, this time. */
struct goal {
    uint64_t seq;
    int64_t t_ns;
};

static bool reaches(const struct acq_member *m, struct goal goal)
{
    if (m->kind == ACQ_MEMBER_END) return true;
    return goal.seq ? m->first_seq + m->frames > goal.seq : m->last_t_ns >= goal.t_ns;
}

/* bisect goes to the first member that reaches the goal, by headers that are found from anywhere by their marks; it is
 * *m. Returns 0, ACQ_END or an error. */
static int bisect(struct acq_reader *r, struct goal goal, struct acq_member *m, struct acq_err *err)
{
    uint64_t low = 0, high = (uint64_t)r->in.size; /* members that begin before `low` do not reach it */
    int result = ACQ_OK;
    while (result >= 0 && high - low > 4 * ACQ_INPUT_AHEAD) {
        uint64_t middle = low + (high - low) / 2;
        r->in.to = high;
        result = restart(r, middle, err);
        if (result == ACQ_OK) result = find_member(r, m, NULL, err);
        if (result == ACQ_OK && !reaches(m, goal))
            low = acq_input_place(&r->in) + 1;
        else
            high = middle;
    }
    r->in.to = UINT64_MAX;
    if (result >= 0) result = restart(r, low, err);
    while (result >= 0) {
        result = find_member(r, m, NULL, err);
        r->passed = acq_input_place(&r->in) > 0;
        if (result || reaches(m, goal)) return result;
        result = jump(r, m, err);
    }
    return result;
}

int acq_reader_skip_to(struct acq_reader *r, uint64_t seq, struct acq_err *err)
{
    struct acq_member m;
    int result = need_seekable(r, err);
    size_t ahead = r->in.ahead;
    if (result < 0) return result;
    r->in.ahead = ACQ_MEMBER_HEADER;
    result = bisect(r, (struct goal){.seq = seq ? seq : 1}, &m, err);
    r->in.ahead = ahead;
    return result == ACQ_OK && m.kind == ACQ_MEMBER_END ? ACQ_END : result;
}

int acq_reader_select(struct acq_reader *r, const struct acq_select *select, struct acq_err *err)
{
    struct acq_member m;
    int64_t t;
    if (!acq_reader_seekable(r) || acq_select_all(select)) return ACQ_OK;
    r->select = *select;
    r->selected = true;
    r->in.ahead = ACQ_MEMBER_HEADER; /* most is passed over */
    bool far = select->from_ns > 0 && select->from_ns < INT64_MAX / 2 && r->first_t_ns < INT64_MAX / 2;
    if (!far) return restart(r, 0, err);
    t = r->first_t_ns + select->from_ns;
    int result = bisect(r, (struct goal){.t_ns = t}, &m, err);
    return result < 0 ? result : ACQ_OK;
}

/* begin_skim: what acq_reader_new has read does not count */
static int begin_skim(struct acq_reader *r, struct acq_err *err)
{
    int result = need_seekable(r, err);
    if (result < 0 || !r->has_first) return result;
    r->in.ahead = ACQ_MEMBER_HEADER;
    return restart(r, 0, err);
}

int acq_reader_skim(struct acq_reader *r, struct acq_member *m, uint64_t *at, struct acq_err *err)
{
    int result = begin_skim(r, err);
    while (result == ACQ_OK && (result = next_header(r, m, &r->loss, err)) == ACQ_OK) {
        *at = acq_input_place(&r->in);
        uint64_t end = *at + m->size;
        /* it may have grown since it was opened */
        if (end <= (uint64_t)r->in.size || end <= (uint64_t)acq_file_size(r->in.fd)) break;
        acq_loss_bytes(&r->loss, *at, 1); /* cut in this member */
        acq_loss_claim(&r->loss, m);
        acq_input_use(&r->in, 1);
    }
    if (result == ACQ_END) acq_loss_end(&r->loss);
    if (result) return result;
    if (r->passed) acq_loss_start(&r->loss, m->first_seq);
    acq_loss_member(&r->loss, m, *at);
    r->passed = false;
    return jump(r, m, err);
}

int acq_reader_plan(struct acq_reader *r, uint64_t frames, struct acq_span *span, struct acq_err *err)
{
    const struct acq_member *m = &r->member;
    int result = begin_skim(r, err);
    *span = (struct acq_span){.from = acq_input_place(&r->in)};
    while (result >= 0) {
        if (!r->planned) result = next_header(r, &r->member, NULL, err);
        if (result < 0) return result;
        uint64_t place = acq_input_place(&r->in);
        r->planned = result == ACQ_OK;
        if (result == ACQ_END || (span->frames && (r->passed || span->frames + m->frames > frames))) {
            /* it ends where a member begins, so that no member lies in two */
            span->to = r->passed ? r->passed_at : place;
            return span->to > span->from ? ACQ_OK : ACQ_END;
        }
        if (r->passed) *span = (struct acq_span){.from = place, .start_seq = m->first_seq};
        r->passed = r->planned = false;
        span->frames += m->frames;
        result = acq_input_go(&r->in, place + m->size, err);
    }
    return result;
}

int acq_reader_part(struct acq_reader **part, const struct acq_reader *whole, struct acq_err *err)
{
    int result = need_seekable(whole, err);
    if (result < 0) return result;
    struct acq_reader *r = make();
    if (!r) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", whole->in.path);
    result = acq_input_share(&r->in, &whole->in, ACQ_MEMBER_SIZE_MAX, err);
    r->part = true;
    r->first_t_ns = whole->first_t_ns;
    if (result < 0)
        acq_reader_free(r);
    else
        *part = r;
    return result;
}

int acq_reader_part_start(struct acq_reader *r, const struct acq_span *span, struct acq_err *err)
{
    acq_loss_init(&r->loss);
    if (span->start_seq) acq_loss_start(&r->loss, span->start_seq);
    r->in.to = span->to;
    r->in.buf.len = r->in.at = 0; /* what was read of another stretch */
    r->in.begin = span->from;
    return acq_input_go(&r->in, span->from, err);
}
