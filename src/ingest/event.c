#include "ingest/event.h"

#include "base/json.h"
#include "base/os.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { VALUE_MAX = 256 }; /* [byte] of a text, before it is quoted */

void acq_event_begin(struct acq_event *e, const char *name)
{
    e->len = (size_t)snprintf(e->line, sizeof e->line, "%s", name);
}

static void add(struct acq_event *e, const char *key, const char *value, size_t n)
{
    size_t k = strlen(key);
    if (e->len + k + n + 3 > sizeof e->line) return;
    e->len += (size_t)snprintf(e->line + e->len, sizeof e->line - e->len, " %s=%.*s", key, (int)n, value);
}

/* plain: needs no quotes */
static bool plain(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] <= ' ' || text[i] >= 127 || strchr("\"\\=", text[i])) return false;
    return true;
}

void acq_event_text(struct acq_event *e, const char *key, const char *value)
{
    char quoted[6 * VALUE_MAX + 2];
    if (!value || !*value) return;
    size_t n = strlen(value);
    if (n > VALUE_MAX) n = VALUE_MAX;
    if (plain(value, n))
        add(e, key, value, n);
    else
        add(e, key, quoted, acq_json_text(quoted, value, n));
}

void acq_event_number(struct acq_event *e, const char *key, uint64_t value)
{
    char text[24];
    add(e, key, text, (size_t)snprintf(text, sizeof text, "%" PRIu64, value));
}

void acq_event_end(struct acq_event *e, enum acq_log_level level)
{
    acq_log(level, "%s", e->line);
}

void acq_event_end_some(struct acq_event *e, enum acq_log_level level)
{
    static int64_t since_ns;
    static uint64_t written, left_out;
    struct acq_event more;
    int64_t now = acq_now_ns();
    if (now - since_ns > INT64_C(1000000000)) {
        since_ns = now;
        written = 0;
    }
    if (written++ >= ACQ_EVENTS_A_SECOND) {
        left_out++;
        return;
    }
    acq_event_end(e, level);
    if (!left_out || written > 1) return;
    acq_event_begin(&more, "events-left-out");
    acq_event_number(&more, "count", left_out);
    acq_event_end(&more, level);
    left_out = 0;
}
