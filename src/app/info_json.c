#include "app/info_show.h"
#include "app/say.h"
#include "base/json.h"

#include <math.h>
#include <string.h>

static void put_text(struct acq_json *j, const char *key, const struct acq_info *info, enum acq_id id)
{
    const char *text = acq_info_text(info, id);
    acq_json_str(j, key, *text ? text : NULL);
}

/* a count that is null where it is not known */
static void put_count(struct acq_json *j, const char *key, bool known, uint64_t n)
{
    if (known)
        acq_json_uint(j, key, n);
    else
        acq_json_null(j, key);
}

static void put_rate(struct acq_json *j, const char *key, double rate)
{
    if (rate >= 0)
        acq_json_real(j, key, rate, 3);
    else
        acq_json_null(j, key);
}

static void put_session(struct acq_json *j, const struct acq_info *info)
{
    char driver[256];
    acq_info_driver(driver, info);
    put_text(j, "session_id", info, ACQ_head_session_id);
    put_text(j, "previous_session_id", info, ACQ_capture_previous_session);
    put_text(j, "game", info, ACQ_head_game);
    put_text(j, "game_version", info, ACQ_stat_ac_version);
    put_text(j, "car", info, ACQ_stat_car_model);
    put_text(j, "car_skin", info, ACQ_stat_car_skin);
    put_text(j, "track", info, ACQ_stat_track);
    put_text(j, "layout", info, ACQ_stat_track_configuration);
    acq_json_str(j, "driver", *driver ? driver : NULL);
    put_text(j, "driver_nick", info, ACQ_stat_player_nick);
    put_text(j, "program", info, ACQ_capture_program);
}

static void put_time(struct acq_json *j, const struct acq_info *info)
{
    char text[ACQ_SAY];
    int64_t utc = acq_info_utc_ns(info);
    acq_json_str(j, "start_utc", utc && *acq_say_iso(text, utc) ? text : NULL);
    if (utc)
        acq_json_int(j, "start_utc_ns", utc);
    else
        acq_json_null(j, "start_utc_ns");
    acq_json_int(j, "first_t_ns", info->first_t_ns);
    acq_json_int(j, "last_t_ns", info->last_t_ns);
    acq_json_real(j, "duration_s", (double)acq_info_duration_ns(info) * 1e-9, 9);
    acq_json_real(j, "sampled_s", (double)info->sampled_ns * 1e-9, 9);
    acq_json_uint(j, "pauses", info->pauses);
}

static void put_laps(struct acq_json *j, const struct acq_info *info)
{
    bool known = info->original != 1 && info->last.has[ACQ_graphics_completed_laps];
    put_count(j, "laps", known, info->completed);
    put_count(j, "best_lap_ms", known && info->best_lap_ms > 0, (uint64_t)info->best_lap_ms);
    acq_json_open(j, "lap_times", '[');
    for (size_t i = 0; known && i < info->laps; i++) {
        const struct acq_info_lap *lap = &info->lap[i];
        acq_json_open(j, NULL, '{');
        acq_json_int(j, "lap", lap->number);
        put_count(j, "time_ms", lap->time_ms > 0, (uint64_t)lap->time_ms);
        acq_json_real(j, "end_s", (double)lap->end_ns * 1e-9, 3);
        acq_json_close(j, '}');
    }
    acq_json_close(j, ']');
}

static void put_counts(struct acq_json *j, const struct acq_info *info)
{
    const struct acq_group_capture *capture = &info->last.capture;
    const bool *has = info->last.has;
    bool steps = info->steps_known || info->steps;
    acq_json_uint(j, "frames", info->frames);
    put_count(j, "members", !info->loss.foreign, info->members);
    put_rate(j, "physics_hz", acq_info_rate(info, info->steps));
    put_rate(j, "graphics_hz", info->pictures_known ? acq_info_rate(info, info->pictures) : -1);
    put_count(j, "steps", steps, info->steps);
    put_count(j, "steps_missed", info->steps_known, info->missed);
    put_count(j, "frames_repeated", steps, info->frames > info->steps ? info->frames - info->steps : 0);
    put_count(j, "pictures", info->pictures_known, info->pictures);
    put_count(j, "torn_retried", has[ACQ_capture_torn_retried], capture->torn_retried);
    put_count(j, "torn_dropped", has[ACQ_capture_torn_dropped], capture->torn_dropped);
    put_count(j, "ring_dropped", has[ACQ_capture_ring_dropped], capture->ring_dropped);
    put_count(j, "duplicates", has[ACQ_capture_duplicates], capture->duplicates);
    put_count(j, "jitter_p50_ns", has[ACQ_capture_jitter_p50_ns], capture->jitter_p50_ns);
    put_count(j, "jitter_p99_ns", has[ACQ_capture_jitter_p99_ns], capture->jitter_p99_ns);
    put_count(j, "jitter_max_ns", has[ACQ_capture_jitter_max_ns], capture->jitter_max_ns);
    acq_json_uint(j, "samples_lost", info->lost);
    acq_json_open(j, "jitter", '[');
    for (size_t i = 0; i < ACQ_JITTER_BINS; i++) {
        acq_json_open(j, NULL, '{');
        put_count(j, "up_to_us", i + 1 < ACQ_JITTER_BINS, i + 1 < ACQ_JITTER_BINS ? acq_jitter_us[i] : 0);
        acq_json_uint(j, "frames", info->jitter[i]);
        acq_json_close(j, '}');
    }
    acq_json_close(j, ']');
}

static void put_size(struct acq_json *j, const struct acq_info *info)
{
    bool known = info->file_bytes >= 0 && info->frames;
    put_count(j, "file_bytes", info->file_bytes >= 0, (uint64_t)info->file_bytes);
    acq_json_uint(j, "content_bytes", info->raw_bytes);
    put_rate(j, "bytes_per_frame", known ? (double)info->file_bytes / (double)info->frames : -1);
    put_rate(j, "ratio", known && info->file_bytes ? (double)info->raw_bytes / (double)info->file_bytes : -1);
}

static void put_gap(struct acq_json *j, const struct acq_info *info, const struct acq_gap *g)
{
    acq_json_open(j, NULL, '{');
    acq_json_uint(j, "at_byte", g->at);
    acq_json_uint(j, "bytes", g->bytes);
    put_count(j, "first_seq", g->first_seq != 0, g->first_seq);
    put_count(j, "frames", g->frames != 0, g->frames);
    acq_json_real(j, "from_s",
                  g->from_t_ns == INT64_MIN ? HUGE_VAL : ((double)g->from_t_ns - (double)info->first_t_ns) * 1e-9, 3);
    acq_json_real(j, "to_s",
                  g->to_t_ns == INT64_MAX ? HUGE_VAL : ((double)g->to_t_ns - (double)info->first_t_ns) * 1e-9, 3);
    acq_json_close(j, '}');
}

static void put_state(struct acq_json *j, const struct acq_info *info)
{
    const struct acq_loss *l = &info->loss;
    acq_json_bool(j, "closed", l->closed);
    put_text(j, "end_reason", info, ACQ_capture_end_reason);
    acq_json_bool(j, "foreign", l->foreign);
    if (info->original < 0)
        acq_json_null(j, "original");
    else
        acq_json_bool(j, "original", info->original == 1);
    acq_json_bool(j, "lossy", *l->text != 0);
    acq_json_str(j, "loss", *l->text ? l->text : NULL);
    acq_json_uint(j, "damaged_bytes", l->damaged_bytes);
    acq_json_uint(j, "missing_frames", l->missing_frames);
    acq_json_uint(j, "left_out_frames", l->left_out);
    acq_json_uint(j, "gap_count", l->gaps);
    acq_json_open(j, "gaps", '[');
    for (size_t i = 0; i < l->gaps && i < ACQ_GAPS_MAX; i++) put_gap(j, info, &l->gap[i]);
    acq_json_close(j, ']');
}

void acq_info_show_json(FILE *out, const char *path, const struct acq_info *info, const char *error)
{
    struct acq_json j = {.out = out};
    acq_json_open(&j, NULL, '{');
    acq_json_str(&j, "file", path);
    acq_json_str(&j, "error", error);
    if (!error) {
        put_session(&j, info);
        put_time(&j, info);
        put_laps(&j, info);
        put_counts(&j, info);
        put_size(&j, info);
        put_state(&j, info);
    }
    acq_json_close(&j, '}');
    putc('\n', out);
}
