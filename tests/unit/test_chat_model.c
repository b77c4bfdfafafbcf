/* The chat's memory: messages in order, once each, whatever way they come. */
#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#include "moimctl/chat_model.h"
#include "proto/base/buf.h"
#include "proto/base/macros.h"

static const struct conv_id conv_1 = {101};
static const struct user_id me = {1};
static const struct user_id bob = {2};

/* A model with one conversation, and what it has shown. */
struct world {
    struct chat_model model;
    struct chat_conv *conv;
    struct rand rand;
    struct buf shown; /* "3 hello;" */
};

static void on_show(void *owner, struct chat_conv *conv,
                    const struct chat_msg *msg) {
    struct world *w = owner;

    (void)conv;
    buf_addf(&w->shown, "%llu %.*s;", (unsigned long long)msg->seq,
             (int)msg->text.n, (const char *)msg->text.p);
}

static void world_open(struct world *w, uint64_t head) {
    struct chat_listed listed = {.id = conv_1,
                                 .direct = true,
                                 .peer = bob,
                                 .title = SLICE_LIT("bob"),
                                 .head = head};

    *w = (struct world){0};
    buf_init(&w->shown);
    rand_seed(&w->rand, 1);
    chat_model_init(&w->model, on_show, w);
    w->model.me = me;
    w->conv = chat_conv_put(&w->model, &listed, 0);
}

static void world_close(struct world *w) {
    chat_model_fini(&w->model);
    buf_fini(&w->shown);
}

static enum chat_taken take(struct world *w, uint64_t seq) {
    char text[8];
    struct chat_msg msg = {
        .seq = seq, .from = bob, .kind = SLICE_LIT("message")};

    (void)snprintf(text, sizeof(text), "m%llu", (unsigned long long)seq);
    msg.text = slice_str(text);
    return chat_take(&w->model, w->conv, &msg);
}

/* In whatever order they come, they are shown in one. */
static void test_order(void **state) {
    static const struct {
        const char *name;
        uint64_t seqs[8]; /* ended by 0; 3 was the head before */
        const char *want;
        bool missing;
    } rows[] = {
        {"in order", {4, 5, 6}, "4 m4;5 m5;6 m6;", false},
        {"repeats", {4, 4, 5, 4, 5}, "4 m4;5 m5;", false},
        {"old ones", {1, 2, 3}, "", false},
        {"swapped", {5, 4}, "4 m4;5 m5;", false},
        {"backwards", {7, 6, 5, 4}, "4 m4;5 m5;6 m6;7 m7;", false},
        {"held twice", {6, 6, 5, 4}, "4 m4;5 m5;6 m6;", false},
        {"two gaps", {7, 5, 4, 6}, "4 m4;5 m5;6 m6;7 m7;", false},
        {"a gap stays", {4, 6, 7}, "4 m4;", true},
        {"nothing yet", {9}, "", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct world w;

        world_open(&w, 3);
        for (size_t j = 0; rows[i].seqs[j] != 0; j++) {
            (void)take(&w, rows[i].seqs[j]);
        }
        assert_row(rows[i].name, slice_is(buf_slice(&w.shown), rows[i].want));
        assert_row(rows[i].name, chat_missing(w.conv) == rows[i].missing);
        world_close(&w);
    }
}

static void test_taken(void **state) {
    struct world w;

    (void)state;
    world_open(&w, 3);
    assert_int_equal(take(&w, 3), CHAT_REPEAT);
    assert_int_equal(take(&w, 5), CHAT_WAITING);
    assert_int_equal(take(&w, 5), CHAT_REPEAT);
    assert_int_equal(take(&w, 4), CHAT_SHOWN);
    assert_int_equal(take(&w, 5), CHAT_REPEAT);
    assert_int_equal(w.conv->have, 5);
    assert_int_equal(w.conv->head, 5);
    assert_int_equal(w.conv->unread, 2);
    world_close(&w);
}

/* Every order of arrival of five messages, one of them twice. */
static void test_every_order(void **state) {
    static const char want[] = "1 m1;2 m2;3 m3;4 m4;5 m5;";

    (void)state;
    for (unsigned order = 0; order < 5 * 5 * 5 * 5 * 5; order++) {
        unsigned digits = order;
        unsigned seen = 0;
        struct world w;

        world_open(&w, 0);
        for (unsigned i = 0; i < 5; i++) {
            seen |= BIT(digits % 5);
            (void)take(&w, digits % 5 + 1);
            digits /= 5;
        }
        for (unsigned i = 0; i < 5; i++) {
            (void)take(&w, i + 1);
        }
        assert_true(slice_is(buf_slice(&w.shown), want));
        assert_true(seen != 0);
        world_close(&w);
    }
}

static void test_skip(void **state) {
    struct world w;

    (void)state;
    world_open(&w, 3);
    (void)take(&w, 9);
    (void)take(&w, 10);
    chat_skip_to(&w.model, w.conv, 6);
    assert_int_equal(w.shown.n, 0);
    assert_true(chat_missing(w.conv));
    chat_skip_to(&w.model, w.conv, 8);
    assert_true(slice_is(buf_slice(&w.shown), "9 m9;10 m10;"));
    chat_skip_to(&w.model, w.conv, 2);
    assert_int_equal(w.conv->have, 10);
    world_close(&w);
}

/* While older messages are on their way, new ones wait behind them. */
static void test_freeze(void **state) {
    struct world w;

    (void)state;
    world_open(&w, 3);
    w.conv->frozen = true;
    assert_int_equal(take(&w, 4), CHAT_WAITING);
    assert_int_equal(take(&w, 5), CHAT_WAITING);
    assert_int_equal(w.shown.n, 0);
    assert_false(chat_missing(w.conv));
    chat_thaw(&w.model, w.conv);
    assert_true(slice_is(buf_slice(&w.shown), "4 m4;5 m5;"));
    world_close(&w);
}

static void test_held_limit(void **state) {
    struct world w;

    (void)state;
    world_open(&w, 0);
    for (uint64_t seq = 2; seq < 2 + 2 * CHAT_HELD_MAX; seq++) {
        (void)take(&w, seq);
    }
    assert_int_equal(w.conv->held_count, CHAT_HELD_MAX);
    assert_int_equal(w.conv->head, 1 + 2 * CHAT_HELD_MAX);
    (void)take(&w, 1);
    assert_int_equal(w.conv->have, 1 + CHAT_HELD_MAX);
    assert_true(chat_missing(w.conv));
    world_close(&w);
}

static void test_rewind(void **state) {
    struct world w;

    (void)state;
    world_open(&w, 9);
    (void)take(&w, 12);
    chat_rewind(w.conv, 4);
    assert_int_equal(w.conv->held_count, 0);
    assert_false(chat_missing(w.conv));
    assert_int_equal(take(&w, 5), CHAT_SHOWN);
    world_close(&w);
}

/* One is sent at a time; its name stays the same through every attempt. */
static void test_pending(void **state) {
    struct chat_pending *first;
    struct world w;
    char name[CHAT_NAME_LEN + 1];

    (void)state;
    world_open(&w, 3);
    assert_null(chat_to_send(&w.model));
    chat_say(&w.model, conv_1, SLICE_LIT("one"), &w.rand);
    chat_say(&w.model, conv_1, SLICE_LIT("two"), &w.rand);
    first = chat_to_send(&w.model);
    assert_string_equal(first->text, "one");
    assert_int_equal(strlen(first->name), CHAT_NAME_LEN);
    memcpy(name, first->name, sizeof(name));
    first->sent = true;
    assert_null(chat_to_send(&w.model));

    chat_lost_touch(&w.model);
    first = chat_to_send(&w.model);
    assert_string_equal(first->name, name);
    first->sent = true;

    assert_false(chat_acked(&w.model, SLICE_LIT("another"), 4, 0));
    assert_true(chat_acked(&w.model, slice_str(name), 4, 0));
    assert_true(slice_is(buf_slice(&w.shown), "4 one;"));
    assert_string_equal(chat_to_send(&w.model)->text, "two");
    assert_string_not_equal(chat_to_send(&w.model)->name, name);
    chat_refused(&w.model);
    assert_int_equal(w.model.pending_count, 0);
    world_close(&w);
}

/* Our own message comes back as an event, before its ack or after it. */
static void test_own_echo(void **state) {
    struct chat_msg echo = {.seq = 4,
                            .from = me,
                            .kind = SLICE_LIT("message"),
                            .text = SLICE_LIT("one")};

    (void)state;
    for (int before = 0; before < 2; before++) {
        char name[CHAT_NAME_LEN + 1];
        struct world w;

        world_open(&w, 3);
        chat_say(&w.model, conv_1, SLICE_LIT("one"), &w.rand);
        memcpy(name, chat_to_send(&w.model)->name, sizeof(name));
        if (before == 1) {
            (void)chat_take(&w.model, w.conv, &echo);
        }
        assert_true(chat_acked(&w.model, slice_str(name), 4, 0));
        if (before == 0) {
            assert_int_equal(chat_take(&w.model, w.conv, &echo), CHAT_REPEAT);
        }
        assert_true(slice_is(buf_slice(&w.shown), "4 one;"));
        assert_int_equal(w.conv->unread, 0);
        world_close(&w);
    }
}

static void test_called(void **state) {
    static const char *const titles[] = {"bob", "Moim", "2", "한글 모임"};
    static const struct {
        const char *name;
        size_t want; /* place in the list, 0: none */
    } rows[] = {
        {"bob", 1}, {"BOB", 1}, {"moim", 2}, {"한글 모임", 4},
        {"2", 3},   {"1", 1},   {"4", 4},    {"5", 0},
        {"0", 0},   {"", 0},    {"bo", 0},   {"-1", 0},
    };
    struct world w;

    (void)state;
    world_open(&w, 0);
    for (size_t i = 1; i < COUNT_OF(titles); i++) {
        struct chat_listed listed = {.id = {101 + i},
                                     .title = slice_str(titles[i])};

        (void)chat_conv_put(&w.model, &listed, 0);
    }
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct chat_conv *conv =
            chat_conv_called(&w.model, slice_str(rows[i].name));

        assert_row(rows[i].name, (conv == NULL) == (rows[i].want == 0));
        assert_row(rows[i].name,
                   conv == NULL || conv->id.v == 100 + rows[i].want);
    }
    world_close(&w);
}

static void test_users(void **state) {
    struct user_id stranger = {77};
    struct world w;

    (void)state;
    world_open(&w, 0);
    assert_string_equal(chat_user_put(&w.model, bob, slice_str(""))->name,
                        "bob");
    assert_string_equal(chat_user_put(&w.model, stranger, slice_str(""))->name,
                        "user-002d");
    (void)chat_user_put(&w.model, stranger, SLICE_LIT("eve"));
    assert_string_equal(chat_user_put(&w.model, stranger, slice_str(""))->name,
                        "eve");
    world_close(&w);
}

/* A conversation that is new to us shows its last messages, not all. */
static void test_fresh(void **state) {
    static const struct {
        uint64_t head;
        uint64_t have;
    } rows[] = {{0, 0}, {5, 0}, {20, 0}, {21, 1}, {1000, 980}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct chat_listed listed = {.id = {500}, .head = rows[i].head};
        struct world w;

        world_open(&w, 0);
        assert_int_equal(chat_conv_put(&w.model, &listed, 20)->have,
                         rows[i].have);
        world_close(&w);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),       cmocka_unit_test(test_taken),
        cmocka_unit_test(test_every_order), cmocka_unit_test(test_skip),
        cmocka_unit_test(test_freeze),      cmocka_unit_test(test_held_limit),
        cmocka_unit_test(test_rewind),      cmocka_unit_test(test_pending),
        cmocka_unit_test(test_own_echo),    cmocka_unit_test(test_called),
        cmocka_unit_test(test_users),       cmocka_unit_test(test_fresh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
