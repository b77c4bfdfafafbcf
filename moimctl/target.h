/* Where Moim is, read from a URL. */
#ifndef MOIM_MOIMCTL_TARGET_H
#define MOIM_MOIMCTL_TARGET_H

#include <stdbool.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"

enum {
    TARGET_HOST_MAX = 255, /* bytes of a host with its port */
};

#define TARGET_DEFAULT_URL "http://127.0.0.1:8080"

struct target {
    char host[TARGET_HOST_MAX + 1];    /* as the Host header names it */
    char name[TARGET_HOST_MAX + 1];    /* without port and brackets */
    char port[6];                      /* digits; "" for a Unix socket */
    char address[TARGET_HOST_MAX + 1]; /* "1.2.3.4:80" for proto/net */
    bool tls;
};

/* Reads "http://host", "http://host:port", "host:port" or "unix:/path", with
 * or without a slash at the end; "https://" and "wss://" are TLS, "ws://" is
 * as "http://". `address` is still empty unless it is "unix:/path".
 * RC_BAD_INPUT with a sentence in *why (static). */
enum rc target_parse(const char *url, struct target *out,
                     const char **why) MUST_CHECK;
/* Looks the name up and fills in `address`. Blocks.
 * RC_NOT_FOUND: no such name. */
enum rc target_resolve(struct target *t) MUST_CHECK;
/* Both, for `url`, or when it is NULL for $MOIMCTL_URL or the default.
 * Complains on stderr. RC_BAD_INPUT, RC_NOT_FOUND as above. */
enum rc target_find(const char *url, struct target *out) MUST_CHECK;

#endif
