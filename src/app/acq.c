/* acq.c - main of acq: finds the subcommand. */
#include "app/cmd.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/os.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *doc;
} commands[] = {
    {"sim", acq_cmd_sim, "drive a simulated car: into the game's pages, or into a recording"},
    {"serve", acq_cmd_serve, "take telemetry from bridges and record it"},
    {"cat", acq_cmd_cat, "print the frames of recordings as text, CSV, JSON or NDJSON"},
    {"convert", acq_cmd_convert, "turn recordings into Parquet or CSV"},
    {"view", acq_cmd_view, "show the first rows and statistics of a recording or a Parquet file; write CSV"},
    {"laps", acq_cmd_laps, "list laps, with times, sectors, validity, speeds, fuel and temperatures"},
    {"plot", acq_cmd_plot, "draw channels over time as PNG, SVG or PDF"},
    {"sql", acq_cmd_sql, "ask recordings and Parquet files in SQL"},
    {"info", acq_cmd_info, "show what recordings hold and what they lack"},
    {"filter", acq_cmd_filter, "write a part of a recording: some of its time, laps, channels"},
    {"merge", acq_cmd_merge, "make one recording of the parts and copies of a session"},
    {"doctor", acq_cmd_doctor, "check recordings and list what is wrong, with its place"},
    {"recover", acq_cmd_recover, "save what can be saved of a damaged recording"},
    {"replay", acq_cmd_replay, "play a recording again: into a server, or into the game's pages"},
    {"channels", acq_cmd_channels, "list every channel with its unit and meaning"},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void help(FILE *out)
{
    fputs("acq: telemetry for Assetto Corsa\n\nUsage: acq COMMAND [ARGUMENT...]\n\nCommands:\n", out);
    for (size_t i = 0; i < COMMANDS; i++) fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].doc);
    fputs("\n`acq COMMAND --help` explains one. The recorder beside the game is telemetry_bridge.\n", out);
}

static int unknown(const char *word)
{
    const char *names[COMMANDS];
    for (size_t i = 0; i < COMMANDS; i++) names[i] = commands[i].name;
    int near = acq_nearest(word, names, COMMANDS);
    if (near >= 0)
        acq_log(ACQ_LOG_ERROR, "there is no command '%s'; did you mean '%s'?", word, names[near]);
    else
        acq_log(ACQ_LOG_ERROR, "there is no command '%s'; `acq --help` lists all", word);
    return ACQ_EXIT_USAGE;
}

/* ended: the exit code, when what was printed has reached its place. A reader that has seen enough, as `head`, is no
 * failure. */
static int ended(int code)
{
    errno = 0;
    bool failed = fflush(stdout) != 0 || ferror(stdout);
    if (!failed || errno == EPIPE) return code;
    acq_log(ACQ_LOG_ERROR, "cannot write the output%s%s", errno ? ": " : "", errno ? strerror(errno) : "");
    return code ? code : ACQ_EXIT_FAILED;
}

int main(int argc, char **argv)
{
    acq_log_setup("acq", ACQ_LOG_INFO);
    if (!acq_args(&argc, &argv)) return ACQ_EXIT_FAILED;
    if (argc < 2) {
        help(stderr);
        return ACQ_EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        help(stdout);
        return ended(ACQ_EXIT_OK);
    }
    if (!strcmp(argv[1], "--version")) {
        printf("acq %s\n", ACQ_VERSION_TEXT);
        return ended(ACQ_EXIT_OK);
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (!strcmp(argv[1], commands[i].name)) return ended(commands[i].run(argc - 1, argv + 1));
    return unknown(argv[1]);
}
