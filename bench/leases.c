#include "bench/leases.h"

#include "bench/people.h"
#include "chat-core/ports/bus.h"
#include "proto/base/buf.h"
#include "proto/base/mem.h"
#include "proto/wire/bus_msg.h"
#include "storage/bus_redis.h"

enum {
    RENEW_MS = 1000, /* as gateways do */
    GATHER_MS = 100,
    WATCHED_AT = 2, /* gateways that hear of each user */
};

/* One gateway's report of one partition. */
struct part {
    struct buf items; /* changes since the last report */
    uint16_t count;
    bool snapshot; /* the next report is one */
    uint64_t number;
    uint64_t renew_ms; /* when it is due without a change */
};

struct lease {
    struct leases *all;
    size_t index;
    struct gateway_id id;
    struct bus *bus;
    struct wheel_timer timer;
    struct part parts[PRESENCE_PARTITIONS];
};

/* What is known of a user here. */
struct user {
    bool here;
    bool watched;
};

struct leases {
    struct loop *loop;
    struct leases_config config;
    struct lease *leases;
    struct user *users;
    uint64_t heard;
};

static void publish(const struct lease *g, uint16_t partition,
                    const struct bus_msg *msg) {
    struct topic topic = {TOPIC_PRESENCE, partition + 1U};
    struct buf out;

    buf_init(&out);
    bus_msg_encode(&out, msg);
    g->bus->ops->publish(g->bus, &topic, 1, buf_slice(&out), false, NULL, NULL);
    buf_fini(&out);
}

/* Sends what has been gathered, as part of a snapshot if `like` says so. */
static void send_report(struct lease *g, uint16_t partition,
                        struct bus_presence_report like) {
    struct part *p = &g->parts[partition];
    struct bus_msg msg = {.kind = BUS_PRESENCE_REPORT, .u.report = like};

    msg.u.report.gateway = g->id;
    msg.u.report.partition = partition;
    msg.u.report.number = ++p->number;
    msg.u.report.count = p->count;
    msg.u.report.items = buf_slice(&p->items);
    publish(g, partition, &msg);
    buf_clear(&p->items);
    p->count = 0;
    p->renew_ms = g->all->loop->clock.mono_ms + RENEW_MS;
}

static void add(struct part *p, size_t n, bool here) {
    presence_item_put(&p->items, (struct presence_item){people_user(n), here});
    p->count++;
}

static void send_snapshot(struct lease *g, uint16_t partition) {
    const struct leases *all = g->all;
    struct part *p = &g->parts[partition];
    struct bus_presence_report like = {.snapshot = true, .first = true};

    buf_clear(&p->items); /* everybody is in it */
    p->count = 0;
    for (size_t n = g->index; n < all->config.users;
         n += all->config.gateways) {
        if (!all->users[n].here ||
            presence_partition(people_user(n)) != partition) {
            continue;
        }
        if (p->count == BUS_MSG_USERS_MAX) {
            send_report(g, partition, like);
            like.first = false;
        }
        add(p, n, true);
    }
    like.last = true;
    send_report(g, partition, like);
    p->snapshot = false;
}

static void on_time(struct wheel_timer *timer) {
    struct lease *g = CONTAINER_OF(timer, struct lease, timer);
    uint64_t now_ms = g->all->loop->clock.mono_ms;

    for (unsigned i = 0; i < PRESENCE_PARTITIONS; i++) {
        struct part *p = &g->parts[i];

        if (p->snapshot) {
            send_snapshot(g, (uint16_t)i);
        } else if (p->count > 0 || now_ms >= p->renew_ms) {
            send_report(g, (uint16_t)i,
                        (struct bus_presence_report){.count = 0});
        }
    }
    loop_timer(g->all->loop, timer, GATHER_MS);
}

static void on_message(void *owner, struct topic topic, struct slice bytes) {
    struct lease *g = owner;
    struct bus_msg msg;

    if (bus_msg_decode(bytes, &msg) != RC_OK) {
        return;
    }
    if (msg.kind == BUS_PRESENCE_ASK) {
        g->parts[msg.u.ask.partition].snapshot = true;
    }
    g->all->heard += topic.kind == TOPIC_SEEN;
}

/* What is lost is missed by its number. */
static void on_gap(void *owner, unsigned partition) {
    (void)owner;
    (void)partition;
}

static const struct bus_events events = {.on_message = on_message,
                                         .on_gap = on_gap};

static enum rc lease_open(struct leases *all, size_t index) {
    struct lease *g = &all->leases[index];
    struct redis_config redis = {.address = all->config.redis};
    const struct topic topics[] = {{TOPIC_GATEWAY, index + 1},
                                   {TOPIC_GATEWAYS, 1}};
    enum rc rc = bus_redis_open(&g->bus, all->loop, &redis);

    if (rc != RC_OK) {
        return rc;
    }
    g->all = all;
    g->index = index;
    g->id.v = index + 1;
    g->bus->events = &events;
    g->bus->owner = g;
    for (size_t i = 0; i < COUNT_OF(topics); i++) {
        g->bus->ops->subscribe(g->bus, topics[i], NULL, NULL);
    }
    for (size_t i = 0; i < PRESENCE_PARTITIONS; i++) {
        buf_init(&g->parts[i].items);
        g->parts[i].snapshot = true; /* it introduces itself with one */
    }
    wheel_timer_init(&g->timer, on_time);
    loop_timer(all->loop, &g->timer, GATHER_MS * (index + 1));
    return RC_OK;
}

enum rc leases_open(struct leases **out, struct loop *l,
                    const struct leases_config *config) {
    struct leases *all = mem_new(sizeof(*all));
    enum rc rc = RC_OK;

    all->loop = l;
    all->config = *config;
    all->leases = mem_new_array(config->gateways, sizeof(*all->leases));
    all->users = mem_new_array(config->users, sizeof(*all->users));
    for (size_t i = 0; i < config->gateways && rc == RC_OK; i++) {
        rc = lease_open(all, i);
    }
    if (rc != RC_OK) {
        leases_close(&all);
    }
    *out = all;
    return rc;
}

void leases_close(struct leases **l) {
    struct leases *all = *l;

    for (size_t i = 0; all != NULL && i < all->config.gateways; i++) {
        struct lease *g = &all->leases[i];

        if (g->all != NULL) {
            wheel_cancel(&g->timer);
            bus_redis_close(&g->bus);
        }
        for (size_t p = 0; p < PRESENCE_PARTITIONS; p++) {
            buf_fini(&g->parts[p].items);
        }
    }
    if (all != NULL) {
        mem_free(all->leases);
        mem_free(all->users);
        mem_free(all);
    }
    *l = NULL;
}

static void watch(struct leases *l, size_t n) {
    for (size_t i = 1; i <= WATCHED_AT; i++) {
        struct bus *bus = l->leases[(n + i) % l->config.gateways].bus;

        bus->ops->subscribe(bus, (struct topic){TOPIC_SEEN, people_user(n).v},
                            NULL, NULL);
    }
    l->users[n].watched = true;
}

void leases_set(struct leases *l, size_t n, bool here) {
    struct lease *g = &l->leases[n % l->config.gateways];
    uint16_t partition = presence_partition(people_user(n));

    if (!l->users[n].watched) {
        watch(l, n);
    }
    l->users[n].here = here;
    if (g->parts[partition].count == BUS_MSG_USERS_MAX) {
        send_report(g, partition, (struct bus_presence_report){.count = 0});
    }
    add(&g->parts[partition], n, here);
}

uint64_t leases_heard(const struct leases *l) {
    return l->heard;
}
