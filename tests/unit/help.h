/* help.h - what several unit tests need: random numbers, random frames, protobuf bytes by hand, a folder for files.
 *
 * Memory  everything is the caller's. Threads one. */
#ifndef ACQ_TESTS_HELP_H
#define ACQ_TESTS_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "frame/frame.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HELP static inline __attribute__((unused))

/* ---- random numbers: the same in every run (splitmix64) ---- */

HELP uint64_t random_next(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

HELP uint64_t random_below(uint64_t *state, uint64_t n)
{
    return random_next(state) % n;
}

/* random_number: often small, sometimes of any size */
HELP uint64_t random_number(uint64_t *state)
{
    return random_next(state) >> random_below(state, 64);
}

HELP void random_bytes(uint64_t *state, void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) ((uint8_t *)bytes)[i] = (uint8_t)random_next(state);
}

/* ---- frames ---- */

/* random_text writes at most `max` bytes of characters of all lengths, and the NUL behind them. */
HELP void random_text(uint64_t *state, char *dst, size_t max)
{
    static const char *const characters[] = {"a",      "Z",          "_",          "\x01",      "\x7f",
                                             "é",      "ß",          "\u07ff",     "\u0800",    "語",
                                             "\ufffd", "\U00010000", "\U0001f3ce", "\U0010ffff"};
    size_t at = 0, limit = random_below(state, max + 1);
    for (;;) {
        const char *c = characters[random_below(state, sizeof characters / sizeof *characters)];
        if (at + strlen(c) > limit) break;
        memcpy(dst + at, c, strlen(c));
        at += strlen(c);
    }
    dst[at] = 0;
}

HELP enum acq_id group_of(enum acq_id id)
{
    while (acq_channels[id].type != ACQ_TYPE_GROUP) id--;
    return id;
}

HELP size_t value_size(enum acq_id id)
{
    const struct acq_channel *c = &acq_channels[id];
    switch (c->type) {
    case ACQ_TYPE_F32:
    case ACQ_TYPE_I32: return 4;
    case ACQ_TYPE_U64:
    case ACQ_TYPE_X64: return 8;
    case ACQ_TYPE_STR: return c->n + 1u;
    case ACQ_TYPE_FLOATS: return 4u * c->n;
    default: return 0;
    }
}

HELP char *value_at(const struct acq_frame *f, enum acq_id id)
{
    return (char *)(uintptr_t)f + acq_channels[id].offset;
}

/* random_frame fills f: each group there with 3/4, each channel in it with `part`/16. */
HELP void random_frame(uint64_t *state, struct acq_frame *f, unsigned part)
{
    bool group = true;
    memset(f, 0xaa, sizeof *f); /* what is absent must not matter */
    memset(f->has, 0, sizeof f->has);
    for (unsigned id = 0; id < ACQ_IDS; id++) {
        const struct acq_channel *c = &acq_channels[id];
        if (c->type == ACQ_TYPE_GROUP) {
            group = id == ACQ_head || random_below(state, 4);
            f->has[id] = group;
            continue;
        }
        f->has[id] = group && random_below(state, 16) < part;
        if (!f->has[id]) continue;
        uint64_t number = random_number(state);
        if (c->type == ACQ_TYPE_STR)
            random_text(state, value_at(f, id), c->n);
        else if (c->type == ACQ_TYPE_U64 || c->type == ACQ_TYPE_I32)
            memcpy(value_at(f, id), &number, value_size(id));
        else
            random_bytes(state, value_at(f, id), value_size(id));
    }
}

/* assert_same_value, assert_same_frame: the same channels are there, with the same bits. */
HELP void assert_same_value(const struct acq_frame *a, const struct acq_frame *b, enum acq_id id)
{
    const struct acq_channel *c = &acq_channels[id];
    if (a->has[id] != b->has[id])
        fail_msg("%s.%s: there %d, %d", acq_channels[group_of(id)].name, c->name, a->has[id], b->has[id]);
    if (!a->has[id]) return;
    if (c->type == ACQ_TYPE_STR ? strcmp(value_at(a, id), value_at(b, id))
                                : memcmp(value_at(a, id), value_at(b, id), value_size(id)))
        fail_msg("%s.%s differs", acq_channels[group_of(id)].name, c->name);
}

HELP void assert_same_frame(const struct acq_frame *a, const struct acq_frame *b)
{
    for (unsigned id = 0; id < ACQ_IDS; id++) assert_same_value(a, b, (enum acq_id)id);
}

/* ---- protobuf by hand ---- */

struct wire {
    uint8_t bytes[16384];
    size_t n;
};

HELP void wire_bytes(struct wire *w, const void *bytes, size_t n)
{
    assert_true(w->n + n <= sizeof w->bytes);
    if (n) memcpy(w->bytes + w->n, bytes, n);
    w->n += n;
}

HELP void wire_varint(struct wire *w, uint64_t v)
{
    uint8_t byte;
    for (; v > 127; v >>= 7) {
        byte = (uint8_t)(v | 128);
        wire_bytes(w, &byte, 1);
    }
    byte = (uint8_t)v;
    wire_bytes(w, &byte, 1);
}

HELP void wire_key(struct wire *w, unsigned tag, unsigned type)
{
    wire_varint(w, (uint64_t)tag << 3 | type);
}

HELP void wire_number(struct wire *w, unsigned tag, uint64_t v)
{
    wire_key(w, tag, 0);
    wire_varint(w, v);
}

HELP void wire_float(struct wire *w, unsigned tag, float v)
{
    wire_key(w, tag, 5);
    wire_bytes(w, &v, 4);
}

HELP void wire_block(struct wire *w, unsigned tag, const void *bytes, size_t n)
{
    wire_key(w, tag, 2);
    wire_varint(w, n);
    wire_bytes(w, bytes, n);
}

HELP void wire_text(struct wire *w, unsigned tag, const char *text)
{
    wire_block(w, tag, text, strlen(text));
}

/* One field of a message: the whole of it, and its value. */
struct wire_field {
    const uint8_t *bytes, *value; /* value: behind key and length */
    size_t n, value_n;
    unsigned tag, type;
};

HELP const uint8_t *wire_get(const uint8_t *p, const uint8_t *end, uint64_t *v)
{
    *v = 0;
    for (unsigned shift = 0;; shift += 7) {
        assert_true(p < end && shift < 64);
        *v |= (uint64_t)(*p & 127) << shift;
        if (*p++ < 128) return p;
    }
}

/* wire_split finds the fields of a well-formed message. Returns how many. */
HELP size_t wire_split(const uint8_t *bytes, size_t n, struct wire_field *fields, size_t max)
{
    const uint8_t *p = bytes, *end = bytes + n;
    size_t count = 0;
    while (p < end) {
        struct wire_field *f = &fields[count++];
        uint64_t v;
        assert_true(count <= max);
        f->bytes = p;
        p = wire_get(p, end, &v);
        f->tag = (unsigned)(v >> 3);
        f->type = (unsigned)(v & 7);
        f->value = p;
        if (f->type == 0) {
            p = wire_get(p, end, &v);
        } else if (f->type == 2) {
            p = wire_get(p, end, &v);
            f->value = p;
            p += v;
        } else {
            p += f->type == 1 ? 8 : 4;
        }
        assert_true(p <= end);
        f->value_n = (size_t)(p - f->value);
        f->n = (size_t)(p - f->bytes);
    }
    return count;
}

/* ---- files ---- */

/* folder_make makes an empty folder for a test's files, in memory where it can be: some tests write thousands of files.
 * folder_remove deletes it with what is in it. */
HELP void folder_make(char dst[64])
{
    snprintf(dst, 64, "%s/acq-test-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(dst));
}

HELP void folder_remove(const char *folder)
{
    char path[512];
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        unlink(path);
    }
    closedir(dir);
    assert_int_equal(rmdir(folder), 0);
}

HELP const char *file_in(const char *folder, const char *name)
{
    static char path[32][512]; /* valid until 32 others are made */
    static unsigned i;
    snprintf(path[++i % 32], sizeof path[0], "%s/%s", folder, name);
    return path[i % 32];
}

HELP void file_write(const char *path, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

/* file_read returns the content for free(). */
HELP uint8_t *file_read(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *n = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*n + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *n, file), *n);
    fclose(file);
    return bytes;
}

#endif
