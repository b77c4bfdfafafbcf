/* Who watches somebody's presence is looked at again: the directory says who
 * may not. When it cannot say, nobody may. */
#include "gateway/server.h"
#include "gateway/watch.h"
#include "proto/base/mem.h"

struct looking {
    struct server *server;
    struct user_id user;
    size_t count;
    struct user_id watchers[DIRECTORY_BATCH_MAX];
};

void watch_look(struct server *server, struct user_id user) {
    struct bus *bus = server->core.bus;
    struct topic topic = {TOPIC_SEEN, user.v};
    struct buf msg;

    buf_init(&msg);
    bus_msg_encode(&msg,
                   &(struct bus_msg){.kind = BUS_LOOK, .u.look.user = user});
    bus->ops->publish(bus, &topic, 1, buf_slice(&msg), true, NULL, NULL);
    buf_fini(&msg);
}

static void hide_all(struct looking *l, const struct user_id *watchers,
                     size_t count) {
    for (size_t i = 0; i < count; i++) {
        watch_hide_from(&l->server->watch, l->user, watchers[i]);
    }
}

static void on_hidden(void *ctx, enum rc rc, const struct user_row *users,
                      size_t count) {
    struct looking *l = ctx;

    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        hide_all(l, &users[i].id, 1);
    }
    if (rc != RC_OK) {
        hide_all(l, l->watchers, l->count);
    }
    mem_free(l);
}

/* More watchers than one question may name watch anew. */
static void hide_rest(struct looking *l) {
    struct user_id all[DIRECTORY_BATCH_MAX + 1];

    while (watch_watchers(&l->server->watch, l->user, all,
                          DIRECTORY_BATCH_MAX + 1) > DIRECTORY_BATCH_MAX) {
        hide_all(l, &all[DIRECTORY_BATCH_MAX], 1);
    }
}

void watch_looked(struct server *server, struct user_id user) {
    struct directory *d = server->core.directory;
    struct looking *l = mem_new(sizeof(*l));

    l->server = server;
    l->user = user;
    hide_rest(l);
    l->count =
        watch_watchers(&server->watch, user, l->watchers, DIRECTORY_BATCH_MAX);
    if (l->count == 0) {
        mem_free(l);
        return;
    }
    d->ops->hidden_from(d, user, l->watchers, l->count, on_hidden, l);
}
