/* The commands that block somebody, take it back, and list whom. */
#include "chat-core/block.h"
#include "chat-core/lists.h"
#include "gateway/command.h"
#include "gateway/server.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"

struct asking {
    struct request *request;
    struct core *core;
    struct user_id me;
    struct user_id other;
};

static struct asking *asking_new(struct request *r, struct user_id other) {
    struct asking *a = mem_new(sizeof(*a));

    *a = (struct asking){r, &r->server->core, r->user, other};
    return a;
}

/* His devices of the block; the other's only that they are no friends, if they
 * were: whom somebody blocks is nobody else's business. */
static void tell(const struct asking *a) {
    const struct list_ref refs[] = {{a->me, LIST_BLOCKS, a->other.v},
                                    {a->me, LIST_FRIENDS, a->other.v},
                                    {a->other, LIST_FRIENDS, a->me.v}};

    lists_tell(a->core, refs, COUNT_OF(refs));
}

static void fail(struct asking *a, enum rc rc) {
    request_fail_rc(a->request, rc);
    mem_free(a);
}

static void on_blocked(void *ctx, enum rc rc, struct conv_id conv,
                       struct msg_seq seq) {
    struct asking *a = ctx;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK) {
        fail(a, rc);
        return;
    }
    o = request_begin(a->request, &b, "ok");
    if (conv.v != 0) {
        json_field_id(&o, "conv", conv.v);
        json_field_u64(&o, "seq", seq.v);
    }
    request_end(a->request, &b);
    tell(a);
    mem_free(a);
}

void cmd_block(struct request *r, struct client_fields *f) {
    struct user_id other = request_other_user(r, f);

    if (other.v != 0) {
        user_block(&r->server->core, r->user, other, on_blocked,
                   asking_new(r, other));
    }
}

static void on_unblocked(void *ctx, enum rc rc) {
    struct asking *a = ctx;

    if (rc != RC_OK) {
        fail(a, rc);
        return;
    }
    request_ok(a->request);
    lists_tell(a->core, &(struct list_ref){a->me, LIST_BLOCKS, a->other.v}, 1);
    mem_free(a);
}

void cmd_unblock(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    struct user_id other = request_other_user(r, f);

    if (other.v != 0) {
        d->ops->unblock(d, r->user, other, on_unblocked, asking_new(r, other));
    }
}

void cmd_blocks(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;

    (void)f;
    d->ops->blocks_of(d, r->user, request_end_users, r);
}
