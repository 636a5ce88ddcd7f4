#include "table/metadata.h"

#include "base/json.h"
#include "table/number.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 512 };

static void add_json_text(struct acq_sql *json, const char *text)
{
    char quoted[6 * TEXT_MAX + 3];
    size_t n = strlen(text);
    quoted[acq_json_text(quoted, text, n < TEXT_MAX ? n : TEXT_MAX)] = 0;
    acq_sql_add(json, quoted);
}

static void add_channels(struct acq_sql *json, const struct acq_metadata *m)
{
    struct acq_field fields[ACQ_ROW_FIELDS];
    struct acq_column columns[ACQ_COLUMNS];
    acq_rows_fields(fields);
    acq_columns(columns);
    acq_sql_add(json, "{");
    for (size_t i = 0; i < m->field_count; i++) {
        size_t field = m->fields[i];
        acq_sql_add(json, i ? ", " : "");
        add_json_text(json, fields[field].name);
        acq_sql_add(json, ": {\"unit\": ");
        add_json_text(json, fields[field].unit);
        acq_sql_add(json, ", \"doc\": ");
        add_json_text(json, field == ACQ_ROW_T_S ? "time since the first frame" : acq_channels[columns[field].id].doc);
        acq_sql_add(json, "}");
    }
    acq_sql_add(json, "}");
}

/* start_of: the time of the first frame as text, "" where it is not known */
static const char *start_of(const struct acq_part *part, char text[ACQ_NUMBER_MAX + 1])
{
    text[part->utc_ns == INT64_MIN ? 0 : acq_number_time(text, part->utc_ns)] = 0;
    return text;
}

static void add_sessions(struct acq_sql *json, const struct acq_metadata *m)
{
    char start[ACQ_NUMBER_MAX + 1];
    acq_sql_add(json, "[");
    for (size_t i = 0; i < m->n; i++) {
        const struct acq_part *part = &m->parts[i];
        const char *const pairs[][2] = {{"session", part->session}, {"car", part->car},
                                        {"track", part->track},     {"layout", part->layout},
                                        {"driver", part->driver},   {"start", start_of(part, start)}};
        acq_sql_add(json, i ? ", {" : "{");
        for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
            acq_sql_add(json, k ? ", " : "");
            add_json_text(json, pairs[k][0]);
            acq_sql_add(json, ": ");
            add_json_text(json, pairs[k][1]);
        }
        acq_sql_add(json, "}");
    }
    acq_sql_add(json, "]");
}

static void add_pair(struct acq_sql *sql, const char *key, const char *value)
{
    acq_sql_add(sql, ", ");
    acq_sql_quote(sql, '\'', key);
    acq_sql_add(sql, ": ");
    acq_sql_quote(sql, '\'', value);
}

/* add adds one more pair, unless the value is not known */
static void add(struct acq_sql *sql, const char *key, const char *value)
{
    if (value && *value) add_pair(sql, key, value);
}

static void add_json(struct acq_sql *sql, const char *key, const struct acq_metadata *m,
                     void (*fill)(struct acq_sql *json, const struct acq_metadata *m))
{
    struct acq_sql json;
    acq_sql_init(&json);
    fill(&json, m);
    add(sql, key, acq_sql_end(&json, NULL));
    acq_sql_fini(&json);
}

static void add_part(struct acq_sql *sql, const struct acq_part *part)
{
    char start[ACQ_NUMBER_MAX + 1];
    add(sql, "acq.session", part->session);
    add(sql, "acq.game", part->game);
    add(sql, "acq.car", part->car);
    add(sql, "acq.track", part->track);
    if (*part->track) add_pair(sql, "acq.layout", part->layout); /* a track of only one has no name for it */
    add(sql, "acq.driver", part->driver);
    add(sql, "acq.start", start_of(part, start));
}

void acq_metadata_add(struct acq_sql *sql, const struct acq_metadata *m)
{
    char rate[ACQ_NUMBER_MAX + 1] = "";
    bool original = false;
    for (size_t i = 0; i < m->n; i++) original |= m->parts[i].original;
    if (m->rate_hz > 0) rate[acq_number_round(rate, m->rate_hz, 15)] = 0;
    acq_sql_add(sql, "{'acq.version': '" ACQ_VERSION_TEXT "'");
    add_json(sql, "acq.channels", m, add_channels);
    if (m->n == 1)
        add_part(sql, &m->parts[0]);
    else
        add_json(sql, "acq.sessions", m, add_sessions);
    add(sql, "acq.laps", m->laps);
    add(sql, "acq.from", m->from);
    add(sql, "acq.to", m->to);
    add(sql, "acq.rate_hz", rate);
    if (original) add(sql, "acq.original", m->restored ? "restored" : "misread");
    acq_sql_add(sql, "}");
}
