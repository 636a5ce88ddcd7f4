#include "bridge/part.h"

#include "base/log.h"
#include "base/move.h"
#include "record/member.h"

#include <stdio.h>
#include <string.h>

enum { TRIES = 100 };

int acq_part_begin(char part[ACQ_PATH_MAX], const char *path)
{
    const char *dot = strchr(acq_path_base(path), '.');
    int stem = dot ? (int)(dot - path) : (int)strlen(path);
    char final[ACQ_PATH_MAX];
    int n = snprintf(final, sizeof final, "%s", path);
    for (unsigned i = 2;; i++) {
        if (n < 0 || (size_t)n + sizeof ACQ_PART > sizeof final) return ACQ_RANGE;
        snprintf(part, ACQ_PATH_MAX, "%.*s" ACQ_PART, (int)(ACQ_PATH_MAX - sizeof ACQ_PART), final);
        if (!acq_path_exists(final) && !acq_path_exists(part)) return ACQ_OK;
        n = snprintf(final, sizeof final, "%.*s-%u%s", stem, path, i, dot ? dot : "");
    }
}

int acq_part_finish(char path[ACQ_PATH_MAX], const char *part, struct acq_err *err)
{
    char final[ACQ_PATH_MAX];
    int r = ACQ_EXISTS;
    snprintf(final, sizeof final, "%s", part);
    final[strlen(final) - strlen(ACQ_PART)] = 0;
    snprintf(path, ACQ_PATH_MAX, "%s", final);
    for (int i = 0; r == ACQ_EXISTS && i < TRIES; i++) { /* once, unless somebody takes the name at this moment */
        r = acq_path_move(part, path, err);
        if (r == ACQ_MISSING && acq_path_exists(path)) return ACQ_OK;
        if (r == ACQ_EXISTS && acq_path_unused(path, ACQ_PATH_MAX, final) < 0) break;
    }
    if (r != ACQ_OK) snprintf(path, ACQ_PATH_MAX, "%s", part);
    return r;
}

/* ---- what a crash left ---- */

struct adoption {
    char dir[ACQ_PATH_MAX];
    const char *stem; /* with which a name begins; "" for any */
    size_t stem_length, n;
};

/* is_left says whether it is a recording of ours that nobody writes. */
static bool is_left(const char *path)
{
    uint8_t header[ACQ_MEMBER_HEADER];
    struct acq_member m;
    int fd = acq_path_is_file(path) ? acq_file_open(path, ACQ_FILE_READ, NULL) : ACQ_MISSING;
    if (fd < 0) return false;
    bool left = !acq_file_locked(fd) && acq_file_read_at(fd, 0, header, sizeof header) == (ptrdiff_t)sizeof header &&
                acq_member_parse(&m, header, sizeof header) == ACQ_OK;
    acq_file_close(fd);
    return left;
}

static int adopt(void *user, const char *name)
{
    struct adoption *a = user;
    char part[ACQ_PATH_MAX], path[ACQ_PATH_MAX];
    struct acq_err err;
    if (!acq_has_suffix(name, ".gz" ACQ_PART) || strncmp(name, a->stem, a->stem_length) != 0) return ACQ_OK;
    if (acq_path_join(part, sizeof part, a->dir, name) < 0 || !is_left(part)) return ACQ_OK;
    if (acq_part_finish(path, part, &err) == ACQ_OK) {
        a->n++;
        acq_log(ACQ_LOG_INFO, "%s was not closed; it is whole up to its last member, and is now %s", part,
                acq_path_base(path));
    } else {
        acq_log(ACQ_LOG_WARN, "%s was not closed and keeps its name: %s", part, err.text);
    }
    return ACQ_OK;
}

size_t acq_part_adopt(const char *record, bool is_file)
{
    struct adoption a = {.stem = ""};
    const char *base = acq_path_base(record), *dot = strchr(base, '.');
    if (is_file) {
        snprintf(a.dir, sizeof a.dir, "%.*s", (int)(base - record), record);
        a.stem = base;
        a.stem_length = dot ? (size_t)(dot - base) : strlen(base);
    } else {
        snprintf(a.dir, sizeof a.dir, "%s", record);
    }
    acq_dir_each(*a.dir ? a.dir : ".", adopt, &a, NULL);
    return a.n;
}
