/* What the commit log finds after a power cut, after damage of all kinds, and in files that somebody has made up. */
#include "commit_help.h"

#include "base/buf.h"
#include "frame/batch.h"
#include "ingest/commit_segment.h"

#include <fcntl.h>
#include <libdeflate.h>

static char folder[64], broken[64];
static struct test_log t;
static struct acq_err err;

static int begin(void **state)
{
    (void)state;
    folder_make(folder);
    folder_make(broken);
    t = (struct test_log){0};
    return 0;
}

static int end(void **state)
{
    (void)state;
    folder_remove(folder);
    folder_remove(broken);
    return 0;
}

/* ---- blocks that the disk does not give back ---- */

static uint64_t unreadable_from, unreadable_to;

ssize_t pread(int fd, void *bytes, size_t n, off_t at)
{
    if ((uint64_t)at < unreadable_to && (uint64_t)at + n > unreadable_from) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_pread64, fd, bytes, n, at);
}

/* ---- power cuts: of what was written since the last flush, some sectors are on the disk, and others are not ---- */

enum { SECTOR = 512, GROUPS_MOST = 200, WRITES_MOST = 64, BEFORE_MOST = 2 * 1024 * 1024 };

/* what the writes since the last flush have overwritten */
static struct {
    char file[16];
    uint64_t at;
    size_t n, before;
} writes[WRITES_MOST];
static uint8_t before[BEFORE_MOST];
static size_t writes_n, before_n;
static uint64_t dice;
static atomic_int syncs_left; /* until the power is cut */
static _Atomic uint64_t released;
static uint64_t durable_then, released_then;

static void remember(int fd, uint64_t at, size_t n)
{
    char link[64], path[512];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    assert_true(len > 12 && writes_n < WRITES_MOST && before_n + n <= BEFORE_MOST);
    path[len] = 0;
    memcpy(writes[writes_n].file, path + len - 12, 13);
    memset(before + before_n, 0, n);
    int own = open(path, O_RDONLY); /* fd is open for writing alone */
    assert_true(pread(own, before + before_n, n, (off_t)at) >= 0);
    close(own);
    writes[writes_n].at = at;
    writes[writes_n].n = n;
    writes[writes_n++].before = before_n;
    before_n += n;
}

/* take_back makes a random part of the write undone in the copied file. Whole sectors get there or not. */
static void take_back(size_t i)
{
    const char *path = file_in(broken, writes[i].file);
    FILE *file = fopen(path, "r+b");
    uint64_t at = writes[i].at, last = at + writes[i].n, next;
    unsigned kept = (unsigned)random_below(&dice, 5); /* of four */
    if (!file) return;
    for (; at < last; at = next) {
        next = (at / SECTOR + 1) * SECTOR < last ? (at / SECTOR + 1) * SECTOR : last;
        if (random_below(&dice, 4) < kept) continue;
        fseek(file, (long)at, SEEK_SET);
        fwrite(before + writes[i].before + (at - writes[i].at), 1, (size_t)(next - at), file);
    }
    fclose(file);
}

static void cut_the_power(void)
{
    if (syncs_left > 0 && --syncs_left == 0) {
        durable_then = t.durable;
        released_then = released;
        copy_segments(folder, broken);
        for (size_t i = writes_n; i-- > 0;) take_back(i);
    }
    writes_n = before_n = 0; /* the flush that comes now makes all of it durable */
}

static void release(uint64_t group)
{
    released = group;
    acq_commit_log_release(t.log, group);
}

/* write_until_cut writes groups and releases them: soon, or `late`: all at once when the log is full, so that a segment
 * is used again before anything on the disk says that it may; the power is cut just then. */
static void write_until_cut(uint64_t *random, bool late, uint64_t last_of[GROUPS_MOST])
{
    while (syncs_left > 0) {
        size_t frames = (1 + random_below(random, 300)) * (late ? 5 : 1);
        append(&t, frames);
        assert_true(t.group < GROUPS_MOST);
        last_of[t.group] = t.number;
        acq_commit_log_commit(t.log);
        wait_until(t.durable >= t.group || (late && acq_commit_log_full(t.log)));
        if (late && acq_commit_log_full(t.log)) {
            if (syncs_left > 3) syncs_left = 1 + (int)random_below(random, 3);
            release(t.durable);
        }
        wait_until(t.durable >= t.group);
        if (!late && t.group > 15) release(t.group - 15);
    }
}

static void power_cut(void **state)
{
    uint64_t random = 11;
    (void)state;
    dice = 12;
    for (unsigned round = 0; round < 80; round++) {
        uint64_t last_of[GROUPS_MOST] = {0}, before_all = t.number;
        struct got got = {0};
        open_log(&t, folder);
        replay(&t, &got);
        acq_commit_log_forget(t.log);
        writes_n = before_n = 0;
        released = 0;
        syncs_left = round % 2 ? 100000 : 1 + (int)random_below(&random, 120);
        before_write = remember;
        before_sync = cut_the_power;
        write_until_cut(&random, round % 2, last_of);
        before_write = no_write;
        before_sync = no_sync;
        got = (struct got){0};
        struct acq_commit_found found = found_in(broken, &got);
        if (found.damaged_places) fail_msg("round %u: a power cut was taken for damage", round);
        assert_int_equal(got.holes, 0);
        if (durable_then > released_then) {
            assert_true(got.last >= last_of[durable_then]);
            assert_true(got.first && got.first <= (released_then ? last_of[released_then] : before_all) + 1);
        }
        close_log(&t, random_below(&random, 4) == 0);
    }
}

/* ---- the end of the last group, cut or zeroed at every byte ---- */

static uint8_t *segment, *copy;
static size_t segment_n;

static struct acq_commit_found found_in_copy(size_t n, struct got *got)
{
    file_write(file_in(broken, "00000001.log"), copy, n);
    *got = (struct got){0};
    return found_in(broken, got);
}

/* next_group: the one at or behind `from` in the intact segment */
static struct acq_segment_group next_group(uint64_t from)
{
    struct acq_segment_head head;
    struct acq_segment_group g;
    assert_int_equal(acq_segment_head_get(&head, segment), ACQ_OK);
    if (!acq_segment_next(segment, segment_n, &head, from, &g)) g.start = g.end = 0;
    return g;
}

/* make_segment writes three small groups of `frames` each into one file, and reads that. */
static void make_segment(size_t frames)
{
    open_log(&t, folder);
    for (unsigned i = 0; i < 3; i++) write_group(&t, frames);
    close_log(&t, false);
    segment = file_read(file_in(folder, "00000001.log"), &segment_n);
    assert_int_equal(segment_n, SEGMENT);
    copy = malloc(segment_n);
    assert_non_null(copy);
    memcpy(copy, segment, segment_n);
}

static void free_segment(void)
{
    free(segment);
    free(copy);
}

static void torn_end(void **state)
{
    (void)state;
    make_segment(2);
    struct acq_segment_group g = next_group(next_group(next_group(ACQ_SEGMENT_EDGE).end).end);
    uint32_t content_end = g.start + ACQ_SEGMENT_GROUP + g.head.len;
    assert_true(g.end > g.start);
    for (uint32_t at = g.start; at < content_end; at++) {
        struct got got;
        bool differs = false;
        for (uint32_t i = at; i < content_end; i++) differs |= segment[i] != 0;
        memset(copy + at, 0, g.end - at);
        struct acq_commit_found found = found_in_copy(segment_n, &got); /* zeroed from here on */
        assert_true(got.first == 1 && got.last == (differs ? 4 : 6) && !got.holes && !found.damaged_places);
        found = found_in_copy(at, &got); /* cut here */
        assert_true(got.first == 1 && got.last == 4 && !found.damaged_places);
        memcpy(copy, segment, segment_n);
        copy[at] ^= 0x10; /* one bit */
        found = found_in_copy(segment_n, &got);
        assert_true(got.first == 1 && got.last == 4 && !found.damaged_places);
        memcpy(copy, segment, segment_n);
    }
    free_segment();
}

/* ---- damage in the midst ---- */

static void one_bit(void **state)
{
    (void)state;
    make_segment(2);
    struct acq_segment_group a = next_group(ACQ_SEGMENT_EDGE), b = next_group(a.end);
    for (uint32_t at = b.start; at < b.start + ACQ_SEGMENT_GROUP + b.head.len; at++) {
        struct got got;
        copy[at] ^= (uint8_t)(1 << at % 8);
        struct acq_commit_found found = found_in_copy(segment_n, &got);
        assert_true(got.first == 1 && got.last == 6 && got.holes == 2 && found.frames == 4);
        assert_true(found.damaged_places == 1 && found.damaged_bytes == b.end - b.start);
        size_t n;
        uint8_t *kept = file_read(found.kept, &n), *bytes = memchr(kept + 1, '\n', n - 1);
        assert_non_null(bytes);
        assert_int_equal(kept + n - (bytes + 1), b.end - b.start);
        assert_memory_equal(bytes + 1, copy + b.start, b.end - b.start);
        free(kept);
        unlink(found.kept);
        copy[at] = segment[at];
    }
    free_segment();
}

static void unreadable(void **state)
{
    struct got got;
    (void)state;
    make_segment(100);
    struct acq_segment_group b = next_group(next_group(ACQ_SEGMENT_EDGE).end);
    unreadable_from = (b.start / 4096 + 1) * 4096; /* a block within the second group */
    unreadable_to = unreadable_from + 512;
    assert_true(unreadable_from + 4096 <= b.end);
    struct acq_commit_found found = found_in_copy(segment_n, &got);
    unreadable_to = 0;
    assert_true(got.first == 1 && got.last == 300 && got.holes == 100);
    assert_true(found.damaged_places == 1 && found.damaged_bytes == b.end - b.start);
    free_segment();
}

/* One damaged stretch of a file. */
struct hit {
    char file[16];
    size_t at, n;
};

static void damage(const struct hit *h, uint64_t *random)
{
    size_t n;
    uint8_t *bytes = file_read(file_in(broken, h->file), &n);
    bool zeros = random_below(random, 2);
    for (size_t i = h->at; i < h->at + h->n && i < n; i++)
        bytes[i] = zeros ? 0 : (uint8_t)(bytes[i] ^ (1 + random_below(random, 255)));
    file_write(file_in(broken, h->file), bytes, n);
    free(bytes);
}

/* expect marks the frames of all groups in the folder `broken` as they are now, by looking for them in a way of its
 * own: from the list of the groups that were intact. */
struct known {
    char file[16];
    struct acq_segment_group group;
    uint64_t first, last; /* frames */
    uint32_t crc;         /* of all its bytes but the zeros at the end */
};

static size_t list_groups(struct known *known, size_t most)
{
    size_t count = 0;
    for (unsigned file = 1; file < 20; file++) {
        char name[16];
        struct acq_segment_head head;
        size_t n;
        snprintf(name, sizeof name, "%08u.log", file);
        if (access(file_in(folder, name), R_OK) != 0) continue;
        uint8_t *bytes = file_read(file_in(folder, name), &n);
        assert_int_equal(acq_segment_head_get(&head, bytes), ACQ_OK);
        struct acq_segment_group g;
        for (uint64_t at = ACQ_SEGMENT_EDGE; acq_segment_next(bytes, n, &head, at, &g); at = g.end) {
            struct acq_batch batch = {g.content, g.head.len};
            const uint8_t *frame;
            size_t frame_n;
            if (!g.head.frames) continue;
            assert_true(count < most);
            struct known *k = &known[count++];
            snprintf(k->file, sizeof k->file, "%s", name);
            k->group = g;
            assert_int_equal(acq_batch_next(&batch, &frame, &frame_n), ACQ_OK);
            memcpy(&k->first, frame, 8);
            k->last = k->first + g.head.frames - 1;
            k->crc = libdeflate_crc32(0, bytes + g.start, ACQ_SEGMENT_GROUP + g.head.len);
        }
        free(bytes);
    }
    return count;
}

static bool still_whole(const struct known *k)
{
    size_t n;
    uint8_t *bytes = file_read(file_in(broken, k->file), &n);
    bool whole = libdeflate_crc32(0, bytes + k->group.start, ACQ_SEGMENT_GROUP + k->group.head.len) == k->crc;
    free(bytes);
    return whole;
}

static void check_damaged(const struct known *known, size_t n, uint64_t first_needed)
{
    static bool seen[200000];
    struct got got = {.seen = seen, .most = sizeof seen - 1};
    uint64_t newest = 0, oldest = UINT64_MAX;
    size_t lost = 0;
    memset(seen, 0, sizeof seen);
    struct acq_commit_found found = found_in(broken, &got);
    for (size_t i = 0; i < n; i++)
        if (known[i].last > newest && still_whole(&known[i])) newest = known[i].last;
    for (size_t i = 0; i < n; i++) {
        bool whole = still_whole(&known[i]);
        if (known[i].first < first_needed) continue;
        for (uint64_t number = known[i].first; number <= known[i].last; number++)
            if (seen[number] != whole) fail_msg("frame %llu: %d", (unsigned long long)number, seen[number]);
        lost += !whole && known[i].last < newest;
    }
    for (size_t i = 0; i < n; i++) oldest = known[i].first < oldest ? known[i].first : oldest;
    assert_true(got.first >= oldest); /* never what a former life of the file has left */
    if (lost != 0 && found.damaged_places == 0) fail_msg("%zu groups were lost in silence", lost);
    if (lost) assert_true(access(found.kept, R_OK) == 0);
    if (found.kept[0]) unlink(found.kept);
}

/* many groups in files that were used several times; some are released */
static uint64_t make_log(uint64_t *random)
{
    uint64_t needed_from = 1, group_from[400] = {0};
    open_log(&t, folder);
    for (unsigned i = 0; i < 300; i++) {
        uint64_t number = t.number;
        write_group(&t, 1 + random_below(random, 300));
        group_from[t.group] = number + 1;
        if (t.group > 60) acq_commit_log_release(t.log, t.group - 60);
    }
    needed_from = group_from[t.group - 60]; /* what the latest group's head tells: the latest release came after it */
    close_log(&t, false);
    return needed_from;
}

static void random_damage(void **state)
{
    static struct known known[1000];
    uint64_t random = 31;
    (void)state;
    uint64_t needed_from = make_log(&random);
    size_t n = list_groups(known, 1000);
    assert_in_range(n, 60, 400);
    for (unsigned round = 0; round < 60; round++) {
        copy_segments(folder, broken);
        for (unsigned hits = 1 + (unsigned)random_below(&random, 6); hits; hits--) {
            const struct known *k = &known[random_below(&random, n)];
            struct hit h = {.n = random_below(&random, 2) ? 4096 : 1 + random_below(&random, 3)};
            snprintf(h.file, sizeof h.file, "%s", k->file);
            h.at = random_below(&random, 3) ? k->group.start + random_below(&random, k->group.end - k->group.start)
                                            : random_below(&random, SEGMENT - ACQ_SEGMENT_EDGE - 8192);
            damage(&h, &random);
        }
        check_damaged(known, n, needed_from);
    }
}

/* ---- heads ---- */

static void one_head_is_enough(void **state)
{
    struct got got;
    (void)state;
    make_segment(50);
    memset(copy, 0, ACQ_SEGMENT_EDGE);
    struct acq_commit_found found = found_in_copy(segment_n, &got);
    assert_true(got.first == 1 && got.last == 150 && !found.damaged_places);
    memcpy(copy, segment, ACQ_SEGMENT_EDGE);
    memset(copy + segment_n - ACQ_SEGMENT_EDGE, 0xff, ACQ_SEGMENT_EDGE);
    found = found_in_copy(segment_n, &got);
    assert_true(got.first == 1 && got.last == 150 && !found.damaged_places);
    free_segment();
}

static void no_head(void **state)
{
    struct got got;
    size_t n;
    (void)state;
    make_segment(50);
    copy[3] ^= 1;
    copy[segment_n - 60] ^= 1;
    struct acq_commit_found found = found_in_copy(segment_n, &got);
    size_t whole = segment_n; /* zeros at the end are not kept, and the last head's checksum may end in some */
    while (!copy[whole - 1]) whole--;
    assert_true(got.last == 0 && found.damaged_places == 1 && found.damaged_bytes == whole);
    uint8_t *kept = file_read(found.kept, &n);
    assert_true(n > whole && !memcmp(kept + n - whole, copy, whole));
    free(kept);
    memset(copy, 0, segment_n); /* just made when the power was cut */
    found = found_in_copy(segment_n, &got);
    assert_true(got.last == 0 && found.damaged_places == 0);
    found = found_in_copy(0, &got);
    assert_true(got.last == 0 && found.damaged_places == 0);
    free_segment();
}

static void of_another_version(void **state)
{
    struct acq_commit_config c = config_of(&t, folder);
    (void)state;
    make_segment(1);
    acq_put_le(segment + 8, ACQ_SEGMENT_VERSION + 1, 4);
    file_write(file_in(folder, "00000001.log"), segment, segment_n); /* a head that is damaged: the other one counts */
    open_log(&t, folder);
    close_log(&t, false);
    acq_put_le(segment + 60, libdeflate_crc32(0, segment, 60), 4);
    file_write(file_in(folder, "00000001.log"), segment, segment_n);
    assert_int_equal(acq_commit_log_open(&t.log, &c, &err), ACQ_VERSION);
    assert_non_null(strstr(err.text, "newer acq"));
    free_segment();
}

/* a whole file that has gone */
static void missing_segment(void **state)
{
    struct got got = {0};
    (void)state;
    open_log(&t, folder);
    for (unsigned i = 0; i < 15; i++) write_group(&t, 600);
    close_log(&t, false);
    assert_true(count_segments(folder) >= 3);
    unlink(file_in(folder, "00000002.log"));
    struct acq_commit_found found = found_in(folder, &got);
    assert_true(got.first == 1 && got.last == t.number && got.holes > 0 && found.damaged_places == 1);
}

/* ---- made up ---- */

/* forge writes a group that looks right in all but what the caller chooses. */
static void forge(uint8_t *dst, struct acq_segment_group_head head, uint64_t number)
{
    uint8_t frame[FRAME_MOST], *content = dst + ACQ_SEGMENT_GROUP;
    size_t n = make_frame(frame, number), length = acq_varint_put(content, n);
    memcpy(content + length, frame, n);
    if (!head.len) head.len = (uint32_t)(length + n);
    if (!head.frames) head.frames = 1;
    head.crc = libdeflate_crc32(0, content, head.len < 10000 ? head.len : 0);
    acq_segment_group_put(dst, &head);
}

static void forged(void **state)
{
    struct got got;
    struct acq_segment_head head;
    (void)state;
    make_segment(50);
    assert_int_equal(acq_segment_head_get(&head, segment), ACQ_OK);
    struct acq_segment_group b = next_group(next_group(ACQ_SEGMENT_EDGE).end);
    const struct acq_segment_group_head right = {.run = head.run, .number = head.number, .serial = b.head.serial};
    struct acq_segment_group_head wrong[5] = {right, right, right, right, right};
    wrong[0].run++;                                           /* what a client may send: it does not know the run */
    wrong[1].number++;                                        /* of another segment */
    wrong[2].len = UINT32_MAX;                                /* reaches behind the file */
    wrong[3].len = SEGMENT - b.start - ACQ_SEGMENT_GROUP + 1; /* by one byte */
    wrong[4].frames = 2;                                      /* not as many as it says */
    uint32_t at = b.start + ACQ_SEGMENT_GROUP;                /* where its content was */
    copy[b.start + 20] ^= 1;
    for (unsigned i = 0; i < 5; i++) {
        forge(copy + at, wrong[i], 120);
        struct acq_commit_found found = found_in_copy(segment_n, &got);
        assert_true(got.first == 1 && got.last == 150 && got.holes == 50 && found.damaged_places == 1);
        unlink(found.kept);
    }
    forge(copy + at, right, 70); /* one that is right is found: the test can see that */
    found_in_copy(segment_n, &got);
    assert_true(got.holes == 49);
    free_segment();
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        T(power_cut), T(torn_end),           T(one_bit),         T(unreadable), T(random_damage), T(one_head_is_enough),
        T(no_head),   T(of_another_version), T(missing_segment), T(forged),
    };
    return cmocka_run_group_tests_name("commit log, damaged", tests, NULL, NULL);
}
