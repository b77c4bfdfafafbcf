/* Taking turns: the share of a turn, the order, who goes on before others. */
#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "proto/net/pace.h"

enum {
    SHARE_US = 100,
    CROWD = 2 * PACE_CALLED_MAX + 10,
};

/* Somebody who comes. Is let in as soon as he may, and takes `us`. */
struct comer {
    struct pace_place place;
    unsigned calls;
};

static void on_call(struct pace_place *me) {
    CONTAINER_OF(me, struct comer, place)->calls++;
}

static void come(struct comer *all, size_t count) {
    for (size_t i = 0; i < count; i++) {
        all[i].calls = 0;
        pace_place_init(&all[i].place, on_call);
    }
}

static bool enter(struct pace *p, struct comer *c, uint64_t us) {
    bool in = pace_enter(p, &c->place);

    if (in) {
        pace_spend(p, us);
    }
    return in;
}

/* The share is a bound for who begins, not for what is begun. */
static void test_share(void **state) {
    static const struct {
        const char *name;
        uint64_t us;     /* each takes */
        unsigned let_in; /* of five */
    } rows[] = {
        {"all of them", 10, 5},
        {"just all of them", 24, 5},
        {"some", 40, 3},
        {"up to the share", 50, 2},
        {"one that takes it all", 100, 1},
        {"one that takes more", 5000, 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct comer all[5];
        struct pace p;
        unsigned in = 0;

        pace_init(&p, SHARE_US);
        come(all, COUNT_OF(all));
        for (size_t k = 0; k < COUNT_OF(all); k++) {
            in += enter(&p, &all[k], rows[i].us);
        }
        assert_row(rows[i].name, in == rows[i].let_in);
        assert_row(rows[i].name, p.count == COUNT_OF(all) - in);
        for (size_t k = 0; k < COUNT_OF(all); k++) {
            pace_leave(&p, &all[k].place);
        }
        assert_row(rows[i].name, p.count == 0 && list_empty(&p.line));
    }
}

/* Each turn one gets in, in the order in which they came, whatever the order
 * in which those who were called try again. */
static void test_order(void **state) {
    struct comer all[CROWD];
    struct pace p;

    (void)state;
    pace_init(&p, SHARE_US);
    come(all, CROWD);
    for (size_t i = 0; i < CROWD; i++) {
        assert_int_equal(enter(&p, &all[i], SHARE_US), i == 0);
    }
    for (size_t first = 1; first < CROWD; first++) {
        pace_turn(&p);
        for (size_t i = first; i < CROWD; i++) {
            bool called = i < first + PACE_CALLED_MAX;

            assert_int_equal(all[i].calls, called);
            assert_int_equal(pace_waits(&all[i].place), !called);
        }
        assert_true(enter(&p, &all[first], SHARE_US));
        assert_false(pace_waits(&all[first].place));
    }
    assert_int_equal(p.count, 0);
}

/* A newcomer does not overtake those who stand in the line already. */
static void test_no_overtaking(void **state) {
    struct comer all[3];
    struct pace p;

    (void)state;
    pace_init(&p, SHARE_US);
    come(all, COUNT_OF(all));
    assert_true(enter(&p, &all[0], SHARE_US));
    assert_false(enter(&p, &all[1], 1));
    pace_turn(&p);
    assert_false(enter(&p, &all[2], 1));
    assert_true(pace_waits(&all[2].place));
    assert_true(enter(&p, &all[1], 1));
    pace_turn(&p);
    assert_true(enter(&p, &all[2], 1));
}

/* Who has begun never stands in the line again, but keeps to the share. */
static void test_begun_goes_on(void **state) {
    struct comer all[3];
    struct pace p;

    (void)state;
    pace_init(&p, SHARE_US);
    come(all, COUNT_OF(all));
    assert_true(enter(&p, &all[0], SHARE_US));
    assert_false(enter(&p, &all[1], 1));
    assert_false(enter(&p, &all[0], 1));
    assert_false(pace_waits(&all[0].place));
    assert_int_equal(p.count, 1);
    pace_turn(&p);
    assert_true(enter(&p, &all[0], SHARE_US));
    assert_false(enter(&p, &all[1], 1));
    assert_false(pace_waits(&all[1].place)); /* called, and called it stays */
    pace_turn(&p);
    assert_int_equal(all[1].calls, 1);
    assert_true(enter(&p, &all[1], 1));
    pace_leave(&p, &all[1].place);
}

/* Who leaves makes room, in the line and among those who are called. */
static void test_leaving(void **state) {
    struct comer all[CROWD];
    struct pace p;

    (void)state;
    pace_init(&p, SHARE_US);
    come(all, CROWD);
    pace_spend(&p, SHARE_US);
    for (size_t i = 0; i < CROWD; i++) {
        assert_false(enter(&p, &all[i], 1));
    }
    pace_turn(&p);
    for (size_t i = 0; i < CROWD - 1; i++) {
        pace_leave(&p, &all[i].place);
    }
    assert_int_equal(p.count, 1);
    pace_turn(&p);
    assert_int_equal(all[CROWD - 1].calls, 1);
    /* Who comes back stands last. */
    assert_false(enter(&p, &all[0], 1));
    assert_true(enter(&p, &all[CROWD - 1], 1));
    pace_turn(&p);
    assert_true(enter(&p, &all[0], 1));
    assert_int_equal(p.count, 0);
}

/* A thousand things that take no time are not for nothing. */
static void test_quick_ones(void **state) {
    struct comer c;
    struct pace p;
    unsigned in = 0;

    (void)state;
    pace_init(&p, SHARE_US);
    come(&c, 1);
    for (unsigned i = 0; i < 10 * SHARE_US; i++) {
        in += enter(&p, &c, 0);
    }
    assert_int_equal(in, SHARE_US);
    assert_int_equal(p.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_no_overtaking),
        cmocka_unit_test(test_begun_goes_on),
        cmocka_unit_test(test_leaving),
        cmocka_unit_test(test_quick_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
