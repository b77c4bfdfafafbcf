/* The outbox: one entry a user, the latest; in order; for a while. */
#include "presence/outbox.h"

#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

/* Takes users with even ids, and writes all it was offered. */
struct taker {
    char log[128];
};

static bool take_even(void *ctx, const struct presence_known *known) {
    struct taker *t = ctx;
    size_t n = strlen(t->log);

    snprintf(t->log + n, sizeof(t->log) - n, "%llu%c ",
             (unsigned long long)known->user.v,
             known->state == PRESENCE_ONLINE ? '+' : '-');
    return known->user.v % 2 == 0;
}

static void expect(struct outbox *o, const char *want) {
    struct taker t = {""};

    outbox_flush(o, take_even, &t);
    assert_string_equal(t.log, want);
}

static void put(struct outbox *o, uint64_t user, enum presence_state state,
                uint64_t now_ms) {
    outbox_put(o, (struct presence_known){{user}, state, now_ms}, now_ms);
}

static void test_outbox(void **state) {
    struct outbox o;

    (void)state;
    outbox_init(&o);
    expect(&o, "");
    put(&o, 1, PRESENCE_ONLINE, 10);
    put(&o, 2, PRESENCE_ONLINE, 11);
    put(&o, 3, PRESENCE_ONLINE, 12);
    put(&o, 1, PRESENCE_OFFLINE, 13);
    assert_int_equal(outbox_count(&o), 3);
    expect(&o, "2+ 3+ 1- ");
    expect(&o, "3+ 1- ");
    put(&o, 3, PRESENCE_ONLINE, 20);
    outbox_trim(&o, 13);
    expect(&o, "1- 3+ ");
    outbox_trim(&o, 14);
    expect(&o, "3+ ");
    put(&o, 5, PRESENCE_ONLINE, 20);
    assert_int_equal(outbox_count(&o), 2);
    outbox_fini(&o);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outbox),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
