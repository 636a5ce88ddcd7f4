/* Which sample belongs to the running session, and which session goes on from which. */
#include "help.h"

#include "base/file.h"
#include "bridge/part.h"
#include "bridge/previous.h"
#include "bridge/session_rules.h"
#include "page/text.h"
#include "recording.h"

#define SECOND INT64_C(1000000000)

static struct acq_running running_at(int32_t id)
{
    struct acq_running r = {.session_type = ACQ_SESSION_RACE, .physics_id = id};
    acq_page_text(r.stat.car_model, 33, "car");
    acq_page_text(r.stat.track, 33, "track");
    acq_page_text(r.stat.track_configuration, 33, "layout");
    return r;
}

static struct acq_sample sample_at(int32_t id, int32_t status)
{
    struct acq_sample s = {.kind = ACQ_SAMPLE_STEP};
    s.pages.physics.packet_id = id;
    s.pages.graphics.status = status;
    s.pages.graphics.session = ACQ_SESSION_RACE;
    return s;
}

static void says(const struct acq_running *r, const struct acq_sample *s, const struct acq_page_static *stat,
                 const char *why)
{
    const char *said = acq_session_other(r, s, stat);
    if (why)
        assert_string_equal(said, why);
    else
        assert_null(said);
}

static void samples_of_other_sessions(void **state)
{
    (void)state;
    struct acq_running r = running_at(1000);
    struct acq_page_static stat = r.stat;
    struct acq_sample s = sample_at(1001, ACQ_STATUS_LIVE);
    says(&r, &s, &stat, NULL);
    s.pages.graphics.status = ACQ_STATUS_PAUSE;
    says(&r, &s, &stat, NULL);
    s = sample_at(1000 + ACQ_STEPS_MISSED_MAX, ACQ_STATUS_LIVE);
    says(&r, &s, &stat, NULL);
    s.pages.physics.packet_id++;
    says(&r, &s, &stat, "the packetId jumped");
    s = sample_at(999, ACQ_STATUS_LIVE);
    says(&r, &s, &stat, "the game was restarted");
    s = sample_at(1001, ACQ_STATUS_LIVE);
    s.opened = true;
    says(&r, &s, &stat, "the game was restarted");
    s = sample_at(1001, ACQ_STATUS_LIVE);
    s.pages.graphics.session = ACQ_SESSION_QUALIFY;
    says(&r, &s, &stat, "the game went to another session");
    s = sample_at(1001, ACQ_STATUS_REPLAY);
    says(&r, &s, &stat, "a replay began");
    r.replay = true;
    says(&r, &s, &stat, NULL);
    s.pages.graphics.status = ACQ_STATUS_PAUSE; /* of the replay */
    says(&r, &s, &stat, NULL);
    s.pages.graphics.status = ACQ_STATUS_LIVE;
    says(&r, &s, &stat, "the replay ended");
    acq_page_text(stat.track_configuration, 33, "other");
    says(&r, &s, &stat, "the track changed");
    acq_page_text(stat.car_model, 33, "other");
    says(&r, &s, &stat, "the car changed");
    r.physics_id = INT32_MIN; /* the largest jump that there is */
    s = sample_at(INT32_MAX, ACQ_STATUS_LIVE);
    r.replay = false;
    says(&r, &s, &r.stat, "the packetId jumped");
}

static struct acq_mark mark(const char *session, int32_t id, int64_t seconds, int32_t laps, int32_t clock_ms)
{
    struct acq_mark m = {
        .physics_id = id, .utc_ns = 1800000000 * SECOND + seconds * SECOND, .laps = laps, .clock_ms = clock_ms};
    snprintf(m.session, sizeof m.session, "%s", session);
    snprintf(m.drive, sizeof m.drive, "car on track");
    return m;
}

static void drives_that_go_on(void **state)
{
    (void)state;
    struct acq_mark a = mark("a", 10000, 0, 1, 5000), b = mark("b", 20000, 40, 1, 35000);
    assert_true(acq_mark_goes_on(&a, &b)); /* 30 s of steps in 40 s, and the game has run for a minute */
    struct acq_mark damaged = a;
    damaged.utc_ns = INT64_MIN;
    assert_false(acq_mark_goes_on(&damaged, &b));
    b.clock_ms = 100; /* restarted within the game meanwhile */
    assert_true(acq_mark_goes_on(&a, &b));
    b = mark("b", 10000, 40, 1, 5000); /* not one step more: it stands still */
    assert_false(acq_mark_goes_on(&a, &b));
    b = mark("b", 9000, 40, 1, 35000);
    assert_false(acq_mark_goes_on(&a, &b));
    b = mark("b", 50000, 40, 1, 35000); /* two minutes of steps in 40 s */
    assert_false(acq_mark_goes_on(&a, &b));
    b = mark("b", 20000, -60, 1, 35000); /* before it */
    assert_false(acq_mark_goes_on(&a, &b));
    strcpy(b.drive, "another car");
    assert_false(acq_mark_goes_on(&a, &b));
    a.session[0] = 0;
    b = mark("b", 20000, 40, 1, 35000);
    assert_false(acq_mark_goes_on(&a, &b));
}

/* An hour later with the number of a minute: a long pause, or another run of the game; the lap's clock tells. */
static void drives_after_a_pause(void **state)
{
    (void)state;
    struct acq_mark a = mark("a", 10000, 0, 1, 5000), b = mark("b", 10001, 3600, 1, 5003);
    assert_true(acq_mark_goes_on(&a, &b));
    b = mark("b", 20000, 3600, 1, 35000);
    assert_true(acq_mark_goes_on(&a, &b));
    b.clock_ms = 2000;
    assert_false(acq_mark_goes_on(&a, &b));
    b.clock_ms = 45000;
    assert_false(acq_mark_goes_on(&a, &b));
    b.laps = 2;
    assert_true(acq_mark_goes_on(&a, &b));
    b.laps = 0;
    assert_false(acq_mark_goes_on(&a, &b));
}

/* a recording of a drive, of `frames` frames, with what a mark needs */
static void record_drive(const char *path, const char *session, int frames, bool close, int32_t status)
{
    static struct acq_frame f;
    static uint8_t bytes[ACQ_FRAME_MAX];
    struct acq_recorder *recorder;
    struct acq_err err;
    assert_int_equal(acq_recorder_new(&recorder, path, &err), ACQ_OK);
    for (int seq = 1; seq <= frames; seq++) {
        if (acq_recorder_due(recorder)) assert_int_equal(acq_recorder_flush(recorder, &err), ACQ_OK);
        small_frame(&f, (uint64_t)seq, false, bytes);
        acq_frame_set_text(&f, ACQ_head_session_id, session);
        f.physics.packet_id = 5000 + seq;
        f.graphics.status = status;
        f.has[ACQ_physics_packet_id] = f.has[ACQ_graphics_status] = true;
        if (acq_recorder_empty(recorder)) acq_frame_set_text(&f, ACQ_stat_car_model, "car");
        assert_int_equal(acq_recorder_add(recorder, &f, bytes, acq_encode(&f, bytes, NULL)), ACQ_OK);
    }
    assert_int_equal(acq_recorder_flush(recorder, &err), ACQ_OK);
    if (close)
        assert_int_equal(acq_recorder_close(recorder, &err), ACQ_OK);
    else
        acq_recorder_free(recorder);
}

static void newest_recording(void **state)
{
    const char *folder = *state;
    struct acq_mark m;
    acq_previous_find(&m, folder);
    assert_string_equal(m.session, "");
    record_drive(file_in(folder, "20260101T120000Z_a.pb.gz"), "first", 400, true, ACQ_STATUS_LIVE);
    record_drive(file_in(folder, "a-later-name.pb.gz"), "not dated", 10, true, ACQ_STATUS_LIVE);
    acq_previous_find(&m, folder);
    assert_string_equal(m.session, "first");
    assert_int_equal(m.physics_id, 5400);
    assert_int_equal(m.utc_ns, INT64_C(1767268800000000000) + 400 * (int64_t)STEP_NS);
    assert_memory_equal(m.drive, "car\n", 4);
    record_drive(file_in(folder, "20260101T120001Z_a.pb.gz.part"), "crashed", 300, false, ACQ_STATUS_LIVE);
    FILE *file = fopen(file_in(folder, "20260101T120001Z_a.pb.gz.part"), "ab");
    fwrite("\x1f\x8b\x08\x04 torn", 1, 9, file);
    fclose(file);
    acq_previous_find(&m, folder);
    assert_string_equal(m.session, "crashed");
    assert_int_equal(m.physics_id, 5300);
    record_drive(file_in(folder, "20260101T120002Z_a.pb.gz"), "replay", 20, true, ACQ_STATUS_REPLAY);
    acq_previous_find(&m, folder);
    assert_true(m.replay);
    int fd = acq_file_open(file_in(folder, "20260101T120002Z_a.pb.gz"), ACQ_FILE_READ, NULL);
    assert_true(acq_file_lock(fd)); /* another program writes it */
    acq_previous_find(&m, folder);
    assert_string_equal(m.session, "");
    acq_file_close(fd);
    file_write(file_in(folder, "20260101T120003Z_a.pb.gz"), "rubbish", 7);
    acq_previous_find(&m, folder);
    assert_string_equal(m.session, "");
}

static void parts_get_their_names(void **state)
{
    const char *folder = *state;
    char part[ACQ_PATH_MAX], path[ACQ_PATH_MAX], wanted[ACQ_PATH_MAX];
    struct acq_err err;
    snprintf(wanted, sizeof wanted, "%s/p.pb.gz", folder);
    assert_int_equal(acq_part_begin(part, wanted), ACQ_OK);
    assert_string_equal(part, file_in(folder, "p.pb.gz.part"));
    record_drive(part, "p", 5, true, ACQ_STATUS_LIVE);
    assert_int_equal(acq_part_begin(path, wanted), ACQ_OK); /* that name is being used */
    assert_string_equal(path, file_in(folder, "p-2.pb.gz.part"));
    file_write(wanted, "mine", 4);
    assert_int_equal(acq_part_finish(path, part, &err), ACQ_OK);
    assert_string_equal(path, file_in(folder, "p-2.pb.gz"));
    assert_false(acq_path_exists(part));
    assert_int_equal(acq_part_finish(path, file_in(folder, "none.pb.gz.part"), &err), ACQ_MISSING);
    assert_string_equal(path, file_in(folder, "none.pb.gz.part"));
    assert_int_equal(acq_part_finish(path, file_in(folder, "p.pb.gz.part"), &err), ACQ_OK); /* somebody else did it */
}

static void parts_of_a_crash(void **state)
{
    const char *folder = *state;
    static const char *const names[] = {"c.pb.gz.part", "c-2.pb.gz.part", "d.pb.gz.part"};
    for (int i = 0; i < 3; i++) record_drive(file_in(folder, names[i]), "c", 5, false, ACQ_STATUS_LIVE);
    file_write(file_in(folder, "empty.pb.gz.part"), "", 0);
    file_write(file_in(folder, "download.gz.part"), "\x1f\x8b\x08\x00 of somebody else", 22);
    int fd = acq_file_open(file_in(folder, "c-2.pb.gz.part"), ACQ_FILE_READ, NULL);
    assert_true(acq_file_lock(fd));
    assert_int_equal(acq_part_adopt(file_in(folder, "c.pb.gz"), true), 1);
    assert_true(acq_path_exists(file_in(folder, "c.pb.gz")) && acq_path_exists(file_in(folder, "c-2.pb.gz.part")));
    assert_true(acq_path_exists(file_in(folder, "d.pb.gz.part")));
    assert_int_equal(acq_part_adopt(folder, false), 1);
    acq_file_close(fd);
    assert_int_equal(acq_part_adopt(folder, false), 1);
    assert_int_equal(acq_part_adopt(folder, false), 0);
    assert_true(acq_path_exists(file_in(folder, "d.pb.gz")) && acq_path_exists(file_in(folder, "c-2.pb.gz")));
    assert_true(acq_path_exists(file_in(folder, "empty.pb.gz.part")));
    assert_true(acq_path_exists(file_in(folder, "download.gz.part")));
}

static int begin(void **state)
{
    static char folder[64];
    folder_make(folder);
    *state = folder;
    return 0;
}

static int end(void **state)
{
    folder_remove(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_of_other_sessions),
        cmocka_unit_test(drives_that_go_on),
        cmocka_unit_test(drives_after_a_pause),
        cmocka_unit_test_setup_teardown(newest_recording, begin, end),
        cmocka_unit_test_setup_teardown(parts_get_their_names, begin, end),
        cmocka_unit_test_setup_teardown(parts_of_a_crash, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
