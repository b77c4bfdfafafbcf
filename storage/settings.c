/* What users set: for all conversations, for one, and about themselves. */
#include <stdint.h>

#include "storage/directory_call.h"

static struct dir_call *new_call(struct directory *d, enum directory_sql stmt,
                                 directory_done_fn done, void *ctx) {
    return dir_call_new(d, stmt, dir_on_one, (union dir_done){.done = done},
                        ctx);
}

static void settings_set(struct directory *d, struct user_id user,
                         struct user_settings to, directory_done_fn done,
                         void *ctx) {
    struct dir_call *c = new_call(d, SQL_SETTINGS_SET, done, ctx);

    pg_args_id(&c->req.args, user.v);
    pg_args_num(&c->req.args, to.reach);
    pg_args_num(&c->req.args, to.seen);
    pg_args_num(&c->req.args, to.notify);
    dir_call_send(c);
}

static void conv_set(struct directory *d, struct user_id user,
                     struct conv_id conv,
                     const struct conv_settings_change *change,
                     directory_done_fn done, void *ctx) {
    struct dir_call *c = new_call(d, SQL_CONV_SET, done, ctx);

    pg_args_id(&c->req.args, user.v);
    pg_args_id(&c->req.args, conv.v);
    pg_args_num(&c->req.args, change->has_muted);
    pg_args_num(&c->req.args, change->to.muted_until_ms);
    pg_args_num(&c->req.args, change->has_pinned);
    pg_args_num(&c->req.args, change->to.pinned);
    pg_args_num(&c->req.args, change->to.notify);
    dir_call_send(c);
}

/* NOLINTNEXTLINE(readability-function-size): the port's parameters */
static void profile_set(struct directory *d, struct user_id user,
                        struct slice name, struct slice name_key,
                        struct slice avatar, directory_done_fn done,
                        void *ctx) {
    struct dir_call *c = new_call(d, SQL_PROFILE_SET, done, ctx);

    pg_args_id(&c->req.args, user.v);
    pg_args_num(&c->req.args, name.p != NULL);
    pg_args_text(&c->req.args, name, NAME_MAX_BYTES);
    pg_args_text(&c->req.args, name_key, NAME_KEY_MAX_BYTES);
    pg_args_num(&c->req.args, avatar.p != NULL);
    pg_args_text(&c->req.args, avatar, AVATAR_MAX_BYTES);
    dir_call_send(c);
}

void settings_add_ops(struct directory_ops *ops) {
    ops->settings_set = settings_set;
    ops->conv_set = conv_set;
    ops->profile_set = profile_set;
}
