/* One connection to a Redis server that mends itself: commands are pipelined
 * and leave in one write per turn of the loop, replies are matched in order,
 * and a server that does not answer in time is as dead as one that closed.
 *
 * Every call (resp_calls.h) is answered exactly once, from the loop, never
 * before the function that started it has returned:
 *
 * RC_OK       all replies are there; each may still be an error (resp_rc)
 * RC_AGAIN    not connected, or too much is waiting: never sent
 * RC_TIMEOUT  no answer within the deadline: it may have been done
 * RC_BACKEND  the connection broke: it may have been done
 * RC_CLOSED   resp_conn_close came first: it may have been done */
#ifndef MOIM_STORAGE_RESP_CONN_H
#define MOIM_STORAGE_RESP_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/histogram.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/net/loop.h"
#include "proto/wire/resp.h"
#include "storage/resp_calls.h"

struct resp_conn;

enum {
    RESP_CONN_DEADLINE_MS = 2000,
    RESP_CONN_IDLE_MS = 2000,       /* silence after which it is pinged */
    RESP_CONN_CALLS_MAX = 65536,    /* waiting for an answer */
    RESP_CONN_QUEUE_MAX = 32 << 20, /* bytes waiting to be written */
    RESP_SHA_LEN = 40,
};

/* Where a server is and how to be let in. Copied by who is handed it. */
struct redis_config {
    const char *address;  /* as redis_url.h reads */
    const char *password; /* NULL: none */
    uint64_t deadline_ms; /* 0: RESP_CONN_DEADLINE_MS */
    /* Both for TLS, where the server's certificate is always checked. */
    const char *tls_ca;   /* file of those trusted; NULL, "": the system's */
    const char *tls_name; /* in the certificate; NULL, "": the address's host */
};

/* A Lua script of the owner. It is loaded at every connect. */
struct resp_script {
    const char *text; /* static */
    char sha[RESP_SHA_LEN + 1];
};

struct resp_conn_events {
    /* Calls are taken from now on. May be NULL. */
    void (*on_ready)(void *owner);
    /* No more; after on_ready. Calls that waited have been answered. May be
     * NULL. */
    void (*on_lost)(void *owner);
    /* Every reply comes here first: true, it was a message that nobody asked
     * for (or the connection was given up over it); false, it answers
     * `oldest`, which may be NULL. Borrowed until it returns. NULL: all replies
     * are answers. */
    bool (*on_push)(void *owner, const struct resp *reply,
                    const struct resp_call *oldest);
};

struct resp_conn_config {
    struct redis_config redis;
    const char *name;            /* for the log; static */
    struct resp_script *scripts; /* the owner's; their `sha` is filled in */
    size_t script_count;
    const struct resp_conn_events *events;
    void *owner;
    struct resp_conn_stats *stats; /* shared with others, until it is closed;
                                      NULL: its own */
};

struct resp_conn_stats {
    uint64_t calls;           /* taken */
    uint64_t refused;         /* answered RC_AGAIN */
    uint64_t connects;        /* became ready */
    uint64_t losses;          /* of a ready connection */
    uint64_t timeouts;        /* of them, for want of an answer */
    uint64_t bad;             /* of them, for a reply that was none */
    struct histogram replies; /* from the call to the last reply */
};

/* Starts connecting, and goes on trying until it is closed; nothing of that
 * keeps the loop running by itself. RC_BAD_INPUT: not an address. */
enum rc resp_conn_open(struct resp_conn **out, struct loop *l,
                       const struct resp_conn_config *config) MUST_CHECK;
/* Answers every waiting call with RC_CLOSED before it returns, then calls
 * nothing of the owner any more. Sets *c to NULL; NULL is fine. */
void resp_conn_close(struct resp_conn **c);

bool resp_conn_ready(const struct resp_conn *c);
/* Starts a call of one command. */
void resp_conn_send(struct resp_conn *c, struct resp_call *call,
                    resp_done_fn done, const struct slice *args, size_t count);
/* Starts a call with `want` replies: the caller appends its commands to the
 * answer (resp_command) at once. NULL: refused, append nothing. */
struct buf *resp_conn_begin(struct resp_conn *c, struct resp_call *call,
                            resp_done_fn done, uint32_t want);
/* Gives the connection up and makes a new one: the server said something that
 * leaves no other way to know what it believes. */
void resp_conn_drop(struct resp_conn *c);
/* Borrowed as long as the connection is open. */
const struct resp_conn_stats *resp_conn_stats(const struct resp_conn *c);

#endif
