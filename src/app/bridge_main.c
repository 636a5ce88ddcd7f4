/* bridge_main.c - main of telemetry_bridge: which of its commands is meant. */
#include "app/bridge_cmd.h"

#include "base/console.h"
#include "base/log.h"
#include "base/os.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {"sync", "check", "autostart", "config"};
static int (*const commands[])(int argc, char **argv, struct acq_err *err) = {
    acq_bridge_cmd_sync, acq_bridge_cmd_check, acq_bridge_cmd_autostart, acq_bridge_cmd_config};
enum { COMMANDS = sizeof names / sizeof *names };

/* nearly: the command that a first word means that is none; -1 for a server's name. A name with a dot or a colon is
 * one, and so is a word of one or two letters. */
static int nearly(const char *word)
{
    if (*word == '-' || strpbrk(word, ".:") || strlen(word) < 3 || !strcmp(word, "localhost")) return -1;
    return acq_nearest(word, names, COMMANDS);
}

/* is_plea: a word by which other programs are asked what they are */
static bool is_plea(const char *word)
{
    return !strcmp(word, "help") || !strcmp(word, "version");
}

static int run(int argc, char **argv, struct acq_err *err)
{
    if (argc == 2 && is_plea(argv[1]))
        return acq_fail(err, ACQ_USAGE,
                        "there is no command '%s'; did you mean --%s? A server of that name is %s:50051", argv[1],
                        argv[1], argv[1]);
    for (int i = 0; i < COMMANDS && argc > 1; i++)
        if (!strcmp(argv[1], names[i])) return commands[i](argc - 1, argv + 1, err);
    int near = argc > 1 ? nearly(argv[1]) : -1;
    if (near < 0) return acq_bridge_cmd_run(argc, argv, err);
    return acq_fail(err, ACQ_USAGE, "there is no command '%s'; did you mean '%s'? A server of that name is %s:50051",
                    argv[1], names[near], argv[1]);
}

/* hold keeps a window open that would go away with what it says. */
static void hold(void)
{
    if (!acq_console_is_own()) return;
    fprintf(stderr, "\nPress Enter to close this window.");
    for (int c = getchar(); c != '\n' && c != EOF; c = getchar()) {
    }
}

int main(int argc, char **argv)
{
    struct acq_err err = {0};
    acq_log_setup(ACQ_BRIDGE_NAME, ACQ_LOG_INFO);
    if (!acq_args(&argc, &argv)) return ACQ_EXIT_FAILED;
    int r = run(argc, argv, &err);
    if (r == ACQ_RANGE) {
        acq_log(ACQ_LOG_WARN, "%s", err.text);
        return ACQ_EXIT_LOSSY;
    }
    if (r < 0) {
        acq_log(ACQ_LOG_ERROR, "%s", err.text);
        hold();
    }
    return acq_exit_code(r);
}
