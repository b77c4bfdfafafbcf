/* The wide conversations with members on this gateway, and the rule that
 * keeps them exact. An event checked with member version v is for those who
 * are members at v: when it is newer than what this gateway knows, it waits
 * until the directory has told who of the users here still is a member. And
 * a member is shown nothing that stands before the seq he may read from. */
#ifndef MOIM_CORE_WIDE_H
#define MOIM_CORE_WIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "chat-core/audience.h"
#include "chat-core/core.h"
#include "proto/wire/bus_msg.h"

enum {
    HELD_MAX = 256,       /* events of one conversation that may wait */
    WIDE_RETRY_MS = 1000, /* what the directory could not tell is asked again */
};

/* One wide conversation with local members. */
struct wide {
    struct core *core;
    struct conv_id id;
    struct member_version version; /* everybody in `users` is a member at it */
    struct map users;              /* user id -> struct wide_user */
    struct list in_order;          /* the same, as they joined: who is told one
                                      after the other is so in memory, too */
    bool subscribed;               /* the bus has confirmed */
    bool subscribing;              /* the bus is asked */
    bool asking;                   /* the directory is asked */
    uint32_t calls;                /* open calls that come back to this */
    struct member_version low;     /* asking: the oldest knowledge so far */
    struct list waits;             /* of users, until subscribed */
    struct list
        held; /* events newer than `version`; then `asking` or `retry` */
    size_t held_count;
    struct wheel_timer retry;
};

/* A local member. */
struct wide_user {
    struct list node; /* in wide.in_order */
    struct local_user *user;
    struct member_version known; /* the newest version he is known to be in */
    struct msg_seq from; /* what stands here and later is for him; 0: nothing
                            yet, until it is known */
    bool waited;         /* once, for who began his joining to complete it */
    bool behind;         /* what stands after `have` has still to be given */
    struct msg_seq have;
};

/* `user` is a member as of `version`. */
struct wide_join {
    struct conv_id conv;
    struct member_version version;
    struct msg_seq from; /* 0: not known */
    bool behind;         /* he may have missed what stands from `from` on */
};

/* A wide conversation with local members, or NULL. */
struct wide *wide_find(struct core *c, struct conv_id conv);
/* The user has to be open. He is not ready before the topic is. */
void wide_join(struct local_user *u, const struct wide_join *join);
/* The user's last seat goes: takes him out of all of them. */
void wide_leave_all(struct local_user *u);
/* What the bus tells of members: on the user's own topic, on the
 * conversation's. */
void wide_user_changed(struct core *c, const struct bus_member *change);
void wide_conv_changed(struct core *c, const struct bus_member *change);
/* One event of the conversation's topic. */
void wide_event(struct core *c, const struct bus_event *e, struct blob *text);
/* Every session of every local member gets `text`, except those of `skip`. */
void wide_tell(const struct wide *w, struct blob *text, bool ephemeral,
               struct user_id skip);

/* The rest is for the files wide*.c. */

struct wide_user *wide_user_find(const struct wide *w,
                                 const struct local_user *u);
/* Takes `u` out, if he is in. */
void wide_drop(struct wide *w, const struct local_user *u);
/* Frees `w` if nobody and nothing needs it any more. */
void wide_settle(struct wide *w);
/* The retry timer fires within WIDE_RETRY_MS. */
void wide_retry_later(struct wide *w);
/* Gives the user what he is behind with. */
void wide_catch_up(struct wide *w, struct wide_user *wu);
/* Asks the directory who is a member, if somebody waits for that. */
void wide_ask(struct wide *w);
/* Shows what waited and may be shown by now. */
void wide_release(struct wide *w);
void wide_forget_held(struct wide *w);

#endif
