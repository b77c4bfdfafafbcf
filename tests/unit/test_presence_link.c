/* The gateway's talk with the presence service, over a bus in memory: what it
 * reports and when, snapshots, and queries answered, late or never. */
#include "gateway/presence_link.h"

#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/base/wheel.h"
#include "tests/fakes/fake_bus.h"

enum {
    GATEWAY = 77,
    STEP_MS = 20,
    ANSWERED_MAX = 8,
};

static const struct presence_link_config config = {
    .gateway = {GATEWAY},
    .renew_ms = 2000,
    .gather_ms = 100,
    .answer_ms = 1000,
};

struct world {
    struct clock clock;
    struct wheel wheel;
    struct fake_bus *net;
    struct bus *bus;     /* the gateway's */
    struct bus *service; /* who listens to presence */
    struct presence_link *link;
    struct presence *port;
    bool answers; /* the service answers queries */
    char log[512];
    size_t queries; /* heard by the service */
    size_t users;   /* reported, of all reports */
    size_t answered;
    enum presence_state states[ANSWERED_MAX];
};

/* Writes a report as "7=2": user 7 has 2 sessions; in [ ] for a snapshot. */
static void log_report(struct world *w, const struct bus_presence_report *r) {
    size_t n = strlen(w->log);
    char *end = w->log + sizeof(w->log);

    n += (size_t)snprintf(w->log + n, (size_t)(end - w->log) - n, "%s%s",
                          r->first ? "[" : "", r->leaving ? "bye " : "");
    for (uint16_t i = 0; i < r->count && r->count < 10; i++) {
        struct presence_item item = presence_item_at(r->items, i);

        n += (size_t)snprintf(w->log + n, (size_t)(end - w->log) - n,
                              "%llu=%u ", (unsigned long long)item.user.v,
                              (unsigned)item.sessions);
    }
    snprintf(w->log + n, (size_t)(end - w->log) - n, "%s", r->last ? "]" : "");
    w->users += r->count;
}

static void answer(struct world *w, const struct bus_presence_query *q) {
    struct bus_msg msg = {.kind = BUS_PRESENCE_ANSWER};
    struct topic topic = {TOPIC_GATEWAY, q->gateway.v};
    struct buf known;
    struct buf out;

    buf_init(&known);
    buf_init(&out);
    for (uint16_t i = 0; i < q->count; i++) {
        struct user_id user = presence_user_at(q->users, i);
        enum presence_state state =
            user.v % 2 == 0 ? PRESENCE_ONLINE : PRESENCE_OFFLINE;

        presence_known_put(&known, (struct presence_known){user, state, 5});
    }
    msg.u.answer.request = q->request;
    msg.u.answer.count = q->count;
    msg.u.answer.known = buf_slice(&known);
    bus_msg_encode(&out, &msg);
    w->service->ops->publish(w->service, &topic, 1, buf_slice(&out), false,
                             NULL, NULL);
    buf_fini(&known);
    buf_fini(&out);
}

static void on_service_message(void *owner, struct topic topic,
                               struct slice bytes) {
    struct world *w = owner;
    struct bus_msg msg;

    assert_int_equal(topic.kind, TOPIC_PRESENCE);
    assert_int_equal(bus_msg_decode(bytes, &msg), RC_OK);
    if (msg.kind == BUS_PRESENCE_REPORT) {
        assert_int_equal(topic.id, msg.u.report.partition + 1);
        log_report(w, &msg.u.report);
    } else if (msg.kind == BUS_PRESENCE_QUERY) {
        w->queries++;
        if (w->answers) {
            answer(w, &msg.u.query);
        }
    }
}

static void on_gateway_message(void *owner, struct topic topic,
                               struct slice bytes) {
    struct world *w = owner;
    struct bus_msg msg;

    (void)topic;
    assert_int_equal(bus_msg_decode(bytes, &msg), RC_OK);
    presence_link_take(w->link, &msg);
}

static void on_gap(void *owner, unsigned partition) {
    (void)owner;
    (void)partition;
}

static const struct bus_events service_events = {
    .on_message = on_service_message, .on_gap = on_gap};
static const struct bus_events gateway_events = {
    .on_message = on_gateway_message, .on_gap = on_gap};

static void wait(struct world *w, uint64_t ms) {
    fake_bus_settle(w->net);
    for (uint64_t spent = 0; spent < ms; spent += STEP_MS) {
        w->clock.mono_ms += STEP_MS;
        wheel_advance(&w->wheel, w->clock.mono_ms);
        fake_bus_settle(w->net);
    }
}

static struct world *open_world(void) {
    struct world *w = mem_new(sizeof(*w));

    w->clock.mono_ms = 1000;
    wheel_init(&w->wheel, w->clock.mono_ms);
    w->net = fake_bus_new(1);
    w->bus = fake_bus_join(w->net);
    w->bus->events = &gateway_events;
    w->bus->owner = w;
    w->service = fake_bus_join(w->net);
    w->service->events = &service_events;
    w->service->owner = w;
    for (uint64_t p = 1; p <= PRESENCE_PARTITIONS; p++) {
        w->service->ops->subscribe(
            w->service, (struct topic){TOPIC_PRESENCE, p}, NULL, NULL);
    }
    fake_bus_settle(w->net);
    w->link = presence_link_open(&config, w->bus, &w->clock, &w->wheel);
    w->port = presence_link_port(w->link);
    w->answers = true;
    return w;
}

static void close_world(struct world *w) {
    presence_link_close(&w->link);
    presence_link_close(&w->link);
    fake_bus_free(&w->net);
    mem_free(w);
}

static void report(struct world *w, uint64_t user, unsigned sessions) {
    w->port->ops->report(w->port, (struct user_id){user}, sessions);
}

static void expect(struct world *w, const char *name, const char *want) {
    if (strcmp(w->log, want) != 0) {
        fail_msg("row \"%s\": \"%s\", not \"%s\"", name, w->log, want);
    }
    w->log[0] = '\0';
}

static void ask(struct world *w, struct topic topic, uint64_t user) {
    struct bus_msg msg = {.kind = BUS_PRESENCE_ASK};
    struct buf out;

    buf_init(&out);
    msg.u.ask.partition = presence_partition((struct user_id){user});
    bus_msg_encode(&out, &msg);
    w->service->ops->publish(w->service, &topic, 1, buf_slice(&out), false,
                             NULL, NULL);
    buf_fini(&out);
}

static void test_reports(void **state) {
    struct world *w = open_world();

    (void)state;
    wait(w, 200);
    expect(w, "introduces itself", "[][][][][][][][]");
    report(w, 7, 1);
    wait(w, 40);
    report(w, 7, 2);
    expect(w, "gathers", "");
    wait(w, 100);
    expect(w, "then tells", "7=2 ");
    report(w, 7, 2);
    report(w, 8, 0);
    wait(w, 300);
    expect(w, "no news", "");
    report(w, 7, 1);
    report(w, 7, 2);
    wait(w, 300);
    expect(w, "changes that cancel out", "");
    report(w, 9, 1);
    report(w, 9, 0);
    report(w, 7, 0);
    wait(w, 300);
    expect(w, "the end of one, nothing of another", "7=0 ");
    report(w, 7, 100000);
    wait(w, 200);
    expect(w, "as many as fit", "7=65535 ");
    close_world(w);
}

/* Every partition renews, changed or not. */
static void test_renews(void **state) {
    struct world *w = open_world();

    (void)state;
    fake_bus_record(w->net, true);
    wait(w, 10300);
    assert_int_equal(fake_bus_sent_count(w->net),
                     (size_t)6 * PRESENCE_PARTITIONS);
    for (size_t i = 0; i < fake_bus_sent_count(w->net); i++) {
        assert_false(fake_bus_sent(w->net, i)->durable);
    }
    close_world(w);
}

static void test_snapshots(void **state) {
    struct world *w = open_world();
    struct topic mine = {TOPIC_GATEWAY, GATEWAY};
    struct topic all = {TOPIC_GATEWAYS, 1};

    (void)state;
    wait(w, 200);
    report(w, 7, 1);
    wait(w, 200);
    expect(w, "told", "[][][][][][][][]7=1 ");
    ask(w, mine, 7);
    ask(w, all, 7);
    wait(w, 300);
    expect(w, "two asks, one snapshot", "[7=1 ]");
    report(w, 7, 0);
    ask(w, mine, 7);
    wait(w, 300);
    expect(w, "of those who are here", "[]");
    ask(w, mine, 8);
    wait(w, 300);
    expect(w, "another partition", "[]");
    presence_link_leave(w->link);
    report(w, 7, 1);
    ask(w, mine, 7);
    wait(w, 5000);
    expect(w, "leaves and is silent", "bye bye bye bye bye bye bye bye ");
    close_world(w);
}

/* A crowd comes in parts that fit a message, and again in a snapshot. */
static void test_crowd(void **state) {
    enum {
        CROWD = 20000
    };
    struct world *w = open_world();

    (void)state;
    wait(w, 200);
    for (uint64_t u = 1; u <= CROWD; u++) {
        report(w, u, 1);
    }
    wait(w, 200);
    assert_int_equal(w->users, CROWD);
    for (uint64_t u = 1; u <= PRESENCE_PARTITIONS; u++) {
        ask(w, (struct topic){TOPIC_GATEWAYS, 1}, u);
    }
    wait(w, 200);
    assert_true(w->users >= CROWD + CROWD / 4);
    close_world(w);
}

static void on_known(void *ctx, const struct presence_known *known,
                     size_t count) {
    struct world *w = ctx;

    w->answered++;
    for (size_t i = 0; i < count && i < ANSWERED_MAX; i++) {
        w->states[i] = known[i].state;
        assert_int_equal(known[i].since_ms,
                         known[i].state == PRESENCE_UNKNOWN ? 0 : 5);
    }
}

static void query(struct world *w, size_t count) {
    static const struct user_id users[ANSWERED_MAX] = {
        {5}, {6}, {5}, {8}, {9}, {100}, {101}, {INT64_MAX}};

    memset(w->states, 0xff, sizeof(w->states));
    w->answered = 0;
    w->port->ops->query(w->port, users, count, on_known, w);
    assert_int_equal(w->answered, 0);
}

static void test_queries(void **state) {
    static const enum presence_state want[ANSWERED_MAX] = {
        PRESENCE_OFFLINE, PRESENCE_ONLINE, PRESENCE_OFFLINE, PRESENCE_ONLINE,
        PRESENCE_OFFLINE, PRESENCE_ONLINE, PRESENCE_OFFLINE, PRESENCE_OFFLINE};
    struct world *w = open_world();

    (void)state;
    wait(w, 200);
    query(w, ANSWERED_MAX);
    wait(w, 0);
    assert_int_equal(w->answered, 1);
    assert_memory_equal(w->states, want, sizeof(want));
    wait(w, 5000);
    assert_int_equal(w->answered, 1);

    /* The service is away, and comes back for the retry. */
    w->answers = false;
    query(w, ANSWERED_MAX);
    wait(w, 900);
    assert_int_equal(w->answered, 0);
    w->answers = true;
    wait(w, 200);
    assert_int_equal(w->answered, 1);
    assert_memory_equal(w->states, want, sizeof(want));

    /* It stays away. */
    w->answers = false;
    query(w, 1);
    wait(w, 1900);
    assert_int_equal(w->answered, 0);
    wait(w, 200);
    assert_int_equal(w->answered, 1);
    assert_int_equal(w->states[0], PRESENCE_UNKNOWN);
    query(w, 0);
    wait(w, STEP_MS);
    assert_int_equal(w->answered, 1);
    close_world(w);
}

/* The bus refuses the first attempt. And what is asked at the end is answered
 * all the same. */
static void test_query_ends(void **state) {
    struct world *w = open_world();

    (void)state;
    wait(w, 200);
    fake_bus_cut(w->bus);
    query(w, 1);
    wait(w, 500);
    fake_bus_heal(w->bus, false);
    wait(w, 600);
    assert_int_equal(w->answered, 1);
    assert_int_equal(w->states[0], PRESENCE_OFFLINE);
    w->answers = false;
    query(w, 2);
    presence_link_close(&w->link);
    assert_int_equal(w->answered, 1);
    assert_int_equal(w->states[1], PRESENCE_UNKNOWN);
    close_world(w);
}

/* Answers that are not to what was asked do nothing. */
static void test_wrong_answers(void **state) {
    struct world *w = open_world();
    uint64_t p = presence_partition((struct user_id){5});
    uint64_t request = PRESENCE_PARTITIONS + p; /* of the first query */
    const struct {
        const char *name;
        uint64_t request;
        uint16_t count;
        uint64_t users[2];
        size_t answered;
    } rows[] = {
        {"of another query", request + PRESENCE_PARTITIONS, 1, {5}, 0},
        {"of another partition", request ^ 1, 1, {5}, 0},
        {"of nobody", request, 0, {0}, 0},
        {"of somebody else", request, 1, {6}, 0},
        {"of one more", request, 2, {5, 6}, 0},
        {"of the one asked", request, 1, {5}, 1},
        {"twice", request, 1, {5}, 1},
    };

    (void)state;
    w->answers = false;
    query(w, 1);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bus_msg msg = {.kind = BUS_PRESENCE_ANSWER};
        struct buf known;

        buf_init(&known);
        for (uint16_t u = 0; u < rows[i].count; u++) {
            presence_known_put(&known,
                               (struct presence_known){
                                   {rows[i].users[u]}, PRESENCE_ONLINE, 5});
        }
        msg.u.answer.request = rows[i].request;
        msg.u.answer.count = rows[i].count;
        msg.u.answer.known = buf_slice(&known);
        presence_link_take(w->link, &msg);
        assert_row(rows[i].name, w->answered == rows[i].answered);
        buf_fini(&known);
    }
    close_world(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reports),       cmocka_unit_test(test_renews),
        cmocka_unit_test(test_snapshots),     cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_queries),       cmocka_unit_test(test_query_ends),
        cmocka_unit_test(test_wrong_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
