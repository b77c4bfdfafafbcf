#include "hooks/drain.h"

#include <stdio.h>

#include "proto/base/buf.h"
#include "proto/wire/json_write.h"

/* Asks again at once while there is more than one batch. */
static void rest(struct drain *d, bool more) {
    d->busy = false;
    if (d->running) {
        loop_timer(d->loop, &d->timer, more ? 0 : DRAIN_EVERY_MS);
    }
}

static void on_dropped(void *ctx, enum rc rc) {
    struct drain *d = ctx;

    if (rc == RC_OK) {
        d->done += d->count;
    }
    rest(d, rc == RC_OK && d->count == HOOK_CHANGES_MAX);
}

/* All of them or none: what is in the queue already is put there again. */
static void on_queued(void *ctx, enum rc rc) {
    struct drain *d = ctx;

    if (rc != RC_OK) {
        d->rc = rc;
    }
    d->asked--;
    if (d->asked > 0) {
        return;
    }
    if (d->rc == RC_OK && d->running) {
        hook_outbox_drop(d->outbox, d->ids, d->count, on_dropped, d);
    } else {
        rest(d, false);
    }
}

/* Every type is named after what the other one is, or is a friend's. */
static void put_data(struct buf *out, const struct hook_change *c) {
    struct json_out o = json_out(out);
    bool device = slice_starts(c->type, "device.");

    json_begin_obj(&o);
    json_field_id(&o, "user", c->user.v);
    json_field_id(&o, device ? "device" : "other", c->other);
    json_end_obj(&o);
}

static void queue_one(struct drain *d, const struct hook_change *c) {
    char name[32];
    struct buf data;

    buf_init(&data);
    put_data(&data, c);
    snprintf(name, sizeof(name), "change-%llu", (unsigned long long)c->id);
    hook_queue_add(d->queue,
                   &(struct hook_entry){.user = c->lane,
                                        .name = slice_str(name),
                                        .ts_ms = c->at_ms,
                                        .type = c->type,
                                        .data = buf_slice(&data)},
                   on_queued, d);
    buf_fini(&data);
}

static void on_changes(void *ctx, enum rc rc, const struct hook_change *changes,
                       size_t count) {
    struct drain *d = ctx;

    if (rc != RC_OK || count == 0 || !d->running) {
        rest(d, false);
        return;
    }
    d->rc = RC_OK;
    d->count = count;
    d->asked = count;
    for (size_t i = 0; i < count; i++) {
        d->ids[i] = changes[i].id;
        queue_one(d, &changes[i]);
    }
}

static void on_timer(struct wheel_timer *timer) {
    struct drain *d = CONTAINER_OF(timer, struct drain, timer);

    if (!d->busy) {
        d->busy = true;
        hook_outbox_read(d->outbox, on_changes, d);
    }
}

void drain_init(struct drain *d, struct loop *l, struct hook_queue *queue,
                struct hook_outbox *outbox) {
    *d = (struct drain){.loop = l, .queue = queue, .outbox = outbox};
    wheel_timer_init(&d->timer, on_timer);
}

void drain_run(struct drain *d, bool yes) {
    if (d->outbox == NULL || d->running == yes) {
        return;
    }
    d->running = yes;
    if (yes && !d->busy) {
        loop_timer(d->loop, &d->timer, 0);
    }
}

void drain_stop(struct drain *d) {
    d->running = false;
    wheel_cancel(&d->timer);
}
