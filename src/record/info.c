#include "record/info.h"

#include "base/file.h"
#include "frame/original.h"
#include "record/reader.h"
#include "record/recorder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTLE_NS INT64_C(50000000) /* the game sets the fields of a finished lap one after the other */
enum {
    SUM = 1024, /* frames that are counted together: fewer than a count of the jitter holds */
    LATEST = 8  /* the latest members: the last of them whose content is whole is shown */
};

/* A member in which a lap ends, and the one behind it. */
struct lap_place {
    struct acq_span span;
    int32_t before; /* laps completed before it */
};

/* a lap that is being watched */
struct lap_watch {
    bool any, waiting;
    int32_t completed, last_ms, number;
    int64_t end_t_ns;
};

struct work {
    struct acq_info *info;
    struct acq_frame frame, context; /* the one at hand; the newest stat and capture */
    struct acq_member sum;           /* of frames, when all are read */
    struct acq_member_trace trace;
    struct lap_watch watch;
    struct lap_place place[ACQ_INFO_LAPS];
    size_t places;
    bool place_open;         /* the latest still lacks the member behind it */
    uint64_t latest[LATEST]; /* places of the latest members with frames: number i at i % LATEST */
    uint64_t next_seq;
    bool content_known;
    size_t content_len;
    uint8_t content[ACQ_FRAME_LIMIT]; /* of the frame before, without its time */
};

/* elapsed: from a to b, 0 where that is not forward; header values may be anything */
static int64_t elapsed(int64_t a, int64_t b)
{
    if (b <= a) return 0;
    uint64_t ns = (uint64_t)b - (uint64_t)a;
    return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

static void add_sampled(struct acq_info *info, int64_t ns)
{
    info->sampled_ns = ns > INT64_MAX - info->sampled_ns ? INT64_MAX : info->sampled_ns + ns;
}

/* take_span: frames from `seq` on with sample times `from` to `to` come next; seq 0: they have none. */
static void take_span(struct work *w, uint64_t seq, uint64_t frames, int64_t from, int64_t to)
{
    struct acq_info *info = w->info;
    bool follows = seq == w->next_seq;
    int64_t wait = elapsed(info->last_t_ns, from);
    if (!info->frames) info->first_t_ns = from;
    if (!info->frames || !follows || wait > ACQ_MEMBER_NS) {
        info->stretches++;
        info->pauses += info->frames && follows;
    } else {
        add_sampled(info, wait);
    }
    add_sampled(info, elapsed(from, to));
    info->last_t_ns = to;
    info->frames += frames;
    w->next_seq = seq ? seq + frames : 0;
}

static void add_counts(struct acq_info *info, const struct acq_member *m)
{
    if (info->steps_known) info->steps += m->steps; /* otherwise it counts each frame as a step of its own */
    info->missed += m->missed;
    if (info->pictures_known) info->pictures += m->pictures;
    info->lost += m->lost;
    for (size_t i = 0; i < ACQ_JITTER_BINS; i++) info->jitter[i] += m->jitter[i];
}

/* ---- context ---- */

static void take_context(struct acq_frame *to, const struct acq_frame *f)
{
    if (f->has[ACQ_stat]) {
        to->stat = f->stat;
        memcpy(to->has + ACQ_stat, f->has + ACQ_stat, (ACQ_capture - ACQ_stat) * sizeof *f->has);
    }
    if (f->has[ACQ_capture]) {
        to->capture = f->capture;
        memcpy(to->has + ACQ_capture, f->has + ACQ_capture, (ACQ_IDS - ACQ_capture) * sizeof *f->has);
    }
}

/* take_ends: the first frame of the recording, and the last so far */
static void take_ends(struct work *w, bool first)
{
    take_context(&w->context, &w->frame);
    if (first) {
        w->info->first = w->frame;
        w->info->steps_known = w->frame.has[ACQ_physics_packet_id];
        w->info->pictures_known = w->frame.has[ACQ_graphics_packet_id];
    }
    w->info->last = w->frame;
}

/* ---- laps ---- */

static void end_lap(struct work *w)
{
    struct lap_watch *l = &w->watch;
    struct acq_info *info = w->info;
    l->waiting = false;
    if (info->laps < ACQ_INFO_LAPS)
        info->lap[info->laps++] = (struct acq_info_lap){
            .number = l->number, .time_ms = l->last_ms, .end_ns = elapsed(info->first_t_ns, l->end_t_ns)};
}

/* watch_laps looks at the next frame. Returns how many laps were completed with it. */
static uint64_t watch_laps(struct work *w)
{
    struct lap_watch *l = &w->watch;
    const struct acq_frame *f = &w->frame;
    if (!f->has[ACQ_graphics_completed_laps]) return 0;
    int64_t t = (int64_t)f->head.monotonic_ns, done = (int64_t)f->graphics.completed_laps - l->completed;
    bool ended = l->any && done > 0;
    if (l->waiting && (ended || elapsed(l->end_t_ns, t) >= SETTLE_NS)) end_lap(w);
    l->last_ms = f->has[ACQ_graphics_last_time_ms] ? f->graphics.last_time_ms : 0;
    l->completed = f->graphics.completed_laps;
    l->any = true;
    if (!ended) return 0;
    l->waiting = true;
    l->number = f->graphics.completed_laps;
    l->end_t_ns = t;
    return (uint64_t)done;
}

/* mark_lap takes note of a member in which laps were completed, from headers alone. */
static void mark_lap(struct work *w, const struct acq_member *m, uint64_t at)
{
    if (w->place_open) w->place[w->places - 1].span.to = at + m->size;
    w->place_open = false;
    int64_t done = (int64_t)m->laps - w->watch.completed;
    if (done > 0) {
        w->info->completed += (uint64_t)done;
        if (w->places < ACQ_INFO_LAPS) {
            w->place[w->places++] =
                (struct lap_place){{.from = at, .to = at + m->size, .start_seq = m->first_seq}, w->watch.completed};
            w->place_open = true;
        }
    }
    w->watch.completed = m->laps;
}

/* read_lap finds the lap's time in the frames of one place: there the fields come one after the other. */
static int read_lap(struct work *w, struct acq_reader *part, const struct lap_place *place, struct acq_err *err)
{
    struct acq_batch batch;
    const uint8_t *frame;
    size_t n, laps = w->info->laps;
    w->watch = (struct lap_watch){.any = true, .completed = place->before};
    int r = acq_reader_part_start(part, &place->span, err);
    while (r == ACQ_OK && w->info->laps == laps && (r = acq_reader_next(part, &batch, err)) == ACQ_OK)
        while (w->info->laps == laps && acq_batch_next(&batch, &frame, &n) == ACQ_OK)
            if (acq_decode(&w->frame, frame, n) == ACQ_OK) watch_laps(w);
    if (r >= 0 && w->watch.waiting && w->info->laps == laps) end_lap(w);
    return r < 0 ? r : ACQ_OK;
}

static int read_laps(struct work *w, const struct acq_reader *reader, struct acq_err *err)
{
    struct acq_reader *part;
    if (!w->places) return ACQ_OK;
    int r = acq_reader_part(&part, reader, err);
    if (r < 0) return r;
    for (size_t i = 0; r == ACQ_OK && i < w->places; i++) r = read_lap(w, part, &w->place[i], err);
    acq_reader_free(part);
    return r;
}

/* ---- from headers ---- */

/* take_first: the first frame of a batch, or with `all` the last one too and the context of each */
static void take_batch(struct work *w, struct acq_batch batch, bool first, bool all)
{
    const uint8_t *frame;
    size_t n;
    while (acq_batch_next(&batch, &frame, &n) == ACQ_OK) {
        if (acq_decode(&w->frame, frame, n) < 0) continue;
        take_ends(w, first);
        if (w->info->original < 0) w->info->original = acq_frame_original(&w->frame);
        first = false;
        if (!all) return;
    }
}

static int skim(struct work *w, struct acq_reader *reader, struct acq_err *err)
{
    struct acq_member m;
    uint64_t at;
    int r;
    while ((r = acq_reader_skim(reader, &m, &at, err)) == ACQ_OK) {
        if (m.kind != ACQ_MEMBER_FRAMES || !m.frames) continue;
        take_span(w, m.left_out ? 0 : m.first_seq, m.frames, m.first_t_ns, m.last_t_ns);
        w->next_seq = m.first_seq + m.frames;
        add_counts(w->info, &m);
        mark_lap(w, &m, at);
        w->latest[w->info->members++ % LATEST] = at;
        w->info->raw_bytes += m.raw_size;
        w->info->best_lap_ms = m.best_lap_ms;
    }
    return r == ACQ_END ? ACQ_OK : r;
}

/* read_last takes the last frame, and the newest context, from the last member that is whole. */
static int read_last(struct work *w, struct acq_reader *ends, struct acq_err *err)
{
    uint64_t members = w->info->members;
    for (uint64_t i = 0; i < members && i < LATEST; i++) {
        struct acq_batch batch;
        int r = acq_reader_go(ends, w->latest[(members - 1 - i) % LATEST], err);
        if (r == ACQ_OK) r = acq_reader_next(ends, &batch, err);
        if (r == ACQ_OK) take_batch(w, batch, false, true);
        if (r != ACQ_END) return r;
    }
    return ACQ_OK;
}

/* read_headers needs two readers: one that goes over the headers, one that reads the ends. */
static int read_headers(struct work *w, struct acq_reader *ends, const char *path, struct acq_err *err)
{
    struct acq_batch batch;
    struct acq_reader *reader;
    int r = acq_reader_next(ends, &batch, err);
    if (r == ACQ_OK) take_batch(w, batch, true, false);
    if (r == ACQ_OK && w->frame.has[ACQ_graphics_completed_laps]) w->watch.completed = w->frame.graphics.completed_laps;
    if (r >= 0) r = acq_reader_new(&reader, path, err);
    if (r < 0) return r;
    r = skim(w, reader, err);
    w->info->loss = *acq_reader_get_loss(reader);
    if (r == ACQ_OK) r = read_last(w, ends, err);
    if (r == ACQ_OK) r = read_laps(w, reader, err);
    acq_reader_free(reader);
    return r < 0 ? r : ACQ_OK;
}

/* ---- of everything ---- */

/* is_new says whether a frame without a step's number has another content than the frame before. */
static bool is_new(struct work *w, const uint8_t *frame, size_t n)
{
    /* the time comes first, as protobuf libraries write it: one byte of key and a varint */
    size_t from = n && frame[0] == acq_channels[ACQ_head_monotonic_ns].tag << 3;
    while (from && from < n && frame[from] >= 0x80) from++;
    from += from && from < n;
    size_t len = n - from;
    bool same = w->content_known && len == w->content_len && !memcmp(w->content, frame + from, len);
    memcpy(w->content, frame + from, len);
    w->content_len = len;
    w->content_known = true;
    return !same;
}

static void end_sum(struct work *w)
{
    add_counts(w->info, &w->sum);
    w->sum = (struct acq_member){.best_lap_ms = w->sum.best_lap_ms};
}

static void take_frame(struct work *w, const uint8_t *frame, size_t n)
{
    const struct acq_frame *f = &w->frame;
    struct acq_info *info = w->info;
    int64_t t = (int64_t)f->head.monotonic_ns;
    take_span(w, f->has[ACQ_head_seq] ? f->head.seq : 0, 1, t, t);
    take_ends(w, info->frames == 1);
    if (info->original < 0) info->original = acq_frame_original(f);
    acq_member_note(&w->sum, &w->trace, f);
    if (w->sum.frames >= SUM) end_sum(w);
    if (!f->has[ACQ_physics_packet_id]) info->steps += is_new(w, frame, n);
    if (info->original != 1) info->completed += watch_laps(w);
}

static int read_all(struct work *w, struct acq_reader *reader, struct acq_err *err)
{
    struct acq_batch batch;
    const uint8_t *frame;
    size_t n;
    uint64_t at;
    int r;
    while ((r = acq_reader_next(reader, &batch, err)) == ACQ_OK) {
        w->info->raw_bytes += batch.len;
        w->info->members += acq_reader_member(reader, &at) != NULL;
        while (acq_batch_next(&batch, &frame, &n) == ACQ_OK)
            if (acq_decode(&w->frame, frame, n) == ACQ_OK) take_frame(w, frame, n);
    }
    end_sum(w);
    if (w->watch.waiting) end_lap(w);
    if (w->info->original != 1) w->info->best_lap_ms = w->sum.best_lap_ms;
    w->info->loss = *acq_reader_get_loss(reader);
    return r == ACQ_END ? ACQ_OK : r;
}

static int64_t size_of(const char *path)
{
    if (!strcmp(path, "-")) return -1;
    int fd = acq_file_open(path, ACQ_FILE_READ, NULL);
    if (fd < 0) return -1;
    int64_t size = acq_file_size(fd);
    acq_file_close(fd);
    return size < 0 ? -1 : size;
}

int acq_info_read(struct acq_info *info, const char *path, struct acq_err *err)
{
    struct acq_reader *reader;
    memset(info, 0, sizeof *info);
    info->original = -1;
    info->file_bytes = size_of(path);
    int r = acq_reader_new(&reader, path, err);
    if (r < 0) return r;
    struct work *w = calloc(1, sizeof *w);
    if (w) {
        w->info = info;
        bool headers = acq_reader_seekable(reader);
        r = headers ? read_headers(w, reader, path, err) : read_all(w, reader, err);
        take_context(&info->last, &w->context);
    } else {
        r = acq_fail(err, ACQ_MEMORY, "no memory to read %s", path);
    }
    free(w);
    acq_reader_free(reader);
    return r;
}

/* ---- what follows from it ---- */

const char *acq_info_text(const struct acq_info *info, enum acq_id id)
{
    const struct acq_frame *f = info->last.has[id] ? &info->last : &info->first;
    return f->has[id] && acq_channels[id].type == ACQ_TYPE_STR ? (const char *)f + acq_channels[id].offset : "";
}

void acq_info_track(char dst[256], const struct acq_info *info)
{
    const char *track = acq_info_text(info, ACQ_stat_track),
               *layout = acq_info_text(info, ACQ_stat_track_configuration);
    snprintf(dst, 256, "%s%s%s", track, *track && *layout ? ", " : "", layout);
}

void acq_info_driver(char dst[256], const struct acq_info *info)
{
    const char *name = acq_info_text(info, ACQ_stat_player_name);
    const char *surname = acq_info_text(info, ACQ_stat_player_surname);
    if (!*name && !*surname) name = acq_info_text(info, ACQ_stat_player_nick);
    snprintf(dst, 256, "%s%s%s", name, *name && *surname ? " " : "", surname);
}

int64_t acq_info_utc_ns(const struct acq_info *info)
{
    return info->frames && info->first.has[ACQ_head_utc_ns] ? (int64_t)info->first.head.utc_ns : 0;
}

double acq_info_rate(const struct acq_info *info, uint64_t count)
{
    /* a stretch of n steps is n - 1 steps long */
    if (count <= info->stretches || info->sampled_ns <= 0) return -1;
    return (double)(count - info->stretches) / ((double)info->sampled_ns * 1e-9);
}

int64_t acq_info_duration_ns(const struct acq_info *info)
{
    return elapsed(info->first_t_ns, info->last_t_ns);
}
