/* Which processes fell silent without having said that they rest. */
#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "storage/bus_peers.h"

static void test_silent(void **state) {
    static const struct {
        const char *name;
        uint64_t alive; /* a process that was at work at `ms`; 0: none */
        uint64_t ms;
        uint64_t rests;  /* one that rests; 0: none */
        uint64_t before; /* who is silent since before then? */
        bool silent;     /* somebody, */
        uint64_t since;  /* since then */
    } steps[] = {
        {"nobody", 0, 0, 0, 9999, false, 0},
        {"at work", 1, 1000, 0, 1000, false, 0},
        {"still at work", 1, 2000, 0, 2000, false, 0},
        {"silent", 2, 2500, 0, 2001, true, 2000},
        {"only once", 0, 0, 0, 2500, false, 0},
        {"rests", 3, 3000, 2, 3000, false, 0},
        {"never heard of", 0, 0, 9, 3000, false, 0},
        {"rests after work", 0, 0, 3, 9999, false, 0},
        {"at work again", 3, 4000, 0, 9999, true, 4000},
    };
    struct bus_peers p;

    (void)state;
    bus_peers_init(&p);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        uint64_t since = 0;

        if (steps[i].alive != 0) {
            bus_peers_alive(&p, steps[i].alive, steps[i].ms);
        }
        if (steps[i].rests != 0) {
            bus_peers_rests(&p, steps[i].rests);
        }
        assert_row(steps[i].name, bus_peers_silent(&p, steps[i].before,
                                                   &since) == steps[i].silent);
        assert_row(steps[i].name, since == steps[i].since);
    }
    assert_int_equal(p.count, 0);
    bus_peers_fini(&p);
}

/* Who is at work beyond the limit is not watched; who is watched is. */
static void test_many(void **state) {
    struct bus_peers p;
    size_t silent = 0;
    uint64_t since;

    (void)state;
    bus_peers_init(&p);
    for (uint64_t i = 1; i <= BUS_PEERS_MAX + 10; i++) {
        bus_peers_alive(&p, i, 1000);
    }
    bus_peers_alive(&p, 1, 2000);
    while (bus_peers_silent(&p, 2000, &since)) {
        assert_int_equal(since, 1000);
        silent++;
    }
    assert_int_equal(silent, BUS_PEERS_MAX - 1);
    bus_peers_fini(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silent),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
