/* Lists and their versions, settings, profiles, and who may reach and see
 * whom, against a real PostgreSQL. */
#include "tests/unit/assert_row.h"

#include "tests/integration/dir_env.h"

static struct got g;

static void after(uint64_t of, uint64_t since) {
    assert_int_equal(
        GOT(&g, entries, entries_after, user(of), since, (size_t)GOT_ROWS_MAX),
        RC_OK);
}

static uint64_t version_of(uint64_t of) {
    after(of, INT64_MAX);
    return g.lists;
}

static enum friend_state state_at(size_t i) {
    return (enum friend_state)g.entries[i].state;
}

/* The only entry behind `since` is this one. */
static const struct list_entry *only(uint64_t of, uint64_t since,
                                     enum list_kind list, uint64_t item) {
    after(of, since);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.entries[0].ref.owner.v, of);
    assert_int_equal(g.entries[0].ref.list, list);
    assert_int_equal(g.entries[0].ref.item, item);
    assert_int_equal(g.entries[0].version, g.lists);
    return &g.entries[0];
}

static void make_friends(uint64_t a, uint64_t b) {
    assert_int_equal(GOT(&g, friend, friend_ask, user(a), user(b)), RC_OK);
    assert_int_equal(GOT(&g, friend, friend_ask, user(b), user(a)), RC_OK);
    assert_int_equal(g.state, FRIEND_BOTH);
}

static void test_nothing(void **state) {
    (void)state;
    after(90, 0);
    assert_int_equal(g.lists, 0);
    assert_int_equal(g.count, 0);
    after(90, 17); /* a device of another database */
    assert_int_equal(g.lists, 0);
}

static void test_friends(void **state) {
    uint64_t seen;

    (void)state;
    assert_int_equal(GOT(&g, friend, friend_ask, user(1), user(2)), RC_OK);
    only(1, 0, LIST_FRIENDS, 2);
    assert_int_equal(state_at(0), FRIEND_ASKED);
    assert_string_equal(g.text[0], "u2");
    only(2, 0, LIST_FRIENDS, 1);
    assert_int_equal(state_at(0), FRIEND_ASKS_ME);
    seen = g.lists;
    assert_int_equal(GOT(&g, friend, friend_ask, user(1), user(2)), RC_OK);
    assert_int_equal(version_of(2), seen); /* nothing was changed by it */
    assert_int_equal(GOT(&g, friend, friend_accept, user(1), user(2)),
                     RC_NOT_FOUND); /* it is his own question */
    assert_int_equal(GOT(&g, friend, friend_accept, user(2), user(1)), RC_OK);
    assert_int_equal(GOT(&g, friend, friend_accept, user(2), user(1)), RC_OK);
    only(2, seen, LIST_FRIENDS, 1);
    assert_int_equal(state_at(0), FRIEND_BOTH);
    seen = g.lists;
    assert_int_equal(GOT(&g, friend, friend_drop, user(1), user(2)), RC_OK);
    assert_false(only(2, seen, LIST_FRIENDS, 1)->present);
    assert_int_equal(GOT(&g, friend, friend_accept, user(2), user(1)),
                     RC_NOT_FOUND);
    after(2, 0); /* who begins does not hear of what is gone */
    assert_int_equal(g.count, 0);
    assert_int_equal(g.lists, seen + 1);
}

/* A remark is nobody else's business. */
static void test_remark(void **state) {
    uint64_t mine;
    uint64_t others;

    (void)state;
    make_friends(3, 4);
    mine = version_of(4);
    others = version_of(3);
    assert_int_equal(
        GOT(&g, done, friend_remark, user(4), user(3), SLICE_LIT("boss")),
        RC_OK);
    only(4, mine, LIST_FRIENDS, 3);
    assert_string_equal(g.more[0], "boss");
    assert_int_equal(version_of(3), others);
    assert_int_equal(
        GOT(&g, done, friend_remark, user(4), user(5), SLICE_LIT("who?")),
        RC_NOT_FOUND);
    assert_int_equal(GOT(&g, friends, friends_of, user(4)), RC_OK);
    assert_string_equal(g.more[0], "boss");
}

static void test_blocks(void **state) {
    uint64_t seen;

    (void)state;
    make_friends(5, 6);
    seen = version_of(6);
    assert_int_equal(GOT(&g, block, block, user(6), user(5)), RC_OK);
    after(6, seen);
    assert_int_equal(g.count, 2);
    assert_int_equal(g.lists, seen + 2);
    assert_int_equal(g.entries[0].ref.list, LIST_BLOCKS);
    assert_true(g.entries[0].present);
    assert_int_equal(g.entries[1].ref.list, LIST_FRIENDS);
    assert_false(g.entries[1].present);
    seen = g.lists;
    assert_int_equal(GOT(&g, done, unblock, user(6), user(5)), RC_OK);
    assert_false(only(6, seen, LIST_BLOCKS, 5)->present);
    after(5, 0);
    assert_int_equal(g.count, 0); /* never hears who blocks him */
}

static void make_group(uint64_t id, uint64_t owner, uint64_t a, uint64_t b) {
    struct user_id two[] = {user(a), user(b)};

    assert_int_equal(GOT(&g, conv, group_create, conv(id), user(owner),
                         SLICE_LIT("title"), two, 2),
                     RC_OK);
}

static void test_conversations(void **state) {
    struct conv_settings_change change = {
        .to = {.muted_until_ms = 9007199254740991, .notify = NOTIFY_MENTIONS},
        .has_muted = true};
    uint64_t seen;

    (void)state;
    make_group(700, 7, 8, 9);
    only(8, 0, LIST_CONVS, 700);
    assert_int_equal(g.entries[0].role, ROLE_MEMBER);
    assert_int_equal(g.entries[0].conv_kind, CONV_GROUP);
    assert_string_equal(g.more[0], "title");
    assert_int_equal(g.entries[0].conv.notify, NOTIFY_DEFAULT);
    seen = g.lists;
    assert_int_equal(GOT(&g, done, conv_set, user(8), conv(700), &change),
                     RC_OK);
    only(8, seen, LIST_CONVS, 700);
    assert_int_equal(g.entries[0].conv.muted_until_ms, 9007199254740991);
    assert_int_equal(g.entries[0].conv.notify, NOTIFY_MENTIONS);
    assert_false(g.entries[0].conv.pinned);
    change =
        (struct conv_settings_change){.to.pinned = true, .has_pinned = true};
    assert_int_equal(GOT(&g, done, conv_set, user(8), conv(700), &change),
                     RC_OK);
    assert_int_equal(GOT(&g, convs, convs_of, user(8)), RC_OK);
    assert_true(g.convs[0].settings.pinned);
    assert_int_equal(g.convs[0].settings.muted_until_ms, 9007199254740991);
    assert_int_equal(GOT(&g, done, conv_set, user(10), conv(700), &change),
                     RC_NOT_FOUND);
    seen = version_of(8);
    assert_int_equal(
        GOT(&g, changed, member_remove, conv(700), user(7), user(7)), RC_OK);
    only(8, seen, LIST_CONVS, 700); /* it is his group now */
    assert_int_equal(g.entries[0].role, ROLE_OWNER);
    seen = version_of(7);
    assert_int_equal(GOT(&g, done, member_bound, conv(700), user(7),
                         (struct msg_seq){5}, false),
                     RC_OK);
    assert_int_equal(version_of(7), seen);
}

static void test_pages(void **state) {
    (void)state;
    for (uint64_t v = 41; v < 46; v++) {
        make_friends(40, v);
    }
    assert_int_equal(GOT(&g, entries, entries_after, user(40), 0, (size_t)2),
                     RC_OK);
    assert_int_equal(g.count, 2);
    assert_int_equal(g.lists, 10);
    assert_int_equal(g.entries[0].ref.item, 41);
    assert_int_equal(g.entries[1].ref.item, 42);
    after(40, g.entries[1].version);
    assert_int_equal(g.count, 3);
    assert_int_equal(g.entries[2].ref.item, 45);
}

static void test_entries_of(void **state) {
    const struct list_ref refs[] = {{user(11), LIST_FRIENDS, 12},
                                    {user(12), LIST_FRIENDS, 11},
                                    {user(11), LIST_FRIENDS, 13},
                                    {{0}, LIST_CONVS, 1100}};

    (void)state;
    make_friends(11, 12);
    make_group(1100, 11, 12, 14);
    assert_int_equal(GOT(&g, entries, entries_of, refs, COUNT_OF(refs)), RC_OK);
    assert_int_equal(g.count, 3); /* 11 and 13 never had to do */
    for (size_t i = 0; i < g.count; i++) {
        const struct list_entry *e = &g.entries[i];

        if (e->ref.list == LIST_CONVS) {
            assert_int_equal(e->ref.owner.v, 11);
            assert_int_equal(e->role, ROLE_OWNER);
        } else {
            assert_int_equal(e->ref.owner.v + e->ref.item, 23);
            assert_int_equal(e->state, FRIEND_BOTH);
        }
    }
}

static void test_settings(void **state) {
    struct user_settings to = {.seen = CIRCLE_FRIENDS};

    (void)state;
    assert_int_equal(GOT(&g, done, settings_set, user(15), to), RC_OK);
    only(15, 0, LIST_SETTINGS, 15);
    assert_int_equal(g.entries[0].settings.reach, CIRCLE_ANYBODY);
    assert_int_equal(g.entries[0].settings.seen, CIRCLE_FRIENDS);
    assert_int_equal(g.entries[0].settings.notify, NOTIFY_ALL);
    to = (struct user_settings){.reach = CIRCLE_NOBODY, .notify = NOTIFY_NONE};
    assert_int_equal(GOT(&g, done, settings_set, user(15), to), RC_OK);
    only(15, 1, LIST_SETTINGS, 15);
    assert_int_equal(g.entries[0].settings.reach, CIRCLE_NOBODY);
    assert_int_equal(g.entries[0].settings.seen, CIRCLE_FRIENDS);
    assert_int_equal(g.entries[0].settings.notify, NOTIFY_NONE);
}

static void test_profile(void **state) {
    struct slice none = {0};
    uint64_t seen;

    (void)state;
    make_friends(16, 17);
    assert_int_equal(GOT(&g, conv, direct_open, user(16), user(18), conv(1600)),
                     RC_OK);
    seen = version_of(17);
    assert_int_equal(GOT(&g, done, profile_set, user(16), none, none,
                         SLICE_LIT("https://x.example/a.png")),
                     RC_OK);
    only(17, seen, LIST_FRIENDS, 16);
    assert_string_equal(g.more[0], "https://x.example/a.png");
    assert_string_equal(g.text[0], "u16");
    assert_int_equal(GOT(&g, done, profile_set, user(16), SLICE_LIT("Sixteen"),
                         SLICE_LIT("sixteen"), none),
                     RC_OK);
    only(18, 1, LIST_CONVS, 1600);
    assert_string_equal(g.text[0], "Sixteen");
    assert_int_equal(GOT(&g, entries, entries_showing, user(16)), RC_OK);
    assert_int_equal(g.count, 3);
    assert_int_equal(GOT(&g, done, profile_set, user(16), SLICE_LIT("u17"),
                         SLICE_LIT("u17"), none),
                     RC_CONFLICT);
    assert_int_equal(GOT(&g, user, user_by_name, SLICE_LIT("sixteen")), RC_OK);
    assert_string_equal(g.more[0], "https://x.example/a.png");
}

/* User 20 sets `level` for everything; 21 is a friend, 22 is not, 23 is
 * blocked, 24 is nothing and 25 blocks him. */
static void test_circles(void **state) {
    static const struct {
        const char *name;
        enum circle level;
        bool friend;
        bool stranger;
    } rows[] = {
        {"anybody", CIRCLE_ANYBODY, true, true},
        {"friends", CIRCLE_FRIENDS, true, false},
        {"nobody", CIRCLE_NOBODY, false, false},
    };
    struct user_id all[] = {user(20), user(21), user(22), user(23), user(25)};
    uint64_t fresh = 2000;

    (void)state;
    make_friends(20, 21);
    assert_int_equal(GOT(&g, friend, friend_ask, user(22), user(20)), RC_OK);
    assert_int_equal(GOT(&g, block, block, user(20), user(23)), RC_OK);
    assert_int_equal(GOT(&g, block, block, user(25), user(20)), RC_OK);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct user_settings to = {.reach = rows[i].level,
                                   .seen = rows[i].level};
        struct {
            uint64_t who;
            bool may;
        } each[] = {{21, rows[i].friend},
                    {22, rows[i].stranger},
                    {23, false},
                    {25, false}};

        assert_int_equal(GOT(&g, done, settings_set, user(20), to), RC_OK);
        assert_int_equal(GOT(&g, users, hidden_from, user(20), all, 5), RC_OK);
        assert_row(rows[i].name,
                   g.count == 4U - rows[i].friend - rows[i].stranger);
        for (size_t n = 0; n < COUNT_OF(each); n++) {
            struct user_id me = user(each[n].who);
            struct user_id him = user(20);

            assert_int_equal(GOT(&g, users, hidden_among, me, &him, 1), RC_OK);
            assert_row(rows[i].name, (g.count == 0) == each[n].may);
            assert_row(rows[i].name, GOT(&g, conv, group_create, conv(fresh++),
                                         me, SLICE_LIT("t"), &him, 1) ==
                                         (each[n].may ? RC_OK : RC_DENIED));
            assert_int_equal(GOT(&g, conv, group_create, conv(fresh), me,
                                 SLICE_LIT("t"), &me, 0),
                             RC_OK);
            assert_row(rows[i].name,
                       GOT(&g, changed, member_add, conv(fresh++), me, him) ==
                           (each[n].may ? RC_OK : RC_DENIED));
        }
    }
    assert_int_equal(GOT(&g, conv, direct_open, user(21), user(20), conv(1)),
                     RC_DENIED);
    assert_int_equal(GOT(&g, conv, direct_open, user(20), user(21), conv(1)),
                     RC_OK); /* he may write to whom he likes */
    assert_int_equal(GOT(&g, conv, direct_open, user(21), user(20), conv(2)),
                     RC_OK); /* which is there now */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),       cmocka_unit_test(test_friends),
        cmocka_unit_test(test_remark),        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_conversations), cmocka_unit_test(test_pages),
        cmocka_unit_test(test_entries_of),    cmocka_unit_test(test_settings),
        cmocka_unit_test(test_profile),       cmocka_unit_test(test_circles),
    };
    int failed;

    dir_env_open();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    dir_env_close();
    return failed;
}
