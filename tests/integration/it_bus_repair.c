/* The bus when its connections break: a durable message arrives, or a gap is
 * announced. */
#include "tests/integration/bus_env.h"

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
    assert_true(stats->repairs > 0);
    assert_true(stats->replayed > 0);
    assert_int_equal(f->heard.gaps, 0);
    mem_free(w);
}

/* What one turn publishes is one entry of a partition's log. */
static void test_shared_entry(void **state) {
    struct fixture *f = *state;
    struct topic to = user_topic(1);
    struct done all[FLOW] = {{.answered = false}};
    char line[64];

    subscribe(f, to);
    for (size_t i = 0; i < FLOW; i++) {
        f->from->ops->publish(f->from, &to, 1, SLICE_LIT("0:0"), true, on_done,
                              &all[i]);
    }
    assert_true(
        it_until(&f->loop, it_is_set, &all[FLOW - 1].answered, IT_PATIENCE_MS));
    for (size_t i = 0; i < FLOW; i++) {
        assert_true(all[i].answers == 1 && all[i].rc == RC_OK);
    }
    snprintf(line, sizeof(line), "XLEN {p%u}replay", topic_partition(to));
    assert_int_equal(it_say(&f->loop, f->admin, line).number, 1);
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_subscriber_killed),
        TEST(test_shared_entry),
        TEST(test_server_restarts),
        TEST(test_gaps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
