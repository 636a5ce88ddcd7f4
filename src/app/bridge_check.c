/* bridge_check.c - telemetry_bridge check: try all that a session needs, one line each. */
#include "app/bridge_cmd.h"

#include "bridge/trial.h"
#include "page/map.h"

#include <stdio.h>

/* With the table of the bridge, so that what is tried is what a start with the same words would use. */
static struct acq_command command = {
    .name = ACQ_BRIDGE_NAME " check",
    .usage = "[HOST:PORT] [OPTION...]",
    .summary =
        "Try what a start with the same options and settings needs: the game's pages, the disk, the server, clock\n"
        "and timer. One line each: ok, warning or problem. That no game runs is no problem.",
    .more = "Examples:\n"
            "  telemetry_bridge check\n"
            "  telemetry_bridge check 192.168.1.20:50051 --record D:\\laps\n"
            "\nExit codes: 0 all is well, 1 a problem, 2 wrong usage, 3 no problem, but a warning.",
    .arguments_max = 1,
};

struct counts {
    unsigned n[3]; /* by enum acq_trial_result */
};

static void show(struct counts *counts, const char *name, const struct acq_trial *trial)
{
    static const char *const words[] = {"ok", "warning", "problem"};
    printf("%-10s%-9s%s\n", name, words[trial->result], trial->text);
    fflush(stdout);
    counts->n[trial->result]++;
}

static void try_all(const struct acq_bridge_config *c, struct counts *counts)
{
    struct acq_trial trial;
    acq_trial_pages(&trial, acq_map_prefix(c->pages));
    show(counts, "pages", &trial);
    if (c->no_record)
        acq_trial_say(&trial, ACQ_TRIAL_OK, "not tried: no-record");
    else
        acq_trial_disk(&trial, c->record);
    show(counts, "disk", &trial);
    if (c->no_stream)
        acq_trial_say(&trial, ACQ_TRIAL_OK, "not tried: no-stream");
    else
        acq_trial_server(&trial, c->server, c->tls, c->ca);
    show(counts, "server", &trial);
    acq_trial_clock(&trial);
    show(counts, "clock", &trial);
    acq_trial_timer(&trial);
    show(counts, "timer", &trial);
}

/* result says how many problems there are, or else warnings. */
static int result(const struct counts *counts, struct acq_err *err)
{
    unsigned problems = counts->n[ACQ_TRIAL_PROBLEM], warnings = counts->n[ACQ_TRIAL_WARNING];
    if (problems) return acq_fail(err, ACQ_IO, "%u problem%s: see above", problems, problems == 1 ? "" : "s");
    if (warnings) return acq_fail(err, ACQ_RANGE, "%u thing%s to look at", warnings, warnings == 1 ? "" : "s");
    return ACQ_OK;
}

int acq_bridge_cmd_check(int argc, char **argv, struct acq_err *err)
{
    struct acq_settings settings;
    struct counts counts = {{0}};
    command.options = acq_bridge_command.options;
    command.option_count = acq_bridge_command.option_count;
    acq_settings_init(&settings);
    int r = acq_settings_read(&settings, &command, argc, argv, err);
    if (r == ACQ_OK) {
        if (settings.has_file) printf("%-10s%-9s%s\n", "settings", "ok", settings.file.path);
        try_all(&settings.bridge, &counts);
        r = result(&counts, err);
    }
    acq_settings_fini(&settings);
    return r == ACQ_END ? ACQ_OK : r;
}
