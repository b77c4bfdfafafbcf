/* What a user has in lists, as the directory tells it: friends, blocks,
 * conversations, settings, the own profile. All of it together has one
 * version; an entry has that of its last change. Types only. */
#ifndef MOIM_PORTS_LISTS_H
#define MOIM_PORTS_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/ids.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

enum {
    AVATAR_MAX_BYTES = 512,
    REMARK_MAX_BYTES = 64,
};

enum list_kind {
    LIST_FRIENDS = 1,
    LIST_BLOCKS = 2,
    LIST_CONVS = 3,
    LIST_SETTINGS = 4,
    LIST_PROFILE = 5,
};

/* Who may do something to me. 0, here and below: leave it as it is. */
enum circle {
    CIRCLE_ANYBODY = 1,
    CIRCLE_FRIENDS = 2,
    CIRCLE_NOBODY = 3,
};

/* What a device shall make a noise for. */
enum notify {
    NOTIFY_ALL = 1,
    NOTIFY_MENTIONS = 2,
    NOTIFY_NONE = 3,
    NOTIFY_DEFAULT = 4, /* of a conversation: as the user's settings say */
};

/* Of a user. */
struct user_settings {
    enum circle reach; /* who may begin a conversation with me */
    enum circle seen;  /* who sees whether I am there */
    enum notify notify;
};

/* Of a user's place in a conversation. */
struct conv_settings {
    uint64_t muted_until_ms; /* Unix time; 0: not muted */
    bool pinned;
    enum notify notify;
};

/* A change of those; what is not `has`, and notify 0, stays. */
struct conv_settings_change {
    struct conv_settings to;
    bool has_muted;
    bool has_pinned;
};

/* Names an entry. `item` is the other user, the conversation, or the owner
 * himself. `owner` 0 with a conversation: whoever owns that. */
struct list_ref {
    struct user_id owner;
    enum list_kind list;
    uint64_t item;
};

/* An entry as it is now; which fields count is the list's business. */
struct list_entry {
    struct list_ref ref;
    uint64_t version;
    bool present;        /* false: it is in the list no more */
    struct user_id user; /* friend, blocked, of a direct conversation the
                          * other, oneself */
    struct slice name;   /* of `user` */
    struct slice avatar;
    unsigned state; /* enum friend_state */
    struct slice remark;
    unsigned conv_kind; /* enum conv_kind */
    struct slice title; /* of a group */
    unsigned role;      /* enum role */
    struct conv_settings conv;
    struct user_settings settings;
};

/* Entries in the order of their versions; `version` is that of all lists. */
typedef void (*entries_fn)(void *ctx, enum rc rc, uint64_t version,
                           const struct list_entry *entries, size_t count);

#endif
