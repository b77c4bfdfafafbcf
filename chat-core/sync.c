#include "chat-core/sync.h"

#include <assert.h>

#include "chat-core/event.h"
#include "proto/base/mem.h"
#include "proto/base/plant.h"

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

static void name_gap(struct sync_one *one, enum sync_gap gap, uint64_t from,
                     struct msg_seq to) {
    one->state = SYNC_RESYNC;
    one->gap = gap;
    one->from.v = from;
    one->to = to;
}

/* It may be there, and it may be his: who asks again finds out. */
static void put_off(struct sync_one *one, struct msg_seq have) {
    one->state = SYNC_LATER;
    one->gap = SYNC_GAP_AWAY;
    one->from.v = have.v + 1;
}

/* What was purged before the user got it. */
static void take_gap(struct sync_one *one, const struct page *page,
                     struct msg_seq have) {
    uint64_t from = have.v + 1 > page->from.v ? have.v + 1 : page->from.v;

    if (page->kept.v > from && page->head.v > 0) {
        one->gap = SYNC_GAP_PURGED;
        one->from.v = from;
        one->to.v = page->kept.v - 1;
    }
}

/* A page that begins with the event the client says it has tells whether that
 * is so; what follows is what it lacks. An event that is gone tells nothing. */
static bool take_witness(const struct sync_cursor *cursor, struct page *page) {
    uint64_t ts_ms;

    if (cursor->ts_ms == 0 || page->count == 0 ||
        page->first.v != cursor->have.v) {
        return true;
    }
    ts_ms = event_ts_ms(page->events[0]);
    page->first.v++;
    page->count--;
    page->events++;
    return planted(PLANT_CURSOR_SEQ_ONLY) || ts_ms == 0 ||
           ts_ms == cursor->ts_ms;
}

static void judge(struct sync_one *one, const struct sync_cursor *cursor,
                  struct page *page) {
    one->head = page->head;
    if (page->since.v == 0) {
        put_off(one, cursor->have); /* the joining is not complete */
    } else if (cursor->have.v > page->head.v) {
        name_gap(one, SYNC_GAP_LOST, page->head.v + 1, cursor->have);
    } else if (!take_witness(cursor, page)) {
        name_gap(one, SYNC_GAP_REWRITTEN, page->from.v, cursor->have);
    } else if (page->count > 0 && page->first.v + page->count <= page->head.v &&
               !planted(PLANT_PART_IS_COMPLETE)) {
        one->state = SYNC_MORE;
    } else {
        one->state = SYNC_COMPLETE;
    }
}

static void on_page(void *ctx, enum rc rc, const struct page *found) {
    struct lookup *l = ctx;
    struct syncing *s = l->owner;
    struct sync_one *one = &s->ones[l - s->lookups];
    struct page page;

    if (rc == RC_NOT_FOUND) {
        one->state = SYNC_NOT_FOUND;
    } else if (rc != RC_OK) {
        put_off(one, l->cursor.have);
    } else {
        page = *found;
        judge(one, &l->cursor, &page);
        if (one->state != SYNC_RESYNC && one->state != SYNC_LATER) {
            take_gap(one, &page, l->cursor.have);
        }
        if (page.count > 0 && one->state != SYNC_RESYNC) {
            s->on_page(s->ctx, &page);
        }
    }
    release(s, RC_OK);
}

/* Nobody is asked who may know what: whoever can name the last message's time
 * has been shown it. */
static bool unmoved(const struct sync_cursor *cursor,
                    const struct history_head *head) {
    return head->head.v != 0 && head->head.v == cursor->have.v &&
           cursor->ts_ms != 0 && head->ts_ms == cursor->ts_ms;
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
        struct msg_seq after = l->cursor.have;

        s->ones[i].hidden = heads[i].hidden;
        if (heads[i].away) {
            put_off(&s->ones[i], l->cursor.have);
            continue;
        }
        if (unmoved(&l->cursor, &heads[i])) {
            s->ones[i].head = heads[i].head;
            continue;
        }
        after.v -= l->cursor.ts_ms != 0 && after.v > 0;
        s->open++;
        page_read(s->core,
                  &(struct page_ask){.conv = l->cursor.conv,
                                     .user = s->user,
                                     .side = PAGE_AFTER,
                                     .seq = after,
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
