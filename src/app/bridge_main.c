/* bridge_main.c - main of telemetry_bridge. */
#include "base/log.h"
#include "base/opt.h"
#include "base/os.h"
#include "bridge/bridge.h"
#include "bridge/sync.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SERVER "127.0.0.1:50051"

/* ---- beside the game ---- */

static const struct acq_option table[] = {
    {'r', "record", "DIR|FILE", ACQ_OPT_TEXT, offsetof(struct acq_bridge_config, record), 0, 0,
     "where to record; default ./recordings, one file per session; a FILE ends in .gz"},
    {0, "no-record", NULL, ACQ_OPT_FLAG, offsetof(struct acq_bridge_config, no_record), 0, 0, "stream only"},
    {0, "no-stream", NULL, ACQ_OPT_FLAG, offsetof(struct acq_bridge_config, no_stream), 0, 0, "record only"},
    {0, "once", NULL, ACQ_OPT_FLAG, offsetof(struct acq_bridge_config, once), 0, 0, "end with the first session"},
    {0, "flush-ms", "MS", ACQ_OPT_INT, offsetof(struct acq_bridge_config, flush_ms), 0, 1000,
     "how long a frame may wait for others to share a write; default 10, 0: not at all"},
    {0, "pages", "PREFIX", ACQ_OPT_TEXT, offsetof(struct acq_bridge_config, pages), 0, 0,
     "first part of the pages' names; default: $ACQ_PAGES, or acpmf as the game"},
};

static const struct acq_command command = {
    .name = "telemetry_bridge",
    .usage = "[HOST:PORT] [OPTION...]",
    .summary = "Take every physics step of Assetto Corsa, record it, and stream it to `acq serve` at HOST:PORT\n"
               "(default " SERVER "). Start it before or after the game; it waits for either. What the server\n"
               "lacks of older recordings in the folder is sent too.",
    .more = "Examples:\n"
            "  telemetry_bridge                              record here and stream to this machine\n"
            "  telemetry_bridge 192.168.1.20:50051           stream to another machine as well\n"
            "  telemetry_bridge --no-stream --record D:\\laps  record only\n"
            "  telemetry_bridge sync recordings              without the game: send what the server lacks, and end\n"
            "\n`telemetry_bridge sync --help` explains the last one.\n"
            "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 done, but steps were missed or dropped.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
    .arguments_max = 1,
};

static int drive(int argc, char **argv, struct acq_err *err)
{
    struct acq_bridge_config config = {.server = SERVER, .record = "recordings", .flush_ms = 10};
    struct acq_texts arguments;
    int r = acq_opt_parse(&command, argc, argv, &config, &arguments, err);
    if (r == ACQ_END) return ACQ_OK;
    if (r == ACQ_OK && arguments.n) config.server = arguments.text[0];
    return r == ACQ_OK ? acq_bridge_run(&config, err) : r;
}

/* ---- without the game ---- */

static const struct acq_option sync_table[] = {
    {'q', "quiet", NULL, ACQ_OPT_FLAG, offsetof(struct acq_sync_config, quiet), 0, 0, "show no progress"},
};

static const struct acq_command sync_command = {
    .name = "telemetry_bridge sync",
    .usage = "DIR [HOST:PORT] [OPTION...]",
    .summary = "Send `acq serve` at HOST:PORT (default " SERVER ") what it lacks of the recordings in the folder\n"
               "DIR, and end. The server says what it has of each session; the rest is sent once.",
    .more =
        "Filtered copies, recordings that another program is writing, and those of other programs are passed over;\n"
        "a damaged recording is sent up to the damage.\n"
        "\nExample:\n"
        "  telemetry_bridge sync recordings 192.168.1.20:50051\n"
        "\nExit codes: 0 the server has all; 1 failed, or stopped, or the server was away for half a minute;\n"
        "2 wrong usage; 3 done, but something could not be sent.",
    .options = sync_table,
    .option_count = sizeof sync_table / sizeof *sync_table,
    .arguments_min = 1,
    .arguments_max = 2,
};

/* say_others lists what was passed over. */
static void say_others(const size_t n[ACQ_BACKLOG_OTHERS])
{
    static const char *const words[ACQ_BACKLOG_OTHERS] = {
        [ACQ_BACKLOG_COPY] = "further copies of a session", [ACQ_BACKLOG_PART] = "filtered copies",
        [ACQ_BACKLOG_WRITTEN] = "being written now",        [ACQ_BACKLOG_FOREIGN] = "of other programs",
        [ACQ_BACKLOG_NONE] = "no recordings, or empty",     [ACQ_BACKLOG_UNUSABLE] = "not usable",
    };
    bool any = false;
    for (int i = 0; i < ACQ_BACKLOG_OTHERS; i++) {
        if (n[i]) printf("%s%zu %s", any ? ", " : "Passed over: ", n[i], words[i]);
        any = any || n[i];
    }
    if (any) printf("\n");
}

/* say_synced is what remains on the screen. Returns ACQ_OK, or ACQ_RANGE if something could not be sent. */
static int say_synced(const struct acq_sync_config *config, const struct acq_synced *s, struct acq_err *err)
{
    size_t bad = s->damaged + s->refused + s->others[ACQ_BACKLOG_UNUSABLE];
    if (s->recordings)
        printf("%zu recordings in %s: the server lacked something of %zu, %" PRIu64 " frames were sent\n",
               s->recordings, config->dir, s->sent, s->frames);
    else
        printf("There is nothing to send in %s\n", config->dir);
    say_others(s->others);
    if (!bad) return ACQ_OK;
    return acq_fail(err, ACQ_RANGE, "%zu recordings could not be sent, or not all of them", bad);
}

static int run_sync(int argc, char **argv, struct acq_err *err)
{
    struct acq_sync_config config = {.server = SERVER};
    struct acq_synced synced;
    struct acq_texts arguments;
    int r = acq_opt_parse(&sync_command, argc, argv, &config, &arguments, err);
    if (r == ACQ_END) return ACQ_OK;
    if (r < 0) return r;
    config.dir = arguments.text[0];
    if (arguments.n > 1) config.server = arguments.text[1];
    acq_on_stop();
    r = acq_sync(&config, &synced, err);
    return r == ACQ_OK ? say_synced(&config, &synced, err) : r;
}

/* ---- which of them ---- */

/* meant_sync: two words, and the first is nearly that one */
static int meant_sync(int argc, char **argv)
{
    const char *name = "sync";
    return argc > 2 && *argv[1] != '-' && *argv[2] != '-' && acq_nearest(argv[1], &name, 1) == 0;
}

int main(int argc, char **argv)
{
    struct acq_err err = {0};
    int r;
    acq_log_setup("telemetry_bridge", ACQ_LOG_INFO);
    if (!acq_args(&argc, &argv)) return ACQ_EXIT_FAILED;
    if (argc > 1 && !strcmp(argv[1], "sync"))
        r = run_sync(argc - 1, argv + 1, &err);
    else if (meant_sync(argc, argv))
        r = acq_fail(&err, ACQ_USAGE, "there is no command '%s'; did you mean 'sync'?", argv[1]);
    else
        r = drive(argc, argv, &err);
    if (r == ACQ_RANGE) {
        acq_log(ACQ_LOG_WARN, "%s", err.text);
        return ACQ_EXIT_LOSSY;
    }
    if (r < 0) acq_log(ACQ_LOG_ERROR, "%s", err.text);
    return acq_exit_code(r);
}
