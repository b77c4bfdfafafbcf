/* What the directory knows of devices: each is one login of a user. */
#ifndef MOIM_PORTS_DEVICES_H
#define MOIM_PORTS_DEVICES_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/ids.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

enum {
    DEVICE_LABEL_MAX = 64, /* bytes of what a user calls a device */
    DEVICE_PUSH_MAX = 20,  /* of one user that can be woken */
};

typedef void (*device_fn)(void *ctx, enum rc rc, struct device_id device);

/* One login of a user. */
struct device_row {
    struct device_id id;
    struct user_id user;
    struct slice label;  /* what the user calls it */
    uint64_t created_ms; /* Unix time */
    uint64_t used_ms;    /* when it last got a token */
    uint64_t revoked_us; /* Unix time in microseconds; 0: it is not */
};

/* Which devices of a user are logged out. */
enum revoke_which {
    REVOKE_THIS,
    REVOKE_OTHERS, /* all but this; 0: all */
};

typedef void (*devices_fn)(void *ctx, enum rc rc,
                           const struct device_row *devices, size_t count);

/* How a device can be woken while its user is away: a subscription of the
 * browser's (proto/wire/webpush.h). When DEVICE_PUSH_MAX others can, the one
 * that said so first cannot any more. All borrowed until the call returns. */
struct device_push {
    struct user_id user;
    struct device_id device;
    struct slice endpoint;
    struct slice p256dh;
    struct slice auth;
    uint64_t life_ms; /* so long after its last token it is logged out */
};

#endif
