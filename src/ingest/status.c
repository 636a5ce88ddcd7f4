#include "ingest/status.h"

#include "base/file.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>

/* What a narrow terminal shows longest, with the state before all others. */
enum { RANK_CARS = 1, RANK_RATE, RANK_ROOM, RANK_NOT_ACKED, RANK_LATENCY, RANK_LOG, RANK_BYTES };

static void add_trouble(struct acq_line *line, const struct acq_sessions *all, const struct acq_commit_state *log)
{
    if (log->failing)
        acq_line_add(line, ACQ_LINE_STATE, ACQ_TONE_BAD, "DISK: %.120s", log->reason);
    else if (all->sealer.failing)
        acq_line_add(line, ACQ_LINE_STATE, ACQ_TONE_BAD, "DISK FULL: recordings wait");
    if (all->full) acq_line_add(line, ACQ_LINE_STATE, ACQ_TONE_WAIT, "clients are slowed down");
}

void acq_status_show(struct acq_status_line *was, struct acq_sessions *all, int64_t now_ns)
{
    struct acq_commit_state log;
    struct acq_line line = {0};
    uint64_t behind = 0;
    size_t cars = 0;
    double seconds = (double)(now_ns - was->shown_ns) / 1e9;
    if (seconds < 1) return;
    for (const struct acq_session *s = all->first; s; s = s->next) {
        cars += s->call != NULL;
        behind += s->last_seq - s->durable_seq;
    }
    acq_commit_log_state(all->log, &log);
    acq_line_add(&line, RANK_CARS, cars ? ACQ_TONE_GOOD : ACQ_TONE_PLAIN, "%zu car%s", cars, cars == 1 ? "" : "s");
    acq_line_join(&line, RANK_RATE, ACQ_TONE_PLAIN, "%.0f frames/s", (double)(all->frames - was->frames) / seconds);
    acq_line_join(&line, RANK_BYTES, ACQ_TONE_PLAIN, "%.1f MB/s", (double)(all->bytes - was->bytes) / seconds / 1e6);
    acq_line_join(&line, RANK_LATENCY, ACQ_TONE_PLAIN, "ack p99 %.0f ms",
                  (double)acq_latency_at(&all->latency, 0.99) / 1e6);
    acq_line_join(&line, RANK_NOT_ACKED, ACQ_TONE_PLAIN, "%" PRIu64 " not acked", behind);
    acq_line_join(&line, RANK_LOG, ACQ_TONE_PLAIN, "log %.0f MB", (double)log.used / 1e6);
    double room = (double)acq_file_free_space(all->store.dir) / 1e9;
    acq_line_join(&line, RANK_ROOM, ACQ_TONE_PLAIN, room < 10 ? "%.1f GB free" : "%.0f GB free", room);
    add_trouble(&line, all, &log);
    acq_line_show(&line);
    all->latency = (struct acq_latency){0};
    *was = (struct acq_status_line){now_ns, all->frames, all->bytes};
}
