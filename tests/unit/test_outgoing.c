/* What a session still has to send: in memory as far as its bounds go, and read back from the recording behind them. */
#include "recording.h"

#include "base/file.h"
#include "bridge/outgoing.h"
#include "bridge/upload.h"

static const char path[] = "test_outgoing.pb.gz";

static int clean(void **state)
{
    (void)state;
    acq_path_remove(path);
    return 0;
}

/* push fills the queue with frames of n bytes from *seq on, until `until` bytes are in it or it takes no more. */
static int push(struct acq_queue *q, uint64_t *seq, size_t n, size_t until, uint64_t safe_seq)
{
    uint8_t bytes[3000] = {0};
    int r = ACQ_OK;
    while (q->size < until && (r = acq_queue_push(q, *seq, (int64_t)*seq, bytes, n, safe_seq)) == ACQ_OK) ++*seq;
    return r;
}

static void bounds(void **state)
{
    struct acq_queue q = {0};
    uint64_t seq = 1;
    (void)state;
    assert_true(acq_queue_room(&q, 0));
    assert_int_equal(push(&q, &seq, 1000, ACQ_QUEUE_MAX, 0), ACQ_OK);
    assert_int_equal(acq_queue_first_seq(&q), 1);
    assert_false(acq_queue_room(&q, 0));

    /* what is nowhere else stays, up to the limit */
    assert_int_equal(push(&q, &seq, 1000, SIZE_MAX, 0), ACQ_RANGE);
    assert_int_equal(acq_queue_first_seq(&q), 1);
    assert_int_equal(q.last_seq, seq - 1);
    assert_true(q.size <= ACQ_QUEUE_LIMIT && q.size > ACQ_QUEUE_LIMIT - 256 * 1024);
    assert_false(acq_queue_room(&q, 1000)); /* a few of them alone do not make enough room */
    assert_true(acq_queue_room(&q, seq - 1));

    /* what is safe goes, and no more of it than needed */
    uint8_t bytes[1000] = {0};
    while (q.size > ACQ_QUEUE_MAX)
        assert_int_equal(acq_queue_push(&q, seq, (int64_t)seq, bytes, sizeof bytes, seq - 1), ACQ_OK), seq++;
    assert_true(q.size > ACQ_QUEUE_MAX - 256 * 1024);
    assert_int_equal(q.last_seq, seq - 1);
    struct acq_queued frame;
    uint64_t at = acq_queue_first_seq(&q);
    assert_true(at > 1);
    for (acq_queue_seek(&q, at); at < seq; at++) {
        assert_int_equal(acq_queue_next(&q, &frame), ACQ_OK);
        assert_true(frame.seq == at && frame.t_ns == (int64_t)at && frame.n == sizeof bytes);
    }
    assert_int_equal(acq_queue_next(&q, &frame), ACQ_AGAIN);
    acq_queue_clear(&q);
    assert_int_equal(q.size, 0);
}

static void give(struct acq_outgoing *o, uint64_t from, uint64_t to)
{
    static struct acq_frame f;
    uint8_t bytes[ACQ_FRAME_MAX];
    for (uint64_t seq = from; seq <= to; seq++) {
        size_t n = small_frame(&f, seq, seq % 100 == 1, bytes);
        acq_outgoing_push(o, seq, (int64_t)f.head.monotonic_ns, bytes, n);
    }
}

/* take takes the frames `from` to `to`. */
static void take(struct acq_outgoing *o, uint64_t from, uint64_t to)
{
    struct acq_queued frame;
    struct acq_err err = {0};
    for (uint64_t seq = from; seq <= to; seq++) {
        for (int again = 0; again < 2; again++) { /* until it is sent it comes again */
            assert_int_equal(acq_outgoing_next(o, &frame, &err), ACQ_OK);
            assert_int_equal(check_frame(frame.bytes, frame.n), seq);
            assert_int_equal(frame.seq, seq);
        }
        acq_outgoing_sent(o, frame.t_ns);
    }
}

static void memory_and_recording(void **state)
{
    struct acq_outgoing o;
    struct acq_queued frame;
    struct acq_err err = {0};
    (void)state;
    record_file(path, 1000);
    acq_outgoing_init(&o, "a-session", path);
    assert_int_equal(acq_outgoing_next(&o, &frame, &err), ACQ_AGAIN);
    give(&o, 1, 1200);
    o.safe_seq = 1000;
    take(&o, 1, 1200);
    assert_int_equal(acq_outgoing_next(&o, &frame, &err), ACQ_AGAIN);
    assert_null(o.tape);

    /* the server has them, and then does not */
    acq_outgoing_acked(&o, 1200);
    assert_int_equal(o.queue.size, 0);
    acq_outgoing_from(&o, 321);
    take(&o, 321, 1000);
    assert_non_null(o.tape);
    assert_true(acq_outgoing_context(&o)->len > 0);
    assert_int_equal(acq_outgoing_next(&o, &frame, &err), ACQ_AGAIN); /* on its way to the disk */
    o.recorded = false;
    assert_int_equal(acq_outgoing_next(&o, &frame, &err), ACQ_MISSING);
    give(&o, 1201, 1250); /* memory goes on */
    acq_outgoing_from(&o, 1201);
    take(&o, 1201, 1250);
    assert_null(o.tape);
    acq_outgoing_fini(&o);
}

static void recording_is_not_what_it_was(void **state)
{
    struct acq_outgoing o;
    struct acq_queued frame;
    struct acq_err err = {0};
    (void)state;
    record_file(path, 500);
    acq_outgoing_init(&o, "a-session", path);
    o.last_seq = o.safe_seq = 600;
    o.ended = true;
    take(&o, 1, 500);
    assert_int_equal(acq_outgoing_next(&o, &frame, &err), ACQ_MISSING);
    acq_outgoing_fini(&o);

    acq_outgoing_init(&o, "another-session", path);
    o.last_seq = o.safe_seq = 500;
    assert_int_equal(acq_outgoing_next(&o, &frame, &err), ACQ_FORMAT);
    acq_path_remove(path);
    assert_true(acq_outgoing_next(&o, &frame, &err) < 0);
    acq_outgoing_fini(&o);
}

static void released(void **state)
{
    struct acq_outgoing o;
    (void)state;
    record_file(path, 500);
    acq_outgoing_init(&o, "a-session", path);
    give(&o, 1, 500);
    o.safe_seq = 499;
    o.ended = true;
    acq_outgoing_release(&o); /* one of them is nowhere else */
    assert_true(o.queue.size > 0);
    o.safe_seq = 500;
    take(&o, 1, 100);
    acq_outgoing_release(&o);
    assert_int_equal(o.queue.size, 0);
    take(&o, 101, 500);
    acq_outgoing_fini(&o);
}

/* A server of the original kind acks times. */
static void times(void **state)
{
    struct acq_outgoing o;
    int64_t t = 1000000000;
    (void)state;
    acq_outgoing_init(&o, "a-session", "");
    give(&o, 1, 300);
    assert_int_equal(acq_outgoing_seq_at(&o, t + 10 * (int64_t)STEP_NS), 10);
    assert_int_equal(acq_outgoing_seq_at(&o, t), 0);
    take(&o, 1, 200);
    assert_int_equal(acq_outgoing_seq_at(&o, t + 100 * (int64_t)STEP_NS), 100);
    assert_int_equal(acq_outgoing_seq_at(&o, t + 250 * (int64_t)STEP_NS), 200); /* no more than was sent */
    acq_outgoing_fini(&o);
}

static void backoff(void **state)
{
    (void)state;
    for (unsigned failures = 0; failures < 40; failures++) {
        int64_t most = failures < 6 ? INT64_C(100000000) << failures : INT64_C(5000000000), last = -1, other = 0;
        for (int i = 0; i < 50; i++) {
            int64_t ns = acq_backoff_ns(failures);
            assert_true(ns >= most / 2 && ns <= most);
            other += last >= 0 && ns != last;
            last = ns;
        }
        assert_true(other > 0); /* many bridges do not come at once */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds),
        cmocka_unit_test_setup_teardown(memory_and_recording, clean, clean),
        cmocka_unit_test_setup_teardown(recording_is_not_what_it_was, clean, clean),
        cmocka_unit_test_setup_teardown(released, clean, clean),
        cmocka_unit_test(times),
        cmocka_unit_test(backoff),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
