/* cmd_merge.c - `acq merge`: parts and copies of a session, and sessions that follow each other, as one recording. */
#include "app/cmd.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/output.h"
#include "base/paths.h"
#include "base/stop.h"
#include "record/join.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct options {
    bool join, force;
};

static const struct acq_option table[] = {
    {0, "join", NULL, ACQ_OPT_FLAG, offsetof(struct options, join), 0, 0,
     "make one of different sessions, of the same car, track and driver, that follow each other"},
    {'f', "force", NULL, ACQ_OPT_FLAG, offsetof(struct options, force), 0, 0, "overwrite OUT where it exists"},
};

static const struct acq_command command = {
    .name = "acq merge",
    .usage = "OUT.pb.gz IN... [OPTION...]",
    .summary = "Make one recording of the parts and copies of a session: in order, each frame once, holes filled.",
    .more = "Frames keep their bytes. Where several recordings have a frame, that of the first one named is taken. A\n"
            "session that names the one before it, as after a restart of the bridge, goes on from it: its frames are\n"
            "encoded anew, with the id of the first session, its clock, and numbers that go on. IN may be a folder.\n"
            "\nExamples:\n"
            "  acq merge whole.pb.gz bridge.pb.gz server.pb.gz\n"
            "  acq merge evening.pb.gz recordings --join\n"
            "\nExit codes: 0 done, 1 failed, 2 wrong usage or recordings that do not belong together, 3 done but "
            "frames are "
            "missing.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
    .arguments_min = 2,
    .arguments_max = ACQ_TEXTS_MAX,
};

static int check(const char *out, const struct acq_paths *in, struct acq_err *err)
{
    for (size_t i = 0; i < in->n; i++) {
        if (!strcmp(in->path[i], "-"))
            return acq_fail(err, ACQ_USAGE,
                            "standard input cannot be merged: recordings are looked at first, then read");
        if (acq_path_same(in->path[i], out))
            return acq_fail(err, ACQ_USAGE, "%s is one of the recordings that are read: choose another name for OUT",
                            out);
    }
    return ACQ_OK;
}

static int write_out(const char *out, const struct acq_paths *in, const struct options *o, struct acq_joined *done,
                     struct acq_err *err)
{
    struct acq_output output;
    int r = acq_output_begin(&output, out, o->force, err);
    if (r < 0) return r;
    acq_path_remove(output.temporary); /* it is ours by name; the recorder wants to make it */
    r = acq_join_files((const char *const *)in->path, in->n, o->join, output.temporary, done, err);
    return acq_output_end(&output, r, err);
}

static void say(const char *out, size_t files, const struct acq_joined *d)
{
    printf("Wrote %s with %" PRIu64 " frames of %zu recording%s; %" PRIu64 " were in more than one\n", out, d->frames,
           files, files == 1 ? "" : "s", d->duplicates);
    if (d->sessions > 1)
        printf("Joined %zu sessions: the last %" PRIu64 " frames are encoded anew, as session %s\n", d->sessions,
               d->anew, d->session);
}

static int merge(int argc, char **argv, struct acq_joined *done, struct acq_err *err)
{
    static const char *const suffixes[] = {".pb.gz", NULL};
    struct options o = {0};
    struct acq_texts words;
    struct acq_paths in = ACQ_PATHS_NONE;
    int r = acq_opt_parse(&command, argc, argv, &o, &words, err);
    if (r) return r;
    acq_on_stop();
    for (size_t i = 1; r == ACQ_OK && i < words.n; i++) r = acq_paths_add(&in, words.text[i], suffixes, err);
    if (r == ACQ_OK) r = check(words.text[0], &in, err);
    if (r == ACQ_OK) r = write_out(words.text[0], &in, &o, done, err);
    if (r == ACQ_OK) say(words.text[0], in.n, done);
    acq_paths_fini(&in);
    return r;
}

int acq_cmd_merge(int argc, char **argv)
{
    struct acq_err err = {0};
    struct acq_joined done = {0};
    int r = merge(argc, argv, &done, &err);
    if (r < 0) return acq_cmd_fail(&err);
    if (done.missing) acq_log(ACQ_LOG_WARN, "%" PRIu64 " frames are missing: no recording has them", done.missing);
    if (done.unreadable) acq_log(ACQ_LOG_WARN, "%" PRIu64 " frames could not be read: left out", done.unreadable);
    if (done.cut) acq_log(ACQ_LOG_WARN, "the end is missing: no recording has it");
    return done.missing || done.unreadable || done.cut ? ACQ_EXIT_LOSSY : ACQ_EXIT_OK;
}
