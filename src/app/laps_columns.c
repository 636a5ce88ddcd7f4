#include "app/laps_columns.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The columns that laps are made of: field of the sample, column, factor. Of two for one field the first that is there
 * counts. */
#define INTS(X)                            \
    X(status, "status", 1)                 \
    X(session_type, "session_type", 1)     \
    X(laps, "lap", 1)                      \
    X(clock_ms, "current_time_ms", 1)      \
    X(clock_ms, "i_current_time_s", 1000)  \
    X(last_ms, "last_time_ms", 1)          \
    X(last_ms, "i_last_time_s", 1000)      \
    X(best_ms, "best_time_ms", 1)          \
    X(best_ms, "i_best_time_s", 1000)      \
    X(sector, "current_sector_index", 1)   \
    X(sector_ms, "last_sector_time_ms", 1) \
    X(in_pit, "is_in_pit", 1)              \
    X(in_pit_lane, "is_in_pit_lane", 1)    \
    X(tyres_out, "tyres_out", 1)           \
    X(is_ai, "is_ai_controlled", 1)
#define FLOATS(X)                       \
    X(pos, "normalized_car_pos", 1)     \
    X(speed_kmh, "speed_kmh", 1)        \
    X(fuel_l, "fuel_l", 1)              \
    X(penalty_s, "penalty_time_s", 1)   \
    X(x_m, "car_coordinates_m_x", 1)    \
    X(z_m, "car_coordinates_m_z", 1)    \
    X(tyre_c[0], "tyre_temp_c_fl", 1)   \
    X(tyre_c[1], "tyre_temp_c_fr", 1)   \
    X(tyre_c[2], "tyre_temp_c_rl", 1)   \
    X(tyre_c[3], "tyre_temp_c_rr", 1)   \
    X(brake_c[0], "brake_temp_c_fl", 1) \
    X(brake_c[1], "brake_temp_c_fr", 1) \
    X(brake_c[2], "brake_temp_c_rl", 1) \
    X(brake_c[3], "brake_temp_c_rr", 1) \
    X(air_c, "air_temp_c", 1)           \
    X(road_c, "road_temp_c", 1)

#define CHANNEL_INT(field, column, factor) {column, offsetof(struct acq_lap_sample, field), true, factor},
#define CHANNEL_FLOAT(field, column, factor) {column, offsetof(struct acq_lap_sample, field), false, factor},
static const struct channel {
    const char *column;
    size_t offset; /* in the sample */
    bool whole;
    double factor;
} channels[] = {INTS(CHANNEL_INT) FLOATS(CHANNEL_FLOAT)};
enum { CHANNELS = sizeof channels / sizeof *channels };
_Static_assert((int)CHANNELS <= (int)ACQ_LAPS_CHANNELS, "room for all of them");

static const char *const metas[ACQ_META_METAS] = {"t_ns",
                                                  "t_s",
                                                  "utc_ns",
                                                  "track_spline_length_m",
                                                  "sector_count",
                                                  "seq",
                                                  "session",
                                                  "capture_previous_session",
                                                  "car_model",
                                                  "track",
                                                  "track_configuration",
                                                  "player_name",
                                                  "player_surname"};

static int kind_of(const struct acq_laps_columns *c, size_t field)
{
    size_t n;
    return (int)acq_table_fields(c->table, &n)[field].type;
}

void acq_laps_choose_channels(struct acq_laps_columns *c)
{
    size_t index, taken = SIZE_MAX;
    for (int i = 0; i < CHANNELS; i++) {
        if (channels[i].offset == taken || acq_table_find(c->table, channels[i].column, &index, NULL) < 0) continue;
        if (kind_of(c, index) == ACQ_CELL_TEXT) continue;
        taken = channels[i].offset;
        c->place[c->n] = i;
        c->fields[c->n++] = index;
    }
}

/* choose_metas: those that say when and of which session a row is, or `all` */
void acq_laps_choose_metas(struct acq_laps_columns *c, bool all)
{
    size_t index;
    for (int i = 0; i < ACQ_META_METAS; i++) {
        c->column[i] = -1;
        if (i == ACQ_META_T_S && c->column[ACQ_META_T_NS] >= 0) continue;
        if (!all && i != ACQ_META_T_NS && i != ACQ_META_T_S && i != ACQ_META_SESSION) continue;
        if (acq_table_find(c->table, metas[i], &index, NULL) < 0) continue;
        if ((kind_of(c, index) == ACQ_CELL_TEXT) != (i >= ACQ_META_SESSION)) continue;
        c->column[i] = (int)c->n;
        c->place[c->n] = CHANNELS + i;
        c->fields[c->n++] = index;
    }
}

/* check_columns: without time, and without anything that says where a lap ends, there is nothing to find */
int acq_laps_check_columns(const struct acq_laps_columns *c, struct acq_err *err)
{
    bool located = false;
    for (size_t i = 0; i < c->n; i++) {
        if (c->place[i] >= CHANNELS) continue;
        size_t offset = channels[c->place[i]].offset;
        located |= offset == offsetof(struct acq_lap_sample, laps) || offset == offsetof(struct acq_lap_sample, pos) ||
                   offset == offsetof(struct acq_lap_sample, clock_ms);
    }
    if (c->column[ACQ_META_T_NS] < 0 && c->column[ACQ_META_T_S] < 0)
        return acq_fail(err, ACQ_FORMAT, "%s has neither t_ns nor t_s, so nothing says when its rows were", c->path);
    if (!located)
        return acq_fail(err, ACQ_FORMAT,
                        "%s has none of the columns lap, current_time_ms and normalized_car_pos: one of them is "
                        "needed to find laps",
                        c->path);
    return ACQ_OK;
}

static double number(const struct acq_cells *c, size_t row)
{
    if (!acq_cell_valid(c, row)) return (double)NAN;
    switch (c->type) {
    case ACQ_CELL_F32: return (double)((const float *)c->values)[row];
    case ACQ_CELL_F64: return ((const double *)c->values)[row];
    case ACQ_CELL_I32: return (double)((const int32_t *)c->values)[row];
    case ACQ_CELL_TEXT: return (double)NAN;
    default: return (double)((const int64_t *)c->values)[row];
    }
}

static int32_t whole(double x)
{
    return x > -2e9 && x < 2e9 ? (int32_t)lround(x) : ACQ_LAP_ABSENT;
}

/* fill: one column into the samples of a chunk; the types that our own files have without a detour */
static void fill(struct acq_lap_sample *block, const struct channel *channel, const struct acq_cells *c, size_t rows)
{
    char *dst = (char *)block + channel->offset;
    bool full = acq_cells_full(c, rows);
    if (full && channel->whole && c->type == ACQ_CELL_I32 && channel->factor == 1) {
        for (size_t i = 0; i < rows; i++, dst += sizeof *block) memcpy(dst, (const int32_t *)c->values + i, 4);
    } else if (full && !channel->whole && c->type == ACQ_CELL_F32) {
        for (size_t i = 0; i < rows; i++, dst += sizeof *block) memcpy(dst, (const float *)c->values + i, 4);
    } else {
        for (size_t i = 0; i < rows; i++, dst += sizeof *block) {
            double x = number(c, i) * channel->factor;
            int32_t v = whole(x);
            float y = (float)x;
            memcpy(dst, channel->whole ? (void *)&v : (void *)&y, 4);
        }
    }
}

int64_t acq_laps_time(const struct acq_laps_columns *c, const struct acq_chunk *chunk, size_t row)
{
    bool ns = c->column[ACQ_META_T_NS] >= 0;
    double t = number(&chunk->cells[c->column[ns ? ACQ_META_T_NS : ACQ_META_T_S]], row);
    if (!isfinite(t)) return INT64_MIN;
    if (!ns) return fabs(t) < 9e9 ? (int64_t)(t * 1e9) : INT64_MIN;
    const struct acq_cells *cells = &chunk->cells[c->column[ACQ_META_T_NS]];
    return cells->type == ACQ_CELL_I64 || cells->type == ACQ_CELL_TIME ? ((const int64_t *)cells->values)[row]
           : fabs(t) < 9e18                                            ? (int64_t)t
                                                                       : INT64_MIN;
}

/* text: of a meta column, "" where there is none */
struct acq_text acq_laps_text(const struct acq_laps_columns *c, const struct acq_chunk *chunk, int meta, size_t row)
{
    if (c->column[meta] < 0 || !acq_cell_valid(&chunk->cells[c->column[meta]], row)) return (struct acq_text){"", 0};
    return ((const struct acq_text *)chunk->cells[c->column[meta]].values)[row];
}

void acq_laps_copy_text(char *dst, size_t size, const struct acq_laps_columns *c, const struct acq_chunk *chunk,
                        int meta, size_t row)
{
    struct acq_text t = acq_laps_text(c, chunk, meta, row);
    if (!*dst) snprintf(dst, size, "%.*s", (int)(t.len < size ? t.len : size - 1), t.bytes);
}

double acq_laps_number(const struct acq_laps_columns *c, const struct acq_chunk *chunk, int meta, size_t row)
{
    return c->column[meta] < 0 ? (double)NAN : number(&chunk->cells[c->column[meta]], row);
}

void acq_laps_fill(const struct acq_laps_columns *c, const struct acq_chunk *chunk, struct acq_lap_sample *samples)
{
    struct acq_lap_sample none;
    acq_lap_sample_clear(&none);
    for (size_t i = 0; i < chunk->rows; i++) samples[i] = none;
    for (size_t i = 0; i < c->n; i++)
        if (c->place[i] < CHANNELS) fill(samples, &channels[c->place[i]], &chunk->cells[i], chunk->rows);
}
