/* What the team's own servers and its identity provider bring: keys, the users
 * whom they make or vouch for, and requests that are to be done once. Part of
 * ports/directory.h. */
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

/* Somebody whom an identity provider vouches for. All borrowed until the call
 * returns. */
struct identity {
    struct slice issuer;
    struct slice subject; /* at most 255 bytes */
    struct user_id fresh; /* who it will be when he was never seen */
    struct slice name;    /* then: what he is called, */
    struct slice name_key;
    struct slice spare; /* or, when somebody is called so, this; its own key */
    struct device_id device; /* a new one of his, or one that came so */
    struct slice label;
};

/* A request with a name of its own, which is known for a day. */
struct once_ask {
    uint64_t owner;    /* whose name it is: a user, or a key as nobody */
    struct slice name; /* copied */
    uint64_t hash;     /* of what is asked for, below 2^63 */
    uint64_t fresh;    /* what is made has this id, the first time */
};

/* `id`: that of the first time. RC_CONFLICT: the name was used for something
 * else. */
typedef void (*once_fn)(void *ctx, enum rc rc, uint64_t id);

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
