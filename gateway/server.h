/* One gateway: everything it was made of, and what its parts share. Opened by
 * main.c, which alone knows the concrete stores. */
#ifndef MOIM_GATEWAY_SERVER_H
#define MOIM_GATEWAY_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "chat-core/core.h"
#include "chat-core/ports/presence.h"
#include "chat-core/rate.h"
#include "gateway/api_keys.h"
#include "gateway/counts.h"
#include "gateway/ends.h"
#include "gateway/hasher.h"
#include "gateway/identity.h"
#include "gateway/limits.h"
#include "gateway/ops.h"
#include "gateway/presence_link.h"
#include "gateway/revoked.h"
#include "gateway/settings.h"
#include "gateway/strangers.h"
#include "gateway/throttle.h"
#include "gateway/watch.h"
#include "gateway/web.h"
#include "proto/base/ids.h"
#include "proto/base/ip.h"
#include "proto/base/list.h"
#include "proto/base/map.h"
#include "proto/net/listener.h"
#include "proto/net/loop.h"
#include "proto/net/tls_server.h"
#include "proto/wire/json_read.h"
#include "proto/wire/token.h"
#include "proto/wire/ws_deflate.h"

struct server_stats {
    uint64_t connects;      /* sessions opened */
    uint64_t refused;       /* over a limit, or not let in */
    uint64_t commands;      /* run, over every transport */
    uint64_t texts_out;     /* messages queued to sessions */
    uint64_t dropped;       /* ephemeral ones not queued to a slow session */
    uint64_t slow_closes;   /* sessions over their queue limit */
    uint64_t auth_failures; /* tokens and passwords refused */
    uint64_t requests;      /* HTTP */
    uint64_t presence[PRESENCE_STEPS]; /* texts, and who has to ask */
    struct ends ends;                  /* of sessions */
};

/* Listening sockets; 0: none. */
struct server_sockets {
    int public;
    int internal;
    int tls;
};

/* Closes those that are there. */
void server_sockets_close(struct server_sockets *s);

struct server {
    struct loop *loop;
    const struct settings *settings;
    struct core core;
    struct presence *presence; /* the port of `link` */
    struct presence_link *link;
    struct token_keys keys;
    struct revoked revoked;
    struct api_keys api_keys;
    struct identity_provider identity;
    struct hasher *hasher;
    struct password_list *password_list; /* NULL: there is none */
    struct tls_server *tls;              /* NULL: not spoken */
    struct wheel_timer tls_ticket_timer;
    struct limits limits;
    struct throttle accounts;  /* logins by account */
    struct throttle addresses; /* logins and sign-ups by address */
    struct throttle typing;    /* told, by user and conversation */
    struct throttle profiles;  /* changes of them by user */
    struct strangers strangers;
    unsigned each_running;      /* requests about many users: see each.h */
    struct ws_deflate *deflate; /* NULL: not agreed to */
    struct cidr_list trusted;   /* proxies that may speak for others */
    struct watch watch;
    struct counts counts;
    struct web web;  /* empty without gateway.web_root */
    struct ops *ops; /* or NULL */
    struct rate connects;
    struct gateway_id id;
    struct listener *listener;
    struct listener *tls_listener; /* or NULL */
    struct listener *internal;
    struct list conns;    /* HTTP connections, of all listeners */
    struct list sessions; /* those that are not GONE */
    size_t session_count; /* with those that are still saying goodbye */
    struct map held;      /* transport_http.c: sessions by their names */
    struct wheel_timer drain_timer;
    uint64_t drain_from_ms;  /* monotonic; 0: not draining */
    bool closing;            /* server_close was called */
    bool was_ready;          /* every store has answered once */
    const char *not_durable; /* why acks would promise too much, or NULL */
    const char *store_lost;  /* why the history is not to be used, or NULL */
    /* Writes what the stores measured; set by who knows them, or NULL. */
    void (*put_store_metrics)(const void *stores, struct buf *out);
    const void *stores;
    struct json_doc doc; /* the command being read */
    struct server_stats stats;
};

/* The loop, settings, core's ports, keys, hasher and id are set; becomes the
 * owner of the bus. */
void server_open(struct server *s);
/* Starts to listen: on the addresses of the settings, or, unless NULL, on
 * sockets that another process has bound to them, which are taken, also when
 * it fails.
 * RC_CONFLICT, RC_BAD_INPUT, RC_BACKEND as listener_open. */
enum rc server_listen(struct server *s,
                      const struct server_sockets *inherited) MUST_CHECK;
/* Stops listening and hearing clients, lets connections without a session end;
 * `out` keeps the sockets, for another process or for server_thaw. */
void server_freeze(struct server *s, struct server_sockets *out);
/* Goes on as before; `sockets` are taken. RC_BACKEND: the kernel does not let
 * us. */
enum rc server_thaw(struct server *s,
                    const struct server_sockets *sockets) MUST_CHECK;
/* Nobody waits any more for what was asked before server_freeze; `whole`: and
 * no connection without a session is left. */
bool server_quiet(const struct server *s, bool whole);
/* Every store has answered once, and it is known who was logged out. */
bool server_stores_ready(const struct server *s);
/* Stops in good order: not ready at once; after drain_wait the sessions are
 * asked to come back elsewhere, spread over drain_spread; the loop is stopped
 * when all have gone. A second call stops now. */
void server_drain(struct server *s);
/* The same without the wait: no balancer sends anybody here any more. */
void server_drain_now(struct server *s);
bool server_draining(const struct server *s);
/* Gives the presence lease back and asks everything that is still open to
 * close; stops the loop, which has to be run again, when it has. The stores
 * are still needed until then. */
void server_close(struct server *s);
/* Nothing is open any more; frees what is left but for the hasher. */
void server_fini(struct server *s);
/* A session has gone; the drain may be complete. */
void server_session_gone(struct server *s);
/* Bytes that may wait for a client, per stream. */
size_t server_queue_limit(const struct server *s);
/* Goes on with an answer that another process has begun, see
 * http_stream_show; `fd` is taken, and `queued` goes first. NULL: it is no
 * socket any more. */
struct http_exchange *server_adopt_answer(struct server *s, int fd,
                                          bool chunked,
                                          struct slice queued) MUST_CHECK;
/* A stream of another process counts as one of the public listener. */
void server_stream_came(struct server *s);
/* A stream of the public listener has gone that no connection had. */
void server_stream_gone(struct server *s);

/* server_tls.c */

/* Reads what gateway.tls_* names, if TLS is to be spoken. RC_BAD_INPUT: a
 * setting or a file is missing or wrong; logged. */
enum rc server_tls_open(struct server *s) MUST_CHECK;
/* Reads it again. What is wrong is logged, and changes nothing. */
void server_tls_reload(struct server *s);
/* No connection is left. */
void server_tls_close(struct server *s);
/* Puts a stream of the TLS listener under it. */
void server_tls_begin(struct server *s, struct stream *stream);
/* server_drain.c */
void server_drain_init(struct server *s);
void server_drain_check(struct server *s);
/* server_ear.c: what the bus tells a gateway. */
extern const struct bus_events server_bus_events;
extern const struct core_events server_core_events;

#endif
