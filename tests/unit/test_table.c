/* Recordings as tables: every column of every row, the newest context, what is NULL; the same through Parquet and CSV;
 * statistics, text for terminals, series for plots, and files that are written whole or not at all. */
#include "help.h"

#include "base/dl.h"
#include "base/file.h"
#include "frame/batch.h"
#include "table/copy.h"
#include "table/duck.h"
#include "table/grid.h"
#include "table/rows.h"
#include "table/series.h"
#include "table/show.h"
#include "table/stat.h"
#include "table/table.h"

#include <math.h>
#include <zlib.h>

static char folder[64];
static struct acq_err err;

/* ---- recordings, as another program would write them: one gzip stream ---- */

static void write_frames(const char *path, const struct acq_frame *frames, size_t n)
{
    uint8_t bytes[ACQ_FRAME_MAX], length[10];
    gzFile file = gzopen(path, "wb1");
    assert_non_null(file);
    for (size_t i = 0; i < n; i++) {
        size_t len = acq_encode(&frames[i], bytes, NULL);
        size_t head = acq_varint_put(length, len);
        assert_int_equal(gzwrite(file, length, (unsigned)head), head);
        if (len) assert_int_equal(gzwrite(file, bytes, (unsigned)len), len);
    }
    assert_int_equal(gzclose(file), Z_OK);
}

/* make_frames: random ones, as a reader decodes them; three sessions; context in some of them; in half of them all
 * frames have the same channels */
static struct acq_frame *make_frames(size_t n, bool seq, uint64_t random)
{
    struct acq_frame *frames = calloc(n, sizeof *frames), *f = calloc(1, sizeof *f);
    uint8_t bytes[ACQ_FRAME_MAX];
    assert_non_null(frames);
    for (size_t i = 0; i < n; i++) {
        random_frame(&random, f, i < n / 2 ? 16 : 12);
        bool all = i < n / 2;
        for (unsigned id = 0; all && id < ACQ_stat; id++) f->has[id] |= acq_channels[id].type == ACQ_TYPE_GROUP;
        if (i % 83 && random_below(&random, 8)) f->has[ACQ_stat] = f->has[ACQ_capture] = false;
        for (unsigned id = 0; id < ACQ_IDS; id++) f->has[id] = f->has[id] && f->has[group_of(id)];
        f->has[ACQ_head_monotonic_ns] = f->has[ACQ_head_session_id] = true;
        f->head.monotonic_ns = 5000000000u + 3000000u * i;
        f->has[ACQ_head_seq] = seq;
        f->head.seq = i + 1;
        snprintf(f->head.session_id, sizeof f->head.session_id, "session-%d", i < n / 3 ? 1 : i < n / 3 + 1 ? 2 : 3);
        size_t len = acq_encode(f, bytes, NULL);
        assert_int_equal(acq_decode(&frames[i], bytes, len), ACQ_OK);
    }
    free(f);
    return frames;
}

/* ---- the table that they should make, computed row by row ---- */

static void expect_context(struct acq_frame *row, const struct acq_frame *before, const struct acq_frame *f)
{
    *row = *f;
    bool same = before && !strcmp(before->head.session_id, f->head.session_id);
    for (unsigned id = 0; id < ACQ_IDS; id++) {
        enum acq_id group = group_of((enum acq_id)id);
        if ((group != ACQ_stat && group != ACQ_capture) || f->has[group]) continue;
        row->has[id] = same && before->has[id];
        if (row->has[id]) memcpy(value_at(row, id), value_at(before, id), value_size(id));
    }
}

static void check_cell(const struct acq_cells *cells, size_t k, const struct acq_frame *row, const struct acq_column *c)
{
    const char *src = (const char *)row + c->offset;
    bool there = row->has[c->id];
    uint64_t u;
    if (c->type == ACQ_TYPE_U64 || c->type == ACQ_TYPE_X64) {
        memcpy(&u, src, 8);
        there &= u <= INT64_MAX;
        assert_int_equal(cells->type, c->id == ACQ_head_utc_ns ? ACQ_CELL_TIME : ACQ_CELL_I64);
        if (there) assert_int_equal(((int64_t *)cells->values)[k], u);
    } else if (c->type == ACQ_TYPE_STR) {
        struct acq_text t = ((struct acq_text *)cells->values)[k];
        if (there && acq_cell_valid(cells, k)) {
            assert_int_equal(t.len, strlen(src));
            assert_memory_equal(t.bytes, src, t.len);
        }
    } else if (c->type == ACQ_TYPE_I32) {
        if (there) assert_memory_equal((int32_t *)cells->values + k, src, 4);
    } else if (there) {
        float x, y = ((float *)cells->values)[k];
        memcpy(&x, src, 4);
        assert_true(x == y || (isnan(x) && isnan(y)));
    }
    if (acq_cell_valid(cells, k) != there) fail_msg("%s of row %zu: there %d, %d", c->name, k, !there, there);
}

/* check_table reads the file and compares all of it with the frames. */
static void check_table(const char *path, const struct acq_frame *frames, size_t n)
{
    static struct acq_frame rows[2];
    struct acq_column columns[ACQ_COLUMNS];
    size_t all[ACQ_ROW_FIELDS], count, done = 0;
    struct acq_table *t;
    struct acq_chunk *chunk;
    int r;
    acq_columns(columns);
    if (acq_table_open(&t, path, &err)) fail_msg("%s", err.text);
    const struct acq_field *fields = acq_table_fields(t, &count);
    assert_int_equal(count, ACQ_ROW_FIELDS);
    for (size_t i = 0; i < count; i++) all[i] = i;
    for (size_t i = 0; i < ACQ_COLUMNS; i++) {
        assert_string_equal(fields[i].name, columns[i].name);
        assert_string_equal(fields[i].unit, acq_channels[columns[i].id].unit);
    }
    assert_string_equal(fields[ACQ_ROW_T_S].name, "t_s");
    assert_int_equal(acq_table_select(t, all, count, 0, &err), ACQ_OK);
    while ((r = acq_table_next(t, &chunk, &err)) == ACQ_OK)
        for (size_t k = 0; k < chunk->rows; k++, done++) {
            assert_true(done < n);
            expect_context(&rows[done % 2], done ? &rows[(done + 1) % 2] : NULL, &frames[done]);
            for (size_t i = 0; i < ACQ_COLUMNS; i++) check_cell(&chunk->cells[i], k, &rows[done % 2], &columns[i]);
            double t_s = (double)(frames[done].head.monotonic_ns - frames[0].head.monotonic_ns) / 1e9;
            assert_true(fabs(((double *)chunk->cells[ACQ_ROW_T_S].values)[k] - t_s) < 1e-9);
        }
    assert_int_equal(r, ACQ_END);
    assert_int_equal(acq_table_next(t, &chunk, &err), ACQ_END);
    assert_int_equal(done, n);
    acq_table_close(t);
}

/* to_parquet: a recording with all its columns, as `acq convert` does it */
static int to_parquet(const char *in, const char *out, bool force, struct acq_copied *copied, struct acq_err *e)
{
    struct acq_part part;
    size_t fields[ACQ_ROW_FIELDS];
    struct acq_copy copy = {.parts = &part,
                            .n = 1,
                            .options = ACQ_SCAN_ALL,
                            .fields = fields,
                            .field_count = acq_copy_fields(fields),
                            .out = out,
                            .force = force,
                            .name = in};
    int result = acq_part_open(&part, in, &copy.options, &copy.scan, e);
    return result ? result : acq_copy_recordings(&copy, copied, e);
}

static void rows_and_parquet(void **state)
{
    static const size_t sizes[] = {1, 63, 64, 65, 2048, 2049, 5000};
    struct acq_copied copied;
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct acq_frame *frames = make_frames(sizes[i], i % 2 == 0, i);
        const char *in = file_in(folder, "a.pb.gz"), *out = file_in(folder, "a.parquet");
        write_frames(in, frames, sizes[i]);
        check_table(in, frames, sizes[i]);
        if (to_parquet(in, out, true, &copied, &err)) fail_msg("%s", err.text);
        assert_int_equal(copied.rows, sizes[i]);
        assert_string_equal(copied.loss, "");
        check_table(out, frames, sizes[i]);
        free(frames);
    }
}

static void first_columns(void **state)
{
    static const char *const names[] = {"t_ns",  "game", "session", "speed_kmh", "gas",  "brake", "gear",
                                        "steer", "rpm",  "ax_g",    "ay_g",      "az_g", "lap",   "pos"};
    struct acq_field fields[ACQ_ROW_FIELDS];
    (void)state;
    acq_rows_fields(fields);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) assert_string_equal(fields[i].name, names[i]);
    for (size_t i = 0; i < ACQ_ROW_FIELDS; i++)
        for (size_t k = 0; k < i; k++) assert_string_not_equal(fields[i].name, fields[k].name);
    assert_string_equal(acq_rows_unit("speed_kmh"), "km/h");
    assert_string_equal(acq_rows_unit("nothing"), "");
}

/* A recording of the original project whose frames do not come in the order of time is sorted. */
static void sorted_by_time(void **state)
{
    enum { N = 300 };
    struct acq_frame *frames = make_frames(N, false, 7), *mixed = calloc(N, sizeof *mixed);
    struct acq_copied copied;
    struct acq_series s;
    const char *in = file_in(folder, "mixed.pb.gz"), *out = file_in(folder, "mixed.parquet"), *t_ns = "t_ns";
    (void)state;
    for (size_t i = 0; i < N; i++) mixed[i] = frames[(i * 77 + 5) % N];
    write_frames(in, mixed, N);
    assert_int_equal(to_parquet(in, out, true, &copied, &err), ACQ_OK);
    assert_int_equal(copied.rows, N);
    assert_int_equal(acq_series_read(&s, out, &t_ns, 1, 0, &err), ACQ_OK);
    assert_int_equal(s.rows, N);
    for (size_t i = 0; i < N; i++) {
        assert_true(s.values[0][i] == (double)frames[i].head.monotonic_ns);
        assert_true(fabs(s.t_s[i] - 0.003 * (double)i) < 1e-9);
    }
    acq_series_free(&s);
    free(frames);
    free(mixed);
}

static void series(void **state)
{
    enum { N = 5000 };
    static const char *const names[] = {"speed_kmh", "lap", "t_s", "speed_kmh"}, *const wrong[] = {"sped_kmh"},
                             *const text[] = {"session"};
    struct acq_frame *frames = make_frames(N, true, 8);
    struct acq_copied copied;
    struct acq_series s;
    const char *paths[] = {file_in(folder, "s.pb.gz"), file_in(folder, "s.parquet")};
    (void)state;
    write_frames(paths[0], frames, N);
    assert_int_equal(to_parquet(paths[0], paths[1], true, &copied, &err), ACQ_OK);
    for (size_t p = 0; p < 2; p++) {
        for (int64_t limit = 0; limit <= 2500; limit += 2500) {
            if (acq_series_read(&s, paths[p], names, 4, limit, &err)) fail_msg("%s", err.text);
            assert_int_equal(s.rows, limit ? limit : N);
            assert_int_equal(s.columns, 4);
            assert_string_equal(s.names[1], "lap");
            assert_string_equal(s.units[0], "km/h");
            assert_string_equal(s.units[2], "s");
            for (size_t i = 0; i < s.rows; i++) {
                const struct acq_frame *f = &frames[i];
                double x = (double)f->physics.speed_kmh, lap = (double)f->graphics.completed_laps;
                assert_true(f->has[ACQ_physics_speed_kmh] && !isnan(x) ? s.values[0][i] == x : isnan(s.values[0][i]));
                assert_true(f->has[ACQ_graphics_completed_laps] ? s.values[1][i] == lap : isnan(s.values[1][i]));
                assert_true(fabs(s.t_s[i] - 0.003 * (double)i) < 1e-9 && s.values[2][i] == s.t_s[i]);
            }
            acq_series_free(&s);
        }
        assert_int_equal(acq_series_read(&s, paths[p], wrong, 1, 0, &err), ACQ_USAGE);
        assert_non_null(strstr(err.text, "speed_kmh"));
        assert_int_equal(acq_series_read(&s, paths[p], text, 1, 0, &err), ACQ_USAGE);
        assert_null(s.values);
    }
    assert_int_equal(acq_series_read(&s, file_in(folder, "none"), names, 1, 0, &err), ACQ_MISSING);
    free(frames);
}

static int count_name(void *user, const char *name)
{
    *(size_t *)user += strstr(name, "out.") != NULL;
    return 0;
}

/* An output that cannot be written, or is there already, stays as it is and nothing stands beside it. */
static void whole_or_not_at_all(void **state)
{
    struct acq_frame *frames = make_frames(100, true, 9);
    struct acq_copied copied;
    const char *in = file_in(folder, "w.pb.gz"), *out = file_in(folder, "out.parquet");
    size_t n, found = 0;
    (void)state;
    write_frames(in, frames, 100);
    free(frames);
    file_write(out, "mine", 4);
    assert_int_equal(to_parquet(in, out, false, &copied, &err), ACQ_EXISTS);
    assert_non_null(strstr(err.text, "--force"));
    uint8_t *bytes = file_read(out, &n);
    assert_int_equal(n, 4);
    assert_memory_equal(bytes, "mine", 4);
    free(bytes);
    assert_int_equal(to_parquet(file_in(folder, "none"), out, true, &copied, &err), ACQ_MISSING);
    assert_int_equal(acq_dir_each(folder, count_name, &found, &err), ACQ_OK);
    assert_int_equal(found, 1);
    assert_int_equal(to_parquet(in, out, true, &copied, &err), ACQ_OK);
    assert_int_equal(to_parquet(in, file_in(folder, "no/out.parquet"), true, &copied, &err), ACQ_MISSING);
    assert_int_equal(to_parquet(in, folder, true, &copied, &err), ACQ_IO);
    found = 0;
    assert_int_equal(acq_dir_each(folder, count_name, &found, &err), ACQ_OK);
    assert_int_equal(found, 1);
}

static void csv(void **state)
{
    struct acq_frame *frames = make_frames(3, true, 10);
    const char *in = file_in(folder, "c.pb.gz"), *out = file_in(folder, "c,'.csv");
    struct acq_table *t;
    struct acq_copied copied;
    size_t fields[4], n;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        frames[i].has[ACQ_physics] = frames[i].has[ACQ_physics_speed_kmh] = i != 1;
        frames[i].physics.speed_kmh = 0.1f * (float)i;
        frames[i].has[ACQ_physics_gas] = false;
        frames[i].head.monotonic_ns = 9007199254740993u + i; /* more than a double holds */
        frames[i].has[ACQ_head_game] = true;
        strcpy(frames[i].head.game, i ? "a \"b\", c" : "assetto_corsa");
    }
    write_frames(in, frames, 3);
    free(frames);
    assert_int_equal(acq_table_open(&t, in, &err), ACQ_OK);
    static const char *const names[] = {"t_ns", "game", "speed_kmh", "gas"};
    for (size_t i = 0; i < 4; i++) assert_int_equal(acq_table_find(t, names[i], &fields[i], &err), ACQ_OK);
    if (acq_copy_csv(t, fields, 4, out, false, &copied, &err)) fail_msg("%s", err.text);
    acq_table_close(t);
    char *text = (char *)file_read(out, &n);
    text[n] = 0;
    assert_string_equal(text, "t_ns,game,speed_kmh,gas\n9007199254740993,assetto_corsa,0.0,\n"
                              "9007199254740994,\"a \"\"b\"\", c\",,\n9007199254740995,\"a \"\"b\"\", c\",0.2,\n");
    free(text);
}

/* Parquet files of others: any type is shown, names may be odd, and t_s is there only where t_ns is. */
static void foreign_parquet(void **state)
{
    static const char *const names[] = {"a \"b\"", "day", "money", "list",   "yes",
                                        "big",     "at",  "none",  "record", "number"};
    static const char *const texts[] = {
        "1", "2024-02-29", "1.5",   "[1, 2]", "1", "1.844674e+19", "2024-01-01 00:00:00.500000000",
        "-", "{'k': 1}",   "1e+300"};
    const char *path = file_in(folder, "foreign[1].parquet");
    struct acq_duck duck;
    struct acq_sql sql;
    struct acq_table *t;
    struct acq_chunk *chunk;
    char text[ACQ_GRID_CELL];
    size_t n, all[10];
    (void)state;
    assert_int_equal(acq_duck_open(&duck, &err), ACQ_OK);
    acq_sql_init(&sql);
    acq_sql_add(&sql,
                "COPY (SELECT 1::TINYINT AS \"a \"\"b\"\"\", DATE '2024-02-29' AS day, 1.5::DECIMAL(10, 2) AS money, "
                "[1, 2] AS list, true AS yes, 18446744073709551615::UBIGINT AS big, "
                "TIMESTAMP '2024-01-01 00:00:00.5' AS at, NULL::VARCHAR AS none, {'k': 1} AS record, "
                "1e300 AS number) TO ");
    acq_sql_quote(&sql, '\'', path);
    acq_sql_add(&sql, " (FORMAT parquet)");
    if (acq_duck_run(&duck, acq_sql_end(&sql, &err), NULL, NULL, &err)) fail_msg("%s", err.text);
    assert_int_equal(acq_duck_run(&duck, "SELECT * FROM nothing", NULL, NULL, &err), ACQ_IO);
    assert_null(strchr(err.text, '\n'));
    acq_sql_fini(&sql);
    acq_duck_close(&duck);
    if (acq_table_open(&t, path, &err)) fail_msg("%s", err.text);
    const struct acq_field *fields = acq_table_fields(t, &n);
    assert_int_equal(n, 10);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(fields[i].name, names[i]);
        all[i] = i;
    }
    assert_int_equal(acq_table_select(t, all, n, 0, &err), ACQ_OK);
    assert_int_equal(acq_table_next(t, &chunk, &err), ACQ_OK);
    assert_int_equal(chunk->rows, 1);
    for (size_t i = 0; i < n; i++) {
        acq_grid_cell(text, &chunk->cells[i], 0);
        assert_string_equal(text, texts[i]);
    }
    assert_int_equal(acq_table_next(t, &chunk, &err), ACQ_END);
    assert_int_equal(acq_table_select(t, all, 2, 1, &err), ACQ_OK); /* again, from the first row */
    assert_int_equal(acq_table_next(t, &chunk, &err), ACQ_OK);
    assert_int_equal(chunk->columns, 2);
    acq_table_close(t);
}

/* ---- statistics ---- */

static void statistics(void **state)
{
    enum { N = 7000 };
    enum acq_cell_type types[] = {ACQ_CELL_F32, ACQ_CELL_I64, ACQ_CELL_TEXT};
    struct acq_chunk chunk;
    struct acq_stat stats[3];
    static double kept[N];
    size_t n = 0;
    uint64_t random = 11;
    (void)state;
    assert_int_equal(acq_chunk_init(&chunk, types, 3), ACQ_OK);
    for (size_t i = 0; i < 3; i++) acq_stat_init(&stats[i], types[i]);
    for (size_t done = 0; done < N; done += chunk.rows) {
        acq_chunk_reset(&chunk);
        chunk.rows = N - done < 1000 ? N - done : 1000;
        for (size_t k = 0; k < chunk.rows; k++) {
            float x = 1e6f + (float)random_below(&random, 1000);
            int64_t big = INT64_C(9007199254740993) + (int64_t)(done + k);
            bool null = random_below(&random, 5) == 0, nan = random_below(&random, 7) == 0;
            char text[8];
            int len = snprintf(text, sizeof text, "t%zu", (done + k) / 100);
            ((float *)chunk.cells[0].values)[k] = nan ? NAN : x;
            ((int64_t *)chunk.cells[1].values)[k] = big;
            ((struct acq_text *)chunk.cells[2].values)[k] = acq_chunk_text(&chunk, text, (size_t)len);
            if (!null) chunk.cells[0].valid[k / 64] |= UINT64_C(1) << k % 64;
            if (!null && !nan) kept[n++] = (double)x;
            chunk.cells[1].valid[k / 64] |= UINT64_C(1) << k % 64;
            if (k % 2) chunk.cells[2].valid[k / 64] |= UINT64_C(1) << k % 64;
        }
        for (size_t i = 0; i < 3; i++) acq_stat_add(&stats[i], &chunk.cells[i], chunk.rows);
    }
    double sum = 0, squares = 0, min = kept[0], max = kept[0];
    for (size_t i = 0; i < n; i++) {
        sum += kept[i];
        min = fmin(min, kept[i]);
        max = fmax(max, kept[i]);
    }
    for (size_t i = 0; i < n; i++) squares += (kept[i] - sum / (double)n) * (kept[i] - sum / (double)n);
    assert_int_equal(stats[0].count, n);
    assert_int_equal(stats[0].nulls, N - n);
    assert_true(stats[0].min == min && stats[0].max == max);
    assert_true(fabs(acq_stat_mean(&stats[0]) - sum / (double)n) < 1e-6);
    assert_true(fabs(acq_stat_deviation(&stats[0]) - sqrt(squares / (double)(n - 1))) < 1e-6);
    assert_int_equal(stats[1].least, INT64_C(9007199254740993));
    assert_int_equal(stats[1].most, INT64_C(9007199254740993) + N - 1);
    assert_int_equal(stats[2].count, N / 2);
    assert_int_equal(stats[2].nulls, N / 2);
    assert_int_equal(stats[2].distinct, N / 100);
    assert_string_equal(stats[2].first, "t0");
    assert_string_equal(stats[2].last, "t9");
    for (size_t i = 0; i < 3; i++) acq_stat_fini(&stats[i]);
    acq_chunk_fini(&chunk);
}

static void statistics_of_nothing(void **state)
{
    enum acq_cell_type type = ACQ_CELL_F64;
    struct acq_chunk chunk;
    struct acq_stat stat;
    (void)state;
    assert_int_equal(acq_chunk_init(&chunk, &type, 1), ACQ_OK);
    acq_stat_init(&stat, type);
    acq_stat_add(&stat, &chunk.cells[0], 10);
    assert_int_equal(stat.count, 0);
    assert_int_equal(stat.nulls, 10);
    assert_true(isnan(acq_stat_deviation(&stat)));
    ((double *)chunk.cells[0].values)[3] = INFINITY;
    chunk.cells[0].valid[0] = 8;
    acq_stat_add(&stat, &chunk.cells[0], 10);
    assert_int_equal(stat.count, 1);
    assert_true(isinf(stat.max) && isnan(acq_stat_deviation(&stat)));
    acq_stat_fini(&stat);
    acq_chunk_fini(&chunk);
}

/* ---- text for a terminal ---- */

static void cells(void **state)
{
    char text[ACQ_GRID_CELL];
    (void)state;
    acq_grid_time(text, 0);
    assert_string_equal(text, "1970-01-01 00:00:00.000000000");
    acq_grid_time(text, -1);
    assert_string_equal(text, "1969-12-31 23:59:59.999999999");
    acq_grid_time(text, INT64_C(1709210096123456789));
    assert_string_equal(text, "2024-02-29 12:34:56.123456789");
    acq_grid_time(text, INT64_MIN);
    assert_string_equal(text, "1677-09-21 00:12:43.145224192");
    acq_grid_text(text, "a\033[2Jb\n", 7, 40);
    assert_string_equal(text, "a?[2Jb?");
    acq_grid_text(text, "Spielstraße", strlen("Spielstraße"), 40);
    assert_string_equal(text, "Spielstraße");
    acq_grid_text(text, "語語語語語", 15, 3);
    assert_string_equal(text, "語語語...");
    for (size_t n = 0; n < 200; n++) { /* never longer than a cell, wherever a character is cut */
        char many[256];
        memset(many, "\xe8\xaa\x9e\xff"[n % 4], sizeof many);
        acq_grid_text(text, many, n, 100);
        assert_true(strlen(text) < ACQ_GRID_CELL);
    }
    acq_grid_number(text, 0.1);
    assert_string_equal(text, "0.1");
}

static char *printed(const struct acq_grid *g, unsigned width, size_t keys, bool all, size_t *shown)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    *shown = acq_grid_print(g, out, width, keys, all, false);
    fclose(out);
    return text;
}

static void grid(void **state)
{
    static const char *const content[3][3] = {{"name", "é", "x"}, {"a", "1", "22"}, {"bb", "333", "-"}};
    struct acq_grid g;
    size_t shown;
    (void)state;
    assert_int_equal(acq_grid_init(&g, 3), ACQ_OK);
    for (size_t i = 0; i < 3; i++) {
        char(*row)[ACQ_GRID_CELL] = acq_grid_add(&g);
        for (size_t k = 0; k < 3; k++) strcpy(row[k], content[i][k]);
    }
    g.right[1] = g.right[2] = true;
    char *text = printed(&g, 80, 0, false, &shown);
    assert_string_equal(text, "name    é   x\na       1  22\nbb    333   -\n");
    assert_int_equal(shown, 3);
    free(text);
    text = printed(&g, 10, 0, false, &shown);
    assert_string_equal(text, "name    é\na       1\nbb    333\n");
    assert_int_equal(shown, 2);
    free(text);
    text = printed(&g, 10, 1, true, &shown);
    assert_string_equal(text, "name    é\na       1\nbb    333\n\nname   x\na     22\nbb     -\n");
    assert_int_equal(shown, 3);
    free(text);
    acq_grid_fini(&g);
}

static void libraries(void **state)
{
    (void)state;
    assert_null(acq_dl_open("/nowhere/libnothing.so", &err));
    assert_int_equal(err.code, ACQ_MISSING);
    struct acq_dl *library = acq_dl_open("libz.so.1", &err);
    assert_non_null(library);
    assert_non_null(acq_dl_sym(library, "zlibVersion"));
    assert_null(acq_dl_sym(library, "zlib_nothing"));
    acq_dl_close(library);
}

static int make_folder(void **state)
{
    (void)state;
    folder_make(folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_columns),
        cmocka_unit_test(rows_and_parquet),
        cmocka_unit_test(sorted_by_time),
        cmocka_unit_test(series),
        cmocka_unit_test(whole_or_not_at_all),
        cmocka_unit_test(csv),
        cmocka_unit_test(foreign_parquet),
        cmocka_unit_test(statistics),
        cmocka_unit_test(statistics_of_nothing),
        cmocka_unit_test(cells),
        cmocka_unit_test(grid),
        cmocka_unit_test(libraries),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
