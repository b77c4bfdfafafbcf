#include "gateway/throttle.h"

#include "proto/base/hash.h"
#include "proto/base/mem.h"

enum {
    US_PER_MS = 1000,
    US_PER_S = 1000000,
    SWEPT_AT_ONCE = 2, /* names, for one that comes */
};

/* Tries are earned back one by one, window / tries apart. */
struct name {
    struct list node;
    uint64_t key;
    uint64_t full_us; /* when every try will have been earned back */
};

static void init(struct throttle *t, uint64_t tries, uint64_t each_us) {
    map_init(&t->names);
    list_init(&t->quiet);
    t->each_us = each_us;
    t->window_us = each_us * tries;
}

void throttle_init(struct throttle *t, uint64_t tries, uint64_t window_ms) {
    init(t, tries, window_ms * US_PER_MS / tries);
}

void throttle_init_rate(struct throttle *t, uint64_t per_s, uint64_t burst) {
    init(t, burst, US_PER_S / per_s);
}

static void name_free(struct throttle *t, struct name *n) {
    map_remove(&t->names, n->key);
    list_remove(&n->node);
    mem_free(n);
}

void throttle_fini(struct throttle *t) {
    while (!list_empty(&t->quiet)) {
        name_free(t, CONTAINER_OF(t->quiet.next, struct name, node));
    }
    map_fini(&t->names);
}

static struct name *find_or_new(struct throttle *t, uint64_t key) {
    struct name *n = map_get(&t->names, key);

    if (n == NULL) {
        if (t->names.count >= THROTTLE_NAMES_MAX) {
            name_free(t, CONTAINER_OF(t->quiet.next, struct name, node));
        }
        n = mem_new(sizeof(*n));
        n->key = key;
        list_init(&n->node);
        map_put(&t->names, key, n);
    }
    list_remove(&n->node);
    list_push_back(&t->quiet, &n->node);
    return n;
}

/* Who has earned everything back is as one who never came. */
static void sweep(struct throttle *t, uint64_t now_us) {
    for (unsigned i = 0; i < SWEPT_AT_ONCE && !list_empty(&t->quiet); i++) {
        struct name *n = CONTAINER_OF(t->quiet.next, struct name, node);

        if (n->full_us > now_us) {
            break;
        }
        name_free(t, n);
    }
}

uint64_t throttle_take(struct throttle *t, struct slice name, uint64_t now_ms) {
    uint64_t now_us = now_ms * US_PER_MS;
    struct name *n;
    uint64_t base_us;
    uint64_t over_us;

    sweep(t, now_us);
    n = find_or_new(t, hash_fnv1a(name));
    base_us = n->full_us > now_us ? n->full_us : now_us;
    if (base_us + t->each_us > now_us + t->window_us) {
        over_us = base_us + t->each_us - (now_us + t->window_us);
        return (over_us + US_PER_MS - 1) / US_PER_MS;
    }
    n->full_us = base_us + t->each_us;
    return 0;
}

void throttle_clear(struct throttle *t, struct slice name) {
    struct name *n = map_get(&t->names, hash_fnv1a(name));

    if (n != NULL) {
        name_free(t, n);
    }
}
