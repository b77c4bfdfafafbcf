/* Edits, deletions and reactions: who may, what stands in the log afterwards,
 * what is left of it, and that a repeat is only a repeat. */
#include "tests/unit/assert_row.h"

#include <string.h>

#include "chat-core/amend.h"
#include "chat-core/members.h"
#include "proto/base/macros.h"
#include "tests/fakes/world.h"

static const struct conv_id conv = {100};
static struct world w;

/* 1 owns; 2 and 3 are members; 9 is a stranger. Event 1 is 2's message. */
static int setup(void **state) {
    struct got got;

    (void)state;
    world_open(&w);
    fake_directory_users(w.directory, 1, 60);
    fake_directory_group(w.directory, conv, 1, 3);
    world_say(&w, 0, conv, 2, "hello", &got);
    world_settle(&w);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    world_close(&w);
    return 0;
}

static struct amend change(enum deed deed, uint64_t user, const char *name) {
    return (struct amend){.conv = conv,
                          .user = {user},
                          .name = slice_str(name),
                          .seq = {1},
                          .deed = deed,
                          .body = {.text = slice_str(name)},
                          .emoji = SLICE_LIT("!")};
}

static struct got run_at(size_t gate, struct amend in) {
    struct got got = {.calls = 0};

    amend(&w.gates[gate].core, &in, got_said, &got);
    world_settle(&w);
    assert_int_equal(got.calls, 1);
    return got;
}

static struct got run(struct amend in) {
    return run_at(0, in);
}

static bool stands(uint64_t seq, const char *part) {
    struct slice event = fake_history_at(w.history, conv, seq)->event;

    return event.n > 0 && strstr((const char *)event.p, part) != NULL;
}

static uint64_t head(void) {
    return fake_history_head(w.history, conv);
}

static void test_edit(void **state) {
    struct got got = run(change(DEED_EDIT, 2, "better"));

    (void)state;
    assert_int_equal(got.rc, RC_OK);
    assert_int_equal(got.said.seq.v, 2);
    assert_true(stands(1, "\"kind\":\"message\",\"msg\":\"hello\",\"body\":{"
                          "\"text\":\"better\"},\"changed\":2,\"edited\":{"
                          "\"seq\":2,"));
    assert_true(stands(2, "\"kind\":\"message.edited\",\"msg\":\"better\","
                          "\"body\":{\"seq\":1,\"text\":\"better\"}}"));
    assert_int_equal(fake_history_at(w.history, conv, 1)->earlier_count, 1);
    /* The next edit leaves nothing of this one but its version. */
    assert_int_equal(run(change(DEED_EDIT, 2, "best")).said.seq.v, 3);
    assert_true(stands(1, "best"));
    assert_int_equal(fake_history_at(w.history, conv, 2)->event.n, 0);
    assert_int_equal(fake_history_at(w.history, conv, 1)->earlier_count, 2);
}

static void test_delete(void **state) {
    struct got got;

    (void)state;
    (void)run(change(DEED_REACT, 3, "react"));
    (void)run(change(DEED_EDIT, 2, "secret"));
    got = run(change(DEED_DELETE, 2, "delete"));
    assert_int_equal(got.rc, RC_OK);
    assert_int_equal(got.said.seq.v, 4);
    assert_true(stands(1, "\"body\":{},\"changed\":4,\"deleted\":{\"by\":"
                          "\"0000000000002\""));
    assert_true(stands(4, "\"message.deleted\",\"msg\":\"delete\",\"body\":{"
                          "\"seq\":1}}"));
    for (uint64_t seq = 1; seq <= head(); seq++) {
        assert_false(stands(seq, "secret") || stands(seq, "\"text\""));
    }
    assert_int_equal(fake_history_at(w.history, conv, 1)->earlier_count, 0);
    /* It is gone: nothing more can be done to it, but it is gone again. */
    assert_int_equal(run(change(DEED_EDIT, 2, "again")).rc, RC_NOT_FOUND);
    assert_int_equal(run(change(DEED_REACT, 3, "like")).rc, RC_NOT_FOUND);
    assert_int_equal(head(), 4);
    assert_int_equal(run(change(DEED_DELETE, 1, "delete2")).rc, RC_OK);
}

struct rule_row {
    const char *name;
    uint64_t user;
    uint64_t seq;
    enum deed deed;
    enum rc want;
};

static const struct rule_row rule_rows[] = {
    {"edit another's", 3, 1, DEED_EDIT, RC_DENIED},
    {"edit another's as the owner", 1, 1, DEED_EDIT, RC_DENIED},
    {"delete another's", 3, 1, DEED_DELETE, RC_DENIED},
    {"react as a stranger", 9, 1, DEED_REACT, RC_NOT_FOUND},
    {"delete as a stranger", 9, 1, DEED_DELETE, RC_NOT_FOUND},
    {"what is not there", 2, 2, DEED_EDIT, RC_NOT_FOUND},
    {"what is not there, deleted", 2, 7, DEED_DELETE, RC_NOT_FOUND},
    {"react to another's", 3, 1, DEED_REACT, RC_OK},
    {"delete another's as the owner", 1, 1, DEED_DELETE, RC_OK},
};

static void test_rules(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rule_rows); i++) {
        const struct rule_row *row = &rule_rows[i];
        struct amend in = change(row->deed, row->user, row->name);
        uint64_t before = head();

        in.seq.v = row->seq;
        assert_row(row->name, run(in).rc == row->want);
        assert_row(row->name, head() == before + (row->want == RC_OK));
    }
}

/* Nothing is done to what is no message, nor before one's joining. */
static void test_others(void **state) {
    struct got got = {.calls = 0};
    struct amend in = change(DEED_REACT, 1, "react");

    (void)state;
    member_add(&w.gates[0].core, &(struct member_ask){conv, {1}, {4}},
               got_changed, &got);
    world_settle(&w);
    assert_int_equal(got.seq.v, 2);
    in.seq.v = 2;
    assert_int_equal(run(in).rc, RC_NOT_FOUND);
    assert_int_equal(run(change(DEED_REACT, 4, "react2")).rc, RC_NOT_FOUND);
}

static void test_too_late(void **state) {
    (void)state;
    w.gates[0].core.edit_ms = 60000;
    world_pass(&w, 60000);
    assert_int_equal(run(change(DEED_EDIT, 2, "in time")).rc, RC_OK);
    world_pass(&w, 1);
    assert_int_equal(run(change(DEED_EDIT, 2, "too late")).rc, RC_LIMIT);
    assert_int_equal(head(), 2);
    /* What was done in time is answered at any time. */
    assert_int_equal(run(change(DEED_EDIT, 2, "in time")).said.seq.v, 2);
    assert_int_equal(run(change(DEED_DELETE, 2, "away")).rc, RC_OK);
}

/* An edit puts other mentions in the place of the old ones; what the message
 * answers stays. */
static void test_parts(void **state) {
    static const struct user_id mentions[] = {{3}};
    struct amend in = change(DEED_EDIT, 2, "edit");
    struct got got = {.calls = 0};

    (void)state;
    say(&w.gates[0].core,
        &(struct say){.conv = conv,
                      .from = {2},
                      .kind = "message",
                      .name = SLICE_LIT("reply"),
                      .body = SLICE_LIT("{\"text\":\"a\",\"reply_to\":1,"
                                        "\"mentions\":[\"0000000000001\"]}"),
                      .change = &(struct history_change){.seq = {1}}},
        got_said, &got);
    world_settle(&w);
    assert_int_equal(got.said.seq.v, 2);
    in.seq.v = 2;
    in.body.mentions = mentions;
    in.body.mention_count = 1;
    assert_int_equal(run(in).rc, RC_OK);
    assert_true(stands(2, "\"body\":{\"text\":\"edit\",\"reply_to\":1,"
                          "\"mentions\":[\"0000000000003\"]}"));
    assert_true(stands(3, "\"body\":{\"seq\":2,\"text\":\"edit\","
                          "\"mentions\":[\"0000000000003\"]}"));
}

/* ---- repeats ---- */

/* The same again, elsewhere, at any time since: the same answer. */
static void test_repeat(void **state) {
    struct got got;

    (void)state;
    (void)run(change(DEED_EDIT, 2, "one"));
    (void)run(change(DEED_REACT, 3, "like"));
    (void)run(change(DEED_EDIT, 2, "two"));
    (void)run(change(DEED_DELETE, 2, "gone"));
    got = run_at(1, change(DEED_EDIT, 2, "one"));
    assert_true(got.rc == RC_OK && got.said.repeat);
    assert_int_equal(got.said.seq.v, 2);
    assert_int_equal(run_at(1, change(DEED_REACT, 3, "like")).said.seq.v, 3);
    assert_int_equal(run_at(1, change(DEED_DELETE, 2, "gone")).said.seq.v, 5);
    assert_int_equal(head(), 5);
}

/* The same name for another thing. */
static void test_conflict(void **state) {
    struct amend in = change(DEED_REACT, 2, "name");

    (void)state;
    assert_int_equal(run(change(DEED_EDIT, 2, "name")).rc, RC_OK);
    assert_int_equal(run(in).rc, RC_CONFLICT);
    in.emoji = SLICE_LIT("");
    assert_int_equal(run(in).rc, RC_CONFLICT);
    assert_int_equal(run(change(DEED_DELETE, 2, "name")).rc, RC_CONFLICT);
    assert_int_equal(run(change(DEED_DELETE, 2, "hello")).rc, RC_CONFLICT);
    assert_int_equal(head(), 2);
}

/* What a repeated message is told as, when it was deleted since. */
static void test_repeat_of_the_deleted(void **state) {
    struct ear ear = {.user = {0}};
    struct got got;

    (void)state;
    (void)run(change(DEED_DELETE, 2, "gone"));
    ear_join(&w, &ear, 1, 3);
    world_settle(&w);
    world_say(&w, 0, conv, 2, "hello", &got);
    world_settle(&w);
    assert_true(got.rc == RC_OK && got.said.repeat);
    assert_int_equal(ear.seen[1], 1);
    assert_non_null(strstr(ear.last, "\"deleted\""));
    ear_leave(&ear);
}

/* ---- many at once ---- */

/* Everybody's reaction stays, whoever was first. */
static void test_at_once(void **state) {
    struct got got[6];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(got); i++) {
        char name[] = "react0";
        struct amend in = change(DEED_REACT, 1 + i % 3, name);

        name[5] = (char)('0' + i);
        in.name = slice_str(name);
        in.emoji = i < 3 ? SLICE_LIT("a") : SLICE_LIT("b");
        got[i] = (struct got){.calls = 0};
        amend(&w.gates[i % 3].core, &in, got_said, &got[i]);
    }
    world_settle(&w);
    for (size_t i = 0; i < COUNT_OF(got); i++) {
        assert_int_equal(got[i].rc, RC_OK);
    }
    assert_int_equal(head(), 7);
    for (uint64_t user = 1; user <= 3; user++) {
        assert_true(stands(1, id_text(user).s));
    }
}

/* ---- failures ---- */

static void test_failures(void **state) {
    static const enum rc whys[] = {RC_AGAIN, RC_TIMEOUT, RC_BACKEND};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(whys); i++) {
        struct got got = {.calls = 0};
        struct amend in = change(DEED_REACT, 3, "like");

        amend(&w.gates[0].core, &in, got_said, &got);
        w.gates[0].history->refuse = whys[i];
        world_settle(&w);
        assert_row(rc_str(whys[i]), got.calls == 1 && got.rc == whys[i]);
        w.gates[0].history->refuse = RC_OK;
    }
    assert_int_equal(head(), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_edit),
        TEST(test_delete),
        TEST(test_rules),
        TEST(test_others),
        TEST(test_too_late),
        TEST(test_parts),
        TEST(test_repeat),
        TEST(test_conflict),
        TEST(test_repeat_of_the_deleted),
        TEST(test_at_once),
        TEST(test_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
