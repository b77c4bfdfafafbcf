/* What our processes say to each other over the bus: one binary message a
 * publish, big-endian, first byte the version, second the kind. The only
 * thing that gateway and presence share.
 *
 * Decoding borrows: slices point into the input. Unknown versions and kinds
 * are RC_BAD_INPUT, which a receiver counts and ignores. */
#ifndef MOIM_WIRE_BUS_MSG_H
#define MOIM_WIRE_BUS_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/ids.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

enum {
    BUS_MSG_VERSION = 1,
    BUS_MSG_USERS_MAX = 1000,       /* users in one presence message */
    BUS_MSG_BYTES_MAX = 128 * 1024, /* a longer one is refused */
    PRESENCE_PARTITIONS = 8,        /* of users, by presence_partition */
};

enum bus_msg_kind {
    BUS_EVENT = 1,     /* a sequenced event, as final client bytes */
    BUS_EPHEMERAL = 2, /* typing, list changes: never stored */
    BUS_MEMBER = 3,    /* to user:<id>: you joined or left a conversation */
    BUS_REVOKE = 4,    /* to all gateways: close sessions of a device */
    BUS_PRESENCE_REPORT = 5, /* gateway -> presence: lease and changes */
    BUS_PRESENCE_ASK = 6,    /* presence -> gateway(s): send a snapshot */
    BUS_PRESENCE_QUERY = 7,  /* gateway -> presence */
    BUS_PRESENCE_ANSWER = 8, /* presence -> gw:<id> */
    BUS_PRESENCE_SEEN = 9,   /* presence -> seen:<id>: one transition */
    BUS_PRESENCE_CLAIM = 10, /* presence -> presence: who works */
    BUS_BLOCK = 11,          /* to user:<id> of both: hide them */
    BUS_LOOK = 12, /* to seen:<id>: who watches may not be allowed to now */
};

enum member_change {
    MEMBER_ADDED = 1,
    MEMBER_REMOVED = 2,
    MEMBER_LEFT = 3,
    /* Who is in it did not change, but something did. To user:<id> with a
     * `seq`: he is joining, and perhaps the event there is for him. */
    MEMBER_SAME = 4,
};

/* `client` is the text message that every recipient gets, byte for byte. */
struct bus_event {
    struct conv_id conv;
    struct msg_seq seq;
    struct member_version mver; /* the version the append was checked with */
    struct user_id from;
    struct slice client;
};

/* For BUS_EPHEMERAL: conv.v may be 0 (a list change of the user). The user
 * `from` (0: nobody) does not get it back. */
struct bus_ephemeral {
    struct conv_id conv;
    struct user_id from;
    struct slice client;
};

struct bus_member {
    struct conv_id conv;
    struct user_id user;
    struct member_version mver; /* the version the change made */
    struct msg_seq seq; /* of the change's own event; 0: not known yet */
    enum member_change change;
    bool wide; /* the conversation is published to conv:<id> */
};

struct bus_revoke {
    struct user_id user;
    struct device_id device; /* 0: every device of the user */
};

/* Neither may see any more whether the other is there. */
struct bus_block {
    struct user_id user;  /* who blocks */
    struct user_id other; /* whom */
};

/* Whose presence some may not see any more. */
struct bus_look {
    struct user_id user;
};

enum {
    PRESENCE_SESSIONS_MAX = 0x7fff, /* of one user, as they are counted */
    PRESENCE_ALL_AWAY = 0x8000,
};

/* One user on one gateway. */
struct presence_item {
    struct user_id user;
    uint16_t sessions; /* open now on that gateway; 0: gone */
    /* with PRESENCE_ALL_AWAY when none of them is of somebody who is there */
};

/* A gateway's lease renewal for one partition of users. `number` counts this
 * gateway's reports in this partition: 1, 2, 3, ...; a receiver that missed
 * one asks for a snapshot. A snapshot is one or more reports of which the
 * first has `first` set and the last `last`; in between the list is partial.
 * A plain report (changes since the one before) has neither. */
struct bus_presence_report {
    struct gateway_id gateway;
    uint16_t partition;
    uint64_t number;
    bool snapshot;
    bool first;
    bool last;
    bool leaving; /* the gateway goes away in good order */
    uint16_t count;
    struct slice items; /* encoded; read with presence_item_at */
};

struct bus_presence_ask {
    uint16_t partition;
};

struct bus_presence_query {
    struct gateway_id gateway; /* who asks */
    uint64_t request;          /* echoed in the answer */
    uint16_t count;
    struct slice users; /* encoded ids; read with presence_user_at */
};

enum presence_state {
    PRESENCE_UNKNOWN = 0, /* the service has not heard enough yet */
    PRESENCE_OFFLINE = 1,
    PRESENCE_ONLINE = 2,
    PRESENCE_AWAY = 3, /* online, and every session says: away */
};

/* What is known of one user. */
struct presence_known {
    struct user_id user;
    enum presence_state state;
    uint64_t since_ms; /* wall clock of the last transition; 0: not known */
};

struct bus_presence_answer {
    uint64_t request;
    uint16_t count;
    struct slice known; /* encoded; read with presence_known_at */
};

/* The heartbeat of one presence service among its like. */
struct bus_presence_claim {
    uint64_t service; /* one running process; not 0 */
    bool ready;       /* it may own partitions; false: starting or leaving */
};

struct bus_msg {
    enum bus_msg_kind kind;
    union {
        struct bus_event event;
        struct bus_ephemeral ephemeral;
        struct bus_member member;
        struct bus_revoke revoke;
        struct bus_block block;
        struct bus_look look;
        struct bus_presence_report report;
        struct bus_presence_ask ask;
        struct bus_presence_query query;
        struct bus_presence_answer answer;
        struct presence_known seen;
        struct bus_presence_claim claim;
    } u;
};

/* Which partition of users a presence message about `user` belongs to. */
uint16_t presence_partition(struct user_id user);

/* Appends the encoded message to `out`. The caller keeps to the ranges that
 * bus_msg_decode checks; the repeated parts are already encoded. */
void bus_msg_encode(struct buf *out, const struct bus_msg *msg);
/* RC_BAD_INPUT: truncated, trailing bytes, another version or kind, a value
 * out of range, or longer than BUS_MSG_BYTES_MAX. */
enum rc bus_msg_decode(struct slice in, struct bus_msg *out) MUST_CHECK;

/* The repeated parts: append one, read the i-th (i below count). */
void presence_item_put(struct buf *out, struct presence_item item);
struct presence_item presence_item_at(struct slice items, uint16_t i);
void presence_user_put(struct buf *out, struct user_id user);
struct user_id presence_user_at(struct slice users, uint16_t i);
void presence_known_put(struct buf *out, struct presence_known known);
struct presence_known presence_known_at(struct slice known, uint16_t i);

#endif
