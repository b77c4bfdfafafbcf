#include "chat-core/conv_table.h"

#include <assert.h>
#include <string.h>

#include "proto/base/macros.h"
#include "proto/base/mem.h"

/* One conversation. `loaded` is false until the directory has answered. */
struct conv {
    struct list lru; /* in core.convs_lru; unlinked while a call is open */
    struct list waits;
    struct core *core;
    struct conv_id id;
    struct member_version version;
    enum conv_kind kind;
    uint32_t member_count;
    bool loaded;
    bool wide;
    bool asking; /* a directory call is open */
    bool stale;  /* forget it as soon as nobody waits */
    size_t listed;
    struct member_row *members; /* narrow: all of them */
    struct map places;          /* wide: user id -> struct member_row */
};

/* Somebody who wants one user's place. */
struct wait {
    struct list node;
    struct user_id user;
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

/* The row of `user`, or NULL when the table cannot tell. */
static const struct member_row *known_row(const struct conv *conv,
                                          struct user_id user) {
    static const struct member_row nobody = {{0}, ROLE_NONE, {0}, {0}};

    if (conv->wide) {
        return map_get(&conv->places, user.v);
    }
    for (size_t i = 0; i < conv->listed; i++) {
        if (conv->members[i].user.v == user.v) {
            return &conv->members[i];
        }
    }
    return &nobody;
}

/* True when the wait could be answered (and has been). */
static bool try_answer(struct conv *conv, struct user_id user, place_fn done,
                       void *ctx) {
    const struct member_row *row;
    struct place place;

    if (!conv->loaded) {
        return false;
    }
    row = known_row(conv, user);
    if (row == NULL) {
        return false;
    }
    place = (struct place){
        .conv = conv->id,
        .kind = conv->kind,
        .wide = conv->wide,
        .version = conv->version,
        .member_count = conv->member_count,
        .me = *row,
        .members = conv->members,
        .listed = conv->listed,
    };
    place.me.user = user;
    done(ctx, RC_OK, &place);
    return true;
}

/* Nobody works with the entry any more: back to the shelf, or away. */
static void settle(struct conv *conv) {
    if (conv->asking || !list_empty(&conv->waits)) {
        return;
    }
    list_remove(&conv->lru);
    if (!conv->loaded || conv->stale) {
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
    conv->listed = row->listed;
    if (row->listed > 0) {
        conv->members = mem_new_array(row->listed, sizeof(*conv->members));
        memcpy(conv->members, row->members,
               row->listed * sizeof(*conv->members));
    }
    conv->loaded = true;
    ask_next(conv);
}

static void on_place(void *ctx, enum rc rc, struct member_version version,
                     const struct member_row *rows, size_t count) {
    struct conv *conv = ctx;

    conv->asking = false;
    if (rc != RC_OK) {
        fail_all(conv, rc);
        return;
    }
    if (version.v != conv->version.v) {
        /* The members moved between the two answers: start over. */
        forget_contents(conv);
    }
    for (size_t i = 0; i < count && conv->loaded; i++) {
        struct member_row *row = mem_new(sizeof(*row));

        *row = rows[i];
        mem_free(map_put(&conv->places, row->user.v, row));
    }
    ask_next(conv);
}

/* Answers those it can; asks the directory for the first it cannot. */
static void ask_next(struct conv *conv) {
    struct directory *d = conv->core->directory;
    struct wait *w;

    conv->asking = true; /* callbacks may come back in: keep the entry */
    while (!list_empty(&conv->waits)) {
        w = CONTAINER_OF(conv->waits.next, struct wait, node);
        list_remove(&w->node);
        if (!try_answer(conv, w->user, w->done, w->ctx)) {
            list_push_front(&conv->waits, &w->node);
            if (conv->loaded) {
                d->ops->members_of(d, conv->id, &w->user, 1, on_place, conv);
            } else {
                d->ops->conv_load(d, conv->id, on_loaded, conv);
            }
            return;
        }
        mem_free(w);
    }
    conv->asking = false;
    settle(conv);
}

void conv_place(struct core *c, struct conv_id id, struct user_id user,
                place_fn done, void *ctx) {
    struct conv *conv = conv_find_or_new(c, id);
    struct wait *w;

    if (!conv->asking && list_linked(&conv->lru)) {
        list_remove(&conv->lru);
        list_push_back(&c->convs_lru, &conv->lru);
        if (try_answer(conv, user, done, ctx)) {
            return;
        }
        list_remove(&conv->lru);
    }
    w = mem_new(sizeof(*w));
    *w = (struct wait){.user = user, .done = done, .ctx = ctx};
    list_init(&w->node);
    list_push_back(&conv->waits, &w->node);
    if (!conv->asking) {
        ask_next(conv);
    }
}

void conv_forget_before(struct core *c, struct conv_id id,
                        struct member_version seen) {
    struct conv *conv = map_get(&c->convs, id.v);

    if (conv == NULL || !conv->loaded || conv->version.v >= seen.v) {
        return;
    }
    c->stats.reloads++;
    if (conv->asking) {
        /* The answer under way may be old too: it is compared again by
         * whoever uses it, and dropped after. */
        conv->stale = true;
    } else {
        conv_free(conv);
    }
}

void conv_table_clear(struct core *c) {
    while (!list_empty(&c->convs_lru)) {
        conv_free(CONTAINER_OF(c->convs_lru.next, struct conv, lru));
    }
    assert(c->convs.count == 0);
}
