#include "bridge/disk.h"

#include "base/log.h"
#include "bridge/part.h"

#include <stdio.h>

/* ---- members ---- */

static void run(void *argument)
{
    struct acq_disk *d = argument;
    for (;;) {
        uv_sem_wait(&d->seal);
        if (d->ends) return;
        d->result = acq_recorder_seal(d->recorder, &d->error);
        /* what is written to a file without a name is lost, and no error says so */
        if (d->result == ACQ_OK && !acq_path_exists(d->path))
            d->result = acq_fail(&d->error, ACQ_MISSING, "its file has gone");
        uv_sem_post(&d->sealed);
    }
}

/* give_up: the disk failed. The session goes on without a recording: what has been written is whole, and the
 * server still gets everything. */
static void give_up(struct acq_disk *d, const struct acq_err *err)
{
    bool gone = !acq_path_exists(d->path), any = !gone && acq_recorder_get_state(d->recorder).size > 0;
    if (gone)
        acq_log(ACQ_LOG_ERROR, "recording stopped: somebody removed %s, or the disk that it was on", d->path);
    else
        acq_log(ACQ_LOG_ERROR, "recording stopped: %s; %s %s%s, make room on the disk", err->text,
                any ? "what is in" : "nothing is in", d->path, any ? " is whole" : "");
    acq_recorder_free(d->recorder);
    if (!any) {
        acq_path_remove(d->path);
        d->path[0] = 0;
    }
    d->recorder = NULL;
    d->failed = true;
}

/* end_work: a member has been sealed. */
static void end_work(struct acq_disk *d)
{
    d->working = false;
    acq_recorder_end_seal(d->recorder);
    if (d->result < 0) give_up(d, &d->error);
}

void acq_disk_seal(struct acq_disk *d)
{
    if (d->working && uv_sem_trywait(&d->sealed) == 0) end_work(d);
    if (d->working || !d->recorder || !acq_recorder_begin_seal(d->recorder)) return;
    d->working = true;
    uv_sem_post(&d->seal);
}

void acq_disk_tick(struct acq_disk *d, bool still)
{
    if (d->working && uv_sem_trywait(&d->sealed) == 0) end_work(d);
    if (!d->recorder || acq_recorder_empty(d->recorder)) return;
    if (still || acq_recorder_due(d->recorder)) acq_disk_seal(d);
}

/* ---- recordings ---- */

static int open_recorder(struct acq_disk *d, const struct acq_frame *f, int64_t utc_ns, struct acq_err *err)
{
    char name[ACQ_RECORDING_NAME_MAX], path[ACQ_PATH_MAX];
    int r = ACQ_OK;
    acq_recording_name(name, f, utc_ns);
    if (d->is_file)
        snprintf(path, sizeof path, "%s", d->record);
    else
        r = acq_path_join(path, sizeof path, d->record, name);
    if (r == ACQ_OK) r = acq_part_begin(d->path, path);
    if (r < 0) return acq_fail(err, r, "the name of the folder %s is too long", d->record);
    return acq_recorder_new(&d->recorder, d->path, err);
}

void acq_disk_begin(struct acq_disk *d, const struct acq_frame *f, int64_t utc_ns)
{
    struct acq_err err;
    d->recorder = NULL;
    d->path[0] = 0;
    d->failed = false;
    if (!d->record || open_recorder(d, f, utc_ns, &err) >= 0) return;
    acq_log(ACQ_LOG_ERROR, "no recording: %s", err.text);
    d->path[0] = 0;
    d->failed = true;
}

bool acq_disk_end(struct acq_disk *d, char from[ACQ_PATH_MAX])
{
    struct acq_err err;
    if (d->working) {
        uv_sem_wait(&d->sealed);
        end_work(d);
    }
    if (d->recorder && (acq_recorder_flush(d->recorder, &err) < 0 || !acq_path_exists(d->path))) give_up(d, &err);
    if (d->recorder && acq_recorder_close(d->recorder, &err) < 0) {
        acq_log(ACQ_LOG_ERROR, "the recording %s is whole but has no end mark: %s", d->path, err.text);
        d->failed = true;
    }
    d->recorder = NULL;
    if (!*d->path) return false;
    snprintf(from, ACQ_PATH_MAX, "%s", d->path);
    if (acq_part_finish(d->path, from, &err) == ACQ_OK) return true;
    acq_log(ACQ_LOG_WARN, "the recording %s is closed but keeps this name until the next start: %s", from, err.text);
    return false;
}

int acq_disk_init(struct acq_disk *d, const char *record, struct acq_err *err)
{
    *d = (struct acq_disk){.record = record};
    d->is_file = record && acq_has_suffix(record, ".gz") && !acq_path_is_dir(record);
    int r = record && !d->is_file ? acq_path_mkdirs(record, err) : ACQ_OK;
    if (r < 0) return r;
    if (record) acq_part_adopt(record, d->is_file);
    uv_sem_init(&d->seal, 0);
    uv_sem_init(&d->sealed, 0);
    if (uv_thread_create(&d->thread, run, d) == 0) return ACQ_OK;
    return acq_fail(err, ACQ_IO, "cannot start the thread that writes the recording");
}

void acq_disk_fini(struct acq_disk *d)
{
    d->ends = true;
    uv_sem_post(&d->seal);
    uv_thread_join(&d->thread);
    uv_sem_destroy(&d->seal);
    uv_sem_destroy(&d->sealed);
}
