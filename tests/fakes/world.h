/* A small world for tests of chat-core: a few gateways' cores on one fake
 * bus, history and directory, a clock that stands still until it is moved,
 * and sessions that remember what they were told. */
#ifndef MOIM_TESTS_WORLD_H
#define MOIM_TESTS_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat-core/audience.h"
#include "chat-core/core.h"
#include "chat-core/page.h"
#include "chat-core/say.h"
#include "chat-core/sync.h"
#include "tests/fakes/fake_bus.h"
#include "tests/fakes/fake_calls.h"
#include "tests/fakes/fake_directory.h"
#include "tests/fakes/fake_history.h"

enum {
    WORLD_GATES = 3,
    WORLD_EVENTS_MAX = 400, /* of one conversation that an ear remembers */
};

struct gate {
    struct core core;
    struct wheel wheel;
    struct rand rand;
    struct fake_calls *history;
    struct fake_calls *directory;
};

struct world {
    struct fake_bus *bus;
    struct fake_history *history;
    struct fake_directory *directory;
    struct clock clock;
    struct gate gates[WORLD_GATES];
};

void world_open(struct world *w);
/* Every ear has left. Lets everything come to an end and frees it. */
void world_close(struct world *w);
/* Bus and stores work until nobody asks for anything more. */
void world_settle(struct world *w);
/* Moves the clock, fires what is due, and settles. */
void world_pass(struct world *w, uint64_t ms);
/* One gateway of a world, apart: for the simulation. */
void gate_open(struct gate *g, struct fake_bus *bus, struct history *history,
               struct directory *directory, const struct clock *clock);
void gate_close(struct gate *g);

/* A session that remembers what it was told. */
struct ear {
    struct seat seat; /* first */
    struct user_id user;
    size_t joined; /* answers to the joining */
    enum rc joined_rc;
    size_t seen[WORLD_EVENTS_MAX]; /* how often, by seq */
    struct conv_id conv;           /* of the last event */
    uint64_t last_seq;
    size_t events;
    size_t others; /* not events: resync, typing */
    size_t resyncs;
    size_t ephemerals;
    size_t lists; /* changes of lists; nothing else counts them */
    size_t revokes;
    struct user_id blocked; /* the last whom it shall not see */
    char *last;             /* the last text */
};

/* Joins at gateway `at`; answered after a settle. */
void ear_join(struct world *w, struct ear *e, size_t at, uint64_t user);
void ear_leave(struct ear *e);
/* Forgets what it heard. */
void ear_forget(struct ear *e);

/* Results of calls, the last one. */
struct got {
    size_t calls;
    enum rc rc;
    struct said said;
    struct conv_id conv;
    struct msg_seq seq;
    struct page page; /* without its events */
    size_t empty;     /* events of the page that are purged */
    struct sync_one ones[8];
    size_t count;
    size_t pages; /* of a sync */
};

void got_said(void *ctx, enum rc rc, const struct said *said);
void got_changed(void *ctx, enum rc rc, struct conv_id conv,
                 struct msg_seq seq);
void got_page(void *ctx, enum rc rc, const struct page *page);
void got_sync_page(void *ctx, const struct page *page);
void got_synced(void *ctx, enum rc rc, const struct sync_one *ones,
                size_t count);

/* Says `text` under `name` as `user` at gateway `at`. */
void world_say(struct world *w, size_t at, struct conv_id conv, uint64_t user,
               const char *name, struct got *got);
/* Puts `count` events into the history, with the version the directory has;
 * named "<prefix>1" and so on, from `user`. */
void world_fill(struct world *w, struct conv_id conv, uint64_t user,
                size_t count);

#endif
