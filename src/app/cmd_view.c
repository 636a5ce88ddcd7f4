/* cmd_view.c - `acq view`: the first rows and statistics of a recording or a Parquet file; CSV. */
#include "app/cmd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/stop.h"
#include "base/terminal.h"
#include "table/copy.h"
#include "table/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct options {
    int64_t limit;
    struct acq_texts columns;
    const char *csv;
    bool no_stats, force;
};

static const struct acq_option table[] = {
    {'n', "limit", "N", ACQ_OPT_INT, offsetof(struct options, limit), 0, ACQ_SHOW_ROWS_MAX,
     "show the first N rows; default 50"},
    {'c', "columns", "NAME...", ACQ_OPT_LIST, offsetof(struct options, columns), 0, 0,
     "only these columns, also in the statistics and the CSV"},
    {0, "to-csv", "OUT.csv", ACQ_OPT_TEXT, offsetof(struct options, csv), 0, 0, "write all rows as CSV"},
    {0, "no-stats", NULL, ACQ_OPT_FLAG, offsetof(struct options, no_stats), 0, 0, "leave out the statistics"},
    {'f', "force", NULL, ACQ_OPT_FLAG, offsetof(struct options, force), 0, 0, "overwrite OUT.csv where it exists"},
};

static const struct acq_command command = {
    .name = "acq view",
    .usage = "FILE [OPTION...]",
    .summary = "Show the first rows and the statistics of a recording or of any Parquet file; write CSV.",
    .more = "A - stands for NULL: a value that a frame does not have. t_s is seconds from the first row.\n"
            "\nExamples:\n"
            "  acq view lap.parquet\n"
            "  acq view lap.parquet -n 5 -c t_s speed_kmh,gear --no-stats\n"
            "  acq view telemetry_record.pb.gz -n 0 --to-csv lap.csv\n"
            "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 done but the recording is damaged or cut.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
    .arguments_min = 1,
    .arguments_max = 1,
};

/* choose: the indexes of the columns that were asked for, or of all */
static int choose(const struct acq_table *t, const struct acq_texts *names, size_t **fields, size_t *n,
                  struct acq_err *err)
{
    acq_table_fields(t, n);
    if (names->n) *n = names->n;
    *fields = calloc(*n ? *n : 1, sizeof **fields);
    if (!*fields) return acq_fail(err, ACQ_MEMORY, "no memory for so many columns");
    for (size_t i = 0; i < *n; i++) {
        (*fields)[i] = i;
        int r = names->n ? acq_table_find(t, names->text[i], &(*fields)[i], err) : ACQ_OK;
        if (r < 0) return r;
    }
    return ACQ_OK;
}

static int view(struct acq_table *t, const struct options *o, struct acq_copied *copied, struct acq_err *err)
{
    size_t *fields = NULL, n;
    int r = choose(t, &o->columns, &fields, &n, err);
    if (r == ACQ_OK && o->csv && !o->force && acq_path_exists(o->csv)) /* said before all rows are read, not behind */
        r = acq_fail(err, ACQ_EXISTS, "%s exists already: choose another name, or overwrite it with --force", o->csv);
    if (r == ACQ_OK) {
        struct acq_show show = {.fields = fields,
                                .n = n,
                                .all = o->columns.n > 0,
                                .rows = o->limit,
                                .stats = !o->no_stats,
                                .width = acq_terminal_width(1),
                                .dim = acq_terminal_colours(1)};
        r = acq_show(t, &show, stdout, err);
    }
    snprintf(copied->loss, sizeof copied->loss, "%s", acq_table_loss(t));
    if (r == ACQ_OK && o->csv) r = acq_copy_csv(t, fields, n, o->csv, o->force, copied, err);
    if (r == ACQ_OK && o->csv) printf("Wrote %s with %" PRIu64 " rows\n", o->csv, copied->rows);
    free(fields);
    return r;
}

static int run(int argc, char **argv, struct acq_copied *copied, struct acq_err *err)
{
    struct options o = {.limit = 50};
    struct acq_texts arguments;
    struct acq_table *t;
    int r = acq_opt_parse(&command, argc, argv, &o, &arguments, err);
    if (r) return r;
    acq_on_stop();
    r = acq_table_open(&t, arguments.text[0], err);
    if (r < 0) return r;
    r = view(t, &o, copied, err);
    acq_table_close(t);
    return r;
}

int acq_cmd_view(int argc, char **argv)
{
    struct acq_err err = {0};
    struct acq_copied copied = {0};
    int r = run(argc, argv, &copied, &err);
    if (r < 0) return acq_cmd_fail(&err);
    if (!*copied.loss) return ACQ_EXIT_OK;
    acq_log(ACQ_LOG_WARN, "%s", copied.loss);
    return ACQ_EXIT_LOSSY;
}
