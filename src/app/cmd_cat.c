/* cmd_cat.c - `acq cat`: recordings as text, CSV, JSON or NDJSON on standard output. */
#include "app/cmd.h"
#include "app/pick.h"
#include "base/file.h"
#include "base/log.h"
#include "base/os.h"
#include "base/paths.h"
#include "base/stop.h"
#include "bridge/part.h"
#include "table/print.h"
#include "table/scan.h"

#include <stdio.h>
#include <string.h>

enum { LOOK_AGAIN_MS = 50 }; /* how often a recording that grows is looked at */

struct options {
    struct acq_pick pick;
    struct acq_texts columns;
    const char *format;
    int64_t limit;
    bool follow;
};

static const struct acq_option table[] = {
    {'c', "columns", "NAME...", ACQ_OPT_LIST, offsetof(struct options, columns), 0, 0,
     "only these columns, in this order; default: a few as text, else all"},
    ACQ_PICK_OPTIONS(struct options, pick),
    {0, "format", "FORMAT", ACQ_OPT_TEXT, offsetof(struct options, format), 0, 0,
     "text (the default), csv, json or ndjson"},
    {'n', "limit", "N", ACQ_OPT_INT, offsetof(struct options, limit), 0, 9e15, "end after N rows"},
    {'f', "follow", NULL, ACQ_OPT_FLAG, offsetof(struct options, follow), 0, 0,
     "go on with a recording that is being written, until it is closed"},
};

static const struct acq_command command = {
    .name = "acq cat",
    .usage = "FILE... [OPTION...]",
    .summary = "Print the frames of recordings, one after another: as text, CSV, JSON or NDJSON.",
    .more = "FILE may be - for standard input, a folder, or a pattern as 'recordings/*monza*'.\n"
            "\nExamples:\n"
            "  acq cat hour.pb.gz --from 30:00 --to 30:10\n"
            "  acq cat hour.pb.gz --laps 3-5 -c t_s speed_kmh gear --format csv > laps.csv\n"
            "  acq cat hour.pb.gz --format ndjson -n 1\n"
            "  acq cat -f recordings -c t_s speed_kmh\n"
            "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 done but a recording is damaged or cut.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
    .arguments_min = 1,
    .arguments_max = ACQ_TEXTS_MAX,
};

/* What is printed, and how much of it is. */
struct job {
    const struct options *options;
    struct acq_print *print;
    size_t fields[ACQ_ROW_FIELDS], n;
    uint64_t rows, left; /* printed; still to be */
    bool lossy;
};

/* choose: the columns that were asked for, or what suits the format */
static int choose(struct job *job, enum acq_print_format format, struct acq_err *err)
{
    static const struct acq_texts few = {{"t_s", "seq", "lap", "speed_kmh", "gear", "gas", "brake", "steer", "rpm"}, 9};
    const struct acq_texts *names = &job->options->columns;
    if (!names->n && format == ACQ_PRINT_TEXT) names = &few;
    job->n = names->n ? names->n : ACQ_ROW_FIELDS;
    for (size_t i = 0; i < ACQ_ROW_FIELDS; i++) job->fields[i] = i;
    return acq_pick_columns(names, job->fields, err);
}

static int begin(struct job *job, struct acq_err *err)
{
    struct acq_field all[ACQ_ROW_FIELDS], fields[ACQ_ROW_FIELDS];
    enum acq_print_format format = ACQ_PRINT_TEXT;
    const char *name = job->options->format;
    int r = name ? acq_print_format_find(name, &format, err) : ACQ_OK;
    if (r == ACQ_OK) r = choose(job, format, err);
    if (r < 0) return r;
    acq_rows_fields(all);
    for (size_t i = 0; i < job->n; i++) fields[i] = all[job->fields[i]];
    return acq_print_new(&job->print, stdout, format, fields, job->n, err);
}

/* wait_for_more: what is there is shown meanwhile. Returns 0, ACQ_END after Ctrl+C, or an error. */
static int wait_for_more(struct job *job, struct acq_err *err)
{
    int r = acq_print_flush(job->print, err);
    if (r < 0 || acq_stopped()) return r < 0 ? r : ACQ_END;
    acq_sleep_ms(LOOK_AGAIN_MS);
    return ACQ_OK;
}

static int stopped(const struct job *job, struct acq_err *err)
{
    return job->options->follow ? ACQ_END : acq_fail(err, ACQ_STOPPED, "stopped");
}

/* print_rows: all rows of a recording, up to the limit. Returns ACQ_END or an error. */
static int print_rows(struct job *job, struct acq_scan *scan, struct acq_rows_state *state, struct acq_err *err)
{
    struct acq_chunk *chunk;
    int r = ACQ_OK;
    while (r >= 0 && r != ACQ_END && job->left) {
        r = acq_scan_next(scan, &chunk, state, err);
        if (r == ACQ_OK) {
            if (chunk->rows > job->left) chunk->rows = (size_t)job->left;
            job->left -= chunk->rows;
            job->rows += chunk->rows;
            r = acq_print_rows(job->print, chunk, err);
        } else if (r == ACQ_AGAIN) {
            r = wait_for_more(job, err);
        }
        if (r == ACQ_OK && acq_stopped()) r = stopped(job, err);
    }
    return r < 0 ? r : ACQ_END;
}

/* wait_for_begin: a recording that was just begun is empty for a moment. Returns 0, ACQ_END after Ctrl+C, or an error.
 */
static int wait_for_begin(const char *path, struct acq_err *err)
{
    for (;;) {
        int fd = acq_file_open(path, ACQ_FILE_READ, err);
        if (fd < 0) return fd;
        bool empty = strcmp(path, "-") != 0 && acq_file_size(fd) == 0;
        if (strcmp(path, "-") != 0) acq_file_close(fd);
        if (!empty || acq_stopped()) return empty ? ACQ_END : ACQ_OK;
        acq_sleep_ms(LOOK_AGAIN_MS);
    }
}

/* print_file: one recording, and on stderr what is to be said about it */
static int print_file(struct job *job, const char *path, bool follow, struct acq_err *err)
{
    struct acq_scan_options options = ACQ_SCAN_ALL;
    struct acq_rows_state state = {0};
    struct acq_scan *scan = NULL;
    struct acq_err none = {0};
    uint64_t before = job->rows;
    options.follow = follow;
    int r = follow ? wait_for_begin(path, err) : ACQ_OK;
    if (r == ACQ_OK) r = acq_pick_select(&job->options->pick, path, &options.select, err);
    if (r == ACQ_OK) r = acq_scan_new(&scan, path, &options, err);
    if (r == ACQ_OK) r = acq_scan_start(scan, job->fields, job->n, err);
    if (r == ACQ_OK) r = print_rows(job, scan, &state, err);
    acq_scan_free(scan);
    if (r == ACQ_FORMAT && acq_has_suffix(path, ".parquet"))
        return acq_fail(err, r, "%s is no recording: `acq view` shows Parquet files, `acq sql` asks them", path);
    if (r < 0) return r;
    if (*state.loss) acq_log(ACQ_LOG_WARN, "%s: %s", path, state.loss);
    job->lossy |= *state.loss != 0;
    if (job->rows == before && job->left && !acq_select_all(&options.select)) {
        acq_pick_nothing(path, &none);
        acq_log(ACQ_LOG_WARN, "%s", none.text);
    }
    return ACQ_OK;
}

static int print_files(struct job *job, const struct acq_texts *words, struct acq_err *err)
{
    /* a folder means what is finished; and where it is to be followed, what is being written */
    const char *const suffixes[] = {".pb.gz", job->options->follow ? ".pb.gz" ACQ_PART : NULL, NULL};
    struct acq_paths paths = ACQ_PATHS_NONE;
    int r = ACQ_OK;
    for (size_t i = 0; r == ACQ_OK && i < words->n; i++) r = acq_paths_add(&paths, words->text[i], suffixes, err);
    if (r == ACQ_OK) r = begin(job, err);
    for (size_t i = 0; r == ACQ_OK && job->left && i < paths.n; i++)
        r = print_file(job, paths.path[i], job->options->follow && i + 1 == paths.n, err);
    acq_paths_fini(&paths);
    int ended = acq_print_end(job->print, r < 0 ? NULL : err);
    if (r == ACQ_OK) r = ended;
    return r == ACQ_CLOSED ? ACQ_OK : r;
}

int acq_cmd_cat(int argc, char **argv)
{
    struct options o = {.limit = -1};
    struct acq_texts arguments;
    struct acq_err err = {0};
    struct job job = {.options = &o};
    int r = acq_opt_parse(&command, argc, argv, &o, &arguments, &err);
    if (r == ACQ_END) return ACQ_EXIT_OK;
    acq_on_stop();
    job.left = o.limit < 0 ? UINT64_MAX : (uint64_t)o.limit;
    if (r == ACQ_OK) r = print_files(&job, &arguments, &err);
    if (r < 0) return acq_cmd_fail(&err);
    return job.lossy ? ACQ_EXIT_LOSSY : ACQ_EXIT_OK;
}
