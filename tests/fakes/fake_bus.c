/* A bus in memory for tests. Everything asked of it is one item in one queue,
 * so the order is that of one Redis server. */
#include "tests/fakes/fake_bus.h"

#include <assert.h>

#include "proto/base/blob.h"
#include "proto/base/list.h"
#include "proto/base/map.h"
#include "proto/base/mem.h"
#include "proto/base/rand.h"

enum {
    TURNS_MAX = 10000, /* more, and two participants talk for ever */
};

/* One participant. */
struct end {
    struct bus bus; /* first: a struct bus * of ours is one of these */
    struct list node;
    struct fake_bus *broker;
    struct map topics;  /* topic key -> struct subscription */
    struct list missed; /* durable items that wait for the repair */
    bool killed;
    bool cut;
    enum rc fail_rc;
    size_t fail_count;
};

struct subscription {
    struct topic topic;
    size_t asked; /* references */
    bool confirmed;
};

enum item_kind {
    ITEM_MESSAGE, /* for all who subscribe */
    ITEM_MISSED,  /* a message for `end` alone, after a repair */
    ITEM_SUBSCRIBE,
    ITEM_CONFIRM,
    ITEM_GAP,
};

struct item {
    struct list node;
    enum item_kind kind;
    struct end *end; /* who asked */
    struct topic topic;
    struct blob *msg;
    bool durable;
    unsigned partition;
    bus_done_fn done;
    void *ctx;
    enum rc rc;
};

struct fake_bus {
    struct list ends;
    struct list queue;
    struct rand rand;
    unsigned lose;
    unsigned repeat;
    bool recording;
    struct fake_bus_sent *sent;
    size_t sent_count;
};

static const struct bus_ops end_ops;

static struct item *push(struct list *queue, enum item_kind kind,
                         struct end *end) {
    struct item *it = mem_new(sizeof(*it));

    list_init(&it->node);
    it->kind = kind;
    it->end = end;
    list_push_back(queue, &it->node);
    return it;
}

static void item_free(struct item *it) {
    blob_unref(&it->msg);
    mem_free(it);
}

static void free_all(struct list *items) {
    struct list *node;

    while ((node = list_pop_front(items)) != NULL) {
        item_free(CONTAINER_OF(node, struct item, node));
    }
}

struct fake_bus *fake_bus_new(uint64_t seed) {
    struct fake_bus *f = mem_new(sizeof(*f));

    list_init(&f->ends);
    list_init(&f->queue);
    rand_seed(&f->rand, seed);
    return f;
}

static void end_free(struct end *e) {
    struct subscription *s;
    size_t at = 0;

    while ((s = map_next(&e->topics, &at)) != NULL) {
        mem_free(s);
    }
    map_fini(&e->topics);
    free_all(&e->missed);
    mem_free(e);
}

void fake_bus_free(struct fake_bus **f) {
    struct list *node;

    if (*f == NULL) {
        return;
    }
    free_all(&(*f)->queue);
    while ((node = list_pop_front(&(*f)->ends)) != NULL) {
        end_free(CONTAINER_OF(node, struct end, node));
    }
    fake_bus_forget(*f);
    mem_free(*f);
    *f = NULL;
}

struct bus *fake_bus_join(struct fake_bus *f) {
    struct end *e = mem_new(sizeof(*e));

    e->bus.ops = &end_ops;
    e->broker = f;
    map_init(&e->topics);
    list_init(&e->missed);
    list_init(&e->node);
    list_push_back(&f->ends, &e->node);
    return &e->bus;
}

static struct end *end_of(struct bus *bus) {
    return CONTAINER_OF(bus, struct end, bus);
}

void fake_bus_kill(struct bus *end) {
    end_of(end)->killed = true;
}

/* Publishing and subscribing. */

static void record(struct end *e, struct topic topic, struct slice msg,
                   bool durable) {
    struct fake_bus *f = e->broker;
    struct fake_bus_sent *s;

    if (!f->recording) {
        return;
    }
    f->sent = mem_resize(f->sent, (f->sent_count + 1) * sizeof(*f->sent));
    s = &f->sent[f->sent_count++];
    s->from = &e->bus;
    s->topic = topic;
    s->msg = slice_of(mem_dup(msg.p, msg.n), msg.n);
    s->durable = durable;
}

static void confirm(struct end *e, enum rc rc, bus_done_fn done, void *ctx) {
    struct item *it;

    if (done == NULL) {
        return;
    }
    it = push(&e->broker->queue, ITEM_CONFIRM, e);
    it->rc = rc;
    it->done = done;
    it->ctx = ctx;
}

/* What a publish of this participant comes to now. */
static enum rc publish_rc(struct end *e) {
    if (e->cut) {
        return RC_AGAIN;
    }
    if (e->fail_count > 0) {
        e->fail_count--;
        return e->fail_rc;
    }
    return RC_OK;
}

/* NOLINTNEXTLINE(readability-function-size): the port has 7 parameters. */
static void end_publish(struct bus *bus, const struct topic *topics,
                        size_t count, struct slice msg, bool durable,
                        bus_done_fn done, void *ctx) {
    struct end *e = end_of(bus);
    enum rc rc = publish_rc(e);

    assert(!e->killed);
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        struct item *it = push(&e->broker->queue, ITEM_MESSAGE, e);

        it->topic = topics[i];
        it->msg = blob_new(msg);
        it->durable = durable;
        record(e, topics[i], msg, durable);
    }
    confirm(e, rc, done, ctx);
}

static void end_subscribe(struct bus *bus, struct topic topic, bus_done_fn done,
                          void *ctx) {
    struct end *e = end_of(bus);
    struct subscription *s = map_get(&e->topics, topic_key(topic));
    struct item *it;

    assert(!e->killed);
    if (s == NULL) {
        s = mem_new(sizeof(*s));
        s->topic = topic;
        (void)map_put(&e->topics, topic_key(topic), s);
    }
    s->asked++;
    it = push(&e->broker->queue, ITEM_SUBSCRIBE, e);
    it->topic = topic;
    it->done = done;
    it->ctx = ctx;
}

static void end_unsubscribe(struct bus *bus, struct topic topic) {
    struct end *e = end_of(bus);
    struct subscription *s = map_get(&e->topics, topic_key(topic));

    assert(s != NULL && s->asked > 0);
    s->asked--;
    if (s->asked == 0) {
        mem_free(map_remove(&e->topics, topic_key(topic)));
    }
}

static bool end_ready(struct bus *bus) {
    return !end_of(bus)->cut;
}

static const struct bus_ops end_ops = {
    .publish = end_publish,
    .subscribe = end_subscribe,
    .unsubscribe = end_unsubscribe,
    .ready = end_ready,
};

bool fake_bus_subscribed(const struct bus *end, struct topic topic) {
    const struct end *e = (const struct end *)(const void *)end;
    const struct subscription *s = map_get(&e->topics, topic_key(topic));

    return s != NULL && s->confirmed;
}

/* Delivery. */

static bool chance(struct fake_bus *f, unsigned percent) {
    return percent > 0 && rand_below(&f->rand, 100) < percent;
}

static void hand_over(struct end *e, const struct item *it) {
    if (!e->killed) {
        e->bus.events->on_message(e->bus.owner, it->topic, blob_slice(it->msg));
    }
}

static void miss(struct end *e, const struct item *it) {
    struct item *kept;

    if (it->durable) {
        kept = push(&e->missed, ITEM_MISSED, e);
        kept->topic = it->topic;
        kept->msg = blob_ref(it->msg);
        kept->durable = true;
    }
}

static void deliver(struct fake_bus *f, struct end *e, const struct item *it) {
    if (e->killed || !fake_bus_subscribed(&e->bus, it->topic)) {
        return;
    }
    if (e->cut) {
        miss(e, it);
        return;
    }
    if (!it->durable && chance(f, f->lose)) {
        return;
    }
    hand_over(e, it);
    if (chance(f, f->repeat)) {
        hand_over(e, it);
    }
}

static void deliver_to_all(struct fake_bus *f, const struct item *it) {
    for (struct list *n = f->ends.next; n != &f->ends; n = n->next) {
        deliver(f, CONTAINER_OF(n, struct end, node), it);
    }
}

static void take_subscription(const struct item *it) {
    struct subscription *s = map_get(&it->end->topics, topic_key(it->topic));

    if (s != NULL) {
        s->confirmed = true;
    }
    if (it->done != NULL) {
        it->done(it->ctx, RC_OK);
    }
}

static void run_item(struct fake_bus *f, const struct item *it) {
    /* What it published before its end is still on its way. */
    if (it->end->killed && it->kind != ITEM_MESSAGE) {
        return;
    }
    switch (it->kind) {
    case ITEM_MESSAGE:
        deliver_to_all(f, it);
        break;
    case ITEM_MISSED:
        deliver(f, it->end, it);
        break;
    case ITEM_SUBSCRIBE:
        take_subscription(it);
        break;
    case ITEM_CONFIRM:
        it->done(it->ctx, it->rc);
        break;
    case ITEM_GAP:
        it->end->bus.events->on_gap(it->end->bus.owner, it->partition);
        break;
    }
}

/* A subscription waits while its participant is cut off. */
static bool must_wait(const struct item *it) {
    return it->kind == ITEM_SUBSCRIBE && it->end->cut && !it->end->killed;
}

size_t fake_bus_turn(struct fake_bus *f) {
    struct list now;
    struct list *node;
    size_t count = 0;

    list_init(&now);
    list_append(&now, &f->queue);
    while ((node = list_pop_front(&now)) != NULL) {
        struct item *it = CONTAINER_OF(node, struct item, node);

        if (must_wait(it)) {
            list_push_back(&f->queue, &it->node);
            continue;
        }
        run_item(f, it);
        item_free(it);
        count++;
    }
    return count;
}

void fake_bus_settle(struct fake_bus *f) {
    size_t turns = 0;

    while (fake_bus_turn(f) > 0) {
        turns++;
        assert(turns < TURNS_MAX);
    }
}

/* Trouble. */

void fake_bus_lose(struct fake_bus *f, unsigned percent) {
    f->lose = percent;
}

void fake_bus_repeat(struct fake_bus *f, unsigned percent) {
    f->repeat = percent;
}

void fake_bus_fail(struct bus *end, enum rc rc, size_t count) {
    end_of(end)->fail_rc = rc;
    end_of(end)->fail_count = count;
}

void fake_bus_cut(struct bus *end) {
    end_of(end)->cut = true;
}

void fake_bus_gap(struct bus *end, unsigned partition) {
    struct end *e = end_of(end);

    push(&e->broker->queue, ITEM_GAP, e)->partition = partition;
}

static void lose_missed(struct end *e) {
    bool lost[TOPIC_PARTITIONS] = {false};
    struct list *node;

    while ((node = list_pop_front(&e->missed)) != NULL) {
        struct item *it = CONTAINER_OF(node, struct item, node);

        lost[topic_partition(it->topic)] = true;
        item_free(it);
    }
    for (unsigned p = 0; p < TOPIC_PARTITIONS; p++) {
        if (lost[p]) {
            fake_bus_gap(&e->bus, p);
        }
    }
}

void fake_bus_heal(struct bus *end, bool trimmed) {
    struct end *e = end_of(end);

    e->cut = false;
    if (trimmed) {
        lose_missed(e);
    } else {
        list_append(&e->broker->queue, &e->missed);
    }
}

/* What was sent. */

void fake_bus_record(struct fake_bus *f, bool on) {
    f->recording = on;
}

size_t fake_bus_sent_count(const struct fake_bus *f) {
    return f->sent_count;
}

const struct fake_bus_sent *fake_bus_sent(const struct fake_bus *f, size_t i) {
    assert(i < f->sent_count);
    return &f->sent[i];
}

const struct fake_bus_sent *fake_bus_last(const struct fake_bus *f,
                                          struct topic topic) {
    for (size_t i = f->sent_count; i > 0; i--) {
        if (topic_eq(f->sent[i - 1].topic, topic)) {
            return &f->sent[i - 1];
        }
    }
    return NULL;
}

void fake_bus_forget(struct fake_bus *f) {
    for (size_t i = 0; i < f->sent_count; i++) {
        /* mem_dup made it; the slice only lends it as const. */
        mem_free((void *)(uintptr_t)f->sent[i].msg.p);
    }
    mem_free(f->sent);
    f->sent = NULL;
    f->sent_count = 0;
}
