/* The PROXY protocol, versions 1 and 2: what a balancer says, before the
 * first byte of a connection, about whose connection it is. No I/O. Whether
 * its word is taken is the caller's to know. */
#ifndef MOIM_WIRE_PROXY_H
#define MOIM_WIRE_PROXY_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/base/ip.h"
#include "proto/base/macros.h"
#include "proto/base/slice.h"

enum {
    PROXY_V1_MAX = 107,          /* bytes of the line, with its CRLF */
    PROXY_HEAD_MAX = 16 + 65535, /* with so many PARSE_MORE is not answered */
};

struct proxy_head {
    size_t len;      /* bytes up to the first of the connection's own */
    bool has_source; /* false: the balancer speaks for itself (a health
                      * check), or does not know: the socket's peer counts */
    struct ip source;
    unsigned source_port;
};

/* Reads a header at the front of `in`. Extra fields (TLVs) of version 2 are
 * skipped unread.
 * PARSE_BAD: not a header of either version, or a malformed one. */
enum parse proxy_head_parse(struct slice in, struct proxy_head *out) MUST_CHECK;

/* Does `in` begin as a header does? PARSE_MORE: too early to say; PARSE_BAD:
 * no, it is something else. No HTTP request begins as one. */
enum parse proxy_begins(struct slice in) MUST_CHECK;

#endif
