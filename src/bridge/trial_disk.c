#include "base/file.h"
#include "base/os.h"
#include "bridge/keep_files.h"
#include "bridge/trial.h"
#include "record/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RATE 145e3                   /* [byte/s] of a recording of `acq sim`: where there is no other to go by */
#define LONG_NS INT64_C(60000000000) /* a recording that says something about the rate */
#define SLOW_NS INT64_C(250000000)   /* a member is due as often */
enum { WRITES = 16, WRITE_BYTES = 16384, HOURS_FEW = 10, HOURS_NONE = 1 };

/* folder_of writes the folder that recordings go to, or that of the file. */
static void folder_of(char dst[ACQ_PATH_MAX], const char *record)
{
    size_t n = acq_has_suffix(record, ".gz") ? (size_t)(acq_path_base(record) - record) : strlen(record);
    snprintf(dst, ACQ_PATH_MAX, "%.*s", (int)n, record);
    if (!n) strcpy(dst, ".");
}

/* write_some writes small pieces, each of them to the disk, and takes the slowest. */
static int write_some(int fd, int64_t *slowest, struct acq_err *err)
{
    static const char piece[WRITE_BYTES];
    int r = ACQ_OK;
    *slowest = 0;
    for (int i = 0; i < WRITES && r == ACQ_OK; i++) {
        int64_t begin = acq_now_ns();
        r = acq_file_write(fd, piece, sizeof piece, err);
        if (r == ACQ_OK) r = acq_file_sync(fd, err);
        int64_t took = acq_now_ns() - begin;
        if (took > *slowest) *slowest = took;
    }
    return r;
}

static int try_file(const char *dir, int64_t *slowest, struct acq_err *err)
{
    char wanted[ACQ_PATH_MAX], path[ACQ_PATH_MAX];
    if (acq_path_join(wanted, sizeof wanted, dir, "telemetry_bridge-check.tmp") < 0 ||
        acq_path_unused(path, sizeof path, wanted) < 0)
        return acq_fail(err, ACQ_RANGE, "the path %.60s... is too long", dir);
    int fd = acq_file_open(path, ACQ_FILE_CREATE, err);
    if (fd < 0) return fd;
    int r = write_some(fd, slowest, err);
    acq_file_close(fd);
    acq_path_remove(path);
    return r;
}

/* newest: of the names of recordings, which begin with their time, the last */
static int newest(void *user, const char *name)
{
    char *last = user;
    if (acq_keep_id(name) && acq_has_suffix(name, ".gz") && strlen(name) < ACQ_PATH_MAX && strcmp(name, last) > 0)
        strcpy(last, name);
    return ACQ_OK;
}

/* rate_of returns how many bytes a second of driving took in the newest recording; where that says nothing, RATE. */
static double rate_of(const char *dir)
{
    char name[ACQ_PATH_MAX] = "", path[ACQ_PATH_MAX];
    struct acq_reader *reader;
    struct acq_member m;
    uint64_t at, bytes = 0;
    int64_t first = 0, last = 0;
    acq_dir_each(dir, newest, name, NULL);
    if (!*name || acq_path_join(path, sizeof path, dir, name) < 0 || !acq_path_is_file(path) ||
        acq_reader_new(&reader, path, NULL) < 0)
        return RATE;
    while (acq_reader_seekable(reader) && acq_reader_skim(reader, &m, &at, NULL) == ACQ_OK && m.frames) {
        if (!bytes) first = m.first_t_ns;
        last = m.last_t_ns;
        bytes += m.size;
    }
    acq_reader_free(reader);
    return last - first > LONG_NS ? (double)bytes / ((double)(last - first) / 1e9) : RATE;
}

void acq_trial_disk(struct acq_trial *trial, const char *record)
{
    char dir[ACQ_PATH_MAX];
    struct acq_err err;
    int64_t slowest = 0;
    folder_of(dir, record);
    if (acq_path_mkdirs(dir, &err) < 0 || try_file(dir, &slowest, &err) < 0) {
        acq_trial_say(trial, ACQ_TRIAL_PROBLEM, "%s: nothing can be recorded there", err.text);
        return;
    }
    int64_t room = acq_file_free_space(dir);
    double hours = (double)room / rate_of(dir) / 3600, ms = (double)slowest / 1e6;
    if (room < 0)
        acq_trial_say(trial, ACQ_TRIAL_WARNING, "%s can be written to; how much room there is, is not known", dir);
    else if (hours < HOURS_NONE)
        acq_trial_say(trial, ACQ_TRIAL_PROBLEM, "%s has room for %.0f minutes of driving: make room", dir, hours * 60);
    else if (hours < HOURS_FEW)
        acq_trial_say(trial, ACQ_TRIAL_WARNING, "%s has room for %.0f hours of driving: make room soon", dir, hours);
    else if (slowest > SLOW_NS)
        acq_trial_say(
            trial, ACQ_TRIAL_WARNING,
            "%s: a small write took %.0f ms to reach the disk: a power cut would cost more than half a second", dir,
            ms);
    else
        acq_trial_say(trial, ACQ_TRIAL_OK,
                      "%s has room for %.0f hours of driving (%.0f GB); a small write is on the disk within %.1f ms",
                      dir, hours, (double)room / 1e9, ms);
}
