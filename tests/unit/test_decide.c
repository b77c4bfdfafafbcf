/* Who is notified of what. */
#include "hooks/decide.h"

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"

enum {
    ME = 1,
    NOW_MS = 100000,
    WAIT_MS = 10000,
};

static const struct decision_time now = {NOW_MS, WAIT_MS};

/* 11 and 12 have waited, 13 of my own too; 14 has not. 12 mentions me. */
static const struct spoken said[] = {
    {.seq = {11}, .from = {2}, .ts_ms = 80000},
    {.seq = {12},
     .from = {3},
     .ts_ms = 90000,
     .mention_count = 2,
     .mentions = {{7}, {ME}}},
    {.seq = {13}, .from = {ME}, .ts_ms = 90000},
    {.seq = {14}, .from = {2}, .ts_ms = 90001},
};

static const struct {
    const char *name;
    struct hearer who;
    uint64_t first; /* 0: none */
    uint64_t last;
    size_t count;
} notice_rows[] = {
    {"all", {.from = {1}, .notify = NOTIFY_ALL}, 11, 12, 2},
    {"one has come",
     {.from = {1}, .notify = NOTIFY_ALL, .has = {11}},
     12,
     12,
     1},
    {"both have come",
     {.from = {1}, .notify = NOTIFY_ALL, .has = {12}},
     0,
     0,
     0},
    {"notified before",
     {.from = {1}, .notify = NOTIFY_ALL, .noted = {12}},
     0,
     0,
     0},
    {"of one", {.from = {1}, .notify = NOTIFY_ALL, .noted = {11}}, 12, 12, 1},
    {"came in between", {.from = {12}, .notify = NOTIFY_ALL}, 12, 12, 1},
    {"came back in between",
     {.from = {1}, .joined_ms = 85000, .notify = NOTIFY_ALL},
     12,
     12,
     1},
    {"may read nothing yet", {.from = {0}, .notify = NOTIFY_ALL}, 0, 0, 0},
    {"mentions only", {.from = {1}, .notify = NOTIFY_MENTIONS}, 12, 12, 1},
    {"mentions only, and has it",
     {.from = {1}, .notify = NOTIFY_MENTIONS, .has = {12}},
     0,
     0,
     0},
    {"nothing", {.from = {1}, .notify = NOTIFY_NONE}, 0, 0, 0},
    {"muted",
     {.from = {1}, .muted_ms = NOW_MS + 1, .notify = NOTIFY_ALL},
     0,
     0,
     0},
    {"was muted",
     {.from = {1}, .muted_ms = NOW_MS, .notify = NOTIFY_ALL},
     11,
     12,
     2},
};

static void test_notices(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(notice_rows); i++) {
        struct hearer who = notice_rows[i].who;
        struct notice n = {.count = 0};

        who.user.v = ME;
        assert_row(notice_rows[i].name,
                   decide_notice(said, COUNT_OF(said), &who, now, &n) ==
                       (notice_rows[i].count > 0));
        assert_row(notice_rows[i].name, n.count == notice_rows[i].count);
        assert_row(notice_rows[i].name, n.first.v == notice_rows[i].first);
        assert_row(notice_rows[i].name, n.last.v == notice_rows[i].last);
        assert_row(notice_rows[i].name,
                   n.count == 0 ||
                       (n.from.v == 3 && n.ts_ms == 90000 && n.user.v == ME));
    }
}

static void test_next(void **state) {
    (void)state;
    assert_int_equal(decide_next_ms(said, COUNT_OF(said), now), NOW_MS + 1);
    assert_int_equal(decide_next_ms(said, COUNT_OF(said) - 1, now), 0);
    assert_int_equal(decide_next_ms(said, 0, now), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notices),
        cmocka_unit_test(test_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
