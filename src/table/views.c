#include "table/views.h"

#include "base/file.h"
#include "table/parquet.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_LEN = 64 };

struct view {
    char name[NAME_MAX_LEN + 16];
    bool parquet;
    bool frames, session; /* Parquet: it has t_ns, and session */
};

/* What is made while the views are. */
struct views {
    struct acq_duck *duck;
    const struct acq_paths *paths;
    struct view *view; /* [path] */
    size_t recordings;
    struct acq_sql frames, sessions; /* what the two views select */
};

static bool taken(const struct views *v, size_t n, const char *name)
{
    if (!strcmp(name, "frames") || !strcmp(name, "sessions")) return true;
    for (size_t i = 0; i < n; i++)
        if (!strcmp(v->view[i].name, name)) return true;
    return false;
}

/* make_name: what view i is called: its file's name in small letters, up to its endings, and a number where another has
 * that name. What is no ASCII letter or digit becomes _, so that no quotes are needed. */
static void make_name(struct views *v, size_t i)
{
    char stem[NAME_MAX_LEN], *name = v->view[i].name;
    const char *base = acq_path_base(v->paths->path[i]);
    size_t n = 0;
    if (!strcmp(base, "-")) base = "stdin";
    if (isdigit((unsigned char)*base)) stem[n++] = '_';
    for (; *base && n < sizeof stem - 1; base++) {
        if (!strcmp(base, ".pb.gz") || !strcmp(base, ".pb.gz.part") || !strcmp(base, ".parquet")) break;
        if ((*base & 0xc0) == 0x80) continue; /* one _ for one character */
        stem[n++] = isalnum((unsigned char)*base) ? (char)tolower((unsigned char)*base) : '_';
    }
    stem[n] = 0;
    snprintf(name, sizeof v->view[i].name, "%s", *stem ? stem : "_");
    for (size_t k = 2; taken(v, i, name); k++) snprintf(name, sizeof v->view[i].name, "%s_%zu", stem, k);
}

static int run(struct views *v, struct acq_sql *sql, struct acq_err *err)
{
    const char *text = acq_sql_end(sql, err);
    return text ? acq_duck_run(v->duck, text, NULL, NULL, err) : ACQ_MEMORY;
}

static void add_recording(struct acq_sql *sql, const char *path)
{
    acq_sql_add(sql, "SELECT * FROM read_recording(");
    acq_sql_quote(sql, '\'', path);
    acq_sql_add(sql, ")");
}

/* The columns of a Parquet file that views look for. */
enum { T_NS, T_S, FILENAME, SESSION, GAME, CAR, TRACK, LAYOUT, NAME, SURNAME, UTC, LAP, BEST, COLUMNS };
static const char *const column_names[COLUMNS] = {"t_ns",        "t_s",
                                                  "filename",    "session",
                                                  "game",        "car_model",
                                                  "track",       "track_configuration",
                                                  "player_name", "player_surname",
                                                  "utc_ns",      "lap",
                                                  "best_time_ms"};

/* look_into: which of the columns does it have? */
static int look_into(struct views *v, const char *path, bool has[COLUMNS], struct acq_err *err)
{
    duckdb_prepared_statement statement = NULL;
    struct acq_err reason = {0};
    struct acq_sql sql;
    acq_sql_init(&sql);
    acq_sql_add(&sql, "SELECT * FROM ");
    acq_parquet_read(&sql, path);
    const char *text = acq_sql_end(&sql, err);
    int r = text ? ACQ_OK : ACQ_MEMORY;
    if (text && acq_duckdb.prepare(v->duck->connection, text, &statement) == DuckDBError) {
        acq_duck_fail(&reason, acq_duckdb.prepare_error(statement));
        r = acq_fail(err, ACQ_FORMAT, "cannot read %s as Parquet: %s", path, reason.text);
    }
    size_t n = r == ACQ_OK ? acq_duckdb.prepared_statement_column_count(statement) : 0;
    for (size_t i = 0; i < n; i++) {
        const char *name = acq_duckdb.prepared_statement_column_name(statement, i);
        bool counts = acq_duckdb.prepared_statement_column_type(statement, i) == DUCKDB_TYPE_BIGINT;
        for (size_t k = 0; name && k < COLUMNS; k++) has[k] |= !strcmp(name, column_names[k]) && (k != T_NS || counts);
        acq_duckdb.free((void *)name);
    }
    if (statement) acq_duckdb.destroy_prepare(&statement);
    acq_sql_fini(&sql);
    return r;
}

static void add_parquet(struct acq_sql *sql, const char *path, const bool has[COLUMNS])
{
    acq_sql_add(sql, "SELECT *");
    if (has[T_NS] && !has[T_S]) {
        acq_sql_add(sql, ", (t_ns - (SELECT min(t_ns) FROM ");
        acq_parquet_read(sql, path);
        acq_sql_add(sql, ")) / 1e9 AS t_s");
    }
    if (!has[FILENAME]) {
        acq_sql_add(sql, ", ");
        acq_sql_quote(sql, '\'', path);
        acq_sql_add(sql, " AS filename");
    }
    acq_sql_add(sql, " FROM ");
    acq_parquet_read(sql, path);
}

/* add_sessions: of a Parquet file, the same columns as read_recording_info gives, as far as it can tell */
static void add_sessions(struct acq_sql *sql, const struct view *view, const bool has[COLUMNS])
{
    static const struct {
        int column;
        const char *text;
    } parts[] = {{GAME, ", any_value(game) AS game"},
                 {CAR, ", any_value(car_model) AS car"},
                 {TRACK, ", any_value(track) AS track"},
                 {LAYOUT, ", any_value(nullif(track_configuration, '')) AS layout"},
                 {SURNAME, ", any_value(nullif(trim(concat(player_name, ' ', player_surname)), '')) AS driver"},
                 {UTC, ", min(utc_ns) AS start_utc"},
                 {LAP, ", count(DISTINCT lap) - 1 AS laps"},
                 {BEST, ", min(best_time_ms) FILTER (best_time_ms > 0) / 1e3 AS best_lap_s"}};
    acq_sql_add(sql, "SELECT filename, session, count(*) AS frames, (max(t_ns) - min(t_ns)) / 1e9 AS duration_s");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (has[parts[i].column] && (parts[i].column != SURNAME || has[NAME])) acq_sql_add(sql, parts[i].text);
    acq_sql_add(sql, " FROM ");
    acq_sql_quote(sql, '"', view->name);
    acq_sql_add(sql, " GROUP BY filename, session");
}

static void add_union(struct acq_sql *sql)
{
    if (sql->buf.len) acq_sql_add(sql, " UNION ALL BY NAME ");
}

/* make_view: the view of file i, and its part in those of all */
static int make_view(struct views *v, size_t i, struct acq_err *err)
{
    struct view *view = &v->view[i];
    const char *path = v->paths->path[i];
    bool has[COLUMNS] = {false};
    struct acq_sql sql;
    int r = acq_parquet_is(path, &view->parquet, err);
    make_name(v, i);
    if (r == ACQ_OK && view->parquet) r = look_into(v, path, has, err);
    if (r < 0) return r;
    acq_sql_init(&sql);
    acq_sql_add(&sql, "CREATE VIEW ");
    acq_sql_quote(&sql, '"', view->name);
    acq_sql_add(&sql, " AS ");
    if (view->parquet)
        add_parquet(&sql, path, has);
    else
        add_recording(&sql, path);
    r = run(v, &sql, err);
    acq_sql_fini(&sql);
    v->recordings += !view->parquet;
    if (view->parquet && has[T_NS]) {
        add_union(&v->frames);
        acq_sql_add(&v->frames, "SELECT * FROM ");
        acq_sql_quote(&v->frames, '"', view->name);
    }
    if (view->parquet && has[T_NS] && has[SESSION]) {
        add_union(&v->sessions);
        add_sessions(&v->sessions, view, has);
    }
    return r;
}

/* make_all: a view over all recordings, read by `function`, and over what else `rest` selects */
static int make_all(struct views *v, const char *name, const char *function, struct acq_sql *rest, struct acq_err *err)
{
    struct acq_sql sql;
    const char *text = acq_sql_end(rest, err);
    if (!text) return ACQ_MEMORY;
    if (!v->recordings && !*text) return ACQ_OK; /* no file has frames */
    acq_sql_init(&sql);
    acq_sql_add(&sql, "CREATE VIEW ");
    acq_sql_add(&sql, name);
    acq_sql_add(&sql, " AS ");
    for (size_t i = 0, n = 0; i < v->paths->n; i++) {
        if (v->view[i].parquet) continue;
        if (!n) acq_sql_add(&sql, "SELECT * FROM ");
        acq_sql_add(&sql, n ? ", " : function);
        if (!n++) acq_sql_add(&sql, "([");
        acq_sql_quote(&sql, '\'', v->paths->path[i]);
    }
    if (v->recordings) acq_sql_add(&sql, *text ? "]) UNION ALL BY NAME " : "])");
    acq_sql_add(&sql, text);
    int r = run(v, &sql, err);
    acq_sql_fini(&sql);
    return r;
}

int acq_views_add(struct acq_duck *duck, const struct acq_paths *paths, struct acq_err *err)
{
    struct views v = {.duck = duck, .paths = paths, .view = calloc(paths->n + 1, sizeof *v.view)};
    int r = v.view ? ACQ_OK : acq_fail(err, ACQ_MEMORY, "no memory for so many files");
    acq_sql_init(&v.frames);
    acq_sql_init(&v.sessions);
    for (size_t i = 0; i < paths->n && r == ACQ_OK; i++) r = make_view(&v, i, err);
    if (r == ACQ_OK) r = make_all(&v, "frames", "read_recording", &v.frames, err);
    if (r == ACQ_OK) r = make_all(&v, "sessions", "read_recording_info", &v.sessions, err);
    acq_sql_fini(&v.frames);
    acq_sql_fini(&v.sessions);
    free(v.view);
    return r;
}
