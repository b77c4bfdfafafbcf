/* Transitions that wait to be published, at most one a user. */
#include "presence/outbox.h"

#include "proto/base/macros.h"
#include "proto/base/mem.h"

struct entry {
    struct list node;
    struct presence_known known;
    uint64_t put_ms;
};

void outbox_init(struct outbox *o) {
    list_init(&o->waiting);
    map_init(&o->by_user);
}

static void drop(struct outbox *o, struct entry *e) {
    list_remove(&e->node);
    (void)map_remove(&o->by_user, e->known.user.v);
    mem_free(e);
}

static struct entry *entry_at(struct list *node) {
    return CONTAINER_OF(node, struct entry, node);
}

void outbox_fini(struct outbox *o) {
    while (!list_empty(&o->waiting)) {
        drop(o, entry_at(o->waiting.next));
    }
    map_fini(&o->by_user);
}

void outbox_put(struct outbox *o, struct presence_known known,
                uint64_t now_ms) {
    struct entry *e = map_get(&o->by_user, known.user.v);

    if (e == NULL) {
        e = mem_new(sizeof(*e));
        list_init(&e->node);
        (void)map_put(&o->by_user, known.user.v, e);
    }
    e->known = known;
    e->put_ms = now_ms;
    list_remove(&e->node);
    list_push_back(&o->waiting, &e->node);
}

void outbox_flush(struct outbox *o, outbox_fn fn, void *ctx) {
    struct list *next;

    for (struct list *n = o->waiting.next; n != &o->waiting; n = next) {
        struct entry *e = entry_at(n);

        next = n->next;
        if (fn(ctx, &e->known)) {
            drop(o, e);
        }
    }
}

void outbox_trim(struct outbox *o, uint64_t before_ms) {
    while (!list_empty(&o->waiting) &&
           entry_at(o->waiting.next)->put_ms < before_ms) {
        drop(o, entry_at(o->waiting.next));
    }
}

size_t outbox_count(const struct outbox *o) {
    return o->by_user.count;
}
