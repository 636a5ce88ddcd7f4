#include "bridge/capture.h"

#include "base/log.h"
#include "base/os.h"
#include "bridge/capture_frames.h"
#include "bridge/previous.h"
#include "page/read.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REPORT_NS INT64_C(5000000000) /* between two warnings */

/* report warns once, and of something else not at once: pages full of rubbish give a new reason with every step. */
static void report(struct acq_capture *c, const char *text)
{
    int64_t now = acq_now_ns();
    if (!strcmp(c->told, text) || (*c->told && now - c->told_ns < REPORT_NS)) return;
    c->told_ns = now;
    snprintf(c->told, sizeof c->told, "%s", text);
    acq_log(ACQ_LOG_WARN, "%s", text);
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
    acq_frame_from_page(&c->frame, ACQ_PAGE_statics, &c->running.stat, c->stat_size);
    snprintf(to->car, sizeof to->car, "%s", s->car_model);
    join(to->track, sizeof to->track, s->track, "-",
         c->frame.has[ACQ_stat_track_configuration] ? s->track_configuration : "");
    join(to->driver, sizeof to->driver, s->player_name, " ", s->player_surname);
    c->stat_changed = true;
}

/* mark_here: where the running session stands at this sample. Leaves the frame filled with it. */
static void mark_here(struct acq_capture *c, struct acq_mark *mark, const struct acq_sample *s)
{
    struct acq_frame *f = &c->frame;
    f->head.utc_ns = (uint64_t)(s->t_ns + c->utc_offset_ns);
    acq_frame_from_page(f, ACQ_PAGE_physics, &s->pages.physics, s->physics_size);
    acq_frame_from_page(f, ACQ_PAGE_graphics, &s->pages.graphics, s->graphics_size);
    acq_frame_from_page(f, ACQ_PAGE_statics, &c->running.stat, c->stat_size);
    acq_mark_set(mark, f);
}

/* find_previous: does the session that begins with this sample go on from an earlier one? */
static void find_previous(struct acq_capture *c, const struct acq_sample *s)
{
    struct acq_mark now;
    mark_here(c, &now, s);
    if (c->before_t_ns) c->before.utc_ns = c->before_t_ns + c->utc_offset_ns; /* UTC may have been set since then */
    if (acq_mark_goes_on(&c->before, &now))
        snprintf(c->session.previous, sizeof c->session.previous, "%s", c->before.session);
    if (*c->session.previous) acq_frame_set_text(&c->frame, ACQ_capture_previous_session, c->session.previous);
}

static void begin(struct acq_capture *c, const struct acq_sample *sample)
{
    if (c->no_more) return;
    if (!acq_calm_allows(&c->calm, sample->t_ns)) {
        if (!c->calm.told)
            acq_log(ACQ_LOG_WARN, "the game's pages change wildly: session after session ended within two seconds; "
                                  "what comes is left out until the next one begins, in a minute at most");
        c->calm.told = true;
        return;
    }
    bool replay = sample->pages.graphics.status == ACQ_STATUS_REPLAY;
    c->session = (struct acq_capture_session){.first_t_ns = sample->t_ns, .last_t_ns = sample->t_ns, .replay = replay};
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
    c->running.session_type = sample->pages.graphics.session;
    c->running.replay = replay;
    find_previous(c, sample);
    c->base = sample->counts;
    c->base.seen--; /* this sample is the session's first */
    c->jitter = (struct acq_jitter){0};
    c->lost = 0;
    c->state = ACQ_CAPTURE_RUNNING;
    acq_disk_begin(&c->disk, &c->frame, sample->t_ns + c->utc_offset_ns);
    memcpy(c->session.path, c->disk.path, sizeof c->session.path);
    c->events->begin(c->user, &c->session);
}

/* ---- from session to session ---- */

/* mark_end: the next session may go on from here. */
static void mark_end(struct acq_capture *c)
{
    if (c->session.replay || !c->session.seq) return;
    acq_frame_from_page(&c->frame, ACQ_PAGE_statics, &c->running.stat, c->stat_size);
    acq_mark_set(&c->before, &c->frame);
    c->before_t_ns = c->session.last_t_ns;
}

void acq_capture_end(struct acq_capture *c, const char *why)
{
    char part[ACQ_PATH_MAX];
    if (c->state != ACQ_CAPTURE_RUNNING) return;
    bool held = c->holds;
    acq_capture_emit_held(c, why);
    if (!held) acq_capture_record_last(c, why);
    mark_end(c);
    c->state = ACQ_CAPTURE_WAITING;
    bool moved = acq_disk_end(&c->disk, part);
    memcpy(c->session.path, c->disk.path, sizeof c->session.path);
    if (moved) c->events->moved(c->user, part, c->session.path);
    acq_calm_ended(&c->calm, c->session.first_t_ns, c->session.last_t_ns);
    c->events->end(c->user, &c->session, why);
}

/* left_out: somebody looks at the past, and that is not to be recorded. */
static bool left_out(const struct acq_capture *c, const struct acq_sample *s)
{
    return s->pages.graphics.status == ACQ_STATUS_REPLAY && !c->replays;
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
    if (r != ACQ_OK) { /* the page is filled once in a run of the game: empty, it is a new one's */
        acq_capture_end(c, r == ACQ_VERSION ? "another game has come" : "the game was restarted");
        c->state = r == ACQ_VERSION ? ACQ_CAPTURE_OTHER_GAME : ACQ_CAPTURE_WAITING;
        return false;
    }
    const char *why = running ? acq_session_other(&c->running, s, &stat) : NULL;
    if (why)
        acq_capture_end(c, why);
    else
        acq_capture_emit_held(c, NULL); /* it was sampled with the page as it was */
    c->raw_stat = s->pages.stat;
    c->running.stat = stat;
    c->stat_size = size;
    if (size < s->static_size && size < sizeof stat)
        report(c, "the static page has an unknown layout: what stands behind the track's layout is left out");
    if (c->state == ACQ_CAPTURE_RUNNING) set_stat(c);
    return true;
}

/* look_at_replay: a replay that is left out belongs to the session that runs, unless it is of another car or track, or
 * of another run of the game. */
static void look_at_replay(struct acq_capture *c, const struct acq_sample *s)
{
    struct acq_page_static stat;
    struct acq_err err;
    size_t size;
    if (c->state != ACQ_CAPTURE_RUNNING) return;
    int r = acq_static_read(&stat, &size, (const uint8_t *)&s->pages.stat, s->static_size, &err);
    const char *why = r == ACQ_OK ? acq_session_moved(&c->running, &stat) : NULL;
    if (s->opened || r != ACQ_OK) why = "the game was restarted";
    if (why) acq_capture_end(c, why);
}

/* note_drive: a game that was started anew has nothing to do with the sessions before. */
static void note_drive(struct acq_capture *c, const struct acq_sample *s)
{
    int32_t id = s->pages.physics.packet_id;
    if (s->pages.graphics.status == ACQ_STATUS_REPLAY) return;
    if (id < c->drive_id && c->before_t_ns) c->before = (struct acq_mark){0};
    c->drive_id = id;
}

/* hold takes the sample as the newest of the session. */
static void hold(struct acq_capture *c, const struct acq_sample *s)
{
    acq_capture_emit_held(c, NULL);
    c->held = *s;
    c->holds = true;
    c->running.physics_id = s->pages.physics.packet_id;
}

static void take_step(struct acq_capture *c, const struct acq_sample *s)
{
    const char *why = NULL;
    bool off = s->pages.graphics.status == ACQ_STATUS_OFF;
    if (s->torn_before) acq_capture_take_back(c, s);
    if (left_out(c, s)) {
        look_at_replay(c, s);
        return;
    }
    if (!read_stat(c, s)) return;
    if (c->state == ACQ_CAPTURE_RUNNING) why = acq_session_other(&c->running, s, &c->running.stat);
    if (why) acq_capture_end(c, why);
    note_drive(c, s);
    if (c->state != ACQ_CAPTURE_RUNNING) {
        c->state = ACQ_CAPTURE_WAITING;
        if (!off) begin(c, s);
        if (c->state != ACQ_CAPTURE_RUNNING) return;
    }
    hold(c, s);
    if (c->at_once && !off) acq_capture_emit_held(c, NULL);
    if (off) acq_capture_end(c, "the game left the session");
}

void acq_capture_take(struct acq_capture *c, const struct acq_sample *s)
{
    bool off = s->pages.graphics.status == ACQ_STATUS_OFF;
    if (s->kind == ACQ_SAMPLE_GONE) acq_capture_end(c, "the game ended");
    if (s->kind == ACQ_SAMPLE_STATUS && off) acq_capture_end(c, "the game left the session");
    if (s->kind == ACQ_SAMPLE_STEP) take_step(c, s);
}

/* end_still closes a session in which nothing is driven any more: the game may have gone, and its pages stay where
 * another program holds them. */
static void end_still(struct acq_capture *c, int64_t now)
{
    char why[64];
    int64_t since = c->holds ? c->held.t_ns : c->session.last_t_ns;
    if (c->state != ACQ_CAPTURE_RUNNING || c->still_ns <= 0 || now - since < c->still_ns) return;
    int64_t seconds = c->still_ns / 1000000000;
    snprintf(why, sizeof why, "nothing moved for %" PRId64 " %s", seconds < 120 ? seconds : seconds / 60,
             seconds < 120 ? "seconds" : "minutes");
    acq_capture_end(c, why);
}

void acq_capture_tick(struct acq_capture *c)
{
    int64_t now = acq_now_ns();
    end_still(c, now);
    /* with no new samples the member would never be due */
    acq_disk_tick(&c->disk, now - c->session.last_t_ns > ACQ_MEMBER_NS);
}

int acq_capture_init(struct acq_capture *c, const char *record, const struct acq_capture_events *events, void *user,
                     struct acq_err *err)
{
    *c = (struct acq_capture){.events = events, .user = user, .still_ns = ACQ_IDLE_NS};
    int r = acq_disk_init(&c->disk, record, err);
    if (r == ACQ_OK && record && !c->disk.is_file) acq_previous_find(&c->before, record);
    return r;
}

void acq_capture_fini(struct acq_capture *c)
{
    acq_disk_fini(&c->disk);
}
