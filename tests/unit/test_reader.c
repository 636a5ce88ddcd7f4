/* Reader: parts of a recording by time, laps and place; a recording that is still being written; what a header counts.
 */
#include "recording.h"

static char folder[64], path[128];
static struct acq_err err;
static struct members list;

enum { FRAMES = 1500 };

static int begin(void **state)
{
    size_t n;
    (void)state;
    folder_make(folder);
    snprintf(path, sizeof path, "%s", file_in(folder, "whole.pb.gz"));
    record_file(path, FRAMES);
    uint8_t *bytes = file_read(path, &n);
    members_of(&list, bytes, n);
    free(bytes);
    return 0;
}

static int end(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

static int64_t time_of(const char *text)
{
    int64_t ns = -1;
    return acq_select_time(text, &ns, &err) == ACQ_OK ? ns : -1;
}

static void times_are_read(void **state)
{
    (void)state;
    assert_int_equal(time_of("90"), INT64_C(90000000000));
    assert_int_equal(time_of("12.5s"), INT64_C(12500000000));
    assert_int_equal(time_of("5m"), INT64_C(300000000000));
    assert_int_equal(time_of("1h"), INT64_C(3600000000000));
    assert_int_equal(time_of("30:10"), INT64_C(1810000000000));
    assert_int_equal(time_of("1:02:03.5"), INT64_C(3723500000000));
    assert_int_equal(time_of("0"), 0);
    static const char *const bad[] = {"",   ":",   "1:",    ":1",  "1:60", "-1",        "1:2:3:4",
                                      "5d", "5ms", "1.2.3", "1e3", "nan",  "9999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_int_equal(time_of(bad[i]), -1);
}

static void laps_are_read(void **state)
{
    (void)state;
    struct acq_select s = ACQ_SELECT_ALL;
    assert_true(acq_select_all(&s));
    assert_int_equal(acq_select_laps(&s, "3,5-7,9-,-2", &err), ACQ_OK);
    assert_int_equal(s.lap_ranges, 4);
    assert_true(s.laps[0].first == 3 && s.laps[0].last == 3 && s.laps[1].first == 5 && s.laps[1].last == 7);
    assert_true(s.laps[2].first == 9 && s.laps[2].last == INT32_MAX && s.laps[3].first == 1 && s.laps[3].last == 2);
    assert_false(acq_select_all(&s));
    static const char *const bad[] = {"", "0", "-", "5-3", "x", "3,", ",3", "3;4", "1--2", "99999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(acq_select_laps(&s, bad[i], &err), ACQ_USAGE);
}

/* chosen: the frames of a selection are those that a reader gives and acq_select_has takes; few others are read */
static void check_select(const char *from, const char *to, const char *laps, uint64_t first, uint64_t last,
                         size_t spare)
{
    struct acq_select s = ACQ_SELECT_ALL;
    struct acq_reader *reader;
    struct acq_batch batch;
    const uint8_t *bytes;
    static struct acq_frame f;
    uint64_t seq = first;
    size_t n, others = 0;
    if (from) assert_int_equal(acq_select_time(from, &s.from_ns, &err), ACQ_OK);
    if (to) assert_int_equal(acq_select_time(to, &s.to_ns, &err), ACQ_OK);
    if (laps) assert_int_equal(acq_select_laps(&s, laps, &err), ACQ_OK);
    assert_int_equal(acq_reader_new(&reader, path, &err), ACQ_OK);
    assert_int_equal(acq_reader_select(reader, &s, &err), ACQ_OK);
    int r;
    while ((r = acq_reader_next(reader, &batch, &err)) == ACQ_OK)
        while (acq_batch_next(&batch, &bytes, &n) == ACQ_OK) {
            assert_int_equal(acq_decode(&f, bytes, n), ACQ_OK);
            if (acq_select_has(&s, acq_reader_first_t_ns(reader), &f))
                assert_int_equal(f.head.seq, seq++);
            else
                others++;
        }
    assert_int_equal(r, ACQ_END);
    assert_int_equal(seq, last + 1);
    assert_true(others <= spare);
    assert_int_equal(acq_reader_get_loss(reader)->missing_frames, 0);
    assert_string_equal(acq_reader_get_loss(reader)->text, "");
    acq_reader_free(reader);
}

static void selections(void **state)
{
    (void)state;
    check_select(NULL, NULL, NULL, 1, FRAMES, 0);
    check_select("0", "1.5s", NULL, 1, 500, 100);
    check_select("1.5s", "3s", NULL, 501, 1000, 200);
    check_select("3s", NULL, NULL, 1001, FRAMES, 100);
    check_select("1h", NULL, NULL, 1, 0, 0);
    /* small_frame: completed_laps = seq / 300, and lap N is driven while N - 1 are completed */
    check_select(NULL, NULL, "1", 1, 299, 100);
    check_select(NULL, NULL, "3", 600, 899, 200);
    check_select(NULL, NULL, "2-4", 300, 1199, 300);
    check_select(NULL, NULL, "6-", 1500, 1500, 200);
    check_select("2s", NULL, "3", 668, 899, 200);
    check_select(NULL, NULL, "99", 1, 0, 100);
}

/* the headers of a whole file are those that are in it, and lead to their members */
static void skim_and_go(void **state)
{
    struct acq_reader *reader;
    struct acq_member m;
    struct acq_batch batch;
    uint64_t at, place = 0;
    size_t i = 0;
    int r;
    (void)state;
    assert_int_equal(acq_reader_new(&reader, path, &err), ACQ_OK);
    for (; (r = acq_reader_skim(reader, &m, &at, &err)) == ACQ_OK; i++) {
        assert_int_equal(at, list.at[i]);
        assert_memory_equal(&m, &list.m[i], sizeof m);
        if (i == 3) place = at;
    }
    assert_int_equal(r, ACQ_END);
    assert_int_equal(i, list.n);
    assert_true(acq_reader_get_loss(reader)->closed && !*acq_reader_get_loss(reader)->text);
    assert_int_equal(acq_reader_go(reader, place, &err), ACQ_OK);
    assert_int_equal(acq_reader_next(reader, &batch, &err), ACQ_OK);
    const struct acq_member *now = acq_reader_member(reader, &at);
    assert_true(at == place && now->first_seq == list.m[3].first_seq);
    size_t size;
    uint8_t *bytes = file_read(path, &size);
    assert_memory_equal(acq_reader_packed(reader), bytes + place, now->size);
    free(bytes);
    acq_reader_free(reader);
}

/* a header counts what its frames are */
static void headers_count(void **state)
{
    (void)state;
    struct acq_member m = {.kind = ACQ_MEMBER_FRAMES};
    struct acq_member_trace trace = {0};
    static struct acq_frame f;
    static const struct {
        int32_t step, picture;
        uint64_t t_us;
    } frames[] = {
        {10, 2, 0},
        {11, 2, 3040} /* 40 us late */,
        {12, 4, 6040} /* on time */,
        {15, 4, 15040} /* 2 missed */,
        {15, 4, 16000} /* the same again */,
        {16, 6, 30000} /* 11 ms late */,
        {5, 6, 33000} /* a restart */,
    };
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        acq_frame_clear(&f);
        f.has[ACQ_head_seq] = f.has[ACQ_head_monotonic_ns] = f.has[ACQ_physics] = f.has[ACQ_physics_packet_id] = true;
        f.has[ACQ_graphics] = f.has[ACQ_graphics_packet_id] = f.has[ACQ_head_lost_before] = true;
        f.head.seq = 7 + i;
        f.head.monotonic_ns = frames[i].t_us * 1000;
        f.head.lost_before = i == 3 ? 9 : 0;
        f.physics.packet_id = frames[i].step;
        f.graphics.packet_id = frames[i].picture;
        acq_member_note(&m, &trace, &f);
    }
    assert_true(m.first_seq == 7 && m.frames == 7 && m.first_t_ns == 0 && m.last_t_ns == 33000000);
    assert_int_equal(m.steps, 6);
    assert_int_equal(m.missed, 2);
    assert_int_equal(m.pictures, 3);
    assert_int_equal(m.lost, 9);
    assert_int_equal(m.jitter[0], 3); /* 40 us, 0, 0 */
    assert_int_equal(m.jitter[9], 1); /* 10,960 us */
    unsigned all = 0;
    for (int i = 0; i < ACQ_JITTER_BINS; i++) all += m.jitter[i];
    assert_int_equal(all, 4);
}

/* a recording that is being written is read up to now, and later further; a member that is not all there is no damage
 */
static void follow(void **state)
{
    const char *live = file_in(folder, "live.pb.gz");
    size_t size;
    uint8_t *bytes = file_read(path, &size);
    struct acq_reader *reader;
    struct acq_batch batch;
    uint64_t seq = 0, at;
    (void)state;
    file_write(live, bytes, list.at[2]);
    assert_int_equal(acq_reader_new(&reader, live, &err), ACQ_OK);
    acq_reader_follow(reader);
    for (size_t cut = list.at[2]; cut < size + 50; cut += 50) {
        int r;
        file_write(live, bytes, cut < size ? cut : size);
        while ((r = acq_reader_next(reader, &batch, &err)) == ACQ_OK) {
            const struct acq_member *m = acq_reader_member(reader, &at);
            assert_int_equal(m->first_seq, seq + 1);
            seq += m->frames;
        }
        assert_int_equal(r, cut < size ? ACQ_AGAIN : ACQ_END);
        size_t members = 0;
        while (members < list.n && list.at[members] + list.m[members].size <= cut) members++;
        assert_int_equal(seq, members < list.n ? list.m[members].first_seq - 1 : FRAMES);
    }
    assert_true(acq_reader_get_loss(reader)->closed && !acq_reader_get_loss(reader)->damaged_bytes);
    acq_reader_free(reader);
    free(bytes);
}

/* what is left out on purpose is not missing; members are copied as they are; context goes on */
static void left_out(void **state)
{
    const char *part = file_in(folder, "part.pb.gz");
    struct acq_recorder *recorder;
    struct acq_reader *reader;
    struct acq_batch batch;
    static struct acq_frame f;
    uint8_t bytes[ACQ_FRAME_MAX];
    const uint8_t *frame;
    uint64_t at;
    size_t n;
    (void)state;
    assert_int_equal(acq_recorder_new(&recorder, part, &err), ACQ_OK);
    acq_recorder_offline(recorder);
    n = small_frame(&f, 1, true, bytes);
    assert_int_equal(acq_recorder_keep_context(recorder, bytes, n), ACQ_OK);
    assert_int_equal(acq_recorder_leave_out(recorder, &err), ACQ_OK);
    n = small_frame(&f, 41, false, bytes);
    assert_int_equal(acq_recorder_add(recorder, &f, bytes, n), ACQ_OK);
    assert_int_equal(acq_recorder_leave_out(recorder, &err), ACQ_OK);
    assert_int_equal(acq_reader_new(&reader, path, &err), ACQ_OK);
    assert_int_equal(acq_reader_skip_to(reader, 900, &err), ACQ_OK);
    assert_int_equal(acq_reader_next(reader, &batch, &err), ACQ_OK);
    struct acq_member m = *acq_reader_member(reader, &at);
    assert_int_equal(acq_recorder_copy(recorder, &m, acq_reader_packed(reader), &err), ACQ_OK);
    acq_reader_free(reader);
    n = small_frame(&f, m.first_seq + m.frames + 4, false, bytes); /* four are missing, and nobody says so */
    assert_int_equal(acq_recorder_add(recorder, &f, bytes, n), ACQ_OK);
    assert_int_equal(acq_recorder_close(recorder, &err), ACQ_OK);

    struct got got = read_file(part);
    assert_int_equal(got.result, ACQ_END);
    assert_int_equal(got.n, 1 + m.frames + 1);
    assert_true(got.seq[0] == 41 && got.seq[1] == m.first_seq && got.seq[got.n - 1] == m.first_seq + m.frames + 4);
    assert_int_equal(got.loss.left_out, 40 + m.first_seq - 42);
    assert_int_equal(got.loss.missing_frames, 4);
    assert_int_equal(got.loss.gaps, 1);
    assert_int_equal(got.loss.gap[0].from_t_ns, m.last_t_ns);
    assert_int_equal(got.loss.gap[0].to_t_ns, m.last_t_ns + 5 * (int64_t)STEP_NS);
    assert_true(got.loss.closed);
    got_free(&got);

    assert_int_equal(acq_reader_new(&reader, part, &err), ACQ_OK);
    assert_int_equal(acq_reader_next(reader, &batch, &err), ACQ_OK);
    assert_int_equal(acq_batch_next(&batch, &frame, &n), ACQ_OK);
    assert_int_equal(acq_decode(&f, frame, n), ACQ_OK);
    assert_string_equal(f.stat.track, "monza"); /* of the frame that is not in the file */
    acq_reader_free(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read), cmocka_unit_test(laps_are_read), cmocka_unit_test(selections),
        cmocka_unit_test(skim_and_go),    cmocka_unit_test(headers_count), cmocka_unit_test(follow),
        cmocka_unit_test(left_out),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
