/* What a chat client knows: conversations, people, and messages in order.
 * Pure data: no socket, no terminal, no clock.
 *
 * A conversation's messages are numbered 1, 2, 3, … They come live, twice,
 * late, or not at all; each is shown once, in order. What comes too early is
 * held until the gap before it has been filled from the history. */
#ifndef MOIM_MOIMCTL_CHAT_MODEL_H
#define MOIM_MOIMCTL_CHAT_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/ids.h"
#include "proto/base/list.h"
#include "proto/base/macros.h"
#include "proto/base/map.h"
#include "proto/base/rand.h"
#include "proto/base/slice.h"

enum {
    CHAT_HELD_MAX = 200, /* early messages of one conversation */
    CHAT_NAME_LEN = 22,  /* of a message: 16 random bytes in base64url */
};

/* One event of a conversation. Slices are borrowed. */
struct chat_msg {
    uint64_t seq;
    uint64_t ts_ms;
    struct user_id from;
    struct user_id subject; /* whom a change of members is about, or 0 */
    struct slice kind;      /* "message", "member.added", … */
    struct slice text;      /* of a message */
};

enum chat_presence {
    CHAT_UNKNOWN,
    CHAT_OFFLINE,
    CHAT_ONLINE,
};

struct chat_user {
    struct list node; /* in model->user_list, in the order they became known */
    struct user_id id;
    char *name;
    bool friend;  /* of ours */
    bool watched; /* we are told of changes */
    enum chat_presence presence;
    uint64_t since_ms; /* offline since; 0: unknown */
};

struct chat_conv {
    struct list node; /* in model->convs */
    struct conv_id id;
    bool direct;
    bool left;           /* not a member any more: only to be read */
    struct user_id peer; /* the other one of a direct conversation */
    char *title;
    uint64_t head;   /* the last seq known to exist */
    uint64_t have;   /* everything up to here has been shown or skipped */
    uint64_t oldest; /* the first seq shown since it was opened; 0: none */
    uint64_t unread;
    bool frozen; /* older messages are on their way: hold the new ones */
    bool asked;  /* what is missing has been asked for */
    uint64_t asked_after; /* what `have` was then */
    struct list held;
    size_t held_count;
};

/* A message of ours that has not been acknowledged. */
struct chat_pending {
    struct list node;
    struct conv_id conv;
    char name[CHAT_NAME_LEN + 1];
    char *text;
    bool sent; /* on this connection */
};

/* `msg` is borrowed until it returns. */
typedef void (*chat_show_fn)(void *owner, struct chat_conv *conv,
                             const struct chat_msg *msg);

struct chat_model {
    struct user_id me;
    struct list convs;
    size_t conv_count;
    struct chat_conv *open; /* the one on the screen, or NULL */
    struct map users;
    struct list user_list;
    struct list pending;
    size_t pending_count;
    chat_show_fn show;
    void *owner;
};

void chat_model_init(struct chat_model *m, chat_show_fn show, void *owner);
void chat_model_fini(struct chat_model *m);

/* The user, known from now on. `name` (copied) may be empty: then a name is
 * made up until a better one is told. */
struct chat_user *chat_user_put(struct chat_model *m, struct user_id id,
                                struct slice name);

/* What the server says of a conversation. */
struct chat_listed {
    struct conv_id id;
    bool direct;
    bool left;
    struct user_id peer;
    struct slice title; /* copied */
    uint64_t head;
    uint64_t unread;
};

/* Adds or updates one. What a new one holds already is not shown by itself
 * but for the last `fresh` messages. */
struct chat_conv *chat_conv_put(struct chat_model *m,
                                const struct chat_listed *listed,
                                uint64_t fresh);
struct chat_conv *chat_conv_find(const struct chat_model *m, struct conv_id id);
/* By number in the list (from 1), by title, or by title with the case of
 * ASCII letters ignored. NULL: none. */
struct chat_conv *chat_conv_called(const struct chat_model *m,
                                   struct slice name);
void chat_conv_remove(struct chat_model *m, struct chat_conv *conv);

enum chat_taken {
    CHAT_SHOWN,   /* perhaps others after it, too */
    CHAT_REPEAT,  /* had it already */
    CHAT_WAITING, /* held, or too much is held: something before it lacks */
};

/* One event, live or from the history. */
enum chat_taken chat_take(struct chat_model *m, struct chat_conv *conv,
                          const struct chat_msg *msg);
/* True when something up to the head has not come. */
bool chat_missing(const struct chat_conv *conv);
/* Gives up what is missing up to `seq`; shows what follows from there. */
void chat_skip_to(struct chat_model *m, struct chat_conv *conv, uint64_t seq);
/* The end of `frozen`: shows what was held. */
void chat_thaw(struct chat_model *m, struct chat_conv *conv);
/* The server's history is shorter than what we have: start over at `head`. */
void chat_rewind(struct chat_conv *conv, uint64_t head);

/* Queues a message (copied) with a name of its own, kept for every attempt. */
void chat_say(struct chat_model *m, struct conv_id conv, struct slice text,
              struct rand *rand);
/* The one to send: the first, unless it has been sent already; or NULL. One
 * at a time keeps them in order whatever happens to the connection. */
struct chat_pending *chat_to_send(const struct chat_model *m);
/* The first message was accepted; it is shown in its place. False: `name` is
 * another message's, an ack from before. */
bool chat_acked(struct chat_model *m, struct slice name, uint64_t seq,
                uint64_t ts_ms);
/* Forgets the first message: it was refused for good. */
void chat_refused(struct chat_model *m);
/* The first message has to be sent again. */
void chat_unsent(struct chat_model *m);
/* The connection is gone: nothing is on its way any more. What is frozen stays
 * so: its older messages are asked for again. */
void chat_lost_touch(struct chat_model *m);

#endif
