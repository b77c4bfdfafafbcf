/* Who is here: the users with a session on this gateway, and those who have
 * just gone (linger.h). It decides which user topics this gateway is subscribed
 * to, and begins the listening to the wide conversations (wide.h) its users are
 * members of. */
#ifndef MOIM_CORE_AUDIENCE_H
#define MOIM_CORE_AUDIENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat-core/core.h"

struct join;
struct reload;
struct wide;

/* A session's place in the audience. Embedded in the session, zeroed. */
struct seat {
    struct seat *next; /* of the same user */
    struct local_user *user;
    struct join *join; /* set while it waits for `done` */
};

/* One user with at least one seat, or who lingers: as small as it can be, for
 * there are as many as sessions.
 *
 *   closed --> opening --> ready     closed: nobody listens for him
 *      ^          |          |
 *      +----------+----------+                                            */
struct local_user {
    struct core *core;
    struct user_id id;
    struct seat *seats;    /* in the order in which they came */
    uint32_t calls;        /* of the opening, still to come back */
    uint32_t holds;        /* others who will come back to this record */
    uint32_t left_s;       /* he lingers since then; monotonic */
    uint8_t why;           /* enum rc; the first failure of the opening */
    bool open;             /* his topic is asked for */
    bool ready;            /* subscribed to everything that concerns the user */
    bool lost;             /* something was lost: tell him to sync */
    uint32_t wide_count;   /* of `wides` */
    struct wide **wides;   /* the wide conversations this user is in */
    struct list joins;     /* those who wait for ready; while he lingers, his
                              place in core.linger */
    struct reload *reload; /* set: the directory is asked again later */
};

/* RC_OK: from now on nothing that concerns the user passes unheard. */
typedef void (*audience_fn)(void *ctx, enum rc rc);

/* Takes the seat for `user` and subscribes to what concerns him. The seat is
 * told no text before `done`. `done` comes once, perhaps before this returns
 * (the user was here already), unless audience_leave comes first. What the
 * directory or the bus could not do is answered as they did; the seat is
 * taken all the same and must leave. */
void audience_join(struct core *c, struct seat *seat, struct user_id user,
                   audience_fn done, void *ctx);
/* Gives the seat back. Harmless for a seat not taken. */
void audience_leave(struct seat *seat);
bool audience_seated(const struct seat *seat);

/* A user that is here, perhaps without a seat, or NULL. */
struct local_user *audience_user(struct core *c, struct user_id user);
/* How many have a seat. */
size_t audience_count(const struct core *c);
/* If `u` has no seat, nothing is kept of him any more, nor is `u` itself. */
void audience_forget(struct local_user *u);

/* The rest is for the other files of chat-core. */

/* What the bus told of `u` was lost for good: finds out which conversations
 * he is in now, listens to those that are new, then tells him to sync. Who
 * has no seat is forgotten instead. */
void audience_lost(struct local_user *u);
/* Keeps the record of `u` until audience_release, though its last seat may
 * go meanwhile. */
void audience_hold(struct local_user *u);
void audience_release(struct local_user *u);
/* One thing more that has to come back before `u` is ready; and back it is. */
void audience_expect(struct local_user *u);
void audience_answered(struct local_user *u, enum rc rc);

#endif
