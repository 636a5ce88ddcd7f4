/* cmd_laps.c - `acq laps`: the laps of recordings and Parquet files: a table for each session, JSON, CSV. */
#include "app/cmd.h"
#include "app/laps_show.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/paths.h"
#include "base/stop.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct options {
    bool json, csv;
    int64_t wheels;
};

static const struct acq_option table[] = {
    {0, "json", NULL, ACQ_OPT_FLAG, offsetof(struct options, json), 0, 0,
     "one JSON object per session, each on a line"},
    {0, "csv", NULL, ACQ_OPT_FLAG, offsetof(struct options, csv), 0, 0, "one line per lap, of all sessions"},
    {0, "wheels-out", "N", ACQ_OPT_INT, offsetof(struct options, wheels), 0, 4,
     "wheels that may be off the track in a valid lap; default 2, as on the game's servers"},
};

static const struct acq_command command = {
    .name = "acq laps",
    .usage = "FILE|FOLDER... [OPTION...]",
    .summary =
        "List the laps of recordings and Parquet files: kind, validity, times, sectors, speeds, fuel, temperatures.",
    .more =
        "FILE may be a folder, a pattern, or - for a recording from standard input. Recordings of one session, of\n"
        "which each names the one before it, are listed as one. Kinds: flying; out: from the pits or a standing\n"
        "start; in: into the pits; out-in; pit: through the pits on its way; incomplete. Times are the game's own;\n"
        "one with ~ is from the sample times. Best and theoretical best are of the flying laps that are not invalid.\n"
        "Tyres: mean of the four; brakes: the hottest; top and low: highest and lowest speed.\n"
        "\nExamples:\n"
        "  acq laps drive.pb.gz\n"
        "  acq laps recordings\n"
        "  acq laps drive.parquet --csv\n"
        "  acq laps recordings --json\n"
        "\nExit codes: 0 done, 1 a file could not be read, 2 wrong usage, 3 done but something is missing or damaged.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
    .arguments_min = 1,
    .arguments_max = ACQ_TEXTS_MAX,
};

static const char *const suffixes[] = {".pb.gz", ".parquet", NULL};

/* What is read, and how it went. */
struct job {
    struct options o;
    struct acq_paths paths;
    struct acq_laps laps;
    bool failed, lossy;
};

static int find_files(struct job *job, const struct acq_texts *words, struct acq_err *err)
{
    int r = ACQ_OK;
    for (size_t i = 0; r == ACQ_OK && i < words->n; i++) r = acq_paths_add(&job->paths, words->text[i], suffixes, err);
    for (size_t i = 0; r == ACQ_OK && i < job->paths.n && job->paths.n > 1; i++)
        if (!strcmp(job->paths.path[i], "-"))
            r = acq_fail(err, ACQ_USAGE, "standard input can only be read alone: leave out the other files");
    return r == ACQ_OK && job->paths.n > 1 ? acq_laps_order(job->paths.path, job->paths.n, err) : r;
}

/* read_file: one file more. One that cannot be read is said, and the others still come. */
static void read_file(struct job *job, const char *path)
{
    struct acq_err err = {0};
    size_t before = job->laps.n;
    if (acq_laps_read(&job->laps, path, (int)job->o.wheels, &err) < 0) {
        job->failed = true;
        if (err.code != ACQ_STOPPED) acq_log(ACQ_LOG_ERROR, "%s", err.text);
        return;
    }
    if (*job->laps.loss) {
        job->lossy = true;
        acq_log(ACQ_LOG_WARN, "%s", job->laps.loss);
    }
    if (job->laps.n == before && !job->laps.joined) acq_log(ACQ_LOG_WARN, "%s has no lap: it has no frames", path);
}

/* warn: what the tables do not show */
static void warn(struct job *job)
{
    for (size_t i = 0; i < job->laps.n; i++) {
        const struct acq_laps_session *s = &job->laps.session[i];
        if (!s->late) continue;
        job->lossy = true;
        acq_log(ACQ_LOG_WARN, "%s: %" PRIu64 " rows were left out: they have no time, or are older than those before",
                s->files, s->late);
    }
}

static void show(const struct job *job)
{
    if (job->o.csv) {
        acq_laps_show_csv(stdout, &job->laps);
        return;
    }
    for (size_t i = 0; i < job->laps.n; i++) {
        if (i && !job->o.json) putchar('\n');
        if (job->o.json)
            acq_laps_show_json(stdout, &job->laps.session[i]);
        else
            acq_laps_show_table(stdout, &job->laps.session[i]);
    }
}

static int run(struct job *job, int argc, char **argv, struct acq_err *err)
{
    struct acq_texts arguments;
    int r = acq_opt_parse(&command, argc, argv, &job->o, &arguments, err);
    if (r) return r;
    if (job->o.json && job->o.csv) return acq_fail(err, ACQ_USAGE, "choose one of --json and --csv");
    acq_on_stop();
    r = find_files(job, &arguments, err);
    for (size_t i = 0; r == ACQ_OK && i < job->paths.n && !acq_stopped(); i++) read_file(job, job->paths.path[i]);
    if (r == ACQ_OK && acq_stopped()) r = acq_fail(err, ACQ_STOPPED, "stopped: not all files were read");
    if (r == ACQ_OK) r = acq_laps_end(&job->laps, err);
    if (r == ACQ_OK) warn(job);
    if (r == ACQ_OK && (job->laps.n || job->o.csv)) show(job);
    return r;
}

int acq_cmd_laps(int argc, char **argv)
{
    struct job job = {.o.wheels = ACQ_LAP_WHEELS, .paths = ACQ_PATHS_NONE};
    struct acq_err err = {0};
    int r = run(&job, argc, argv, &err);
    acq_paths_fini(&job.paths);
    acq_laps_free(&job.laps);
    if (r < 0) return acq_cmd_fail(&err);
    if (job.failed) return ACQ_EXIT_FAILED;
    return job.lossy ? ACQ_EXIT_LOSSY : ACQ_EXIT_OK;
}
