#include "gateway/strangers.h"

#include <arpa/inet.h>
#include <assert.h>

#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "proto/base/slice.h"

enum {
    NETWORK_BYTES = 8, /* of an IPv6 address */
};

void strangers_init(struct strangers *s) {
    map_init(&s->counts);
}

void strangers_fini(struct strangers *s) {
    assert(s->counts.count == 0);
    map_fini(&s->counts);
}

uint64_t strangers_key(const char *peer) {
    struct in6_addr address;

    if (inet_pton(AF_INET6, peer, &address) == 1) {
        return hash_fnv1a(slice_of(address.s6_addr, NETWORK_BYTES));
    }
    return hash_fnv1a(slice_str(peer));
}

uint64_t strangers_count(const struct strangers *s, uint64_t key) {
    const uint64_t *count = map_get(&s->counts, key);

    return count == NULL ? 0 : *count;
}

void strangers_enter(struct strangers *s, uint64_t key) {
    uint64_t *count = map_get(&s->counts, key);

    if (count == NULL) {
        count = mem_new(sizeof(*count));
        map_put(&s->counts, key, count);
    }
    ++*count;
}

void strangers_leave(struct strangers *s, uint64_t key) {
    uint64_t *count = map_get(&s->counts, key);

    assert(count != NULL);
    if (--*count == 0) {
        map_remove(&s->counts, key);
        mem_free(count);
    }
}
