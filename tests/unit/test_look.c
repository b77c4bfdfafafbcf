/* Somebody joins a narrow conversation, and others speak meanwhile: what he is
 * shown begins with his joining. And a change whose gateway died half way is
 * completed by whoever touches the conversation next. */
#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#include "chat-core/look.h"
#include "chat-core/members.h"
#include "proto/base/macros.h"
#include "tests/unit/members_world.h"

/* How far the gateway that was asked gets before it dies. */
enum reach {
    REACH_DIRECTORY, /* the directory has it, the log has not */
    REACH_LOG,       /* the log has it, the directory does not know where */
    REACH_ALL,
};

/* Gate 0 goes on call by call until it asks for this, which is refused. */
static void refuse_next(struct fake_calls *q, const char *name) {
    struct fake_calls *stores[] = {w.gates[0].directory, w.gates[0].history};

    while (strcmp(fake_calls_next(q), name) != 0) {
        struct fake_calls *busy = stores[stores[0]->count == 0];

        if (busy->count > 0) {
            fake_calls_finish(busy, FAKE_DO, RC_OK);
        } else {
            assert_true(fake_bus_turn(w.bus) > 0);
        }
    }
    fake_calls_finish(q, FAKE_REFUSE, RC_BACKEND);
}

/* The change that gate 0 was asked for ends so far. */
static void die_at(enum reach reach) {
    if (reach == REACH_DIRECTORY) {
        refuse_next(w.gates[0].history, "append");
    } else if (reach == REACH_LOG) {
        refuse_next(w.gates[0].directory, "member_bound");
    }
    world_settle(&w);
}

static const char *last_name(void) {
    return fake_history_at(w.history, conv, fake_history_head(w.history, conv))
        ->name;
}

struct half_row {
    const char *name;
    size_t past;     /* events before */
    uint64_t joined; /* where his joining comes to stand */
    enum reach reach;
    bool shown; /* the message that was said meanwhile */
};

static const struct half_row half_rows[] = {
    {"not in the log", 3, 5, REACH_DIRECTORY, false},
    {"not in the log, the first event", 0, 2, REACH_DIRECTORY, false},
    {"in the log, not bound", 3, 4, REACH_LOG, true},
    {"in the log, the first event", 0, 1, REACH_LOG, true},
    {"complete", 3, 4, REACH_ALL, true},
};

/* One who is here hears the message that was said, or does not; either way his
 * joining is complete then, by the one who asked for it. */
static void test_said_meanwhile(void **state) {
    for (size_t i = 0; i < COUNT_OF(half_rows); i++) {
        const struct half_row *row = &half_rows[i];
        struct ear new;
        struct got got;
        struct got said;

        teardown(state);
        setup(state);
        fake_directory_group(w.directory, conv, OWNER, 3);
        world_fill(&w, conv, OWNER, row->past);
        ear_join(&w, &new, 2, NEW);
        world_settle(&w);
        ask_add(&got, OWNER, NEW);
        die_at(row->reach);
        world_say(&w, 1, conv, ANN, "meanwhile", &said);
        world_settle(&w);
        assert_row(row->name, said.calls == 1 && said.rc == RC_OK);
        assert_row(row->name, (new.seen[said.said.seq.v] == 1) == row->shown);
        assert_row(row->name, row_of(NEW).from.v == row->joined);
        assert_row(row->name, new.seen[row->joined] >= 1);
        assert_row(row->name,
                   fake_history_at(w.history, conv, row->joined)->from.v ==
                       OWNER);
        assert_row(row->name, fake_history_head(w.history, conv) ==
                                  row->past + 2); /* it stands there once */
        assert_row(row->name, new.resyncs == 0);
        ear_leave(&new);
    }
}

/* He is nowhere: the one who speaks completes it, and the second one who
 * speaks finds him a member like any other. */
static void test_completed_by_the_next(void **state) {
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 3);
    ask_add(&got, OWNER, NEW);
    die_at(REACH_DIRECTORY);
    assert_int_equal(got.rc, RC_BACKEND);
    assert_int_equal(row_of(NEW).from.v, 0);
    world_say(&w, 1, conv, ANN, "one", &got);
    world_settle(&w);
    assert_int_equal(row_of(NEW).from.v, 2);
    assert_true(strncmp(last_name(), ".1.", 3) == 0);
    ask_add(&got, OWNER, NEW);
    world_settle(&w);
    assert_true(got.rc == RC_OK && got.seq.v == 0);
}

/* Nobody speaks: he reads, he syncs, or he reads on after he was removed. */
static void test_completed_by_reading(void **state) {
    static const struct {
        const char *name;
        enum reach reach;
        bool leaves;
        uint64_t head;
    } rows[] = {
        {"joins, not in the log", REACH_DIRECTORY, false, 4},
        {"joins, not bound", REACH_LOG, false, 4},
        {"is removed, not in the log", REACH_DIRECTORY, true, 4},
        {"is removed, not bound", REACH_LOG, true, 4},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t who = rows[i].leaves ? BOB : NEW;
        struct got got;
        struct got page = {.calls = 0};

        teardown(state);
        setup(state);
        fake_directory_group(w.directory, conv, OWNER, 3);
        world_fill(&w, conv, OWNER, 3);
        if (rows[i].leaves) {
            ask_remove(&got, OWNER, BOB);
        } else {
            ask_add(&got, OWNER, NEW);
        }
        die_at(rows[i].reach);
        page_read(&w.gates[1].core,
                  &(struct page_ask){.conv = conv, .user = {who}, .limit = 10},
                  got_page, &page);
        world_settle(&w);
        assert_row(rows[i].name, page.calls == 1 && page.rc == RC_OK);
        assert_row(rows[i].name, page.page.head.v == rows[i].head);
        assert_row(rows[i].name,
                   page.page.from.v == (rows[i].leaves ? 1 : rows[i].head));
        assert_row(rows[i].name, fake_history_head(w.history, conv) == 4);
    }
}

/* Who asks for it a second time is not its author. */
static void test_author_stays(void **state) {
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 4);
    ask_remove(&got, OWNER, BOB);
    die_at(REACH_LOG);
    ask_remove(&got, BOB, BOB);
    world_settle(&w);
    assert_true(got.rc == RC_OK && got.seq.v == 1);
    assert_int_equal(fake_history_head(w.history, conv), 1);
    assert_int_equal(fake_history_at(w.history, conv, 1)->from.v, OWNER);
    assert_true(strncmp(last_name(), ".2.", 3) == 0);
}

/* Nobody who asks for a stranger's completes anything. */
static void test_stranger(void **state) {
    struct got got = {.calls = 0};

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 3);
    member_complete(&w.gates[0].core, conv, (struct user_id){NEW}, got_changed,
                    &got);
    world_settle(&w);
    assert_true(got.calls == 1 && got.rc == RC_NOT_FOUND);
    page_read(&w.gates[1].core,
              &(struct page_ask){.conv = conv, .user = {NEW}, .limit = 10},
              got_page, &got);
    world_settle(&w);
    assert_int_equal(got.rc, RC_NOT_FOUND);
    assert_int_equal(fake_history_head(w.history, conv), 0);
}

/* The history cannot tell what is for him: he is told to sync. */
static void test_not_told(void **state) {
    struct ear new;
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 3);
    ear_join(&w, &new, 2, NEW);
    world_settle(&w);
    ask_add(&got, OWNER, NEW);
    die_at(REACH_LOG);
    w.gates[2].history->refuse = RC_AGAIN;
    world_say(&w, 1, conv, ANN, "meanwhile", &got);
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
    assert_int_equal(new.seen[2], 0);
    assert_int_equal(new.resyncs, 1);
    w.gates[2].history->refuse = RC_OK;
    ear_leave(&new);
}

/* Many messages are one question, and he leaves while it is open. */
static void test_many(void **state) {
    struct ear new;
    struct got got[10];

    (void)state;
    fake_directory_group(w.directory, conv, OWNER, 3);
    ear_join(&w, &new, 2, NEW);
    world_settle(&w);
    ask_add(&got[0], OWNER, NEW);
    die_at(REACH_LOG);
    for (size_t i = 0; i < COUNT_OF(got); i++) {
        char name[8];

        snprintf(name, sizeof(name), "m%zu", i);
        world_say(&w, 1, conv, ANN, name, &got[i]);
        fake_calls_turn(w.gates[1].directory);
    }
    fake_calls_turn(w.gates[1].history);
    fake_bus_settle(w.bus);
    assert_int_equal(w.gates[2].directory->count, 1);
    world_settle(&w);
    for (uint64_t seq = 2; seq <= 11; seq++) {
        assert_int_equal(new.seen[seq], 1);
    }
    ear_forget(&new);
    fake_directory_add(w.directory, conv, (struct user_id){NEW + 1});
    ear_leave(&new);
    world_say(&w, 1, conv, ANN, "more", &got[0]);
    world_settle(&w);
    assert_int_equal(got[0].rc, RC_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_said_meanwhile),
        TEST(test_completed_by_the_next),
        TEST(test_completed_by_reading),
        TEST(test_author_stays),
        TEST(test_stranger),
        TEST(test_not_told),
        TEST(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
