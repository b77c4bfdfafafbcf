#include "storage/history_many.h"

#include <assert.h>

#include "proto/base/mem.h"
#include "proto/base/plant.h"
#include "storage/history_identity.h"
#include "storage/history_layout.h"

/* The questions of one server. */
struct part {
    struct resp_call call;
    struct copies_waiter copied;
    struct history_many *m;
    struct redis_node *at;
    struct list node; /* in the round, until it leaves */
    size_t count;
    size_t items[];
};

static void round_begin(struct history_many *m);

/* What is open in the end could not be had. The rest is answered without it,
 * if there is a rest. */
static enum rc miss_open(struct history_many *m, enum rc why) {
    size_t open = 0;

    for (size_t i = 0; i < m->count; i++) {
        open += m->open[i];
    }
    if (open == m->count || (open > 0 && m->ops->miss == NULL)) {
        return why;
    }
    for (size_t i = 0; i < m->count; i++) {
        if (m->open[i]) {
            m->ops->miss(m, i);
        }
    }
    return RC_OK;
}

/* Everybody has answered. */
static void round_end(struct history_many *m) {
    bool again = m->gone && !m->base.again;

    if (m->rc == RC_OK && again) {
        m->base.again = true;
        round_begin(m);
        return;
    }
    if (m->rc == RC_OK && m->moved) {
        if (redis_call_wait(&m->base.route)) {
            return;
        }
        m->why = RC_AGAIN;
    }
    if (m->rc == RC_OK && m->why != RC_OK) {
        m->rc = miss_open(m, m->why);
    }
    mem_free(m->open);
    m->ops->end(m, m->rc);
}

static void take_answer(struct history_many *m, size_t i, enum rc rc) {
    if (rc == RC_OK || m->ops->miss == NULL) {
        m->open[i] = false;
        m->rc = m->rc == RC_OK ? rc : m->rc;
    } else {
        m->why = rc;
    }
}

static void take_item(struct history_many *m, size_t i,
                      const struct resp *replies) {
    bool moved = false;
    bool gone = false;

    for (size_t k = 0; k < m->ops->each; k++) {
        moved = redis_nodes_hear(m->base.h->nodes, &replies[k]) || moved;
        gone =
            history_store_gone(m->base.h, m->base.again, RC_OK, &replies[k]) ||
            gone;
    }
    m->moved |= moved;
    m->gone |= gone;
    if (!moved && !gone) {
        take_answer(m, i, m->ops->take(m, i, replies));
    }
}

static struct history_key part_key(const struct part *p) {
    return history_key(p->m->ops->conv(p->m, p->items[0]), "meta");
}

/* Does it come from the store that was known? A server loses everything, or
 * nothing: one slot speaks for all. One that has just left says nothing, and
 * is asked again where it is. */
static enum rc part_judge(const struct part *p, const struct resp *last) {
    struct history_redis *h = p->m->base.h;

    if (p->count == 0 || history_identity_gets(h) == 0 ||
        redis_nodes_hear(h->nodes, last)) {
        return RC_OK;
    }
    return history_identity_judge(h, slice_str(part_key(p).s), last);
}

static void part_end(struct part *p) {
    struct history_many *m = p->m;

    mem_free(p);
    m->parts--;
    if (m->parts == 0) {
        round_end(m);
    }
}

static void on_copied(struct copies_waiter *copied, enum rc rc) {
    struct part *p = CONTAINER_OF(copied, struct part, copied);
    struct history_many *m = p->m;

    for (size_t i = 0; rc != RC_OK && i < p->count; i++) {
        m->base.h->stats.unsure++;
        m->open[p->items[i]] = true;
    }
    if (rc == RC_CLOSED) {
        m->rc = rc;
    } else if (rc != RC_OK) {
        m->why = rc;
    }
    part_end(p);
}

/* With tier t2 nobody is told what replicas lack; see history_pages.c. */
static bool part_waits(struct part *p) {
    struct copies *copies = &p->m->base.h->appends.copies;

    if (copies->want == 0 || p->m->ops->miss == NULL ||
        planted(PLANT_NO_READ_BARRIER)) {
        return false;
    }
    p->copied.done = on_copied;
    copies_await(copies, p->at, &p->copied);
    return true;
}

static void on_part(struct resp_call *call, enum rc rc,
                    const struct resp *replies) {
    struct part *p = CONTAINER_OF(call, struct part, call);
    struct history_many *m = p->m;

    if (rc == RC_OK) {
        rc = part_judge(p, &replies[p->count * m->ops->each]);
    }
    if (rc == RC_AGAIN && m->base.route.until_ms != 0) {
        m->moved = true; /* to a server that is still being connected to */
    } else if (rc != RC_OK) {
        m->why = rc;
    }
    for (size_t i = 0; rc == RC_OK && i < p->count; i++) {
        take_item(m, p->items[i], replies + i * m->ops->each);
    }
    if (rc != RC_OK || !part_waits(p)) {
        part_end(p);
    }
}

static struct part *part_of(struct list *parts, struct history_many *m,
                            struct redis_node *at) {
    struct part *p;

    for (struct list *node = parts->next; node != parts; node = node->next) {
        p = CONTAINER_OF(node, struct part, node);
        if (p->at == at) {
            return p;
        }
    }
    p = mem_new(sizeof(*p) + m->count * sizeof(p->items[0]));
    p->m = m;
    p->at = at;
    list_init(&p->node);
    list_push_back(parts, &p->node);
    return p;
}

/* Nothing asked: a ping answers at the right moment. */
static void part_send(struct part *p) {
    struct history_many *m = p->m;
    uint32_t want = (uint32_t)p->count * m->ops->each;
    struct buf *out;

    if (want > 0) {
        want += history_identity_gets(m->base.h);
    }
    out = resp_conn_begin(p->at->conn, &p->call, on_part, want > 0 ? want : 1);
    if (out != NULL && want == 0) {
        resp_command(out, &SLICE_LIT("PING"), 1);
    }
    for (size_t i = 0; out != NULL && i < p->count; i++) {
        m->ops->put(m, out, p->items[i]);
    }
    if (out != NULL && want > 0) {
        history_identity_put_get(m->base.h, slice_str(part_key(p).s), out);
    }
}

static void round_begin(struct history_many *m) {
    struct list parts;
    struct list *node;

    list_init(&parts);
    m->gone = false;
    m->moved = false;
    m->why = RC_OK;
    for (size_t i = 0; i < m->count; i++) {
        if (m->open[i]) {
            struct history_key key = history_key(m->ops->conv(m, i), "meta");
            struct part *p = part_of(
                &parts, m, redis_nodes_at(m->base.h->nodes, slice_str(key.s)));

            p->items[p->count++] = i;
        }
    }
    if (m->count == 0) {
        part_of(&parts, m, redis_nodes_at(m->base.h->nodes, slice_str("")));
    }
    for (node = parts.next; node != &parts; node = node->next) {
        m->parts++;
    }
    while ((node = list_pop_front(&parts)) != NULL) {
        part_send(CONTAINER_OF(node, struct part, node));
    }
}

static void send_round(struct redis_call *route) {
    round_begin(CONTAINER_OF(route, struct history_many, base.route));
}

/* Waiting ends without another round. */
static void on_closed(struct resp_call *call, enum rc rc,
                      const struct resp *replies) {
    struct history_many *m =
        CONTAINER_OF(call, struct history_many, base.route.call);

    (void)replies;
    m->rc = rc;
    round_end(m);
}

void history_many_start(struct history_many *m, struct history *base,
                        const struct history_many_ops *ops, size_t count) {
    assert(count <= HISTORY_HEADS_MAX);
    history_call_init(&m->base, base, send_round);
    m->base.route.call.done = on_closed;
    m->ops = ops;
    m->count = count;
    m->open = mem_new_array(count + 1, sizeof(*m->open));
    for (size_t i = 0; i < count; i++) {
        m->open[i] = true;
    }
    round_begin(m);
}
