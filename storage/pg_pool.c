/* Connections, a bounded queue and deadlines. */
#include "storage/pg_pool.h"

#include <assert.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"

enum {
    TRIES_MAX = 3, /* of a request that loses races */
};

struct pg_pool {
    struct loop *loop;
    struct pg_conninfo *info;
    struct pg_link *links[PG_LINKS_MAX];
    size_t link_count;
    size_t queue_max;
    uint64_t deadline_ms;
    struct list waiting;
    struct list failed;    /* to be answered at the end of the turn */
    struct loop_task task; /* answers them */
    struct pg_pool_stats stats;
    const struct pg_stmt *stmts;
    struct histogram *seconds; /* one for each of them */
    bool closing;
};

/* The end of a request: `done` may free it, and may ask again. */
static void answer(struct pg_request *req, enum rc rc,
                   const struct pg_result *res) {
    wheel_cancel(&req->timer);
    list_remove(&req->node);
    pg_args_fini(&req->args);
    req->done(req, rc, rc == RC_OK ? res : NULL);
}

/* Answers later in this turn, since nothing is answered from within asking. */
static void fail_soon(struct pg_pool *p, struct pg_request *req, enum rc rc) {
    req->rc = rc;
    list_push_back(&p->failed, &req->node);
    loop_defer(p->loop, &p->task);
}

/* Only those that stand there now: a caller who asks again at once waits for
 * the next turn, so that he cannot hold up the loop. */
static void on_failed(struct loop_task *t) {
    struct pg_pool *p = CONTAINER_OF(t, struct pg_pool, task);
    struct list now;
    struct list *node;

    list_init(&now);
    list_append(&now, &p->failed);
    while ((node = list_pop_front(&now)) != NULL) {
        struct pg_request *req = CONTAINER_OF(node, struct pg_request, node);

        answer(req, req->rc, NULL);
    }
}

/* The one that has the least on its way: a link behind a slow statement gets
 * no more until the others are as busy. */
static struct pg_link *pick(const struct pg_pool *p) {
    struct pg_link *best = NULL;
    size_t least = PG_LINK_DEPTH;

    for (size_t i = 0; i < p->link_count; i++) {
        struct pg_link *l = p->links[i];

        if (l != NULL && pg_link_up(l) && pg_link_load(l) < least) {
            best = l;
            least = pg_link_load(l);
        }
    }
    return best;
}

/* Sends what waits while there is room. */
static void pump(struct pg_pool *p) {
    struct pg_link *l;

    while (!list_empty(&p->waiting) && (l = pick(p)) != NULL) {
        struct pg_request *req =
            CONTAINER_OF(p->waiting.next, struct pg_request, node);

        if (pg_link_send(l, req)) {
            list_remove(&req->node);
            p->stats.waiting--;
            req->link = l;
        }
    }
}

static void on_deadline(struct wheel_timer *t) {
    struct pg_request *req = CONTAINER_OF(t, struct pg_request, timer);
    struct pg_pool *p = req->pool;

    p->stats.timeouts++;
    if (req->link != NULL) {
        pg_link_forget(req->link, req);
    } else {
        p->stats.waiting--;
    }
    answer(req, RC_TIMEOUT, NULL);
}

static void measure(struct pg_pool *p, const struct pg_request *req) {
    histogram_add_since(&p->seconds[req->stmt - p->stmts], req->asked_us,
                        p->loop->clock.mono_us);
}

static void on_answer(void *owner, struct pg_request *req,
                      const struct pg_verdict *verdict,
                      const struct pg_result *res) {
    struct pg_pool *p = owner;

    req->link = NULL;
    req->tries++;
    if (verdict->after == PG_RETRY && req->tries < TRIES_MAX) {
        p->stats.retried++;
        p->stats.waiting++;
        list_push_front(&p->waiting, &req->node);
        return; /* on_room follows and sends it */
    }
    measure(p, req);
    answer(req, verdict->rc, res);
}

static void on_room(void *owner) {
    pump(owner);
}

bool pg_pool_ready(const struct pg_pool *p) {
    return pg_pool_stats(p).links_up > 0 && p->stats.waiting < p->queue_max;
}

/* With the last connection gone, those who wait for one hear so now. */
static void on_down(void *owner) {
    struct pg_pool *p = owner;
    struct list *node;

    p->stats.failures++;
    if (pg_pool_stats(p).links_up > 0) {
        pump(p);
        return;
    }
    while ((node = list_pop_front(&p->waiting)) != NULL) {
        p->stats.waiting--;
        fail_soon(p, CONTAINER_OF(node, struct pg_request, node), RC_AGAIN);
    }
}

struct pg_pool_stats pg_pool_stats(const struct pg_pool *p) {
    struct pg_pool_stats s = p->stats;

    for (size_t i = 0; i < p->link_count; i++) {
        if (p->links[i] != NULL) {
            s.links_up += pg_link_up(p->links[i]) ? 1 : 0;
            s.in_flight += pg_link_load(p->links[i]);
        }
    }
    return s;
}

const struct histogram *pg_pool_seconds(const struct pg_pool *p) {
    return p->seconds;
}

void pg_request_init(struct pg_request *req, const struct pg_stmt *stmt,
                     pg_answer_fn done) {
    *req = (struct pg_request){.stmt = stmt, .done = done};
    pg_args_init(&req->args);
    list_init(&req->node);
    wheel_timer_init(&req->timer, on_deadline);
}

void pg_pool_ask(struct pg_pool *p, struct pg_request *req) {
    req->pool = p;
    req->asked_us = p->loop->clock.mono_us;
    p->stats.asked++;
    if (req->args.bad) {
        fail_soon(p, req, RC_BAD_INPUT);
        return;
    }
    if (p->closing || !pg_pool_ready(p)) {
        p->stats.refused++;
        fail_soon(p, req, RC_AGAIN);
        return;
    }
    loop_timer(p->loop, &req->timer, p->deadline_ms);
    list_push_back(&p->waiting, &req->node);
    p->stats.waiting++;
    pump(p);
}

static size_t or_default(size_t v, size_t otherwise) {
    return v == 0 ? otherwise : v;
}

enum rc pg_pool_open(struct pg_pool **out, struct loop *loop,
                     const struct pg_pool_config *config) {
    static const struct pg_link_events events = {on_answer, on_room, on_down};
    struct pg_pool *p;
    struct pg_link_config link = {loop, NULL, config->stmts, config->stmt_count,
                                  !config->no_prepare};
    struct pg_conninfo *info = NULL;
    enum rc rc = RC_BAD_INPUT;

    if (config->links <= PG_LINKS_MAX) {
        rc = pg_conninfo_open(&info, config->conninfo, config->program);
    }
    if (rc != RC_OK) {
        return rc;
    }
    p = mem_new(sizeof(*p));
    p->loop = loop;
    p->info = info;
    p->stmts = config->stmts;
    p->seconds = mem_new(config->stmt_count * sizeof(*p->seconds));
    p->queue_max = or_default(config->queue_max, PG_QUEUE_DEFAULT);
    p->deadline_ms = or_default(config->deadline_ms, PG_DEADLINE_DEFAULT_MS);
    p->link_count = or_default(config->links, PG_LINKS_DEFAULT);
    list_init(&p->waiting);
    list_init(&p->failed);
    loop_task_init(&p->task, on_failed);
    link.info = info;
    for (size_t i = 0; i < p->link_count; i++) {
        p->links[i] = pg_link_open(&link, i + 1, &events, p);
    }
    *out = p;
    return RC_OK;
}

void pg_pool_close(struct pg_pool **p) {
    struct list *node;

    if (*p == NULL) {
        return;
    }
    (*p)->closing = true;
    for (size_t i = 0; i < (*p)->link_count; i++) {
        pg_link_close(&(*p)->links[i]);
    }
    list_append(&(*p)->failed, &(*p)->waiting);
    while ((node = list_pop_front(&(*p)->failed)) != NULL) {
        answer(CONTAINER_OF(node, struct pg_request, node), RC_BACKEND, NULL);
    }
    loop_undefer(&(*p)->task);
    pg_conninfo_close(&(*p)->info);
    mem_free((*p)->seconds);
    mem_free(*p);
    *p = NULL;
}
