/* The request target: is it well formed, what are its parts, and what do the
 * percent signs stand for. Nothing is ever normalised: `/a/../b` is a path
 * with an odd segment that no route has, not `/b`. */
#ifndef MOIM_WIRE_HTTP_TARGET_H
#define MOIM_WIRE_HTTP_TARGET_H

#include "proto/base/buf.h"
#include "proto/base/rc.h"

/* All borrowed from the input, but for a path that had to be made up. */
struct http_target {
    struct slice authority; /* of http://authority/path; else p is NULL */
    struct slice path;      /* still encoded; begins with '/', or is "*" */
    struct slice query;     /* still encoded, without the '?' */
};

/* Takes apart /path?query, http(s)://authority/path?query and "*".
 * RC_BAD_INPUT: another form, a byte that may not stand in a target, or an
 * encoding that http_percent_decode would refuse. */
enum rc http_target_parse(struct slice in, struct http_target *out) MUST_CHECK;

/* Is it a name, an IPv4 or a bracketed IPv6 address, perhaps with a port? */
bool http_host_valid(struct slice host);

/* Appends what `in` stands for; '+' stays '+'. RC_BAD_INPUT: a byte that has
 * to be encoded, a bad escape, an encoded NUL, or the whole is not UTF-8;
 * nothing was appended. */
enum rc http_percent_decode(struct slice in, struct buf *out) MUST_CHECK;
/* Appends `in` with all but letters, digits and -._~ encoded. */
void http_percent_encode(struct slice in, struct buf *out);

/* Appends the decoded value of the parameter `name`; without '=' it is empty.
 * RC_NOT_FOUND   no such parameter
 * RC_BAD_INPUT   it is there twice, or is badly encoded */
enum rc http_query_get(struct slice query, const char *name,
                       struct buf *decoded) MUST_CHECK;

/* No empty or dot segment and no backslash or encoded slash: a path that every
 * program on the way understands in the same way. "/" is plain. */
bool http_path_is_plain(struct slice path);
/* Writes the first `max` segments, borrowed from `path` and still encoded, and
 * answers how many there are. "/" has none, "/a/" has "a" and "". */
size_t http_path_split(struct slice path, struct slice *segments, size_t max);

#endif
