#include "chat-core/sync.h"

#include <assert.h>

#include "proto/base/mem.h"

/* One cursor on its way. */
struct lookup {
    struct syncing *owner;
    struct sync_cursor cursor;
};

struct syncing {
    struct core *core;
    struct user_id user;
    struct lookup *lookups;
    struct sync_one *ones;
    size_t count;
    size_t open; /* pages still to come, and one while they are started */
    sync_page_fn on_page;
    sync_done_fn done;
    void *ctx;
};

static void release(struct syncing *s, enum rc rc) {
    assert(s->open > 0);
    s->open--;
    if (s->open > 0) {
        return;
    }
    s->done(s->ctx, rc, rc == RC_OK ? s->ones : NULL, s->count);
    mem_free(s->lookups);
    mem_free(s->ones);
    mem_free(s);
}

static enum sync_state state_of(enum rc rc, const struct page *page,
                                struct msg_seq have) {
    if (rc == RC_NOT_FOUND) {
        return SYNC_NOT_FOUND;
    }
    if (rc != RC_OK || page->since.v == 0) {
        return SYNC_LATER; /* a store is away, or the joining not complete */
    }
    if (have.v > page->head.v) {
        return SYNC_RESYNC;
    }
    if (page->count > 0 && page->first.v + page->count <= page->head.v) {
        return SYNC_MORE;
    }
    return SYNC_COMPLETE;
}

static void on_page(void *ctx, enum rc rc, const struct page *page) {
    struct lookup *l = ctx;
    struct syncing *s = l->owner;
    struct sync_one *one = &s->ones[l - s->lookups];

    one->state = state_of(rc, page, l->cursor.have);
    if (rc == RC_OK) {
        one->head = page->head;
        if (page->count > 0 && one->state != SYNC_RESYNC) {
            s->on_page(s->ctx, page);
        }
    }
    release(s, RC_OK);
}

static void on_heads(void *ctx, enum rc rc, const struct history_head *heads,
                     size_t count) {
    struct syncing *s = ctx;

    if (rc != RC_OK) {
        release(s, rc);
        return;
    }
    assert(count == s->count);
    for (size_t i = 0; i < count; i++) {
        struct lookup *l = &s->lookups[i];

        s->ones[i].hidden = heads[i].hidden;
        if (heads[i].head.v != 0 && heads[i].head.v == l->cursor.have.v) {
            s->ones[i].head = heads[i].head;
            continue; /* nothing moved: nobody is asked */
        }
        s->open++;
        page_read(s->core,
                  &(struct page_ask){.conv = l->cursor.conv,
                                     .user = s->user,
                                     .side = PAGE_AFTER,
                                     .seq = l->cursor.have,
                                     .limit = HISTORY_PAGE_MAX},
                  on_page, l);
    }
    release(s, RC_OK);
}

/* NOLINTNEXTLINE(readability-function-size): 7 parameters, two callbacks. */
void sync_read(struct core *c, struct user_id user,
               const struct sync_cursor *cursors, size_t count,
               sync_page_fn found, sync_done_fn done, void *ctx) {
    struct syncing *s = mem_new(sizeof(*s));
    struct conv_id *convs = mem_new_array(count, sizeof(*convs));

    assert(count > 0 && count <= SYNC_CONVS_MAX);
    s->core = c;
    s->user = user;
    s->lookups = mem_new_array(count, sizeof(*s->lookups));
    s->ones = mem_new_array(count, sizeof(*s->ones));
    s->count = count;
    s->open = 1;
    s->on_page = found;
    s->done = done;
    s->ctx = ctx;
    for (size_t i = 0; i < count; i++) {
        s->lookups[i] = (struct lookup){.owner = s, .cursor = cursors[i]};
        s->ones[i].conv = cursors[i].conv;
        convs[i] = cursors[i].conv;
    }
    c->history->ops->heads(c->history, user, convs, count, on_heads, s);
    mem_free(convs);
}
