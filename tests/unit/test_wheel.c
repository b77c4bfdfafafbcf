/* The timer wheel: firing, moving, waiting, random timers. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/macros.h"
#include "proto/base/rand.h"
#include "proto/base/wheel.h"

enum {
    ROUND_MS = WHEEL_TICK_MS * WHEEL_SLOTS,
    MANY = 2000,
};

/* A timer that remembers when it fired. */
struct probe {
    struct wheel_timer timer;
    struct wheel *wheel;
    uint64_t now_ms;
    unsigned fired;
    unsigned order;
    uint64_t again_ms;          /* sets itself anew for then; 0: does not */
    struct wheel_timer *victim; /* is cancelled; NULL: none */
};

static unsigned order;

static void on_fire(struct wheel_timer *t) {
    struct probe *p = CONTAINER_OF(t, struct probe, timer);

    p->fired++;
    p->order = ++order;
    if (p->victim != NULL) {
        wheel_cancel(p->victim);
    }
    if (p->again_ms > 0) {
        wheel_set(p->wheel, t, p->again_ms);
    }
}

static void probe_init(struct probe *p, struct wheel *w) {
    memset(p, 0, sizeof(*p));
    p->wheel = w;
    wheel_timer_init(&p->timer, on_fire);
}

static void test_fires_when_due(void **state) {
    static const struct {
        const char *name;
        uint64_t start_ms, due_ms, early_ms;
    } rows[] = {
        {"in this tick", 1000, 1001, 1000},
        {"in a second", 1000, 2000, 1999},
        {"at a tick", 1000, 1600, 1599},
        {"one round", 1000, 1000 + ROUND_MS, 999 + ROUND_MS},
        {"one round and a bit", 1000, 1007 + ROUND_MS, 1006 + ROUND_MS},
        {"a day", 0, 86400000, 86399999},
        {"from the first millisecond", 0, 1, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct wheel w;
        struct probe p;

        wheel_init(&w, rows[i].start_ms);
        probe_init(&p, &w);
        assert_row(rows[i].name, !wheel_is_set(&p.timer));
        wheel_set(&w, &p.timer, rows[i].due_ms);
        wheel_advance(&w, rows[i].early_ms);
        assert_row(rows[i].name, p.fired == 0 && wheel_is_set(&p.timer));
        wheel_advance(&w, rows[i].due_ms);
        assert_row(rows[i].name, p.fired == 1 && !wheel_is_set(&p.timer));
        wheel_advance(&w, rows[i].due_ms + UINT64_C(3) * ROUND_MS);
        assert_row(rows[i].name, p.fired == 1);
    }
}

static void test_order_of_ticks(void **state) {
    static const uint64_t due_ms[] = {50000, 100, 17000, 16384 + 100, 99, 500};
    static const unsigned want[] = {6, 2, 5, 4, 1, 3};
    struct probe probes[COUNT_OF(due_ms)];
    struct wheel w;

    (void)state;
    wheel_init(&w, 0);
    order = 0;
    for (size_t i = 0; i < COUNT_OF(due_ms); i++) {
        probe_init(&probes[i], &w);
        wheel_set(&w, &probes[i].timer, due_ms[i]);
    }
    /* 99 and 100 are in one tick, in the order of setting. */
    wheel_set(&w, &probes[1].timer, 100);
    wheel_advance(&w, 60000);
    for (size_t i = 0; i < COUNT_OF(due_ms); i++) {
        assert_int_equal(probes[i].order, want[i]);
    }
}

static void test_cancel_and_move(void **state) {
    struct wheel w;
    struct probe a;
    struct probe b;

    (void)state;
    wheel_init(&w, 0);
    probe_init(&a, &w);
    probe_init(&b, &w);
    wheel_cancel(&a.timer);
    wheel_set(&w, &a.timer, 100);
    wheel_cancel(&a.timer);
    assert_true(wheel_wait_ms(&w, 0) == UINT64_MAX);
    wheel_set(&w, &b.timer, 100);
    wheel_set(&w, &b.timer, 5000);
    wheel_advance(&w, 4999);
    assert_int_equal(a.fired + b.fired, 0);
    wheel_advance(&w, 5000);
    assert_int_equal(b.fired, 1);
}

static void test_from_within(void **state) {
    struct wheel w;
    struct probe a;
    struct probe b;

    (void)state;
    wheel_init(&w, 0);
    probe_init(&a, &w);
    probe_init(&b, &w);
    a.victim = &b.timer; /* due in the same advance */
    a.again_ms = 150;    /* overdue when it is set: fires in the next one */
    wheel_set(&w, &a.timer, 100);
    wheel_set(&w, &b.timer, 200);
    wheel_advance(&w, 1000);
    assert_int_equal(a.fired, 1);
    assert_int_equal(b.fired, 0);
    assert_true(wheel_wait_ms(&w, 1000) <= WHEEL_TICK_MS);
    a.again_ms = 0;
    wheel_advance(&w, 1000);
    assert_int_equal(a.fired, 2);
    assert_true(wheel_wait_ms(&w, 1000) == UINT64_MAX);
}

/* Whoever advances when wheel_wait_ms says so is never more than a tick late,
 * also when nobody advanced for long. */
static void test_wait(void **state) {
    static const uint64_t starts[] = {0, 15, 16, 1000, 123456789};
    static const uint64_t afters[] = {0, 1, 15, 16, 17, 1000, 16383, 40000};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(starts) * COUNT_OF(afters); i++) {
        uint64_t now = starts[i / COUNT_OF(afters)];
        uint64_t due = now + 3600000 + afters[i % COUNT_OF(afters)];
        struct wheel w;
        struct probe p;

        wheel_init(&w, now);
        probe_init(&p, &w);
        now += 3600000;
        wheel_set(&w, &p.timer, due);
        while (p.fired == 0) {
            uint64_t wait = wheel_wait_ms(&w, now);

            assert_true(now + wait <= due + WHEEL_TICK_MS);
            now += wait;
            wheel_advance(&w, now);
        }
        assert_true(now >= due);
    }
}

/* Sets, moves and cancels some of them at random. */
static void stir(struct wheel *w, struct probe *probes, struct rand *r,
                 uint64_t now) {
    for (unsigned k = 0; k < 20; k++) {
        struct probe *p = &probes[rand_below(r, MANY)];

        p->fired = 0;
        if (rand_below(r, 4) == 0) {
            wheel_cancel(&p->timer);
        } else {
            wheel_set(w, &p->timer, now + rand_below(r, 60000));
        }
    }
}

/* Many timers against the definition of one. */
static void test_against_model(void **state) {
    static struct probe probes[MANY];
    struct wheel w;
    struct rand r;
    uint64_t now = 777;

    (void)state;
    rand_seed(&r, 7);
    wheel_init(&w, now);
    for (size_t i = 0; i < MANY; i++) {
        probe_init(&probes[i], &w);
    }
    for (unsigned step = 0; step < 500; step++) {
        stir(&w, probes, &r, now);
        now += rand_below(&r, rand_below(&r, 10) == 0 ? 40000 : 40);
        wheel_advance(&w, now);
        for (size_t i = 0; i < MANY; i++) {
            const struct probe *p = &probes[i];

            assert_true(p->fired <= 1);
            assert_true(!wheel_is_set(&p->timer) || p->timer.due_ms > now);
            assert_true(p->fired == 0 || p->timer.due_ms <= now);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fires_when_due),
        cmocka_unit_test(test_order_of_ticks),
        cmocka_unit_test(test_cancel_and_move),
        cmocka_unit_test(test_from_within),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_against_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
