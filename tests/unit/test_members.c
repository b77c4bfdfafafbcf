/* Changes of members: their order of steps, every failure between two steps
 * and the repeat that completes it, and the way from narrow to wide. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "chat-core/members.h"
#include "proto/base/macros.h"
#include "tests/unit/members_world.h"

/* The stored event has this word in it; the fake keeps a NUL behind it. */
static bool event_has(uint64_t seq, const char *word) {
    const struct fake_stored *e = fake_history_at(w.history, conv, seq);

    return strstr((const char *)e->event.p, word) != NULL;
}

/* ---- narrow ---- */

static void test_add(void **state) {
    struct ear new;
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 3);
    world_fill(&w, conv, OWNER, 4);
    ear_join(&w, &new, 1, NEW);
    world_settle(&w);
    ask_add(&got, OWNER, NEW);
    world_settle(&w);
    assert_int_equal(got.calls, 1);
    assert_int_equal(got.rc, RC_OK);
    assert_int_equal(got.conv.v, conv.v);
    assert_int_equal(got.seq.v, 5);
    assert_int_equal(row_of(NEW).from.v, 5);
    assert_true(event_has(5, "\"kind\":\"member.added\""));
    assert_true(event_has(5, "{\"user\":\"000000000001j\"}"));
    assert_int_equal(fake_history_mver(w.history, conv).v, 2);
    assert_int_equal(new.seen[5], 1);
    ask_add(&got, OWNER, NEW);
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
    assert_int_equal(got.seq.v, 0); /* nothing to change */
    assert_int_equal(fake_history_head(w.history, conv), 5);
    ear_leave(&new);
}

/* After "removed" is answered, nothing later reaches him. */
static void test_remove(void **state) {
    struct ear bob;
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 3);
    ear_join(&w, &bob, 1, BOB);
    world_settle(&w);
    world_say(&w, 2, conv, ANN, "before", &got);
    world_settle(&w);
    ask_remove(&got, OWNER, BOB);
    world_settle(&w);
    assert_int_equal(got.seq.v, 2);
    assert_int_equal(row_of(BOB).until.v, 2);
    assert_true(event_has(2, "\"kind\":\"member.removed\""));
    world_say(&w, 2, conv, ANN, "after", &got); /* an old table there */
    world_settle(&w);
    assert_int_equal(got.said.seq.v, 3);
    assert_int_equal(bob.events, 2);
    assert_int_equal(bob.last_seq, 2);
    ear_leave(&bob);
}

/* Again: no second event, and no later end of what he may read. */
static void test_leave_again(void **state) {
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 3);
    ask_remove(&got, BOB, BOB);
    world_settle(&w);
    assert_int_equal(got.seq.v, 1);
    assert_true(event_has(1, "\"kind\":\"member.left\""));
    world_say(&w, 0, conv, ANN, "secret", &got);
    world_settle(&w);
    ask_remove(&got, OWNER, ANN); /* another version in between */
    world_settle(&w);
    ask_remove(&got, BOB, BOB);
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
    assert_int_equal(got.seq.v, 0);
    assert_int_equal(fake_history_head(w.history, conv), 3);
    assert_int_equal(row_of(BOB).until.v, 1);
}

/* The owner leaves, and then the last one. */
static void test_everybody_leaves(void **state) {
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 2);
    ask_remove(&got, OWNER, OWNER);
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
    assert_int_equal(row_of(ANN).role, ROLE_OWNER);
    ask_remove(&got, ANN, ANN);
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
    assert_int_equal(got.seq.v, 2);
}

struct refused_row {
    const char *name;
    uint64_t conv;
    uint64_t actor;
    uint64_t user;
    bool add;
    enum rc rc;
};

static const struct refused_row refused_rows[] = {
    {"add by a stranger", 100, 40, NEW, true, RC_NOT_FOUND},
    {"add by a member", 100, ANN, NEW, true, RC_DENIED},
    {"add nobody", 100, OWNER, 999, true, RC_NOT_FOUND},
    {"add nowhere", 999, OWNER, NEW, true, RC_NOT_FOUND},
    {"add to two", 200, OWNER, NEW, true, RC_CONFLICT},
    {"remove by a stranger", 100, 40, BOB, false, RC_NOT_FOUND},
    {"remove by a member", 100, ANN, BOB, false, RC_DENIED},
    {"remove the owner", 100, ANN, OWNER, false, RC_DENIED},
    {"leave two", 200, OWNER, OWNER, false, RC_CONFLICT},
};

static void on_direct(void *ctx, enum rc rc, const struct conv_row *row) {
    (void)ctx;
    (void)row;
    assert_int_equal(rc, RC_OK);
}

static void test_refused(void **state) {
    struct directory *d = w.gates[0].core.directory;

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 3);
    d->ops->direct_open(d, (struct user_id){OWNER}, (struct user_id){ANN},
                        (struct conv_id){200}, on_direct, NULL);
    world_settle(&w);
    for (size_t i = 0; i < COUNT_OF(refused_rows); i++) {
        const struct refused_row *row = &refused_rows[i];
        const struct member_ask ask = {{row->conv}, {row->actor}, {row->user}};
        struct got got = {.calls = 0};

        (row->add ? member_add : member_remove)(&w.gates[0].core, &ask,
                                                got_changed, &got);
        world_settle(&w);
        assert_row(row->name, got.calls == 1 && got.rc == row->rc);
        assert_row(row->name, got.conv.v == 0 && got.seq.v == 0);
    }
    assert_int_equal(fake_history_head(w.history, conv), 0);
}

/* ---- every step may fail ---- */

/* What can go wrong at the n-th call of a store, or publish. */
struct trouble {
    const char *store; /* "directory", "history" or "bus" */
    enum fake_how how;
    enum rc rc;
};

static const struct trouble troubles[] = {
    {"directory", FAKE_REFUSE, RC_AGAIN}, {"directory", FAKE_LOSE, RC_TIMEOUT},
    {"history", FAKE_REFUSE, RC_AGAIN},   {"history", FAKE_LOSE, RC_BACKEND},
    {"bus", FAKE_REFUSE, RC_AGAIN},
};

/* Turns until the answer is there; the n-th step of the store goes wrong. */
static void run_with(const struct trouble *t, size_t n, struct got *got) {
    struct gate *g = &w.gates[0];
    struct fake_calls *bad = t->store[0] == 'd' ? g->directory : g->history;

    while (got->calls == 0) {
        if (t->store[0] != 'b' && bad->count > 0 && n-- == 0) {
            fake_calls_finish(bad, t->how, t->rc);
            continue;
        }
        if (t->store[0] == 'b' && g->history->count > 0 && n-- == 0) {
            fake_bus_fail(g->core.bus, t->rc, 1);
        }
        if (g->directory->count > 0) {
            fake_calls_finish(g->directory, FAKE_DO, RC_OK);
        } else if (g->history->count > 0) {
            fake_calls_finish(g->history, FAKE_DO, RC_OK);
        } else {
            fake_bus_turn(w.bus);
        }
    }
}

/* Fails at one step, repeated: done once, bound, one event. */
static void fail_and_repeat(const struct trouble *t, size_t n, bool add,
                            size_t members) {
    const uint64_t user = add ? NEW : BOB;
    struct got got = {0};

    teardown(NULL);
    setup(NULL);
    fake_directory_group(w.directory, conv, OWNER, members);
    (add ? ask_add : ask_remove)(&got, OWNER, user);
    run_with(t, n, &got);
    if (got.rc == RC_OK) {
        return; /* it has not as many steps */
    }
    world_settle(&w);
    (add ? ask_add : ask_remove)(&got, OWNER, user);
    world_settle(&w);
    assert_row(t->store, got.rc == RC_OK);
    assert_row(t->store, fake_history_head(w.history, conv) == 1);
    assert_row(t->store, fake_directory_version(w.directory, conv).v == 2);
    assert_row(t->store,
               add ? row_of(user).from.v == 1 : row_of(user).until.v == 1);
    ask_add(&got, OWNER, user); /* and the next change finds it complete */
    world_settle(&w);
    assert_row(t->store, got.rc == RC_OK);
}

static void test_every_failure(void **state) {
    const size_t members[] = {3, 16, 20, 40};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(troubles) * COUNT_OF(members); i++) {
        for (size_t n = 0; n < 8; n++) {
            const struct trouble *t = &troubles[i / COUNT_OF(members)];

            fail_and_repeat(t, n, true, members[i % COUNT_OF(members)]);
            fail_and_repeat(t, n, false, members[i % COUNT_OF(members)]);
        }
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_add),         TEST(test_remove),
        TEST(test_leave_again), TEST(test_everybody_leaves),
        TEST(test_refused),     TEST(test_every_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
