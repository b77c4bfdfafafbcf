/* The keys of the team's own servers, in memory: a request with one is checked
 * without asking anybody. All good keys, which are few, are read again every
 * second, and that says which were used; nothing is believed for longer
 * than five seconds after the last reading. So a key that was taken back is
 * out within those five seconds at every gateway, also at one that cannot
 * reach the directory any more. */
#ifndef MOIM_GATEWAY_API_KEYS_H
#define MOIM_GATEWAY_API_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "chat-core/core.h"
#include "chat-core/rate.h"
#include "proto/base/macros.h"
#include "proto/base/map.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/base/wheel.h"
#include "proto/wire/api_key.h"

struct api_keys {
    struct core *core;
    struct rate_rule rule; /* of each key */
    struct map keys;       /* id -> struct api_key */
    struct wheel_timer timer;
    uint64_t read_ms;  /* monotonic, when the last good reading was asked for */
    uint64_t asked_ms; /* and the one on its way */
    bool loaded;
};

/* A key that was found good. */
struct api_key_use {
    struct api_key_id id;
    unsigned scopes;  /* of SCOPE_* */
    uint64_t wait_ms; /* over its rate: not before; 0: now */
};

/* Begins to read; `core`, whose ports are set, is borrowed until the end. */
void api_keys_init(struct api_keys *k, struct core *core,
                   struct rate_rule rule);
void api_keys_fini(struct api_keys *k);

/* One request with this key.
 *
 * RC_DENIED  there is no such key, or it has expired or was taken back
 * RC_AGAIN   nobody knows at the moment */
enum rc api_keys_use(struct api_keys *k, struct slice text,
                     struct api_key_use *out) MUST_CHECK;

#endif
