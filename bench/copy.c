/* copy.c RECORDING OUT.parquet - DuckDB alone, writing the rows of a recording from memory: the least that `acq
 * convert` could need. The rows are loaded into a table first, which is not measured. Then, for each line that comes on
 * standard input, it writes the file once, with the settings of `acq convert` and one thread, and prints seconds of
 * wall and of CPU: so that others can be measured in between. */
#include "measure.h"

#include "base/os.h"
#include "table/copy.h"
#include "table/source.h"

#include <stdio.h>

static void run(struct acq_duck *duck, const char *before, const char *path, const char *after)
{
    struct acq_sql sql;
    struct acq_err err = {0};
    acq_sql_init(&sql);
    acq_sql_add(&sql, before);
    if (path) acq_sql_quote(&sql, '\'', path);
    acq_sql_add(&sql, after);
    const char *text = acq_sql_end(&sql, &err);
    if (!text || acq_duck_run(duck, text, NULL, NULL, &err) < 0) bench_fail("%s", err.text);
    acq_sql_fini(&sql);
}

int main(int argc, char **argv)
{
    static struct acq_source source;
    struct acq_duck duck;
    struct acq_err err = {0};
    char line[16];
    if (argc != 3) bench_fail("usage: bench_copy RECORDING OUT.parquet");
    if (acq_duck_open(&duck, &err) < 0 || acq_source_add(&source, &duck, &err) < 0) bench_fail("%s", err.text);
    run(&duck, "CREATE TABLE frames AS SELECT * EXCLUDE (t_s, filename) FROM read_recording(", argv[1], ")");
    run(&duck, "SET threads = 1", NULL, "");
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        int64_t start = acq_now_ns();
        double cpu = bench_cpu_ns();
        run(&duck, "COPY frames TO ", argv[2], " (FORMAT parquet, USE_TMP_FILE false, " ACQ_COPY_PARQUET_OPTIONS ")");
        printf("%.3f %.3f\n", (double)(acq_now_ns() - start) / 1e9, (bench_cpu_ns() - cpu) / 1e9);
        fflush(stdout);
    }
    acq_duck_close(&duck);
    acq_source_fini(&source);
    return 0;
}
