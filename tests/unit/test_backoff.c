/* Waits that grow, spread and stay between their bounds. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "proto/base/macros.h"
#include "proto/base/wheel.h"
#include "storage/backoff.h"

enum {
    SEEDS = 500,
    TRIES = 5,
};

static void test_bounds(void **state) {
    static const struct {
        uint64_t least_ms;
        uint64_t most_ms;
    } waits[TRIES] = {
        {10, 100}, {200, 400}, {800, 1600}, {1000, 2000}, {1000, 2000}};
    uint64_t shortest_ms[TRIES];
    uint64_t longest_ms[TRIES] = {0};

    (void)state;
    memset(shortest_ms, 0xff, sizeof(shortest_ms));
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct backoff b;
        struct rand r;

        rand_seed(&r, seed);
        backoff_reset(&b);
        for (int i = 0; i < TRIES; i++) {
            uint64_t ms = backoff_next(&b, &r);

            assert_in_range(ms, waits[i].least_ms, waits[i].most_ms);
            longest_ms[i] = ms > longest_ms[i] ? ms : longest_ms[i];
            shortest_ms[i] = ms < shortest_ms[i] ? ms : shortest_ms[i];
        }
    }
    /* Of many clients some come soon, some late, every time. */
    for (int i = 0; i < TRIES; i++) {
        uint64_t span_ms = waits[i].most_ms - waits[i].least_ms;

        assert_true(longest_ms[i] - shortest_ms[i] > span_ms * 9 / 10);
    }
}

/* A server that is away: how often one connection tries, on a clock that the
 * test moves. */
struct patient {
    struct wheel wheel;
    struct wheel_timer timer;
    struct backoff backoff;
    struct rand rand;
    unsigned tries;
    uint64_t now_ms;
};

static void on_try(struct wheel_timer *t) {
    struct patient *p = CONTAINER_OF(t, struct patient, timer);

    p->tries++;
    wheel_set(&p->wheel, t, p->now_ms + backoff_next(&p->backoff, &p->rand));
}

static unsigned tries_within(struct patient *p, uint64_t ms) {
    unsigned before = p->tries;

    for (uint64_t end_ms = p->now_ms + ms; p->now_ms < end_ms;) {
        p->now_ms += 10;
        wheel_advance(&p->wheel, p->now_ms);
    }
    return p->tries - before;
}

static void test_a_server_stays_away(void **state) {
    static const struct {
        const char *name;
        uint64_t ms;
        unsigned most;     /* tries of any one connection */
        unsigned mean_pct; /* of all of them, in hundredths */
    } spans[] = {
        {"at once", 150, 1, 100},
        {"the first four seconds", 3850, 4, 340},
        {"the next minute", 60000, 60, 4400},
    };
    unsigned sums[COUNT_OF(spans)] = {0};

    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct patient p = {.tries = 0};

        rand_seed(&p.rand, seed);
        backoff_reset(&p.backoff);
        wheel_init(&p.wheel, 0);
        wheel_timer_init(&p.timer, on_try);
        wheel_set(&p.wheel, &p.timer, backoff_next(&p.backoff, &p.rand));
        for (size_t i = 0; i < COUNT_OF(spans); i++) {
            unsigned tries = tries_within(&p, spans[i].ms);

            assert_row(spans[i].name, tries <= spans[i].most);
            sums[i] += tries;
        }
        wheel_cancel(&p.timer);
    }
    for (size_t i = 0; i < COUNT_OF(spans); i++) {
        assert_row(spans[i].name, sums[i] * 100 / SEEDS <= spans[i].mean_pct);
    }
    assert_int_equal(sums[0], SEEDS); /* everybody tried soon */
}

static void test_reset(void **state) {
    struct backoff b;
    struct rand r;

    (void)state;
    rand_seed(&r, 1);
    backoff_reset(&b);
    for (int i = 0; i < TRIES; i++) {
        (void)backoff_next(&b, &r);
    }
    backoff_reset(&b);
    assert_in_range(backoff_next(&b, &r), BACKOFF_FLOOR_MS, BACKOFF_FIRST_MS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_a_server_stays_away),
        cmocka_unit_test(test_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
