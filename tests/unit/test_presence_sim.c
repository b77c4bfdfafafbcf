/* Gateways and presence services over a bus that loses and repeats, while
 * all of them die, come back, leave and lose their connection: for many seeds
 * nobody is called offline who is here, and when it is quiet again everybody
 * knows the truth. The failing seed is the last one printed; PRESENCE_SEED=<n>
 * begins with n. */
#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/presence_link.h"
#include "presence/service.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/base/rand.h"
#include "tests/fakes/fake_bus.h"

enum {
    SEEDS = 48,
    GATEWAYS = 4,
    SERVICES = 2,
    USERS = 40,
    STEP_MS = 50,
    CHAOS_MS = 90 * 1000,
    QUIET_MS = 30 * 1000,
    START_MS = 10 * 1000,
};

#define START_MONO_MS 1000
#define START_WALL_MS UINT64_C(1700000000000)

/* What may happen in a run; the seed chooses. */
enum trouble {
    LOSS = BIT(0),         /* messages are lost and repeated */
    KILL_ONE = BIT(1),     /* one of the services, while the other works */
    KILL_ANY = BIT(2),     /* any, also both */
    KILL_GATEWAY = BIT(3), /* and start a new one */
    CUT = BIT(4),          /* connections to the bus */
    TROUBLES = BIT(5),
};

static const struct tracker_config tracker_config = {
    .lease_ms = 6000, .grace_ms = 5000, .settle_ms = 3000, .asleep_ms = 2000};

struct gateway {
    struct bus *bus;
    struct presence_link *link; /* NULL: dead */
    bool cut;
    unsigned sessions[USERS];
};

struct node {
    struct bus *bus;
    struct service *service; /* NULL: dead */
    bool cut;
    uint64_t ready_ms; /* for how long it has been able to take over */
};

struct world {
    unsigned trouble;
    struct rand rand;
    struct clock clock;
    struct wheel wheel;
    struct fake_bus *net;
    struct directory dir;
    uint64_t ids;
    struct gateway gateways[GATEWAYS];
    struct node nodes[SERVICES];
    uint64_t here_ms[USERS]; /* since when on a live gateway; 0: not */
    uint64_t back_ms[USERS]; /* when a user on the way arrives; 0: is not */
    enum presence_state told[USERS];
    size_t asked; /* answers that are still awaited */
    size_t offlines;
};

static struct user_id user(size_t i) {
    return (struct user_id){100 + i};
}

/* The directory takes everything, at once; nothing waits for it here. */
static void seen_write(struct directory *d, const struct user_id *users,
                       const uint64_t *last_seen_ms, size_t count,
                       directory_done_fn done, void *ctx) {
    (void)d;
    (void)done;
    (void)ctx;
    for (size_t i = 0; i < count; i++) {
        assert_true(users[i].v >= 100 && last_seen_ms[i] != 0);
    }
}

static const struct directory_ops dir_ops = {.seen_write = seen_write};

/* Gateways. */

static void on_message(void *owner, struct topic topic, struct slice bytes) {
    struct gateway *g = owner;
    struct bus_msg msg;

    (void)topic;
    assert_int_equal(bus_msg_decode(bytes, &msg), RC_OK);
    presence_link_take(g->link, &msg);
}

static const struct bus_events gateway_events = {.on_message = on_message};

static void gateway_start(struct world *w, struct gateway *g) {
    struct presence_link_config config = {
        .gateway = {++w->ids},
        .renew_ms = 2000,
        .gather_ms = 100,
        .answer_ms = 1000,
    };

    *g = (struct gateway){.bus = fake_bus_join(w->net)};
    g->bus->events = &gateway_events;
    g->bus->owner = g;
    g->link = presence_link_open(&config, g->bus, &w->clock, &w->wheel);
}

static void gateway_stop(struct world *w, struct gateway *g) {
    if (rand_below(&w->rand, 2) == 0) {
        presence_link_leave(g->link);
    }
    fake_bus_kill(g->bus);
    presence_link_close(&g->link);
    *g = (struct gateway){0};
}

static void set_sessions(struct gateway *g, size_t u, unsigned sessions) {
    struct presence *port = presence_link_port(g->link);

    g->sessions[u] = sessions;
    port->ops->report(port, user(u), sessions);
}

static bool is_here(const struct world *w, size_t u) {
    for (size_t i = 0; i < GATEWAYS; i++) {
        if (w->gateways[i].sessions[u] > 0 && !w->gateways[i].cut) {
            return true;
        }
    }
    return false;
}

/* Services. */

static void node_start(struct world *w, struct node *n) {
    struct service_config config = {
        .service = ++w->ids,
        .tracker = tracker_config,
        .seen_every_ms = 2000,
        .seen_limit = 1000,
    };
    struct service_ports ports = {NULL, &w->dir, &w->clock, &w->wheel, NULL};

    *n = (struct node){.bus = fake_bus_join(w->net)};
    ports.bus = n->bus;
    n->service = service_open(&config, &ports);
}

static void node_stop(struct world *w, struct node *n) {
    if (rand_below(&w->rand, 3) == 0) {
        service_leave(n->service);
    }
    fake_bus_kill(n->bus);
    service_close(&n->service);
}

/* How long a restarted service lets the other work. */
static bool can_take_over(const struct world *w, const struct node *n) {
    return n->service != NULL && n->ready_ms != 0 &&
           w->clock.mono_ms - n->ready_ms > 2 * tracker_config.lease_ms;
}

/* Time. */

/* Who comes back within the grace is never called offline, whatever is lost;
 * unless it is to a gateway that nobody has heard of yet. */
static void check_grace(const struct world *w, struct presence_known known) {
    uint64_t here_ms = w->here_ms[known.user.v - 100];
    uint64_t gone_ms = known.since_ms - START_WALL_MS;
    bool loss = (w->trouble & LOSS) != 0;

    if ((w->trouble & CUT) != 0 || (loss && (w->trouble & KILL_GATEWAY) != 0)) {
        return;
    }
    if (here_ms != 0 && here_ms + 300 < gone_ms + tracker_config.grace_ms) {
        fail_msg("user %llu was back in time, at %llu, gone at %llu",
                 (unsigned long long)known.user.v, (unsigned long long)here_ms,
                 (unsigned long long)gone_ms);
    }
}

static void check_told(struct world *w, struct presence_known known) {
    size_t u = known.user.v - 100;
    /* A report, or the snapshot that mends a lost one, has come by then. */
    bool lossy = (w->trouble & (LOSS | CUT)) != 0;
    uint64_t news_ms = lossy ? tracker_config.lease_ms + 500 : 500;

    assert_true(u < USERS);
    w->told[u] = known.state;
    if (known.state != PRESENCE_OFFLINE) {
        return;
    }
    w->offlines++;
    check_grace(w, known);
    if (w->here_ms[u] != 0 && w->clock.mono_ms - w->here_ms[u] > news_ms) {
        fail_msg("user %zu is called offline after %llu ms online", u,
                 (unsigned long long)(w->clock.mono_ms - w->here_ms[u]));
    }
}

static void check_sent(struct world *w) {
    for (size_t i = 0; i < fake_bus_sent_count(w->net); i++) {
        const struct fake_bus_sent *sent = fake_bus_sent(w->net, i);
        struct bus_msg msg;

        if (sent->topic.kind == TOPIC_SEEN) {
            assert_int_equal(bus_msg_decode(sent->msg, &msg), RC_OK);
            check_told(w, msg.u.seen);
        }
    }
    fake_bus_forget(w->net);
}

static void step(struct world *w) {
    w->clock.mono_ms += STEP_MS;
    w->clock.wall_ms += STEP_MS;
    wheel_advance(&w->wheel, w->clock.mono_ms);
    (void)fake_bus_turn(w->net);
    for (size_t u = 0; u < USERS; u++) {
        if (!is_here(w, u)) {
            w->here_ms[u] = 0;
        } else if (w->here_ms[u] == 0) {
            w->here_ms[u] = w->clock.mono_ms;
        }
    }
    for (size_t i = 0; i < SERVICES; i++) {
        struct node *n = &w->nodes[i];

        if (n->service == NULL || !service_ready(n->service)) {
            n->ready_ms = 0;
        } else if (n->ready_ms == 0) {
            n->ready_ms = w->clock.mono_ms;
        }
    }
    check_sent(w);
}

static void pass(struct world *w, uint64_t ms) {
    for (uint64_t spent = 0; spent < ms; spent += STEP_MS) {
        step(w);
    }
}

/* Chaos: each with its chance in a thousand a step. */

static bool happens(struct world *w, unsigned permille, unsigned trouble) {
    return (trouble == 0 || (w->trouble & trouble) != 0) &&
           rand_below(&w->rand, 1000) < permille;
}

static void move_somebody(struct world *w) {
    struct gateway *g = &w->gateways[rand_below(&w->rand, GATEWAYS)];
    size_t u = rand_below(&w->rand, USERS);

    if (g->link != NULL) {
        set_sessions(g, u, (unsigned)rand_below(&w->rand, 3));
    }
}

/* As a phone that changes networks: gone here, some seconds later there. */
static void send_on_the_way(struct world *w) {
    size_t u = rand_below(&w->rand, USERS);

    for (size_t i = 0; i < GATEWAYS; i++) {
        if (w->gateways[i].link != NULL) {
            set_sessions(&w->gateways[i], u, 0);
        }
    }
    w->back_ms[u] = w->clock.mono_ms + 1000 + rand_below(&w->rand, 3700);
}

static void let_arrive(struct world *w) {
    for (size_t u = 0; u < USERS; u++) {
        struct gateway *g = &w->gateways[rand_below(&w->rand, GATEWAYS)];

        if (w->back_ms[u] != 0 && w->clock.mono_ms >= w->back_ms[u] &&
            g->link != NULL) {
            w->back_ms[u] = 0;
            set_sessions(g, u, 1);
        }
    }
}

static void trouble_gateway(struct world *w) {
    struct gateway *g = &w->gateways[rand_below(&w->rand, GATEWAYS)];

    if (g->link == NULL) {
        gateway_start(w, g);
    } else {
        gateway_stop(w, g);
    }
}

static void trouble_service(struct world *w) {
    size_t i = rand_below(&w->rand, SERVICES);
    struct node *n = &w->nodes[i];

    if (n->service == NULL) {
        node_start(w, n);
    } else if ((w->trouble & KILL_ANY) != 0 ||
               can_take_over(w, &w->nodes[1 - i])) {
        node_stop(w, n);
    }
}

static void toggle_cut(struct bus *bus, bool *cut) {
    if (*cut) {
        fake_bus_heal(bus, false);
    } else {
        fake_bus_cut(bus);
    }
    *cut = !*cut;
}

static void trouble_bus(struct world *w) {
    struct gateway *g = &w->gateways[rand_below(&w->rand, GATEWAYS)];
    struct node *n = &w->nodes[rand_below(&w->rand, SERVICES)];

    if (rand_below(&w->rand, 2) == 0) {
        if (g->link != NULL) {
            toggle_cut(g->bus, &g->cut);
        }
    } else if (n->service != NULL) {
        toggle_cut(n->bus, &n->cut);
    }
}

static void chaos(struct world *w) {
    if (happens(w, 50, 0)) {
        move_somebody(w);
    }
    if (happens(w, 50, 0)) {
        send_on_the_way(w);
    }
    let_arrive(w);
    if (happens(w, 3, KILL_GATEWAY)) {
        trouble_gateway(w);
    }
    if (happens(w, 6, KILL_ONE | KILL_ANY)) {
        trouble_service(w);
    }
    if (happens(w, 10, CUT)) {
        trouble_bus(w);
    }
}

/* Quiet: everything works again. */
static void calm(struct world *w) {
    fake_bus_lose(w->net, 0);
    fake_bus_repeat(w->net, 0);
    for (size_t i = 0; i < GATEWAYS; i++) {
        if (w->gateways[i].cut) {
            toggle_cut(w->gateways[i].bus, &w->gateways[i].cut);
        }
    }
    for (size_t i = 0; i < SERVICES; i++) {
        if (w->nodes[i].service == NULL) {
            node_start(w, &w->nodes[i]);
        } else if (w->nodes[i].cut) {
            toggle_cut(w->nodes[i].bus, &w->nodes[i].cut);
        }
    }
}

static void check_known(const struct world *w, size_t u,
                        enum presence_state state) {
    enum presence_state truth =
        is_here(w, u) ? PRESENCE_ONLINE : PRESENCE_OFFLINE;

    if (state != truth) {
        fail_msg("user %zu is %d, truly %d", u, (int)state, (int)truth);
    }
}

static void on_known(void *ctx, const struct presence_known *known,
                     size_t count) {
    struct world *w = ctx;

    w->asked--;
    assert_int_equal(count, USERS);
    for (size_t u = 0; u < USERS; u++) {
        check_known(w, u, known[u].state);
    }
}

static void ask_all(struct world *w) {
    struct user_id users[USERS];

    for (size_t u = 0; u < USERS; u++) {
        users[u] = user(u);
    }
    for (size_t i = 0; i < GATEWAYS; i++) {
        if (w->gateways[i].link != NULL) {
            struct presence *port = presence_link_port(w->gateways[i].link);

            w->asked++;
            port->ops->query(port, users, USERS, on_known, w);
        }
    }
    pass(w, 3000);
    assert_int_equal(w->asked, 0);
}

/* Everything told adds up to the truth, if somebody was there to tell. */
static void check_story(const struct world *w, size_t u) {
    enum presence_state lie =
        is_here(w, u) ? PRESENCE_OFFLINE : PRESENCE_ONLINE;

    if ((w->trouble & (KILL_ANY | CUT)) == 0 && w->told[u] == lie) {
        fail_msg("user %zu was last told %d", u, (int)w->told[u]);
    }
}

static void open_world(struct world *w, uint64_t seed) {
    rand_seed(&w->rand, seed);
    w->trouble = (unsigned)(seed % TROUBLES);
    w->clock = (struct clock){.mono_ms = START_MONO_MS,
                              .wall_ms = START_WALL_MS + START_MONO_MS};
    wheel_init(&w->wheel, w->clock.mono_ms);
    w->dir.ops = &dir_ops;
    w->net = fake_bus_new(seed);
    fake_bus_record(w->net, true);
    for (size_t i = 0; i < GATEWAYS; i++) {
        gateway_start(w, &w->gateways[i]);
    }
    for (size_t i = 0; i < SERVICES; i++) {
        node_start(w, &w->nodes[i]);
    }
}

static void close_world(struct world *w) {
    for (size_t i = 0; i < GATEWAYS; i++) {
        presence_link_close(&w->gateways[i].link);
    }
    for (size_t i = 0; i < SERVICES; i++) {
        service_close(&w->nodes[i].service);
    }
    fake_bus_free(&w->net);
    mem_free(w);
}

static size_t run(uint64_t seed) {
    struct world *w = mem_new(sizeof(*w));
    size_t offlines;

    open_world(w, seed);
    pass(w, START_MS);
    if ((w->trouble & LOSS) != 0) {
        fake_bus_lose(w->net, 3);
        fake_bus_repeat(w->net, 3);
    }
    for (uint64_t ms = 0; ms < CHAOS_MS; ms += STEP_MS) {
        chaos(w);
        step(w);
    }
    calm(w);
    pass(w, QUIET_MS);
    ask_all(w);
    for (size_t u = 0; u < USERS; u++) {
        check_story(w, u);
    }
    offlines = w->offlines;
    close_world(w);
    return offlines;
}

static void test_seeds(void **state) {
    const char *only = getenv("PRESENCE_SEED");
    uint64_t first = only == NULL ? 0 : strtoull(only, NULL, 10);
    size_t offlines = 0;

    (void)state;
    for (uint64_t seed = first; seed < first + SEEDS; seed++) {
        printf("seed %llu\n", (unsigned long long)seed);
        fflush(stdout);
        offlines += run(seed);
    }
    assert_true(offlines > SEEDS); /* something was tried at all */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seeds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
