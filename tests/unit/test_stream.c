/* Streams: one write a turn, the queue limit, the ways to end. */
#include "tests/unit/assert_row.h"

#include <stdio.h>

#include "proto/base/macros.h"
#include "tests/unit/stream_fixture.h"

#define NO_HEAD ((struct slice){NULL, 0})

static void setup(struct fixture *f) {
    int fds[2];

    setup_bare(f);
    assert_true(drive_pair(fds));
    f->peer = fds[1];
    assert_int_equal(stream_adopt(&f->s, &f->loop, fds[0], QUEUE), RC_OK);
    stream_attach(f->s, &heard, f);
}

static void test_reads_and_writes(void **state) {
    struct blob *body = blob_new(SLICE_LIT("body"));
    struct fixture f;

    (void)state;
    setup(&f);
    say(&f, "hello");
    f.want = 5;
    assert_true(drive_until(&f.loop, got_enough, &f));
    assert_true(slice_is(buf_slice(&f.got), "hello"));
    assert_int_equal(stream_send(f.s, SLICE_LIT("head-"), body), RC_OK);
    assert_int_equal(stream_send(f.s, SLICE_LIT("only head "), NULL), RC_OK);
    assert_int_equal(stream_send(f.s, NO_HEAD, NULL), RC_OK);
    assert_int_equal(stream_send(f.s, NO_HEAD, body), RC_OK);
    assert_int_equal(stream_send_copy(f.s, SLICE_LIT("!")), RC_OK);
    assert_int_equal(stream_queued(f.s), 24);
    assert_int_equal(drive_read(f.peer, &f.seen), false);
    assert_int_equal(f.seen.n, 0); /* nothing leaves before the turn ends */
    f.want = 24;
    assert_true(drive_until(&f.loop, peer_has_enough, &f));
    assert_true(slice_is(buf_slice(&f.seen), "head-bodyonly head body!"));
    assert_int_equal(stream_queued(f.s), 0);
    assert_int_equal(f.drained, 1);
    assert_int_equal(body->refs, 1);
    blob_unref(&body);
    teardown(&f);
}

/* What one turn says may be one message, what the next one says not. */
static void test_grows(void **state) {
    struct blob *body = blob_new(SLICE_LIT("body"));
    struct fixture f;

    (void)state;
    setup(&f);
    assert_int_equal(stream_grow(f.s, SLICE_LIT("x"), SLICE_LIT("+"), body),
                     RC_STALE);
    assert_int_equal(stream_send(f.s, SLICE_LIT("1:"), body), RC_OK);
    assert_int_equal(stream_grow(f.s, SLICE_LIT("22:"), SLICE_LIT("+"), body),
                     RC_OK);
    assert_int_equal(stream_queued(f.s), 12);
    assert_int_equal(body->refs, 3);
    f.want = 12;
    assert_true(drive_until(&f.loop, peer_has_enough, &f));
    assert_true(slice_is(buf_slice(&f.seen), "22:body+body"));
    assert_int_equal(stream_grow(f.s, SLICE_LIT("3:"), SLICE_LIT("+"), body),
                     RC_STALE);
    assert_int_equal(body->refs, 1);
    stream_close(f.s, RC_OK);
    assert_int_equal(stream_grow(f.s, SLICE_LIT("3:"), SLICE_LIT("+"), body),
                     RC_CLOSED);
    blob_unref(&body);
    teardown(&f);
}

/* A peer that does not read meets the limit; when it reads, everything comes,
 * in order, and the stream says when it is done. */
static void test_backpressure(void **state) {
    struct fixture f;
    struct buf sent;
    uint64_t i = 0;
    enum rc rc = RC_OK;

    (void)state;
    setup(&f);
    buf_init(&sent);
    while (rc == RC_OK) {
        char text[32];
        int n = snprintf(text, sizeof(text), "%llu,", (unsigned long long)i++);

        rc = stream_send_copy(f.s, slice_of(text, (size_t)n));
        if (rc == RC_OK) {
            buf_add(&sent, slice_of(text, (size_t)n));
        }
        if (i % 50 == 0) {
            drive_turns(&f.loop, 1);
        }
    }
    assert_int_equal(rc, RC_LIMIT);
    assert_in_range(stream_queued(f.s), QUEUE, QUEUE + 32);
    assert_true(sent.n > QUEUE);
    f.drained = 0;
    assert_true(drive_until(&f.loop, has_drained, &f));
    f.want = sent.n;
    assert_true(drive_until(&f.loop, peer_has_enough, &f));
    assert_int_equal(f.seen.n, sent.n);
    assert_memory_equal(f.seen.p, sent.p, sent.n);
    assert_int_equal(stream_send_copy(f.s, SLICE_LIT("x")), RC_OK);
    buf_fini(&sent);
    teardown(&f);
}

static void test_big_message(void **state) {
    struct blob *big = blob_new_empty(4 << 20);
    struct fixture f;

    (void)state;
    setup(&f);
    memset(big->bytes, 'x', big->len);
    assert_int_equal(stream_send(f.s, SLICE_LIT("h"), big), RC_OK);
    assert_int_equal(stream_send(f.s, SLICE_LIT("h"), big), RC_LIMIT);
    f.want = 1 + big->len;
    assert_true(drive_until(&f.loop, peer_has_enough, &f));
    assert_int_equal(f.seen.n, f.want);
    blob_unref(&big);
    teardown(&f);
}

static void test_close_loses_the_queue(void **state) {
    struct blob *big = blob_new_empty(4 << 20);
    struct fixture f;

    (void)state;
    setup(&f);
    assert_int_equal(stream_send(f.s, NO_HEAD, big), RC_OK);
    drive_turns(&f.loop, 3); /* a write is on its way through libuv */
    assert_int_equal(f.closed, 0);
    stream_close(f.s, RC_LIMIT);
    stream_close(f.s, RC_OK);
    assert_true(stream_closing(f.s));
    assert_int_equal(stream_send_copy(f.s, SLICE_LIT("x")), RC_CLOSED);
    assert_int_equal(f.closed, 0); /* from the loop only */
    assert_true(drive_until(&f.loop, is_closed, &f));
    assert_int_equal(f.why, RC_LIMIT);
    assert_int_equal(big->refs, 1);
    blob_unref(&big);
    teardown(&f);
}

static void test_peer_ends(void **state) {
    struct fixture f;

    (void)state;
    setup(&f);
    say(&f, "last words");
    shutdown(f.peer, SHUT_WR);
    assert_true(drive_until(&f.loop, is_closed, &f));
    assert_int_equal(f.why, RC_OK);
    assert_true(slice_is(buf_slice(&f.got), "last words"));
    teardown(&f);
}

static void answer_with_much(struct fixture *f) {
    struct blob *big = blob_new_empty(2 << 20);

    assert_int_equal(stream_send(f->s, NO_HEAD, big), RC_OK);
    blob_unref(&big);
}

/* The peer ends its side behind its request and still gets the answer. */
static void test_peer_ends_and_listens(void **state) {
    struct fixture f;

    (void)state;
    setup(&f);
    f.on_bytes = answer_with_much;
    say(&f, "request");
    shutdown(f.peer, SHUT_WR);
    assert_true(drive_until(&f.loop, peer_has_ended, &f));
    assert_int_equal(f.seen.n, 2 << 20);
    assert_true(drive_until(&f.loop, is_closed, &f));
    assert_int_equal(f.why, RC_OK);
    teardown(&f);
}

/* What the peer sends meanwhile is not heard, and does not cost it its last
 * bytes; the stream closes when the peer does. */
static void test_finish(void **state) {
    struct fixture f;

    (void)state;
    setup(&f);
    stream_pause(f.s);
    say(&f, "never heard");
    assert_int_equal(stream_send_copy(f.s, SLICE_LIT("bye")), RC_OK);
    stream_finish(f.s, RC_TIMEOUT, UINT64_C(2) * DRIVE_LIMIT_MS);
    stream_finish(f.s, RC_OK, 1);
    assert_int_equal(stream_send_copy(f.s, SLICE_LIT("x")), RC_CLOSED);
    assert_true(drive_until(&f.loop, peer_has_ended, &f));
    assert_true(slice_is(buf_slice(&f.seen), "bye"));
    say(&f, "nor this");
    drive_turns(&f.loop, 5);
    assert_int_equal(f.closed, 0);
    shutdown(f.peer, SHUT_WR);
    assert_true(drive_until(&f.loop, is_closed, &f));
    assert_int_equal(f.why, RC_TIMEOUT);
    assert_int_equal(f.got.n, 0);
    teardown(&f);
}

static void test_finish_lingers_no_longer(void **state) {
    struct blob *big = blob_new_empty(4 << 20);
    struct fixture f;

    (void)state;
    setup(&f);
    assert_int_equal(stream_send(f.s, NO_HEAD, big), RC_OK);
    stream_finish(f.s, RC_OK, LINGER); /* the peer never reads */
    assert_true(drive_until(&f.loop, is_closed, &f));
    assert_int_equal(f.why, RC_OK);
    blob_unref(&big);
    teardown(&f);
}

static void close_it(struct fixture *f) {
    stream_close(f->s, RC_BAD_INPUT);
}

static void finish_it(struct fixture *f) {
    stream_finish(f->s, RC_BAD_INPUT, LINGER);
}

static void test_close_from_within(void **state) {
    static void (*const ways[])(struct fixture *) = {close_it, finish_it};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        struct fixture f;

        setup(&f);
        f.on_bytes = ways[i];
        say(&f, "x");
        assert_true(drive_until(&f.loop, is_closed, &f));
        assert_int_equal(f.why, RC_BAD_INPUT);
        teardown(&f);
    }
}

static void test_pause(void **state) {
    struct fixture f;

    (void)state;
    setup(&f);
    stream_pause(f.s);
    say(&f, "later");
    drive_turns(&f.loop, 10);
    assert_int_equal(f.got.n, 0);
    stream_resume(f.s);
    f.want = 5;
    assert_true(drive_until(&f.loop, got_enough, &f));
    teardown(&f);
}

static void hand_over(struct fixture *f) {
    static struct stream_events next = {on_bytes, NULL, on_closed};

    f->on_bytes = NULL;
    stream_attach(f->s, &next, f);
    assert_int_equal(stream_send_copy(f->s, SLICE_LIT("mine")), RC_OK);
}

static void test_attach_again(void **state) {
    struct fixture f;

    (void)state;
    setup(&f);
    f.on_bytes = hand_over;
    say(&f, "one");
    f.want = 4;
    assert_true(drive_until(&f.loop, peer_has_enough, &f));
    say(&f, "two");
    f.want = 6;
    assert_true(drive_until(&f.loop, got_enough, &f));
    assert_true(slice_is(buf_slice(&f.got), "onetwo"));
    assert_int_equal(f.drained, 0);
    teardown(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_and_writes),
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_backpressure),
        cmocka_unit_test(test_big_message),
        cmocka_unit_test(test_close_loses_the_queue),
        cmocka_unit_test(test_peer_ends),
        cmocka_unit_test(test_peer_ends_and_listens),
        cmocka_unit_test(test_finish),
        cmocka_unit_test(test_finish_lingers_no_longer),
        cmocka_unit_test(test_close_from_within),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_attach_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
