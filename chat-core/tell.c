#include "chat-core/tell.h"

#include "proto/wire/bus_msg.h"

static void put(struct buf *msg, struct conv_id conv, struct user_id from,
                struct slice text) {
    buf_init(msg);
    bus_msg_encode(
        msg, &(struct bus_msg){
                 .kind = BUS_EPHEMERAL,
                 .u.ephemeral = {.conv = conv, .from = from, .client = text}});
}

void tell_members(struct core *c, const struct place *place,
                  struct user_id from, struct slice text) {
    struct topic topics[NARROW_MAX_MEMBERS];
    struct buf msg;
    size_t n = 0;

    if (place->wide) {
        topics[n++] = (struct topic){TOPIC_CONV, place->conv.v};
    }
    for (size_t i = 0; !place->wide && i < place->listed; i++) {
        topics[n++] = (struct topic){TOPIC_USER, place->members[i].user.v};
    }
    put(&msg, place->conv, from, text);
    c->bus->ops->publish(c->bus, topics, n, buf_slice(&msg), false, NULL, NULL);
    buf_fini(&msg);
}

void tell_user(struct core *c, struct user_id user, struct slice text) {
    const struct topic topic = {TOPIC_USER, user.v};
    struct buf msg;

    put(&msg, (struct conv_id){0}, (struct user_id){0}, text);
    c->bus->ops->publish(c->bus, &topic, 1, buf_slice(&msg), true, NULL, NULL);
    buf_fini(&msg);
}
