/* Who is here: the users with a session on this gateway, and the wide
 * conversations they are members of. It decides which topics this gateway is
 * subscribed to; deliver.h uses it to find the sessions of an event. */
#ifndef MOIM_CORE_AUDIENCE_H
#define MOIM_CORE_AUDIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "chat-core/core.h"
#include "proto/wire/bus_msg.h"

/* A session's place in the audience. Embedded in the session. */
struct seat {
    struct list node; /* in local_user.seats */
    struct local_user *user;
};

/* One user with at least one seat. */
struct local_user {
    struct core *core;
    struct user_id id;
    struct list seats;
    uint32_t seat_count;
    uint32_t calls; /* of the joining, still to come back */
    uint32_t holds; /* others who will come back to this record */
    bool ready;     /* subscribed to everything that concerns the user */
    bool failed;    /* something could not be subscribed: `why` */
    enum rc why;
    struct list joins;   /* those who wait for ready */
    struct wide **wides; /* the wide conversations this user is in */
    uint32_t wide_count;
};

/* One wide conversation with local members. */
struct wide {
    struct core *core;
    struct conv_id id;
    struct member_version version; /* `users` is true at this version */
    struct map users;              /* user id -> struct local_user */
    bool subscribed;               /* the bus has confirmed */
    bool subscribing;              /* the bus is asked */
    uint32_t calls;    /* open calls that will come back to this record */
    struct list waits; /* of joins, until subscribed */
    struct list held;  /* events that wait for the members of their version */
    size_t held_count;
    struct wheel_timer retry; /* the directory could not tell: ask again */
};

/* RC_OK: from now on nothing that concerns the user passes unheard. */
typedef void (*audience_fn)(void *ctx, enum rc rc);

/* Takes the seat for `user` and subscribes to what concerns him. The seat may
 * hear texts before `done`. `done` comes once, perhaps before this returns
 * (the user was here already), unless audience_leave comes first. What the
 * directory or the bus could not do is answered as they did; the seat is
 * taken all the same and must leave. */
void audience_join(struct core *c, struct seat *seat, struct user_id user,
                   audience_fn done, void *ctx);
/* Gives the seat back. Harmless for a seat not taken. */
void audience_leave(struct seat *seat);
bool audience_seated(const struct seat *seat);

/* A user that is here, or NULL. */
struct local_user *audience_user(struct core *c, struct user_id user);
/* A wide conversation with local members, or NULL. */
struct wide *audience_wide(struct core *c, struct conv_id conv);
/* A local user became a member of, or left, a wide conversation. */
void audience_member(struct core *c, const struct bus_member *change);
/* Keeps the record of `u` until audience_release, though its last seat may
 * go meanwhile. */
void audience_hold(struct local_user *u);
void audience_release(struct local_user *u);
/* Takes `u` out; unsubscribes and frees `w` when nobody is left. */
void wide_drop(struct wide *w, struct local_user *u);
/* Frees `w` if nobody and nothing needs it any more. */
void wide_settle(struct wide *w);

#endif
