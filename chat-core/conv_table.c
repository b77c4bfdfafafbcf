#include "chat-core/conv_table.h"

#include <assert.h>
#include <string.h>

#include "chat-core/interval.h"
#include "chat-core/retention.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/base/plant.h"

/* One conversation. `loaded` is false until the directory has answered. */
struct conv {
    struct list lru; /* in core.convs_lru; unlinked while somebody waits */
    struct list waits;
    struct core *core;
    struct conv_id id;
    struct member_version version;
    enum conv_kind kind;
    uint32_t member_count;
    uint64_t keep_ms; /* 0: as the operator says */
    bool loaded;
    bool wide;
    bool asking;  /* a directory call is open, or a callback is running */
    bool stale;   /* a newer version exists: load again before answering */
    bool closed;  /* true only now: it may be opened without a new version */
    bool joining; /* true only now, with no new version when it ends */
    size_t listed;
    struct member_row *members; /* all of them, when they are few */
    struct map places;          /* else: user id -> struct member_row */
    struct member_row asked;    /* the last answer about one user; or user 0 */
};

/* Somebody who wants one user's place. */
struct wait {
    struct list node;
    struct user_id user;
    bool cached; /* there was an entry already */
    place_fn done;
    void *ctx;
};

static void ask_next(struct conv *conv);

static void forget_contents(struct conv *conv) {
    struct member_row *row;
    size_t at = 0;

    while ((row = map_next(&conv->places, &at)) != NULL) {
        mem_free(row);
    }
    map_fini(&conv->places);
    mem_free(conv->members);
    conv->members = NULL;
    conv->listed = 0;
    conv->loaded = false;
    conv->stale = false;
    conv->joining = false;
    conv->closed = false;
    conv->asked.user.v = 0;
}

static void conv_free(struct conv *conv) {
    assert(list_empty(&conv->waits) && !conv->asking);
    list_remove(&conv->lru);
    map_remove(&conv->core->convs, conv->id.v);
    forget_contents(conv);
    mem_free(conv);
}

static void make_room(struct core *c) {
    while (c->convs.count >= CONV_TABLE_MAX && !list_empty(&c->convs_lru)) {
        conv_free(CONTAINER_OF(c->convs_lru.next, struct conv, lru));
    }
}

static struct conv *conv_find_or_new(struct core *c, struct conv_id id) {
    struct conv *conv = map_get(&c->convs, id.v);

    if (conv == NULL) {
        make_room(c);
        conv = mem_new(sizeof(*conv));
        conv->core = c;
        conv->id = id;
        list_init(&conv->lru);
        list_init(&conv->waits);
        map_init(&conv->places);
        map_put(&c->convs, id.v, conv);
    }
    return conv;
}

/* The row of `user`, or NULL when the directory has to tell. A list says who
 * is a member; it does not say what an ex-member may read, nor whether one
 * who is missing has joined since, nor when a joining was completed. */
static const struct member_row *known_row(const struct conv *conv,
                                          struct user_id user) {
    const struct member_row *row = map_get(&conv->places, user.v);

    for (size_t i = 0; i < conv->listed; i++) {
        if (conv->members[i].user.v == user.v &&
            interval_since(&conv->members[i]).v != 0) {
            return &conv->members[i];
        }
    }
    if (row == NULL && conv->asked.user.v == user.v) {
        row = &conv->asked;
    }
    return row;
}

static void wait_add(struct conv *conv, const struct wait *one) {
    struct wait *w = mem_new(sizeof(*w));

    *w = *one;
    list_init(&w->node);
    list_push_back(&conv->waits, &w->node);
}

static void answer(const struct wait *w, const struct conv *conv,
                   const struct member_row *row) {
    struct place place = {
        .conv = conv->id,
        .kind = conv->kind,
        .wide = conv->wide,
        .closed = conv->closed,
        .muted = row->silenced_ms > conv->core->clock->wall_ms,
        .cached = w->cached,
        .joining = conv->joining,
        .keep_ms = retention_of(conv->core, conv->keep_ms),
        .version = conv->version,
        .member_count = conv->member_count,
        .me = *row,
        .members = conv->members,
        .listed = conv->listed,
    };

    w->done(w->ctx, RC_OK, &place);
}

/* Nobody works with the entry any more: back to the shelf, or away. */
static void settle(struct conv *conv) {
    conv->asked.user.v = 0;
    if (!conv->loaded || conv->stale || conv->joining || conv->closed) {
        conv_free(conv);
    } else {
        list_push_back(&conv->core->convs_lru, &conv->lru);
    }
}

/* Answers everybody who waits with a failure. */
static void fail_all(struct conv *conv, enum rc rc) {
    struct list failed;
    struct list *node;

    list_init(&failed);
    list_append(&failed, &conv->waits);
    settle(conv); /* a callback may ask again and make a new entry */
    while ((node = list_pop_front(&failed)) != NULL) {
        struct wait *w = CONTAINER_OF(node, struct wait, node);

        w->done(w->ctx, rc, NULL);
        mem_free(w);
    }
}

static void take_members(struct conv *conv, const struct member_row *members,
                         size_t count) {
    if (count == 0) {
        return;
    }
    conv->listed = count;
    conv->members = mem_new_array(count, sizeof(*members));
    memcpy(conv->members, members, count * sizeof(*members));
    for (size_t i = 0; i < count; i++) {
        conv->joining = conv->joining || interval_since(&members[i]).v == 0;
    }
}

static void on_loaded(void *ctx, enum rc rc, const struct conv_row *row) {
    struct conv *conv = ctx;

    conv->asking = false;
    if (rc != RC_OK) {
        fail_all(conv, rc);
        return;
    }
    forget_contents(conv);
    conv->kind = row->kind;
    conv->version = row->version;
    conv->member_count = row->member_count;
    conv->wide = row->wide;
    conv->closed = row->closed;
    conv->keep_ms = row->keep_ms;
    take_members(conv, row->members, row->listed);
    conv->loaded = true;
    ask_next(conv);
}

/* A member's row is true until the version changes; other rows may change
 * without that and serve only those who wait now. */
static void take_row(struct conv *conv, const struct member_row *row) {
    struct member_row *kept;

    conv->asked = *row;
    if (conv->listed == 0 && row->role != ROLE_NONE &&
        interval_since(row).v != 0) {
        kept = mem_new(sizeof(*kept));
        *kept = *row;
        mem_free(map_put(&conv->places, row->user.v, kept));
    }
}

static void on_row(void *ctx, enum rc rc, struct member_version version,
                   const struct member_row *rows, size_t count) {
    struct conv *conv = ctx;

    conv->asking = false;
    if (rc != RC_OK) {
        fail_all(conv, rc);
        return;
    }
    assert(count == 1);
    if (version.v == conv->version.v) {
        take_row(conv, &rows[0]);
    } else {
        /* The members moved between the two answers: start over. */
        conv->stale = true;
    }
    ask_next(conv);
}

/* Answers those it can; asks the directory for the first it cannot. */
static void ask_next(struct conv *conv) {
    struct directory *d = conv->core->directory;

    conv->asking = true; /* callbacks may come back in: keep the entry */
    while (!list_empty(&conv->waits)) {
        struct wait *w = CONTAINER_OF(conv->waits.next, struct wait, node);
        const struct member_row *row;

        if (conv->stale) {
            forget_contents(conv);
        }
        if (!conv->loaded) {
            d->ops->conv_load(d, conv->id, on_loaded, conv);
            return;
        }
        row = known_row(conv, w->user);
        if (row == NULL) {
            d->ops->members_of(d, conv->id, &w->user, 1, on_row, conv);
            return;
        }
        list_remove(&w->node);
        answer(w, conv, row);
        mem_free(w);
    }
    conv->asking = false;
    settle(conv);
}

void conv_place(struct core *c, struct conv_id id, struct user_id user,
                place_fn done, void *ctx) {
    struct conv *conv = conv_find_or_new(c, id);
    const struct wait now = {.user = user,
                             .cached = conv->loaded && !conv->stale,
                             .done = done,
                             .ctx = ctx};
    const struct member_row *row;

    if (conv->asking) {
        wait_add(conv, &now);
        return;
    }
    list_remove(&conv->lru);
    row = conv->loaded ? known_row(conv, user) : NULL;
    if (row != NULL) {
        conv->asking = true; /* callbacks may come back in: keep the entry */
        answer(&now, conv, row);
    } else {
        wait_add(conv, &now);
    }
    ask_next(conv);
}

void conv_forget_before(struct core *c, struct conv_id id,
                        struct member_version seen) {
    struct conv *conv = map_get(&c->convs, id.v);

    if (conv == NULL || !conv->loaded || conv->stale ||
        conv->version.v >= seen.v || planted(PLANT_MEMBERS_NEVER_FORGOTTEN)) {
        return;
    }
    c->stats.reloads++;
    if (conv->asking) {
        conv->stale = true;
    } else {
        conv_free(conv);
    }
}

bool conv_place_doubted(struct core *c, const struct place *place) {
    const struct member_version never = {UINT64_MAX};

    if (place->cached) {
        conv_forget_before(c, place->conv, never);
    }
    return place->cached;
}

void conv_table_clear(struct core *c) {
    while (!list_empty(&c->convs_lru)) {
        conv_free(CONTAINER_OF(c->convs_lru.next, struct conv, lru));
    }
    assert(c->convs.count == 0);
}
