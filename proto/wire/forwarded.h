/* X-Forwarded-For: who a request comes from when proxies we trust stand
 * between. Each proxy appends the address it was called from, so the list is
 * read from its right end and only as far as the proxies are ours: whatever
 * stands further left anybody may have written. */
#ifndef MOIM_WIRE_FORWARDED_H
#define MOIM_WIRE_FORWARDED_H

#include "proto/base/ip.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/wire/http_field.h"

/* The rightmost address that is not trusted; when all are, the leftmost. The
 * caller has seen to it that the peer itself is trusted. Addresses may have a
 * port, and IPv6 ones brackets. Writes *out on RC_OK.
 * RC_NOT_FOUND  there is no such header, or it lists nothing
 * RC_BAD_INPUT  something on the way is no address: believe nothing of it */
enum rc forwarded_client(const struct http_fields *fields,
                         const struct cidr_list *trusted,
                         struct ip *out) MUST_CHECK;

#endif
