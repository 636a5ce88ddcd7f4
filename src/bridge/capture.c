#include "bridge/capture.h"

#include "base/log.h"
#include "base/os.h"
#include "page/read.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A sample is not held back for longer than this: nothing moves, so it may well be the last. */
#define HOLD_NS INT64_C(100000000)

/* report warns once. */
static void report(struct acq_capture *c, const char *text)
{
    if (!strcmp(c->told, text)) return;
    snprintf(c->told, sizeof c->told, "%s", text);
    acq_log(ACQ_LOG_WARN, "%s", text);
}

/* ---- the disk ---- */

static void run_disk(void *argument)
{
    struct acq_capture *c = argument;
    for (;;) {
        uv_sem_wait(&c->seal);
        if (c->disk_ends) return;
        c->result = acq_recorder_seal(c->recorder, &c->error);
        uv_sem_post(&c->sealed);
    }
}

/* end_recording: the disk failed. The session goes on without a recording: what has been written is whole, and the
 * server still gets everything. */
static void end_recording(struct acq_capture *c, const struct acq_err *err)
{
    bool any = acq_recorder_get_state(c->recorder).size > 0;
    acq_log(ACQ_LOG_ERROR, "recording stopped: %s; %s %s%s, make room on the disk", err->text,
            any ? "what is in" : "nothing is in", c->session.path, any ? " is whole" : "");
    acq_recorder_free(c->recorder);
    if (!any) {
        acq_path_remove(c->session.path);
        c->session.path[0] = 0;
    }
    c->recorder = NULL;
    c->disk_failed = true;
}

/* end_work: a member has been sealed. */
static void end_work(struct acq_capture *c)
{
    c->working = false;
    acq_recorder_end_seal(c->recorder);
    if (c->result < 0) end_recording(c, &c->error);
}

static void begin_work(struct acq_capture *c)
{
    if (c->working && uv_sem_trywait(&c->sealed) == 0) end_work(c);
    if (c->working || !c->recorder || !acq_recorder_begin_seal(c->recorder)) return;
    c->working = true;
    uv_sem_post(&c->seal);
}

static int open_recorder(struct acq_capture *c, int64_t utc_ns, struct acq_err *err)
{
    char name[ACQ_RECORDING_NAME_MAX], path[ACQ_PATH_MAX];
    int r = ACQ_OK;
    acq_recording_name(name, &c->frame, utc_ns);
    if (c->record_is_file)
        snprintf(path, sizeof path, "%s", c->record);
    else
        r = acq_path_join(path, sizeof path, c->record, name);
    if (r == ACQ_OK) r = acq_path_unused(c->session.path, sizeof c->session.path, path);
    if (r < 0) return acq_fail(err, r, "the name of the folder %s is too long", c->record);
    return acq_recorder_new(&c->recorder, c->session.path, err);
}

/* ---- sessions ---- */

static void join(char *dst, size_t size, const char *a, const char *between, const char *b)
{
    snprintf(dst, size, "%s%s%s", a, *a && *b ? between : "", b);
}

/* set_stat puts the static page into the frame and its texts into the session. */
static void set_stat(struct acq_capture *c)
{
    const struct acq_group_stat *s = &c->frame.stat;
    struct acq_capture_session *to = &c->session;
    acq_frame_from_page(&c->frame, ACQ_PAGE_statics, &c->stat, c->stat_size);
    snprintf(to->car, sizeof to->car, "%s", s->car_model);
    join(to->track, sizeof to->track, s->track, "-",
         c->frame.has[ACQ_stat_track_configuration] ? s->track_configuration : "");
    join(to->driver, sizeof to->driver, s->player_name, " ", s->player_surname);
    c->stat_changed = true;
}

static void begin(struct acq_capture *c, const struct acq_sample *sample)
{
    struct acq_err err;
    if (c->no_more) return;
    c->session = (struct acq_capture_session){.first_t_ns = sample->t_ns};
    if (!acq_uuid7(c->session.id)) {
        report(c, "the system gives no random bytes: no session can begin");
        return;
    }
    acq_frame_clear(&c->frame);
    acq_frame_set_text(&c->frame, ACQ_head_game, "assetto_corsa");
    acq_frame_set_text(&c->frame, ACQ_head_session_id, c->session.id);
    acq_frame_set_text(&c->frame, ACQ_capture_program, "telemetry_bridge " ACQ_VERSION_TEXT);
    set_stat(c);
    c->utc_offset_ns = acq_utc_ns() - acq_now_ns();
    c->session_type = sample->pages.graphics.session;
    c->base = sample->counts;
    c->base.seen--; /* this sample is the session's first */
    c->lost = 0;
    c->disk_failed = false;
    c->recorder = NULL;
    c->state = ACQ_CAPTURE_RUNNING;
    if (c->record && open_recorder(c, sample->t_ns + c->utc_offset_ns, &err) < 0) {
        acq_log(ACQ_LOG_ERROR, "no recording: %s", err.text);
        c->session.path[0] = 0;
        c->disk_failed = true;
    }
    c->events->begin(c->user, &c->session);
}

/* ---- frames ---- */

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
    if (!with) {
        memset(f->has + ACQ_stat, false, ACQ_IDS - ACQ_stat);
        return;
    }
    acq_frame_from_page(f, ACQ_PAGE_statics, &c->stat, c->stat_size);
    set_u64(f, ACQ_capture_steps_seen, &f->capture.steps_seen, n->seen);
    set_u64(f, ACQ_capture_steps_missed, &f->capture.steps_missed, n->missed);
    set_u64(f, ACQ_capture_torn_retried, &f->capture.torn_retried, n->torn_retried);
    set_u64(f, ACQ_capture_torn_dropped, &f->capture.torn_dropped, n->torn_dropped);
    set_u64(f, ACQ_capture_ring_dropped, &f->capture.ring_dropped, n->ring_dropped);
    f->has[ACQ_capture_program] = true;
    if (last_why) acq_frame_set_text(f, ACQ_capture_end_reason, last_why);
}

static void count(struct acq_capture *c, const struct acq_sample *s)
{
    const struct acq_counts *now = &s->counts, *base = &c->base;
    c->session.counts = (struct acq_counts){.seen = now->seen - base->seen,
                                            .missed = now->missed - base->missed,
                                            .torn_retried = now->torn_retried - base->torn_retried,
                                            .torn_dropped = now->torn_dropped - base->torn_dropped,
                                            .ring_dropped = now->ring_dropped - base->ring_dropped};
    c->session.dropped += s->lost_before;
    c->lost += s->lost_before;
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

/* emit numbers, encodes, records and hands out one frame. A frame that has nowhere to go is declared in the next one,
 * and not numbered. */
static void emit(struct acq_capture *c, const struct acq_sample *s, const char *last_why)
{
    if (c->recorder && acq_recorder_due(c->recorder)) begin_work(c);
    if ((c->recorder && !acq_recorder_room(c->recorder)) || (!c->recorder && !c->events->room(c->user))) {
        c->lost++;
        c->session.dropped++;
        return;
    }
    bool begins = c->recorder ? acq_recorder_empty(c->recorder) : s->t_ns - c->context_ns >= ACQ_MEMBER_NS;
    c->session.seq++;
    fill(c, s);
    set_context(c, begins || c->stat_changed || last_why, last_why);
    if (c->frame.has[ACQ_stat]) c->context_ns = s->t_ns;
    c->stat_changed = false;
    size_t n = acq_encode(&c->frame, c->bytes, NULL);
    if (c->recorder) acq_recorder_add(c->recorder, &c->frame, c->bytes, n);
    c->events->frame(c->user, &c->frame, c->bytes, n);
}

/* emit_held makes the newest sample a frame. `last_why`, unless NULL, says that the session ends with it, and why. */
static void emit_held(struct acq_capture *c, const char *last_why)
{
    if (!c->holds) return;
    c->holds = false;
    count(c, &c->held);
    emit(c, &c->held, last_why);
}

/* ---- from session to session ---- */

void acq_capture_end(struct acq_capture *c, const char *why)
{
    struct acq_err err;
    if (c->state != ACQ_CAPTURE_RUNNING) return;
    emit_held(c, why);
    c->state = ACQ_CAPTURE_WAITING;
    if (c->working) {
        uv_sem_wait(&c->sealed);
        end_work(c);
    }
    if (c->recorder && acq_recorder_flush(c->recorder, &err) < 0) end_recording(c, &err);
    if (c->recorder && acq_recorder_close(c->recorder, &err) < 0) {
        acq_log(ACQ_LOG_ERROR, "the recording %s is whole but has no end mark: %s", c->session.path, err.text);
        c->disk_failed = true;
    }
    c->recorder = NULL;
    c->events->end(c->user, &c->session, why);
}

/* other_session says why this sample is not of the running session, or NULL if it is. */
static const char *other_session(struct acq_capture *c, const struct acq_sample *s, const struct acq_page_static *stat)
{
    int32_t id = s->pages.physics.packet_id;
    if (memcmp(stat->car_model, c->stat.car_model, sizeof stat->car_model)) return "the car changed";
    if (memcmp(stat->track, c->stat.track, sizeof stat->track) ||
        memcmp(stat->track_configuration, c->stat.track_configuration, sizeof stat->track_configuration))
        return "the track changed";
    if (s->opened || id < c->last_physics_id) return "the game was restarted";
    if (s->pages.graphics.session != c->session_type) return "the game went to another session";
    return NULL;
}

/* read_stat makes the sample's static page the capture's, where it has changed. Returns false if no session can run on
 * it: the page is not filled yet, or of another game. */
static bool read_stat(struct acq_capture *c, const struct acq_sample *s)
{
    struct acq_page_static stat;
    struct acq_err err;
    size_t size;
    bool running = c->state == ACQ_CAPTURE_RUNNING;
    if (running && !s->opened && !memcmp(&c->raw_stat, &s->pages.stat, sizeof c->raw_stat)) return true;
    int r = acq_static_read(&stat, &size, (const uint8_t *)&s->pages.stat, s->static_size, &err);
    if (r == ACQ_VERSION) report(c, err.text);
    if (r != ACQ_OK) {
        acq_capture_end(c, r == ACQ_VERSION ? "another game has come" : "the game left the session");
        c->state = r == ACQ_VERSION ? ACQ_CAPTURE_OTHER_GAME : ACQ_CAPTURE_WAITING;
        return false;
    }
    const char *why = running ? other_session(c, s, &stat) : NULL;
    if (why)
        acq_capture_end(c, why);
    else
        emit_held(c, NULL); /* it was sampled with the page as it was */
    c->raw_stat = s->pages.stat;
    c->stat = stat;
    c->stat_size = size;
    if (size < s->static_size && size < sizeof stat)
        report(c, "the static page has an unknown layout: what stands behind the track's layout is left out");
    if (c->state == ACQ_CAPTURE_RUNNING) set_stat(c);
    return true;
}

void acq_capture_take(struct acq_capture *c, const struct acq_sample *s)
{
    const char *why = NULL;
    int32_t status = s->pages.graphics.status;
    if (s->kind == ACQ_SAMPLE_GONE) acq_capture_end(c, "the game ended");
    if (s->kind == ACQ_SAMPLE_STATUS && status == ACQ_STATUS_OFF) acq_capture_end(c, "the game left the session");
    if (s->kind != ACQ_SAMPLE_STEP) return;
    if (!read_stat(c, s)) return;
    if (status == ACQ_STATUS_REPLAY) return; /* somebody looks at the past: no telemetry of now */
    if (c->state == ACQ_CAPTURE_RUNNING) why = other_session(c, s, &c->stat);
    if (why) acq_capture_end(c, why);
    if (c->state != ACQ_CAPTURE_RUNNING) {
        if (status == ACQ_STATUS_OFF) {
            c->state = ACQ_CAPTURE_WAITING;
            return;
        }
        begin(c, s);
        if (c->state != ACQ_CAPTURE_RUNNING) return;
    }
    emit_held(c, NULL);
    c->held = *s;
    c->holds = true;
    c->last_physics_id = s->pages.physics.packet_id;
    if (c->at_once && status != ACQ_STATUS_OFF) emit_held(c, NULL);
    if (status == ACQ_STATUS_OFF) acq_capture_end(c, "the game left the session");
}

void acq_capture_tick(struct acq_capture *c)
{
    int64_t now = acq_now_ns();
    if (c->holds && now - c->held.t_ns > HOLD_NS) emit_held(c, NULL);
    if (c->working && uv_sem_trywait(&c->sealed) == 0) end_work(c);
    if (!c->recorder || acq_recorder_empty(c->recorder)) return;
    /* with no new samples the member would never be due */
    if (acq_recorder_due(c->recorder) || now - c->session.last_t_ns > ACQ_MEMBER_NS) begin_work(c);
}

int acq_capture_init(struct acq_capture *c, const char *record, const struct acq_capture_events *events, void *user,
                     struct acq_err *err)
{
    *c = (struct acq_capture){.record = record, .events = events, .user = user};
    c->record_is_file = record && acq_has_suffix(record, ".gz") && !acq_path_is_dir(record);
    int r = record && !c->record_is_file ? acq_path_mkdirs(record, err) : ACQ_OK;
    if (r < 0) return r;
    uv_sem_init(&c->seal, 0);
    uv_sem_init(&c->sealed, 0);
    if (uv_thread_create(&c->disk, run_disk, c) == 0) return ACQ_OK;
    return acq_fail(err, ACQ_IO, "cannot start the thread that writes the recording");
}

void acq_capture_fini(struct acq_capture *c)
{
    c->disk_ends = true;
    uv_sem_post(&c->seal);
    uv_thread_join(&c->disk);
    uv_sem_destroy(&c->seal);
    uv_sem_destroy(&c->sealed);
}
