#include "gateway/health.h"

#include "gateway/metrics.h"
#include "gateway/server.h"
#include "proto/wire/json_write.h"

static const struct slice json_type = {(const uint8_t *)"application/json", 16};

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

/* Ready: not draining, every store has been there once, and an ack promises
 * what it should. A store that goes away later does not take the gateway out
 * of the balancer: all gateways would go together, and open chats work on. */
static bool ready(struct server *s) {
    s->was_ready = s->was_ready || server_stores_ready(s);
    return s->was_ready && s->not_durable == NULL && !server_draining(s);
}

static void answer_ready(struct server *s, struct http_exchange *x) {
    struct core *c = &s->core;
    bool ok = ready(s);
    bool history = c->history->ops->ready(c->history);
    bool bus = c->bus->ops->ready(c->bus);
    bool directory = c->directory->ops->ready(c->directory);
    bool draining = server_draining(s);
    struct json_out o;
    struct buf b;

    buf_init(&b);
    o = json_out(&b);
    json_begin_obj(&o);
    json_field_str(&o, "status", slice_str(ok ? "ready" : "not ready"));
    json_field_arr(&o, "checks");
    check(&o, "drain", !draining, draining ? "draining" : "serving");
    check(&o, "durability", s->not_durable == NULL,
          s->not_durable == NULL ? "as configured" : s->not_durable);
    check(&o, "history", history, up(history));
    check(&o, "bus", bus, up(bus));
    check(&o, "directory", directory, up(directory));
    check(&o, "revoked", s->revoked.loaded,
          s->revoked.loaded ? "read" : "not read yet: no token is believed");
    json_end_arr(&o);
    json_end_obj(&o);
    http_answer(x, ok ? 200 : 503, slice_of(NULL, 0), json_type, buf_slice(&b));
    buf_fini(&b);
}

bool health_request(struct server *s, struct http_exchange *x,
                    const struct http_head *head, bool internal) {
    if (head->method != HTTP_GET && head->method != HTTP_HEAD) {
        return false;
    }
    if (slice_is(head->path, "/healthz")) {
        http_answer(x, 200, slice_of(NULL, 0), json_type,
                    SLICE_LIT("{\"status\":\"alive\"}"));
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
