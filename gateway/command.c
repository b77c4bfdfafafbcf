#include "gateway/command.h"

#include "gateway/once.h"
#include "proto/base/macros.h"
#include "proto/wire/api_key.h"

static void cmd_ping(struct request *r, struct client_fields *f) {
    (void)f;
    request_ok(r);
}

static const struct command commands[] = {
    {"signup", COMMAND_ANYBODY, 0, cmd_signup},
    {"login", COMMAND_ANYBODY, 0, cmd_login},
    {"login.token", COMMAND_ANYBODY, 0, cmd_login_token},
    {"ping", COMMAND_ANYBODY | COMMAND_ALONE, SCOPE_ANY, cmd_ping},
    {"me", 0, 0, cmd_me},
    {"profile.set", 0, 0, cmd_profile_set},
    {"settings", 0, 0, cmd_settings},
    {"settings.set", 0, 0, cmd_settings_set},
    {"lists", 0, 0, cmd_lists},
    {"devices", 0, SCOPE_DEVICES_REVOKE, cmd_devices},
    {"device.rename", 0, 0, cmd_device_rename},
    {"device.revoke", 0, SCOPE_DEVICES_REVOKE, cmd_device_revoke},
    {"device.revoke_all", 0, SCOPE_DEVICES_REVOKE, cmd_device_revoke_all},
    {"push.key", 0, 0, cmd_push_key},
    {"push.subscribe", 0, 0, cmd_push_subscribe},
    {"push.unsubscribe", 0, 0, cmd_push_unsubscribe},
    {"token.refresh", 0, 0, cmd_token_refresh},
    {"password.change", 0, 0, cmd_password_change},
    {"password.reset", COMMAND_KEY, SCOPE_PASSWORDS_RESET, cmd_password_reset},
    {"account.export", 0, 0, cmd_account_export},
    {"account.erase", COMMAND_OPERATOR, 0, cmd_account_erase},
    {"send", COMMAND_BOT, SCOPE_MESSAGES_WRITE, cmd_send},
    {"broadcast", COMMAND_KEY | COMMAND_BOT, SCOPE_BROADCAST, cmd_broadcast},
    {"message.edit", COMMAND_BOT, SCOPE_MESSAGES_WRITE, cmd_message_edit},
    {"message.delete", COMMAND_BOT, SCOPE_MESSAGES_WRITE, cmd_message_delete},
    {"message.react", COMMAND_BOT, SCOPE_MESSAGES_WRITE, cmd_message_react},
    {"message.unreact", COMMAND_BOT, SCOPE_MESSAGES_WRITE, cmd_message_unreact},
    {"message.versions", 0, SCOPE_HISTORY_READ, cmd_message_versions},
    {"message.hide", 0, 0, cmd_message_hide},
    {"message.hidden", 0, 0, cmd_message_hidden},
    {"history", 0, SCOPE_HISTORY_READ, cmd_history},
    {"sync", 0, 0, cmd_sync},
    {"read", 0, 0, cmd_read},
    {"delivered", 0, 0, cmd_delivered},
    {"receipts", 0, SCOPE_HISTORY_READ, cmd_receipts},
    {"typing", 0, 0, cmd_typing},
    {"conversations", 0, SCOPE_HISTORY_READ, cmd_conversations},
    {"conv.set", 0, 0, cmd_conv_set},
    {"direct.open", 0, SCOPE_CONVS_WRITE, cmd_direct_open},
    {"group.create", COMMAND_ONCE, SCOPE_CONVS_WRITE, cmd_group_create},
    {"group.add", COMMAND_ONCE, SCOPE_CONVS_WRITE, cmd_group_add},
    {"group.remove", 0, SCOPE_CONVS_WRITE, cmd_group_remove},
    {"group.leave", 0, SCOPE_CONVS_WRITE, cmd_group_leave},
    {"group.title", 0, SCOPE_CONVS_WRITE, cmd_group_title},
    {"group.role", 0, SCOPE_CONVS_WRITE, cmd_group_role},
    {"group.mute", 0, SCOPE_CONVS_WRITE, cmd_group_mute},
    {"group.unmute", 0, SCOPE_CONVS_WRITE, cmd_group_unmute},
    {"group.retention", 0, SCOPE_CONVS_WRITE, cmd_group_retention},
    {"group.members", 0, SCOPE_HISTORY_READ, cmd_group_members},
    {"group.invite", 0, SCOPE_CONVS_WRITE, cmd_group_invite},
    {"group.invites", 0, SCOPE_CONVS_WRITE, cmd_group_invites},
    {"group.uninvite", 0, SCOPE_CONVS_WRITE, cmd_group_uninvite},
    {"group.join", 0, 0, cmd_group_join},
    {"user.create", COMMAND_KEY | COMMAND_ALONE | COMMAND_ONCE,
     SCOPE_USERS_WRITE, cmd_user_create},
    {"user.find", COMMAND_ALONE, SCOPE_USERS_READ, cmd_user_find},
    {"user.names", COMMAND_ALONE, SCOPE_USERS_READ, cmd_user_names},
    {"user.search", COMMAND_ALONE, SCOPE_USERS_READ, cmd_user_search},
    {"friends", 0, SCOPE_FRIENDS_WRITE, cmd_friends},
    {"friend.ask", 0, 0, cmd_friend_ask},
    {"friend.accept", 0, 0, cmd_friend_accept},
    {"friend.remark", 0, 0, cmd_friend_remark},
    {"friend.drop", 0, SCOPE_FRIENDS_WRITE, cmd_friend_drop},
    {"friends.import", COMMAND_KEY, SCOPE_FRIENDS_WRITE, cmd_friends_import},
    {"blocks", 0, 0, cmd_blocks},
    {"block", 0, 0, cmd_block},
    {"unblock", 0, 0, cmd_unblock},
    {"presence.query", COMMAND_ALONE, SCOPE_PRESENCE_READ, cmd_presence_query},
    {"presence.watch", COMMAND_SOCKET, 0, cmd_presence_watch},
    {"presence.set", COMMAND_SOCKET, 0, cmd_presence_set},
    {"presence.unwatch", COMMAND_SOCKET, 0, cmd_presence_unwatch},
};

const struct command *command_at(unsigned i) {
    return i < COUNT_OF(commands) ? &commands[i] : NULL;
}

static const struct command *find(struct slice type) {
    uint8_t first = type.n == 0 ? '\0' : type.p[0];

    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        const char *name = commands[i].type;

        if ((uint8_t)name[0] == first && slice_is(type, name)) {
            return &commands[i];
        }
    }
    return NULL;
}

/* A login makes a device with an id of its own. Where the user's id stands in
 * its place, the token was signed by whoever holds the key. */
static bool by_operator(const struct request *r) {
    return r->device.v == r->user.v;
}

/* A key may do what its scopes say, as a user wherever the command is one's
 * own, and write only as a bot: it puts nothing into anybody's mouth. */
static enum error_code refuse_key(const struct command *command,
                                  const struct request *r) {
    if ((command->scope & r->scopes) == 0) {
        return ERROR_SCOPE;
    }
    if (r->user.v == 0 && (command->flags & COMMAND_ALONE) == 0) {
        return ERROR_ACT_AS;
    }
    if (!r->bot && (command->flags & COMMAND_BOT) != 0) {
        return ERROR_ACT_AS;
    }
    return ERROR_NONE;
}

static enum error_code refuse_user(const struct command *command,
                                   const struct request *r) {
    if (r->user.v == 0 && (command->flags & COMMAND_ANYBODY) == 0) {
        return ERROR_UNAUTHORIZED;
    }
    if (r->session == NULL && (command->flags & COMMAND_SOCKET) != 0) {
        return ERROR_SOCKET_ONLY;
    }
    if ((command->flags & COMMAND_KEY) != 0 ||
        ((command->flags & COMMAND_OPERATOR) != 0 && !by_operator(r))) {
        return ERROR_FORBIDDEN;
    }
    return ERROR_NONE;
}

void command_run(struct request *r, const struct client_msg *msg) {
    const struct command *command = find(msg->type);
    enum error_code refused = ERROR_UNKNOWN_TYPE;
    struct client_fields f;

    if (command != NULL) {
        refused =
            r->key.v != 0 ? refuse_key(command, r) : refuse_user(command, r);
    }
    if (refused != ERROR_NONE) {
        request_fail(r, refused);
        return;
    }
    client_fields_init(&f, msg);
    if ((command->flags & COMMAND_ONCE) != 0 && once_named(&f)) {
        once_run(r, &f, command->run);
    } else {
        command->run(r, &f);
    }
}
