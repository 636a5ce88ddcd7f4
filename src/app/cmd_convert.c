/* cmd_convert.c - `acq convert`: recordings into Parquet or CSV files: one, many into a folder, or many into one. */
#include "app/cmd.h"
#include "app/pick.h"
#include "base/file.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/paths.h"
#include "base/stop.h"
#include "table/copy.h"
#include "table/resample.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
    struct acq_texts columns;
    struct acq_pick pick;
    double rate_hz;
    bool merge, csv, compat, original, force;
};

static const struct acq_option table[] = {
    {'c', "columns", "NAME...", ACQ_OPT_LIST, offsetof(struct options, columns), 0, 0,
     "only these columns, in this order; t_s, seconds from the first frame, can be one"},
    ACQ_PICK_OPTIONS(struct options, pick),
    {0, "rate", "HZ", ACQ_OPT_NUMBER, offsetof(struct options, rate_hz), ACQ_RESAMPLE_HZ_MIN, ACQ_RESAMPLE_HZ_MAX,
     "rows at this rate: on the line between two frames; gear, lap, flags and the like as in the frame before"},
    {0, "merge", NULL, ACQ_OPT_FLAG, offsetof(struct options, merge), 0, 0,
     "all recordings into one file, in the order of session start and seq; the column session tells them apart"},
    {0, "csv", NULL, ACQ_OPT_FLAG, offsetof(struct options, csv), 0, 0,
     "CSV instead of Parquet, where OUT is a folder; otherwise OUT's name says it"},
    {0, "compat", NULL, ACQ_OPT_FLAG, offsetof(struct options, compat), 0, 0,
     "Parquet for old readers: encodings of version 1, snappy; nearly twice as large"},
    {0, "original", NULL, ACQ_OPT_FLAG, offsetof(struct options, original), 0, 0,
     "put back what the original project misread; what it did not record is NULL"},
    {'f', "force", NULL, ACQ_OPT_FLAG, offsetof(struct options, force), 0, 0, "overwrite files that exist"},
};

static const struct acq_command command = {
    .name = "acq convert",
    .usage = "IN... OUT [OPTION...]",
    .summary = "Turn recordings into Parquet or CSV: one row for each frame, one column for each channel.",
    .more =
        "IN is a recording, a folder of recordings, a pattern, or - for standard input. OUT is a file that ends in\n"
        ".parquet or .csv; or a folder, in which each recording becomes a file of its own name. What a frame does\n"
        "not have is NULL. One recording that fails does not stop the others.\n"
        "\nExamples:\n"
        "  acq convert telemetry_record.pb.gz lap.parquet\n"
        "  acq convert telemetry_record.pb.gz lap.csv -c t_s,speed_kmh,gear --laps 2-3\n"
        "  acq convert telemetry_record.pb.gz slow.parquet --rate 50 --from 0:05 --to 1:00\n"
        "  acq convert recordings/ tables/\n"
        "  acq convert recordings/ all.parquet --merge\n"
        "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 done but a recording is damaged or cut, or could not be\n"
        "converted.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
    .arguments_min = 2,
    .arguments_max = ACQ_TEXTS_MAX,
};

/* What is to be done. */
struct job {
    struct options options;
    struct acq_copy copy; /* what all files have in common */
    size_t fields[ACQ_ROW_FIELDS];
    struct acq_paths in;
    char (*out)[ACQ_PATH_MAX]; /* one for each recording, or one */
    bool one;                  /* one output file */
    size_t done, lossy, failed;
};

/* ---- what is asked for ---- */

static int choose_columns(struct job *job, struct acq_err *err)
{
    const struct acq_texts *names = &job->options.columns;
    job->copy.fields = job->fields;
    job->copy.field_count = names->n ? names->n : acq_copy_fields(job->fields);
    return names->n ? acq_pick_columns(names, job->fields, err) : ACQ_OK;
}

/* check_time: is it a time? A date is read for each recording, as it is another time since the start of each. */
static int check_time(const char *text, struct acq_err *err)
{
    int64_t ns;
    return !text || strchr(text, '-') ? ACQ_OK : acq_select_time(text, &ns, err);
}

static int choose_rows(struct job *job, struct acq_err *err)
{
    const struct acq_pick *pick = &job->options.pick;
    struct acq_copy *c = &job->copy;
    struct acq_select select = ACQ_SELECT_ALL;
    c->options = (struct acq_scan_options)ACQ_SCAN_ALL;
    c->options.restore = job->options.original;
    c->options.rate_hz = job->options.rate_hz;
    c->laps = pick->laps;
    c->from = pick->from;
    c->to = pick->to;
    int r = check_time(pick->from, err);
    if (r == ACQ_OK) r = check_time(pick->to, err);
    if (r == ACQ_OK && pick->laps) r = acq_select_laps(&select, pick->laps, err);
    return r;
}

/* choose_format: the name of a file says what it is; a folder's does not, so there --csv says it */
static int choose_format(struct job *job, const char *out, struct acq_err *err)
{
    const struct options *o = &job->options;
    bool csv = job->one ? acq_has_suffix(out, ".csv") : o->csv;
    if (job->one && o->csv && !csv)
        return acq_fail(err, ACQ_USAGE, "%s is not the name of a CSV file: let it end in .csv, or leave out --csv",
                        out);
    if (csv && o->compat) return acq_fail(err, ACQ_USAGE, "--compat is about Parquet: leave it out for CSV");
    job->copy.format = csv ? ACQ_COPY_CSV : o->compat ? ACQ_COPY_COMPAT : ACQ_COPY_PARQUET;
    return ACQ_OK;
}

/* fail_one: says that one recording of several is left out */
static void fail_one(struct job *job, const struct acq_err *err)
{
    acq_log(ACQ_LOG_ERROR, "%s", err->text);
    job->failed++;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* drop_twice: of a path that several words mean, one stays */
static int drop_twice(struct acq_paths *in, struct acq_err *err)
{
    size_t n = 0, kept = 0;
    char **sorted = calloc(in->n ? in->n : 1, sizeof *sorted);
    if (!sorted) return acq_fail(err, ACQ_MEMORY, "no memory for so many recordings");
    if (in->n) memcpy(sorted, in->path, in->n * sizeof *sorted);
    qsort(sorted, in->n, sizeof *sorted, by_text);
    for (size_t i = 1; i < in->n; i++)
        if (strcmp(sorted[kept], sorted[i]) != 0)
            kept = i;
        else
            *sorted[i] = 0; /* the mark of those that go */
    for (size_t i = 0; i < in->n; i++)
        if (*in->path[i])
            in->path[n++] = in->path[i];
        else
            free(in->path[i]);
    in->n = n;
    free(sorted);
    return ACQ_OK;
}

/* find_recordings: a word that means none is an error if it is the only one */
static int find_recordings(struct job *job, const struct acq_texts *words, struct acq_err *err)
{
    static const char *const suffixes[] = {".pb.gz", NULL};
    for (size_t i = 0; i + 1 < words->n; i++) {
        int r = acq_paths_add(&job->in, words->text[i], suffixes, err);
        if (r < 0 && (r != ACQ_MISSING || words->n == 2)) return r;
        if (r < 0) fail_one(job, err);
    }
    if (drop_twice(&job->in, err) < 0) return ACQ_MEMORY;
    if (!job->in.n) return acq_fail(err, ACQ_MISSING, "there is no recording to convert");
    for (size_t i = 0; i < job->in.n && job->in.n > 1; i++)
        if (!strcmp(job->in.path[i], "-"))
            return acq_fail(err, ACQ_USAGE, "standard input can only be converted alone, into one file");
    return ACQ_OK;
}

/* ---- where it goes ---- */

/* name_in_folder: folder/x.parquet for x.pb.gz */
static int name_in_folder(const struct job *job, const char *folder, const char *in, char out[ACQ_PATH_MAX],
                          struct acq_err *err)
{
    static const char *const endings[] = {".pb.gz", ".pb.gz.part", ".gz", ".parquet", ".csv"};
    char name[ACQ_PATH_MAX];
    const char *base = acq_path_base(in);
    size_t n = strlen(base), i = 0;
    while (i < sizeof endings / sizeof *endings && !acq_has_suffix(base, endings[i])) i++;
    if (i < sizeof endings / sizeof *endings) n -= strlen(endings[i]);
    int len =
        snprintf(name, sizeof name, "%.*s%s", (int)n, base, job->copy.format == ACQ_COPY_CSV ? ".csv" : ".parquet");
    if (len > 0 && (size_t)len < sizeof name && acq_path_join(out, ACQ_PATH_MAX, folder, name) == ACQ_OK) return ACQ_OK;
    return acq_fail(err, ACQ_RANGE, "the path of %.60s... in %.60s is too long", base, folder);
}

/* An output and its recording, to find those that are alike. */
struct pair {
    const char *out, *in;
};

static int by_out(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return strcmp(x->out, y->out);
}

static int check_names(const struct job *job, struct acq_err *err)
{
    struct pair *pairs = calloc(job->in.n, sizeof *pairs);
    int r = pairs ? ACQ_OK : acq_fail(err, ACQ_MEMORY, "no memory for so many recordings");
    for (size_t i = 0; pairs && i < job->in.n; i++) pairs[i] = (struct pair){job->out[i], job->in.path[i]};
    if (pairs) qsort(pairs, job->in.n, sizeof *pairs, by_out);
    for (size_t i = 1; pairs && i < job->in.n && r == ACQ_OK; i++)
        if (!strcmp(pairs[i - 1].out, pairs[i].out))
            r = acq_fail(err, ACQ_USAGE, "%s and %s would both become %s: convert them into different folders",
                         pairs[i - 1].in, pairs[i].in, pairs[i].out);
    free(pairs);
    return r;
}

/* check_inputs: no output may be one of the recordings; without --force nothing that exists is touched anyway */
static int check_inputs(const struct job *job, struct acq_err *err)
{
    size_t outs = job->one ? 1 : job->in.n;
    for (size_t i = 0; i < outs && job->options.force; i++)
        for (size_t k = 0; k < job->in.n && acq_path_exists(job->out[i]); k++)
            if (acq_path_same(job->out[i], job->in.path[k]))
                return acq_fail(err, ACQ_USAGE, "%s is one of the recordings themselves: choose another name for OUT",
                                job->out[i]);
    return ACQ_OK;
}

static int choose_outputs(struct job *job, const char *out, struct acq_err *err)
{
    int r = ACQ_OK;
    job->out = calloc(job->in.n, sizeof *job->out);
    if (!job->out) return acq_fail(err, ACQ_MEMORY, "no memory for so many recordings");
    if (job->one && (size_t)snprintf(*job->out, sizeof *job->out, "%s", out) >= sizeof *job->out)
        return acq_fail(err, ACQ_RANGE, "the path %.60s... is too long", out);
    for (size_t i = 0; i < job->in.n && !job->one && r == ACQ_OK; i++)
        r = name_in_folder(job, out, job->in.path[i], job->out[i], err);
    if (r == ACQ_OK && !job->one) r = check_names(job, err);
    if (r == ACQ_OK) r = check_inputs(job, err);
    if (r == ACQ_OK && !job->one) r = acq_path_mkdirs(out, err);
    return r;
}

/* is_file: is OUT a file, by its name? */
static bool is_file(const char *out)
{
    return (acq_has_suffix(out, ".parquet") || acq_has_suffix(out, ".csv")) && !acq_path_is_dir(out);
}

static int check_arguments(struct job *job, const struct acq_texts *words, struct acq_err *err)
{
    const char *out = words->text[words->n - 1];
    bool several = words->n > 2 || acq_path_is_dir(words->text[0]) || job->in.n > 1;
    size_t n = strlen(out);
    bool folder = acq_path_is_dir(out) || (n && out[n - 1] == '/');
    job->one = is_file(out);
    if (job->one && job->in.n > 1 && !job->options.merge)
        return acq_fail(err, ACQ_USAGE, "these are %zu recordings: name a folder for OUT, or join them with --merge",
                        job->in.n);
    if (!job->one && job->options.merge)
        return acq_fail(err, ACQ_USAGE, "--merge makes one file: %s should end in .parquet or .csv", out);
    if (!job->one && !several && !folder)
        return acq_fail(err, ACQ_USAGE, "%s should end in .parquet or .csv, or be a folder", out);
    if (!job->one && !strcmp(job->in.path[0], "-"))
        return acq_fail(err, ACQ_USAGE, "standard input has no name for a file in %s: name one", out);
    return ACQ_OK;
}

/* ---- doing it ---- */

static void warn_misread(const struct acq_part *part, bool restored)
{
    if (part->original && !restored)
        acq_log(ACQ_LOG_WARN,
                "%s is of the original project, which misread the game: ax_g is a velocity, lap the kind of session, "
                "and so on; --original puts back what can be put back",
                part->path);
}

static void warn_lost(void *user, const char *path, const char *sentence)
{
    struct job *job = user;
    job->lossy++;
    if (job->in.n > 1)
        acq_log(ACQ_LOG_WARN, "%s: %s", path, sentence);
    else
        acq_log(ACQ_LOG_WARN, "%s", sentence);
}

/* open_part: opens recording i with its own part of what is wanted */
static int open_part(const struct job *job, size_t i, struct acq_part *part, struct acq_scan_options *options,
                     struct acq_scan **scan, struct acq_err *err)
{
    *options = job->copy.options;
    int r = acq_pick_select(&job->options.pick, job->in.path[i], &options->select, err);
    return r ? r : acq_part_open(part, job->in.path[i], options, scan, err);
}

/* write_file: the recordings of one output file */
static int write_file(struct job *job, struct acq_copy *copy, struct acq_err *err)
{
    struct acq_copied copied;
    copy->force = job->options.force;
    copy->lost = warn_lost;
    copy->user = job;
    int r = acq_copy_recordings(copy, &copied, err);
    if (r == ACQ_END && copy->n == 1) return acq_pick_nothing(copy->parts->path, err);
    if (r == ACQ_END) return acq_fail(err, ACQ_MISSING, "no frame of these recordings is in what was asked for");
    if (r < 0) return r;
    for (size_t i = 0; i < copy->n; i++) warn_misread(&copy->parts[i], copy->options.restore);
    printf("Wrote %s with %" PRIu64 " rows\n", copy->out, copied.rows);
    fflush(stdout);
    job->done += copy->n;
    return ACQ_OK;
}

static int convert_one(struct job *job, size_t i, struct acq_err *err)
{
    struct acq_part part;
    struct acq_copy copy = job->copy;
    char name[160];
    const char *base = acq_path_base(job->in.path[i]);
    if (job->in.n > 1)
        snprintf(name, sizeof name, "%zu of %zu, %.100s", i + 1, job->in.n, base);
    else
        snprintf(name, sizeof name, "%.140s", base);
    copy.parts = &part;
    copy.n = 1;
    copy.out = job->out[i];
    copy.name = name;
    int r = open_part(job, i, &part, &copy.options, &copy.scan, err);
    return r ? r : write_file(job, &copy, err);
}

static int convert_each(struct job *job, struct acq_err *err)
{
    for (size_t i = 0; i < job->in.n; i++) {
        int r = acq_stopped() ? ACQ_STOPPED : convert_one(job, i, err);
        if (r == ACQ_STOPPED)
            return acq_fail(err, ACQ_STOPPED, "stopped before it was done: %zu of %zu files are written", job->done,
                            job->in.n);
        if (r < 0) fail_one(job, err);
    }
    return ACQ_OK;
}

/* open_parts: opens all recordings to see what they are; those that fail are left out */
static int open_parts(struct job *job, struct acq_copy *copy, struct acq_err *err)
{
    struct acq_scan_options options;
    struct acq_scan *scan;
    for (size_t i = 0; i < job->in.n; i++) {
        acq_status("looking at %zu of %zu, %s", i + 1, job->in.n, acq_path_base(job->in.path[i]));
        if (acq_stopped()) return acq_fail(err, ACQ_STOPPED, "stopped before it was done");
        if (open_part(job, i, &copy->parts[copy->n], &options, &scan, err) < 0) {
            fail_one(job, err);
            continue;
        }
        acq_scan_free(scan);
        bool other = options.select.from_ns != copy->options.select.from_ns ||
                     options.select.to_ns != copy->options.select.to_ns;
        if (copy->n++ && other)
            return acq_fail(err, ACQ_USAGE, "with --merge, give times since the start of each recording, not dates");
        copy->options = options;
    }
    acq_status("%s", "");
    return ACQ_OK;
}

static int merge(struct job *job, struct acq_err *err)
{
    struct acq_copy copy = job->copy;
    copy.parts = calloc(job->in.n, sizeof *copy.parts);
    if (!copy.parts) return acq_fail(err, ACQ_MEMORY, "no memory for so many recordings");
    copy.out = *job->out;
    copy.name = acq_path_base(copy.out);
    int r = open_parts(job, &copy, err);
    if (r == ACQ_OK) r = acq_parts_sort(copy.parts, copy.n, err);
    if (r == ACQ_OK && copy.n) r = write_file(job, &copy, err);
    free(copy.parts);
    return r;
}

static int convert(struct job *job, int argc, char **argv, struct acq_err *err)
{
    struct acq_texts words;
    int r = acq_opt_parse(&command, argc, argv, &job->options, &words, err);
    if (r) return r;
    const char *out = words.text[words.n - 1];
    acq_on_stop();
    r = choose_columns(job, err);
    if (r == ACQ_OK) r = choose_rows(job, err);
    if (r == ACQ_OK) r = find_recordings(job, &words, err);
    if (r == ACQ_OK) r = check_arguments(job, &words, err);
    if (r == ACQ_OK) r = choose_format(job, out, err);
    if (r == ACQ_OK) r = choose_outputs(job, out, err);
    if (r < 0) return r;
    if (job->in.n == 1 && job->one) return convert_one(job, 0, err);
    return job->one ? merge(job, err) : convert_each(job, err);
}

int acq_cmd_convert(int argc, char **argv)
{
    struct acq_err err = {0};
    struct job *job = calloc(1, sizeof *job);
    if (!job) {
        acq_fail(&err, ACQ_MEMORY, "no memory to convert anything");
        return acq_cmd_fail(&err);
    }
    int r = convert(job, argc, argv, &err), code = ACQ_EXIT_OK;
    if (r < 0)
        code = acq_cmd_fail(&err);
    else if (r == ACQ_OK && !job->done)
        code = ACQ_EXIT_FAILED;
    else if (job->failed || job->lossy)
        code = ACQ_EXIT_LOSSY;
    acq_paths_fini(&job->in);
    free(job->out);
    free(job);
    return code;
}
