/* Settings and profiles, as the database does them. */
#include "proto/base/mem.h"
#include "tests/fakes/fake_directory_call.h"

static void settings_set_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct user_settings *s = &dir_user(c->store, c->me)->settings;

    s->reach = c->settings.reach == 0 ? s->reach : c->settings.reach;
    s->seen = c->settings.seen == 0 ? s->seen : c->settings.seen;
    s->notify = c->settings.notify == 0 ? s->notify : c->settings.notify;
    dir_note(c->store, c->me, LIST_SETTINGS, c->me.v);
    base->rc = RC_OK;
}

static void end_settings_set(struct directory *d, struct user_id user,
                             struct user_settings to, directory_done_fn done,
                             void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "settings_set", settings_set_execute, fake_dir_answer_done, ctx);

    c->me = user;
    c->settings = to;
    c->done.done = done;
}

static void conv_set_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_conv *conv = dir_conv(c->store, c->conv);
    struct dir_member *m = conv == NULL ? NULL : dir_member(conv, c->me);
    const struct conv_settings *to = &c->conv_change.to;

    if (m == NULL || m->role == ROLE_NONE) {
        base->rc = RC_NOT_FOUND;
        return;
    }
    if (c->conv_change.has_muted) {
        m->settings.muted_until_ms = to->muted_until_ms;
    }
    if (c->conv_change.has_pinned) {
        m->settings.pinned = to->pinned;
    }
    if (to->notify != 0) {
        m->settings.notify = to->notify;
    }
    dir_note(c->store, c->me, LIST_CONVS, c->conv.v);
    base->rc = RC_OK;
}

static void end_conv_set(struct directory *d, struct user_id user,
                         struct conv_id conv,
                         const struct conv_settings_change *change,
                         directory_done_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(d, "conv_set", conv_set_execute,
                                                fake_dir_answer_done, ctx);

    c->me = user;
    c->conv = conv;
    c->conv_change = *change;
    c->done.done = done;
}

static void replace(char **at, struct slice text) {
    mem_free(*at);
    *at = mem_dup(text.p, text.n);
}

static void note_showing(struct dir_store *s, struct user_id user) {
    dir_note(s, user, LIST_PROFILE, user.v);
    for (size_t i = 0; i < s->friend_count; i++) {
        const struct dir_friends *f = &s->friends[i];

        if (f->low.v == user.v || f->high.v == user.v) {
            dir_note(s, f->low.v == user.v ? f->high : f->low, LIST_FRIENDS,
                     user.v);
        }
    }
    for (size_t i = 0; i < s->conv_count; i++) {
        const struct dir_conv *c = s->order[i];

        if (c->kind == CONV_DIRECT && dir_member(c, user) != NULL) {
            dir_note(s, c->members[c->members[0].user.v == user.v].user,
                     LIST_CONVS, c->id.v);
        }
    }
}

static void profile_set_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_user *u = dir_user(c->store, c->me);
    struct dir_user *same = dir_user_by_key(c->store, c->texts[1]);

    if ((c->since & 1) != 0 && same != NULL && same != u) {
        base->rc = RC_CONFLICT;
        return;
    }
    if ((c->since & 1) != 0) {
        replace(&u->name, c->texts[0]);
        replace(&u->key, c->texts[1]);
    }
    if ((c->since & 2) != 0) {
        replace(&u->avatar, c->texts[2]);
    }
    note_showing(c->store, c->me);
    base->rc = RC_OK;
}

/* NOLINTNEXTLINE(readability-function-size): the port has 7 parameters. */
static void end_profile_set(struct directory *d, struct user_id user,
                            struct slice name, struct slice name_key,
                            struct slice avatar, directory_done_fn done,
                            void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "profile_set", profile_set_execute, fake_dir_answer_done, ctx);

    c->me = user;
    c->since = (name.p != NULL ? 1U : 0U) | (avatar.p != NULL ? 2U : 0U);
    c->texts[0] = fake_dir_keep_text(name);
    c->texts[1] = fake_dir_keep_text(name_key);
    c->texts[2] = fake_dir_keep_text(avatar);
    c->done.done = done;
}

void fake_dir_settings_ops(struct directory_ops *ops) {
    ops->settings_set = end_settings_set;
    ops->conv_set = end_conv_set;
    ops->profile_set = end_profile_set;
}
