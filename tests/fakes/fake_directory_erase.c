/* Erasing a user, as the database does it. */

#include "proto/base/mem.h"
#include "tests/fakes/fake_directory_call.h"

/* The one with the lowest id above `after`, or NULL. */
static const struct dir_conv *next_of(const struct dir_store *s,
                                      struct user_id user, uint64_t after) {
    const struct dir_conv *found = NULL;

    for (size_t i = 0; i < s->conv_count; i++) {
        const struct dir_conv *c = s->order[i];

        if (c->id.v > after && dir_member(c, user) != NULL &&
            (found == NULL || c->id.v < found->id.v)) {
            found = c;
        }
    }
    return found;
}

static void convs_after_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    const struct dir_conv *conv = next_of(c->store, c->me, c->conv.v);

    c->convs = mem_new_array(c->count, sizeof(*c->convs));
    while (conv != NULL && c->found < c->count) {
        c->convs[c->found++] = fake_dir_conv_of(c->store, conv, c->me);
        conv = next_of(c->store, c->me, conv->id.v);
    }
    base->rc = RC_OK;
}

static void end_convs_after(struct directory *d, struct user_id user,
                            struct conv_id after, size_t limit, convs_fn done,
                            void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "convs_after", convs_after_execute, fake_dir_answer_convs, ctx);

    c->me = user;
    c->conv = after;
    c->count = limit;
    c->done.convs = done;
}

static void user_close_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_store *s = c->store;
    struct dir_user *u = dir_user(s, c->me);

    c->devices = mem_new_array(s->device_count, sizeof(*c->devices));
    if (u != NULL) {
        u->password_hash[0] = '\0';
    }
    for (size_t i = 0; i < s->device_count; i++) {
        struct dir_device *d = &s->devices[i];

        if (d->row.user.v == c->me.v) {
            d->row.revoked_us =
                d->row.revoked_us == 0 ? ++s->revocations : d->row.revoked_us;
            c->devices[c->found] = d->row;
            c->devices[c->found++].label = slice_str(d->label);
        }
    }
    base->rc = RC_OK;
}

static void end_user_close(struct directory *d, struct user_id user,
                           devices_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "user_close", user_close_execute, fake_dir_answer_devices, ctx);

    c->me = user;
    c->done.devices = done;
}

static void drop_friends(struct fake_dir_call *c) {
    struct dir_store *s = c->store;

    for (size_t i = s->friend_count; i > 0; i--) {
        struct dir_friends *f = &s->friends[i - 1];

        if (f->low.v == c->me.v || f->high.v == c->me.v) {
            dir_friends_drop(s, f);
            c->erased.friends++;
        }
    }
}

static void drop_blocks(struct fake_dir_call *c) {
    struct dir_store *s = c->store;

    for (size_t i = s->block_count; i > 0; i--) {
        struct dir_block *b = &s->blocks[i - 1];

        if (b->user.v == c->me.v || b->other.v == c->me.v) {
            *b = s->blocks[--s->block_count];
            c->erased.blocks++;
        }
    }
}

static void user_erase_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_user *u = dir_user(c->store, c->me);

    if (u == NULL) {
        base->rc = RC_NOT_FOUND;
        return;
    }
    mem_free(u->name);
    mem_free(u->key);
    u->name = mem_dup("erased", 6);
    u->key = mem_dup(":", 1);
    mem_free(u->avatar);
    u->avatar = mem_dup("", 0);
    drop_friends(c);
    drop_blocks(c);
    for (size_t i = 0; i < c->store->invite_count; i++) {
        struct dir_invite *v = &c->store->invites[i];

        c->erased.invites += v->row.made_by.v == c->me.v && !v->revoked;
        v->revoked = v->revoked || v->row.made_by.v == c->me.v;
    }
    base->rc = RC_OK;
}

static void end_user_erase(struct directory *d, struct user_id user,
                           erased_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "user_erase", user_erase_execute, fake_dir_answer_erased, ctx);

    c->me = user;
    c->done.erased = done;
}

void fake_dir_erase_ops(struct directory_ops *ops) {
    ops->convs_after = end_convs_after;
    ops->user_close = end_user_close;
    ops->user_erase = end_user_erase;
}
