/* cmd_sql.c - `acq sql`: SQL over recordings and Parquet files, by DuckDB. */
#include "app/cmd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/output.h"
#include "base/paths.h"
#include "base/stop.h"
#include "table/copy.h"
#include "table/query.h"
#include "table/script.h"
#include "table/sessions.h"
#include "table/views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_ROWS = 40, SCRIPT_MAX = 4 * 1024 * 1024, LOST_MAX = 1000 };

struct options {
    const char *script, *format, *out;
    int64_t limit;
    bool force;
};

static const struct acq_option table[] = {
    {'f', "file", "FILE.sql", ACQ_OPT_TEXT, offsetof(struct options, script), 0, 0,
     "read the SQL from this file (- for standard input) instead of the first argument"},
    {0, "format", "FORMAT", ACQ_OPT_TEXT, offsetof(struct options, format), 0, 0,
     "table (the default), csv, json, ndjson or parquet"},
    {'o', "out", "FILE", ACQ_OPT_TEXT, offsetof(struct options, out), 0, 0,
     "write the rows to this file; its ending says the format"},
    {'n', "limit", "N", ACQ_OPT_INT, offsetof(struct options, limit), 0, 9e15,
     "print N rows at most, 0: all; default: 40 of a table, else all"},
    {0, "force", NULL, ACQ_OPT_FLAG, offsetof(struct options, force), 0, 0, "overwrite the file where it exists"},
};

static const struct acq_command command = {
    .name = "acq sql",
    .usage = "\"SELECT ...\" [FILE...] [OPTION...]",
    .summary = "Ask recordings and Parquet files in SQL, as DuckDB speaks it.",
    .more =
        "FILE is a recording, a Parquet file, a folder of them, or a pattern as 'recordings/*monza*'. Each is a view\n"
        "named after its file (drive-1.pb.gz: drive_1); `frames` has the rows of all, with the column filename;\n"
        "`sessions` has one row for each session. read_recording('recordings/*.pb.gz') reads others, also only\n"
        "laps := '3-5', \"from\" := '1:00', \"to\" := '2:00', rate := 100. A - stands for NULL.\n"
        "\nExamples:\n"
        "  acq sql \"SELECT track, car, min(best_lap_s) FROM sessions GROUP BY ALL\" recordings\n"
        "  acq sql \"SELECT lap, max(speed_kmh) FROM drive GROUP BY lap ORDER BY lap\" drive.pb.gz\n"
        "  acq sql \"SELECT t_s, speed_kmh FROM frames\" drive.pb.gz -o speed.csv\n"
        "  acq sql \"SHOW TABLES\" recordings\n"
        "  acq sql -f laps.sql drive.pb.gz --format ndjson\n"
        "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 done but a recording is damaged or cut.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
    .arguments_min = 0,
    .arguments_max = ACQ_TEXTS_MAX,
};

/* One call of the command. */
struct job {
    struct options options;
    bool parquet; /* the format; or: */
    enum acq_print_format format;
    struct acq_duck duck;
    struct acq_source source;
    struct acq_output output;
    size_t results;       /* statements that have given rows */
    char *lost[LOST_MAX]; /* the recordings that lost something, each said once */
    size_t lost_count;
};

/* ---- what is wanted ---- */

static int find_format(struct job *job, struct acq_err *err)
{
    static const char *const endings[][2] = {{".csv", "csv"},      {".json", "json"}, {".ndjson", "ndjson"},
                                             {".jsonl", "ndjson"}, {".txt", "table"}, {".parquet", "parquet"}};
    const char *out = job->options.out, *name = job->options.format;
    for (size_t i = 0; out && !name && i < sizeof endings / sizeof *endings; i++)
        if (acq_has_suffix(out, endings[i][0])) name = endings[i][1];
    if (out && !name)
        return acq_fail(err, ACQ_USAGE, "%s should end in .csv, .json, .ndjson, .parquet or .txt, or say --format",
                        out);
    if (!name || !strcmp(name, "table")) name = "text";
    job->parquet = !strcmp(name, "parquet");
    if (job->parquet && !out)
        return acq_fail(err, ACQ_USAGE, "Parquet is written to a file: name it by -o FILE.parquet");
    if (!job->parquet && acq_print_format_find(name, &job->format, NULL) < 0)
        return acq_fail(err, ACQ_USAGE, "there is no format '%s': choose table, csv, json, ndjson or parquet", name);
    return ACQ_OK;
}

/* read_script: all of a file, ended by NUL, into `script` */
static int read_script(const char *path, struct acq_buf *script, struct acq_err *err)
{
    int fd = acq_file_open(path, ACQ_FILE_READ, err), r = ACQ_OK;
    ptrdiff_t got = 1;
    if (fd < 0) return fd;
    while (r == ACQ_OK && got > 0) {
        r = acq_buf_reserve(script, 65536);
        if (r == ACQ_OK) got = acq_file_read(fd, script->bytes + script->len, 65536);
        if (got > 0 && r == ACQ_OK) script->len += (size_t)got;
    }
    acq_file_close(fd);
    if (got < 0) return acq_fail(err, ACQ_IO, "cannot read %s", path);
    if (r == ACQ_OK) r = acq_buf_add(script, "", 1);
    if (r == ACQ_OK && strlen((const char *)script->bytes) + 1 != script->len)
        return acq_fail(err, ACQ_FORMAT, "%s is no text", path);
    return r < 0 ? acq_fail(err, r, "%s is longer than %d MB", path, SCRIPT_MAX / 1024 / 1024) : ACQ_OK;
}

/* take_sql: the SQL, from where the options say; *files is where the files begin in the arguments */
static int take_sql(const struct options *o, const struct acq_texts *arguments, struct acq_buf *script, size_t *files,
                    struct acq_err *err)
{
    const char *first = arguments->n ? arguments->text[0] : NULL;
    *files = o->script ? 0 : 1;
    if (o->script) return read_script(o->script, script, err);
    if (!first) return acq_fail(err, ACQ_USAGE, "the SQL is missing: acq sql \"SELECT ...\" FILE");
    if (!strcmp(first, "-")) return read_script(first, script, err);
    if (acq_path_exists(first))
        return acq_fail(err, ACQ_USAGE, "the SQL comes first: acq sql \"SELECT ...\" %s", first);
    return acq_buf_add(script, first, strlen(first) + 1) < 0 ? acq_fail(err, ACQ_MEMORY, "the SQL is too long")
                                                             : ACQ_OK;
}

static bool is_there(const struct acq_paths *paths, const char *path)
{
    for (size_t i = 0; i < paths->n; i++)
        if (acq_path_same(paths->path[i], path)) return true;
    return false;
}

/* find_files: what the words mean, no file twice */
static int find_files(const struct acq_texts *words, size_t from, struct acq_paths *paths, struct acq_err *err)
{
    static const char *const suffixes[] = {".pb.gz", ".parquet", NULL}, *const none[] = {NULL};
    int r = ACQ_OK;
    for (size_t i = from; i < words->n && r == ACQ_OK; i++) {
        struct acq_paths found = ACQ_PATHS_NONE;
        r = acq_paths_add(&found, words->text[i], suffixes, err);
        for (size_t k = 0; k < found.n && r == ACQ_OK; k++)
            if (!is_there(paths, found.path[k])) r = acq_paths_add(paths, found.path[k], none, err);
        acq_paths_fini(&found);
    }
    return r;
}

/* ---- the statements ---- */

static void say_lost(void *user, const char *path, const char *sentence)
{
    struct job *job = user;
    for (size_t i = 0; i < job->lost_count; i++)
        if (!strcmp(job->lost[i], path)) return;
    if (job->lost_count < LOST_MAX && (job->lost[job->lost_count] = strdup(path))) job->lost_count++;
    acq_log(ACQ_LOG_WARN, "%s: %s", path, sentence);
}

/* print_to: all that the statement gives, to a stream */
static int print_to(const struct job *job, const struct acq_query *q, struct acq_answer *answer, FILE *out,
                    struct acq_err *err)
{
    bool text = job->format == ACQ_PRINT_TEXT;
    int64_t limit = job->options.limit < 0 && text ? TABLE_ROWS : job->options.limit;
    if (text && job->results > 1) fputs("\n", out);
    return acq_query_print(q, answer, job->format, limit > 0 ? (uint64_t)limit : UINT64_MAX, out, err);
}

static int print_to_file(struct job *job, const struct acq_query *q, struct acq_answer *answer, struct acq_err *err)
{
    int fd = acq_file_open(job->output.temporary, ACQ_FILE_UPDATE, err);
    if (fd < 0) return fd;
    FILE *out = acq_file_stream(fd);
    if (!out) {
        acq_file_close(fd);
        return acq_fail(err, ACQ_MEMORY, "no memory to write %s", job->options.out);
    }
    int r = print_to(job, q, answer, out, err);
    if (fclose(out) != 0 && r == ACQ_OK) r = acq_fail(err, ACQ_IO, "cannot write %s", job->options.out);
    return r;
}

/* write_parquet: the rows keep their types, so DuckDB writes them from the statement as it is */
static int write_parquet(struct job *job, const char *sql, size_t n, struct acq_err *err)
{
    struct acq_sql copy;
    acq_sql_init(&copy);
    acq_sql_add(&copy, "COPY (");
    acq_sql_add_bytes(&copy, sql, n);
    acq_sql_add(&copy, "\n) TO ");
    acq_sql_quote(&copy, '\'', job->output.temporary);
    acq_sql_add(&copy, " (FORMAT parquet, USE_TMP_FILE false, " ACQ_COPY_PARQUET_OPTIONS ")");
    const char *text = acq_sql_end(&copy, err);
    int r = text ? acq_duck_run(&job->duck, text, NULL, NULL, err) : ACQ_MEMORY;
    acq_sql_fini(&copy);
    return r;
}

/* begin_result: the file is begun with the first result and gets its name when all statements are done */
static int begin_result(struct job *job, struct acq_err *err)
{
    if (++job->results == 1 && job->options.out)
        return acq_output_begin(&job->output, job->options.out, job->options.force, err);
    if (!job->options.out) return ACQ_OK;
    return acq_fail(err, ACQ_USAGE, "more than one statement gives rows: with -o only one may");
}

static int run_statement(struct job *job, const char *sql, size_t n, size_t lines, struct acq_err *err)
{
    struct acq_query q;
    struct acq_answer answer = {0};
    bool json = job->format == ACQ_PRINT_JSON || job->format == ACQ_PRINT_NDJSON;
    int r = acq_query_init(&q, &job->duck, sql, n, lines, json, err);
    if (r < 0) return r;
    bool copy = job->parquet && q.type == DUCKDB_STATEMENT_TYPE_SELECT;
    if (!copy) r = acq_query_run(&q, &job->duck, &answer, err);
    if (r == ACQ_OK) r = begin_result(job, err);
    if (r == ACQ_OK && copy)
        r = write_parquet(job, sql, n, err);
    else if (r == ACQ_OK && job->parquet)
        r = acq_fail(err, ACQ_USAGE, "only a SELECT is written as Parquet");
    else if (r == ACQ_OK)
        r = job->options.out ? print_to_file(job, &q, &answer, err) : print_to(job, &q, &answer, stdout, err);
    acq_answer_end(&answer);
    acq_query_fini(&q);
    return r < 0 ? r : ACQ_OK;
}

static int run_statements(struct job *job, const char *at, struct acq_err *err)
{
    const char *sql, *begin = at;
    size_t n, lines = 0;
    int r = ACQ_OK;
    while (r == ACQ_OK && acq_script_next(&at, &sql, &n)) {
        for (; begin < sql; begin++) lines += *begin == '\n';
        r = run_statement(job, sql, n, lines, err);
    }
    return r;
}

/* run_script: all statements, up to one that fails. What a recording's reader says of it is better than what DuckDB
 * makes of that. */
static int run_script(struct job *job, const char *script, struct acq_err *err)
{
    int r = run_statements(job, script, err);
    if (r < 0 && r != ACQ_STOPPED && r != ACQ_CLOSED && job->source.err.code) {
        *err = job->source.err;
        r = err->code;
    }
    if (*job->output.temporary) r = acq_output_end(&job->output, r, err);
    if (r == ACQ_OK && job->options.out && !job->results)
        r = acq_fail(err, ACQ_USAGE, "no statement gives rows: there is nothing to write to %s", job->options.out);
    return r == ACQ_CLOSED ? ACQ_OK : r; /* the reader of the pipe has seen enough */
}

static int run_job(struct job *job, const char *script, const struct acq_paths *paths, struct acq_err *err)
{
    job->source.lost = say_lost;
    job->source.user = job;
    if (job->options.out && !job->options.force && acq_path_exists(job->options.out)) /* said before any work */
        return acq_fail(err, ACQ_EXISTS, "%s exists already: choose another name, or overwrite it with --force",
                        job->options.out);
    int r = acq_duck_open(&job->duck, err);
    if (r == ACQ_OK) r = acq_source_add(&job->source, &job->duck, err);
    if (r == ACQ_OK) r = acq_sessions_add(&job->source, &job->duck, err);
    if (r == ACQ_OK) r = acq_views_add(&job->duck, paths, err);
    if (r == ACQ_OK) r = run_script(job, script, err);
    acq_duck_close(&job->duck);
    acq_source_fini(&job->source);
    return r;
}

static int run(struct job *job, int argc, char **argv, struct acq_err *err)
{
    struct acq_texts arguments;
    struct acq_paths paths = ACQ_PATHS_NONE;
    struct acq_buf script;
    size_t files;
    int r = acq_opt_parse(&command, argc, argv, &job->options, &arguments, err);
    if (r) return r;
    acq_on_stop();
    acq_buf_init(&script, SCRIPT_MAX);
    r = find_format(job, err);
    if (r == ACQ_OK) r = take_sql(&job->options, &arguments, &script, &files, err);
    if (r == ACQ_OK) r = find_files(&arguments, files, &paths, err);
    if (r == ACQ_OK) r = run_job(job, (const char *)script.bytes, &paths, err);
    acq_paths_fini(&paths);
    acq_buf_fini(&script);
    return r;
}

int acq_cmd_sql(int argc, char **argv)
{
    struct acq_err err = {0};
    struct job *job = calloc(1, sizeof *job);
    if (!job) return ACQ_EXIT_FAILED;
    job->options.limit = -1;
    int r = run(job, argc, argv, &err);
    bool lossy = job->lost_count > 0;
    for (size_t i = 0; i < job->lost_count; i++) free(job->lost[i]);
    free(job);
    if (r < 0) return acq_cmd_fail(&err);
    return lossy ? ACQ_EXIT_LOSSY : ACQ_EXIT_OK;
}
