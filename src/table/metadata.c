#include "table/metadata.h"

#include <stdio.h>

static void add_json_text(struct acq_sql *json, const char *text)
{
    char one[8];
    acq_sql_add(json, "\"");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        snprintf(one, sizeof one, c < 0x20 ? "\\u%04x" : c == '"' || c == '\\' ? "\\%c" : "%c", c);
        acq_sql_add(json, one);
    }
    acq_sql_add(json, "\"");
}

static void add_channels(struct acq_sql *json)
{
    struct acq_column columns[ACQ_COLUMNS];
    acq_columns(columns);
    acq_sql_add(json, "{");
    for (size_t i = 0; i < ACQ_COLUMNS; i++) {
        const struct acq_channel *c = &acq_channels[columns[i].id];
        acq_sql_add(json, i ? ", " : "");
        add_json_text(json, columns[i].name);
        acq_sql_add(json, ": {\"unit\": ");
        add_json_text(json, c->unit);
        acq_sql_add(json, ", \"doc\": ");
        add_json_text(json, c->doc);
        acq_sql_add(json, "}");
    }
    acq_sql_add(json, "}");
}

static void add_frame(struct acq_sql *sql, const struct acq_frame *f)
{
    static const struct {
        const char *key;
        enum acq_id id;
    } keys[] = {{"acq.session", ACQ_head_session_id},
                {"acq.game", ACQ_head_game},
                {"acq.car", ACQ_stat_car_model},
                {"acq.track", ACQ_stat_track},
                {"acq.layout", ACQ_stat_track_configuration}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (!f->has[keys[i].id]) continue;
        acq_sql_add(sql, ", ");
        acq_sql_quote(sql, '\'', keys[i].key);
        acq_sql_add(sql, ": ");
        acq_sql_quote(sql, '\'', (const char *)f + acq_channels[keys[i].id].offset);
    }
}

void acq_metadata_add(struct acq_sql *sql, const struct acq_frame *first)
{
    struct acq_sql json;
    acq_sql_init(&json);
    add_channels(&json);
    const char *text = acq_sql_end(&json, NULL);
    acq_sql_add(sql, "{'acq.version': '" ACQ_VERSION_TEXT "', 'acq.channels': ");
    acq_sql_quote(sql, '\'', text ? text : "{}");
    if (first) add_frame(sql, first);
    acq_sql_add(sql, "}");
    acq_sql_fini(&json);
}
