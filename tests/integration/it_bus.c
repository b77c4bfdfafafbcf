/* The bus port on a real Redis: topics come and go, and whatever happens to
 * the connections, a durable message arrives or a gap is announced. */
#include "tests/integration/redis_child.h"

#include "proto/base/mem.h"
#include "proto/wire/topic.h"
#include "storage/bus_redis.h"

enum {
    TOPICS = 2000,
    FLOW_TOPICS = 8,
    FLOW = 400, /* messages per topic */
};

struct heard {
    size_t messages;
    char last[64];
    uint8_t flow[FLOW_TOPICS][FLOW]; /* how often each numbered one came */
    size_t flow_missing;
    size_t gaps;
    unsigned gap_partition;
};

struct fixture {
    struct loop loop;
    struct it_redis redis;
    struct resp_conn *admin;
    struct bus *from;
    struct bus *to;
    struct heard heard; /* by `to` */
};

/* Topic i of the flow is the user i + 1; a message is "<i>:<number>". */
static struct topic user_topic(uint64_t id) {
    return (struct topic){TOPIC_USER, id};
}

static void hear_flow(struct heard *h, const char *text) {
    unsigned topic;
    unsigned number;

    if (sscanf(text, "%u:%u", &topic, &number) != 2) {
        return;
    }
    assert_true(topic < FLOW_TOPICS && number < FLOW);
    h->flow_missing -= h->flow[topic][number] == 0;
    h->flow[topic][number] = 1;
}

static void on_message(void *owner, struct topic topic, struct slice msg) {
    struct heard *h = owner;

    (void)topic;
    h->messages++;
    snprintf(h->last, sizeof(h->last), "%.*s", (int)msg.n, (const char *)msg.p);
    hear_flow(h, h->last);
}

static void on_gap(void *owner, unsigned partition) {
    struct heard *h = owner;

    h->gaps++;
    h->gap_partition = partition;
}

static const struct bus_events events = {on_message, on_gap};

static bool is_ready(void *ctx) {
    struct bus *bus = ctx;

    return bus->ops->ready(bus);
}

static struct bus *open_bus(struct fixture *f) {
    struct redis_config config = {.address = f->redis.address,
                                  .deadline_ms = 1000};
    struct bus *bus = NULL;

    assert_int_equal(bus_redis_open(&bus, &f->loop, &config), RC_OK);
    bus->events = &events;
    bus->owner = &f->heard;
    assert_true(it_until(&f->loop, is_ready, bus, IT_PATIENCE_MS));
    return bus;
}

static int set_up(void **state) {
    struct fixture *f = mem_new(sizeof(*f));

    assert_int_equal(loop_init(&f->loop), RC_OK);
    it_redis_open(&f->redis);
    f->admin = it_connect(&f->loop,
                          (struct redis_config){.address = f->redis.address});
    f->from = open_bus(f);
    f->to = open_bus(f);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;

    bus_redis_close(&f->from);
    bus_redis_close(&f->to);
    resp_conn_close(&f->admin);
    loop_fini(&f->loop);
    it_redis_close(&f->redis);
    mem_free(f);
    return 0;
}

struct done {
    bool answered;
    unsigned answers;
    enum rc rc;
};

static void on_done(void *ctx, enum rc rc) {
    struct done *d = ctx;

    d->answered = true;
    d->answers++;
    d->rc = rc;
}

static void subscribe(struct fixture *f, struct topic topic) {
    struct done d = {.answered = false};

    f->to->ops->subscribe(f->to, topic, on_done, &d);
    assert_false(d.answered);
    assert_true(it_until(&f->loop, it_is_set, &d.answered, IT_PATIENCE_MS));
    assert_int_equal(d.rc, RC_OK);
}

static enum rc publish(struct fixture *f, struct topic topic, const char *text,
                       bool durable) {
    struct done d = {.answered = false};

    f->from->ops->publish(f->from, &topic, 1, slice_str(text), durable, on_done,
                          &d);
    assert_false(d.answered);
    assert_true(it_until(&f->loop, it_is_set, &d.answered, IT_PATIENCE_MS));
    return d.rc;
}

static bool some_heard(void *ctx) {
    return ((struct heard *)ctx)->messages > 0;
}

static void assert_heard(struct fixture *f, const char *text) {
    assert_true(it_until(&f->loop, some_heard, &f->heard, IT_PATIENCE_MS));
    assert_string_equal(f->heard.last, text);
    f->heard.messages = 0;
}

static void assert_silence(struct fixture *f) {
    it_run_for(&f->loop, 50);
    assert_int_equal(f->heard.messages, 0);
}

static void test_topics(void **state) {
    struct fixture *f = *state;

    assert_int_equal(publish(f, user_topic(1), "nobody", true), RC_OK);
    subscribe(f, user_topic(1));
    subscribe(f, (struct topic){TOPIC_CONV, 1});
    assert_int_equal(publish(f, user_topic(1), "durable", true), RC_OK);
    assert_heard(f, "durable");
    assert_int_equal(publish(f, user_topic(1), "fleeting", false), RC_OK);
    assert_heard(f, "fleeting");
    assert_int_equal(publish(f, user_topic(2), "not ours", true), RC_OK);
    assert_silence(f);
    f->to->ops->unsubscribe(f->to, user_topic(1));
    it_run_for(&f->loop, 50);
    assert_int_equal(publish(f, user_topic(1), "too late", true), RC_OK);
    assert_silence(f);
    assert_int_equal(publish(f, (struct topic){TOPIC_CONV, 1}, "still", true),
                     RC_OK);
    assert_heard(f, "still");
    assert_int_equal(bus_redis_stats(f->to)->topics, 1);
    assert_int_equal(bus_redis_stats(f->from)->published, 6);
}

/* One publish to many topics; and one to none, which is done at once. */
static void test_many_topics(void **state) {
    struct fixture *f = *state;
    struct done *all = mem_new_array(TOPICS, sizeof(*all));
    struct topic *topics = mem_new_array(TOPICS, sizeof(*topics));
    struct done sent = {.answered = false};

    for (uint64_t i = 0; i < TOPICS; i++) {
        topics[i] = user_topic(i + 1);
        f->to->ops->subscribe(f->to, topics[i], on_done, &all[i]);
    }
    /* Confirmations come partition by partition. */
    for (size_t i = 0; i < TOPICS; i++) {
        assert_true(
            it_until(&f->loop, it_is_set, &all[i].answered, IT_PATIENCE_MS));
        assert_int_equal(all[i].rc, RC_OK);
    }
    f->from->ops->publish(f->from, topics, TOPICS, SLICE_LIT("to all"), true,
                          on_done, &sent);
    assert_true(it_until(&f->loop, it_is_set, &sent.answered, IT_PATIENCE_MS));
    assert_int_equal(sent.rc, RC_OK);
    it_run_for(&f->loop, 50);
    assert_int_equal(f->heard.messages, TOPICS);
    sent.answered = false;
    f->from->ops->publish(f->from, NULL, 0, SLICE_LIT("to none"), true, on_done,
                          &sent);
    assert_true(it_until(&f->loop, it_is_set, &sent.answered, IT_PATIENCE_MS));
    assert_int_equal(sent.rc, RC_OK);
    for (size_t i = 0; i < TOPICS; i++) {
        assert_int_equal(all[i].answers, 1);
        f->to->ops->unsubscribe(f->to, topics[i]);
    }
    it_run_for(&f->loop, 50);
    assert_int_equal(bus_redis_stats(f->to)->topics, 0);
    mem_free(topics);
    mem_free(all);
}

/* Users who come and go within one turn, or before Redis has answered. */
static void test_flapping(void **state) {
    struct fixture *f = *state;
    const struct bus_ops *ops = f->to->ops;
    struct done d[4] = {{0}};

    ops->subscribe(f->to, user_topic(1), on_done, &d[0]);
    ops->unsubscribe(f->to, user_topic(1)); /* never asked for */
    ops->subscribe(f->to, user_topic(1), on_done, &d[1]);
    it_run_for(&f->loop, 0); /* asked, not answered */
    ops->unsubscribe(f->to, user_topic(1));
    ops->subscribe(f->to, user_topic(1), on_done, &d[2]);
    assert_true(it_until(&f->loop, it_is_set, &d[2].answered, IT_PATIENCE_MS));
    assert_int_equal(d[0].rc, RC_CLOSED);
    assert_int_equal(d[2].rc, RC_OK);
    assert_int_equal(publish(f, user_topic(1), "hello", true), RC_OK);
    assert_heard(f, "hello");
    ops->unsubscribe(f->to, user_topic(1));
    ops->subscribe(f->to, user_topic(1), on_done, &d[3]);
    assert_true(it_until(&f->loop, it_is_set, &d[3].answered, IT_PATIENCE_MS));
    assert_int_equal(publish(f, user_topic(1), "again", true), RC_OK);
    assert_heard(f, "again");
    for (size_t i = 0; i < COUNT_OF(d); i++) {
        assert_int_equal(d[i].answers, 1);
    }
}

/* Losses. */

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

/* One message to each topic at every tick. True: all were answered, and all
 * that were confirmed have been heard. */
static bool keep_flowing(void *ctx) {
    struct flow *w = ctx;
    const struct heard *h = &w->f->heard;

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
    for (unsigned t = 0; t < FLOW_TOPICS; t++) {
        for (unsigned i = 0; i < FLOW; i++) {
            const struct done *d = &w->sent[t][i];

            if (!d->answered || (d->rc == RC_OK && h->flow[t][i] == 0)) {
                return false;
            }
        }
    }
    return true;
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
    assert_true(stats->repairs > 0);
    assert_true(stats->replayed > 0);
    assert_int_equal(f->heard.gaps, 0);
    mem_free(w);
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

static void add(struct buf *out, const char *line) {
    struct slice args[16];
    struct slice rest = slice_str(line);
    size_t n = 0;

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
    char entry[128];
    char fleeting[128];
    char trim[64];
    char renamed[64];
    const struct {
        const char *name;
        const char *lines[3];
        size_t n;
        size_t gaps;
        size_t heard;
    } rows[] = {
        {"an entry nobody was told of", {entry}, 1, 0, 1},
        {"a fleeting message", {fleeting}, 1, 0, 0},
        {"trimmed", {entry, entry, trim}, 3, 1, 0},
        {"flushed", {"FLUSHALL"}, 1, 1, 0},
        {"another log", {renamed}, 1, 1, 0},
    };

    snprintf(entry, sizeof(entry), "XADD {p%u}replay * t %s m kept",
             topic_partition(topic), topic_text(topic).s);
    snprintf(fleeting, sizeof(fleeting), "SPUBLISH %s lost",
             topic_text(topic).s);
    snprintf(trim, sizeof(trim), "XTRIM {p%u}replay MAXLEN 1",
             topic_partition(topic));
    snprintf(renamed, sizeof(renamed), "SET {p0}epoch 12345");
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

static void test_not_connected(void **state) {
    struct fixture *f = *state;
    struct done d[2] = {{0}};
    struct topic topic = user_topic(1);

    it_redis_kill(&f->redis);
    it_run_for(&f->loop, 20);
    assert_false(f->from->ops->ready(f->from));
    assert_int_equal(publish(f, topic, "nobody", true), RC_AGAIN);
    /* Subscribing is remembered. */
    f->to->ops->subscribe(f->to, topic, on_done, &d[0]);
    it_run_for(&f->loop, 20);
    assert_false(d[0].answered);
    it_redis_start(&f->redis);
    assert_true(it_until(&f->loop, it_is_set, &d[0].answered, IT_PATIENCE_MS));
    assert_int_equal(d[0].rc, RC_OK);
    assert_true(it_until(&f->loop, is_ready, f->from, IT_PATIENCE_MS));
    assert_int_equal(publish(f, topic, "hello", true), RC_OK);
    assert_heard(f, "hello");

    f->from->ops->publish(f->from, &topic, 1, SLICE_LIT("bye"), true, on_done,
                          &d[1]);
    bus_redis_close(&f->from);
    assert_true(d[1].answered && d[1].rc == RC_CLOSED);
    d[1].answered = false;
    f->to->ops->subscribe(f->to, user_topic(2), on_done, &d[1]);
    bus_redis_close(&f->to);
    assert_true(d[1].answered && d[1].rc == RC_CLOSED);
    assert_int_equal(d[0].answers, 1);
    assert_int_equal(d[1].answers, 2);
}

/* The shared server is one of ours, too. */
static void test_shared(void **state) {
    struct fixture *f = *state;
    struct redis_config config = it_shared_redis();
    struct bus *bus = NULL;

    assert_int_equal(bus_redis_open(&bus, &f->loop, &config), RC_OK);
    bus->events = &events;
    bus->owner = &f->heard;
    assert_true(it_until(&f->loop, is_ready, bus, IT_PATIENCE_MS));
    bus_redis_close(&f->to);
    f->to = bus;
    subscribe(f, (struct topic){TOPIC_GATEWAY,
                                1 + rand_below(&f->loop.rand, UINT32_MAX)});
    config.address = "nowhere at all";
    bus = NULL;
    assert_int_equal(bus_redis_open(&bus, &f->loop, &config), RC_BAD_INPUT);
    assert_null(bus);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_shared),
        TEST(test_topics),
        TEST(test_many_topics),
        TEST(test_flapping),
        TEST(test_subscriber_killed),
        TEST(test_server_restarts),
        TEST(test_gaps),
        TEST(test_not_connected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
