/* Asking how far the members of a conversation are. */
#include "chat-core/policy.h"
#include "chat-core/receipts.h"
#include "proto/base/mem.h"

struct asking {
    struct core *core;
    struct conv_id conv;
    struct msg_seq seq;
    struct history_mark *marks;
    size_t count;
    receipts_fn done;
    void *ctx;
};

static void finish(struct asking *a, enum rc rc, const struct receipts *out) {
    struct asking x = *a;

    mem_free(a);
    x.done(x.ctx, rc, out);
    mem_free(x.marks);
}

static void on_counts(void *ctx, enum rc rc, uint64_t reads,
                      uint64_t delivereds) {
    finish(ctx, rc,
           &(struct receipts){.reads = reads, .delivereds = delivereds});
}

/* Who has left keeps his cursors; they are nobody's business any more. */
static void on_members(void *ctx, enum rc rc, struct member_version version,
                       const struct member_row *rows, size_t count) {
    struct asking *a = ctx;
    size_t kept = 0;

    (void)version;
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        if (rows[i].role != ROLE_NONE) {
            a->marks[kept++] = a->marks[i];
        }
    }
    finish(
        a, rc,
        &(struct receipts){.listed = true, .marks = a->marks, .count = kept});
}

/* With so many that have left, who is there is not asked for. */
static void on_marks(void *ctx, enum rc rc, const struct history_mark *marks,
                     size_t count) {
    struct asking *a = ctx;
    struct directory *d = a->core->directory;
    struct user_id *users;

    if (rc != RC_OK || count == 0 || count > DIRECTORY_BATCH_MAX) {
        finish(a, rc, &(struct receipts){.listed = true});
        return;
    }
    users = mem_new_array(count, sizeof(*users));
    a->marks = mem_new_array(count, sizeof(*a->marks));
    a->count = count;
    for (size_t i = 0; i < count; i++) {
        a->marks[i] = marks[i];
        users[i] = marks[i].user;
    }
    d->ops->members_of(d, a->conv, users, count, on_members, a);
    mem_free(users);
}

static void on_place(void *ctx, enum rc rc, const struct place *place) {
    struct asking *a = ctx;
    struct history *h = a->core->history;

    if (rc == RC_OK) {
        rc = policy_may(DEED_MARK, place, (struct user_id){0});
    }
    if (rc == RC_OK && place->member_count > RECEIPTS_COUNTED_MAX) {
        rc = RC_CONFLICT;
    }
    if (rc != RC_OK) {
        finish(a, rc, NULL);
    } else if (place->member_count > RECEIPTS_LISTED_MAX) {
        h->ops->counts(h, a->conv, a->seq, on_counts, a);
    } else {
        h->ops->marks(h, a->conv, on_marks, a);
    }
}

void receipts_read(struct core *c, struct conv_id conv, struct user_id user,
                   struct msg_seq seq, receipts_fn done, void *ctx) {
    struct asking *a = mem_new(sizeof(*a));

    a->core = c;
    a->conv = conv;
    a->seq = seq;
    a->done = done;
    a->ctx = ctx;
    conv_place(c, conv, user, on_place, a);
}
