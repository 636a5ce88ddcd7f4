#include "sim/events.h"

#include "base/opt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct acq_event_row acq_event_rows[ACQ_EVENT_KINDS] = {
    [ACQ_EVENT_RESTART] = {"restart", 0, true, "the session begins anew, on the grid; packetId and distance go on"},
    [ACQ_EVENT_PITS] = {"pits", 3, true, "the car is put into its pit box, stands there, and drives out"},
    [ACQ_EVENT_PITSTOP] = {"pitstop", 3, true,
                           "it drives into the pit lane when it next comes there, stops and leaves"},
    [ACQ_EVENT_CUT] = {"cut", 0.5, true, "it cuts over the edge of the road, all wheels out"},
    [ACQ_EVENT_PAUSE] = {"pause", 5, true, "status PAUSE, and nothing moves"},
    [ACQ_EVENT_SILENT_PAUSE] = {"silent-pause", 5, true, "nothing moves, and the status stays LIVE"},
    [ACQ_EVENT_REPLAY] = {"replay", 5, true, "status REPLAY, and the pages show what was driven before"},
    [ACQ_EVENT_MENU] = {"menu", 5, false, "status OFF, and nothing moves; then the drive goes on"},
    [ACQ_EVENT_SESSION] = {"session", 0, false, "practice becomes qualifying, qualifying race, race practice"},
    [ACQ_EVENT_CAR] = {"car", 0, false, "another car, at the start again"},
    [ACQ_EVENT_TRACK] = {"track", 0, false, "another track, by its name, at the start again"},
    [ACQ_EVENT_EMPTY_STATIC] = {"empty-static", 2, false, "the static page is empty, then filled field by field"},
    [ACQ_EVENT_QUIT] = {"quit", 0, false, "the game ends and its pages vanish; with a DURATION it comes again"},
    [ACQ_EVENT_CRASH] = {"crash", 0, false, "it ends and its pages stay as they are; with a DURATION it comes again"},
    [ACQ_EVENT_RELAUNCH] = {"relaunch", 1, false,
                            "the game is started anew on its pages: packetId from 0, static page last"},
};

static int nearest(const char *name)
{
    const char *names[ACQ_EVENT_KINDS];
    for (int i = 0; i < ACQ_EVENT_KINDS; i++) names[i] = acq_event_rows[i].name;
    return acq_nearest(name, names, ACQ_EVENT_KINDS);
}

/* find returns the kind of that name, or -1. "off" is what the status says of a menu. */
static int find(const char *name)
{
    if (!strcmp(name, "off")) return ACQ_EVENT_MENU;
    for (int i = 0; i < ACQ_EVENT_KINDS; i++)
        if (!strcmp(name, acq_event_rows[i].name)) return i;
    return -1;
}

/* number reads digits and perhaps a fraction. Returns what stands behind them, or NULL. */
static const char *number(const char *text, double *value)
{
    char *end;
    if (!(*text >= '0' && *text <= '9')) return NULL; /* no sign, no space, no nan */
    *value = strtod(text, &end);
    return *value < 1e6 ? end : NULL;
}

/* read_time reads 40, 40s, 2m; 1:10 too, where a colon cannot begin a duration: two digits and no unit behind it.
 * Returns what stands behind it, or NULL. */
static const char *read_time(const char *text, double *seconds)
{
    double more;
    const char *end = number(text, seconds), *behind;
    if (!end) return NULL;
    if (*end == 'm' || *end == 's') {
        if (*end == 'm') *seconds *= 60;
        return end + 1;
    }
    bool minutes = *end == ':' && end[1] >= '0' && end[1] <= '5' && end[2] >= '0' && end[2] <= '9';
    if (!minutes || !(behind = number(end + 1, &more)) || more >= 60 || *behind == 's' || *behind == 'm') return end;
    *seconds = 60 * *seconds + more;
    return behind;
}

static void insert(struct acq_events *events, const struct acq_event *event)
{
    size_t i = events->n++;
    for (; i > 0 && events->event[i - 1].at_s > event->at_s; i--) events->event[i] = events->event[i - 1];
    events->event[i] = *event;
}

int acq_events_add(struct acq_events *events, const char *text, struct acq_err *err)
{
    char name[32];
    struct acq_event event;
    size_t n = strcspn(text, "@");
    snprintf(name, sizeof name, "%.*s", n < sizeof name ? (int)n : (int)sizeof name - 1, text);
    int kind = find(name), near = kind < 0 ? nearest(name) : kind;
    if (kind < 0 && near >= 0)
        return acq_fail(err, ACQ_USAGE, "there is no event '%s': did you mean %s?", name, acq_event_rows[near].name);
    if (kind < 0) return acq_fail(err, ACQ_USAGE, "there is no event '%s': --help lists them", name);
    event = (struct acq_event){.kind = (enum acq_event_kind)kind, .for_s = acq_event_rows[kind].usual_s};
    const char *end = text[n] ? read_time(text + n + 1, &event.at_s) : NULL;
    if (end && *end == ':') end = read_time(end + 1, &event.for_s);
    if (!end || *end)
        return acq_fail(err, ACQ_USAGE, "the event '%.60s' has no time that can be read: write %s@40s or %s@1:10:5s",
                        text, name, name);
    if (events->n == ACQ_EVENTS_MAX) return acq_fail(err, ACQ_USAGE, "there are more than %d events", ACQ_EVENTS_MAX);
    insert(events, &event);
    return ACQ_OK;
}

void acq_events_help(char *dst, size_t size)
{
    size_t at = 0;
    *dst = 0;
    for (int i = 0; i < ACQ_EVENT_KINDS; i++) {
        const struct acq_event_row *row = &acq_event_rows[i];
        char usual[16] = "";
        if (row->usual_s > 0) snprintf(usual, sizeof usual, "%gs", row->usual_s);
        int n = snprintf(dst + at, size - at, "  %-13s %-5s %s\n", row->name, usual, row->doc);
        if (n < 0 || (size_t)n >= size - at) return;
        at += (size_t)n;
    }
}
