/* The whole chat client on a scripted server: what it asks, what it prints,
 * and that a broken connection costs nothing. */
#include "tests/unit/assert_row.h"

#include "tests/unit/chat_world.h"

static void test_start(void **state) {
    struct world *w = world_new(NULL);

    (void)state;
    connect(w);
    list(w);
    assert_true(printed(w, "* connected to g1\n"
                           "* 1 bob 1 unread\n"
                           "* 2 Moim (group)\n"
                           "* /open and a number or a name opens one\n"));
    world_free(w);
}

static void test_open(void **state) {
    struct world *w = world_open();

    (void)state;
    assert_true(printed(w, "* connected to g1\n"
                           "* open: bob\n"
                           "1 bob: one\n"
                           "2 alice: two\n"
                           "3 bob: three\n"
                           "* bob is online\n"));
    assert_int_equal(w->sent_count, 0);
    world_free(w);
}

static void test_say(void **state) {
    struct world *w = world_open();

    (void)state;
    buf_clear(&w->printed);
    chat_line(&w->chat, SLICE_LIT("안녕"));
    chat_line(&w->chat, SLICE_LIT("again"));
    assert_int_equal(w->sent_count, 1); /* one at a time */
    assert_true(asked(w, "send"));
    assert_true(slice_is(frame_str(&w->frame, 0, "text"), "안녕"));
    answer(w, "send", "ack",
           ",\"conv\":\"" DIRECT "\",\"msg\":\"%s\",\"seq\":4,\"ts\":1",
           first_name(w));
    assert_true(printed(w, "4 alice: 안녕\n"));
    hear(w, EVENT(DIRECT, "4", ALICE, "안녕"));
    assert_true(printed(w, "4 alice: 안녕\n"));
    assert_true(asked(w, "send"));
    assert_true(slice_is(frame_str(&w->frame, 0, "text"), "again"));
    world_free(w);
}

/* The connection breaks between a send and its ack. */
static void test_lost(void **state) {
    struct world *w = world_open();
    char name[CHAT_NAME_LEN + 1];

    (void)state;
    buf_clear(&w->printed);
    chat_line(&w->chat, SLICE_LIT("mine"));
    memcpy(name, first_name(w), sizeof(name));
    forget_sent(w);
    chat_lost(&w->chat, "gone");
    chat_line(&w->chat, SLICE_LIT("meanwhile"));
    assert_int_equal(w->sent_count, 0);

    connect(w);
    assert_true(asked(w, "sync"));
    assert_int_equal(frame_item(&w->frame, 0), RC_OK);
    assert_int_equal(frame_u64(&w->frame, 0, "seq"), 3);
    assert_false(asked(w, "send")); /* first what was missed */
    hear(w, EVENT(DIRECT, "4", BOB, "missed"));
    hear(w, EVENT(DIRECT, "5", ALICE, "mine"));
    answer(w, "sync", "synced",
           ",\"convs\":[{\"conv\":\"" DIRECT
           "\",\"state\":\"complete\",\"head\":5}]");
    assert_true(asked(w, "send"));
    assert_true(slice_is(frame_str(&w->frame, 0, "msg"), name));
    answer(w, "send", "ack",
           ",\"conv\":\"" DIRECT "\",\"msg\":\"%s\",\"seq\":5,\"ts\":1", name);
    assert_true(asked(w, "send"));
    assert_true(slice_is(frame_str(&w->frame, 0, "text"), "meanwhile"));
    assert_true(printed(w, "* connection lost: gone; trying again\n"
                           "* connected to g1\n"
                           "4 bob: missed\n"
                           "5 alice: mine\n"));
    world_free(w);
}

/* Gone while a page was on its way: what came live before that still stands
 * behind it. */
static void test_lost_before_the_page(void **state) {
    struct world *w = world_open();

    (void)state;
    chat_line(&w->chat, SLICE_LIT("/open bob"));
    assert_true(asked(w, "history"));
    hear(w, EVENT(DIRECT, "4", BOB, "four"));
    forget_sent(w);
    chat_lost(&w->chat, "gone");
    connect(w);
    answer(w, "sync", "synced", ",\"convs\":[]");
    buf_clear(&w->printed);
    answer(
        w, "history", "history",
        ",\"conv\":\"" DIRECT "\",\"from\":1,\"head\":4,\"events\":[" EVENT(
            DIRECT, "2", ALICE,
            "two") "," EVENT(DIRECT, "3", BOB,
                             "three") "," EVENT(DIRECT, "4", BOB, "four") "]");
    assert_true(printed(w, "2 alice: two\n3 bob: three\n4 bob: four\n"));
    world_free(w);
}

/* A message between two others did not come: the history has it. */
static void test_gap(void **state) {
    struct world *w = world_open();

    (void)state;
    buf_clear(&w->printed);
    hear(w, EVENT(DIRECT, "6", BOB, "six"));
    assert_true(printed(w, ""));
    assert_true(asked(w, "history"));
    assert_int_equal(frame_u64(&w->frame, 0, "after"), 3);
    hear(w, EVENT(DIRECT, "5", BOB, "five"));
    answer(
        w, "history", "history",
        ",\"conv\":\"" DIRECT "\",\"from\":1,\"head\":6,\"events\":[" EVENT(
            DIRECT, "4", BOB,
            "four") "," EVENT(DIRECT, "5", BOB,
                              "five") "," EVENT(DIRECT, "6", BOB, "six") "]");
    assert_true(printed(w, "4 bob: four\n5 bob: five\n6 bob: six\n"));
    assert_false(asked(w, "history"));
    world_free(w);
}

/* The gap closed by itself and another opened before the answer came: the
 * answer has nothing new, and still the history is not at its end. */
static void test_gap_overtaken(void **state) {
    struct world *w = world_open();

    (void)state;
    hear(w, EVENT(DIRECT, "5", BOB, "five"));
    assert_true(asked(w, "history"));
    hear(w, EVENT(DIRECT, "4", BOB, "four"));
    hear(w, EVENT(DIRECT, "7", BOB, "seven"));
    buf_clear(&w->printed);
    answer(
        w, "history", "history",
        ",\"conv\":\"" DIRECT "\",\"from\":1,\"head\":5,\"events\":[" EVENT(
            DIRECT, "4", BOB, "four") "," EVENT(DIRECT, "5", BOB, "five") "]");
    assert_true(printed(w, ""));
    assert_true(asked(w, "history"));
    assert_int_equal(frame_u64(&w->frame, 0, "after"), 5);
    hear(w, EVENT(DIRECT, "6", BOB, "six"));
    assert_true(printed(w, "6 bob: six\n7 bob: seven\n"));
    world_free(w);
}

/* A history that has nothing to give is not asked for ever. */
static void test_gap_without_end(void **state) {
    struct world *w = world_open();

    (void)state;
    buf_clear(&w->printed);
    hear(w, EVENT(DIRECT, "6", BOB, "six"));
    for (int i = 0; i < 5 && asked(w, "history"); i++) {
        answer(w, "history", "history",
               ",\"conv\":\"" DIRECT "\",\"from\":1,\"head\":6,\"events\":[]");
    }
    assert_false(asked(w, "history"));
    assert_true(printed(w, "6 bob: six\n"));
    world_free(w);
}

/* Away for long: only the newest are fetched. */
static void test_long_absence(void **state) {
    struct world *w = world_open();

    (void)state;
    forget_sent(w);
    chat_lost(&w->chat, "gone");
    connect(w);
    buf_clear(&w->printed);
    answer(w, "sync", "synced",
           ",\"convs\":[{\"conv\":\"" DIRECT
           "\",\"state\":\"more\",\"head\":5000}]");
    list(w);
    assert_true(asked(w, "history"));
    assert_int_equal(frame_u64(&w->frame, 0, "after"), 4980);
    assert_true(
        printed(w, "* bob: 4977 older messages are not shown; see /history\n"));
    world_free(w);
}

static void test_refusals(void **state) {
    static const struct {
        const char *code;
        const char *more;
        uint64_t wait_ms; /* 0: given up */
        const char *printed;
    } rows[] = {
        {"rate_limited", ",\"retry_after_ms\":250", 250, ""},
        {"unavailable", ",\"retry_after_ms\":1000", 1000, ""},
        {"busy", "", CHAT_RETRY_MS, ""},
        {"not_found", ",\"message\":\"no such\"", 0, "* not sent: no such\n"},
        {"forbidden", ",\"message\":\"\\u001b[2J\"", 0,
         "* not sent: \xef\xbf\xbd[2J\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct world *w = world_open();
        char name[CHAT_NAME_LEN + 1];

        buf_clear(&w->printed);
        chat_line(&w->chat, SLICE_LIT("x"));
        memcpy(name, first_name(w), sizeof(name));
        answer(w, "send", "error", ",\"code\":\"%s\"%s", rows[i].code,
               rows[i].more);
        assert_row(rows[i].code, printed(w, rows[i].printed));
        assert_row(rows[i].code, !asked(w, "send"));
        if (rows[i].wait_ms > 0) {
            assert_row(rows[i].code, chat_due_ms(&w->chat) ==
                                         w->clock.mono_ms + rows[i].wait_ms);
            w->clock.mono_ms += rows[i].wait_ms;
            chat_tick(&w->chat);
            assert_row(rows[i].code, asked(w, "send"));
            assert_row(rows[i].code,
                       slice_is(frame_str(&w->frame, 0, "msg"), name));
        } else {
            assert_row(rows[i].code, w->chat.model.pending_count == 0);
        }
        world_free(w);
    }
}

/* Somebody we never talked to: found, opened, listed. */
static void test_open_stranger(void **state) {
    struct world *w = world_open();

    (void)state;
    buf_clear(&w->printed);
    chat_line(&w->chat, SLICE_LIT("/open carol"));
    chat_line(&w->chat, SLICE_LIT("hi carol"));
    answer(w, "user.find", "user",
           ",\"user\":\"" CAROL "\",\"name\":\"Carol\"");
    answer(w, "direct.open", "ok", ",\"conv\":\"" FRESH "\",\"seq\":0");
    answer(w, "conversations", "conversations",
           ",\"conversations\":[" CONV(FRESH, "direct",
                                       ",\"peer\":\"" CAROL "\"", "Carol", "0",
                                       "0") "]");
    assert_true(printed(w, "* open: Carol\n"));
    assert_false(asked(w, "send")); /* behind the page, in order */
    answer(w, "history", "history",
           ",\"conv\":\"" FRESH "\",\"from\":1,\"head\":0,\"events\":[]");
    assert_true(asked(w, "send"));
    assert_true(slice_is(frame_str(&w->frame, 0, "conv"), FRESH));
    world_free(w);
}

static void test_open_nobody(void **state) {
    struct world *w = world_new("nobody");

    (void)state;
    connect(w);
    list(w);
    answer(w, "user.find", "error", ",\"code\":\"not_found\"");
    assert_true(w->quit);
    assert_int_equal(w->how, CTL_FAILED);
    world_free(w);
}

/* A conversation that others began is listed, and its messages shown. */
static void test_new_conversation(void **state) {
    struct world *w = world_open();

    (void)state;
    buf_clear(&w->printed);
    hear(w, EVENT(FRESH, "1", CAROL, "hi"));
    assert_true(asked(w, "conversations"));
    answer(w, "conversations", "conversations",
           ",\"conversations\":[" CONV(FRESH, "direct",
                                       ",\"peer\":\"" CAROL "\"", "carol", "1",
                                       "1") "]");
    answer(w, "history", "history",
           ",\"conv\":\"" FRESH "\",\"from\":1,\"head\":1,\"events\":[" EVENT(
               FRESH, "1", CAROL, "hi") "]");
    assert_true(printed(w, "[carol] 1 carol: hi\n"));
    world_free(w);
}

/* A draining server says when to come back; it holds until the next one. */
static void test_bye(void **state) {
    struct world *w = world_open();

    (void)state;
    hear(w, "{\"type\":\"bye\",\"retry_after_ms\":1730}");
    chat_lost(&w->chat, "gone");
    assert_int_equal(w->chat.bye_ms, 1730);
    connect(w);
    assert_int_equal(w->chat.bye_ms, 0);
    world_free(w);
}

static void test_untrusted_text(void **state) {
    struct world *w = world_open();

    (void)state;
    buf_clear(&w->printed);
    hear(w, EVENT(DIRECT, "4", BOB, "\\u001b]0;owned\\u0007\\n5 bob: lie"));
    assert_true(printed(w, "4 bob: \xef\xbf\xbd]0;owned\xef\xbf\xbd\u23ce 5 "
                           "bob: lie\n"));
    world_free(w);
}

static void test_presence_and_typing(void **state) {
    struct world *w = world_open();
    struct buf prompt;

    (void)state;
    buf_init(&prompt);
    buf_clear(&w->printed);
    hear(w,
         "{\"type\":\"typing\",\"conv\":\"" DIRECT "\",\"user\":\"" BOB "\"}");
    hear(w,
         "{\"type\":\"typing\",\"conv\":\"" DIRECT "\",\"user\":\"" BOB "\"}");
    hear(w,
         "{\"type\":\"typing\",\"conv\":\"" GROUP "\",\"user\":\"" BOB "\"}");
    assert_true(printed(w, "* bob is typing\n"));
    chat_prompt(&w->chat, &prompt);
    assert_true(slice_is(buf_slice(&prompt), "bob (bob is typing)> "));
    w->clock.mono_ms += CHAT_TYPING_SHOWN_MS;
    chat_tick(&w->chat);
    buf_clear(&prompt);
    chat_prompt(&w->chat, &prompt);
    assert_true(slice_is(buf_slice(&prompt), "bob (online)> "));
    buf_clear(&w->printed);
    hear(w, "{\"type\":\"presence\",\"users\":[{\"user\":\"" BOB
            "\",\"state\":\"offline\",\"since\":5}]}");
    assert_true(printed(w, "* bob is offline\n"));
    buf_fini(&prompt);
    world_free(w);
}

static void test_typing_is_told(void **state) {
    struct world *w = world_open();

    (void)state;
    chat_typing(&w->chat);
    chat_typing(&w->chat);
    assert_int_equal(w->sent_count, 1);
    answer(w, "typing", "ok", "%s", "");
    w->clock.mono_ms += CHAT_TYPING_EVERY_MS;
    chat_typing(&w->chat);
    assert_true(asked(w, "typing"));
    world_free(w);
}

/* The input ends: not before everything was accepted. */
static void test_end(void **state) {
    struct world *w = world_open();

    (void)state;
    chat_line(&w->chat, SLICE_LIT("last words"));
    chat_end(&w->chat);
    assert_false(w->quit);
    answer(w, "send", "ack",
           ",\"conv\":\"" DIRECT "\",\"msg\":\"%s\",\"seq\":4,\"ts\":1",
           first_name(w));
    assert_true(w->quit);
    assert_int_equal(w->how, CTL_OK);
    world_free(w);
}

static void test_end_without_answer(void **state) {
    struct world *w = world_open();

    (void)state;
    chat_line(&w->chat, SLICE_LIT("last words"));
    chat_end(&w->chat);
    w->clock.mono_ms += CHAT_PATIENCE_MS;
    chat_tick(&w->chat);
    assert_true(w->quit);
    assert_int_equal(w->how, CTL_UNAVAILABLE);
    world_free(w);
}

/* Nothing that is not understood does any harm. */
static void test_nonsense(void **state) {
    static const char *const frames[] = {
        "",
        "x",
        "[]",
        "{}",
        "{\"type\":7}",
        "{\"type\":\"event\"}",
        "{\"type\":\"event\",\"conv\":\"" DIRECT "\",\"seq\":0}",
        "{\"type\":\"event\",\"conv\":\"" DIRECT "\",\"seq\":\"4\"}",
        "{\"type\":\"ack\",\"id\":\"77\",\"seq\":1}",
        "{\"type\":\"presence\",\"users\":[1,{},{\"user\":\"x\"}]}",
        "{\"type\":\"typing\",\"conv\":\"" DIRECT "\"}",
        "{\"type\":\"from the future\",\"list\":[[[]]]}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(frames); i++) {
        struct world *w = world_open();

        buf_clear(&w->printed);
        hear(w, frames[i]);
        assert_row(frames[i], printed(w, ""));
        assert_row(frames[i], w->sent_count == 0);
        world_free(w);
    }
}

/* Lines that are typed before anything is open wait, up to a limit. */
static void test_line_limit(void **state) {
    struct world *w = world_new("bob");

    (void)state;
    for (int i = 0; i < CHAT_LINES_MAX; i++) {
        assert_true(chat_wants_lines(&w->chat));
        chat_line(&w->chat, SLICE_LIT("x"));
    }
    assert_false(chat_wants_lines(&w->chat));
    world_free(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_say),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_lost_before_the_page),
        cmocka_unit_test(test_gap),
        cmocka_unit_test(test_gap_overtaken),
        cmocka_unit_test(test_gap_without_end),
        cmocka_unit_test(test_long_absence),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_open_stranger),
        cmocka_unit_test(test_open_nobody),
        cmocka_unit_test(test_new_conversation),
        cmocka_unit_test(test_bye),
        cmocka_unit_test(test_untrusted_text),
        cmocka_unit_test(test_presence_and_typing),
        cmocka_unit_test(test_typing_is_told),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_end_without_answer),
        cmocka_unit_test(test_nonsense),
        cmocka_unit_test(test_line_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
