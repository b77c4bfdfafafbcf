/* The directory as the logic sees it: users, devices, friends, conversations
 * and their members. Asynchronous: a callback comes once, from the loop,
 * never before the call that started it has returned. What callbacks get is
 * borrowed until they return; what calls are given is copied.
 *
 * Every callback may hear, beside the codes named at it:
 * RC_AGAIN    no connection or the queue is full; nothing was done
 * RC_TIMEOUT  no answer within the deadline; it may have been done
 * RC_BACKEND  the connection broke or the database refused */
#ifndef MOIM_PORTS_DIRECTORY_H
#define MOIM_PORTS_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat-core/ports/devices.h"
#include "chat-core/ports/friends.h"
#include "chat-core/ports/keys.h"
#include "chat-core/ports/lists.h"
#include "chat-core/ports/store.h"
#include "proto/base/ids.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"

struct directory;

enum {
    NAME_MAX_BYTES = 64,     /* of a user name */
    TITLE_MAX_BYTES = 128,   /* of a group title */
    NARROW_MAX_MEMBERS = 16, /* more, and a conversation is wide */
    LISTED_MAX_MEMBERS = 32, /* more, and its members are not listed */
    GROUP_MAX_MEMBERS = 100000,
    MEMBER_GAPS_MAX = 4,        /* absences kept of one member */
    GROUP_MAX_INVITES = 100,    /* that still let people in */
    INVITE_HASH_LEN = 64,       /* characters: SHA-256 in hex */
    DIRECTORY_BATCH_MAX = 1000, /* users or conversations in one call */
};

enum conv_kind {
    CONV_DIRECT = 1,
    CONV_GROUP = 2,
};

/* In order of power. */
enum role {
    ROLE_NONE = 0, /* not a member, or not any more */
    ROLE_MEMBER = 1,
    ROLE_ADMIN = 2,
    ROLE_OWNER = 3,
};

struct user_row {
    struct user_id id;
    struct slice name;          /* as the user writes it */
    struct slice password_hash; /* PHC string; only from user_by_name, _id */
    uint64_t last_seen_ms;      /* 0: never or not known */
    struct slice avatar;        /* what the user's clients make of it */
    bool bot;                   /* a program, which only keys write as */
};

/* `user` is NULL unless RC_OK. RC_NOT_FOUND, RC_CONFLICT (name is taken). */
typedef void (*user_fn)(void *ctx, enum rc rc, const struct user_row *user);
typedef void (*users_fn)(void *ctx, enum rc rc, const struct user_row *users,
                         size_t count);
/* Events that a member may not read, first and last: he was out. */
struct member_gap {
    struct msg_seq first;
    struct msg_seq last;
};

/* One user's place in one conversation. Of an ex-member whose last seq is not
 * written yet `from` is 0 and he may read nothing; one who came back keeps
 * the `from` of the first time, with a gap for each absence, in order. */
struct member_row {
    struct user_id user;
    enum role role;       /* ROLE_NONE: left or was removed */
    struct msg_seq from;  /* first seq this member may read; 0: none yet */
    struct msg_seq until; /* last seq an ex-member may read; 0: no end */
    struct msg_seq away;  /* he is back, and it is not written since when: he
                             may read nothing from here on; 0: it is */
    size_t gap_count;
    struct member_gap gaps[MEMBER_GAPS_MAX];
    uint64_t silenced_ms; /* may not write before; Unix time, 0: he may */
};

/* A conversation as it stands at `version`. `members` holds all of them when
 * they are at most LISTED_MAX_MEMBERS, else none. A conversation becomes wide
 * when it first has more than NARROW_MAX_MEMBERS members, and stays so.
 * `closed` and `keep_ms` are known only from conv_load. */
struct conv_row {
    struct conv_id id;
    enum conv_kind kind;
    struct member_version version;
    struct slice title; /* empty for direct */
    uint32_t member_count;
    bool wide;
    bool closed;      /* direct, and one of the two blocks the other */
    uint64_t keep_ms; /* how long events are kept; 0: as the operator says */
    const struct member_row *members;
    size_t listed; /* rows in `members` */
};

/* RC_NOT_FOUND, RC_DENIED (the actor's role does not allow it, or a user does
 * not want it), RC_LIMIT (GROUP_MAX_MEMBERS, or too many conversations for one
 * user). */
typedef void (*conv_fn)(void *ctx, enum rc rc, const struct conv_row *conv);
/* Places of the asked users, in the order asked, ROLE_NONE with from 0 for
 * those who never were members; `version` is what they are true at. */
typedef void (*members_fn)(void *ctx, enum rc rc, struct member_version version,
                           const struct member_row *members, size_t count);

/* One line of a user's conversation list. */
struct conv_of_user {
    struct conv_id id;
    enum conv_kind kind;
    struct member_version version;
    uint32_t member_count;
    bool wide;
    uint64_t keep_ms;    /* how long events are kept; 0: as the operator says */
    struct slice title;  /* of a group */
    struct user_id peer; /* of a direct one */
    struct slice peer_name;
    struct member_row me;
    struct conv_settings settings;
};

typedef void (*convs_fn)(void *ctx, enum rc rc,
                         const struct conv_of_user *convs, size_t count);

/* What a change of a group did. `changed` stays true, call after call, until
 * member_bound or group_logged has completed the change, and `version` is the
 * one that the change has made; false: it was so already, and complete, and
 * `version` is the one that is true now. */
struct member_changed {
    struct member_version version;
    uint32_t member_count;
    bool changed;
    bool wide;
    enum conv_kind kind;
    struct user_id owner; /* now; from member_remove and member_again only, 0:
                             nobody is left */
    struct conv_id conv;  /* only from group_join */
    struct user_id by;    /* who asked for it first; 0: not told */
    bool joined;          /* only from member_again: he came, else he went */
};

typedef void (*member_changed_fn)(void *ctx, enum rc rc,
                                  const struct member_changed *out);

/* What of a group can be changed, beside who is in it. The numbers are in the
 * database. */
enum group_what {
    GROUP_TITLE = 1,
    GROUP_ROLE = 2, /* ROLE_OWNER: the actor becomes an admin */
    GROUP_MUTE = 3,
    GROUP_KEEP = 4, /* how long its history is kept */
};

struct group_change {
    struct conv_id conv;
    struct user_id actor;
    enum group_what what;
    struct user_id user; /* whose role, who is muted; else 0 */
    uint64_t value;      /* role; muted until, in ms; kept for, in ms */
    struct slice title;
    /* Who may, from policy.h. */
    enum role least; /* the actor's role at least, */
    bool below;      /* and more than that of `user` */
};

/* One line of a group's list of members. */
struct group_member {
    struct user_id user;
    struct slice name;
    enum role role;
    uint64_t silenced_ms;
    uint64_t joined_ms;
};

/* In the order of the users' ids; `total` is how many members there are. */
typedef void (*group_members_fn)(void *ctx, enum rc rc, uint32_t total,
                                 const struct group_member *members,
                                 size_t count);

/* What lets people into a group who have its code. */
struct invite {
    struct invite_id id;
    struct user_id made_by;
    uint64_t created_ms;
    uint64_t expires_ms;
    uint32_t uses_max;
    uint32_t uses;
};

struct invite_new {
    struct conv_id conv;
    struct user_id actor;
    struct invite_id id;
    struct slice hash; /* of the code, in hex; copied */
    uint64_t expires_ms;
    uint32_t uses_max;
    enum role least; /* the actor's role at least */
};

/* The oldest first; those that let nobody in any more are left out. */
typedef void (*invites_fn)(void *ctx, enum rc rc, const struct invite *invites,
                           size_t count);

/* What user_erase found and took away. */
struct erased {
    uint64_t friends;
    uint64_t blocks;  /* by him and of him */
    uint64_t invites; /* made by him, still open */
};

typedef void (*erased_fn)(void *ctx, enum rc rc, const struct erased *out);

typedef void (*directory_done_fn)(void *ctx, enum rc rc);

struct directory_ops {
    /* `name_key` is the case-folded form that must be unique. */
    void (*user_create)(struct directory *d, struct user_id id,
                        struct slice name, struct slice name_key,
                        struct slice password_hash, user_fn done, void *ctx);
    /* By subject when there is one, else by name: answers who was there. */
    void (*user_make)(struct directory *d, const struct user_new *user,
                      user_made_fn done, void *ctx);
    /* RC_NOT_FOUND: there is none, or he was erased. */
    void (*user_alive)(struct directory *d, struct user_id id, user_fn done,
                       void *ctx);
    /* The good keys; `used` are those that were used since the last time. */
    void (*api_keys)(struct directory *d, const struct api_key_id *used,
                     size_t count, api_keys_fn done, void *ctx);
    void (*user_by_name)(struct directory *d, struct slice name_key,
                         user_fn done, void *ctx);
    void (*user_by_id)(struct directory *d, struct user_id id, user_fn done,
                       void *ctx);
    /* Those whose name key begins so, in the order of their keys. */
    void (*users_by_prefix)(struct directory *d, struct slice prefix,
                            size_t limit, users_fn done, void *ctx);
    /* Rows of those that exist, any order; up to DIRECTORY_BATCH_MAX. */
    void (*users_by_id)(struct directory *d, const struct user_id *ids,
                        size_t count, users_fn done, void *ctx);
    void (*device_create)(struct directory *d, struct user_id user,
                          struct device_id id, struct slice label,
                          device_fn done, void *ctx);
    /* Those not revoked that got a token since, the latest first; at most
     * DIRECTORY_BATCH_MAX. */
    void (*devices_of)(struct directory *d, struct user_id user,
                       uint64_t since_ms, devices_fn done, void *ctx);
    /* RC_NOT_FOUND: the user has no such device, or it is revoked. */
    void (*device_rename)(struct directory *d, struct user_id user,
                          struct device_id device, struct slice label,
                          directory_done_fn done, void *ctx);
    /* It gets a token now. RC_NOT_FOUND as above, or it is for the identity
     * provider to say. */
    void (*device_use)(struct directory *d, struct user_id user,
                       struct device_id device, directory_done_fn done,
                       void *ctx);
    /* The user of an identity, made at first sight, and the device. RC_DENIED:
     * the device is another user's, was revoked, or did not come so. */
    void (*identity_login)(struct directory *d, const struct identity *who,
                           user_fn done, void *ctx);
    /* Answers the devices that are revoked by this; REVOKE_THIS is
     * idempotent. RC_NOT_FOUND: the user has no such device. */
    void (*devices_revoke)(struct directory *d, struct user_id user,
                           struct device_id device, enum revoke_which which,
                           devices_fn done, void *ctx);
    /* Writes a new hash in the place of `old` and revokes all devices but
     * `keep` (0: all); answers those. RC_CONFLICT: the hash is not `old` any
     * more. */
    void (*password_set)(struct directory *d, struct user_id user,
                         struct device_id keep, struct slice old,
                         struct slice fresh, devices_fn done, void *ctx);
    /* Revoked devices of everybody behind (us, device), in that order; at
     * most DIRECTORY_BATCH_MAX. */
    void (*revoked_after)(struct directory *d, uint64_t us,
                          struct device_id device, devices_fn done, void *ctx);
    /* The device is woken so from now on, and no other at that endpoint.
     * RC_NOT_FOUND: the user has no such device, or it is revoked. */
    void (*push_set)(struct directory *d, const struct device_push *push,
                     directory_done_fn done, void *ctx);
    /* Not any more. Idempotent. */
    void (*push_drop)(struct directory *d, struct user_id user,
                      struct device_id device, directory_done_fn done,
                      void *ctx);

    void (*conv_load)(struct directory *d, struct conv_id conv, conv_fn done,
                      void *ctx);
    void (*members_of)(struct directory *d, struct conv_id conv,
                       const struct user_id *users, size_t count,
                       members_fn done, void *ctx);
    /* Every conversation `user` is or was in; at most DIRECTORY_BATCH_MAX,
     * newest membership first. */
    void (*convs_of)(struct directory *d, struct user_id user, convs_fn done,
                     void *ctx);
    /* The wide ones among them (all of them) in which the user is a member. */
    void (*wide_convs_of)(struct directory *d, struct user_id user,
                          convs_fn done, void *ctx);
    /* The direct conversation of two users, created as `fresh` at first use.
     * RC_NOT_FOUND: no such peer. RC_DENIED: there is none, and the peer's
     * settings or a block are against it. */
    void (*direct_open)(struct directory *d, struct user_id me,
                        struct user_id peer, struct conv_id fresh, conv_fn done,
                        void *ctx);
    void (*once)(struct directory *d, const struct once_ask *ask, once_fn done,
                 void *ctx);
    /* Idempotent by `conv`. Unknown users are RC_NOT_FOUND; nothing is made. */
    void (*group_create)(struct directory *d, struct conv_id conv,
                         struct user_id owner, struct slice title,
                         const struct user_id *members, size_t count,
                         conv_fn done, void *ctx);
    /* Admins and owners add; RC_NOT_FOUND when the actor is no member. */
    void (*member_add)(struct directory *d, struct conv_id conv,
                       struct user_id actor, struct user_id user,
                       member_changed_fn done, void *ctx);
    /* Admins and owners remove those below them; anybody removes himself
     * (leaves). An owner who leaves hands the group to the oldest admin, or
     * else the oldest member. */
    void (*member_remove)(struct directory *d, struct conv_id conv,
                          struct user_id actor, struct user_id user,
                          member_changed_fn done, void *ctx);
    /* The last coming or going of `user`, if it is not complete, whoever asks.
     * RC_NOT_FOUND: no such conversation, or he never was a member. */
    void (*member_again)(struct directory *d, struct conv_id conv,
                         struct user_id user, member_changed_fn done,
                         void *ctx);
    /* Writes the first seq a new member may read, or the last an ex-member
     * may; once the change's own event has its seq. */
    void (*member_bound)(struct directory *d, struct conv_id conv,
                         struct user_id user, struct msg_seq seq, bool joined,
                         directory_done_fn done, void *ctx);

    /* RC_NOT_FOUND: the actor is no member, or `user` is none. RC_DENIED: his
     * role does not allow it. RC_CONFLICT: no group, or the owner's role was
     * to be changed but by making another one owner. */
    void (*group_change)(struct directory *d, const struct group_change *change,
                         member_changed_fn done, void *ctx);
    /* The change's event, which carries `version`, is in the log. */
    void (*group_logged)(struct directory *d, const struct group_change *change,
                         struct member_version version, directory_done_fn done,
                         void *ctx);
    /* Up to DIRECTORY_BATCH_MAX members behind `after`. RC_NOT_FOUND: no such
     * conversation, or the actor is no member. */
    void (*group_members)(struct directory *d, struct conv_id conv,
                          struct user_id actor, struct user_id after,
                          size_t limit, group_members_fn done, void *ctx);
    /* Adds `user` to the group whose invite has this hash. RC_NOT_FOUND: no
     * invite that lets anybody in. RC_DENIED: he was removed. RC_LIMIT as
     * member_add. */
    void (*group_join)(struct directory *d, struct slice hash,
                       struct user_id user, member_changed_fn done, void *ctx);
    /* RC_NOT_FOUND, RC_DENIED, RC_CONFLICT as group_change. RC_LIMIT:
     * GROUP_MAX_INVITES. */
    void (*invite_make)(struct directory *d, const struct invite_new *invite,
                        directory_done_fn done, void *ctx);
    /* Idempotent. RC_NOT_FOUND: the group has no such invite, too. */
    void (*invite_revoke)(struct directory *d, struct conv_id conv,
                          struct user_id actor, enum role least,
                          struct invite_id invite, directory_done_fn done,
                          void *ctx);
    void (*invites_of)(struct directory *d, struct conv_id conv,
                       struct user_id actor, enum role least, invites_fn done,
                       void *ctx);

    void (*friends_of)(struct directory *d, struct user_id user,
                       friends_fn done, void *ctx);
    /* Asks; or accepts when the other has asked already. Idempotent. */
    void (*friend_ask)(struct directory *d, struct user_id me,
                       struct user_id other, friend_fn done, void *ctx);
    /* Accepts only. Idempotent. RC_NOT_FOUND: the other does not ask. */
    void (*friend_accept)(struct directory *d, struct user_id me,
                          struct user_id other, friend_fn done, void *ctx);
    /* They are friends, without being asked. Idempotent; otherwise as
     * friend_ask, of both. */
    void (*friend_make)(struct directory *d, struct user_id me,
                        struct user_id other, friend_fn done, void *ctx);
    /* What `me` calls the other. RC_NOT_FOUND: they are nothing to each
     * other. */
    void (*friend_remark)(struct directory *d, struct user_id me,
                          struct user_id other, struct slice remark,
                          directory_done_fn done, void *ctx);
    /* Takes back, declines or ends. Idempotent. */
    void (*friend_drop)(struct directory *d, struct user_id me,
                        struct user_id other, friend_fn done, void *ctx);

    /* Ends what the two are to each other as friends, and closes their direct
     * conversation. Idempotent, both. */
    void (*block)(struct directory *d, struct user_id me, struct user_id other,
                  block_fn done, void *ctx);
    void (*unblock)(struct directory *d, struct user_id me,
                    struct user_id other, directory_done_fn done, void *ctx);
    /* Whom the user blocks, the latest first. */
    void (*blocks_of)(struct directory *d, struct user_id me, users_fn done,
                      void *ctx);
    /* Those among `users` whose presence `me` may not see, for a block or for
     * their settings; without names. */
    void (*hidden_among)(struct directory *d, struct user_id me,
                         const struct user_id *users, size_t count,
                         users_fn done, void *ctx);
    /* Those among `users` who may not see the presence of `me`. */
    void (*hidden_from)(struct directory *d, struct user_id me,
                        const struct user_id *users, size_t count,
                        users_fn done, void *ctx);

    /* Up to `limit` entries behind the version `since`, the oldest change
     * first; all of them when the lists are not so far yet. Those that are
     * gone are left out when `since` is 0. */
    void (*entries_after)(struct directory *d, struct user_id user,
                          uint64_t since, size_t limit, entries_fn done,
                          void *ctx);
    /* These, of whichever users; those that never were are left out. At most
     * DIRECTORY_BATCH_MAX; the version told is 0. */
    void (*entries_of)(struct directory *d, const struct list_ref *refs,
                       size_t count, entries_fn done, void *ctx);
    /* Those that show the user's name: his own, and in others' lists. */
    void (*entries_showing)(struct directory *d, struct user_id user,
                            entries_fn done, void *ctx);
    /* Changes what is not 0. */
    void (*settings_set)(struct directory *d, struct user_id user,
                         struct user_settings to, directory_done_fn done,
                         void *ctx);
    /* RC_NOT_FOUND: not a member. */
    void (*conv_set)(struct directory *d, struct user_id user,
                     struct conv_id conv,
                     const struct conv_settings_change *change,
                     directory_done_fn done, void *ctx);
    /* A slice with p NULL leaves what is. RC_CONFLICT: the name is taken. */
    void (*profile_set)(struct directory *d, struct user_id user,
                        struct slice name, struct slice name_key,
                        struct slice avatar, directory_done_fn done, void *ctx);

    /* The user's conversations behind `after` in the order of their ids, at
     * most `limit`, former ones too. */
    void (*convs_after)(struct directory *d, struct user_id user,
                        struct conv_id after, size_t limit, convs_fn done,
                        void *ctx);
    /* Nobody can log in as the user any more; answers his devices, which are
     * all revoked. Idempotent. */
    void (*user_close)(struct directory *d, struct user_id user,
                       devices_fn done, void *ctx);
    /* Takes away his name, friends, blocks and invites. What his
     * conversations have is not touched. Idempotent. RC_NOT_FOUND. */
    void (*user_erase)(struct directory *d, struct user_id user, erased_fn done,
                       void *ctx);

    /* Which store is the history's? `found` (NULL: nothing was) is written
     * down, as seen by the gateway `by`; when none was known, it is from then
     * on. RC_NOT_FOUND: none is. */
    void (*store)(struct directory *d, const struct store_found *found,
                  struct slice by, store_row_fn done, void *ctx);
    /* That one's id has been written into all of it. */
    void (*store_whole)(struct directory *d, struct slice id,
                        directory_done_fn done, void *ctx);

    /* Writes last-seen times (only forward). */
    void (*seen_write)(struct directory *d, const struct user_id *users,
                       const uint64_t *last_seen_ms, size_t count,
                       directory_done_fn done, void *ctx);
    /* False: a call now would answer RC_AGAIN. */
    bool (*ready)(struct directory *d);
};

/* Embedded first in every implementation. */
struct directory {
    const struct directory_ops *ops;
};

#endif
