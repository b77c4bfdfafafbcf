/* Streams that have just come: they take turns, in order, and what takes long
 * for that reason is not held against them. */
#include "tests/unit/stream_fixture.h"
#include "tests/unit/tls_files.h"

#include "proto/base/macros.h"
#include "proto/net/listener.h"
#include "proto/net/tls.h"

enum {
    CROWD = 100,
    TURNS_MAX = 20 * CROWD,
    SHAKE_MS = 200,
    LATER_MS = 400, /* than a handshake may take */
};

struct crowd;

struct comer {
    struct crowd *crowd;
    struct stream *s;
    int peer;
    unsigned heard; /* as the how manieth; 0: not yet */
    bool closed;
    enum rc why;
};

struct crowd {
    struct loop loop;
    struct comer all[CROWD];
    size_t count;
    unsigned heard;
    bool settles; /* each with its first bytes */
};

static void on_comer_bytes(void *owner, uint8_t *bytes, size_t n) {
    struct comer *c = owner;

    (void)bytes;
    assert_true(n > 0);
    if (c->heard == 0) {
        c->heard = ++c->crowd->heard;
    }
    if (c->crowd->settles) {
        stream_settle(c->s);
    }
}

static void on_comer_closed(void *owner, enum rc why) {
    struct comer *c = owner;

    c->closed = true;
    c->why = why;
}

static const struct stream_events comer_events = {on_comer_bytes, NULL,
                                                  on_comer_closed};

/* One of them a turn: a microsecond is soon spent. */
static void crowd_open(struct crowd *w) {
    memset(w, 0, sizeof(*w));
    assert_int_equal(loop_init(&w->loop), RC_OK);
    w->loop.interest.share_us = 1;
    w->settles = true;
}

static struct comer *come(struct crowd *w, bool says) {
    struct comer *c = &w->all[w->count++];
    int fds[2];

    assert_true(drive_pair(fds));
    c->crowd = w;
    c->peer = fds[1];
    assert_int_equal(stream_adopt(&c->s, &w->loop, fds[0], QUEUE), RC_OK);
    stream_comes(c->s);
    stream_attach(c->s, &comer_events, c);
    if (says) {
        assert_int_equal(write(c->peer, "x", 1), 1);
    }
    return c;
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
    assert_int_equal(interest_waiting(&w->loop), 0);
    for (size_t i = 0; i < w->count; i++) {
        close(w->all[i].peer);
    }
    loop_fini(&w->loop);
}

/* Only so many in a turn, and in the order in which they came. */
static void test_in_order(void **state) {
    struct crowd w;
    unsigned turns = 0;

    (void)state;
    crowd_open(&w);
    for (size_t i = 0; i < CROWD; i++) {
        come(&w, true);
    }
    while (w.heard < CROWD && turns++ < TURNS_MAX) {
        unsigned before = w.heard;

        drive_turns(&w.loop, 1);
        assert_in_range(w.heard, before, before + 1);
    }
    assert_int_equal(w.heard, CROWD);
    for (size_t i = 0; i < CROWD; i++) {
        assert_int_equal(w.all[i].heard, i + 1);
    }
    crowd_close(&w);
}

static bool first_heard(void *ctx) {
    struct crowd *w = ctx;

    return w->all[0].heard > 0;
}

/* Those who are here do not wait for those who come. */
static void test_settled(void **state) {
    struct crowd w;
    struct comer *here;

    (void)state;
    crowd_open(&w);
    here = come(&w, true);
    assert_true(drive_until(&w.loop, first_heard, &w));
    for (size_t i = 1; i < CROWD; i++) {
        come(&w, true);
    }
    drive_turns(&w.loop, 2);
    assert_in_range(interest_waiting(&w.loop), CROWD - 5, CROWD - 1);
    here->heard = 0;
    assert_int_equal(write(here->peer, "y", 1), 1);
    drive_turns(&w.loop, 1);
    assert_true(here->heard > 0);
    assert_int_equal(stream_since_ms(here->s), 0);
    crowd_close(&w);
}

/* Who stands in the line may be closed, or paused and wanted again. */
static void test_leave_the_line(void **state) {
    struct crowd w;
    struct comer *last;

    (void)state;
    crowd_open(&w);
    for (size_t i = 0; i < CROWD; i++) {
        come(&w, true);
    }
    drive_turns(&w.loop, 2);
    last = &w.all[CROWD - 1];
    assert_true(stream_since_ms(last->s) > 0);
    stream_pause(last->s);
    assert_int_equal(stream_since_ms(last->s), 0);
    for (size_t i = 0; i < CROWD - 1; i++) {
        stream_close(w.all[i].s, RC_OK);
    }
    assert_int_equal(interest_waiting(&w.loop), 0);
    drive_turns(&w.loop, 5);
    assert_int_equal(last->heard, 0);
    stream_resume(last->s);
    drive_turns(&w.loop, 5);
    assert_true(last->heard > 0);
    crowd_close(&w);
}

/* Who is let in and says no more than half keeps nobody out. */
static void test_half_said(void **state) {
    struct crowd w;
    unsigned turns = 0;

    (void)state;
    crowd_open(&w);
    w.settles = false;
    for (size_t i = 0; i < CROWD; i++) {
        come(&w, true);
    }
    while (w.heard < CROWD && turns++ < TURNS_MAX) {
        drive_turns(&w.loop, 1);
    }
    assert_int_equal(w.heard, CROWD);
    assert_int_equal(interest_waiting(&w.loop), 0);
    crowd_close(&w);
}

/* ---- deadlines ---- */

static uint64_t later_ms;

static void read_later(struct clock *c) {
    clock_update(c);
    c->mono_ms += later_ms;
}

/* Longer than a handshake may take; `crowded`: with no share for it. */
static void pass(struct crowd *w, bool crowded) {
    later_ms += LATER_MS;
    w->loop.interest.share_us = crowded ? 0 : 1;
    drive_turns(&w->loop, 5);
}

/* A handshake has its time from when it is looked at. */
static void test_deadline(void **state) {
    static struct tls_files files;
    struct tls_server_config config;
    struct tls_server *server;
    struct crowd w;
    struct comer *c;

    (void)state;
    tls_files_make(&files);
    config = (struct tls_server_config){files.cert, files.key, "", ""};
    assert_int_equal(tls_server_open(&server, &config), RC_OK);
    crowd_open(&w);
    later_ms = 0;
    w.loop.read_clock = read_later;
    c = come(&w, false);
    stream_secure(c->s, tls_accept(server), SHAKE_MS);
    assert_int_equal(write(c->peer, "\x16", 1), 1); /* a ClientHello begins */
    for (unsigned i = 0; i < 5; i++) {
        pass(&w, true);
        assert_false(stream_closing(c->s));
    }
    pass(&w, false); /* is let in, and has its time now */
    assert_false(stream_closing(c->s));
    pass(&w, false);
    assert_true(c->closed);
    assert_int_equal(c->why, RC_TIMEOUT);
    crowd_close(&w);
    tls_server_close(&server);
    tls_files_remove(&files);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order),       cmocka_unit_test(test_settled),
        cmocka_unit_test(test_leave_the_line), cmocka_unit_test(test_half_said),
        cmocka_unit_test(test_deadline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
