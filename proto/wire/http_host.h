/* Whose a request is, by its Host and Origin: what keeps other people's pages
 * away from a server that their readers' browsers can reach. */
#ifndef MOIM_WIRE_HTTP_HOST_H
#define MOIM_WIRE_HTTP_HOST_H

#include <stdbool.h>

#include "proto/base/slice.h"
#include "proto/wire/http.h"

/* True when `word` stands in the list of words separated by spaces, letters
 * compared without case. */
bool http_listed(const char *list, struct slice word);
/* The same for a Host; an entry without a port stands for every port of that
 * name. */
bool http_host_listed(const char *list, struct slice host);
/* "localhost", or an address of this machine alone; with any port. No name
 * that somebody else's DNS could turn to us (DNS rebinding). */
bool http_host_is_loopback(struct slice host);
/* No Origin, as of what is no browser, or the one of this very Host (RFC 6454:
 * scheme, host and port). */
bool http_origin_is_own(const struct http_head *head);

#endif
