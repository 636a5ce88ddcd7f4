#include "app/bridge_cmd.h"

#include "base/addr.h"
#include "base/folders.h"
#include "bridge/keep.h"
#include "page/map.h"

#include <stdio.h>
#include <string.h>

#define SERVER "127.0.0.1:50051"
#define FILE_NAME "telemetry_bridge.conf"

#define AT(field) offsetof(struct acq_settings, field)

static const struct acq_option table[] = {
    {0, "server", "HOST:PORT", ACQ_OPT_TEXT, AT(bridge.server), 0, 0,
     "where `acq serve` runs: the same as the argument; default " SERVER},
    {'r', "record", "DIR|FILE", ACQ_OPT_TEXT, AT(bridge.record), 0, 0,
     "where to record; default ./recordings, one file per session; a FILE ends in .gz"},
    {0, "no-record", NULL, ACQ_OPT_FLAG, AT(bridge.no_record), 0, 0, "stream only"},
    {0, "no-stream", NULL, ACQ_OPT_FLAG, AT(bridge.no_stream), 0, 0, "record only"},
    {0, "tls", NULL, ACQ_OPT_FLAG, AT(bridge.tls), 0, 0, "stream over TLS"},
    {0, "ca", "FILE", ACQ_OPT_TEXT, AT(bridge.ca), 0, 0, "certificates (PEM) that --tls trusts; default: the system's"},
    {0, "replay", NULL, ACQ_OPT_FLAG, AT(bridge.replay), 0, 0, "record replays too"},
    {0, "keep", "30d,20GB", ACQ_OPT_TEXT, AT(bridge.keep), 0, 0,
     "remove older recordings that the server has, beyond this age or size; default: none"},
    {0, "once", NULL, ACQ_OPT_FLAG, AT(bridge.once), 0, 0, "end with the first session"},
    {0, "idle", "MINUTES", ACQ_OPT_NUMBER, AT(bridge.idle), 0, 1440,
     "end a session in which nothing is driven for so long; default 10"},
    {0, "flush-ms", "MS", ACQ_OPT_INT, AT(bridge.flush_ms), 0, 1000,
     "how long a frame may wait for others to share a write; default 10, 0: not at all"},
    {0, "pages", "PREFIX", ACQ_OPT_TEXT, AT(bridge.pages), 0, 0,
     "first part of the pages' names; default: $ACQ_PAGES, or acpmf as the game"},
    {0, "folder", "DIR", ACQ_OPT_TEXT, AT(folder), 0, 0, "work in this folder: other paths begin there"},
    {0, "minimised", NULL, ACQ_OPT_FLAG, AT(minimised), 0, 0, "on Windows: make the console's window small"},
    {0, "config", "FILE", ACQ_OPT_TEXT, AT(config), 0, 0,
     "settings, which `telemetry_bridge config` shows; default: " FILE_NAME},
};

const struct acq_command acq_bridge_command = {
    .name = ACQ_BRIDGE_NAME,
    .usage = "[HOST:PORT] [OPTION...]",
    .summary = "Take every physics step of Assetto Corsa, record it, and stream it to `acq serve` at HOST:PORT\n"
               "(default " SERVER "). Start it before or after the game; it waits for either. What the server\n"
               "lacks of older recordings in the folder is sent too.",
    .more = "Examples:\n"
            "  telemetry_bridge                              record here and stream to this machine\n"
            "  telemetry_bridge 192.168.1.20:50051           stream to another machine as well\n"
            "  telemetry_bridge --no-stream --record laps    record only\n"
            "  telemetry_bridge sync recordings              without the game: send what the server lacks, and end\n"
            "  telemetry_bridge check                        try pages, disk, server, clock and timer, and end\n"
            "  telemetry_bridge autostart on                 start it at log-in; also: off, status\n"
            "  telemetry_bridge config                       show a file of settings to begin with\n"
            "\n`telemetry_bridge sync --help`, and so on, explain these. --once=no and the like take back what the\n"
            "file of settings says.\n"
            "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 done, but steps were missed or dropped.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
    .arguments_max = 1,
};

void acq_settings_init(struct acq_settings *s)
{
    *s = (struct acq_settings){.bridge = {.server = SERVER, .record = "recordings", .idle = 10, .flush_ms = 10}};
}

void acq_settings_fini(struct acq_settings *s)
{
    acq_config_fini(&s->file);
}

bool acq_settings_path(char *dst, size_t size)
{
    char dir[ACQ_PATH_MAX];
    return acq_folder_settings(dir, sizeof dir) && acq_path_join(dst, size, dir, FILE_NAME) == ACQ_OK;
}

/* given_here: what `given` says of the options of `command`, as bits of our table */
static uint64_t given_here(const struct acq_command *command, uint64_t given)
{
    uint64_t here = 0;
    for (size_t i = 0; i < command->option_count; i++)
        for (size_t k = 0; k < sizeof table / sizeof *table; k++)
            if (given >> i & 1 && !strcmp(command->options[i].name, table[k].name)) here |= UINT64_C(1) << k;
    return here;
}

static bool was_given(uint64_t given, const char *name)
{
    for (size_t k = 0; k < sizeof table / sizeof *table; k++)
        if (!strcmp(table[k].name, name)) return given >> k & 1;
    return false;
}

static int read_file(struct acq_settings *s, uint64_t given, struct acq_err *err)
{
    char path[ACQ_PATH_MAX];
    if (!s->config && (!acq_settings_path(path, sizeof path) || !acq_path_exists(path))) return ACQ_OK;
    s->has_file = true;
    return acq_config_read(&s->file, s->config ? s->config : path, &acq_bridge_command, given, s, err);
}

/* check_keep: what is removed has to be on a server, and in a folder. */
static int check_keep(const struct acq_bridge_config *b, struct acq_err *err)
{
    struct acq_keep_limits limits;
    if (!b->keep) return ACQ_OK;
    int r = acq_keep_parse(&limits, b->keep, err);
    if (r < 0 || (!limits.age_ns && !limits.bytes)) return r;
    if (b->no_stream)
        return acq_fail(err, ACQ_USAGE,
                        "keep removes only what a server says it has, and with no-stream none is asked: leave one of "
                        "them out");
    if (b->no_record)
        return acq_fail(err, ACQ_USAGE, "keep tidies the folder of recordings, and with no-record there is none");
    if (acq_has_suffix(b->record, ".gz"))
        return acq_fail(err, ACQ_USAGE, "keep tidies a folder of recordings, and %s is a file", b->record);
    return ACQ_OK;
}

/* check looks at the values whose form the table does not know. */
static int check(const struct acq_settings *s, uint64_t given, struct acq_err *err)
{
    struct acq_addr addr;
    char page[64];
    const char *name = "server";
    const struct acq_bridge_config *b = &s->bridge;
    int r = acq_addr_parse(&addr, b->server, err);
    if (r == ACQ_OK)
        r = acq_map_name(page, sizeof page, acq_map_prefix(b->pages), ACQ_MAP_PHYSICS, err), name = "pages";
    if (r == ACQ_OK) r = check_keep(b, err), name = "keep";
    if (r == ACQ_OK && !*b->record) r = acq_fail(err, ACQ_USAGE, "--record needs a value: DIR|FILE"), name = "record";
    if (r < 0) acq_config_blame(&s->file, &acq_bridge_command, given, name, err);
    return r;
}

int acq_settings_read(struct acq_settings *s, const struct acq_command *command, int argc, char **argv,
                      struct acq_err *err)
{
    struct acq_texts arguments;
    uint64_t given;
    int r = acq_opt_parse_given(command, argc, argv, s, &arguments, &given, err);
    if (r != ACQ_OK) return r;
    given = given_here(command, given);
    bool moved = was_given(given, "folder");
    if (moved) r = acq_folder_enter(s->folder, err);
    if (r == ACQ_OK) r = read_file(s, given, err);
    if (r == ACQ_OK && s->folder && !moved && command->options == table) { /* not before a DIR that was given */
        r = acq_folder_enter(s->folder, err);
        if (r < 0) acq_config_blame(&s->file, &acq_bridge_command, given, "folder", err);
    }
    s->dir = arguments.n ? arguments.text[0] : NULL;
    if (r == ACQ_OK && arguments.n > command->arguments_min) s->bridge.server = arguments.text[command->arguments_min];
    return r == ACQ_OK ? check(s, given, err) : r;
}
