/* How often anybody may ask anything, whatever it is: by address, user and
 * device. A session's own limits are in session_in.c; here is what holds
 * without a session, and over all of them. Keys have theirs in api_keys.h. */
#ifndef MOIM_GATEWAY_LIMITS_H
#define MOIM_GATEWAY_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/settings.h"
#include "gateway/throttle.h"
#include "proto/base/ids.h"

struct limits {
    struct throttle addresses; /* HTTP requests */
    struct throttle users;     /* commands */
    struct throttle devices;   /* commands without a session, */
    struct throttle senders;   /* and those of them that enter a log */
};

void limits_init(struct limits *l, const struct settings *settings);
void limits_fini(struct limits *l);

/* Does a command of this type enter a log, or change what stands there? */
bool limits_says(struct slice type);

/* All count one more. 0: go on; else the milliseconds to wait. */

/* `address`: see strangers_key. */
uint64_t limits_address(struct limits *l, uint64_t address,
                        uint64_t now_ms) MUST_CHECK;
uint64_t limits_user(struct limits *l, struct user_id user,
                     uint64_t now_ms) MUST_CHECK;
/* A command of the user without a session. */
uint64_t limits_device(struct limits *l, struct user_id user,
                       struct device_id device, struct slice type,
                       uint64_t now_ms) MUST_CHECK;

#endif
