/* The history on a real Redis Cluster: many slots, slots that move, slots that
 * are half moved, and a primary that dies. */
#include "storage/history_layout.h"
#include "tests/integration/cluster_child.h"
#include "tests/integration/store_env.h"

enum {
    CONVS = 200,
    KEYS = 4,         /* of a conversation here */
    WAITING_MS = 100, /* what has not been answered by then waits */
};

struct env {
    struct fixture f; /* first: what the helpers of history_env.h want */
    struct it_cluster cluster;
};

static int open_all(void **state) {
    struct env *e = mem_new(sizeof(*e));

    assert_int_equal(loop_init(&e->f.loop), RC_OK);
    it_cluster_open(&e->cluster, &e->f.loop);
    *state = e;
    return 0;
}

static int close_all(void **state) {
    struct env *e = *state;

    it_cluster_close(&e->cluster);
    loop_fini(&e->f.loop);
    mem_free(e);
    return 0;
}

/* Each test begins with a history that knows one server. */
static int begin(void **state) {
    struct env *e = *state;

    e->f.h = open_history(
        &e->f, (struct redis_config){.address = e->cluster.servers[0].address,
                                     .deadline_ms = 20000});
    await_ready(&e->f);
    return 0;
}

static int end(void **state) {
    history_redis_close(&((struct env *)*state)->f.h);
    return 0;
}

static unsigned slot_of_conv(struct conv_id conv) {
    return slot_of(slice_str(history_key(conv, "meta").s));
}

/* No other test has used it, or moved it. */
static bool slot_is_fresh(struct env *e, unsigned slot) {
    char line[48];
    int64_t keys = 0;

    snprintf(line, sizeof(line), "CLUSTER COUNTKEYSINSLOT %u", slot);
    for (size_t i = 0; i < IT_PRIMARIES; i++) {
        keys += it_tell(&e->cluster, i, line).number;
    }
    return keys == 0;
}

/* A conversation that server `who` has, alone in its slot. */
static void conv_on(struct env *e, size_t who) {
    unsigned slot;

    do {
        e->f.conv = new_conv(&e->f);
        slot = slot_of_conv(e->f.conv);
    } while (slot * IT_PRIMARIES / SLOTS != who ||
             (slot + 1) * IT_PRIMARIES / SLOTS != who ||
             !slot_is_fresh(e, slot));
}

static struct history_key names_key(struct conv_id conv) {
    struct history_key key;

    snprintf(key.s, sizeof(key.s), "{c%s}names:%" PRIu64, id_text(conv.v).s,
             noon_ms / HISTORY_WINDOW_MS);
    return key;
}

/* ---- many slots ---- */

struct heads {
    bool answered;
    enum rc rc;
    size_t whole; /* heads as they should be */
};

static void on_heads(void *ctx, enum rc rc, const struct history_head *heads,
                     size_t count) {
    struct heads *h = ctx;

    h->answered = true;
    h->rc = rc;
    for (size_t i = 0; i < count; i++) {
        h->whole += heads[i].head.v == 1 + i % 2;
    }
}

static void on_unread(void *ctx, enum rc rc, const uint64_t *counts,
                      size_t count) {
    struct heads *h = ctx;

    h->answered = true;
    h->rc = rc;
    for (size_t i = 0; i < count; i++) {
        h->whole += counts[i] == 0; /* these events are no messages */
    }
}

/* In one turn, to every server; all of them are asked together. */
static void test_many_slots(void **state) {
    struct env *e = *state;
    struct fixture *f = &e->f;
    struct conv_id convs[CONVS];
    struct history_span_ask spans[CONVS];
    struct appended all[2 * CONVS] = {{.answered = false}};
    struct heads heads = {.answered = false};
    struct heads unread = {.answered = false};
    unsigned servers = 0;

    for (size_t i = 0; i < CONVS; i++) {
        f->conv = convs[i] = (struct conv_id){1 + i}; /* nobody else's */
        servers |= BIT(slot_of_conv(f->conv) * IT_PRIMARIES / SLOTS);
        spans[i] = (struct history_span_ask){convs[i], {1}, {1 + i % 2}};
        for (size_t k = 0; k <= i % 2; k++) {
            struct history_append in = message(f, k == 0 ? "m1" : "m2");

            f->h->ops->append(f->h, &in, on_appended, &all[2 * i + k]);
        }
    }
    assert_int_equal(servers, 7);
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        if (i % 2 <= i / 2 % 2) {
            assert_true(it_until(&f->loop, it_is_set, &all[i].answered,
                                 IT_CLUSTER_PATIENCE_MS));
            assert_int_equal(all[i].rc, RC_OK);
            assert_int_equal(all[i].out.seq.v, 1 + i % 2);
        }
    }
    f->h->ops->heads(f->h, (struct user_id){7}, convs, CONVS, on_heads, &heads);
    f->h->ops->unread(f->h, (struct user_id){7}, spans, CONVS, on_unread,
                      &unread);
    assert_true(it_until(&f->loop, it_is_set, &unread.answered,
                         IT_CLUSTER_PATIENCE_MS));
    assert_true(
        it_until(&f->loop, it_is_set, &heads.answered, IT_CLUSTER_PATIENCE_MS));
    assert_true(heads.rc == RC_OK && heads.whole == CONVS);
    assert_true(unread.rc == RC_OK && unread.whole == CONVS);
    for (size_t i = 0; i < CONVS; i += 10) {
        f->conv = convs[i + 1];
        assert_int_equal(range(f, 1, 5).count, 2);
        assert_int_equal(read_to(f, 7, 2), 2);
    }
}

/* ---- slots that move ---- */

/* The keys of a conversation that somebody has read, by number. */
static struct history_key key_of(struct env *e, size_t i) {
    static const char *const names[] = {"meta", "log:0", "read"};

    return i < COUNT_OF(names) ? history_key(e->f.conv, names[i])
                               : names_key(e->f.conv);
}

static void move_keys(struct env *e, size_t from, size_t to) {
    for (size_t i = 0; i < KEYS; i++) {
        it_key_move(&e->cluster, key_of(e, i).s, from, to);
    }
}

static void test_moved(void **state) {
    struct env *e = *state;
    unsigned slot;

    conv_on(e, 0);
    slot = slot_of_conv(e->f.conv);
    assert_int_equal(append(&e->f, message(&e->f, "m1")).out.seq.v, 1);
    assert_int_equal(read_to(&e->f, 7, 1), 1);
    it_slot_open(&e->cluster, slot, 0, 1);
    move_keys(e, 0, 1);
    it_slot_close(&e->cluster, slot, 1);
    assert_int_equal(append(&e->f, message(&e->f, "m2")).out.seq.v, 2);
    assert_true(append(&e->f, message(&e->f, "m1")).out.repeat);

    /* Back again, and the first to find out is a read. */
    it_slot_open(&e->cluster, slot, 1, 0);
    move_keys(e, 1, 0);
    it_slot_close(&e->cluster, slot, 0);
    assert_int_equal(range(&e->f, 1, 5).count, 2);
    assert_int_equal(read_to(&e->f, 7, 2), 2);
}

struct half {
    struct appended repeat;
    struct appended fresh;
    struct appended later;
    struct paged page;
    struct heads heads;
};

static void start_half(struct env *e, struct half *h) {
    struct history *base = e->f.h;
    struct history_append in = message(&e->f, "m1");

    base->ops->append(base, &in, on_appended, &h->repeat);
    in = message(&e->f, "m2");
    base->ops->append(base, &in, on_appended, &h->fresh);
    base->ops->range(base, e->f.conv, (struct msg_seq){1}, 5, on_paged,
                     &h->page);
    base->ops->heads(base, (struct user_id){7}, &e->f.conv, 1, on_heads,
                     &h->heads);
}

static bool half_done(void *ctx) {
    const struct half *h = ctx;

    return h->repeat.answered && h->fresh.answered && h->later.answered &&
           h->page.answered && h->heads.answered;
}

/* Key `left` has moved to server 2, and then the others do. */
static void move_slot(struct env *e, size_t left, struct half *h) {
    unsigned slot = slot_of_conv(e->f.conv);
    struct history_append in = message(&e->f, "m3");

    it_slot_open(&e->cluster, slot, 1, 2);
    it_key_move(&e->cluster, key_of(e, left).s, 1, 2);
    start_half(e, h);
    it_run_for(&e->f.loop, WAITING_MS);
    assert_false(half_done(h));
    e->f.h->ops->append(e->f.h, &in, on_appended, &h->later);
    for (size_t i = 0; i < KEYS; i++) {
        if (i != left) {
            it_key_move(&e->cluster, key_of(e, i).s, 1, 2);
        }
    }
    it_slot_close(&e->cluster, slot, 2);
    assert_true(it_until(&e->f.loop, half_done, h, IT_CLUSTER_PATIENCE_MS));
}

/* Whatever key has left, nobody is told that it does not exist: what was
 * stored is known again, and what is new comes behind it, in order. */
static void test_half_moved(void **state) {
    struct env *e = *state;

    for (size_t i = 0; i < KEYS; i++) {
        struct half h = {.repeat = {.answered = false}};
        const char *row;
        struct history_key left;

        conv_on(e, 1);
        left = key_of(e, i);
        row = left.s;
        assert_int_equal(append(&e->f, message(&e->f, "m1")).out.seq.v, 1);
        assert_int_equal(read_to(&e->f, 7, 1), 1);
        move_slot(e, i, &h);
        assert_row(row, h.repeat.rc == RC_OK && h.repeat.out.repeat);
        assert_row(row, h.repeat.out.seq.v == 1);
        assert_row(row, h.fresh.rc == RC_OK && h.fresh.out.seq.v == 2);
        assert_row(row, h.later.rc == RC_OK && h.later.out.seq.v == 3);
        assert_row(row, h.page.rc == RC_OK && h.page.count >= 1);
        assert_row(row, h.heads.rc == RC_OK);
        assert_row(row, range(&e->f, 1, 5).named);
        assert_row(row, tail(&e->f, 0, 5).count == 3);
    }
}

static void append_until_stored(struct env *e, const char *name, uint64_t seq) {
    struct appended a;

    for (unsigned i = 0; i < IT_CLUSTER_PATIENCE_MS / 20; i++) {
        a = append(&e->f, message(&e->f, name));
        if (a.rc == RC_OK) {
            assert_int_equal(a.out.seq.v, seq);
            return;
        }
        it_run_for(&e->f.loop, 20);
    }
    fail_msg("%s is never stored", name);
}

/* A slot that stays half way: the answer is that nothing was done. */
static void test_stuck(void **state) {
    struct env *e = *state;
    struct appended a;

    conv_on(e, 1);
    it_slot_open(&e->cluster, slot_of_conv(e->f.conv), 1, 2);
    history_redis_close(&e->f.h);
    e->f.h =
        open_history(&e->f, (struct redis_config){.address = e->cluster.seeds,
                                                  .deadline_ms = 300});
    await_ready(&e->f);
    do {
        a = append(&e->f, message(&e->f, "m1"));
    } while (a.rc == RC_TIMEOUT); /* a busy machine */
    assert_int_equal(a.rc, RC_AGAIN);
    it_slot_close(&e->cluster, slot_of_conv(e->f.conv), 1);
    append_until_stored(e, "m1", 1);
}

/* ---- a server loses what it had ---- */

static struct history_key store_key(unsigned slot) {
    uint32_t n = 1;

    while (slot_of(slice_str(history_store_key(n).s)) != slot) {
        n++;
    }
    return history_store_key(n);
}

/* Each slot bears the store's id, which goes where the slot goes. */
static void test_store_moves(struct env *e, unsigned slot) {
    assert_int_equal(say(&e->f, "m1"), RC_OK);
    assert_int_equal(read_to(&e->f, 7, 1), 1);
    it_slot_open(&e->cluster, slot, 0, 1);
    it_key_move(&e->cluster, store_key(slot).s, 0, 1);
    move_keys(e, 0, 1);
    it_slot_close(&e->cluster, slot, 1);
    assert_int_equal(say(&e->f, "m2"), RC_OK);
    assert_int_equal(read_page(&e->f), RC_OK);
}

static void flush(struct env *e, unsigned slot) {
    for (size_t i = 0; i < IT_PRIMARIES; i++) {
        it_tell_ok(&e->cluster, i, "FLUSHALL");
    }
    it_slot_open(&e->cluster, slot, 1, 0);
    it_slot_close(&e->cluster, slot, 0);
}

/* Its conversations only are not to be had; where, is told. */
static void test_store_lost(void **state) {
    struct env *e = *state;
    struct store *s = history_redis_guard(e->f.h);
    struct conv_id convs[2];
    struct told told;
    unsigned slot;

    conv_on(e, 2);
    convs[1] = e->f.conv;
    conv_on(e, 0);
    convs[0] = e->f.conv;
    slot = slot_of_conv(e->f.conv);
    for (unsigned tries = 0; mark_all(&e->f, s, first) != RC_OK; tries++) {
        assert_true(tries < 100); /* a busy machine still connects */
        it_run_for(&e->f.loop, 100);
    }
    s->ops->expect(s, &first);
    assert_int_equal(look(&e->f, s), RC_OK);
    test_store_moves(e, slot);

    it_tell_ok(&e->cluster, 1, "FLUSHALL");
    assert_int_equal(say(&e->f, "m3"), RC_LOST);
    assert_int_equal(s->ops->where(s), slot);
    assert_int_equal(read_page(&e->f), RC_LOST);
    told = read_heads(&e->f, convs, 2);
    assert_true(told.rc == RC_OK && told.away == 1);
    assert_int_equal(look(&e->f, s), RC_LOST);
    e->f.conv = convs[1];
    assert_int_equal(say(&e->f, "m1"), RC_OK);
    assert_int_equal(read_page(&e->f), RC_OK);

    assert_string_equal(name(&e->f, s, s->ops->where(s), second).found.id.s,
                        second.s);
    assert_int_equal(mark_all(&e->f, s, second), RC_OK);
    s->ops->expect(s, &second);
    assert_int_equal(look(&e->f, s), RC_OK);
    assert_int_equal(say(&e->f, "m2"), RC_OK);
    flush(e, slot);
}

/* ---- a primary dies ---- */

struct away {
    bool answered;
    enum rc rc;
    bool away[2];
    uint64_t head[2];
};

static void on_some_heads(void *ctx, enum rc rc,
                          const struct history_head *heads, size_t count) {
    struct away *a = ctx;

    a->answered = true;
    a->rc = rc;
    for (size_t i = 0; i < count; i++) {
        a->away[i] = heads[i].away;
        a->head[i] = heads[i].head.v;
    }
}

/* The living servers answer for what they have. */
static struct away ask_heads(struct env *e, struct conv_id a,
                             struct conv_id b) {
    const struct conv_id convs[] = {a, b};
    struct away out = {.answered = false};

    e->f.h->ops->heads(e->f.h, (struct user_id){7}, convs, COUNT_OF(convs),
                       on_some_heads, &out);
    assert_true(
        it_until(&e->f.loop, it_is_set, &out.answered, IT_CLUSTER_PATIENCE_MS));
    return out;
}

static void test_failover(void **state) {
    struct env *e = *state;
    size_t replica = IT_SERVERS - 1;
    struct conv_id other;
    struct away a;

    conv_on(e, 1);
    other = e->f.conv;
    assert_int_equal(append(&e->f, message(&e->f, "m0")).rc, RC_OK);
    conv_on(e, 0);
    assert_int_equal(append(&e->f, message(&e->f, "m1")).rc, RC_OK);
    assert_int_equal(it_tell(&e->cluster, 0, "WAIT 1 30000").number, 1);
    it_tell_ok(&e->cluster, replica,
               "CONFIG SET cluster-replica-no-failover yes");
    kill(e->cluster.servers[0].pid, SIGKILL);
    waitpid(e->cluster.servers[0].pid, NULL, 0);
    a = ask_heads(e, e->f.conv, other);
    assert_int_equal(a.rc, RC_OK);
    assert_true(a.away[0] && !a.away[1] && a.head[1] == 1);
    assert_int_not_equal(ask_heads(e, e->f.conv, e->f.conv).rc, RC_OK);
    it_tell_ok(&e->cluster, replica, "CLUSTER FAILOVER TAKEOVER");
    append_until_stored(e, "m2", 2);
    assert_true(append(&e->f, message(&e->f, "m1")).out.repeat);
    assert_int_equal(range(&e->f, 1, 5).count, 2);
    a = ask_heads(e, e->f.conv, other);
    assert_true(a.rc == RC_OK && !a.away[0] && a.head[0] == 2);
    e->f.conv = other;
    assert_int_equal(append(&e->f, message(&e->f, "m1")).rc, RC_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_many_slots), TEST(test_moved),
        TEST(test_half_moved), TEST(test_stuck),
        TEST(test_store_lost), TEST(test_failover), /* the last: it kills */
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
