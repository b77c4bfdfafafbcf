#include "gateway/health.h"

#include "gateway/server.h"
#include "proto/base/log.h"
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
    struct core *c = &s->core;

    s->was_ready =
        s->was_ready ||
        (c->history->ops->ready(c->history) && c->bus->ops->ready(c->bus) &&
         c->directory->ops->ready(c->directory) && s->revoked.loaded);
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

static void metric(struct buf *b, const char *name, const char *type,
                   const char *help, uint64_t value) {
    buf_addf(b,
             "# HELP moim_gateway_%s %s\n# TYPE moim_gateway_%s %s\n"
             "moim_gateway_%s %llu\n",
             name, help, name, type, name, (unsigned long long)value);
}

static void answer_metrics(struct server *s, struct http_exchange *x) {
    const struct server_stats *st = &s->stats;
    const struct core_stats *core = &s->core.stats;
    struct buf b;

    buf_init(&b);
    buf_add_str(&b, "# HELP moim_build_info The program that runs.\n"
                    "# TYPE moim_build_info gauge\n"
                    "moim_build_info{version=\"" MOIM_VERSION "\"} 1\n");
    metric(&b, "connections", "gauge", "Open sessions.", s->session_count);
    metric(&b, "users", "gauge", "Users with an open session here.",
           s->core.users.count);
    metric(&b, "wide_conversations", "gauge",
           "Wide conversations with a member here.", s->core.wides.count);
    metric(&b, "connects_total", "counter", "Sessions opened.", st->connects);
    metric(&b, "refused_total", "counter",
           "Connections and upgrades not let in.", st->refused);
    metric(&b, "requests_total", "counter", "HTTP requests.", st->requests);
    metric(&b, "commands_total", "counter", "Commands run.", st->commands);
    metric(&b, "messages_in_total", "counter", "Messages acked.", core->said);
    metric(&b, "repeats_total", "counter", "Acks that repeated an earlier one.",
           core->repeats);
    metric(&b, "messages_out_total", "counter", "Texts queued to sessions.",
           st->texts_out);
    metric(&b, "ephemeral_dropped_total", "counter",
           "Typing and presence not queued to slow sessions.", st->dropped);
    metric(&b, "slow_closes_total", "counter",
           "Sessions closed at their queue limit.", st->slow_closes);
    metric(&b, "auth_failures_total", "counter",
           "Tokens and passwords refused.", st->auth_failures);
    metric(&b, "revoked_devices", "gauge",
           "Logged-out devices whose tokens have not all expired.",
           s->revoked.devices.count);
    metric(&b, "membership_reloads_total", "counter",
           "Memberships read again because they were stale.", core->reloads);
    metric(&b, "held_events_total", "counter",
           "Events that waited for a membership.", core->held);
    metric(&b, "bus_gaps_total", "counter",
           "Partitions whose messages could not be repaired.", core->gaps);
    metric(&b, "bus_errors_total", "counter",
           "Bus messages that were not understood.", core->bus_errors);
    metric(&b, "log_dropped_total", "counter", "Log lines lost.",
           log_dropped());
    metric(&b, "loop_lag_max_milliseconds", "gauge",
           "The longest turn of the loop since the last scrape.",
           s->loop->lag_max_ms);
    s->loop->lag_max_ms = 0;
    http_answer(x, 200, slice_of(NULL, 0),
                SLICE_LIT("text/plain; version=0.0.4; charset=utf-8"),
                buf_slice(&b));
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
        answer_metrics(s, x);
        return true;
    }
    return false;
}
