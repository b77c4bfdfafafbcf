/* Posts events to the team's receiver: signed, over TLS when the address says
 * so, each on a connection of its own. Where it goes is the operator's word
 * alone; a redirect is an answer like every other that is not 2xx. */
#ifndef MOIM_HOOKS_SENDER_H
#define MOIM_HOOKS_SENDER_H

#include <stdint.h>

#include "proto/base/histogram.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/net/loop.h"
#include "proto/wire/webhook.h"

struct sender;

/* `secrets` are copied, the texts borrowed until sender_close. */
struct sender_config {
    const char *url;
    const char *tls_ca; /* "": the system's */
    const struct webhook_secrets *secrets;
    uint64_t timeout_ms; /* for one attempt, the answer included */
};

/* `type` is a word of ours, `data` one JSON value. */
struct sender_event {
    struct slice id;
    struct slice type;
    uint64_t ts_ms;
    struct slice data;
};

struct sender_counts {
    uint64_t posted; /* answered with 2xx */
    uint64_t failed; /* attempts */
    uint64_t in_flight;
    struct histogram posts; /* of all attempts */
};

/* RC_OK      the receiver has it: it answered 2xx
 * RC_DENIED  it answered something else, or its certificate is not accepted
 * RC_CLOSED  sender_close came first
 * others     not reached, or no whole answer in time: it may have it */
typedef void (*sender_fn)(void *ctx, enum rc rc);

/* RC_BAD_INPUT: the URL or the certificates cannot be used; logged. */
enum rc sender_open(struct sender **out, struct loop *l,
                    const struct sender_config *config) MUST_CHECK;
/* Answers every attempt with RC_CLOSED, from inside; sets *s to NULL. The
 * connections close on the next turns of the loop, and sender_free comes after
 * those. NULL inside is fine. */
void sender_stop(struct sender *s);
void sender_free(struct sender **s);

/* All of `e` is copied. `fn` comes once, from the loop, never from within. */
void sender_post(struct sender *s, const struct sender_event *e, sender_fn fn,
                 void *ctx);
const struct sender_counts *sender_counts(const struct sender *s);

/* Appends what is posted: {"type":...,"timestamp":...,"data":...}. */
void sender_body(struct buf *out, const struct sender_event *e);

#endif
