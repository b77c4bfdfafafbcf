/* Groups against a real PostgreSQL: who may change what, changes that wait for
 * their event, the list of members, invites and joining by them. */
#include "tests/unit/assert_row.h"

#include "tests/integration/dir_env.h"

enum {
    OWNER = 1,
    ADMIN = 2,
    ADMIN2 = 3,
    MEMBER = 4,
    MEMBER2 = 5,
    STRANGER = 6,
    STRANGER2 = 7,
    GROUP = 800,
    DIRECT = 801,
    NO_CONV = 803,
    INVITE = 900,
};

#define HOUR_MS UINT64_C(3600000)

static struct got g;

static enum rc change(const struct group_change *ask) {
    return GOT(&g, changed, group_change, ask);
}

static enum rc role(uint64_t actor, uint64_t who, enum role to) {
    return change(&(struct group_change){.conv = conv(GROUP),
                                         .actor = user(actor),
                                         .what = GROUP_ROLE,
                                         .user = user(who),
                                         .value = (uint64_t)to,
                                         .least = ROLE_OWNER});
}

static enum rc mute(uint64_t actor, uint64_t who, uint64_t until) {
    return change(&(struct group_change){.conv = conv(GROUP),
                                         .actor = user(actor),
                                         .what = GROUP_MUTE,
                                         .user = user(who),
                                         .value = until,
                                         .least = ROLE_ADMIN,
                                         .below = true});
}

static enum rc title(uint64_t where, uint64_t actor, const char *to) {
    return change(&(struct group_change){.conv = conv(where),
                                         .actor = user(actor),
                                         .what = GROUP_TITLE,
                                         .title = slice_str(to),
                                         .least = ROLE_ADMIN});
}

static enum rc logged(enum group_what what, uint64_t who, uint64_t version) {
    return GOT(&g, done, group_logged,
               (&(struct group_change){
                   .conv = conv(GROUP), .what = what, .user = user(who)}),
               (struct member_version){version});
}

static struct member_row place(uint64_t who) {
    struct user_id id = user(who);

    assert_int_equal(GOT(&g, members, members_of, conv(GROUP), &id, 1), RC_OK);
    return g.members[0];
}

static uint64_t now_ms(void) {
    return env.loop.clock.wall_ms;
}

static enum rc invite(uint64_t actor, const char *hash, uint64_t expires_ms,
                      uint32_t uses) {
    static uint64_t id = INVITE - 1;

    id++;
    return GOT(&g, done, invite_make,
               (&(struct invite_new){.conv = conv(GROUP),
                                     .actor = user(actor),
                                     .id = {id},
                                     .hash = slice_str(hash),
                                     .expires_ms = expires_ms,
                                     .uses_max = uses,
                                     .least = ROLE_ADMIN}));
}

static enum rc join(uint64_t who, const char *hash) {
    return GOT(&g, changed, group_join, slice_str(hash), user(who));
}

static size_t invites(void) {
    assert_int_equal(
        GOT(&g, invites, invites_of, conv(GROUP), user(OWNER), ROLE_ADMIN),
        RC_OK);
    return g.count;
}

/* The group as every test finds it: an owner, two admins, two members. */
static int setup(void **state) {
    static const struct user_id members[] = {
        {ADMIN}, {ADMIN2}, {MEMBER}, {MEMBER2}};

    (void)state;
    pg_env_sql(&env, "DELETE FROM unlogged_changes; DELETE FROM invites; "
                     "DELETE FROM members; DELETE FROM conversations");
    assert_int_equal(GOT(&g, conv, group_create, conv(GROUP), user(OWNER),
                         SLICE_LIT("t"), members, COUNT_OF(members)),
                     RC_OK);
    pg_env_sql(&env, "UPDATE members SET role = 2 WHERE user_id IN (2, 3)");
    assert_int_equal(
        GOT(&g, conv, direct_open, user(OWNER), user(MEMBER), conv(DIRECT)),
        RC_OK);
    return 0;
}

static void test_roles(void **state) {
    static const struct {
        const char *name;
        uint64_t actor;
        uint64_t who;
        enum role to;
        enum rc want;
        bool changed;
    } rows[] = {
        {"makes an admin", OWNER, MEMBER, ROLE_ADMIN, RC_OK, true},
        {"takes it back", OWNER, ADMIN, ROLE_MEMBER, RC_OK, true},
        {"as it is", OWNER, ADMIN, ROLE_ADMIN, RC_OK, false},
        {"hands on", OWNER, MEMBER, ROLE_OWNER, RC_OK, true},
        {"gives up", OWNER, OWNER, ROLE_ADMIN, RC_CONFLICT, false},
        {"an admin may not", ADMIN, MEMBER, ROLE_ADMIN, RC_DENIED, false},
        {"nor of himself", ADMIN, ADMIN, ROLE_OWNER, RC_DENIED, false},
        {"a stranger", STRANGER, MEMBER, ROLE_ADMIN, RC_NOT_FOUND, false},
        {"of a stranger", OWNER, STRANGER, ROLE_ADMIN, RC_NOT_FOUND, false},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        setup(state);
        assert_row(rows[i].name, role(rows[i].actor, rows[i].who, rows[i].to) ==
                                     rows[i].want);
        if (rows[i].want == RC_OK) {
            assert_row(rows[i].name, g.changed.changed == rows[i].changed);
            assert_row(rows[i].name,
                       g.changed.version.v == (rows[i].changed ? 2 : 1));
            assert_row(rows[i].name, place(rows[i].who).role == rows[i].to);
        }
    }
    setup(state);
    assert_int_equal(role(OWNER, MEMBER, ROLE_OWNER), RC_OK);
    assert_int_equal(place(OWNER).role, ROLE_ADMIN);
    assert_int_equal(role(OWNER, MEMBER2, ROLE_ADMIN), RC_DENIED);
    assert_int_equal(role(MEMBER, ADMIN, ROLE_MEMBER), RC_OK);
}

static void test_title_and_mute(void **state) {
    (void)state;
    assert_int_equal(title(GROUP, ADMIN, "neu"), RC_OK);
    assert_true(g.changed.changed);
    assert_int_equal(title(GROUP, MEMBER, "neuer"), RC_DENIED);
    assert_int_equal(title(GROUP, STRANGER, "neuer"), RC_NOT_FOUND);
    assert_int_equal(title(NO_CONV, OWNER, "neuer"), RC_NOT_FOUND);
    assert_int_equal(title(DIRECT, OWNER, "neuer"), RC_CONFLICT);
    assert_int_equal(GOT(&g, conv, conv_load, conv(GROUP)), RC_OK);
    assert_string_equal(g.text[0], "neu");
    assert_int_equal(mute(ADMIN, MEMBER, 12345), RC_OK);
    assert_int_equal(mute(ADMIN, ADMIN2, 12345), RC_DENIED);
    assert_int_equal(mute(ADMIN, OWNER, 12345), RC_DENIED);
    assert_int_equal(mute(OWNER, OWNER, 12345), RC_DENIED);
    assert_int_equal(mute(OWNER, ADMIN, 12345), RC_OK);
    assert_int_equal(place(MEMBER).silenced_ms, 12345);
    assert_int_equal(GOT(&g, conv, conv_load, conv(GROUP)), RC_OK);
    for (size_t i = 0; i < g.count; i++) {
        uint64_t who = g.members[i].user.v;

        assert_int_equal(g.members[i].silenced_ms,
                         who == MEMBER || who == ADMIN ? 12345 : 0);
    }
    assert_int_equal(GOT(&g, convs, convs_of, user(MEMBER)), RC_OK);
    assert_int_equal(g.convs[1].me.silenced_ms, 12345);
}

/* A change counts as not complete, call after call, until its event is in the
 * log; one that was overtaken does not complete the later. */
static void test_logged(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(role(OWNER, MEMBER, ROLE_OWNER), RC_OK);
        assert_true(g.changed.changed);
        assert_int_equal(g.changed.version.v, 2);
    }
    assert_int_equal(logged(GROUP_ROLE, MEMBER, 1), RC_OK);
    assert_int_equal(role(OWNER, MEMBER, ROLE_OWNER), RC_OK);
    assert_int_equal(logged(GROUP_ROLE, MEMBER, 2), RC_OK);
    assert_int_equal(role(OWNER, MEMBER, ROLE_OWNER), RC_DENIED);
    assert_int_equal(title(GROUP, ADMIN, "a"), RC_OK);
    assert_int_equal(title(GROUP, ADMIN, "b"), RC_OK);
    assert_int_equal(g.changed.version.v, 4);
    assert_int_equal(logged(GROUP_TITLE, 0, 3), RC_OK);
    assert_int_equal(title(GROUP, ADMIN, "b"), RC_OK);
    assert_true(g.changed.changed);
    assert_int_equal(logged(GROUP_TITLE, 0, 4), RC_OK);
    assert_int_equal(title(GROUP, ADMIN, "b"), RC_OK);
    assert_false(g.changed.changed);
}

static void test_members(void **state) {
    static const enum role roles[] = {ROLE_OWNER, ROLE_ADMIN, ROLE_ADMIN,
                                      ROLE_MEMBER, ROLE_MEMBER};

    (void)state;
    assert_int_equal(GOT(&g, group_members, group_members, conv(GROUP),
                         user(MEMBER), user(0), 100),
                     RC_OK);
    assert_int_equal(g.total, 5);
    assert_int_equal(g.count, 5);
    for (size_t i = 0; i < g.count; i++) {
        assert_int_equal(g.group_members[i].user.v, 1 + i);
        assert_int_equal(g.group_members[i].role, roles[i]);
        assert_true(g.group_members[i].joined_ms > 0);
    }
    assert_string_equal(g.text[3], "u4");
    assert_int_equal(
        GOT(&g, changed, member_remove, conv(GROUP), user(OWNER), user(ADMIN2)),
        RC_OK);
    assert_int_equal(g.changed.owner.v, OWNER);
    assert_int_equal(GOT(&g, group_members, group_members, conv(GROUP),
                         user(MEMBER), user(ADMIN), 1),
                     RC_OK);
    assert_int_equal(g.total, 4);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.group_members[0].user.v, MEMBER);
    assert_int_equal(GOT(&g, group_members, group_members, conv(GROUP),
                         user(ADMIN2), user(0), 1),
                     RC_NOT_FOUND);
    assert_int_equal(GOT(&g, group_members, group_members, conv(NO_CONV),
                         user(OWNER), user(0), 1),
                     RC_NOT_FOUND);
    assert_int_equal(GOT(&g, group_members, group_members, conv(DIRECT),
                         user(OWNER), user(0), 9),
                     RC_OK);
    assert_int_equal(g.count, 2);
}

static void test_invite(void **state) {
    struct invite_id last;

    (void)state;
    assert_int_equal(invite(MEMBER, "x", now_ms() + HOUR_MS, 1), RC_DENIED);
    assert_int_equal(invite(STRANGER, "x", now_ms() + HOUR_MS, 1),
                     RC_NOT_FOUND);
    assert_int_equal(invite(ADMIN, "once", now_ms() + HOUR_MS, 1), RC_OK);
    assert_int_equal(invite(OWNER, "old", now_ms() - 1000, 1), RC_OK);
    assert_int_equal(invites(), 1);
    assert_int_equal(g.invites[0].made_by.v, ADMIN);
    assert_int_equal(g.invites[0].uses_max, 1);
    assert_int_equal(g.invites[0].uses, 0);
    assert_int_equal(
        GOT(&g, invites, invites_of, conv(GROUP), user(MEMBER), ROLE_ADMIN),
        RC_DENIED);
    assert_int_equal(join(STRANGER, "old"), RC_NOT_FOUND);
    assert_int_equal(join(STRANGER, "no such"), RC_NOT_FOUND);
    for (int i = 0; i < 2; i++) { /* the second time it is used up */
        assert_int_equal(join(STRANGER, "once"), RC_OK);
        assert_true(g.changed.changed);
        assert_int_equal(g.changed.conv.v, GROUP);
        assert_int_equal(g.changed.version.v, 2);
    }
    assert_int_equal(join(STRANGER2, "once"), RC_NOT_FOUND);
    assert_int_equal(invites(), 0);
    assert_int_equal(place(STRANGER).role, ROLE_MEMBER);
    assert_int_equal(invite(OWNER, "more", now_ms() + HOUR_MS, 2), RC_OK);
    assert_int_equal(join(MEMBER, "more"), RC_OK); /* is there, costs nothing */
    assert_false(g.changed.changed);
    assert_int_equal(invites(), 1);
    assert_int_equal(g.invites[0].uses, 0);
    last = g.invites[0].id;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(GOT(&g, done, invite_revoke, conv(GROUP), user(ADMIN2),
                             ROLE_ADMIN, last),
                         RC_OK);
    }
    assert_int_equal(join(STRANGER2, "more"), RC_NOT_FOUND);
    assert_int_equal(GOT(&g, done, invite_revoke, conv(GROUP), user(ADMIN2),
                         ROLE_ADMIN, (struct invite_id){1}),
                     RC_NOT_FOUND);
}

/* Who was removed stays out, until he is added. */
static void test_barred(void **state) {
    (void)state;
    assert_int_equal(invite(ADMIN, "in", now_ms() + HOUR_MS, 9), RC_OK);
    assert_int_equal(
        GOT(&g, changed, member_remove, conv(GROUP), user(OWNER), user(MEMBER)),
        RC_OK);
    assert_int_equal(join(MEMBER, "in"), RC_DENIED);
    assert_int_equal(
        GOT(&g, changed, member_add, conv(GROUP), user(ADMIN), user(MEMBER)),
        RC_OK);
    assert_int_equal(GOT(&g, changed, member_remove, conv(GROUP), user(MEMBER),
                         user(MEMBER)),
                     RC_OK);
    assert_int_equal(join(MEMBER, "in"), RC_OK);
}

/* Ten want the last two places of an invite at once. */
static void test_join_race(void **state) {
    struct got in[10] = {0};
    size_t ok = 0;

    (void)state;
    assert_int_equal(invite(OWNER, "two", now_ms() + HOUR_MS, 2), RC_OK);
    for (size_t i = 0; i < COUNT_OF(in); i++) {
        struct directory *d = i % 2 == 0 ? dir : other;

        d->ops->group_join(d, SLICE_LIT("two"), user(20 + i), on_got_changed,
                           &in[i]);
    }
    for (size_t i = 0; i < COUNT_OF(in); i++) {
        ok += got_wait(&in[i]) == RC_OK;
    }
    assert_int_equal(ok, 2);
    assert_int_equal(GOT(&g, conv, conv_load, conv(GROUP)), RC_OK);
    assert_int_equal(g.conv.member_count, 7);
}

static void test_invites_limit(void **state) {
    char hash[16];

    (void)state;
    for (int i = 0; i < GROUP_MAX_INVITES; i++) {
        (void)snprintf(hash, sizeof(hash), "h%d", i);
        assert_int_equal(invite(OWNER, hash, now_ms() + HOUR_MS, 1), RC_OK);
    }
    assert_int_equal(invite(OWNER, "last", now_ms() + HOUR_MS, 1), RC_LIMIT);
    assert_int_equal(join(STRANGER, "h7"), RC_OK);
    assert_int_equal(invite(OWNER, "last", now_ms() + HOUR_MS, 1), RC_OK);
}

static enum rc go(bool in, uint64_t actor, uint64_t who) {
    return in ? GOT(&g, changed, member_add, conv(GROUP), user(actor),
                    user(who))
              : GOT(&g, changed, member_remove, conv(GROUP), user(actor),
                    user(who));
}

static enum rc bound(uint64_t who, uint64_t seq, bool joined) {
    return GOT(&g, done, member_bound, conv(GROUP), user(who),
               (struct msg_seq){seq}, joined);
}

static bool is_half_done(uint64_t who) {
    assert_int_equal(GOT(&g, changed, member_again, conv(GROUP), user(who)),
                     RC_OK);
    return g.changed.changed;
}

/* Anybody may ask for one, and hears who began it. */
static void test_half_done(void **state) {
    (void)state;
    assert_false(is_half_done(MEMBER));
    assert_int_equal(go(true, OWNER, STRANGER), RC_OK);
    assert_int_equal(go(true, ADMIN, STRANGER), RC_OK);
    assert_int_equal(g.changed.by.v, OWNER);
    assert_int_equal(go(false, OWNER, MEMBER2), RC_OK);
    assert_true(is_half_done(STRANGER) && g.changed.joined);
    assert_true(g.changed.version.v == 2 && g.changed.by.v == OWNER);
    assert_int_equal(bound(STRANGER, 9, false), RC_OK); /* late */
    assert_true(is_half_done(STRANGER));
    assert_int_equal(bound(STRANGER, 10, true), RC_OK);
    assert_false(is_half_done(STRANGER));
    assert_int_equal(go(false, STRANGER, STRANGER), RC_OK);
    assert_int_equal(go(false, ADMIN, STRANGER), RC_OK);
    assert_true(is_half_done(STRANGER) && !g.changed.joined);
    assert_true(g.changed.by.v == STRANGER && g.changed.owner.v == OWNER);
    assert_int_equal(bound(STRANGER, 20, false), RC_OK);
    assert_false(is_half_done(STRANGER));
    assert_int_equal(invite(OWNER, "half", now_ms() + HOUR_MS, 1), RC_OK);
    assert_int_equal(join(STRANGER2, "half"), RC_OK);
    assert_true(is_half_done(STRANGER2) && g.changed.by.v == STRANGER2);
}

/* ---- erasing a user ---- */

static void on_got_erased(void *ctx, enum rc rc, const struct erased *out) {
    struct got *got = ctx;

    got_rc(got, rc);
    if (rc == RC_OK) {
        got->count = out->friends + 10 * out->blocks + 100 * out->invites;
    }
}

static size_t entries(uint64_t who) {
    assert_int_equal(
        GOT(&g, entries, entries_after, user(who), 0, (size_t)GOT_ROWS_MAX),
        RC_OK);
    return g.count;
}

/* Nothing of him is left but his id, in the rows of others. */
static void test_user_erase(void **state) {
    struct user_settings to = {.seen = CIRCLE_NOBODY};
    struct slice none = {0};

    (void)state;
    assert_int_equal(GOT(&g, done, settings_set, user(OWNER), to), RC_OK);
    assert_int_equal(
        GOT(&g, done, profile_set, user(OWNER), none, none, SLICE_LIT("a.png")),
        RC_OK);
    assert_true(entries(OWNER) > 0);
    pg_env_sql(&env, "DELETE FROM friends; DELETE FROM blocks");
    assert_int_equal(invite(OWNER, "his", now_ms() + HOUR_MS, 1), RC_OK);
    assert_int_equal(GOT(&g, friend, friend_ask, user(OWNER), user(STRANGER)),
                     RC_OK);
    assert_int_equal(GOT(&g, block, block, user(OWNER), user(STRANGER2)),
                     RC_OK);
    assert_int_equal(GOT(&g, block, block, user(MEMBER2), user(OWNER)), RC_OK);
    assert_int_equal(GOT(&g, device, device_create, user(OWNER),
                         (struct device_id){70}, SLICE_LIT("phone")),
                     RC_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(GOT(&g, devices, user_close, user(OWNER)), RC_OK);
        assert_int_equal(g.count, 1);
        assert_true(g.devices[0].revoked_us > 0);
    }
    assert_int_equal(GOT(&g, erased, user_erase, user(OWNER)), RC_OK);
    assert_int_equal(g.count, 121);
    assert_int_equal(GOT(&g, erased, user_erase, user(OWNER)), RC_OK);
    assert_int_equal(g.count, 0);
    assert_int_equal(GOT(&g, erased, user_erase, user(5555)), RC_NOT_FOUND);
    assert_int_equal(GOT(&g, user, user_by_name, SLICE_LIT("u1")),
                     RC_NOT_FOUND);
    assert_int_equal(GOT(&g, user, user_by_id, user(OWNER)), RC_OK);
    assert_string_equal(g.text[0], "erased");
    assert_string_equal(g.more[0], "");
    assert_string_equal(g.hash, "");
    assert_int_equal(entries(OWNER), 0);
    assert_int_equal(g.lists, 0);
    assert_int_equal(join(STRANGER, "his"), RC_NOT_FOUND);
    pg_env_sql(&env, "DELETE FROM devices; UPDATE users SET name = 'u1', "
                     "name_key = 'u1' WHERE id = 1");
}

/* Who wants to be added by nobody still joins where he likes. */
static void test_join_unreached(void **state) {
    struct user_settings to = {.reach = CIRCLE_NOBODY};

    (void)state;
    assert_int_equal(GOT(&g, done, settings_set, user(STRANGER), to), RC_OK);
    assert_int_equal(invite(ADMIN, "reach", now_ms() + HOUR_MS, 1), RC_OK);
    assert_int_equal(
        GOT(&g, changed, member_add, conv(GROUP), user(OWNER), user(STRANGER)),
        RC_DENIED);
    assert_int_equal(GOT(&g, changed, member_add, conv(GROUP), user(STRANGER2),
                         user(STRANGER)),
                     RC_NOT_FOUND);
    assert_int_equal(join(STRANGER, "reach"), RC_OK);
    assert_int_equal(
        GOT(&g, changed, member_add, conv(GROUP), user(OWNER), user(STRANGER)),
        RC_OK); /* he is in it already */
    to.reach = CIRCLE_ANYBODY;
    assert_int_equal(GOT(&g, done, settings_set, user(STRANGER), to), RC_OK);
}

static void test_convs_after(void **state) {
    (void)state;
    assert_int_equal(GOT(&g, convs, convs_after, user(OWNER), conv(0), 1),
                     RC_OK);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.convs[0].id.v, GROUP);
    assert_int_equal(GOT(&g, convs, convs_after, user(OWNER), conv(GROUP), 9),
                     RC_OK);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.convs[0].id.v, DIRECT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_roles, setup),
        cmocka_unit_test_setup(test_title_and_mute, setup),
        cmocka_unit_test_setup(test_half_done, setup),
        cmocka_unit_test_setup(test_logged, setup),
        cmocka_unit_test_setup(test_members, setup),
        cmocka_unit_test_setup(test_invite, setup),
        cmocka_unit_test_setup(test_barred, setup),
        cmocka_unit_test_setup(test_join_race, setup),
        cmocka_unit_test_setup(test_join_unreached, setup),
        cmocka_unit_test_setup(test_invites_limit, setup),
        cmocka_unit_test_setup(test_convs_after, setup),
        cmocka_unit_test_setup(test_user_erase, setup),
    };
    int failed;

    dir_env_open();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    dir_env_close();
    return failed;
}
