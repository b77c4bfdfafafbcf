/* One pipelined connection to PostgreSQL on the loop. */
#include "storage/pg_link.h"

#include <assert.h>
#include <libpq-fe.h>
#include <string.h>
#include <uv.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "storage/backoff.h"
#include "storage/pg_watch.h"

/*   WAIT --> LOOKUP --> CONNECT --> PREPARE --> UP
 *    ^ \_______|___________^           |         |     (no name to look up)
 *    +---------+-----------+-----------+---------+     (any failure)     */
enum link_state {
    LINK_WAIT,
    LINK_LOOKUP,
    LINK_CONNECT,
    LINK_PREPARE,
    LINK_UP,
};

static const struct {
    const char *name;
    unsigned to; /* BIT() of every state that may follow */
} moves[] = {
    [LINK_WAIT] = {"wait", BIT(LINK_LOOKUP) | BIT(LINK_CONNECT)},
    [LINK_LOOKUP] = {"lookup", BIT(LINK_CONNECT) | BIT(LINK_WAIT)},
    [LINK_CONNECT] = {"connect", BIT(LINK_PREPARE) | BIT(LINK_WAIT)},
    [LINK_PREPARE] = {"prepare", BIT(LINK_UP) | BIT(LINK_WAIT)},
    [LINK_UP] = {"up", BIT(LINK_WAIT)},
};

/* A name being looked up. It outlives a link that lost patience. */
struct lookup {
    uv_getaddrinfo_t req;
    struct pg_link *link; /* NULL: nobody waits any more */
};

struct pg_link {
    struct pg_link_config config;
    const struct pg_link_events *events;
    void *owner;
    struct log_ctx log;
    enum link_state state;
    struct backoff backoff;
    uint64_t up_ms;           /* when it last came up */
    struct wheel_timer timer; /* the wait, the connect deadline, the stall */
    struct lookup *lookup;
    PGconn *pg;
    struct pg_watch watch;
    PGresult *held; /* the answer whose transaction has not ended yet */
    struct pg_request *ring[PG_LINK_DEPTH]; /* sent; NULL: forgotten */
    size_t first;
    size_t count;
    struct loop_task task; /* takes the link down at the end of the turn */
    const char *why;       /* set: it is going down */
};

/* The only place that writes l->state. */
static void link_move(struct pg_link *l, enum link_state to) {
    assert((moves[l->state].to & BIT(to)) != 0);
    log_debug(&l->log, "pg_move", "from=%s to=%s", moves[l->state].name,
              moves[to].name);
    l->state = to;
}

/* Libpq ends its messages with a newline. */
static int message_len(const char *message) {
    return (int)strcspn(message, "\n");
}

/* Going down is put off to the end of the turn, so that whoever is at work on
 * the link finds it whole until then. */
static void fail(struct pg_link *l, const char *why) {
    if (l->why == NULL) {
        l->why = why;
        loop_defer(l->config.loop, &l->task);
    }
}

static void watch(struct pg_link *l, int events) {
    if (pg_watch_set(&l->watch, PQsocket(l->pg), events) != RC_OK) {
        fail(l, "the socket cannot be polled");
    }
}

/* Sends what libpq has buffered, now or when the socket takes more. */
static void flush(struct pg_link *l) {
    int left = PQflush(l->pg);

    if (left < 0) {
        fail(l, "write failed");
    } else {
        watch(l, left > 0 ? UV_READABLE | UV_WRITABLE : UV_READABLE);
    }
}

static struct pg_request *ring_pop(struct pg_link *l) {
    struct pg_request *req = l->ring[l->first];

    assert(l->count > 0);
    l->first = (l->first + 1) % PG_LINK_DEPTH;
    l->count--;
    return req;
}

static void forget_lookup(struct pg_link *l) {
    if (l->lookup != NULL) {
        l->lookup->link = NULL;
        uv_cancel((uv_req_t *)&l->lookup->req); /* its callback frees */
        l->lookup = NULL;
    }
}

/* Lets go of the connection and answers what was on its way. */
static void release(struct pg_link *l) {
    static const struct pg_verdict broke = {RC_BACKEND, PG_DROP, false};

    forget_lookup(l);
    pg_watch_stop(&l->watch); /* before libpq closes the descriptor */
    PQclear(l->held);
    l->held = NULL;
    PQfinish(l->pg);
    l->pg = NULL;
    while (l->count > 0) {
        struct pg_request *req = ring_pop(l);

        if (req != NULL) {
            l->events->on_answer(l->owner, req, &broke, NULL);
        }
    }
}

/* A server that lets us in and throws us out at once is not a success. */
static uint64_t next_wait_ms(struct pg_link *l) {
    struct loop *loop = l->config.loop;

    if (l->state == LINK_UP &&
        loop->clock.mono_ms - l->up_ms >= BACKOFF_STABLE_MS) {
        backoff_reset(&l->backoff);
    }
    return backoff_next(&l->backoff, &loop->rand);
}

/* Once a result has taken it over, libpq's own message is empty. */
static const char *last_error(const struct pg_link *l) {
    const char *held = l->held == NULL ? "" : PQresultErrorMessage(l->held);

    return l->pg == NULL || held[0] != '\0' ? held : PQerrorMessage(l->pg);
}

static void go_down(struct loop_task *t) {
    struct pg_link *l = CONTAINER_OF(t, struct pg_link, task);
    uint64_t wait_ms = next_wait_ms(l);
    const char *error = last_error(l);

    log_warn(&l->log, "pg_down",
             "state=%s why=\"%s\" error=\"%.*s\" wait_ms=%u",
             moves[l->state].name, l->why, message_len(error), error,
             (unsigned)wait_ms);
    l->why = NULL;
    link_move(l, LINK_WAIT);
    loop_timer(l->config.loop, &l->timer, wait_ms);
    release(l);
    l->events->on_down(l->owner);
}

/* Every statement is prepared in one round trip. One that does not fit the
 * schema keeps the link down: better not ready than wrong later. */
static void start_prepare(struct pg_link *l) {
    PGconn *pg = l->pg;
    bool ok = PQsetnonblocking(pg, 1) == 0 && PQenterPipelineMode(pg) == 1;

    link_move(l, LINK_PREPARE);
    for (size_t i = 0; ok && l->config.prepare && i < l->config.stmt_count;
         i++) {
        const struct pg_stmt *s = &l->config.stmts[i];

        ok = PQsendPrepare(pg, s->name, s->sql, 0, NULL) == 1;
    }
    if (!ok || PQpipelineSync(pg) != 1) {
        fail(l, "cannot start the session");
        return;
    }
    flush(l);
}

/* The socket may have changed behind the same number since the last step
 * (libpq tries another address), so each step gets a new poll handle. */
static void connect_step(struct pg_link *l) {
    PostgresPollingStatusType next;

    pg_watch_stop(&l->watch);
    next = PQconnectPoll(l->pg);
    if (next == PGRES_POLLING_OK) {
        start_prepare(l);
    } else if (next == PGRES_POLLING_FAILED) {
        fail(l, "cannot connect");
    } else {
        watch(l, next == PGRES_POLLING_READING ? UV_READABLE : UV_WRITABLE);
    }
}

/* Notices are for psql; a flood of them is not for our log. */
static void on_notice(void *arg, const PGresult *res) {
    (void)arg;
    (void)res;
}

static void start_connect(struct pg_link *l, const struct addrinfo *found) {
    link_move(l, LINK_CONNECT);
    l->pg = pg_conninfo_start(l->config.info, found);
    PQsetNoticeReceiver(l->pg, on_notice, NULL);
    if (PQstatus(l->pg) == CONNECTION_BAD) {
        fail(l, "cannot connect");
    } else {
        watch(l, UV_WRITABLE);
    }
}

static void on_lookup(uv_getaddrinfo_t *req, int status,
                      struct addrinfo *found) {
    struct lookup *k = CONTAINER_OF(req, struct lookup, req);
    struct pg_link *l = k->link;

    mem_free(k);
    if (l != NULL) {
        loop_wake(l->config.loop);
        l->lookup = NULL;
        if (status == 0) {
            start_connect(l, found);
        } else {
            fail(l, uv_strerror(status));
        }
    }
    uv_freeaddrinfo(found);
}

static void start_lookup(struct pg_link *l, const char *name) {
    static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct lookup *k = mem_new(sizeof(*k));

    link_move(l, LINK_LOOKUP);
    k->link = l;
    if (uv_getaddrinfo(&l->config.loop->uv, &k->req, on_lookup, name, NULL,
                       &hints) != 0) {
        mem_free(k);
        fail(l, "cannot look up the host");
        return;
    }
    l->lookup = k;
}

static void on_timer(struct wheel_timer *t) {
    struct pg_link *l = CONTAINER_OF(t, struct pg_link, timer);
    const char *name;

    if (l->state != LINK_WAIT) {
        fail(l, "no answer in time");
        return;
    }
    loop_timer(l->config.loop, &l->timer, PG_CONNECT_MS);
    name = pg_conninfo_lookup(l->config.info);
    if (name != NULL) {
        start_lookup(l, name);
    } else {
        start_connect(l, NULL);
    }
}

static bool is_error(const PGresult *res) {
    ExecStatusType status = PQresultStatus(res);

    return status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK;
}

static bool in_utf8(const struct pg_link *l) {
    return PQclientEncoding(l->pg) == pg_char_to_encoding("UTF8");
}

/* The sync after the statements: the session is ready, or cannot be. */
static void end_prepare(struct pg_link *l) {
    if (l->held != NULL) {
        const char *error = PQresultErrorMessage(l->held);

        log_error(&l->log, "pg_schema",
                  "error=\"%.*s\" hint=\"is the database migrated?\"",
                  message_len(error), error);
        fail(l, "a statement does not fit the database");
        return;
    }
    if (!in_utf8(l)) {
        fail(l, "the session is not in UTF-8");
        return;
    }
    wheel_cancel(&l->timer);
    l->up_ms = l->config.loop->clock.mono_ms;
    link_move(l, LINK_UP);
    log_info(&l->log, "pg_up", "server=%d", PQserverVersion(l->pg));
}

static struct pg_verdict judge(struct pg_link *l, const struct pg_request *req,
                               const PGresult *res) {
    struct pg_verdict v = {RC_OK, PG_KEEP, true};
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *error = PQresultErrorMessage(res);

    if (is_error(res)) {
        v = pg_verdict(state);
    }
    if (!v.expected) {
        log_warn(&l->log, "pg_error", "stmt=%s sqlstate=%s error=\"%.*s\"",
                 req == NULL ? "forgotten" : req->stmt->name,
                 state == NULL ? "none" : state, message_len(error), error);
    }
    return v;
}

/* The sync after a request: its transaction has ended, so its answer counts
 * now and not when its rows came. */
static void end_request(struct pg_link *l) {
    struct pg_request *req;
    struct pg_verdict v;
    PGresult *res = l->held;

    if (l->count == 0 || res == NULL) {
        fail(l, "an answer without a question");
        return;
    }
    req = ring_pop(l);
    l->held = NULL;
    if (l->count == 0) {
        wheel_cancel(&l->timer);
    } else {
        loop_timer(l->config.loop, &l->timer, PG_STALL_MS);
    }
    v = judge(l, req, res);
    if (v.after == PG_DROP || !in_utf8(l)) {
        fail(l, "the session is of no more use");
    }
    if (req != NULL) {
        l->events->on_answer(l->owner, req, &v, res);
    }
    PQclear(res);
}

/* `res` is taken. */
static void take_result(struct pg_link *l, PGresult *res) {
    bool error = is_error(res);

    if (PQresultStatus(res) == PGRES_PIPELINE_SYNC) {
        PQclear(res);
        if (l->state == LINK_PREPARE) {
            end_prepare(l);
        } else {
            end_request(l);
        }
        return;
    }
    if (l->state == LINK_UP && l->held != NULL && !error) {
        fail(l, "an answer too many");
    }
    /* The first error explains the ones that follow from it. */
    if (l->held == NULL ? error || l->state == LINK_UP
                        : error && !is_error(l->held)) {
        PQclear(l->held);
        l->held = res;
    } else {
        PQclear(res);
    }
}

/* PQgetResult would block without the test before it. One NULL stands
 * between two results; two in a row mean there is nothing left. */
static void take_results(struct pg_link *l) {
    int nulls = 0;

    while (l->why == NULL && nulls < 2 && PQisBusy(l->pg) == 0) {
        PGresult *res = PQgetResult(l->pg);

        if (res == NULL) {
            nulls++;
        } else {
            nulls = 0;
            take_result(l, res);
        }
    }
    if (PQstatus(l->pg) == CONNECTION_BAD) {
        fail(l, "connection lost");
    }
}

static void pipeline_step(struct pg_link *l, int status) {
    bool alive = PQconsumeInput(l->pg) == 1 && status == 0;

    take_results(l); /* what came before the end still counts */
    if (!alive) {
        fail(l, "connection lost");
        return;
    }
    if (l->why == NULL) {
        flush(l);
    }
    if (pg_link_up(l)) {
        l->events->on_room(l->owner);
    }
}

static void on_ready(void *owner, int status) {
    struct pg_link *l = owner;

    if (l->why != NULL) {
        return; /* until the end of the turn */
    }
    if (l->state == LINK_CONNECT) {
        connect_step(l);
    } else {
        pipeline_step(l, status);
    }
}

struct pg_link *pg_link_open(const struct pg_link_config *config, uint64_t id,
                             const struct pg_link_events *events, void *owner) {
    struct pg_link *l = mem_new(sizeof(*l));

    l->config = *config;
    l->events = events;
    l->owner = owner;
    l->log = (struct log_ctx){"pg", id};
    l->state = LINK_WAIT;
    backoff_reset(&l->backoff);
    wheel_timer_init(&l->timer, on_timer);
    pg_watch_init(&l->watch, config->loop, on_ready, l);
    loop_task_init(&l->task, go_down);
    loop_timer(config->loop, &l->timer, 0);
    return l;
}

void pg_link_close(struct pg_link **l) {
    if (*l == NULL) {
        return;
    }
    if ((*l)->state != LINK_WAIT) {
        link_move(*l, LINK_WAIT); /* takes no more requests */
    }
    wheel_cancel(&(*l)->timer);
    loop_undefer(&(*l)->task);
    release(*l);
    mem_free(*l);
    *l = NULL;
}

bool pg_link_up(const struct pg_link *l) {
    return l->state == LINK_UP && l->why == NULL;
}

size_t pg_link_load(const struct pg_link *l) {
    return l->count;
}

bool pg_link_send(struct pg_link *l, struct pg_request *req) {
    const struct pg_stmt *s = req->stmt;
    const char *values[PG_ARGS_MAX];
    int sent;

    assert(pg_link_up(l) && l->count < PG_LINK_DEPTH);
    assert(req->args.count == s->args);
    pg_args_values(&req->args, values);
    if (l->config.prepare) {
        sent =
            PQsendQueryPrepared(l->pg, s->name, s->args, values, NULL, NULL, 0);
    } else {
        sent = PQsendQueryParams(l->pg, s->sql, s->args, NULL, values, NULL,
                                 NULL, 0);
    }
    /* Without its sync the request ends with the connection, undone. */
    if (sent != 1 || PQpipelineSync(l->pg) != 1) {
        fail(l, "write failed");
        return false;
    }
    l->ring[(l->first + l->count) % PG_LINK_DEPTH] = req;
    l->count++;
    if (l->count == 1) {
        loop_timer(l->config.loop, &l->timer, PG_STALL_MS);
    }
    flush(l);
    return true;
}

void pg_link_forget(struct pg_link *l, const struct pg_request *req) {
    for (size_t i = 0; i < PG_LINK_DEPTH; i++) {
        if (l->ring[i] == req) {
            l->ring[i] = NULL;
        }
    }
}
