#include "record/join.h"

#include "base/stop.h"
#include "record/info.h"
#include "record/merge.h"
#include "record/recorder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* the counts of capture, which go on from session to session */
enum { COUNTS = 6 };
static const enum acq_id counts[COUNTS] = {ACQ_capture_steps_seen,   ACQ_capture_steps_missed, ACQ_capture_torn_retried,
                                           ACQ_capture_torn_dropped, ACQ_capture_ring_dropped, ACQ_capture_duplicates};

/* What is known of a session, from the recordings of it. */
struct session {
    const char **paths;
    size_t n;
    char id[64], previous[64], game[32], car[100], track[256], driver[256];
    bool dated; /* utc_* are known */
    int64_t first_utc_ns, last_utc_ns, first_t_ns, last_t_ns;
    uint64_t counts[COUNTS]; /* the latest ones */
};

struct work {
    struct session *sessions;
    size_t n;
    struct acq_joined *done;
    struct acq_recorder *recorder;
    const struct session *now; /* the one whose frames are being written */
    uint64_t seq_before;       /* the last seq before its first one */
    int64_t shift_ns;          /* from its clock to the first one's */
    uint64_t counts[COUNTS];   /* of the sessions before it */
    struct acq_frame frame;
    uint8_t bytes[ACQ_FRAME_MAX];
};

static uint64_t *count_of(struct acq_frame *f, int i)
{
    uint64_t *fields[COUNTS] = {&f->capture.steps_seen,   &f->capture.steps_missed, &f->capture.torn_retried,
                                &f->capture.torn_dropped, &f->capture.ring_dropped, &f->capture.duplicates};
    return fields[i];
}

/* ---- which recordings belong together ---- */

static int not_ours(const char *path, const struct acq_info *info, struct acq_err *err)
{
    if (!info->frames) return acq_fail(err, ACQ_USAGE, "%s holds no frame: leave it out", path);
    if (!info->first.has[ACQ_head_session_id])
        return acq_fail(err, ACQ_USAGE, "%s does not say which session it is of: it cannot be merged", path);
    if (!info->first.has[ACQ_head_seq])
        return acq_fail(err, ACQ_USAGE,
                        "%s has frames without a number, as the original project writes them: it cannot be merged",
                        path);
    return ACQ_OK;
}

/* learn: a text that no recording of the session has said so far */
static void learn(char *dst, size_t size, const char *text)
{
    if (!*dst) snprintf(dst, size, "%s", text);
}

/* sane: a time of which two can be added: until the year 2116 */
static bool sane(int64_t ns)
{
    return ns >= 0 && ns < INT64_MAX / 2;
}

/* extend: one more recording of the session */
static int extend(struct session *s, const char *path, struct acq_info *info, struct acq_err *err)
{
    char text[256];
    int64_t utc = acq_info_utc_ns(info), length = acq_info_duration_ns(info);
    bool dated = utc && sane(utc) && sane(length) && sane(info->first_t_ns) && sane(info->last_t_ns);
    int64_t last = dated ? utc + length : utc;
    const char **paths = realloc(s->paths, (s->n + 1) * sizeof *paths);
    if (!paths) return acq_fail(err, ACQ_MEMORY, "no memory for so many recordings");
    s->paths = paths;
    s->dated = dated && (s->dated || !s->n);
    if (!s->n || info->first_t_ns < s->first_t_ns) s->first_t_ns = info->first_t_ns;
    if (!s->n || info->last_t_ns > s->last_t_ns) s->last_t_ns = info->last_t_ns;
    if (!s->n || utc < s->first_utc_ns) s->first_utc_ns = utc;
    if (!s->n || last > s->last_utc_ns) s->last_utc_ns = last;
    s->paths[s->n++] = path;
    learn(s->id, sizeof s->id, acq_info_text(info, ACQ_head_session_id));
    learn(s->previous, sizeof s->previous, acq_info_text(info, ACQ_capture_previous_session));
    learn(s->game, sizeof s->game, acq_info_text(info, ACQ_head_game));
    learn(s->car, sizeof s->car, acq_info_text(info, ACQ_stat_car_model));
    acq_info_track(text, info);
    learn(s->track, sizeof s->track, text);
    acq_info_driver(text, info);
    learn(s->driver, sizeof s->driver, text);
    for (int i = 0; i < COUNTS; i++) {
        uint64_t count = info->last.has[counts[i]] ? *count_of(&info->last, i) : 0;
        if (count > s->counts[i]) s->counts[i] = count;
    }
    return ACQ_OK;
}

/* take_path: puts a recording to the others of its session */
static int take_path(struct work *w, const char *path, struct acq_info *info, struct acq_err *err)
{
    size_t i = 0;
    int result = acq_info_read(info, path, err);
    if (result == ACQ_OK) result = not_ours(path, info, err);
    if (result < 0) return result;
    while (i < w->n && strcmp(w->sessions[i].id, acq_info_text(info, ACQ_head_session_id)) != 0) i++;
    if (i == w->n) w->n++;
    return extend(&w->sessions[i], path, info, err);
}

static int by_time(const void *a, const void *b)
{
    const struct session *x = a, *y = b;
    if (x->dated && y->dated) return (x->first_utc_ns > y->first_utc_ns) - (x->first_utc_ns < y->first_utc_ns);
    return (x->first_t_ns > y->first_t_ns) - (x->first_t_ns < y->first_t_ns);
}

static int two_drives(const struct session *a, const struct session *b, struct acq_err *err)
{
    char what[2][400];
    for (int i = 0; i < 2; i++) {
        const struct session *s = i ? b : a;
        snprintf(what[i], sizeof what[i], "%.90s on %.120s by %.90s", *s->car ? s->car : "an unknown car",
                 *s->track ? s->track : "an unknown track", *s->driver ? s->driver : "an unknown driver");
    }
    return acq_fail(err, ACQ_USAGE, "%s and %s do not belong together: they are of two sessions, %s and %s",
                    a->paths[0], b->paths[0], what[0], what[1]);
}

/* alike: may session b go on from a, which lies before it? */
static int alike(const struct session *a, const struct session *b, bool any, struct acq_err *err)
{
    const char *p = a->paths[0], *q = b->paths[0];
    bool chained = !strcmp(b->previous, a->id), same = !strcmp(a->car, b->car) && !strcmp(a->track, b->track);
    same = same && !strcmp(a->driver, b->driver) && !strcmp(a->game, b->game);
    if (!chained && !same) return two_drives(a, b, err);
    if (!chained && !any)
        return acq_fail(err, ACQ_USAGE,
                        "%s and %s are of two sessions, %s and %s: --join makes one of sessions of the same car, track "
                        "and driver",
                        p, q, a->id, b->id);
    bool later = a->dated && b->dated ? b->first_utc_ns > a->last_utc_ns : b->first_t_ns > a->last_t_ns;
    if (!later)
        return acq_fail(err, ACQ_USAGE, "the sessions of %s and %s overlap in time: one cannot go on from the other", p,
                        q);
    return ACQ_OK;
}

static int plan(struct work *w, const char *const *paths, size_t n, bool any, struct acq_err *err)
{
    struct acq_info *info = malloc(sizeof *info);
    w->sessions = calloc(n, sizeof *w->sessions);
    int result = info && w->sessions ? ACQ_OK : acq_fail(err, ACQ_MEMORY, "no memory for so many recordings");
    for (size_t i = 0; result == ACQ_OK && i < n; i++) result = take_path(w, paths[i], info, err);
    free(info);
    if (result < 0) return result;
    qsort(w->sessions, w->n, sizeof *w->sessions, by_time);
    for (size_t i = 1; result == ACQ_OK && i < w->n; i++)
        result = alike(&w->sessions[i - 1], &w->sessions[i], any, err);
    return result;
}

/* ---- writing ---- */

/* go_on: the frame at hand as one of the first session */
static void go_on(struct work *w)
{
    struct acq_frame *f = &w->frame;
    const struct session *first = &w->sessions[0];
    acq_frame_set_text(f, ACQ_head_session_id, first->id);
    f->head.seq += w->seq_before;
    f->head.monotonic_ns += (uint64_t)w->shift_ns;
    if (!f->has[ACQ_capture]) return;
    for (int i = 0; i < COUNTS; i++)
        if (f->has[counts[i]]) *count_of(f, i) += w->counts[i];
    /* of two sessions together they cannot be told */
    f->has[ACQ_capture_jitter_p50_ns] = f->has[ACQ_capture_jitter_p99_ns] = f->has[ACQ_capture_jitter_max_ns] = false;
    f->has[ACQ_capture_previous_session] = *first->previous != 0;
    if (*first->previous) acq_frame_set_text(f, ACQ_capture_previous_session, first->previous);
}

/* next_frame: the next one of a batch that can be decoded, as it is to be written; others are counted. Returns 0 or
 * ACQ_END. */
static int next_frame(struct work *w, struct acq_batch *batch, const uint8_t **bytes, size_t *n, uint64_t *unreadable)
{
    while (acq_batch_next(batch, bytes, n) == ACQ_OK) {
        if (acq_decode(&w->frame, *bytes, *n) < 0) {
            ++*unreadable;
            continue;
        }
        if (w->now == w->sessions) return ACQ_OK;
        go_on(w);
        *n = acq_encode(&w->frame, w->bytes, NULL);
        *bytes = w->bytes;
        return ACQ_OK;
    }
    return ACQ_END;
}

/* write_frames: a run frame by frame */
static int write_frames(struct work *w, struct acq_merge_run run, struct acq_err *err)
{
    const uint8_t *bytes;
    size_t n;
    uint64_t frames = w->done->frames, ignored = 0;
    int result = ACQ_OK;
    while (next_frame(w, &run.before, &bytes, &n, &ignored) == ACQ_OK)
        if (acq_recorder_keep_context(w->recorder, bytes, n) < 0)
            return acq_fail(err, ACQ_MEMORY, "no memory to write the recording");
    while (result == ACQ_OK && next_frame(w, &run.frames, &bytes, &n, &w->done->unreadable) == ACQ_OK) {
        if (acq_recorder_due(w->recorder)) result = acq_recorder_flush(w->recorder, err);
        if (result == ACQ_OK && acq_recorder_add(w->recorder, &w->frame, bytes, n) < 0)
            result = acq_fail(err, ACQ_IO, "cannot write frame %" PRIu64 ": the disk failed", w->frame.head.seq);
        w->done->frames += result == ACQ_OK;
    }
    if (w->now != w->sessions) w->done->anew += w->done->frames - frames;
    return result;
}

static int write_run(struct work *w, const struct acq_merge_run *run, struct acq_err *err)
{
    int result = run->left_out ? acq_recorder_leave_out(w->recorder, err) : ACQ_OK;
    w->done->missing += run->missing;
    if (result < 0) return result;
    if (!run->member || w->now != w->sessions) return write_frames(w, *run, err);
    w->done->frames += run->member->frames;
    return acq_recorder_copy(w->recorder, run->member, run->packed, err);
}

static int write_session(struct work *w, const struct session *s, struct acq_err *err)
{
    struct acq_merge *merge;
    struct acq_merge_run run;
    const struct session *first = &w->sessions[0];
    int result = acq_merge_new(&merge, s->paths, s->n, err);
    if (result < 0) return result;
    w->now = s;
    w->seq_before = acq_recorder_get_state(w->recorder).last_seq;
    if (s->dated && first->dated)
        w->shift_ns = (s->first_utc_ns - s->first_t_ns) - (first->first_utc_ns - first->first_t_ns);
    while (result == ACQ_OK && (result = acq_merge_next(merge, &run, err)) == ACQ_OK) {
        result = write_run(w, &run, err);
        if (result == ACQ_OK && acq_stopped()) result = acq_fail(err, ACQ_STOPPED, "stopped: nothing was written");
    }
    bool cut;
    w->done->missing += acq_merge_behind(merge, &cut);
    w->done->cut |= cut;
    w->done->duplicates += acq_merge_duplicates(merge);
    for (int i = 0; i < COUNTS; i++) w->counts[i] += s->counts[i];
    acq_merge_free(merge);
    return result == ACQ_END ? ACQ_OK : result;
}

static int write_all(struct work *w, const char *out, struct acq_err *err)
{
    int result = acq_recorder_new(&w->recorder, out, err);
    if (result < 0) return result;
    acq_recorder_offline(w->recorder);
    for (size_t i = 0; result == ACQ_OK && i < w->n; i++) result = write_session(w, &w->sessions[i], err);
    if (result == ACQ_OK) return acq_recorder_close(w->recorder, err);
    acq_recorder_free(w->recorder);
    return result;
}

int acq_join_files(const char *const *paths, size_t n, bool any, const char *out, struct acq_joined *done,
                   struct acq_err *err)
{
    struct work *w = calloc(1, sizeof *w);
    *done = (struct acq_joined){0};
    if (!w) return acq_fail(err, ACQ_MEMORY, "no memory for so many recordings");
    w->done = done;
    int result = plan(w, paths, n, any, err);
    if (result == ACQ_OK) {
        snprintf(done->session, sizeof done->session, "%s", w->sessions[0].id);
        done->sessions = w->n;
        result = write_all(w, out, err);
    }
    for (size_t i = 0; i < w->n; i++) free(w->sessions[i].paths);
    free(w->sessions);
    free(w);
    return result;
}
