/* cmd_replay.c - `acq replay`: a recording again, into a server or into the game's pages. */
#include "app/cmd.h"
#include "app/pick.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/stop.h"
#include "bridge/replay.h"
#include "page/map.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct options {
    struct acq_replay_config config;
    struct acq_pick pick;
    bool pages;
};

static const struct acq_option table[] = {
    {'s', "speed", "X", ACQ_OPT_NUMBER, offsetof(struct options, config.speed), 0, 1000,
     "X times as fast as it was recorded; default 1; 0: as fast as the server acks"},
    {'p', "pages", NULL, ACQ_OPT_FLAG, offsetof(struct options, pages), 0, 0,
     "into the game's pages; the first part of their names: $ACQ_PAGES, or acpmf as the game"},
    ACQ_PICK_OPTIONS(struct options, pick),
    {0, "new-session", NULL, ACQ_OPT_FLAG, offsetof(struct options, config.new_session), 0, 0,
     "as a session of its own, numbered from 1, so that a server takes it again"},
    {0, "tls", NULL, ACQ_OPT_FLAG, offsetof(struct options, config.tls), 0, 0, "to a server that speaks TLS"},
    {0, "ca", "FILE", ACQ_OPT_TEXT, offsetof(struct options, config.ca), 0, 0,
     "certificates (PEM) that --tls trusts; default: the system's"},
    {0, "loop", NULL, ACQ_OPT_FLAG, offsetof(struct options, config.loop), 0, 0,
     "with --pages: again and again, until Ctrl+C"},
    {'q', "quiet", NULL, ACQ_OPT_FLAG, offsetof(struct options, config.quiet), 0, 0, "show no progress"},
};

static const struct acq_command command = {
    .name = "acq replay",
    .usage = "FILE [HOST:PORT | --pages] [OPTION...]",
    .summary = "Play a recording again: into `acq serve` at HOST:PORT (default 127.0.0.1:50051), which is sent only\n"
               "what it lacks, or into the game's pages, where any tool sees the drive again.",
    .more =
        "FILE - is standard input. A server keeps session and numbers of the recording; frames without numbers, as\n"
        "the original project wrote them, it numbers itself.\n"
        "\nExamples:\n"
        "  acq replay drive.pb.gz --speed 0                      send what the server lacks, at once\n"
        "  acq replay drive.pb.gz 192.168.1.20:50051             as if it were driven now\n"
        "  acq replay drive.pb.gz --new-session --laps 3-5       three laps, as a session of their own\n"
        "  acq replay drive.pb.gz --pages                        for a dashboard, or a telemetry_bridge\n"
        "\nExit codes: 0 all is acked, or played; 1 failed; 2 wrong usage; 3 done, but the recording is damaged.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
    .arguments_min = 1,
    .arguments_max = 2,
};

/* check_options says what does not go together. */
static int check_options(const struct options *o, const struct acq_texts *arguments, struct acq_err *err)
{
    const struct acq_replay_config *c = &o->config;
    if (o->pages && arguments->n > 1)
        return acq_fail(err, ACQ_USAGE, "a recording is replayed to %s or into --pages, not both", arguments->text[1]);
    if (o->pages && c->new_session)
        return acq_fail(err, ACQ_USAGE, "--new-session is for a server: pages have no session");
    if (o->pages && c->tls) return acq_fail(err, ACQ_USAGE, "--tls is for a server: pages are on this computer");
    if (o->pages && c->speed <= 0)
        return acq_fail(err, ACQ_USAGE, "--speed 0 is for a server: pages need a speed above 0");
    if (c->loop && !o->pages) return acq_fail(err, ACQ_USAGE, "--loop is for --pages: a server takes a session once");
    if (c->loop && !strcmp(c->path, "-"))
        return acq_fail(err, ACQ_USAGE, "--loop needs a file: standard input can be read once");
    return ACQ_OK;
}

/* say is what remains on the screen. Returns whether all went as the file has it. */
static bool say(const struct options *o, const struct acq_replayed *done)
{
    if (o->pages)
        printf("Replayed %.1f s, %" PRIu64 " steps into the pages %s_*\n", done->seconds, done->frames,
               o->config.prefix);
    else if (!done->frames)
        printf("The server has all of session %s already: %" PRIu64 " frames\n", done->session, done->there);
    else
        printf("Replayed %.1f s, %" PRIu64 " frames of session %s, all acked; the server had %" PRIu64 " before\n",
               done->seconds, done->frames, done->session, done->there);
    if (done->doubled)
        acq_log(ACQ_LOG_WARN, "%" PRIu64 " frames were left out: their time is not above the one before",
                done->doubled);
    if (*done->loss) acq_log(ACQ_LOG_WARN, "%s: %s", o->config.path, done->loss);
    return !done->doubled && !*done->loss;
}

static int run(struct options *o, int argc, char **argv, struct acq_replayed *done, struct acq_err *err)
{
    struct acq_texts arguments;
    int r = acq_opt_parse(&command, argc, argv, o, &arguments, err);
    if (r != ACQ_OK) return r;
    o->config.path = arguments.text[0];
    o->config.server = arguments.n > 1 ? arguments.text[1] : "127.0.0.1:50051";
    o->config.prefix = acq_map_prefix(NULL);
    r = check_options(o, &arguments, err);
    if (r == ACQ_OK) r = acq_pick_select(&o->pick, o->config.path, &o->config.select, err);
    if (r < 0) return r;
    acq_on_stop();
    return o->pages ? acq_replay_to_pages(&o->config, done, err) : acq_replay_to_server(&o->config, done, err);
}

int acq_cmd_replay(int argc, char **argv)
{
    struct options o = {.config = {.select = ACQ_SELECT_ALL, .speed = 1}};
    struct acq_replayed done = {0};
    struct acq_err err = {0};
    int r = run(&o, argc, argv, &done, &err);
    if (r == ACQ_END) return ACQ_EXIT_OK;
    if (r < 0) return acq_cmd_fail(&err);
    return say(&o, &done) ? ACQ_EXIT_OK : ACQ_EXIT_LOSSY;
}
