/* The sets of descriptors: what is told, in which order, and to whom not. */
#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/macros.h"
#include "proto/net/interest.h"
#include "proto/net/loop.h"
#include "tests/unit/drive.h"

enum {
    CROWD = 40,
    LONG_SHARE_US = 1000000,
    TOLD_MAX = 4 * CROWD,
};

struct world {
    struct loop loop;
    struct member *told[TOLD_MAX]; /* in this order */
    size_t count;
};

struct member {
    struct interest interest;
    struct world *world;
    int peer;
    uint32_t what;        /* was told last */
    bool stays;           /* does not read what it is told of */
    struct member *drops; /* when it is told */
};

static void on_told(struct interest *r, uint32_t what) {
    struct member *m = CONTAINER_OF(r, struct member, interest);
    char bytes[8];

    assert_true(m->world->count < TOLD_MAX);
    m->world->told[m->world->count++] = m;
    m->what = what;
    if (!m->stays && (what & INTEREST_READ) != 0) {
        assert_true(read(m->interest.fd, bytes, sizeof(bytes)) >= 0);
    }
    if (m->drops != NULL) {
        interest_drop(&m->world->loop, &m->drops->interest);
    }
}

static void world_open(struct world *w) {
    memset(w, 0, sizeof(*w));
    assert_int_equal(loop_init(&w->loop), RC_OK);
}

static void enter(struct world *w, struct member *m, enum interest_rank rank,
                  unsigned want) {
    int fds[2];

    memset(m, 0, sizeof(*m));
    assert_true(drive_pair(fds));
    m->world = w;
    m->peer = fds[1];
    interest_init(&m->interest, fds[0], rank, on_told);
    assert_int_equal(interest_want(&w->loop, &m->interest, want), RC_OK);
}

static void leave(struct member *m) {
    interest_drop(&m->world->loop, &m->interest);
    interest_drop(&m->world->loop, &m->interest);
    close(m->interest.fd);
    if (m->peer >= 0) {
        close(m->peer);
    }
}

static void say(struct member *m) {
    assert_int_equal(write(m->peer, "x", 1), 1);
}

struct what_row {
    const char *name;
    unsigned want;
    bool says;
    bool ends;
    uint32_t told; /* some of these; 0: nothing */
};

static void expect_what(const struct what_row *row, enum interest_rank rank) {
    struct world w;
    struct member m;

    world_open(&w);
    w.loop.interest.share_us = 1;
    enter(&w, &m, rank, row->want);
    if (row->says) {
        say(&m);
    }
    if (row->ends) {
        close(m.peer);
        m.peer = -1;
    }
    drive_turns(&w.loop, 3); /* who has ended changes his rank */
    assert_row(row->name, (w.count > 0) == (row->told != 0));
    assert_row(row->name, row->told == 0 || (m.what & row->told) != 0);
    leave(&m);
    loop_fini(&w.loop);
}

/* What is wanted, what happens, and what is told then. */
static void test_what(void **state) {
    static const struct what_row rows[] = {
        {"nothing", INTEREST_READ, false, false, 0},
        {"bytes", INTEREST_READ, true, false, INTEREST_READ},
        {"an end", INTEREST_READ, false, true, INTEREST_READ},
        {"bytes and an end", INTEREST_READ, true, true, INTEREST_READ},
        {"room", INTEREST_WRITE, false, false, INTEREST_WRITE},
        {"room, not bytes", INTEREST_WRITE, true, false, INTEREST_WRITE},
        {"both", INTEREST_READ | INTEREST_WRITE, true, false,
         INTEREST_READ | INTEREST_WRITE},
        {"only that it is broken", INTEREST_BROKEN, true, false, 0},
        {"broken", INTEREST_BROKEN, false, true, INTEREST_BROKEN},
        {"not wanted", 0, true, true, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (unsigned rank = 0; rank < INTEREST_RANKS; rank++) {
            expect_what(&rows[i], rank);
        }
    }
}

/* Ours first, then who is here, who has begun, who comes. */
static void test_order(void **state) {
    static const enum interest_rank came[] = {INTEREST_LAST, INTEREST_BEGUN,
                                              INTEREST_HERE, INTEREST_OURS,
                                              INTEREST_LAST, INTEREST_HERE};
    static const size_t told[] = {3, 2, 5, 1, 0, 4};
    struct member all[COUNT_OF(came)];
    struct world w;

    (void)state;
    world_open(&w);
    w.loop.interest.share_us = LONG_SHARE_US;
    for (size_t i = 0; i < COUNT_OF(came); i++) {
        enter(&w, &all[i], came[i], INTEREST_READ);
        say(&all[i]);
    }
    drive_turns(&w.loop, 1);
    assert_int_equal(w.count, COUNT_OF(came));
    for (size_t i = 0; i < COUNT_OF(came); i++) {
        assert_ptr_equal(w.told[i], &all[told[i]]);
        leave(&all[told[i]]);
    }
    loop_fini(&w.loop);
}

/* One a turn has to do when a microsecond is all there is; nobody loses his
 * place by that, and who is here does not notice. */
static void test_share(void **state) {
    struct member here;
    struct member all[CROWD];
    struct world w;
    size_t before = 0;

    (void)state;
    world_open(&w);
    w.loop.interest.share_us = 1;
    enter(&w, &here, INTEREST_HERE, INTEREST_READ);
    here.stays = true;
    say(&here);
    for (size_t i = 0; i < CROWD; i++) {
        enter(&w, &all[i], INTEREST_LAST, INTEREST_READ);
        say(&all[i]);
    }
    for (size_t i = 0; i < CROWD; i++) {
        while (w.told[before] != &all[i]) {
            before = w.count;
            drive_turns(&w.loop, 1);
            assert_in_range(w.count, before + 1, before + 2);
            assert_ptr_equal(w.told[before], &here);
            before = w.count - 1;
        }
    }
    w.loop.interest.share_us = 0;
    say(&all[0]);
    before = w.count;
    drive_turns(&w.loop, 1);
    assert_int_equal(w.count, before + 1);
    assert_int_equal(interest_waiting(&w.loop), CROWD);
    for (size_t i = 0; i < CROWD; i++) {
        leave(&all[i]);
    }
    assert_int_equal(interest_waiting(&w.loop), 0);
    leave(&here);
    loop_fini(&w.loop);
}

/* Who ends waits with those who come, and keeps nobody who is here waiting. */
static void test_ends(void **state) {
    struct member all[CROWD];
    struct member here;
    struct world w;

    (void)state;
    world_open(&w);
    w.loop.interest.share_us = 0;
    for (size_t i = 0; i < CROWD; i++) {
        enter(&w, &all[i], INTEREST_HERE, INTEREST_READ);
        close(all[i].peer);
        all[i].peer = -1;
    }
    enter(&w, &here, INTEREST_HERE, INTEREST_READ);
    say(&here);
    drive_turns(&w.loop, 3);
    assert_int_equal(w.count, 1);
    assert_ptr_equal(w.told[0], &here);
    assert_int_equal(interest_waiting(&w.loop), CROWD);
    w.loop.interest.share_us = LONG_SHARE_US;
    for (size_t i = 0; i < CROWD; i++) {
        all[i].drops = &all[i];
    }
    drive_turns(&w.loop, 2);
    assert_int_equal(w.count, 1 + CROWD);
    for (size_t i = 0; i < CROWD; i++) {
        leave(&all[i]);
    }
    leave(&here);
    loop_fini(&w.loop);
}

/* Who was dropped by one that was told before is not told in that turn. */
static void test_dropped(void **state) {
    struct member a;
    struct member b;
    struct world w;

    (void)state;
    world_open(&w);
    enter(&w, &a, INTEREST_HERE, INTEREST_READ);
    enter(&w, &b, INTEREST_HERE, INTEREST_READ);
    a.drops = &b;
    b.drops = &a;
    say(&a);
    say(&b);
    drive_turns(&w.loop, 3);
    assert_int_equal(w.count, 1);
    leave(&a);
    leave(&b);
    loop_fini(&w.loop);
}

/* A rank may change, wanting something or nothing; wanting less is heard. */
static void test_changes(void **state) {
    struct member m;
    struct world w;

    (void)state;
    world_open(&w);
    enter(&w, &m, INTEREST_LAST, INTEREST_READ | INTEREST_WRITE);
    assert_int_equal(interest_waiting(&w.loop), 1);
    assert_int_equal(interest_move(&w.loop, &m.interest, INTEREST_HERE), RC_OK);
    assert_int_equal(interest_move(&w.loop, &m.interest, INTEREST_HERE), RC_OK);
    assert_int_equal(interest_waiting(&w.loop), 0);
    drive_turns(&w.loop, 1);
    assert_int_equal(m.what, INTEREST_WRITE);
    assert_int_equal(interest_want(&w.loop, &m.interest, INTEREST_READ), RC_OK);
    w.count = 0;
    drive_turns(&w.loop, 2);
    assert_int_equal(w.count, 0);
    interest_drop(&w.loop, &m.interest);
    say(&m);
    assert_int_equal(interest_move(&w.loop, &m.interest, INTEREST_OURS), RC_OK);
    drive_turns(&w.loop, 2);
    assert_int_equal(w.count, 0);
    assert_int_equal(interest_want(&w.loop, &m.interest, INTEREST_READ), RC_OK);
    drive_turns(&w.loop, 2);
    assert_int_equal(w.count, 1);
    leave(&m);
    loop_fini(&w.loop);
}

/* The kernel takes no plain file: that is told, and nothing is wanted. */
static void test_refused(void **state) {
    struct member m = {.peer = -1};
    struct world w;
    FILE *file = tmpfile();

    (void)state;
    assert_non_null(file);
    world_open(&w);
    m.world = &w;
    interest_init(&m.interest, fileno(file), INTEREST_HERE, on_told);
    assert_int_equal(interest_want(&w.loop, &m.interest, INTEREST_READ),
                     RC_BACKEND);
    assert_int_equal(m.interest.wanted, 0);
    fclose(file);
    loop_fini(&w.loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what),    cmocka_unit_test(test_order),
        cmocka_unit_test(test_share),   cmocka_unit_test(test_ends),
        cmocka_unit_test(test_dropped), cmocka_unit_test(test_changes),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
