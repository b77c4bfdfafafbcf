#include "proto/base/map.h"

#include <assert.h>

#include "proto/base/mem.h"
#include "proto/base/rand.h"

/* Mixed into every key; drawn at the first use and the same for all maps. */
static uint64_t secret(void) {
    static uint64_t value;

    while (value == 0) {
        rand_secret(&value, sizeof(value));
    }
    return value;
}

static size_t home(const struct map *m, uint64_t key) {
    uint64_t z = key ^ secret();

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (size_t)(z ^ z >> 31) & (m->cap - 1);
}

/* The slot of `key`, or the free slot where it would go. */
static struct map_slot *find(const struct map *m, uint64_t key) {
    size_t i = home(m, key);

    while (m->slots[i].value != NULL && m->slots[i].key != key) {
        i = (i + 1) & (m->cap - 1);
    }
    return &m->slots[i];
}

static void resize(struct map *m, size_t cap) {
    struct map old = *m;

    m->slots = mem_new_array(cap, sizeof(*m->slots));
    m->cap = cap;
    for (size_t i = 0; i < old.cap; i++) {
        if (old.slots[i].value != NULL) {
            *find(m, old.slots[i].key) = old.slots[i];
        }
    }
    mem_free(old.slots);
}

void map_init(struct map *m) {
    *m = (struct map){NULL, 0, 0};
}

void map_fini(struct map *m) {
    mem_free(m->slots);
    map_init(m);
}

void *map_get(const struct map *m, uint64_t key) {
    return m->count == 0 ? NULL : find(m, key)->value;
}

void *map_put(struct map *m, uint64_t key, void *value) {
    struct map_slot *slot;
    void *old;

    assert(value != NULL);
    if (m->count + 1 > m->cap / 4 * 3) {
        resize(m, m->cap == 0 ? 8 : m->cap * 2);
    }
    slot = find(m, key);
    old = slot->value;
    *slot = (struct map_slot){key, value};
    m->count += old == NULL ? 1 : 0;
    return old;
}

void *map_remove(struct map *m, uint64_t key) {
    struct map_slot *hole;
    size_t mask = m->cap - 1;
    void *gone;

    if (m->count == 0) {
        return NULL;
    }
    hole = find(m, key);
    gone = hole->value;
    if (gone == NULL) {
        return NULL;
    }
    /* Pull back every later item of the run that may stand in the hole. */
    for (size_t i = ((size_t)(hole - m->slots) + 1) & mask;
         m->slots[i].value != NULL; i = (i + 1) & mask) {
        size_t at = (size_t)(hole - m->slots);

        if (((i - home(m, m->slots[i].key)) & mask) >= ((i - at) & mask)) {
            *hole = m->slots[i];
            hole = &m->slots[i];
        }
    }
    *hole = (struct map_slot){0, NULL};
    m->count--;
    if (m->cap > 8 && m->count < m->cap / 8) {
        resize(m, m->cap / 2);
    }
    return gone;
}

const struct map_slot *map_next_slot(const struct map *m, size_t *at) {
    while (*at < m->cap) {
        const struct map_slot *slot = &m->slots[(*at)++];

        if (slot->value != NULL) {
            return slot;
        }
    }
    return NULL;
}

void *map_next(const struct map *m, size_t *at) {
    const struct map_slot *slot = map_next_slot(m, at);

    return slot == NULL ? NULL : slot->value;
}
