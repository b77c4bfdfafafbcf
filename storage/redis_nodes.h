/* The servers that together are one Redis: a single server, or the primaries
 * of a Redis Cluster. Which of the two it is the first one that answers says
 * (CLUSTER SLOTS). Keeps a connection to each, knows who has which slot, and
 * asks again when something says that this is no longer so: at most once a
 * second.
 *
 * Addresses come from the settings (the seeds) and from CLUSTER SLOTS, never
 * from a redirection: that is a hint about servers that are known.
 *
 * Of a slot that is on its way the old owner serves what it still has, and the
 * new one would say of what has not come yet that it does not exist. So ASK is
 * not followed: what is asked for waits until the slot has arrived. */
#ifndef MOIM_STORAGE_REDIS_NODES_H
#define MOIM_STORAGE_REDIS_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/net/loop.h"
#include "storage/redis_url.h"
#include "storage/resp_conn.h"

enum {
    REDIS_SEEDS_MAX = 16,
    REDIS_START_MS = 2000,        /* for all of a cluster to be connected */
    REDIS_LOOK_MS = 1000,         /* between two looks at who has which slot */
    REDIS_LOOK_ANYWAY_MS = 10000, /* the same, when nothing is wrong */
};

struct redis_nodes;
struct redis_calls;

/* One server. */
struct redis_node {
    struct redis_nodes *owner;
    struct resp_conn *conn;
    char *address; /* as a setting would have it */
    struct redis_url url;
    bool seed;      /* stays when it has no slot */
    bool has_slots; /* it is a primary that has some */
    void *user;     /* the owner's, until on_gone */
};

struct redis_nodes_events {
    /* Who has which slot is known, or has changed; has_slots tells who still
     * has some. May be NULL. */
    void (*on_map)(void *owner);
    /* A server takes calls from now on. May be NULL. */
    void (*on_ready)(void *owner, struct redis_node *node);
    /* It has no slot any more and will be forgotten. May be NULL. */
    void (*on_gone)(void *owner, struct redis_node *node);
};

struct redis_nodes_config {
    /* Its address: one, or several with commas. The rest is borrowed as long
     * as the set is open, for servers that join. */
    struct redis_config redis;
    const char *name; /* for the log; static */
    struct resp_script *scripts;
    size_t script_count;
    const struct redis_nodes_events *events;
    void *owner;
};

/* Starts connecting, as resp_conn_open does.
 * RC_BAD_INPUT: not addresses, or too many. */
enum rc redis_nodes_open(struct redis_nodes **out, struct loop *l,
                         const struct redis_nodes_config *config) MUST_CHECK;
/* Answers every waiting call with RC_CLOSED before it returns. Not from within
 * an event. Sets *n to NULL; NULL is fine. */
void redis_nodes_close(struct redis_nodes **n);

/* Is it known what kind of Redis this is? */
bool redis_nodes_known(const struct redis_nodes *n);
/* False as long as that is not known. */
bool redis_nodes_clustered(const struct redis_nodes *n);
/* Known, and the servers with slots take calls: all of them, or, some time
 * after the start, any. */
bool redis_nodes_ready(const struct redis_nodes *n);
/* The server of a key; while nobody has its slot, the last who had it. */
struct redis_node *redis_nodes_at(const struct redis_nodes *n,
                                  struct slice key);
struct redis_node *redis_nodes_at_slot(const struct redis_nodes *n,
                                       unsigned slot);
struct resp_conn *redis_nodes_conn(const struct redis_nodes *n,
                                   struct slice key);
/* Looks soon who has which slot. */
void redis_nodes_look(struct redis_nodes *n);
/* A reply about a slot is heard. True: the call shall be made again. Never so
 * of a single server. */
bool redis_nodes_hear(struct redis_nodes *n, const struct resp *reply);
/* The calls that wait to be made again (redis_call.h). */
struct redis_calls *redis_nodes_calls(struct redis_nodes *n);
/* Of all connections together. Borrowed as long as it is open. */
const struct resp_conn_stats *redis_nodes_stats(const struct redis_nodes *n);

#endif
