#include "gateway/durability.h"

#include "gateway/server.h"
#include "proto/base/log.h"
#include "storage/redis_probe.h"

enum {
    AGAIN_MS = 60 * 1000,
    SOON_MS = 1000, /* it could not be reached, or has too few replicas */
};

static const struct log_ctx ctx_durability = {"durability", 0};
static const char *const not_checked = "not checked yet";
static const char *const lacking =
    "fewer replicas are connected than redis.copies says: nothing would be "
    "acked";
static const char *const unknown =
    "the store does not tell its settings; allow CONFIG GET, or set redis.tier "
    "to t0";

/* NULL: good enough for an ack. */
static const char *weakness(const struct durability *d,
                            const struct redis_probe *found) {
    const struct settings *s = d->server->settings;

    if (!found->config_readable) {
        return unknown;
    }
    if (found->weak_count > 0) {
        return found->weak[0];
    }
    if (s->tier == TIER_T2 && !d->had_copies && found->replicas < s->copies) {
        return lacking;
    }
    return NULL;
}

static void on_probed(void *ctx, enum rc rc, const struct redis_probe *found) {
    struct durability *d = ctx;
    struct server *server = d->server;

    if (rc != RC_OK) {
        loop_timer(server->loop, &d->timer, SOON_MS);
        return;
    }
    server->not_durable = weakness(d, found);
    d->had_copies = d->had_copies || server->not_durable == NULL;
    if (server->not_durable != NULL && !d->warned) {
        log_error(&ctx_durability, "store_too_weak", "why=\"%s\"",
                  server->not_durable);
    }
    d->warned = server->not_durable != NULL;
    loop_timer(server->loop, &d->timer,
               server->not_durable == lacking ? SOON_MS : AGAIN_MS);
}

static void ask(struct durability *d) {
    if (redis_probe(d->server->loop, &d->redis, on_probed, d) != RC_OK) {
        loop_timer(d->server->loop, &d->timer, AGAIN_MS);
    }
}

static void on_timer(struct wheel_timer *t) {
    ask(CONTAINER_OF(t, struct durability, timer));
}

enum rc durability_start(struct durability *d, struct server *server,
                         const struct redis_config *redis) {
    d->server = server;
    d->redis = *redis;
    wheel_timer_init(&d->timer, on_timer);
    if (server->settings->tier == TIER_T0) {
        return RC_OK;
    }
    server->not_durable = not_checked;
    return redis_probe(server->loop, &d->redis, on_probed, d);
}

void durability_stop(struct durability *d) {
    wheel_cancel(&d->timer);
}
