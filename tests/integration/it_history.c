/* The history port on a real Redis: order, repeats, memberships, pages, and
 * what is left of it all after a crash. */
#include "tests/integration/redis_child.h"

#include "proto/base/ids.h"
#include "proto/base/mem.h"
#include "storage/history_redis.h"

enum {
    MANY = 1000,
    HOUR_MS = 3600 * 1000,
};

static const uint64_t noon_ms = UINT64_C(1793880000000);
static const uint64_t window_ms = UINT64_C(12) * HOUR_MS;

struct fixture {
    struct loop loop;
    struct it_redis redis;
    struct history *h;
    struct conv_id conv;
};

static struct history *open_history(struct fixture *f,
                                    struct redis_config redis) {
    struct history *h = NULL;

    assert_int_equal(history_redis_open(&h, &f->loop, &redis), RC_OK);
    return h;
}

static bool history_ready(void *ctx) {
    struct history *h = ctx;

    return h->ops->ready(h);
}

static void await_ready(struct fixture *f) {
    assert_true(it_until(&f->loop, history_ready, f->h, IT_PATIENCE_MS));
}

static struct conv_id new_conv(struct fixture *f) {
    return (struct conv_id){
        id_make(f->loop.clock.wall_ms, (uint32_t)rand_u64(&f->loop.rand))};
}

/* Most tests share a server: each works in a conversation of its own. */
static int set_up(void **state) {
    struct fixture *f = mem_new(sizeof(*f));

    assert_int_equal(loop_init(&f->loop), RC_OK);
    f->h = open_history(f, it_shared_redis());
    f->conv = new_conv(f);
    await_ready(f);
    *state = f;
    return 0;
}

static int set_up_private(void **state) {
    struct fixture *f = mem_new(sizeof(*f));

    assert_int_equal(loop_init(&f->loop), RC_OK);
    it_redis_open(&f->redis);
    f->h = open_history(f, (struct redis_config){.address = f->redis.address,
                                                 .deadline_ms = 500});
    f->conv = new_conv(f);
    await_ready(f);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;

    history_redis_close(&f->h);
    loop_fini(&f->loop);
    if (f->redis.pid != 0) {
        it_redis_close(&f->redis);
    }
    mem_free(f);
    return 0;
}

/* Appending. */

struct appended {
    bool answered;
    unsigned answers;
    enum rc rc;
    struct history_appended out;
};

static void on_appended(void *ctx, enum rc rc,
                        const struct history_appended *out) {
    struct appended *a = ctx;

    a->answered = true;
    a->answers++;
    a->rc = rc;
    if (rc == RC_OK) {
        a->out = *out;
    }
}

static struct history_append message(struct fixture *f, const char *name) {
    return (struct history_append){
        .conv = f->conv,
        .from = {7},
        .name = slice_str(name),
        .body_hash = 0xabcdef,
        .mver = {3},
        .ts_ms = noon_ms,
        .event = slice_str(name),
    };
}

static struct appended append(struct fixture *f, struct history_append in) {
    struct appended a = {.answered = false};

    f->h->ops->append(f->h, &in, on_appended, &a);
    assert_false(a.answered);
    assert_true(it_until(&f->loop, it_is_set, &a.answered, IT_PATIENCE_MS));
    return a;
}

static void fill(struct fixture *f, size_t count) {
    struct appended *all = mem_new_array(count, sizeof(*all));

    for (size_t i = 0; i < count; i++) {
        char name[32];
        struct history_append in;

        snprintf(name, sizeof(name), "m%zu", i + 1);
        in = message(f, name);
        f->h->ops->append(f->h, &in, on_appended, &all[i]);
    }
    assert_true(it_until(&f->loop, it_is_set, &all[count - 1].answered,
                         IT_PATIENCE_MS));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(all[i].answers, 1);
        assert_int_equal(all[i].rc, RC_OK);
        assert_int_equal(all[i].out.seq.v, i + 1);
        assert_false(all[i].out.repeat);
    }
    mem_free(all);
}

static void test_append(void **state) {
    struct fixture *f = *state;
    struct history_append in = message(f, "first");
    struct appended a;

    a = append(f, in);
    assert_int_equal(a.rc, RC_OK);
    assert_int_equal(a.out.seq.v, 1);
    assert_int_equal(a.out.ts_ms, noon_ms);
    assert_false(a.out.repeat);

    in.ts_ms += 5000;
    a = append(f, in);
    assert_int_equal(a.rc, RC_OK);
    assert_int_equal(a.out.seq.v, 1);
    assert_int_equal(a.out.ts_ms, noon_ms);
    assert_true(a.out.repeat);

    in.body_hash = 1;
    assert_int_equal(append(f, in).rc, RC_CONFLICT);

    /* Another sender may use the same name. */
    in.from.v = 8;
    a = append(f, in);
    assert_int_equal(a.rc, RC_OK);
    assert_int_equal(a.out.seq.v, 2);
    assert_int_equal(history_redis_stats(f->h)->appends, 2);
    assert_int_equal(history_redis_stats(f->h)->repeats, 1);
}

static void test_member_version(void **state) {
    struct fixture *f = *state;
    struct history_append in = message(f, "one");
    struct appended a;

    assert_int_equal(append(f, in).rc, RC_OK);
    in = message(f, "two");
    in.mver.v = 2;
    assert_int_equal(append(f, in).rc, RC_STALE);
    in.mver.v = 4; /* moves the store's forward */
    a = append(f, in);
    assert_int_equal(a.rc, RC_OK);
    assert_int_equal(a.out.seq.v, 2);
    in = message(f, "three");
    assert_int_equal(append(f, in).rc, RC_STALE);
    /* A repeat is a repeat, whatever happened to the members since. */
    in = message(f, "one");
    a = append(f, in);
    assert_int_equal(a.rc, RC_OK);
    assert_true(a.out.repeat);
    assert_int_equal(a.out.seq.v, 1);
}

/* A name is known for a day, on either side of a window's border, also to a
 * gateway whose clock is a little behind. */
static void test_name_lifetime(void **state) {
    static const struct {
        const char *name;
        int64_t after_ms;
        bool repeat;
    } rows[] = {
        {"at once", 0, true},
        {"a clock 50 minutes behind", -50 * 60 * 1000, true},
        {"half a day", 12 * HOUR_MS, true},
        {"a day", 24 * HOUR_MS, true},
        {"two days", 48 * HOUR_MS, false},
    };
    struct fixture *f = *state;
    uint64_t border_ms = noon_ms / window_ms * window_ms;

    for (uint64_t i = 0; i < 2; i++) {
        uint64_t start_ms = border_ms - 1 + i;

        for (size_t r = 0; r < COUNT_OF(rows); r++) {
            struct history_append in;
            struct appended a;

            f->conv = new_conv(f);
            in = message(f, "m");
            in.ts_ms = start_ms;
            assert_row(rows[r].name, append(f, in).rc == RC_OK);
            in.ts_ms = (uint64_t)((int64_t)start_ms + rows[r].after_ms);
            a = append(f, in);
            assert_row(rows[r].name, a.rc == RC_OK);
            assert_row(rows[r].name, a.out.repeat == rows[r].repeat);
        }
    }
}

/* Any bytes: the name and the event are data, never words of the protocol. */
static void test_any_bytes(void **state) {
    static const uint8_t event[] = "\r\n*1\r\n$8\r\nFLUSHALL\r\n\0\xff";
    struct fixture *f = *state;
    struct history_append in = message(f, "a:b\r\nc");
    struct appended a;

    in.event = slice_of(event, sizeof(event));
    assert_int_equal(append(f, in).out.seq.v, 1);
    a = append(f, in);
    assert_true(a.out.repeat);
    in.name = slice_of("", 0);
    in.event = slice_of("", 0);
    assert_int_equal(append(f, in).out.seq.v, 2);
}

/* Reading. */

struct paged {
    bool answered;
    enum rc rc;
    struct history_head head;
    uint64_t first;
    size_t count;
    bool named; /* each event is "m<seq>" */
    size_t purged;
};

static void on_paged(void *ctx, enum rc rc, const struct history_page *page) {
    struct paged *p = ctx;

    p->answered = true;
    p->rc = rc;
    if (rc != RC_OK) {
        return;
    }
    p->head = page->head;
    p->first = page->first.v;
    p->count = page->count;
    p->named = true;
    for (size_t i = 0; i < page->count; i++) {
        char name[32];

        snprintf(name, sizeof(name), "m%llu",
                 (unsigned long long)(page->first.v + i));
        p->purged += page->events[i].n == 0;
        p->named &= page->events[i].n == 0 || slice_is(page->events[i], name);
    }
}

static struct paged range(struct fixture *f, uint64_t first, size_t count) {
    struct paged p = {.answered = false};

    f->h->ops->range(f->h, f->conv, (struct msg_seq){first}, count, on_paged,
                     &p);
    assert_true(it_until(&f->loop, it_is_set, &p.answered, IT_PATIENCE_MS));
    assert_int_equal(p.rc, RC_OK);
    return p;
}

static struct paged tail(struct fixture *f, uint64_t last, size_t count) {
    struct paged p = {.answered = false};

    f->h->ops->tail(f->h, f->conv, (struct msg_seq){last}, count, on_paged, &p);
    assert_true(it_until(&f->loop, it_is_set, &p.answered, IT_PATIENCE_MS));
    assert_int_equal(p.rc, RC_OK);
    return p;
}

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

struct cursor {
    bool answered;
    enum rc rc;
    uint64_t read;
};

static void on_cursor(void *ctx, enum rc rc, struct msg_seq read) {
    struct cursor *c = ctx;

    c->answered = true;
    c->rc = rc;
    c->read = read.v;
}

static uint64_t read_to(struct fixture *f, uint64_t user, uint64_t seq) {
    struct cursor c = {.answered = false};

    f->h->ops->read(f->h, f->conv, (struct user_id){user},
                    (struct msg_seq){seq}, on_cursor, &c);
    assert_true(it_until(&f->loop, it_is_set, &c.answered, IT_PATIENCE_MS));
    assert_int_equal(c.rc, RC_OK);
    return c.read;
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
    struct conv_id convs[HISTORY_HEADS_MAX];

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

/* What can go wrong. */

static void test_script_forgotten(void **state) {
    struct fixture *f = *state;
    struct resp_conn *admin = it_connect(
        &f->loop, (struct redis_config){.address = f->redis.address});

    it_say(&f->loop, admin, "SCRIPT FLUSH");
    fill(f, 20);
    assert_true(history_redis_stats(f->h)->reloads > 0);
    it_say(&f->loop, admin, "SCRIPT FLUSH");
    assert_int_equal(read_to(f, 7, 20), 20);
    resp_conn_close(&admin);
}

/* A store that is full refuses, and stores nothing. */
static void test_refused(void **state) {
    struct fixture *f = *state;
    struct resp_conn *admin = it_connect(
        &f->loop, (struct redis_config){.address = f->redis.address});

    fill(f, 1);
    it_say(&f->loop, admin, "CONFIG SET maxmemory 1");
    assert_int_equal(append(f, message(f, "two")).rc, RC_AGAIN);
    it_say(&f->loop, admin, "CONFIG SET maxmemory 0");
    it_say(&f->loop, admin, "REPLICAOF 127.0.0.1 1");
    assert_int_equal(append(f, message(f, "two")).rc, RC_AGAIN);
    it_say(&f->loop, admin, "REPLICAOF NO ONE");
    assert_int_equal(append(f, message(f, "two")).out.seq.v, 2);
    resp_conn_close(&admin);
}

/* Keys that are not what we left there: an error, never a wrong answer. */
static void test_corrupt(void **state) {
    struct fixture *f = *state;
    struct resp_conn *admin = it_connect(
        &f->loop, (struct redis_config){.address = f->redis.address});
    struct paged p = {.answered = false};
    char line[128];

    fill(f, 3);
    snprintf(line, sizeof(line), "RPUSH {c%s}log:0 stray",
             id_text(f->conv.v).s);
    it_say(&f->loop, admin, line);
    assert_int_equal(append(f, message(f, "four")).rc, RC_BACKEND);
    assert_int_equal(range(f, 1, 100).count, 3);
    snprintf(line, sizeof(line), "HSET {c%s}meta head many",
             id_text(f->conv.v).s);
    it_say(&f->loop, admin, line);
    f->h->ops->range(f->h, f->conv, (struct msg_seq){1}, 10, on_paged, &p);
    assert_true(it_until(&f->loop, it_is_set, &p.answered, IT_PATIENCE_MS));
    assert_int_equal(p.rc, RC_BACKEND);
    assert_int_equal(append(f, message(f, "four")).rc, RC_BACKEND);
    assert_true(history_redis_stats(f->h)->bad_replies >= 3);
    resp_conn_close(&admin);
}

/* Appends flow while the server is killed and comes back; whoever got an
 * answer was told the truth, and a repeat finds out the rest. */
struct flow {
    struct fixture *f;
    struct appended all[MANY];
    size_t next;
};

static struct history_append flow_message(struct flow *w, size_t i,
                                          char name[16]) {
    snprintf(name, 16, "f%zu", i);
    return message(w->f, name);
}

static bool keep_appending(void *ctx) {
    struct flow *w = ctx;
    size_t answered = 0;

    for (int i = 0; i < 5 && w->next < MANY; i++, w->next++) {
        char name[16];
        struct history_append in = flow_message(w, w->next, name);

        w->f->h->ops->append(w->f->h, &in, on_appended, &w->all[w->next]);
    }
    for (size_t i = 0; i < MANY; i++) {
        answered += w->all[i].answered;
    }
    return answered == MANY;
}

static void test_crash(void **state) {
    struct fixture *f = *state;
    struct flow *w = mem_new(sizeof(*w));
    uint64_t seen[MANY + 1] = {0};

    w->f = f;
    it_until(&f->loop, keep_appending, w, 60);
    it_redis_kill(&f->redis);
    it_until(&f->loop, keep_appending, w, 60);
    it_redis_start(&f->redis);
    assert_true(it_until(&f->loop, keep_appending, w, IT_PATIENCE_MS));
    await_ready(f);
    for (size_t i = 0; i < MANY; i++) {
        char name[16];
        struct history_append in = flow_message(w, i, name);
        struct appended again = append(f, in);

        assert_int_equal(w->all[i].answers, 1);
        assert_int_equal(again.rc, RC_OK);
        if (w->all[i].rc == RC_OK) {
            assert_true(again.out.repeat);
            assert_int_equal(again.out.seq.v, w->all[i].out.seq.v);
        } else if (w->all[i].rc == RC_AGAIN) {
            assert_false(again.out.repeat);
        }
        assert_in_range(again.out.seq.v, 1, MANY);
        seen[again.out.seq.v]++;
    }
    for (size_t i = 1; i <= MANY; i++) {
        assert_int_equal(seen[i], 1);
    }
    mem_free(w);
}

static void test_close(void **state) {
    struct fixture *f = *state;
    struct history_append in = message(f, "m");
    struct appended a = {.answered = false};
    struct paged p = {.answered = false};

    f->h->ops->append(f->h, &in, on_appended, &a);
    f->h->ops->tail(f->h, f->conv, (struct msg_seq){0}, 10, on_paged, &p);
    history_redis_close(&f->h);
    assert_true(a.answered && a.rc == RC_CLOSED);
    assert_true(p.answered && p.rc == RC_CLOSED);
    assert_null(f->h);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define PRIVATE(f) cmocka_unit_test_setup_teardown(f, set_up_private, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_append),        TEST(test_member_version),
        TEST(test_name_lifetime), TEST(test_any_bytes),
        TEST(test_pages),         TEST(test_empty_pages),
        TEST(test_purged),        TEST(test_read_cursor),
        TEST(test_heads),         TEST(test_many_in_order),
        TEST(test_close),         PRIVATE(test_script_forgotten),
        PRIVATE(test_refused),    PRIVATE(test_corrupt),
        PRIVATE(test_crash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
