/* bridge_sync.c - telemetry_bridge sync: send what a server lacks of a folder of recordings, and end. */
#include "app/bridge_cmd.h"

#include "base/stop.h"
#include "bridge/sync.h"

#include <inttypes.h>
#include <stdio.h>

#define AT(field) offsetof(struct acq_settings, field)

static const struct acq_option table[] = {
    {'q', "quiet", NULL, ACQ_OPT_FLAG, AT(quiet), 0, 0, "show no progress"},
    {0, "tls", NULL, ACQ_OPT_FLAG, AT(bridge.tls), 0, 0, "send over TLS"},
    {0, "ca", "FILE", ACQ_OPT_TEXT, AT(bridge.ca), 0, 0, "certificates (PEM) that --tls trusts; default: the system's"},
    {0, "config", "FILE", ACQ_OPT_TEXT, AT(config), 0, 0,
     "settings of the bridge, of which server, tls and ca are used here"},
};

static const struct acq_command command = {
    .name = ACQ_BRIDGE_NAME " sync",
    .usage = "DIR [HOST:PORT] [OPTION...]",
    .summary =
        "Send `acq serve` at HOST:PORT (default: that of the settings, or 127.0.0.1:50051) what it lacks of the\n"
        "recordings in the folder DIR, and end. The server says what it has of each session; the rest is sent once.",
    .more =
        "Filtered copies, recordings that another program is writing, and those of other programs are passed over;\n"
        "a damaged recording is sent up to the damage.\n"
        "\nExample:\n"
        "  telemetry_bridge sync recordings 192.168.1.20:50051\n"
        "\nExit codes: 0 the server has all; 1 failed, or stopped, or the server was away for half a minute;\n"
        "2 wrong usage; 3 done, but something could not be sent.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
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

int acq_bridge_cmd_sync(int argc, char **argv, struct acq_err *err)
{
    struct acq_settings settings;
    struct acq_synced synced;
    acq_settings_init(&settings);
    int r = acq_settings_read(&settings, &command, argc, argv, err);
    struct acq_sync_config config = {.dir = settings.dir,
                                     .server = settings.bridge.server,
                                     .tls = settings.bridge.tls,
                                     .ca = settings.bridge.ca,
                                     .quiet = settings.quiet};
    if (r == ACQ_OK) {
        acq_on_stop();
        r = acq_sync(&config, &synced, err);
        if (r == ACQ_OK) r = say_synced(&config, &synced, err);
    }
    acq_settings_fini(&settings);
    return r == ACQ_END ? ACQ_OK : r;
}
