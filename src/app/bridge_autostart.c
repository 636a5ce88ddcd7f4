/* bridge_autostart.c - telemetry_bridge autostart: start the bridge when the user logs in. */
#include "app/bridge_cmd.h"

#include "base/autostart.h"
#include "base/folders.h"

#include <stdio.h>
#include <string.h>

enum { COMMAND_MAX = 4096, OWN_WORDS = 3 };

static const struct acq_command command = {
    .name = ACQ_BRIDGE_NAME " autostart",
    .usage = "on [HOST:PORT] [OPTION...] | off | status",
    .summary = "Start the bridge when you log in, from now on or no more. It works in the folder that you are in now,\n"
               "with the options that you give; those of the file of settings hold as ever.",
    .more = "Examples:\n"
            "  telemetry_bridge autostart on\n"
            "  telemetry_bridge autostart on 192.168.1.20:50051 --record D:\\laps\n"
            "  telemetry_bridge autostart status\n"
            "\nExit codes: 0 done, 1 failed, 2 wrong usage.",
    .arguments_min = 1,
    .arguments_max = 1,
};

static int status(struct acq_err *err)
{
    char text[COMMAND_MAX];
    int r = acq_autostart_get(ACQ_BRIDGE_NAME, text, sizeof text, err);
    if (r == ACQ_OK) printf("on: %s\n", text);
    if (r == ACQ_END) printf("off\n");
    return r == ACQ_END ? ACQ_OK : r;
}

static int off(struct acq_err *err)
{
    int r = acq_autostart_off(ACQ_BRIDGE_NAME, err);
    if (r == ACQ_OK) printf("off\n");
    return r;
}

/* folder_of_words returns the folder that the command line itself names, or NULL. */
static const char *folder_of_words(int argc, char **argv)
{
    struct acq_settings s;
    struct acq_texts arguments;
    acq_settings_init(&s);
    return acq_opt_parse(&acq_bridge_command, argc, argv, &s, &arguments, NULL) == ACQ_OK ? s.folder : NULL;
}

/* is_whole: does the path lead to the same place from every folder? */
static bool is_whole(const char *path)
{
    return *path == '/' || *path == '\\' || (*path && path[1] == ':');
}

/* check_file: nobody knows in which folder a log-in starts programs, so paths must not begin there. */
static int check_file(const struct acq_settings *s, struct acq_err *err)
{
    if (is_whole(s->folder) && (!s->config || is_whole(s->config))) return ACQ_OK;
    return acq_fail(err, ACQ_USAGE,
                    "the file of settings names a folder to work in: for a start at log-in write that folder, and "
                    "--config, with the whole path");
}

/* register_words has the bridge started with the words behind `on`, in this folder, unless it is NULL. `named`: the
 * words name one too, which may be a relative path: the last one counts. */
static int register_words(int argc, char **argv, const char *folder, bool named, struct acq_err *err)
{
    const char *words[ACQ_TEXTS_MAX + OWN_WORDS];
    size_t n = 0;
    if (argc > ACQ_TEXTS_MAX) return acq_fail(err, ACQ_USAGE, "too many words: at most %d are taken", ACQ_TEXTS_MAX);
    if (folder && !named) {
        words[n++] = "--folder";
        words[n++] = folder;
    }
    words[n++] = "--minimised";
    for (int i = 1; i < argc; i++) words[n++] = argv[i];
    if (folder && named) {
        words[n++] = "--folder";
        words[n++] = folder;
    }
    int r = acq_autostart_on(ACQ_BRIDGE_NAME, words, n, err);
    return r == ACQ_OK ? status(err) : r;
}

/* on: argv[0] is the word itself. What cannot be started now would not start later: the words are checked. */
static int on(int argc, char **argv, struct acq_err *err)
{
    char folder[ACQ_PATH_MAX];
    struct acq_settings settings;
    acq_settings_init(&settings);
    int r = acq_settings_read(&settings, &acq_bridge_command, argc, argv, err);
    const char *named = r == ACQ_OK ? folder_of_words(argc, argv) : NULL;
    bool known = acq_folder_current(folder, sizeof folder); /* a folder that is named has been entered */
    if (r == ACQ_OK && !known) r = acq_fail(err, ACQ_IO, "the folder that you are in is not known: add --folder DIR");
    bool by_file = settings.folder && !named;
    if (r == ACQ_OK && by_file) r = check_file(&settings, err);
    if (r == ACQ_OK) r = register_words(argc, argv, by_file ? NULL : folder, named != NULL, err);
    acq_settings_fini(&settings);
    return r == ACQ_END ? ACQ_OK : r;
}

int acq_bridge_cmd_autostart(int argc, char **argv, struct acq_err *err)
{
    static const char *const names[] = {"on", "off", "status"};
    struct acq_texts arguments;
    if (argc > 1 && !strcmp(argv[1], "on")) return on(argc - 1, argv + 1, err);
    int r = acq_opt_parse(&command, argc, argv, NULL, &arguments, err);
    if (r != ACQ_OK) return r == ACQ_END ? ACQ_OK : r;
    const char *word = arguments.text[0];
    if (!strcmp(word, "off")) return off(err);
    if (!strcmp(word, "status")) return status(err);
    int near = acq_nearest(word, names, 3);
    return acq_fail(err, ACQ_USAGE, "autostart takes on, off or status, not '%s'%s%s%s", word,
                    near < 0 ? "" : "; did you mean '", near < 0 ? "" : names[near], near < 0 ? "" : "'?");
}
