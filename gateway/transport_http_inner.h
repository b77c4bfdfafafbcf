/* The inside of a session over HTTP, for transport_http*.c only. */
#ifndef MOIM_GATEWAY_TRANSPORT_HTTP_INNER_H
#define MOIM_GATEWAY_TRANSPORT_HTTP_INNER_H

#include "gateway/session.h"
#include "gateway/transport.h"
#include "gateway/transport_http.h"

struct kept {
    struct list node;
    struct blob *text;
};

struct http_session {
    struct session s;
    uint64_t name[2];           /* the first half is its key in server->held */
    struct list kept;           /* the texts acked + 1 to last */
    uint64_t acked;             /* numbers up to here are not kept any more */
    uint64_t last;              /* number of the last text */
    size_t bytes;               /* of `kept` */
    struct http_exchange *poll; /* at most one of these */
    struct http_exchange *stream;
    uint64_t due_ms;       /* the poll's, the heartbeat's, or our end */
    struct loop_task task; /* answers the poll, or ends us */
    bool lost;
};

/* A record that is no session yet. */
struct http_session *http_new(void) MUST_CHECK;
/* Keeps a text for the client; numbers it. */
void http_keep(struct http_session *h, struct blob *text);
/* Ends whatever is attached: the client asks again. */
void http_detach(struct http_session *h);
/* Answers a poll that waits, with what there is. */
void http_end_poll(struct http_session *h);
/* Goes on with a stream that has been told all that is kept. */
void http_attach(struct http_session *h, struct http_exchange *stream);
/* Begins as a session of `server`, by h->name. */
void http_begin(struct http_session *h, struct server *server,
                const char *peer);
/* Frees what is left of it. */
void http_finish(struct http_session *h);

/* transport_http_move.c: of its struct transport_ops. */
void http_pause(struct session *s, bool paused);
enum rc http_hand_over(struct session *s, const struct handover_session *who,
                       struct handover_way *way);
void http_forget(struct session *s);

#endif
