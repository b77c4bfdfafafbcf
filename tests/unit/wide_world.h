/* A world with a wide conversation of the users 1 to 40, two of whom listen at
 * the first gateway, and what the bus tells it. */
#ifndef MOIM_TESTS_WIDE_WORLD_H
#define MOIM_TESTS_WIDE_WORLD_H

#include "chat-core/wide.h"
#include "tests/fakes/bus_say.h"

enum {
    ANN = 1,
    BOB = 2,
    NEW = 50, /* no member at first */
    HEAD = 10,
};

static const struct conv_id conv = {100};
static const struct topic topic = {TOPIC_CONV, 100};
static struct world w;
static struct ear ann;
static struct ear bob;

static inline int setup(void **state) {
    (void)state;
    world_open(&w);
    fake_directory_users(w.directory, 1, 60);
    fake_directory_group(w.directory, conv, 1, 40);
    world_fill(&w, conv, ANN, HEAD);
    ear_join(&w, &ann, 0, ANN);
    ear_join(&w, &bob, 0, BOB);
    world_settle(&w);
    return 0;
}

static inline int teardown(void **state) {
    (void)state;
    ear_leave(&ann);
    ear_leave(&bob);
    world_close(&w);
    return 0;
}

static inline struct core *core(void) {
    return &w.gates[0].core;
}

static inline struct wide *here(void) {
    return wide_find(core(), conv);
}

static inline void event(uint64_t seq, uint64_t mver) {
    bus_say_event(&w, topic, conv, seq, mver);
    fake_bus_turn(w.bus);
}

static inline void told(struct topic on, uint64_t user,
                        enum member_change change, uint64_t mver,
                        uint64_t seq) {
    bus_say_member(&w, on,
                   &(struct bus_member){.conv = conv,
                                        .user = {user},
                                        .mver = {mver},
                                        .seq = {seq},
                                        .change = change,
                                        .wide = true});
    fake_bus_turn(w.bus);
}

static inline struct topic own(uint64_t user) {
    return (struct topic){TOPIC_USER, user};
}

static inline void add_new(uint64_t seq) {
    fake_directory_add(w.directory, conv, (struct user_id){NEW});
    if (seq != 0) {
        fake_directory_bound(w.directory, conv, (struct user_id){NEW}, seq,
                             true);
    }
}

#endif
