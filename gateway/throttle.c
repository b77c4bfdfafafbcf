#include "gateway/throttle.h"

#include "proto/base/hash.h"
#include "proto/base/mem.h"

/* Tries are earned back one by one, window / tries apart. */
struct name {
    struct list node;
    uint64_t key;
    uint64_t full_ms; /* when every try will have been earned back */
};

void throttle_init(struct throttle *t, uint64_t tries, uint64_t window_ms) {
    map_init(&t->names);
    list_init(&t->quiet);
    t->tries = tries;
    t->window_ms = window_ms;
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

uint64_t throttle_take(struct throttle *t, struct slice name, uint64_t now_ms) {
    struct name *n = find_or_new(t, hash_fnv1a(name));
    uint64_t each_ms = t->window_ms / t->tries;
    uint64_t base_ms = n->full_ms > now_ms ? n->full_ms : now_ms;
    uint64_t after_ms = base_ms + each_ms;

    if (after_ms > now_ms + t->window_ms) {
        return after_ms - (now_ms + t->window_ms);
    }
    n->full_ms = after_ms;
    return 0;
}

void throttle_clear(struct throttle *t, struct slice name) {
    struct name *n = map_get(&t->names, hash_fnv1a(name));

    if (n != NULL) {
        name_free(t, n);
    }
}
