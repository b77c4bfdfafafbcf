#include "gateway/revoked.h"

#include "chat-core/deliver.h"
#include "proto/base/log.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"

enum {
    READ_MS = 3000,        /* from one reading to the next */
    READ_AGAIN_MS = 500,   /* after one that failed */
    PUBLISH_MAX = 100,     /* at once; the rest is read */
    OVERLAP_US = 60000000, /* a transaction may end later than another that
                              began after it */
    US_PER_MS = 1000,
};

struct revoked_device {
    struct list node; /* in revoked.oldest */
    struct device_id id;
    uint64_t until_ms; /* then its last token has expired */
};

static const struct log_ctx ctx_revoked = {"revoked", 0};
static const struct topic all_gateways = {TOPIC_GATEWAYS, 1};

static uint64_t now_ms(const struct revoked *r) {
    return r->core->clock->wall_ms;
}

static uint64_t lifetime_ms(const struct revoked *r) {
    return r->token_ms + TOKEN_LEEWAY_MS;
}

/* ---- what is known ---- */

static void forget(struct revoked *r, struct revoked_device *device) {
    list_remove(&device->node);
    (void)map_remove(&r->devices, device->id.v);
    mem_free(device);
}

/* Tokens of the oldest ones have expired by now. */
static void sweep(struct revoked *r) {
    while (!list_empty(&r->oldest)) {
        struct revoked_device *device =
            CONTAINER_OF(r->oldest.next, struct revoked_device, node);

        if (device->until_ms > now_ms(r)) {
            break;
        }
        forget(r, device);
    }
}

/* Notes it and closes its sessions here; harmless when it was known. */
static void learn(struct revoked *r, const struct bus_revoke *told) {
    struct log_ctx who = {"revoked", told->user.v};
    struct revoked_device *device;

    if (map_get(&r->devices, told->device.v) != NULL) {
        return;
    }
    device = mem_new(sizeof(*device));
    device->id = told->device;
    device->until_ms = now_ms(r) + lifetime_ms(r);
    list_init(&device->node);
    list_push_back(&r->oldest, &device->node);
    (void)map_put(&r->devices, device->id.v, device);
    log_debug(&who, "session_revoked", "device=%s", id_text(device->id.v).s);
    deliver_revoke(r->core, told);
}

bool revoked_device(const struct revoked *r, struct device_id device) {
    return map_get(&r->devices, device.v) != NULL;
}

enum rc revoked_verify(const struct revoked *r, struct slice token,
                       struct token_claims *out) {
    struct token_claims claims;
    enum rc rc = token_verify(r->keys, token, now_ms(r), &claims);

    if (rc != RC_OK) {
        return rc;
    }
    if (!r->loaded) {
        return RC_AGAIN;
    }
    if (revoked_device(r, claims.device)) {
        return RC_DENIED;
    }
    if (claims.issued_ms + lifetime_ms(r) <= now_ms(r)) {
        return RC_TIMEOUT; /* what is revoked is not kept for longer */
    }
    *out = claims;
    return RC_OK;
}

/* ---- from the bus ---- */

void revoked_publish(struct revoked *r, const struct device_row *devices,
                     size_t count) {
    struct bus *bus = r->core->bus;

    for (size_t i = 0; i < count; i++) {
        struct bus_msg msg = {
            .kind = BUS_REVOKE,
            .u.revoke = {.user = devices[i].user, .device = devices[i].id}};
        struct buf b;

        if (i < PUBLISH_MAX) {
            buf_init(&b);
            bus_msg_encode(&b, &msg);
            bus->ops->publish(bus, &all_gateways, 1, buf_slice(&b), true, NULL,
                              NULL);
            buf_fini(&b);
        }
        learn(r, &msg.u.revoke);
    }
}

void revoked_heard(struct revoked *r, const struct bus_revoke *told) {
    if (told->device.v != 0) {
        learn(r, told);
    }
}

/* ---- from the directory ---- */

static void read_in(struct revoked *r, uint64_t ms) {
    wheel_set(r->core->wheel, &r->timer, r->core->clock->mono_ms + ms);
}

static void take_page(struct revoked *r, const struct device_row *devices,
                      size_t count) {
    for (size_t i = 0; i < count; i++) {
        learn(r, &(struct bus_revoke){devices[i].user, devices[i].id});
    }
    if (count > 0) {
        r->newest_us = devices[count - 1].revoked_us;
        r->from_us = r->newest_us;
        r->from = devices[count - 1].id;
    }
}

static void ask(struct revoked *r);

static void on_page(void *ctx, enum rc rc, const struct device_row *devices,
                    size_t count) {
    struct revoked *r = ctx;

    if (rc != RC_OK) {
        read_in(r, READ_AGAIN_MS);
        return;
    }
    take_page(r, devices, count);
    if (count == DIRECTORY_BATCH_MAX) {
        ask(r); /* there may be more */
        return;
    }
    if (!r->loaded) {
        r->loaded = true;
        log_info(&ctx_revoked, "revoked_loaded", "devices=%zu",
                 r->devices.count);
    }
    r->from_us = r->newest_us - OVERLAP_US;
    r->from.v = 0;
    read_in(r, READ_MS);
}

static void ask(struct revoked *r) {
    struct directory *d = r->core->directory;

    d->ops->revoked_after(d, r->from_us, r->from, on_page, r);
}

static void on_timer(struct wheel_timer *t) {
    struct revoked *r = CONTAINER_OF(t, struct revoked, timer);

    sweep(r);
    ask(r);
}

void revoked_init(struct revoked *r, struct core *core,
                  const struct token_keys *keys, uint64_t token_ms) {
    *r = (struct revoked){.core = core, .keys = keys, .token_ms = token_ms};
    map_init(&r->devices);
    list_init(&r->oldest);
    wheel_timer_init(&r->timer, on_timer);
    r->from_us = (now_ms(r) - lifetime_ms(r)) * US_PER_MS;
    r->newest_us = r->from_us + OVERLAP_US;
    read_in(r, 0);
}

void revoked_fini(struct revoked *r) {
    wheel_cancel(&r->timer);
    while (!list_empty(&r->oldest)) {
        forget(r, CONTAINER_OF(r->oldest.next, struct revoked_device, node));
    }
    map_fini(&r->devices);
}
