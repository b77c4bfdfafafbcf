/* The bus on a real Redis Cluster: topics of every server, slots that move
 * while they are subscribed, and a primary that dies. */
#include "storage/bus_parts.h"
#include "tests/integration/bus_env.h"
#include "tests/integration/cluster_child.h"

enum {
    USERS = 300,
};

struct env {
    struct fixture f; /* first: what the helpers of bus_env.h want */
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

/* Each knows another server to begin with. */
static int begin(void **state) {
    struct env *e = *state;

    e->f.heard = (struct heard){.messages = 0};
    e->f.deadline_ms = 20000;
    snprintf(e->f.redis.address, sizeof(e->f.redis.address), "%s",
             e->cluster.servers[1].address);
    e->f.from = open_bus(&e->f);
    snprintf(e->f.redis.address, sizeof(e->f.redis.address), "%s",
             e->cluster.servers[2].address);
    e->f.to = open_bus(&e->f);
    return 0;
}

static int end(void **state) {
    struct env *e = *state;

    bus_redis_close(&e->f.from);
    bus_redis_close(&e->f.to);
    return 0;
}

static unsigned slot_of_topic(struct topic topic) {
    return slot_of(slice_str(topic_text(topic).s));
}

/* A user whose topic server `who` has, unless its slot has moved; each time
 * of another partition. */
static struct topic topic_on(size_t who, uint64_t after) {
    struct topic topic = user_topic(after + 1);

    while (slot_of_topic(topic) * IT_PRIMARIES / SLOTS != who) {
        topic.id++;
    }
    return topic;
}

static bool all_heard(void *ctx) {
    return ((struct heard *)ctx)->messages >= USERS;
}

/* One publish to topics of every server, and its one answer. */
static void test_many_partitions(void **state) {
    struct env *e = *state;
    struct topic topics[USERS];
    struct done d = {.answered = false};

    for (uint64_t i = 0; i < USERS; i++) {
        topics[i] = user_topic(i + 1);
    }
    for (uint64_t i = 0; i < USERS; i++) {
        e->f.to->ops->subscribe(e->f.to, topics[i], NULL, NULL);
    }
    subscribe(&e->f, user_topic(USERS + 1));
    it_run_for(&e->f.loop, 200);
    e->f.from->ops->publish(e->f.from, topics, USERS, SLICE_LIT("hello"), true,
                            on_done, &d);
    assert_true(
        it_until(&e->f.loop, all_heard, &e->f.heard, IT_CLUSTER_PATIENCE_MS));
    assert_true(
        it_until(&e->f.loop, it_is_set, &d.answered, IT_CLUSTER_PATIENCE_MS));
    assert_true(d.answers == 1 && d.rc == RC_OK);
    it_run_for(&e->f.loop, 50);
    assert_int_equal(e->f.heard.messages, USERS);
    assert_int_equal(bus_redis_stats(e->f.from)->published, USERS);
}

/* ---- a slot moves ---- */

static void move_partition(struct env *e, struct topic topic, size_t from,
                           size_t to) {
    static const char *const keys[] = {"replay", "epoch", "marks"};
    unsigned slot = slot_of_topic(topic);
    char key[32];
    char line[48];

    it_slot_open(&e->cluster, slot, from, to);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        snprintf(key, sizeof(key), "{p%u}%s", topic_partition(topic), keys[i]);
        snprintf(line, sizeof(line), "EXISTS %s", key);
        if (it_tell(&e->cluster, from, line).number == 1) {
            it_key_move(&e->cluster, key, from, to);
        }
    }
    it_slot_close(&e->cluster, slot, to);
}

static bool position_agreed(void *ctx) {
    const struct bus_redis *b = CONTAINER_OF(ctx, struct bus_redis, base);
    bool agreed = true;

    for (size_t p = 0; p < TOPIC_PARTITIONS; p++) {
        const struct bus_part *part = &b->parts[p];

        agreed &= b->logs[p].epoch != 0 && part->shard != NULL &&
                  part->shard->heard_ms != 0;
    }
    return agreed;
}

/* Numbered messages keep coming, of two topics, while the slots of both move:
 * what is confirmed is heard, though it be from the log, and nothing is a
 * gap. */
struct stream {
    struct env *e;
    struct topic topic;
    unsigned next;
    unsigned most;
    struct done sent[FLOW];
};

static void stream_send(struct stream *s) {
    char text[32];
    int n = snprintf(text, sizeof(text), "0:%u", s->next);
    struct bus *from = s->e->f.from;

    from->ops->publish(from, &s->topic, 1, slice_of(text, (size_t)n), true,
                       on_done, &s->sent[s->next]);
    s->next++;
}

static bool stream_settled(void *ctx) {
    struct stream *s = ctx;
    bool settled = true;

    if (s->next < s->most) {
        stream_send(s);
        return false;
    }
    for (unsigned i = 0; i < s->next; i++) {
        settled &= s->sent[i].answered &&
                   (s->sent[i].rc != RC_OK || s->e->f.heard.flow[0][i] > 0);
    }
    return settled;
}

static void run_stream(struct stream *s, unsigned more) {
    s->most += more;
    assert_true(
        it_until(&s->e->f.loop, stream_settled, s, IT_CLUSTER_PATIENCE_MS));
}

static void test_slot_moves(void **state) {
    struct env *e = *state;
    struct stream s = {.e = e, .topic = topic_on(0, 0)};
    struct topic beside = user_topic(1); /* the marks */

    while (topic_partition(beside) != 0) {
        beside.id++;
    }
    subscribe(&e->f, s.topic);
    subscribe(&e->f, beside);
    assert_true(
        it_until(&e->f.loop, position_agreed, e->f.to, IT_CLUSTER_PATIENCE_MS));
    run_stream(&s, 50);
    move_partition(e, s.topic, 0, 1);
    run_stream(&s, 50);
    for (unsigned i = 0; i < s.next; i++) {
        assert_true(s.sent[i].answers == 1 && s.sent[i].rc == RC_OK);
    }
    assert_int_equal(e->f.heard.gaps, 0);
    assert_true(bus_redis_stats(e->f.to)->repairs > 0);
    assert_int_equal(bus_redis_stats(e->f.to)->reconnects, 0);

    move_partition(e, beside, 2, 1);
    e->f.heard.messages = 0;
    assert_int_equal(publish(&e->f, beside, "there", true), RC_OK);
    assert_heard(&e->f, "there");
    run_stream(&s, 50);
    assert_int_equal(e->f.heard.gaps, 0);
    move_partition(e, beside, 1, 2);
    move_partition(e, s.topic, 1, 0);
}

/* While a slot is half moved what is published to it waits. */
static void test_half_moved(void **state) {
    struct env *e = *state;
    struct topic topic = topic_on(2, 0);
    struct done d = {.answered = false};
    char key[32];

    subscribe(&e->f, topic);
    assert_true(
        it_until(&e->f.loop, position_agreed, e->f.to, IT_CLUSTER_PATIENCE_MS));
    assert_int_equal(publish(&e->f, topic, "first", true), RC_OK);
    assert_heard(&e->f, "first");
    snprintf(key, sizeof(key), "{p%u}replay", topic_partition(topic));
    it_slot_open(&e->cluster, slot_of_topic(topic), 2, 0);
    it_key_move(&e->cluster, key, 2, 0);
    e->f.from->ops->publish(e->f.from, &topic, 1, SLICE_LIT("second"), true,
                            on_done, &d);
    it_run_for(&e->f.loop, 150);
    assert_false(d.answered);
    assert_int_equal(e->f.heard.messages, 1); /* live, and once */
    snprintf(key, sizeof(key), "{p%u}epoch", topic_partition(topic));
    it_key_move(&e->cluster, key, 2, 0);
    it_slot_close(&e->cluster, slot_of_topic(topic), 0);
    assert_true(
        it_until(&e->f.loop, it_is_set, &d.answered, IT_CLUSTER_PATIENCE_MS));
    assert_int_equal(d.rc, RC_OK);
    e->f.heard.messages = 0;
    assert_int_equal(publish(&e->f, topic, "third", true), RC_OK);
    assert_heard(&e->f, "third");
    move_partition(e, topic, 0, 2);
}

/* ---- a primary dies ---- */

static bool gap_or_repair(void *ctx) {
    return ((const struct heard *)ctx)->gaps > 0;
}

/* What its replica has of the log may lack its end: a gap, once the topic is
 * subscribed again. */
static void test_failover(void **state) {
    struct env *e = *state;
    struct topic lost = topic_on(0, 0);
    struct topic other = topic_on(1, 0);

    subscribe(&e->f, lost);
    subscribe(&e->f, other);
    assert_true(
        it_until(&e->f.loop, position_agreed, e->f.to, IT_CLUSTER_PATIENCE_MS));
    assert_int_equal(publish(&e->f, lost, "before", true), RC_OK);
    assert_heard(&e->f, "before");
    kill(e->cluster.servers[0].pid, SIGKILL);
    waitpid(e->cluster.servers[0].pid, NULL, 0);
    it_tell_ok(&e->cluster, IT_SERVERS - 1, "CLUSTER FAILOVER TAKEOVER");
    assert_int_equal(publish(&e->f, other, "meanwhile", true), RC_OK);
    assert_heard(&e->f, "meanwhile");
    assert_true(it_until(&e->f.loop, gap_or_repair, &e->f.heard,
                         IT_CLUSTER_PATIENCE_MS));
    assert_int_equal(e->f.heard.gap_partition, topic_partition(lost));
    assert_int_equal(e->f.heard.gaps, 1);
    while (publish(&e->f, lost, "after", true) != RC_OK) {
        it_run_for(&e->f.loop, 20);
    }
    assert_heard(&e->f, "after");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_many_partitions), TEST(test_slot_moves),
        TEST(test_half_moved), TEST(test_failover), /* the last: it kills */
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
