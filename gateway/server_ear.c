/* What the bus tells a gateway: chat goes to the core, presence to those who
 * watch and to the link; and what the core tells sessions. */
#include "chat-core/deliver.h"
#include "gateway/server.h"
#include "gateway/session.h"
#include "proto/base/macros.h"

static void on_gateway_topic(struct server *s, struct slice text) {
    struct bus_msg msg;

    if (bus_msg_decode(text, &msg) != RC_OK) {
        s->core.stats.bus_errors++;
    } else if (msg.kind == BUS_REVOKE) {
        revoked_heard(&s->revoked, &msg.u.revoke);
    } else {
        if (msg.kind == BUS_PRESENCE_ASK) {
            watch_doubt(&s->watch); /* what it did not hear it did not tell */
        }
        presence_link_take(s->link, &msg);
    }
}

static void on_seen_topic(struct server *s, struct slice text) {
    struct bus_msg msg;

    enum rc rc = bus_msg_decode(text, &msg);

    if (rc == RC_OK && msg.kind == BUS_PRESENCE_SEEN) {
        watch_seen(&s->watch, &msg.u.seen);
    } else if (rc == RC_OK && msg.kind == BUS_LOOK) {
        watch_looked(s, msg.u.look.user);
    } else {
        s->core.stats.bus_errors++;
    }
}

static void on_message(void *owner, struct topic topic, struct slice text) {
    struct server *s = owner;

    switch (topic.kind) {
    case TOPIC_USER:
    case TOPIC_CONV:
        deliver_bus_events.on_message(&s->core, topic, text);
        break;
    case TOPIC_SEEN:
        on_seen_topic(s, text);
        break;
    case TOPIC_GATEWAY:
    case TOPIC_GATEWAYS:
        on_gateway_topic(s, text);
        break;
    case TOPIC_PRESENCE:
        break; /* a gateway does not listen there */
    }
}

static void on_gap(void *owner, unsigned partition) {
    struct server *s = owner;

    deliver_bus_events.on_gap(&s->core, partition);
}

static void on_back(void *owner) {
    struct server *s = owner;

    watch_doubt(&s->watch);
}

const struct bus_events server_bus_events = {
    .on_message = on_message,
    .on_gap = on_gap,
    .on_back = on_back,
};

static struct session *session_of(struct seat *seat) {
    return CONTAINER_OF(seat, struct session, seat);
}

static void on_text(void *owner, struct seat *seat, struct blob *text,
                    bool ephemeral) {
    (void)owner;
    session_send(session_of(seat), text, ephemeral);
}

static void on_revoked(void *owner, struct seat *seat,
                       struct device_id device) {
    struct session *s = session_of(seat);

    (void)owner;
    if (device.v == 0 || device.v == s->device.v) {
        session_close(s, CLOSE_REVOKED, "this device was logged out");
    }
}

static void on_blocked(void *owner, struct seat *seat, struct user_id other) {
    struct server *s = owner;

    watch_hide(&s->watch, session_of(seat), other);
}

const struct core_events server_core_events = {
    .on_text = on_text,
    .on_revoked = on_revoked,
    .on_blocked = on_blocked,
};
