/* Samples to frames: counted, numbered, encoded, recorded and handed out. */
#include "bridge/capture_frames.h"

#include <string.h>

static void set_u64(struct acq_frame *f, enum acq_id id, uint64_t *field, uint64_t v)
{
    *field = v;
    f->has[id] = f->has[ACQ_capture] = true;
}

/* set_context puts the static page and the counts so far into the frame, or takes them out. */
static void set_context(struct acq_capture *c, bool with, const char *last_why)
{
    struct acq_frame *f = &c->frame;
    const struct acq_counts *n = &c->session.counts;
    struct acq_capture_session *to = &c->session;
    if (!with) {
        memset(f->has + ACQ_stat, false, ACQ_IDS - ACQ_stat);
        return;
    }
    acq_frame_from_page(f, ACQ_PAGE_statics, &c->running.stat, c->stat_size);
    set_u64(f, ACQ_capture_steps_seen, &f->capture.steps_seen, n->seen);
    set_u64(f, ACQ_capture_steps_missed, &f->capture.steps_missed, n->missed);
    set_u64(f, ACQ_capture_torn_retried, &f->capture.torn_retried, n->torn_retried);
    set_u64(f, ACQ_capture_torn_dropped, &f->capture.torn_dropped, n->torn_dropped);
    set_u64(f, ACQ_capture_ring_dropped, &f->capture.ring_dropped, n->ring_dropped);
    set_u64(f, ACQ_capture_duplicates, &f->capture.duplicates, n->duplicates);
    to->jitter_p50_ns = acq_jitter_at(&c->jitter, 0.5);
    to->jitter_p99_ns = acq_jitter_at(&c->jitter, 0.99);
    to->jitter_max_ns = c->jitter.max_ns;
    set_u64(f, ACQ_capture_jitter_p50_ns, &f->capture.jitter_p50_ns, to->jitter_p50_ns);
    set_u64(f, ACQ_capture_jitter_p99_ns, &f->capture.jitter_p99_ns, to->jitter_p99_ns);
    set_u64(f, ACQ_capture_jitter_max_ns, &f->capture.jitter_max_ns, to->jitter_max_ns);
    if (!c->jitter.n) memset(f->has + ACQ_capture_jitter_p50_ns, false, 3);
    f->has[ACQ_capture_program] = true;
    f->has[ACQ_capture_previous_session] = *c->session.previous;
    if (last_why) acq_frame_set_text(f, ACQ_capture_end_reason, last_why);
}

static void count(struct acq_capture *c, const struct acq_sample *s)
{
    const struct acq_counts *now = &s->counts, *base = &c->base;
    c->session.counts = (struct acq_counts){.seen = now->seen - base->seen,
                                            .missed = now->missed - base->missed,
                                            .duplicates = now->duplicates - base->duplicates,
                                            .torn_retried = now->torn_retried - base->torn_retried,
                                            .torn_dropped = now->torn_dropped - base->torn_dropped,
                                            .ring_dropped = now->ring_dropped - base->ring_dropped};
    c->session.dropped += s->lost_before;
    c->lost += s->lost_before;
    if (s->late_ns >= 0) acq_jitter_add(&c->jitter, s->late_ns);
}

void acq_capture_take_back(struct acq_capture *c, const struct acq_sample *s)
{
    if (!c->holds) return; /* a frame already */
    c->holds = false;
    if (!c->session.seq) { /* the session begins with `s` then */
        c->base = s->counts;
        c->base.seen--;
        return;
    }
    c->base.seen++;
    c->base.torn_dropped--;
    c->session.dropped += c->held.lost_before + 1;
    c->lost += c->held.lost_before + 1;
}

static void fill(struct acq_capture *c, const struct acq_sample *s)
{
    struct acq_frame *f = &c->frame;
    f->head.seq = c->session.seq;
    f->head.monotonic_ns = (uint64_t)s->t_ns;
    f->head.utc_ns = (uint64_t)(s->t_ns + c->utc_offset_ns);
    f->head.lost_before = c->lost;
    f->has[ACQ_head_seq] = f->has[ACQ_head_monotonic_ns] = f->has[ACQ_head_utc_ns] = true;
    f->has[ACQ_head_lost_before] = c->lost > 0;
    acq_frame_from_page(f, ACQ_PAGE_physics, &s->pages.physics, s->physics_size);
    acq_frame_from_page(f, ACQ_PAGE_graphics, &s->pages.graphics, s->graphics_size);
    c->lost = 0;
    c->session.last_t_ns = s->t_ns;
    c->session.laps = f->graphics.completed_laps;
    c->session.last_lap_ms = f->graphics.last_time_ms;
    c->session.best_lap_ms = f->graphics.best_time_ms;
}

/* record_late puts the frame that has been handed out already into the recording. */
static void record_late(struct acq_capture *c)
{
    if (c->disk.recorder && c->late) acq_recorder_add(c->disk.recorder, &c->frame, c->bytes, c->late);
    c->late = 0;
}

void acq_capture_record_last(struct acq_capture *c, const char *why)
{
    if (!c->late) return;
    set_context(c, true, why);
    c->late = acq_encode(&c->frame, c->bytes, NULL);
    record_late(c);
}

/* emit numbers, encodes, records and hands out one frame. A frame that has nowhere to go is declared in the next one,
 * and not numbered. */
static void emit(struct acq_capture *c, const struct acq_sample *s, const char *last_why)
{
    record_late(c);
    if (c->disk.recorder && acq_recorder_due(c->disk.recorder)) acq_disk_seal(&c->disk);
    if ((c->disk.recorder && !acq_recorder_room(c->disk.recorder)) ||
        (!c->disk.recorder && !c->events->room(c->user))) {
        c->lost++;
        c->session.dropped++;
        return;
    }
    bool begins = c->disk.recorder ? acq_recorder_empty(c->disk.recorder) : s->t_ns - c->context_ns >= ACQ_MEMBER_NS;
    c->session.seq++;
    fill(c, s);
    set_context(c, begins || c->stat_changed || last_why, last_why);
    if (c->frame.has[ACQ_stat]) c->context_ns = s->t_ns;
    c->stat_changed = false;
    size_t n = acq_encode(&c->frame, c->bytes, NULL);
    c->late = n;
    if (!c->at_once || last_why) record_late(c);
    c->events->frame(c->user, &c->frame, c->bytes, n);
}

void acq_capture_emit_held(struct acq_capture *c, const char *last_why)
{
    if (!c->holds) return;
    c->holds = false;
    count(c, &c->held);
    emit(c, &c->held, last_why);
}
