/* bridge_run.c - telemetry_bridge without a further word: beside the game. */
#include "app/bridge_cmd.h"

#include "base/console.h"
#include "base/log.h"

#include <stdio.h>

/* offer writes a file of settings to begin with, once, where its folder is there: beside the .exe it is. */
static void offer(const struct acq_settings *s)
{
    char path[ACQ_PATH_MAX];
    struct acq_err err;
    struct acq_settings defaults;
    acq_settings_init(&defaults);
    if (s->has_file || !acq_settings_path(path, sizeof path)) return;
    int r = acq_config_write(path, &acq_bridge_command, &defaults, &err);
    if (r == ACQ_OK) acq_log(ACQ_LOG_INFO, "wrote %s: the place for your settings", path);
    if (r == ACQ_IO) acq_log(ACQ_LOG_INFO, "no file of settings was made: %s", err.text);
}

int acq_bridge_cmd_run(int argc, char **argv, struct acq_err *err)
{
    struct acq_settings settings;
    acq_settings_init(&settings);
    int r = acq_settings_read(&settings, &acq_bridge_command, argc, argv, err);
    if (r == ACQ_OK) {
        if (settings.minimised) acq_console_minimise();
        if (settings.has_file) acq_log(ACQ_LOG_DEBUG, "settings from %s", settings.file.path);
        offer(&settings);
        r = acq_bridge_run(&settings.bridge, err);
    }
    acq_settings_fini(&settings);
    return r == ACQ_END ? ACQ_OK : r;
}

static const struct acq_command config_command = {
    .name = ACQ_BRIDGE_NAME " config",
    .usage = "[OPTION...]",
    .summary =
        "Show a file of settings to begin with: every option, as a comment. `telemetry_bridge config > FILE` keeps it.",
    .more = "Exit codes: 0 done, 2 wrong usage.",
};

int acq_bridge_cmd_config(int argc, char **argv, struct acq_err *err)
{
    struct acq_settings defaults;
    struct acq_texts arguments;
    struct acq_buf text;
    char path[ACQ_PATH_MAX];
    int r = acq_opt_parse(&config_command, argc, argv, NULL, &arguments, err);
    if (r != ACQ_OK) return r == ACQ_END ? ACQ_OK : r;
    acq_settings_init(&defaults);
    acq_buf_init(&text, ACQ_CONFIG_MAX);
    r = acq_config_text(&acq_bridge_command, &defaults, &text);
    if (r == ACQ_OK) fwrite(text.bytes, 1, text.len, stdout);
    if (r < 0) acq_fail(err, r, "no memory for the settings");
    acq_buf_fini(&text);
    if (r == ACQ_OK && acq_settings_path(path, sizeof path))
        acq_log(ACQ_LOG_INFO, "without --config the settings are those of %s", path);
    return r;
}
