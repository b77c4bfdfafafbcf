/* Changes of members: their order of steps, every failure between two steps
 * and the repeat that completes it, and the way from narrow to wide. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "chat-core/members.h"
#include "chat-core/wide.h"
#include "proto/base/macros.h"
#include "tests/fakes/bus_say.h"

enum {
    OWNER = 1,
    ANN = 2,
    BOB = 3,
    NEW = 50,
};

static const struct conv_id conv = {100};
static struct world w;

static int setup(void **state) {
    (void)state;
    world_open(&w);
    fake_directory_users(w.directory, 1, 60);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    world_close(&w);
    return 0;
}

static void ask_add(struct got *got, uint64_t actor, uint64_t user) {
    *got = (struct got){.calls = 0};
    member_add(&w.gates[0].core, &(struct member_ask){conv, {actor}, {user}},
               got_changed, got);
}

static void ask_remove(struct got *got, uint64_t actor, uint64_t user) {
    *got = (struct got){.calls = 0};
    member_remove(&w.gates[0].core, &(struct member_ask){conv, {actor}, {user}},
                  got_changed, got);
}

static struct member_row row_of(uint64_t user) {
    return fake_directory_row(w.directory, conv, (struct user_id){user});
}

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
    bool add;
    uint64_t conv;
    uint64_t actor;
    uint64_t user;
    enum rc rc;
};

static const struct refused_row refused_rows[] = {
    {"add by a stranger", true, 100, 40, NEW, RC_NOT_FOUND},
    {"add by a member", true, 100, ANN, NEW, RC_DENIED},
    {"add nobody", true, 100, OWNER, 999, RC_NOT_FOUND},
    {"add nowhere", true, 999, OWNER, NEW, RC_NOT_FOUND},
    {"add to two", true, 200, OWNER, NEW, RC_CONFLICT},
    {"remove by a stranger", false, 100, 40, BOB, RC_NOT_FOUND},
    {"remove by a member", false, 100, ANN, BOB, RC_DENIED},
    {"remove the owner", false, 100, ANN, OWNER, RC_DENIED},
    {"leave two", false, 200, OWNER, OWNER, RC_CONFLICT},
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
    struct got got;

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

/* ---- wide ---- */

/* In step, a removal costs the listening gateways no question. */
static void test_remove_wide(void **state) {
    struct ear bob;
    struct ear ann;
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 40);
    ear_join(&w, &bob, 1, BOB);
    ear_join(&w, &ann, 1, ANN);
    world_settle(&w);
    ask_remove(&got, OWNER, BOB);
    world_settle(&w);
    world_say(&w, 2, conv, ANN, "after", &got);
    world_settle(&w);
    assert_int_equal(w.gates[1].core.stats.held, 0);
    assert_int_equal(ann.events, 2);
    assert_int_equal(bob.events, 1); /* his own removal, on his own topic */
    assert_int_equal(bob.last_seq, 1);
    ear_leave(&bob);
    ear_leave(&ann);
}

/* The new member, on a gateway that did not listen before. */
static void test_add_wide(void **state) {
    struct ear new;
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 40);
    world_fill(&w, conv, OWNER, 3);
    ear_join(&w, &new, 1, NEW);
    world_settle(&w);
    ask_add(&got, OWNER, NEW);
    world_settle(&w);
    assert_int_equal(got.seq.v, 4);
    assert_true(new.seen[4] > 0);
    world_say(&w, 2, conv, ANN, "after", &got);
    world_settle(&w);
    assert_int_equal(new.seen[5], 1);
    assert_int_equal(new.seen[3], 0);
    ear_leave(&new);
}

/* He has left again before he could be told: he is not told to listen. */
static void test_add_and_gone(void **state) {
    struct ear new;
    struct got got;
    struct gate *g = &w.gates[0];

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 40);
    ear_join(&w, &new, 1, NEW);
    world_settle(&w);
    ask_add(&got, OWNER, NEW);
    while (g->history->count == 0) {
        fake_calls_turn(g->directory);
        fake_bus_turn(w.bus);
    }
    fake_directory_remove(w.directory, conv, new.user);
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
    assert_null(wide_find(&w.gates[1].core, conv));
    ear_leave(&new);
}

/* The 17th: those who were there hear everything, whoever says it, at each
 * step of the change; and after it. */
static void test_narrow_to_wide(void **state) {
    struct got added;
    struct got got;
    struct ear ears[3];

    (void)state;
    for (size_t steps = 0; steps < 12; steps++) {
        struct gate *g = &w.gates[0];
        uint64_t head;

        teardown(NULL);
        setup(NULL);
        fake_directory_group(w.directory, conv, OWNER, 16);
        for (size_t i = 0; i < 3; i++) {
            ear_join(&w, &ears[i], i, i < 2 ? OWNER + i : NEW);
        }
        world_settle(&w);
        ask_add(&added, OWNER, NEW);
        for (size_t i = 0; i < steps; i++) {
            if (fake_calls_turn(g->directory) == 0 &&
                fake_calls_turn(g->history) == 0) {
                fake_bus_turn(w.bus);
            }
        }
        /* Two others speak now, one with an old table and one with a new. */
        world_say(&w, 1, conv, 5, "now", &got);
        world_settle(&w);
        assert_int_equal(got.rc, RC_OK);
        world_say(&w, 2, conv, 6, "then", &got);
        world_settle(&w);
        assert_int_equal(added.rc, RC_OK);
        head = fake_history_head(w.history, conv);
        assert_int_equal(head, 3);
        for (uint64_t seq = 1; seq <= head; seq++) {
            assert_true(ears[0].seen[seq] > 0);
            assert_true(ears[1].seen[seq] > 0);
            assert_true(seq < added.seq.v || ears[2].seen[seq] > 0);
        }
        for (size_t i = 0; i < 3; i++) {
            ear_leave(&ears[i]);
        }
    }
}

/* The gateway that made it wide died half-way: the others still hear, and
 * when it is asked again elsewhere everybody listens. */
static void test_died_on_the_way_to_wide(void **state) {
    struct gate *g = &w.gates[0];
    struct got dead;
    struct got got;
    struct ear ann;

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 16);
    ear_join(&w, &ann, 1, ANN);
    world_settle(&w);
    ask_add(&dead, OWNER, NEW);
    fake_calls_turn(g->directory);
    fake_calls_turn(g->directory);
    fake_bus_cut(g->core.bus);
    g->history->refuse = RC_BACKEND;
    assert_true(fake_directory_wide(w.directory, conv));
    world_settle(&w);
    assert_int_equal(dead.rc, RC_BACKEND);
    world_say(&w, 2, conv, 6, "still", &got);
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
    assert_int_equal(ann.seen[1], 1);
    member_add(&w.gates[2].core, &(struct member_ask){conv, {OWNER}, {NEW}},
               got_changed, &got);
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
    assert_non_null(wide_find(&w.gates[1].core, conv));
    world_say(&w, 2, conv, 6, "again", &got);
    world_settle(&w);
    assert_int_equal(ann.seen[3], 1);
    fake_bus_heal(g->core.bus, true);
    ear_leave(&ann);
}

/* ---- groups ---- */

static void make_group(struct got *got, const struct user_id *members,
                       size_t count) {
    *got = (struct got){.calls = 0};
    group_create(&w.gates[0].core,
                 &(struct group_new){.owner = {OWNER},
                                     .title = SLICE_LIT("a \"title\""),
                                     .members = members,
                                     .count = count},
                 got_changed, got);
}

static void test_group(void **state) {
    const size_t counts[] = {0, 2, 15, 16, 31, 32, 58};
    struct user_id members[60];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        members[i].v = i + 2;
    }
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct ear ear;
        struct got got;

        ear_join(&w, &ear, 1, counts[i] == 0 ? OWNER : counts[i] + 1);
        world_settle(&w);
        make_group(&got, members, counts[i]);
        world_settle(&w);
        assert_int_equal(got.rc, RC_OK);
        assert_int_equal(got.seq.v, 1);
        assert_true(got.conv.v != 0);
        assert_true(ear.seen[1] > 0);
        assert_true(strstr(ear.last, "{\"title\":\"a \\\"title\\\"\","
                                     "\"members\":") != NULL);
        world_say(&w, 2, got.conv, OWNER, "m1", &got);
        world_settle(&w);
        assert_int_equal(ear.seen[2], 1);
        ear_leave(&ear);
    }
}

static void test_group_fails(void **state) {
    const struct user_id members[] = {{2}, {999}};
    struct got got;

    (void)state;
    make_group(&got, members, 2);
    world_settle(&w);
    assert_int_equal(got.rc, RC_NOT_FOUND);
    assert_int_equal(got.conv.v, 0);
    make_group(&got, members, 1);
    w.gates[0].history->refuse = RC_TIMEOUT;
    world_settle(&w);
    assert_int_equal(got.rc, RC_TIMEOUT);
    assert_int_equal(got.conv.v, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_add),
        TEST(test_remove),
        TEST(test_leave_again),
        TEST(test_everybody_leaves),
        TEST(test_refused),
        TEST(test_every_failure),
        TEST(test_remove_wide),
        TEST(test_add_wide),
        TEST(test_add_and_gone),
        TEST(test_narrow_to_wide),
        TEST(test_died_on_the_way_to_wide),
        TEST(test_group),
        TEST(test_group_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
