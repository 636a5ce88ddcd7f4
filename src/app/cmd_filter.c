/* cmd_filter.c - `acq filter`: a part of a recording as a recording of its own. */
#include "app/cmd.h"
#include "app/pick.h"
#include "base/log.h"
#include "base/output.h"
#include "base/stop.h"
#include "record/filter.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct options {
    struct acq_pick pick;
    struct acq_texts columns;
    bool force;
};

static const struct acq_option table[] = {
    ACQ_PICK_OPTIONS(struct options, pick),
    {'c', "columns", "NAME...", ACQ_OPT_LIST, offsetof(struct options, columns), 0, 0,
     "keep only these channels, named by their columns; a wheel or an axis keeps all of its channel"},
    {'f', "force", NULL, ACQ_OPT_FLAG, offsetof(struct options, force), 0, 0, "overwrite OUT where it exists"},
};

static const struct acq_command command = {
    .name = "acq filter",
    .usage = "IN OUT.pb.gz [OPTION...]",
    .summary = "Write a part of a recording as a recording: some of its time, of its laps, of its channels.",
    .more =
        "Frames keep their numbers, and their bytes unless -c drops channels. Session, seq, times and packet ids\n"
        "always stay, and so do car, track and driver. IN may be - for standard input.\n"
        "\nExamples:\n"
        "  acq filter hour.pb.gz ten.pb.gz --from 30:00 --to 30:10\n"
        "  acq filter hour.pb.gz stint.pb.gz --laps 3-5,8\n"
        "  acq filter hour.pb.gz pedals.pb.gz -c speed_kmh gas brake lap\n"
        "\nExit codes: 0 done, 1 failed or nothing found, 2 wrong usage, 3 done but the recording is damaged or cut.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
    .arguments_min = 2,
    .arguments_max = 2,
};

/* keep_columns: the channels of the columns that were named, and what always stays */
static int keep_columns(struct acq_filter *filter, const struct acq_texts *names, struct acq_err *err)
{
    struct acq_column columns[ACQ_COLUMNS];
    size_t index[ACQ_COLUMNS + 1];
    int r = acq_pick_columns(names, index, err);
    if (r < 0) return r;
    filter->drop = names->n > 0;
    acq_columns(columns);
    for (unsigned id = 0; id < ACQ_IDS; id++) {
        const struct acq_channel *c = &acq_channels[id];
        filter->keep[id] = c->type == ACQ_TYPE_GROUP || c->group == ACQ_IN_head || c->group == ACQ_IN_stat ||
                           c->group == ACQ_IN_capture;
    }
    filter->keep[ACQ_physics_packet_id] = filter->keep[ACQ_graphics_packet_id] = true;
    for (size_t i = 0; i < names->n; i++)
        if (index[i] < ACQ_COLUMNS) filter->keep[columns[index[i]].id] = true;
    return ACQ_OK;
}

/* write_out: under a temporary name, which becomes OUT when all is well */
static int write_out(const struct acq_filter *filter, const char *in, const char *out, bool force,
                     struct acq_filtered *done, struct acq_err *err)
{
    struct acq_output output;
    int r = acq_output_begin(&output, out, force, err);
    if (r < 0) return r;
    acq_path_remove(output.temporary); /* it is ours by name; the recorder wants to make it */
    r = acq_filter_file(filter, in, output.temporary, done, err);
    if (r == ACQ_OK && !done->frames) r = acq_pick_nothing(in, err);
    return acq_output_end(&output, r, err);
}

static int filter(int argc, char **argv, struct acq_filtered *done, struct acq_err *err)
{
    struct options o = {0};
    struct acq_texts arguments;
    struct acq_filter f = {0};
    int r = acq_opt_parse(&command, argc, argv, &o, &arguments, err);
    if (r) return r;
    const char *in = arguments.text[0], *out = arguments.text[1];
    if (acq_path_same(in, out))
        return acq_fail(err, ACQ_USAGE, "%s is the recording that is read: choose another name for OUT", out);
    acq_on_stop();
    r = keep_columns(&f, &o.columns, err);
    if (r == ACQ_OK) r = acq_pick_select(&o.pick, in, &f.select, err);
    if (r == ACQ_OK) r = write_out(&f, in, out, o.force, done, err);
    if (r == ACQ_OK)
        printf("Wrote %s with %" PRIu64 " frames, %.1f s\n", out, done->frames,
               ((double)done->last_ns - (double)done->first_ns) / 1e9);
    return r;
}

int acq_cmd_filter(int argc, char **argv)
{
    struct acq_err err = {0};
    struct acq_filtered done = {0};
    int r = filter(argc, argv, &done, &err);
    if (r < 0) return acq_cmd_fail(&err);
    if (!*done.loss) return ACQ_EXIT_OK;
    acq_log(ACQ_LOG_WARN, "%s: %s", argv[1], done.loss);
    return ACQ_EXIT_LOSSY;
}
