/* The presence service's internal listener: /healthz, /readyz,
 * /metrics, /ops/errors. */
#include "presence/health.h"

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/net/http_conn.h"
#include "proto/net/listener.h"
#include "proto/wire/http_host.h"
#include "proto/wire/json_write.h"
#include "proto/wire/log_json.h"
#include "proto/wire/prom.h"

enum {
    CONNS_MAX = 64,
    QUEUE_BYTES = 256 * 1024,
};

static const struct http_conn_limits limits = {
    .header_ms = 10000, .idle_ms = 75000, .body_bytes = 1024, .requests = 1000};

static const struct slice no_headers = {NULL, 0};
static const struct slice json_type = {(const uint8_t *)"application/json", 16};

struct presence_health {
    struct presence_health_parts parts;
    const char *address;
    struct listener *listener;
    struct list conns;
    bool closing;
};

struct conn {
    struct list node;
    struct presence_health *owner;
    struct http_conn *http;
};

static void check(struct json_out *o, const char *name, bool ok,
                  const char *detail) {
    json_begin_obj(o);
    json_field_str(o, "name", slice_str(name));
    json_field_bool(o, "ok", ok);
    json_field_str(o, "detail", slice_str(detail));
    json_end_obj(o);
}

static const char *up(bool ok) {
    return ok ? "connected" : "not connected; trying again";
}

/* Without a directory presence works: last-seen times wait. */
static void answer_ready(struct presence_health *h, struct http_exchange *x) {
    const struct presence_health_parts *p = &h->parts;
    bool ready = service_ready(p->service);
    bool bus = p->bus->ops->ready(p->bus);
    bool dir = p->dir->ops->ready(p->dir);
    struct json_out o;
    struct buf b;

    buf_init(&b);
    o = json_out(&b);
    json_begin_obj(&o);
    json_field_str(&o, "status", slice_str(ready ? "ready" : "not ready"));
    json_field_arr(&o, "checks");
    check(&o, "bus", bus, up(bus));
    check(&o, "directory", dir, up(dir));
    check(&o, "presence", ready,
          ready ? "every partition is known" : "still hearing the gateways");
    json_end_arr(&o);
    json_end_obj(&o);
    http_answer(x, ready ? 200 : 503, no_headers, json_type, buf_slice(&b));
    buf_fini(&b);
}

static void answer_alive(struct presence_health *h, struct http_exchange *x) {
    (void)h;
    http_answer(x, 200, no_headers, json_type,
                SLICE_LIT("{\"status\":\"alive\"}"));
}

static void put_metrics(struct buf *b, const struct service_counts *c) {
    const struct prom_metric metrics[] = {
        {"online_users", "gauge", "Users online.", c->tracker.users},
        {"gateways", "gauge", "Gateways with a lease.", c->tracker.gateways},
        {"incomplete_leases", "gauge", "Leases that wait for a snapshot.",
         c->tracker.incomplete},
        {"owned_partitions", "gauge", "Partitions worked by this process.",
         c->owned},
        {"transitions_total", "counter", "Users who came or went.",
         c->tracker.transitions},
        {"published_total", "counter", "Of them, told by this process.",
         c->published},
        {"reports_total", "counter", "Reports of gateways heard.",
         c->tracker.reports},
        {"asks_total", "counter", "Snapshots asked for.", c->tracker.asks},
        {"queries_total", "counter", "Queries answered.", c->queries},
        {"bad_messages_total", "counter", "Messages not understood.",
         c->bad_messages},
        {"seen_waiting", "gauge", "Last-seen times to be written.",
         c->seen_waiting},
        {"seen_written_total", "counter", "Last-seen times written.",
         c->seen_written},
        {"seen_failed_total", "counter", "Batches that failed, to be retried.",
         c->seen_failed},
        {"seen_dropped_total", "counter", "Last-seen times given up.",
         c->seen_dropped},
        {"log_dropped_total", "counter", "Log lines lost.", log_dropped()},
    };

    prom_build(b);
    for (size_t i = 0; i < COUNT_OF(metrics); i++) {
        prom_metric(b, "moim_presence", &metrics[i]);
    }
}

static void answer_metrics(struct presence_health *h, struct http_exchange *x) {
    struct service_counts counts = service_counts(h->parts.service);
    struct buf b;

    buf_init(&b);
    put_metrics(&b, &counts);
    http_answer(x, 200, no_headers, SLICE_LIT(PROM_TYPE), buf_slice(&b));
    buf_fini(&b);
}

static void answer_errors(struct presence_health *h, struct http_exchange *x) {
    struct buf b;

    (void)h;
    buf_init(&b);
    log_json_put(&b);
    http_answer(x, 200, no_headers, json_type, buf_slice(&b));
    buf_fini(&b);
}

static const struct route {
    const char *path;
    void (*answer)(struct presence_health *h, struct http_exchange *x);
} routes[] = {
    {"/healthz", answer_alive},
    {"/readyz", answer_ready},
    {"/metrics", answer_metrics},
    {"/ops/errors", answer_errors},
};

static void answer_problem(struct http_exchange *x, unsigned status,
                           struct slice headers, struct slice body) {
    http_answer(x, status, headers, json_type, body);
}

/* A stranger's page may make a browser ask us by a name of its own, but then
 * it reads no errors. */
static bool host_ok(const struct presence_health *h,
                    const struct http_head *head) {
    return !slice_starts(head->path, "/ops/") ||
           http_host_is_loopback(head->host) ||
           slice_is_nocase(head->host, h->address);
}

static void on_request(void *owner, struct http_exchange *x,
                       const struct http_head *head, struct slice body) {
    struct presence_health *h = ((struct conn *)owner)->owner;

    (void)body;
    if (h->closing) {
        answer_problem(x, 503, no_headers, SLICE_LIT("{\"status\":\"ends\"}"));
        return;
    }
    if (head->method != HTTP_GET && head->method != HTTP_HEAD) {
        answer_problem(x, 405, SLICE_LIT("Allow: GET, HEAD\r\n"),
                       SLICE_LIT("{\"error\":\"method\"}"));
        return;
    }
    if (!host_ok(h, head)) {
        answer_problem(x, 421, no_headers,
                       SLICE_LIT("{\"error\":\"host_not_allowed\"}"));
        return;
    }
    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        if (slice_is(head->path, routes[i].path)) {
            routes[i].answer(h, x);
            return;
        }
    }
    answer_problem(x, 404, no_headers, SLICE_LIT("{\"error\":\"not_found\"}"));
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
    struct presence_health *h = owner;

    (void)why;
    listener_gone(h->listener);
}

static void on_ignored(void *owner, uint8_t *bytes, size_t n) {
    (void)owner;
    (void)bytes;
    (void)n;
}

static const struct stream_events refused_events = {.on_bytes = on_ignored,
                                                    .on_closed = on_refused};

static void on_stream(void *owner, struct stream *s, bool over_limit) {
    struct presence_health *h = owner;
    struct conn *c;

    if (over_limit) {
        stream_attach(s, &refused_events, h);
        stream_close(s, RC_LIMIT);
        return;
    }
    c = mem_new(sizeof(*c));
    list_init(&c->node);
    list_push_back(&h->conns, &c->node);
    c->owner = h;
    c->http = http_conn_open(h->parts.loop, s, &limits, &conn_events, c);
}

enum rc presence_health_open(struct presence_health **out,
                             const struct presence_health_parts *parts,
                             const char *address) {
    struct listener_config config = {.address = address,
                                     .backlog = CONNS_MAX,
                                     .max_streams = CONNS_MAX,
                                     .queue_limit = QUEUE_BYTES};
    struct presence_health *h = mem_new(sizeof(*h));
    enum rc rc;

    h->parts = *parts;
    h->address = address;
    list_init(&h->conns);
    rc = listener_open(&h->listener, parts->loop, &config, on_stream, h);
    if (rc != RC_OK) {
        mem_free(h);
        return rc;
    }
    *out = h;
    return RC_OK;
}

void presence_health_close(struct presence_health *h) {
    h->closing = true;
    listener_close(&h->listener);
    for (struct list *n = h->conns.next; n != &h->conns; n = n->next) {
        http_conn_drain(CONTAINER_OF(n, struct conn, node)->http);
    }
}

void presence_health_free(struct presence_health **h) {
    mem_free(*h);
    *h = NULL;
}
