/* Putting an event into a conversation: who gets it, what is repeated, what
 * every failure on the way comes to. */
#include "tests/unit/assert_row.h"

#include "chat-core/say.h"
#include "proto/base/macros.h"
#include "proto/wire/bus_msg.h"
#include "tests/unit/say_world.h"

struct recipients_row {
    const char *name;
    size_t members;
    bool wide;
};

static const struct recipients_row recipients_rows[] = {
    {"alone", 1, false},          {"two", 2, false},
    {"16 are narrow", 16, false}, {"17 are wide", 17, true},
    {"listed", 32, true},         {"not listed", 33, true},
};

static void test_recipients(void **state) {
    struct got got;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(recipients_rows); i++) {
        const struct recipients_row *row = &recipients_rows[i];
        const struct conv_id id = {200 + i};
        const struct topic topic = {TOPIC_CONV, id.v};

        fake_bus_forget(w.bus);
        fake_directory_group(w.directory, id, 1, row->members);
        world_say(&w, 0, id, 1, "m1", &got);
        world_settle(&w);
        assert_row(row->name, got.calls == 1 && got.rc == RC_OK);
        assert_row(row->name, got.said.seq.v == 1 && !got.said.repeat);
        assert_row(row->name, got.said.ts_ms == w.clock.wall_ms);
        assert_row(row->name, sent_to(topic) == row->wide);
        assert_row(row->name,
                   sent_to_users(1, 60) == (row->wide ? 0 : row->members));
    }
    assert_int_equal(w.gates[0].core.stats.said, COUNT_OF(recipients_rows));
}

/* The text is what history plus place make of it. */
static void test_text(void **state) {
    const char *text =
        "{\"type\":\"event\",\"conv\":\"0000000000034\",\"seq\":1,"
        "\"ts\":1000000,\"from\":\"0000000000001\",\"kind\":\"message\","
        "\"msg\":\"m1\",\"body\":{\"text\":\"hello\"}}";
    const struct fake_bus_sent *sent;
    struct bus_msg msg;
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 2);
    world_say(&w, 0, conv, 1, "m1", &got);
    world_settle(&w);
    sent = fake_bus_last(w.bus, user_topic(2));
    assert_true(sent->durable);
    assert_int_equal(bus_msg_decode(sent->msg, &msg), RC_OK);
    assert_int_equal(msg.kind, BUS_EVENT);
    assert_int_equal(msg.u.event.seq.v, 1);
    assert_int_equal(msg.u.event.mver.v, 1);
    assert_int_equal(msg.u.event.from.v, 1);
    assert_true(slice_is(msg.u.event.client, text));
}

/* An answer needs what it answers, in this conversation. */
static void test_needs(void **state) {
    static const struct {
        const char *name;
        uint64_t seq;
        enum rc want;
    } rows[] = {
        {"nothing there", 1, RC_MOVED},
        {"far beyond", 1000000, RC_MOVED},
    };
    struct history_change needs = {.seq = {1}};
    struct say in = {.conv = conv,
                     .from = {1},
                     .kind = "message",
                     .name = SLICE_LIT("answer"),
                     .body = SLICE_LIT("{}"),
                     .change = &needs};
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 2);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        needs.seq.v = rows[i].seq;
        got = (struct got){.calls = 0};
        say(&w.gates[0].core, &in, got_said, &got);
        world_settle(&w);
        assert_row(rows[i].name, got.calls == 1 && got.rc == rows[i].want);
    }
    assert_int_equal(fake_history_head(w.history, conv), 0);
    world_say(&w, 0, conv, 2, "question", &got);
    world_settle(&w);
    needs.seq.v = 1;
    say(&w.gates[0].core, &in, got_said, &got);
    world_settle(&w);
    assert_true(got.rc == RC_OK && got.said.seq.v == 2);
}

/* Nothing leaves before it is stored, and the ack waits for the bus. */
static void test_order(void **state) {
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 2);
    world_say(&w, 0, conv, 1, "m1", &got);
    fake_calls_turn(w.gates[0].directory);
    assert_string_equal(fake_calls_next(w.gates[0].history), "append");
    fake_bus_turn(w.bus);
    assert_int_equal(fake_bus_sent_count(w.bus), 0);
    fake_calls_turn(w.gates[0].history);
    assert_int_equal(fake_bus_sent_count(w.bus), 2);
    assert_int_equal(got.calls, 0);
    fake_bus_turn(w.bus);
    assert_int_equal(got.calls, 1);
}

struct sender_row {
    const char *name;
    uint64_t user;
    enum rc rc;
};

static const struct sender_row sender_rows[] = {
    {"member", 2, RC_OK},
    {"stranger", 9, RC_NOT_FOUND},
    {"ex-member", 3, RC_NOT_FOUND},
};

static void test_senders(void **state) {
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 3);
    fake_directory_remove(w.directory, conv, (struct user_id){3});
    for (size_t i = 0; i < COUNT_OF(sender_rows); i++) {
        world_say(&w, 0, conv, sender_rows[i].user, "m1", &got);
        world_settle(&w);
        assert_row(sender_rows[i].name, got.rc == sender_rows[i].rc);
    }
    assert_int_equal(fake_history_head(w.history, conv), 1);
    world_say(&w, 0, (struct conv_id){999}, 1, "m1", &got);
    world_settle(&w);
    assert_int_equal(got.rc, RC_NOT_FOUND);
}

/* The table here says no, for he joined through another gateway. */
static void test_new_member_may_write(void **state) {
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 2);
    world_say(&w, 0, conv, 1, "m1", &got);
    world_settle(&w);
    fake_directory_add(w.directory, conv, (struct user_id){3});
    world_say(&w, 0, conv, 3, "m1", &got);
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
}

/* ---- permissions that changed where nobody heard of it ---- */

static void on_set(void *ctx, enum rc rc, const struct member_changed *out) {
    (void)ctx;
    (void)out;
    assert_int_equal(rc, RC_OK);
}

static void set_of(enum group_what what, uint64_t user, uint64_t value) {
    struct directory *d = w.gates[2].core.directory;

    d->ops->group_change(d,
                         &(struct group_change){.conv = conv,
                                                .actor = {1},
                                                .what = what,
                                                .user = {user},
                                                .value = value,
                                                .least = ROLE_ADMIN},
                         on_set, NULL);
    world_settle(&w);
}

struct permitted_row {
    const char *name;
    enum group_what what;
    uint64_t before; /* refused with it, */
    uint64_t after;  /* not with it */
    enum deed deed;
};

static const struct permitted_row permitted_rows[] = {
    {"muted no more", GROUP_MUTE, UINT32_MAX, 0, DEED_SAY},
    {"an admin by now", GROUP_ROLE, ROLE_MEMBER, ROLE_ADMIN, DEED_DELETE},
};

/* User 2 does something to a message of user 1. */
static enum rc do_it(enum deed deed, const char *name) {
    struct got got = {.calls = 0};

    say(&w.gates[0].core,
        &(struct say){.conv = conv,
                      .from = {2},
                      .kind = "message",
                      .name = slice_str(name),
                      .body = SLICE_LIT("{}"),
                      .deed = deed,
                      .author = {1}},
        got_said, &got);
    world_settle(&w);
    assert_int_equal(got.calls, 1);
    return got.rc;
}

/* Nobody is refused for what the table remembers: it is asked for anew. */
static void test_permitted_since(void **state) {
    for (size_t i = 0; i < COUNT_OF(permitted_rows); i++) {
        const struct permitted_row *row = &permitted_rows[i];

        teardown(state);
        setup(state);
        fake_directory_group(w.directory, conv, 1, 3);
        if (row->what == GROUP_MUTE) {
            set_of(row->what, 2, row->before);
        }
        assert_row(row->name, do_it(row->deed, "m1") == RC_DENIED);
        assert_row(row->name, do_it(row->deed, "m2") == RC_DENIED);
        set_of(row->what, 2, row->after);
        assert_row(row->name, do_it(row->deed, "m3") == RC_OK);
    }
}

/* Only who is refused costs the directory something. */
static void test_refusals_pay(void **state) {
    struct fake_calls *calls = w.gates[0].directory;
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 3);
    set_of(GROUP_MUTE, 2, UINT32_MAX);
    assert_int_equal(do_it(DEED_SAY, "m1"), RC_DENIED);
    world_say(&w, 0, conv, 1, "m1", &got);
    assert_int_equal(calls->count, 0);
    world_settle(&w);
    world_say(&w, 0, conv, 2, "m2", &got);
    assert_int_equal(calls->count, 1);
    world_settle(&w);
    assert_int_equal(got.rc, RC_DENIED);
}

/* ---- the membership moved ---- */

/* Stale: read again, and sent to those who are members now. */
static void test_stale(void **state) {
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 3);
    world_say(&w, 0, conv, 1, "m1", &got);
    world_settle(&w);
    fake_directory_remove(w.directory, conv, (struct user_id){3});
    fake_directory_add(w.directory, conv, (struct user_id){4});
    world_say(&w, 1, conv, 2, "m1", &got); /* moves the history's version */
    world_settle(&w);
    fake_bus_forget(w.bus);
    world_say(&w, 0, conv, 1, "m2", &got);
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
    assert_int_equal(got.said.seq.v, 3);
    assert_int_equal(w.gates[0].core.stats.reloads, 1);
    assert_int_equal(fake_history_at(w.history, conv, 3)->mver.v, 3);
    assert_true(sent_to(user_topic(4)));
    assert_false(sent_to(user_topic(3)));
}

/* Stale, and the sender himself is out. */
static void test_stale_sender(void **state) {
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 3);
    world_say(&w, 0, conv, 3, "m1", &got);
    world_settle(&w);
    fake_directory_remove(w.directory, conv, (struct user_id){3});
    world_fill(&w, conv, 1, 1);
    world_say(&w, 0, conv, 3, "m2", &got);
    world_settle(&w);
    assert_int_equal(got.rc, RC_NOT_FOUND);
    assert_int_equal(fake_history_head(w.history, conv), 2);
}

/* Every append finds the members changed again: given up, nothing stored. */
static void test_stale_for_ever(void **state) {
    uint64_t user = 10;
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 3);
    world_say(&w, 0, conv, 1, "m1", &got);
    while (got.calls == 0) {
        fake_calls_turn(w.gates[0].directory);
        if (w.gates[0].history->count > 0) {
            fake_directory_add(w.directory, conv, (struct user_id){user++});
            world_fill(&w, conv, 2, 1);
        }
        fake_calls_turn(w.gates[0].history);
    }
    assert_int_equal(got.rc, RC_AGAIN);
    assert_int_equal(fake_history_head(w.history, conv), user - 10);
    assert_int_equal(fake_bus_sent_count(w.bus), 0);
}

/* The members change after the append: its recipients are those at its seq. */
static void test_change_after_append(void **state) {
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 3);
    world_say(&w, 0, conv, 1, "m1", &got);
    fake_calls_turn(w.gates[0].directory);
    fake_directory_remove(w.directory, conv, (struct user_id){3});
    fake_directory_add(w.directory, conv, (struct user_id){4});
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
    assert_int_equal(fake_history_at(w.history, conv, 1)->mver.v, 1);
    assert_true(sent_to(user_topic(3)));
    assert_false(sent_to(user_topic(4)));
}

/* ---- the system's own events ---- */

static void say_as_system(struct member_version version, uint64_t extra,
                          struct got *got) {
    *got = (struct got){.calls = 0};
    say_change(&w.gates[0].core,
               &(struct say){.conv = conv,
                             .from = {1},
                             .kind = "member.removed",
                             .name = SLICE_LIT(".2.x"),
                             .body = SLICE_LIT("{}")},
               &(struct say_change){.version = version, .extra = {extra}},
               got_said, got);
    world_settle(&w);
}

/* With the members after the change, and the one it is about. */
static void test_system(void **state) {
    struct got got;
    struct member_version version;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 4);
    world_say(&w, 0, conv, 1, "m1", &got);
    world_settle(&w);
    version = fake_directory_remove(w.directory, conv, (struct user_id){4});
    fake_bus_forget(w.bus);
    say_as_system(version, 4, &got);
    assert_int_equal(got.rc, RC_OK);
    assert_int_equal(fake_history_at(w.history, conv, 2)->mver.v, 2);
    assert_int_equal(fake_bus_sent_count(w.bus), 4);
    assert_true(sent_to(user_topic(4)));
}

/* The one it is about is listed himself: once is enough. */
static void test_system_once(void **state) {
    struct got got;
    struct member_version version;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 15);
    version = fake_directory_add(w.directory, conv, (struct user_id){16});
    say_as_system(version, 16, &got);
    assert_int_equal(got.rc, RC_OK);
    assert_int_equal(fake_bus_sent_count(w.bus), 16);
    fake_bus_forget(w.bus);
    say_as_system(version, 16, &got); /* a repeat is for him too */
    assert_true(got.said.repeat);
    assert_true(sent_to(user_topic(16)));
}

/* While a joining is not complete a small wide conversation is told both
 * ways: those who were in it when it was narrow may not listen yet. He who
 * joins may not have what stands before his joining. */
static void test_both_ways(void **state) {
    const struct topic topic = {TOPIC_CONV, conv.v};
    struct member_version version;
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 16);
    version = fake_directory_add(w.directory, conv, (struct user_id){17});
    world_say(&w, 1, conv, 1, "m1", &got);
    world_settle(&w);
    assert_int_equal(got.rc, RC_OK);
    assert_true(sent_to(topic));
    assert_int_equal(sent_to_users(1, 60), 16);
    assert_false(sent_to(user_topic(17)));
    say_as_system(version, 17, &got);
    assert_int_equal(got.rc, RC_OK);
    fake_directory_bound(w.directory, conv, (struct user_id){17}, 2, true);
    fake_bus_forget(w.bus);
    world_say(&w, 1, conv, 1, "m2", &got);
    world_settle(&w);
    assert_true(sent_to(topic));
    assert_int_equal(sent_to_users(1, 60), 0);
}

/* The directory is behind the change it has announced. */
static void test_system_ahead(void **state) {
    struct got got;

    (void)state;
    fake_directory_group(w.directory, conv, 1, 4);
    say_as_system((struct member_version){5}, 0, &got);
    assert_int_equal(got.calls, 1);
    assert_int_equal(got.rc, RC_AGAIN);
    assert_int_equal(fake_history_head(w.history, conv), 0);
}

/* Where the webhooks are written to; its calls wait for the test. */
struct fake_notes {
    struct hooks port; /* first */
    size_t count;
    struct msg_seq seq; /* of the last */
    hooks_done_fn done;
    void *ctx;
};

static void fake_said(struct hooks *h, struct conv_id in, struct msg_seq seq,
                      hooks_done_fn done, void *ctx) {
    struct fake_notes *n = (struct fake_notes *)h;

    assert_int_equal(in.v, conv.v);
    n->count++;
    n->seq = seq;
    n->done = done;
    n->ctx = ctx;
}

/* The ack waits for the webhooks' note; without it nobody knows, and the
 * repeat writes it again. */
static void test_noted(void **state) {
    static const struct hooks_ops ops = {fake_said, NULL, NULL, NULL};
    struct fake_notes notes = {.port = {&ops}};
    struct got got;

    (void)state;
    w.gates[0].core.hooks = &notes.port;
    fake_directory_group(w.directory, conv, 1, 2);
    world_say(&w, 0, conv, 1, "m1", &got);
    world_settle(&w);
    assert_true(sent_to(user_topic(2)));
    assert_int_equal(notes.count, 1);
    assert_int_equal(got.calls, 0);
    notes.done(notes.ctx, RC_AGAIN);
    assert_true(got.calls == 1 && got.rc == RC_BACKEND);
    world_say(&w, 0, conv, 1, "m1", &got);
    world_settle(&w);
    assert_true(notes.count == 2 && notes.seq.v == 1);
    notes.done(notes.ctx, RC_OK);
    assert_true(got.calls == 1 && got.rc == RC_OK && got.said.repeat);
    w.gates[0].core.hooks = NULL;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_recipients),     TEST(test_text),
        TEST(test_order),          TEST(test_needs),
        TEST(test_senders),        TEST(test_new_member_may_write),
        TEST(test_stale),          TEST(test_stale_sender),
        TEST(test_stale_for_ever), TEST(test_change_after_append),
        TEST(test_system),         TEST(test_system_once),
        TEST(test_both_ways),      TEST(test_system_ahead),
        TEST(test_noted),          TEST(test_permitted_since),
        TEST(test_refusals_pay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
