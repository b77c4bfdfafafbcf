/* Cursors, what is unread and what is hidden, on a real Redis. */
#include "tests/integration/history_env.h"

#include "chat-core/event.h"

enum {
    ME = 7,
    USERS = 1400, /* fewer than the store tells of */
    MARKS = 2 * USERS,
};

static void test_mark(void **state) {
    static const struct {
        const char *name;
        uint64_t seq;
        uint64_t read;
        uint64_t delivered;
        enum history_cursor which;
        bool moved;
    } rows[] = {
        {"nothing", 0, 0, 0, CURSOR_READ, false},
        {"got some", 5, 0, 5, CURSOR_DELIVERED, true},
        {"the same", 5, 0, 5, CURSOR_DELIVERED, false},
        {"read fewer", 3, 3, 5, CURSOR_READ, true},
        {"not back", 2, 3, 5, CURSOR_READ, false},
        {"read more", 8, 8, 8, CURSOR_READ, true},
        {"got what is read", 7, 8, 8, CURSOR_DELIVERED, false},
        {"beyond the end", 99, 8, 20, CURSOR_DELIVERED, true},
        {"read beyond the end", 99, 20, 20, CURSOR_READ, true},
        {"beyond again", 100, 20, 20, CURSOR_READ, false},
    };
    struct fixture *f = *state;

    fill(f, 20);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct cursor c = mark(f, ME, rows[i].which, rows[i].seq);

        assert_row(rows[i].name, c.read == rows[i].read);
        assert_row(rows[i].name, c.delivered == rows[i].delivered);
        assert_row(rows[i].name, c.moved == rows[i].moved);
    }
}

struct marked {
    bool answered;
    enum rc rc;
    size_t count;
    uint64_t reads;
    uint64_t delivereds;
    struct history_mark first;
};

static void on_marks(void *ctx, enum rc rc, const struct history_mark *marks,
                     size_t count) {
    struct marked *m = ctx;

    m->answered = true;
    m->rc = rc;
    m->count = count;
    if (count > 0) {
        m->first = marks[0];
    }
}

static void on_counts(void *ctx, enum rc rc, uint64_t reads,
                      uint64_t delivereds) {
    struct marked *m = ctx;

    m->answered = true;
    m->rc = rc;
    m->reads = reads;
    m->delivereds = delivereds;
}

static struct marked marks_of(struct fixture *f) {
    struct marked m = {.answered = false};

    f->h->ops->marks(f->h, f->conv, on_marks, &m);
    assert_true(it_until(&f->loop, it_is_set, &m.answered, IT_PATIENCE_MS));
    assert_int_equal(m.rc, RC_OK);
    return m;
}

static struct marked counts_of(struct fixture *f, uint64_t seq) {
    struct marked m = {.answered = false};

    f->h->ops->counts(f->h, f->conv, (struct msg_seq){seq}, on_counts, &m);
    assert_true(it_until(&f->loop, it_is_set, &m.answered, IT_PATIENCE_MS));
    assert_int_equal(m.rc, RC_OK);
    return m;
}

struct hid {
    bool answered;
    enum rc rc;
    uint64_t count;
    struct msg_seq seqs[HISTORY_HIDDEN_MAX];
};

static void on_hide(void *ctx, enum rc rc, uint64_t hidden) {
    struct hid *h = ctx;

    h->answered = true;
    h->rc = rc;
    h->count = hidden;
}

static void on_hidden(void *ctx, enum rc rc, const struct msg_seq *seqs,
                      size_t count) {
    struct hid *h = ctx;

    h->answered = true;
    h->rc = rc;
    h->count = count;
    memcpy(h->seqs, seqs, count * sizeof(*seqs));
}

static struct hid hide(struct fixture *f, uint64_t seq) {
    struct hid h = {.answered = false};

    f->h->ops->hide(f->h, f->conv, (struct user_id){ME}, (struct msg_seq){seq},
                    on_hide, &h);
    assert_true(it_until(&f->loop, it_is_set, &h.answered, IT_PATIENCE_MS));
    return h;
}

static void test_marks(void **state) {
    struct fixture *f = *state;

    fill(f, 20);
    assert_int_equal(marks_of(f).count, 0);
    assert_int_equal(counts_of(f, 1).reads, 0);
    (void)mark(f, ME, CURSOR_READ, 10);
    (void)mark(f, ME, CURSOR_DELIVERED, 12);
    (void)hide(f, 3); /* is no cursor */
    assert_int_equal(marks_of(f).count, 1);
    assert_int_equal(marks_of(f).first.user.v, ME);
    assert_int_equal(marks_of(f).first.read.v, 10);
    assert_int_equal(marks_of(f).first.delivered.v, 12);
    (void)mark(f, ME + 1, CURSOR_READ, 11);
    (void)mark(f, ME + 2, CURSOR_DELIVERED, 11);
    assert_int_equal(marks_of(f).count, 3);
    assert_int_equal(counts_of(f, 10).reads, 2);
    assert_int_equal(counts_of(f, 11).reads, 1);
    assert_int_equal(counts_of(f, 11).delivereds, 3);
    assert_int_equal(counts_of(f, 12).delivereds, 1);
}

static void test_many_marks(void **state) {
    struct fixture *f = *state;
    struct cursor *all = mem_new_array(MARKS, sizeof(*all));

    fill(f, 20);
    for (uint64_t i = 0; i < MARKS; i++) {
        f->h->ops->mark(
            f->h,
            &(struct history_move){f->conv,
                                   {1 + i / 2},
                                   i % 2 == 0 ? CURSOR_READ : CURSOR_DELIVERED,
                                   {10 + i % 2}},
            on_cursor, &all[i]);
    }
    assert_true(it_until(&f->loop, it_is_set, &all[MARKS - 1].answered,
                         IT_PATIENCE_MS));
    assert_int_equal(marks_of(f).count, USERS);
    assert_int_equal(counts_of(f, 10).reads, USERS);
    assert_int_equal(counts_of(f, 11).delivereds, USERS);
    assert_int_equal(counts_of(f, 12).delivereds, 0);
    mem_free(all);
}

/* ---- hidden ---- */

static struct hid hidden(struct fixture *f, uint64_t user) {
    struct hid h = {.answered = false};

    f->h->ops->hidden(f->h, f->conv, (struct user_id){user}, on_hidden, &h);
    assert_true(it_until(&f->loop, it_is_set, &h.answered, IT_PATIENCE_MS));
    assert_int_equal(h.rc, RC_OK);
    return h;
}

static void test_hidden(void **state) {
    struct fixture *f = *state;

    fill(f, 20);
    assert_false(tail(f, 0, 1).head.hides);
    assert_int_equal(hidden(f, ME).count, 0);
    assert_int_equal(hide(f, 9).count, 1);
    assert_int_equal(hide(f, 2).count, 2);
    assert_int_equal(hide(f, 9).count, 2);
    assert_int_equal(hidden(f, ME).count, 2);
    assert_int_equal(hidden(f, ME).seqs[0].v, 9);
    assert_int_equal(hidden(f, ME).seqs[1].v, 2);
    assert_int_equal(hidden(f, ME + 1).count, 0);
    assert_true(tail(f, 0, 1).head.hides);
}

static void test_hidden_full(void **state) {
    struct fixture *f = *state;

    for (uint64_t i = 1; i <= HISTORY_HIDDEN_MAX; i++) {
        assert_int_equal(hide(f, i).count, i);
    }
    assert_int_equal(hide(f, HISTORY_HIDDEN_MAX + 1).rc, RC_LIMIT);
    assert_int_equal(hide(f, 1).count, HISTORY_HIDDEN_MAX);
    assert_int_equal(hidden(f, ME).count, HISTORY_HIDDEN_MAX);
}

/* ---- unread ---- */

struct counted {
    bool answered;
    enum rc rc;
    uint64_t counts[2];
};

static void on_unread(void *ctx, enum rc rc, const uint64_t *counts,
                      size_t count) {
    struct counted *c = ctx;

    c->answered = true;
    c->rc = rc;
    for (size_t i = 0; i < count; i++) {
        c->counts[i] = counts[i];
    }
}

/* An event as it really stands there. */
static void say(struct fixture *f, uint64_t from, const char *kind,
                const char *text, const char *marks) {
    static unsigned number;
    struct history_append in;
    char name[32];
    struct buf event;

    snprintf(name, sizeof(name), "say%u", number++);
    in = message(f, name);
    buf_init(&event);
    event_store(&event, &(struct event){.ts_ms = noon_ms,
                                        .from = {from},
                                        .kind = kind,
                                        .name = slice_str(name),
                                        .body = slice_str(text),
                                        .marks = slice_str(marks)});
    in.event = buf_slice(&event);
    assert_int_equal(append(f, in).rc, RC_OK);
    buf_fini(&event);
}

static uint64_t unread(struct fixture *f, uint64_t first, uint64_t last) {
    const struct history_span_ask spans[2] = {{f->conv, {first}, {last}},
                                              {new_conv(f), {1}, {1}}};
    struct counted c = {.answered = false};

    f->h->ops->unread(f->h, (struct user_id){ME}, spans, 2, on_unread, &c);
    assert_true(it_until(&f->loop, it_is_set, &c.answered, IT_PATIENCE_MS));
    assert_int_equal(c.rc, RC_OK);
    assert_int_equal(c.counts[1], 0);
    return c.counts[0];
}

static void test_unread(void **state) {
    static const char mine[] = "{\"text\":\"\\\"from\\\":\\\"0000000000007\\\","
                               ",\\\"deleted\\\":{\\\"by\\\":\"}";
    struct fixture *f = *state;

    say(f, 8, "message", "{\"text\":\"hi\"}", "");
    say(f, ME, "message", "{\"text\":\"hi\"}", "");
    say(f, 8, "member.added", "{}", "");
    say(f, 8, "message", mine, "");
    say(f, 8, "message", "{}",
        ",\"changed\":9,\"deleted\":{\"by\":\"0000000000008\",\"ts\":1}");
    assert_int_equal(unread(f, 1, 5), 2);
    assert_int_equal(unread(f, 2, 3), 0);
    assert_int_equal(unread(f, 4, 4), 1);
    for (unsigned i = 0; i < 200; i++) {
        say(f, 8 - i % 2, "message", "{\"text\":\"hi\"}", "");
    }
    assert_int_equal(unread(f, 106, 205), 50);
    assert_int_equal(unread(f, 120, 129), 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_mark),   TEST(test_marks),  TEST(test_many_marks),
        TEST(test_hidden), TEST(test_unread), TEST(test_hidden_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
