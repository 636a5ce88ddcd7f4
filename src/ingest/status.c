#include "ingest/status.h"

#include "base/file.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>

static void disk_words(char *text, size_t size, const struct acq_sessions *all, const struct acq_commit_state *log)
{
    int64_t room = acq_file_free_space(all->store.dir);
    if (log->failing)
        snprintf(text, size, "DISK: %.120s", log->reason);
    else if (all->sealer.failing)
        snprintf(text, size, "DISK FULL: recordings wait");
    else
        snprintf(text, size, "%.1f GB free", (double)room / 1e9);
}

void acq_status_show(struct acq_status_line *line, struct acq_sessions *all, int64_t now_ns)
{
    struct acq_commit_state log;
    char disk[160];
    uint64_t behind = 0;
    size_t cars = 0;
    double seconds = (double)(now_ns - line->shown_ns) / 1e9;
    if (seconds < 1) return;
    for (const struct acq_session *s = all->first; s; s = s->next) {
        cars += s->call != NULL;
        behind += s->last_seq - s->durable_seq;
    }
    acq_commit_log_state(all->log, &log);
    disk_words(disk, sizeof disk, all, &log);
    acq_status("%zu car%s, %.0f frames/s, %.1f MB/s, ack p99 %.0f ms, %" PRIu64 " not acked, log %.0f MB, %s%s", cars,
               cars == 1 ? "" : "s", (double)(all->frames - line->frames) / seconds,
               (double)(all->bytes - line->bytes) / seconds / 1e6, (double)acq_latency_at(&all->latency, 0.99) / 1e6,
               behind, (double)log.used / 1e6, disk, all->full ? ", clients are slowed down" : "");
    all->latency = (struct acq_latency){0};
    *line = (struct acq_status_line){now_ns, all->frames, all->bytes};
}
