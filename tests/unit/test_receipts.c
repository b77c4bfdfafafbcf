/* Cursors and who is told of them: how often, in what form, and whom not. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "chat-core/conv_table.h"
#include "chat-core/cursor.h"
#include "chat-core/receipts.h"
#include "proto/base/macros.h"
#include "tests/fakes/world.h"

enum {
    USERS = 1100,
    HEAD = 50,
    TWICE_MS = 2 * RECEIPTS_MS,
};

static const struct conv_id few = {100};
static const struct conv_id some = {101}; /* wide, listed */
static const struct conv_id many = {102}; /* counted */
static const struct conv_id crowd = {103};
static struct world w;
static struct ear ann;
static struct ear bob;

static int setup(void **state) {
    (void)state;
    world_open(&w);
    fake_directory_users(w.directory, 1, USERS);
    fake_directory_group(w.directory, few, 1, 3);
    fake_directory_group(w.directory, some, 1, 100);
    fake_directory_group(w.directory, many, 1, 1000);
    fake_directory_group(w.directory, crowd, 1, 1001);
    world_fill(&w, few, 1, HEAD);
    world_fill(&w, some, 1, HEAD);
    world_fill(&w, many, 1, HEAD);
    world_fill(&w, crowd, 1, HEAD);
    ear_join(&w, &ann, 0, 1);
    ear_join(&w, &bob, 1, 2);
    world_settle(&w);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    ear_leave(&ann);
    ear_leave(&bob);
    world_close(&w);
    return 0;
}

struct at {
    size_t calls;
    enum rc rc;
    uint64_t seq;
};

static void on_moved(void *ctx, enum rc rc, struct msg_seq seq) {
    struct at *at = ctx;

    at->calls++;
    at->rc = rc;
    at->seq = seq.v;
}

static struct at move(struct conv_id conv, uint64_t user,
                      enum history_cursor which, uint64_t seq) {
    struct at at = {.calls = 0};

    cursor_move(&w.gates[1].core,
                &(struct history_move){conv, {user}, which, {seq}}, on_moved,
                &at);
    world_settle(&w);
    assert_int_equal(at.calls, 1);
    return at;
}

static bool heard(const struct ear *e, const char *part) {
    return e->last != NULL && strstr(e->last, part) != NULL;
}

/* The others hear it, and the reader's own devices what he has read. */
static void test_told(void **state) {
    (void)state;
    assert_int_equal(move(few, 2, CURSOR_READ, 7).seq, 7);
    assert_int_equal(ann.others, 1);
    assert_string_equal(ann.last,
                        "{\"type\":\"receipts\",\"conv\":\"0000000000034\","
                        "\"users\":[{\"user\":\"0000000000002\",\"read\":7,"
                        "\"delivered\":7}]}");
    assert_int_equal(bob.others, 2);
    ear_forget(&bob);
    world_pass(&w, RECEIPTS_MS);
    assert_int_equal(move(few, 2, CURSOR_READ, 5).seq, 7); /* nothing moves */
    assert_int_equal(bob.others, 0);
    assert_int_equal(move(few, 2, CURSOR_DELIVERED, 9).seq, 9);
    assert_true(heard(&bob, "\"read\":7,\"delivered\":9"));
    assert_int_equal(bob.others, 1); /* no "read" of his own */
}

/* The first at once, the others of that second together, then silence. */
static void test_gathered(void **state) {
    (void)state;
    for (uint64_t seq = 1; seq <= 20; seq++) {
        (void)move(few, 2, CURSOR_READ, seq);
        (void)move(few, 3, CURSOR_DELIVERED, seq);
    }
    assert_int_equal(ann.others, 1);
    assert_true(heard(&ann, "\"read\":1,"));
    ear_forget(&ann);
    world_pass(&w, RECEIPTS_MS - 1);
    assert_int_equal(ann.others, 0);
    world_pass(&w, WHEEL_TICK_MS + 1);
    assert_int_equal(ann.others, 1);
    assert_true(heard(&ann, "0002\",\"read\":20,"));
    assert_true(heard(&ann, "0003\",\"read\":0,\"delivered\":20"));
    world_pass(&w, TWICE_MS);
    world_pass(&w, TWICE_MS);
    assert_int_equal(ann.others, 1);
    assert_int_equal(w.gates[1].core.receipts.count, 0);
}

/* Two conversations do not wait for each other. */
static void test_each_its_own(void **state) {
    (void)state;
    (void)move(few, 2, CURSOR_READ, 1);
    (void)move(some, 2, CURSOR_READ, 1);
    assert_int_equal(ann.others, 2);
}

struct size_row {
    const char *name;
    struct conv_id conv;
    enum history_cursor which;
    uint64_t at;
    size_t heard;
    const char *part;
};

static const struct size_row size_rows[] = {
    {"100 members", {101}, CURSOR_READ, 7, 1, "\"users\":[{"},
    {"1000 members",
     {102},
     CURSOR_READ,
     7,
     1,
     "\"seq\":7,\"read\":1,\"delivered\":2}"},
    {"1000 members, delivered",
     {102},
     CURSOR_DELIVERED,
     8,
     1,
     "\"seq\":8,\"read\":0,\"delivered\":1}"},
    {"1001 members", {103}, CURSOR_READ, 7, 0, NULL},
    {"1001 members, delivered", {103}, CURSOR_DELIVERED, 0, 0, NULL},
};

static void test_sizes(void **state) {
    (void)state;
    (void)move(many, 3, CURSOR_DELIVERED, 7);
    for (size_t i = 0; i < COUNT_OF(size_rows); i++) {
        const struct size_row *row = &size_rows[i];
        uint64_t seq = row->at == 0 ? 7 : row->at;

        world_pass(&w, TWICE_MS);
        ear_forget(&ann);
        assert_row(row->name,
                   move(row->conv, 2, row->which, seq).seq == row->at);
        assert_row(row->name, ann.others == row->heard);
        assert_row(row->name, row->part == NULL || heard(&ann, row->part));
    }
}

static void test_refused(void **state) {
    (void)state;
    assert_int_equal(move(few, 4, CURSOR_READ, 7).rc, RC_NOT_FOUND);
    w.gates[1].history->refuse = RC_AGAIN;
    assert_int_equal(move(few, 2, CURSOR_READ, 7).rc, RC_AGAIN);
    w.gates[1].history->refuse = RC_OK;
    assert_int_equal(ann.others, 0);
}

/* What cannot be told now is told in the next second's text, or not. */
static void test_directory_away(void **state) {
    (void)state;
    (void)move(few, 2, CURSOR_READ, 1);
    fake_directory_add(w.directory, few, (struct user_id){9});
    conv_forget_before(&w.gates[1].core, few, (struct member_version){99});
    receipts_note(&w.gates[1].core, few, &(struct history_mark){{2}, {2}, {2}});
    w.gates[1].directory->refuse = RC_TIMEOUT;
    world_pass(&w, TWICE_MS);
    w.gates[1].directory->refuse = RC_OK;
    assert_int_equal(ann.others, 1);
    world_pass(&w, TWICE_MS);
    (void)move(few, 2, CURSOR_READ, 3);
    assert_int_equal(ann.others, 2);
}

/* ---- asking ---- */

struct known {
    size_t calls;
    enum rc rc;
    struct receipts out;
    uint64_t user; /* the only one listed */
};

static void on_receipts(void *ctx, enum rc rc, const struct receipts *out) {
    struct known *k = ctx;

    k->calls++;
    k->rc = rc;
    if (out != NULL) {
        k->out = *out;
        k->user = out->count == 1 ? out->marks[0].user.v : 0;
    }
}

static struct known ask(struct conv_id conv, uint64_t user, uint64_t seq) {
    struct known k = {.calls = 0};

    receipts_read(&w.gates[0].core, conv, (struct user_id){user},
                  (struct msg_seq){seq}, on_receipts, &k);
    world_settle(&w);
    assert_int_equal(k.calls, 1);
    return k;
}

static void test_ask(void **state) {
    struct known k = ask(few, 1, 7);

    (void)state;
    assert_true(k.rc == RC_OK && k.out.listed && k.out.count == 0);
    (void)move(few, 2, CURSOR_READ, 7);
    (void)move(few, 3, CURSOR_READ, 7);
    assert_int_equal(ask(few, 1, 7).out.count, 2);
    fake_directory_remove(w.directory, few, (struct user_id){3});
    k = ask(few, 1, 7);
    assert_true(k.out.count == 1 && k.user == 2);
    assert_int_equal(ask(few, 4, 7).rc, RC_NOT_FOUND);
    (void)move(many, 2, CURSOR_READ, 7);
    k = ask(many, 1, 7);
    assert_true(k.rc == RC_OK && !k.out.listed);
    assert_int_equal(k.out.reads, 1);
    assert_int_equal(ask(many, 1, 8).out.reads, 0);
    assert_int_equal(ask(crowd, 1, 8).rc, RC_CONFLICT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_told),  TEST(test_gathered), TEST(test_each_its_own),
        TEST(test_sizes), TEST(test_refused),  TEST(test_directory_away),
        TEST(test_ask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
