/* What a stream still has to write: heads by copy, bodies by reference. An
 * item stays where it is until all of it has been taken, so that the kernel may
 * write from it. An empty queue holds no memory. */
#ifndef MOIM_NET_OUTQ_H
#define MOIM_NET_OUTQ_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "proto/base/blob.h"
#include "proto/base/macros.h"
#include "proto/base/slice.h"

enum {
    OUTQ_HEAD_MAX = 14, /* bytes of a head: the longest WebSocket one */
};

struct outq_item;

struct outq {
    struct outq_item *last; /* of a ring; its next is the first. NULL: empty */
    size_t bytes;           /* not yet taken */
};

void outq_init(struct outq *q);
/* Forgets everything. */
void outq_fini(struct outq *q);
/* Adds `head` (copied, at most OUTQ_HEAD_MAX bytes) and `body` (the reference
 * is taken; may be NULL). Together they are at least one byte. */
void outq_push(struct outq *q, struct slice head, struct blob *body);
/* Makes what was pushed last longer, unless some of it may be on its way: its
 * head becomes `head`, and `joint` and `body` come behind it as outq_push adds
 * them. False: nothing was done, and nothing was taken. */
bool outq_grow(struct outq *q, struct slice head, struct slice joint,
               struct blob *body) MUST_CHECK;
/* Points `bufs` at the front of the queue, at most `max` (2 or more) of them;
 * answers how many. *bytes: their sum. Borrowed until outq_take. All of it
 * counts as on its way. */
unsigned outq_gather(struct outq *q, struct iovec *bufs, unsigned max,
                     size_t *bytes);
/* Copies bytes from the front of the queue, at most `max`; answers how many.
 * They stay in the queue until outq_take. */
size_t outq_copy(const struct outq *q, uint8_t *out, size_t max);
/* The first `n` bytes have been written. */
void outq_take(struct outq *q, size_t n);

#endif
