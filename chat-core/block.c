#include "chat-core/block.h"

#include <stdio.h>

#include "chat-core/conv_table.h"
#include "chat-core/say.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/wire/bus_msg.h"

struct blocking {
    struct core *core;
    struct user_id me;
    struct user_id other;
    struct conv_id conv;
    struct msg_seq seq;
    blocked_fn done;
    void *ctx;
};

static void finish(struct blocking *b, enum rc rc) {
    struct blocking x = *b;

    mem_free(b);
    x.done(x.ctx, rc, rc == RC_OK ? x.conv : (struct conv_id){0},
           rc == RC_OK ? x.seq : (struct msg_seq){0});
}

static void on_said(void *ctx, enum rc rc, const struct said *said) {
    struct blocking *b = ctx;

    if (rc == RC_OK) {
        b->seq = said->seq;
    }
    finish(b, rc);
}

/* Whoever misses it sees the other come and go until he watches anew. */
static void tell(const struct blocking *b) {
    struct bus *bus = b->core->bus;
    const struct topic both[] = {{TOPIC_USER, b->me.v},
                                 {TOPIC_USER, b->other.v}};
    struct buf msg;

    buf_init(&msg);
    bus_msg_encode(&msg, &(struct bus_msg){.kind = BUS_BLOCK,
                                           .u.block = {b->me, b->other}});
    bus->ops->publish(bus, both, COUNT_OF(both), buf_slice(&msg), true, NULL,
                      NULL);
    buf_fini(&msg);
}

/* The event's name is made of the version, so that asking again after a
 * failure in the middle does not write it twice. */
static void on_blocked(void *ctx, enum rc rc, struct conv_id conv,
                       struct member_version version) {
    struct blocking *b = ctx;
    char name[HISTORY_NAME_MAX];

    b->conv = conv;
    if (rc == RC_OK) {
        tell(b);
    }
    if (rc != RC_OK || conv.v == 0) {
        finish(b, rc);
        return;
    }
    conv_forget_before(b->core, conv, version);
    snprintf(name, sizeof(name), ".closed.%llu", (unsigned long long)version.v);
    say_change(b->core,
               &(struct say){.conv = conv,
                             .from = b->me,
                             .kind = "direct.closed",
                             .name = slice_str(name),
                             .body = SLICE_LIT("{}")},
               &(struct say_change){.version = version}, on_said, b);
}

void user_block(struct core *c, struct user_id me, struct user_id other,
                blocked_fn done, void *ctx) {
    struct directory *d = c->directory;
    struct blocking *b = mem_new(sizeof(*b));

    b->core = c;
    b->me = me;
    b->other = other;
    b->done = done;
    b->ctx = ctx;
    d->ops->block(d, me, other, on_blocked, b);
}
