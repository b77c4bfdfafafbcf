/* What the files that implement ports/directory share: a call on its way, and
 * how its answer is read. Private to storage. */
#ifndef MOIM_STORAGE_DIRECTORY_CALL_H
#define MOIM_STORAGE_DIRECTORY_CALL_H

#include <stdint.h>

#include "chat-core/ports/directory.h"
#include "proto/base/list.h"
#include "proto/base/macros.h"
#include "storage/directory_sql.h"
#include "storage/pg_link.h"
#include "storage/pg_query.h"

enum {
    NAME_KEY_MAX_BYTES = 3 * NAME_MAX_BYTES, /* folding may lengthen */
    IDENTITY_MAX_BYTES = 512,                /* issuer and subject */
};

/* Whom to answer: the one of the port's callbacks that the call was given. */
union dir_done {
    user_fn user;
    users_fn users;
    user_made_fn user_made;
    api_keys_fn api_keys;
    once_fn once;
    device_fn device;
    devices_fn devices;
    conv_fn conv;
    convs_fn convs;
    members_fn members;
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
};

struct dir_call {
    struct pg_request req;
    struct directory *owner;
    union dir_done done;
    void *ctx;
    uint64_t asked; /* members_of: how many users; convs_of: whose */
};

/* A call that still lacks its parameters (call->req.args). */
struct dir_call *dir_call_new(struct directory *d, enum directory_sql stmt,
                              pg_answer_fn on_answer, union dir_done done,
                              void *ctx) MUST_CHECK;
/* Sends it; from here on it belongs to the pool until `on_answer`. */
void dir_call_send(struct dir_call *c);
/* The call that `req` is part of, copied, and freed: callbacks come last. */
struct dir_call dir_call_end(struct pg_request *req) MUST_CHECK;

/* RC_OK when the row was read whole and nothing in it was out of range, else
 * RC_BACKEND, logged. */
enum rc dir_row_end(const struct pg_row *r,
                    const struct dir_call *c) MUST_CHECK;
/* What the `outcome` in front of a function's answer means; RC_BACKEND when
 * it is a word we do not know. */
enum rc dir_outcome(struct pg_row *r) MUST_CHECK;
/* Begins a row with an `outcome` in front; dir_row_end ends it. RC_OK: the rest
 * is to be read, also behind a word we do not know, which dir_row_end tells. */
enum rc dir_row_begin(const struct pg_result *res, size_t row,
                      struct pg_row *r) MUST_CHECK;
/* The same for the only row. RC_BACKEND: there is not one. */
enum rc dir_only_row_begin(const struct pg_result *res,
                           struct pg_row *r) MUST_CHECK;
/* What pg_request calls for every statement that answers USER_COLUMNS of many
 * users, and for one of which only the code matters. */
void dir_on_users(struct pg_request *req, enum rc rc,
                  const struct pg_result *res);
void dir_on_done(struct pg_request *req, enum rc rc,
                 const struct pg_result *res);
/* The same, where no row means RC_NOT_FOUND. */
void dir_on_one(struct pg_request *req, enum rc rc,
                const struct pg_result *res);
/* For every statement that answers CONVS_COLUMNS, with call->asked the user;
 * and for one that answers DEVICE_COLUMNS. */
void dir_on_convs(struct pg_request *req, enum rc rc,
                  const struct pg_result *res);
void dir_on_devices(struct pg_request *req, enum rc rc,
                    const struct pg_result *res);
/* For every statement that answers a struct member_changed; and for one that
 * answers an outcome and nothing else. */
void dir_on_changed(struct pg_request *req, enum rc rc,
                    const struct pg_result *res);
void dir_on_outcome(struct pg_request *req, enum rc rc,
                    const struct pg_result *res);
/* Role, from, until and muted, as every statement answers them. */
void dir_read_place(struct pg_row *r, struct member_row *out);
/* unreadable(): "first,last,first,last,away". */
void dir_read_gaps(struct pg_row *r, struct member_row *out);

/* What every statement of CONVS_COLUMNS answers; not whose it is. */
void dir_read_conv_of_user(struct pg_row *r, struct conv_of_user *out);

/* Users whose wide conversations are asked for; wide_convs.c has the rest. */
struct wide_asks {
    struct list waiting;
    unsigned on_their_way; /* questions, each for many users */
};
struct wide_asks *dir_wide_asks(struct directory *d);

/* Each file puts its functions in. */
void users_add_ops(struct directory_ops *ops);
void api_keys_add_ops(struct directory_ops *ops);
void devices_add_ops(struct directory_ops *ops);
void convs_add_ops(struct directory_ops *ops);
void wide_convs_add_ops(struct directory_ops *ops);
void members_add_ops(struct directory_ops *ops);
void groups_add_ops(struct directory_ops *ops);
void invites_add_ops(struct directory_ops *ops);
void erase_add_ops(struct directory_ops *ops);
void friends_add_ops(struct directory_ops *ops);
void blocks_add_ops(struct directory_ops *ops);
void lists_add_ops(struct directory_ops *ops);
void settings_add_ops(struct directory_ops *ops);
void stores_add_ops(struct directory_ops *ops);

#endif
