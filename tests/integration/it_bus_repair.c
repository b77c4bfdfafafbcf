/* The bus when its connections break: a durable message arrives, or a gap is
 * announced. */
#include "tests/integration/bus_env.h"

#include "storage/bus_marks.h"
#include "storage/bus_parts.h"

#define ENTRY "an entry of the log"

struct flow {
    struct fixture *f;
    struct done sent[FLOW_TOPICS][FLOW];
    unsigned next;
    bool kill; /* now and then, the subscribers' connections */
};

static void on_killed(struct resp_call *call, enum rc rc,
                      const struct resp *replies) {
    (void)rc;
    (void)replies;
    mem_free(call);
}

static void kill_subscribers(struct fixture *f) {
    struct resp_call *call = mem_new(sizeof(*call));

    resp_conn_send(f->admin, call, on_killed,
                   (struct slice[]){SLICE_LIT("CLIENT"), SLICE_LIT("KILL"),
                                    SLICE_LIT("TYPE"), SLICE_LIT("pubsub")},
                   4);
}

static void send_flow(struct flow *w, unsigned topic, unsigned number) {
    struct topic to = user_topic(topic + 1);
    char text[32];
    int n = snprintf(text, sizeof(text), "%u:%u", topic, number);

    w->f->from->ops->publish(w->f->from, &to, 1, slice_of(text, (size_t)n),
                             true, on_done, &w->sent[topic][number]);
}

static bool flow_settled(const struct flow *w) {
    const struct heard *h = &w->f->heard;
    bool settled = true;

    for (unsigned t = 0; t < FLOW_TOPICS; t++) {
        for (unsigned i = 0; i < FLOW; i++) {
            const struct done *d = &w->sent[t][i];

            settled &= d->answered && (d->rc != RC_OK || h->flow[t][i] > 0);
        }
    }
    return settled;
}

/* One message to each topic at every tick. True: all were answered, and all
 * that were confirmed have been heard. */
static bool keep_flowing(void *ctx) {
    struct flow *w = ctx;

    if (w->next < FLOW) {
        for (unsigned t = 0; t < FLOW_TOPICS; t++) {
            send_flow(w, t, w->next);
        }
        if (w->kill && w->next % 50 == 25) {
            kill_subscribers(w->f);
        }
        w->next++;
        return false;
    }
    return flow_settled(w);
}

static struct flow *flow_new(struct fixture *f) {
    struct flow *w = mem_new(sizeof(*w));

    w->f = f;
    f->heard.flow_missing = (size_t)FLOW * FLOW_TOPICS;
    for (unsigned t = 0; t < FLOW_TOPICS; t++) {
        subscribe(f, user_topic(t + 1));
    }
    return w;
}

static void test_subscriber_killed(void **state) {
    struct fixture *f = *state;
    struct flow *w = flow_new(f);
    const struct bus_redis_stats *stats = bus_redis_stats(f->to);

    w->kill = true;
    assert_true(it_until(&f->loop, keep_flowing, w, IT_PATIENCE_MS));
    assert_int_equal(f->heard.flow_missing, 0);
    assert_true(stats->reconnects >= 3);
    assert_true(f->heard.backs >= stats->reconnects);
    assert_true(stats->repairs > 0);
    assert_true(stats->replayed > 0);
    assert_int_equal(f->heard.gaps, 0);
    mem_free(w);
}

/* What one turn publishes is one entry of the log, whatever its topics. */
static void test_shared_entry(void **state) {
    struct fixture *f = *state;
    struct done all[FLOW] = {{.answered = false}};

    subscribe(f, user_topic(1));
    subscribe(f, user_topic(2));
    for (size_t i = 0; i < FLOW; i++) {
        struct topic to = user_topic(1 + i % 2);

        f->from->ops->publish(f->from, &to, 1, SLICE_LIT("0:0"), true, on_done,
                              &all[i]);
    }
    assert_true(
        it_until(&f->loop, it_is_set, &all[FLOW - 1].answered, IT_PATIENCE_MS));
    for (size_t i = 0; i < FLOW; i++) {
        assert_true(all[i].answers == 1 && all[i].rc == RC_OK);
    }
    assert_int_equal(it_say(&f->loop, f->admin, "XLEN {p0}replay").number, 1);
    it_run_for(&f->loop, 100);
    assert_int_equal(f->heard.messages, FLOW);
}

static void test_server_restarts(void **state) {
    struct fixture *f = *state;
    struct flow *w = flow_new(f);

    it_until(&f->loop, keep_flowing, w, 200);
    it_redis_kill(&f->redis);
    it_until(&f->loop, keep_flowing, w, 100);
    it_redis_start(&f->redis);
    assert_true(it_until(&f->loop, keep_flowing, w, IT_PATIENCE_MS));
    for (unsigned t = 0; t < FLOW_TOPICS; t++) {
        for (unsigned i = 0; i < FLOW; i++) {
            assert_int_equal(w->sent[t][i].answers, 1);
        }
    }
    it_run_for(&f->loop, 100);
    assert_int_equal(f->heard.gaps, 0);
    mem_free(w);
}

static bool repaired(void *ctx) {
    const struct fixture *f = ctx;

    return bus_redis_stats(f->to)->repairs + f->heard.gaps > 0;
}

/* Writes a message for user 1's topic into the log; nobody is told. */
static void add_entry(struct buf *out, const char *text) {
    struct topic topic = user_topic(1);
    struct buf messages;

    buf_init(&messages);
    replay_put(&messages, &topic, 1, slice_str(text));
    resp_command(out,
                 (struct slice[]){SLICE_LIT("XADD"), SLICE_LIT("{p0}replay"),
                                  SLICE_LIT("*"), SLICE_LIT("d"),
                                  buf_slice(&messages)},
                 5);
    buf_fini(&messages);
}

/* The words of a line, or an entry of the log. */
static void add(struct buf *out, const char *line) {
    struct slice args[16];
    struct slice rest = slice_str(line);
    size_t n = 0;

    if (strcmp(line, ENTRY) == 0) {
        add_entry(out, "kept");
        return;
    }
    while (rest.n > 0) {
        size_t end = slice_find(rest, ' ');

        args[n++] = slice_take(rest, end);
        rest = slice_drop(rest, end < rest.n ? end + 1 : end);
    }
    resp_command(out, args, n);
}

/* Cuts the subscriber, and does `lines` before it can be back. */
static void cut_and(struct fixture *f, const char *const *lines, size_t n) {
    struct resp_call *call = mem_new(sizeof(*call));
    struct buf *out =
        resp_conn_begin(f->admin, call, on_killed, 1 + (uint32_t)n);

    assert_non_null(out);
    add(out, "CLIENT KILL TYPE pubsub");
    for (size_t i = 0; i < n; i++) {
        add(out, lines[i]);
    }
    assert_true(it_until(&f->loop, repaired, f, IT_PATIENCE_MS));
}

static void test_gaps(void **state) {
    struct fixture *f = *state;
    struct topic topic = user_topic(1);
    char fleeting[128];
    const struct {
        const char *name;
        const char *lines[3];
        size_t n;
        size_t gaps;
        size_t heard;
    } rows[] = {
        {"an entry nobody was told of", {ENTRY}, 1, 0, 1},
        {"a fleeting message", {fleeting}, 1, 0, 0},
        {"trimmed", {ENTRY, ENTRY, "XTRIM {p0}replay MAXLEN 1"}, 3, 1, 0},
        {"not ours", {"XADD {p0}replay * d bad"}, 1, 1, 0},
        {"flushed", {"FLUSHALL"}, 1, 1, 0},
        {"another log", {"SET {p0}epoch 12345"}, 1, 1, 0},
    };

    snprintf(fleeting, sizeof(fleeting), "SPUBLISH %s lost",
             topic_text(topic).s);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct heard *h = &f->heard;
        struct bus *fresh = open_bus(f);

        bus_redis_close(&f->to);
        f->to = fresh;
        subscribe(f, topic);
        it_run_for(&f->loop, 1100); /* until a position is agreed upon */
        h->gaps = 0;
        h->messages = 0;
        cut_and(f, rows[i].lines, rows[i].n);
        assert_row(rows[i].name, h->gaps == rows[i].gaps);
        assert_row(rows[i].name, bus_redis_stats(f->to)->gaps == rows[i].gaps);
        if (rows[i].gaps > 0) {
            assert_row(rows[i].name,
                       h->gap_partition == topic_partition(topic));
        } else {
            assert_row(rows[i].name, h->messages == rows[i].heard);
        }
        /* And life goes on. */
        h->messages = 0;
        assert_row(rows[i].name, publish(f, topic, "on", true) == RC_OK);
        assert_heard(f, "on");
        it_say(&f->loop, f->admin, "FLUSHALL");
        it_run_for(&f->loop, 1100);
    }
}

/* What somebody published to user 1's topic and the log got; the subscribers
 * are told of it only if `heard`. */
struct past {
    struct fixture *f;
    struct bus_tally tally;
    uint64_t key;
};

static void into_log(struct past *x, const char *text, bool heard) {
    const struct topic topic = user_topic(1);
    struct buf messages;

    if (heard) {
        assert_int_equal(publish(x->f, topic, text, true), RC_OK);
        return;
    }
    buf_init(&messages);
    replay_put(&messages, &topic, 1, slice_str(text));
    it_command(&x->f->loop, x->f->admin,
               (struct slice[]){SLICE_LIT("XADD"), SLICE_LIT("{p0}replay"),
                                SLICE_LIT("*"), SLICE_LIT("d"),
                                buf_slice(&messages)},
               5);
    buf_fini(&messages);
    bus_tally_add(&x->tally, bus_mark(slice_str(text)),
                  x->f->loop.clock.mono_ms, &x->key, 1);
}

static void say_so(struct past *x) {
    struct buf entry;

    buf_init(&entry);
    assert_true(bus_tally_take(&x->tally, x->f->loop.clock.mono_ms, &entry));
    it_command(&x->f->loop, x->f->admin,
               (struct slice[]){SLICE_LIT("XADD"), SLICE_LIT("{p0}marks"),
                                SLICE_LIT("*"), SLICE_LIT("d"),
                                buf_slice(&entry)},
               5);
    buf_fini(&entry);
}

static bool flow_heard(void *ctx) {
    return ((const struct heard *)ctx)->flow_missing == 0;
}

/* A connection that lives and lost a message: it comes all the same, the
 * others do not come twice; or it is trimmed, and a gap. */
static void test_missed_in_a_live_connection(void **state) {
    struct fixture *f = *state;
    struct past x = {.f = f, .key = topic_key(user_topic(1))};
    struct heard *h = &f->heard;

    bus_tally_init(&x.tally);
    subscribe(f, user_topic(1));
    it_run_for(&f->loop, 600); /* a position */
    into_log(&x, "one", true);
    into_log(&x, "two", false);
    into_log(&x, "three", true);
    say_so(&x);
    it_until(&f->loop, repaired, f, 2000);
    assert_int_equal(bus_redis_stats(f->to)->missed, 1);
    assert_int_equal(h->messages, 3);
    assert_string_equal(h->last, "two");
    assert_int_equal(h->gaps, 0);
    assert_int_equal(bus_redis_stats(f->to)->reconnects, 0);

    /* What everybody heard is not read again. */
    into_log(&x, "four", true);
    it_run_for(&f->loop, 1500);
    assert_int_equal(h->messages, 4);
    assert_int_equal(bus_redis_stats(f->to)->repairs, 1);

    into_log(&x, "five", false);
    into_log(&x, "six", true);
    it_say(&f->loop, f->admin, "XTRIM {p0}replay MAXLEN 1");
    say_so(&x);
    it_run_for(&f->loop, 1200);
    assert_int_equal(h->gaps, 1);
    assert_int_equal(h->gap_partition, topic_partition(user_topic(1)));
    bus_tally_fini(&x.tally);
}

static bool at_rest(void *ctx) {
    return !((const struct bus_redis *)ctx)->beating;
}

/* As if every second one had not come. */
static void forget_odd(struct bus_redis *b, uint64_t key) {
    char text[32];

    bus_heard_fini(&b->marks);
    bus_heard_init(&b->marks);
    for (unsigned i = 0; i < FLOW; i += 2) {
        snprintf(text, sizeof(text), "0:%u", i);
        bus_heard_add(&b->marks, key, bus_mark(slice_str(text)),
                      b->loop->clock.mono_ms);
    }
}

/* What one turn publishes is counted message by message, and so it is read
 * from the entry it shares. */
static void test_missed_of_a_shared_entry(void **state) {
    struct fixture *f = *state;
    struct bus_redis *to = CONTAINER_OF(f->to, struct bus_redis, base);
    struct flow *w = flow_new(f);

    it_run_for(&f->loop, 600); /* a position */
    bus_beat_stop(to);
    assert_true(it_until(&f->loop, at_rest, to, IT_PATIENCE_MS));
    for (unsigned i = 0; i < FLOW; i++) {
        send_flow(w, 0, i);
    }
    f->heard.flow_missing = FLOW;
    assert_true(it_until(&f->loop, flow_heard, &f->heard, IT_PATIENCE_MS));
    forget_odd(to, topic_key(user_topic(1)));
    bus_beat_start(to);
    assert_true(it_until(&f->loop, repaired, f, IT_PATIENCE_MS));
    it_run_for(&f->loop, 600);
    assert_int_equal(to->stats.missed, FLOW / 2);
    assert_int_equal(to->stats.replayed, FLOW / 2);
    assert_int_equal(to->stats.repairs, 1);
    assert_int_equal(f->heard.messages, FLOW + FLOW / 2);
    assert_int_equal(f->heard.gaps, 0);
    mem_free(w);
}

/* A tally that did not arrive: everything is looked at. */
static void test_tally_lost(void **state) {
    struct fixture *f = *state;
    struct past x = {.f = f, .key = topic_key(user_topic(1))};

    bus_tally_init(&x.tally);
    subscribe(f, user_topic(1));
    it_run_for(&f->loop, 600);
    into_log(&x, "unknown", false);
    bus_tally_fini(&x.tally);
    bus_tally_init(&x.tally);
    bus_tally_lose(&x.tally, f->loop.clock.mono_ms - 600);
    say_so(&x);
    it_until(&f->loop, repaired, f, 2000);
    assert_heard(f, "unknown");
    assert_int_equal(f->heard.gaps, 0);
    bus_tally_fini(&x.tally);
}

static bool knows_one(void *ctx) {
    return ((const struct bus_redis *)ctx)->peers.count == 1;
}

static bool three_heard(void *ctx) {
    return ((const struct heard *)ctx)->messages == 3;
}

static bool knows_nobody(void *ctx) {
    return ((const struct bus_redis *)ctx)->peers.count == 0;
}

/* A publisher dies before its tally is written, and what it published did not
 * come: its silence is noticed, and everything is looked at, once. */
static void test_publisher_dies(void **state) {
    struct fixture *f = *state;
    struct bus_redis *from = CONTAINER_OF(f->from, struct bus_redis, base);
    struct bus_redis *to = CONTAINER_OF(f->to, struct bus_redis, base);
    struct past x = {.f = f, .key = topic_key(user_topic(1))};

    bus_tally_init(&x.tally);
    subscribe(f, user_topic(1));
    it_run_for(&f->loop, 600);
    into_log(&x, "one", true);
    assert_true(it_until(&f->loop, knows_one, to, IT_PATIENCE_MS));
    assert_true(it_until(&f->loop, knows_nobody, to, IT_PATIENCE_MS));

    bus_beat_stop(from);
    into_log(&x, "two", true);
    into_log(&x, "untold", false);
    assert_true(it_until(&f->loop, knows_one, to, IT_PATIENCE_MS));
    assert_int_equal(to->stats.repairs, 0);
    to->peers.at[0].heard_ms -= 4000; /* so long ago */
    assert_true(it_until(&f->loop, three_heard, &f->heard, IT_PATIENCE_MS));
    assert_string_equal(f->heard.last, "untold");
    assert_int_equal(f->heard.gaps, 0);
    assert_int_equal(to->peers.count, 0);
    bus_tally_fini(&x.tally);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_subscriber_killed),
        TEST(test_shared_entry),
        TEST(test_server_restarts),
        TEST(test_gaps),
        TEST(test_missed_in_a_live_connection),
        TEST(test_missed_of_a_shared_entry),
        TEST(test_tally_lost),
        TEST(test_publisher_dies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
