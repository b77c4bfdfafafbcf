#include "storage/history_redis.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/mem.h"
#include "proto/base/plant.h"
#include "storage/history_layout.h"
#include "storage/history_pages.h"
#include "storage/history_store.h"

enum {
    SCRIPT_ARGS_MAX = 6, /* of a script, its key included */
    HASH_LEN = 16,       /* of a body, as text */
};

static const char *const script_texts[HISTORY_SCRIPTS] = {
    [HISTORY_SCRIPT_APPEND] =
#include "storage/history_append.lua.h"
        ,
    [HISTORY_SCRIPT_READ] =
#include "storage/history_read.lua.h"
        ,
};

/* A call of one script. It can be made again, once. */
struct script_call {
    struct resp_call call;
    struct history_redis *h;
    bool again;
};

struct append_call {
    struct script_call base;
    history_appended_fn done;
    void *ctx;
    struct history_append in; /* its slices point into `bytes` */
    uint8_t bytes[];
};

struct read_call {
    struct script_call base;
    history_read_fn done;
    void *ctx;
    struct conv_id conv;
    struct user_id user;
    struct msg_seq seq;
};

/* Scripts. */

/* `args`: the key, then the rest. A script is called by its hash; when the
 * server has forgotten it, its text is sent along and it is known again. */
static void call_script(struct script_call *c, int script, resp_done_fn done,
                        const struct slice *args, size_t count) {
    struct slice all[3 + SCRIPT_ARGS_MAX];

    assert(count <= SCRIPT_ARGS_MAX);
    all[0] = c->again ? SLICE_LIT("EVAL") : SLICE_LIT("EVALSHA");
    all[1] =
        slice_str(c->again ? script_texts[script] : c->h->scripts[script].sha);
    all[2] = SLICE_LIT("1");
    memcpy(all + 3, args, count * sizeof(*args));
    resp_conn_send(c->h->conn, &c->call, done, all, 3 + count);
}

/* True: the script was not there, and the call is to be made again. */
static bool script_gone(struct script_call *c, enum rc rc,
                        const struct resp *replies) {
    if (rc != RC_OK || c->again || resp_rc(replies) != RC_NOT_FOUND) {
        return false;
    }
    c->h->stats.reloads++;
    c->again = true;
    return true;
}

/* Append. */

/* Reads {"DUP", seq, ts} and its like. */
static enum rc append_word(struct history_redis *h, const struct resp *r,
                           struct history_appended *out) {
    if (r->type != RESP_ARRAY || r->count == 0) {
        return history_store_bad(h, "append");
    }
    if (resp_is(&r->items[0], "CONFLICT")) {
        return RC_CONFLICT;
    }
    if (resp_is(&r->items[0], "STALE")) {
        return RC_STALE;
    }
    if (!resp_is(&r->items[0], "DUP") || r->count != 3 ||
        !resp_u64(&r->items[1], &out->seq.v) ||
        !resp_u64(&r->items[2], &out->ts_ms) || out->seq.v == 0) {
        return history_store_bad(h, "append");
    }
    out->repeat = true;
    h->stats.repeats++;
    return RC_OK;
}

static enum rc append_result(struct append_call *a, const struct resp *r,
                             struct history_appended *out) {
    struct history_redis *h = a->base.h;
    enum rc rc = history_store_error(h, r);

    if (rc != RC_OK || r->type != RESP_INTEGER) {
        return rc != RC_OK ? rc : append_word(h, r, out);
    }
    if (!resp_u64(r, &out->seq.v) || out->seq.v == 0) {
        return history_store_bad(h, "append");
    }
    out->ts_ms = a->in.ts_ms;
    h->stats.appends++;
    return RC_OK;
}

static void on_append(struct resp_call *call, enum rc rc,
                      const struct resp *replies);

static void send_append(struct append_call *a) {
    const struct history_append *in = &a->in;
    struct history_key meta = history_key(in->conv, "meta");
    struct history_number mver = history_number(in->mver.v);
    struct history_number ts = history_number(in->ts_ms);
    char name[ID_TEXT_LEN + 1 + HISTORY_NAME_MAX];
    char hash[HASH_LEN + 1];
    struct slice args[] = {
        slice_str(meta.s),
        {(const uint8_t *)name, ID_TEXT_LEN + 1 + in->name.n},
        slice_of(hash, HASH_LEN),
        slice_str(mver.s),
        slice_str(ts.s),
        in->event,
    };

    memcpy(name, id_text(in->from.v).s, ID_TEXT_LEN);
    if (planted(PLANT_DEDUPE_PER_GATEWAY)) {
        memcpy(name, id_text((uint64_t)getpid()).s, ID_TEXT_LEN);
    }
    name[ID_TEXT_LEN] = ':';
    if (in->name.n > 0) {
        memcpy(name + ID_TEXT_LEN + 1, in->name.p, in->name.n);
    }
    snprintf(hash, sizeof(hash), "%016" PRIx64, in->body_hash);
    call_script(&a->base, HISTORY_SCRIPT_APPEND, on_append, args,
                COUNT_OF(args));
}

static void on_append(struct resp_call *call, enum rc rc,
                      const struct resp *replies) {
    struct append_call *a = CONTAINER_OF(call, struct append_call, base.call);
    struct history_appended out = {0};

    if (script_gone(&a->base, rc, replies)) {
        send_append(a);
        return;
    }
    if (rc == RC_OK) {
        histogram_add_since(&a->base.h->stats.writes, call->asked_us,
                            a->base.h->clock->mono_us);
        rc = append_result(a, replies, &out);
    }
    a->done(a->ctx, rc, rc == RC_OK ? &out : NULL);
    mem_free(a);
}

static void append(struct history *base, const struct history_append *in,
                   history_appended_fn done, void *ctx) {
    size_t n = in->name.n + in->event.n;
    struct append_call *a = mem_new(sizeof(*a) + n);

    assert(in->name.n <= HISTORY_NAME_MAX);
    a->base.h = history_store_of(base);
    a->done = done;
    a->ctx = ctx;
    a->in = *in;
    if (in->name.n > 0) {
        memcpy(a->bytes, in->name.p, in->name.n);
    }
    if (in->event.n > 0) {
        memcpy(a->bytes + in->name.n, in->event.p, in->event.n);
    }
    a->in.name.p = a->bytes;
    a->in.event.p = a->bytes + in->name.n;
    send_append(a);
}

/* Read cursor. */

static void on_read_moved(struct resp_call *call, enum rc rc,
                          const struct resp *replies);

static void send_read(struct read_call *r) {
    struct history_key meta = history_key(r->conv, "meta");
    struct id_text user = id_text(r->user.v);
    struct history_number seq = history_number(r->seq.v);
    struct slice args[] = {slice_str(meta.s), slice_str(user.s),
                           slice_str(seq.s)};

    call_script(&r->base, HISTORY_SCRIPT_READ, on_read_moved, args,
                COUNT_OF(args));
}

static void on_read_moved(struct resp_call *call, enum rc rc,
                          const struct resp *replies) {
    struct read_call *r = CONTAINER_OF(call, struct read_call, base.call);
    struct msg_seq now = {0};

    if (script_gone(&r->base, rc, replies)) {
        send_read(r);
        return;
    }
    if (rc == RC_OK) {
        rc = history_store_error(r->base.h, replies);
    }
    if (rc == RC_OK && !resp_u64(replies, &now.v)) {
        rc = history_store_bad(r->base.h, "read");
    }
    r->done(r->ctx, rc, now);
    mem_free(r);
}

static void read_to(struct history *base, struct conv_id conv,
                    struct user_id user, struct msg_seq seq,
                    history_read_fn done, void *ctx) {
    struct read_call *r = mem_new(sizeof(*r));

    r->base.h = history_store_of(base);
    r->done = done;
    r->ctx = ctx;
    r->conv = conv;
    r->user = user;
    r->seq = seq;
    send_read(r);
}

static bool ready(struct history *base) {
    return resp_conn_ready(history_store_of(base)->conn);
}

static const struct history_ops ops = {
    .append = append,
    .range = history_pages_range,
    .tail = history_pages_tail,
    .heads = history_pages_heads,
    .read = read_to,
    .ready = ready,
};

static const struct resp_conn_events no_events = {NULL, NULL, NULL};

enum rc history_redis_open(struct history **out, struct loop *l,
                           const struct redis_config *config) {
    struct history_redis *h = mem_new(sizeof(*h));
    struct resp_conn_config conn = {
        .redis = *config,
        .name = "history",
        .scripts = h->scripts,
        .script_count = HISTORY_SCRIPTS,
        .events = &no_events,
        .owner = h,
    };
    enum rc rc;

    h->base.ops = &ops;
    h->clock = &l->clock;
    for (size_t i = 0; i < HISTORY_SCRIPTS; i++) {
        h->scripts[i].text = script_texts[i];
    }
    rc = resp_conn_open(&h->conn, l, &conn);
    if (rc != RC_OK) {
        mem_free(h);
        return rc;
    }
    *out = &h->base;
    return RC_OK;
}

void history_redis_close(struct history **history) {
    struct history_redis *h;

    if (*history == NULL) {
        return;
    }
    h = history_store_of(*history);
    *history = NULL;
    resp_conn_close(&h->conn);
    mem_free(h);
}

const struct history_redis_stats *history_redis_stats(const struct history *h) {
    return &((const struct history_redis *)(const void *)h)->stats;
}

const struct resp_conn_stats *history_redis_conn_stats(
    const struct history *h) {
    return resp_conn_stats(
        ((const struct history_redis *)(const void *)h)->conn);
}
