/* The commands that move no message: the read cursor, and "is typing". */
#include "chat-core/policy.h"
#include "gateway/command.h"
#include "gateway/server.h"
#include "proto/base/mem.h"
#include "proto/wire/bus_msg.h"

struct cursor {
    struct request *request;
    struct conv_id conv;
    struct msg_seq seq;
};

/* Tells the members' sessions something that is not kept. */
static void tell_members(struct server *server, const struct place *place,
                         struct user_id from, struct slice text) {
    struct bus *bus = server->core.bus;
    struct topic topics[NARROW_MAX_MEMBERS];
    struct buf msg;
    size_t n = 0;

    if (place->wide) {
        topics[n++] = (struct topic){TOPIC_CONV, place->conv.v};
    }
    for (size_t i = 0; !place->wide && i < place->listed; i++) {
        topics[n++] = (struct topic){TOPIC_USER, place->members[i].user.v};
    }
    buf_init(&msg);
    bus_msg_encode(&msg, &(struct bus_msg){.kind = BUS_EPHEMERAL,
                                           .u.ephemeral = {.conv = place->conv,
                                                           .from = from,
                                                           .client = text}});
    bus->ops->publish(bus, topics, n, buf_slice(&msg), false, NULL, NULL);
    buf_fini(&msg);
}

static void cursor_fail(struct cursor *c, enum rc rc) {
    request_fail_rc(c->request, rc);
    mem_free(c);
}

/* ---- read ---- */

static void on_read(void *ctx, enum rc rc, struct msg_seq read) {
    struct cursor *c = ctx;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK) {
        cursor_fail(c, rc);
        return;
    }
    o = request_begin(c->request, &b, "read");
    json_field_id(&o, "conv", c->conv.v);
    json_field_u64(&o, "seq", read.v);
    request_end(c->request, &b);
    mem_free(c);
}

static void on_read_place(void *ctx, enum rc rc, const struct place *place) {
    struct cursor *c = ctx;
    struct history *h = c->request->server->core.history;

    if (rc == RC_OK) {
        rc = policy_may(DEED_MARK, place, c->request->user);
    }
    if (rc != RC_OK) {
        cursor_fail(c, rc);
        return;
    }
    h->ops->read(h, c->conv, c->request->user, c->seq, on_read, c);
}

void cmd_read(struct request *r, struct client_fields *f) {
    struct conv_id conv = {client_field_id(f, "conv")};
    struct msg_seq seq = {client_field_u64(f, "seq", 0, JSON_INT_MAX)};
    struct cursor *c;

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    c = mem_new(sizeof(*c));
    *c = (struct cursor){r, conv, seq};
    conv_place(&r->server->core, conv, r->user, on_read_place, c);
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
    tell_members(r->server, place, r->user, buf_slice(&b));
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
    *c = (struct cursor){r, conv, {0}};
    conv_place(&r->server->core, conv, r->user, on_typing_place, c);
}
