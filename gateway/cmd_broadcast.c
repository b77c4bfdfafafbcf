/* The command with which the team's server says one thing to many users: a bot
 * to each of them in their direct conversation. Whoever blocks the bot, or lets
 * nobody write to him, is left alone. */
#include <string.h>

#include "chat-core/body.h"
#include "chat-core/members.h"
#include "chat-core/say.h"
#include "gateway/command.h"
#include "gateway/each.h"
#include "gateway/server.h"
#include "proto/base/mem.h"

struct broadcast {
    struct each each; /* first */
    struct buf body;
    char name[HISTORY_NAME_MAX + 1];
};

/* One of its users. */
struct saying {
    struct broadcast *owner;
    size_t i;
};

static void on_said(void *ctx, enum rc rc, const struct said *said) {
    struct saying s = *(struct saying *)ctx;

    (void)said;
    mem_free(ctx);
    each_done(&s.owner->each, s.i, rc);
}

static void on_open(void *ctx, enum rc rc, struct conv_id conv,
                    struct msg_seq seq) {
    struct saying *s = ctx;
    struct broadcast *b = s->owner;
    const struct request *r = b->each.request;

    (void)seq;
    if (rc != RC_OK) {
        on_said(s, rc, NULL);
        return;
    }
    say(&r->server->core,
        &(struct say){.conv = conv,
                      .from = r->user,
                      .kind = "message",
                      .name = slice_str(b->name),
                      .body = buf_slice(&b->body)},
        on_said, s);
}

static void begin(struct each *e, size_t i) {
    const struct request *r = e->request;
    struct saying *s;

    if (e->users[i].v == r->user.v) {
        each_done(e, i, RC_BAD_INPUT);
        return;
    }
    s = mem_new(sizeof(*s));
    *s = (struct saying){CONTAINER_OF(e, struct broadcast, each), i};
    direct_open(&r->server->core, r->user, e->users[i], on_open, s);
}

static void broadcast_free(struct each *e) {
    struct broadcast *b = CONTAINER_OF(e, struct broadcast, each);

    buf_fini(&b->body);
    mem_free(b);
}

void cmd_broadcast(struct request *r, struct client_fields *f) {
    struct slice name = client_field_msg_id(f, "msg");
    struct body body = {.text = client_field_body(f, "text")};
    struct broadcast *b = mem_new(sizeof(*b));
    struct json_out o;

    buf_init(&b->body);
    if (!each_read(&b->each, r, f)) {
        broadcast_free(&b->each);
        return;
    }
    memcpy(b->name, name.p, name.n);
    o = json_out(&b->body);
    json_begin_obj(&o);
    body_put(&o, &body);
    json_end_obj(&o);
    b->each.begin = begin;
    b->each.free = broadcast_free;
    each_run(&b->each);
}
