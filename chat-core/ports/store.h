/* Which store holds the history? One that comes back empty, or is another one,
 * answers like the right one, and would begin every conversation at 1 again. So
 * each bears an id: the history's calls are for the store of the expected id,
 * and answer RC_LOST when it is not there. */
#ifndef MOIM_PORTS_STORE_H
#define MOIM_PORTS_STORE_H

#include <stdbool.h>

#include "proto/base/rc.h"
#include "proto/base/slice.h"

struct store;

enum {
    STORE_ID_LEN = 32, /* hexadecimal digits */
};

struct store_id {
    char s[STORE_ID_LEN + 1];
};

/* A store that was found, and where in it: a slot of a cluster, else 0. */
struct store_found {
    struct store_id id;
    unsigned slot;
};

/* RC_AGAIN, RC_TIMEOUT, RC_BACKEND, RC_CLOSED: it could not be reached. */
typedef void (*store_done_fn)(void *ctx, enum rc rc);
/* `found` is NULL unless RC_OK. */
typedef void (*store_found_fn)(void *ctx, enum rc rc,
                               const struct store_found *found);

/* Callbacks come once, from the loop. */
struct store_ops {
    /* From now on (copied). Until the first time every call answers
     * RC_AGAIN. */
    void (*expect)(struct store *s, const struct store_id *id);
    /* Looks into each of its servers, and where something was missing last.
     * RC_LOST: one of them bears another id, or none. RC_OK: none does, and
     * that one place was among those seen. */
    void (*look)(struct store *s, store_done_fn done, void *ctx);
    /* Which id stands in slot `slot`? When there is none, `fresh` (copied) does
     * from now on. */
    void (*name)(struct store *s, unsigned slot, const struct store_id *fresh,
                 store_found_fn done, void *ctx);
    /* A slot in which the expected id was missing last; 0 when none was. */
    unsigned (*where)(const struct store *s);
    /* Writes `id` (copied) into all of it. */
    void (*mark)(struct store *s, const struct store_id *id, store_done_fn done,
                 void *ctx);
};

/* Embedded in every implementation. */
struct store {
    const struct store_ops *ops;
};

/* The store that is known: a row of the directory. */
struct store_row {
    struct slice id;
    unsigned slot; /* where it was found */
    bool whole;    /* its id has been written into all of it */
};

/* RC_NOT_FOUND: none is known. `row` is NULL unless RC_OK. */
typedef void (*store_row_fn)(void *ctx, enum rc rc,
                             const struct store_row *row);

#endif
