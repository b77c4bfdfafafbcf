/* An absolute address of another server, as a setting or a client says it:
 * "https://host:port/path?query". */
#ifndef MOIM_WIRE_URL_H
#define MOIM_WIRE_URL_H

#include <stdbool.h>

#include "proto/base/macros.h"
#include "proto/base/rc.h"

enum {
    URL_HOST_MAX = 256,
    URL_PATH_MAX = 2048,
};

struct url {
    bool tls;
    char authority[URL_HOST_MAX]; /* for the Host header */
    char host[URL_HOST_MAX];      /* name or address, without brackets */
    char port[6];
    char path[URL_PATH_MAX]; /* with its query; "/" when there is none */
};

/* RC_BAD_INPUT: not http:// or https:// and a host; or with a user in front
 * of the host, or a '#'; or too long. */
enum rc url_parse(const char *text, struct url *out) MUST_CHECK;

#endif
