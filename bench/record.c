/* record.c RECORDING FOLDER - microseconds of CPU to record a frame, and bytes, beside one gzip stream by zlib's level
 * 6 as the original project writes it; and members at other levels of libdeflate. Prints one line for each figure. */
#include "measure.h"

#include "base/buf.h"
#include "base/file.h"
#include "frame/batch.h"
#include "page/page.h"
#include "record/member.h"
#include "record/recorder.h"

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { ROUNDS = 5, LEVELS = 4, MEMBER_FRAMES = 84 }; /* frames of a quarter of a second */

struct drive {
    struct bench_frames all;
    struct acq_frame *frames;
    char path[ACQ_PATH_MAX];
};

/* One way to record the drive to drive->path. */
typedef void record_fn(const struct drive *drive);

static void record_ours(const struct drive *d)
{
    struct acq_recorder *recorder;
    struct acq_err err = {0};
    int r = acq_recorder_new(&recorder, d->path, &err);
    for (size_t i = 0; i < d->all.n && r == ACQ_OK; i++) {
        if (acq_recorder_due(recorder)) r = acq_recorder_flush(recorder, &err);
        if (r == ACQ_OK)
            r = acq_recorder_add(recorder, &d->frames[i], d->all.bytes + d->all.at[i], d->all.at[i + 1] - d->all.at[i]);
    }
    if (r == ACQ_OK) r = acq_recorder_close(recorder, &err);
    if (r < 0) bench_fail("cannot record: %s", err.text);
}

static void record_zlib(const struct drive *d)
{
    gzFile file = gzopen(d->path, "wb6");
    if (!file) bench_fail("cannot write %s", d->path);
    for (size_t i = 0; i < d->all.n; i++) {
        uint8_t length[10];
        size_t n = d->all.at[i + 1] - d->all.at[i];
        gzwrite(file, length, (unsigned)acq_varint_put(length, n));
        gzwrite(file, d->all.bytes + d->all.at[i], (unsigned)n);
    }
    if (gzclose(file) != Z_OK) bench_fail("cannot write %s", d->path);
}

/* once: CPU time of a frame in us; *bytes gets its size in the file */
static double once(record_fn *record, const struct drive *d, double *bytes)
{
    double start = bench_cpu_ns(), us;
    record(d);
    us = (bench_cpu_ns() - start) / 1e3 / (double)d->all.n;
    int fd = acq_file_open(d->path, ACQ_FILE_READ, NULL);
    *bytes = (double)acq_file_size(fd) / (double)d->all.n;
    acq_file_close(fd);
    acq_path_remove(d->path);
    return us;
}

/* packed: CPU time of a frame in us to make members at a level of libdeflate; *bytes gets its size in them */
static double packed(int level, const struct drive *d, double *bytes)
{
    struct libdeflate_compressor *deflate = libdeflate_alloc_compressor(level);
    struct acq_buf raw, out;
    double size = 0, start;
    if (!deflate) bench_fail("no memory");
    acq_buf_init(&raw, ACQ_MEMBER_RAW_MAX);
    acq_buf_init(&out, ACQ_MEMBER_SIZE_MAX);
    start = bench_cpu_ns();
    for (size_t i = 0; i < d->all.n; i += MEMBER_FRAMES) {
        size_t end = i + MEMBER_FRAMES < d->all.n ? i + MEMBER_FRAMES : d->all.n;
        struct acq_member member = {.frames = (uint32_t)(end - i)};
        raw.len = out.len = 0;
        for (size_t k = i; k < end; k++) {
            uint8_t length[10];
            size_t n = d->all.at[k + 1] - d->all.at[k];
            if (acq_buf_add(&raw, length, acq_varint_put(length, n)) ||
                acq_buf_add(&raw, d->all.bytes + d->all.at[k], n))
                bench_fail("no memory");
        }
        member.raw_size = (uint32_t)raw.len;
        if (acq_member_seal(&member, raw.bytes, deflate, &out)) bench_fail("cannot pack");
        size += (double)out.len;
    }
    double us = (bench_cpu_ns() - start) / 1e3 / (double)d->all.n;
    *bytes = size / (double)d->all.n;
    libdeflate_free_compressor(deflate);
    acq_buf_fini(&raw);
    acq_buf_fini(&out);
    return us;
}

static struct drive load(const char *recording, const char *folder)
{
    struct drive d = {.all = bench_read(recording)};
    d.frames = malloc(d.all.n * sizeof *d.frames);
    if (!d.frames) bench_fail("no memory for %zu frames", d.all.n);
    for (size_t i = 0; i < d.all.n; i++)
        if (acq_decode(&d.frames[i], d.all.bytes + d.all.at[i], d.all.at[i + 1] - d.all.at[i]))
            bench_fail("frame %zu cannot be decoded", i);
    if (acq_path_join(d.path, sizeof d.path, folder, "bench_record.gz")) bench_fail("%s is too long", folder);
    acq_path_remove(d.path);
    return d;
}

int main(int argc, char **argv)
{
    static const int levels[LEVELS] = {1, 2, 6, 9};
    double ours[ROUNDS], zlib[ROUNDS], at[LEVELS][ROUNDS], bytes, zlib_bytes, level_bytes[LEVELS];
    if (argc != 3) bench_fail("usage: bench_record RECORDING FOLDER");
    struct drive d = load(argv[1], argv[2]);
    for (int i = 0; i < ROUNDS; i++) {
        ours[i] = once(record_ours, &d, &bytes);
        zlib[i] = once(record_zlib, &d, &zlib_bytes);
        for (int k = 0; k < LEVELS; k++) at[k][i] = packed(levels[k], &d, &level_bytes[k]);
    }
    printf("record_us\t%.3f\nrecord_bytes\t%.1f\n", bench_median(ours, ROUNDS), bytes);
    printf("record_zlib_us\t%.3f\nrecord_zlib_bytes\t%.1f\n", bench_median(zlib, ROUNDS), zlib_bytes);
    for (int k = 0; k < LEVELS; k++) {
        printf("level_%d_us\t%.3f\n", levels[k], bench_median(at[k], ROUNDS));
        printf("level_%d_bytes\t%.1f\n", levels[k], level_bytes[k]);
    }
    printf("page_bytes\t%zu\n", sizeof(struct acq_pages));
    printf("encoded_bytes\t%.1f\n", (double)d.all.at[d.all.n] / (double)d.all.n);
    return 0;
}
