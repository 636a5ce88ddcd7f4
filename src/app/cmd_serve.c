/* cmd_serve.c - `acq serve`: takes telemetry from bridges and records it. */
#include "app/cmd.h"
#include "base/opt.h"
#include "ingest/server.h"

static const struct acq_option table[] = {
    {'l', "listen", "HOST:PORT", ACQ_OPT_TEXT, offsetof(struct acq_server_config, listen), 0, 0,
     "where to listen; default 127.0.0.1:50051"},
    {'d', "data", "DIR", ACQ_OPT_TEXT, offsetof(struct acq_server_config, data), 0, 0,
     "folder of the recordings; default ./data"},
    {0, "insecure", NULL, ACQ_OPT_FLAG, offsetof(struct acq_server_config, insecure), 0, 0,
     "allow an address that others can reach, without encryption"},
};

static const struct acq_command command = {
    .name = "acq serve",
    .usage = "[OPTION...]",
    .summary = "Take telemetry from bridges by gRPC and record it, one file per session.",
    .more =
        "A frame is acked when it is on this machine's disk, never before: what a bridge has been told is kept, also\n"
        "through a power cut. A bridge that lost its connection goes on where the server's last frame ends.\n"
        "\nExamples:\n"
        "  acq serve                                          for bridges on this machine\n"
        "  acq serve --listen 0.0.0.0:50051 --insecure        for bridges in a network that you trust\n"
        "\nCtrl+C stops it when all is on the disk. Exit codes: 0 stopped, 1 failed, 2 wrong usage.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
};

int acq_cmd_serve(int argc, char **argv)
{
    struct acq_server_config config = {.listen = "127.0.0.1:50051", .data = "data"};
    struct acq_texts arguments;
    struct acq_err err = {0};
    int r = acq_opt_parse(&command, argc, argv, &config, &arguments, &err);
    if (r == ACQ_END) return ACQ_EXIT_OK;
    if (r == ACQ_OK) r = acq_server_run(&config, &err);
    return r < 0 ? acq_cmd_fail(&err) : ACQ_EXIT_OK;
}
