/* Blocks, as the database does them. */
#include "proto/base/mem.h"
#include "tests/fakes/fake_directory_call.h"

static void add_user(struct fake_dir_call *c, const struct dir_user *u) {
    c->users = mem_resize(c->users, (c->found + 1) * sizeof(*c->users));
    c->users[c->found++] = (struct user_row){.id = u->id,
                                             .name = slice_str(u->name),
                                             .last_seen_ms = u->last_seen_ms,
                                             .avatar = slice_str(u->avatar)};
}

static void block_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_conv *conv = dir_direct(c->store, c->me, c->other);
    struct dir_block *block = dir_block(c->store, c->me, c->other);
    struct dir_friends *friends = dir_friends(c->store, c->me, c->other);

    if (c->me.v == c->other.v || dir_user(c->store, c->other) == NULL) {
        base->rc = c->me.v == c->other.v ? RC_BAD_INPUT : RC_NOT_FOUND;
        return;
    }
    if (block == NULL) {
        block = dir_block_make(c->store, c->me, c->other);
        if (conv != NULL) {
            block->version.v = ++conv->version.v;
        }
        dir_note(c->store, c->me, LIST_BLOCKS, c->other.v);
    }
    if (friends != NULL) {
        dir_friends_drop(c->store, friends);
        dir_note_friends(c->store, c->me, c->other);
    }
    if (conv != NULL) {
        c->conv = conv->id;
        c->version = block->version;
    }
    base->rc = RC_OK;
}

static void end_block(struct directory *d, struct user_id me,
                      struct user_id other, block_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(d, "block", block_execute,
                                                fake_dir_answer_block, ctx);

    c->me = me;
    c->other = other;
    c->done.block = done;
}

static void unblock_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_block *block = dir_block(c->store, c->me, c->other);

    if (block != NULL) {
        *block = c->store->blocks[--c->store->block_count];
        dir_note(c->store, c->me, LIST_BLOCKS, c->other.v);
    }
    base->rc = RC_OK;
}

static void end_unblock(struct directory *d, struct user_id me,
                        struct user_id other, directory_done_fn done,
                        void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(d, "unblock", unblock_execute,
                                                fake_dir_answer_done, ctx);

    c->me = me;
    c->other = other;
    c->done.done = done;
}

static void blocks_of_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    for (size_t i = c->store->block_count; i > 0; i--) {
        const struct dir_block *block = &c->store->blocks[i - 1];

        if (block->user.v == c->me.v) {
            add_user(c, dir_user(c->store, block->other));
        }
    }
    base->rc = RC_OK;
}

static void end_blocks_of(struct directory *d, struct user_id me, users_fn done,
                          void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "blocks_of", blocks_of_execute, fake_dir_answer_users, ctx);

    c->me = me;
    c->done.users = done;
}

static void hidden_among_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    for (size_t i = 0; i < c->count; i++) {
        if (dir_user(c->store, c->ids[i]) != NULL &&
            !dir_may_see(c->store, c->me, c->ids[i])) {
            add_user(c, dir_user(c->store, c->ids[i]));
        }
    }
    base->rc = RC_OK;
}

static void hidden_from_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    for (size_t i = 0; i < c->count; i++) {
        if (!dir_may_see(c->store, c->ids[i], c->me)) {
            add_user(c, dir_user(c->store, c->ids[i]));
        }
    }
    base->rc = RC_OK;
}

static void end_hidden_among(struct directory *d, struct user_id me,
                             const struct user_id *users, size_t count,
                             users_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "hidden_among", hidden_among_execute, fake_dir_answer_users, ctx);

    c->me = me;
    fake_dir_keep_ids(c, users, count);
    c->done.users = done;
}

static void end_hidden_from(struct directory *d, struct user_id me,
                            const struct user_id *users, size_t count,
                            users_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "hidden_from", hidden_from_execute, fake_dir_answer_users, ctx);

    c->me = me;
    fake_dir_keep_ids(c, users, count);
    c->done.users = done;
}

void fake_dir_blocks_ops(struct directory_ops *ops) {
    ops->block = end_block;
    ops->unblock = end_unblock;
    ops->blocks_of = end_blocks_of;
    ops->hidden_among = end_hidden_among;
    ops->hidden_from = end_hidden_from;
}
