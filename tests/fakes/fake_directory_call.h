/* Between the files of fake_directory: one call of the port, kept whole until
 * it is finished. */
#ifndef MOIM_TESTS_FAKE_DIRECTORY_CALL_H
#define MOIM_TESTS_FAKE_DIRECTORY_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "chat-core/ports/directory.h"
#include "tests/fakes/fake_calls.h"
#include "tests/fakes/fake_directory_store.h"

/* One call; which of the fields are used is the operation's business. */
struct fake_dir_call {
    struct fake_call base; /* first */
    struct dir_store *store;
    struct conv_id conv;
    struct user_id me;
    struct user_id other;
    struct device_id device;
    struct slice texts[6]; /* ours */
    struct user_id *ids;
    uint64_t *times_ms;
    size_t count;
    struct msg_seq seq;
    bool joined;
    enum revoke_which which;
    uint64_t since;             /* ms or us */
    struct group_change change; /* its title is texts[0] */
    struct invite_new invite;   /* its hash is texts[0] */
    enum role least;
    struct invite_id invite_id;
    /* What came of it. */
    struct user_row user;
    struct user_row *users;
    struct conv_row row;
    struct member_row *members;
    struct conv_of_user *convs;
    struct member_changed changed;
    struct friend_row *friends;
    struct list_ref *refs;
    struct list_entry *entries;
    struct conv_settings_change conv_change;
    struct user_settings settings;
    struct device_row *devices;
    struct group_member *group_members;
    struct invite *invites;
    uint32_t total;
    struct erased erased;
    struct api_key_row *keys;
    struct once_ask once; /* its name is texts[0] */
    bool bot;
    bool made;
    enum friend_state state;
    struct store_found store_found;
    struct store_row store_row;
    struct member_version version;
    size_t found;
    union {
        user_fn user;
        users_fn users;
        user_made_fn user_made;
        api_keys_fn api_keys;
        once_fn once;
        device_fn device;
        devices_fn devices;
        conv_fn conv;
        members_fn members;
        convs_fn convs;
        member_changed_fn changed;
        group_members_fn group_members;
        invites_fn invites;
        erased_fn erased;
        friends_fn friends;
        friend_fn friend;
        block_fn block;
        entries_fn entries;
        store_row_fn store;
        directory_done_fn done;
    } done;
    void *ctx;
};

/* A call of `d`, in its queue already. */
struct fake_dir_call *fake_dir_call_new(struct directory *d, const char *name,
                                        fake_execute_fn execute,
                                        fake_answer_fn answer, void *ctx);
struct fake_dir_call *fake_dir_call_of(struct fake_call *base);
/* Copies into the call. */
void fake_dir_keep_ids(struct fake_dir_call *c, const struct user_id *ids,
                       size_t count);
struct slice fake_dir_keep_text(struct slice s);

/* What each kind of callback is told. */
void fake_dir_answer_user(struct fake_call *base, enum rc rc, bool silent);
void fake_dir_answer_users(struct fake_call *base, enum rc rc, bool silent);
void fake_dir_answer_user_made(struct fake_call *base, enum rc rc, bool silent);
void fake_dir_answer_api_keys(struct fake_call *base, enum rc rc, bool silent);
void fake_dir_answer_once(struct fake_call *base, enum rc rc, bool silent);
void fake_dir_answer_device(struct fake_call *base, enum rc rc, bool silent);
void fake_dir_answer_devices(struct fake_call *base, enum rc rc, bool silent);
void fake_dir_answer_block(struct fake_call *base, enum rc rc, bool silent);
void fake_dir_answer_conv(struct fake_call *base, enum rc rc, bool silent);
void fake_dir_answer_members(struct fake_call *base, enum rc rc, bool silent);
void fake_dir_answer_convs(struct fake_call *base, enum rc rc, bool silent);
void fake_dir_answer_changed(struct fake_call *base, enum rc rc, bool silent);
void fake_dir_answer_group_members(struct fake_call *base, enum rc rc,
                                   bool silent);
void fake_dir_answer_invites(struct fake_call *base, enum rc rc, bool silent);
void fake_dir_answer_erased(struct fake_call *base, enum rc rc, bool silent);
void fake_dir_answer_friends(struct fake_call *base, enum rc rc, bool silent);
void fake_dir_answer_friend(struct fake_call *base, enum rc rc, bool silent);
void fake_dir_answer_entries(struct fake_call *base, enum rc rc, bool silent);
void fake_dir_answer_store(struct fake_call *base, enum rc rc, bool silent);
void fake_dir_answer_done(struct fake_call *base, enum rc rc, bool silent);

/* The operations, by file. */
void fake_dir_people_ops(struct directory_ops *ops);
void fake_dir_keys_ops(struct directory_ops *ops);
void fake_dir_stores_ops(struct directory_ops *ops);
void fake_dir_devices_ops(struct directory_ops *ops);
void fake_dir_blocks_ops(struct directory_ops *ops);
void fake_dir_lists_ops(struct directory_ops *ops);
void fake_dir_settings_ops(struct directory_ops *ops);
void fake_dir_convs_ops(struct directory_ops *ops);
void fake_dir_members_ops(struct directory_ops *ops);
void fake_dir_groups_ops(struct directory_ops *ops);
void fake_dir_invites_ops(struct directory_ops *ops);
void fake_dir_erase_ops(struct directory_ops *ops);

/* The user's line about a conversation he is or was in. */
struct conv_of_user fake_dir_conv_of(const struct dir_store *s,
                                     const struct dir_conv *conv,
                                     struct user_id me);
/* What a change did to the conversation; `version` 0: nothing. */
enum rc fake_dir_took(struct fake_dir_call *c, const struct dir_conv *conv,
                      struct member_version version);

#endif
