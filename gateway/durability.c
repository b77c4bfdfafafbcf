#include "gateway/durability.h"

#include <string.h>

#include "gateway/server.h"
#include "proto/base/log.h"
#include "storage/redis_probe.h"

enum {
    AGAIN_MS = 60 * 1000,
    SOON_MS = 1000, /* it could not be reached, or has too few replicas */
    ADDRESS_MAX = 256,
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
    if (s->tier == TIER_T2 && !d->had_copies && !found->replica &&
        found->replicas < s->copies) {
        return lacking;
    }
    return NULL;
}

/* All have been asked; the weakest of those that answered counts. */
static void conclude(struct durability *d) {
    struct server *server = d->server;

    if (d->answers == 0) {
        loop_timer(server->loop, &d->timer, SOON_MS);
        return;
    }
    server->not_durable = d->why;
    d->had_copies = d->had_copies || d->why == NULL;
    if (d->why != NULL && !d->warned) {
        log_error(&ctx_durability, "store_too_weak", "why=\"%s\"", d->why);
    }
    d->warned = d->why != NULL;
    loop_timer(server->loop, &d->timer, d->why == lacking ? SOON_MS : AGAIN_MS);
}

static void on_probed(void *ctx, enum rc rc, const struct redis_probe *found);

static enum rc ask_next(struct durability *d) {
    struct redis_config one = d->redis;
    size_t n = strcspn(d->rest, ",");
    char address[ADDRESS_MAX];

    if (n >= sizeof(address)) {
        return RC_BAD_INPUT;
    }
    memcpy(address, d->rest, n);
    address[n] = '\0';
    d->rest += d->rest[n] == ',' ? n + 1 : n;
    one.address = address;
    return redis_probe(d->server->loop, &one, on_probed, d);
}

static void on_probed(void *ctx, enum rc rc, const struct redis_probe *found) {
    struct durability *d = ctx;

    if (rc == RC_OK) {
        d->answers++;
        d->why = d->why != NULL ? d->why : weakness(d, found);
    }
    if (*d->rest == '\0' || ask_next(d) != RC_OK) {
        conclude(d);
    }
}

static enum rc ask(struct durability *d) {
    d->rest = d->redis.address;
    d->answers = 0;
    d->why = NULL;
    return ask_next(d);
}

static void on_timer(struct wheel_timer *t) {
    struct durability *d = CONTAINER_OF(t, struct durability, timer);

    if (ask(d) != RC_OK) {
        loop_timer(d->server->loop, &d->timer, AGAIN_MS);
    }
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
    return ask(d);
}

void durability_stop(struct durability *d) {
    d->rest = "";
    wheel_cancel(&d->timer);
}
