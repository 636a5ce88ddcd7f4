/* Rows of recordings made by several threads: the same as one reader gives, in its order, of whole, damaged and foreign
 * files, of parts of them, of pipes and of files that grow; and given up in the middle. */
#include "recording.h"

#include "table/scan.h"
#include "table/stat.h"

#include <math.h>
#include <pthread.h>
#include <sys/stat.h>

enum { SEQ, T_S, LAP, TRACK, STEPS, SPEED, FIELDS };
static const char *const names[FIELDS] = {"seq", "t_s", "lap", "track", "capture_steps_seen", "speed_kmh"};
static size_t fields[FIELDS];
static char folder[64];
static struct acq_err err;

static void find_fields(void)
{
    struct acq_field all[ACQ_ROW_FIELDS];
    acq_rows_fields(all);
    for (size_t i = 0; i < FIELDS; i++)
        while (strcmp(all[fields[i]].name, names[i]) != 0) assert_true(++fields[i] < ACQ_ROW_FIELDS);
}

/* open_scan: a scan that has been started */
static struct acq_scan *open_scan(const char *path, const struct acq_scan_options *options)
{
    struct acq_scan *scan;
    if (acq_scan_new(&scan, path, options, &err)) fail_msg("%s", err.text);
    if (acq_scan_start(scan, fields, FIELDS, &err)) fail_msg("%s", err.text);
    return scan;
}

static double t_of(uint64_t seq)
{
    return (double)((seq - 1) * STEP_NS) / 1e9;
}

/* check_row: row k of the chunk is what small_frame has made of this seq, with the context of frame 1 */
static void check_row(const struct acq_chunk *chunk, size_t k, uint64_t seq)
{
    static struct acq_frame f;
    uint8_t bytes[ACQ_FRAME_MAX];
    small_frame(&f, seq, false, bytes);
    for (size_t i = 0; i < FIELDS; i++) assert_true(acq_cell_valid(&chunk->cells[i], k));
    assert_int_equal(((int64_t *)chunk->cells[SEQ].values)[k], seq);
    assert_true(fabs(((double *)chunk->cells[T_S].values)[k] - t_of(seq)) < 1e-9);
    assert_int_equal(((int32_t *)chunk->cells[LAP].values)[k], f.graphics.completed_laps);
    assert_true(((float *)chunk->cells[SPEED].values)[k] == f.physics.speed_kmh);
    assert_int_equal(((int64_t *)chunk->cells[STEPS].values)[k], 1);
    struct acq_text track = ((struct acq_text *)chunk->cells[TRACK].values)[k];
    assert_int_equal(track.len, 5);
    assert_memory_equal(track.bytes, "monza", 5);
}

/* check_scan: the rows are those of these seqs, in this order. Returns what was lost. */
static struct acq_rows_state check_scan(const char *path, const struct acq_scan_options *options, const uint64_t *seq,
                                        size_t n)
{
    struct acq_scan *scan = open_scan(path, options);
    struct acq_rows_state state;
    struct acq_chunk *chunk;
    size_t row = 0;
    int r;
    while ((r = acq_scan_next(scan, &chunk, &state, &err)) == ACQ_OK) {
        assert_true(chunk->rows > 0 && chunk->rows <= ACQ_CHUNK_ROWS && row + chunk->rows <= n);
        for (size_t k = 0; k < chunk->rows; k++) check_row(chunk, k, seq[row++]);
        assert_int_equal(state.rows, row);
    }
    assert_int_equal(r, ACQ_END);
    assert_int_equal(acq_scan_next(scan, &chunk, &state, &err), ACQ_END);
    assert_int_equal(row, n);
    assert_int_equal(state.rows, n);
    assert_false(state.unsorted);
    acq_scan_free(scan);
    return state;
}

/* same_as_reader: the scan gives the frames that a reader gives, and the same sentence */
static void same_as_reader(const char *path)
{
    struct got got = read_file(path);
    assert_int_equal(got.result, ACQ_END);
    struct acq_rows_state state = check_scan(path, NULL, got.seq, got.n);
    assert_string_equal(state.loss, got.loss.text);
    got_free(&got);
}

static void whole_files(void **state)
{
    static const uint64_t sizes[] = {1, 64, 84, 2047, 2048, 2049, 30000};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const char *path = file_in(folder, "whole.gz");
        record_file(path, sizes[i]);
        same_as_reader(path);
        unlink(path);
    }
}

/* Members of more frames than a chunk has rows. */
static void long_members(void **state)
{
    const char *path = file_in(folder, "long.gz");
    static struct acq_frame f;
    uint8_t bytes[ACQ_FRAME_MAX];
    struct acq_recorder *recorder;
    (void)state;
    assert_int_equal(acq_recorder_new(&recorder, path, &err), ACQ_OK);
    for (uint64_t seq = 1; seq <= 40000; seq++) {
        size_t n = small_frame(&f, seq, seq == 1, bytes);
        assert_int_equal(acq_recorder_add(recorder, &f, bytes, n), ACQ_OK);
        if (seq % 9000 == 0) assert_int_equal(acq_recorder_flush(recorder, &err), ACQ_OK);
    }
    assert_int_equal(acq_recorder_close(recorder, &err), ACQ_OK);
    same_as_reader(path);
}

static void without_frames(void **state)
{
    const char *path = file_in(folder, "none.gz");
    struct acq_scan *scan;
    struct acq_chunk *chunk;
    struct acq_rows_state end;
    (void)state;
    record_file(path, 0);
    scan = open_scan(path, NULL);
    assert_null(acq_scan_first(scan));
    assert_int_equal(acq_scan_next(scan, &chunk, &end, &err), ACQ_END);
    assert_int_equal(end.rows, 0);
    acq_scan_free(scan);
    assert_int_equal(acq_scan_new(&scan, file_in(folder, "nothing"), NULL, &err), ACQ_MISSING);
    file_write(path, "no gzip", 7);
    assert_int_equal(acq_scan_new(&scan, path, NULL, &err), ACQ_FORMAT);
}

static void damaged_files(void **state)
{
    const char *whole = file_in(folder, "good.gz"), *path = file_in(folder, "bad.gz");
    uint64_t random = 1;
    size_t n;
    (void)state;
    record_file(whole, 20000);
    uint8_t *bytes = file_read(whole, &n);
    for (int i = 0; i < 40; i++) {
        uint8_t *copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, bytes, n);
        size_t size = i % 4 == 0 ? 5000 + random_below(&random, n - 5000) : n; /* cut */
        for (int k = 0; k < i % 5; k++) {
            size_t at = 5000 + random_below(&random, n - 5000 - 200), hole = random_below(&random, 200) + 1;
            memset(copy + at, (int)random_below(&random, 256), hole);
        }
        file_write(path, copy, size);
        free(copy);
        same_as_reader(path);
    }
    free(bytes);
}

static void selection(void **state)
{
    enum { N = 30000 };
    static const struct {
        double from, to;
        const char *laps;
    } wanted[] = {{0, 1, NULL},   {20, 20.5, NULL}, {89, 1000, NULL},   {500, 600, NULL},    {12.345, 71, NULL},
                  {0, 1000, "1"}, {0, 1000, "3-5"}, {0, 1000, "2,90-"}, {10, 40, "20-30,7"}, {0, 1000, "1-"}};
    const char *path = file_in(folder, "select.gz");
    static uint64_t seq[N];
    static struct acq_frame f;
    uint8_t bytes[ACQ_FRAME_MAX];
    (void)state;
    record_file(path, N);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct acq_scan_options options = ACQ_SCAN_ALL;
        size_t n = 0;
        options.select.from_ns = (int64_t)(wanted[i].from * 1e9);
        options.select.to_ns = (int64_t)(wanted[i].to * 1e9);
        if (wanted[i].laps) assert_int_equal(acq_select_laps(&options.select, wanted[i].laps, &err), ACQ_OK);
        for (uint64_t k = 1; k <= N; k++) {
            small_frame(&f, k, false, bytes);
            if (acq_select_has(&options.select, 1000000000 + STEP_NS, &f)) seq[n++] = k;
        }
        assert_true(n < N || i == 9);
        struct acq_rows_state end = check_scan(path, &options, seq, n);
        assert_string_equal(end.loss, "");
        assert_int_equal(end.unreadable, 0);
    }
}

/* A gzip file of another program, whose first frame alone has context. */
static void foreign_files(void **state)
{
    enum { N = 5000 };
    const char *path = file_in(folder, "foreign.gz");
    static struct acq_frame f;
    uint8_t bytes[ACQ_FRAME_MAX], length[10];
    static uint64_t seq[N];
    gzFile file = gzopen(path, "wb1");
    (void)state;
    assert_non_null(file);
    for (uint64_t i = 1; i <= N; i++) {
        size_t n = small_frame(&f, i, i == 1, bytes), head = acq_varint_put(length, n);
        assert_int_equal(gzwrite(file, length, (unsigned)head), head);
        assert_int_equal(gzwrite(file, bytes, (unsigned)n), n);
        seq[i - 1] = i;
    }
    assert_int_equal(gzclose(file), Z_OK);
    struct acq_rows_state end = check_scan(path, NULL, seq, N);
    assert_string_equal(end.loss, "");
}

static void *feed_pipe(void *paths)
{
    size_t n;
    uint8_t *bytes = file_read(((char **)paths)[0], &n);
    file_write(((char **)paths)[1], bytes, n);
    free(bytes);
    return NULL;
}

static void from_a_pipe(void **state)
{
    enum { N = 12000 };
    const char *paths[] = {file_in(folder, "piped.gz"), file_in(folder, "pipe")};
    static uint64_t seq[N];
    pthread_t thread;
    (void)state;
    record_file(paths[0], N);
    assert_int_equal(mkfifo(paths[1], 0600), 0);
    for (uint64_t i = 0; i < N; i++) seq[i] = i + 1;
    assert_int_equal(pthread_create(&thread, NULL, feed_pipe, paths), 0);
    check_scan(paths[1], NULL, seq, N);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* A recording that is still being written is read up to now, and further when there is more. */
static void growing_file(void **state)
{
    const char *path = file_in(folder, "grows.gz");
    struct acq_scan_options options = ACQ_SCAN_ALL;
    struct acq_recorder *recorder;
    struct acq_chunk *chunk;
    struct acq_rows_state end;
    uint64_t seq = 0;
    int r;
    (void)state;
    options.follow = true;
    assert_int_equal(acq_recorder_new(&recorder, path, &err), ACQ_OK);
    record_frames(recorder, 1, 3000);
    assert_int_equal(acq_recorder_flush(recorder, &err), ACQ_OK);
    struct acq_scan *scan = open_scan(path, &options);
    for (uint64_t more = 3000; more <= 9000; more += 3000) {
        while ((r = acq_scan_next(scan, &chunk, NULL, &err)) == ACQ_OK)
            for (size_t k = 0; k < chunk->rows; k++) check_row(chunk, k, ++seq);
        assert_int_equal(r, ACQ_AGAIN);
        assert_int_equal(seq, more);
        record_frames(recorder, more + 1, more + 3000);
        assert_int_equal(acq_recorder_flush(recorder, &err), ACQ_OK);
    }
    assert_int_equal(acq_recorder_close(recorder, &err), ACQ_OK);
    while ((r = acq_scan_next(scan, &chunk, &end, &err)) == ACQ_OK) seq += chunk->rows;
    assert_int_equal(r, ACQ_END);
    assert_int_equal(seq, 12000);
    assert_string_equal(end.loss, "");
    acq_scan_free(scan);
}

static void given_up(void **state)
{
    const char *path = file_in(folder, "given-up.gz");
    struct acq_scan *scan;
    struct acq_chunk *chunk;
    (void)state;
    record_file(path, 60000);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(acq_scan_new(&scan, path, NULL, &err), ACQ_OK);
        assert_int_equal(acq_scan_first(scan)->head.seq, 1);
        assert_false(acq_scan_original(scan));
        if (i) assert_int_equal(acq_scan_start(scan, fields, FIELDS, &err), ACQ_OK);
        for (int k = 1; k < i; k++) {
            assert_int_equal(acq_scan_next(scan, &chunk, NULL, &err), ACQ_OK);
            check_row(chunk, 0, ((uint64_t *)chunk->cells[SEQ].values)[0]);
        }
        acq_scan_free(scan);
    }
    assert_int_equal(acq_scan_new(&scan, path, NULL, &err), ACQ_OK);
    assert_int_equal(acq_scan_start(scan, fields, ACQ_ROW_FIELDS + 1, &err), ACQ_USAGE);
    acq_scan_free(scan);
}

static void at_a_rate(void **state)
{
    const char *path = file_in(folder, "rate.gz");
    struct acq_scan_options options = ACQ_SCAN_ALL;
    struct acq_chunk *chunk;
    size_t rows = 0;
    int r;
    (void)state;
    record_file(path, 10001); /* 30 s */
    options.rate_hz = 50;
    struct acq_scan *scan = open_scan(path, &options);
    while ((r = acq_scan_next(scan, &chunk, NULL, &err)) == ACQ_OK)
        for (size_t k = 0; k < chunk->rows; k++, rows++)
            assert_true(fabs(((double *)chunk->cells[T_S].values)[k] - (double)rows / 50) < 1e-6);
    assert_int_equal(r, ACQ_END);
    assert_int_equal(rows, 1501);
    acq_scan_free(scan);
}

/* The statistics that the threads make of their chunks, joined, are those of all rows. */
static void statistics(void **state)
{
    const char *path = file_in(folder, "stats.gz");
    struct acq_scan *scan;
    struct acq_chunk *chunk;
    struct acq_stat joined[FIELDS], added[FIELDS];
    (void)state;
    record_file(path, 20000);
    for (size_t i = 0; i < FIELDS; i++) {
        enum acq_cell_type type = i == TRACK ? ACQ_CELL_TEXT : i == T_S ? ACQ_CELL_F64 : ACQ_CELL_I64;
        acq_stat_init(&joined[i], i == SPEED ? ACQ_CELL_F32 : i == LAP ? ACQ_CELL_I32 : type);
        acq_stat_init(&added[i], joined[i].type);
    }
    assert_int_equal(acq_scan_new(&scan, path, NULL, &err), ACQ_OK);
    acq_scan_stats(scan);
    assert_int_equal(acq_scan_start(scan, fields, FIELDS, &err), ACQ_OK);
    while (acq_scan_next(scan, &chunk, NULL, &err) == ACQ_OK) {
        assert_non_null(chunk->stats);
        for (size_t i = 0; i < FIELDS; i++) acq_stat_take(&joined[i], chunk, i);
        for (size_t i = 0; i < FIELDS; i++) acq_stat_add(&added[i], &chunk->cells[i], chunk->rows);
    }
    acq_scan_free(scan);
    for (size_t i = 0; i < FIELDS; i++) {
        assert_int_equal(joined[i].count, 20000);
        assert_int_equal(joined[i].nulls, 0);
        assert_true(joined[i].min == added[i].min && joined[i].max == added[i].max);
        assert_true(joined[i].least == added[i].least && joined[i].most == added[i].most);
        assert_int_equal(joined[i].distinct, added[i].distinct);
        if (i != TRACK) assert_true(fabs(acq_stat_mean(&joined[i]) - acq_stat_mean(&added[i])) < 1e-6);
        if (i != TRACK)
            assert_true(fabs(acq_stat_deviation(&joined[i]) / (acq_stat_deviation(&added[i]) + 1e-9) - 1) < 1e-9 ||
                        acq_stat_deviation(&joined[i]) == 0);
        acq_stat_fini(&joined[i]);
        acq_stat_fini(&added[i]);
    }
    assert_true(acq_stat_mean(&joined[SEQ]) == 10000.5);
    assert_int_equal(joined[SEQ].least, 1);
    assert_int_equal(joined[SEQ].most, 20000);
    assert_string_equal(joined[TRACK].first, "monza");
}

static int make_folder(void **state)
{
    (void)state;
    folder_make(folder);
    find_fields();
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
        cmocka_unit_test(whole_files),   cmocka_unit_test(long_members), cmocka_unit_test(without_frames),
        cmocka_unit_test(damaged_files), cmocka_unit_test(selection),    cmocka_unit_test(foreign_files),
        cmocka_unit_test(from_a_pipe),   cmocka_unit_test(growing_file), cmocka_unit_test(given_up),
        cmocka_unit_test(at_a_rate),     cmocka_unit_test(statistics),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
