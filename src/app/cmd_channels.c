/* cmd_channels.c - `acq channels`: the channel table for people, and the files that are derived from it. */
#include "app/cmd.h"
#include "base/opt.h"
#include "frame/frame.h"

#include <stdio.h>
#include <string.h>

struct options {
    bool proto, markdown;
};

static const struct acq_option table[] = {
    {0, "proto", NULL, ACQ_OPT_FLAG, offsetof(struct options, proto), 0, 0, "print proto/telemetry/v1/telemetry.proto"},
    {0, "markdown", NULL, ACQ_OPT_FLAG, offsetof(struct options, markdown), 0, 0, "print docs/channels.md"},
};

static const struct acq_command command = {
    .name = "acq channels",
    .usage = "[OPTION...]",
    .summary = "List every channel of a frame: column, unit and meaning.",
    .more = "Examples:\n  acq channels | grep tyre     what there is about tyres",
    .options = table,
    .option_count = sizeof table / sizeof *table,
};

/* The column as it is written in text: with its index as one pattern. */
static void print_column(const struct acq_channel *c, const char *before, const char *after)
{
    const char *index = c->type != ACQ_TYPE_FLOATS ? "" : c->n == 4 ? "{fl,fr,rl,rr}" : "{x,y,z}";
    printf("%s%s%s%s%s", before, c->column, index, c->suffix, after);
}

static void print_list(void)
{
    for (unsigned id = 0; id < ACQ_IDS; id++) {
        const struct acq_channel *c = &acq_channels[id];
        char column[64];
        if (c->type == ACQ_TYPE_GROUP) {
            printf("%s%s: %s\n", id ? "\n" : "", c->message, c->doc);
            continue;
        }
        const char *index = c->type != ACQ_TYPE_FLOATS ? "" : c->n == 4 ? "{fl,fr,rl,rr}" : "{x,y,z}";
        snprintf(column, sizeof column, "%s%s%s", c->column, index, c->suffix);
        printf("  %-40s %-6s %s\n", column, c->unit, c->doc);
    }
}

static const char *proto_type(const struct acq_channel *c)
{
    switch (c->type) {
    case ACQ_TYPE_F32: return "optional float";
    case ACQ_TYPE_I32: return "optional int32";
    case ACQ_TYPE_U64: return "optional uint64";
    case ACQ_TYPE_X64: return "optional fixed64";
    case ACQ_TYPE_STR: return "optional string";
    default: return c->n == 4 ? "Wheel4f" : "Vec3f";
    }
}

static void print_message(unsigned id)
{
    const struct acq_channel *g = &acq_channels[id];
    printf("\n// %s\nmessage %s {\n", g->doc, g->message);
    for (id++; id < ACQ_IDS && acq_channels[id].type != ACQ_TYPE_GROUP; id++) {
        const struct acq_channel *c = &acq_channels[id];
        printf("  %s %s = %u; // %s%s%s%s\n", proto_type(c), c->name, (unsigned)c->tag, *c->unit ? "[" : "", c->unit,
               *c->unit ? "] " : "", c->doc);
    }
    for (unsigned i = 1; !g->tag && i < ACQ_IDS; i++) {
        const struct acq_channel *c = &acq_channels[i];
        if (c->type == ACQ_TYPE_GROUP) printf("  %s %s = %u; // %s\n", c->message, c->name, (unsigned)c->tag, c->doc);
    }
    puts("}");
}

static void print_proto(void)
{
    puts("// telemetry.proto - what flows between bridge, server and tools.\n"
         "// Derived from src/frame/channels.def by `acq channels --proto`; change it there.\n"
         "// Field numbers below 16 are those of the original project; numbers are never used again.\n"
         "syntax = \"proto3\";\n\n"
         "package telemetry.v1;\n\n"
         "option csharp_namespace = \"Slipstream.Telemetry.V1\";\n"
         "option go_package = \"telemetry/v1;telemetryv1\";\n"
         "option java_multiple_files = true;\n"
         "option java_package = \"ai.slipstream.telemetry.v1\";\n"
         "option java_outer_classname = \"TelemetryProto\";\n"
         "option optimize_for = SPEED;\n\n"
         "message Vec3f {\n  float x = 1;\n  float y = 2;\n  float z = 3;\n}\n\n"
         "// front left, front right, rear left, rear right\n"
         "message Wheel4f {\n  float fl = 1;\n  float fr = 2;\n  float rl = 3;\n  float rr = 4;\n}");
    for (unsigned id = 1; id < ACQ_IDS; id++)
        if (acq_channels[id].type == ACQ_TYPE_GROUP) print_message(id);
    print_message(ACQ_head);
    puts("\nenum AckStatus {\n  ACK_STATUS_UNSPECIFIED = 0;\n  ACK_OK = 1;\n  ACK_INVALID = 2;\n"
         "  ACK_BACKPRESSURE = 3;\n  ACK_DROPPED = 4;\n  ACK_ERROR = 5;\n}\n\n"
         "// All frames of the session up to last_seq are durable on the server.\n"
         "message StreamAck {\n"
         "  uint64 last_monotonic_ns = 1; // [ns] sample time of the frame last_seq\n"
         "  AckStatus status = 2;\n"
         "  string message = 3; // why, where status is not ACK_OK\n"
         "  uint32 buffered_frames = 4; // received, not yet durable\n"
         "  uint64 last_seq = 16;\n"
         "}\n\n"
         "service TelemetryIngest {\n"
         "  // One stream carries one session. docs/protocol.md says how a stream is taken up again.\n"
         "  rpc StreamFrames(stream TelemetryFrame) returns (stream StreamAck);\n"
         "}");
}

static void print_markdown(void)
{
    static const char *const kinds[] = {"continuous", "stepped", "cyclic", "text"};
    static const char *const pages[] = {"", "physics", "graphics", "static"};
    puts("# Channels\n\n"
         "Derived from `src/frame/channels.def` by `acq channels --markdown`; change it there.\n\n"
         "A frame has these channels. An absent channel is NULL, never 0. Wheels are `fl fr rl rr` (front left, front\n"
         "right, rear left, rear right), vectors `x y z`. *Tag* is the field number in the message, *page* and *byte* "
         "say\n"
         "where the game keeps the value in its shared memory. A *stepped* or *text* channel must not be interpolated; "
         "a\n"
         "*cyclic* one is continuous but for its jump at a full turn or lap.\n\n"
         "In tables the columns `t_ns, game, session, speed_kmh, gas, brake, gear, steer, rpm, ax_g, ay_g, az_g, lap,\n"
         "pos` come first, then all others in this order.");
    for (unsigned id = 0; id < ACQ_IDS; id++) {
        const struct acq_channel *c = &acq_channels[id];
        if (c->type == ACQ_TYPE_GROUP) {
            printf("\n## %s\n\n%c%s.\n\n", c->message, c->doc[0] - 'a' + 'A', c->doc + 1);
            puts("| column | unit | meaning | field | tag | kind | page | byte |\n|---|---|---|---|--:|---|---|--:|");
            continue;
        }
        print_column(c, "| `", "`");
        printf(" | %s | %s | `%s` | %u | %s | %s | ", c->unit, c->doc, c->name, (unsigned)c->tag, kinds[c->kind],
               pages[c->page]);
        if (c->page)
            printf("%u |\n", (unsigned)c->page_offset);
        else
            puts("|");
    }
}

int acq_cmd_channels(int argc, char **argv)
{
    struct options o = {0};
    struct acq_texts arguments;
    struct acq_err err;
    int r = acq_opt_parse(&command, argc, argv, &o, &arguments, &err);
    if (r == ACQ_END) return ACQ_EXIT_OK;
    if (r < 0) return acq_cmd_fail(&err);
    if (o.proto)
        print_proto();
    else if (o.markdown)
        print_markdown();
    else
        print_list();
    return ACQ_EXIT_OK;
}
