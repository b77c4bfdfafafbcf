/* The one table of commands and the one place that decides who may run them.
 * Every transport ends here: a WebSocket frame, POST /v1/cmd, a REST route. */
#ifndef MOIM_GATEWAY_COMMAND_H
#define MOIM_GATEWAY_COMMAND_H

#include "chat-core/body.h"
#include "chat-core/ports/directory.h"
#include "gateway/request.h"

/* A command reads its fields from `f` (borrowed until it returns) and ends
 * the request. */
typedef void (*command_fn)(struct request *r, struct client_fields *f);

struct command {
    const char *type;
    unsigned flags; /* of COMMAND_* */
    unsigned scope; /* that a key needs, one of these SCOPE_*; 0: no key may */
    command_fn run;
};

enum {
    COMMAND_ANYBODY = 1,  /* without being logged in */
    COMMAND_SOCKET = 2,   /* only in a session that can be told things */
    COMMAND_OPERATOR = 4, /* only with a token that the operator has signed */
    COMMAND_KEY = 8,      /* only with a key of the team's server, */
    COMMAND_ALONE = 16,   /* which need not act as anybody, */
    COMMAND_BOT = 32,     /* or only as a bot */
    COMMAND_ONCE = 64,    /* may carry a name, and is done once then */
};

/* Runs what `msg` asks for, or answers why not. Takes the request. */
void command_run(struct request *r, const struct client_msg *msg);
/* The i-th row, for the docs' list; NULL at the end. */
const struct command *command_at(unsigned i);

/* What several files of commands share; the first two end the request. */

/* The answer "users"; a users_fn. */
void request_end_users(void *ctx, enum rc rc, const struct user_row *users,
                       size_t count);
/* The fields that tell of one friend. */
void put_friend(struct json_out *o, const struct friend_row *row);
/* The answer "ok" with how many devices were revoked; tells all gateways. */
void request_end_revoked(struct request *r, const struct device_row *devices,
                         size_t count);
/* The answer "ok" with where a change of a group stands; a changed_fn. */
void request_end_changed(void *ctx, enum rc rc, struct conv_id conv,
                         struct msg_seq seq);
/* The answer "token": a new one for the device, and the open session, until
 * then. Ends the request. */
void request_end_token(struct request *r, uint64_t expires_ms);
enum {
    REQUEST_USERS_MAX = 500,
};

/* The field "users", of 1 to REQUEST_USERS_MAX; 0 when it is wrong (the
 * request has been answered). */
size_t request_users(struct request *r, struct client_fields *f,
                     struct user_id *users);
/* The field "user", who is another; 0 when it is wrong (the request has been
 * answered). */
struct user_id request_other_user(struct request *r, struct client_fields *f);

/* The field "mentions", which may be missing, to body->mentions: `out`, with
 * room for MENTIONS_MAX. */
void request_mentions(struct client_fields *f, struct body *body,
                      struct user_id *out);

/* cmd_chat.c */
void cmd_send(struct request *r, struct client_fields *f);
void cmd_history(struct request *r, struct client_fields *f);
void cmd_sync(struct request *r, struct client_fields *f);
void cmd_read(struct request *r, struct client_fields *f);
void cmd_delivered(struct request *r, struct client_fields *f);
void cmd_receipts(struct request *r, struct client_fields *f);
void cmd_typing(struct request *r, struct client_fields *f);
/* cmd_message.c */
void cmd_message_edit(struct request *r, struct client_fields *f);
void cmd_message_delete(struct request *r, struct client_fields *f);
void cmd_message_react(struct request *r, struct client_fields *f);
void cmd_message_unreact(struct request *r, struct client_fields *f);
void cmd_message_versions(struct request *r, struct client_fields *f);
/* cmd_hidden.c */
void cmd_message_hide(struct request *r, struct client_fields *f);
void cmd_message_hidden(struct request *r, struct client_fields *f);
/* cmd_convs.c */
void cmd_conversations(struct request *r, struct client_fields *f);
/* cmd_group.c */
void cmd_group_create(struct request *r, struct client_fields *f);
void cmd_group_add(struct request *r, struct client_fields *f);
void cmd_group_remove(struct request *r, struct client_fields *f);
void cmd_group_leave(struct request *r, struct client_fields *f);
void cmd_direct_open(struct request *r, struct client_fields *f);
/* cmd_erase.c, cmd_export.c */
void cmd_account_erase(struct request *r, struct client_fields *f);
void cmd_account_export(struct request *r, struct client_fields *f);
/* cmd_group_set.c */
void cmd_group_title(struct request *r, struct client_fields *f);
void cmd_group_role(struct request *r, struct client_fields *f);
void cmd_group_mute(struct request *r, struct client_fields *f);
void cmd_group_unmute(struct request *r, struct client_fields *f);
void cmd_group_retention(struct request *r, struct client_fields *f);
/* cmd_members.c */
void cmd_group_members(struct request *r, struct client_fields *f);
/* cmd_invite.c */
void cmd_group_invite(struct request *r, struct client_fields *f);
void cmd_group_invites(struct request *r, struct client_fields *f);
void cmd_group_uninvite(struct request *r, struct client_fields *f);
void cmd_group_join(struct request *r, struct client_fields *f);
/* cmd_lists.c */
void cmd_lists(struct request *r, struct client_fields *f);
/* cmd_settings.c */
void cmd_settings(struct request *r, struct client_fields *f);
void cmd_settings_set(struct request *r, struct client_fields *f);
void cmd_conv_set(struct request *r, struct client_fields *f);
void cmd_profile_set(struct request *r, struct client_fields *f);
/* cmd_user_create.c */
void cmd_user_create(struct request *r, struct client_fields *f);
/* cmd_broadcast.c, cmd_friends_import.c */
void cmd_broadcast(struct request *r, struct client_fields *f);
void cmd_friends_import(struct request *r, struct client_fields *f);
/* cmd_people.c */
void cmd_me(struct request *r, struct client_fields *f);
void cmd_user_find(struct request *r, struct client_fields *f);
void cmd_user_names(struct request *r, struct client_fields *f);
void cmd_user_search(struct request *r, struct client_fields *f);
/* cmd_friends.c */
void cmd_friends(struct request *r, struct client_fields *f);
void cmd_friend_ask(struct request *r, struct client_fields *f);
void cmd_friend_accept(struct request *r, struct client_fields *f);
void cmd_friend_remark(struct request *r, struct client_fields *f);
void cmd_friend_drop(struct request *r, struct client_fields *f);
/* cmd_blocks.c */
void cmd_block(struct request *r, struct client_fields *f);
void cmd_unblock(struct request *r, struct client_fields *f);
void cmd_blocks(struct request *r, struct client_fields *f);
/* cmd_devices.c */
void cmd_devices(struct request *r, struct client_fields *f);
void cmd_device_rename(struct request *r, struct client_fields *f);
void cmd_device_revoke(struct request *r, struct client_fields *f);
void cmd_device_revoke_all(struct request *r, struct client_fields *f);
void cmd_token_refresh(struct request *r, struct client_fields *f);
/* cmd_push.c; is push.public_key empty or a key? Logged. */
struct settings;
bool push_settings_ok(const struct settings *s) MUST_CHECK;
void cmd_push_key(struct request *r, struct client_fields *f);
void cmd_push_subscribe(struct request *r, struct client_fields *f);
void cmd_push_unsubscribe(struct request *r, struct client_fields *f);
/* cmd_identity.c */
void cmd_login_token(struct request *r, struct client_fields *f);
/* A fresh identity token instead of the older one: for the same device. */
void identity_refresh(struct request *r, struct slice token);
/* cmd_password.c */
void cmd_password_change(struct request *r, struct client_fields *f);
void cmd_password_reset(struct request *r, struct client_fields *f);
/* cmd_presence.c */
void cmd_presence_query(struct request *r, struct client_fields *f);
void cmd_presence_watch(struct request *r, struct client_fields *f);
void cmd_presence_set(struct request *r, struct client_fields *f);
void cmd_presence_unwatch(struct request *r, struct client_fields *f);
/* accounts.c */
void cmd_signup(struct request *r, struct client_fields *f);
void cmd_login(struct request *r, struct client_fields *f);

#endif
