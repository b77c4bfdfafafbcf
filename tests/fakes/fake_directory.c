/* The port over the tables: each call is kept whole until it is finished. */
#include "tests/fakes/fake_directory.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/mem.h"
#include "tests/fakes/fake_directory_store.h"

struct end {
    struct directory directory; /* first */
    struct list node;
    struct fake_directory *owner;
    struct fake_calls calls;
};

struct fake_directory {
    struct dir_store store;
    struct list ends;
};

/* One call; which of the fields are used is the operation's business. */
struct call {
    struct fake_call base; /* first */
    struct dir_store *store;
    struct conv_id conv;
    struct user_id me;
    struct user_id other;
    struct device_id device;
    struct slice texts[3]; /* ours */
    struct user_id *ids;
    uint64_t *times_ms;
    size_t count;
    struct msg_seq seq;
    bool joined;
    /* What came of it. */
    struct user_row user;
    struct user_row *users;
    struct conv_row row;
    struct member_row *members;
    struct conv_of_user *convs;
    struct member_changed changed;
    struct friend_row *friends;
    enum friend_state state;
    struct member_version version;
    size_t found;
    union {
        user_fn user;
        users_fn users;
        device_fn device;
        conv_fn conv;
        members_fn members;
        convs_fn convs;
        member_changed_fn changed;
        friends_fn friends;
        friend_fn friend;
        directory_done_fn done;
    } done;
    void *ctx;
};

static const struct directory_ops end_ops;

/* ---- the store, at once ---- */

struct fake_directory *fake_directory_new(void) {
    struct fake_directory *f = mem_new(sizeof(*f));

    dir_store_init(&f->store);
    list_init(&f->ends);
    return f;
}

void fake_directory_free(struct fake_directory **f) {
    struct list *node;

    if (*f == NULL) {
        return;
    }
    while ((node = list_pop_front(&(*f)->ends)) != NULL) {
        struct end *e = CONTAINER_OF(node, struct end, node);

        fake_calls_fini(&e->calls);
        mem_free(e);
    }
    dir_store_fini(&(*f)->store);
    mem_free(*f);
    *f = NULL;
}

void fake_directory_users(struct fake_directory *f, uint64_t first,
                          size_t count) {
    for (uint64_t v = first; v < first + count; v++) {
        char name[32];
        struct slice text;

        snprintf(name, sizeof(name), "user%llu", (unsigned long long)v);
        text = slice_str(name);
        (void)dir_user_make(&f->store, (struct user_id){v}, text, text,
                            SLICE_LIT("hash"));
    }
}

void fake_directory_group(struct fake_directory *f, struct conv_id conv,
                          uint64_t first, size_t count) {
    struct dir_conv *c =
        dir_conv_make(&f->store, conv, CONV_GROUP, SLICE_LIT("group"));

    c->made_by.v = first;
    for (uint64_t v = first; v < first + count; v++) {
        dir_found(&f->store, c, (struct user_id){v},
                  v == first ? ROLE_OWNER : ROLE_MEMBER);
    }
}

struct member_version fake_directory_add(struct fake_directory *f,
                                         struct conv_id conv,
                                         struct user_id user) {
    struct dir_conv *c = dir_conv(&f->store, conv);

    dir_join(&f->store, c, user);
    return c->version;
}

struct member_version fake_directory_remove(struct fake_directory *f,
                                            struct conv_id conv,
                                            struct user_id user) {
    struct dir_conv *c = dir_conv(&f->store, conv);

    dir_leave(c, dir_member(c, user));
    return c->version;
}

void fake_directory_bound(struct fake_directory *f, struct conv_id conv,
                          struct user_id user, uint64_t seq, bool joined) {
    dir_bound(dir_member(dir_conv(&f->store, conv), user), seq, joined);
}

struct member_version fake_directory_version(const struct fake_directory *f,
                                             struct conv_id conv) {
    const struct dir_conv *c = dir_conv(&f->store, conv);

    return c == NULL ? (struct member_version){0} : c->version;
}

bool fake_directory_wide(const struct fake_directory *f, struct conv_id conv) {
    return dir_conv(&f->store, conv)->wide;
}

struct member_row fake_directory_row(const struct fake_directory *f,
                                     struct conv_id conv, struct user_id user) {
    return dir_row(dir_conv(&f->store, conv), user);
}

bool fake_directory_was_member(const struct fake_directory *f,
                               struct conv_id conv, struct user_id user,
                               struct member_version version) {
    const struct dir_conv *c = dir_conv(&f->store, conv);
    bool member = false;

    for (size_t i = 0; i < c->step_count; i++) {
        const struct dir_step *step = &c->steps[i];

        if (step->version.v <= version.v && step->user.v == user.v) {
            member = step->joined;
        }
    }
    return member;
}

/* ---- calls ---- */

/* mem_dup made it; the slice only lends it as const. */
static void slice_free(struct slice s) {
    mem_free((void *)(uintptr_t)s.p);
}

static struct slice slice_dup(struct slice s) {
    return slice_of(mem_dup(s.p, s.n), s.n);
}

static void call_free(struct call *c) {
    for (size_t i = 0; i < COUNT_OF(c->texts); i++) {
        slice_free(c->texts[i]);
    }
    mem_free(c->ids);
    mem_free(c->times_ms);
    mem_free(c->users);
    mem_free(c->members);
    mem_free(c->convs);
    mem_free(c->friends);
    mem_free(c);
}

static struct call *call_of(struct fake_call *base) {
    return CONTAINER_OF(base, struct call, base);
}

static struct call *call_new(struct directory *d, const char *name,
                             fake_execute_fn execute, fake_answer_fn answer,
                             void *ctx) {
    struct end *e = CONTAINER_OF(d, struct end, directory);
    struct call *c = mem_new(sizeof(*c));

    c->base.name = name;
    c->base.execute = execute;
    c->base.answer = answer;
    c->store = &e->owner->store;
    c->ctx = ctx;
    fake_calls_push(&e->calls, &c->base);
    return c;
}

static void keep_ids(struct call *c, const struct user_id *ids, size_t count) {
    assert(count <= DIRECTORY_BATCH_MAX);
    c->count = count;
    c->ids = mem_new_array(count, sizeof(*ids));
    if (count > 0) {
        memcpy(c->ids, ids, count * sizeof(*ids));
    }
}

/* What every kind of callback is told; `silent`: only freed. */
#define ANSWER(kind, ...)                                                      \
    static void answer_##kind(struct fake_call *base, enum rc rc,              \
                              bool silent) {                                   \
        struct call *c = call_of(base);                                        \
        bool ok = rc == RC_OK;                                                 \
                                                                               \
        (void)ok;                                                              \
        if (!silent) {                                                         \
            c->done.kind(c->ctx, rc __VA_ARGS__);                              \
        }                                                                      \
        call_free(c);                                                          \
    }

/* clang-format off */
ANSWER(user, , ok ? &c->user : NULL)
ANSWER(users, , ok ? c->users : NULL, ok ? c->found : 0)
ANSWER(device, , c->device)
ANSWER(conv, , ok ? &c->row : NULL)
ANSWER(members, , c->version, ok ? c->members : NULL, ok ? c->count : 0)
ANSWER(convs, , ok ? c->convs : NULL, ok ? c->found : 0)
ANSWER(changed, , ok ? &c->changed : NULL)
ANSWER(friends, , ok ? c->friends : NULL, ok ? c->found : 0)
ANSWER(friend, , c->state)
ANSWER(done, )
/* clang-format on */

/* ---- users and devices ---- */

static struct user_row user_row(const struct dir_user *u) {
    return (struct user_row){.id = u->id,
                             .name = slice_str(u->name),
                             .last_seen_ms = u->last_seen_ms};
}

static void user_create_execute(struct fake_call *base) {
    struct call *c = call_of(base);
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
    struct call *c =
        call_new(d, "user_create", user_create_execute, answer_user, ctx);

    c->me = id;
    c->texts[0] = slice_dup(name);
    c->texts[1] = slice_dup(name_key);
    c->texts[2] = slice_dup(password_hash);
    c->done.user = done;
}

static void user_by_name_execute(struct fake_call *base) {
    struct call *c = call_of(base);
    struct dir_user *u = dir_user_by_key(c->store, c->texts[0]);

    base->rc = u == NULL ? RC_NOT_FOUND : RC_OK;
    if (u != NULL) {
        c->user = user_row(u);
        c->user.password_hash = slice_str(u->password_hash);
    }
}

static void end_user_by_name(struct directory *d, struct slice name_key,
                             user_fn done, void *ctx) {
    struct call *c =
        call_new(d, "user_by_name", user_by_name_execute, answer_user, ctx);

    c->texts[0] = slice_dup(name_key);
    c->done.user = done;
}

static void users_by_id_execute(struct fake_call *base) {
    struct call *c = call_of(base);

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
    struct call *c =
        call_new(d, "users_by_id", users_by_id_execute, answer_users, ctx);

    keep_ids(c, ids, count);
    c->done.users = done;
}

static void execute_nothing(struct fake_call *base) {
    base->rc = RC_OK;
}

static void end_device_create(struct directory *d, struct user_id user,
                              struct device_id id, struct slice label,
                              device_fn done, void *ctx) {
    struct call *c =
        call_new(d, "device_create", execute_nothing, answer_device, ctx);

    (void)label;
    c->me = user;
    c->device = id;
    c->done.device = done;
}

static void seen_write_execute(struct fake_call *base) {
    struct call *c = call_of(base);

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
    struct call *c =
        call_new(d, "seen_write", seen_write_execute, answer_done, ctx);

    keep_ids(c, users, count);
    c->times_ms = mem_new_array(count, sizeof(*last_seen_ms));
    memcpy(c->times_ms, last_seen_ms, count * sizeof(*last_seen_ms));
    c->done.done = done;
}

/* ---- conversations ---- */

/* The rows of all members, oldest first, when they are few. */
static void list_members(struct call *c, const struct dir_conv *conv) {
    if (conv->member_count > LISTED_MAX_MEMBERS) {
        return;
    }
    c->members = mem_new_array(conv->member_count, sizeof(*c->members));
    for (size_t i = 0; i < conv->count; i++) {
        if (conv->members[i].role != ROLE_NONE) {
            c->members[c->row.listed++] = dir_row(conv, conv->members[i].user);
        }
    }
    c->row.members = c->members;
}

static enum rc take_conv(struct call *c, const struct dir_conv *conv) {
    if (conv == NULL) {
        return RC_NOT_FOUND;
    }
    c->row = (struct conv_row){.id = conv->id,
                               .kind = conv->kind,
                               .version = conv->version,
                               .title = slice_str(conv->title),
                               .member_count = conv->member_count,
                               .wide = conv->wide};
    list_members(c, conv);
    return RC_OK;
}

static void conv_load_execute(struct fake_call *base) {
    struct call *c = call_of(base);

    base->rc = take_conv(c, dir_conv(c->store, c->conv));
}

static void end_conv_load(struct directory *d, struct conv_id conv,
                          conv_fn done, void *ctx) {
    struct call *c =
        call_new(d, "conv_load", conv_load_execute, answer_conv, ctx);

    c->conv = conv;
    c->done.conv = done;
}

static void members_of_execute(struct fake_call *base) {
    struct call *c = call_of(base);
    const struct dir_conv *conv = dir_conv(c->store, c->conv);

    base->rc = conv == NULL ? RC_NOT_FOUND : RC_OK;
    if (conv == NULL) {
        return;
    }
    c->version = conv->version;
    c->members = mem_new_array(c->count, sizeof(*c->members));
    for (size_t i = 0; i < c->count; i++) {
        c->members[i] = dir_row(conv, c->ids[i]);
    }
}

static void end_members_of(struct directory *d, struct conv_id conv,
                           const struct user_id *users, size_t count,
                           members_fn done, void *ctx) {
    struct call *c =
        call_new(d, "members_of", members_of_execute, answer_members, ctx);

    c->conv = conv;
    keep_ids(c, users, count);
    c->done.members = done;
}

static struct conv_of_user conv_of(const struct dir_store *s,
                                   const struct dir_conv *conv,
                                   struct user_id me) {
    struct conv_of_user out = {.id = conv->id,
                               .kind = conv->kind,
                               .version = conv->version,
                               .member_count = conv->member_count,
                               .wide = conv->wide,
                               .title = slice_str(conv->title),
                               .me = dir_row(conv, me)};

    if (conv->kind == CONV_DIRECT) {
        out.peer = conv->members[conv->members[0].user.v == me.v ? 1 : 0].user;
        out.peer_name = slice_str(dir_user(s, out.peer)->name);
    }
    return out;
}

static void find_convs(struct call *c, bool wide_only) {
    const struct dir_store *s = c->store;

    c->convs = mem_new_array(s->conv_count, sizeof(*c->convs));
    for (size_t i = s->conv_count; i > 0; i--) {
        const struct dir_conv *conv = s->order[i - 1];
        const struct dir_member *m = dir_member(conv, c->me);

        if (m != NULL && (!wide_only || (conv->wide && m->role != ROLE_NONE))) {
            c->convs[c->found++] = conv_of(s, conv, c->me);
        }
    }
    c->base.rc = RC_OK;
}

static void convs_of_execute(struct fake_call *base) {
    find_convs(call_of(base), false);
}

static void end_convs_of(struct directory *d, struct user_id user,
                         convs_fn done, void *ctx) {
    struct call *c =
        call_new(d, "convs_of", convs_of_execute, answer_convs, ctx);

    c->me = user;
    c->done.convs = done;
}

static void wide_convs_of_execute(struct fake_call *base) {
    find_convs(call_of(base), true);
}

static void end_wide_convs_of(struct directory *d, struct user_id user,
                              convs_fn done, void *ctx) {
    struct call *c =
        call_new(d, "wide_convs_of", wide_convs_of_execute, answer_convs, ctx);

    c->me = user;
    c->done.convs = done;
}

static void direct_open_execute(struct fake_call *base) {
    struct call *c = call_of(base);
    struct dir_conv *conv = dir_direct(c->store, c->me, c->other);

    if (conv == NULL && dir_user(c->store, c->me) != NULL &&
        dir_user(c->store, c->other) != NULL) {
        conv = dir_conv_make(c->store, c->conv, CONV_DIRECT, SLICE_LIT(""));
        dir_found(c->store, conv, c->me, ROLE_MEMBER);
        dir_found(c->store, conv, c->other, ROLE_MEMBER);
    }
    base->rc = take_conv(c, conv);
}

static void end_direct_open(struct directory *d, struct user_id me,
                            struct user_id peer, struct conv_id fresh,
                            conv_fn done, void *ctx) {
    struct call *c =
        call_new(d, "direct_open", direct_open_execute, answer_conv, ctx);

    c->me = me;
    c->other = peer;
    c->conv = fresh;
    c->done.conv = done;
}

static bool all_exist(const struct call *c) {
    for (size_t i = 0; i < c->count; i++) {
        if (dir_user(c->store, c->ids[i]) == NULL) {
            return false;
        }
    }
    return dir_user(c->store, c->me) != NULL;
}

static struct dir_conv *make_group(struct call *c) {
    struct dir_conv *conv =
        dir_conv_make(c->store, c->conv, CONV_GROUP, c->texts[0]);

    conv->made_by = c->me;
    dir_found(c->store, conv, c->me, ROLE_OWNER);
    for (size_t i = 0; i < c->count; i++) {
        if (dir_member(conv, c->ids[i]) == NULL) {
            dir_found(c->store, conv, c->ids[i], ROLE_MEMBER);
        }
    }
    return conv;
}

static void group_create_execute(struct fake_call *base) {
    struct call *c = call_of(base);
    struct dir_conv *conv = dir_conv(c->store, c->conv);

    if (conv == NULL && all_exist(c)) {
        conv = make_group(c);
    }
    if (conv != NULL &&
        (conv->kind != CONV_GROUP || conv->made_by.v != c->me.v)) {
        base->rc = RC_CONFLICT;
        return;
    }
    base->rc = take_conv(c, conv);
}

/* NOLINTNEXTLINE(readability-function-size): the port has 8 parameters. */
static void end_group_create(struct directory *d, struct conv_id conv,
                             struct user_id owner, struct slice title,
                             const struct user_id *members, size_t count,
                             conv_fn done, void *ctx) {
    struct call *c =
        call_new(d, "group_create", group_create_execute, answer_conv, ctx);

    c->conv = conv;
    c->me = owner;
    c->texts[0] = slice_dup(title);
    keep_ids(c, members, count);
    c->done.conv = done;
}

/* ---- members ---- */

/* `m` NULL: never was a member. */
static enum rc took_change(struct call *c, const struct dir_conv *conv,
                           const struct dir_member *m) {
    bool changed = m != NULL && !m->bound;

    c->changed =
        (struct member_changed){.version = changed ? m->version : conv->version,
                                .member_count = conv->member_count,
                                .changed = changed,
                                .wide = conv->wide,
                                .kind = conv->kind};
    return RC_OK;
}

static enum rc add(struct call *c) {
    struct dir_conv *conv = dir_conv(c->store, c->conv);
    struct dir_member *actor = conv == NULL ? NULL : dir_member(conv, c->me);
    struct dir_member *m = conv == NULL ? NULL : dir_member(conv, c->other);

    if (actor == NULL || actor->role == ROLE_NONE) {
        return RC_NOT_FOUND;
    }
    if (conv->kind != CONV_GROUP || actor->role < ROLE_ADMIN) {
        return RC_DENIED;
    }
    if (m != NULL && m->role != ROLE_NONE) {
        return took_change(c, conv, m);
    }
    if (dir_user(c->store, c->other) == NULL) {
        return RC_NOT_FOUND;
    }
    dir_join(c->store, conv, c->other);
    return took_change(c, conv, dir_member(conv, c->other));
}

static void member_add_execute(struct fake_call *base) {
    base->rc = add(call_of(base));
}

static enum rc take_out(struct call *c) {
    struct dir_conv *conv = dir_conv(c->store, c->conv);
    struct dir_member *actor = conv == NULL ? NULL : dir_member(conv, c->me);
    struct dir_member *m = conv == NULL ? NULL : dir_member(conv, c->other);
    bool self = c->me.v == c->other.v;

    if (actor == NULL || (actor->role == ROLE_NONE && !self)) {
        return RC_NOT_FOUND;
    }
    if (conv->kind != CONV_GROUP ||
        (!self && (actor->role < ROLE_ADMIN ||
                   actor->role <= (m == NULL ? ROLE_NONE : m->role)))) {
        return RC_DENIED;
    }
    if (m == NULL || m->role == ROLE_NONE) {
        return took_change(c, conv, m);
    }
    dir_leave(conv, m);
    return took_change(c, conv, m);
}

static void member_remove_execute(struct fake_call *base) {
    base->rc = take_out(call_of(base));
}

static void end_member_add(struct directory *d, struct conv_id conv,
                           struct user_id actor, struct user_id user,
                           member_changed_fn done, void *ctx) {
    struct call *c =
        call_new(d, "member_add", member_add_execute, answer_changed, ctx);

    c->conv = conv;
    c->me = actor;
    c->other = user;
    c->done.changed = done;
}

static void end_member_remove(struct directory *d, struct conv_id conv,
                              struct user_id actor, struct user_id user,
                              member_changed_fn done, void *ctx) {
    struct call *c = call_new(d, "member_remove", member_remove_execute,
                              answer_changed, ctx);

    c->conv = conv;
    c->me = actor;
    c->other = user;
    c->done.changed = done;
}

static void member_bound_execute(struct fake_call *base) {
    struct call *c = call_of(base);
    struct dir_conv *conv = dir_conv(c->store, c->conv);
    struct dir_member *m = conv == NULL ? NULL : dir_member(conv, c->other);

    base->rc = m == NULL ? RC_NOT_FOUND : RC_OK;
    if (m != NULL) {
        dir_bound(m, c->seq.v, c->joined);
    }
}

/* NOLINTNEXTLINE(readability-function-size): the port has 7 parameters. */
static void end_member_bound(struct directory *d, struct conv_id conv,
                             struct user_id user, struct msg_seq seq,
                             bool joined, directory_done_fn done, void *ctx) {
    struct call *c =
        call_new(d, "member_bound", member_bound_execute, answer_done, ctx);

    c->conv = conv;
    c->other = user;
    c->seq = seq;
    c->joined = joined;
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
    struct call *c = call_of(base);
    const struct dir_store *s = c->store;

    c->friends = mem_new_array(s->friend_count, sizeof(*c->friends));
    for (size_t i = 0; i < s->friend_count; i++) {
        const struct dir_friends *f = &s->friends[i];
        struct user_id other = f->low.v == c->me.v ? f->high : f->low;

        if (f->low.v == c->me.v || f->high.v == c->me.v) {
            c->friends[c->found++] = (struct friend_row){
                other, slice_str(dir_user(s, other)->name), state_of(f, c->me)};
        }
    }
    base->rc = RC_OK;
}

static void end_friends_of(struct directory *d, struct user_id user,
                           friends_fn done, void *ctx) {
    struct call *c =
        call_new(d, "friends_of", friends_of_execute, answer_friends, ctx);

    c->me = user;
    c->done.friends = done;
}

static void friend_ask_execute(struct fake_call *base) {
    struct call *c = call_of(base);
    struct dir_friends *f = dir_friends(c->store, c->me, c->other);

    if (c->me.v == c->other.v || dir_user(c->store, c->other) == NULL) {
        base->rc = c->me.v == c->other.v ? RC_BAD_INPUT : RC_NOT_FOUND;
        return;
    }
    if (f == NULL) {
        f = dir_friends_make(c->store, c->me, c->other);
    } else if (f->asked_by.v != c->me.v) {
        f->asked_by.v = 0;
    }
    c->state = state_of(f, c->me);
    base->rc = RC_OK;
}

static void friend_drop_execute(struct fake_call *base) {
    struct call *c = call_of(base);
    struct dir_friends *f = dir_friends(c->store, c->me, c->other);

    if (f != NULL) {
        dir_friends_drop(c->store, f);
    }
    c->state = FRIEND_NONE;
    base->rc = RC_OK;
}

static void push_friend(struct call *c, struct user_id me, struct user_id other,
                        friend_fn done) {
    c->me = me;
    c->other = other;
    c->done.friend = done;
}

static void end_friend_ask(struct directory *d, struct user_id me,
                           struct user_id other, friend_fn done, void *ctx) {
    push_friend(
        call_new(d, "friend_ask", friend_ask_execute, answer_friend, ctx), me,
        other, done);
}

static void end_friend_drop(struct directory *d, struct user_id me,
                            struct user_id other, friend_fn done, void *ctx) {
    push_friend(
        call_new(d, "friend_drop", friend_drop_execute, answer_friend, ctx), me,
        other, done);
}

static bool end_ready(struct directory *d) {
    return fake_directory_calls(d)->refuse == RC_OK;
}

static const struct directory_ops end_ops = {
    .user_create = end_user_create,
    .user_by_name = end_user_by_name,
    .users_by_id = end_users_by_id,
    .device_create = end_device_create,
    .conv_load = end_conv_load,
    .members_of = end_members_of,
    .convs_of = end_convs_of,
    .wide_convs_of = end_wide_convs_of,
    .direct_open = end_direct_open,
    .group_create = end_group_create,
    .member_add = end_member_add,
    .member_remove = end_member_remove,
    .member_bound = end_member_bound,
    .friends_of = end_friends_of,
    .friend_ask = end_friend_ask,
    .friend_drop = end_friend_drop,
    .seen_write = end_seen_write,
    .ready = end_ready,
};

struct directory *fake_directory_join(struct fake_directory *f) {
    struct end *e = mem_new(sizeof(*e));

    e->directory.ops = &end_ops;
    e->owner = f;
    fake_calls_init(&e->calls);
    list_init(&e->node);
    list_push_back(&f->ends, &e->node);
    return &e->directory;
}

struct fake_calls *fake_directory_calls(struct directory *end) {
    return &CONTAINER_OF(end, struct end, directory)->calls;
}
