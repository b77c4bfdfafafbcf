#include "hooks/pushes.h"

#include <assert.h>

#include "proto/base/hash.h"
#include "proto/base/mem.h"

static bool is_of(const struct push *p, const struct notice_of *of) {
    return p->now.of.user.v == of->user.v && p->now.of.conv.v == of->conv.v;
}

/* Two that share a hash stand beside each other: should the first go, the
 * other may be pushed twice instead of once, and is never taken for it. */
static uint64_t key_of(const struct map *table, const struct notice_of *of) {
    const uint64_t ids[] = {of->user.v, of->conv.v};
    uint64_t key = hash_fnv1a(slice_of(ids, sizeof(ids)));
    const struct push *there = map_get(table, key);

    while (there != NULL && !is_of(there, of)) {
        key++;
        there = map_get(table, key);
    }
    return key;
}

static void make_ready(struct push *p) {
    p->state = PUSH_READY;
    list_push_back(&p->owner->ready, &p->node);
}

static void stop_resting(struct push *p) {
    if (p->state == PUSH_RESTING) {
        p->owner->resting--;
        wheel_cancel(&p->rest);
        make_ready(p);
    }
}

static void on_rested(struct wheel_timer *timer) {
    struct push *p = CONTAINER_OF(timer, struct push, rest);
    struct pushes *all = p->owner;

    stop_resting(p);
    all->ports.on_ready(all->ports.owner);
}

static void push_new(struct pushes *all, uint64_t key,
                     const struct push_notice *n) {
    struct push *p = mem_new(sizeof(*p));

    list_init(&p->node);
    wheel_timer_init(&p->rest, on_rested);
    p->owner = all;
    p->part = hook_part(n->of.conv.v);
    p->key = key;
    p->now = *n;
    p->ceiling_ms = PUSHES_REST_FIRST_MS;
    (void)map_put(&all->by_key[p->part], key, p);
    make_ready(p);
}

static void push_free(struct push *p) {
    if (p->state == PUSH_RESTING) {
        p->owner->resting--;
    }
    list_remove(&p->node);
    wheel_cancel(&p->rest);
    mem_free(p);
}

/* Answers the entry of the one before it in the same place. */
static struct replay_id replace(struct push_notice *place,
                                const struct push_notice *n) {
    struct push_notice before = *place;

    *place = *n;
    place->count += before.count;
    return before.entry;
}

struct replay_id pushes_put(struct pushes *p, const struct push_notice *n) {
    const struct map *table = &p->by_key[hook_part(n->of.conv.v)];
    uint64_t key = key_of(table, &n->of);
    struct push *there = map_get(table, key);

    if (there == NULL) {
        push_new(p, key, n);
        return (struct replay_id){0, 0};
    }
    if (there->state == PUSH_BUSY) {
        return replace(&there->next, n);
    }
    stop_resting(there);
    there->done_count = 0;
    return replace(&there->now, n);
}

struct push *pushes_take(struct pushes *p) {
    struct list *first = list_pop_front(&p->ready);
    struct push *out;

    if (first == NULL) {
        return NULL;
    }
    out = CONTAINER_OF(first, struct push, node);
    out->state = PUSH_BUSY;
    return out;
}

void pushes_drop(struct pushes *p, unsigned part) {
    struct map *table = &p->by_key[part];
    struct push *one;
    size_t at = 0;

    while ((one = map_next(table, &at)) != NULL) {
        if (one->state == PUSH_BUSY) {
            one->dropped = true;
        } else {
            push_free(one);
        }
    }
    map_fini(table);
    map_init(table);
}

size_t pushes_held(const struct pushes *p) {
    size_t held = 0;

    for (unsigned part = 0; part < HOOK_PARTS; part++) {
        held += p->by_key[part].count;
    }
    return held;
}

void pushes_init(struct pushes *p, const struct pushes_ports *ports) {
    *p = (struct pushes){.ports = *ports};
    for (unsigned part = 0; part < HOOK_PARTS; part++) {
        map_init(&p->by_key[part]);
    }
    list_init(&p->ready);
}

void pushes_fini(struct pushes *p) {
    for (unsigned part = 0; part < HOOK_PARTS; part++) {
        pushes_drop(p, part);
    }
    assert(list_empty(&p->ready) && p->resting == 0);
}

/* A busy one. */

bool push_has(const struct push *p, struct device_id device) {
    for (size_t i = 0; i < p->done_count; i++) {
        if (p->done[i].v == device.v) {
            return true;
        }
    }
    return false;
}

void push_give(struct push *p, struct device_id device) {
    if (p->done_count < DEVICE_PUSH_MAX && !push_has(p, device)) {
        p->done[p->done_count++] = device;
    }
}

bool push_is_old(const struct push *p) {
    return p->next.entry.ms != 0;
}

void push_done(struct push *p) {
    assert(p->state == PUSH_BUSY);
    if (p->dropped || !push_is_old(p)) {
        if (!p->dropped) {
            (void)map_remove(&p->owner->by_key[p->part], p->key);
        }
        push_free(p);
        return;
    }
    p->now = p->next;
    p->next = (struct push_notice){.entry = {0, 0}};
    p->done_count = 0;
    p->ceiling_ms = PUSHES_REST_FIRST_MS;
    make_ready(p);
}

void push_rest(struct push *p, uint64_t least_ms) {
    struct pushes *all = p->owner;

    assert(p->state == PUSH_BUSY && (p->dropped || !push_is_old(p)));
    if (p->dropped) {
        push_free(p);
        return;
    }
    p->state = PUSH_RESTING;
    all->resting++;
    wheel_set(all->ports.wheel, &p->rest,
              all->ports.clock->mono_ms + least_ms +
                  rest_draw(&p->ceiling_ms, all->ports.rand));
}
