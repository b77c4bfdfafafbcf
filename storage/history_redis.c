#include "storage/history_redis.h"

#include "proto/base/mem.h"
#include "storage/history_append.h"
#include "storage/history_layout.h"
#include "storage/history_pages.h"
#include "storage/history_store.h"

static const char *const script_texts[HISTORY_SCRIPTS] = {
    [HISTORY_SCRIPT_APPEND] =
#include "storage/history_append.lua.h"
        ,
    [HISTORY_SCRIPT_READ] =
#include "storage/history_read.lua.h"
        ,
};

struct read_call {
    struct resp_call call;
    struct history_redis *h;
    bool again; /* the script was gone: its text is sent along */
    history_read_fn done;
    void *ctx;
    struct conv_id conv;
    struct user_id user;
    struct msg_seq seq;
};

/* Scripts. */

struct slice history_store_word(bool again) {
    return again ? SLICE_LIT("EVAL") : SLICE_LIT("EVALSHA");
}

struct slice history_store_script(const struct history_redis *h, int script,
                                  bool again) {
    return slice_str(again ? script_texts[script] : h->scripts[script].sha);
}

bool history_store_gone(struct history_redis *h, bool again, enum rc rc,
                        const struct resp *replies) {
    if (rc != RC_OK || again || resp_rc(replies) != RC_NOT_FOUND) {
        return false;
    }
    h->stats.reloads++;
    return true;
}

/* Read cursor. */

static void on_read_moved(struct resp_call *call, enum rc rc,
                          const struct resp *replies);

static void send_read(struct read_call *r) {
    struct history_key meta = history_key(r->conv, "meta");
    struct id_text user = id_text(r->user.v);
    struct history_number seq = history_number(r->seq.v);
    struct slice args[] = {
        history_store_word(r->again),
        history_store_script(r->h, HISTORY_SCRIPT_READ, r->again),
        SLICE_LIT("1"),
        slice_str(meta.s),
        slice_str(user.s),
        slice_str(seq.s),
    };

    resp_conn_send(r->h->conn, &r->call, on_read_moved, args, COUNT_OF(args));
}

static void on_read_moved(struct resp_call *call, enum rc rc,
                          const struct resp *replies) {
    struct read_call *r = CONTAINER_OF(call, struct read_call, call);
    struct msg_seq now = {0};

    if (history_store_gone(r->h, r->again, rc, replies)) {
        r->again = true;
        send_read(r);
        return;
    }
    if (rc == RC_OK) {
        rc = history_store_error(r->h, replies);
    }
    if (rc == RC_OK && !resp_u64(replies, &now.v)) {
        rc = history_store_bad(r->h, "read");
    }
    r->done(r->ctx, rc, now);
    mem_free(r);
}

static void read_to(struct history *base, struct conv_id conv,
                    struct user_id user, struct msg_seq seq,
                    history_read_fn done, void *ctx) {
    struct read_call *r = mem_new(sizeof(*r));

    r->h = history_store_of(base);
    r->done = done;
    r->ctx = ctx;
    r->conv = conv;
    r->user = user;
    r->seq = seq;
    send_read(r);
}

static bool ready(struct history *base) {
    const struct history_redis *h = history_store_of(base);

    return resp_conn_ready(h->conn) && h->appends.waiting < HISTORY_WAITING_MAX;
}

static const struct history_ops ops = {
    .append = history_append,
    .range = history_pages_range,
    .tail = history_pages_tail,
    .heads = history_pages_heads,
    .read = read_to,
    .earlier = history_pages_earlier,
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
    h->loop = l;
    h->clock = &l->clock;
    history_appends_init(&h->appends);
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
    history_appends_close(&h->appends);
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
