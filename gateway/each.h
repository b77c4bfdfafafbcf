/* One request that does something for each of many users, some at a time, and
 * is answered with what came of it:
 *
 *     {"type":"outcome","done":997,"refused":["…"],"failed":["…"]}
 *
 * `refused` would be again; `failed` may be repeated, as the whole may be. */
#ifndef MOIM_GATEWAY_EACH_H
#define MOIM_GATEWAY_EACH_H

#include <stdbool.h>

#include "gateway/request.h"

enum {
    EACH_USERS_MAX = 1000,
    EACH_RUNNING_MAX = 4, /* such requests at a time; more are told to wait */
};

struct each {
    struct request *request;
    /* Begins with the i-th user; each_done comes later, or at once. */
    void (*begin)(struct each *e, size_t i);
    void (*free)(struct each *e); /* it has been answered */
    size_t count;
    size_t next;    /* the one to begin with */
    size_t at_once; /* begun and not done */
    bool beginning;
    struct user_id users[EACH_USERS_MAX];
    enum rc rcs[EACH_USERS_MAX];
};

/* Reads the field "users", of 1 to EACH_USERS_MAX. False: the request was
 * answered, since that is wrong or too many of the kind are running. `e`
 * (zeroed) is embedded in what `free` frees. */
bool each_read(struct each *e, struct request *r,
               struct client_fields *f) MUST_CHECK;
/* Begins; `begin` and `free` are set. */
void each_run(struct each *e);
void each_done(struct each *e, size_t i, enum rc rc);

#endif
