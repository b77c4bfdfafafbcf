/* The tracker, told step by step what gateways report: each row waits, does
 * one thing, and says what came out since the row before: "+7" came online,
 * "-7" went offline, "?1" a snapshot is wanted of gateway 1 ("?0": of all). */
#include "presence/tracker.h"

#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/buf.h"

enum {
    GATEWAYS = 4, /* 1 to 3 are used */
    STEP_MS = 100,
    RENEW_MS = 2000,
    START_WALL_MS = 1000000,
    START_MONO_MS = 5000,
};

static const struct tracker_config config = {
    .lease_ms = 6000, .grace_ms = 5000, .settle_ms = 3000, .asleep_ms = 2000};

struct gateway {
    bool alive; /* renews by itself */
    uint64_t number;
    uint64_t renew_ms;
};

struct world {
    struct tracker *t;
    struct clock now;
    struct gateway gateways[GATEWAYS];
    char log[256];
    struct presence_known last; /* transition */
};

static void note(struct world *w, char what, uint64_t id) {
    size_t n = strlen(w->log);

    snprintf(w->log + n, sizeof(w->log) - n, "%c%llu ", what,
             (unsigned long long)id);
}

static void on_transition(void *owner, struct presence_known known) {
    struct world *w = owner;
    static const char signs[] = {[PRESENCE_OFFLINE] = '-',
                                 [PRESENCE_ONLINE] = '+',
                                 [PRESENCE_AWAY] = '~'};

    w->last = known;
    note(w, signs[known.state], known.user.v);
}

static void on_ask(void *owner, struct gateway_id gateway) {
    note(owner, '?', gateway.v);
}

static const struct tracker_events events = {on_transition, on_ask};

static void open_world(struct world *w) {
    *w = (struct world){
        .now = {.mono_ms = START_MONO_MS, .wall_ms = START_WALL_MS}};
    w->t = tracker_open(&config, &events, w, w->now);
}

/* What one report says. */
enum op {
    WAIT,   /* nothing */
    SAY,    /* a plain report: the user has so many sessions */
    LOSE,   /* the same, but lost */
    AGAIN,  /* the report before, once more, with other contents */
    SNAP,   /* a snapshot in one part, of this user alone */
    FIRST,  /* the first part of a snapshot */
    MIDDLE, /* a part that is neither */
    LAST,   /* the last part */
    LEAVE,  /* the gateway leaves in good order */
    DIE,    /* the gateway is silent from now on */
    SLEEP,  /* nobody ticks the tracker for 10 s */
    DOUBT,
};

static void report(struct world *w, enum op op, unsigned gateway,
                   struct presence_item item) {
    struct gateway *g = &w->gateways[gateway];
    struct bus_presence_report r = {.gateway = {gateway}};
    struct buf items;

    buf_init(&items);
    if (item.user.v != 0) {
        presence_item_put(&items, item);
        r.count = 1;
    }
    r.items = buf_slice(&items);
    r.number = op == AGAIN ? g->number : ++g->number;
    r.snapshot = op >= SNAP && op <= LAST;
    r.first = op == SNAP || op == FIRST;
    r.last = op == SNAP || op == LAST;
    r.leaving = op == LEAVE;
    if (op != LOSE) {
        tracker_report(w->t, &r, w->now);
    }
    g->alive = op != LEAVE;
    g->renew_ms = w->now.mono_ms + RENEW_MS;
    buf_fini(&items);
}

static void forward(struct world *w, uint64_t ms) {
    w->now.mono_ms += ms;
    w->now.wall_ms += ms;
}

static void renew_all(struct world *w) {
    for (unsigned g = 1; g < GATEWAYS; g++) {
        if (w->gateways[g].alive && w->now.mono_ms >= w->gateways[g].renew_ms) {
            report(w, SAY, g, (struct presence_item){{0}, 0});
        }
    }
}

static void wait(struct world *w, uint64_t ms) {
    for (uint64_t spent = 0; spent < ms; spent += STEP_MS) {
        forward(w, STEP_MS);
        renew_all(w);
        tracker_tick(w->t, w->now);
    }
}

static void act(struct world *w, enum op op, unsigned gateway,
                struct presence_item item) {
    if (op == DIE) {
        w->gateways[gateway].alive = false;
    } else if (op == SLEEP) {
        forward(w, 10000);
        tracker_tick(w->t, w->now);
    } else if (op == DOUBT) {
        tracker_doubt(w->t, w->now);
    } else if (op != WAIT) {
        report(w, op, gateway, item);
    }
}

struct step {
    const char *name;
    uint64_t wait_ms;
    enum op op;
    unsigned gateway;
    uint64_t user;
    uint16_t sessions;
    const char *want;
};

static void expect(const struct world *w, const struct step *s) {
    if (strcmp(w->log, s->want) != 0) {
        fail_msg("row \"%s\": \"%s\", not \"%s\"", s->name, w->log, s->want);
    }
}

static void run(const struct step *steps, size_t count) {
    struct world w;

    open_world(&w);
    for (size_t i = 0; i < count; i++) {
        const struct step *s = &steps[i];

        w.log[0] = '\0';
        wait(&w, s->wait_ms);
        act(&w, s->op, s->gateway,
            (struct presence_item){{s->user}, s->sessions});
        expect(&w, s);
    }
    tracker_close(&w.t);
}

static void test_comes_and_goes(void **state) {
    static const struct step steps[] = {
        {"asks all at the start", 100, WAIT, 0, 0, 0, "?0 "},
        {"a snapshot of the past", 100, SNAP, 1, 7, 1, ""},
        {"settled", 3000, WAIT, 0, 0, 0, ""},
        {"a new user", 0, SAY, 1, 8, 1, "+8 "},
        {"a second session is no news", 100, SAY, 1, 8, 2, ""},
        {"one of two ends", 100, SAY, 1, 8, 1, ""},
        {"the last one ends", 100, SAY, 1, 8, 0, ""},
        {"back within the grace", 4900, SAY, 1, 8, 1, ""},
        {"nothing happened", 8000, WAIT, 0, 0, 0, ""},
        {"one of the past ends", 0, SAY, 1, 7, 0, ""},
        {"not before the grace is over", 5000, WAIT, 0, 0, 0, ""},
        {"when the gateway was heard again", 1000, WAIT, 0, 0, 0, "-7 "},
        {"an end nobody knew", 0, SAY, 1, 9, 0, ""},
        {"and nothing of it", 8000, WAIT, 0, 0, 0, ""},
        {"comes again", 0, SAY, 1, 7, 1, "+7 "},
    };

    (void)state;
    run(steps, COUNT_OF(steps));
}

#define AWAY(sessions) (PRESENCE_ALL_AWAY | (sessions))

/* Away is who has sessions, all of which say so; one alone does not make him
 * so, and no grace delays either. */
static void test_away(void **state) {
    static const struct step steps[] = {
        {"asks all at the start", 100, WAIT, 0, 0, 0, "?0 "},
        {"away in the past", 100, SNAP, 1, 7, AWAY(1), ""},
        {"a second gateway", 0, SNAP, 2, 6, 1, ""},
        {"settled", 3000, WAIT, 0, 0, 0, ""},
        {"there again", 0, SAY, 1, 7, 1, "+7 "},
        {"away", 100, SAY, 1, 7, AWAY(1), "~7 "},
        {"no news", 100, SAY, 1, 7, AWAY(2), ""},
        {"there on another gateway", 100, SAY, 2, 7, 1, "+7 "},
        {"away there too", 100, SAY, 2, 7, AWAY(1), "~7 "},
        {"one of two away ends", 100, SAY, 1, 7, 0, ""},
        {"the last one ends", 100, SAY, 2, 7, 0, ""},
        {"back within the grace, still away", 1000, SAY, 2, 7, AWAY(1), ""},
        {"and ends again", 100, SAY, 2, 7, 0, ""},
        {"back within the grace, and there", 1000, SAY, 1, 7, 1, "+7 "},
        {"comes away", 0, SAY, 1, 8, AWAY(1), "~8 "},
        {"there beside it", 0, SAY, 2, 8, 1, "+8 "},
        {"the gateway where he is there leaves", 100, LEAVE, 2, 0, 0, "~8 "},
    };

    (void)state;
    run(steps, COUNT_OF(steps));
}

static void test_two_gateways(void **state) {
    static const struct step steps[] = {
        {"asks", 100, SNAP, 1, 7, 1, "?0 "},
        {"the other", 0, SNAP, 2, 7, 1, ""},
        {"settled", 3000, WAIT, 0, 0, 0, ""},
        {"on three", 0, SNAP, 3, 7, 3, ""},
        {"ends on the first", 100, SAY, 1, 7, 0, ""},
        {"ends on the third", 7000, SAY, 3, 7, 0, ""},
        {"still on the second", 7000, WAIT, 0, 0, 0, ""},
        {"the second dies", 0, DIE, 2, 0, 0, ""},
        {"its lease and most of the grace", 8900, WAIT, 0, 0, 0, ""},
        {"then offline", 4300, WAIT, 0, 0, 0, "-7 "},
    };

    (void)state;
    run(steps, COUNT_OF(steps));
}

static void test_lost_reports(void **state) {
    static const struct step steps[] = {
        {"asks", 100, SNAP, 1, 7, 1, "?0 "},
        {"settled", 3100, SAY, 1, 8, 1, "+8 "},
        {"lost: 9 came", 0, LOSE, 1, 9, 1, ""},
        {"the next one tells", 100, SAY, 1, 7, 0, "?1 "},
        {"a lost answer is asked for again", 1000, WAIT, 0, 0, 0, "?1 "},
        {"nobody goes meanwhile", 10000, WAIT, 0, 0, 0,
         "?1 ?1 ?1 ?1 ?1 ?1 ?1 ?1 ?1 ?1 "},
        {"the snapshot", 0, FIRST, 1, 9, 1, "+9 "},
        {"its end: 8 is gone, 7 too", 0, LAST, 1, 10, 1, "+10 "},
        {"7 had its grace", 2100, WAIT, 0, 0, 0, "-7 "},
        {"8 now", 5000, WAIT, 0, 0, 0, "-8 "},
        {"a repeated report", 0, AGAIN, 1, 9, 0, ""},
        {"changes nothing", 8000, WAIT, 0, 0, 0, ""},
        {"a snapshot with a hole", 0, FIRST, 1, 9, 1, ""},
        {"of which this is lost", 0, LOSE, 1, 0, 0, ""},
        {"is no snapshot", 0, LAST, 1, 10, 1, "?1 "},
        {"neither is its middle", 0, MIDDLE, 1, 10, 1, ""},
        {"a whole one is", 100, SNAP, 1, 10, 1, ""},
        {"and 9 goes", 8000, WAIT, 0, 0, 0, "-9 "},
    };

    (void)state;
    run(steps, COUNT_OF(steps));
}

static void test_unknown_gateway(void **state) {
    static const struct step steps[] = {
        {"asks all", 100, WAIT, 0, 0, 0, "?0 "},
        {"settled", 3100, WAIT, 0, 0, 0, ""},
        {"a gateway in the middle of its life", 0, LOSE, 1, 5, 1, ""},
        {"is asked", 0, SAY, 1, 6, 1, "+6 ?1 "},
        {"answers", 100, SNAP, 1, 6, 1, ""},
        {"leaves", 0, LEAVE, 1, 0, 0, ""},
        {"said twice", 0, LEAVE, 1, 0, 0, ""},
        {"its user has the grace", 4900, WAIT, 0, 0, 0, ""},
        {"and goes", 200, WAIT, 0, 0, 0, "-6 "},
    };

    (void)state;
    run(steps, COUNT_OF(steps));
}

/* Whoever slept does not judge by what it slept through. */
static void test_asleep(void **state) {
    static const struct step steps[] = {
        {"asks all", 100, SNAP, 1, 7, 1, "?0 "},
        {"two gateways", 0, SNAP, 2, 8, 1, ""},
        {"settled", 3100, WAIT, 0, 0, 0, ""},
        {"sleeps", 0, SLEEP, 0, 0, 0, "?0 "},
        {"one answers", 100, SNAP, 1, 9, 1, ""},
        {"the other does not", 6000, WAIT, 0, 0, 0, "?2 ?2 ?2 ?2 ?2 ?2 "},
        {"but at last does", 0, SNAP, 2, 8, 1, ""},
        {"7 has gone in its sleep", 2000, WAIT, 0, 0, 0, "-7 "},
        {"doubts", 0, DOUBT, 0, 0, 0, ""},
        {"asks", 100, SNAP, 1, 9, 1, "?0 "},
    };

    (void)state;
    run(steps, COUNT_OF(steps));
}

static enum presence_state state_of(const struct world *w, uint64_t user) {
    return tracker_known(w->t, (struct user_id){user}).state;
}

/* Never offline before all is known; then since when, in wall time. */
static void test_known(void **state) {
    struct world w;

    (void)state;
    open_world(&w);
    assert_int_equal(state_of(&w, 7), PRESENCE_UNKNOWN);
    report(&w, SNAP, 1, (struct presence_item){{7}, 1});
    assert_int_equal(state_of(&w, 7), PRESENCE_ONLINE);
    wait(&w, 2900);
    assert_false(tracker_ready(w.t));
    assert_int_equal(state_of(&w, 8), PRESENCE_UNKNOWN);
    wait(&w, 100);
    assert_true(tracker_ready(w.t));
    assert_int_equal(state_of(&w, 8), PRESENCE_OFFLINE);
    assert_int_equal(tracker_known(w.t, (struct user_id){7}).since_ms, 0);

    report(&w, SAY, 1, (struct presence_item){{8}, 1});
    assert_int_equal(tracker_known(w.t, (struct user_id){8}).since_ms,
                     START_WALL_MS + 3000);
    report(&w, SAY, 1, (struct presence_item){{8}, 0});
    wait(&w, 8000);
    assert_int_equal(state_of(&w, 8), PRESENCE_OFFLINE);
    assert_int_equal(w.last.since_ms, START_WALL_MS + 3000);

    /* While a report is missing, a stranger may well be online. */
    report(&w, LOSE, 1, (struct presence_item){{9}, 1});
    report(&w, SAY, 1, (struct presence_item){{0}, 0});
    assert_int_equal(state_of(&w, 9), PRESENCE_UNKNOWN);
    assert_int_equal(state_of(&w, 7), PRESENCE_ONLINE);
    assert_true(tracker_ready(w.t));
    assert_int_equal(tracker_counts(w.t).incomplete, 1);
    assert_int_equal(tracker_counts(w.t).users, 1);
    assert_int_equal(tracker_counts(w.t).gateways, 1);
    tracker_close(&w.t);
    tracker_close(&w.t);
}

/* A gateway that never sends a snapshot does not keep us silent for ever,
 * only from saying that somebody is offline. */
static void test_ready_at_last(void **state) {
    struct world w;

    (void)state;
    open_world(&w);
    report(&w, SAY, 1, (struct presence_item){{7}, 1});
    wait(&w, 11900);
    assert_false(tracker_ready(w.t));
    wait(&w, 200);
    assert_true(tracker_ready(w.t));
    assert_int_equal(state_of(&w, 8), PRESENCE_UNKNOWN);
    assert_int_equal(state_of(&w, 7), PRESENCE_ONLINE);
    tracker_close(&w.t);
}

static void test_too_many_gateways(void **state) {
    struct world w;

    (void)state;
    open_world(&w);
    for (uint64_t g = 1; g <= TRACKER_GATEWAYS_MAX + 1U; g++) {
        struct bus_presence_report r = {.gateway = {g},
                                        .number = 1,
                                        .snapshot = true,
                                        .first = true,
                                        .last = true};

        tracker_report(w.t, &r, w.now);
    }
    assert_int_equal(tracker_counts(w.t).gateways, TRACKER_GATEWAYS_MAX);
    wait(&w, 6000);
    assert_int_equal(tracker_counts(w.t).gateways, 0);
    report(&w, SNAP, 1, (struct presence_item){{7}, 1});
    assert_int_equal(tracker_counts(w.t).gateways, 1);
    tracker_close(&w.t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_and_goes),
        cmocka_unit_test(test_away),
        cmocka_unit_test(test_two_gateways),
        cmocka_unit_test(test_lost_reports),
        cmocka_unit_test(test_unknown_gateway),
        cmocka_unit_test(test_asleep),
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_ready_at_last),
        cmocka_unit_test(test_too_many_gateways),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
