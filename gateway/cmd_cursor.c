/* The commands that move no message: cursors, and "is typing". */
#include "chat-core/cursor.h"
#include "chat-core/policy.h"
#include "chat-core/receipts.h"
#include "chat-core/tell.h"
#include "gateway/command.h"
#include "gateway/server.h"
#include "proto/base/mem.h"

struct cursor {
    struct request *request;
    struct conv_id conv;
    enum history_cursor which;
    struct msg_seq seq;
};

static void cursor_fail(struct cursor *c, enum rc rc) {
    request_fail_rc(c->request, rc);
    mem_free(c);
}

/* ---- read, delivered ---- */

static void on_moved(void *ctx, enum rc rc, struct msg_seq at) {
    struct cursor *c = ctx;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK) {
        cursor_fail(c, rc);
        return;
    }
    o = request_begin(c->request, &b,
                      c->which == CURSOR_READ ? "read" : "delivered");
    json_field_id(&o, "conv", c->conv.v);
    json_field_u64(&o, "seq", at.v);
    request_end(c->request, &b);
    mem_free(c);
}

static void move(struct request *r, struct client_fields *f,
                 enum history_cursor which) {
    struct history_move to = {
        .conv = {client_field_id(f, "conv")},
        .user = r->user,
        .cursor = which,
        .seq = {client_field_u64(f, "seq", 0, JSON_INT_MAX)}};
    struct cursor *c;

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    c = mem_new(sizeof(*c));
    *c = (struct cursor){.request = r, .conv = to.conv, .which = which};
    cursor_move(&r->server->core, &to, on_moved, c);
}

void cmd_read(struct request *r, struct client_fields *f) {
    move(r, f, CURSOR_READ);
}

void cmd_delivered(struct request *r, struct client_fields *f) {
    move(r, f, CURSOR_DELIVERED);
}

/* ---- receipts ---- */

static void put_receipts(struct json_out *o, const struct receipts *in) {
    if (!in->listed) {
        json_field_u64(o, "read", in->reads);
        json_field_u64(o, "delivered", in->delivereds);
        return;
    }
    json_field_arr(o, "users");
    for (size_t i = 0; i < in->count; i++) {
        json_begin_obj(o);
        json_field_id(o, "user", in->marks[i].user.v);
        json_field_u64(o, "read", in->marks[i].read.v);
        json_field_u64(o, "delivered", in->marks[i].delivered.v);
        json_end_obj(o);
    }
    json_end_arr(o);
}

static void on_receipts(void *ctx, enum rc rc, const struct receipts *in) {
    struct cursor *c = ctx;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK) {
        cursor_fail(c, rc);
        return;
    }
    o = request_begin(c->request, &b, "receipts");
    json_field_id(&o, "conv", c->conv.v);
    if (!in->listed) {
        json_field_u64(&o, "seq", c->seq.v);
    }
    put_receipts(&o, in);
    request_end(c->request, &b);
    mem_free(c);
}

void cmd_receipts(struct request *r, struct client_fields *f) {
    struct conv_id conv = {client_field_id(f, "conv")};
    struct msg_seq seq = {client_field_u64(f, "seq", 1, JSON_INT_MAX)};
    struct cursor *c;

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    c = mem_new(sizeof(*c));
    *c = (struct cursor){.request = r, .conv = conv, .seq = seq};
    receipts_read(&r->server->core, conv, r->user, seq, on_receipts, c);
}

/* ---- typing ---- */

static void tell_typing(const struct cursor *c, const struct place *place) {
    struct request *r = c->request;
    struct json_out o;
    struct buf b;

    buf_init(&b);
    o = json_out(&b);
    json_begin_obj(&o);
    json_field_str(&o, "type", SLICE_LIT("typing"));
    json_field_id(&o, "conv", c->conv.v);
    json_field_id(&o, "user", r->user.v);
    json_end_obj(&o);
    tell_members(&r->server->core, place, r->user, buf_slice(&b));
    buf_fini(&b);
}

/* Whoever types does so in that conversation for the first time in a while. */
static bool typing_is_news(const struct cursor *c) {
    struct server *server = c->request->server;
    uint64_t name[] = {c->request->user.v, c->conv.v};

    return throttle_take(&server->typing, slice_of(name, sizeof(name)),
                         server->loop->clock.mono_ms) == 0;
}

static void on_typing_place(void *ctx, enum rc rc, const struct place *place) {
    struct cursor *c = ctx;
    struct request *r = c->request;

    if (rc == RC_OK) {
        rc = policy_may(DEED_TYPE, place, r->user);
    }
    if (rc == RC_DENIED && conv_place_doubted(&r->server->core, place)) {
        conv_place(&r->server->core, c->conv, r->user, on_typing_place, c);
        return;
    }
    if (rc != RC_OK) {
        cursor_fail(c, rc);
        return;
    }
    if (typing_is_news(c)) {
        tell_typing(c, place);
    }
    request_ok(r);
    mem_free(c);
}

void cmd_typing(struct request *r, struct client_fields *f) {
    struct conv_id conv = {client_field_id(f, "conv")};
    struct cursor *c;

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    c = mem_new(sizeof(*c));
    *c = (struct cursor){.request = r, .conv = conv};
    conv_place(&r->server->core, conv, r->user, on_typing_place, c);
}
