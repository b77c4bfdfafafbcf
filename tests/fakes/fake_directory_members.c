/* Changes of members, as the database does them. */
#include "tests/fakes/fake_directory_call.h"

/* ---- members ---- */

static struct user_id owner_of(const struct dir_conv *conv) {
    for (size_t i = 0; i < conv->count; i++) {
        if (conv->members[i].role == ROLE_OWNER) {
            return conv->members[i].user;
        }
    }
    return (struct user_id){0};
}

enum rc fake_dir_took(struct fake_dir_call *c, const struct dir_conv *conv,
                      struct member_version version) {
    c->changed = (struct member_changed){
        .version = version.v != 0 ? version : conv->version,
        .member_count = conv->member_count,
        .changed = version.v != 0,
        .wide = conv->wide,
        .kind = conv->kind,
        .owner = owner_of(conv),
        .conv = conv->id};
    return RC_OK;
}

/* `m` NULL: never was a member. */
static enum rc took_change(struct fake_dir_call *c, const struct dir_conv *conv,
                           const struct dir_member *m) {
    const struct member_version none = {0};
    enum rc rc =
        fake_dir_took(c, conv, m != NULL && !m->bound ? m->version : none);

    if (m != NULL && c->changed.changed) {
        c->changed.by = m->by;
    }
    return rc;
}

static enum rc add(struct fake_dir_call *c) {
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
    if (!dir_may_reach(c->store, c->me, c->other)) {
        return RC_DENIED;
    }
    dir_join(c->store, conv, c->other);
    m = dir_member(conv, c->other);
    m->barred = false;
    m->by = c->me;
    dir_note(c->store, c->other, LIST_CONVS, conv->id.v);
    return took_change(c, conv, m);
}

static void member_add_execute(struct fake_call *base) {
    base->rc = add(fake_dir_call_of(base));
}

static enum rc take_out(struct fake_dir_call *c) {
    struct dir_conv *conv = dir_conv(c->store, c->conv);
    struct dir_member *actor = conv == NULL ? NULL : dir_member(conv, c->me);
    struct dir_member *m = conv == NULL ? NULL : dir_member(conv, c->other);
    bool self = c->me.v == c->other.v;
    bool was_owner;

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
    was_owner = m->role == ROLE_OWNER;
    dir_leave(conv, m);
    m->barred = !self;
    m->by = c->me;
    dir_note(c->store, m->user, LIST_CONVS, conv->id.v);
    for (size_t i = 0; was_owner && i < conv->count; i++) {
        if (conv->members[i].role == ROLE_OWNER) {
            dir_note(c->store, conv->members[i].user, LIST_CONVS, conv->id.v);
        }
    }
    return took_change(c, conv, m);
}

static void member_remove_execute(struct fake_call *base) {
    base->rc = take_out(fake_dir_call_of(base));
}

static void end_member_add(struct directory *d, struct conv_id conv,
                           struct user_id actor, struct user_id user,
                           member_changed_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "member_add", member_add_execute, fake_dir_answer_changed, ctx);

    c->conv = conv;
    c->me = actor;
    c->other = user;
    c->done.changed = done;
}

static void end_member_remove(struct directory *d, struct conv_id conv,
                              struct user_id actor, struct user_id user,
                              member_changed_fn done, void *ctx) {
    struct fake_dir_call *c =
        fake_dir_call_new(d, "member_remove", member_remove_execute,
                          fake_dir_answer_changed, ctx);

    c->conv = conv;
    c->me = actor;
    c->other = user;
    c->done.changed = done;
}

static void member_again_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_conv *conv = dir_conv(c->store, c->conv);
    struct dir_member *m = conv == NULL ? NULL : dir_member(conv, c->other);

    base->rc = m == NULL ? RC_NOT_FOUND : took_change(c, conv, m);
    if (m != NULL) {
        c->changed.changed = !m->bound && m->by.v != 0;
        c->changed.joined = m->role != ROLE_NONE;
    }
}

static void end_member_again(struct directory *d, struct conv_id conv,
                             struct user_id user, member_changed_fn done,
                             void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "member_again", member_again_execute, fake_dir_answer_changed, ctx);

    c->conv = conv;
    c->other = user;
    c->done.changed = done;
}

static void member_bound_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
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
    struct fake_dir_call *c = fake_dir_call_new(
        d, "member_bound", member_bound_execute, fake_dir_answer_done, ctx);

    c->conv = conv;
    c->other = user;
    c->seq = seq;
    c->joined = joined;
    c->done.done = done;
}

void fake_dir_members_ops(struct directory_ops *ops) {
    ops->member_add = end_member_add;
    ops->member_remove = end_member_remove;
    ops->member_again = end_member_again;
    ops->member_bound = end_member_bound;
}
