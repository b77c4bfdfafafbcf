#include "gateway/health.h"

#include "gateway/metrics.h"
#include "gateway/server.h"
#include "proto/net/status_server.h"
#include "proto/wire/ready.h"

/* Ready: not draining, every store has been there once, the history's is the
 * one that was known, and an ack promises what it should. A store that goes
 * away later does not take the gateway out of the balancer: all gateways would
 * go together, and open chats work on. */
static bool ready(struct server *s) {
    s->was_ready = s->was_ready || server_stores_ready(s);
    return s->was_ready && s->not_durable == NULL && s->store_lost == NULL &&
           !server_draining(s);
}

static void answer_ready(struct server *s, struct http_exchange *x) {
    struct core *c = &s->core;
    bool ok = ready(s);
    bool draining = server_draining(s);
    const struct ready_check checks[] = {
        {"drain", !draining, draining ? "draining" : "serving"},
        {"durability", s->not_durable == NULL,
         s->not_durable == NULL ? "as configured" : s->not_durable},
        {"store", s->store_lost == NULL,
         s->store_lost == NULL ? "the one that is known" : s->store_lost},
        ready_store("history", c->history->ops->ready(c->history)),
        ready_store("bus", c->bus->ops->ready(c->bus)),
        ready_store("directory", c->directory->ops->ready(c->directory)),
        {"revoked", s->revoked.loaded,
         s->revoked.loaded ? "read" : "not read yet: no token is believed"},
        ready_store("hooks",
                    c->hooks != NULL && c->hooks->ops->ready(c->hooks)),
    };
    /* The last is for those who have webhooks. */
    size_t count = COUNT_OF(checks) - (c->hooks == NULL ? 1 : 0);
    struct buf b;

    buf_init(&b);
    ready_put(&b, ok, checks, count);
    status_answer(x, ok ? 200 : 503, buf_slice(&b));
    buf_fini(&b);
}

bool health_request(struct server *s, struct http_exchange *x,
                    const struct http_head *head, bool internal) {
    if (head->method != HTTP_GET && head->method != HTTP_HEAD) {
        return false;
    }
    if (slice_is(head->path, "/healthz")) {
        status_alive(NULL, x);
        return true;
    }
    if (slice_is(head->path, "/readyz")) {
        answer_ready(s, x);
        return true;
    }
    if (internal && slice_is(head->path, "/metrics")) {
        metrics_answer(s, x);
        return true;
    }
    return false;
}
