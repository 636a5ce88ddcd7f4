/* cmd_info.c - `acq info`: what recordings hold and what they lack: a page for one, a table for several, JSON. */
#include "app/cmd.h"
#include "app/info_show.h"
#include "base/file.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/os.h"
#include "base/paths.h"
#include "base/stop.h"
#include "base/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
    bool json, follow;
};

static const struct acq_option table[] = {
    {0, "json", NULL, ACQ_OPT_FLAG, offsetof(struct options, json), 0, 0, "one JSON object per file, each on a line"},
    {'f', "follow", NULL, ACQ_OPT_FLAG, offsetof(struct options, follow), 0, 0,
     "show a recording while it is written, until it is closed or Ctrl+C"},
};

static const struct acq_command command = {
    .name = "acq info",
    .usage = "FILE... [OPTION...]",
    .summary =
        "Show what recordings hold and what they lack: session, car, track, driver, laps, rates, what was missed.",
    .more =
        "FILE may be a folder (all recordings in it), a pattern, or - for standard input. One recording gets a page,\n"
        "several a table. Of our own recordings only the members' headers are read, so a long one takes no longer\n"
        "than a short one; `acq doctor` also checks what stands between them.\n"
        "In JSON, names say their unit; null is what the recording does not say.\n"
        "\nExamples:\n"
        "  acq info hour.pb.gz\n"
        "  acq info recordings\n"
        "  acq info recordings --json\n"
        "  acq info -f telemetry_record.pb.gz\n"
        "\nExit codes: 0 done, 1 a file could not be read, 2 wrong usage, 3 done but something is missing or damaged.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
    .arguments_min = 1,
    .arguments_max = ACQ_TEXTS_MAX,
};

static const char *const suffixes[] = {".pb.gz", NULL};

/* What is shown, and how it went. */
struct show {
    const struct options *o;
    bool page; /* the only file: a page, not a row */
    struct acq_info info;
    struct acq_info_sum sum;
    struct acq_info_row *rows;
    size_t n;
    bool failed, lossy;
};

/* show_file: one file more. One that cannot be read is said, and the others still come. */
static void show_file(struct show *s, const char *path)
{
    struct acq_err err;
    if (acq_info_read(&s->info, path, &err) < 0) {
        s->failed = true;
        acq_log(ACQ_LOG_ERROR, "%s", err.text);
        if (s->o->json) acq_info_show_json(stdout, path, &s->info, err.text);
        return;
    }
    s->lossy = s->lossy || *s->info.loss.text;
    if (s->o->json)
        acq_info_show_json(stdout, path, &s->info, NULL);
    else if (s->page)
        acq_info_show_page(stdout, path, &s->info);
    else
        acq_info_row(&s->rows[s->n++], &s->sum, path, &s->info);
}

/* follow shows one recording again and again. Each look may take a twentieth of the time at most. */
static void follow(struct show *s, const char *path)
{
    bool terminal = acq_is_terminal(1), again = s->o->json || terminal;
    for (bool first = true;; first = false) {
        int64_t begin = acq_now_ns();
        if (terminal && !s->o->json) fputs(first ? "\033[2J\033[H" : "\033[H\033[J", stdout);
        s->lossy = false;
        if (again) show_file(s, path);
        fflush(stdout);
        if (!again && acq_info_read(&s->info, path, NULL) < 0) break; /* shown below, which also says the error */
        if (s->failed || s->info.loss.closed || s->info.loss.foreign) break;
        int64_t wait = 20 * (acq_now_ns() - begin), end = acq_now_ns() + (wait > 1000000000 ? wait : 1000000000);
        while (!acq_stopped() && acq_now_ns() < end) acq_sleep_ms(20);
        if (acq_stopped()) break;
    }
    if (!again) show_file(s, path);
}

static int show_all(struct show *s, const struct acq_paths *paths, struct acq_err *err)
{
    if (s->o->follow && (paths->n != 1 || !strcmp(paths->path[0], "-")))
        return acq_fail(err, ACQ_USAGE, "--follow shows one recording, in a file: name that one alone");
    s->page = paths->n == 1;
    s->rows = calloc(paths->n ? paths->n : 1, sizeof *s->rows);
    if (!s->rows) return acq_fail(err, ACQ_MEMORY, "no memory for so many files");
    if (s->o->follow) {
        follow(s, paths->path[0]);
        return ACQ_OK;
    }
    for (size_t i = 0; i < paths->n && !acq_stopped(); i++) show_file(s, paths->path[i]);
    if (s->n) acq_info_show_table(stdout, s->rows, s->n, &s->sum);
    return acq_stopped() ? acq_fail(err, ACQ_STOPPED, "stopped: not all files were read") : ACQ_OK;
}

static int run(int argc, char **argv, struct show *s, struct acq_err *err)
{
    struct options o = {0};
    struct acq_texts arguments;
    struct acq_paths paths = ACQ_PATHS_NONE;
    int r = acq_opt_parse(&command, argc, argv, &o, &arguments, err);
    if (r) return r;
    acq_on_stop();
    s->o = &o;
    for (size_t i = 0; r == ACQ_OK && i < arguments.n; i++) r = acq_paths_add(&paths, arguments.text[i], suffixes, err);
    if (r == ACQ_OK) r = show_all(s, &paths, err);
    acq_paths_fini(&paths);
    return r;
}

int acq_cmd_info(int argc, char **argv)
{
    static struct show s;
    struct acq_err err = {0};
    int r = run(argc, argv, &s, &err);
    free(s.rows);
    if (r < 0) return acq_cmd_fail(&err);
    if (s.failed) return ACQ_EXIT_FAILED;
    return s.lossy ? ACQ_EXIT_LOSSY : ACQ_EXIT_OK;
}
