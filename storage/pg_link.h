/* One connection to PostgreSQL that is always being made, working, or waiting
 * to be made again. It never blocks the loop. Requests are pipelined: up to
 * PG_LINK_DEPTH are on their way at once, each its own transaction, so that
 * one failing does not disturb its neighbours; answers come in order.
 *
 * (Not called pg_conn: that name is libpq's own.) */
#ifndef MOIM_STORAGE_PG_LINK_H
#define MOIM_STORAGE_PG_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/list.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/wheel.h"
#include "proto/net/loop.h"
#include "storage/pg_conninfo.h"
#include "storage/pg_query.h"

struct pg_link;
struct pg_pool;
struct pg_request;

enum {
    PG_LINK_DEPTH = 16,
    PG_CONNECT_MS = 3000, /* to connect and prepare every statement */
    PG_STALL_MS = 4000,   /* no answer for so long: the connection is dead */
};

/* `res` is NULL unless RC_OK; borrowed until it returns. */
typedef void (*pg_answer_fn)(struct pg_request *req, enum rc rc,
                             const struct pg_result *res);

/* A question; embedded in the caller's object, which must stay until `done`.
 * The first four are set by the caller, the rest is the pool's. */
struct pg_request {
    const struct pg_stmt *stmt;
    struct pg_args args;
    pg_answer_fn done;
    struct list node;
    struct wheel_timer timer;
    struct pg_pool *pool;
    struct pg_link *link; /* where it was sent; NULL: it waits */
    enum rc rc;
    unsigned tries;
    uint64_t asked_us; /* monotonic */
};

struct pg_link_config {
    struct loop *loop; /* all borrowed for the link's life */
    const struct pg_conninfo *info;
    const struct pg_stmt *stmts; /* prepared as each connection begins */
    size_t stmt_count;
    bool prepare; /* false for a pooler that cannot keep them */
};

/* What the link tells its owner, always from the loop. */
struct pg_link_events {
    /* The answer to `req`; `res` is NULL when the connection broke. */
    void (*on_answer)(void *owner, struct pg_request *req,
                      const struct pg_verdict *verdict,
                      const struct pg_result *res);
    /* It came up, or took in some answers: there is room again. */
    void (*on_room)(void *owner);
    /* It broke, or could not be made; all its requests are answered. */
    void (*on_down)(void *owner);
};

/* `id` is for the log. Starts to connect on the next turn of the loop. */
struct pg_link *pg_link_open(const struct pg_link_config *config, uint64_t id,
                             const struct pg_link_events *events,
                             void *owner) MUST_CHECK;
/* Answers what is on its way (RC_BACKEND), frees, sets *l to NULL. Not from
 * within one of its own callbacks. NULL is fine. */
void pg_link_close(struct pg_link **l);
/* Connected and prepared. */
bool pg_link_up(const struct pg_link *l);
/* Requests on their way, the forgotten ones too. */
size_t pg_link_load(const struct pg_link *l);
/* Sends a request to a link that is up and has room. False: the connection
 * just failed and nothing was done; the link is not up any more. */
bool pg_link_send(struct pg_link *l, struct pg_request *req) MUST_CHECK;
/* Its answer will be dropped when it comes; `req` may go. */
void pg_link_forget(struct pg_link *l, const struct pg_request *req);

#endif
