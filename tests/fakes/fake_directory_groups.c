/* What a group is and who its members are, as the database does it. */
#include <stdlib.h>

#include "proto/base/mem.h"
#include "tests/fakes/fake_directory_call.h"

static bool is_so(const struct dir_conv *conv, const struct dir_member *m,
                  const struct group_change *ask) {
    switch (ask->what) {
    case GROUP_TITLE:
        return slice_is(ask->title, conv->title);
    case GROUP_ROLE:
        return m->role == (enum role)ask->value;
    case GROUP_MUTE:
        return m->silenced_ms == ask->value;
    case GROUP_KEEP:
        break;
    }
    return conv->keep_ms == ask->value;
}

static void apply(struct dir_conv *conv, struct dir_member *actor,
                  struct dir_member *m, const struct group_change *ask) {
    if (ask->what == GROUP_TITLE) {
        mem_free(conv->title);
        conv->title = mem_dup(ask->title.p, ask->title.n);
    } else if (ask->what == GROUP_KEEP) {
        conv->keep_ms = ask->value;
    } else if (ask->what == GROUP_MUTE) {
        m->silenced_ms = ask->value;
    } else {
        m->role = (enum role)ask->value;
        if (m->role == ROLE_OWNER) {
            actor->role = ROLE_ADMIN;
        }
    }
    conv->version.v++;
}

static enum rc change(struct fake_dir_call *c) {
    const struct group_change *ask = &c->change;
    struct dir_conv *conv = dir_conv(c->store, ask->conv);
    struct dir_member *actor =
        conv == NULL ? NULL : dir_member(conv, ask->actor);
    struct dir_member *m = conv == NULL ? NULL : dir_member(conv, ask->user);
    const struct member_version none = {0};
    const struct dir_unlogged *u;
    bool same;

    if (actor == NULL || actor->role == ROLE_NONE ||
        (ask->user.v != 0 && (m == NULL || m->role == ROLE_NONE))) {
        return RC_NOT_FOUND;
    }
    if (conv->kind != CONV_GROUP) {
        return RC_CONFLICT;
    }
    same = is_so(conv, m, ask);
    u = dir_unlogged(conv, ask->what, ask->user);
    if ((actor->role < ask->least || (ask->below && actor->role <= m->role)) &&
        !(same && u != NULL && u->actor.v == ask->actor.v)) {
        return RC_DENIED;
    }
    if (same) {
        return fake_dir_took(c, conv, u != NULL ? u->version : none);
    }
    if (ask->what == GROUP_ROLE && m->role == ROLE_OWNER) {
        return RC_CONFLICT;
    }
    apply(conv, actor, m, ask);
    if (ask->what == GROUP_ROLE) {
        dir_note(c->store, m->user, LIST_CONVS, conv->id.v);
        if (m->role == ROLE_OWNER) {
            dir_note(c->store, actor->user, LIST_CONVS, conv->id.v);
        }
    }
    dir_unlogged_put(conv, &(struct dir_unlogged){ask->what, ask->user,
                                                  ask->actor, conv->version});
    return fake_dir_took(c, conv, conv->version);
}

static void group_change_execute(struct fake_call *base) {
    base->rc = change(fake_dir_call_of(base));
}

static void keep_change(struct fake_dir_call *c,
                        const struct group_change *change) {
    c->change = *change;
    c->texts[0] = fake_dir_keep_text(change->title);
    c->change.title = c->texts[0];
}

static void end_group_change(struct directory *d,
                             const struct group_change *change,
                             member_changed_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "group_change", group_change_execute, fake_dir_answer_changed, ctx);

    keep_change(c, change);
    c->done.changed = done;
}

static void group_logged_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_conv *conv = dir_conv(c->store, c->change.conv);
    struct dir_unlogged *u = dir_unlogged(conv, c->change.what, c->change.user);

    if (u != NULL && u->version.v <= c->version.v) {
        *u = conv->unlogged[--conv->unlogged_count];
    }
    base->rc = RC_OK;
}

static void end_group_logged(struct directory *d,
                             const struct group_change *change,
                             struct member_version version,
                             directory_done_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "group_logged", group_logged_execute, fake_dir_answer_done, ctx);

    keep_change(c, change);
    c->version = version;
    c->done.done = done;
}

/* ---- the list ---- */

static int by_user(const void *a, const void *b) {
    const struct group_member *x = a;
    const struct group_member *y = b;

    return (x->user.v > y->user.v) - (x->user.v < y->user.v);
}

static void list_all(struct fake_dir_call *c, const struct dir_conv *conv) {
    c->group_members = mem_new_array(conv->count, sizeof(*c->group_members));
    for (size_t i = 0; i < conv->count; i++) {
        const struct dir_member *m = &conv->members[i];

        if (m->role != ROLE_NONE && m->user.v > c->other.v) {
            c->group_members[c->found++] = (struct group_member){
                .user = m->user,
                .name = slice_str(dir_user(c->store, m->user)->name),
                .role = m->role,
                .silenced_ms = m->silenced_ms};
        }
    }
    qsort(c->group_members, c->found, sizeof(*c->group_members), by_user);
}

static void group_members_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    const struct dir_conv *conv = dir_conv(c->store, c->conv);
    const struct dir_member *me = conv == NULL ? NULL : dir_member(conv, c->me);

    if (me == NULL || me->role == ROLE_NONE) {
        base->rc = RC_NOT_FOUND;
        return;
    }
    list_all(c, conv);
    c->total = conv->member_count;
    c->found = c->found < c->count ? c->found : c->count;
    base->rc = RC_OK;
}

/* NOLINTNEXTLINE(readability-function-size): the port has 7 parameters. */
static void end_group_members(struct directory *d, struct conv_id conv,
                              struct user_id actor, struct user_id after,
                              size_t limit, group_members_fn done, void *ctx) {
    struct fake_dir_call *c =
        fake_dir_call_new(d, "group_members", group_members_execute,
                          fake_dir_answer_group_members, ctx);

    c->conv = conv;
    c->me = actor;
    c->other = after;
    c->count = limit;
    c->done.group_members = done;
}

void fake_dir_groups_ops(struct directory_ops *ops) {
    ops->group_change = end_group_change;
    ops->group_logged = end_group_logged;
    ops->group_members = end_group_members;
}
