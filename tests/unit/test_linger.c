/* Who has just gone: what is kept of him, for how long, of how many, and what
 * becomes of it when something happens meanwhile. */
#include "tests/unit/assert_row.h"

#include "chat-core/deliver.h"
#include "chat-core/linger.h"
#include "proto/base/macros.h"
#include "tests/unit/wide_world.h"

enum {
    KEPT_MAX = 4,
    OTHER = 101, /* another wide conversation */
    MANY = LINGER_FORGET_MAX + 5,
};

static const struct topic other_topic = {TOPIC_CONV, OTHER};

/* Ann has gone, Bob stays. */
static int setup_gone(void **state) {
    (void)setup(state);
    core()->linger_max = KEPT_MAX;
    ear_leave(&ann);
    return 0;
}

static void pass_s(uint64_t s) {
    world_pass(&w, s * 1000);
}

static bool listens(struct topic to) {
    return fake_bus_subscribed(core()->bus, to);
}

static bool lingers(uint64_t user) {
    const struct local_user *u = audience_user(core(), (struct user_id){user});

    return u != NULL && u->seats == NULL && u->ready && listens(own(user));
}

static size_t asked(void) {
    return w.gates[0].directory->count + w.gates[0].history->count;
}

static void come_and_go(uint64_t first, size_t count) {
    for (uint64_t user = first; user < first + count; user++) {
        struct ear one;

        ear_join(&w, &one, 0, user);
        world_settle(&w);
        ear_leave(&one);
    }
}

/* ---- what happens meanwhile ---- */

static void nothing(void) {
}

static void is_told(void) {
    bus_say_event(&w, own(ANN), (struct conv_id){7}, 3, 1);
    bus_say_ephemeral(&w, topic, conv, BOB);
    world_settle(&w);
}

static void is_removed_unheard(void) {
    fake_directory_remove(w.directory, conv, (struct user_id){ANN});
}

static void is_removed(void) {
    is_removed_unheard();
    told(own(ANN), ANN, MEMBER_REMOVED, 2, 0);
}

static void leaves_elsewhere(void) {
    is_removed_unheard();
    told(topic, ANN, MEMBER_LEFT, 2, 0);
}

static void is_out_and_back(void) {
    is_removed();
    fake_directory_add(w.directory, conv, (struct user_id){ANN});
    fake_directory_bound(w.directory, conv, (struct user_id){ANN}, HEAD + 1,
                         true);
    told(own(ANN), ANN, MEMBER_ADDED, 3, HEAD + 1);
    world_settle(&w);
}

static void is_added_elsewhere(void) {
    fake_directory_group(w.directory, (struct conv_id){OTHER}, ANN, 20);
    bus_say_member(&w, own(ANN),
                   &(struct bus_member){.conv = {OTHER},
                                        .user = {ANN},
                                        .mver = {1},
                                        .seq = {1},
                                        .change = MEMBER_ADDED,
                                        .wide = true});
    world_settle(&w);
}

/* The news of his removal is among what was lost for good. */
static void gap_in(struct topic lost) {
    is_removed_unheard();
    fake_bus_gap(core()->bus, topic_partition(lost));
    world_settle(&w);
}

static void gap_of_his(void) {
    gap_in(own(ANN));
}

static void gap_of_the_conversation(void) {
    gap_in(topic);
}

static void gap_elsewhere(void) {
    gap_in(own(BOB));
}

/* What he is added to meanwhile is told while the bus is cut. */
static void cut_and_repaired(void) {
    fake_bus_cut(core()->bus);
    is_added_elsewhere();
    fake_bus_heal(core()->bus, false);
    world_settle(&w);
}

static void cut_and_trimmed(void) {
    fake_bus_cut(core()->bus);
    is_added_elsewhere();
    fake_bus_heal(core()->bus, true);
    world_settle(&w);
}

static void another_store(void) {
    deliver_resync_all(core());
    world_settle(&w);
}

static void is_logged_out(void) {
    deliver_revoke(core(), &(struct bus_revoke){{ANN}, {5}});
}

/* The page that tells whether what he was told of is his is not to be had. */
static void look_fails(void) {
    w.gates[0].history->refuse = RC_AGAIN;
    bus_say_member(&w, own(ANN),
                   &(struct bus_member){.conv = conv,
                                        .user = {ANN},
                                        .mver = {1},
                                        .seq = {HEAD},
                                        .change = MEMBER_SAME});
    world_settle(&w);
    w.gates[0].history->refuse = RC_OK;
}

/* He comes back after it; then the conversation has one event more. */
static const struct meanwhile {
    const char *name;
    void (*happens)(void);
    uint64_t mver; /* of the event */
    bool kept;     /* he is ready at once, and nobody is asked */
    bool shown;    /* the event */
    bool other;    /* he is in the other conversation, too */
} rows[] = {
    {"nothing", nothing, 1, true, true, false},
    {"is told", is_told, 1, true, true, false},
    {"is removed", is_removed, 2, true, false, false},
    {"leaves elsewhere", leaves_elsewhere, 2, true, false, false},
    {"removed, not heard yet", is_removed_unheard, 2, true, false, false},
    {"is out and back", is_out_and_back, 3, true, true, false},
    {"is added elsewhere", is_added_elsewhere, 1, true, true, true},
    {"a gap of his", gap_of_his, 2, false, false, false},
    {"a gap there", gap_of_the_conversation, 2, false, false, false},
    {"a gap elsewhere", gap_elsewhere, 2, false, false, false},
    {"added, repaired", cut_and_repaired, 1, true, true, true},
    {"added, lost", cut_and_trimmed, 1, false, true, true},
    {"another store", another_store, 1, false, true, false},
    {"is logged out", is_logged_out, 1, false, true, false},
    {"a look fails", look_fails, 1, false, true, false},
};

static void check_meanwhile(const struct meanwhile *row) {
    void *none = NULL;

    (void)setup_gone(&none);
    assert_row(row->name, lingers(ANN));
    row->happens();
    assert_row(row->name, lingers(ANN) == row->kept);
    ear_join(&w, &ann, 0, ANN);
    assert_row(row->name, (ann.joined == 1) == row->kept);
    assert_row(row->name, !row->kept || asked() == 0);
    world_settle(&w);
    assert_row(row->name, ann.joined == 1 && ann.joined_rc == RC_OK);
    ear_forget(&ann);
    event(HEAD + 2, row->mver);
    world_settle(&w);
    assert_row(row->name, bob.seen[HEAD + 2] == 1);
    assert_row(row->name, ann.seen[HEAD + 2] == row->shown);
    assert_row(row->name, listens(other_topic) == row->other);
    (void)teardown(&none);
}

static void test_meanwhile(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        check_meanwhile(&rows[i]);
    }
}

/* What is said while he is not there is shown to nobody, now or later. */
static void test_silence(void **state) {
    (void)state;
    event(HEAD + 1, 1);
    assert_int_equal(bob.seen[HEAD + 1], 1);
    ear_join(&w, &ann, 0, ANN);
    world_settle(&w);
    assert_int_equal(ann.events + ann.others, 0);
}

/* A topic that is not to be had is no reason to be ready for ever. */
static void test_topic_fails(void **state) {
    (void)state;
    audience_expect(audience_user(core(), (struct user_id){ANN}));
    audience_answered(audience_user(core(), (struct user_id){ANN}), RC_TIMEOUT);
    assert_true(lingers(ANN));
    world_pass(&w, WIDE_RETRY_MS + 100);
    assert_false(listens(own(ANN)));
    ear_join(&w, &ann, 0, ANN);
    assert_int_equal(ann.joined, 0);
}

/* ---- who is not kept ---- */

/* He goes before he is ready; nothing of him is left. */
static void test_not_ready(void **state) {
    (void)state;
    linger_doubt(core());
    for (size_t turns = 0; turns < 2; turns++) {
        ear_join(&w, &ann, 0, ANN);
        if (turns > 0) {
            fake_bus_turn(w.bus); /* his topic; not yet what he is in */
        }
        ear_leave(&ann);
        world_settle(&w);
        assert_false(lingers(ANN));
        assert_int_equal(core()->users.count, 1);
    }
}

/* It is being asked what he is in, or has to be asked later. */
static void test_not_certain(void **state) {
    static const enum rc answers[] = {RC_OK, RC_AGAIN};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        ear_join(&w, &ann, 0, ANN);
        world_settle(&w);
        audience_lost(audience_user(core(), (struct user_id){ANN}));
        if (answers[i] != RC_OK) {
            w.gates[0].directory->refuse = answers[i];
            world_settle(&w);
        }
        ear_leave(&ann);
        w.gates[0].directory->refuse = RC_OK;
        world_settle(&w);
        assert_false(lingers(ANN));
        assert_int_equal(core()->linger.count, 0);
    }
}

struct restless {
    struct seat seat;
    size_t calls;
};

static void on_restless(void *ctx, enum rc rc) {
    struct restless *r = ctx;

    assert_int_equal(rc, RC_OK);
    r->calls++;
    audience_leave(&r->seat);
}

/* The last seat goes from within the answer to its joining. */
static void test_goes_when_answered(void **state) {
    struct restless r = {.calls = 0};

    (void)state;
    linger_doubt(core());
    for (size_t i = 1; i <= 3; i++) {
        audience_join(core(), &r.seat, (struct user_id){ANN}, on_restless, &r);
        world_settle(&w);
        assert_int_equal(r.calls, i);
        assert_true(lingers(ANN));
    }
    assert_int_equal(core()->linger.count, 1);
}

/* ---- how long, how many ---- */

static void test_time(void **state) {
    (void)state;
    pass_s(LINGER_S - 2);
    ear_join(&w, &ann, 0, ANN);
    assert_int_equal(ann.joined, 1);
    ear_leave(&ann); /* and from now on, again */
    pass_s(LINGER_S - 2);
    assert_true(lingers(ANN));
    assert_int_equal(audience_count(core()), 1);
    pass_s(3);
    assert_null(audience_user(core(), (struct user_id){ANN}));
    assert_false(listens(own(ANN)));
    assert_int_equal(here()->users.count, 1);
    assert_int_equal(audience_count(core()), 1);
    assert_false(wheel_is_set(&core()->linger.timer));
}

/* Who went first is forgotten for one more. */
static void test_bound(void **state) {
    (void)state;
    come_and_go(10, KEPT_MAX - 1);
    assert_true(lingers(ANN));
    come_and_go(10, 1); /* is the last again */
    come_and_go(20, 1);
    assert_false(lingers(ANN));
    assert_true(lingers(10) && lingers(11) && lingers(12) && lingers(20));
    assert_int_equal(core()->linger.count, KEPT_MAX);
    come_and_go(21, 1);
    assert_false(lingers(11));
    assert_true(lingers(10) && lingers(12) && lingers(20) && lingers(21));
}

/* So many who went at once are not forgotten at once. */
static void test_pace(void **state) {
    size_t left = MANY;

    (void)state;
    core()->linger_max = MANY;
    linger_doubt(core());
    fake_directory_users(w.directory, 1000, MANY);
    come_and_go(1000, MANY);
    assert_int_equal(core()->linger.count, MANY);
    pass_s(LINGER_S + 1);
    left -= LINGER_FORGET_MAX;
    assert_int_equal(core()->linger.count, left);
    pass_s(2);
    assert_int_equal(core()->linger.count, 0);
}

static void test_stop(void **state) {
    (void)state;
    come_and_go(10, 1);
    linger_stop(core());
    assert_false(lingers(ANN) || lingers(10));
    come_and_go(10, 1);
    assert_false(lingers(10));
    assert_int_equal(core()->users.count, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_gone, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meanwhile),
        TEST(test_silence),
        TEST(test_topic_fails),
        TEST(test_not_ready),
        TEST(test_not_certain),
        TEST(test_goes_when_answered),
        TEST(test_time),
        TEST(test_bound),
        TEST(test_pace),
        TEST(test_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
