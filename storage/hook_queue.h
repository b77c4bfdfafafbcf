/* The webhooks' queue (hook_keys.h) as a worker sees it: who works which
 * partition, what waits there, how far each conversation was told; and takes
 * away what was. It is one Redis or a Redis Cluster. Every call is answered
 * once, from the loop, never before it has returned:
 *
 * RC_OK       done
 * RC_AGAIN    not connected: not done; or the partition is on its way
 * RC_TIMEOUT, RC_BACKEND, RC_CLOSED
 *             it may have been done */
#ifndef MOIM_STORAGE_HOOK_QUEUE_H
#define MOIM_STORAGE_HOOK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/ids.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/net/loop.h"
#include "storage/bus_replay.h"
#include "storage/hook_keys.h"
#include "storage/resp_conn.h"

struct hook_queue;

enum {
    HOOK_PAGE = 100,    /* entries read at once */
    HOOK_CREW_MAX = 64, /* workers that are heard of */
};

enum hook_kind {
    HOOK_POINTER, /* to an event in the history */
    HOOK_EVENT,   /* a whole one, of a user */
    HOOK_FOREIGN, /* not written by us */
};

/* Slices are borrowed from the reply. */
struct hook_entry {
    struct replay_id id; /* in its partition: */
    unsigned part;
    enum hook_kind kind;
    struct conv_id conv; /* HOOK_POINTER */
    struct msg_seq seq;
    struct user_id user; /* HOOK_EVENT */
    struct slice name;   /* unique, the same at every telling */
    uint64_t ts_ms;
    struct slice type;
    struct slice data; /* one JSON value */
};

/* `waiting`: entries in the partition, these too. */
typedef void (*hook_page_fn)(void *ctx, enum rc rc,
                             const struct hook_entry *entries, size_t count,
                             uint64_t waiting);
/* 0: it is not known. */
typedef void (*hook_told_fn)(void *ctx, enum rc rc, struct msg_seq told);
typedef void (*hook_held_fn)(void *ctx, enum rc rc, bool held);
/* Everybody who runs, in any order; borrowed until it returns. */
typedef void (*hook_crew_fn)(void *ctx, enum rc rc, const uint64_t *workers,
                             size_t count);
typedef void (*hook_done_fn)(void *ctx, enum rc rc);

/* Starts connecting and goes on trying. RC_BAD_INPUT: not addresses. */
enum rc hook_queue_open(struct hook_queue **out, struct loop *l,
                        const struct redis_config *config) MUST_CHECK;
/* Answers every waiting call with RC_CLOSED before it returns. Sets *q to
 * NULL; NULL is fine. */
void hook_queue_close(struct hook_queue **q);
bool hook_queue_ready(const struct hook_queue *q);

/* Reads one element of XRANGE's answer, all but its partition. False: not an
 * entry of any stream. */
bool hook_entry_parse(const struct resp *r, struct hook_entry *out) MUST_CHECK;

/* Says that the worker is there for another `ms` (0: it goes). */
void hook_queue_crew(struct hook_queue *q, uint64_t worker, uint64_t ms,
                     hook_crew_fn done, void *ctx);

/* A worker's lease of a partition. */
struct hook_lease {
    unsigned part;
    uint64_t worker;
    uint64_t ms;
};
/* Takes it, or renews it. */
void hook_queue_lease(struct hook_queue *q, struct hook_lease lease,
                      hook_held_fn done, void *ctx);
/* The first entries of a partition behind `after`, at most HOOK_PAGE. */
void hook_queue_read(struct hook_queue *q, unsigned part,
                     struct replay_id after, hook_page_fn done, void *ctx);
/* Up to where the conversation was told. */
void hook_queue_told(struct hook_queue *q, struct conv_id conv,
                     hook_told_fn done, void *ctx);
/* Remembers that (0: nothing) and takes `entry` (ms 0: none) away. One of them
 * at least; all of one partition. */
struct hook_finish {
    unsigned part;
    struct conv_id conv;
    struct msg_seq told;
    struct replay_id entry;
};
void hook_queue_finish(struct hook_queue *q, const struct hook_finish *what,
                       hook_done_fn done, void *ctx);
/* Puts an event of a user behind the others; its id, kind and partition are
 * not looked at. */
void hook_queue_add(struct hook_queue *q, const struct hook_entry *event,
                    hook_done_fn done, void *ctx);

#endif
