/* frames.c - frames for the tests that compare us with others: writes a recording in which every channel has a value of
 * its own, and prints what our reader finds in a file.
 *
 * Usage  interop_frames columns         NAME GROUP FIELD ELEMENT TYPE of each column; GROUP is "" for the frame itself
 *        interop_frames write FILE      frame 1: all channels, by column number; 2: the ends of their ranges; 3: almost
 *                                       none
 *        interop_frames print FILE      COLUMN=VALUE for each channel that is there, an empty line behind each frame
 *        interop_frames stream SESSION N   N frames for a stream, each behind its length, to stdout */
#include "frame/batch.h"
#include "frame/frame.h"
#include "record/reader.h"
#include "record/recorder.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct acq_column columns[ACQ_COLUMNS];
static struct acq_frame f;
static struct acq_err err;

static int failed(void)
{
    fprintf(stderr, "interop_frames: %s\n", err.text);
    return 1;
}

static void print_columns(void)
{
    static const char *const types[] = {"group", "float", "int32", "uint64", "fixed64", "string", "floats"};
    for (size_t i = 0; i < ACQ_COLUMNS; i++) {
        const struct acq_channel *c = &acq_channels[columns[i].id];
        unsigned group = columns[i].id;
        while (acq_channels[group].type != ACQ_TYPE_GROUP) group--;
        const char *index = c->type != ACQ_TYPE_FLOATS ? "-" : c->n == 4 ? "fl\0fr\0rl\0rr" : "x\0\0y\0\0z\0";
        printf("%s %s %s %s %s\n", columns[i].name, group ? acq_channels[group].name : "-", c->name,
               index + 3 * columns[i].element, types[columns[i].type]);
    }
}

static char *at(size_t column)
{
    return (char *)&f + columns[column].offset;
}

static void set(size_t column, double value, uint64_t integer, const char *text)
{
    float x = (float)value;
    int32_t i = (int32_t)(uint32_t)integer;
    switch (columns[column].type) {
    case ACQ_TYPE_F32: memcpy(at(column), &x, 4); break;
    case ACQ_TYPE_I32: memcpy(at(column), &i, 4); break;
    case ACQ_TYPE_STR: acq_frame_set_text(&f, columns[column].id, text); break;
    default: memcpy(at(column), &integer, 8); break;
    }
}

static void by_number(size_t column)
{
    char text[32];
    snprintf(text, sizeof text, "text %zu \u00e9\U0001f3ce", column);
    set(column, (double)column + 0.5,
        columns[column].type == ACQ_TYPE_I32 ? (uint64_t) - (int64_t)column : column << 40, text);
}

static void by_range(size_t column)
{
    char text[128];
    size_t n = acq_channels[columns[column].id].n;
    memset(text, 'x', sizeof text);
    text[columns[column].type == ACQ_TYPE_STR ? n : 0] = 0;
    set(column, column % 2 ? -INFINITY : 3.4028234663852886e38, column % 2 ? UINT64_MAX << 31 : UINT64_MAX >> 33, text);
}

static int write_recording(const char *path)
{
    struct acq_recorder *recorder;
    uint8_t bytes[ACQ_FRAME_MAX];
    int r = acq_recorder_new(&recorder, path, &err);
    for (uint64_t seq = 1; seq <= 3 && r == ACQ_OK; seq++) {
        for (unsigned id = 0; id < ACQ_IDS; id++) f.has[id] = seq < 3 || id == ACQ_head || id == ACQ_physics;
        for (size_t i = 0; i < ACQ_COLUMNS && seq < 3; i++) seq == 1 ? by_number(i) : by_range(i);
        f.head.seq = seq;
        f.has[ACQ_head_seq] = true;
        r = acq_recorder_add(recorder, &f, bytes, acq_encode(&f, bytes, NULL));
    }
    if (r == ACQ_OK) r = acq_recorder_close(recorder, &err);
    return r < 0 ? failed() : 0;
}

static void print_value(size_t column)
{
    float x;
    int32_t i;
    uint64_t u;
    printf("%s=", columns[column].name);
    switch (columns[column].type) {
    case ACQ_TYPE_F32: memcpy(&x, at(column), 4), printf("%.9g\n", (double)x); break;
    case ACQ_TYPE_I32: memcpy(&i, at(column), 4), printf("%" PRId32 "\n", i); break;
    case ACQ_TYPE_STR: printf("%s\n", at(column)); break;
    default: memcpy(&u, at(column), 8), printf("%" PRIu64 "\n", u); break;
    }
}

static int print_recording(const char *path)
{
    struct acq_reader *reader;
    struct acq_batch batch;
    const uint8_t *bytes;
    size_t n;
    int r = acq_reader_new(&reader, path, &err);
    if (r < 0) return failed();
    while ((r = acq_reader_next(reader, &batch, &err)) == ACQ_OK)
        while (acq_batch_next(&batch, &bytes, &n) == ACQ_OK) {
            if (acq_decode(&f, bytes, n) < 0) puts("malformed");
            for (size_t i = 0; i < ACQ_COLUMNS; i++)
                if (f.has[columns[i].id]) print_value(i);
            puts("");
        }
    acq_reader_free(reader);
    return r < 0 ? failed() : 0;
}

/* set_sample makes f the frame `seq` of a drive: physics and graphics, and in the first one the context. */
static void set_sample(const char *session, uint64_t seq)
{
    for (unsigned id = 0; id < ACQ_IDS; id++) f.has[id] = id < ACQ_stat || seq == 1;
    for (size_t i = 0; i < ACQ_COLUMNS; i++)
        if (f.has[columns[i].id]) set(i, (double)(seq * (i + 1)) / 64, seq % (i + 2), "text");
    acq_frame_set_text(&f, ACQ_head_game, "assetto_corsa");
    acq_frame_set_text(&f, ACQ_head_session_id, session);
    f.head.seq = seq;
    f.head.monotonic_ns = 1000000000 + seq * 3000000;
    f.head.utc_ns = UINT64_C(1767268800000000000) + f.head.monotonic_ns;
    f.has[ACQ_head_lost_before] = f.has[ACQ_capture_end_reason] = false;
}

static int stream(const char *session, const char *count)
{
    static uint8_t bytes[ACQ_FRAME_MAX];
    for (uint64_t seq = 1, n = strtoull(count, NULL, 10); seq <= n; seq++) {
        set_sample(session, seq);
        size_t size = acq_encode(&f, bytes, NULL);
        size_t left = size;
        for (; left > 127; left >>= 7) putchar((int)(left & 127) | 128);
        putchar((int)left);
        fwrite(bytes, 1, size, stdout);
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}

int main(int argc, char **argv)
{
    acq_columns(columns);
    if (argc == 2 && !strcmp(argv[1], "columns")) {
        print_columns();
        return 0;
    }
    if (argc == 3 && !strcmp(argv[1], "write")) return write_recording(argv[2]);
    if (argc == 3 && !strcmp(argv[1], "print")) return print_recording(argv[2]);
    if (argc == 4 && !strcmp(argv[1], "stream")) return stream(argv[2], argv[3]);
    fputs("usage: interop_frames columns | write FILE | print FILE | stream SESSION N\n", stderr);
    return 2;
}
