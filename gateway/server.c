/* A gateway's ends: its listeners, the connections on them, opening and
 * closing. */
#include "gateway/server.h"

#include <sys/resource.h>
#include <unistd.h>

#include "chat-core/linger.h"
#include "gateway/api.h"
#include "gateway/client_address.h"
#include "gateway/session.h"
#include "gateway/transport.h"
#include "proto/base/log.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/net/http_conn.h"
#include "proto/net/proxy_gate.h"
#include "proto/wire/ws.h"

enum {
    FDS_RESERVED = 128,        /* for the stores, the log, accept itself */
    REPLY_ROOM = 256 * 1024,   /* over the queue limit: the largest answer */
    INTERNAL_STREAMS_MAX = 64, /* metrics scrapers, operators */
    BODY_BYTES_MAX = 64 * 1024,
    LINGER_MS = 1000,
    DEFLATE_LEAST_BYTES = 1024, /* shorter ones become little shorter */
    MINUTE_MS = 60 * 1000,
    TYPING_MS = 3000,         /* between two times that others are told */
    PROFILES_PER_WINDOW = 10, /* changes of one, each told to many */
};

static const struct log_ctx ctx_server = {"server", 0};
static const struct http_conn_limits http_limits = {
    .header_ms = 10000,
    .idle_ms = 75000,
    .body_bytes = BODY_BYTES_MAX,
    .requests = 1000,
};

/* One HTTP connection, of any listener. */
struct conn {
    struct list node; /* in server->conns */
    struct server *server;
    struct proxy_gate *gate; /* or NULL: before and behind it */
    struct http_conn *http;  /* NULL before it */
    bool internal;
    bool tls;
};

/* ---- connections ---- */

/* The last of what server_close waits for? */
static void check_closed(struct server *s) {
    if (s->closing && s->session_count == 0 && list_empty(&s->conns)) {
        loop_stop(s->loop);
    }
}

static void conn_free(struct conn *c) {
    list_remove(&c->node);
    check_closed(c->server);
    mem_free(c);
}

static void on_conn_closed(void *owner) {
    struct conn *c = owner;
    struct server *s = c->server;
    struct listener *l = c->internal ? s->internal : s->listener;

    conn_free(c);
    if (l != NULL) {
        listener_gone(l);
    }
}

static void on_request(void *owner, struct http_exchange *x,
                       const struct http_head *head, struct slice body) {
    struct conn *c = owner;
    struct server *s = c->server;

    if (c->internal) {
        api_internal_request(s, x, head);
        return;
    }
    if (api_request(s, x, head, body) == API_TOOK_STREAM) {
        conn_free(c); /* a session has it now */
    }
}

static const struct http_conn_events conn_events = {
    .on_request = on_request,
    .on_closed = on_conn_closed,
};

static void on_refused_bytes(void *owner, uint8_t *bytes, size_t n) {
    (void)owner;
    (void)bytes;
    (void)n;
}

void server_stream_gone(struct server *s) {
    if (s->listener != NULL) {
        listener_gone(s->listener);
    }
}

static void on_refused_closed(void *owner, enum rc why) {
    struct server *s = owner;

    (void)why;
    server_stream_gone(s);
}

/* Says why and closes. */
static void refuse(struct server *s, struct stream *stream, bool tls,
                   struct slice reply) {
    static const struct stream_events events = {
        .on_bytes = on_refused_bytes,
        .on_closed = on_refused_closed,
    };

    s->stats.refused++;
    if (tls) {
        server_tls_begin(s, stream);
    }
    stream_attach(stream, &events, s);
    if (stream_send_copy(stream, reply) != RC_OK) {
        stream_close(stream, RC_LIMIT);
        return;
    }
    stream_finish(stream, RC_LIMIT, LINGER_MS);
}

static struct conn *conn_new(struct server *s, bool internal) {
    struct conn *c = mem_new(sizeof(*c));

    c->server = s;
    c->internal = internal;
    list_init(&c->node);
    list_push_back(&s->conns, &c->node);
    return c;
}

static void conn_begin(void *owner, struct stream *stream) {
    struct conn *c = owner;

    c->gate = NULL;
    if (c->tls) {
        server_tls_begin(c->server, stream);
    }
    c->http =
        http_conn_open(c->server->loop, stream, &http_limits, &conn_events, c);
}

static void public_begin(struct server *s, struct stream *stream, bool tls) {
    struct conn *c = conn_new(s, false);

    c->tls = tls;
    conn_begin(c, stream);
}

/* Ends it in good order; one that has not said yet whose it is, at once. */
static void conn_drain(struct conn *c) {
    if (c->gate != NULL) {
        proxy_gate_close(c->gate);
    } else {
        http_conn_drain(c->http);
    }
}

/* A connection whose first bytes may be a PROXY header. From anybody we do
 * not trust such a header is no request, and refused as such. */
static void gate_open(struct server *s, struct stream *stream, bool tls) {
    static const struct proxy_gate_events events = {conn_begin, on_conn_closed};
    bool required = s->settings->proxy_protocol == PROXY_PROTOCOL_REQUIRED;

    if (client_address_trusts(s, stream)) {
        struct conn *c = conn_new(s, false);

        c->tls = tls;
        c->gate = proxy_gate_open(s->loop, stream, required, &events, c);
    } else if (required) {
        refuse(s, stream, tls,
               SLICE_LIT("HTTP/1.1 400 Bad Request\r\n"
                         "Content-Length: 0\r\n"
                         "Connection: close\r\n\r\n"));
    } else {
        public_begin(s, stream, tls);
    }
}

static void take(struct server *s, struct stream *stream, bool over_limit,
                 bool tls) {
    if (over_limit) { /* more than descriptors allow */
        refuse(s, stream, tls,
               SLICE_LIT("HTTP/1.1 503 Service Unavailable\r\n"
                         "Retry-After: 5\r\nContent-Length: 0\r\n"
                         "Connection: close\r\n\r\n"));
    } else if (s->settings->proxy_protocol != PROXY_PROTOCOL_OFF) {
        gate_open(s, stream, tls);
    } else {
        public_begin(s, stream, tls);
    }
}

static void on_stream(void *owner, struct stream *stream, bool over_limit) {
    take(owner, stream, over_limit, false);
}

static void on_tls_stream(void *owner, struct stream *stream, bool over_limit) {
    take(owner, stream, over_limit, true);
}

static void on_internal_stream(void *owner, struct stream *stream,
                               bool over_limit) {
    (void)over_limit; /* few and ours */
    conn_begin(conn_new(owner, true), stream);
}

void server_session_gone(struct server *s) {
    s->session_count--;
    server_drain_check(s);
    check_closed(s);
}

bool server_stores_ready(const struct server *s) {
    const struct core *c = &s->core;

    return c->history->ops->ready(c->history) && c->bus->ops->ready(c->bus) &&
           c->directory->ops->ready(c->directory) && s->revoked.loaded &&
           (c->hooks == NULL || c->hooks->ops->ready(c->hooks));
}

/* ---- opening and closing ---- */

/* As many as the hard limit of descriptors allows, less a reserve. */
static size_t streams_max(const struct settings *settings) {
    struct rlimit limit;
    size_t most;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 1024 - FDS_RESERVED;
    }
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        log_warn(&ctx_server, "nofile_kept", "remedy=\"raise ulimit -n\"");
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    most = limit.rlim_cur > 2 * (rlim_t)FDS_RESERVED
               ? ((size_t)limit.rlim_cur - FDS_RESERVED) / 100 * 99
               : FDS_RESERVED;
    return settings->max_sessions != 0 && settings->max_sessions < most
               ? (size_t)settings->max_sessions
               : most;
}

size_t server_queue_limit(const struct server *s) {
    return (size_t)s->settings->queue_bytes + REPLY_ROOM;
}

void server_sockets_close(struct server_sockets *s) {
    const int fds[] = {s->public, s->tls, s->internal};

    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        if (fds[i] > 0) {
            close(fds[i]);
        }
    }
    *s = (struct server_sockets){0};
}

enum rc server_listen(struct server *s,
                      const struct server_sockets *inherited) {
    struct server_sockets left =
        inherited == NULL ? (struct server_sockets){0} : *inherited;
    const struct settings *settings = s->settings;
    struct listener_config public = {
        .address = settings->listen,
        .backlog = (int)settings->backlog,
        .max_streams = streams_max(settings),
        .queue_limit = server_queue_limit(s),
        .paced = true,
        .fd = left.public,
    };
    struct listener_config internal = {
        .address = settings->internal,
        .backlog = INTERNAL_STREAMS_MAX,
        .max_streams = INTERNAL_STREAMS_MAX,
        .queue_limit = REPLY_ROOM,
        .fd = left.internal,
    };
    struct listener_config tls = public;
    enum rc rc = listener_open(&s->listener, s->loop, &public, on_stream, s);

    left.public = 0; /* a listener takes it whatever comes of it */
    if (rc == RC_OK && s->tls != NULL) {
        tls.address = settings->tls_listen;
        tls.with = s->listener;
        tls.fd = left.tls;
        left.tls = 0;
        rc = listener_open(&s->tls_listener, s->loop, &tls, on_tls_stream, s);
    }
    if (rc == RC_OK) {
        left.internal = 0;
        rc = listener_open(&s->internal, s->loop, &internal, on_internal_stream,
                           s);
    }
    if (rc == RC_OK) {
        log_info(&ctx_server, "listening",
                 "public=%s tls=%s internal=%s max_sessions=%zu",
                 settings->listen,
                 s->tls == NULL ? "none" : settings->tls_listen,
                 settings->internal, public.max_streams);
    }
    server_sockets_close(&left);
    return rc;
}

void server_open(struct server *s) {
    struct presence_link_config link = {s->id, 1000, 100, 1000};
    struct core *c = &s->core;

    list_init(&s->conns);
    list_init(&s->sessions);
    map_init(&s->held);
    json_doc_init(&s->doc);
    limits_init(&s->limits, s->settings);
    throttle_init(&s->accounts, s->settings->logins_per_account,
                  (uint64_t)15 * MINUTE_MS);
    throttle_init(&s->addresses, s->settings->logins_per_address, MINUTE_MS);
    throttle_init(&s->typing, 1, TYPING_MS);
    throttle_init(&s->profiles, PROFILES_PER_WINDOW, (uint64_t)10 * MINUTE_MS);
    strangers_init(&s->strangers);
    s->deflate =
        s->settings->deflate ? ws_deflate_new(DEFLATE_LEAST_BYTES) : NULL;
    server_drain_init(s);
    c->clock = &s->loop->clock;
    c->wheel = &s->loop->wheel;
    c->rand = &s->loop->rand;
    c->events = &server_core_events;
    c->owner = s;
    c->keep_ms = s->settings->keep_ms;
    c->linger_max = LINGER_USERS_MAX;
    core_init(c);
    c->bus->events = &server_bus_events;
    c->bus->owner = s;
    watch_init(&s->watch, c->bus);
    counts_init(&s->counts);
    s->link = presence_link_open(&link, c->bus, c->clock, c->wheel);
    s->presence = presence_link_port(s->link);
    api_keys_init(&s->api_keys, c,
                  (struct rate_rule){(uint32_t)s->settings->key_per_s,
                                     (uint32_t)s->settings->key_burst});
    revoked_init(&s->revoked, c, &s->keys, s->settings->token_ms);
}

/* ---- between two processes ---- */

void server_stream_came(struct server *s) {
    if (s->listener != NULL) {
        listener_came(s->listener);
    }
}

struct http_exchange *server_adopt_answer(struct server *s, int fd,
                                          bool chunked, struct slice queued) {
    struct stream *stream;
    struct conn *c;

    if (stream_adopt(&stream, s->loop, fd, server_queue_limit(s)) != RC_OK) {
        close(fd);
        return NULL;
    }
    c = conn_new(s, false);
    conn_begin(c, stream);
    server_stream_came(s);
    if (stream_send_copy(stream, queued) != RC_OK) {
        stream_close(stream, RC_LIMIT); /* whoever writes there sees it */
    }
    return http_stream_go_on(c->http, chunked);
}

static int keep_socket(struct listener **l) {
    int fd = *l == NULL ? 0 : dup(listener_fd(*l));

    listener_leave(l);
    return fd;
}

static void pause_all(struct server *s, bool paused) {
    for (struct list *n = s->sessions.next; n != &s->sessions; n = n->next) {
        struct session *session = CONTAINER_OF(n, struct session, node);

        session->transport->pause(session, paused);
    }
}

void server_freeze(struct server *s, struct server_sockets *out) {
    out->tls = keep_socket(&s->tls_listener);
    out->internal = keep_socket(&s->internal);
    out->public = keep_socket(&s->listener);
    pause_all(s, true);
    for (struct list *n = s->conns.next; n != &s->conns; n = n->next) {
        conn_drain(CONTAINER_OF(n, struct conn, node));
    }
}

enum rc server_thaw(struct server *s, const struct server_sockets *sockets) {
    enum rc rc = server_listen(s, sockets);

    if (rc == RC_OK) {
        pause_all(s, false);
    }
    return rc;
}

bool server_quiet(const struct server *s, bool whole) {
    for (struct list *n = s->sessions.next; n != &s->sessions; n = n->next) {
        if (CONTAINER_OF(n, struct session, node)->pending > 0) {
            return false;
        }
    }
    return !whole || list_empty(&s->conns);
}

void server_close(struct server *s) {
    s->closing = true;
    wheel_cancel(&s->drain_timer);
    presence_link_leave(s->link);
    listener_close(&s->tls_listener);
    listener_close(&s->listener);
    listener_close(&s->internal);
    ops_close(&s->ops);
    while (!list_empty(&s->sessions)) {
        session_close(CONTAINER_OF(s->sessions.next, struct session, node),
                      WS_CODE_GOING_AWAY, "the gateway stops");
    }
    for (struct list *n = s->conns.next; n != &s->conns; n = n->next) {
        conn_drain(CONTAINER_OF(n, struct conn, node));
    }
    check_closed(s);
}

void server_fini(struct server *s) {
    revoked_fini(&s->revoked);
    api_keys_fini(&s->api_keys);
    identity_close(&s->identity);
    presence_link_close(&s->link);
    watch_fini(&s->watch);
    counts_fini(&s->counts);
    core_fini(&s->core);
    map_fini(&s->held);
    limits_fini(&s->limits);
    throttle_fini(&s->accounts);
    throttle_fini(&s->addresses);
    throttle_fini(&s->typing);
    throttle_fini(&s->profiles);
    strangers_fini(&s->strangers);
    ws_deflate_free(&s->deflate);
    client_address_close(s);
    json_doc_fini(&s->doc);
    web_close(&s->web);
    server_tls_close(s);
}
