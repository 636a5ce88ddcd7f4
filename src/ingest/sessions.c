#include "ingest/sessions.h"

#include "base/log.h"
#include "base/os.h"
#include "ingest/event.h"

#include <stdio.h>
#include <stdlib.h>

#define IDLE_NS INT64_C(60000000000) /* after this long without a stream a recording is closed, */
#define ENDED_NS INT64_C(1000000000) /* or this, when its client has said that there is no more, */
enum { CROWD = 500 };                /* or when so many sessions are in memory */

/* ---- start ---- */

struct replay {
    struct acq_sessions *all;
    struct acq_err *err;
    uint64_t added, known, behind; /* frames; behind: behind a stretch that is damaged */
};

static int on_replayed(void *user, const uint8_t *bytes, size_t n)
{
    struct replay *p = user;
    struct acq_frame *f = &p->all->frame;
    if (acq_decode(f, bytes, n) < 0 || !f->has[ACQ_head_seq] || !f->has[ACQ_head_session_id])
        return acq_fail(p->err, ACQ_FORMAT, "the commit log holds what is no frame: it was not written by acq serve");
    struct acq_session *s = acq_session_get(p->all, f->head.session_id, true, p->err);
    if (!s) return p->err->code;
    int r = acq_session_replay(s, bytes, n, p->err);
    p->added += r == 1;
    p->known += r == 0;
    p->behind += r == ACQ_RANGE;
    if (r < 0 && r != ACQ_RANGE) return r;
    return s->recorder && acq_recorder_due(s->recorder) ? acq_recorder_flush(s->recorder, p->err) : ACQ_OK;
}

static void say_replayed(const struct replay *p, const struct acq_commit_found *found)
{
    struct acq_event e;
    if (!found->groups && !found->damaged_places) return;
    acq_event_begin(&e, "log-replayed");
    acq_event_number(&e, "frames", found->frames);
    acq_event_number(&e, "added", p->added);
    acq_event_number(&e, "had_already", p->known);
    if (found->damaged_places) {
        acq_event_number(&e, "damaged_places", found->damaged_places);
        acq_event_number(&e, "damaged_bytes", found->damaged_bytes);
        acq_event_number(&e, "behind_damage", p->behind);
        acq_event_text(&e, "kept", found->kept);
    }
    acq_event_end(&e, found->damaged_places ? ACQ_LOG_WARN : ACQ_LOG_INFO);
}

/* write_out brings what a session has in memory to the disk. */
static int write_out(struct acq_session *s, struct acq_err *err)
{
    int r = s->recorder ? acq_recorder_flush(s->recorder, err) : ACQ_OK;
    if (r == ACQ_OK && s->recorder) r = acq_recorder_sync(s->recorder, err);
    if (r == ACQ_OK && s->recorder) acq_recorder_end_sync(s->recorder);
    if (r < 0) return r;
    s->all->unsealed -= s->seal.open_bytes + s->seal.sealing_bytes;
    s->seal = (struct acq_session_seal){0};
    s->durable_seq = s->last_seq;
    s->durable_t_ns = s->last_t_ns;
    return ACQ_OK;
}

static int replay(struct acq_sessions *all, struct acq_err *err)
{
    struct replay p = {.all = all, .err = err};
    struct acq_commit_found found;
    int r = acq_commit_log_replay(all->log, on_replayed, &p, &found, err);
    for (struct acq_session *s = all->first; s && r == ACQ_OK; s = s->next) {
        s->idle_ns = acq_now_ns();
        r = write_out(s, err);
    }
    if (r == ACQ_OK) r = acq_path_sync_dir(all->store.dir, err);
    if (r < 0) return r;
    say_replayed(&p, &found);
    acq_commit_log_forget(all->log);
    return ACQ_OK;
}

int acq_sessions_open(struct acq_sessions *all, uv_loop_t *loop, const char *dir, const struct acq_commit_config *log,
                      struct acq_err *err)
{
    char log_dir[ACQ_PATH_MAX];
    struct acq_commit_config config = *log;
    config.dir = log_dir;
    acq_buf_init(&all->scratch, ACQ_FRAME_MAX + ACQ_FRAME_LIMIT);
    if (acq_path_join(log_dir, sizeof log_dir, dir, "commit-log") < 0)
        return acq_fail(err, ACQ_IO, "the name of the folder %.80s... is too long", dir);
    int r = acq_path_mkdirs(dir, err);
    if (r == ACQ_OK) r = acq_commit_log_open(&all->log, &config, err);
    if (r == ACQ_OK) r = acq_store_init(&all->store, dir, err); /* behind the log's lock: the folder is ours alone */
    if (r == ACQ_OK) r = acq_sealer_init(&all->sealer, loop, err);
    if (r < 0) return r;
    struct acq_err why = {0};
    r = replay(all, &why);
    if (r == ACQ_OK) return ACQ_OK;
    return acq_fail(err, r,
                    "cannot bring the commit log into the recordings in %s: %s; nothing is lost, start again when "
                    "that is mended",
                    dir, why.text);
}

/* ---- now and then ---- */

void acq_sessions_committed(struct acq_sessions *all)
{
    struct acq_commit_state state;
    acq_commit_log_state(all->log, &state);
    int64_t now = acq_now_ns();
    for (struct acq_session *s = all->first; s; s = s->next)
        if (s->marks[0].group || s->owes_ack) acq_session_settle(s, state.durable_group, now);
}

/* let_go lets the streams flow again whose open member has been taken to be sealed. */
static void let_go(struct acq_sessions *all)
{
    int64_t now = acq_now_ns();
    if (!all->sealer.took) return;
    all->sealer.took = false;
    for (struct acq_session *s = all->first; s; s = s->next)
        if (s->held) acq_session_settle(s, 0, now);
}

void acq_sessions_gathered(struct acq_sessions *all)
{
    let_go(all);
    if (all->gathered) acq_commit_log_commit(all->log);
    all->gathered = false;
}

/* go_on lets the streams flow again, until there is no room once more. */
static void go_on(struct acq_sessions *all)
{
    if (!all->full || acq_commit_log_full(all->log) || all->unsealed > all->unsealed_max / 4 * 3) return;
    all->full = false;
    for (struct acq_session *s = all->first; s && !all->full; s = s->next) {
        if (!s->call || s->held) continue;
        acq_rpc_hold(s->call, false);
        if (s->call) all->queued(all->user, s->call);
    }
}

/* forget closes the recording of a session that has been without a stream for long. Returns whether nothing is left of
 * the session in memory. */
static bool forget(struct acq_session *s, int64_t now_ns, bool crowd)
{
    struct acq_err err;
    if (s->call || acq_sealer_busy(s)) return false;
    if (s->recorder && now_ns - s->idle_ns < (s->ended || crowd ? ENDED_NS : IDLE_NS)) return false;
    if (s->recorder && acq_recorder_close(s->recorder, &err) < 0) acq_log(ACQ_LOG_ERROR, "%s", err.text);
    s->recorder = NULL;
    return true;
}

/* release_log frees what is durable in all recordings; but no group that is still being gathered, even where all that
 * stands in it so far is durable: other sessions' frames may come into it. */
static void release_log(struct acq_sessions *all)
{
    struct acq_commit_state state;
    acq_commit_log_state(all->log, &state);
    uint64_t needed = state.durable_group + 1;
    for (struct acq_session *s = all->first; s; s = s->next) {
        uint64_t first = acq_sealer_needs(s);
        if (first && first < needed) needed = first;
    }
    acq_commit_log_release(all->log, needed - 1);
}

void acq_sessions_tick(struct acq_sessions *all, int64_t now_ns)
{
    bool crowd = all->count > CROWD;
    release_log(all);
    all->count = 0;
    for (struct acq_session **place = &all->first; *place;) {
        struct acq_session *s = *place;
        acq_sealer_tick(s, now_ns);
        if (s->owes_ack || s->held) acq_session_settle(s, 0, now_ns);
        all->count++;
        if (forget(s, now_ns, crowd)) {
            *place = s->next;
            free(s);
        } else {
            place = &s->next;
        }
    }
    go_on(all);
}

/* ---- end ---- */

void acq_sessions_finish(struct acq_sessions *all, enum acq_rpc_status status, const char *message)
{
    for (struct acq_session *s = all->first; s; s = s->next)
        if (s->call) acq_session_finish(s, status, message);
}

bool acq_sessions_finished(const struct acq_sessions *all)
{
    for (const struct acq_session *s = all->first; s; s = s->next)
        if (s->call || s->seal.working) return false;
    return true;
}

int acq_sessions_close(struct acq_sessions *all, bool broken, struct acq_err *err)
{
    struct acq_err unused;
    int r = ACQ_OK;
    while (all->first) {
        struct acq_session *s = all->first;
        if (!broken && r == ACQ_OK) r = write_out(s, err);
        if (s->recorder && !broken && r == ACQ_OK)
            acq_recorder_close(s->recorder, &unused); /* an end mark that is missing harms nobody */
        else
            acq_recorder_free(s->recorder);
        all->first = s->next;
        free(s);
    }
    if (all->log) {
        int closed = acq_commit_log_close(all->log, !broken && r == ACQ_OK, r == ACQ_OK ? err : &unused);
        if (r == ACQ_OK) r = closed;
    }
    acq_sealer_fini(&all->sealer);
    acq_store_fini(&all->store);
    acq_buf_fini(&all->scratch);
    return r;
}
