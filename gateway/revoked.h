/* The devices that were logged out while their tokens could still be good.
 * A token proves itself without asking anybody; what it cannot know is looked
 * up here, in memory. The directory is the truth: all of it is read at the
 * start, before any token is believed, and what is new every few seconds; the
 * bus only makes that quicker. So neither a lost message nor a restart brings
 * a device back, and a store that was away is caught up with as soon as it
 * answers. */
#ifndef MOIM_GATEWAY_REVOKED_H
#define MOIM_GATEWAY_REVOKED_H

#include <stdbool.h>
#include <stdint.h>

#include "chat-core/core.h"
#include "proto/base/list.h"
#include "proto/base/macros.h"
#include "proto/base/map.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/base/wheel.h"
#include "proto/wire/bus_msg.h"
#include "proto/wire/token.h"

struct revoked {
    struct core *core;
    const struct token_keys *keys;
    uint64_t token_ms;  /* the longest that a token is good for */
    struct map devices; /* device id -> struct revoked_device */
    struct list oldest; /* the same, in the order they were learned */
    struct wheel_timer timer;
    uint64_t from_us;      /* the next page begins behind this time */
    struct device_id from; /* and this device */
    uint64_t newest_us;    /* the latest time read */
    bool loaded;           /* everything was read once */
};

/* Begins to read; `core` (its ports are set) and `keys` are borrowed until
 * revoked_fini. */
void revoked_init(struct revoked *r, struct core *core,
                  const struct token_keys *keys, uint64_t token_ms);
void revoked_fini(struct revoked *r);

/* The claims of a token that may be used now.
 *
 * RC_DENIED, RC_TIMEOUT  as token_verify; RC_DENIED also when the device was
 *                        logged out. A token is never good for longer than
 *                        `token_ms`, whatever it says.
 * RC_AGAIN               nobody knows yet who was logged out */
enum rc revoked_verify(const struct revoked *r, struct slice token,
                       struct token_claims *out) MUST_CHECK;

/* Answers whether it was logged out, as far as we know. */
bool revoked_device(const struct revoked *r, struct device_id device);
/* Devices that have just been revoked in the directory: closes their sessions
 * here, and tells the other gateways. */
void revoked_publish(struct revoked *r, const struct device_row *devices,
                     size_t count);
/* What another gateway told. */
void revoked_heard(struct revoked *r, const struct bus_revoke *told);

#endif
