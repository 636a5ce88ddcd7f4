/* input.h - a file or a pipe that is read through a buffer, forward, with jumps where it is a file.
 *
 * Units   bytes.
 * Memory  the caller's struct; acq_input_fini closes the file if it was opened here.
 * Threads one at a time; several inputs may read one open file at once.
 * Errors  ACQ_MISSING, ACQ_IO, ACQ_MEMORY. */
#ifndef ACQ_RECORD_INPUT_H
#define ACQ_RECORD_INPUT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"

#include <stdbool.h>
#include <stdint.h>

enum { ACQ_INPUT_AHEAD = 256 * 1024 };

struct acq_input {
    int fd;
    bool borrowed, eof;
    char path[ACQ_PATH_MAX];
    int64_t size;       /* of the file when it was opened, < 0: a pipe */
    uint64_t to;        /* nothing behind this is read ahead */
    size_t ahead;       /* how much is read at once, at least what is asked for */
    uint64_t begin;     /* where in the file buf.bytes[0] stands */
    struct acq_buf buf; /* read and not yet dropped; `at` bytes of it are used */
    size_t at;
};

/* acq_input_open opens `path` ("-": standard input). acq_input_share makes an input of the open file of another, which
 * has to stay open. Both return 0 or an error, and then there is nothing to close. */
int acq_input_open(struct acq_input *input, const char *path, size_t most, struct acq_err *err);
int acq_input_share(struct acq_input *input, const struct acq_input *other, size_t most, struct acq_err *err);
void acq_input_fini(struct acq_input *input);

/* acq_input_have makes at least n unused bytes stand at acq_input_bytes. Returns how many stand there: fewer only at
 * the file's end; or an error. */
ptrdiff_t acq_input_have(struct acq_input *input, size_t n, struct acq_err *err);

static inline const uint8_t *acq_input_bytes(const struct acq_input *input)
{
    return input->buf.bytes + input->at;
}

/* acq_input_place returns where in the file the first unused byte stands. */
static inline uint64_t acq_input_place(const struct acq_input *input)
{
    return input->begin + input->at;
}

/* acq_input_use: the first n unused bytes, which are there, have been used; they stay where they are until the next
 * acq_input_have. acq_input_go makes `place` the next byte; in a pipe only forward. */
void acq_input_use(struct acq_input *input, size_t n);
int acq_input_go(struct acq_input *input, uint64_t place, struct acq_err *err);

#endif
