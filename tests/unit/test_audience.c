/* Who is here: joining, leaving, and both at the wrong moment. */
#include "tests/unit/assert_row.h"

#include "chat-core/audience.h"
#include "chat-core/wide.h"
#include "proto/base/macros.h"
#include "tests/fakes/world.h"

static const struct conv_id wide = {100};
static const struct topic ann_topic = {TOPIC_USER, 1};
static const struct topic wide_topic = {TOPIC_CONV, 100};
static struct world w;

static int setup(void **state) {
    (void)state;
    world_open(&w);
    fake_directory_users(w.directory, 1, 60);
    fake_directory_group(w.directory, wide, 1, 20);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    world_close(&w);
    return 0;
}

static struct core *core(void) {
    return &w.gates[0].core;
}

static bool listens(struct topic topic) {
    return fake_bus_subscribed(core()->bus, topic);
}

static void test_join_and_leave(void **state) {
    struct ear ann;

    (void)state;
    ear_join(&w, &ann, 0, 1);
    assert_true(audience_seated(&ann.seat));
    assert_int_equal(ann.joined, 0);
    world_settle(&w);
    assert_int_equal(ann.joined, 1);
    assert_int_equal(ann.joined_rc, RC_OK);
    assert_true(listens(ann_topic) && listens(wide_topic));
    assert_non_null(audience_user(core(), ann.user));
    ear_leave(&ann);
    ear_leave(&ann);
    assert_false(audience_seated(&ann.seat));
    assert_false(listens(ann_topic) || listens(wide_topic));
    assert_null(audience_user(core(), ann.user));
    assert_null(wide_find(core(), wide));
}

/* The directory is asked only when the user's topic is in force: a change is
 * in its answer, or it is heard. */
static void test_topic_first(void **state) {
    struct ear ann;

    (void)state;
    ear_join(&w, &ann, 0, 1);
    assert_int_equal(w.gates[0].directory->count, 0);
    fake_bus_turn(w.bus);
    assert_true(listens(ann_topic));
    assert_string_equal(fake_calls_next(w.gates[0].directory), "wide_convs_of");
    fake_calls_turn(w.gates[0].directory);
    assert_int_equal(ann.joined, 0); /* the wide topic is not in force yet */
    fake_bus_turn(w.bus);
    assert_int_equal(ann.joined, 1);
    ear_leave(&ann);
}

static void test_two_sessions(void **state) {
    struct ear a;
    struct ear b;
    struct ear c;

    (void)state;
    ear_join(&w, &a, 0, 1);
    ear_join(&w, &b, 0, 1);
    assert_int_equal(a.joined + b.joined, 0);
    world_settle(&w);
    assert_int_equal(a.joined + b.joined, 2);
    ear_join(&w, &c, 0, 1);
    assert_int_equal(c.joined, 1); /* at once: everything is subscribed */
    ear_leave(&a);
    ear_leave(&b);
    assert_true(listens(ann_topic) && listens(wide_topic));
    ear_leave(&c);
    assert_false(listens(ann_topic) || listens(wide_topic));
}

/* After `turns` steps of the joining the last seat goes, and perhaps comes
 * back before the rest. */
static void leave_after(size_t turns, bool back) {
    struct ear ann;
    size_t joined;

    ear_join(&w, &ann, 0, 1);
    for (size_t i = 0; i < turns; i++) {
        (void)(i % 2 == 0 ? fake_bus_turn(w.bus)
                          : fake_calls_turn(w.gates[0].directory));
    }
    joined = ann.joined;
    ear_leave(&ann);
    if (back) {
        ear_join(&w, &ann, 0, 1);
    }
    world_settle(&w);
    if (back) {
        assert_int_equal(ann.joined, 1);
        assert_int_equal(ann.joined_rc, RC_OK);
        assert_true(listens(ann_topic) && listens(wide_topic));
        ear_leave(&ann);
    } else {
        assert_int_equal(ann.joined, joined); /* never after leaving */
    }
    assert_false(listens(ann_topic) || listens(wide_topic));
    assert_int_equal(core()->users.count + core()->wides.count, 0);
}

static void test_leave_while_joining(void **state) {
    (void)state;
    for (size_t turns = 0; turns < 5; turns++) {
        leave_after(turns, false);
        leave_after(turns, true);
    }
}

/* One of two leaves before both are answered. */
static void test_one_of_two_leaves(void **state) {
    struct ear a;
    struct ear b;

    (void)state;
    ear_join(&w, &a, 0, 1);
    ear_join(&w, &b, 0, 1);
    ear_leave(&a);
    world_settle(&w);
    assert_int_equal(a.joined, 0);
    assert_int_equal(b.joined, 1);
    ear_leave(&b);
}

/* ---- failures ---- */

/* Everybody who waits is told; the next attempt begins anew, though the
 * others have not left yet. */
static void test_directory_away(void **state) {
    struct ear a;
    struct ear b;
    struct ear c;

    (void)state;
    w.gates[0].directory->refuse = RC_AGAIN;
    ear_join(&w, &a, 0, 1);
    ear_join(&w, &b, 0, 1);
    world_settle(&w);
    assert_int_equal(a.joined + b.joined, 2);
    assert_int_equal(a.joined_rc, RC_AGAIN);
    assert_int_equal(b.joined_rc, RC_AGAIN);
    assert_false(listens(ann_topic));
    ear_join(&w, &c, 0, 1);
    w.gates[0].directory->refuse = RC_OK;
    world_settle(&w);
    assert_int_equal(c.joined_rc, RC_OK);
    assert_true(listens(ann_topic) && listens(wide_topic));
    ear_leave(&a);
    ear_leave(&b);
    assert_true(listens(ann_topic));
    ear_leave(&c);
    assert_false(listens(ann_topic));
}

/* A bus whose subscriptions fail, in front of the fake one. */
struct bad_bus {
    struct bus bus; /* first */
    struct bus *good;
    enum topic_kind bad; /* topics of this kind fail */
    bus_done_fn done;    /* the one that waits */
    void *ctx;
    size_t failed;
    size_t undone;
};

static void bad_subscribe(struct bus *bus, struct topic topic, bus_done_fn done,
                          void *ctx) {
    struct bad_bus *b = CONTAINER_OF(bus, struct bad_bus, bus);

    if (topic.kind == b->bad) {
        assert_null(b->done);
        b->done = done;
        b->ctx = ctx;
    } else {
        b->good->ops->subscribe(b->good, topic, done, ctx);
    }
}

static void bad_unsubscribe(struct bus *bus, struct topic topic) {
    struct bad_bus *b = CONTAINER_OF(bus, struct bad_bus, bus);

    if (topic.kind == b->bad) {
        b->undone++;
    } else {
        b->good->ops->unsubscribe(b->good, topic);
    }
}

static void bad_fail(struct bad_bus *b) {
    bus_done_fn done = b->done;

    b->done = NULL;
    b->failed++;
    done(b->ctx, RC_TIMEOUT);
}

static const struct bus_ops bad_ops = {
    .subscribe = bad_subscribe,
    .unsubscribe = bad_unsubscribe,
};

static void test_user_topic_fails(void **state) {
    struct bad_bus bad = {
        .bus = {.ops = &bad_ops}, .good = core()->bus, .bad = TOPIC_USER};
    struct ear ann;

    (void)state;
    core()->bus = &bad.bus;
    ear_join(&w, &ann, 0, 1);
    bad_fail(&bad);
    world_settle(&w);
    assert_int_equal(ann.joined_rc, RC_TIMEOUT);
    assert_int_equal(bad.undone, 1);
    ear_leave(&ann);
    assert_int_equal(bad.undone, 1);
    core()->bus = bad.good;
}

static void test_wide_topic_fails(void **state) {
    struct bad_bus bad = {
        .bus = {.ops = &bad_ops}, .good = core()->bus, .bad = TOPIC_CONV};
    struct ear a;
    struct ear b;

    (void)state;
    core()->bus = &bad.bus;
    ear_join(&w, &a, 0, 1);
    ear_join(&w, &b, 0, 2);
    world_settle(&w);
    bad_fail(&bad);
    world_settle(&w);
    assert_int_equal(a.joined_rc, RC_TIMEOUT);
    assert_int_equal(b.joined_rc, RC_TIMEOUT);
    assert_int_equal(bad.undone, 1);
    assert_int_equal(core()->wides.count, 0);
    ear_leave(&a);
    ear_leave(&b);
    core()->bus = bad.good;
}

/* A user who is ready already: it is tried again, and he is told to sync. */
static void test_wide_topic_fails_late(void **state) {
    const struct conv_id late = {101};
    struct bad_bus bad = {
        .bus = {.ops = &bad_ops}, .good = core()->bus, .bad = TOPIC_CONV};
    struct ear ann;

    (void)state;
    ear_join(&w, &ann, 0, 1);
    world_settle(&w);
    core()->bus = &bad.bus;
    fake_directory_group(w.directory, late, 1, 20);
    wide_user_changed(core(), &(struct bus_member){.conv = late,
                                                   .user = {1},
                                                   .mver = {1},
                                                   .seq = {1},
                                                   .change = MEMBER_ADDED,
                                                   .wide = true});
    bad_fail(&bad);
    assert_null(wide_find(core(), late));
    core()->bus = bad.good;
    world_pass(&w, WIDE_RETRY_MS + 100);
    assert_non_null(wide_find(core(), late));
    assert_true(listens((struct topic){TOPIC_CONV, late.v}));
    assert_int_equal(ann.resyncs, 1);
    ear_leave(&ann);
}

/* ---- callbacks that come back in ---- */

struct restless {
    struct ear *ear;
    struct ear *other;
    size_t calls;
    enum rc rc;
    bool again;
};

static void on_restless(void *ctx, enum rc rc) {
    struct restless *r = ctx;

    r->calls++;
    r->rc = rc;
    audience_leave(&r->ear->seat);
    if (r->other != NULL) {
        audience_leave(&r->other->seat);
    }
    if (r->again) {
        r->again = false;
        audience_join(core(), &r->ear->seat, r->ear->user, on_restless, r);
    }
}

/* The last seats leave from within the answer: nobody else is answered. */
static void test_leaves_when_answered(void **state) {
    struct ear a = {.user = {1}};
    struct ear b;
    struct restless r = {.ear = &a, .other = &b};

    (void)state;
    audience_join(core(), &a.seat, a.user, on_restless, &r);
    ear_join(&w, &b, 0, 1);
    world_settle(&w);
    assert_int_equal(r.calls, 1);
    assert_int_equal(b.joined, 0);
    assert_int_equal(core()->users.count, 0);
}

/* Refused, it leaves and tries again at once: that is a new attempt, with an
 * answer of its own. */
static void test_again_when_refused(void **state) {
    struct ear a = {.user = {1}};
    struct restless r = {.ear = &a, .again = true};

    (void)state;
    audience_join(core(), &a.seat, a.user, on_restless, &r);
    fake_bus_turn(w.bus);
    fake_calls_finish(w.gates[0].directory, FAKE_REFUSE, RC_BACKEND);
    assert_int_equal(r.calls, 1);
    assert_int_equal(r.rc, RC_BACKEND);
    world_settle(&w);
    assert_int_equal(r.calls, 2);
    assert_int_equal(r.rc, RC_OK);
    assert_int_equal(core()->users.count, 0);
}

/* Whoever leaves, the others are told, in the order in which they came. */
static void test_any_leaves(void **state) {
    static const struct {
        const char *name;
        size_t leaves;
    } rows[] = {{"the first", 0}, {"one between", 1}, {"the last", 2}};
    struct ear ears[3];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t left = 0;

        for (size_t e = 0; e < COUNT_OF(ears); e++) {
            ear_join(&w, &ears[e], 0, 1);
        }
        world_settle(&w);
        ear_leave(&ears[rows[i].leaves]);
        for (const struct seat *seat =
                 audience_user(core(), ears[0].user)->seats;
             seat != NULL; seat = seat->next) {
            left += left == rows[i].leaves;
            assert_row(rows[i].name, seat == &ears[left].seat);
            left++;
        }
        assert_row(rows[i].name, left + (rows[i].leaves == 2) == 3);
        for (size_t e = 0; e < COUNT_OF(ears); e++) {
            ear_leave(&ears[e]);
        }
        assert_row(rows[i].name, core()->users.count == 0);
    }
}

/* ---- something was lost on the bus ---- */

/* He was made a member of a wide group while the bus was deaf: he listens to
 * it before he is told to sync. */
static void test_lost(void **state) {
    const struct conv_id late = {101};
    struct ear ann;

    (void)state;
    ear_join(&w, &ann, 0, 1);
    world_settle(&w);
    fake_directory_group(w.directory, late, 1, 20);
    audience_lost(audience_user(core(), ann.user));
    fake_calls_turn(w.gates[0].directory);
    assert_int_equal(ann.resyncs, 0);
    world_settle(&w);
    assert_int_equal(ann.resyncs, 1);
    assert_true(listens((struct topic){TOPIC_CONV, late.v}));
    ear_leave(&ann);
}

/* The directory cannot tell: he is told to sync now, and once more when it
 * could. */
static void test_lost_twice(void **state) {
    struct ear ann;

    (void)state;
    ear_join(&w, &ann, 0, 1);
    world_settle(&w);
    w.gates[0].directory->refuse = RC_AGAIN;
    audience_lost(audience_user(core(), ann.user));
    world_settle(&w);
    assert_int_equal(ann.resyncs, 1);
    world_pass(&w, WIDE_RETRY_MS + 100);
    assert_int_equal(ann.resyncs, 2);
    w.gates[0].directory->refuse = RC_OK;
    world_pass(&w, WIDE_RETRY_MS + 100);
    assert_int_equal(ann.resyncs, 3);
    world_pass(&w, WIDE_RETRY_MS + 100);
    assert_int_equal(ann.resyncs, 3);
    ear_leave(&ann);
}

/* He leaves while the directory is to be asked again. */
static void test_leave_while_lost(void **state) {
    struct ear ann;

    (void)state;
    ear_join(&w, &ann, 0, 1);
    world_settle(&w);
    w.gates[0].directory->refuse = RC_AGAIN;
    audience_lost(audience_user(core(), ann.user));
    world_settle(&w);
    ear_leave(&ann);
    world_pass(&w, WIDE_RETRY_MS + 100);
    assert_int_equal(core()->users.count, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_join_and_leave),
        TEST(test_topic_first),
        TEST(test_two_sessions),
        TEST(test_leave_while_joining),
        TEST(test_one_of_two_leaves),
        TEST(test_any_leaves),
        TEST(test_directory_away),
        TEST(test_user_topic_fails),
        TEST(test_wide_topic_fails),
        TEST(test_wide_topic_fails_late),
        TEST(test_leaves_when_answered),
        TEST(test_again_when_refused),
        TEST(test_lost),
        TEST(test_lost_twice),
        TEST(test_leave_while_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
