#include "record/input.h"

#include <stdio.h>
#include <string.h>

static void prepare(struct acq_input *in, const char *path, size_t most)
{
    *in = (struct acq_input){.fd = -1, .size = ACQ_IO, .to = UINT64_MAX, .ahead = ACQ_INPUT_AHEAD};
    snprintf(in->path, sizeof in->path, "%s", path);
    acq_buf_init(&in->buf, most + 4 * ACQ_INPUT_AHEAD);
}

int acq_input_open(struct acq_input *in, const char *path, size_t most, struct acq_err *err)
{
    prepare(in, strcmp(path, "-") ? path : "standard input", most);
    in->fd = acq_file_open(path, ACQ_FILE_READ, err);
    if (in->fd < 0) return in->fd;
    /* standard input may be a file, but one that others read too: it is taken as a pipe */
    in->size = strcmp(path, "-") ? acq_file_size(in->fd) : ACQ_IO;
    return ACQ_OK;
}

int acq_input_share(struct acq_input *in, const struct acq_input *other, size_t most, struct acq_err *err)
{
    if (other->size < 0) return acq_fail(err, ACQ_IO, "%s is no file that can be read in parts", other->path);
    prepare(in, other->path, most);
    in->fd = other->fd;
    in->size = other->size;
    in->borrowed = true;
    return ACQ_OK;
}

void acq_input_fini(struct acq_input *in)
{
    if (in->fd >= 0 && !in->borrowed) acq_file_close(in->fd);
    acq_buf_fini(&in->buf);
}

/* read_some: up to n bytes behind those in the buffer */
static ptrdiff_t read_some(struct acq_input *in, size_t n)
{
    uint8_t *dst = in->buf.bytes + in->buf.len;
    if (in->size < 0) return acq_file_read(in->fd, dst, n);
    return acq_file_read_at(in->fd, in->begin + in->buf.len, dst, n);
}

ptrdiff_t acq_input_have(struct acq_input *in, size_t n, struct acq_err *err)
{
    in->eof = in->eof && in->size < 0; /* a file may have grown */
    while (in->buf.len - in->at < n && !in->eof) {
        if (in->at >= ACQ_INPUT_AHEAD) {
            in->begin += in->at;
            acq_buf_drop(&in->buf, in->at);
            in->at = 0;
        }
        size_t lack = n - (in->buf.len - in->at), want = lack > in->ahead ? lack : in->ahead;
        uint64_t end = in->begin + in->buf.len, left = end < in->to ? in->to - end : 0;
        if (left < want) want = left > lack ? (size_t)left : lack;
        if (acq_buf_reserve(&in->buf, want) < 0) return acq_fail(err, ACQ_MEMORY, "no memory to read %s", in->path);
        ptrdiff_t got = read_some(in, want);
        if (got < 0) return acq_fail(err, ACQ_IO, "cannot read %s: the disk or the connection failed", in->path);
        in->eof = got == 0;
        in->buf.len += (size_t)got;
    }
    return (ptrdiff_t)(in->buf.len - in->at);
}

void acq_input_use(struct acq_input *in, size_t n)
{
    in->at += n;
}

int acq_input_go(struct acq_input *in, uint64_t place, struct acq_err *err)
{
    if (place >= in->begin && place - in->begin <= in->buf.len) {
        in->at = (size_t)(place - in->begin);
        return ACQ_OK;
    }
    if (in->size >= 0) {
        in->begin = place;
        in->buf.len = in->at = 0;
        return ACQ_OK;
    }
    if (place < in->begin) return acq_fail(err, ACQ_IO, "%s cannot be read from the start again", in->path);
    while (acq_input_place(in) < place) {
        ptrdiff_t n = acq_input_have(in, 1, err);
        if (n <= 0) return n < 0 ? (int)n : ACQ_OK;
        uint64_t left = place - acq_input_place(in);
        acq_input_use(in, left < (uint64_t)n ? (size_t)left : (size_t)n);
    }
    return ACQ_OK;
}
