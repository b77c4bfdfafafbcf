/* After a reconnect: each cursor's state, and what it lacked. */
#include "tests/unit/assert_row.h"

#include "chat-core/sync.h"
#include "proto/base/macros.h"
#include "tests/fakes/world.h"

static struct world w;

enum {
    ME = 1,
    MINE = 100,    /* 250 events, all mine */
    LATE = 101,    /* 20 events, mine from 11 on */
    LEFT = 102,    /* 20 events, mine up to 15 */
    JOINING = 103, /* 20 events, my joining is not complete */
    OTHERS = 104,  /* 20 events, not mine */
    SILENT = 105,  /* no event yet */
    NOWHERE = 106,
};

static struct conv_id conv(uint64_t v) {
    return (struct conv_id){v};
}

static int setup(void **state) {
    const struct user_id me = {ME};

    (void)state;
    world_open(&w);
    fake_directory_users(w.directory, 1, 10);
    fake_directory_group(w.directory, conv(MINE), 1, 3);
    fake_directory_group(w.directory, conv(LATE), 2, 3);
    fake_directory_group(w.directory, conv(LEFT), 1, 3);
    fake_directory_group(w.directory, conv(JOINING), 2, 3);
    fake_directory_group(w.directory, conv(OTHERS), 2, 3);
    fake_directory_group(w.directory, conv(SILENT), 1, 3);
    fake_directory_add(w.directory, conv(LATE), me);
    fake_directory_bound(w.directory, conv(LATE), me, 11, true);
    fake_directory_remove(w.directory, conv(LEFT), me);
    fake_directory_bound(w.directory, conv(LEFT), me, 15, false);
    fake_directory_add(w.directory, conv(JOINING), me);
    world_fill(&w, conv(MINE), 2, 250);
    for (uint64_t v = LATE; v <= OTHERS; v++) {
        world_fill(&w, conv(v), 2, 20);
    }
    return 0;
}

static int teardown(void **state) {
    (void)state;
    world_close(&w);
    return 0;
}

struct sync_row {
    const char *name;
    uint64_t conv;
    uint64_t have;
    enum sync_state state;
    uint64_t head;
    uint64_t first; /* of the page; 0: none */
    size_t count;
};

static const struct sync_row sync_rows[] = {
    {"nothing moved", MINE, 250, SYNC_COMPLETE, 250, 0, 0},
    {"one behind", MINE, 249, SYNC_COMPLETE, 250, 250, 1},
    {"a page behind", MINE, 150, SYNC_COMPLETE, 250, 151, 100},
    {"more than a page", MINE, 149, SYNC_MORE, 250, 150, 100},
    {"from the beginning", MINE, 0, SYNC_MORE, 250, 1, 100},
    {"beyond the head", MINE, 251, SYNC_RESYNC, 250, 0, 0},
    {"late: from the beginning", LATE, 0, SYNC_COMPLETE, 20, 11, 10},
    {"late: partly", LATE, 15, SYNC_COMPLETE, 20, 16, 5},
    {"left: partly", LEFT, 10, SYNC_COMPLETE, 15, 11, 5},
    {"left: all", LEFT, 15, SYNC_COMPLETE, 15, 0, 0},
    {"left: beyond his end", LEFT, 16, SYNC_RESYNC, 15, 0, 0},
    {"joining", JOINING, 0, SYNC_LATER, 0, 0, 0},
    {"not mine, at its head", OTHERS, 20, SYNC_NOT_FOUND, 0, 0, 0},
    {"not mine", OTHERS, 0, SYNC_NOT_FOUND, 0, 0, 0},
    {"no event yet", SILENT, 0, SYNC_COMPLETE, 0, 0, 0},
    {"no event yet, but I have one", SILENT, 1, SYNC_RESYNC, 0, 0, 0},
    {"no such conversation", NOWHERE, 0, SYNC_NOT_FOUND, 0, 0, 0},
};

static void sync(const struct sync_cursor *cursors, size_t count,
                 struct got *got) {
    *got = (struct got){.calls = 0};
    sync_read(&w.gates[0].core, (struct user_id){ME}, cursors, count,
              got_sync_page, got_synced, got);
}

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sync_rows); i++) {
        const struct sync_row *row = &sync_rows[i];
        const struct sync_cursor cursor = {{row->conv}, {row->have}, 0};
        struct got got;

        sync(&cursor, 1, &got);
        world_settle(&w);
        assert_row(row->name, got.calls == 1 && got.rc == RC_OK);
        assert_row(row->name, got.count == 1);
        assert_row(row->name, got.ones[0].conv.v == row->conv);
        assert_row(row->name, got.ones[0].state == row->state);
        assert_row(row->name, got.ones[0].head.v == row->head);
        assert_row(row->name, got.pages == (row->count > 0));
        assert_row(row->name, got.page.count == row->count);
        assert_row(row->name, got.page.first.v == row->first);
    }
}

/* Many at once are answered in the order asked, each for itself. */
static void test_many(void **state) {
    const struct sync_cursor cursors[] = {
        {{OTHERS}, {20}, 0}, {{MINE}, {250}, 0}, {{LATE}, {0}, 0},
        {{MINE}, {0}, 0},    {{LEFT}, {99}, 0},
    };
    const enum sync_state states[] = {SYNC_NOT_FOUND, SYNC_COMPLETE,
                                      SYNC_COMPLETE, SYNC_MORE, SYNC_RESYNC};
    struct got got;

    (void)state;
    sync(cursors, COUNT_OF(cursors), &got);
    world_settle(&w);
    assert_int_equal(got.calls, 1);
    assert_int_equal(got.pages, 2);
    for (size_t i = 0; i < COUNT_OF(cursors); i++) {
        assert_int_equal(got.ones[i].conv.v, cursors[i].conv.v);
        assert_int_equal(got.ones[i].state, states[i]);
    }
}

/* A client that has everything, and can name it, costs one question, and none
 * to the directory. */
static void test_nothing_moved_is_cheap(void **state) {
    const struct sync_cursor cursors[] = {{{MINE}, {250}, w.clock.wall_ms},
                                          {{LATE}, {20}, w.clock.wall_ms}};
    struct got got;

    (void)state;
    sync(cursors, COUNT_OF(cursors), &got);
    assert_int_equal(w.gates[0].history->count, 1);
    fake_calls_turn(w.gates[0].history);
    assert_int_equal(got.calls, 1);
    assert_int_equal(w.gates[0].directory->count, 0);
    assert_int_equal(got.ones[1].state, SYNC_COMPLETE);
}

/* The message at a cursor is the one the client means, or a gap is named.
 * MINE holds 250 events of the beginning and 10 of a minute later. */
static void test_named_messages(void **state) {
    const uint64_t old = w.clock.wall_ms;
    const uint64_t new = old + 60000;
    const struct {
        const char *name;
        uint64_t conv;
        uint64_t have;
        uint64_t ts_ms;
        enum sync_state state;
        enum sync_gap gap;
        uint64_t from;
        uint64_t to;
        uint64_t first;
        size_t count;
    } rows[] = {
        {"the head", MINE, 260, new, SYNC_COMPLETE, 0, 0, 0, 0, 0},
        {"the head was another", MINE, 260, old, SYNC_RESYNC,
         SYNC_GAP_REWRITTEN, 1, 260, 0, 0},
        {"the same, behind the head", MINE, 250, old, SYNC_COMPLETE, 0, 0, 0,
         251, 10},
        {"another, behind the head", MINE, 255, old, SYNC_RESYNC,
         SYNC_GAP_REWRITTEN, 1, 255, 0, 0},
        {"beyond the head", MINE, 265, old, SYNC_RESYNC, SYNC_GAP_LOST, 261,
         265, 0, 0},
        {"a page and more", MINE, 100, old, SYNC_MORE, 0, 0, 0, 101, 99},
        {"nothing yet", MINE, 0, old, SYNC_MORE, 0, 0, 0, 1, 100},
        {"before he may read", LATE, 5, old + 1, SYNC_COMPLETE, 0, 0, 0, 11,
         10},
        {"from another's", OTHERS, 20, old + 1, SYNC_NOT_FOUND, 0, 0, 0, 0, 0},
    };

    (void)state;
    w.clock.wall_ms = new;
    world_fill(&w, conv(MINE), 2, 10);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct sync_cursor cursor = {
            {rows[i].conv}, {rows[i].have}, rows[i].ts_ms};
        struct got got;

        sync(&cursor, 1, &got);
        world_settle(&w);
        assert_row(rows[i].name, got.ones[0].state == rows[i].state);
        assert_row(rows[i].name, got.ones[0].gap == rows[i].gap);
        assert_row(rows[i].name, got.ones[0].from.v == rows[i].from);
        assert_row(rows[i].name, got.ones[0].to.v == rows[i].to);
        assert_row(rows[i].name, got.page.count == rows[i].count);
        assert_row(rows[i].name, got.page.first.v == rows[i].first);
    }
}

static void test_no_heads(void **state) {
    const struct sync_cursor cursor = {{MINE}, {0}, 0};
    struct got got;

    (void)state;
    w.gates[0].history->refuse = RC_TIMEOUT;
    sync(&cursor, 1, &got);
    world_settle(&w);
    assert_int_equal(got.rc, RC_TIMEOUT);
    assert_int_equal(got.pages, 0);
}

/* One server of the history is away: what the others have is given, and the
 * gap is named. When it is back, asking again gives the rest. */
static void test_one_server_away(void **state) {
    static const struct {
        const char *name;
        uint64_t have;
        bool witness; /* the cursor names its message */
    } rows[] = {
        {"nothing yet", 0, false},
        {"some", 15, false},
        {"some, and which", 15, true},
        {"all, and which", 20, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct sync_cursor cursors[] = {
            {{LATE}, {rows[i].have}, rows[i].witness ? w.clock.wall_ms : 0},
            {{MINE}, {249}, 0}};
        struct got got;

        fake_history_away(w.history, (struct conv_id){LATE}, true);
        sync(cursors, COUNT_OF(cursors), &got);
        world_settle(&w);
        assert_row(rows[i].name, got.calls == 1 && got.rc == RC_OK);
        assert_row(rows[i].name, got.ones[0].state == SYNC_LATER);
        assert_row(rows[i].name, got.ones[0].gap == SYNC_GAP_AWAY);
        assert_row(rows[i].name, got.ones[0].from.v == rows[i].have + 1);
        assert_row(rows[i].name, got.ones[0].to.v == 0);
        assert_row(rows[i].name, got.ones[1].state == SYNC_COMPLETE);
        assert_row(rows[i].name, got.pages == 1 && got.page.first.v == 250);
        fake_history_away(w.history, (struct conv_id){LATE}, false);
        sync(cursors, 1, &got);
        world_settle(&w);
        assert_row(rows[i].name, got.ones[0].state == SYNC_COMPLETE);
        assert_row(rows[i].name, got.ones[0].gap == SYNC_GAP_NONE);
    }
}

/* All are: then that is the answer. */
static void test_all_servers_away(void **state) {
    const struct sync_cursor cursor = {{MINE}, {0}, 0};
    struct got got;

    (void)state;
    fake_history_away(w.history, (struct conv_id){MINE}, true);
    sync(&cursor, 1, &got);
    world_settle(&w);
    assert_int_equal(got.rc, RC_AGAIN);
    fake_history_away(w.history, (struct conv_id){MINE}, false);
}

/* One store is away: that one later, the others now. */
static void test_later(void **state) {
    const struct sync_cursor cursors[] = {{{LATE}, {0}, 0},
                                          {{MINE}, {250}, w.clock.wall_ms}};
    struct got got;

    (void)state;
    w.gates[0].directory->refuse = RC_AGAIN;
    sync(cursors, COUNT_OF(cursors), &got);
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
    assert_int_equal(got.ones[0].state, SYNC_LATER);
    assert_int_equal(got.ones[0].gap, SYNC_GAP_AWAY);
    assert_int_equal(got.ones[1].state, SYNC_COMPLETE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_rows),
        TEST(test_many),
        TEST(test_nothing_moved_is_cheap),
        TEST(test_named_messages),
        TEST(test_no_heads),
        TEST(test_later),
        TEST(test_one_server_away),
        TEST(test_all_servers_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
