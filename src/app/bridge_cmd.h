/* bridge_cmd.h - the commands of telemetry_bridge, and the settings that they share.
 *
 * A command takes its own argv (argv[0] is its name) and returns 0, ACQ_RANGE for the exit code 3, or an error. */
#ifndef ACQ_APP_BRIDGE_CMD_H
#define ACQ_APP_BRIDGE_CMD_H

#include "base/config.h"
#include "bridge/bridge.h"

#include <stdbool.h>

#define ACQ_BRIDGE_NAME "telemetry_bridge"

int acq_bridge_cmd_run(int argc, char **argv, struct acq_err *err);
int acq_bridge_cmd_sync(int argc, char **argv, struct acq_err *err);
int acq_bridge_cmd_check(int argc, char **argv, struct acq_err *err);
int acq_bridge_cmd_autostart(int argc, char **argv, struct acq_err *err);
int acq_bridge_cmd_config(int argc, char **argv, struct acq_err *err);

/* What command line and file of settings say. */
struct acq_settings {
    struct acq_bridge_config bridge;
    const char *config; /* the file that was named, or NULL */
    const char *folder; /* to work in, or NULL */
    bool minimised;
    struct acq_config file;
    bool has_file;   /* one was read */
    const char *dir; /* of sync: its argument */
    bool quiet;      /* of sync */
};

/* the options of the bridge beside the game */
extern const struct acq_command acq_bridge_command;

/* acq_settings_init sets what holds where nothing is said. */
void acq_settings_init(struct acq_settings *settings);

/* acq_settings_read reads the command line by `command`, whose table is for struct acq_settings; goes into the folder
 * to work in; and reads the file of settings, by the table of acq_bridge_command. Then it checks all values. Returns 0;
 * ACQ_END if help was asked for; or an error. acq_settings_fini is due in all cases. */
int acq_settings_read(struct acq_settings *settings, const struct acq_command *command, int argc, char **argv,
                      struct acq_err *err);
void acq_settings_fini(struct acq_settings *settings);

/* acq_settings_path writes where the file of settings is looked for if none is named. Returns false if that is not
 * known. */
bool acq_settings_path(char *dst, size_t size);

#endif
