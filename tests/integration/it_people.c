/* Devices that are revoked, passwords, blocks and search against a real
 * PostgreSQL. */
#include "tests/unit/assert_row.h"

#include "tests/integration/dir_env.h"

static struct got g;

static struct device_id device(uint64_t v) {
    return (struct device_id){v};
}

static void make_device(uint64_t of, uint64_t id, const char *label) {
    assert_int_equal(
        GOT(&g, device, device_create, user(of), device(id), slice_str(label)),
        RC_OK);
}

static enum rc devices_of(uint64_t of, uint64_t since_ms) {
    return GOT(&g, devices, devices_of, user(of), since_ms);
}

static enum rc log_out(uint64_t of, uint64_t id, enum revoke_which which) {
    return GOT(&g, devices, devices_revoke, user(of), device(id), which);
}

/* ---- devices ---- */

static void test_devices(void **state) {
    (void)state;
    make_device(1, 101, "phone");
    make_device(1, 102, "laptop");
    make_device(2, 103, "other's");
    assert_int_equal(GOT(&g, done, device_use, user(1), device(101)), RC_OK);
    assert_int_equal(devices_of(1, 0), RC_OK);
    assert_int_equal(g.count, 2);
    assert_int_equal(g.devices[0].id.v, 101); /* used last */
    assert_int_equal(g.devices[0].user.v, 1);
    assert_string_equal(g.text[0], "phone");
    assert_true(g.devices[0].used_ms >= g.devices[0].created_ms);
    assert_true(g.devices[0].created_ms > 1700000000000);
    assert_int_equal(g.devices[0].revoked_us, 0);
    assert_int_equal(devices_of(1, g.devices[0].used_ms + 1000), RC_OK);
    assert_int_equal(g.count, 0);
    assert_int_equal(devices_of(99, 0), RC_OK);
    assert_int_equal(g.count, 0);
}

static void test_rename(void **state) {
    static const struct {
        const char *name;
        uint64_t of;
        uint64_t id;
        const char *label;
        enum rc want;
    } rows[] = {
        {"mine", 1, 101, "전화", RC_OK},
        {"hostile", 1, 101, "'; DROP TABLE devices --", RC_OK},
        {"another's", 2, 101, "x", RC_NOT_FOUND},
        {"nobody's", 1, 5555, "x", RC_NOT_FOUND},
        {"not UTF-8", 1, 101, "\xff", RC_BAD_INPUT},
        {"too long", 1, 101,
         "12345678901234567890123456789012345678901234567890123456789012345",
         RC_BAD_INPUT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        enum rc rc = GOT(&g, done, device_rename, user(rows[i].of),
                         device(rows[i].id), slice_str(rows[i].label));

        assert_row(rows[i].name, rc == rows[i].want);
        assert_int_equal(devices_of(1, 0), RC_OK);
        assert_row(rows[i].name,
                   rc != RC_OK || strcmp(g.text[0], rows[i].label) == 0);
    }
}

static void test_revoke(void **state) {
    uint64_t when;

    (void)state;
    make_device(3, 131, "a");
    make_device(3, 132, "b");
    make_device(3, 133, "c");
    assert_int_equal(log_out(2, 131, REVOKE_THIS), RC_NOT_FOUND);
    assert_int_equal(log_out(3, 131, REVOKE_THIS), RC_OK);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.devices[0].id.v, 131);
    when = g.devices[0].revoked_us;
    assert_true(when > 1700000000000000);
    assert_int_equal(log_out(3, 131, REVOKE_THIS),
                     RC_OK); /* once is for ever */
    assert_int_equal(g.devices[0].revoked_us, when);
    assert_int_equal(GOT(&g, done, device_use, user(3), device(131)),
                     RC_NOT_FOUND);
    assert_int_equal(
        GOT(&g, done, device_rename, user(3), device(131), SLICE_LIT("x")),
        RC_NOT_FOUND);
    assert_int_equal(log_out(3, 132, REVOKE_OTHERS), RC_OK);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.devices[0].id.v, 133);
    assert_int_equal(log_out(3, 132, REVOKE_OTHERS), RC_OK);
    assert_int_equal(g.count, 0);
    assert_int_equal(devices_of(3, 0), RC_OK);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.devices[0].id.v, 132);
}

static void read_on(uint64_t us, uint64_t after) {
    g = (struct got){0};
    dir->ops->revoked_after(dir, us, device(after), on_got_devices, &g);
    assert_int_equal(got_wait(&g), RC_OK);
}

/* From page to page nothing is lost, though many have the same time. */
static void test_revoked_after(void **state) {
    uint64_t last_us;

    (void)state;
    pg_env_sql(&env, "INSERT INTO devices (id, user_id, label, revoked_at) "
                     "SELECT i, 4, '', '2100-01-01 00:00:00.123457+00' "
                     "FROM generate_series(300001, 301500) AS i");
    read_on(4102444800123456, 0); /* the microsecond before */
    assert_int_equal(g.count, DIRECTORY_BATCH_MAX);
    assert_int_equal(g.devices[0].id.v, 300001);
    assert_int_equal(g.devices[0].user.v, 4);
    last_us = g.devices[0].revoked_us;
    assert_int_equal(last_us, 4102444800123457);
    read_on(last_us, 301000);
    assert_int_equal(g.count, 500);
    assert_int_equal(g.devices[0].id.v, 301001);
    read_on(last_us, 301500);
    assert_int_equal(g.count, 0);
    read_on(0, 0);
    assert_int_equal(g.devices[0].id.v, 131);
    assert_int_equal(g.devices[1].id.v, 133);
    pg_env_sql(&env, "DELETE FROM devices WHERE user_id = 4");
}

/* ---- passwords ---- */

static enum rc set(const char *old, const char *fresh) {
    return GOT(&g, devices, password_set, user(5), device(151), slice_str(old),
               slice_str(fresh));
}

static void test_password(void **state) {
    (void)state;
    pg_env_sql(&env, "UPDATE users SET password_hash = 'h1' WHERE id = 5");
    make_device(5, 151, "mine");
    make_device(5, 152, "other");
    assert_int_equal(GOT(&g, user, user_by_id, user(5)), RC_OK);
    assert_string_equal(g.text[0], "u5");
    assert_string_equal(g.hash, "h1");
    assert_int_equal(GOT(&g, user, user_by_id, user(5555)), RC_NOT_FOUND);
    assert_int_equal(set("h0", "h2"), RC_CONFLICT);
    assert_int_equal(devices_of(5, 0), RC_OK);
    assert_int_equal(g.count, 2);
    assert_int_equal(set("h1", "h2"), RC_OK);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.devices[0].id.v, 152);
    assert_int_equal(set("h1", "h3"), RC_CONFLICT);
    assert_int_equal(set("h2", "h3"), RC_OK); /* nobody left to log out */
    assert_int_equal(g.count, 0);
}

/* ---- blocks ---- */

static enum rc block(uint64_t me, uint64_t peer) {
    return GOT(&g, block, block, user(me), user(peer));
}

static void unblock(uint64_t me, uint64_t peer) {
    assert_int_equal(GOT(&g, done, unblock, user(me), user(peer)), RC_OK);
}

static enum rc direct(uint64_t me, uint64_t peer, uint64_t fresh) {
    return GOT(&g, conv, direct_open, user(me), user(peer), conv(fresh));
}

static bool closed(uint64_t id) {
    assert_int_equal(GOT(&g, conv, conv_load, conv(id)), RC_OK);
    return g.conv.closed;
}

static enum rc ask(uint64_t me, uint64_t peer) {
    return GOT(&g, friend, friend_ask, user(me), user(peer));
}

static void test_block(void **state) {
    (void)state;
    assert_int_equal(direct(11, 12, 511), RC_OK);
    assert_int_equal(ask(11, 12), RC_OK);
    assert_false(closed(511));
    for (int i = 0; i < 2; i++) { /* twice is once */
        assert_int_equal(block(11, 12), RC_OK);
        assert_int_equal(g.closed.v, 511);
        assert_int_equal(g.version.v, 2);
    }
    assert_true(closed(511));
    assert_int_equal(g.conv.version.v, 2);
    assert_int_equal(g.count, 2); /* both are members still */
    assert_int_equal(GOT(&g, friends, friends_of, user(12)), RC_OK);
    assert_int_equal(g.count, 0);
    assert_int_equal(ask(11, 12), RC_DENIED);
    assert_int_equal(ask(12, 11), RC_DENIED);
    assert_int_equal(direct(12, 11, 512), RC_OK); /* it is there already */
    assert_int_equal(g.conv.id.v, 511);
    /* Both ways: each takes back his own. */
    assert_int_equal(block(12, 11), RC_OK);
    assert_int_equal(g.version.v, 3);
    unblock(11, 12);
    assert_true(closed(511));
    unblock(12, 11);
    unblock(12, 11);
    assert_false(closed(511));
    assert_int_equal(ask(11, 12), RC_OK);
    assert_int_equal(block(11, 12), RC_OK);
    assert_int_equal(g.version.v, 4);
}

static void test_block_strangers(void **state) {
    (void)state;
    assert_int_equal(block(13, 14), RC_OK);
    assert_int_equal(g.closed.v, 0);
    assert_int_equal(direct(13, 14, 513), RC_DENIED);
    assert_int_equal(direct(14, 13, 513), RC_DENIED);
    assert_int_equal(block(13, 14), RC_OK);
    assert_int_equal(block(13, 13), RC_BAD_INPUT);
    assert_int_equal(block(13, 5555), RC_NOT_FOUND);
    assert_int_equal(block(5555, 13), RC_NOT_FOUND);
    unblock(13, 5555);
    unblock(13, 14);
    assert_int_equal(direct(13, 14, 513), RC_OK);
    /* Groups are not closed by it. */
    assert_int_equal(GOT(&g, conv, group_create, conv(514), user(13),
                         SLICE_LIT("t"), (struct user_id[]){{14}}, 1),
                     RC_OK);
    assert_int_equal(block(14, 13), RC_OK);
    assert_false(closed(514));
    assert_true(closed(513));
}

static void test_blocks_of(void **state) {
    static const struct user_id some[] = {{21}, {22}, {23}, {24}, {22}};

    (void)state;
    assert_int_equal(block(21, 22), RC_OK);
    assert_int_equal(block(21, 23), RC_OK);
    assert_int_equal(block(24, 21), RC_OK);
    assert_int_equal(GOT(&g, users, blocks_of, user(21)), RC_OK);
    assert_int_equal(g.count, 2);
    assert_int_equal(g.users[0].id.v, 23);
    assert_string_equal(g.text[1], "u22");
    assert_int_equal(GOT(&g, users, hidden_among, user(21), some, 4), RC_OK);
    assert_int_equal(g.count, 3);
    assert_int_equal(GOT(&g, users, hidden_among, user(22), some, 5), RC_OK);
    assert_int_equal(g.count, 1);
    assert_int_equal(GOT(&g, users, hidden_among, user(25), some, 4), RC_OK);
    assert_int_equal(g.count, 0);
}

static void test_blocks_limit(void **state) {
    (void)state;
    pg_env_sql(&env, "INSERT INTO users (id, name, name_key) "
                     "SELECT i, 'b' || i, 'b' || i "
                     "FROM generate_series(400001, 401000) AS i");
    pg_env_sql(&env, "INSERT INTO blocks (user_id, blocked) "
                     "SELECT 26, i FROM generate_series(400001, 401000) AS i");
    assert_int_equal(block(26, 27), RC_LIMIT);
    assert_int_equal(block(26, 400001), RC_OK); /* again, not one more */
}

/* Of a block and what it forbids, asked for at once over two gateways, one
 * comes first: never both as if the other had not been. */
static void test_block_race(void **state) {
    struct got blocks[20] = {0};
    struct got opens[20] = {0};
    struct got asks[20] = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(blocks); i++) {
        struct user_id peer = user(41 + i);

        other->ops->direct_open(other, peer, user(40), conv(600 + i),
                                on_got_conv, &opens[i]);
        dir->ops->block(dir, user(40), peer, on_got_block, &blocks[i]);
        other->ops->friend_ask(other, peer, user(40), on_got_friend, &asks[i]);
    }
    for (size_t i = 0; i < COUNT_OF(blocks); i++) {
        assert_int_equal(got_wait(&blocks[i]), RC_OK);
        assert_true(got_wait(&opens[i]) == RC_OK || opens[i].rc == RC_DENIED);
        assert_true(got_wait(&asks[i]) == RC_OK || asks[i].rc == RC_DENIED);
        if (opens[i].rc == RC_OK) { /* it came first */
            assert_int_equal(blocks[i].closed.v, 600 + i);
            assert_int_equal(blocks[i].version.v, 2);
            assert_true(closed(600 + i));
        } else {
            assert_int_equal(blocks[i].closed.v, 0);
        }
    }
    assert_int_equal(GOT(&g, friends, friends_of, user(40)), RC_OK);
    assert_int_equal(g.count, 0);
}

/* ---- search ---- */

static size_t search(const char *prefix, size_t limit) {
    assert_int_equal(GOT(&g, users, users_by_prefix, slice_str(prefix), limit),
                     RC_OK);
    return g.count;
}

static void test_search(void **state) {
    (void)state;
    pg_env_sql(&env, "INSERT INTO users (id, name, name_key) VALUES "
                     "(71, 'A', 'zed'), (72, 'B', 'zed_x'), (73, 'C', 'zedax'),"
                     "(74, 'D', 'zee'), (75, 'E', 'zed\u97f3')"
                     " ON CONFLICT (id) DO UPDATE "
                     "SET name = excluded.name, name_key = excluded.name_key");
    assert_int_equal(search("zed", 20), 4);
    assert_int_equal(g.users[0].id.v, 71);
    assert_int_equal(search("zed_", 20), 1); /* no wildcards */
    assert_int_equal(search("zed%", 20), 0);
    assert_int_equal(search("%", 20), 0);
    assert_int_equal(search("'; DROP", 20), 0);
    assert_int_equal(search("zed", 2), 2);
    assert_string_equal(g.text[0], "A");
    assert_string_equal(g.hash, "");
    assert_int_equal(GOT(&g, users, users_by_prefix, SLICE_LIT("\xff"), 2),
                     RC_BAD_INPUT);
}

static enum rc come(const char *subject, uint64_t fresh, const char *name,
                    uint64_t device_id) {
    struct identity who = {.issuer = SLICE_LIT("https://id.example"),
                           .subject = slice_str(subject),
                           .fresh = user(fresh),
                           .name = slice_str(name),
                           .name_key = slice_str(name),
                           .spare = SLICE_LIT("user.7"),
                           .device = device(device_id),
                           .label = SLICE_LIT("phone")};

    g = (struct got){0};
    dir->ops->identity_login(dir, &who, on_got_user, &g);
    return got_wait(&g);
}

static void test_identities(void **state) {
    (void)state;
    assert_int_equal(come("s1", 501, "sub.one", 801), RC_OK);
    assert_int_equal(g.users[0].id.v, 501);
    assert_string_equal(g.text[0], "sub.one");
    assert_int_equal(come("s1", 502, "other", 802), RC_OK);
    assert_int_equal(g.users[0].id.v, 501); /* seen before */
    assert_string_equal(g.text[0], "sub.one");
    assert_int_equal(come("'; DROP TABLE users --", 503, "sub.one", 803),
                     RC_OK);
    assert_int_equal(g.users[0].id.v, 503);
    assert_string_equal(g.text[0], "user.7");           /* the name is taken */
    assert_int_equal(come("s1", 504, "x", 801), RC_OK); /* the same device */
    assert_int_equal(come("s9", 505, "y", 801), RC_DENIED); /* another's */
    assert_int_equal(GOT(&g, user, user_by_id, user(505)), RC_NOT_FOUND);
    make_device(501, 804, "with a password");
    assert_int_equal(come("s1", 506, "x", 804), RC_DENIED);
    assert_int_equal(GOT(&g, done, device_use, user(501), device(801)),
                     RC_NOT_FOUND); /* only with an identity */
    assert_int_equal(GOT(&g, done, device_use, user(501), device(804)), RC_OK);
    assert_int_equal(log_out(501, 801, REVOKE_THIS), RC_OK);
    assert_int_equal(come("s1", 507, "x", 801), RC_DENIED);
    assert_int_equal(devices_of(501, 0), RC_OK);
    assert_int_equal(g.count, 2);
    assert_int_equal(GOT(&g, devices, user_close, user(501)), RC_OK);
    assert_int_equal(come("s1", 508, "sub.two", 805), RC_OK);
    assert_int_equal(g.users[0].id.v, 508); /* somebody else by now */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_rename),
        cmocka_unit_test(test_revoke),
        cmocka_unit_test(test_revoked_after),
        cmocka_unit_test(test_password),
        cmocka_unit_test(test_block),
        cmocka_unit_test(test_block_strangers),
        cmocka_unit_test(test_blocks_of),
        cmocka_unit_test(test_blocks_limit),
        cmocka_unit_test(test_block_race),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_identities),
    };
    int failed;

    dir_env_open();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    dir_env_close();
    return failed;
}
