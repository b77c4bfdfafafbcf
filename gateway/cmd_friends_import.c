/* The command with which the team's server says who a user's friends are: they
 * are from then on, without being asked. */
#include "chat-core/lists.h"
#include "gateway/command.h"
#include "gateway/each.h"
#include "gateway/server.h"
#include "proto/base/mem.h"

/* One of them. */
struct making {
    struct each *each;
    size_t i;
};

static void on_friend(void *ctx, enum rc rc, enum friend_state state) {
    struct making m = *(struct making *)ctx;
    const struct request *r = m.each->request;

    (void)state;
    mem_free(ctx);
    if (rc == RC_OK) {
        lists_tell_pair(&r->server->core, r->user, m.each->users[m.i]);
    }
    each_done(m.each, m.i, rc);
}

static void begin(struct each *e, size_t i) {
    const struct request *r = e->request;
    struct directory *d = r->server->core.directory;
    struct making *m;

    if (e->users[i].v == r->user.v) {
        each_done(e, i, RC_BAD_INPUT);
        return;
    }
    m = mem_new(sizeof(*m));
    *m = (struct making){e, i};
    d->ops->friend_make(d, r->user, e->users[i], on_friend, m);
}

static void import_free(struct each *e) {
    mem_free(e);
}

void cmd_friends_import(struct request *r, struct client_fields *f) {
    struct each *e = mem_new(sizeof(*e));

    if (!each_read(e, r, f)) {
        mem_free(e);
        return;
    }
    e->begin = begin;
    e->free = import_free;
    each_run(e);
}
