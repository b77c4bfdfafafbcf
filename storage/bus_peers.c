#include "storage/bus_peers.h"

#include "proto/base/mem.h"
#include "proto/base/plant.h"

void bus_peers_init(struct bus_peers *p) {
    *p = (struct bus_peers){.at = NULL};
}

void bus_peers_fini(struct bus_peers *p) {
    mem_free(p->at);
}

static struct bus_peer *find(struct bus_peers *p, uint64_t process) {
    for (size_t i = 0; i < p->count; i++) {
        if (p->at[i].process == process) {
            return &p->at[i];
        }
    }
    return NULL;
}

void bus_peers_alive(struct bus_peers *p, uint64_t process, uint64_t ms) {
    struct bus_peer *peer = find(p, process);

    if (peer == NULL && p->count == BUS_PEERS_MAX) {
        return;
    }
    if (peer == NULL) {
        p->at = mem_resize(p->at, (p->count + 1) * sizeof(*p->at));
        peer = &p->at[p->count++];
    }
    *peer = (struct bus_peer){process, ms};
}

static void forget(struct bus_peers *p, struct bus_peer *peer) {
    *peer = p->at[--p->count];
}

void bus_peers_rests(struct bus_peers *p, uint64_t process) {
    struct bus_peer *peer = find(p, process);

    if (peer != NULL) {
        forget(p, peer);
    }
}

bool bus_peers_silent(struct bus_peers *p, uint64_t ms, uint64_t *since_ms) {
    for (size_t i = 0; i < p->count && !planted(PLANT_DEAD_PEER_FORGOTTEN);
         i++) {
        if (p->at[i].heard_ms < ms) {
            *since_ms = p->at[i].heard_ms;
            forget(p, &p->at[i]);
            return true;
        }
    }
    return false;
}
