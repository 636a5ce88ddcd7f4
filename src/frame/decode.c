/* decode.c - bytes to a frame. Our own frames come in the table's order, so each group is first read by one straight
 * line of code; whatever comes differently (other order, unknown fields, parts of vectors, errors) is left to one
 * ordinary function that looks each field up. Decoding is the check: there is no second validator. */
#include "base/err.h"
#include "frame/wire.h"

/* the id of each group's own row (and one behind the last), and the id for each tag in a group, or 0 */
static const uint16_t group_row[ACQ_GROUPS + 1] = {
#define GROUP(group, tag, message, doc) ACQ_##group,
#include "frame/channels.def"
    ACQ_IDS};
#define TAGS 128
static const uint16_t by_tag[ACQ_GROUPS][TAGS] = {
#define GROUP(group, tag, message, doc) [ACQ_IN_head][tag] = ACQ_##group,
#define CH(group, tag, name, type, n, page, offset, page_type, conversion, kind, unit, column, suffix, motec, hz, doc) \
    [ACQ_IN_##group][tag] = ACQ_##group##_##name,
#include "frame/channels.def"
};

unsigned acq_wire_id(unsigned in, uint32_t key)
{
    unsigned id = key >> 3 < TAGS ? by_tag[in][key >> 3] : 0;
    return acq_rows[id].key == key ? id : 0;
}

/* utf8_next returns the end of the character at s, or NULL if it is not valid UTF-8, or is NUL. */
ACQ_INLINE const uint8_t *utf8_next(const uint8_t *s, const uint8_t *end)
{
    unsigned c = *s, low = 0x80, high = 0xbf, more;
    if (c < 0x80) return c ? s + 1 : NULL;
    more = c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : 0;
    if (!more || (size_t)(end - s) <= more) return NULL;
    if (c == 0xe0)
        low = 0xa0; /* shorter forms exist */
    else if (c == 0xed)
        high = 0x9f; /* surrogates */
    else if (c == 0xf0)
        low = 0x90;
    else if (c == 0xf4)
        high = 0x8f; /* beyond U+10FFFF */
    for (s++; more; more--, s++, low = 0x80, high = 0xbf)
        if (*s < low || *s > high) return NULL;
    return s;
}

/* plain: are the n bytes at s all ASCII, and none NUL? Then in each of them neither c nor c - 1 has the high bit. */
ACQ_INLINE bool plain(const uint8_t *s, size_t n)
{
    uint64_t odd = 0, word;
    for (; n >= 8; s += 8, n -= 8) {
        memcpy(&word, s, 8);
        odd |= (word - UINT64_C(0x0101010101010101)) | word;
    }
    for (; n; s++, n--) odd |= (*s - 1u) | *s;
    return !(odd & UINT64_C(0x8080808080808080));
}

ACQ_NOINLINE const uint8_t *get_text(const uint8_t *p, const uint8_t *end, char *dst, unsigned max)
{
    size_t n;
    p = acq_get_len(p, end, &n);
    if (!p || n > max) return NULL;
    for (const uint8_t *s = ACQ_LIKELY(plain(p, n)) ? p + n : p; s < p + n;) {
        s = utf8_next(s, p + n);
        if (!s) return NULL;
    }
    memcpy(dst, p, n);
    dst[n] = 0;
    return p + n;
}

/* get_floats reads a Vec3f or Wheel4f of which any part may be missing: that stays what an earlier one said, or 0. */
ACQ_NOINLINE const uint8_t *get_floats(const uint8_t *p, const uint8_t *end, char *dst, unsigned n, bool again)
{
    size_t len;
    uint32_t key;
    p = acq_get_len(p, end, &len);
    if (!p) return NULL;
    if (!again) memset(dst, 0, 4 * n);
    for (end = p + len; p < end;) {
        p = acq_get_key(p, end, &key);
        if (!p) return NULL;
        const uint8_t *value = p;
        p = acq_skip(p, end, key & 7);
        if (!p) return NULL;
        if (key >> 3 <= n && (key & 7) == ACQ_WIRE_32) memcpy(dst + 4 * ((key >> 3) - 1), value, 4);
    }
    return p;
}

/* get_value reads the value of row r. Returns its end, or NULL if it is malformed. */
ACQ_INLINE const uint8_t *get_value(struct acq_frame *f, const uint8_t *p, const uint8_t *end, const struct acq_row *r,
                                    bool again)
{
    char *dst = (char *)f + r->offset;
    uint64_t v;
    switch (r->type) {
    case ACQ_TYPE_F32:
        if (end - p < 4) return NULL;
        memcpy(dst, p, 4);
        return p + 4;
    case ACQ_TYPE_X64:
        if (end - p < 8) return NULL;
        memcpy(dst, p, 8);
        return p + 8;
    case ACQ_TYPE_I32:
        p = acq_get_varint(p, end, &v);
        if (p) memcpy(dst, &v, 4); /* the low half, as protobuf has it */
        return p;
    case ACQ_TYPE_U64:
        p = acq_get_varint(p, end, &v);
        if (p) memcpy(dst, &v, 8);
        return p;
    case ACQ_TYPE_STR: return get_text(p, end, dst, r->n);
    default: return get_floats(p, end, dst, r->n, again);
    }
}

/* at: the length of row r's key if that stands at p with at least `more` bytes behind it, else 0. Many processors stall
 * at a comparison with a constant of 16 bits, so two bytes are compared as part of four, or one by one. */
ACQ_INLINE unsigned at(const uint8_t *p, const uint8_t *end, const struct acq_row *r, int more)
{
    const uint32_t key = acq_key_bytes(r->key);
    uint32_t four;
    if (r->key < 128) return ACQ_LIKELY(end - p > more) && ACQ_LIKELY(*p == key);
    if (!ACQ_LIKELY(end - p > 1 + more)) return 0;
    if (more < 2) return ACQ_LIKELY(p[1] == key >> 8) && ACQ_LIKELY(p[0] == (key & 255)) ? 2 : 0;
    memcpy(&four, p, 4);
    return ACQ_LIKELY(four << 16 == key << 16) ? 2 : 0;
}

/* whole: do n floats stand at p as a message with all of its fields in order, behind a key of `key` bytes? The key, the
 * length and the first field's key are compared at once. */
ACQ_INLINE bool whole(const uint8_t *p, const struct acq_row *r, unsigned key)
{
    const uint32_t want = acq_key_bytes(r->key) | 5u * r->n << 8 * key | 0x0du << (8 * key + 8);
    uint32_t four;
    memcpy(&four, p, 4);
    return ACQ_LIKELY(four << (16 - 8 * key) == want << (16 - 8 * key)) && ACQ_LIKELY(p[key + 6] == 0x15) &&
           ACQ_LIKELY(p[key + 11] == 0x1d) && (r->n == 3 || ACQ_LIKELY(p[key + 16] == 0x25));
}

/* take_floats reads a Vec3f or Wheel4f, row r, if it comes next. Returns its end, or NULL. */
ACQ_INLINE const uint8_t *take_floats(struct acq_frame *f, const uint8_t *p, const uint8_t *end,
                                      const struct acq_row *r)
{
    char *dst = (char *)f + r->offset;
    unsigned key = r->key < 128 ? 1 : 2;
    if (ACQ_LIKELY(end - p > (int)key + 5 * r->n) && whole(p, r, key)) {
        for (unsigned i = 0; i < r->n; i++) memcpy(dst + 4 * i, p + key + 2 + 5 * i, 4);
        return p + key + 1 + 5 * r->n;
    }
    return at(p, end, r, 1) ? get_floats(p + key, end, dst, r->n, false) : NULL;
}

/* take reads row r if it comes next. Returns its end, or NULL. What is usual is read with one look at `end` for key and
 * value together; the rest is get_value's. */
ACQ_INLINE const uint8_t *take(struct acq_frame *f, const uint8_t *p, const uint8_t *end, const struct acq_row *r)
{
    char *dst = (char *)f + r->offset;
    unsigned key;
    if (r->type == ACQ_TYPE_FLOATS) return take_floats(f, p, end, r);
    key = at(p, end, r, r->type == ACQ_TYPE_F32 ? 4 : 1);
    if (!key) return NULL;
    if (r->type == ACQ_TYPE_F32) {
        memcpy(dst, p + key, 4);
        return p + key + 4;
    }
    if (r->type == ACQ_TYPE_I32 && ACQ_LIKELY(p[key] < 128)) {
        int32_t small = p[key];
        memcpy(dst, &small, 4);
        return p + key + 1;
    }
    return get_value(f, p + key, end, r, false);
}

/* step takes row r; if it is not next, or malformed, it marks it as absent and returns p. */
ACQ_INLINE const uint8_t *step(struct acq_frame *f, const uint8_t *p, const uint8_t *end, const struct acq_row *r)
{
    const uint8_t *q = take(f, p, end, r);
    if (ACQ_LIKELY(q != NULL)) return q;
    f->has[r->id] = false;
    return p;
}

/* run reads the fields of a group as long as they come in the table's order. Returns where it stopped. All are marked
 * as there at once and single ones unmarked, which is faster than marking each. */
static const uint8_t *run(struct acq_frame *f, const uint8_t *p, const uint8_t *end, unsigned in)
{
    switch (in) {
#define GROUP(group, tag, message, doc) \
    case ACQ_IN_##group:                \
        memset(f->has + ACQ_##group, true, group_row[ACQ_IN_##group + 1] - ACQ_##group);
#define CH(group, tag, name, type, n, page, offset, page_type, conversion, kind, unit, column, suffix, motec, hz, doc) \
    p = step(f, p, end, &acq_rows[ACQ_##group##_##name]);
#define END(group) break;
#include "frame/channels.def"
    }
    return p;
}

static const uint8_t *get_group(struct acq_frame *f, const uint8_t *p, const uint8_t *end, unsigned in);

/* any reads whichever field of group `in` comes next. Returns its end, or NULL if it is malformed. */
ACQ_NOINLINE const uint8_t *any(struct acq_frame *f, const uint8_t *p, const uint8_t *end, unsigned in)
{
    uint32_t key;
    p = acq_get_key(p, end, &key);
    if (!p) return NULL;
    const struct acq_row *r = &acq_rows[key >> 3 < TAGS ? by_tag[in][key >> 3] : 0];
    if (r->key != key) return acq_skip(p, end, key & 7);
    if (r->type == ACQ_TYPE_GROUP) {
        size_t n;
        p = acq_get_len(p, end, &n);
        return p ? get_group(f, p, p + n, r->in) : NULL;
    }
    p = get_value(f, p, end, r, f->has[r->id]);
    if (p) f->has[r->id] = true;
    return p;
}

/* get_group reads one message. A message that comes a second time adds to the first, as protobuf merges them. */
static const uint8_t *get_group(struct acq_frame *f, const uint8_t *p, const uint8_t *end, unsigned in)
{
    if (!f->has[group_row[in]]) p = run(f, p, end, in);
    while (p && p < end) p = any(f, p, end, in);
    return p;
}

/* as_original gives a frame of the original project, whose schema has no `optional`, its zeros: a scalar that is not in
 * a message that is there. */
static void as_original(struct acq_frame *f)
{
    for (unsigned id = 0; id < ACQ_IDS; id++) {
        const struct acq_channel *c = &acq_channels[id];
        if (c->type == ACQ_TYPE_GROUP || c->type == ACQ_TYPE_FLOATS || c->tag > 15 || c->group == ACQ_IN_capture)
            continue;
        if (f->has[id] || !f->has[group_row[c->group]]) continue;
        memset((char *)f + c->offset, 0, c->type == ACQ_TYPE_U64 ? 8 : c->type == ACQ_TYPE_STR ? 1 : 4);
        f->has[id] = true;
    }
}

int acq_decode(struct acq_frame *f, const uint8_t *src, size_t n)
{
    memset(f->has, false, sizeof f->has);
    if (!get_group(f, src, src + n, ACQ_IN_head)) return ACQ_FORMAT;
    if (!f->has[ACQ_head_seq]) as_original(f);
    return ACQ_OK;
}

size_t acq_frame_body(const uint8_t *src, size_t n)
{
    const uint8_t *p = src, *end = src + n;
    while (p < end) {
        uint32_t key;
        const uint8_t *field = p;
        p = acq_get_key(p, end, &key);
        if (!p) return n;
        if (key == acq_rows[ACQ_stat].key || key == acq_rows[ACQ_capture].key) return (size_t)(field - src);
        p = acq_skip(p, end, key & 7);
        if (!p) return n;
    }
    return n;
}

size_t acq_frame_context(const uint8_t *src, size_t n, enum acq_id group, uint8_t *dst)
{
    const uint8_t *p = src, *end = src + n;
    size_t total = 0;
    while (p < end) {
        uint32_t key;
        const uint8_t *field = p;
        p = acq_get_key(p, end, &key);
        if (!p || !(p = acq_skip(p, end, key & 7))) return 0;
        if (key != acq_rows[group].key) continue;
        if (dst) memcpy(dst + total, field, (size_t)(p - field));
        total += (size_t)(p - field);
    }
    return total;
}

int acq_frame_peek(const uint8_t *src, size_t n, uint64_t *seq, uint64_t *monotonic_ns)
{
    const uint8_t *p = src, *end = src + n;
    *seq = *monotonic_ns = 0;
    while (p < end) {
        uint32_t key;
        p = acq_get_key(p, end, &key);
        if (!p) return ACQ_FORMAT;
        uint64_t *value = key == acq_rows[ACQ_head_seq].key            ? seq
                          : key == acq_rows[ACQ_head_monotonic_ns].key ? monotonic_ns
                                                                       : NULL;
        p = value ? acq_get_varint(p, end, value) : acq_skip(p, end, key & 7);
        if (!p) return ACQ_FORMAT;
    }
    return ACQ_OK;
}
