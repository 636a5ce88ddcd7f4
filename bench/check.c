/* check.c FOLDER - reads all recordings of a folder and counts what should not be: frames that are missing, that are
 * there twice, or that cannot be decoded. Prints one line for each figure. */
#include "measure.h"

#include "base/err.h"
#include "base/file.h"
#include "base/paths.h"
#include "frame/batch.h"
#include "record/reader.h"

#include <stdio.h>

struct found {
    const char *folder;
    uint64_t files, frames, missing, doubled, bytes;
};

static void look_at(struct found *found, const uint8_t *frame, size_t n, uint64_t *last)
{
    static struct acq_frame f;
    if (acq_decode(&f, frame, n) < 0 || !f.has[ACQ_head_seq]) bench_fail("a recording has what is no frame");
    uint64_t seq = f.head.seq;
    found->frames++;
    found->bytes += n;
    if (seq > *last + 1) found->missing += seq - *last - 1;
    if (seq <= *last) found->doubled++;
    if (seq > *last) *last = seq;
}

static int read_one(void *user, const char *name)
{
    struct found *found = user;
    struct acq_reader *reader;
    struct acq_batch batch;
    struct acq_err err = {0};
    char path[ACQ_PATH_MAX];
    uint64_t last = 0;
    const uint8_t *frame;
    size_t n;
    if (!acq_has_suffix(name, ".pb.gz")) return 0;
    int r = acq_path_join(path, sizeof path, found->folder, name);
    if (r == ACQ_OK) r = acq_reader_new(&reader, path, &err);
    if (r < 0) bench_fail("%s", err.text);
    while ((r = acq_reader_next(reader, &batch, &err)) == ACQ_OK)
        while (acq_batch_next(&batch, &frame, &n) == ACQ_OK) look_at(found, frame, n, &last);
    if (r < 0) bench_fail("%s", err.text);
    acq_reader_free(reader);
    found->files++;
    return 0;
}

int main(int argc, char **argv)
{
    struct acq_err err = {0};
    if (argc != 2) bench_fail("usage: bench_check FOLDER");
    struct found found = {.folder = argv[1]};
    if (acq_dir_each(argv[1], read_one, &found, &err) < 0) bench_fail("%s", err.text);
    printf("files\t%llu\nframes\t%llu\n", (unsigned long long)found.files, (unsigned long long)found.frames);
    printf("missing\t%llu\ndoubled\t%llu\n", (unsigned long long)found.missing, (unsigned long long)found.doubled);
    printf("bytes\t%llu\n", (unsigned long long)found.bytes);
    return 0;
}
