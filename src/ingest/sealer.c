#include "ingest/sealer.h"

#include "base/os.h"
#include "base/timer.h"
#include "ingest/event.h"
#include "ingest/session.h"

#include <libdeflate.h>

#define QUIET_NS INT64_C(250000000)     /* without a frame for so long the member is written as it is */
#define UNSYNCED_NS INT64_C(5000000000) /* what was written is flushed after this long, or more members than that: */
enum { UNSYNCED_MEMBERS = ACQ_RECORDER_UNSYNCED_MAX, MANY = 2 * ACQ_SEALERS /* sessions that wait: be quick then */ };
enum { OPEN_MAX = 248 * 1024 };     /* with one more frame of ours it fits in 256 KiB */
#define AGAIN_NS INT64_C(500000000) /* after the disk was full */

int acq_sealer_init(struct acq_sealer *sealer, uv_loop_t *loop, struct acq_err *err)
{
    *sealer = (struct acq_sealer){.loop = loop};
    sealer->last = &sealer->first;
    for (int i = 0; i < ACQ_SEALERS; i++) {
        sealer->jobs[i].work.data = &sealer->jobs[i];
        sealer->jobs[i].deflate = acq_recorder_compressor(false);
        sealer->jobs[i].fast = acq_recorder_compressor(true);
        if (!sealer->jobs[i].deflate || !sealer->jobs[i].fast)
            return acq_fail(err, ACQ_MEMORY, "no memory to write recordings");
    }
    return ACQ_OK;
}

void acq_sealer_fini(struct acq_sealer *sealer)
{
    for (int i = 0; i < ACQ_SEALERS; i++) {
        libdeflate_free_compressor(sealer->jobs[i].deflate);
        libdeflate_free_compressor(sealer->jobs[i].fast);
    }
}

/* ---- a job ---- */

static void on_work(uv_work_t *work)
{
    struct acq_seal_job *job = work->data;
    struct acq_recorder *recorder = job->session->recorder;
    acq_thread_name("acq recordings");
    acq_lower_priority(); /* frames that come and acks go first */
    job->result = job->seals ? acq_recorder_seal(recorder, &job->error) : ACQ_OK;
    job->sync_failed = false;
    if (!job->syncs || job->result < 0) return;
    if (job->dir) job->result = acq_path_sync_dir(job->dir, &job->error);
    if (job->result == ACQ_OK) job->result = acq_recorder_sync(recorder, &job->error);
    job->sync_failed = job->result < 0;
}

/* report says once that the disk takes nothing, and once that it does again. */
static void report(struct acq_session *s, const struct acq_seal_job *job)
{
    struct acq_sealer *sealer = &s->all->sealer;
    struct acq_event e;
    bool fails = job->result < 0;
    if (fails == sealer->failing) return;
    sealer->failing = fails;
    acq_event_begin(&e, fails ? "recordings-stopped" : "recordings-go-on");
    acq_event_text(&e, "folder", s->all->store.dir);
    if (fails) acq_event_text(&e, "why", job->error.text);
    acq_event_end(&e, fails ? ACQ_LOG_ERROR : ACQ_LOG_INFO);
}

/* sealed: a member is in the file, or will be tried again */
static void sealed(struct acq_session *s, const struct acq_seal_job *job, int64_t now_ns)
{
    struct acq_session_seal *k = &s->seal;
    acq_recorder_end_seal(s->recorder);
    report(s, job);
    if (job->result < 0 && !job->sync_failed) {
        k->again_ns = now_ns + AGAIN_NS;
        return;
    }
    if (!k->unsynced_group) {
        k->unsynced_group = k->sealing_group;
        k->unsynced_ns = now_ns;
    }
    k->unsynced_members++;
    k->sealing_group = 0;
    s->all->unsealed -= k->sealing_bytes;
    k->sealing_bytes = 0;
    k->again_ns = 0;
}

static void pump(struct acq_sealer *sealer);
static void want(struct acq_session *s);

static void after_work(uv_work_t *work, int status)
{
    struct acq_seal_job *job = work->data;
    struct acq_session *s = job->session;
    struct acq_sessions *all = s->all;
    int64_t now = acq_now_ns();
    (void)status;
    job->session = NULL;
    s->seal.working = false;
    acq_recorder_lend(s->recorder, NULL);
    if (job->seals) sealed(s, job, now);
    if (job->sync_failed) {
        all->failed(all->user, &job->error);
        return;
    }
    if (job->syncs && job->result == ACQ_OK) {
        acq_recorder_end_sync(s->recorder);
        s->seal.unsynced_group = 0;
        s->seal.unsynced_members = 0;
        s->seal.new_file = false;
    }
    acq_session_settle(s, 0, now);
    if (job->result == ACQ_OK && (acq_recorder_due(s->recorder) || !acq_sealer_room(s))) want(s);
    pump(&all->sealer);
}

static void begin(struct acq_seal_job *job, struct acq_session *s, bool syncs)
{
    struct acq_session_seal *k = &s->seal;
    job->session = s;
    job->seals = acq_recorder_begin_seal(s->recorder);
    job->syncs = syncs;
    job->dir = k->new_file ? s->all->store.dir : NULL;
    if (job->seals && !k->sealing_group) { /* else the one that could not be written is tried again */
        k->sealing_group = k->open_group;
        k->sealing_bytes = k->open_bytes;
        k->open_group = k->open_bytes = 0;
        s->all->sealer.took = true;
    }
    acq_recorder_lend(s->recorder, s->all->sealer.waiting > MANY ? job->fast : job->deflate);
    k->working = true;
    if (uv_queue_work(s->all->sealer.loop, &job->work, on_work, after_work)) {
        on_work(&job->work); /* no worker to be had: here, then */
        after_work(&job->work, 0);
    }
}

/* ---- who is next ---- */

static bool must_sync(const struct acq_session *s, int64_t now_ns)
{
    const struct acq_session_seal *k = &s->seal;
    if (!k->unsynced_group) return false;
    return acq_commit_log_full(s->all->log) || k->unsynced_members >= UNSYNCED_MEMBERS ||
           now_ns - k->unsynced_ns > UNSYNCED_NS || (!s->call && s->ended);
}

static void pump(struct acq_sealer *sealer)
{
    for (int i = 0; i < ACQ_SEALERS && sealer->first; i++) {
        if (sealer->jobs[i].session) continue;
        struct acq_session *s = sealer->first;
        sealer->first = s->seal.next;
        if (!sealer->first) sealer->last = &sealer->first;
        s->seal.waiting = false;
        sealer->waiting--;
        begin(&sealer->jobs[i], s, must_sync(s, acq_now_ns()));
    }
}

static void want(struct acq_session *s)
{
    struct acq_sealer *sealer = &s->all->sealer;
    if (s->seal.waiting || s->seal.working) return;
    s->seal.waiting = true;
    sealer->waiting++;
    s->seal.next = NULL;
    *sealer->last = s;
    sealer->last = &s->seal.next;
    pump(sealer);
}

bool acq_sealer_room(const struct acq_session *s)
{
    return !s->recorder || (s->seal.open_bytes < OPEN_MAX && acq_recorder_room(s->recorder));
}

void acq_sealer_added(struct acq_session *s, size_t n, uint64_t group)
{
    struct acq_session_seal *k = &s->seal;
    if (!k->open_group) k->open_group = group;
    k->open_bytes += n;
    s->all->unsealed += n;
    if (!k->again_ns && (acq_recorder_due(s->recorder) || !acq_sealer_room(s))) want(s);
}

void acq_sealer_tick(struct acq_session *s, int64_t now_ns)
{
    const struct acq_session_seal *k = &s->seal;
    if (!s->recorder || k->working || k->waiting || now_ns < k->again_ns) return;
    bool any = !acq_recorder_empty(s->recorder) || k->sealing_group;
    bool due = any && (acq_commit_log_full(s->all->log) || k->again_ns || now_ns - s->taken_ns > QUIET_NS ||
                       acq_recorder_due(s->recorder));
    if (due || must_sync(s, now_ns)) want(s);
}

uint64_t acq_sealer_needs(const struct acq_session *s)
{
    const struct acq_session_seal *k = &s->seal;
    if (k->unsynced_group) return k->unsynced_group;
    return k->sealing_group ? k->sealing_group : k->open_group;
}

bool acq_sealer_busy(const struct acq_session *s)
{
    return s->seal.working || s->seal.waiting || acq_sealer_needs(s);
}
