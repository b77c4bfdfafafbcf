/* A world with users 1 to 60 for saying something in, and who was sent it. */
#ifndef MOIM_TESTS_SAY_WORLD_H
#define MOIM_TESTS_SAY_WORLD_H

#include "tests/fakes/world.h"

static const struct conv_id conv = {100};
static struct world w;

static inline int setup(void **state) {
    (void)state;
    world_open(&w);
    fake_directory_users(w.directory, 1, 60);
    return 0;
}

static inline int teardown(void **state) {
    (void)state;
    world_close(&w);
    return 0;
}

static inline struct topic user_topic(uint64_t user) {
    return (struct topic){TOPIC_USER, user};
}

static inline bool sent_to(struct topic topic) {
    return fake_bus_last(w.bus, topic) != NULL;
}

/* How many of the users first to last were sent something. */
static inline size_t sent_to_users(uint64_t first, uint64_t last) {
    size_t count = 0;

    for (uint64_t v = first; v <= last; v++) {
        count += sent_to(user_topic(v));
    }
    return count;
}

#endif
