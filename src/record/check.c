#include "record/check.h"

#include "frame/original.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const odd_texts[ACQ_ODDS - ACQ_VALUES_KINDS] = {
    "the number of the physics step goes back",
    "the number of the graphics page goes back",
    "the sample time is that of the frame before",
    "UTC and the steady clock do not go together: their difference changes",
    "frames stand behind the one that says why the session ended",
    "written by the original project: its values are shifted; `acq convert --original` puts them back",
    "the sampling program says that it saw fewer steps than there are",
    "the sampling program says that it missed more steps than the frames show",
    "the sampling program says that it dropped more samples than the frames declare",
};

int64_t acq_check_since(const struct acq_check *w, int64_t t)
{
    uint64_t ns = (uint64_t)t - (uint64_t)w->first_t_ns;
    return t >= w->first_t_ns && ns <= INT64_MAX ? (int64_t)ns : -1;
}

void acq_check_fault(struct acq_check *w, const char *format, ...)
{
    char text[300];
    struct acq_finding f = w->place;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    f.fault = true;
    f.count = 1;
    f.text = text;
    w->d->faults++;
    w->found(w->user, &f);
}

void acq_check_odd(void *user, unsigned kind, double value)
{
    struct acq_check *w = user;
    struct acq_check_tally *t = &w->odd[kind];
    if (t->count++) return;
    t->first = w->place;
    t->value = value;
}

static void say_odd(struct acq_check *w, unsigned kind)
{
    char text[200], name[128];
    struct acq_check_tally *t = &w->odd[kind];
    if (!t->count) return;
    t->first.fault = false;
    t->first.count = t->count;
    t->first.text = text;
    if (kind < ACQ_VALUES_KINDS) {
        acq_values_text(name, kind);
        snprintf(text, sizeof text, "%s: %g", name, t->value);
    } else {
        snprintf(text, sizeof text, "%s", odd_texts[kind - ACQ_VALUES_KINDS]);
    }
    w->d->warnings++;
    w->found(w->user, &t->first);
}

void acq_check_say_odds(struct acq_check *w)
{
    for (unsigned kind = 0; kind < ACQ_ODDS; kind++) say_odd(w, kind);
}

/* ---- headers ---- */

static void compare(struct acq_check *w, const char *what, int64_t says, int64_t is)
{
    if (says != is) acq_check_fault(w, "the member's header says %s %" PRId64 ", its frames %" PRId64, what, says, is);
}

/* same_counts: do the counts that depend on the frame before fit? */
static bool same_counts(const struct acq_member *a, const struct acq_member *b)
{
    return a->steps == b->steps && a->missed == b->missed && a->pictures == b->pictures &&
           !memcmp(a->jitter, b->jitter, sizeof a->jitter);
}

/* may_count: can these be the counts where the frame before the member is not known? It says whether the first frame is
 * a new step and a new picture, how many steps were missed before it, and how far its time is off. */
static bool may_count(const struct acq_member *m, const struct acq_member *alone)
{
    unsigned more = 0;
    for (int i = 0; i < ACQ_JITTER_BINS; i++) {
        if (m->jitter[i] < alone->jitter[i]) return false;
        more += (unsigned)(m->jitter[i] - alone->jitter[i]);
    }
    return more <= 1 && alone->steps - m->steps <= 1 && alone->pictures - m->pictures <= 1 &&
           m->missed >= alone->missed;
}

/* compare_header: what the header says against what was counted: `sum` with the frame before, if it `follows`, and
 * `alone` as if no frame stood before, as whoever goes on with a file, or leaves frames out, does. */
static void compare_header(struct acq_check *w, const struct acq_member *m, const struct acq_member *sum,
                           const struct acq_member *alone, bool follows)
{
    compare(w, "frames", m->frames, sum->frames);
    compare(w, "first seq", (int64_t)m->first_seq, (int64_t)sum->first_seq);
    compare(w, "first time", m->first_t_ns, sum->first_t_ns);
    compare(w, "last time", m->last_t_ns, sum->last_t_ns);
    compare(w, "first UTC", m->first_utc_ns, sum->first_utc_ns);
    compare(w, "laps", m->laps, sum->laps);
    compare(w, "best lap", m->best_lap_ms, sum->best_lap_ms);
    compare(w, "lost samples", m->lost, sum->lost);
    if (same_counts(m, sum) || same_counts(m, alone) || (!follows && may_count(m, alone))) return;
    compare(w, "steps", m->steps, sum->steps);
    compare(w, "missed steps", m->missed, sum->missed);
    compare(w, "pictures", m->pictures, sum->pictures);
    if (memcmp(m->jitter, sum->jitter, sizeof m->jitter))
        acq_check_fault(w, "the member's header has another histogram of sample times than its frames");
}

/* ---- frames ---- */

static void check_order(struct acq_check *w, bool ours, bool first)
{
    const struct acq_frame *f = &w->frame;
    struct acq_check_before *b = &w->before;
    if (ours && !f->has[ACQ_head_seq]) acq_check_fault(w, "a frame has no seq");
    if (f->has[ACQ_head_seq]) {
        uint64_t seq = f->head.seq;
        if (b->any && seq <= b->seq)
            acq_check_fault(w, "seq goes back from %" PRIu64 " to %" PRIu64, b->seq, seq);
        else if (b->any && seq != b->seq + 1 && (!first || !ours)) /* between members the reader finds it */
            acq_check_fault(w, "seq jumps from %" PRIu64 " to %" PRIu64, b->seq, seq);
        b->seq = seq;
    }
    int64_t t = (int64_t)f->head.monotonic_ns;
    if (!f->has[ACQ_head_monotonic_ns]) {
        acq_check_fault(w, "a frame has no sample time");
    } else {
        if (b->any && t < b->t_ns)
            acq_check_fault(w, "the sample time goes back by %.6f s", ((double)b->t_ns - (double)t) * 1e-9);
        else if (b->any && t == b->t_ns)
            acq_check_odd(w, ACQ_ODD_SAME_TIME, 0);
        b->t_ns = t;
    }
}

static void check_text(struct acq_check *w, enum acq_id id, char *known, size_t size, const char *what)
{
    const char *text = w->frame.has[id] ? (const char *)&w->frame + acq_channels[id].offset : "";
    if (w->before.any && strcmp(known, text)) acq_check_fault(w, "the %s changes from '%s' to '%s'", what, known, text);
    if (!w->before.any || strcmp(known, text)) snprintf(known, size, "%s", text);
}

static void check_pages(struct acq_check *w)
{
    const struct acq_frame *f = &w->frame;
    struct acq_check_before *b = &w->before;
    if (f->has[ACQ_head_utc_ns]) {
        int64_t offset = (int64_t)(f->head.utc_ns - f->head.monotonic_ns);
        if (b->utc_known && offset != b->utc_offset) acq_check_odd(w, ACQ_ODD_UTC, 0);
        b->utc_known = true;
        b->utc_offset = offset;
    }
    if (b->has_step && f->has[ACQ_physics_packet_id] && f->physics.packet_id < b->step)
        acq_check_odd(w, ACQ_ODD_STEP_BACK, 0);
    if (b->has_picture && f->has[ACQ_graphics_packet_id] && f->graphics.packet_id < b->picture)
        acq_check_odd(w, ACQ_ODD_PICTURE_BACK, 0);
    w->steps += f->has[ACQ_physics_packet_id] && (!b->has_step || f->physics.packet_id != b->step);
    b->has_step = f->has[ACQ_physics_packet_id];
    b->has_picture = f->has[ACQ_graphics_packet_id];
    b->step = f->physics.packet_id;
    b->picture = f->graphics.packet_id;
}

static void check_context(struct acq_check *w, bool ours, bool first)
{
    static const enum acq_id ids[2] = {ACQ_stat, ACQ_capture};
    const struct acq_frame *f = &w->frame;
    struct acq_check_before *b = &w->before;
    const struct acq_group_capture *old = &b->capture, *now = &f->capture;
    for (int i = 0; i < 2; i++) {
        if (ours && first && b->has[i] && !f->has[ids[i]])
            acq_check_fault(w, "the first frame of this member lacks the %s, which frames before it have",
                            i ? "capture" : "static page");
        b->has[i] = b->has[i] || f->has[ids[i]];
    }
    if (b->ended) acq_check_odd(w, ACQ_ODD_BEHIND_END, 0);
    b->ended = f->has[ACQ_capture_end_reason];
    if (!f->has[ACQ_capture]) return;
    struct acq_group_capture next = {
        .steps_seen = f->has[ACQ_capture_steps_seen] ? now->steps_seen : old->steps_seen,
        .steps_missed = f->has[ACQ_capture_steps_missed] ? now->steps_missed : old->steps_missed,
        .torn_retried = f->has[ACQ_capture_torn_retried] ? now->torn_retried : old->torn_retried,
        .torn_dropped = f->has[ACQ_capture_torn_dropped] ? now->torn_dropped : old->torn_dropped,
        .ring_dropped = f->has[ACQ_capture_ring_dropped] ? now->ring_dropped : old->ring_dropped,
        .duplicates = f->has[ACQ_capture_duplicates] ? now->duplicates : old->duplicates};
    if (next.steps_seen < old->steps_seen || next.steps_missed < old->steps_missed ||
        next.torn_retried < old->torn_retried || next.torn_dropped < old->torn_dropped ||
        next.ring_dropped < old->ring_dropped || next.duplicates < old->duplicates)
        acq_check_fault(w, "the totals of the capture go back");
    if (f->has[ACQ_capture_steps_seen] && now->steps_seen < w->steps) acq_check_odd(w, ACQ_ODD_SEEN, 0);
    b->capture = next;
}

/* A file's frames as they come: `sum` counts them as the recorder did. */
static void check_frame(struct acq_check *w, bool ours, bool first)
{
    struct acq_check_before *b = &w->before;
    const struct acq_frame *f = &w->frame;
    int64_t t = (int64_t)f->head.monotonic_ns;
    if (!w->d->frames) w->first_t_ns = t;
    w->d->frames++;
    w->place.seq = f->has[ACQ_head_seq] ? f->head.seq : 0;
    w->place.t_ns = acq_check_since(w, t);
    check_order(w, ours, first);
    check_text(w, ACQ_head_session_id, b->session, sizeof b->session, "session");
    check_text(w, ACQ_head_game, b->game, sizeof b->game, "game");
    check_pages(w);
    check_context(w, ours, first);
    if (w->d->original < 0) w->d->original = acq_frame_original(f);
    if (w->d->original != 1) acq_values_check(f, acq_check_odd, w);
    b->any = true;
}

void acq_check_batch(struct acq_check *w, struct acq_batch batch, const struct acq_member *m)
{
    bool follows = !m || (w->before.any && m->first_seq == w->before.seq + 1);
    struct acq_member sum = {.laps = m && !follows ? m->laps : w->last.laps,
                             .best_lap_ms = m && !follows ? m->best_lap_ms : w->last.best_lap_ms};
    struct acq_member alone = sum;
    struct acq_member_trace fresh = {0};
    const uint8_t *frame;
    size_t n;
    bool first = true;
    if (!follows) w->trace.any = false;
    while (acq_batch_next(&batch, &frame, &n) == ACQ_OK) {
        if (acq_decode(&w->frame, frame, n) < 0) {
            acq_check_fault(w, "a frame of %zu bytes is no TelemetryFrame", n);
            continue;
        }
        check_frame(w, m != NULL, first);
        acq_member_note(&sum, &w->trace, &w->frame);
        acq_member_note(&alone, &fresh, &w->frame);
        first = false;
    }
    if (batch.len) acq_check_fault(w, "the content of this member does not end with a frame");
    w->place.seq = sum.first_seq;
    w->place.t_ns = acq_check_since(w, sum.first_t_ns);
    if (m) compare_header(w, m, &sum, &alone, follows);
    w->missed += sum.missed;
    w->lost += sum.lost;
    w->last = m ? *m : sum;
}
