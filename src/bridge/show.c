#include "bridge/show.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HZ_NS INT64_C(1000000000) /* steps are counted for so long */

enum {
    BEHIND = 700,  /* frames, two seconds of them: fewer are just on their way */
    FILE_NAME = 16 /* [byte] of a recording's name: the time of its beginning */
};

/* What a narrow terminal shows longest, with the state before all others. */
enum {
    RANK_HZ = 1,
    RANK_MISSED,
    RANK_NOT_ACKED,
    RANK_LAP,
    RANK_CAR,
    RANK_ACKED,
    RANK_FRAMES,
    RANK_SIZE,
    RANK_LAP_TIME,
    RANK_OLDER,
    RANK_NAME
};

static const struct acq_backlog *backlog_of(const struct acq_show *show)
{
    return show->sender->older ? &show->sender->older->backlog : NULL;
}

/* ---- the status line ---- */

/* add_older: what goes on beside the running session. */
static void add_older(const struct acq_show *show, struct acq_line *line)
{
    const struct acq_backlog *older = backlog_of(show);
    if (older && acq_backlog_session(older))
        acq_line_add(line, RANK_OLDER, ACQ_TONE_PLAIN, "older recordings: %zu of %zu sent", older->done,
                     older->sessions);
}

static void add_behind(const struct acq_show *show, struct acq_line *line)
{
    acq_line_add(line, RANK_NOT_ACKED, ACQ_TONE_WAIT, "%" PRIu64 " frames behind", acq_sender_behind(show->sender));
}

static void add_waiting(const struct acq_show *show, struct acq_line *line)
{
    const char *what = "a session: nobody drives";
    if (atomic_load(&show->sampler->state) == ACQ_SAMPLER_NO_GAME) what = "Assetto Corsa";
    if (show->capture->state == ACQ_CAPTURE_OTHER_GAME) what = "Assetto Corsa: another game is running";
    acq_line_add(line, ACQ_LINE_STATE, ACQ_TONE_WAIT, "waiting for %s", what);
    bool away = !show->config->no_stream && acq_sender_get_state(show->sender) == ACQ_SENDER_AWAY;
    bool behind = acq_sender_behind(show->sender) > 0;
    if (away || behind)
        acq_line_add(line, ACQ_LINE_STATE, away ? ACQ_TONE_BAD : ACQ_TONE_WAIT, away ? "server away" : "catching up");
    if (behind) add_behind(show, line);
    add_older(show, line);
}

/* add_server: how the running session gets to the server. */
static void add_server(const struct acq_show *show, struct acq_line *line)
{
    const struct acq_sender *sender = show->sender;
    if (show->config->no_stream || sender->live_lost) return;
    bool away = acq_sender_get_state(sender) == ACQ_SENDER_AWAY;
    if (!away && acq_sender_behind(sender) < BEHIND) {
        acq_line_join(line, ACQ_LINE_STATE, ACQ_TONE_GOOD, "streaming");
        return;
    }
    acq_line_join(line, ACQ_LINE_STATE, away ? ACQ_TONE_BAD : ACQ_TONE_WAIT, away ? "server away" : "catching up");
    add_behind(show, line);
}

static void add_state(const struct acq_show *show, struct acq_line *line)
{
    const struct acq_capture *capture = show->capture;
    bool paused = atomic_load(&show->sampler->state) == ACQ_SAMPLER_STILL;
    if (capture->disk.failed)
        acq_line_add(line, ACQ_LINE_STATE, ACQ_TONE_BAD, "not recording");
    else if (paused)
        acq_line_add(line, ACQ_LINE_STATE, ACQ_TONE_WAIT, "paused");
    else if (capture->disk.recorder)
        acq_line_add(line, ACQ_LINE_STATE, ACQ_TONE_GOOD, capture->session.replay ? "recording a replay" : "recording");
    add_server(show, line);
}

static void add_car(const struct acq_capture *capture, struct acq_line *line)
{
    const struct acq_capture_session *s = &capture->session;
    int32_t ms = capture->frame.graphics.current_time_ms;
    acq_line_add(line, RANK_CAR | ACQ_LINE_CUTTABLE, ACQ_TONE_PLAIN, "%s @ %s", s->car, s->track);
    acq_line_add(line, RANK_LAP, ACQ_TONE_PLAIN, "lap %" PRId64, (int64_t)s->laps + 1);
    if (ms > 0)
        acq_line_join(line, RANK_LAP_TIME, ACQ_TONE_PLAIN, "%d:%02d.%d", ms / 60000, ms / 1000 % 60, ms / 100 % 10);
}

static void add_counts(const struct acq_show *show, struct acq_line *line)
{
    const struct acq_capture_session *s = &show->capture->session;
    const struct acq_upload *live = show->sender->live;
    if (show->hz > 0) acq_line_add(line, RANK_HZ, ACQ_TONE_PLAIN, "%.0f Hz", show->hz);
    acq_line_add(line, RANK_FRAMES, ACQ_TONE_PLAIN, "%" PRIu64 " frames", s->seq);
    acq_line_join(line, RANK_MISSED, s->counts.missed ? ACQ_TONE_BAD : ACQ_TONE_PLAIN, "%" PRIu64 " missed",
                  s->counts.missed);
    if (s->dropped) acq_line_join(line, RANK_MISSED, ACQ_TONE_BAD, "%" PRIu64 " dropped", s->dropped);
    if (live) acq_line_join(line, RANK_ACKED, ACQ_TONE_PLAIN, "%" PRIu64 " acked", live->out.acked_seq);
}

static void add_file(const struct acq_capture *capture, struct acq_line *line)
{
    if (!capture->disk.recorder) return;
    const char *name = acq_path_base(capture->session.path);
    bool whole = strlen(name) <= 2 * FILE_NAME;
    acq_line_add(line, RANK_SIZE, ACQ_TONE_PLAIN, "%.1f MB",
                 (double)acq_recorder_get_state(capture->disk.recorder).size / 1e6);
    acq_line_join(line, RANK_NAME, ACQ_TONE_PLAIN, "%.*s%s", whole ? 2 * FILE_NAME : FILE_NAME, name,
                  whole ? "" : "\u2026");
}

/* measure: how many steps a second really are seen, by the times of the samples. */
static void measure(struct acq_show *show, int64_t now)
{
    const struct acq_capture_session *s = &show->capture->session;
    uint64_t steps = s->counts.seen - show->hz_seen;
    if (now - show->hz_ns < HZ_NS) return;
    show->hz =
        steps && s->last_t_ns > show->hz_t_ns ? (double)steps / ((double)(s->last_t_ns - show->hz_t_ns) / 1e9) : 0;
    show->hz_seen = s->counts.seen;
    show->hz_t_ns = s->last_t_ns;
    show->hz_ns = now;
}

/* ---- lines ---- */

/* tell_lap says a lap's time when the game has stated it. */
static void tell_lap(struct acq_show *show, bool at_once)
{
    const struct acq_capture_session *s = &show->capture->session;
    int32_t ms = s->last_lap_ms;
    if (s->laps <= show->told_laps || (!at_once && ++show->settled < 3)) return;
    show->settled = 0;
    show->told_laps = s->laps;
    acq_log(ACQ_LOG_INFO, "lap %d: %d:%02d.%03d%s", s->laps, ms / 60000, ms / 1000 % 60, ms % 1000,
            ms && ms == s->best_lap_ms ? ", the best so far" : "");
}

/* tell_older says once what became of the older recordings, if anything. */
static void tell_older(struct acq_show *show)
{
    const struct acq_backlog *older = backlog_of(show);
    if (!older || show->told_older || !acq_backlog_over(older)) return;
    show->told_older = true;
    if (*older->error) acq_log(ACQ_LOG_WARN, "older recordings are not sent: %s", older->error);
    if (older->sent)
        acq_log(ACQ_LOG_INFO, "older recordings: %" PRIu64 " frames that the server lacked were sent, of %zu %s",
                older->frames, older->sent, older->sent == 1 ? "session" : "sessions");
}

/* tell_trouble says once why pages that are there cannot be used. */
static void tell_trouble(struct acq_show *show)
{
    struct acq_err *trouble = &show->sampler->trouble;
    if (!atomic_load(&show->sampler->troubled)) return;
    if (strcmp(trouble->text, show->told_trouble.text)) acq_log(ACQ_LOG_ERROR, "%s", trouble->text);
    show->told_trouble = *trouble;
    atomic_store(&show->sampler->troubled, false);
}

void acq_show_now(struct acq_show *show, int64_t now)
{
    struct acq_line line = {0};
    tell_older(show);
    tell_trouble(show);
    if (show->capture->state == ACQ_CAPTURE_RUNNING) {
        tell_lap(show, false);
        measure(show, now);
        add_state(show, &line);
        add_car(show->capture, &line);
        add_counts(show, &line);
        add_file(show->capture, &line);
        add_older(show, &line);
    } else {
        add_waiting(show, &line);
    }
    acq_line_show(&line);
}

/* ---- begin and end ---- */

void acq_show_init(struct acq_show *show, const struct acq_bridge_config *config, struct acq_sampler *sampler,
                   const struct acq_capture *capture, const struct acq_sender *sender, const struct acq_totals *total)
{
    *show =
        (struct acq_show){.config = config, .sampler = sampler, .capture = capture, .sender = sender, .total = total};
}

void acq_show_start(struct acq_show *show)
{
    const struct acq_bridge_config *c = show->config;
    const struct acq_addr *to = &show->sender->client.addr;
    if (c->no_stream)
        acq_log(ACQ_LOG_INFO, "recordings go to %s, nothing is streamed; Ctrl+C ends it", c->record);
    else if (c->no_record)
        acq_log(ACQ_LOG_INFO, "frames go to %s:%s, nothing is recorded; Ctrl+C ends it", to->host, to->port);
    else
        acq_log(ACQ_LOG_INFO, "recordings go to %s, frames to %s:%s; Ctrl+C ends it", c->record, to->host, to->port);
}

void acq_show_begin(struct acq_show *show, const struct acq_capture_session *s)
{
    char who[sizeof s->car + sizeof s->track + sizeof s->driver + 8];
    show->told_laps = 0;
    show->settled = 0;
    show->hz = 0;
    show->hz_seen = 0;
    show->hz_ns = show->hz_t_ns = s->first_t_ns;
    snprintf(who, sizeof who, "%s @ %s%s%s", s->car, s->track, *s->driver ? ", " : "", s->driver);
    acq_line_clean(who); /* a name with a line break in it makes no second line */
    acq_log(ACQ_LOG_INFO, "session %s: %s", s->id, who);
    if (*s->path) acq_log(ACQ_LOG_INFO, "recording to %s", s->path);
}

void acq_show_end(struct acq_show *show, const struct acq_capture_session *s, const char *why)
{
    const struct acq_counts *n = &s->counts;
    double seconds = (double)(s->last_t_ns - s->first_t_ns) / 1e9;
    char jitter[80] = "";
    tell_lap(show, true);
    if (s->jitter_max_ns)
        snprintf(jitter, sizeof jitter, "; jitter %.2f ms (p99 %.2f, max %.2f)", (double)s->jitter_p50_ns / 1e6,
                 (double)s->jitter_p99_ns / 1e6, (double)s->jitter_max_ns / 1e6);
    acq_log(ACQ_LOG_INFO,
            "session ended (%s): %.1f s, %d laps, %" PRIu64 " steps seen, %" PRIu64 " missed, %" PRIu64
            " torn, %" PRIu64 " dropped, %" PRIu64 " duplicates%s",
            why, seconds, s->laps, n->seen, n->missed, n->torn_dropped, s->dropped, n->duplicates, jitter);
}

void acq_show_finishing(struct acq_show *show)
{
    struct acq_line line = {0};
    uint64_t behind = acq_sender_behind(show->sender);
    if (!behind) return;
    acq_line_add(&line, ACQ_LINE_STATE, ACQ_TONE_WAIT, "finishing");
    acq_line_add(&line, RANK_NOT_ACKED, ACQ_TONE_PLAIN, "%" PRIu64 " frames not acked yet", behind);
    acq_line_show(&line);
}

void acq_show_summary(struct acq_show *show)
{
    const struct acq_totals *total = show->total;
    const struct acq_sender *s = show->sender;
    const struct acq_backlog *older = backlog_of(show);
    const char *path = show->capture->session.path;
    uint64_t behind = acq_sender_behind(s);
    printf("Sampled %" PRIu64 " frames in %" PRIu64 " sessions, %" PRIu64 " steps missed, %" PRIu64
           " samples dropped\n",
           total->frames, total->sessions, total->missed, total->dropped);
    if (!show->config->no_stream)
        printf("Sent %" PRIu64 " frames to %s:%s, %" PRIu64 " acked, %" PRIu64 " not acked\n", s->sent,
               s->client.addr.host, s->client.addr.port, s->acked, behind);
    if (behind && *path) {
        printf("What is not acked is in the recording%s: %s\n", total->sessions > 1 ? "s, the last one" : "", path);
        if (!show->capture->disk.is_file)
            printf("The next start sends it, and so does `telemetry_bridge sync %s`\n", show->config->record);
    }
    if (*path) printf("Recording: %s\n", path);
    if (older && acq_backlog_session(older))
        printf("Older recordings: %zu of %zu are on the server; the next start goes on, or `telemetry_bridge sync`\n",
               older->done, older->sessions);
}

int acq_show_loss(const struct acq_show *show, bool unrecorded, struct acq_err *err)
{
    const struct acq_totals *total = show->total;
    if (total->missed || total->dropped)
        return acq_fail(err, ACQ_RANGE,
                        "%" PRIu64 " steps were missed and %" PRIu64 " samples dropped: the computer was too busy%s",
                        total->missed, total->dropped,
                        atomic_load(&show->sampler->raised) ? "" : ", and does not let the bridge run before others");
    if (unrecorded)
        return acq_fail(err, ACQ_RANGE, "not everything could be recorded: make room on the disk, or record elsewhere");
    return ACQ_OK;
}
