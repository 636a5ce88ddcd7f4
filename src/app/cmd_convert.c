/* cmd_convert.c - `acq convert`: a recording into a Parquet file. */
#include "app/cmd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/os.h"
#include "table/copy.h"

#include <inttypes.h>
#include <stdio.h>

struct options {
    bool force;
};

static const struct acq_option table[] = {
    {'f', "force", NULL, ACQ_OPT_FLAG, offsetof(struct options, force), 0, 0, "overwrite OUT where it exists"},
};

static const struct acq_command command = {
    .name = "acq convert",
    .usage = "IN.pb.gz OUT.parquet [OPTION...]",
    .summary = "Turn a recording into Parquet: one row for each frame, one column for each channel.",
    .more = "What a frame does not have is NULL. IN may be - for standard input.\n"
            "\nExamples:\n"
            "  acq convert telemetry_record.pb.gz lap.parquet\n"
            "  acq view lap.parquet\n"
            "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 done but the recording is damaged or cut.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
    .arguments_min = 2,
    .arguments_max = 2,
};

static int convert(int argc, char **argv, struct acq_copied *copied, struct acq_err *err)
{
    struct options o = {0};
    struct acq_texts arguments;
    int r = acq_opt_parse(&command, argc, argv, &o, &arguments, err);
    if (r) return r;
    const char *in = arguments.text[0], *out = arguments.text[1];
    if (!acq_has_suffix(out, ".parquet"))
        return acq_fail(err, ACQ_USAGE, "%s should end in .parquet; for CSV there is `acq view %s --to-csv FILE.csv`",
                        out, in);
    acq_on_stop();
    r = acq_copy_parquet(in, out, o.force, copied, err);
    if (r == ACQ_OK) printf("Wrote %s with %" PRIu64 " rows\n", out, copied->rows);
    return r;
}

int acq_cmd_convert(int argc, char **argv)
{
    struct acq_err err = {0};
    struct acq_copied copied;
    int r = convert(argc, argv, &copied, &err);
    if (r < 0) return acq_cmd_fail(&err);
    if (r == ACQ_END || !*copied.loss) return ACQ_EXIT_OK;
    acq_log(ACQ_LOG_WARN, "%s", copied.loss);
    return ACQ_EXIT_LOSSY;
}
