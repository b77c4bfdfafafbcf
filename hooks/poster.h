/* Posts pushes to push services (RFC 8030): each encrypted for its browser,
 * signed by us, over TLS, on a connection of its own. Users name the
 * addresses, so it goes to public ones only, and to networks that the operator
 * has named; a redirect is an answer like every other. A service that asks for
 * patience (Retry-After) is left alone for that long. */
#ifndef MOIM_HOOKS_POSTER_H
#define MOIM_HOOKS_POSTER_H

#include <stdint.h>

#include "proto/base/histogram.h"
#include "proto/base/ip.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/net/loop.h"
#include "proto/wire/vapid.h"
#include "proto/wire/webpush.h"

struct poster;

enum {
    POSTER_LOOKUPS_MAX = 2,   /* at once: others need the resolver's threads */
    POSTER_ANSWER_MAX = 4096, /* bytes of a body that nobody reads */
    POSTER_HOLD_MAX_MS = 3600000, /* a service is left alone no longer */
    POSTER_HOLD_DATE_MS = 300000, /* when it says a date instead of seconds */
    POSTER_HELD_MAX = 64,         /* services that are */
    POSTER_TOPIC_MAX = 32,        /* letters of base64url */
};

/* The texts, `key` and `allow` are borrowed until poster_free. */
struct poster_config {
    const char *tls_ca; /* "": the system's */
    const struct vapid_key *key;
    const char *contact;
    const struct cidr_list *allow; /* beside public addresses */
    uint64_t timeout_ms;           /* for one attempt, the answer included */
};

enum poster_end {
    POSTER_SENT,    /* the service has it */
    POSTER_GONE,    /* there is no such subscription any more */
    POSTER_REFUSED, /* it will not have it, or we may not go there */
    POSTER_AGAIN,   /* later: not before `wait_ms`; it may have it */
};
typedef void (*poster_fn)(void *ctx, enum poster_end end, uint64_t wait_ms);

struct poster_push {
    const struct webpush_sub *to;
    struct slice text; /* at most WEBPUSH_TEXT_MAX bytes */
    const char *topic; /* at most POSTER_TOPIC_MAX letters */
    uint64_t ttl_s;
};

struct poster_counts {
    uint64_t sent;
    uint64_t gone;
    uint64_t refused;
    uint64_t failed; /* attempts, to be repeated */
    uint64_t in_flight;
    struct histogram posts; /* of all attempts */
};

/* RC_BAD_INPUT: the certificates cannot be used; logged. */
enum rc poster_open(struct poster **out, struct loop *l,
                    const struct poster_config *config) MUST_CHECK;
/* Answers every attempt with POSTER_AGAIN, from inside. NULL is fine. The
 * connections close on the next turns of the loop, and poster_free comes after
 * those; it sets *p to NULL, and NULL inside is fine. */
void poster_stop(struct poster *p);
void poster_free(struct poster **p);

/* All of `push` is copied. `fn` comes once, from the loop, never from
 * within. */
void poster_push(struct poster *p, const struct poster_push *push, poster_fn fn,
                 void *ctx);
const struct poster_counts *poster_counts(const struct poster *p);

#endif
