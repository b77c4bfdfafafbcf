/* Appends that change an earlier event, on a real Redis: all of it or nothing,
 * over every border, and nothing left of what was forgotten. */
#include "tests/integration/history_env.h"

enum {
    EVENTS = 300, /* two borders of buckets */
};

static const struct slice marker = {(const uint8_t *)"seq \0, again \0", 14};

struct earlier {
    bool answered;
    enum rc rc;
    size_t count;
    char first[16];
    char last[16];
};

static void note(char out[16], struct slice text) {
    snprintf(out, 16, "%.*s", (int)text.n, (const char *)text.p);
}

static void on_earlier(void *ctx, enum rc rc, const struct slice *versions,
                       size_t count) {
    struct earlier *e = ctx;

    e->answered = true;
    e->rc = rc;
    e->count = count;
    if (count > 0) {
        note(e->first, versions[0]);
        note(e->last, versions[count - 1]);
    }
}

static struct earlier earlier_of(struct fixture *f, uint64_t seq) {
    struct earlier e = {.answered = false};

    f->h->ops->earlier(f->h, f->conv, (struct msg_seq){seq}, on_earlier, &e);
    assert_true(it_until(&f->loop, it_is_set, &e.answered, IT_PATIENCE_MS));
    assert_int_equal(e.rc, RC_OK);
    return e;
}

struct seen {
    bool answered;
    char text[64];
};

static void on_seen(void *ctx, enum rc rc, const struct history_page *page) {
    struct seen *s = ctx;

    s->answered = true;
    assert_int_equal(rc, RC_OK);
    assert_int_equal(page->count, 1);
    snprintf(s->text, sizeof(s->text), "%.*s", (int)page->events[0].n,
             (const char *)page->events[0].p);
}

/* The event that stands at `seq` is `text`. */
static bool stands(struct fixture *f, uint64_t seq, const char *text) {
    struct seen s = {.answered = false};

    f->h->ops->range(f->h, f->conv, (struct msg_seq){seq}, 1, on_seen, &s);
    assert_true(it_until(&f->loop, it_is_set, &s.answered, IT_PATIENCE_MS));
    return strcmp(s.text, text) == 0;
}

static struct appended change(struct fixture *f, const char *name,
                              struct history_change x) {
    struct history_append in = message(f, name);

    in.change = &x;
    return append(f, in);
}

static void test_change(void **state) {
    static const uint64_t targets[] = {1, 126, 127, 128, 129, 255, 256, EVENTS};
    struct fixture *f = *state;

    fill(f, EVENTS);
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        uint64_t seq = targets[i];
        struct appended a;
        char name[32];
        char was[32];
        char now[64];

        snprintf(was, sizeof(was), "m%" PRIu64, seq);
        snprintf(name, sizeof(name), "change%" PRIu64, seq);
        a = change(f, name,
                   (struct history_change){
                       .seq = {seq}, .was = slice_str(was), .now = marker});
        assert_row(was, a.rc == RC_OK && a.out.seq.v == EVENTS + 1 + i);
        snprintf(now, sizeof(now), "seq %" PRIu64 ", again %" PRIu64,
                 a.out.seq.v, a.out.seq.v);
        assert_row(was, stands(f, seq, now));
        assert_row(was, stands(f, a.out.seq.v, name));
    }
    assert_true(stands(f, 2, "m2"));
}

/* Refused, and nothing is stored; a known name is known before that. */
static void test_moved(void **state) {
    static const struct {
        const char *name;
        uint64_t seq;
        const char *was;
    } rows[] = {
        {"another text", 1, "m2"},       {"not there yet", 4, ""},
        {"far beyond", 1000000, ""},     {"no event 0", 0, "m1"},
        {"nothing stands there", 1, ""},
    };
    struct fixture *f = *state;
    struct history_change x = {
        .seq = {1}, .was = SLICE_LIT("m1"), .now = SLICE_LIT("new")};

    fill(f, 3);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct appended a =
            change(f, "x",
                   (struct history_change){.seq = {rows[i].seq},
                                           .was = slice_str(rows[i].was),
                                           .now = SLICE_LIT("new")});

        assert_row(rows[i].name, a.rc == RC_MOVED);
        assert_row(rows[i].name, tail(f, 0, 1).head.head.v == 3);
    }
    assert_int_equal(change(f, "x", x).out.seq.v, 4);
    assert_true(change(f, "x", x).out.repeat);
    assert_int_equal(change(f, "y", x).rc, RC_MOVED);
    assert_true(stands(f, 1, "new"));
}

static void test_versions(void **state) {
    struct fixture *f = *state;
    char was[16] = "m1";

    fill(f, 1);
    assert_int_equal(earlier_of(f, 1).count, 0);
    for (uint64_t i = 1; i <= HISTORY_EARLIER_MAX + 2; i++) {
        char now[16];
        struct appended a;

        snprintf(now, sizeof(now), "v%" PRIu64, i);
        a = change(f, now,
                   (struct history_change){.seq = {1},
                                           .was = slice_str(was),
                                           .now = slice_str(now),
                                           .earlier = slice_str(was),
                                           .emptied = {i < 2 ? 0 : i}});
        assert_int_equal(a.out.seq.v, i + 1);
        memcpy(was, now, sizeof(was));
    }
    assert_int_equal(earlier_of(f, 1).count, HISTORY_EARLIER_MAX);
    assert_string_equal(earlier_of(f, 1).first, "v2");
    assert_string_equal(earlier_of(f, 1).last, "v11");
    assert_true(stands(f, 12, ""));
    assert_true(stands(f, 13, "v12"));
    assert_int_equal(change(f, "gone",
                            (struct history_change){.seq = {1},
                                                    .was = SLICE_LIT("v12"),
                                                    .now = SLICE_LIT("-"),
                                                    .emptied = {13},
                                                    .forget = true})
                         .rc,
                     RC_OK);
    assert_int_equal(earlier_of(f, 1).count, 0);
    assert_true(stands(f, 13, "") && stands(f, 1, "-"));
}

/* The bucket of the event to be emptied has been purged: nothing to do. */
static void test_purged(void **state) {
    struct fixture *f = *state;
    struct resp_conn *admin = it_connect(&f->loop, it_shared_redis());
    char line[64];

    fill(f, 130);
    snprintf(line, sizeof(line), "DEL {c%s}log:0", id_text(f->conv.v).s);
    it_say(&f->loop, admin, line);
    assert_int_equal(change(f, "x",
                            (struct history_change){.seq = {130},
                                                    .was = SLICE_LIT("m130"),
                                                    .now = SLICE_LIT("-"),
                                                    .emptied = {5}})
                         .out.seq.v,
                     131);
    assert_int_equal(change(f, "y",
                            (struct history_change){.seq = {5},
                                                    .was = SLICE_LIT("m5"),
                                                    .now = SLICE_LIT("-")})
                         .rc,
                     RC_MOVED);
    resp_conn_close(&admin);
}

/* What only has to be there. */
static void test_needs(void **state) {
    struct fixture *f = *state;

    fill(f, 3);
    assert_int_equal(change(f, "x", (struct history_change){.seq = {4}}).rc,
                     RC_MOVED);
    assert_int_equal(
        change(f, "x", (struct history_change){.seq = {3}}).out.seq.v, 4);
    assert_int_equal(
        change(f, "y", (struct history_change){.seq = {4}}).out.seq.v, 5);
    assert_true(stands(f, 3, "m3"));
    assert_true(stands(f, 4, "x"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_change),   TEST(test_moved),  TEST(test_needs),
        TEST(test_versions), TEST(test_purged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
