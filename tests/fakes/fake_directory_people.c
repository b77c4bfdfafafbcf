/* Users and friends, as the database does them. */
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"
#include "tests/fakes/fake_directory_call.h"

/* ---- users ---- */

static struct user_row user_row(const struct dir_user *u) {
    return (struct user_row){.id = u->id,
                             .name = slice_str(u->name),
                             .last_seen_ms = u->last_seen_ms,
                             .avatar = slice_str(u->avatar),
                             .bot = u->bot};
}

static void user_create_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_user *u =
        dir_user_make(c->store, c->me, c->texts[0], c->texts[1], c->texts[2]);

    base->rc = u == NULL ? RC_CONFLICT : RC_OK;
    if (u != NULL) {
        c->user = user_row(u);
    }
}

/* NOLINTNEXTLINE(readability-function-size): the port has 7 parameters. */
static void end_user_create(struct directory *d, struct user_id id,
                            struct slice name, struct slice name_key,
                            struct slice password_hash, user_fn done,
                            void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "user_create", user_create_execute, fake_dir_answer_user, ctx);

    c->me = id;
    c->texts[0] = fake_dir_keep_text(name);
    c->texts[1] = fake_dir_keep_text(name_key);
    c->texts[2] = fake_dir_keep_text(password_hash);
    c->done.user = done;
}

static void user_by_name_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_user *u = dir_user_by_key(c->store, c->texts[0]);

    base->rc = u == NULL ? RC_NOT_FOUND : RC_OK;
    if (u != NULL) {
        c->user = user_row(u);
        c->user.password_hash = slice_str(u->password_hash);
    }
}

static void end_user_by_name(struct directory *d, struct slice name_key,
                             user_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "user_by_name", user_by_name_execute, fake_dir_answer_user, ctx);

    c->texts[0] = fake_dir_keep_text(name_key);
    c->done.user = done;
}

static void user_by_id_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_user *u = dir_user(c->store, c->me);

    base->rc = u == NULL ? RC_NOT_FOUND : RC_OK;
    if (u != NULL) {
        c->user = user_row(u);
        c->user.password_hash = slice_str(u->password_hash);
    }
}

static void end_user_by_id(struct directory *d, struct user_id id, user_fn done,
                           void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "user_by_id", user_by_id_execute, fake_dir_answer_user, ctx);

    c->me = id;
    c->done.user = done;
}

/* Who is erased has another name. */
static void user_alive_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    const struct dir_user *u = dir_user(c->store, c->me);

    base->rc =
        u == NULL || strcmp(u->name, "erased") == 0 ? RC_NOT_FOUND : RC_OK;
    if (base->rc == RC_OK) {
        c->user = user_row(u);
    }
}

static void end_user_alive(struct directory *d, struct user_id id, user_fn done,
                           void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "user_alive", user_alive_execute, fake_dir_answer_user, ctx);

    c->me = id;
    c->done.user = done;
}

/* In no order. */
static bool begins(const struct dir_user *u, struct slice prefix) {
    struct slice key = slice_str(u->key);

    return key.n >= prefix.n && slice_eq(slice_take(key, prefix.n), prefix);
}

/* By key. */
static int compare_users(const void *a, const void *b) {
    const struct dir_user *const *left = a;
    const struct dir_user *const *right = b;

    return strcmp((*left)->key, (*right)->key);
}

static void users_by_prefix_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_user **all =
        mem_new_array(c->store->users.count, sizeof(struct dir_user *));
    struct dir_user *u;
    size_t count = 0;
    size_t at = 0;

    while ((u = map_next(&c->store->users, &at)) != NULL) {
        if (begins(u, c->texts[0])) {
            all[count++] = u;
        }
    }
    qsort(all, count, sizeof(struct dir_user *), compare_users);
    c->found = count < c->count ? count : c->count;
    c->users = mem_new_array(c->found, sizeof(*c->users));
    for (size_t i = 0; i < c->found; i++) {
        c->users[i] = user_row(all[i]);
    }
    mem_free(all);
    base->rc = RC_OK;
}

static void end_users_by_prefix(struct directory *d, struct slice prefix,
                                size_t limit, users_fn done, void *ctx) {
    struct fake_dir_call *c =
        fake_dir_call_new(d, "users_by_prefix", users_by_prefix_execute,
                          fake_dir_answer_users, ctx);

    c->texts[0] = fake_dir_keep_text(prefix);
    c->count = limit;
    c->done.users = done;
}

static void users_by_id_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    c->users = mem_new_array(c->count, sizeof(*c->users));
    for (size_t i = 0; i < c->count; i++) {
        struct dir_user *u = dir_user(c->store, c->ids[i]);

        if (u != NULL) {
            c->users[c->found++] = user_row(u);
        }
    }
    base->rc = RC_OK;
}

static void end_users_by_id(struct directory *d, const struct user_id *ids,
                            size_t count, users_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "users_by_id", users_by_id_execute, fake_dir_answer_users, ctx);

    fake_dir_keep_ids(c, ids, count);
    c->done.users = done;
}

static void seen_write_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    for (size_t i = 0; i < c->count; i++) {
        struct dir_user *u = dir_user(c->store, c->ids[i]);

        if (u != NULL && u->last_seen_ms < c->times_ms[i]) {
            u->last_seen_ms = c->times_ms[i];
        }
    }
    base->rc = RC_OK;
}

static void end_seen_write(struct directory *d, const struct user_id *users,
                           const uint64_t *last_seen_ms, size_t count,
                           directory_done_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "seen_write", seen_write_execute, fake_dir_answer_done, ctx);

    fake_dir_keep_ids(c, users, count);
    c->times_ms = mem_new_array(count, sizeof(*last_seen_ms));
    memcpy(c->times_ms, last_seen_ms, count * sizeof(*last_seen_ms));
    c->done.done = done;
}

/* ---- friends ---- */

static enum friend_state state_of(const struct dir_friends *f,
                                  struct user_id me) {
    if (f == NULL) {
        return FRIEND_NONE;
    }
    if (f->asked_by.v == 0) {
        return FRIEND_BOTH;
    }
    return f->asked_by.v == me.v ? FRIEND_ASKED : FRIEND_ASKS_ME;
}

static void friends_of_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    const struct dir_store *s = c->store;

    c->friends = mem_new_array(s->friend_count, sizeof(*c->friends));
    for (size_t i = 0; i < s->friend_count; i++) {
        const struct dir_friends *f = &s->friends[i];
        struct user_id other = f->low.v == c->me.v ? f->high : f->low;

        if (f->low.v == c->me.v || f->high.v == c->me.v) {
            c->friends[c->found++] = (struct friend_row){
                other, slice_str(dir_user(s, other)->name), state_of(f, c->me),
                slice_str(f->remarks[f->high.v == c->me.v])};
        }
    }
    base->rc = RC_OK;
}

static void end_friends_of(struct directory *d, struct user_id user,
                           friends_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "friends_of", friends_of_execute, fake_dir_answer_friends, ctx);

    c->me = user;
    c->done.friends = done;
}

static void friend_ask_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_friends *f = dir_friends(c->store, c->me, c->other);

    if (c->me.v == c->other.v || dir_user(c->store, c->other) == NULL) {
        base->rc = c->me.v == c->other.v ? RC_BAD_INPUT : RC_NOT_FOUND;
        return;
    }
    if (dir_blocked(c->store, c->me, c->other)) {
        base->rc = RC_DENIED;
        return;
    }
    if (f == NULL) {
        f = dir_friends_make(c->store, c->me, c->other);
        dir_note_friends(c->store, c->me, c->other);
    } else if (f->asked_by.v == c->other.v) {
        f->asked_by.v = 0;
        dir_note_friends(c->store, c->me, c->other);
    }
    c->state = state_of(f, c->me);
    base->rc = RC_OK;
}

static void friend_accept_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_friends *f = dir_friends(c->store, c->me, c->other);

    if (f == NULL || f->asked_by.v == c->me.v) {
        base->rc = RC_NOT_FOUND;
        return;
    }
    if (f->asked_by.v != 0) {
        f->asked_by.v = 0;
        dir_note_friends(c->store, c->me, c->other);
    }
    c->state = FRIEND_BOTH;
    base->rc = RC_OK;
}

static void friend_remark_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_friends *f = dir_friends(c->store, c->me, c->other);

    base->rc = f == NULL ? RC_NOT_FOUND : RC_OK;
    if (f != NULL) {
        char *remark = f->remarks[f->high.v == c->me.v];

        memcpy(remark, c->texts[0].p, c->texts[0].n + 1);
        dir_note(c->store, c->me, LIST_FRIENDS, c->other.v);
    }
}

static void friend_drop_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_friends *f = dir_friends(c->store, c->me, c->other);

    if (f != NULL) {
        dir_friends_drop(c->store, f);
        dir_note_friends(c->store, c->me, c->other);
    }
    c->state = FRIEND_NONE;
    base->rc = RC_OK;
}

static void push_friend(struct fake_dir_call *c, struct user_id me,
                        struct user_id other, friend_fn done) {
    c->me = me;
    c->other = other;
    c->done.friend = done;
}

static void end_friend_ask(struct directory *d, struct user_id me,
                           struct user_id other, friend_fn done, void *ctx) {
    push_friend(fake_dir_call_new(d, "friend_ask", friend_ask_execute,
                                  fake_dir_answer_friend, ctx),
                me, other, done);
}

static void friend_make_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    friend_ask_execute(base);
    if (base->rc == RC_OK && c->state != FRIEND_BOTH) {
        dir_friends(c->store, c->me, c->other)->asked_by.v = 0;
        dir_note_friends(c->store, c->me, c->other);
        c->state = FRIEND_BOTH;
    }
}

static void end_friend_make(struct directory *d, struct user_id me,
                            struct user_id other, friend_fn done, void *ctx) {
    push_friend(fake_dir_call_new(d, "friend_make", friend_make_execute,
                                  fake_dir_answer_friend, ctx),
                me, other, done);
}

static void end_friend_accept(struct directory *d, struct user_id me,
                              struct user_id other, friend_fn done, void *ctx) {
    push_friend(fake_dir_call_new(d, "friend_accept", friend_accept_execute,
                                  fake_dir_answer_friend, ctx),
                me, other, done);
}

static void end_friend_remark(struct directory *d, struct user_id me,
                              struct user_id other, struct slice remark,
                              directory_done_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "friend_remark", friend_remark_execute, fake_dir_answer_done, ctx);

    c->me = me;
    c->other = other;
    c->texts[0] = fake_dir_keep_text(remark);
    c->done.done = done;
}

static void end_friend_drop(struct directory *d, struct user_id me,
                            struct user_id other, friend_fn done, void *ctx) {
    push_friend(fake_dir_call_new(d, "friend_drop", friend_drop_execute,
                                  fake_dir_answer_friend, ctx),
                me, other, done);
}

void fake_dir_people_ops(struct directory_ops *ops) {
    ops->user_create = end_user_create;
    ops->user_by_name = end_user_by_name;
    ops->user_by_id = end_user_by_id;
    ops->user_alive = end_user_alive;
    ops->users_by_id = end_users_by_id;
    ops->users_by_prefix = end_users_by_prefix;
    ops->seen_write = end_seen_write;
    ops->friends_of = end_friends_of;
    ops->friend_ask = end_friend_ask;
    ops->friend_make = end_friend_make;
    ops->friend_accept = end_friend_accept;
    ops->friend_remark = end_friend_remark;
    ops->friend_drop = end_friend_drop;
}
