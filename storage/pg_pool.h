/* A few connections to PostgreSQL and the requests that wait for one. Nothing
 * waits without an end: the queue is bounded, every request has a deadline
 * for waiting and answer together, and with no connection up a request fails
 * at once. */
#ifndef MOIM_STORAGE_PG_POOL_H
#define MOIM_STORAGE_PG_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/histogram.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/loop.h"
#include "storage/pg_link.h"
#include "storage/pg_query.h"

struct pg_pool;

enum {
    PG_LINKS_DEFAULT = 4,
    PG_LINKS_MAX = 64,
    PG_QUEUE_DEFAULT = 256,
    PG_DEADLINE_DEFAULT_MS = 2000,
};

/* Zeros mean the defaults. */
struct pg_pool_config {
    const char *conninfo; /* see pg_conninfo.h; copied */
    const char *program;  /* application_name; copied */
    size_t links;         /* connections, at most PG_LINKS_MAX */
    size_t queue_max;     /* requests that wait for room on a connection */
    uint64_t deadline_ms;
    bool no_prepare; /* a pooler in between cannot keep statements */
    const struct pg_stmt *stmts; /* borrowed for the pool's life */
    size_t stmt_count;
};

struct pg_pool_stats {
    uint64_t asked;
    uint64_t refused; /* no connection, or the queue was full */
    uint64_t timeouts;
    uint64_t retried;  /* after a deadlock or serialization failure */
    uint64_t failures; /* connections that broke or could not be made */
    size_t links_up;
    size_t waiting;
    size_t in_flight; /* the forgotten ones too */
};

/* Starts to connect; does not wait for it. `loop` is borrowed until close.
 * RC_BAD_INPUT: the connection string or a number is no good; logged. */
enum rc pg_pool_open(struct pg_pool **out, struct loop *loop,
                     const struct pg_pool_config *config) MUST_CHECK;
/* Answers everything that waits (RC_BACKEND, from inside), frees and sets *p
 * to NULL; NULL is fine. Not from within an answer. Sockets and look-ups
 * finish closing on the next turns of the loop. */
void pg_pool_close(struct pg_pool **p);
/* False: a request now would be answered RC_AGAIN. */
bool pg_pool_ready(const struct pg_pool *p);
struct pg_pool_stats pg_pool_stats(const struct pg_pool *p);
/* From asking to the answer, one for each statement of the table; those that
 * were never sent do not count. Borrowed as long as the pool is open. */
const struct histogram *pg_pool_seconds(const struct pg_pool *p);

/* `req` becomes a question with no parameters yet; `stmt` is of the table. */
void pg_request_init(struct pg_request *req, const struct pg_stmt *stmt,
                     pg_answer_fn done);
/* Asks. `req` is borrowed until `done`, which is called once, from the loop,
 * never from within; its parameters are freed before that.
 *
 * RC_OK         the transaction is committed; `res` has the rows
 * RC_BAD_INPUT  a parameter does not fit, or the server says so
 * RC_AGAIN      no connection, queue full, or rolled back; nothing was done
 * RC_TIMEOUT    no answer in time; it may have been done
 * RC_BACKEND    the connection broke or the server refused; it may have been
 * RC_CONFLICT, RC_NOT_FOUND  a unique key, a foreign key; nothing was done */
void pg_pool_ask(struct pg_pool *p, struct pg_request *req);

#endif
