/* What a gateway would publish, for tests: one message on one topic. */
#ifndef MOIM_TESTS_BUS_SAY_H
#define MOIM_TESTS_BUS_SAY_H

#include "proto/wire/bus_msg.h"
#include "tests/fakes/world.h"

static inline void bus_say(struct world *w, struct topic topic,
                           const struct bus_msg *msg) {
    struct bus *bus = w->gates[WORLD_GATES - 1].core.bus;
    struct buf b;

    buf_init(&b);
    bus_msg_encode(&b, msg);
    bus->ops->publish(bus, &topic, 1, buf_slice(&b), true, NULL, NULL);
    buf_fini(&b);
}

/* An event of which only the place matters. */
static inline void bus_say_event(struct world *w, struct topic topic,
                                 struct conv_id conv, uint64_t seq,
                                 uint64_t mver) {
    struct buf text;

    buf_init(&text);
    buf_addf(&text, "{\"type\":\"event\",\"conv\":\"%s\",\"seq\":%llu}",
             id_text(conv.v).s, (unsigned long long)seq);
    bus_say(w, topic,
            &(struct bus_msg){.kind = BUS_EVENT,
                              .u.event = {.conv = conv,
                                          .seq = {seq},
                                          .mver = {mver},
                                          .from = {1},
                                          .client = buf_slice(&text)}});
    buf_fini(&text);
}

static inline void bus_say_ephemeral(struct world *w, struct topic topic,
                                     struct conv_id conv, uint64_t from) {
    const struct slice client = SLICE_LIT("{\"type\":\"typing\"}");

    bus_say(
        w, topic,
        &(struct bus_msg){
            .kind = BUS_EPHEMERAL,
            .u.ephemeral = {.conv = conv, .from = {from}, .client = client}});
}

static inline void bus_say_member(struct world *w, struct topic topic,
                                  const struct bus_member *member) {
    bus_say(w, topic,
            &(struct bus_msg){.kind = BUS_MEMBER, .u.member = *member});
}

#endif
