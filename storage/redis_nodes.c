#include "storage/redis_nodes.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/wire/slots.h"
#include "storage/redis_call.h"

enum {
    NODES_MAX = SLOT_NODES_MAX + REDIS_SEEDS_MAX,
    ADDRESS_MAX = 256,
};

static_assert((int)NODES_MAX < (int)SLOT_NOBODY, "an owner is one byte");

struct redis_nodes {
    struct loop *loop;
    struct redis_nodes_config config; /* address and password: the nodes' */
    struct log_ctx log;
    bool tls; /* as the first seed */
    bool known;
    uint64_t known_ms; /* since when */
    bool clustered;
    bool hinted; /* a slot is where a redirection said */
    bool wrong;  /* something says that the map is not right */
    bool quiet;  /* that it cannot be read has been said */
    unsigned looks;
    uint64_t looked_ms;
    struct resp_call look;
    size_t look_node; /* NODES_MAX: it is gone */
    bool looking;
    struct wheel_timer tick;
    struct redis_calls calls;
    struct redis_node *nodes[NODES_MAX]; /* NULL: free */
    uint8_t owner[SLOTS];                /* an index of nodes */
    struct slot_map map;                 /* the last that was read */
    struct resp_conn_stats stats;
};

/* Servers. */

static void on_ready(void *owner);
static void on_lost(void *owner);

static const struct resp_conn_events conn_events = {
    .on_ready = on_ready,
    .on_lost = on_lost,
};

static enum rc node_open(struct redis_nodes *n, size_t i, const char *address,
                         bool seed) {
    struct redis_node *node = mem_new(sizeof(*node));
    struct resp_conn_config conn = {
        .redis = n->config.redis,
        .name = n->config.name,
        .scripts = n->config.scripts,
        .script_count = n->config.script_count,
        .events = &conn_events,
        .owner = node,
        .stats = &n->stats,
    };
    enum rc rc;

    node->owner = n;
    node->seed = seed;
    node->address = mem_dup(address, strlen(address));
    conn.redis.address = node->address;
    rc = redis_url_parse(node->address, &node->url);
    if (rc == RC_OK) {
        rc = resp_conn_open(&node->conn, n->loop, &conn);
    }
    if (rc != RC_OK) {
        mem_free(node->address);
        mem_free(node);
        return rc;
    }
    n->nodes[i] = node;
    return RC_OK;
}

/* Its calls are answered as if it had broken: they may be asked elsewhere. */
static void node_close(struct redis_nodes *n, size_t i) {
    struct redis_node *node = n->nodes[i];

    n->nodes[i] = NULL;
    if (n->look_node == i) {
        n->look_node = NODES_MAX;
    }
    resp_conn_drop(node->conn);
    if (n->config.events->on_gone != NULL) {
        n->config.events->on_gone(n->config.owner, node);
    }
    resp_conn_close(&node->conn);
    mem_free(node->address);
    mem_free(node);
}

/* The index of the server at `address`, without a scheme; or NODES_MAX. */
static size_t node_find(const struct redis_nodes *n, const char *address) {
    for (size_t i = 0; i < NODES_MAX; i++) {
        if (n->nodes[i] != NULL &&
            strcmp(n->nodes[i]->url.address, address) == 0) {
            return i;
        }
    }
    return NODES_MAX;
}

/* The same; a new one is connected to, as to the seeds: under TLS or not. */
static size_t node_for(struct redis_nodes *n, const char *address) {
    size_t i = node_find(n, address);
    char full[ADDRESS_MAX];

    if (i < NODES_MAX) {
        return i;
    }
    for (i = 0; i < NODES_MAX && n->nodes[i] != NULL;) {
        i++;
    }
    snprintf(full, sizeof(full), "%s%s", n->tls ? "rediss://" : "", address);
    return i < NODES_MAX && node_open(n, i, full, false) == RC_OK ? i
                                                                  : NODES_MAX;
}

/* The map. */

static void close_unused(struct redis_nodes *n) {
    for (size_t i = 0; i < NODES_MAX; i++) {
        const struct redis_node *node = n->nodes[i];

        if (node != NULL && !node->seed && !node->has_slots) {
            node_close(n, i);
        }
    }
}

static void mark_used(struct redis_nodes *n) {
    for (size_t i = 0; i < NODES_MAX; i++) {
        if (n->nodes[i] != NULL) {
            n->nodes[i]->has_slots = false;
        }
    }
    for (size_t slot = 0; slot < SLOTS; slot++) {
        n->nodes[n->owner[slot]]->has_slots = true;
    }
}

/* A slot without an owner stays where it was: who is asked there says no. */
static bool map_apply(struct redis_nodes *n) {
    size_t index[SLOT_NODES_MAX] = {0};
    bool changed = false;

    for (size_t i = 0; i < n->map.count; i++) {
        index[i] = node_for(n, n->map.nodes[i].address);
    }
    for (size_t slot = 0; slot < SLOTS; slot++) {
        size_t at = n->map.owner[slot];

        if (at != SLOT_NOBODY && index[at] < NODES_MAX &&
            n->owner[slot] != index[at]) {
            n->owner[slot] = (uint8_t)index[at];
            changed = true;
        }
    }
    mark_used(n);
    return changed;
}

static void tell_map(struct redis_nodes *n) {
    if (n->config.events->on_map != NULL) {
        n->config.events->on_map(n->config.owner);
    }
}

/* How many servers with slots there are that take calls, or do not. */
static size_t count_nodes(const struct redis_nodes *n, bool ready) {
    size_t count = 0;

    for (size_t i = 0; i < NODES_MAX; i++) {
        const struct redis_node *node = n->nodes[i];

        count += node != NULL && node->has_slots &&
                 resp_conn_ready(node->conn) == ready;
    }
    return count;
}

/* Looking. */

static void cannot_read(struct redis_nodes *n, const char *address,
                        const char *why) {
    if (!n->quiet) {
        n->quiet = true;
        log_error(&n->log, "redis_bad_slots", "address=\"%s\" why=\"%s\"",
                  address, why);
    }
}

static void know(struct redis_nodes *n) {
    n->known_ms = n->known ? n->known_ms : n->loop->clock.mono_ms;
    n->known = true;
}

static bool several_seeds(const struct redis_nodes *n) {
    return n->nodes[1] != NULL && n->nodes[1]->seed;
}

/* An error is what a server says that is in no cluster, or may not tell. */
static void take_single(struct redis_nodes *n, const struct redis_node *node) {
    if (n->clustered || several_seeds(n)) {
        cannot_read(n, node->address,
                    "in no cluster, or CLUSTER SLOTS is not allowed: several "
                    "addresses are for the servers of one Redis Cluster");
        return;
    }
    if (!n->known) {
        know(n);
        n->nodes[0]->has_slots = true;
        tell_map(n);
    }
}

static void take_map(struct redis_nodes *n, const struct redis_node *node,
                     const struct resp *reply) {
    enum rc rc = slot_map_read(reply, node->url.host, &n->map);
    bool first = !n->known;

    if (rc != RC_OK) {
        cannot_read(n, node->address,
                    rc == RC_LIMIT ? "more than 128 primaries"
                                   : "no slots are assigned yet, or the "
                                     "servers do not announce IP addresses");
        return;
    }
    know(n);
    n->clustered = true;
    n->quiet = false;
    if (map_apply(n) || n->hinted || first) {
        n->hinted = false;
        log_info(&n->log, "redis_slots", "primaries=%zu", n->map.count);
        tell_map(n);
    }
    close_unused(n);
    n->wrong = count_nodes(n, false) > 0;
}

static void on_slots(struct resp_call *call, enum rc rc,
                     const struct resp *replies) {
    struct redis_nodes *n = CONTAINER_OF(call, struct redis_nodes, look);
    size_t i = n->look_node;

    n->looking = false;
    if (rc != RC_OK || i == NODES_MAX) {
        return; /* the next tick asks again */
    }
    if (replies->type != RESP_ERROR) {
        take_map(n, n->nodes[i], replies);
    } else if (resp_rc(replies) == RC_BACKEND ||
               slice_starts(replies->str, "NOPERM ")) {
        take_single(n, n->nodes[i]);
    } /* else: loading, and the like */
}

static void look_at(struct redis_nodes *n, size_t i) {
    static const struct slice args[] = {
        {(const uint8_t *)"CLUSTER", 7},
        {(const uint8_t *)"SLOTS", 5},
    };

    if (n->looking) {
        return;
    }
    n->looking = true;
    n->looked_ms = n->loop->clock.mono_ms;
    n->look_node = i;
    resp_conn_send(n->nodes[i]->conn, &n->look, on_slots, args, COUNT_OF(args));
}

/* Each time another one that is up. */
static void look(struct redis_nodes *n) {
    for (size_t k = 0; k < NODES_MAX; k++) {
        size_t i = (n->looks + k) % NODES_MAX;

        if (n->nodes[i] != NULL && resp_conn_ready(n->nodes[i]->conn)) {
            n->looks = (unsigned)i + 1;
            look_at(n, i);
            return;
        }
    }
}

/* The ticks end with knowing that there is nothing to look at. */
static void on_tick(struct wheel_timer *t) {
    struct redis_nodes *n = CONTAINER_OF(t, struct redis_nodes, tick);
    uint64_t since_ms = n->loop->clock.mono_ms - n->looked_ms;

    if (n->known && !n->clustered) {
        return;
    }
    loop_timer(n->loop, &n->tick, REDIS_LOOK_MS);
    if (n->wrong || !n->known || since_ms >= REDIS_LOOK_ANYWAY_MS) {
        look(n);
    }
}

void redis_nodes_look(struct redis_nodes *n) {
    n->wrong = true;
    if (n->clustered &&
        n->loop->clock.mono_ms - n->looked_ms >= REDIS_LOOK_MS) {
        look(n);
    }
}

static void on_ready(void *owner) {
    struct redis_node *node = owner;
    struct redis_nodes *n = node->owner;

    if (!n->known) {
        size_t i = 0;

        while (n->nodes[i] != node) {
            i++;
        }
        look_at(n, i);
    }
    if (n->config.events->on_ready != NULL) {
        n->config.events->on_ready(n->config.owner, node);
    }
}

static void on_lost(void *owner) {
    redis_nodes_look(((struct redis_node *)owner)->owner);
}

/* Calls. */

/* Calls follow a hint at once; on_map waits for the map. */
static void take_hint(struct redis_nodes *n, const struct slot_moved *moved) {
    size_t i = node_find(n, moved->address);

    if (moved->slot < SLOTS && i < NODES_MAX) {
        n->owner[moved->slot] = (uint8_t)i;
        n->hinted = true;
    }
}

bool redis_nodes_hear(struct redis_nodes *n, const struct resp *reply) {
    struct slot_moved moved;
    enum slot_answer is;

    if (!n->clustered || reply->type != RESP_ERROR) {
        return false;
    }
    is = slot_answer(reply, &moved);
    if (is == SLOT_ANSWER_PLAIN) {
        return false;
    }
    if (is == SLOT_ANSWER_MOVED) {
        take_hint(n, &moved);
    }
    redis_nodes_look(n);
    return true;
}

/* Opening and closing. */

/* Opens each of "a,b,c". */
static enum rc open_seeds(struct redis_nodes *n, const char *list) {
    struct slice rest = slice_str(list);
    char address[ADDRESS_MAX];
    enum rc rc = RC_OK;
    size_t count = 0;

    do {
        size_t end = slice_find(rest, ',');

        if (end >= sizeof(address) || count == REDIS_SEEDS_MAX) {
            return RC_BAD_INPUT;
        }
        snprintf(address, sizeof(address), "%.*s", (int)end,
                 (const char *)rest.p);
        rc = node_open(n, count++, address, true);
        rest = slice_drop(rest, end < rest.n ? end + 1 : end);
    } while (rc == RC_OK && rest.n > 0);
    return rc;
}

enum rc redis_nodes_open(struct redis_nodes **out, struct loop *l,
                         const struct redis_nodes_config *config) {
    struct redis_nodes *n = mem_new(sizeof(*n));
    enum rc rc;

    n->loop = l;
    n->config = *config;
    n->log.module = config->name;
    wheel_timer_init(&n->tick, on_tick);
    redis_calls_init(&n->calls, l,
                     config->redis.deadline_ms == 0
                         ? RESP_CONN_DEADLINE_MS
                         : config->redis.deadline_ms);
    rc = open_seeds(n, config->redis.address);
    if (rc != RC_OK) {
        redis_nodes_close(&n);
        return rc;
    }
    n->tls = n->nodes[0]->url.tls;
    loop_timer(l, &n->tick, REDIS_LOOK_MS);
    *out = n;
    return RC_OK;
}

void redis_nodes_close(struct redis_nodes **nodes) {
    struct redis_nodes *n = *nodes;

    if (n == NULL) {
        return;
    }
    n->clustered = false; /* who calls meanwhile calls the first, our last */
    wheel_cancel(&n->tick);
    redis_calls_close(&n->calls);
    for (size_t i = NODES_MAX; i-- > 0;) {
        if (n->nodes[i] != NULL) {
            resp_conn_close(&n->nodes[i]->conn);
            mem_free(n->nodes[i]->address);
            mem_free(n->nodes[i]);
        }
    }
    mem_free(n);
    *nodes = NULL;
}

bool redis_nodes_known(const struct redis_nodes *n) {
    return n->known;
}

bool redis_nodes_clustered(const struct redis_nodes *n) {
    return n->clustered;
}

bool redis_nodes_ready(const struct redis_nodes *n) {
    if (!n->clustered) {
        return n->known && resp_conn_ready(n->nodes[0]->conn);
    }
    return count_nodes(n, false) == 0 ||
           (n->loop->clock.mono_ms - n->known_ms >= REDIS_START_MS &&
            count_nodes(n, true) > 0);
}

struct redis_node *redis_nodes_at_slot(const struct redis_nodes *n,
                                       unsigned slot) {
    return n->nodes[n->clustered ? n->owner[slot] : 0];
}

struct redis_node *redis_nodes_at(const struct redis_nodes *n,
                                  struct slice key) {
    return redis_nodes_at_slot(n, n->clustered ? slot_of(key) : 0);
}

struct resp_conn *redis_nodes_conn(const struct redis_nodes *n,
                                   struct slice key) {
    return redis_nodes_at(n, key)->conn;
}

struct redis_calls *redis_nodes_calls(struct redis_nodes *n) {
    return &n->calls;
}

const struct resp_conn_stats *redis_nodes_stats(const struct redis_nodes *n) {
    return &n->stats;
}
