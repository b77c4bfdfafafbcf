/* One connection through the proxy: the client's stream, the server's, and a
 * flow each way. */
#ifndef MOIM_FAULT_LINK_H
#define MOIM_FAULT_LINK_H

#include <stdbool.h>

#include "proto/base/list.h"
#include "proto/net/loop.h"
#include "proto/net/stream.h"
#include "tests/fault/proxy/flow.h"
#include "tests/fault/proxy/plan.h"
#include "tests/fault/proxy/resp_filter.h"

enum {
    LINK_CONNECT_MS = 10000,
    LINK_LINGER_MS = 5000,
    LINK_QUEUE_BYTES = 64 << 20, /* flows stop their sources long before */
    LINK_RELEASE_MS = 32,        /* that a message is held to be reordered */
};

/* By the side on which it is: PLAN_UP's source is the client. */
enum link_side {
    LINK_CLIENT,
    LINK_SERVER,
    LINK_SIDES,
};

struct link {
    struct list node; /* in home->links */
    struct link_home *home;
    struct link_end {
        struct link *link;
        struct stream *stream; /* NULL: gone */
    } ends[LINK_SIDES];
    struct flow flows[PLAN_WAYS];
    struct resp_filter filter; /* if it is a Redis */
    struct wheel_timer release;
};

/* What the links of a door have in common; borrowed while one lives. */
struct link_home {
    struct loop *loop;
    struct plan *plan;
    struct list links;  /* that are open */
    const char *target; /* address of the server */
    bool resp;          /* it is a Redis */
    /* Both streams of a link are gone, and the link too. */
    void (*on_gone)(struct link_home *home);
};

/* Takes the client's stream, connects it and goes on by itself. A target that
 * is no address ends the link at once. */
void link_open(struct link_home *home, struct stream *client);
/* Resets both sides. */
void link_reset(struct link *k);
/* Ends the way: its receiver is told that nothing more comes. */
void link_half_close(struct link *k, enum plan_way way);
/* The plan was cleared: what was held goes on; who lost bytes is cut. */
void link_healed(struct link *k);

#endif
