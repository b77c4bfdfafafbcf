/* A hash table from a 64-bit key to a pointer: open addressing with linear
 * probing, power-of-two capacity, load at most 3/4, backward-shift deletion
 * (no tombstones). Keys are mixed with a per-process secret, so a peer who
 * chooses keys cannot choose collisions. 16 bytes a slot. */
#ifndef MOIM_BASE_MAP_H
#define MOIM_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map_slot {
    uint64_t key;
    void *value; /* NULL: the slot is free */
};

struct map {
    struct map_slot *slots;
    size_t count; /* items */
    size_t cap;   /* slots; 0 or a power of two */
};

void map_init(struct map *m); /* holds no memory until the first put */
void map_fini(struct map *m); /* frees the table, not the values */
/* The value of `key`, or NULL. */
void *map_get(const struct map *m, uint64_t key);
/* Sets the value (not NULL) of `key`; answers the old one, or NULL. */
void *map_put(struct map *m, uint64_t key, void *value);
/* Forgets `key`; answers its value, or NULL. */
void *map_remove(struct map *m, uint64_t key);
/* Walks the table: start with *at = 0; NULL at the end. The map must not be
 * changed during the walk. */
void *map_next(const struct map *m, size_t *at);
/* The same, with the key. Borrowed until the map is changed. */
const struct map_slot *map_next_slot(const struct map *m, size_t *at);

#endif
