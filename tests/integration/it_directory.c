/* Users, devices, friends and conversations against a real PostgreSQL. */
#include "tests/unit/assert_row.h"

#include "tests/integration/dir_env.h"

static struct got g;

static enum rc create(uint64_t id, const char *name, const char *key,
                      const char *hash) {
    return GOT(&g, user, user_create, user(id), slice_str(name), slice_str(key),
               slice_str(hash));
}

static void test_user_create(void **state) {
    static const char long_name[NAME_MAX_BYTES + 2] =
        "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcde";
    static const struct {
        const char *name;
        uint64_t id;
        const char *user_name;
        const char *key;
        const char *hash;
        enum rc want;
    } rows[] = {
        {"new", 1000, "Ann", "ann", "h1", RC_OK},
        {"the same again", 1000, "Ann", "ann", "h1", RC_OK},
        {"the same id, another password", 1000, "Ann", "ann", "h2",
         RC_CONFLICT},
        {"a name that is taken", 1001, "ANN", "ann", "h1", RC_CONFLICT},
        {"an id that is taken", 1000, "Bob", "bob", "h1", RC_CONFLICT},
        {"Korean", 1002, "모임", "모임", "h", RC_OK},
        {"hostile", 1003, "'; DROP TABLE users --", "x';", "h", RC_OK},
        {"not UTF-8", 1004, "\xff\xfe", "y", "h", RC_BAD_INPUT},
        {"too long", 1004, long_name, "y", "h", RC_BAD_INPUT},
        {"no id", 0, "y", "y", "h", RC_BAD_INPUT},
        {"an id of 64 bits", UINT64_MAX, "y", "y", "h", RC_BAD_INPUT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        enum rc rc =
            create(rows[i].id, rows[i].user_name, rows[i].key, rows[i].hash);

        assert_row(rows[i].name, rc == rows[i].want);
        if (rc == RC_OK) {
            assert_row(rows[i].name, g.users[0].id.v == rows[i].id);
            assert_row(rows[i].name, strcmp(g.text[0], rows[i].user_name) == 0);
            assert_row(rows[i].name, g.hash[0] == '\0');
        }
    }
}

static void test_user_read(void **state) {
    static const struct user_id ids[] = {{2000}, {2}, {5555}};

    (void)state;
    assert_int_equal(create(2000, "Cem", "cem", "$argon2id$x"), RC_OK);
    assert_int_equal(GOT(&g, user, user_by_name, SLICE_LIT("cem")), RC_OK);
    assert_int_equal(g.users[0].id.v, 2000);
    assert_string_equal(g.text[0], "Cem");
    assert_string_equal(g.hash, "$argon2id$x");
    assert_int_equal(GOT(&g, user, user_by_name, SLICE_LIT("Cem")),
                     RC_NOT_FOUND);
    /* A user without a password. */
    assert_int_equal(GOT(&g, user, user_by_name, SLICE_LIT("u2")), RC_OK);
    assert_string_equal(g.hash, "");
    assert_int_equal(GOT(&g, users, users_by_id, ids, 3), RC_OK);
    assert_int_equal(g.count, 2);
    assert_int_equal(GOT(&g, users, users_by_id, ids, 0), RC_OK);
    assert_int_equal(g.count, 0);
}

/* A row that another program wrote and that breaks our limits is an error
 * and not a crash. */
static void test_bad_row(void **state) {
    (void)state;
    pg_env_sql(&env, "INSERT INTO users (id, name, name_key, last_seen_ms) "
                     "VALUES (3000, repeat('x', 65), 'long', 0), "
                     "(3001, 'ok', 'negative', -5)");
    assert_int_equal(GOT(&g, user, user_by_name, SLICE_LIT("long")),
                     RC_BACKEND);
    assert_int_equal(GOT(&g, user, user_by_name, SLICE_LIT("negative")),
                     RC_BACKEND);
}

static enum rc device(uint64_t id, uint64_t of) {
    return GOT(&g, device, device_create, user(of), (struct device_id){id},
               SLICE_LIT("phone"));
}

static void test_device(void **state) {
    (void)state;
    assert_int_equal(device(1, 1), RC_OK);
    assert_int_equal(g.device.v, 1);
    assert_int_equal(device(1, 1), RC_OK);
    assert_int_equal(device(1, 2), RC_CONFLICT);
    assert_int_equal(device(2, 5555), RC_NOT_FOUND);
}

static void test_seen(void **state) {
    static const struct user_id users[] = {{1}, {2}, {1}, {5555}};
    static const uint64_t first[] = {100, 300, 200, 1};
    static const uint64_t second[] = {150, 400, 120, 1};

    (void)state;
    assert_int_equal(GOT(&g, done, seen_write, users, first, 4), RC_OK);
    assert_int_equal(GOT(&g, users, users_by_id, users, 1), RC_OK);
    assert_int_equal(g.users[0].last_seen_ms, 200);
    assert_int_equal(GOT(&g, done, seen_write, users, second, 4), RC_OK);
    assert_int_equal(GOT(&g, users, users_by_id, users, 1), RC_OK);
    assert_int_equal(g.users[0].last_seen_ms, 200); /* not back to 150 */
    assert_int_equal(GOT(&g, users, users_by_id, users + 1, 1), RC_OK);
    assert_int_equal(g.users[0].last_seen_ms, 400);
    assert_int_equal(GOT(&g, done, seen_write, users, first, 0), RC_OK);
}

static enum rc ask(uint64_t me, uint64_t peer) {
    return GOT(&g, friend, friend_ask, user(me), user(peer));
}

static enum friend_state drop(uint64_t me, uint64_t peer) {
    assert_int_equal(GOT(&g, friend, friend_drop, user(me), user(peer)), RC_OK);
    return g.state;
}

/* What `me` sees of `peer` in his list. */
static enum friend_state seen_by(uint64_t me, uint64_t peer) {
    assert_int_equal(GOT(&g, friends, friends_of, user(me)), RC_OK);
    for (size_t i = 0; i < g.count; i++) {
        if (g.friends[i].user.v == peer) {
            return g.friends[i].state;
        }
    }
    return FRIEND_NONE;
}

static void test_friends(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) { /* asking twice changes nothing */
        assert_int_equal(ask(12, 11), RC_OK);
        assert_int_equal(g.state, FRIEND_ASKED);
    }
    assert_int_equal(seen_by(12, 11), FRIEND_ASKED);
    assert_int_equal(seen_by(11, 12), FRIEND_ASKS_ME);
    assert_int_equal(ask(11, 12), RC_OK);
    assert_int_equal(g.state, FRIEND_BOTH);
    assert_int_equal(ask(12, 11), RC_OK);
    assert_int_equal(g.state, FRIEND_BOTH);
    assert_int_equal(seen_by(12, 11), FRIEND_BOTH);
    assert_string_equal(g.text[0], "u11");
    assert_int_equal(drop(11, 12), FRIEND_NONE);
    assert_int_equal(drop(11, 12), FRIEND_NONE);
    assert_int_equal(seen_by(12, 11), FRIEND_NONE);
    assert_int_equal(ask(11, 11), RC_BAD_INPUT);
    assert_int_equal(ask(11, 5555), RC_NOT_FOUND);
    assert_int_equal(ask(5555, 11), RC_NOT_FOUND);
    assert_int_equal(drop(11, 5555), FRIEND_NONE);
}

/* A thousand people asking me fill nothing; my own asking has an end. */
static void test_friends_limit(void **state) {
    (void)state;
    pg_env_sql(&env, "INSERT INTO users (id, name, name_key) "
                     "SELECT i, 'f' || i, 'f' || i "
                     "FROM generate_series(100001, 101500) AS i");
    pg_env_sql(&env, "INSERT INTO friends (low, high, asked_by) "
                     "SELECT 20, i, i FROM generate_series(100001, 101200) "
                     "AS i");
    assert_int_equal(ask(20, 21), RC_OK);
    assert_int_equal(GOT(&g, friends, friends_of, user(20)), RC_OK);
    assert_int_equal(g.count, DIRECTORY_BATCH_MAX);
    assert_int_equal(g.friends[0].user.v, 21); /* mine before theirs */
    pg_env_sql(&env, "UPDATE friends SET asked_by = NULL WHERE low = 20 "
                     "AND high BETWEEN 100001 AND 100999");
    assert_int_equal(ask(20, 22), RC_LIMIT);
    assert_int_equal(ask(20, 101100), RC_LIMIT);
    assert_int_equal(ask(20, 21), RC_OK); /* again, not one more */
}

/* The same question from both sides at once, over two gateways. */
static void test_friends_race(void **state) {
    struct got a[20] = {0};
    struct got b[20] = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(a); i++) {
        struct user_id peer = user(31 + i);

        dir->ops->friend_ask(dir, user(30), peer, on_got_friend, &a[i]);
        other->ops->friend_ask(other, peer, user(30), on_got_friend, &b[i]);
    }
    for (size_t i = 0; i < COUNT_OF(a); i++) {
        assert_int_equal(got_wait(&a[i]), RC_OK);
        assert_int_equal(got_wait(&b[i]), RC_OK);
        assert_int_equal(seen_by(30, 31 + i), FRIEND_BOTH);
    }
}

static enum rc direct(uint64_t me, uint64_t peer, uint64_t fresh) {
    return GOT(&g, conv, direct_open, user(me), user(peer), conv(fresh));
}

static void test_direct(void **state) {
    (void)state;
    assert_int_equal(direct(2, 1, 500), RC_OK);
    assert_int_equal(g.conv.id.v, 500);
    assert_int_equal(g.conv.kind, CONV_DIRECT);
    assert_int_equal(g.conv.version.v, 1);
    assert_int_equal(g.conv.member_count, 2);
    assert_int_equal(g.conv.title.n, 0);
    assert_false(g.conv.wide);
    assert_int_equal(g.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(g.members[i].user.v, i + 1);
        assert_int_equal(g.members[i].role, ROLE_MEMBER);
        assert_int_equal(g.members[i].from.v, 1);
        assert_int_equal(g.members[i].until.v, 0);
    }
    assert_int_equal(direct(1, 2, 501), RC_OK); /* from the other side */
    assert_int_equal(g.conv.id.v, 500);
    assert_int_equal(direct(1, 1, 502), RC_BAD_INPUT);
    assert_int_equal(direct(1, 5555, 502), RC_NOT_FOUND);
    assert_int_equal(direct(5555, 1, 502), RC_NOT_FOUND);
    assert_int_equal(direct(1, 3, 500), RC_CONFLICT); /* id is taken */
    assert_int_equal(GOT(&g, conv, conv_load, conv(500)), RC_OK);
    assert_int_equal(g.count, 2);
    assert_int_equal(GOT(&g, conv, conv_load, conv(502)), RC_NOT_FOUND);
}

static void test_direct_race(void **state) {
    struct got a[20] = {0};
    struct got b[20] = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(a); i++) {
        struct user_id peer = user(41 + i);

        dir->ops->direct_open(dir, user(40), peer, conv(600 + i), on_got_conv,
                              &a[i]);
        other->ops->direct_open(other, peer, user(40), conv(700 + i),
                                on_got_conv, &b[i]);
    }
    for (size_t i = 0; i < COUNT_OF(a); i++) {
        assert_int_equal(got_wait(&a[i]), RC_OK);
        assert_int_equal(got_wait(&b[i]), RC_OK);
        assert_int_equal(a[i].conv.id.v, b[i].conv.id.v);
        assert_int_equal(a[i].count, 2);
        assert_int_equal(b[i].count, 2);
    }
}

/* New group of users first..last, owned by `first`. */
static enum rc group(uint64_t id, uint64_t first, uint64_t last) {
    struct user_id members[100];
    size_t count = 0;

    for (uint64_t v = first; v <= last; v++) {
        members[count] = user(v);
        count++;
    }
    return GOT(&g, conv, group_create, conv(id), user(first),
               SLICE_LIT("Friends"), members, count);
}

static void test_group(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) { /* asked twice, made once */
        assert_int_equal(group(800, 1, 3), RC_OK);
        assert_int_equal(g.conv.kind, CONV_GROUP);
        assert_string_equal(g.text[0], "Friends");
        assert_int_equal(g.conv.member_count, 3);
        assert_int_equal(g.conv.version.v, 1);
        assert_int_equal(g.count, 3);
        assert_int_equal(g.members[0].role, ROLE_OWNER);
        assert_int_equal(g.members[1].role, ROLE_MEMBER);
        assert_int_equal(g.members[2].from.v, 1);
    }
    assert_int_equal(group(800, 2, 3), RC_CONFLICT); /* another owner */
    assert_int_equal(group(500, 1, 3), RC_CONFLICT); /* a direct one's id */
    assert_int_equal(group(801, 99, 101), RC_NOT_FOUND);
    assert_int_equal(GOT(&g, conv, conv_load, conv(801)), RC_NOT_FOUND);
    assert_int_equal(group(802, 5, 5), RC_OK); /* alone */
    assert_int_equal(g.conv.member_count, 1);
    assert_int_equal(group(803, 1, NARROW_MAX_MEMBERS), RC_OK);
    assert_false(g.conv.wide);
    assert_int_equal(g.count, NARROW_MAX_MEMBERS);
    assert_int_equal(group(804, 1, NARROW_MAX_MEMBERS + 1), RC_OK);
    assert_true(g.conv.wide);
    assert_int_equal(g.count, NARROW_MAX_MEMBERS + 1);
    assert_int_equal(g.conv.member_count, NARROW_MAX_MEMBERS + 1);
    assert_int_equal(group(805, 1, LISTED_MAX_MEMBERS + 1), RC_OK);
    assert_int_equal(g.count, 0);
    assert_int_equal(g.conv.member_count, LISTED_MAX_MEMBERS + 1);
}

static void test_group_race(void **state) {
    static const struct user_id members[] = {{51}, {52}};
    struct got a[10] = {0};
    struct got b[10] = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(a); i++) {
        dir->ops->group_create(dir, conv(820 + i), user(50), SLICE_LIT("t"),
                               members, 2, on_got_conv, &a[i]);
        other->ops->group_create(other, conv(820 + i), user(50), SLICE_LIT("t"),
                                 members, 2, on_got_conv, &b[i]);
    }
    for (size_t i = 0; i < COUNT_OF(a); i++) {
        assert_int_equal(got_wait(&a[i]), RC_OK);
        assert_int_equal(got_wait(&b[i]), RC_OK);
        assert_int_equal(b[i].conv.member_count, 3);
        assert_int_equal(b[i].count, 3);
    }
}

static void test_convs_of(void **state) {
    (void)state;
    assert_int_equal(direct(71, 72, 850), RC_OK);
    assert_int_equal(group(851, 71, 73), RC_OK);
    assert_int_equal(group(852, 71, 90), RC_OK);
    assert_int_equal(GOT(&g, convs, convs_of, user(71)), RC_OK);
    assert_int_equal(g.count, 3);
    assert_int_equal(g.convs[0].id.v, 852);
    assert_true(g.convs[0].wide);
    assert_int_equal(g.convs[1].id.v, 851);
    assert_string_equal(g.text[1], "Friends");
    assert_int_equal(g.convs[1].me.user.v, 71);
    assert_int_equal(g.convs[1].me.role, ROLE_OWNER);
    assert_int_equal(g.convs[1].peer.v, 0);
    assert_int_equal(g.convs[2].kind, CONV_DIRECT);
    assert_int_equal(g.convs[2].peer.v, 72);
    assert_string_equal(g.text[2], "u72");
    assert_int_equal(GOT(&g, convs, wide_convs_of, user(71)), RC_OK);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.convs[0].id.v, 852);
    assert_int_equal(GOT(&g, convs, convs_of, user(5555)), RC_OK);
    assert_int_equal(g.count, 0);
}

/* Nobody is drawn into more conversations than his list can show. */
static void test_convs_limit(void **state) {
    (void)state;
    pg_env_sql(&env,
               "INSERT INTO conversations (id, kind, member_count, created_by) "
               "SELECT i, 2, 1, 91 FROM generate_series(200001, 201000) AS i");
    pg_env_sql(&env,
               "INSERT INTO members (conv_id, user_id, role, from_seq, bound) "
               "SELECT i, 91, 3, 1, true "
               "FROM generate_series(200001, 201000) AS i");
    assert_int_equal(direct(92, 91, 860), RC_LIMIT);
    assert_int_equal(group(861, 90, 92), RC_LIMIT);
    assert_int_equal(group(862, 92, 93), RC_OK);
    assert_int_equal(
        GOT(&g, changed, member_add, conv(862), user(92), user(91)), RC_LIMIT);
    assert_int_equal(GOT(&g, convs, convs_of, user(91)), RC_OK);
    assert_int_equal(g.count, DIRECTORY_BATCH_MAX);
    assert_int_equal(GOT(&g, conv, conv_load, conv(861)), RC_NOT_FOUND);
}

static void assert_store(const char *row, const struct store_found *found,
                         const struct store_found *known, bool whole) {
    assert_row(row, GOT(&g, store, store, found, SLICE_LIT("g1")) ==
                        (known == NULL ? RC_NOT_FOUND : RC_OK));
    if (known != NULL) {
        assert_row(row, strcmp(g.text[0], known->id.s) == 0);
        assert_row(row, g.store_slot == known->slot);
        assert_row(row, g.store_whole == whole);
    }
}

static void test_store(void **state) {
    static const struct store_found one = {{"11111111111111111111111111111111"},
                                           5};
    static const struct store_found two = {{"22222222222222222222222222222222"},
                                           16383};

    (void)state;
    assert_store("none yet", NULL, NULL, false);
    assert_store("the first", &one, &one, false);
    assert_store("asked", NULL, &one, false);
    assert_int_equal(GOT(&g, done, store_whole, SLICE_LIT("nobody")),
                     RC_NOT_FOUND);
    assert_int_equal(GOT(&g, done, store_whole, slice_str(one.id.s)), RC_OK);
    assert_store("another", &two, &one, true);
    assert_store("the same again", &two, &one, true);
    assert_store("found where it was", &one, &one, true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_user_create),
        cmocka_unit_test(test_user_read),
        cmocka_unit_test(test_bad_row),
        cmocka_unit_test(test_device),
        cmocka_unit_test(test_seen),
        cmocka_unit_test(test_friends),
        cmocka_unit_test(test_friends_limit),
        cmocka_unit_test(test_friends_race),
        cmocka_unit_test(test_direct),
        cmocka_unit_test(test_direct_race),
        cmocka_unit_test(test_group),
        cmocka_unit_test(test_group_race),
        cmocka_unit_test(test_convs_of),
        cmocka_unit_test(test_convs_limit),
        cmocka_unit_test(test_store),
    };
    int failed;

    dir_env_open();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    dir_env_close();
    return failed;
}
