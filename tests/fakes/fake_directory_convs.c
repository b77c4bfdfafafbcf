/* Conversations, as the database does them. */
#include "proto/base/mem.h"
#include "tests/fakes/fake_directory_call.h"

/* ---- conversations ---- */

/* The rows of all members, oldest first, when they are few. */
static void list_members(struct fake_dir_call *c, const struct dir_conv *conv) {
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

static enum rc take_conv(struct fake_dir_call *c, const struct dir_conv *conv) {
    if (conv == NULL) {
        return RC_NOT_FOUND;
    }
    c->row = (struct conv_row){.id = conv->id,
                               .kind = conv->kind,
                               .version = conv->version,
                               .title = slice_str(conv->title),
                               .member_count = conv->member_count,
                               .wide = conv->wide,
                               .keep_ms = conv->keep_ms};
    list_members(c, conv);
    return RC_OK;
}

static void conv_load_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    base->rc = take_conv(c, dir_conv(c->store, c->conv));
    if (base->rc == RC_OK) {
        c->row.closed = dir_closed(c->store, dir_conv(c->store, c->conv));
    }
}

static void end_conv_load(struct directory *d, struct conv_id conv,
                          conv_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "conv_load", conv_load_execute, fake_dir_answer_conv, ctx);

    c->conv = conv;
    c->done.conv = done;
}

static void members_of_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
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
    struct fake_dir_call *c = fake_dir_call_new(
        d, "members_of", members_of_execute, fake_dir_answer_members, ctx);

    c->conv = conv;
    fake_dir_keep_ids(c, users, count);
    c->done.members = done;
}

struct conv_of_user fake_dir_conv_of(const struct dir_store *s,
                                     const struct dir_conv *conv,
                                     struct user_id me) {
    struct conv_of_user out = {.id = conv->id,
                               .kind = conv->kind,
                               .version = conv->version,
                               .member_count = conv->member_count,
                               .wide = conv->wide,
                               .keep_ms = conv->keep_ms,
                               .title = slice_str(conv->title),
                               .me = dir_row(conv, me)};

    if (dir_member(conv, me) != NULL) {
        out.settings = dir_member(conv, me)->settings;
    }
    if (conv->kind == CONV_DIRECT) {
        out.peer = conv->members[conv->members[0].user.v == me.v ? 1 : 0].user;
        out.peer_name = slice_str(dir_user(s, out.peer)->name);
    }
    return out;
}

static void find_convs(struct fake_dir_call *c, bool wide_only) {
    const struct dir_store *s = c->store;

    c->convs = mem_new_array(s->conv_count, sizeof(*c->convs));
    for (size_t i = s->conv_count; i > 0; i--) {
        const struct dir_conv *conv = s->order[i - 1];
        const struct dir_member *m = dir_member(conv, c->me);

        if (m != NULL && (!wide_only || (conv->wide && m->role != ROLE_NONE))) {
            c->convs[c->found++] = fake_dir_conv_of(s, conv, c->me);
        }
    }
    c->base.rc = RC_OK;
}

static void convs_of_execute(struct fake_call *base) {
    find_convs(fake_dir_call_of(base), false);
}

static void end_convs_of(struct directory *d, struct user_id user,
                         convs_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(d, "convs_of", convs_of_execute,
                                                fake_dir_answer_convs, ctx);

    c->me = user;
    c->done.convs = done;
}

static void wide_convs_of_execute(struct fake_call *base) {
    find_convs(fake_dir_call_of(base), true);
}

static void end_wide_convs_of(struct directory *d, struct user_id user,
                              convs_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "wide_convs_of", wide_convs_of_execute, fake_dir_answer_convs, ctx);

    c->me = user;
    c->done.convs = done;
}

static void direct_open_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_conv *conv = dir_direct(c->store, c->me, c->other);

    if (conv == NULL && dir_user(c->store, c->other) != NULL &&
        !dir_may_reach(c->store, c->me, c->other)) {
        base->rc = RC_DENIED;
        return;
    }
    if (conv == NULL && dir_user(c->store, c->me) != NULL &&
        dir_user(c->store, c->other) != NULL) {
        conv = dir_conv_make(c->store, c->conv, CONV_DIRECT, SLICE_LIT(""));
        dir_found(c->store, conv, c->me, ROLE_MEMBER);
        dir_found(c->store, conv, c->other, ROLE_MEMBER);
        dir_note(c->store, c->me, LIST_CONVS, conv->id.v);
        dir_note(c->store, c->other, LIST_CONVS, conv->id.v);
    }
    base->rc = take_conv(c, conv);
}

static void end_direct_open(struct directory *d, struct user_id me,
                            struct user_id peer, struct conv_id fresh,
                            conv_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "direct_open", direct_open_execute, fake_dir_answer_conv, ctx);

    c->me = me;
    c->other = peer;
    c->conv = fresh;
    c->done.conv = done;
}

static bool all_exist(const struct fake_dir_call *c) {
    for (size_t i = 0; i < c->count; i++) {
        if (dir_user(c->store, c->ids[i]) == NULL) {
            return false;
        }
    }
    return dir_user(c->store, c->me) != NULL;
}

static bool all_reached(const struct fake_dir_call *c) {
    for (size_t i = 0; i < c->count; i++) {
        if (!dir_may_reach(c->store, c->me, c->ids[i])) {
            return false;
        }
    }
    return true;
}

static struct dir_conv *make_group(struct fake_dir_call *c) {
    struct dir_conv *conv =
        dir_conv_make(c->store, c->conv, CONV_GROUP, c->texts[0]);

    conv->made_by = c->me;
    dir_found(c->store, conv, c->me, ROLE_OWNER);
    dir_note(c->store, c->me, LIST_CONVS, conv->id.v);
    for (size_t i = 0; i < c->count; i++) {
        if (dir_member(conv, c->ids[i]) == NULL) {
            dir_found(c->store, conv, c->ids[i], ROLE_MEMBER);
            dir_note(c->store, c->ids[i], LIST_CONVS, conv->id.v);
        }
    }
    return conv;
}

static void group_create_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_conv *conv = dir_conv(c->store, c->conv);

    if (conv == NULL && all_exist(c) && !all_reached(c)) {
        base->rc = RC_DENIED;
        return;
    }
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
    struct fake_dir_call *c = fake_dir_call_new(
        d, "group_create", group_create_execute, fake_dir_answer_conv, ctx);

    c->conv = conv;
    c->me = owner;
    c->texts[0] = fake_dir_keep_text(title);
    fake_dir_keep_ids(c, members, count);
    c->done.conv = done;
}

void fake_dir_convs_ops(struct directory_ops *ops) {
    ops->conv_load = end_conv_load;
    ops->members_of = end_members_of;
    ops->convs_of = end_convs_of;
    ops->wide_convs_of = end_wide_convs_of;
    ops->direct_open = end_direct_open;
    ops->group_create = end_group_create;
}
