/* Where a Redis server is, as settings say it: "127.0.0.1:6379", "[::1]:6379"
 * or "unix:/path", also after "redis://", or after "rediss://" for TLS, which
 * is for hosts only. */
#ifndef MOIM_STORAGE_REDIS_URL_H
#define MOIM_STORAGE_REDIS_URL_H

#include <stdbool.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/net/address.h"

struct redis_url {
    const char *address; /* for stream_connect; borrowed from the text */
    bool tls;
    char host[ADDRESS_TEXT_MAX]; /* without port and brackets */
};

/* RC_BAD_INPUT: none of these. */
enum rc redis_url_parse(const char *text, struct redis_url *out) MUST_CHECK;

#endif
