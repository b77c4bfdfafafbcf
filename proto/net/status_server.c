#include "proto/net/status_server.h"

#include "proto/base/list.h"
#include "proto/base/mem.h"
#include "proto/net/listener.h"
#include "proto/wire/http_host.h"
#include "proto/wire/log_json.h"

enum {
    CONNS_MAX = 64,
    QUEUE_BYTES = 256 * 1024,
};

static const struct http_conn_limits limits = {
    .header_ms = 10000, .idle_ms = 75000, .body_bytes = 1024, .requests = 1000};

static const struct slice no_headers = {NULL, 0};
static const struct slice json_type = {(const uint8_t *)"application/json", 16};

struct status_server {
    struct status_config config;
    struct listener *listener;
    struct list conns;
    bool closing;
};

struct conn {
    struct list node;
    struct status_server *owner;
    struct http_conn *http;
};

void status_answer(struct http_exchange *x, unsigned status,
                   struct slice body) {
    http_answer(x, status, no_headers, json_type, body);
}

void status_alive(void *owner, struct http_exchange *x) {
    (void)owner;
    status_answer(x, 200, SLICE_LIT("{\"status\":\"alive\"}"));
}

void status_errors(void *owner, struct http_exchange *x) {
    struct buf b;

    (void)owner;
    buf_init(&b);
    log_json_put(&b);
    status_answer(x, 200, buf_slice(&b));
    buf_fini(&b);
}

/* A stranger's page may make a browser ask us by a name of its own, but then
 * it reads no errors. */
static bool host_ok(const struct status_server *p,
                    const struct http_head *head) {
    return !slice_starts(head->path, "/ops/") ||
           http_host_is_loopback(head->host) ||
           slice_is_nocase(head->host, p->config.address);
}

static void on_request(void *owner, struct http_exchange *x,
                       const struct http_head *head, struct slice body) {
    struct status_server *p = ((struct conn *)owner)->owner;

    (void)body;
    if (p->closing) {
        status_answer(x, 503, SLICE_LIT("{\"status\":\"ends\"}"));
        return;
    }
    if (head->method != HTTP_GET && head->method != HTTP_HEAD) {
        http_answer(x, 405, SLICE_LIT("Allow: GET, HEAD\r\n"), json_type,
                    SLICE_LIT("{\"error\":\"method\"}"));
        return;
    }
    if (!host_ok(p, head)) {
        status_answer(x, 421, SLICE_LIT("{\"error\":\"host_not_allowed\"}"));
        return;
    }
    for (size_t i = 0; i < p->config.n; i++) {
        if (slice_is(head->path, p->config.routes[i].path)) {
            p->config.routes[i].answer(p->config.owner, x);
            return;
        }
    }
    status_answer(x, 404, SLICE_LIT("{\"error\":\"not_found\"}"));
}

static void on_closed(void *owner) {
    struct conn *c = owner;

    listener_gone(c->owner->listener);
    list_remove(&c->node);
    mem_free(c);
}

static const struct http_conn_events conn_events = {on_request, on_closed};

/* One too many; it has no owner of ours, but it counts until it is gone. */
static void on_refused(void *owner, enum rc why) {
    struct status_server *p = owner;

    (void)why;
    listener_gone(p->listener);
}

static void on_ignored(void *owner, uint8_t *bytes, size_t n) {
    (void)owner;
    (void)bytes;
    (void)n;
}

static const struct stream_events refused_events = {.on_bytes = on_ignored,
                                                    .on_closed = on_refused};

static void on_stream(void *owner, struct stream *s, bool over_limit) {
    struct status_server *p = owner;
    struct conn *c;

    if (over_limit) {
        stream_attach(s, &refused_events, p);
        stream_close(s, RC_LIMIT);
        return;
    }
    c = mem_new(sizeof(*c));
    list_init(&c->node);
    list_push_back(&p->conns, &c->node);
    c->owner = p;
    c->http = http_conn_open(p->config.loop, s, &limits, &conn_events, c);
}

enum rc status_server_open(struct status_server **out,
                           const struct status_config *config) {
    struct listener_config at = {.address = config->address,
                                 .backlog = CONNS_MAX,
                                 .max_streams = CONNS_MAX,
                                 .queue_limit = QUEUE_BYTES};
    struct status_server *p = mem_new(sizeof(*p));
    enum rc rc;

    p->config = *config;
    list_init(&p->conns);
    rc = listener_open(&p->listener, config->loop, &at, on_stream, p);
    if (rc != RC_OK) {
        mem_free(p);
        return rc;
    }
    *out = p;
    return RC_OK;
}

void status_server_close(struct status_server *p) {
    p->closing = true;
    listener_close(&p->listener);
    for (struct list *n = p->conns.next; n != &p->conns; n = n->next) {
        http_conn_drain(CONTAINER_OF(n, struct conn, node)->http);
    }
}

void status_server_free(struct status_server **p) {
    mem_free(*p);
    *p = NULL;
}
