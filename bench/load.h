/* Sessions of one load client: opens them, so many at a time, counts those
 * that are ready, and notices those that die. The scenario hears the texts. */
#ifndef MOIM_BENCH_LOAD_H
#define MOIM_BENCH_LOAD_H

#include <stddef.h>

#include "bench/crew.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/net/loop.h"
#include "proto/net/ws_client.h"
#include "proto/wire/token.h"

enum {
    LOAD_OPENING_MAX = 128,  /* handshakes at once, of a client */
    LOAD_OPENING_ALL = 2048, /* and of all together */
};

struct feed;
struct load;

/* One client. Its number says who it is: people_user(number); it stands on
 * gateway number % gateway_count, or so many further as it has moved. */
struct load_session {
    struct load *load;
    struct ws_client *client; /* NULL when it has ended, or is a feed */
    struct feed *feed;        /* NULL unless it listens over HTTP */
    bool ready;
    bool tries;    /* was not let in, see load's `trying` */
    uint8_t moves; /* how often it `returns` */
    bool leaves;   /* load_leave was asked to close it */
};

struct load {
    struct loop loop;
    const struct crew_job *job;
    struct token_keys keys;
    struct tls_client *tls;        /* NULL: plain */
    struct load_session *sessions; /* of the numbers from job->from on */
    size_t count;
    size_t opened; /* asked for so far */
    size_t opening;
    size_t closed;
    size_t opening_max;
    size_t leaving; /* sessions that load_come_again closed */
    size_t trying;  /* that were not let in, and wait a moment */
    bool returns;   /* who loses a connection comes back, at the next gateway */
    bool retries;   /* who was not let in tries again */
    bool held;      /* opens only whom load_open_next says */
    bool ending;
    struct wheel_timer watch; /* of the phase */
    /* A session is ready. May be NULL. */
    void (*on_ready)(struct load *l, size_t number);
    /* All have left that shall come again, and begin to. May be NULL. */
    void (*on_left)(struct load *l);
    /* A text that is not `ready`; borrowed until it returns. May be NULL. */
    void (*on_text)(struct load *l, size_t number, struct slice text);
    /* The parent has moved on; not called for CREW_END. May be NULL. */
    void (*on_phase)(struct load *l, enum crew_phase phase);
    enum crew_phase phase; /* as last looked at */
};

/* The loop and the sessions of `job`; on_text and on_phase are NULL. Complains
 * on stderr. RC_BAD_INPUT: no key, no CA. RC_BACKEND: no loop. */
enum rc load_init(struct load *l, const struct crew_job *job) MUST_CHECK;
/* A whole client that only keeps its sessions; a crew's process. Answers its
 * exit status. */
int load_client(const struct crew_job *job);
/* Connects, and runs until the parent says CREW_END and all have closed. */
void load_run(struct load *l);
void load_fini(struct load *l);
/* Opens the next session, when it is `held`. False: there are no more. */
bool load_open_next(struct load *l);
/* Closes the session of `number`, which is one of ours, for good. */
void load_leave(struct load *l, size_t number);
/* Closes all sessions, and when they are gone opens all of them at once: what
 * happens to a gateway when another one dies. */
void load_come_again(struct load *l);
/* Queues a text of `number`, which is one of ours. RC_CLOSED, RC_LIMIT: not
 * queued. */
enum rc load_send(struct load *l, size_t number, struct slice text) MUST_CHECK;

#endif
