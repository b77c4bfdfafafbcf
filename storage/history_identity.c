#include "storage/history_identity.h"

#include <string.h>

#include "proto/base/list.h"
#include "proto/base/mem.h"
#include "proto/base/plant.h"
#include "proto/wire/slots.h"
#include "storage/history_layout.h"
#include "storage/history_store.h"

enum {
    NUMBER_OF_SLOT_0 = 12860, /* the lowest whose key is there */
    LOOKED_AT = 2,            /* slots of one server, at most */
};

/* ---- where it stands ---- */

/* Of each slot the lowest number whose key is there. */
static uint32_t *find_numbers(void) {
    uint32_t *numbers = mem_new_array(SLOTS, sizeof(*numbers));
    size_t missing = SLOTS;

    for (uint32_t n = 1; missing > 0; n++) {
        unsigned slot = slot_of(slice_str(history_store_key(n).s));

        if (numbers[slot] == 0) {
            numbers[slot] = n;
            missing--;
        }
    }
    return numbers;
}

static struct history_key key_in(struct history_redis *h, unsigned slot) {
    struct history_identity *i = &h->identity;

    if (!redis_nodes_clustered(h->nodes)) {
        return history_store_key(NUMBER_OF_SLOT_0);
    }
    if (i->numbers == NULL) {
        i->numbers = find_numbers();
    }
    return history_store_key(i->numbers[slot]);
}

static unsigned slot_at(const struct history_redis *h, struct slice key) {
    return redis_nodes_clustered(h->nodes) ? slot_of(key) : 0;
}

/* ---- is it there? ---- */

bool history_identity_known(const struct history_redis *h) {
    return !h->identity.guarded || h->identity.id.s[0] != '\0';
}

void history_identity_put_args(struct history_redis *h, struct slice key,
                               struct buf *out) {
    const struct history_identity *i = &h->identity;

    if (!i->guarded || planted(PLANT_STORE_NOT_ASKED)) {
        resp_command_arg(out, slice_of("", 0));
        resp_command_arg(out, slice_of("", 0));
        return;
    }
    resp_command_arg(out, slice_str(key_in(h, slot_at(h, key)).s));
    resp_command_arg(out, history_identity_known(h) ? slice_str(i->id.s)
                                                    : SLICE_LIT("-"));
}

uint32_t history_identity_gets(const struct history_redis *h) {
    return h->identity.guarded ? 1 : 0;
}

static void put_get(struct history_redis *h, unsigned slot, struct buf *out) {
    struct history_key key = key_in(h, slot);

    resp_command(out, (struct slice[]){SLICE_LIT("GET"), slice_str(key.s)}, 2);
}

void history_identity_put_get(struct history_redis *h, struct slice key,
                              struct buf *out) {
    if (h->identity.guarded) {
        put_get(h, slot_at(h, key), out);
    }
}

static enum rc lost(struct history_redis *h, unsigned slot) {
    if (!history_identity_known(h)) {
        return RC_AGAIN;
    }
    h->identity.lost = slot;
    h->stats.lost++;
    return RC_LOST;
}

enum rc history_identity_lost(struct history_redis *h, struct slice key) {
    return lost(h, slot_at(h, key));
}

static enum rc judge(struct history_redis *h, unsigned slot,
                     const struct resp *reply) {
    enum rc rc = history_store_error(h, reply);

    if (rc != RC_OK || planted(PLANT_STORE_NOT_ASKED)) {
        return rc;
    }
    return history_identity_known(h) && resp_is(reply, h->identity.id.s)
               ? RC_OK
               : lost(h, slot);
}

enum rc history_identity_judge(struct history_redis *h, struct slice key,
                               const struct resp *reply) {
    return judge(h, slot_at(h, key), reply);
}

/* ---- rounds: each server is asked about some of its slots, or told ---- */

struct round {
    struct history_redis *h;
    bool marks; /* else it looks */
    struct store_id id;
    struct list parts; /* that have not left */
    size_t open;       /* that have not been answered */
    bool seen;         /* the slot in which something was missing last */
    enum rc rc;
    store_done_fn done;
    void *ctx;
};

struct part {
    struct resp_call call;
    struct copies_waiter copied;
    struct round *r;
    struct redis_node *at;
    struct list node;
    size_t count;
    uint16_t slots[];
};

static void part_end(struct part *p, enum rc rc) {
    struct round *r = p->r;

    r->rc = r->rc == RC_OK || rc == RC_LOST ? rc : r->rc;
    mem_free(p);
    r->open--;
    if (r->open > 0) {
        return;
    }
    if (r->rc != RC_LOST && !r->marks) {
        r->rc = r->seen ? RC_OK : RC_AGAIN;
    }
    r->done(r->ctx, r->rc);
    mem_free(r);
}

static void on_copied(struct copies_waiter *copied, enum rc rc) {
    part_end(CONTAINER_OF(copied, struct part, copied), rc);
}

/* A slot that has just left is asked about where it is by the next round. */
static enum rc part_take(struct part *p, size_t i, const struct resp *reply) {
    struct history_redis *h = p->r->h;
    enum rc rc;

    if (redis_nodes_hear(h->nodes, reply)) {
        return RC_AGAIN;
    }
    if (p->r->marks) {
        return history_store_error(h, reply);
    }
    rc = judge(h, p->slots[i], reply);
    p->r->seen |= rc == RC_OK && p->slots[i] == h->identity.lost;
    return rc;
}

static void on_part(struct resp_call *call, enum rc rc,
                    const struct resp *replies) {
    struct part *p = CONTAINER_OF(call, struct part, call);
    struct copies *copies = &p->r->h->appends.copies;

    for (size_t i = 0; rc == RC_OK && i < p->count; i++) {
        rc = part_take(p, i, &replies[i]);
    }
    if (rc == RC_OK && p->r->marks && copies->want > 0) {
        p->copied.done = on_copied;
        copies_await(copies, p->at, &p->copied);
        return;
    }
    part_end(p, rc);
}

static struct part *part_of(struct round *r, struct redis_node *at) {
    struct part *p = NULL;

    for (struct list *n = r->parts.prev; n != &r->parts; n = n->prev) {
        p = CONTAINER_OF(n, struct part, node);
        if (p->at == at) {
            return p;
        }
    }
    p = mem_new(sizeof(*p) +
                (r->marks ? SLOTS : LOOKED_AT) * sizeof(p->slots[0]));
    p->r = r;
    p->at = at;
    list_init(&p->node);
    list_push_back(&r->parts, &p->node);
    r->open++;
    return p;
}

static void round_add(struct round *r, unsigned slot) {
    struct part *p = part_of(r, redis_nodes_at_slot(r->h->nodes, slot));

    p->slots[p->count++] = (uint16_t)slot;
}

static void put_mark(struct round *r, unsigned slot, struct buf *out) {
    struct history_key key = key_in(r->h, slot);

    resp_command(out,
                 (struct slice[]){SLICE_LIT("SET"), slice_str(key.s),
                                  slice_str(r->id.s)},
                 3);
}

static void part_send(struct part *p) {
    struct round *r = p->r;
    struct buf *out =
        resp_conn_begin(p->at->conn, &p->call, on_part, (uint32_t)p->count);

    for (size_t i = 0; out != NULL && i < p->count; i++) {
        if (r->marks) {
            put_mark(r, p->slots[i], out);
        } else {
            put_get(r->h, p->slots[i], out);
        }
    }
}

static void round_send(struct round *r) {
    struct list *node;

    while ((node = list_pop_front(&r->parts)) != NULL) {
        part_send(CONTAINER_OF(node, struct part, node));
    }
}

static struct history_redis *history_of(struct store *s) {
    struct history_identity *i = CONTAINER_OF(s, struct history_identity, base);

    return CONTAINER_OF(i, struct history_redis, identity);
}

static struct round *round_new(struct store *s, store_done_fn done, void *ctx) {
    struct round *r = mem_new(sizeof(*r));

    r->h = history_of(s);
    r->done = done;
    r->ctx = ctx;
    list_init(&r->parts);
    return r;
}

/* A server loses all it has, or nothing: one slot speaks for the others. */
static void look(struct store *s, store_done_fn done, void *ctx) {
    struct round *r = round_new(s, done, ctx);
    struct redis_nodes *nodes = r->h->nodes;
    unsigned slots = redis_nodes_clustered(nodes) ? SLOTS : 0;
    const struct redis_node *last = NULL;

    for (unsigned slot = 0; slot < slots; slot++) {
        struct redis_node *at = redis_nodes_at_slot(nodes, slot);

        if (at != last && part_of(r, at)->count == 0) {
            round_add(r, slot);
        }
        last = at;
    }
    round_add(r, r->h->identity.lost);
    round_send(r);
}

static void mark(struct store *s, const struct store_id *id, store_done_fn done,
                 void *ctx) {
    struct round *r = round_new(s, done, ctx);
    unsigned slots = redis_nodes_clustered(r->h->nodes) ? SLOTS : 1;

    r->id = *id;
    r->marks = redis_nodes_known(r->h->nodes);
    r->rc = r->marks ? RC_OK : RC_AGAIN;
    for (unsigned slot = 0; slot < (r->marks ? slots : 1); slot++) {
        round_add(r, slot);
    }
    round_send(r);
}

/* ---- its name ---- */

struct naming {
    struct resp_call call;
    struct history_redis *h;
    struct store_found found;
    store_found_fn done;
    void *ctx;
};

static enum rc naming_take(struct naming *n, const struct resp *replies) {
    enum rc rc = history_store_error(n->h, &replies[0]);

    if (redis_nodes_hear(n->h->nodes, &replies[1])) {
        return RC_AGAIN;
    }
    if (rc == RC_OK) {
        rc = history_store_error(n->h, &replies[1]);
    }
    if (rc == RC_OK &&
        (replies[1].type != RESP_STRING || replies[1].str.n != STORE_ID_LEN)) {
        rc = history_store_bad(n->h, "store");
    }
    if (rc == RC_OK) {
        memcpy(n->found.id.s, replies[1].str.p, STORE_ID_LEN);
        n->found.id.s[STORE_ID_LEN] = '\0';
    }
    return rc;
}

static void on_named(struct resp_call *call, enum rc rc,
                     const struct resp *replies) {
    struct naming *n = CONTAINER_OF(call, struct naming, call);

    if (rc == RC_OK) {
        rc = naming_take(n, replies);
    }
    n->done(n->ctx, rc, rc == RC_OK ? &n->found : NULL);
    mem_free(n);
}

static void name(struct store *s, unsigned slot, const struct store_id *fresh,
                 store_found_fn done, void *ctx) {
    struct naming *n = mem_new(sizeof(*n));
    struct redis_node *at;
    struct history_key key;
    struct buf *out;

    n->h = history_of(s);
    n->found.slot = redis_nodes_clustered(n->h->nodes) ? slot % SLOTS : 0;
    n->done = done;
    n->ctx = ctx;
    at = redis_nodes_at_slot(n->h->nodes, n->found.slot);
    key = key_in(n->h, n->found.slot);
    out = resp_conn_begin(at->conn, &n->call, on_named, 2);
    if (out != NULL) {
        resp_command(out,
                     (struct slice[]){SLICE_LIT("SET"), slice_str(key.s),
                                      slice_str(fresh->s), SLICE_LIT("NX")},
                     4);
        put_get(n->h, n->found.slot, out);
    }
}

static unsigned where(const struct store *s) {
    return ((const struct history_identity *)(const void *)s)->lost;
}

static void expect(struct store *s, const struct store_id *id) {
    history_of(s)->identity.id = *id;
}

static const struct store_ops ops = {
    .expect = expect,
    .look = look,
    .name = name,
    .where = where,
    .mark = mark,
};

struct store *history_identity_guard(struct history_redis *h) {
    h->identity.base.ops = &ops;
    h->identity.guarded = true;
    return &h->identity.base;
}

void history_identity_fini(struct history_identity *i) {
    mem_free(i->numbers);
    i->numbers = NULL;
}
