#include "storage/hook_call.h"

#include "proto/base/log.h"
#include "proto/base/mem.h"

static const struct log_ctx log_ctx = {"hooks", 0};

static void send_again(struct redis_call *route);

struct hook_call *hook_call_new(struct redis_nodes *nodes, unsigned part,
                                void *ctx) {
    struct hook_call *c = mem_new(sizeof(*c));

    c->route.nodes = nodes;
    c->route.send = send_again;
    c->part = part;
    c->ctx = ctx;
    buf_init(&c->commands);
    return c;
}

void hook_call_add(struct hook_call *c, const struct slice *args,
                   size_t count) {
    resp_command(&c->commands, args, count);
    c->want++;
}

static void on_answer(struct resp_call *call, enum rc rc,
                      const struct resp *replies) {
    struct hook_call *c = CONTAINER_OF(call, struct hook_call, route.call);
    struct hook_call copy;

    if (redis_call_again(&c->route, rc, replies, c->want)) {
        return;
    }
    for (uint32_t i = 0; rc == RC_OK && i < c->want; i++) {
        rc = resp_rc(&replies[i]);
    }
    copy = *c;
    buf_fini(&c->commands);
    mem_free(c);
    copy.answered(&copy, rc, replies);
}

static void send_again(struct redis_call *route) {
    struct hook_call *c = CONTAINER_OF(route, struct hook_call, route);
    struct hook_key key = hook_key(c->part, "queue");
    struct buf *out;

    c->at = redis_nodes_at(route->nodes, slice_str(key.s));
    out = resp_conn_begin(c->at->conn, &route->call, on_answer, c->want);
    if (out != NULL) {
        buf_add(out, buf_slice(&c->commands));
    }
}

void hook_call_send(struct hook_call *c, hook_answered_fn answered) {
    c->answered = answered;
    send_again(&c->route);
}

void hook_call_one(struct hook_call *c, hook_answered_fn answered,
                   const struct slice *args, size_t count) {
    hook_call_add(c, args, count);
    hook_call_send(c, answered);
}

void hook_call_done(const struct hook_call *c, enum rc rc,
                    const struct resp *replies) {
    (void)replies;
    c->fn.done(c->ctx, rc);
}

enum rc hook_bad_reply(const char *what) {
    log_error(&log_ctx, "hooks_bad_reply", "call=%s", what);
    return RC_BACKEND;
}

enum rc hook_nodes_open(struct redis_nodes **out, struct loop *l,
                        const struct redis_config *config,
                        const struct redis_nodes_events *events) {
    const struct redis_nodes_config nodes = {
        .redis = *config, .name = "hooks", .events = events};

    return redis_nodes_open(out, l, &nodes);
}
