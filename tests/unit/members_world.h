/* A world with users 1 to 60 for changing members in, and who asks for it. */
#ifndef MOIM_TESTS_MEMBERS_WORLD_H
#define MOIM_TESTS_MEMBERS_WORLD_H

#include "chat-core/members.h"
#include "tests/fakes/world.h"

enum {
    OWNER = 1,
    ANN = 2,
    BOB = 3,
    NEW = 50,
};

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

static inline void ask_add(struct got *got, uint64_t actor, uint64_t user) {
    *got = (struct got){.calls = 0};
    member_add(&w.gates[0].core, &(struct member_ask){conv, {actor}, {user}},
               got_changed, got);
}

static inline void ask_remove(struct got *got, uint64_t actor, uint64_t user) {
    *got = (struct got){.calls = 0};
    member_remove(&w.gates[0].core, &(struct member_ask){conv, {actor}, {user}},
                  got_changed, got);
}

static inline struct member_row row_of(uint64_t user) {
    return fake_directory_row(w.directory, conv, (struct user_id){user});
}

#endif
