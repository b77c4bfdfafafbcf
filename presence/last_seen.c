/* Last-seen times on their way to the directory. */
#include "presence/last_seen.h"

#include "proto/base/log.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"

static const struct log_ctx log_ctx = {"last_seen", 0};

struct entry {
    struct list node;
    struct user_id user;
    uint64_t since_ms;
};

void last_seen_init(struct last_seen *l, struct directory *dir, size_t limit) {
    *l = (struct last_seen){.dir = dir, .limit = limit};
    list_init(&l->waiting);
    map_init(&l->by_user);
}

static struct entry *oldest(struct last_seen *l) {
    return CONTAINER_OF(l->waiting.next, struct entry, node);
}

static void forget(struct last_seen *l, struct entry *e) {
    list_remove(&e->node);
    (void)map_remove(&l->by_user, e->user.v);
    mem_free(e);
}

void last_seen_fini(struct last_seen *l) {
    while (!list_empty(&l->waiting)) {
        forget(l, oldest(l));
    }
    map_fini(&l->by_user);
}

static struct entry *add(struct last_seen *l, struct user_id user,
                         uint64_t since_ms) {
    struct entry *e = mem_new(sizeof(*e));

    list_init(&e->node);
    e->user = user;
    e->since_ms = since_ms;
    (void)map_put(&l->by_user, user.v, e);
    return e;
}

/* One user stands in a batch once: the database may not be told two times in
 * one statement. */
void last_seen_put(struct last_seen *l, struct user_id user,
                   uint64_t since_ms) {
    struct entry *e = map_get(&l->by_user, user.v);

    if (e != NULL) {
        e->since_ms = since_ms;
        return;
    }
    if (l->by_user.count == l->limit) {
        forget(l, oldest(l));
        l->dropped++;
    }
    e = add(l, user, since_ms);
    list_push_back(&l->waiting, &e->node);
}

uint64_t last_seen_of(const struct last_seen *l, struct user_id user) {
    const struct entry *e = map_get(&l->by_user, user.v);

    if (e != NULL) {
        return e->since_ms;
    }
    for (size_t i = 0; i < l->in_flight; i++) {
        if (l->users[i].v == user.v) {
            return l->times_ms[i];
        }
    }
    return 0;
}

/* What failed goes back to the front, unless something newer waits. */
static void put_back(struct last_seen *l, struct user_id user,
                     uint64_t since_ms) {
    struct entry *e;

    if (map_get(&l->by_user, user.v) != NULL) {
        return;
    }
    if (l->by_user.count == l->limit) {
        l->dropped++; /* it would be the oldest */
        return;
    }
    e = add(l, user, since_ms);
    list_push_front(&l->waiting, &e->node);
}

static void on_written(void *ctx, enum rc rc) {
    struct last_seen *l = ctx;
    bool was_full = l->in_flight == DIRECTORY_BATCH_MAX;

    if (rc == RC_OK) {
        l->written += l->in_flight;
        l->in_flight = 0;
        if (was_full) {
            last_seen_write(l);
        }
        return;
    }
    l->failed++;
    log_warn(&log_ctx, "write_failed", "users=%zu why=\"%s\"", l->in_flight,
             rc_str(rc));
    for (size_t i = l->in_flight; i > 0; i--) {
        put_back(l, l->users[i - 1], l->times_ms[i - 1]);
    }
    l->in_flight = 0;
}

void last_seen_write(struct last_seen *l) {
    size_t n = 0;

    if (l->in_flight > 0 || list_empty(&l->waiting)) {
        return;
    }
    while (n < DIRECTORY_BATCH_MAX && !list_empty(&l->waiting)) {
        struct entry *e = oldest(l);

        l->users[n] = e->user;
        l->times_ms[n] = e->since_ms;
        n++;
        forget(l, e);
    }
    l->in_flight = n;
    l->dir->ops->seen_write(l->dir, l->users, l->times_ms, n, on_written, l);
}

bool last_seen_idle(const struct last_seen *l) {
    return l->in_flight == 0 && list_empty(&l->waiting);
}
