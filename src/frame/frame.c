#include "frame/frame.h"

#include <stdio.h>
#include <string.h>

#define TYPE_f32 ACQ_TYPE_F32
#define TYPE_i32 ACQ_TYPE_I32
#define TYPE_u64 ACQ_TYPE_U64
#define TYPE_x64 ACQ_TYPE_X64
#define TYPE_str ACQ_TYPE_STR
#define TYPE_vec3f ACQ_TYPE_FLOATS
#define TYPE_wheel4f ACQ_TYPE_FLOATS

const struct acq_channel acq_channels[ACQ_IDS] = {
#define GROUP(group_, tag_, message_, doc_)        \
    {.name = #group_,                              \
     .message = #message_,                         \
     .doc = doc_,                                  \
     .offset = offsetof(struct acq_frame, group_), \
     .group = ACQ_IN_##group_,                     \
     .tag = tag_,                                  \
     .type = ACQ_TYPE_GROUP},
#define CH(group_, tag_, name_, type_, n_, page_, offset_, page_type_, conversion_, kind_, unit_, column_, suffix_, \
           motec_, hz_, doc_)                                                                                       \
    {.name = #name_,                                                                                                \
     .message = "",                                                                                                 \
     .unit = unit_,                                                                                                 \
     .column = column_,                                                                                             \
     .suffix = suffix_,                                                                                             \
     .motec = motec_,                                                                                               \
     .doc = doc_,                                                                                                   \
     .offset = offsetof(struct acq_frame, group_.name_),                                                            \
     .page_offset = offset_,                                                                                        \
     .group = ACQ_IN_##group_,                                                                                      \
     .tag = tag_,                                                                                                   \
     .type = TYPE_##type_,                                                                                          \
     .n = n_,                                                                                                       \
     .page = ACQ_PAGE_##page_,                                                                                      \
     .page_type = ACQ_PAGE_TYPE_##page_type_,                                                                       \
     .conversion = ACQ_CONVERT_##conversion_,                                                                       \
     .kind = ACQ_KIND_##kind_,                                                                                      \
     .hz = hz_},
#include "frame/channels.def"
};

/* the original project's columns, which come first */
static const uint16_t original[] = {
    ACQ_head_monotonic_ns,       ACQ_head_game,        ACQ_head_session_id, ACQ_physics_speed_kmh,  ACQ_physics_gas,
    ACQ_physics_brake,           ACQ_physics_gear,     ACQ_physics_steer,   ACQ_physics_engine_rpm, ACQ_physics_acc_g,
    ACQ_graphics_completed_laps, ACQ_graphics_position};

static const uint16_t group_ids[ACQ_GROUPS] = {
#define GROUP(group, tag, message, doc) ACQ_##group,
#include "frame/channels.def"
};

void acq_frame_clear(struct acq_frame *f)
{
    memset(f, 0, sizeof *f);
}

static void mark(struct acq_frame *f, unsigned id)
{
    f->has[id] = true;
    f->has[group_ids[acq_channels[id].group]] = true;
}

void acq_frame_set_text(struct acq_frame *f, enum acq_id id, const char *text)
{
    const struct acq_channel *c = &acq_channels[id];
    char *dst = (char *)f + c->offset;
    size_t n = strlen(text);
    if (n > c->n) {
        n = c->n;
        while (n && ((uint8_t)text[n] & 0xc0) == 0x80) n--;
    }
    memcpy(dst, text, n);
    dst[n] = 0;
    mark(f, id);
}

/* size_in_page: the bytes that channel c takes in its page */
static size_t size_in_page(const struct acq_channel *c)
{
    if (c->type == ACQ_TYPE_STR) return c->n / 3u * 2u;
    return 4u * (c->type == ACQ_TYPE_FLOATS ? c->n : 1u);
}

static void from_field(struct acq_frame *f, const struct acq_channel *c, const uint8_t *src)
{
    char *dst = (char *)f + c->offset;
    float x;
    int32_t i;
    switch (c->conversion) {
    case ACQ_CONVERT_same:
        if (c->type == ACQ_TYPE_STR)
            acq_text_from_utf16(dst, src, c->n / 3u);
        else
            memcpy(dst, src, size_in_page(c));
        break;
    case ACQ_CONVERT_invert:
        memcpy(&x, src, 4);
        x = 1 - x;
        memcpy(dst, &x, 4);
        break;
    case ACQ_CONVERT_gear:
        memcpy(&i, src, 4);
        i = (int32_t)((uint32_t)i - 1); /* hostile pages may hold INT32_MIN */
        memcpy(dst, &i, 4);
        break;
    case ACQ_CONVERT_number:
    case ACQ_CONVERT_seconds:
        memcpy(&i, src, 4);
        x = c->conversion == ACQ_CONVERT_number ? (float)i : (float)((double)i / 1000);
        memcpy(dst, &x, 4);
        break;
    }
}

void acq_frame_from_page(struct acq_frame *f, enum acq_page page, const void *bytes, size_t size)
{
    for (unsigned id = 0; id < ACQ_IDS; id++) {
        const struct acq_channel *c = &acq_channels[id];
        if (c->page != page) continue;
        f->has[id] = c->page_offset + size_in_page(c) <= size;
        if (!f->has[id]) continue;
        f->has[group_ids[c->group]] = true;
        from_field(f, c, (const uint8_t *)bytes + c->page_offset);
    }
}

/* to_int: the nearest int32 of x; 0 for NaN, the ends of the range beyond it */
static int32_t to_int(double x)
{
    if (!(x == x)) return 0;
    if (x >= 2147483647.0) return INT32_MAX;
    if (x <= -2147483648.0) return INT32_MIN;
    return (int32_t)(x < 0 ? x - 0.5 : x + 0.5);
}

static void to_field(const struct acq_frame *f, const struct acq_channel *c, uint8_t *dst)
{
    const char *src = (const char *)f + c->offset;
    float x;
    int32_t i;
    switch (c->conversion) {
    case ACQ_CONVERT_same:
        if (c->type == ACQ_TYPE_STR)
            acq_text_to_utf16(dst, c->n / 3u, src);
        else
            memcpy(dst, src, size_in_page(c));
        break;
    case ACQ_CONVERT_invert:
        memcpy(&x, src, 4);
        x = 1 - x;
        memcpy(dst, &x, 4);
        break;
    case ACQ_CONVERT_gear:
        memcpy(&i, src, 4);
        i = (int32_t)((uint32_t)i + 1);
        memcpy(dst, &i, 4);
        break;
    case ACQ_CONVERT_number:
    case ACQ_CONVERT_seconds:
        memcpy(&x, src, 4);
        i = to_int(c->conversion == ACQ_CONVERT_number ? (double)x : (double)x * 1000);
        memcpy(dst, &i, 4);
        break;
    }
}

void acq_frame_to_page(const struct acq_frame *f, enum acq_page page, void *bytes, size_t size)
{
    for (unsigned id = 0; id < ACQ_IDS; id++) {
        const struct acq_channel *c = &acq_channels[id];
        if (c->page == page && f->has[id] && c->page_offset + size_in_page(c) <= size)
            to_field(f, c, (uint8_t *)bytes + c->page_offset);
    }
}

static struct acq_column *add_columns(struct acq_column *out, unsigned id)
{
    static const char *const wheel[] = {"fl", "fr", "rl", "rr"}, *const axis[] = {"x", "y", "z"};
    const struct acq_channel *c = &acq_channels[id];
    unsigned width = c->type == ACQ_TYPE_FLOATS ? c->n : 1;
    for (unsigned i = 0; i < width; i++, out++) {
        const char *index = width == 4 ? wheel[i] : width == 3 ? axis[i] : "";
        snprintf(out->name, sizeof out->name, "%s%s%s", c->column, index, c->suffix);
        out->id = (uint16_t)id;
        out->element = (uint8_t)i;
        out->offset = (uint16_t)(c->offset + 4 * i);
        out->type = c->type == ACQ_TYPE_FLOATS ? ACQ_TYPE_F32 : c->type;
    }
    return out;
}

void acq_columns(struct acq_column columns[ACQ_COLUMNS])
{
    bool done[ACQ_IDS] = {false};
    for (size_t i = 0; i < sizeof original / sizeof *original; i++) {
        columns = add_columns(columns, original[i]);
        done[original[i]] = true;
    }
    for (unsigned id = 0; id < ACQ_IDS; id++)
        if (!done[id] && acq_channels[id].type != ACQ_TYPE_GROUP) columns = add_columns(columns, id);
}
