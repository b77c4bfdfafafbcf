/* The worker's internal listener: /healthz, /readyz, /metrics, /ops/errors. */
#include "hooks/health.h"

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/net/status_server.h"
#include "proto/wire/prom.h"
#include "proto/wire/ready.h"

struct hooks_health {
    struct hooks_health_parts parts;
    struct status_server *server;
};

/* One that waits for its turn is ready to take over. Without the directory
 * friends and devices wait. */
static void answer_ready(void *owner, struct http_exchange *x) {
    const struct hooks_health_parts *p = &((struct hooks_health *)owner)->parts;
    bool queue = hook_queue_ready(p->queue);
    bool history = p->history->ops->ready(p->history);
    bool works = worker_counts(p->worker).parts > 0;
    bool outbox = p->outbox == NULL || hook_outbox_ready(p->outbox);
    const struct ready_check checks[] = {
        ready_store("queue", queue),
        ready_store("history", history),
        ready_store("directory", outbox),
        {"worker", true, works ? "it works" : "others work"},
    };
    struct buf b;

    buf_init(&b);
    ready_put(&b, queue && history, checks, COUNT_OF(checks));
    status_answer(x, queue && history ? 200 : 503, buf_slice(&b));
    buf_fini(&b);
}

static void put_metrics(struct buf *b, const struct hooks_health_parts *p) {
    const struct worker_counts w = worker_counts(p->worker);
    static const struct sender_counts no_sender = {0};
    const struct sender_counts *s =
        p->sender == NULL ? &no_sender : sender_counts(p->sender);
    const struct prom_metric metrics[] = {
        {"works", "gauge", "Partitions that this process works, of 8.",
         w.parts},
        {"waiting", "gauge", "Entries in these.", w.waiting},
        {"held", "gauge", "Of them, read by this process.", w.held},
        {"resting", "gauge", "Conversations and users whose next event failed.",
         w.resting},
        {"told_total", "counter", "Events the receiver has taken.",
         w.tasks.told},
        {"passed_total", "counter", "Events that nobody asked for.",
         w.tasks.passed},
        {"given_up_total", "counter", "Events given up as too old.",
         w.tasks.given_up},
        {"failed_total", "counter", "Attempts that failed.", s->failed},
        {"in_flight", "gauge", "Attempts on their way.", s->in_flight},
        {"foreign_entries_total", "counter", "Entries not written by us.",
         w.foreign},
        {"recalled_total", "counter", "Notifications whose reason was gone.",
         w.tasks.recalled},
        {"looks_total", "counter", "Conversations looked at for notifications.",
         w.notifier.looks},
        {"notices_total", "counter", "Notifications decided.",
         w.notifier.notices},
        {"looks_failed_total", "counter", "Looks that failed, to be repeated.",
         w.notifier.failed},
        {"carried_total", "counter", "Changes carried from PostgreSQL.",
         w.carried},
        {"log_dropped_total", "counter", "Log lines lost.", log_dropped()},
    };
    const struct prom_histogram posts = {
        "post_seconds", "An attempt, from its start to the answer.", &s->posts};

    prom_build(b);
    prom_metrics(b, "moim_hooks", metrics, COUNT_OF(metrics));
    prom_histogram(b, "moim_hooks", &posts);
}

static void put_push_metrics(struct buf *b,
                             const struct hooks_health_parts *p) {
    static const struct poster_counts no_poster = {0};
    static const struct pusher_counts no_pusher = {0};
    const struct poster_counts *o =
        p->poster == NULL ? &no_poster : poster_counts(p->poster);
    const struct pusher_counts u =
        p->pusher == NULL ? no_pusher : pusher_counts(p->pusher);
    const struct prom_metric metrics[] = {
        {"push_sent_total", "counter", "Pushes that a service has taken.",
         o->sent},
        {"push_gone_total", "counter",
         "Pushes to browsers that are not there any more.", o->gone},
        {"push_refused_total", "counter", "Pushes that no service will have.",
         o->refused},
        {"push_failed_total", "counter", "Pushes to be tried again.",
         o->failed},
        {"push_in_flight", "gauge", "Pushes on their way.", o->in_flight},
        {"push_waiting", "gauge", "Notifications that are to be pushed.",
         u.waiting},
        {"push_held", "gauge", "Of them, read by this process.", u.held},
        {"push_resting", "gauge", "Of them, failed and to be tried again.",
         u.resting},
        {"push_recalled_total", "counter",
         "Notifications not pushed: they were read meanwhile.",
         u.tasks.recalled},
        {"push_collapsed_total", "counter",
         "Notifications not pushed: a newer one stands for them.", u.collapsed},
        {"push_expired_total", "counter", "Notifications given up as too old.",
         u.tasks.expired},
        {"push_nowhere_total", "counter",
         "Notifications of users without a device to be woken.",
         u.tasks.nowhere},
    };
    const struct prom_histogram pushes = {
        "push_seconds", "A push, from its start to the answer.", &o->posts};

    prom_metrics(b, "moim_hooks", metrics, COUNT_OF(metrics));
    prom_histogram(b, "moim_hooks", &pushes);
}

static void answer_metrics(void *owner, struct http_exchange *x) {
    struct hooks_health *h = owner;
    struct buf b;

    buf_init(&b);
    put_metrics(&b, &h->parts);
    put_push_metrics(&b, &h->parts);
    http_answer(x, 200, slice_of(NULL, 0), SLICE_LIT(PROM_TYPE), buf_slice(&b));
    buf_fini(&b);
}

static const struct status_route routes[] = {
    {"/healthz", status_alive},
    {"/readyz", answer_ready},
    {"/metrics", answer_metrics},
    {"/ops/errors", status_errors},
};

enum rc hooks_health_open(struct hooks_health **out,
                          const struct hooks_health_parts *parts,
                          const char *address) {
    struct hooks_health *h = mem_new(sizeof(*h));
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

void hooks_health_close(struct hooks_health *h) {
    status_server_close(h->server);
}

void hooks_health_free(struct hooks_health **h) {
    if (*h != NULL) {
        status_server_free(&(*h)->server);
        mem_free(*h);
        *h = NULL;
    }
}
