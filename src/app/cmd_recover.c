/* cmd_recover.c - `acq recover`: saves what can be saved of a damaged recording. */
#include "app/cmd.h"
#include "app/say.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/output.h"
#include "base/stop.h"
#include "record/recover.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LISTED = 20 };

struct options {
    bool force;
};

static const struct acq_option table[] = {
    {'f', "force", NULL, ACQ_OPT_FLAG, offsetof(struct options, force), 0, 0, "overwrite OUT where it exists"},
};

static const struct acq_command command = {
    .name = "acq recover",
    .usage = "IN OUT.pb.gz [OPTION...]",
    .summary = "Save what can be saved of a damaged or cut recording into a new one.",
    .more =
        "Whole members are copied as they are; of a damaged one the frames before the damage are saved. A recording\n"
        "of the original project becomes one of ours: its frames get numbers, in their order. IN may be - for\n"
        "standard input, where damaged members are left out.\n"
        "\nExamples:\n"
        "  acq doctor telemetry_record.pb.gz\n"
        "  acq recover telemetry_record.pb.gz saved.pb.gz\n"
        "\nExit codes: 0 nothing is missing, 1 failed: there was nothing to save, 2 wrong usage, 3 saved, but frames\n"
        "are missing.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
    .arguments_min = 2,
    .arguments_max = 2,
};

static void say_missing(const struct acq_recovered *d, const struct acq_missing *m)
{
    char frames[ACQ_SAY], from[ACQ_SAY], to[ACQ_SAY];
    acq_say_since(from, d->first_t_ns, m->from_t_ns);
    acq_say_since(to, d->first_t_ns, m->to_t_ns);
    printf("  %s frames", m->frames ? acq_say_count(frames, m->frames) : "unknown many");
    if (m->frames) printf(", seq %" PRIu64 " to %" PRIu64 ",", m->first_seq, m->first_seq + m->frames - 1);
    if (m->from_t_ns == ACQ_LOSS_BEFORE)
        printf(" before the first one that is left\n");
    else if (m->to_t_ns == ACQ_LOSS_BEHIND)
        printf(" after %s\n", from);
    else
        printf(" between %s and %s\n", from, to);
}

static void say_count(uint64_t n, const char *text)
{
    char number[ACQ_SAY];
    if (n) printf("%s %s\n", acq_say_count(number, n), text);
}

static void say(const struct acq_recovered *d, const char *out)
{
    char a[ACQ_SAY];
    printf("Wrote %s with %s frames\n", out, acq_say_count(a, d->frames));
    say_count(d->rescued, "of them out of damaged members");
    say_count(d->numbered, "of them had no seq and got one, in their order");
    say_count(d->repeated, "left out: they had been there already, or are not later than the frame before");
    say_count(d->foreign, "left out: they are of another session");
    say_count(d->unreadable, "left out: they are no frames");
    say_count(d->doubtful, "left out: they come from damaged members, and cannot be vouched for");
    if (d->loss.foreign && *d->loss.text) printf("%s\n", d->loss.text);
    if (!d->places) {
        if (acq_recovered_all(d)) puts("No frame is missing");
        return;
    }
    printf("Missing: %s frames in %zu place%s\n", acq_say_count(a, d->missing_frames), d->places,
           d->places == 1 ? "" : "s");
    for (size_t i = 0; i < d->places && i < LISTED; i++) say_missing(d, &d->missing[i]);
    if (d->places > LISTED) printf("  and %zu places more: `acq info --json %s` lists them\n", d->places - LISTED, out);
}

static int recover(int argc, char **argv, struct acq_recovered *done, struct acq_err *err)
{
    struct options o = {0};
    struct acq_texts arguments;
    struct acq_output output;
    int r = acq_opt_parse(&command, argc, argv, &o, &arguments, err);
    if (r) return r;
    const char *in = arguments.text[0], *out = arguments.text[1];
    if (!strcmp(in, out)) return acq_fail(err, ACQ_USAGE, "IN and OUT are the same file: name another one for OUT");
    acq_on_stop();
    r = acq_output_begin(&output, out, o.force, err);
    if (r < 0) return r;
    acq_path_remove(output.temporary); /* it is ours by name; the recorder wants to make it */
    r = acq_recover(done, in, output.temporary, acq_stopped, err);
    r = acq_output_end(&output, r, err);
    if (r == ACQ_OK) say(done, out);
    return r;
}

int acq_cmd_recover(int argc, char **argv)
{
    static struct acq_recovered done;
    struct acq_err err = {0};
    int r = recover(argc, argv, &done, &err);
    if (r < 0) return acq_cmd_fail(&err);
    if (r == ACQ_END) return ACQ_EXIT_OK;
    return acq_recovered_all(&done) ? ACQ_EXIT_OK : ACQ_EXIT_LOSSY;
}
