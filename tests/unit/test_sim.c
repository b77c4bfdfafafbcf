/* Runs the simulation for many seeds.
 *
 *   MOIM_SIM_SEEDS=n  that many seeds instead of the usual
 *   MOIM_SIM_STEPS=n  that many steps each
 *   MOIM_SIM_SEED=n   this seed only */
#include "tests/unit/assert_row.h"

#include <stdlib.h>

#include "tests/sim/sim.h"

enum {
    SEEDS = 300,
    STEPS = 300,
};

static uint64_t setting(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);

    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static bool run(uint64_t seed, uint64_t *digest) {
    static struct sim s;
    bool ok = sim_run(&s, seed, (size_t)setting("MOIM_SIM_STEPS", STEPS));

    *digest = s.digest;
    if (!ok) {
        print_error("seed %llu: %s\n  again: MOIM_SIM_SEED=%llu\n",
                    (unsigned long long)seed, s.why, (unsigned long long)seed);
    }
    return ok;
}

static void test_seeds(void **state) {
    uint64_t one = setting("MOIM_SIM_SEED", 0);
    uint64_t first = one == 0 ? 1 : one;
    uint64_t last = one == 0 ? setting("MOIM_SIM_SEEDS", SEEDS) : one;
    uint64_t digest;
    bool ok = true;

    (void)state;
    for (uint64_t seed = first; seed <= last; seed++) {
        ok = run(seed, &digest) && ok;
    }
    assert_true(ok);
}

/* The same seed is the same run. */
static void test_same_again(void **state) {
    uint64_t digests[3] = {0, 0, 0};

    (void)state;
    assert_true(run(1, &digests[0]));
    assert_true(run(2, &digests[1]));
    assert_true(run(1, &digests[2]));
    assert_true(digests[0] == digests[2]);
    assert_true(digests[0] != digests[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_same_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
