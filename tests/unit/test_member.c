/* A member of a recording: header, content, and what is none. */
#include "recording.h"

#include <libdeflate.h>

static struct acq_buf file, content;
static struct libdeflate_compressor *packer;
static struct libdeflate_decompressor *unpacker;

static int begin(void **state)
{
    (void)state;
    acq_buf_init(&file, ACQ_MEMBER_SIZE_MAX);
    acq_buf_init(&content, ACQ_MEMBER_RAW_MAX);
    packer = libdeflate_alloc_compressor(6);
    unpacker = libdeflate_alloc_decompressor();
    return !packer || !unpacker;
}

static int end(void **state)
{
    (void)state;
    acq_buf_fini(&file);
    acq_buf_fini(&content);
    libdeflate_free_compressor(packer);
    libdeflate_free_decompressor(unpacker);
    return 0;
}

static void seal(struct acq_member *m, const void *raw, size_t n)
{
    file.len = 0;
    m->raw_size = (uint32_t)n;
    assert_int_equal(acq_member_seal(m, raw, packer, &file), ACQ_OK);
    assert_int_equal(file.len, m->size);
}

static void header_round_trip(void **state)
{
    struct acq_member m = {.kind = ACQ_MEMBER_FRAMES,
                           .first_seq = UINT64_C(0x123456789abcdef0),
                           .frames = 83,
                           .first_t_ns = -5,
                           .last_t_ns = INT64_MAX,
                           .first_utc_ns = 77,
                           .laps = -1,
                           .best_lap_ms = INT32_MIN},
                      back;
    (void)state;
    seal(&m, "some content, some content", 26);
    for (size_t n = 0; n < ACQ_MEMBER_HEADER; n++) assert_int_equal(acq_member_parse(&back, file.bytes, n), ACQ_AGAIN);
    assert_int_equal(acq_member_parse(&back, file.bytes, ACQ_MEMBER_HEADER), ACQ_OK);
    assert_true(back.kind == m.kind && back.first_seq == m.first_seq && back.frames == m.frames &&
                back.first_t_ns == m.first_t_ns && back.last_t_ns == m.last_t_ns &&
                back.first_utc_ns == m.first_utc_ns && back.laps == m.laps && back.best_lap_ms == m.best_lap_ms &&
                back.size == m.size && back.raw_size == 26);
    assert_int_equal(acq_member_open(&back, file.bytes, unpacker, &content), ACQ_OK);
    assert_true(content.len == 26 && !memcmp(content.bytes, "some content, some content", 26));
}

/* any change of a header's bit is seen, and none of a newer version's is taken for damage */
static void header_flips(void **state)
{
    struct acq_member m = {.frames = 1}, back;
    (void)state;
    seal(&m, "x", 1);
    for (size_t bit = 0; bit < 8 * ACQ_MEMBER_HEADER; bit++) {
        file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_true(acq_member_parse(&back, file.bytes, file.len) < 0);
        file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    /* as a later version may write it: another length, the version where it was */
    file.bytes[10] = (uint8_t)(file.bytes[10] + 8);
    file.bytes[14] = (uint8_t)(file.bytes[14] + 8);
    file.bytes[16] = ACQ_MEMBER_VERSION + 1;
    assert_int_equal(acq_member_parse(&back, file.bytes, file.len), ACQ_VERSION);
}

static void content_flips(void **state)
{
    struct acq_member m = {.frames = 1};
    uint64_t random = 41;
    uint8_t raw[3000];
    (void)state;
    random_bytes(&random, raw, sizeof raw);
    memset(raw, 'a', 2000);
    seal(&m, raw, sizeof raw);
    for (size_t bit = 8 * ACQ_MEMBER_HEADER; bit < 8 * file.len; bit++) {
        file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (acq_member_open(&m, file.bytes, unpacker, &content) == ACQ_OK) {
            /* bits that deflate does not use: the content is the same all the same */
            assert_int_equal(content.len, sizeof raw);
            assert_memory_equal(content.bytes, raw, sizeof raw);
        }
        file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* a header may lie about sizes, with a good checksum */
static void lying_header(void **state)
{
    struct acq_member m = {.frames = 1}, back;
    (void)state;
    seal(&m, "hello hello hello", 17);
    static const uint32_t sizes[][2] = {{0, 17},   {136, 17}, {ACQ_MEMBER_SIZE_MAX + 1, 17}, {UINT32_MAX, 17},
                                        {137, 17}, {0, 0},    {140, ACQ_MEMBER_RAW_MAX + 1}, {140, UINT32_MAX}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t *d = file.bytes + 16;
        acq_put_le(d + 4, sizes[i][0], 4);
        acq_put_le(d + 8, sizes[i][1], 4);
        acq_put_le(d + 108, libdeflate_crc32(0, d, 108), 4);
        int r = acq_member_parse(&back, file.bytes, file.len);
        assert_int_equal(r, sizes[i][0] == 137 ? ACQ_OK : ACQ_FORMAT);
    }
    back.raw_size = 16;
    back.size = m.size;
    assert_int_equal(acq_member_open(&back, file.bytes, unpacker, &content), ACQ_FORMAT);
    back.raw_size = 18;
    assert_int_equal(acq_member_open(&back, file.bytes, unpacker, &content), ACQ_FORMAT);
}

static void limits(void **state)
{
    struct acq_member m = {.raw_size = ACQ_MEMBER_RAW_MAX + 1};
    uint64_t random = 42;
    uint8_t *raw = malloc(ACQ_MEMBER_RAW_MAX + 1);
    (void)state;
    assert_non_null(raw);
    random_bytes(&random, raw, ACQ_MEMBER_RAW_MAX + 1); /* cannot be packed: the member is as large as it can be */
    file.len = 0;
    assert_int_equal(acq_member_seal(&m, raw, packer, &file), ACQ_RANGE);
    assert_int_equal(file.len, 0);
    seal(&m, raw, ACQ_MEMBER_RAW_MAX);
    assert_int_equal(acq_member_parse(&m, file.bytes, file.len), ACQ_OK);
    assert_int_equal(acq_member_open(&m, file.bytes, unpacker, &content), ACQ_OK);
    assert_memory_equal(content.bytes, raw, ACQ_MEMBER_RAW_MAX);
    free(raw);
}

static void no_members(void **state)
{
    struct acq_member m;
    (void)state;
    assert_int_equal(acq_member_parse(&m, (const uint8_t *)"", 0), ACQ_AGAIN);
    assert_int_equal(acq_member_parse(&m, (const uint8_t *)"\x1f\x8b\x08\x00", 4), ACQ_FORMAT);
    assert_int_equal(acq_member_parse(&m, (const uint8_t *)"PK\x03\x04", 4), ACQ_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_round_trip), cmocka_unit_test(header_flips), cmocka_unit_test(content_flips),
        cmocka_unit_test(lying_header),      cmocka_unit_test(limits),       cmocka_unit_test(no_members),
    };
    return cmocka_run_group_tests_name("member", tests, begin, end);
}
