/* The presence service's internal listener: /healthz, /readyz,
 * /metrics, /ops/errors. */
#include "presence/health.h"

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/net/status_server.h"
#include "proto/wire/prom.h"
#include "proto/wire/ready.h"

struct presence_health {
    struct presence_health_parts parts;
    struct status_server *server;
};

/* Without a directory presence works: last-seen times wait. */
static void answer_ready(void *owner, struct http_exchange *x) {
    const struct presence_health_parts *p =
        &((struct presence_health *)owner)->parts;
    bool ready = service_ready(p->service);
    const struct ready_check checks[] = {
        ready_store("bus", p->bus->ops->ready(p->bus)),
        ready_store("directory", p->dir->ops->ready(p->dir)),
        {"presence", ready,
         ready ? "every partition is known" : "still hearing the gateways"},
    };
    struct buf b;

    buf_init(&b);
    ready_put(&b, ready, checks, COUNT_OF(checks));
    status_answer(x, ready ? 200 : 503, buf_slice(&b));
    buf_fini(&b);
}

static void put_bus(struct buf *b, const struct bus_redis_stats *bus) {
    const struct prom_metric metrics[] = {
        {"redis_reconnects_total", "counter",
         "Subscribers that came back after a loss.", bus->reconnects},
        {"redis_delivered_total", "counter",
         "Bus messages handed on as they came.", bus->delivered},
        {"redis_missed_total", "counter",
         "Bus messages that a live subscriber did not bring.", bus->missed},
        {"redis_repairs_total", "counter",
         "Losses of the bus repaired from a log.", bus->repairs},
        {"redis_gaps_total", "counter",
         "Partitions of the bus whose log was trimmed too far.", bus->gaps},
        {"redis_replayed_total", "counter",
         "Bus messages delivered from a log.", bus->replayed},
        {"publish_failures_total", "counter",
         "Publish calls that did not succeed.", bus->failed},
    };

    prom_metrics(b, "moim_presence", metrics, COUNT_OF(metrics));
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
    prom_metrics(b, "moim_presence", metrics, COUNT_OF(metrics));
}

static void answer_metrics(void *owner, struct http_exchange *x) {
    struct presence_health *h = owner;
    struct service_counts counts = service_counts(h->parts.service);
    struct buf b;

    buf_init(&b);
    put_metrics(&b, &counts);
    put_bus(&b, h->parts.bus_stats);
    http_answer(x, 200, slice_of(NULL, 0), SLICE_LIT(PROM_TYPE), buf_slice(&b));
    buf_fini(&b);
}

static const struct status_route routes[] = {
    {"/healthz", status_alive},
    {"/readyz", answer_ready},
    {"/metrics", answer_metrics},
    {"/ops/errors", status_errors},
};

enum rc presence_health_open(struct presence_health **out,
                             const struct presence_health_parts *parts,
                             const char *address) {
    struct presence_health *h = mem_new(sizeof(*h));
    const struct status_config config = {.loop = parts->loop,
                                         .address = address,
                                         .routes = routes,
                                         .n = COUNT_OF(routes),
                                         .owner = h};
    enum rc rc;

    h->parts = *parts;
    rc = status_server_open(&h->server, &config);
    if (rc != RC_OK) {
        mem_free(h);
        return rc;
    }
    *out = h;
    return RC_OK;
}

void presence_health_close(struct presence_health *h) {
    status_server_close(h->server);
}

void presence_health_free(struct presence_health **h) {
    if (*h != NULL) {
        status_server_free(&(*h)->server);
        mem_free(*h);
        *h = NULL;
    }
}
