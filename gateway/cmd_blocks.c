/* The commands that block somebody, take it back, and list whom. */
#include "chat-core/block.h"
#include "gateway/command.h"
#include "gateway/server.h"

static void on_blocked(void *ctx, enum rc rc, struct conv_id conv,
                       struct msg_seq seq) {
    struct request *r = ctx;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK) {
        request_fail_rc(r, rc);
        return;
    }
    o = request_begin(r, &b, "ok");
    if (conv.v != 0) {
        json_field_id(&o, "conv", conv.v);
        json_field_u64(&o, "seq", seq.v);
    }
    request_end(r, &b);
}

void cmd_block(struct request *r, struct client_fields *f) {
    struct user_id other = request_other_user(r, f);

    if (other.v != 0) {
        user_block(&r->server->core, r->user, other, on_blocked, r);
    }
}

static void on_unblocked(void *ctx, enum rc rc) {
    struct request *r = ctx;

    if (rc != RC_OK) {
        request_fail_rc(r, rc);
    } else {
        request_ok(r);
    }
}

void cmd_unblock(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    struct user_id other = request_other_user(r, f);

    if (other.v != 0) {
        d->ops->unblock(d, r->user, other, on_unblocked, r);
    }
}

void cmd_blocks(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;

    (void)f;
    d->ops->blocks_of(d, r->user, request_end_users, r);
}
