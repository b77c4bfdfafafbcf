/* Changes of members against a real PostgreSQL: who may, what it does, what
 * an ex-member may still read, and two changes at once. */
#include "tests/unit/assert_row.h"

#include "proto/base/mem.h"
#include "tests/integration/dir_env.h"

enum {
    OWNER = 1,
    ADMIN = 2,
    ADMIN2 = 3,
    MEMBER = 4,
    MEMBER2 = 5,
    STRANGER = 6,
    NOBODY = 5555, /* no such user */
    GROUP = 800,
    DIRECT = 801,
    WIDE = 802,
    NO_CONV = 803,
};

static struct got g;

static enum rc add(uint64_t where, uint64_t actor, uint64_t who) {
    return GOT(&g, changed, member_add, conv(where), user(actor), user(who));
}

static enum rc take_out(uint64_t where, uint64_t actor, uint64_t who) {
    return GOT(&g, changed, member_remove, conv(where), user(actor), user(who));
}

static enum rc bound(uint64_t where, uint64_t who, uint64_t seq, bool joined) {
    return GOT(&g, done, member_bound, conv(where), user(who),
               (struct msg_seq){seq}, joined);
}

/* The place of one user as a reader sees it. */
static struct member_row place(uint64_t where, uint64_t who) {
    struct user_id id = user(who);

    assert_int_equal(GOT(&g, members, members_of, conv(where), &id, 1), RC_OK);
    assert_int_equal(g.count, 1);
    assert_int_equal(g.members[0].user.v, who);
    return g.members[0];
}

/* The group as every test finds it: an owner, two admins, two members. */
static int setup(void **state) {
    static const struct user_id members[] = {
        {ADMIN}, {ADMIN2}, {MEMBER}, {MEMBER2}};

    (void)state;
    pg_env_sql(&env, "DELETE FROM unlogged_changes; DELETE FROM members; "
                     "DELETE FROM conversations");
    assert_int_equal(GOT(&g, conv, group_create, conv(GROUP), user(OWNER),
                         SLICE_LIT("t"), members, COUNT_OF(members)),
                     RC_OK);
    pg_env_sql(&env, "UPDATE members SET role = 2 WHERE user_id IN (2, 3)");
    /* ADMIN2 has been there longest, whatever his id. */
    pg_env_sql(&env, "UPDATE members SET joined_at = joined_at - "
                     "interval '1 day' WHERE user_id = 3");
    assert_int_equal(
        GOT(&g, conv, direct_open, user(OWNER), user(MEMBER), conv(DIRECT)),
        RC_OK);
    return 0;
}

static void test_add(void **state) {
    static const struct {
        const char *name;
        uint64_t where;
        uint64_t actor;
        uint64_t who;
        enum rc want;
        bool changed;
    } rows[] = {
        {"an owner adds", GROUP, OWNER, STRANGER, RC_OK, true},
        {"an admin adds", GROUP, ADMIN, STRANGER, RC_OK, true},
        {"a member may not", GROUP, MEMBER, STRANGER, RC_DENIED, false},
        {"a stranger", GROUP, STRANGER, STRANGER, RC_NOT_FOUND, false},
        {"a user who is not", GROUP, NOBODY, STRANGER, RC_NOT_FOUND, false},
        {"adds a user who is not", GROUP, OWNER, NOBODY, RC_NOT_FOUND, false},
        {"one who is there", GROUP, OWNER, MEMBER, RC_OK, false},
        {"oneself", GROUP, OWNER, OWNER, RC_OK, false},
        {"no third one", DIRECT, OWNER, STRANGER, RC_DENIED, false},
        {"no conversation", NO_CONV, OWNER, STRANGER, RC_NOT_FOUND, false},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        setup(state);
        assert_row(rows[i].name, add(rows[i].where, rows[i].actor,
                                     rows[i].who) == rows[i].want);
        if (g.rc == RC_OK) {
            uint64_t more = rows[i].changed ? 1 : 0;

            assert_row(rows[i].name, g.changed.changed == rows[i].changed);
            assert_row(rows[i].name, g.changed.version.v == 1 + more);
            assert_row(rows[i].name, g.changed.member_count == 5 + more);
            assert_row(rows[i].name, g.changed.kind == CONV_GROUP);
        }
    }
}

static void test_remove(void **state) {
    static const struct {
        const char *name;
        uint64_t where;
        uint64_t actor;
        uint64_t who;
        enum rc want;
        bool changed;
    } rows[] = {
        {"an owner removes an admin", GROUP, OWNER, ADMIN, RC_OK, true},
        {"an admin removes a member", GROUP, ADMIN, MEMBER, RC_OK, true},
        {"not an equal", GROUP, ADMIN, ADMIN2, RC_DENIED, false},
        {"not one above", GROUP, ADMIN, OWNER, RC_DENIED, false},
        {"a member may not", GROUP, MEMBER, MEMBER2, RC_DENIED, false},
        {"a member leaves", GROUP, MEMBER, MEMBER, RC_OK, true},
        {"an owner leaves", GROUP, OWNER, OWNER, RC_OK, true},
        {"one who never was there", GROUP, OWNER, STRANGER, RC_OK, false},
        {"a stranger", GROUP, STRANGER, MEMBER, RC_NOT_FOUND, false},
        {"a stranger leaves", GROUP, STRANGER, STRANGER, RC_NOT_FOUND, false},
        {"nobody leaves a direct one", DIRECT, OWNER, OWNER, RC_DENIED, false},
        {"no conversation", NO_CONV, OWNER, OWNER, RC_NOT_FOUND, false},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        setup(state);
        assert_row(rows[i].name, take_out(rows[i].where, rows[i].actor,
                                          rows[i].who) == rows[i].want);
        if (g.rc == RC_OK) {
            uint64_t more = rows[i].changed ? 1 : 0;

            assert_row(rows[i].name, g.changed.changed == rows[i].changed);
            assert_row(rows[i].name, g.changed.version.v == 1 + more);
            assert_row(rows[i].name, g.changed.member_count == 5 - more);
        }
    }
}

static void test_heir(void **state) {
    (void)state;
    assert_int_equal(take_out(GROUP, OWNER, OWNER), RC_OK);
    assert_int_equal(place(GROUP, ADMIN2).role, ROLE_OWNER);
    assert_int_equal(place(GROUP, ADMIN).role, ROLE_ADMIN);
    assert_int_equal(take_out(GROUP, ADMIN2, ADMIN), RC_OK);
    assert_int_equal(take_out(GROUP, ADMIN2, ADMIN2), RC_OK);
    assert_int_equal(place(GROUP, MEMBER).role, ROLE_OWNER);
    assert_int_equal(take_out(GROUP, MEMBER, MEMBER), RC_OK);
    assert_int_equal(take_out(GROUP, MEMBER2, MEMBER2), RC_OK);
    assert_int_equal(g.changed.member_count, 0);
    assert_int_equal(GOT(&g, conv, conv_load, conv(GROUP)), RC_OK);
    assert_int_equal(g.count, 0);
    assert_int_equal(add(GROUP, OWNER, OWNER), RC_NOT_FOUND);
}

/* A change counts as not complete, call after call, until it is bound. */
static void test_bound(void **state) {
    struct member_row m;

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(add(GROUP, OWNER, STRANGER), RC_OK);
        assert_true(g.changed.changed);
        assert_int_equal(g.changed.version.v, 2);
    }
    m = place(GROUP, STRANGER);
    assert_int_equal(m.role, ROLE_MEMBER);
    assert_int_equal(m.from.v, 0);
    assert_int_equal(bound(GROUP, STRANGER, 10, true), RC_OK);
    assert_int_equal(bound(GROUP, STRANGER, 11, true), RC_OK); /* once */
    assert_int_equal(add(GROUP, OWNER, STRANGER), RC_OK);
    assert_false(g.changed.changed);
    assert_int_equal(place(GROUP, STRANGER).from.v, 10);
    assert_int_equal(bound(GROUP, NOBODY, 10, true), RC_NOT_FOUND);

    for (int i = 0; i < 2; i++) {
        assert_int_equal(take_out(GROUP, ADMIN, STRANGER), RC_OK);
        assert_true(g.changed.changed);
        assert_int_equal(g.changed.version.v, 3);
        m = place(GROUP, STRANGER); /* nothing until the end is known */
        assert_int_equal(m.role, ROLE_NONE);
        assert_int_equal(m.from.v, 0);
    }
    assert_int_equal(GOT(&g, convs, convs_of, user(STRANGER)), RC_OK);
    assert_int_equal(g.convs[0].me.role, ROLE_NONE);
    assert_int_equal(g.convs[0].me.from.v, 0);
    assert_int_equal(bound(GROUP, STRANGER, 20, false), RC_OK);
    assert_int_equal(take_out(GROUP, ADMIN, STRANGER), RC_OK);
    assert_false(g.changed.changed);
    m = place(GROUP, STRANGER);
    assert_int_equal(m.from.v, 10);
    assert_int_equal(m.until.v, 20);
    /* Somebody who left may hear again that he did. */
    assert_int_equal(take_out(GROUP, STRANGER, STRANGER), RC_OK);
    assert_false(g.changed.changed);
}

/* Asked again after others have changed, a change has its own version. */
static void test_again_after_others(void **state) {
    (void)state;
    assert_int_equal(add(GROUP, OWNER, STRANGER), RC_OK);
    assert_int_equal(take_out(GROUP, OWNER, MEMBER), RC_OK);
    assert_int_equal(g.changed.version.v, 3);
    assert_int_equal(add(GROUP, ADMIN, STRANGER), RC_OK);
    assert_true(g.changed.changed);
    assert_int_equal(g.changed.version.v, 2);
    assert_int_equal(bound(GROUP, STRANGER, 10, true), RC_OK);
    assert_int_equal(add(GROUP, OWNER, STRANGER), RC_OK);
    assert_int_equal(g.changed.version.v, 3);
    assert_int_equal(take_out(GROUP, STRANGER, STRANGER), RC_OK);
    assert_int_equal(take_out(GROUP, ADMIN, MEMBER), RC_OK);
    assert_true(g.changed.changed);
    assert_int_equal(g.changed.version.v, 3);
    assert_int_equal(take_out(GROUP, OWNER, STRANGER), RC_OK);
    assert_int_equal(g.changed.version.v, 4);
}

static void test_come_back(void **state) {
    struct member_row m;

    (void)state;
    assert_int_equal(take_out(GROUP, OWNER, MEMBER), RC_OK);
    assert_int_equal(bound(GROUP, MEMBER, 20, false), RC_OK);
    assert_int_equal(add(GROUP, OWNER, MEMBER), RC_OK);
    assert_true(g.changed.changed);
    /* The end of the first time comes once more, late. */
    assert_int_equal(bound(GROUP, MEMBER, 20, false), RC_OK);
    assert_int_equal(add(GROUP, OWNER, MEMBER), RC_OK);
    assert_true(g.changed.changed);
    assert_int_equal(bound(GROUP, MEMBER, 30, true), RC_OK);
    m = place(GROUP, MEMBER);
    assert_int_equal(m.role, ROLE_MEMBER);
    assert_int_equal(m.from.v, 1);
    assert_int_equal(m.until.v, 0);
    assert_int_equal(take_out(GROUP, OWNER, MEMBER), RC_OK);
    assert_int_equal(bound(GROUP, MEMBER, 40, false), RC_OK);
    assert_int_equal(bound(GROUP, MEMBER, 20, false), RC_OK); /* later still */
    assert_int_equal(place(GROUP, MEMBER).until.v, 40);
}

/* He leaves after `last` and is back with `first`; both are written down. */
static void away(uint64_t last, uint64_t first) {
    assert_int_equal(take_out(GROUP, OWNER, MEMBER), RC_OK);
    assert_int_equal(bound(GROUP, MEMBER, last, false), RC_OK);
    assert_int_equal(add(GROUP, OWNER, MEMBER), RC_OK);
    assert_int_equal(bound(GROUP, MEMBER, first, true), RC_OK);
}

/* The same by each of the ways to ask. */
static void check_gaps(size_t count, uint64_t from, uint64_t first,
                       uint64_t open) {
    struct member_row rows[3];

    rows[0] = place(GROUP, MEMBER);
    assert_int_equal(GOT(&g, conv, conv_load, conv(GROUP)), RC_OK);
    for (size_t i = 0; i < g.count; i++) {
        if (g.members[i].user.v == MEMBER) {
            rows[1] = g.members[i];
        }
    }
    assert_int_equal(GOT(&g, convs, convs_of, user(MEMBER)), RC_OK);
    rows[2] = g.convs[g.convs[0].id.v == GROUP ? 0 : 1].me;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(rows[i].gap_count, count);
        assert_int_equal(rows[i].from.v, from);
        assert_int_equal(rows[i].away.v, open);
        assert_true(count == 0 || rows[i].gaps[0].first.v == first);
    }
}

/* What he may not read: every absence, the oldest is given up first. */
static void test_gaps(void **state) {
    (void)state;
    check_gaps(0, 1, 0, 0);
    away(10, 20);
    check_gaps(1, 1, 11, 0);
    assert_int_equal(g.rc, RC_OK);
    assert_int_equal(place(GROUP, MEMBER).gaps[0].last.v, 19);
    away(30, 31); /* nothing was said meanwhile */
    check_gaps(1, 1, 11, 0);
    for (uint64_t i = 4; i <= 6; i++) {
        away(10 * i, 10 * i + 5);
    }
    check_gaps(MEMBER_GAPS_MAX, 1, 11, 0);
    away(70, 75);
    check_gaps(MEMBER_GAPS_MAX, 20, 41, 0);
}

/* As long as it is not written since when he is back, and when nobody knows
 * when he went. */
static void test_coming_back(void **state) {
    (void)state;
    assert_int_equal(take_out(GROUP, OWNER, MEMBER), RC_OK);
    assert_int_equal(bound(GROUP, MEMBER, 10, false), RC_OK);
    assert_int_equal(add(GROUP, OWNER, MEMBER), RC_OK);
    check_gaps(0, 1, 0, 11);
    assert_int_equal(bound(GROUP, MEMBER, 10, false), RC_OK); /* late */
    check_gaps(0, 1, 0, 11);
    /* Out again before that. */
    assert_int_equal(take_out(GROUP, OWNER, MEMBER), RC_OK);
    assert_int_equal(bound(GROUP, MEMBER, 30, false), RC_OK);
    assert_int_equal(place(GROUP, MEMBER).away.v, 11);
    assert_int_equal(add(GROUP, OWNER, MEMBER), RC_OK);
    assert_int_equal(bound(GROUP, MEMBER, 40, true), RC_OK);
    check_gaps(1, 1, 11, 0);
    assert_int_equal(take_out(GROUP, OWNER, MEMBER), RC_OK);
    assert_int_equal(add(GROUP, OWNER, MEMBER), RC_OK);
    check_gaps(1, 1, 11, 1);
}

static void test_members_of(void **state) {
    static const struct user_id ids[] = {
        {MEMBER}, {NOBODY}, {OWNER}, {STRANGER}, {MEMBER}};
    static const enum role roles[] = {ROLE_MEMBER, ROLE_NONE, ROLE_OWNER,
                                      ROLE_NONE, ROLE_MEMBER};

    (void)state;
    assert_int_equal(GOT(&g, members, members_of, conv(GROUP), ids, 5), RC_OK);
    assert_int_equal(g.count, 5);
    assert_int_equal(g.version.v, 1);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(g.members[i].user.v, ids[i].v);
        assert_int_equal(g.members[i].role, roles[i]);
        assert_int_equal(g.members[i].from.v, roles[i] == ROLE_NONE ? 0 : 1);
    }
    assert_int_equal(GOT(&g, members, members_of, conv(GROUP), ids, 0), RC_OK);
    assert_int_equal(g.count, 0);
    assert_int_equal(g.version.v, 1);
    assert_int_equal(GOT(&g, members, members_of, conv(NO_CONV), ids, 1),
                     RC_NOT_FOUND);
}

/* Wide when the 17th joins, and for ever. */
static void test_grows_wide(void **state) {
    (void)state;
    for (uint64_t v = 6; v <= NARROW_MAX_MEMBERS; v++) {
        assert_int_equal(add(GROUP, OWNER, v), RC_OK);
        assert_false(g.changed.wide);
    }
    assert_int_equal(GOT(&g, conv, conv_load, conv(GROUP)), RC_OK);
    assert_int_equal(g.count, NARROW_MAX_MEMBERS);
    assert_int_equal(GOT(&g, convs, wide_convs_of, user(OWNER)), RC_OK);
    assert_int_equal(g.count, 0);
    assert_int_equal(add(GROUP, OWNER, NARROW_MAX_MEMBERS + 1), RC_OK);
    assert_true(g.changed.wide);
    assert_int_equal(take_out(GROUP, OWNER, NARROW_MAX_MEMBERS + 1), RC_OK);
    assert_true(g.changed.wide);
    assert_int_equal(GOT(&g, conv, conv_load, conv(GROUP)), RC_OK);
    assert_true(g.conv.wide);
    assert_int_equal(g.conv.member_count, NARROW_MAX_MEMBERS);
    assert_int_equal(g.count, NARROW_MAX_MEMBERS);
    assert_int_equal(GOT(&g, convs, wide_convs_of, user(OWNER)), RC_OK);
    assert_int_equal(g.count, 1);
    assert_int_equal(
        GOT(&g, convs, wide_convs_of, user(NARROW_MAX_MEMBERS + 1)), RC_OK);
    assert_int_equal(g.count, 0); /* was in it */
}

/* As after the death of a gateway: each is answered once, with what is his,
 * and also when the directory is closed before it has asked for all. */
static void test_wide_of_many(void **state) {
    enum {
        MANY = 450,
        USERS = 99,
    };
    struct got *all = mem_new_array(MANY, sizeof(*all));
    struct directory *d = dir_open();
    size_t wide = 0;

    (void)state;
    for (uint64_t i = 0; i < MANY; i++) {
        dir->ops->wide_convs_of(dir, user(1 + i % USERS), on_got_convs,
                                &all[i]);
    }
    for (uint64_t i = 0; i < MANY; i++) {
        assert_int_equal(got_wait(&all[i]), RC_OK);
        assert_true(all[i].count <= 1);
        assert_true(all[i].count == 0 ||
                    all[i].convs[0].me.user.v == 1 + i % USERS);
        wide += i < USERS ? all[i].count : 0;
        assert_int_equal(all[i].count, all[i % USERS].count);
    }
    assert_int_equal(wide, NARROW_MAX_MEMBERS);
    memset(all, 0, MANY * sizeof(*all));
    for (uint64_t i = 0; i < MANY; i++) {
        d->ops->wide_convs_of(d, user(1 + i % USERS), on_got_convs, &all[i]);
    }
    directory_pg_close(&d);
    for (uint64_t i = 0; i < MANY; i++) {
        assert_true(all[i].done);
        assert_int_equal(all[i].rc, RC_BACKEND);
    }
    mem_free(all);
}

/* Two gateways change members at once: every change has its own version, and
 * the count is right. */
static void test_changes_race(void **state) {
    struct got in[40] = {0};
    struct got same[40] = {0};
    uint64_t versions = 0;
    size_t changes = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(in); i++) {
        dir->ops->member_add(dir, conv(GROUP), user(OWNER), user(10 + i),
                             on_got_changed, &in[i]);
        other->ops->member_add(other, conv(GROUP), user(ADMIN), user(10 + i),
                               on_got_changed, &same[i]);
    }
    for (size_t i = 0; i < COUNT_OF(in); i++) {
        assert_int_equal(got_wait(&in[i]), RC_OK);
        assert_int_equal(got_wait(&same[i]), RC_OK);
        assert_true(in[i].changed.version.v >= 2);
        versions |= (uint64_t)1
                    << (in[i].changed.version.v < same[i].changed.version.v
                            ? in[i].changed.version.v
                            : same[i].changed.version.v);
    }
    for (uint64_t v = 2; v < 2 + COUNT_OF(in); v++) {
        changes += (versions >> v) & 1;
    }
    assert_int_equal(changes, COUNT_OF(in));
    assert_int_equal(GOT(&g, conv, conv_load, conv(GROUP)), RC_OK);
    assert_int_equal(g.conv.member_count, 5 + COUNT_OF(in));
    assert_int_equal(g.conv.version.v, 1 + COUNT_OF(in));
}

/* An admin adds while the owner takes his place away: whichever is first, the
 * rights that count are those of that moment. */
static void test_rights_race(void **state) {
    for (uint64_t round = 0; round < 20; round++) {
        struct got out = {0};
        struct got in = {0};
        bool added_first;

        setup(state);
        dir->ops->member_remove(dir, conv(GROUP), user(OWNER), user(ADMIN),
                                on_got_changed, &out);
        other->ops->member_add(other, conv(GROUP), user(ADMIN), user(STRANGER),
                               on_got_changed, &in);
        assert_int_equal(got_wait(&out), RC_OK);
        (void)got_wait(&in);
        added_first = in.rc == RC_OK && in.changed.version.v == 2;
        assert_true(added_first || in.rc == RC_NOT_FOUND);
        assert_int_equal(out.changed.version.v, added_first ? 3 : 2);
        assert_int_equal(out.changed.member_count, added_first ? 5 : 4);
        assert_int_equal(place(GROUP, STRANGER).role,
                         added_first ? ROLE_MEMBER : ROLE_NONE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_remove),
        cmocka_unit_test_setup(test_heir, setup),
        cmocka_unit_test_setup(test_bound, setup),
        cmocka_unit_test_setup(test_again_after_others, setup),
        cmocka_unit_test_setup(test_come_back, setup),
        cmocka_unit_test_setup(test_gaps, setup),
        cmocka_unit_test_setup(test_coming_back, setup),
        cmocka_unit_test_setup(test_members_of, setup),
        cmocka_unit_test_setup(test_grows_wide, setup),
        cmocka_unit_test(test_wide_of_many), /* the group of the one before */
        cmocka_unit_test_setup(test_changes_race, setup),
        cmocka_unit_test(test_rights_race),
    };
    int failed;

    dir_env_open();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    dir_env_close();
    return failed;
}
