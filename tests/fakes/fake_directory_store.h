/* The tables behind fake_directory.c: what the database's functions do. */
#ifndef MOIM_TESTS_FAKE_DIRECTORY_STORE_H
#define MOIM_TESTS_FAKE_DIRECTORY_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "chat-core/ports/directory.h"
#include "proto/base/clock.h"
#include "proto/base/map.h"
#include "proto/wire/api_key.h"
#include "tests/fakes/fake_directory.h"

struct dir_user {
    struct user_id id;
    char *name;
    char *key;
    char *password_hash;
    uint64_t last_seen_ms;
    char *avatar;
    bool bot;
    struct user_settings settings;
    uint64_t lists; /* their version */
};

/* A row stays when its member leaves, with ROLE_NONE. */
struct dir_member {
    struct user_id user;
    enum role role;
    uint64_t from;
    uint64_t until;
    uint64_t away; /* first event of an absence that is not closed; or 0 */
    struct member_gap gaps[MEMBER_GAPS_MAX];
    size_t gap_count;
    bool bound;
    struct member_version version; /* made by the row's last change */
    struct user_id by;             /* who asked for it first; 0: not told */
    uint64_t joined;               /* counts; later is newer */
    uint64_t silenced_ms;
    bool barred; /* an invite does not let him in */
    struct conv_settings settings;
};

/* A change of members made `version`. */
struct dir_step {
    struct member_version version;
    struct user_id user;
    bool joined;
};

/* A change of a group whose event is not in the log yet. */
struct dir_unlogged {
    enum group_what what;
    struct user_id user;
    struct user_id actor;
    struct member_version version;
};

struct dir_conv {
    struct conv_id id;
    enum conv_kind kind;
    struct member_version version;
    char *title;
    bool wide;
    uint32_t member_count;
    struct user_id made_by;
    struct dir_member *members;
    size_t count; /* rows, ex-members too */
    struct dir_step *steps;
    size_t step_count;
    uint64_t keep_ms;
    struct dir_unlogged *unlogged;
    size_t unlogged_count;
};

struct dir_invite {
    struct invite row;
    struct conv_id conv;
    char *hash;
    bool revoked;
};

/* Between two users; `asked_by` 0: both agreed. */
struct dir_friends {
    struct user_id low;
    struct user_id high;
    struct user_id asked_by;
    char remarks[2][REMARK_MAX_BYTES + 1]; /* of low, of high */
};

/* An entry of a list was last changed in `version`. */
struct dir_note {
    struct list_ref ref;
    uint64_t version;
};

struct dir_block {
    struct user_id user;
    struct user_id other; /* whom */
    struct member_version version;
};

struct dir_device {
    struct device_row row; /* without the label */
    char *label;
    bool external; /* came with an identity */
    char *push;    /* the endpoint at which it is woken; NULL: it is not */
};

struct dir_identity {
    char *issuer;
    char *subject;
    struct user_id user;
};

struct dir_key {
    struct api_key_id id;
    struct api_key_hash hash;
    char scopes[SCOPES_TEXT_MAX + 1];
    uint64_t expires_ms;
    uint64_t used;
    bool revoked;
};

struct dir_once {
    uint64_t owner;
    char *name;
    uint64_t hash;
    uint64_t id;
};

struct dir_store {
    struct dir_key *keys;
    size_t key_count;
    struct dir_once *once;
    size_t once_count;
    struct map users;        /* user id -> struct dir_user */
    struct map convs;        /* conversation id -> struct dir_conv */
    struct dir_conv **order; /* as they were made */
    size_t conv_count;
    struct dir_friends *friends;
    size_t friend_count;
    struct dir_block *blocks;
    size_t block_count;
    struct dir_note *notes;
    size_t note_count;
    struct dir_device *devices;
    size_t device_count;
    struct dir_invite *invites;
    size_t invite_count;
    struct dir_identity *identities;
    size_t identity_count;
    uint64_t revocations;      /* so far */
    const struct clock *clock; /* NULL: it is always 0 */
    uint64_t joins;
    struct store_found known; /* the history's store; "": none */
    bool whole;
    struct store_found found; /* the last that was told, and is not known */
};

void dir_store_init(struct dir_store *s);
void dir_store_fini(struct dir_store *s);

struct dir_user *dir_user(const struct dir_store *s, struct user_id id);
struct dir_user *dir_user_by_key(const struct dir_store *s, struct slice key);
/* NULL: the key is taken. Repeating is fine. */
struct dir_user *dir_user_make(struct dir_store *s, struct user_id id,
                               struct slice name, struct slice key,
                               struct slice password_hash);

struct dir_conv *dir_conv(const struct dir_store *s, struct conv_id id);
struct dir_conv *dir_direct(const struct dir_store *s, struct user_id a,
                            struct user_id b);
struct dir_conv *dir_conv_make(struct dir_store *s, struct conv_id id,
                               enum conv_kind kind, struct slice title);
/* The member's row, or NULL when he never was one. */
struct dir_member *dir_member(const struct dir_conv *c, struct user_id user);
/* With a new conversation: no version is made. */
void dir_found(struct dir_store *s, struct dir_conv *c, struct user_id user,
               enum role role);
void dir_join(struct dir_store *s, struct dir_conv *c, struct user_id user);
/* The change of (what, user) that waits for its event, or NULL. */
struct dir_unlogged *dir_unlogged(const struct dir_conv *c,
                                  enum group_what what, struct user_id user);
/* A change made a new version, and its event is to be written. */
void dir_unlogged_put(struct dir_conv *c, const struct dir_unlogged *change);
void dir_leave(struct dir_conv *c, struct dir_member *m);
void dir_bound(struct dir_member *m, uint64_t seq, bool joined);
/* The row as it is told: `user` even when he never was a member. */
struct member_row dir_row(const struct dir_conv *c, struct user_id user);

/* The friendship of two users, or NULL. */
struct dir_friends *dir_friends(const struct dir_store *s, struct user_id a,
                                struct user_id b);
struct dir_friends *dir_friends_make(struct dir_store *s, struct user_id a,
                                     struct user_id b);
void dir_friends_drop(struct dir_store *s, struct dir_friends *f);

/* The block of `other` by `user`, or NULL. */
struct dir_block *dir_block(const struct dir_store *s, struct user_id user,
                            struct user_id other);
struct dir_block *dir_block_make(struct dir_store *s, struct user_id user,
                                 struct user_id other);
/* An entry of the owner's lists changes, to whatever the tables say. */
void dir_note(struct dir_store *s, struct user_id owner, enum list_kind list,
              uint64_t item);
/* Of both. */
void dir_note_friends(struct dir_store *s, struct user_id a, struct user_id b);
/* Do the settings of `other` and blocks let `me` in? */
bool dir_may_reach(const struct dir_store *s, struct user_id me,
                   struct user_id other);
bool dir_may_see(const struct dir_store *s, struct user_id me,
                 struct user_id other);
/* Whether one of the two blocks the other. */
bool dir_blocked(const struct dir_store *s, struct user_id a, struct user_id b);
bool dir_closed(const struct dir_store *s, const struct dir_conv *c);

/* NULL: there is no such key. */
struct dir_key *dir_key(const struct dir_store *s,
                        const struct api_key_text *text);
struct api_key_text dir_key_make(struct dir_store *s, const char *scopes,
                                 uint64_t expires_ms);
uint64_t dir_now_ms(const struct dir_store *s);
void dir_device_make(struct dir_store *s, struct user_id user,
                     struct device_id id, struct slice label);

#endif
