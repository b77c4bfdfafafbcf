/* The keys of the webhooks' queue: those of a partition share a slot, those of
 * all partitions do not, and ids are spread over them. */
#include "storage/hook_keys.h"

#include <stdio.h>

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"
#include "proto/wire/slots.h"

static unsigned slot(struct hook_key key) {
    return slot_of(slice_str(key.s));
}

static void test_keys(void **state) {
    const struct conv_id conv = {7};
    unsigned part = hook_part(conv.v);
    char want[64];

    (void)state;
    assert_string_equal(hook_key(0, "crew").s, "{hooks0}crew");
    assert_string_equal(hook_key(7, "queue").s, "{hooks7}queue");
    snprintf(want, sizeof(want), "{hooks%u}told:0000000000007", part);
    assert_string_equal(hook_conv_key("told", conv).s, want);
    assert_int_equal(slot(hook_conv_key("told", conv)),
                     slot(hook_key(part, "queue")));
}

/* Of a cluster of two, three or four equal primaries each has work. */
static void test_spread(void **state) {
    (void)state;
    for (unsigned primaries = 2; primaries <= 4; primaries++) {
        unsigned busy = 0;

        for (unsigned part = 0; part < HOOK_PARTS; part++) {
            busy |= BIT(slot(hook_key(part, "queue")) * primaries / SLOTS);
        }
        assert_int_equal(busy, BIT(primaries) - 1);
    }
}

/* Neighbouring ids and those with gaps. */
static void test_ids(void **state) {
    static const uint64_t steps[] = {1, 2, 8, 1000, UINT64_C(1) << 32};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        unsigned counts[HOOK_PARTS] = {0};

        for (uint64_t n = 1; n <= 800; n++) {
            counts[hook_part(n * steps[i])]++;
        }
        for (unsigned part = 0; part < HOOK_PARTS; part++) {
            assert_in_range(counts[part], 50, 150);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_spread),
        cmocka_unit_test(test_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
