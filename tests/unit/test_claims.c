/* Claims: who owns a partition, as services come, speak and fall silent. */
#include "presence/claims.h"

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"

enum {
    SERVICES = 3,
    PARTITIONS = 8,
};

/* The views of three services on all partitions. */
struct world {
    struct claims views[SERVICES][PARTITIONS];
    bool ready[SERVICES];
    uint64_t now_ms;
};

static uint64_t service_id(size_t i) {
    return 3000 + i;
}

static void open_world(struct world *w) {
    *w = (struct world){.now_ms = 100000};
    for (size_t i = 0; i < SERVICES; i++) {
        for (unsigned p = 0; p < PARTITIONS; p++) {
            claims_init(&w->views[i][p], service_id(i), (uint16_t)p);
        }
    }
}

/* Service `from` claims everything and everybody hears it. */
static void speak(struct world *w, size_t from) {
    for (size_t i = 0; i < SERVICES; i++) {
        for (size_t p = 0; p < PARTITIONS; p++) {
            claims_hear(&w->views[i][p], service_id(from), w->ready[from],
                        w->now_ms);
        }
    }
}

static size_t owned(const struct world *w, size_t i) {
    size_t n = 0;

    for (size_t p = 0; p < PARTITIONS; p++) {
        n += claims_own(&w->views[i][p], w->ready[i], w->now_ms);
    }
    return n;
}

/* Services `speaks` are as `ready` says, and say so. */
static void claim_all(struct world *w, const bool *ready, const bool *speaks) {
    for (size_t i = 0; i < SERVICES; i++) {
        w->ready[i] = ready[i];
        if (speaks[i]) {
            speak(w, i);
        }
    }
}

static void test_one_owner(void **state) {
    static const struct {
        const char *name;
        uint64_t wait_ms;
        bool ready[SERVICES];
        bool speaks[SERVICES];
        size_t total; /* partitions owned by somebody */
        bool none[SERVICES];
    } rows[] = {
        {"nobody is ready", 0, {0, 0, 0}, {1, 1, 1}, 0, {1, 1, 1}},
        {"one is", 0, {1, 0, 0}, {1, 1, 1}, 8, {0, 1, 1}},
        {"all are", 0, {1, 1, 1}, {1, 1, 1}, 8, {0, 0, 0}},
        {"still, a while later", 1900, {1, 1, 1}, {0, 0, 0}, 8, {0, 0, 0}},
        {"two speak", 50, {1, 1, 1}, {1, 1, 0}, 8, {0, 0, 0}},
        {"one is dead", 60, {1, 1, 1}, {0, 0, 0}, 8, {0, 0, 1}},
        {"it comes back", 0, {1, 1, 1}, {1, 1, 1}, 8, {0, 0, 0}},
        {"and leaves", 0, {1, 1, 0}, {1, 1, 1}, 8, {0, 0, 1}},
        {"the bus is silent", 2000, {1, 1, 1}, {0, 0, 0}, 0, {1, 1, 1}},
    };
    struct world w;

    (void)state;
    open_world(&w);
    for (size_t r = 0; r < COUNT_OF(rows); r++) {
        size_t total = 0;

        w.now_ms += rows[r].wait_ms;
        claim_all(&w, rows[r].ready, rows[r].speaks);
        for (size_t i = 0; i < SERVICES; i++) {
            assert_row(rows[r].name, (owned(&w, i) == 0) == rows[r].none[i]);
            total += owned(&w, i);
        }
        assert_row(rows[r].name, total == rows[r].total);
    }
}

/* Restarted services have new ids: the table does not fill up. */
static void test_makes_room(void **state) {
    struct claims c;

    (void)state;
    claims_init(&c, 1, 0);
    assert_false(claims_hearing(&c, 0));
    for (uint64_t i = 0; i < 100; i++) {
        claims_hear(&c, 1, true, 1000 * i);
        claims_hear(&c, 1000 + i, false, 1000 * i);
        assert_true(claims_hearing(&c, 1000 * i));
        assert_true(claims_own(&c, true, 1000 * i));
    }
    assert_int_equal(c.count, CLAIMS_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_owner),
        cmocka_unit_test(test_makes_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
