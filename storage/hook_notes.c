#include "storage/hook_notes.h"

#include "proto/base/mem.h"
#include "storage/copies.h"
#include "storage/history_layout.h"
#include "storage/hook_call.h"

/* Users looked at in one HSCAN, about. */
#define ONLINE_COUNT "500"

struct hook_notes {
    struct hooks base;
    struct redis_nodes *nodes;
    struct copies copies;
};

/* A message that replicas are to have before it counts. */
struct note {
    struct hook_notes *owner;
    struct copies_waiter copied;
    hooks_done_fn done;
    void *ctx;
};

static const char seen_script[] =
#include "storage/hook_seen.lua.h"
    ;

static struct hook_notes *notes_of(struct hooks *h) {
    return CONTAINER_OF(h, struct hook_notes, base);
}

/* What was said. */

static void note_over(struct note *n, enum rc rc) {
    struct note copy = *n;

    mem_free(n);
    copy.done(copy.ctx, rc);
}

static void on_copied(struct copies_waiter *copied, enum rc rc) {
    note_over(CONTAINER_OF(copied, struct note, copied), rc);
}

static void on_said(const struct hook_call *c, enum rc rc,
                    const struct resp *replies) {
    struct note *n = c->ctx;

    (void)replies;
    if (rc == RC_OK && n->owner->copies.want > 0) {
        n->copied.done = on_copied;
        copies_await(&n->owner->copies, c->at, &n->copied);
        return;
    }
    note_over(n, rc);
}

static void said(struct hooks *h, struct conv_id conv, struct msg_seq seq,
                 hooks_done_fn done, void *ctx) {
    unsigned part = hook_part(conv.v);
    struct hook_key key = hook_key(part, "queue");
    struct id_text name = id_text(conv.v);
    struct history_number at = history_number(seq.v);
    const struct slice args[] = {
        SLICE_LIT("XADD"), slice_str(key.s),           SLICE_LIT("MAXLEN"),
        SLICE_LIT("~"),    SLICE_LIT(HOOK_QUEUE_MOST), SLICE_LIT("*"),
        SLICE_LIT("c"),    slice_str(name.s),          SLICE_LIT("s"),
        slice_str(at.s),
    };
    struct note *n = mem_new(sizeof(*n));

    n->owner = notes_of(h);
    n->done = done;
    n->ctx = ctx;
    hook_call_one(hook_call_new(n->owner->nodes, part, n), on_said, args,
                  COUNT_OF(args));
}

/* Who came and went. */

static void seen(struct hooks *h, const struct hooks_seen *seen,
                 hooks_done_fn done, void *ctx) {
    unsigned part = hook_part(seen->user.v);
    struct hook_key queue = hook_key(part, "queue");
    struct hook_key who = hook_key(part, "online");
    struct id_text user = id_text(seen->user.v);
    struct history_number since = history_number(seen->since_ms);
    const struct slice args[] = {
        SLICE_LIT("EVAL"),
        slice_str(seen_script),
        SLICE_LIT("2"),
        slice_str(queue.s),
        slice_str(who.s),
        slice_str(user.s),
        slice_str(seen->online ? "online" : "offline"),
        slice_str(since.s),
        SLICE_LIT(HOOK_QUEUE_MOST),
    };
    struct hook_call *c = hook_call_new(notes_of(h)->nodes, part, ctx);

    c->fn.done = done;
    hook_call_one(c, hook_call_done, args, COUNT_OF(args));
}

/* HSCAN answers the next cursor, and names and values in turn. */
static bool online_read(const struct resp *r, uint64_t *next,
                        struct user_id *users) {
    const struct resp *pairs = &r->items[1];

    if (!resp_u64(&r->items[0], next) || *next > UINT64_MAX / HOOK_PARTS) {
        return false;
    }
    for (size_t i = 0; i + 1 < pairs->count; i += 2) {
        if (pairs->items[i].type != RESP_STRING ||
            !id_parse(pairs->items[i].str, &users[i / 2].v)) {
            return false;
        }
    }
    return true;
}

/* Where it goes on: the partition, and in it Redis' cursor. After the last
 * cursor of one partition comes the first of the next. */
static uint64_t online_next(unsigned part, uint64_t cursor) {
    if (cursor == 0) {
        return (part + 1) % HOOK_PARTS;
    }
    return cursor * HOOK_PARTS + part;
}

static void on_online(const struct hook_call *c, enum rc rc,
                      const struct resp *reply) {
    struct user_id *users = NULL;
    uint64_t cursor = 0;
    size_t count = 0;

    if (rc == RC_OK &&
        (!resp_has(reply, 2) || reply->items[1].type != RESP_ARRAY)) {
        rc = hook_bad_reply("online");
    }
    if (rc == RC_OK) {
        count = reply->items[1].count / 2;
        users = mem_new_array(count + 1, sizeof(*users));
        rc = online_read(reply, &cursor, users) ? RC_OK
                                                : hook_bad_reply("online");
    }
    c->fn.online(c->ctx, rc, users, rc == RC_OK ? count : 0,
                 online_next(c->part, cursor));
    mem_free(users);
}

static void online(struct hooks *h, uint64_t next, hooks_online_fn done,
                   void *ctx) {
    unsigned part = (unsigned)(next % HOOK_PARTS);
    struct hook_key key = hook_key(part, "online");
    struct history_number from = history_number(next / HOOK_PARTS);
    const struct slice args[] = {
        SLICE_LIT("HSCAN"), slice_str(key.s),        slice_str(from.s),
        SLICE_LIT("COUNT"), SLICE_LIT(ONLINE_COUNT),
    };
    struct hook_call *c = hook_call_new(notes_of(h)->nodes, part, ctx);

    c->fn.online = done;
    hook_call_one(c, on_online, args, COUNT_OF(args));
}

/* Life. */

static bool ready(struct hooks *h) {
    return redis_nodes_ready(notes_of(h)->nodes);
}

static const struct hooks_ops ops = {said, seen, online, ready};

static void on_gone(void *owner, struct redis_node *node) {
    (void)owner;
    copies_gone(node);
}

enum rc hook_notes_open(struct hooks **out, struct loop *l,
                        const struct redis_config *config) {
    static const struct redis_nodes_events events = {.on_gone = on_gone};
    struct hook_notes *n = mem_new(sizeof(*n));
    enum rc rc = hook_nodes_open(&n->nodes, l, config, &events);

    if (rc != RC_OK) {
        mem_free(n);
        return rc;
    }
    copies_init(&n->copies, l,
                config->deadline_ms > 0 ? config->deadline_ms
                                        : RESP_CONN_DEADLINE_MS);
    n->base.ops = &ops;
    *out = &n->base;
    return RC_OK;
}

void hook_notes_want_copies(struct hooks *h, uint64_t count) {
    notes_of(h)->copies.want = count;
}

void hook_notes_close(struct hooks **h) {
    struct hook_notes *n;

    if (*h == NULL) {
        return;
    }
    n = notes_of(*h);
    *h = NULL;
    redis_nodes_close(&n->nodes);
    copies_fini(&n->copies);
    mem_free(n);
}
