#include "storage/copies.h"

#include <inttypes.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/wire/resp.h"
#include "storage/history_layout.h"

static const struct log_ctx log_copies = {"copies", 0};

/* What a redis_node's `user` is. */
struct copies_server {
    struct copies *owner;
    struct list node;       /* in its `servers` */
    struct resp_conn *conn; /* the node's; NULL: it is gone */
    struct list fresh;      /* not asked for yet */
    struct list asked;      /* a WAIT is on its way */
    bool asking;            /* the same */
    bool lacking;           /* the last one found too few; it is logged */
    struct resp_call call;
    struct loop_task task;
};

/* The last thing that is done: it may ask again. */
static void tell(struct list *who, enum rc rc) {
    struct list *node;

    while ((node = list_pop_front(who)) != NULL) {
        struct copies_waiter *w =
            CONTAINER_OF(node, struct copies_waiter, node);

        w->done(w, rc);
    }
}

static void server_end(struct copies_server *s, enum rc rc) {
    struct list now;

    list_init(&now);
    list_append(&now, &s->asked);
    list_append(&now, &s->fresh);
    loop_undefer(&s->task);
    list_remove(&s->node);
    mem_free(s);
    tell(&now, rc);
}

/* Once for every time that it changes, not for every turn. */
static void note(struct copies_server *s, uint64_t have) {
    bool lacking = have < s->owner->want;

    if (lacking != s->lacking) {
        s->lacking = lacking;
        if (lacking) {
            log_error(&log_copies, "replicas_lacking",
                      "have=%" PRIu64 " want=%" PRIu64, have, s->owner->want);
        } else {
            log_info(&log_copies, "replicas_back", "have=%" PRIu64, have);
        }
    }
}

static enum rc judge(struct copies_server *s, const struct resp *reply) {
    uint64_t have = 0;

    if (!resp_u64(reply, &have)) {
        log_warn(&log_copies, "replicas_unknown", "error=\"%.*s\"",
                 reply->type == RESP_ERROR ? (int)reply->str.n : 0,
                 reply->type == RESP_ERROR ? (const char *)reply->str.p : "");
        return RC_BACKEND;
    }
    note(s, have);
    return have < s->owner->want ? RC_TIMEOUT : RC_OK;
}

/* When the connection broke, what was written on it is not asked for on the
 * next one: that one knows nothing of it, and would say that all is well. */
static void on_answer(struct resp_call *call, enum rc rc,
                      const struct resp *replies) {
    struct copies_server *s = CONTAINER_OF(call, struct copies_server, call);
    struct list now;

    s->asking = false;
    if (s->conn == NULL) {
        server_end(s, RC_BACKEND);
        return;
    }
    list_init(&now);
    list_append(&now, &s->asked);
    if (rc == RC_OK) {
        rc = judge(s, replies);
    } else {
        list_append(&now, &s->fresh);
        rc = rc == RC_AGAIN ? RC_BACKEND : rc; /* the write was made */
    }
    if (!list_empty(&s->fresh)) {
        loop_defer(s->owner->loop, &s->task);
    }
    tell(&now, rc);
}

static void ask(struct copies_server *s) {
    struct buf *out = resp_conn_begin(s->conn, &s->call, on_answer, 1);

    s->asking = true;
    list_append(&s->asked, &s->fresh);
    if (out != NULL) {
        resp_command(
            out,
            (struct slice[]){SLICE_LIT("WAIT"),
                             slice_str(history_number(s->owner->want).s),
                             slice_str(history_number(s->owner->wait_ms).s)},
            3);
    }
}

static void on_flush(struct loop_task *t) {
    struct copies_server *s = CONTAINER_OF(t, struct copies_server, task);

    if (s->asking) {
        return; /* the answer comes here again */
    }
    if (s->conn == NULL) {
        server_end(s, RC_BACKEND);
    } else if (!list_empty(&s->fresh)) {
        ask(s);
    }
}

static struct copies_server *server_of(struct copies *c,
                                       struct redis_node *node) {
    struct copies_server *s = node->user;

    if (s == NULL) {
        s = mem_new(sizeof(*s));
        s->owner = c;
        s->conn = node->conn;
        list_init(&s->fresh);
        list_init(&s->asked);
        loop_task_init(&s->task, on_flush);
        list_init(&s->node);
        list_push_back(&c->servers, &s->node);
        node->user = s;
    }
    return s;
}

void copies_init(struct copies *c, struct loop *l, uint64_t deadline_ms) {
    *c = (struct copies){.loop = l, .wait_ms = deadline_ms / COPIES_WAIT_PART};
    list_init(&c->servers);
}

void copies_fini(struct copies *c) {
    while (!list_empty(&c->servers)) {
        server_end(CONTAINER_OF(c->servers.next, struct copies_server, node),
                   RC_CLOSED);
    }
}

void copies_await(struct copies *c, struct redis_node *node,
                  struct copies_waiter *w) {
    struct copies_server *s = server_of(c, node);

    list_init(&w->node);
    list_push_back(&s->fresh, &w->node);
    loop_defer(c->loop, &s->task);
}

void copies_gone(struct redis_node *node) {
    struct copies_server *s = node->user;

    if (s != NULL) {
        node->user = NULL;
        s->conn = NULL;
        loop_defer(s->owner->loop, &s->task);
    }
}
