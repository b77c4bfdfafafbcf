/* What one user may read: every border of his coming and going. */
#include "tests/unit/assert_row.h"

#include "chat-core/interval.h"
#include "proto/base/macros.h"

static const struct member_row always = {.from = {1}};
static const struct member_row late = {.from = {10}};
static const struct member_row left = {.from = {10}, .until = {20}};
static const struct member_row joining = {.from = {0}};
static const struct member_row back = {
    .from = {10}, .gaps = {{{21}, {29}}, {{41}, {49}}}, .gap_count = 2};
static const struct member_row coming_back = {
    .role = ROLE_MEMBER, .from = {10}, .away = {21}};
static const struct member_row left_again = {
    .from = {10}, .until = {60}, .gaps = {{{21}, {29}}}, .gap_count = 1};

static const struct hold_row {
    const char *name;
    const struct member_row *row;
    uint64_t seq;
    bool want;
} rows[] = {
    {"the first", &always, 1, true},
    {"the last", &always, UINT64_MAX, true},
    {"before", &late, 9, false},
    {"the joining", &late, 10, true},
    {"the leaving", &left, 20, true},
    {"after", &left, 21, false},
    {"not complete", &joining, 1, false},
    {"before the first absence", &back, 20, true},
    {"the first of it", &back, 21, false},
    {"the last of it", &back, 29, false},
    {"back", &back, 30, true},
    {"before the second", &back, 40, true},
    {"in the second", &back, 45, false},
    {"back again", &back, 50, true},
    {"before he comes back", &coming_back, 20, true},
    {"nobody knows", &coming_back, 21, false},
    {"in the absence before the last", &left_again, 25, false},
    {"out for good", &left_again, 61, false},
};

static void test_holds(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(rows[i].name,
                   interval_holds(rows[i].row, (struct msg_seq){rows[i].seq}) ==
                       rows[i].want);
    }
}

static void test_since(void **state) {
    (void)state;
    assert_int_equal(interval_since(&always).v, 1);
    assert_int_equal(interval_since(&joining).v, 0);
    assert_int_equal(interval_since(&back).v, 50);
    assert_int_equal(interval_since(&left_again).v, 30);
    assert_int_equal(interval_since(&coming_back).v, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holds),
        cmocka_unit_test(test_since),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
