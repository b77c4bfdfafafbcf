/* Reading the history on a real Redis: pages over every border, heads, and
 * read cursors. */
#include "tests/integration/history_env.h"

static void test_pages(void **state) {
    static const struct {
        const char *name;
        bool tail;
        uint64_t at; /* first, or last */
        size_t count;
        uint64_t want_first;
        size_t want_count;
    } rows[] = {
        {"from the start", false, 1, 100, 1, 100},
        {"one", false, 127, 1, 127, 1},
        {"over 127|128", false, 100, 50, 100, 50},
        {"from 128", false, 128, 100, 128, 100},
        {"over 255|256", false, 200, 100, 200, 100},
        {"up to the head", false, 290, 11, 290, 11},
        {"past the head", false, 290, 100, 290, 11},
        {"behind the head", false, 301, 10, 301, 0},
        {"tail", true, 0, 100, 201, 100},
        {"tail to the head", true, 300, 20, 281, 20},
        {"tail over 255|256", true, 260, 10, 251, 10},
        {"tail to 128", true, 128, 2, 127, 2},
        {"tail to the start", true, 50, 100, 1, 50},
        {"tail past the head", true, 1000, 20, 281, 20},
    };
    struct fixture *f = *state;

    fill(f, 300);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct paged p = rows[i].tail ? tail(f, rows[i].at, rows[i].count)
                                      : range(f, rows[i].at, rows[i].count);

        assert_row(rows[i].name, p.first == rows[i].want_first);
        assert_row(rows[i].name, p.count == rows[i].want_count);
        assert_row(rows[i].name, p.named && p.purged == 0);
        assert_row(rows[i].name, p.head.conv.v == f->conv.v);
        assert_row(rows[i].name, p.head.head.v == 300);
        assert_row(rows[i].name, p.head.oldest.v == 1);
        assert_row(rows[i].name, p.head.mver.v == 3);
        assert_row(rows[i].name, p.head.ts_ms == noon_ms);
    }
}

/* The newest events are the newest, whatever another gateway has appended or
 * a restored copy has lost since we looked; mostly one question is enough. */
static void test_newest(void **state) {
    const uint64_t tails = 20;
    struct fixture *f = *state;
    struct resp_conn *admin = it_connect(&f->loop, it_shared_redis());
    const struct resp_conn_stats *stats = history_redis_conn_stats(f->h);
    uint64_t before;
    char line[128];

    fill(f, 150);
    assert_int_equal(tail(f, 0, 100).first, 51);
    before = stats->calls;
    for (uint64_t i = 0; i < tails; i++) {
        assert_int_equal(tail(f, 0, 100).first, 51);
    }
    assert_true(stats->calls - before < 2 * tails); /* some may be pings */
    assert_int_equal(append(f, message(f, "m151")).out.seq.v, 151);
    assert_int_equal(tail(f, 0, 100).first, 52);
    snprintf(line, sizeof(line), "HSET {c%s}meta head 140",
             id_text(f->conv.v).s);
    it_say(&f->loop, admin, line);
    assert_int_equal(tail(f, 0, 100).first, 41);
    assert_int_equal(tail(f, 0, 100).count, 100);
    resp_conn_close(&admin);
}

static void test_empty_pages(void **state) {
    struct fixture *f = *state;
    struct paged p = range(f, 1, 100);

    assert_int_equal(p.count, 0);
    assert_int_equal(p.head.head.v, 0);
    assert_int_equal(tail(f, 0, 100).count, 0);
    assert_int_equal(tail(f, 5, 100).count, 0);
}

/* A bucket that is gone. */
static void test_purged(void **state) {
    struct fixture *f = *state;
    struct resp_conn *admin = it_connect(&f->loop, it_shared_redis());
    char line[128];
    struct paged p;

    fill(f, 200);
    snprintf(line, sizeof(line), "DEL {c%s}log:0", id_text(f->conv.v).s);
    it_say(&f->loop, admin, line);
    p = range(f, 120, 20);
    assert_int_equal(p.count, 20);
    assert_int_equal(p.purged, 8);
    assert_true(p.named);
    /* A tail that was first aimed too far leaves nothing behind. */
    p = tail(f, 250, 100);
    assert_int_equal(p.first, 101);
    assert_int_equal(p.purged, 27);
    assert_true(p.named);
    resp_conn_close(&admin);
}

struct headed {
    bool answered;
    enum rc rc;
    size_t count;
    struct history_head heads[HISTORY_HEADS_MAX];
};

static void on_headed(void *ctx, enum rc rc, const struct history_head *heads,
                      size_t count) {
    struct headed *h = ctx;

    h->answered = true;
    h->rc = rc;
    h->count = count;
    if (count > 0) {
        memcpy(h->heads, heads, count * sizeof(*heads));
    }
}

static void test_read_cursor(void **state) {
    struct fixture *f = *state;

    assert_int_equal(read_to(f, 7, 5), 0); /* there is nothing yet */
    fill(f, 10);
    assert_int_equal(read_to(f, 7, 5), 5);
    assert_int_equal(read_to(f, 7, 3), 5);
    assert_int_equal(read_to(f, 7, 8), 8);
    assert_int_equal(read_to(f, 7, 1000), 10);
    assert_int_equal(read_to(f, 8, 1), 1);
}

static void heads_of(struct fixture *f, const struct conv_id *convs,
                     size_t count, struct headed *out) {
    out->answered = false;
    f->h->ops->heads(f->h, (struct user_id){7}, convs, count, on_headed, out);
    assert_true(it_until(&f->loop, it_is_set, &out->answered, IT_PATIENCE_MS));
    assert_int_equal(out->rc, RC_OK);
    assert_int_equal(out->count, count);
}

static void test_heads(void **state) {
    struct fixture *f = *state;
    struct headed *out = mem_new(sizeof(*out));
    struct conv_id convs[HISTORY_HEADS_MAX] = {{0}};

    for (size_t i = 0; i < COUNT_OF(convs); i++) {
        convs[i] = new_conv(f);
    }
    f->conv = convs[10];
    fill(f, 3);
    read_to(f, 7, 2);
    f->conv = convs[999];
    fill(f, 1);
    heads_of(f, convs, COUNT_OF(convs), out);
    for (size_t i = 0; i < COUNT_OF(convs); i++) {
        assert_int_equal(out->heads[i].conv.v, convs[i].v);
        assert_int_equal(out->heads[i].oldest.v, 1);
    }
    assert_int_equal(out->heads[0].head.v, 0);
    assert_int_equal(out->heads[10].head.v, 3);
    assert_int_equal(out->heads[10].read.v, 2);
    assert_int_equal(out->heads[10].mver.v, 3);
    assert_int_equal(out->heads[10].ts_ms, noon_ms);
    assert_int_equal(out->heads[999].head.v, 1);
    assert_int_equal(out->heads[999].read.v, 0);
    heads_of(f, convs, 0, out);
    mem_free(out);
}

static void test_many_in_order(void **state) {
    struct fixture *f = *state;

    fill(f, MANY);
    for (uint64_t first = 1; first < MANY; first += 100) {
        struct paged p = range(f, first, 100);

        assert_int_equal(p.count, 100);
        assert_true(p.named && p.purged == 0);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_pages),  TEST(test_empty_pages),
        TEST(test_purged), TEST(test_read_cursor),
        TEST(test_heads),  TEST(test_many_in_order),
        TEST(test_newest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
