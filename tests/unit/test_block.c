/* Blocking somebody: what is closed, and that nothing slips behind it. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "chat-core/block.h"
#include "proto/base/macros.h"
#include "proto/wire/bus_msg.h"
#include "tests/fakes/world.h"

enum {
    ANN = 1,
    BOB = 2,
};

static const struct user_id ann_id = {ANN};
static const struct user_id bob_id = {BOB};
static const struct conv_id conv = {100};
static struct world w;
static struct got got;

static struct directory *directory(size_t at) {
    return w.gates[at].core.directory;
}

static void on_opened(void *ctx, enum rc rc, const struct conv_row *row) {
    (void)row;
    *(enum rc *)ctx = rc;
}

static enum rc open_direct(void) {
    enum rc rc = RC_TIMEOUT;

    directory(0)->ops->direct_open(directory(0), ann_id, bob_id, conv,
                                   on_opened, &rc);
    world_settle(&w);
    return rc;
}

static int setup(void **state) {
    (void)state;
    world_open(&w);
    fake_directory_users(w.directory, 1, 9);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    world_close(&w);
    return 0;
}

static enum rc block(size_t at, struct user_id me, struct user_id other) {
    memset(&got, 0, sizeof(got));
    user_block(&w.gates[at].core, me, other, got_changed, &got);
    world_settle(&w);
    assert_int_equal(got.calls, 1);
    return got.rc;
}

static void on_done(void *ctx, enum rc rc) {
    *(enum rc *)ctx = rc;
}

static void unblock(struct user_id me, struct user_id other) {
    enum rc rc = RC_TIMEOUT;

    directory(0)->ops->unblock(directory(0), me, other, on_done, &rc);
    world_settle(&w);
    assert_int_equal(rc, RC_OK);
}

static enum rc say_at(size_t at, uint64_t user, const char *name) {
    struct got said = {0};

    world_say(&w, at, conv, user, name, &said);
    world_settle(&w);
    assert_int_equal(said.calls, 1);
    return said.rc;
}

/* Every gateway knows the open conversation when it is closed. */
static void test_closed_everywhere(void **state) {
    (void)state;
    assert_int_equal(open_direct(), RC_OK);
    assert_int_equal(say_at(0, BOB, "m0"), RC_OK);
    assert_int_equal(say_at(1, BOB, "m1"), RC_OK);
    assert_int_equal(say_at(2, ANN, "m2"), RC_OK);
    assert_int_equal(block(0, ann_id, bob_id), RC_OK);
    assert_int_equal(got.conv.v, conv.v);
    assert_int_equal(got.seq.v, 4);
    for (size_t at = 0; at < WORLD_GATES; at++) {
        assert_int_equal(say_at(at, BOB, "m3"), RC_DENIED);
        assert_int_equal(say_at(at, ANN, "m3"), RC_DENIED);
    }
    assert_int_equal(fake_history_head(w.history, conv), 4);
    /* Open again at once, for those too who have just been refused. */
    unblock(ann_id, bob_id);
    for (size_t at = 0; at < WORLD_GATES; at++) {
        assert_int_equal(say_at(at, BOB, "m4"), RC_OK);
    }
}

/* A message that was checked before the block and reaches the history behind
 * it is refused there. */
static void test_message_on_its_way(void **state) {
    struct got said = {0};

    (void)state;
    assert_int_equal(open_direct(), RC_OK);
    world_say(&w, 1, conv, BOB, "m1", &said);
    while (strcmp(fake_calls_next(w.gates[1].history), "append") != 0) {
        fake_calls_turn(w.gates[1].directory);
    }
    user_block(&w.gates[0].core, ann_id, bob_id, got_changed, &got);
    while (fake_history_head(w.history, conv) == 0) {
        fake_calls_turn(w.gates[0].directory);
        fake_calls_turn(w.gates[0].history);
    }
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
    assert_int_equal(said.rc, RC_DENIED);
    assert_int_equal(fake_history_head(w.history, conv), 1);
}

static void test_event(void **state) {
    struct ear ann = {0};
    struct ear bob = {0};
    struct ear carol = {0};

    (void)state;
    assert_int_equal(open_direct(), RC_OK);
    ear_join(&w, &ann, 0, ANN);
    ear_join(&w, &bob, 1, BOB);
    ear_join(&w, &carol, 1, 3);
    assert_int_equal(block(2, ann_id, bob_id), RC_OK);
    assert_int_equal(ann.seen[1], 1);
    assert_int_equal(bob.seen[1], 1);
    assert_non_null(strstr(bob.last, "\"kind\":\"direct.closed\""));
    assert_non_null(strstr(bob.last, "\"from\":\"0000000000001\""));
    assert_int_equal(ann.blocked.v, BOB);
    assert_int_equal(bob.blocked.v, ANN);
    assert_int_equal(carol.blocked.v + carol.events, 0);
    ear_leave(&ann);
    ear_leave(&bob);
    ear_leave(&carol);
}

static void test_no_conversation(void **state) {
    (void)state;
    assert_int_equal(block(0, ann_id, bob_id), RC_OK);
    assert_int_equal(got.conv.v, 0);
    assert_int_equal(open_direct(), RC_DENIED);
    assert_int_equal(block(0, ann_id, (struct user_id){99}), RC_NOT_FOUND);
    assert_int_equal(block(0, ann_id, ann_id), RC_BAD_INPUT);
    unblock(ann_id, bob_id);
    assert_int_equal(open_direct(), RC_OK);
}

/* Whatever fails in the middle, asking again completes it, with one event. */
static void test_asked_again(void **state) {
    static const struct {
        const char *name;
        enum fake_how how;
    } rows[] = {{"append refused", FAKE_REFUSE}, {"answer lost", FAKE_LOSE}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fake_calls *history = w.gates[0].history;
        uint64_t head;

        assert_int_equal(open_direct(), RC_OK);
        head = fake_history_head(w.history, conv);
        memset(&got, 0, sizeof(got));
        user_block(&w.gates[0].core, ann_id, bob_id, got_changed, &got);
        while (strcmp(fake_calls_next(history), "append") != 0) {
            fake_calls_turn(w.gates[0].directory);
        }
        fake_calls_finish(history, rows[i].how, RC_BACKEND);
        world_settle(&w);
        assert_row(rows[i].name, got.calls == 1 && got.rc == RC_BACKEND);
        /* It is not certain yet, but nobody is let through who asks. */
        assert_row(rows[i].name, say_at(1, BOB, "m1") == RC_DENIED);
        assert_row(rows[i].name, block(1, ann_id, bob_id) == RC_OK);
        assert_row(rows[i].name, got.seq.v == head + 1);
        assert_row(rows[i].name,
                   fake_history_head(w.history, conv) == head + 1);
        unblock(ann_id, bob_id);
    }
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_closed_everywhere),
        TEST(test_message_on_its_way),
        TEST(test_event),
        TEST(test_no_conversation),
        TEST(test_asked_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
