/* The history as the logic sees it: an append-only log of events per
 * conversation. Asynchronous: a callback comes once, from the loop, never
 * before the call that started it has returned. What callbacks get is
 * borrowed until they return. */
#ifndef MOIM_PORTS_HISTORY_H
#define MOIM_PORTS_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/ids.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

struct history;

enum {
    HISTORY_PAGE_MAX = 100,    /* events in one range */
    HISTORY_HEADS_MAX = 1000,  /* conversations in one heads call */
    HISTORY_NAME_MAX = 64,     /* bytes of a client message id */
    HISTORY_EARLIER_MAX = 10,  /* versions remembered of one event */
    HISTORY_HIDDEN_MAX = 1000, /* events hidden from one user in one */
    HISTORY_UNREAD_MAX = 100,  /* events looked at to count what is unread */
    HISTORY_MARKS_MAX = 4000,  /* cursors; of more none is told */
};

/* What an append also does to an earlier event, in the same step. With `now`
 * empty nothing: the event only has to be there. */
struct history_change {
    struct msg_seq seq;     /* of that event; not 0 */
    struct slice was;       /* what has to stand there; copied */
    struct slice now;       /* what stands there then; copied. A NUL in it
                               becomes the seq of the appended event */
    struct msg_seq emptied; /* another event that is purged; 0: none */
    struct slice earlier;   /* to be remembered as a version; empty: nothing */
    bool forget;            /* its remembered versions are forgotten */
};

struct history_append {
    struct conv_id conv;
    struct user_id from;
    struct slice name;  /* client message id, unique per `from`; copied */
    uint64_t body_hash; /* a repeat of `name` must have the same */
    struct member_version mver; /* the version the sender's gateway believes */
    uint64_t ts_ms;             /* wall clock */
    uint64_t keep_ms;           /* how long events are kept; 0: for ever */
    struct slice event;         /* opaque stored bytes; copied */
    const struct history_change *change; /* NULL: none */
};

struct history_appended {
    struct msg_seq seq;
    uint64_t ts_ms; /* of the first append when `repeat` */
    bool repeat;    /* the name was known: nothing was stored */
};

/* RC_OK        stored under the configured durability, or a repeat of it
 * RC_CONFLICT  the name was used with another body
 * RC_STALE     the conversation's member version is newer than `mver`; nothing
 *              was stored. An append with a newer version than the store's is
 *              accepted and moves the store's forward.
 * RC_MOVED     something else stands where the change is to be made; nothing
 *              was stored
 * RC_AGAIN     not connected or refused (full, loading, read-only); nothing
 *              was stored
 * RC_TIMEOUT   no answer within the deadline, or fewer replicas have it than
 *              the tier wants; it may have been stored
 * RC_BACKEND   the connection broke; it may have been stored
 * RC_LOST      the store is not the one that was known (ports/store.h);
 *              nothing was stored, and reads answer nothing either */
typedef void (*history_appended_fn)(void *ctx, enum rc rc,
                                    const struct history_appended *out);

struct history_head {
    struct conv_id conv;
    struct msg_seq head;   /* 0: nothing stored yet */
    struct msg_seq oldest; /* oldest seq kept; 1 when nothing was purged */
    uint64_t oldest_ms;    /* nothing that is kept is older; 0: not known */
    struct member_version mver;
    uint64_t ts_ms;      /* of the last event */
    struct msg_seq read; /* read cursor of the asked user */
    uint64_t hidden;     /* how many events are hidden from him */
    bool hides;          /* something is hidden from somebody */
    bool away;           /* its server does not answer, or not for sure: nothing
                            is known */
};

/* Events first.v, first.v + 1, ... `count` of them; fewer than asked only at
 * the head. */
struct history_page {
    struct history_head head;
    struct msg_seq first;
    size_t count;
    const struct slice *events; /* stored bytes; empty slice: purged */
};

/* RC_TIMEOUT is also: with tier t2 replicas lack something of it. */
typedef void (*history_page_fn)(void *ctx, enum rc rc,
                                const struct history_page *page);
/* The versions an event had before, the oldest first. */
typedef void (*history_earlier_fn)(void *ctx, enum rc rc,
                                   const struct slice *versions, size_t count);
/* `heads` is in the order asked. RC_OK: of one conversation at least it is
 * known, also when the servers of others are `away`. */
typedef void (*history_heads_fn)(void *ctx, enum rc rc,
                                 const struct history_head *heads,
                                 size_t count);
/* How far a user is. Who has read something has got it. */
struct history_mark {
    struct user_id user;
    struct msg_seq read;
    struct msg_seq delivered; /* to one of his devices at least */
};

enum history_cursor {
    CURSOR_READ,
    CURSOR_DELIVERED,
};

/* The user's cursor shall be at `seq`. */
struct history_move {
    struct conv_id conv;
    struct user_id user;
    enum history_cursor cursor;
    struct msg_seq seq;
};

/* The oldest seq kept, which may be one after the head. */
typedef void (*history_trimmed_fn)(void *ctx, enum rc rc,
                                   struct msg_seq oldest);
/* How many messages were erased, and where the next part begins; 0: that was
 * all of it. */
typedef void (*history_erased_fn)(void *ctx, enum rc rc, uint64_t count,
                                  struct msg_seq next);
/* The cursors after the call, never behind those before. `mark` is NULL unless
 * RC_OK. */
typedef void (*history_mark_fn)(void *ctx, enum rc rc,
                                const struct history_mark *mark, bool moved);
/* Every user that has a cursor, in any order; ex-members too. */
typedef void (*history_marks_fn)(void *ctx, enum rc rc,
                                 const struct history_mark *marks,
                                 size_t count);
/* How many users have read, and how many have got, that event. */
typedef void (*history_counts_fn)(void *ctx, enum rc rc, uint64_t reads,
                                  uint64_t delivereds);
/* RC_LIMIT: HISTORY_HIDDEN_MAX are hidden already. */
typedef void (*history_hide_fn)(void *ctx, enum rc rc, uint64_t hidden);
/* In the order of hiding. */
typedef void (*history_hidden_fn)(void *ctx, enum rc rc,
                                  const struct msg_seq *seqs, size_t count);

/* Some of the last events of a conversation. */
struct history_span_ask {
    struct conv_id conv;
    struct msg_seq first;
    struct msg_seq last; /* at most HISTORY_UNREAD_MAX from `first` on */
};

/* How many messages of others each span holds, in the order asked. */
typedef void (*history_unread_fn)(void *ctx, enum rc rc, const uint64_t *counts,
                                  size_t count);

struct history_ops {
    void (*append)(struct history *h, const struct history_append *in,
                   history_appended_fn done, void *ctx);
    /* `count` events from `first` (1 and up), at most HISTORY_PAGE_MAX. */
    void (*range)(struct history *h, struct conv_id conv, struct msg_seq first,
                  size_t count, history_page_fn done, void *ctx);
    /* The last `count` events up to and including `last`; last 0: the head. */
    void (*tail)(struct history *h, struct conv_id conv, struct msg_seq last,
                 size_t count, history_page_fn done, void *ctx);
    /* Heads of up to HISTORY_HEADS_MAX conversations (copied), with the read
     * cursor of `user`. */
    void (*heads)(struct history *h, struct user_id user,
                  const struct conv_id *convs, size_t count,
                  history_heads_fn done, void *ctx);
    /* Moves a cursor forward, clamped to the head. */
    void (*mark)(struct history *h, const struct history_move *move,
                 history_mark_fn done, void *ctx);
    void (*marks)(struct history *h, struct conv_id conv, history_marks_fn done,
                  void *ctx);
    void (*counts)(struct history *h, struct conv_id conv, struct msg_seq seq,
                   history_counts_fn done, void *ctx);
    /* Spans (copied) of up to HISTORY_HEADS_MAX conversations. */
    void (*unread)(struct history *h, struct user_id user,
                   const struct history_span_ask *spans, size_t count,
                   history_unread_fn done, void *ctx);
    /* Hides an event, which stands there, from one user. */
    void (*hide)(struct history *h, struct conv_id conv, struct user_id user,
                 struct msg_seq seq, history_hide_fn done, void *ctx);
    void (*hidden)(struct history *h, struct conv_id conv, struct user_id user,
                   history_hidden_fn done, void *ctx);
    /* Purges what is from before `before_ms`, or much of it: the next call goes
     * on. */
    void (*trim)(struct history *h, struct conv_id conv, uint64_t before_ms,
                 history_trimmed_fn done, void *ctx);
    /* Erases the texts of what `user` has said from `first` on, or of a part of
     * it: his messages become deleted ones, by himself and at `now_ms`; with
     * the last part his cursors go. Idempotent. */
    void (*erase)(struct history *h, struct conv_id conv, struct user_id user,
                  struct msg_seq first, uint64_t now_ms, history_erased_fn done,
                  void *ctx);
    /* What is remembered of an event, at most HISTORY_EARLIER_MAX. */
    void (*earlier)(struct history *h, struct conv_id conv, struct msg_seq seq,
                    history_earlier_fn done, void *ctx);
    /* False: an append now would answer RC_AGAIN. */
    bool (*ready)(struct history *h);
};

/* Embedded first in every implementation. */
struct history {
    const struct history_ops *ops;
};

#endif
