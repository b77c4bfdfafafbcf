/* What keys of the team's own servers are in the directory, and whom they make.
 * Part of ports/directory.h. */
#ifndef MOIM_PORTS_KEYS_H
#define MOIM_PORTS_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/ids.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

struct user_row;

enum {
    API_KEYS_MAX = 1000, /* that are good at a time */
};

/* A user whom a key makes. All borrowed until the call returns. */
struct user_new {
    struct user_id fresh; /* who it will be when there is none yet */
    struct slice name;
    struct slice name_key;
    struct slice password_hash; /* or empty */
    bool bot;
    struct slice issuer;  /* whose tokens log him in, */
    struct slice subject; /* and what they call him; or empty */
};

/* `user` is NULL unless RC_OK: id and name. RC_CONFLICT: the name is another
 * one's, or the user is a bot and was to be none, or the other way round. */
typedef void (*user_made_fn)(void *ctx, enum rc rc, const struct user_row *user,
                             bool made);

/* A key that is good now. */
struct api_key_row {
    struct api_key_id id;
    struct slice hash;   /* of its secret: see proto/wire/api_key.h */
    struct slice scopes; /* words with a space between them */
    uint64_t expires_ms; /* Unix time; 0: never */
};

typedef void (*api_keys_fn)(void *ctx, enum rc rc,
                            const struct api_key_row *keys, size_t count);

#endif
