#include "storage/hook_notes.h"

#include "proto/base/mem.h"
#include "storage/history_layout.h"
#include "storage/hook_keys.h"

/* Users looked at in one HSCAN, about. */
#define ONLINE_COUNT "500"

struct hook_notes {
    struct hooks base;
    struct resp_conn *conn;
};

struct note {
    struct resp_call call;
    hooks_done_fn done;
    void *ctx;
};

static const char seen_script[] =
#include "storage/hook_seen.lua.h"
    ;

static struct resp_conn *conn_of(struct hooks *h) {
    return CONTAINER_OF(h, struct hook_notes, base)->conn;
}

static void on_answer(struct resp_call *call, enum rc rc,
                      const struct resp *reply) {
    struct note *n = CONTAINER_OF(call, struct note, call);
    hooks_done_fn done = n->done;
    void *ctx = n->ctx;

    if (rc == RC_OK) {
        rc = resp_rc(reply);
    }
    mem_free(n);
    done(ctx, rc);
}

static struct note *note_new(hooks_done_fn done, void *ctx) {
    struct note *n = mem_new(sizeof(*n));

    n->done = done;
    n->ctx = ctx;
    return n;
}

static void said(struct hooks *h, struct conv_id conv, struct msg_seq seq,
                 hooks_done_fn done, void *ctx) {
    struct id_text name = id_text(conv.v);
    struct history_number at = history_number(seq.v);
    const struct slice args[] = {
        SLICE_LIT("XADD"), SLICE_LIT(HOOK_QUEUE_KEY),  SLICE_LIT("MAXLEN"),
        SLICE_LIT("~"),    SLICE_LIT(HOOK_QUEUE_MOST), SLICE_LIT("*"),
        SLICE_LIT("c"),    slice_str(name.s),          SLICE_LIT("s"),
        slice_str(at.s),
    };

    resp_conn_send(conn_of(h), &note_new(done, ctx)->call, on_answer, args,
                   COUNT_OF(args));
}

static void seen(struct hooks *h, const struct hooks_seen *seen,
                 hooks_done_fn done, void *ctx) {
    struct id_text user = id_text(seen->user.v);
    struct history_number since = history_number(seen->since_ms);
    const struct slice args[] = {
        SLICE_LIT("EVAL"),
        slice_str(seen_script),
        SLICE_LIT("2"),
        SLICE_LIT(HOOK_QUEUE_KEY),
        SLICE_LIT(HOOK_ONLINE_KEY),
        slice_str(user.s),
        slice_str(seen->online ? "online" : "offline"),
        slice_str(since.s),
        SLICE_LIT(HOOK_QUEUE_MOST),
    };

    resp_conn_send(conn_of(h), &note_new(done, ctx)->call, on_answer, args,
                   COUNT_OF(args));
}

/* Who is online. */

struct online_call {
    struct resp_call call;
    hooks_online_fn done;
    void *ctx;
};

/* HSCAN answers the next cursor, and names and values in turn. */
static bool online_read(const struct resp *r, uint64_t *next,
                        struct user_id *users) {
    const struct resp *pairs = &r->items[1];

    if (!resp_u64(&r->items[0], next)) {
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

static void on_online(struct resp_call *call, enum rc rc,
                      const struct resp *reply) {
    struct online_call *c = CONTAINER_OF(call, struct online_call, call);
    struct user_id *users = NULL;
    uint64_t next = 0;
    size_t count = 0;

    rc = rc == RC_OK ? resp_rc(reply) : rc;
    if (rc == RC_OK &&
        (!resp_has(reply, 2) || reply->items[1].type != RESP_ARRAY)) {
        rc = RC_BACKEND;
    }
    if (rc == RC_OK) {
        count = reply->items[1].count / 2;
        users = mem_new_array(count + 1, sizeof(*users));
        rc = online_read(reply, &next, users) ? RC_OK : RC_BACKEND;
    }
    c->done(c->ctx, rc, users, rc == RC_OK ? count : 0, next);
    mem_free(users);
    mem_free(c);
}

static void online(struct hooks *h, uint64_t next, hooks_online_fn done,
                   void *ctx) {
    struct history_number from = history_number(next);
    const struct slice args[] = {
        SLICE_LIT("HSCAN"), SLICE_LIT(HOOK_ONLINE_KEY), slice_str(from.s),
        SLICE_LIT("COUNT"), SLICE_LIT(ONLINE_COUNT),
    };
    struct online_call *c = mem_new(sizeof(*c));

    c->done = done;
    c->ctx = ctx;
    resp_conn_send(conn_of(h), &c->call, on_online, args, COUNT_OF(args));
}

static bool ready(struct hooks *h) {
    return resp_conn_ready(conn_of(h));
}

static const struct hooks_ops ops = {said, seen, online, ready};

enum rc hook_notes_open(struct hooks **out, struct loop *l,
                        const struct redis_config *config) {
    static const struct resp_conn_events nothing = {NULL, NULL, NULL};
    struct hook_notes *n = mem_new(sizeof(*n));
    const struct resp_conn_config conn = {
        .redis = *config, .name = "hooks", .events = &nothing, .owner = n};
    enum rc rc = resp_conn_open(&n->conn, l, &conn);

    if (rc != RC_OK) {
        mem_free(n);
        return rc;
    }
    n->base.ops = &ops;
    *out = &n->base;
    return RC_OK;
}

void hook_notes_close(struct hooks **h) {
    struct hook_notes *n;

    if (*h == NULL) {
        return;
    }
    n = CONTAINER_OF(*h, struct hook_notes, base);
    *h = NULL;
    resp_conn_close(&n->conn);
    mem_free(n);
}
