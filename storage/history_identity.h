/* Is it the store that was known? Its id stands in a key of each slot of a
 * cluster, so that it goes where the slot goes, and in one of a single server.
 * Whoever writes has it compared by his script (history_known.lua), in the same
 * step; whoever reads, by a GET behind his commands on the same connection: a
 * store that loses everything in between does not slip through. Private to the
 * Redis history; the port is chat-core/ports/store.h. */
#ifndef MOIM_STORAGE_HISTORY_IDENTITY_H
#define MOIM_STORAGE_HISTORY_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "chat-core/ports/store.h"
#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/slice.h"
#include "proto/wire/resp.h"

struct history_redis;

enum {
    HISTORY_IDENTITY_ARGS = 2, /* behind those of a script */
};

struct history_identity {
    struct store base;
    bool guarded;       /* else every store is right */
    struct store_id id; /* "": not told yet */
    unsigned lost;      /* the slot in which it was missing last */
    uint32_t *numbers;  /* of a cluster: in the key of each slot. NULL: not
                           needed yet */
};

struct store *history_identity_guard(struct history_redis *h);
void history_identity_fini(struct history_identity *i);
/* False: every call is to be answered RC_AGAIN. */
bool history_identity_known(const struct history_redis *h);

/* The last arguments of a script, for a call about `key`. */
void history_identity_put_args(struct history_redis *h, struct slice key,
                               struct buf *out);
/* How many replies history_identity_put_get brings: 1 or 0. */
uint32_t history_identity_gets(const struct history_redis *h);
/* Appends the question for a read of `key`, the last of it. */
void history_identity_put_get(struct history_redis *h, struct slice key,
                              struct buf *out);
/* Its answer: RC_OK, RC_LOST, RC_AGAIN while it is not known what to expect, or
 * what the error reply means. Not called when there is none. */
enum rc history_identity_judge(struct history_redis *h, struct slice key,
                               const struct resp *reply) MUST_CHECK;
/* It was missing at `key`. Answers RC_LOST. */
enum rc history_identity_lost(struct history_redis *h,
                              struct slice key) MUST_CHECK;

#endif
