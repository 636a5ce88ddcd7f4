/* cmd_serve.c - `acq serve`: takes telemetry from bridges and records it. */
#include "app/cmd.h"
#include "base/opt.h"
#include "ingest/server.h"

#define NUMBER(name, value, field, min, max, help)                                             \
    {                                                                                          \
        0, name, value, ACQ_OPT_INT, offsetof(struct acq_server_config, field), min, max, help \
    }

static const struct acq_option table[] = {
    {'l', "listen", "HOST:PORT", ACQ_OPT_TEXT, offsetof(struct acq_server_config, listen), 0, 0,
     "where to listen; default 127.0.0.1:50051"},
    {'d', "data", "DIR", ACQ_OPT_TEXT, offsetof(struct acq_server_config, data), 0, 0,
     "folder of the recordings and of the commit log; default ./data"},
    {0, "cert", "FILE", ACQ_OPT_TEXT, offsetof(struct acq_server_config, cert), 0, 0,
     "speak TLS, with this certificate and those between it and a root (PEM)"},
    {0, "key", "FILE", ACQ_OPT_TEXT, offsetof(struct acq_server_config, key), 0, 0,
     "its key (PEM, without a password)"},
    {0, "insecure", NULL, ACQ_OPT_FLAG, offsetof(struct acq_server_config, insecure), 0, 0,
     "allow an address that others can reach: whoever reaches it may send, also with TLS"},
    NUMBER("log-mib", "MIB", log_mib, 64, 1 << 20, "most that the commit log may take on the disk; default 1024"),
    NUMBER("buffer-mib", "MIB", buffer_mib, 16, 4095, "most memory for frames on their way to the disk; default 256"),
    NUMBER("connections", "N", connections, 1, 1000000, "connections at once; default 1000"),
    NUMBER("streams", "N", streams, 1, 10000, "streams at once on one connection; default 100"),
    NUMBER("message-kib", "KIB", message_kib, 4, 64, "the longest message, also after decompression; default 64"),
    NUMBER("header-kib", "KIB", header_kib, 1, 64, "the longest headers of a call; default 8"),
    NUMBER("ping-s", "S", ping_s, 0, 86400,
           "ask a client that is silent for so long whether it lives; default 30, 0: never"),
    NUMBER("drain-s", "S", drain_s, 0, 3600, "how long streams may take to end after Ctrl+C; default 10"),
};

static const struct acq_command command = {
    .name = "acq serve",
    .usage = "[OPTION...]",
    .summary = "Take telemetry from bridges by gRPC and record it, one file per session.",
    .more =
        "Durability: A frame is acked when it is in the commit log on this machine's disk (fdatasync), never before.\n"
        "What was acked is kept through a crash or a power cut: the next start brings the log into the recordings.\n"
        "Every frame is recorded once, however often it is sent; a client that lost its connection, or whose server\n"
        "lost its disk, goes on where this server's last frame ends.\n"
        "When the disk is full or slow, or a limit is reached, clients are slowed down; nothing is dropped.\n"
        "\nExamples:\n"
        "  acq serve                                          for bridges on this machine\n"
        "  acq serve --listen 0.0.0.0:50051 --insecure        for bridges in a network that you trust\n"
        "  acq serve --listen 0.0.0.0:50051 --insecure --cert cert.pem --key key.pem\n"
        "                                                     the same, and nobody between can listen\n"
        "  acq serve --data /srv/acq --log-mib 8192           more time for a disk that is full\n"
        "\nCtrl+C stops it when all is on the disk. Exit codes: 0 stopped, 1 failed, 2 wrong usage.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
};

int acq_cmd_serve(int argc, char **argv)
{
    struct acq_server_config config = {.listen = "127.0.0.1:50051",
                                       .data = "data",
                                       .connections = 1000,
                                       .streams = 100,
                                       .message_kib = 64,
                                       .header_kib = 8,
                                       .buffer_mib = 256,
                                       .log_mib = 1024,
                                       .drain_s = 10,
                                       .ping_s = 30};
    struct acq_texts arguments;
    struct acq_err err = {0};
    int r = acq_opt_parse(&command, argc, argv, &config, &arguments, &err);
    if (r == ACQ_END) return ACQ_EXIT_OK;
    if (r == ACQ_OK) r = acq_server_run(&config, &err);
    return r < 0 ? acq_cmd_fail(&err) : ACQ_EXIT_OK;
}
