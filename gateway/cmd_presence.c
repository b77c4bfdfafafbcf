/* The commands about presence: ask once, or watch; and be away. */
#include <string.h>

#include "gateway/command.h"
#include "gateway/server.h"
#include "gateway/session.h"
#include "proto/base/mem.h"

/* A query on its way: the directory for who is hidden by a block, the service,
 * then the directory for when those who are offline were last seen. */
struct asking {
    struct request *request;
    bool watch;
    size_t count;
    struct user_id users[REQUEST_USERS_MAX];
    bool hidden[REQUEST_USERS_MAX];
    struct presence_known known[REQUEST_USERS_MAX];
};

static void put_step(struct json_out *o, const struct settings *s,
                     enum presence_step step) {
    json_field_str(o, "step", slice_str(presence_step_word(step)));
    if (step == PRESENCE_BATCH) {
        json_field_u64(o, "window_ms", s->presence_window_ms);
    } else if (step == PRESENCE_COUNT) {
        json_field_u64(o, "lease_ms", COUNT_LEASE_MS);
    }
}

static void answer(struct asking *a) {
    const struct settings *settings = a->request->server->settings;
    struct json_out o;
    struct buf b;

    o = request_begin(a->request, &b, "presence");
    json_field_arr(&o, "users");
    for (size_t i = 0; i < a->count; i++) {
        buf_add_str(&b, i == 0 ? "" : ",");
        presence_put(&b, &a->known[i]);
    }
    json_end_arr(&o);
    if (a->watch && a->request->session != NULL) {
        put_step(&o, settings,
                 presence_step(settings, a->request->session->watch_count));
    }
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
    struct user_id missing[REQUEST_USERS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        watch_answered(&a->request->server->watch, &known[i]);
        a->known[i] = known[i];
        if (a->hidden[i]) {
            a->known[i].state = PRESENCE_UNKNOWN;
            a->known[i].since_ms = 0;
        } else if (known[i].state == PRESENCE_OFFLINE &&
                   known[i].since_ms == 0) {
            missing[n++] = known[i].user;
        }
    }
    if (n == 0) {
        answer(a);
        return;
    }
    d->ops->users_by_id(d, missing, n, on_last_seen, a);
}

static void hide(struct asking *a, struct user_id user) {
    for (size_t i = 0; i < a->count; i++) {
        a->hidden[i] = a->hidden[i] || a->users[i].v == user.v;
    }
}

/* Watches first and asks then, so that no change falls between. */
static void watch(struct asking *a) {
    struct request *r = a->request;

    for (size_t i = 0; i < a->count && r->session != NULL; i++) {
        if (!a->hidden[i]) {
            watch_add(&r->server->watch, r->session, a->users[i]);
        }
    }
}

/* Those who are watched already take no more room. */
static bool room_to_watch(const struct request *r, const struct user_id *users,
                          size_t count) {
    size_t fresh = 0;

    if (r->session == NULL) {
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        fresh += !watch_has(r->session, users[i]);
    }
    return r->session->watch_count + fresh <= r->server->settings->watches;
}

static void on_blocked(void *ctx, enum rc rc, const struct user_row *users,
                       size_t count) {
    struct asking *a = ctx;
    struct presence *p = a->request->server->presence;

    if (rc == RC_OK && a->watch &&
        !room_to_watch(a->request, a->users, a->count)) {
        rc = RC_LIMIT; /* others came first */
    }
    if (rc != RC_OK) {
        request_fail_rc(a->request, rc);
        mem_free(a);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        hide(a, users[i].id);
    }
    if (a->watch) {
        watch(a);
    }
    p->ops->query(p, a->users, a->count, on_known, a);
}

static void ask(struct request *r, const struct user_id *users, size_t count,
                bool watch) {
    struct directory *d = r->server->core.directory;
    struct asking *a = mem_new(sizeof(*a));

    a->request = r;
    a->watch = watch;
    a->count = count;
    memcpy(a->users, users, count * sizeof(*users));
    if (r->user.v == 0) { /* a key as nobody: whom one hides from is a user */
        r->server->presence->ops->query(r->server->presence, users, count,
                                        on_known, a);
        return;
    }
    d->ops->hidden_among(d, r->user, users, count, on_blocked, a);
}

void cmd_presence_query(struct request *r, struct client_fields *f) {
    struct user_id users[REQUEST_USERS_MAX];
    size_t count = request_users(r, f, users);

    if (count > 0) {
        ask(r, users, count, false);
    }
}

/* A conversation is asked about: how large is it? */
struct sizing {
    struct request *request;
    struct conv_id conv;
};

static void answer_size(const struct sizing *s, uint32_t total,
                        enum presence_step step) {
    struct request *r = s->request;
    struct json_out o;
    struct buf b;
    uint64_t online;

    o = request_begin(r, &b, "presence");
    json_field_id(&o, "conv", s->conv.v);
    json_field_u64(&o, "members", total);
    put_step(&o, r->server->settings, step);
    if (step == PRESENCE_COUNT && counts_known(r->server, s->conv, &online)) {
        json_field_u64(&o, "online", online);
    }
    request_end(r, &b);
}

/* RC_LIMIT: too many of this session. A gateway that counts enough does not
 * take this step. */
static enum rc begin_count(const struct request *r, struct conv_id conv,
                           enum presence_step *step) {
    enum rc rc =
        r->session == NULL ? RC_OK : counts_add(r->server, r->session, conv);

    if (rc == RC_AGAIN) {
        *step = PRESENCE_ASK;
        rc = RC_OK;
    }
    return rc;
}

static void on_size(void *ctx, enum rc rc, uint32_t total,
                    const struct group_member *members, size_t count) {
    struct sizing *s = ctx;
    struct request *r = s->request;
    enum presence_step step = presence_step(r->server->settings, total);

    (void)members;
    (void)count;
    if (rc == RC_OK && step == PRESENCE_COUNT) {
        rc = begin_count(r, s->conv, &step);
    }
    if (rc == RC_OK) {
        r->server->stats.presence[PRESENCE_ASK] += step == PRESENCE_ASK;
        answer_size(s, total, step);
    } else {
        request_fail_rc(r, rc);
    }
    mem_free(s);
}

/* True: the command is about a conversation, or wrong. */
static bool about_conv(struct request *r, struct client_fields *f,
                       struct conv_id *conv) {
    conv->v = client_field_id_opt(f, "conv");
    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return true;
    }
    return conv->v != 0;
}

static void watch_conv(struct request *r, struct conv_id conv) {
    struct directory *d = r->server->core.directory;
    struct sizing *s = mem_new(sizeof(*s));

    s->request = r;
    s->conv = conv;
    d->ops->group_members(d, conv, r->user, (struct user_id){0}, 1, on_size, s);
}

void cmd_presence_watch(struct request *r, struct client_fields *f) {
    struct user_id users[REQUEST_USERS_MAX];
    struct conv_id conv;
    size_t count;

    if (about_conv(r, f, &conv)) {
        if (conv.v != 0) {
            watch_conv(r, conv);
        }
        return;
    }
    count = request_users(r, f, users);
    if (count == 0) {
        return;
    }
    if (!room_to_watch(r, users, count)) {
        client_fields_fail(f, "users", CLIENT_TOO_MANY);
        request_fail_field(r, f);
        return;
    }
    ask(r, users, count, true);
}

void cmd_presence_unwatch(struct request *r, struct client_fields *f) {
    struct user_id users[REQUEST_USERS_MAX];
    struct conv_id conv;
    size_t count;

    if (about_conv(r, f, &conv)) {
        if (conv.v != 0) {
            counts_remove(r->server, r->session, conv);
            request_ok(r);
        }
        return;
    }
    count = request_users(r, f, users);
    for (size_t i = 0; i < count; i++) {
        watch_remove(&r->server->watch, r->session, users[i]);
    }
    if (count > 0) {
        request_ok(r);
    }
}

void cmd_presence_set(struct request *r, struct client_fields *f) {
    struct slice state = client_field_text(f, "state", 16);
    bool away = slice_is(state, "away");

    if (f->error == CLIENT_OK && !away && !slice_is(state, "active")) {
        client_fields_fail(f, "state", CLIENT_BAD_VALUE);
    }
    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    session_away(r->session, away);
    request_ok(r);
}
