/* The calls of one Redis connection: which have been written, which wait for
 * which replies, and who gets what answer when the connection breaks. Knows
 * no socket and no clock.
 *
 * A call is one command, or several whose replies are looked at together. Its
 * struct is the caller's, embedded in whatever the caller needs when the
 * answer comes, and stays put until then. Every call is answered once. */
#ifndef MOIM_STORAGE_RESP_CALLS_H
#define MOIM_STORAGE_RESP_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/list.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/wire/resp.h"

struct resp_call;

/* `replies`: call->want of them when `rc` is RC_OK, except that a lone error
 * stands for all when `all_or_error`; else NULL. Borrowed until it returns. */
typedef void (*resp_done_fn)(struct resp_call *call, enum rc rc,
                             const struct resp *replies);

struct resp_call {
    resp_done_fn done;
    uint32_t want;     /* replies, 1 and up */
    bool all_or_error; /* one command with many replies, or one error */
    uint64_t due_ms;   /* monotonic; kept for the connection */
    uint64_t asked_us; /* monotonic; the same */
    struct list node;
};

struct resp_calls {
    struct list fresh;   /* not yet written */
    struct list sent;    /* wait for replies, oldest first */
    struct list refused; /* to be answered RC_AGAIN */
    struct list lost;    /* written before the connection broke */
    size_t count;        /* fresh and sent */
    struct resp *got;    /* the replies of the oldest that are there */
    size_t got_count;
    size_t got_cap;
};

void resp_calls_init(struct resp_calls *q);
/* Every call has been answered. */
void resp_calls_fini(struct resp_calls *q);

void resp_calls_add(struct resp_calls *q, struct resp_call *call);
/* To be answered by resp_calls_answer_refused. */
void resp_calls_refuse(struct resp_calls *q, struct resp_call *call);
/* Everything added so far has been written. */
void resp_calls_flushed(struct resp_calls *q);
/* The next deadline, or NULL; and whose reply comes next, or NULL. */
const struct resp_call *resp_calls_oldest(const struct resp_calls *q);
const struct resp_call *resp_calls_awaited(const struct resp_calls *q);
/* The next reply; answers the call it completes, as the last thing. What it
 * points to must last until a reply leaves resp_calls_midway false. False:
 * nobody asked for it. */
bool resp_calls_take(struct resp_calls *q, const struct resp *reply) MUST_CHECK;
/* True while the oldest call has some, but not all, of its replies. */
bool resp_calls_midway(const struct resp_calls *q);

/* The connection broke. Nobody is answered yet: what was written is lost,
 * what was not is refused. */
void resp_calls_break(struct resp_calls *q);
void resp_calls_answer_lost(struct resp_calls *q, enum rc why);
/* Answers RC_AGAIN to what was refused before this, not to what is refused
 * meanwhile: a caller who tries again at once must not keep us here. */
void resp_calls_answer_refused(struct resp_calls *q);
/* Answers RC_CLOSED to all of them. */
void resp_calls_close(struct resp_calls *q);

#endif
