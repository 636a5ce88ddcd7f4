/* Recorder and reader: what is recorded is read back, and a recording can be gone on with. */
#include "recording.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char folder[64];
static struct acq_err err;

static int begin(void **state)
{
    (void)state;
    folder_make(folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

static void assert_run(const struct got *got, uint64_t from, uint64_t to)
{
    assert_int_equal(got->n, to - from + 1);
    for (size_t i = 0; i < got->n; i++) assert_int_equal(got->seq[i], from + i);
}

static void assert_whole_with(const char *path, uint64_t frames, uint64_t (*check)(const uint8_t *bytes, size_t n))
{
    struct got got = read_with(path, check);
    assert_int_equal(got.result, ACQ_END);
    assert_run(&got, 1, frames);
    assert_true(got.loss.closed && !got.loss.foreign && !got.loss.damaged_bytes && !got.loss.missing_frames);
    assert_string_equal(got.loss.text, "");
    got_free(&got);
}

static void assert_whole(const char *path, uint64_t frames)
{
    assert_whole_with(path, frames, check_frame);
}

/* frames of every size and content come back byte by byte */
static void bytes_come_back(void **state)
{
    enum { FRAMES = 400 };
    static struct acq_frame f;
    static uint8_t sent[FRAMES][ACQ_FRAME_MAX];
    static size_t length[FRAMES];
    const char *path = file_in(folder, "bytes.pb.gz");
    uint64_t random = 51;
    struct acq_recorder *recorder;
    struct acq_reader *reader;
    struct acq_batch batch;
    const uint8_t *frame;
    size_t n, i = 0;
    (void)state;
    assert_int_equal(acq_recorder_new(&recorder, path, &err), ACQ_OK);
    for (i = 0; i < FRAMES; i++) {
        random_frame(&random, &f, 10);
        f.has[ACQ_head_seq] = f.has[ACQ_head_monotonic_ns] = true;
        f.head.seq = i + 1;
        f.head.monotonic_ns = (i + 1) * STEP_NS;
        /* a context in each frame, so that the recorder adds none */
        f.has[ACQ_stat] = f.has[ACQ_capture] = true;
        length[i] = acq_encode(&f, sent[i], NULL);
        if (acq_recorder_due(recorder)) assert_int_equal(acq_recorder_flush(recorder, &err), ACQ_OK);
        assert_int_equal(acq_recorder_add(recorder, &f, sent[i], length[i]), ACQ_OK);
    }
    struct acq_recorder_state s = acq_recorder_get_state(recorder);
    assert_true(s.last_seq == FRAMES && s.frames == FRAMES && s.durable_seq < FRAMES && s.durable_seq > FRAMES - 90);
    assert_string_equal(s.path, path);
    assert_int_equal(acq_recorder_close(recorder, &err), ACQ_OK);

    assert_int_equal(acq_reader_new(&reader, path, &err), ACQ_OK);
    for (i = 0; acq_reader_next(reader, &batch, &err) == ACQ_OK;)
        for (; acq_batch_next(&batch, &frame, &n) == ACQ_OK; i++) {
            assert_int_equal(n, length[i]);
            assert_memory_equal(frame, sent[i], n);
        }
    assert_int_equal(i, FRAMES);
    assert_true(acq_reader_progress(reader) == 1);
    acq_reader_free(reader);
}

/* headers say what the members hold; each member begins with the context; any gzip reader reads all */
static void headers_and_context(void **state)
{
    enum { FRAMES = 1000 };
    const char *path = file_in(folder, "headers.pb.gz");
    static struct members list;
    static struct acq_frame f;
    size_t n, frame_n, all = 0;
    (void)state;
    record_file(path, FRAMES);
    uint8_t *bytes = file_read(path, &n), *raw = malloc(1 << 20);
    members_of(&list, bytes, n);
    assert_in_range(list.n, FRAMES / 86, FRAMES / 83 + 2);
    gzFile gz = gzopen(path, "rb");
    uint64_t seq = 1;
    for (size_t i = 0; i < list.n; i++) {
        const struct acq_member *m = &list.m[i];
        struct acq_batch batch = {raw, m->raw_size};
        const uint8_t *frame;
        assert_int_equal(m->kind, i + 1 == list.n ? ACQ_MEMBER_END : ACQ_MEMBER_FRAMES);
        assert_int_equal(m->first_seq, seq);
        assert_int_equal(gzread(gz, raw, m->raw_size), m->raw_size);
        all += m->raw_size;
        if (m->kind == ACQ_MEMBER_END) {
            assert_true(!m->frames && !m->raw_size && m->laps == FRAMES / 300 && m->first_seq == FRAMES + 1);
            break;
        }
        assert_int_equal(m->first_t_ns, 1000000000 + seq * STEP_NS);
        assert_int_equal(m->last_t_ns, 1000000000 + (seq + m->frames - 1) * STEP_NS);
        assert_int_equal(m->first_utc_ns, UINT64_C(1767268800000000000) + seq * STEP_NS);
        assert_int_equal(m->laps, (seq + m->frames - 1) / 300);
        assert_int_equal(m->best_lap_ms, 100000 - (seq + m->frames - 1) / 300);
        assert_true(m->last_t_ns - m->first_t_ns >= ACQ_MEMBER_NS || i + 2 == list.n);
        for (uint32_t k = 0; k < m->frames; k++, seq++) {
            assert_int_equal(acq_batch_next(&batch, &frame, &frame_n), ACQ_OK);
            assert_int_equal(acq_decode(&f, frame, frame_n), ACQ_OK);
            assert_int_equal(f.head.seq, seq);
            assert_int_equal(f.has[ACQ_stat], k == 0);
            if (k) continue;
            assert_string_equal(f.stat.track, "monza");
            assert_int_equal(f.capture.steps_seen, 1);
        }
        assert_int_equal(acq_batch_next(&batch, &frame, &frame_n), ACQ_END);
    }
    assert_int_equal(gzread(gz, raw, 1), 0);
    assert_int_equal(gzclose(gz), Z_OK);
    assert_int_equal(seq, FRAMES + 1);
    assert_true(all > FRAMES * 40);
    free(bytes);
    free(raw);
}

/* resumed: cut the file to n bytes, go on from there, and read it all */
static void resumed(const char *path, const uint8_t *bytes, size_t n, uint64_t last_whole)
{
    struct acq_recorder *recorder;
    file_write(path, bytes, n);
    int r = acq_recorder_resume(&recorder, path, false, &err);
    if (!last_whole) {
        assert_int_equal(r, ACQ_FORMAT);
        return;
    }
    assert_int_equal(r, ACQ_OK);
    struct acq_recorder_state s = acq_recorder_get_state(recorder);
    assert_int_equal(s.last_seq, last_whole);
    assert_int_equal(s.durable_seq, last_whole);
    assert_int_equal(s.durable_t_ns, 1000000000 + last_whole * STEP_NS);
    record_frames(recorder, last_whole + 1, last_whole + 100);
    assert_int_equal(acq_recorder_close(recorder, &err), ACQ_OK);
    assert_whole(path, last_whole + 100);
}

static void resume_after_a_cut(void **state)
{
    const char *whole = file_in(folder, "whole.pb.gz"), *path = file_in(folder, "cut.pb.gz");
    static struct members list;
    uint64_t random = 52;
    size_t n;
    (void)state;
    record_file(whole, 1500);
    uint8_t *bytes = file_read(whole, &n);
    members_of(&list, bytes, n);
    for (unsigned i = 0; i < 60; i++) {
        size_t cut = i == 0 ? n : i == 1 ? list.at[list.n - 1] : i == 2 ? 0 : random_below(&random, n);
        uint64_t last = 0;
        for (size_t k = 0; k < list.n && list.at[k + 1] <= cut; k++)
            if (list.m[k].kind == ACQ_MEMBER_FRAMES) last = list.m[k].first_seq + list.m[k].frames - 1;
        resumed(path, bytes, cut, last);
    }
    free(bytes);
}

/* A crash of the machine can leave members of which only the header, or nothing, has reached the disk. */
static void resume_after_damage(void **state)
{
    const char *whole = file_in(folder, "whole2.pb.gz"), *path = file_in(folder, "damaged.pb.gz");
    static struct members list;
    size_t n;
    (void)state;
    record_file(whole, 2500);
    uint8_t *bytes = file_read(whole, &n), *bad = malloc(n);
    members_of(&list, bytes, n);
    for (size_t back = 2; back <= 14; back++) { /* the member `back` before the end has lost its content */
        size_t k = list.n - back;
        memcpy(bad, bytes, n);
        memset(bad + list.at[k] + ACQ_MEMBER_HEADER, 0, list.m[k].size - ACQ_MEMBER_HEADER);
        /* all behind it as well */
        for (size_t later = k + 1; later < list.n; later++)
            memset(bad + list.at[later] + ACQ_MEMBER_HEADER, 0, list.m[later].size - ACQ_MEMBER_HEADER);
        resumed(path, bad, n, list.m[k].first_seq - 1);
    }
    free(bytes);
    free(bad);
}

/* Damage in the middle, with whole members behind it, is not cut off: they may have been acked. */
static void resume_keeps_what_is_behind(void **state)
{
    const char *path = file_in(folder, "middle.pb.gz");
    struct acq_recorder *recorder;
    static struct members list;
    size_t n, after;
    (void)state;
    record_file(path, 2500);
    uint8_t *bytes = file_read(path, &n);
    members_of(&list, bytes, n);
    static const size_t places[] = {0, 20, ACQ_MEMBER_HEADER + 9}; /* magic, header, content */
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = list.n - 6; k < list.n - 2; k++) {
            bytes[list.at[k] + places[i]] ^= 0xff;
            file_write(path, bytes, n);
            assert_int_equal(acq_recorder_resume(&recorder, path, false, &err), ACQ_FORMAT);
            uint8_t *now = file_read(path, &after);
            assert_int_equal(n, after);
            assert_memory_equal(bytes, now, n);
            free(now);
            bytes[list.at[k] + places[i]] ^= 0xff;
        }
    }
    free(bytes);
}

static void resume_refuses(void **state)
{
    struct acq_recorder *recorder;
    const char *path = file_in(folder, "foreign.pb.gz");
    size_t n, after;
    (void)state;
    assert_int_equal(acq_recorder_resume(&recorder, file_in(folder, "nothing"), false, &err), ACQ_MISSING);
    gzip_write(path, "hello", 5);
    uint8_t *bytes = file_read(path, &n);
    assert_int_equal(acq_recorder_resume(&recorder, path, false, &err), ACQ_FORMAT);
    uint8_t *now = file_read(path, &after);
    assert_int_equal(n, after);
    assert_memory_equal(bytes, now, n);
    free(bytes);
    free(now);
    file_write(path, "", 0);
    assert_int_equal(acq_recorder_resume(&recorder, path, false, &err), ACQ_FORMAT);
}

/* first_of reads the first frame of the last member with frames */
static void first_of_last(const char *path, struct acq_frame *f)
{
    struct acq_reader *reader;
    struct acq_batch batch;
    const uint8_t *frame;
    size_t n;
    assert_int_equal(acq_reader_new(&reader, path, &err), ACQ_OK);
    while (acq_reader_next(reader, &batch, &err) == ACQ_OK) {
        assert_int_equal(acq_batch_next(&batch, &frame, &n), ACQ_OK);
        assert_int_equal(acq_decode(f, frame, n), ACQ_OK);
    }
    acq_reader_free(reader);
}

/* the context that a member begins with is the latest, also when it changed inside a member before a crash */
static void context_changes(void **state)
{
    const char *path = file_in(folder, "context.pb.gz");
    static struct acq_frame f;
    uint8_t bytes[ACQ_FRAME_MAX];
    struct acq_recorder *recorder;
    (void)state;
    assert_int_equal(acq_recorder_new(&recorder, path, &err), ACQ_OK);
    record_frames(recorder, 1, 10);
    small_frame(&f, 11, true, bytes);
    acq_frame_set_text(&f, ACQ_stat_track, "spa");
    assert_int_equal(acq_recorder_add(recorder, &f, bytes, acq_encode(&f, bytes, NULL)), ACQ_OK);
    small_frame(&f, 12, false, bytes); /* only one of the two groups */
    f.has[ACQ_capture] = f.has[ACQ_capture_steps_seen] = true;
    f.capture.steps_seen = 12;
    assert_int_equal(acq_recorder_add(recorder, &f, bytes, acq_encode(&f, bytes, NULL)), ACQ_OK);
    assert_int_equal(acq_recorder_flush(recorder, &err), ACQ_OK);
    record_frames(recorder, 13, 13);
    assert_int_equal(acq_recorder_flush(recorder, &err), ACQ_OK);
    first_of_last(path, &f);
    assert_true(f.head.seq == 13 && f.has[ACQ_stat_track] && f.capture.steps_seen == 12);
    assert_string_equal(f.stat.track, "spa");

    small_frame(&f, 14, true, bytes);
    assert_int_equal(acq_recorder_add(recorder, &f, bytes, acq_encode(&f, bytes, NULL)), ACQ_OK);
    small_frame(&f, 15, true, bytes);
    acq_frame_set_text(&f, ACQ_stat_track, "imola");
    assert_int_equal(acq_recorder_add(recorder, &f, bytes, acq_encode(&f, bytes, NULL)), ACQ_OK);
    assert_int_equal(acq_recorder_flush(recorder, &err), ACQ_OK);
    acq_recorder_free(recorder); /* as a crash */
    assert_int_equal(acq_recorder_resume(&recorder, path, false, &err), ACQ_OK);
    record_frames(recorder, 16, 16);
    assert_int_equal(acq_recorder_close(recorder, &err), ACQ_OK);
    first_of_last(path, &f);
    assert_int_equal(f.head.seq, 16);
    assert_string_equal(f.stat.track, "imola");
    assert_whole(path, 16);
}

/* Other protobuf writers put fields in the order of their numbers: stat (6) stands before seq (16) and utc_ns (17).
 * What is repeated in the next member must be the context alone. */
static void context_of_other_writers(void **state)
{
    const char *path = file_in(folder, "order.pb.gz");
    static struct acq_frame f;
    uint8_t bytes[ACQ_FRAME_MAX];
    struct acq_recorder *recorder;
    (void)state;
    assert_int_equal(acq_recorder_new(&recorder, path, &err), ACQ_OK);
    for (uint64_t seq = 1; seq <= 300; seq++) {
        struct wire w = {.n = 0};
        struct wire_field fields[16];
        size_t n = small_frame(&f, seq, seq % 120 == 1, bytes), count = wire_split(bytes, n, fields, 16);
        for (unsigned tag = 1; tag < 20; tag++)
            for (size_t i = 0; i < count; i++)
                if (fields[i].tag == tag) wire_bytes(&w, fields[i].bytes, fields[i].n);
        assert_int_equal(w.n, n);
        if (acq_recorder_due(recorder)) assert_int_equal(acq_recorder_flush(recorder, &err), ACQ_OK);
        assert_int_equal(acq_recorder_add(recorder, &f, w.bytes, w.n), ACQ_OK);
    }
    assert_int_equal(acq_recorder_close(recorder, &err), ACQ_OK);
    assert_whole_with(path, 300, check_values);
    first_of_last(path, &f);
    assert_string_equal(f.stat.track, "monza");
    assert_int_equal(f.capture.steps_seen, 241);
}

/* what a reader would refuse must not get into a file, not even together with the context that is added */
static void too_long_frames(void **state)
{
    const char *path = file_in(folder, "long.pb.gz");
    static struct acq_frame f;
    static uint8_t big[ACQ_FRAME_LIMIT + 64];
    uint8_t bytes[ACQ_FRAME_MAX];
    struct acq_recorder *recorder;
    (void)state;
    assert_int_equal(acq_recorder_new(&recorder, path, &err), ACQ_OK);
    record_frames(recorder, 1, 10);
    assert_int_equal(acq_recorder_flush(recorder, &err), ACQ_OK);
    /* frame 11 with an unknown field that makes it as long as it may be */
    size_t n = small_frame(&f, 11, false, bytes);
    memcpy(big, bytes, n);
    big[n] = 0xfa;
    big[n + 1] = 0x07; /* tag 127, bytes */
    big[n + 2] = (uint8_t)((ACQ_FRAME_LIMIT - n - 5) | 0x80);
    big[n + 3] = (uint8_t)((ACQ_FRAME_LIMIT - n - 5) >> 7 | 0x80);
    big[n + 4] = (uint8_t)((ACQ_FRAME_LIMIT - n - 5) >> 14);
    assert_int_equal(acq_decode(&f, big, ACQ_FRAME_LIMIT), ACQ_OK);
    assert_int_equal(acq_recorder_add(recorder, &f, big, ACQ_FRAME_LIMIT), ACQ_OK);
    assert_int_equal(acq_recorder_add(recorder, &f, big, ACQ_FRAME_LIMIT + 1), ACQ_RANGE);
    record_frames(recorder, 12, 20);
    assert_int_equal(acq_recorder_close(recorder, &err), ACQ_OK);
    assert_whole_with(path, 20, check_values);
}

static void never_overwrites(void **state)
{
    const char *path = file_in(folder, "mine.txt");
    struct acq_recorder *recorder;
    size_t n;
    (void)state;
    file_write(path, "precious", 8);
    assert_int_equal(acq_recorder_new(&recorder, path, &err), ACQ_EXISTS);
    assert_non_null(strstr(err.text, "mine.txt"));
    uint8_t *bytes = file_read(path, &n);
    assert_true(n == 8 && !memcmp(bytes, "precious", 8));
    free(bytes);
    assert_int_not_equal(symlink("nowhere", file_in(folder, "link")), -1);
    assert_int_equal(acq_recorder_new(&recorder, file_in(folder, "link"), &err), ACQ_EXISTS);
    assert_true(acq_recorder_new(&recorder, file_in(folder, "no/such/folder.pb.gz"), &err) < 0);
    assert_null(strstr(err.text, "there is no file"));
}

/* one thread seals while another adds; nothing is lost or mixed up */
static void *sealer(void *user)
{
    struct acq_err e;
    return (void *)(intptr_t)acq_recorder_seal(user, &e);
}

static void seal_beside(void **state)
{
    const char *path = file_in(folder, "beside.pb.gz");
    struct acq_recorder *recorder;
    uint64_t seq = 0;
    (void)state;
    assert_int_equal(acq_recorder_new(&recorder, path, &err), ACQ_OK);
    assert_false(acq_recorder_begin_seal(recorder)); /* nothing to seal */
    for (int round = 0; round < 20; round++) {
        pthread_t thread;
        void *result;
        uint64_t durable = acq_recorder_get_state(recorder).durable_seq;
        record_frames(recorder, seq + 1, seq + 40);
        seq += 40;
        assert_true(acq_recorder_begin_seal(recorder));
        assert_true(acq_recorder_empty(recorder) && !acq_recorder_due(recorder));
        assert_int_equal(pthread_create(&thread, NULL, sealer, recorder), 0);
        record_frames(recorder, seq + 1, seq + 40);
        seq += 40;
        assert_false(acq_recorder_begin_seal(recorder)); /* one at a time */
        assert_int_equal(acq_recorder_get_state(recorder).durable_seq, durable);
        assert_int_equal(pthread_join(thread, &result), 0);
        assert_int_equal((intptr_t)result, ACQ_OK);
        acq_recorder_end_seal(recorder);
        assert_int_equal(acq_recorder_get_state(recorder).durable_seq, seq - 40);
        assert_int_equal(acq_recorder_flush(recorder, &err), ACQ_OK);
    }
    assert_int_equal(acq_recorder_close(recorder, &err), ACQ_OK);
    assert_whole(path, seq);
}

/* the disk is full at some byte: the file ends with the last whole member, and the recorder says so and stops */
static void disk_full(void **state)
{
    const char *path = file_in(folder, "full.pb.gz");
    struct rlimit old, small;
    struct stat st;
    static struct acq_frame f;
    uint8_t bytes[ACQ_FRAME_MAX];
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t limit = 3; limit < 12000; limit += 997) {
        struct acq_recorder *recorder;
        int r = ACQ_OK;
        uint64_t seq = 0;
        small = old;
        small.rlim_cur = limit;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        assert_int_equal(acq_recorder_new(&recorder, path, &err), ACQ_OK);
        while (r == ACQ_OK && seq < 100000) {
            if (acq_recorder_due(recorder)) r = acq_recorder_flush(recorder, &err);
            if (r < 0) break;
            seq++;
            size_t n = small_frame(&f, seq, seq == 1, bytes);
            r = acq_recorder_add(recorder, &f, bytes, n);
        }
        assert_int_equal(r, ACQ_IO);
        assert_true(*err.text);
        assert_true(acq_recorder_add(recorder, &f, bytes, 1) < 0);
        struct acq_recorder_state s = acq_recorder_get_state(recorder);
        acq_recorder_close(recorder, NULL);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_size, s.size);
        struct got got = read_file(path);
        if (s.durable_seq) {
            assert_int_equal(got.result, ACQ_END);
            assert_run(&got, 1, s.durable_seq);
            assert_true(!got.loss.damaged_bytes && !got.loss.missing_frames && !got.loss.closed);
        } else {
            assert_int_equal(got.result, ACQ_FORMAT); /* an empty file */
        }
        got_free(&got);
        unlink(path);
    }
}

/* ---- the file's name ---- */

static void name_of(char dst[ACQ_RECORDING_NAME_MAX], const char *track, const char *layout, const char *car,
                    const char *name, const char *surname)
{
    static struct acq_frame f;
    acq_frame_clear(&f);
    acq_frame_set_text(&f, ACQ_head_session_id, "0190-ab");
    if (track) acq_frame_set_text(&f, ACQ_stat_track, track);
    if (layout) acq_frame_set_text(&f, ACQ_stat_track_configuration, layout);
    if (car) acq_frame_set_text(&f, ACQ_stat_car_model, car);
    if (name) acq_frame_set_text(&f, ACQ_stat_player_name, name);
    if (surname) acq_frame_set_text(&f, ACQ_stat_player_surname, surname);
    memset(dst, 'X', ACQ_RECORDING_NAME_MAX);
    acq_recording_name(dst, &f, INT64_C(1767268800123456789));
}

static void names(void **state)
{
    char name[ACQ_RECORDING_NAME_MAX], text[100];
    (void)state;
    name_of(name, "ks_nordschleife", "endurance", "ks_bmw_m4", "Ada", "L");
    assert_string_equal(name, "20260101T120000Z_ks_nordschleife-endurance_ks_bmw_m4_Ada-L_0190-ab.pb.gz");
    name_of(name, "monza", "", "car", "Ada", "");
    assert_string_equal(name, "20260101T120000Z_monza_car_Ada_0190-ab.pb.gz");
    name_of(name, NULL, NULL, NULL, NULL, NULL);
    assert_string_equal(name, "20260101T120000Z_unknown-track_unknown-car_driver_0190-ab.pb.gz");
    name_of(name, "a/b\\c:d*e?f\"g<h>i|j", "..", "k\x01l\x7fm n\t", "\xc3\xa9.", "CON");
    assert_string_equal(name, "20260101T120000Z_a-b-c-d-e-f-g-h-i-j---_k-l-m-n-_\xc3\xa9--CON_0190-ab.pb.gz");
    name_of(name,
            "a\xc2\x9b"
            "31m",
            "", "k\u00a0", "x", ""); /* a control character, and a space that is none */
    assert_string_equal(name, "20260101T120000Z_a-31m_k\u00a0_x_0190-ab.pb.gz");

    /* the longest texts, of the longest characters: still a name, cut at whole characters */
    for (size_t shift = 0; shift < 4; shift++) {
        memset(text, 'a', shift);
        for (size_t i = 0; i < 24; i++) memcpy(text + shift + 4 * i, "\U0001f3ce", 5);
        name_of(name, text, text, text, text, text);
        assert_in_range(strlen(name), 100, 255);
        assert_string_equal(name + strlen(name) - 14, "_0190-ab.pb.gz");
        static struct acq_frame f;
        uint8_t utf16[512];
        char back[800];
        acq_frame_clear(&f);
        acq_text_to_utf16(utf16, 256, name);
        acq_text_from_utf16(back, utf16, 256);
        assert_string_equal(back, name); /* valid UTF-8 */
    }
}

/* Of a frame from outside, parts of the context may be missing; what the struct held before must not get in. */
static void name_of_parts(void **state)
{
    static struct acq_frame f;
    char name[ACQ_RECORDING_NAME_MAX];
    struct wire w = {.n = 0}, in = {.n = 0};
    (void)state;
    acq_frame_set_text(&f, ACQ_stat_track, "earlier");
    acq_frame_set_text(&f, ACQ_stat_car_model, "earlier");
    acq_frame_set_text(&f, ACQ_stat_player_name, "earlier");
    acq_frame_set_text(&f, ACQ_stat_track_configuration, "earlier");
    wire_number(&w, 16, 1);
    wire_text(&w, 3, "s");
    wire_text(&in, 2, "monza");
    wire_block(&w, 6, in.bytes, in.n);
    assert_int_equal(acq_decode(&f, w.bytes, w.n), ACQ_OK);
    acq_recording_name(name, &f, 0);
    assert_string_equal(name, "19700101T000000Z_monza_unknown-car_driver_s.pb.gz");
}

/* ---- going to a frame ---- */

static void skip_to(void **state)
{
    const char *path = file_in(folder, "skip.pb.gz");
    static struct members list;
    struct acq_reader *reader;
    size_t n;
    (void)state;
    record_file(path, 1000);
    uint8_t *bytes = file_read(path, &n);
    members_of(&list, bytes, n);
    for (uint64_t seq = 0; seq <= 1000; seq += 37) {
        struct got got = {.n = 0};
        uint64_t begins = 1;
        for (size_t i = 0; i < list.n && list.m[i].first_seq <= seq; i++) begins = list.m[i].first_seq;
        assert_int_equal(acq_reader_new(&reader, path, &err), ACQ_OK);
        assert_int_equal(acq_reader_skip_to(reader, seq, &err), ACQ_OK);
        got_all(&got, reader, check_frame);
        assert_run(&got, begins, 1000);
        assert_true(got.loss.closed && !got.loss.missing_frames && !got.loss.damaged_bytes);
        acq_reader_free(reader);
        got_free(&got);
    }
    assert_int_equal(acq_reader_new(&reader, path, &err), ACQ_OK);
    assert_int_equal(acq_reader_skip_to(reader, 1001, &err), ACQ_END);
    acq_reader_free(reader);

    /* a damaged header on the way: what is whole behind it is found all the same */
    bytes[list.at[3] + 20] ^= 1;
    file_write(path, bytes, n);
    struct got got = {.n = 0};
    assert_int_equal(acq_reader_new(&reader, path, &err), ACQ_OK);
    assert_int_equal(acq_reader_skip_to(reader, 900, &err), ACQ_OK);
    got_all(&got, reader, check_frame);
    acq_reader_free(reader);
    assert_true(got.n >= 101 && got.seq[got.n - 101] == 900 && got.seq[got.n - 1] == 1000);
    got_free(&got);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_back),
        cmocka_unit_test(headers_and_context),
        cmocka_unit_test(resume_after_a_cut),
        cmocka_unit_test(resume_after_damage),
        cmocka_unit_test(resume_keeps_what_is_behind),
        cmocka_unit_test(resume_refuses),
        cmocka_unit_test(context_changes),
        cmocka_unit_test(context_of_other_writers),
        cmocka_unit_test(too_long_frames),
        cmocka_unit_test(never_overwrites),
        cmocka_unit_test(seal_beside),
        cmocka_unit_test(disk_full),
        cmocka_unit_test(names),
        cmocka_unit_test(name_of_parts),
        cmocka_unit_test(skip_to),
    };
    return cmocka_run_group_tests_name("record", tests, begin, end);
}
