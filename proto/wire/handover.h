/* What a gateway tells the one that takes its clients over, as messages to
 * bytes and back. Both run on one host; a message is one packet of a Unix
 * socket, and some have descriptors beside them (proto/net/fd_channel.h).
 *
 *   successor                       predecessor
 *     HELLO  ------------------------->
 *            <------------------------- USERS, until one is `last`
 *     (subscribes to what concerns them)
 *     READY  ------------------------->  (stops reading, lets answers leave)
 *            <------------------------- LISTENERS + 2 descriptors
 *            <------------------------- SOCKETS + a descriptor for each
 *            <------------------------- SOCKET + 1 descriptor, then its BYTES
 *            <------------------------- HELD (+ 1 descriptor), then its BYTES
 *            <------------------------- END
 *     TAKEN  ------------------------->  (forgets them all, and ends)
 *
 * Until TAKEN everything still belongs to the predecessor. */
#ifndef MOIM_WIRE_HANDOVER_H
#define MOIM_WIRE_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/ids.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

enum {
    /* Both sides speak exactly this one; another means an ordinary drain. */
    HANDOVER_VERSION = 2,
    HANDOVER_IDS_MAX = 4096,          /* in one message */
    HANDOVER_BYTES_MAX = 96 * 1024,   /* in one BYTES */
    HANDOVER_PACKET_MAX = 160 * 1024, /* of any message */
    HANDOVER_SOCKETS_MAX = 64,        /* in one SOCKETS */
};

enum handover_kind {
    HANDOVER_HELLO = 1,
    HANDOVER_USERS,
    HANDOVER_READY,
    HANDOVER_LISTENERS,
    HANDOVER_SOCKET,
    HANDOVER_HELD,
    HANDOVER_BYTES,
    HANDOVER_END,
    HANDOVER_TAKEN,
    HANDOVER_SOCKETS,
};

/* Ids of eight bytes each; see handover_id_put and handover_id_at. */
struct handover_ids {
    struct slice ids;
    uint16_t count; /* at most HANDOVER_IDS_MAX */
};

/* What every session has. */
struct handover_session {
    struct user_id user;
    struct device_id device;
    uint64_t expires_ms; /* of its token, wall clock */
    struct slice peer;   /* its address as text */
    bool live;           /* it has been told `ready` */
    bool away;           /* it says that nobody is there */
    struct handover_ids watches;
};

struct handover_socket {
    struct handover_session session;
    uint64_t quiet_ms;  /* since the client was heard */
    bool pinged;        /* and asked whether it is there */
    bool deflate;       /* agreed to */
    bool lines;         /* so was this */
    struct slice input; /* ws_msg_write_state */
    uint32_t queued;    /* bytes for the client; BYTES follow until all came */
};

/* Several of them without BYTES; see handover_socket_put and _next. */
struct handover_sockets {
    struct slice all;
    uint16_t count; /* at most HANDOVER_SOCKETS_MAX */
};

struct handover_held {
    struct handover_session session;
    uint64_t name[2];
    uint64_t acked;  /* number of the last text that the client has */
    uint32_t texts;  /* so many BYTES follow, one each */
    bool stream;     /* it has been told all of them: a descriptor is there */
    bool chunked;    /* the answer that this is */
    uint32_t queued; /* as of a SOCKET; these BYTES come first */
};

struct handover_msg {
    enum handover_kind kind;
    union {
        struct {
            uint16_t version;
            struct slice name; /* gateway.name */
        } hello;
        struct {
            struct handover_ids ids;
            bool last;
        } users;
        uint64_t frozen_us; /* LISTENERS: when it stopped, monotonic */
        struct handover_socket socket;
        struct handover_sockets sockets;
        struct handover_held held;
        struct slice bytes;
        uint32_t sessions; /* END: how many of both kinds came */
    } u;
};

void handover_encode(struct buf *out, const struct handover_msg *m);
/* RC_BAD_INPUT: not a message. Slices are borrowed from `in`. */
enum rc handover_decode(struct slice in, struct handover_msg *out) MUST_CHECK;

/* Adds one more to those of a SOCKETS. */
void handover_socket_put(struct buf *out, const struct handover_socket *s);
/* Takes the next one of those in `all`. RC_BAD_INPUT: there is none. */
enum rc handover_socket_next(struct slice *all,
                             struct handover_socket *out) MUST_CHECK;

void handover_id_put(struct buf *out, uint64_t id);
uint64_t handover_id_at(struct handover_ids ids, size_t i);

#endif
