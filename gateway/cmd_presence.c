/* The commands about presence: ask once, or watch. */
#include "gateway/command.h"
#include "gateway/server.h"
#include "gateway/session.h"
#include "proto/base/mem.h"

enum {
    QUERY_MAX = 500, /* users in one command */
};

/* A query on its way: the service first, then the directory for when those
 * who are offline were last seen. */
struct asking {
    struct request *request;
    size_t count;
    struct presence_known known[QUERY_MAX];
};

static void answer(struct asking *a) {
    struct json_out o;
    struct buf b;

    o = request_begin(a->request, &b, "presence");
    json_field_arr(&o, "users");
    for (size_t i = 0; i < a->count; i++) {
        buf_add_str(&b, i == 0 ? "" : ",");
        presence_put(&b, &a->known[i]);
    }
    json_end_arr(&o);
    request_end(a->request, &b);
    mem_free(a);
}

static void take_last_seen(struct asking *a, const struct user_row *user) {
    for (size_t i = 0; i < a->count; i++) {
        if (a->known[i].user.v == user->id.v && a->known[i].since_ms == 0) {
            a->known[i].since_ms = user->last_seen_ms;
        }
    }
}

static void on_last_seen(void *ctx, enum rc rc, const struct user_row *users,
                         size_t count) {
    struct asking *a = ctx;

    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        take_last_seen(a, &users[i]);
    }
    answer(a); /* without the directory, without last-seen times */
}

static void on_known(void *ctx, const struct presence_known *known,
                     size_t count) {
    struct asking *a = ctx;
    struct directory *d = a->request->server->core.directory;
    struct user_id missing[QUERY_MAX];
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        a->known[i] = known[i];
        if (known[i].state == PRESENCE_OFFLINE && known[i].since_ms == 0) {
            missing[n++] = known[i].user;
        }
    }
    if (n == 0) {
        answer(a);
        return;
    }
    d->ops->users_by_id(d, missing, n, on_last_seen, a);
}

static size_t read_users(struct request *r, struct client_fields *f,
                         struct user_id *users) {
    uint64_t ids[QUERY_MAX];
    size_t count = client_field_ids(f, "users", ids, QUERY_MAX);

    if (f->error == CLIENT_OK && count == 0) {
        client_fields_fail(f, "users", CLIENT_BAD_VALUE);
    }
    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        users[i].v = ids[i];
    }
    return count;
}

static void ask(struct request *r, const struct user_id *users, size_t count) {
    struct presence *p = r->server->presence;
    struct asking *a = mem_new(sizeof(*a));

    a->request = r;
    a->count = count;
    p->ops->query(p, users, count, on_known, a);
}

void cmd_presence_query(struct request *r, struct client_fields *f) {
    struct user_id users[QUERY_MAX];
    size_t count = read_users(r, f, users);

    if (count > 0) {
        ask(r, users, count);
    }
}

/* Watches first and asks then, so that no change falls between. */
void cmd_presence_watch(struct request *r, struct client_fields *f) {
    struct server *server = r->server;
    struct user_id users[QUERY_MAX];
    size_t count = read_users(r, f, users);

    if (count == 0) {
        return;
    }
    if (r->session->watch_count + count > server->settings->watches) {
        client_fields_fail(f, "users", CLIENT_TOO_MANY);
        request_fail_field(r, f);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        watch_add(&server->watch, r->session, users[i]);
    }
    ask(r, users, count);
}

void cmd_presence_unwatch(struct request *r, struct client_fields *f) {
    struct user_id users[QUERY_MAX];
    size_t count = read_users(r, f, users);

    for (size_t i = 0; i < count; i++) {
        watch_remove(&r->server->watch, r->session, users[i]);
    }
    if (count > 0) {
        request_ok(r);
    }
}
