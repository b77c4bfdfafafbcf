/* Streams that send together behave as those that send one by one. Where the
 * kernel has no io_uring for us, they do, and the same has to hold. */
#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/macros.h"
#include "proto/net/ring.h"
#include "proto/net/stream.h"
#include "tests/unit/drive.h"

enum {
    CROWD = 300, /* more than one call takes */
    QUEUE = 256 * 1024,
    FEW = 2,
};

struct crowd;

struct member {
    struct crowd *crowd;
    struct stream *s;
    int peer;
    struct buf seen; /* what the peer read */
    unsigned drained;
    bool closed;
    enum rc why;
};

struct crowd {
    struct loop loop;
    struct member all[CROWD];
    size_t count;
    size_t want;           /* bytes that each peer shall have seen */
    bool answers;          /* says more as soon as all has left */
    struct stream *victim; /* closed as soon as somebody's has left */
};

static void on_bytes(void *owner, uint8_t *bytes, size_t n) {
    (void)owner;
    (void)bytes;
    (void)n;
}

static void on_drained(void *owner) {
    struct member *m = owner;
    struct crowd *w = m->crowd;

    m->drained++;
    if (w->victim != NULL) {
        stream_close(w->victim, RC_DENIED);
        w->victim = NULL;
    }
    if (w->answers && m->drained == 1) {
        assert_int_equal(stream_send_copy(m->s, SLICE_LIT("more")), RC_OK);
    }
}

static void on_closed(void *owner, enum rc why) {
    struct member *m = owner;

    m->closed = true;
    m->why = why;
}

static const struct stream_events heard = {on_bytes, on_drained, on_closed};

static void crowd_open(struct crowd *w, size_t count) {
    memset(w, 0, sizeof(*w));
    assert_int_equal(loop_init(&w->loop), RC_OK);
    if (ring_open(&w->loop) != RC_OK) {
        print_message("no io_uring here: one by one\n");
    }
    w->count = count;
    for (size_t i = 0; i < count; i++) {
        struct member *m = &w->all[i];
        int fds[2];

        assert_true(drive_pair(fds));
        m->crowd = w;
        m->peer = fds[1];
        buf_init(&m->seen);
        assert_int_equal(stream_adopt(&m->s, &w->loop, fds[0], QUEUE), RC_OK);
        stream_attach(m->s, &heard, m);
    }
}

static bool all_closed(void *ctx) {
    struct crowd *w = ctx;
    size_t closed = 0;

    for (size_t i = 0; i < w->count; i++) {
        closed += w->all[i].closed;
    }
    return closed == w->count;
}

static void crowd_close(struct crowd *w) {
    for (size_t i = 0; i < w->count; i++) {
        if (!w->all[i].closed) {
            stream_close(w->all[i].s, RC_OK);
        }
    }
    assert_true(drive_until(&w->loop, all_closed, w));
    for (size_t i = 0; i < w->count; i++) {
        close(w->all[i].peer);
        buf_fini(&w->all[i].seen);
    }
    ring_close(&w->loop);
    ring_close(&w->loop);
    loop_fini(&w->loop);
}

static bool all_seen(void *ctx) {
    struct crowd *w = ctx;
    size_t done = 0;

    for (size_t i = 0; i < w->count; i++) {
        struct member *m = &w->all[i];

        (void)drive_read(m->peer, &m->seen);
        done += m->closed || m->seen.n >= w->want;
    }
    return done == w->count;
}

static void say_to_all(struct crowd *w, const char *head, struct blob *body) {
    for (size_t i = 0; i < w->count; i++) {
        assert_int_equal(stream_send(w->all[i].s, slice_str(head), body),
                         RC_OK);
    }
}

/* Few and many, and to each all of what it was told, in order. */
static void test_all_hear(void **state) {
    static const size_t counts[] = {1, FEW, CROWD};

    (void)state;
    for (size_t k = 0; k < COUNT_OF(counts); k++) {
        struct blob *body = blob_new(SLICE_LIT("body"));
        struct crowd w;

        crowd_open(&w, counts[k]);
        say_to_all(&w, "one-", body);
        say_to_all(&w, "two-", NULL);
        w.want = 12;
        assert_true(drive_until(&w.loop, all_seen, &w));
        for (size_t i = 0; i < w.count; i++) {
            assert_true(slice_is(buf_slice(&w.all[i].seen), "one-bodytwo-"));
            assert_int_equal(stream_queued(w.all[i].s), 0);
            assert_int_equal(w.all[i].drained, 1);
        }
        assert_int_equal(body->refs, 1);
        blob_unref(&body);
        crowd_close(&w);
    }
}

/* More pieces than one call takes of a stream. */
static void test_many_pieces(void **state) {
    struct buf want;
    struct crowd w;

    (void)state;
    crowd_open(&w, 10);
    buf_init(&want);
    for (unsigned i = 0; i < 100; i++) {
        char head[8];

        snprintf(head, sizeof(head), "%u,", i);
        buf_add_str(&want, head);
        say_to_all(&w, head, NULL);
    }
    w.want = want.n;
    assert_true(drive_until(&w.loop, all_seen, &w));
    for (size_t i = 0; i < w.count; i++) {
        assert_int_equal(w.all[i].seen.n, want.n);
        assert_memory_equal(w.all[i].seen.p, want.p, want.n);
    }
    buf_fini(&want);
    crowd_close(&w);
}

/* What a socket does not take at once waits for it. */
static void test_more_than_fits(void **state) {
    struct blob *big = blob_new_empty(4 << 20);
    struct crowd w;

    (void)state;
    memset(big->bytes, 'x', big->len);
    crowd_open(&w, 6);
    say_to_all(&w, "h", big);
    drive_turns(&w.loop, 3);
    for (size_t i = 0; i < w.count; i++) {
        assert_in_range(stream_queued(w.all[i].s), 1, big->len);
        assert_int_equal(w.all[i].drained, 0);
    }
    w.want = big->len + 1;
    assert_true(drive_until(&w.loop, all_seen, &w));
    for (size_t i = 0; i < w.count; i++) {
        assert_int_equal(w.all[i].seen.n, w.want);
    }
    blob_unref(&big);
    crowd_close(&w);
}

/* Those whose peer has gone, or who are closed before their turn ends or while
 * it does, are no harm to the others. */
static void test_some_go(void **state) {
    struct crowd w;

    (void)state;
    crowd_open(&w, 20);
    close(w.all[3].peer);
    w.all[3].peer = -1;
    say_to_all(&w, "text", NULL);
    stream_close(w.all[5].s, RC_LIMIT);
    w.victim = w.all[19].s;
    w.want = 4;
    assert_true(drive_until(&w.loop, all_seen, &w));
    drive_turns(&w.loop, 3);
    for (size_t i = 0; i < w.count; i++) {
        bool gone = i == 3 || i == 5 || i == 19;

        assert_int_equal(w.all[i].closed, gone);
        if (!gone) {
            assert_true(slice_is(buf_slice(&w.all[i].seen), "text"));
        }
    }
    assert_int_equal(w.all[3].why, RC_CLOSED);
    assert_int_equal(w.all[5].why, RC_LIMIT);
    assert_int_equal(w.all[5].seen.n, 0);
    assert_int_equal(w.all[19].why, RC_DENIED);
    crowd_close(&w);
}

/* What is said when all has left leaves too; and a stream that finishes ends
 * when it has said all. */
static void test_more_and_the_end(void **state) {
    struct crowd w;

    (void)state;
    crowd_open(&w, CROWD);
    w.answers = true;
    say_to_all(&w, "text", NULL);
    w.want = 8;
    assert_true(drive_until(&w.loop, all_seen, &w));
    for (size_t i = 0; i < w.count; i++) {
        assert_true(slice_is(buf_slice(&w.all[i].seen), "textmore"));
    }
    say_to_all(&w, "last", NULL);
    for (size_t i = 0; i < w.count; i++) {
        stream_finish(w.all[i].s, RC_OK, DRIVE_LIMIT_MS);
    }
    w.want = 12;
    assert_true(drive_until(&w.loop, all_seen, &w));
    for (size_t i = 0; i < w.count; i++) {
        assert_true(slice_is(buf_slice(&w.all[i].seen), "textmorelast"));
        assert_int_equal(shutdown(w.all[i].peer, SHUT_WR), 0);
    }
    assert_true(drive_until(&w.loop, all_closed, &w));
    crowd_close(&w);
}

/* Without it what waits in it leaves all the same. */
static void test_closed_meanwhile(void **state) {
    struct crowd w;

    (void)state;
    crowd_open(&w, 10);
    say_to_all(&w, "text", NULL);
    ring_close(&w.loop);
    w.want = 4;
    assert_true(drive_until(&w.loop, all_seen, &w));
    crowd_close(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_hear),
        cmocka_unit_test(test_many_pieces),
        cmocka_unit_test(test_more_than_fits),
        cmocka_unit_test(test_some_go),
        cmocka_unit_test(test_more_and_the_end),
        cmocka_unit_test(test_closed_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
