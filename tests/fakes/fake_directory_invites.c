/* Invites, and joining by one, as the database does it. */
#include "proto/base/mem.h"
#include "tests/fakes/fake_directory_call.h"

static bool is_open(const struct dir_store *s, const struct dir_invite *i) {
    return !i->revoked && i->row.uses < i->row.uses_max &&
           i->row.expires_ms > dir_now_ms(s);
}

static enum rc may(const struct fake_dir_call *c) {
    const struct dir_conv *conv = dir_conv(c->store, c->conv);
    const struct dir_member *me = conv == NULL ? NULL : dir_member(conv, c->me);

    if (me == NULL || me->role == ROLE_NONE) {
        return RC_NOT_FOUND;
    }
    if (conv->kind != CONV_GROUP) {
        return RC_CONFLICT;
    }
    return me->role < c->least ? RC_DENIED : RC_OK;
}

/* Those of the conversation that let somebody in. */
static size_t open_ones(const struct fake_dir_call *c, struct invite *out) {
    size_t n = 0;

    for (size_t i = 0; i < c->store->invite_count; i++) {
        const struct dir_invite *v = &c->store->invites[i];

        if (v->conv.v == c->conv.v && is_open(c->store, v)) {
            out[n++] = v->row;
        }
    }
    return n;
}

static void list(struct fake_dir_call *c) {
    c->invites = mem_new_array(c->store->invite_count, sizeof(*c->invites));
    c->found = open_ones(c, c->invites);
}

static void make_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_store *s = c->store;

    base->rc = may(c);
    if (base->rc != RC_OK) {
        return;
    }
    list(c);
    if (c->found >= GROUP_MAX_INVITES) {
        base->rc = RC_LIMIT;
        return;
    }
    s->invites =
        mem_resize(s->invites, (s->invite_count + 1) * sizeof(*s->invites));
    s->invites[s->invite_count++] =
        (struct dir_invite){.row = {.id = c->invite.id,
                                    .made_by = c->me,
                                    .created_ms = dir_now_ms(s),
                                    .expires_ms = c->invite.expires_ms,
                                    .uses_max = c->invite.uses_max},
                            .conv = c->conv,
                            .hash = mem_dup(c->texts[0].p, c->texts[0].n)};
}

static void end_invite_make(struct directory *d,
                            const struct invite_new *invite,
                            directory_done_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(d, "invite_make", make_execute,
                                                fake_dir_answer_done, ctx);

    c->conv = invite->conv;
    c->me = invite->actor;
    c->least = invite->least;
    c->invite = *invite;
    c->texts[0] = fake_dir_keep_text(invite->hash);
    c->done.done = done;
}

static void revoke_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    base->rc = may(c);
    if (base->rc != RC_OK) {
        return;
    }
    base->rc = RC_NOT_FOUND;
    for (size_t i = 0; i < c->store->invite_count; i++) {
        struct dir_invite *v = &c->store->invites[i];

        if (v->conv.v == c->conv.v && v->row.id.v == c->invite_id.v) {
            v->revoked = true;
            base->rc = RC_OK;
        }
    }
}

/* NOLINTNEXTLINE(readability-function-size): the port has 7 parameters. */
static void end_invite_revoke(struct directory *d, struct conv_id conv,
                              struct user_id actor, enum role least,
                              struct invite_id invite, directory_done_fn done,
                              void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "invite_revoke", revoke_execute, fake_dir_answer_done, ctx);

    c->conv = conv;
    c->me = actor;
    c->least = least;
    c->invite_id = invite;
    c->done.done = done;
}

static void list_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    base->rc = may(c);
    if (base->rc == RC_OK) {
        list(c);
    }
}

static void end_invites_of(struct directory *d, struct conv_id conv,
                           struct user_id actor, enum role least,
                           invites_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(d, "invites_of", list_execute,
                                                fake_dir_answer_invites, ctx);

    c->conv = conv;
    c->me = actor;
    c->least = least;
    c->done.invites = done;
}

/* ---- joining ---- */

static struct dir_invite *find(const struct fake_dir_call *c) {
    for (size_t i = 0; i < c->store->invite_count; i++) {
        if (slice_is(c->texts[0], c->store->invites[i].hash)) {
            return &c->store->invites[i];
        }
    }
    return NULL;
}

static enum rc join(struct fake_dir_call *c) {
    struct dir_invite *v = find(c);
    struct dir_conv *conv = v == NULL ? NULL : dir_conv(c->store, v->conv);
    struct dir_member *m = conv == NULL ? NULL : dir_member(conv, c->me);
    bool in = m != NULL && m->role != ROLE_NONE;
    const struct member_version none = {0};

    if (v == NULL || (!in && !is_open(c->store, v))) {
        return RC_NOT_FOUND;
    }
    if (m != NULL && m->barred) {
        return RC_DENIED;
    }
    if (!in) {
        dir_join(c->store, conv, c->me);
        dir_note(c->store, c->me, LIST_CONVS, v->conv.v);
        m = dir_member(conv, c->me);
        m->by = c->me;
        v->row.uses++;
    }
    (void)fake_dir_took(c, conv, m->bound ? none : m->version);
    c->changed.by = m->bound ? (struct user_id){0} : m->by;
    return RC_OK;
}

static void join_execute(struct fake_call *base) {
    base->rc = join(fake_dir_call_of(base));
}

static void end_group_join(struct directory *d, struct slice hash,
                           struct user_id user, member_changed_fn done,
                           void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(d, "group_join", join_execute,
                                                fake_dir_answer_changed, ctx);

    c->me = user;
    c->texts[0] = fake_dir_keep_text(hash);
    c->done.changed = done;
}

void fake_dir_invites_ops(struct directory_ops *ops) {
    ops->invite_make = end_invite_make;
    ops->invite_revoke = end_invite_revoke;
    ops->invites_of = end_invites_of;
    ops->group_join = end_group_join;
}
