/* The presence service alone on a bus: what it refuses, whom it answers, and
 * how it starts, doubts and leaves. How it works among others is in
 * test_presence_sim.c. */
#include "presence/service.h"

#include "tests/unit/assert_row.h"

#include "proto/base/buf.h"
#include "proto/base/mem.h"
#include "proto/wire/bus_msg.h"
#include "tests/fakes/fake_bus.h"

enum {
    GATEWAY = 77,
    STEP_MS = 100,
};

struct world {
    struct clock clock;
    struct wheel wheel;
    struct fake_bus *net;
    struct bus *bus;  /* the service's */
    struct bus *peer; /* a gateway's, or whoever speaks */
    struct directory dir;
    directory_done_fn seen_done;
    void *seen_ctx;
    size_t seen_count;
    struct service *service;
};

static void seen_write(struct directory *d, const struct user_id *users,
                       const uint64_t *last_seen_ms, size_t count,
                       directory_done_fn done, void *ctx) {
    struct world *w = CONTAINER_OF(d, struct world, dir);

    (void)users;
    (void)last_seen_ms;
    w->seen_count += count;
    w->seen_done = done;
    w->seen_ctx = ctx;
}

static const struct directory_ops dir_ops = {.seen_write = seen_write};

static void on_message(void *owner, struct topic topic, struct slice msg) {
    (void)owner;
    (void)topic;
    (void)msg;
}

static void on_gap(void *owner, unsigned partition) {
    (void)owner;
    (void)partition;
}

static const struct bus_events peer_events = {.on_message = on_message,
                                              .on_gap = on_gap};

static struct service *open_service(struct world *w, uint64_t id,
                                    struct bus *bus) {
    struct service_config config = {
        .service = id,
        .tracker = {.lease_ms = 6000,
                    .grace_ms = 5000,
                    .settle_ms = 3000,
                    .asleep_ms = 2000},
        .seen_every_ms = 2000,
        .seen_limit = 100,
    };
    struct service_ports ports = {bus, &w->dir, &w->clock, &w->wheel, NULL};

    return service_open(&config, &ports);
}

static struct world *open_world(void) {
    struct world *w = mem_new(sizeof(*w));

    w->clock = (struct clock){.mono_ms = 1000, .wall_ms = 1700000000000};
    wheel_init(&w->wheel, w->clock.mono_ms);
    w->dir.ops = &dir_ops;
    w->net = fake_bus_new(1);
    fake_bus_record(w->net, true);
    w->peer = fake_bus_join(w->net);
    w->peer->events = &peer_events;
    w->bus = fake_bus_join(w->net);
    w->service = open_service(w, 1, w->bus);
    return w;
}

static void close_world(struct world *w) {
    service_close(&w->service);
    service_close(&w->service);
    fake_bus_free(&w->net);
    mem_free(w);
}

static void wait(struct world *w, uint64_t ms) {
    for (uint64_t spent = 0; spent < ms; spent += STEP_MS) {
        w->clock.mono_ms += STEP_MS;
        w->clock.wall_ms += STEP_MS;
        wheel_advance(&w->wheel, w->clock.mono_ms);
        fake_bus_settle(w->net);
    }
}

static void say(struct world *w, struct topic topic,
                const struct bus_msg *msg) {
    struct buf out;

    buf_init(&out);
    bus_msg_encode(&out, msg);
    w->peer->ops->publish(w->peer, &topic, 1, buf_slice(&out), false, NULL,
                          NULL);
    buf_fini(&out);
    fake_bus_settle(w->net);
}

static struct topic topic_of(uint64_t user) {
    return (struct topic){TOPIC_PRESENCE,
                          presence_partition((struct user_id){user}) + 1U};
}

/* A whole snapshot of one user. */
static void report(struct world *w, struct topic topic, uint64_t number,
                   uint64_t user, uint16_t sessions) {
    struct bus_msg msg = {.kind = BUS_PRESENCE_REPORT};
    struct buf items;

    buf_init(&items);
    presence_item_put(&items, (struct presence_item){{user}, sessions});
    msg.u.report = (struct bus_presence_report){
        .gateway = {GATEWAY},
        .partition = presence_partition((struct user_id){user}),
        .number = number,
        .snapshot = true,
        .first = true,
        .last = true,
        .count = 1,
        .items = buf_slice(&items)};
    say(w, topic, &msg);
    buf_fini(&items);
}

/* What the service answers to a query of `user`, or -1. */
static int query(struct world *w, struct topic topic, uint64_t user) {
    struct topic mine = {TOPIC_GATEWAY, GATEWAY};
    struct bus_msg msg = {.kind = BUS_PRESENCE_QUERY};
    const struct fake_bus_sent *sent;
    struct buf users;

    buf_init(&users);
    presence_user_put(&users, (struct user_id){user});
    msg.u.query =
        (struct bus_presence_query){{GATEWAY}, 5, 1, buf_slice(&users)};
    fake_bus_forget(w->net);
    say(w, topic, &msg);
    buf_fini(&users);
    sent = fake_bus_last(w->net, mine);
    if (sent == NULL) {
        return -1;
    }
    assert_int_equal(bus_msg_decode(sent->msg, &msg), RC_OK);
    assert_int_equal(msg.kind, BUS_PRESENCE_ANSWER);
    assert_int_equal(msg.u.answer.request, 5);
    assert_int_equal(msg.u.answer.count, 1);
    return (int)presence_known_at(msg.u.answer.known, 0).state;
}

static void test_starts(void **state) {
    struct world *w = open_world();

    (void)state;
    wait(w, 1000);
    assert_non_null(fake_bus_last(w->net, (struct topic){TOPIC_GATEWAYS, 1}));
    assert_false(service_ready(w->service));
    assert_int_equal(query(w, topic_of(7), 7), -1);
    wait(w, 2500);
    assert_true(service_ready(w->service));
    assert_int_equal(service_counts(w->service).owned, PRESENCE_PARTITIONS);
    assert_int_equal(query(w, topic_of(7), 7), PRESENCE_OFFLINE);
    report(w, topic_of(7), 1, 7, 1);
    assert_int_equal(query(w, topic_of(7), 7), PRESENCE_ONLINE);
    wait(w, 200);
    assert_non_null(fake_bus_last(w->net, (struct topic){TOPIC_SEEN, 7}));
    close_world(w);
}

static void test_refuses(void **state) {
    struct world *w = open_world();
    struct bus_msg ask = {.kind = BUS_PRESENCE_ASK};
    struct topic other = topic_of(7);

    (void)state;
    wait(w, 3500);
    assert_int_equal(service_counts(w->service).bad_messages, 0);
    w->peer->ops->publish(w->peer, &other, 1, SLICE_LIT("\x01"), false, NULL,
                          NULL);
    wait(w, 0);
    say(w, other, &ask);
    assert_int_equal(service_counts(w->service).bad_messages, 2);
    other.id = other.id % PRESENCE_PARTITIONS + 1;
    assert_int_equal(query(w, other, 7), -1);
    report(w, other, 1, 7, 1);
    assert_int_equal(service_counts(w->service).bad_messages, 4);
    assert_int_equal(service_counts(w->service).tracker.users, 0);
    close_world(w);
}

/* A gap on the bus makes its partition doubt; the bus away, all of them. */
static void test_doubts(void **state) {
    struct world *w = open_world();

    (void)state;
    wait(w, 3500);
    fake_bus_gap(w->bus, topic_partition(topic_of(7)));
    fake_bus_settle(w->net);
    assert_false(service_ready(w->service));
    assert_int_equal(query(w, topic_of(7), 7), -1);
    assert_true(service_counts(w->service).ready < PRESENCE_PARTITIONS);
    wait(w, 3500);
    assert_true(service_ready(w->service));
    fake_bus_cut(w->bus);
    wait(w, 5000);
    assert_int_equal(service_counts(w->service).owned, 0);
    fake_bus_heal(w->bus, false);
    wait(w, 1500);
    assert_int_equal(service_counts(w->service).owned, 0);
    wait(w, 3500);
    assert_int_equal(service_counts(w->service).owned, PRESENCE_PARTITIONS);
    close_world(w);
}

static void test_leaves(void **state) {
    struct world *w = open_world();
    struct bus_msg msg;

    (void)state;
    wait(w, 3500);
    report(w, topic_of(7), 1, 7, 1);
    report(w, topic_of(7), 2, 7, 0);
    for (uint64_t n = 3; n < 7; n++) {
        wait(w, 1500);
        report(w, topic_of(7), n, 7, 0);
    }
    wait(w, 100);
    assert_false(service_idle(w->service));
    service_leave(w->service);
    assert_int_equal(w->seen_count, 1);
    assert_false(service_ready(w->service));
    assert_int_equal(
        bus_msg_decode(fake_bus_last(w->net, topic_of(7))->msg, &msg), RC_OK);
    assert_int_equal(msg.kind, BUS_PRESENCE_CLAIM);
    assert_false(msg.u.claim.ready);
    w->seen_done(w->seen_ctx, RC_OK);
    assert_true(service_idle(w->service));
    assert_int_equal(service_counts(w->service).seen_written, 1);
    assert_int_equal(query(w, topic_of(7), 7), -1);
    close_world(w);
}

/* The other one tells what the dead one had heard and not told. */
static void test_takes_over(void **state) {
    enum {
        USERS = 16
    };
    struct world *w = open_world();
    struct service *other = open_service(w, 2, fake_bus_join(w->net));

    (void)state;
    wait(w, 3500);
    assert_int_not_equal(service_counts(w->service).owned, 0);
    assert_int_equal(service_counts(w->service).owned +
                         service_counts(other).owned,
                     PRESENCE_PARTITIONS);
    for (uint64_t u = 1; u <= USERS; u++) {
        report(w, topic_of(u), u, u, 1);
    }
    fake_bus_kill(w->bus);
    service_close(&w->service);
    wait(w, 2500);
    assert_int_equal(service_counts(other).owned, PRESENCE_PARTITIONS);
    for (uint64_t u = 1; u <= USERS; u++) {
        assert_non_null(fake_bus_last(w->net, (struct topic){TOPIC_SEEN, u}));
    }
    service_close(&other);
    close_world(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starts),     cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_doubts),     cmocka_unit_test(test_leaves),
        cmocka_unit_test(test_takes_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
