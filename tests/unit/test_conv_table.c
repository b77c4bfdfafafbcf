/* The memberships a gateway remembers: what is answered from memory, what is
 * asked again, and who waits for what. */
#include "tests/unit/assert_row.h"

#include "chat-core/conv_table.h"
#include "proto/base/macros.h"
#include "tests/fakes/world.h"

static const struct conv_id conv = {100};

struct answer {
    size_t calls;
    enum rc rc;
    struct place place;
};

static void on_place(void *ctx, enum rc rc, const struct place *place) {
    struct answer *a = ctx;

    a->calls++;
    a->rc = rc;
    if (place != NULL) {
        a->place = *place;
    }
}

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

static struct core *core(void) {
    return &w.gates[0].core;
}

static void ask(struct answer *a, uint64_t user) {
    *a = (struct answer){.calls = 0};
    conv_place(core(), conv, (struct user_id){user}, on_place, a);
}

/* How many questions the directory gets until the answer is there. */
static size_t questions(struct answer *a, uint64_t user) {
    struct fake_calls *calls = w.gates[0].directory;
    size_t count = 0;

    ask(a, user);
    for (; a->calls == 0; count++) {
        fake_calls_finish(calls, FAKE_DO, RC_OK);
    }
    assert_int_equal(calls->count, 0);
    return count;
}

struct place_row {
    const char *name;
    size_t members;
    uint64_t user;
    enum role role;
    bool wide;
    size_t listed;
    size_t first;  /* questions the first time */
    size_t second; /* and the second */
};

/* That somebody is no member is asked every time. */
static const struct place_row place_rows[] = {
    {"narrow, owner", 3, 1, ROLE_OWNER, false, 3, 1, 0},
    {"narrow, member", 3, 3, ROLE_MEMBER, false, 3, 1, 0},
    {"narrow, stranger", 3, 4, ROLE_NONE, false, 3, 2, 1},
    {"16 members", 16, 16, ROLE_MEMBER, false, 16, 1, 0},
    {"wide, listed", 17, 17, ROLE_MEMBER, true, 17, 1, 0},
    {"wide, listed, stranger", 32, 40, ROLE_NONE, true, 32, 2, 1},
    {"wide, owner", 33, 1, ROLE_OWNER, true, 0, 2, 0},
    {"wide, member", 40, 40, ROLE_MEMBER, true, 0, 2, 0},
    {"wide, stranger", 40, 50, ROLE_NONE, true, 0, 2, 1},
};

static void test_place(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(place_rows); i++) {
        const struct place_row *row = &place_rows[i];
        struct answer a;

        teardown(NULL);
        setup(NULL);
        fake_directory_group(w.directory, conv, 1, row->members);
        assert_row(row->name, questions(&a, row->user) == row->first);
        assert_row(row->name, a.rc == RC_OK && a.place.me.role == row->role);
        assert_row(row->name, a.place.me.user.v == row->user);
        assert_row(row->name, a.place.wide == row->wide);
        assert_row(row->name, a.place.listed == row->listed);
        assert_row(row->name, (a.place.members == NULL) == (row->listed == 0));
        assert_row(row->name, a.place.member_count == row->members);
        assert_row(row->name, !a.place.joining && a.place.version.v == 1);
        assert_row(row->name, questions(&a, row->user) == row->second);
        assert_row(row->name, a.place.me.role == row->role);
    }
}

static void test_not_found(void **state) {
    struct answer a;

    (void)state;
    assert_int_equal(questions(&a, 1), 1);
    assert_int_equal(a.rc, RC_NOT_FOUND);
    assert_int_equal(core()->convs.count, 0);
}

/* One question, many answers; also when it cannot be answered. */
static void test_many_wait(void **state) {
    struct answer a[4];

    (void)state;
    fake_directory_group(w.directory, conv, 1, 4);
    for (size_t i = 0; i < 4; i++) {
        ask(&a[i], i + 1);
    }
    assert_int_equal(w.gates[0].directory->count, 1);
    fake_calls_finish(w.gates[0].directory, FAKE_REFUSE, RC_TIMEOUT);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(a[i].calls, 1);
        assert_int_equal(a[i].rc, RC_TIMEOUT);
        ask(&a[i], i + 1);
    }
    fake_calls_finish(w.gates[0].directory, FAKE_DO, RC_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(a[i].calls, 1);
        assert_int_equal(a[i].place.me.user.v, i + 1);
    }
}

/* The question about one user fails: what is known stays. */
static void test_row_fails(void **state) {
    struct answer a;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 3);
    questions(&a, 1);
    ask(&a, 9);
    fake_calls_finish(w.gates[0].directory, FAKE_LOSE, RC_BACKEND);
    assert_int_equal(a.rc, RC_BACKEND);
    assert_int_equal(questions(&a, 1), 0);
}

static void test_forget_before(void **state) {
    struct answer a;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 3);
    conv_forget_before(core(), conv, (struct member_version){9});
    questions(&a, 1);
    conv_forget_before(core(), conv, (struct member_version){1});
    assert_int_equal(questions(&a, 1), 0);
    fake_directory_remove(w.directory, conv, (struct user_id){3});
    assert_int_equal(questions(&a, 3), 0); /* nobody has told yet */
    assert_int_equal(a.place.me.role, ROLE_MEMBER);
    conv_forget_before(core(), conv, (struct member_version){2});
    assert_int_equal(core()->stats.reloads, 1);
    assert_int_equal(questions(&a, 3), 2);
    assert_int_equal(a.place.me.role, ROLE_NONE);
    assert_int_equal(a.place.version.v, 2);
}

/* Out of date while a question is open: nobody gets the old answer. */
static void test_forget_while_asking(void **state) {
    struct answer a;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 3);
    questions(&a, 1);
    ask(&a, 9);
    fake_directory_add(w.directory, conv, (struct user_id){8});
    conv_forget_before(core(), conv, (struct member_version){2});
    conv_forget_before(core(), conv, (struct member_version){2});
    assert_int_equal(core()->stats.reloads, 1);
    world_settle(&w);
    assert_int_equal(a.calls, 1);
    assert_int_equal(a.place.version.v, 2);
    assert_int_equal(a.place.listed, 4);
}

/* The members move between the list and the row. */
static void test_moved_between(void **state) {
    struct answer a;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 40);
    ask(&a, 5);
    fake_calls_finish(w.gates[0].directory, FAKE_DO, RC_OK);
    fake_directory_remove(w.directory, conv, (struct user_id){5});
    assert_string_equal(fake_calls_next(w.gates[0].directory), "members_of");
    fake_calls_finish(w.gates[0].directory, FAKE_DO, RC_OK);
    assert_string_equal(fake_calls_next(w.gates[0].directory), "conv_load");
    world_settle(&w);
    assert_int_equal(a.place.version.v, 2);
    assert_int_equal(a.place.me.role, ROLE_NONE);
}

/* A joining that is not complete is not remembered: no new version tells of
 * its end. */
static void test_joining(void **state) {
    struct answer a;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 3);
    fake_directory_add(w.directory, conv, (struct user_id){4});
    assert_int_equal(questions(&a, 4), 2);
    assert_true(a.place.joining);
    assert_int_equal(a.place.me.role, ROLE_MEMBER);
    assert_int_equal(a.place.me.from.v, 0);
    assert_int_equal(questions(&a, 1), 1);
    assert_true(a.place.joining);
    fake_directory_bound(w.directory, conv, (struct user_id){4}, 7, true);
    assert_int_equal(questions(&a, 4), 1);
    assert_false(a.place.joining);
    assert_int_equal(a.place.me.from.v, 7);
    assert_int_equal(questions(&a, 4), 0);
}

/* The same in a conversation whose members are not listed. */
static void test_joining_wide(void **state) {
    struct answer a;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 40);
    fake_directory_add(w.directory, conv, (struct user_id){50});
    assert_int_equal(questions(&a, 50), 2);
    assert_int_equal(a.place.me.from.v, 0);
    fake_directory_bound(w.directory, conv, (struct user_id){50}, 7, true);
    assert_int_equal(questions(&a, 50), 1);
    assert_int_equal(a.place.me.from.v, 7);
    assert_int_equal(questions(&a, 50), 0);
}

/* An ex-member's interval is in his place. */
static void test_ex_member(void **state) {
    struct answer a;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 3);
    fake_directory_remove(w.directory, conv, (struct user_id){3});
    questions(&a, 3);
    assert_int_equal(a.place.me.from.v, 0);
    fake_directory_bound(w.directory, conv, (struct user_id){3}, 12, false);
    questions(&a, 3);
    assert_int_equal(a.place.me.role, ROLE_NONE);
    assert_int_equal(a.place.me.from.v, 1);
    assert_int_equal(a.place.me.until.v, 12);
}

/* Everybody has left. */
static void test_nobody(void **state) {
    struct answer a;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 1);
    fake_directory_remove(w.directory, conv, (struct user_id){1});
    fake_directory_bound(w.directory, conv, (struct user_id){1}, 2, false);
    assert_int_equal(questions(&a, 1), 2);
    assert_int_equal(a.place.member_count, 0);
    assert_int_equal(a.place.me.until.v, 2);
}

struct chain {
    struct answer inner;
    struct answer outer;
};

/* Asks again, and says that what it got is old, from within the callback. */
static void on_chain(void *ctx, enum rc rc, const struct place *place) {
    struct chain *chain = ctx;
    struct place before = *place;

    on_place(&chain->outer, rc, place);
    fake_directory_add(w.directory, conv, (struct user_id){7});
    conv_forget_before(core(), conv, fake_directory_version(w.directory, conv));
    conv_place(core(), conv, (struct user_id){2}, on_place, &chain->inner);
    assert_memory_equal(&before, place, sizeof(before));
    assert_int_equal(place->members[0].user.v, 1);
}

static void test_from_callback(void **state) {
    struct chain chain = {.inner = {.calls = 0}};
    struct answer a;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 3);
    questions(&a, 1);
    conv_place(core(), conv, (struct user_id){1}, on_chain, &chain);
    assert_int_equal(chain.outer.calls, 1);
    assert_int_equal(chain.outer.place.version.v, 1);
    world_settle(&w);
    assert_int_equal(chain.inner.calls, 1);
    assert_int_equal(chain.inner.place.version.v, 2);
}

/* The table has a limit; what was used last stays. */
static void test_room(void **state) {
    struct answer a;

    (void)state;
    for (uint64_t v = 1; v <= CONV_TABLE_MAX + 10; v++) {
        fake_directory_group(w.directory, (struct conv_id){v}, 1, 1);
        a.calls = 0;
        conv_place(core(), (struct conv_id){v}, (struct user_id){1}, on_place,
                   &a);
        if (v % 1000 == 0) {
            conv_place(core(), (struct conv_id){1}, (struct user_id){1},
                       on_place, &a);
        }
        fake_calls_turn(w.gates[0].directory);
    }
    assert_int_equal(core()->convs.count, CONV_TABLE_MAX);
    a.calls = 0;
    conv_place(core(), (struct conv_id){1}, (struct user_id){1}, on_place, &a);
    assert_int_equal(a.calls, 1);
    conv_place(core(), (struct conv_id){2}, (struct user_id){1}, on_place, &a);
    assert_int_equal(a.calls, 1);
    world_settle(&w);
    assert_int_equal(a.calls, 2);
    assert_int_equal(core()->convs.count, CONV_TABLE_MAX);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_place),         TEST(test_not_found),
        TEST(test_many_wait),     TEST(test_row_fails),
        TEST(test_forget_before), TEST(test_forget_while_asking),
        TEST(test_moved_between), TEST(test_joining),
        TEST(test_joining_wide),  TEST(test_ex_member),
        TEST(test_nobody),        TEST(test_from_callback),
        TEST(test_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
