/* The commands about friends. What two users are to each other is told to the
 * devices of both. */
#include "chat-core/lists.h"
#include "gateway/command.h"
#include "gateway/server.h"
#include "proto/base/mem.h"

/* ---- friends ---- */

void put_friend(struct json_out *o, const struct friend_row *row) {
    json_field_id(o, "user", row->user.v);
    json_field_str(o, "name", row->name);
    json_field_str(o, "state", slice_str(friend_word(row->state)));
    if (row->remark.n > 0) {
        json_field_str(o, "remark", row->remark);
    }
}

static void on_friends(void *ctx, enum rc rc, const struct friend_row *friends,
                       size_t count) {
    struct request *r = ctx;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK) {
        request_fail_rc(r, rc);
        return;
    }
    o = request_begin(r, &b, "friends");
    json_field_arr(&o, "friends");
    for (size_t i = 0; i < count; i++) {
        json_begin_obj(&o);
        put_friend(&o, &friends[i]);
        json_end_obj(&o);
    }
    json_end_arr(&o);
    request_end(r, &b);
}

void cmd_friends(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;

    (void)f;
    d->ops->friends_of(d, r->user, on_friends, r);
}

/* ---- friend.ask, friend.accept, friend.drop ---- */

struct asking {
    struct request *request;
    struct server *server;
    struct user_id me;
    struct user_id other;
};

static struct asking *asking_new(struct request *r, struct user_id other) {
    struct asking *a = mem_new(sizeof(*a));

    *a = (struct asking){r, r->server, r->user, other};
    return a;
}

static void on_friend(void *ctx, enum rc rc, enum friend_state state) {
    struct asking *a = ctx;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK) {
        request_fail_rc(a->request, rc);
        mem_free(a);
        return;
    }
    o = request_begin(a->request, &b, "ok");
    json_field_str(&o, "state", slice_str(friend_word(state)));
    request_end(a->request, &b);
    lists_tell_pair(&a->server->core, a->me, a->other);
    if (state == FRIEND_NONE) { /* who shows himself to friends only */
        watch_look(a->server, a->me);
        watch_look(a->server, a->other);
    }
    mem_free(a);
}

void cmd_friend_ask(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    struct user_id other = request_other_user(r, f);

    if (other.v != 0) {
        d->ops->friend_ask(d, r->user, other, on_friend, asking_new(r, other));
    }
}

void cmd_friend_accept(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    struct user_id other = request_other_user(r, f);

    if (other.v != 0) {
        d->ops->friend_accept(d, r->user, other, on_friend,
                              asking_new(r, other));
    }
}

void cmd_friend_drop(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    struct user_id other = request_other_user(r, f);

    if (other.v != 0) {
        d->ops->friend_drop(d, r->user, other, on_friend, asking_new(r, other));
    }
}

/* ---- friend.remark ---- */

static void on_remark(void *ctx, enum rc rc) {
    struct asking *a = ctx;

    if (rc != RC_OK) {
        request_fail_rc(a->request, rc);
    } else {
        request_ok(a->request);
        lists_tell(&a->server->core,
                   &(struct list_ref){a->me, LIST_FRIENDS, a->other.v}, 1);
    }
    mem_free(a);
}

void cmd_friend_remark(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    struct slice remark = client_field_text_opt(f, "remark", REMARK_MAX_BYTES);
    struct user_id other;

    if (f->error == CLIENT_OK && remark.p == NULL) {
        client_fields_fail(f, "remark", CLIENT_BAD_VALUE);
    }
    other = request_other_user(r, f);
    if (other.v != 0) {
        d->ops->friend_remark(d, r->user, other, remark, on_remark,
                              asking_new(r, other));
    }
}
