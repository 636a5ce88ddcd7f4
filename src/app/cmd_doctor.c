/* cmd_doctor.c - `acq doctor`: checks recordings and lists what is wrong with them, with its place. */
#include "app/cmd.h"
#include "app/say.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/paths.h"
#include "base/stop.h"
#include "record/doctor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LISTED = 100 };

struct options {
    bool json, all;
};

static const struct acq_option table[] = {
    {0, "json", NULL, ACQ_OPT_FLAG, offsetof(struct options, json), 0, 0, "one JSON object per file, each on a line"},
    {'a', "all", NULL, ACQ_OPT_FLAG, offsetof(struct options, all), 0, 0,
     "list every fault of a file, not only the first 100"},
};

static const struct acq_command command = {
    .name = "acq doctor",
    .usage = "FILE... [OPTION...]",
    .summary = "Check recordings: checksums, headers against the frames, order, totals, values; list each fault and "
               "its place.",
    .more = "FILE may be a folder (all recordings in it), a pattern, or - for standard input.\n"
            "A fault is damage, or something that contradicts itself. A warning is only unlikely: a value outside its\n"
            "range, a step number that goes back. `acq recover` saves what is whole.\n"
            "\nExamples:\n"
            "  acq doctor hour.pb.gz\n"
            "  acq doctor recordings --json\n"
            "\nExit codes: 0 whole (there may be warnings), 1 a file could not be read, 2 wrong usage, 3 faulty but "
            "readable.",
    .options = table,
    .option_count = sizeof table / sizeof *table,
    .arguments_min = 1,
    .arguments_max = ACQ_TEXTS_MAX,
};

/* One file's findings on their way out. */
struct listing {
    const struct options *o;
    const char *path;
    struct acq_json json;
    uint64_t listed, left; /* faults that were shown and that were not */
    bool begun;
};

static void begin(struct listing *l)
{
    char name[ACQ_PATH_MAX];
    if (l->begun) return;
    l->begun = true;
    if (!l->o->json) {
        printf("%s\n", acq_say_text(name, sizeof name, strcmp(l->path, "-") ? l->path : "standard input"));
        return;
    }
    l->json = (struct acq_json){.out = stdout};
    acq_json_open(&l->json, NULL, '{');
    acq_json_str(&l->json, "file", l->path);
    acq_json_open(&l->json, "findings", '[');
}

static void put_uint(struct acq_json *j, const char *key, bool known, uint64_t v)
{
    if (known)
        acq_json_uint(j, key, v);
    else
        acq_json_null(j, key);
}

static void list_json(struct listing *l, const struct acq_finding *f)
{
    struct acq_json *j = &l->json;
    acq_json_open(j, NULL, '{');
    acq_json_str(j, "severity", f->fault ? "fault" : "warning");
    put_uint(j, "at_byte", f->at >= 0, (uint64_t)f->at);
    put_uint(j, "member", f->member != 0, f->member);
    put_uint(j, "seq", f->seq != 0, f->seq);
    if (f->t_ns >= 0)
        acq_json_real(j, "t_s", (double)f->t_ns * 1e-9, 3);
    else
        acq_json_null(j, "t_s");
    acq_json_uint(j, "frames", f->count);
    acq_json_str(j, "text", f->text);
    acq_json_close(j, '}');
}

static void list_text(const struct acq_finding *f)
{
    char number[ACQ_SAY], text[400];
    printf("  %-8s", f->fault ? "fault" : "warning");
    if (f->at >= 0) printf(" byte %s,", acq_say_count(number, (uint64_t)f->at));
    if (f->member) printf(" member %s,", acq_say_count(number, f->member));
    if (f->seq) printf(" seq %s,", acq_say_count(number, f->seq));
    if (f->t_ns >= 0) printf(" %s:", acq_say_time(number, f->t_ns));
    printf(" %s", acq_say_text(text, sizeof text, f->text));
    if (f->count > 1) printf(" (%s frames)", acq_say_count(number, f->count));
    putchar('\n');
}

static void on_finding(void *user, const struct acq_finding *f)
{
    struct listing *l = user;
    begin(l);
    if (f->fault && !l->o->all && l->listed >= LISTED) {
        l->left++;
        return;
    }
    l->listed += f->fault;
    if (l->o->json)
        list_json(l, f);
    else
        list_text(f);
}

static void end_json(struct listing *l, const struct acq_doctor *d, const char *error)
{
    struct acq_json *j = &l->json;
    begin(l);
    acq_json_close(j, ']');
    acq_json_uint(j, "faults_not_listed", l->left);
    acq_json_str(j, "error", error);
    if (!error) {
        acq_json_bool(j, "whole", d->faults == 0);
        acq_json_uint(j, "faults", d->faults);
        acq_json_uint(j, "warnings", d->warnings);
        acq_json_bool(j, "closed", d->loss.closed);
        acq_json_bool(j, "foreign", d->loss.foreign);
        put_uint(j, "members", !d->loss.foreign, d->members);
        acq_json_uint(j, "frames", d->frames);
        acq_json_uint(j, "missing_frames", d->loss.missing_frames);
        acq_json_uint(j, "damaged_bytes", d->loss.damaged_bytes);
        acq_json_uint(j, "left_out_frames", d->loss.left_out);
    }
    acq_json_close(j, '}');
    putchar('\n');
}

static void end_text(struct listing *l, const struct acq_doctor *d)
{
    char a[ACQ_SAY], b[ACQ_SAY], c[ACQ_SAY];
    begin(l);
    if (l->left) printf("  and %s more faults: --all lists them\n", acq_say_count(a, l->left));
    printf("  %s: ", d->faults ? "faulty" : "whole");
    if (d->faults) printf("%s fault%s, ", acq_say_count(a, d->faults), d->faults == 1 ? "" : "s");
    if (d->warnings) printf("%s warning%s, ", acq_say_count(a, d->warnings), d->warnings == 1 ? "" : "s");
    printf("%s frames%s", acq_say_count(a, d->frames), d->faults ? " can be read" : "");
    if (!d->loss.foreign) printf(" in %s members", acq_say_count(b, d->members));
    if (d->loss.left_out) printf(", %s left out on purpose", acq_say_count(c, d->loss.left_out));
    if (d->loss.closed)
        puts(", closed cleanly");
    else if (d->loss.foreign)
        puts(", the stream is not complete");
    else
        puts(", not closed: still being written, or its program was killed");
    if (d->faults) puts("  `acq recover` writes what is whole into a new file");
}

/* check: one file. Returns its exit code. */
static int check(const struct options *o, const char *path, struct acq_err *err)
{
    static struct acq_doctor d;
    struct listing l = {.o = o, .path = path};
    int r = acq_doctor_check(&d, path, on_finding, &l, acq_stopped, err);
    if (o->json)
        end_json(&l, &d, r < 0 ? err->text : NULL);
    else if (r == ACQ_OK)
        end_text(&l, &d);
    fflush(stdout);
    if (r < 0) acq_log(ACQ_LOG_ERROR, "%s", err->text);
    if (r < 0) return ACQ_EXIT_FAILED;
    return d.faults ? ACQ_EXIT_LOSSY : ACQ_EXIT_OK;
}

int acq_cmd_doctor(int argc, char **argv)
{
    static const char *const suffixes[] = {".pb.gz", NULL};
    struct options o = {0};
    struct acq_texts arguments;
    struct acq_paths paths = ACQ_PATHS_NONE;
    struct acq_err err = {0};
    bool failed = false, faulty = false;
    int r = acq_opt_parse(&command, argc, argv, &o, &arguments, &err);
    if (r == ACQ_END) return ACQ_EXIT_OK;
    acq_on_stop();
    for (size_t i = 0; r == ACQ_OK && i < arguments.n; i++)
        r = acq_paths_add(&paths, arguments.text[i], suffixes, &err);
    for (size_t i = 0; r == ACQ_OK && i < paths.n && !acq_stopped(); i++) {
        int code = check(&o, paths.path[i], &err);
        failed = failed || code == ACQ_EXIT_FAILED;
        faulty = faulty || code == ACQ_EXIT_LOSSY;
    }
    acq_paths_fini(&paths);
    if (r < 0) return acq_cmd_fail(&err);
    return failed || acq_stopped() ? ACQ_EXIT_FAILED : faulty ? ACQ_EXIT_LOSSY : ACQ_EXIT_OK;
}
