/* What info says of a recording; which values are odd; what is saved of a damaged member; JSON. */
#include "recording.h"

#include "base/json.h"
#include "record/doctor.h"
#include "record/info.h"
#include "record/recover.h"
#include "record/rescue.h"
#include "record/values.h"

#include <math.h>

enum { FRAMES = 900 };

static char folder[64];
static uint8_t *whole; /* a recording of FRAMES small frames */
static size_t size;
static struct members list;

static int begin(void **state)
{
    (void)state;
    folder_make(folder);
    record_file(file_in(folder, "whole.pb.gz"), FRAMES);
    whole = file_read(file_in(folder, "whole.pb.gz"), &size);
    members_of(&list, whole, size);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(whole);
    folder_remove(folder);
    return 0;
}

/* ---- JSON ---- */

static void check_text(const char *text, size_t n, const char *expected)
{
    char dst[256];
    size_t got = acq_json_text(dst, text, n);
    dst[got] = 0;
    assert_string_equal(dst, expected);
}

static void json_text(void **state)
{
    (void)state;
    check_text("plain", 5, "\"plain\"");
    check_text("", 0, "\"\"");
    check_text("a\"b\\c\n\t\x01\x7f", 9, "\"a\\\"b\\\\c\\n\\t\\u0001\\u007f\"");
    check_text("\0x", 2, "\"\\u0000x\"");
    check_text("\xc3\xa4\xe2\x82\xac\xf0\x9f\x8f\x8e", 9, "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x8f\x8e\"");
    /* no UTF-8: a lone byte behind, one cut, a longer form than needed, a surrogate, beyond U+10FFFF */
    check_text("\xc2\x80\xc2\x9b"
               "1\xc2\xa0",
               7, "\"\\u0080\\u009b1\xc2\xa0\""); /* controls, and no more of them */
    check_text("\x80|\xe2\x82", 4, "\"\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd\"");
    check_text("\xc0\xaf", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    check_text("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    check_text("\xf4\x90\x80\x80", 4, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void json_values(void **state)
{
    char got[600], text[301];
    (void)state;
    memset(text, 'x', 300);
    memcpy(text + 127, "\xc3\xa4", 2); /* across a piece's end */
    text[300] = 0;
    FILE *file = tmpfile();
    assert_non_null(file);
    struct acq_json j = {.out = file};
    acq_json_open(&j, NULL, '{');
    acq_json_int(&j, "a", INT64_MIN);
    acq_json_uint(&j, "b", UINT64_MAX);
    acq_json_open(&j, "c", '[');
    acq_json_real(&j, NULL, 1.5, 2);
    acq_json_real(&j, NULL, (double)NAN, 2);
    acq_json_real(&j, NULL, (double)-INFINITY, 2);
    acq_json_close(&j, ']');
    acq_json_bool(&j, "d", true);
    acq_json_str(&j, "e", NULL);
    acq_json_str(&j, "f", text);
    acq_json_close(&j, '}');
    rewind(file);
    got[fread(got, 1, sizeof got - 1, file)] = 0;
    fclose(file);
    char expected[600];
    snprintf(expected, sizeof expected,
             "{\"a\":-9223372036854775808,\"b\":18446744073709551615,\"c\":[1.50,null,null],\"d\":true,\"e\":null,"
             "\"f\":\"%s\"}",
             text);
    assert_string_equal(got, expected);
}

/* ---- info ---- */

static void info_whole(void **state)
{
    static struct acq_info info;
    struct acq_err err;
    (void)state;
    assert_int_equal(acq_info_read(&info, file_in(folder, "whole.pb.gz"), &err), ACQ_OK);
    assert_int_equal(info.frames, FRAMES);
    assert_int_equal(info.members, list.n - 1);
    assert_int_equal(info.file_bytes, (int64_t)size);
    assert_int_equal(info.first_t_ns, list.m[0].first_t_ns);
    assert_int_equal(info.last_t_ns, list.m[list.n - 2].last_t_ns);
    assert_int_equal(acq_info_duration_ns(&info), info.last_t_ns - info.first_t_ns);
    assert_int_equal(info.stretches, 1);
    assert_true(info.loss.closed);
    assert_string_equal(acq_info_text(&info, ACQ_stat_track), "monza");
    assert_string_equal(acq_info_text(&info, ACQ_stat_car_model), "");
    assert_false(info.steps_known); /* small frames have no step's number */
    assert_int_equal(info.steps, 0);
    assert_true(acq_info_rate(&info, info.steps) < 0);
    double rate = acq_info_rate(&info, info.frames);
    double seconds = (double)(info.last_t_ns - info.first_t_ns) * 1e-9;
    assert_true(fabs(rate - (FRAMES - 1) / seconds) < 1e-6 * rate);
}

/* with any one member's header gone, the rest is counted, and the hole is known */
static void info_gap(void **state)
{
    static struct acq_info info;
    struct acq_err err;
    const char *path = file_in(folder, "gap.pb.gz");
    (void)state;
    for (size_t i = 1; i + 1 < list.n; i++) { /* without the first header it is read as any gzip file, and is whole */
        whole[list.at[i] + 20] ^= 1;
        file_write(path, whole, size);
        whole[list.at[i] + 20] ^= 1;
        assert_int_equal(acq_info_read(&info, path, &err), ACQ_OK);
        assert_int_equal(info.frames, FRAMES - list.m[i].frames);
        assert_int_equal(info.loss.missing_frames, list.m[i].frames);
        assert_int_equal(info.loss.gaps, 1);
        assert_int_equal(info.stretches, i + 2 < list.n ? 2 : 1);
        assert_int_equal(info.pauses, 0);
        int64_t gap = 0;
        if (info.stretches == 2) gap = list.m[i + 1].first_t_ns - list.m[i - 1].last_t_ns;
        assert_int_equal(info.sampled_ns, acq_info_duration_ns(&info) - gap);
    }
}

/* ---- values ---- */

struct odd {
    unsigned kind, n;
    double value;
};

static void on_odd(void *user, unsigned kind, double value)
{
    struct odd *o = user;
    o->n++;
    o->kind = kind;
    o->value = value;
}

static struct odd odd_of(struct acq_frame *f)
{
    struct odd o = {0};
    acq_values_check(f, on_odd, &o);
    return o;
}

static void values(void **state)
{
    static struct acq_frame f;
    char text[128];
    (void)state;
    acq_frame_clear(&f);
    f.physics.gas = 7; /* it is not there */
    assert_int_equal(odd_of(&f).n, 0);
    f.has[ACQ_physics_gas] = true;
    struct odd o = odd_of(&f);
    assert_int_equal(o.n, 1);
    assert_true(o.value > 6.9 && o.value < 7.1);
    acq_values_text(text, o.kind);
    assert_string_equal(text, "gas is outside 0 to 1");
    f.physics.gas = 1.0F + 1e-6F; /* the game's rounding */
    assert_int_equal(odd_of(&f).n, 0);
    f.physics.brake_temp[3] = (float)NAN;
    f.has[ACQ_physics_brake_temp] = true;
    o = odd_of(&f);
    assert_int_equal(o.n, 1);
    assert_int_equal(o.kind, ACQ_physics_brake_temp);
    f.physics.brake_temp[3] = 20;
    f.graphics.session_time_left = (float)INFINITY; /* a session without an end */
    f.has[ACQ_graphics_session_time_left] = true;
    assert_int_equal(odd_of(&f).n, 0);
    f.physics.gear = 99;
    f.has[ACQ_physics_gear] = true;
    acq_values_text(text, odd_of(&f).kind);
    assert_string_equal(text, "gear is outside -1 to 12");
}

/* ---- rescue ---- */

/* check_batch: the frames must be those that went in, from the member's first on. Returns how many there are. */
static uint64_t check_batch(struct acq_batch batch, const struct acq_member *m)
{
    const uint8_t *frame;
    size_t n;
    uint64_t i = 0;
    for (; acq_batch_next(&batch, &frame, &n) == ACQ_OK; i++) assert_int_equal(check_frame(frame, n), m->first_seq + i);
    assert_int_equal(batch.len, 0);
    return i;
}

/* cut at every byte: all frames that can be unpacked of what stands there, never one less than for a shorter piece */
static void rescue_cut(void **state)
{
    static struct acq_rescue rescue;
    struct acq_batch batch;
    struct acq_err err;
    uint64_t doubtful, before = 0, got;
    const struct acq_member *m = &list.m[2];
    (void)state;
    assert_int_equal(acq_rescue_init(&rescue, &err), ACQ_OK);
    for (size_t n = ACQ_MEMBER_HEADER; n < m->size; n++) {
        assert_int_equal(acq_rescue_member(&rescue, m, whole + list.at[2], n, true, &batch, &doubtful), ACQ_OK);
        got = check_batch(batch, m);
        assert_true(got >= before || !got); /* none: what stands there ends in zeros */
        assert_true(got <= m->frames);
        if (got) before = got;
    }
    assert_int_equal(before, m->frames);
    acq_rescue_fini(&rescue);
}

/* each bit flipped, and holes anywhere: what is saved is right */
static void rescue_damage(void **state)
{
    static struct acq_rescue rescue;
    struct acq_batch batch;
    struct acq_err err;
    const struct acq_member *m = &list.m[2];
    uint8_t *bytes = malloc(m->size);
    uint64_t doubtful, saved = 0, random = 7;
    (void)state;
    assert_int_equal(acq_rescue_init(&rescue, &err), ACQ_OK);
    for (size_t i = 0; i < 2 * 8 * (size_t)(m->size - ACQ_MEMBER_HEADER); i++) {
        memcpy(bytes, whole + list.at[2], m->size);
        size_t at = ACQ_MEMBER_HEADER + i / 16;
        if (i % 2)
            bytes[at] ^= (uint8_t)(1 << i / 2 % 8);
        else
            random_bytes(&random, bytes + at, m->size - at < 200 ? m->size - at : 200);
        assert_int_equal(acq_rescue_member(&rescue, m, bytes, m->size, false, &batch, &doubtful), ACQ_OK);
        saved += check_batch(batch, m);
    }
    assert_true(saved > 0);
    acq_rescue_fini(&rescue);
    free(bytes);
}

/* ---- doctor and recover ---- */

static void on_finding(void *user, const struct acq_finding *f)
{
    uint64_t *faults = user;
    *faults += f->fault;
    assert_true(*f->text);
}

/* one member damaged: the doctor finds one fault, and in what was recovered one at most */
static void recover_one(void **state)
{
    static struct acq_doctor doctor;
    static struct acq_recovered done;
    const char *in = file_in(folder, "in.pb.gz");
    char out[128];
    struct acq_err err;
    (void)state;
    snprintf(out, sizeof out, "%s", file_in(folder, "out.pb.gz"));
    for (size_t i = 0; i + 1 < list.n; i++) {
        uint64_t faults = 0, left = 0;
        size_t at = list.at[i] + ACQ_MEMBER_HEADER + list.m[i].size / 2;
        whole[at] ^= 0x55;
        in = file_in(folder, "in.pb.gz");
        file_write(in, whole, size);
        whole[at] ^= 0x55;
        assert_int_equal(acq_doctor_check(&doctor, in, on_finding, &faults, NULL, &err), ACQ_OK);
        assert_int_equal(faults, 1);
        assert_int_equal(doctor.frames, FRAMES - list.m[i].frames);
        assert_int_equal(acq_recover(&done, file_in(folder, "in.pb.gz"), out, NULL, &err), ACQ_OK);
        assert_int_equal(done.frames + done.missing_frames, FRAMES);
        assert_int_equal(done.members, list.n - 2);
        assert_true(done.missing_frames + done.rescued == list.m[i].frames);
        assert_int_equal(acq_doctor_check(&doctor, out, on_finding, &left, NULL, &err), ACQ_OK);
        assert_int_equal(left, done.places - (i + 2 == list.n && done.missing_frames > 0));
        assert_int_equal(doctor.frames, done.frames);
        remove(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_text),     cmocka_unit_test(json_values), cmocka_unit_test(info_whole),
        cmocka_unit_test(info_gap),      cmocka_unit_test(values),      cmocka_unit_test(rescue_cut),
        cmocka_unit_test(rescue_damage), cmocka_unit_test(recover_one),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
