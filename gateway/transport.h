/* What carries a session's texts to its client and says when it is over. Each
 * transport's record begins with the struct session, and only its own file
 * knows the rest:
 *
 *     transport_ws.c     a WebSocket, for as long as the session
 *     transport_http.c   a stream of events or one poll at a time, or nothing
 *                        for a while                                        */
#ifndef MOIM_GATEWAY_TRANSPORT_H
#define MOIM_GATEWAY_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/blob.h"
#include "proto/base/rc.h"
#include "proto/wire/handover.h"
#include "proto/wire/json_write.h"

struct handover_way;
struct session;

struct transport_ops {
    /* Queues one text; takes a reference of its own. */
    void (*send)(struct session *s, struct blob *text);
    /* Bytes that the client has not taken yet. */
    size_t (*queued)(const struct session *s);
    /* Lets the kernel take at once what it can of them. */
    void (*push)(struct session *s);
    /* The session is over: tells the client, and calls session_fini and frees
     * the record when the client has been told, not before this returns. */
    void (*close)(struct session *s, uint16_t code, const char *reason);
    /* The session has its user now, or s->timer is due: does what is to be
     * done and sets the timer for what comes next. */
    void (*on_time)(struct session *s);
    /* Adds the transport's own fields to `ready`. May be NULL. */
    void (*put_ready)(const struct session *s, struct json_out *o);

    /* To move to another process, see handover_out.h. */

    /* Stops hearing the client, or goes on with it. */
    void (*pause)(struct session *s, bool paused);
    /* Says everything of the session to its successor; nothing changes here.
     * RC_DENIED: it cannot move. Otherwise as fd_channel_send. */
    enum rc (*hand_over)(struct session *s, const struct handover_session *who,
                         struct handover_way *way);
    /* It has moved: as close, but the client is told nothing. */
    void (*forget)(struct session *s);
};

#endif
