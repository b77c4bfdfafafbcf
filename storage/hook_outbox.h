/* What the webhooks' worker asks PostgreSQL: changes of friends and devices,
 * which wait in the table hook_events from their own transaction on; who may
 * have to be notified, and how his devices are woken. Every call is answered
 * once, from the loop, never before it has returned:
 *
 * RC_OK       done
 * RC_AGAIN    no connection: not done
 * RC_TIMEOUT, RC_BACKEND
 *             it may have been done */
#ifndef MOIM_STORAGE_HOOK_OUTBOX_H
#define MOIM_STORAGE_HOOK_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat-core/ports/lists.h"
#include "proto/base/ids.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/net/loop.h"

struct hook_outbox;

enum {
    HOOK_CHANGES_MAX = 100,  /* read at once */
    HOOK_MEMBERS_MAX = 1000, /* of larger ones the cursors are not kept */
};

struct hook_change {
    uint64_t id;         /* grows; unique for ever */
    struct user_id lane; /* those of one are told in order */
    struct slice type;
    struct user_id user;
    uint64_t other; /* a user or a device, as the type says */
    uint64_t at_ms;
};

/* A member of a conversation, as far as notifications go. */
struct hook_member {
    struct user_id user;
    struct msg_seq from; /* the first seq he may read; 0: none */
    uint64_t joined_ms;  /* of one who was out: when he came back; else 0 */
    uint64_t muted_ms;
    enum notify notify; /* for this conversation, or else for all */
};

/* How a device of a user is woken, and what it is to say: the name of who
 * wrote, and the title of the group, empty of a direct conversation. */
struct hook_wake {
    struct device_id device;
    struct slice endpoint;
    struct slice p256dh;
    struct slice auth;
    struct slice name;
    struct slice title;
};

/* Borrowed until they return. */
typedef void (*hook_wakes_fn)(void *ctx, enum rc rc,
                              const struct hook_wake *wakes, size_t count);
typedef void (*hook_members_fn)(void *ctx, enum rc rc,
                                const struct hook_member *members,
                                size_t count);
typedef void (*hook_changes_fn)(void *ctx, enum rc rc,
                                const struct hook_change *changes,
                                size_t count);
typedef void (*hook_dropped_fn)(void *ctx, enum rc rc);

struct hook_outbox_config {
    const char *conninfo; /* copied */
    uint64_t deadline_ms;
};

/* Starts to connect and goes on trying. RC_BAD_INPUT: see pg_pool_open. */
enum rc hook_outbox_open(struct hook_outbox **out, struct loop *l,
                         const struct hook_outbox_config *config) MUST_CHECK;
/* See pg_pool_close. Sets *o to NULL; NULL is fine. */
void hook_outbox_close(struct hook_outbox **o);
bool hook_outbox_ready(const struct hook_outbox *o);

/* The oldest changes. Who asks is taken to want them for another 30 days. */
void hook_outbox_read(struct hook_outbox *o, hook_changes_fn done, void *ctx);
/* Takes them away. */
void hook_outbox_drop(struct hook_outbox *o, const uint64_t *ids, size_t count,
                      hook_dropped_fn done, void *ctx);
/* The members of a conversation; none of one with more than
 * HOOK_MEMBERS_MAX. */
void hook_outbox_members(struct hook_outbox *o, struct conv_id conv,
                         hook_members_fn done, void *ctx);
/* The devices of `user` that can be woken for what `from` said in `conv`; none
 * when he has left it, or muted it meanwhile. */
void hook_outbox_wakes(struct hook_outbox *o, struct user_id user,
                       struct conv_id conv, struct user_id from,
                       hook_wakes_fn done, void *ctx);
/* The device is not to be found there any more. */
void hook_outbox_gone(struct hook_outbox *o, struct device_id device,
                      struct slice endpoint, hook_dropped_fn done, void *ctx);

#endif
