/* For the tests of the bus port: two buses on a private Redis, one to publish
 * and one to hear, and calls that wait for their answer. */
#ifndef MOIM_TESTS_BUS_ENV_H
#define MOIM_TESTS_BUS_ENV_H

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
    size_t backs; /* of both buses */
    unsigned gap_partition;
};

struct fixture {
    struct loop loop;
    struct it_redis redis;
    uint64_t deadline_ms;
    struct resp_conn *admin;
    struct bus *from;
    struct bus *to;
    struct heard heard; /* by `to` */
};

/* Topic i of the flow is the user i + 1; a message is "<i>:<number>". */
static inline struct topic user_topic(uint64_t id) {
    return (struct topic){TOPIC_USER, id};
}

static inline void hear_flow(struct heard *h, const char *text) {
    unsigned topic;
    unsigned number;

    if (sscanf(text, "%u:%u", &topic, &number) != 2) {
        return;
    }
    assert_true(topic < FLOW_TOPICS && number < FLOW);
    h->flow_missing -= h->flow[topic][number] == 0;
    h->flow[topic][number] = 1;
}

static inline void on_message(void *owner, struct topic topic,
                              struct slice msg) {
    struct heard *h = owner;

    (void)topic;
    h->messages++;
    snprintf(h->last, sizeof(h->last), "%.*s", (int)msg.n, (const char *)msg.p);
    hear_flow(h, h->last);
}

static inline void on_gap(void *owner, unsigned partition) {
    struct heard *h = owner;

    h->gaps++;
    h->gap_partition = partition;
}

static inline void on_back(void *owner) {
    struct heard *h = owner;

    h->backs++;
}

static const struct bus_events events = {
    .on_message = on_message,
    .on_gap = on_gap,
    .on_back = on_back,
};

static inline bool is_ready(void *ctx) {
    struct bus *bus = ctx;

    return bus->ops->ready(bus);
}

static inline struct bus *open_bus(struct fixture *f) {
    struct redis_config config = {.address = f->redis.address,
                                  .deadline_ms = f->deadline_ms};
    struct bus *bus = NULL;

    assert_int_equal(bus_redis_open(&bus, &f->loop, &config), RC_OK);
    bus->events = &events;
    bus->owner = &f->heard;
    assert_true(it_until(&f->loop, is_ready, bus, IT_PATIENCE_MS));
    return bus;
}

static inline int set_up(void **state) {
    struct fixture *f = mem_new(sizeof(*f));

    assert_int_equal(loop_init(&f->loop), RC_OK);
    it_redis_open(&f->redis);
    f->deadline_ms = 3000;
    f->admin = it_connect(&f->loop,
                          (struct redis_config){.address = f->redis.address});
    f->from = open_bus(f);
    f->to = open_bus(f);
    *state = f;
    return 0;
}

static inline int tear_down(void **state) {
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

static inline void on_done(void *ctx, enum rc rc) {
    struct done *d = ctx;

    d->answered = true;
    d->answers++;
    d->rc = rc;
}

static inline void subscribe(struct fixture *f, struct topic topic) {
    struct done d = {.answered = false};

    f->to->ops->subscribe(f->to, topic, on_done, &d);
    assert_false(d.answered);
    assert_true(it_until(&f->loop, it_is_set, &d.answered, IT_PATIENCE_MS));
    assert_int_equal(d.rc, RC_OK);
}

static inline enum rc publish(struct fixture *f, struct topic topic,
                              const char *text, bool durable) {
    struct done d = {.answered = false};

    f->from->ops->publish(f->from, &topic, 1, slice_str(text), durable, on_done,
                          &d);
    assert_false(d.answered);
    assert_true(it_until(&f->loop, it_is_set, &d.answered, IT_PATIENCE_MS));
    return d.rc;
}

static inline bool some_heard(void *ctx) {
    return ((struct heard *)ctx)->messages > 0;
}

static inline void assert_heard(struct fixture *f, const char *text) {
    assert_true(it_until(&f->loop, some_heard, &f->heard, IT_PATIENCE_MS));
    assert_string_equal(f->heard.last, text);
    f->heard.messages = 0;
}

static inline void assert_silence(struct fixture *f) {
    it_run_for(&f->loop, 50);
    assert_int_equal(f->heard.messages, 0);
}

#endif
