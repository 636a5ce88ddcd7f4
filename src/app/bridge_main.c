/* bridge_main.c - main of telemetry_bridge. */
#include "base/log.h"
#include "base/opt.h"
#include "base/os.h"
#include "bridge/bridge.h"

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
               "(default 127.0.0.1:50051). Start it before or after the game; it waits for either.",
    .more = "Examples:\n"
            "  telemetry_bridge                              record here and stream to this machine\n"
            "  telemetry_bridge 192.168.1.20:50051           stream to another machine as well\n"
            "  telemetry_bridge --no-stream --record D:\\laps  record only\n"
            "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 done, but steps were missed or dropped.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
    .arguments_max = 1,
};

int main(int argc, char **argv)
{
    struct acq_bridge_config config = {.server = "127.0.0.1:50051", .record = "recordings", .flush_ms = 10};
    struct acq_texts arguments;
    struct acq_err err = {0};
    acq_log_setup("telemetry_bridge", ACQ_LOG_INFO);
    if (!acq_args(&argc, &argv)) return ACQ_EXIT_FAILED;
    int r = acq_opt_parse(&command, argc, argv, &config, &arguments, &err);
    if (r == ACQ_END) return ACQ_EXIT_OK;
    if (r == ACQ_OK && arguments.n) config.server = arguments.text[0];
    if (r == ACQ_OK) r = acq_bridge_run(&config, &err);
    if (r == ACQ_RANGE) {
        acq_log(ACQ_LOG_WARN, "%s", err.text);
        return ACQ_EXIT_LOSSY;
    }
    if (r < 0) acq_log(ACQ_LOG_ERROR, "%s", err.text);
    return acq_exit_code(r);
}
