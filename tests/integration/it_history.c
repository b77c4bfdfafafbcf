/* Appending to the history on a real Redis: order, repeats, memberships, and
 * what is left of it all after a crash. */
#include "storage/history_append.h"
#include "storage/history_layout.h"
#include "tests/integration/history_env.h"

static const int64_t minute_ms = 60000;
static const int64_t hour_ms = 3600000;
static const uint64_t window_ms = HISTORY_WINDOW_MS;

static void test_append(void **state) {
    struct fixture *f = *state;
    struct history_append in = message(f, "first");
    struct appended a;

    in.event = SLICE_LIT("\"ts\":1793880000000}"); /* noon */
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
    const struct {
        const char *name;
        int64_t after_ms;
        bool repeat;
    } rows[] = {
        {"at once", 0, true},
        {"a clock 50 minutes behind", -50 * minute_ms, true},
        {"half a day", 12 * hour_ms, true},
        {"a day", 24 * hour_ms, true},
        {"three days", 72 * hour_ms, false},
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

/* More than may wait at once is refused at once; the rest is stored, in
 * batches, in its order. */
static void test_too_many(void **state) {
    struct fixture *f = *state;
    const size_t count = HISTORY_WAITING_MAX + 10;
    struct appended *all = mem_new_array(count, sizeof(*all));

    for (size_t i = 0; i < count; i++) {
        char name[32];
        struct history_append in;

        snprintf(name, sizeof(name), "m%zu", i + 1);
        in = message(f, name);
        assert_true(f->h->ops->ready(f->h) == (i < HISTORY_WAITING_MAX));
        f->h->ops->append(f->h, &in, on_appended, &all[i]);
    }
    assert_true(it_until(&f->loop, it_is_set,
                         &all[HISTORY_WAITING_MAX - 1].answered,
                         IT_PATIENCE_MS));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(all[i].answers, 1);
        if (i < HISTORY_WAITING_MAX) {
            assert_int_equal(all[i].rc, RC_OK);
            assert_int_equal(all[i].out.seq.v, i + 1);
        } else {
            assert_int_equal(all[i].rc, RC_AGAIN);
        }
    }
    assert_true(f->h->ops->ready(f->h));
    mem_free(all);
}

/* One that fails fails alone: its neighbours in the batch are stored. */
static void test_one_corrupt(void **state) {
    struct fixture *f = *state;
    struct resp_conn *admin = it_connect(
        &f->loop, (struct redis_config){.address = f->redis.address});
    struct conv_id convs[3] = {new_conv(f), new_conv(f), new_conv(f)};
    struct appended all[3] = {{.answered = false}};
    char line[128];

    snprintf(line, sizeof(line), "SET {c%s}log:0 x", id_text(convs[1].v).s);
    it_say(&f->loop, admin, line);
    for (size_t i = 0; i < COUNT_OF(convs); i++) {
        struct history_append in;

        f->conv = convs[i];
        in = message(f, "m");
        f->h->ops->append(f->h, &in, on_appended, &all[i]);
    }
    assert_true(
        it_until(&f->loop, it_is_set, &all[2].answered, IT_PATIENCE_MS));
    assert_int_equal(all[0].rc, RC_OK);
    assert_int_equal(all[1].rc, RC_BACKEND);
    assert_int_equal(all[2].rc, RC_OK);
    /* And its name was not noted. */
    snprintf(line, sizeof(line), "DEL {c%s}log:0", id_text(convs[1].v).s);
    it_say(&f->loop, admin, line);
    f->conv = convs[1];
    assert_false(append(f, message(f, "m")).out.repeat);
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
        TEST(test_append),         TEST(test_member_version),
        TEST(test_name_lifetime),  TEST(test_any_bytes),
        TEST(test_close),          PRIVATE(test_script_forgotten),
        PRIVATE(test_refused),     PRIVATE(test_corrupt),
        PRIVATE(test_crash),       PRIVATE(test_too_many),
        PRIVATE(test_one_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
