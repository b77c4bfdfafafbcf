/* The people who are online, of one partition: through which leases. */
#include "presence/people.h"

#include "tests/unit/assert_row.h"

static struct people p;
static struct stand a = {.slot = 1, .round = 1};
static struct stand b = {.slot = 2, .round = 1};
static struct stand c = {.slot = 3, .round = 1};

static int setup(void **state) {
    (void)state;
    people_init(&p);
    a = (struct stand){.slot = 1, .round = 1};
    b = (struct stand){.slot = 2, .round = 1};
    c = (struct stand){.slot = 3, .round = 1};
    return 0;
}

static int teardown(void **state) {
    (void)state;
    people_fini(&p);
    return 0;
}

static bool set(struct stand *at, uint64_t user, uint16_t sessions,
                uint64_t now_ms) {
    struct presence_item item = {.user = {user}, .sessions = sessions};

    return people_set(&p, at, item, now_ms, now_ms + 1000);
}

static size_t count(uint64_t user) {
    const struct person *who = people_find(&p, (struct user_id){user});

    return who == NULL ? 0 : who->count;
}

/* New is who was not here; the time is that of the first coming. */
static void test_come(void **state) {
    (void)state;
    assert_null(people_find(&p, (struct user_id){7}));
    assert_true(set(&a, 7, 1, 10));
    assert_false(set(&a, 7, 2, 20));
    assert_false(set(&b, 7, 1, 30));
    assert_int_equal(people_find(&p, (struct user_id){7})->since_ms, 1010);
    assert_int_equal(count(7), 2);
    assert_int_equal(a.places, 1);
    assert_int_equal(b.places, 1);
    assert_false(set(&a, 8, 0, 40)); /* nobody leaves */
    assert_null(people_find(&p, (struct user_id){8}));
    assert_null(people_leaving(&p));
}

/* One place, many, and back: whichever goes first, the others stay. */
static void test_places(void **state) {
    struct stand *const stands[] = {&a, &b, &c};

    (void)state;
    for (size_t first = 0; first < 3; first++) {
        for (size_t i = 0; i < 3; i++) {
            (void)set(stands[i], 7, (uint16_t)(i + 1), 10);
        }
        assert_int_equal(count(7), 3);
        for (size_t i = 0; i < 3; i++) {
            (void)set(stands[(first + i) % 3], 7, 0, 20 + i);
            (void)set(stands[(first + i) % 3], 7, 0, 90); /* twice is once */
            assert_int_equal(count(7), 2 - i);
        }
        assert_int_equal(a.places + b.places + c.places, 0);
        assert_int_equal(a.current + b.current + c.current, 0);
        assert_int_equal(people_leaving(&p)->gone_ms, 22);
        people_forget(&p, people_leaving(&p));
    }
    assert_int_equal(p.users.count, 0);
}

/* Who has gone waits, the longest first; who is back does not. */
static void test_leaving(void **state) {
    (void)state;
    for (uint64_t user = 1; user <= 3; user++) {
        (void)set(&a, user, 1, user);
    }
    for (uint64_t user = 1; user <= 3; user++) {
        (void)set(&a, user, 0, 10 + user);
    }
    assert_int_equal(people_leaving(&p)->user.v, 1);
    assert_false(set(&b, 1, 1, 20)); /* not new: the grace */
    assert_int_equal(people_leaving(&p)->user.v, 2);
    people_forget(&p, people_leaving(&p));
    assert_null(people_find(&p, (struct user_id){2}));
    assert_int_equal(people_leaving(&p)->user.v, 3);
    people_forget(&p, people_leaving(&p));
    assert_null(people_leaving(&p));
    assert_int_equal(count(1), 1);
    assert_true(set(&a, 2, 1, 30)); /* forgotten, so new */
}

/* A snapshot: who was not mentioned in this round has gone from this lease,
 * and from no other. */
static void test_sweep(void **state) {
    (void)state;
    for (uint64_t user = 1; user <= 50; user++) {
        (void)set(&a, user, 1, 10);
        (void)set(&b, user, 1, 10);
    }
    (void)set(&b, 50, 0, 11);
    a.round = 2;
    a.current = 0;
    for (uint64_t user = 1; user <= 10; user++) {
        (void)set(&a, user, 2, 20);
    }
    assert_int_equal(a.current, 10);
    (void)set(&a, 11, 0, 20); /* of the old round */
    assert_int_equal(a.current, 10);
    people_sweep(&p, &a, 30);
    assert_int_equal(a.places, 10);
    assert_int_equal(b.places, 49);
    assert_int_equal(count(10), 2);
    assert_int_equal(count(11), 1);
    assert_int_equal(count(50), 0);
    assert_int_equal(people_leaving(&p)->user.v, 50);
    assert_int_equal(people_leaving(&p)->gone_ms, 30);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_come, setup, teardown),
        cmocka_unit_test_setup_teardown(test_places, setup, teardown),
        cmocka_unit_test_setup_teardown(test_leaving, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sweep, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
