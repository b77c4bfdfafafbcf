/* This gateway's side of the talk with the presence service: reports out,
 * queries out, answers in. */
#include "gateway/presence_link.h"

#include <assert.h>
#include <string.h>

#include "proto/base/buf.h"
#include "proto/base/list.h"
#include "proto/base/map.h"
#include "proto/base/mem.h"
#include "proto/wire/topic.h"

enum {
    ATTEMPTS = 2, /* a query and one retry */
};

/* Of a user with sessions here, or whose last one's end is still to be told.
 * It is his value in part.users itself, which points nowhere. */
struct local {
    uint16_t sessions;
    uint16_t told; /* sessions as last reported */
    bool changed;  /* stands in part.changed */
};

struct part {
    struct presence_link *owner;
    uint16_t partition;
    bool snapshot;   /* the next report is one */
    uint64_t number; /* of the last report */
    struct map users;
    struct buf changed;       /* user_id; since the last report, perhaps back */
    struct wheel_timer timer; /* the next report */
};

static_assert(sizeof(struct local) <= sizeof(void *), "a value of a map");

static struct local local_of(const void *value) {
    struct local u = {0};

    memcpy(&u, &value, sizeof(u));
    return u;
}

static struct local local_get(const struct part *p, struct user_id user) {
    return local_of(map_get(&p->users, user.v));
}

static void local_put(struct part *p, struct user_id user, struct local u) {
    void *value = NULL;

    if (u.sessions == 0 && u.told == 0 && !u.changed) {
        (void)map_remove(&p->users, user.v);
        return;
    }
    memcpy(&value, &u, sizeof(u));
    (void)map_put(&p->users, user.v, value);
}

static size_t changed_count(const struct part *p) {
    return p->changed.n / sizeof(struct user_id);
}

static struct user_id changed_at(const struct part *p, size_t i) {
    struct user_id user;

    memcpy(&user, p->changed.p + i * sizeof(user), sizeof(user));
    return user;
}

/* A query on its way. `waiting` has a bit for each partition that has not
 * answered; an answer's request is the query's number and its partition. */
struct query {
    struct list node; /* in link.asked */
    struct presence_link *owner;
    struct wheel_timer timer;
    uint64_t number;
    unsigned waiting;
    unsigned attempts;
    presence_known_fn done;
    void *ctx;
    size_t count;
    struct presence_known known[]; /* in the order asked */
};

struct presence_link {
    struct presence port;
    struct presence_link_config config;
    struct bus *bus;
    const struct clock *clock;
    struct wheel *wheel;
    bool left;
    uint64_t query_number;
    struct map queries; /* number -> query */
    struct list asked;  /* the same */
    struct part parts[PRESENCE_PARTITIONS];
};

static void publish(struct presence_link *l, uint16_t partition,
                    const struct bus_msg *msg) {
    struct topic topic = {TOPIC_PRESENCE, partition + 1U};
    struct buf out;

    buf_init(&out);
    bus_msg_encode(&out, msg);
    /* A report that is lost is missed by its number, a query by its answer. */
    l->bus->ops->publish(l->bus, &topic, 1, buf_slice(&out), false, NULL, NULL);
    buf_fini(&out);
}

/* Reports. */

/* A report being filled; it is sent when full and at the end. */
struct draft {
    struct part *part;
    struct bus_presence_report report;
    struct buf items;
};

static void draft_init(struct draft *d, struct part *part) {
    *d = (struct draft){.part = part};
    d->report.gateway = part->owner->config.gateway;
    d->report.partition = part->partition;
    buf_init(&d->items);
}

static void draft_send(struct draft *d) {
    struct bus_msg msg = {.kind = BUS_PRESENCE_REPORT};

    d->report.number = ++d->part->number;
    d->report.items = buf_slice(&d->items);
    msg.u.report = d->report;
    publish(d->part->owner, d->part->partition, &msg);
    d->report.first = false;
    d->report.count = 0;
    buf_clear(&d->items);
}

static void draft_add(struct draft *d, struct user_id user, struct local u) {
    if (d->report.count == BUS_MSG_USERS_MAX) {
        draft_send(d);
    }
    presence_item_put(&d->items, (struct presence_item){user, u.sessions});
    d->report.count++;
}

static void send_snapshot(struct part *p) {
    const struct map_slot *slot;
    struct draft d;
    size_t at = 0;

    draft_init(&d, p);
    d.report.snapshot = true;
    d.report.first = true;
    while ((slot = map_next_slot(&p->users, &at)) != NULL) {
        struct local u = local_of(slot->value);

        if (u.sessions > 0) {
            draft_add(&d, (struct user_id){slot->key}, u);
        }
    }
    d.report.last = true;
    draft_send(&d);
    buf_fini(&d.items);
}

/* Everybody in `changed` has been told of, here or in a snapshot. */
static void forget_changes(struct part *p) {
    for (size_t i = 0; i < changed_count(p); i++) {
        struct user_id user = changed_at(p, i);
        struct local u = local_get(p, user);

        local_put(p, user, (struct local){u.sessions, u.sessions, false});
    }
    buf_fini(&p->changed);
}

static void send_changes(struct part *p) {
    struct draft d;

    draft_init(&d, p);
    for (size_t i = 0; i < changed_count(p); i++) {
        struct user_id user = changed_at(p, i);
        struct local u = local_get(p, user);

        if (u.sessions != u.told) {
            draft_add(&d, user, u);
        }
    }
    draft_send(&d);
    buf_fini(&d.items);
}

static void on_report_due(struct wheel_timer *timer) {
    struct part *p = CONTAINER_OF(timer, struct part, timer);
    struct presence_link *l = p->owner;

    if (p->snapshot) {
        send_snapshot(p);
    } else {
        send_changes(p);
    }
    p->snapshot = false;
    forget_changes(p);
    wheel_set(l->wheel, timer, l->clock->mono_ms + l->config.renew_ms);
}

/* The next report comes within gather_ms. */
static void hurry(struct part *p) {
    struct presence_link *l = p->owner;
    uint64_t due_ms = l->clock->mono_ms + l->config.gather_ms;

    if (!l->left && p->timer.due_ms > due_ms) {
        wheel_set(l->wheel, &p->timer, due_ms);
    }
}

static struct presence_link *link_of(struct presence *port) {
    return CONTAINER_OF(port, struct presence_link, port);
}

static void link_report(struct presence *port, struct user_id user,
                        unsigned sessions) {
    struct presence_link *l = link_of(port);
    struct part *p = &l->parts[presence_partition(user)];
    struct local u = local_get(p, user);

    u.sessions = (uint16_t)(sessions < UINT16_MAX ? sessions : UINT16_MAX);
    if (u.sessions != u.told) {
        if (!u.changed) {
            u.changed = true;
            buf_add(&p->changed, slice_of(&user, sizeof(user)));
        }
        hurry(p);
    }
    local_put(p, user, u);
}

static void take_ask(struct presence_link *l,
                     const struct bus_presence_ask *ask) {
    l->parts[ask->partition].snapshot = true;
    hurry(&l->parts[ask->partition]);
}

/* Queries. */

static void query_end(struct query *q) {
    (void)map_remove(&q->owner->queries, q->number);
    list_remove(&q->node);
    wheel_cancel(&q->timer);
    q->done(q->ctx, q->known, q->count);
    mem_free(q);
}

static void send_query(const struct query *q, uint16_t partition) {
    struct bus_msg msg = {.kind = BUS_PRESENCE_QUERY};
    struct buf users;

    buf_init(&users);
    for (size_t i = 0; i < q->count; i++) {
        if (presence_partition(q->known[i].user) == partition) {
            presence_user_put(&users, q->known[i].user);
            msg.u.query.count++;
        }
    }
    msg.u.query.gateway = q->owner->config.gateway;
    msg.u.query.request = q->number * PRESENCE_PARTITIONS + partition;
    msg.u.query.users = buf_slice(&users);
    publish(q->owner, partition, &msg);
    buf_fini(&users);
}

static void query_try(struct query *q) {
    struct presence_link *l = q->owner;

    q->attempts++;
    for (unsigned p = 0; p < PRESENCE_PARTITIONS; p++) {
        if ((q->waiting & BIT(p)) != 0) {
            send_query(q, (uint16_t)p);
        }
    }
    wheel_set(l->wheel, &q->timer, l->clock->mono_ms + l->config.answer_ms);
}

static void on_answer_late(struct wheel_timer *timer) {
    struct query *q = CONTAINER_OF(timer, struct query, timer);

    if (q->waiting != 0 && q->attempts < ATTEMPTS) {
        query_try(q);
    } else {
        query_end(q);
    }
}

static struct query *query_new(struct presence_link *l,
                               const struct user_id *users, size_t count) {
    struct query *q = mem_new(sizeof(*q) + count * sizeof(q->known[0]));

    list_init(&q->node);
    q->owner = l;
    q->number = ++l->query_number;
    q->count = count;
    for (size_t i = 0; i < count; i++) {
        q->known[i].user = users[i];
        q->waiting |= BIT(presence_partition(users[i]));
    }
    wheel_timer_init(&q->timer, on_answer_late);
    (void)map_put(&l->queries, q->number, q);
    list_push_back(&l->asked, &q->node);
    return q;
}

static void link_query(struct presence *port, const struct user_id *users,
                       size_t count, presence_known_fn done, void *ctx) {
    struct presence_link *l = link_of(port);
    bool too_many = l->queries.count >= PRESENCE_LINK_QUERIES_MAX;
    struct query *q;

    assert(count <= PRESENCE_QUERY_MAX);
    q = query_new(l, users, count);
    q->done = done;
    q->ctx = ctx;
    if (too_many || count == 0) {
        q->waiting = 0;
        wheel_set(l->wheel, &q->timer, l->clock->mono_ms);
        return;
    }
    query_try(q);
}

/* The answer names the users of this partition in the order asked; one that
 * does not is no answer to this query. */
static bool fill(struct query *q, uint16_t partition,
                 const struct bus_presence_answer *answer, bool dry) {
    uint16_t at = 0;

    for (size_t i = 0; i < q->count; i++) {
        struct presence_known known;

        if (presence_partition(q->known[i].user) != partition) {
            continue;
        }
        if (at == answer->count) {
            return false;
        }
        known = presence_known_at(answer->known, at++);
        if (known.user.v != q->known[i].user.v) {
            return false;
        }
        if (!dry) {
            q->known[i] = known;
        }
    }
    return at == answer->count;
}

static void take_answer(struct presence_link *l,
                        const struct bus_presence_answer *answer) {
    uint16_t partition = (uint16_t)(answer->request % PRESENCE_PARTITIONS);
    struct query *q =
        map_get(&l->queries, answer->request / PRESENCE_PARTITIONS);

    if (q == NULL || (q->waiting & BIT(partition)) == 0 ||
        !fill(q, partition, answer, true)) {
        return;
    }
    (void)fill(q, partition, answer, false);
    q->waiting &= ~BIT(partition);
    if (q->waiting == 0) {
        query_end(q);
    }
}

void presence_link_take(struct presence_link *l, const struct bus_msg *msg) {
    if (msg->kind == BUS_PRESENCE_ASK) {
        take_ask(l, &msg->u.ask);
    } else if (msg->kind == BUS_PRESENCE_ANSWER) {
        take_answer(l, &msg->u.answer);
    }
}

/* Life. */

static const struct topic all_gateways = {TOPIC_GATEWAYS, 1};

static struct topic gateway_topic(const struct presence_link *l) {
    return (struct topic){TOPIC_GATEWAY, l->config.gateway.v};
}

static const struct presence_ops link_ops = {link_report, link_query};

static void part_open(struct presence_link *l, uint16_t partition) {
    struct part *p = &l->parts[partition];

    p->owner = l;
    p->partition = partition;
    p->snapshot = true; /* a new gateway introduces itself with one */
    map_init(&p->users);
    buf_init(&p->changed);
    wheel_timer_init(&p->timer, on_report_due);
    wheel_set(l->wheel, &p->timer, l->clock->mono_ms + l->config.gather_ms);
}

struct presence_link *presence_link_open(
    const struct presence_link_config *config, struct bus *bus,
    const struct clock *clock, struct wheel *wheel) {
    struct presence_link *l = mem_new(sizeof(*l));

    l->port.ops = &link_ops;
    l->config = *config;
    l->bus = bus;
    l->clock = clock;
    l->wheel = wheel;
    map_init(&l->queries);
    list_init(&l->asked);
    for (unsigned i = 0; i < PRESENCE_PARTITIONS; i++) {
        part_open(l, (uint16_t)i);
    }
    bus->ops->subscribe(bus, gateway_topic(l), NULL, NULL);
    bus->ops->subscribe(bus, all_gateways, NULL, NULL);
    return l;
}

static void part_close(struct part *p) {
    wheel_cancel(&p->timer);
    buf_fini(&p->changed);
    map_fini(&p->users);
}

void presence_link_close(struct presence_link **l) {
    if (*l == NULL) {
        return;
    }
    while (!list_empty(&(*l)->asked)) {
        query_end(CONTAINER_OF((*l)->asked.next, struct query, node));
    }
    map_fini(&(*l)->queries);
    for (size_t i = 0; i < PRESENCE_PARTITIONS; i++) {
        part_close(&(*l)->parts[i]);
    }
    (*l)->bus->ops->unsubscribe((*l)->bus, gateway_topic(*l));
    (*l)->bus->ops->unsubscribe((*l)->bus, all_gateways);
    mem_free(*l);
    *l = NULL;
}

struct presence *presence_link_port(struct presence_link *l) {
    return &l->port;
}

void presence_link_leave(struct presence_link *l) {
    l->left = true;
    for (size_t i = 0; i < PRESENCE_PARTITIONS; i++) {
        struct draft d;

        draft_init(&d, &l->parts[i]);
        d.report.leaving = true;
        draft_send(&d);
        buf_fini(&d.items);
        wheel_cancel(&l->parts[i].timer);
    }
}
