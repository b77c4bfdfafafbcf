#include "presence/hooked.h"

#include "proto/base/mem.h"

struct telling {
    struct hooked *owner;
    struct presence_known known;
};

/* Whoever came or went meanwhile is on his way already, or waits. */
static void again(struct hooked *h, struct presence_known failed) {
    struct presence_known now = h->known(h->owner, failed.user);

    if (map_get(&h->waiting.by_user, failed.user.v) != NULL) {
        return;
    }
    hooked_put(h, now.state == PRESENCE_UNKNOWN ? failed : now);
}

static void on_told(void *ctx, enum rc rc) {
    struct telling *t = ctx;
    struct hooked *h = t->owner;
    struct presence_known known = t->known;

    (void)map_remove(&h->telling, known.user.v);
    mem_free(t);
    if (rc != RC_OK && rc != RC_CLOSED) {
        again(h, known);
    }
}

static bool tell(void *ctx, const struct presence_known *known) {
    struct hooked *h = ctx;
    struct telling *t;

    if (!h->hooks->ops->ready(h->hooks) ||
        map_get(&h->telling, known->user.v) != NULL) {
        return false;
    }
    t = mem_new(sizeof(*t));
    t->owner = h;
    t->known = *known;
    (void)map_put(&h->telling, known->user.v, t);
    h->hooks->ops->seen(
        h->hooks,
        &(struct hooks_seen){.user = known->user,
                             .online = known->state != PRESENCE_OFFLINE,
                             .since_ms = known->since_ms},
        on_told, t);
    return true;
}

/* Who went while no service ran has no transition: he is known by not being
 * known. */
static void on_online(void *ctx, enum rc rc, const struct user_id *users,
                      size_t count, uint64_t next) {
    struct hooked *h = ctx;

    h->sweeping = false;
    if (rc != RC_OK) {
        return; /* this part again, with the next flush */
    }
    for (size_t i = 0; i < count; i++) {
        struct presence_known known = h->known(h->owner, users[i]);

        if (known.state == PRESENCE_OFFLINE &&
            map_get(&h->waiting.by_user, users[i].v) == NULL) {
            known.since_ms = h->clock->wall_ms;
            hooked_put(h, known);
        }
    }
    h->sweep_at = next;
    h->sweep = next != 0 || h->sweep_again;
    h->sweep_again = h->sweep_again && next != 0;
}

static void sweep_part(struct hooked *h) {
    h->sweeping = true;
    h->hooks->ops->online(h->hooks, h->sweep_at, on_online, h);
}

void hooked_sweep(struct hooked *h) {
    h->sweep_again = h->sweep;
    h->sweep = h->hooks != NULL;
}

void hooked_init(struct hooked *h) {
    outbox_init(&h->waiting);
    map_init(&h->telling);
    h->sweep = false;
    h->sweeping = false;
    h->sweep_again = false;
    h->sweep_at = 0;
}

void hooked_fini(struct hooked *h) {
    outbox_fini(&h->waiting);
    map_fini(&h->telling);
}

void hooked_put(struct hooked *h, struct presence_known known) {
    if (h->hooks != NULL) {
        outbox_put(&h->waiting, known, h->clock->mono_ms);
    }
}

void hooked_flush(struct hooked *h) {
    if (h->sweep && !h->sweeping && h->hooks->ops->ready(h->hooks)) {
        sweep_part(h);
    }
    outbox_flush(&h->waiting, tell, h);
}

bool hooked_idle(const struct hooked *h) {
    return h->telling.count == 0 && outbox_count(&h->waiting) == 0;
}
