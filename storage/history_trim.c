#include "storage/history_trim.h"

#include "proto/base/mem.h"
#include "storage/history_layout.h"
#include "storage/history_script.h"

struct trim_call {
    struct history_call base;
    history_trimmed_fn done;
    void *ctx;
    struct conv_id conv;
    uint64_t before_ms;
};

static void on_trimmed(struct resp_call *call, enum rc rc,
                       const struct resp *replies);

static void send_trim(struct redis_call *route) {
    struct trim_call *t = CONTAINER_OF(route, struct trim_call, base.route);
    struct history_key meta = history_key(t->conv, "meta");
    struct history_number before = history_number(t->before_ms);
    struct slice args[] = {slice_str(meta.s), slice_str(before.s)};

    history_script_call(&t->base, HISTORY_SCRIPT_TRIM, on_trimmed, args,
                        COUNT_OF(args));
}

static void on_trimmed(struct resp_call *call, enum rc rc,
                       const struct resp *replies) {
    struct trim_call *t = CONTAINER_OF(call, struct trim_call, base.route.call);
    struct msg_seq oldest = {0};

    if (history_call_again(&t->base, rc, replies)) {
        return;
    }
    if (rc == RC_OK) {
        rc = history_store_error(t->base.h, replies);
    }
    if (rc == RC_OK && (!resp_u64(replies, &oldest.v) || oldest.v == 0)) {
        rc = history_store_bad(t->base.h, "trim");
    }
    t->done(t->ctx, rc, oldest);
    mem_free(t);
}

void history_trim(struct history *base, struct conv_id conv, uint64_t before_ms,
                  history_trimmed_fn done, void *ctx) {
    struct trim_call *t = mem_new(sizeof(*t));

    history_call_init(&t->base, base, send_trim);
    t->done = done;
    t->ctx = ctx;
    t->conv = conv;
    t->before_ms = before_ms;
    send_trim(&t->base.route);
}

struct erase_call {
    struct history_call base;
    history_erased_fn done;
    void *ctx;
    struct conv_id conv;
    struct user_id user;
    struct msg_seq first;
    uint64_t now_ms;
};

static void on_erased(struct resp_call *call, enum rc rc,
                      const struct resp *replies);

static void send_erase(struct redis_call *route) {
    struct erase_call *e = CONTAINER_OF(route, struct erase_call, base.route);
    struct history_key meta = history_key(e->conv, "meta");
    struct id_text user = id_text(e->user.v);
    struct history_id id = history_id(e->user);
    struct history_number first = history_number(e->first.v);
    struct history_number now = history_number(e->now_ms);
    struct slice args[] = {slice_str(meta.s), slice_str(user.s),
                           slice_of(id.p, sizeof(id.p)), slice_str(first.s),
                           slice_str(now.s)};

    history_script_call(&e->base, HISTORY_SCRIPT_ERASE, on_erased, args,
                        COUNT_OF(args));
}

static void on_erased(struct resp_call *call, enum rc rc,
                      const struct resp *replies) {
    struct erase_call *e =
        CONTAINER_OF(call, struct erase_call, base.route.call);
    struct msg_seq next = {0};
    uint64_t count = 0;

    if (history_call_again(&e->base, rc, replies)) {
        return;
    }
    if (rc == RC_OK) {
        rc = history_store_error(e->base.h, replies);
    }
    if (rc == RC_OK &&
        (!resp_has(replies, 2) || !resp_u64(&replies->items[0], &next.v) ||
         !resp_u64(&replies->items[1], &count))) {
        rc = history_store_bad(e->base.h, "erase");
    }
    e->done(e->ctx, rc, count, next);
    mem_free(e);
}

/* NOLINTNEXTLINE(readability-function-size): the port's parameters */
void history_erase(struct history *base, struct conv_id conv,
                   struct user_id user, struct msg_seq first, uint64_t now_ms,
                   history_erased_fn done, void *ctx) {
    struct erase_call *e = mem_new(sizeof(*e));

    history_call_init(&e->base, base, send_erase);
    e->done = done;
    e->ctx = ctx;
    e->conv = conv;
    e->user = user;
    e->first = first;
    e->now_ms = now_ms;
    send_erase(&e->base.route);
}
