#include "gateway/command.h"

#include "proto/base/macros.h"

static void cmd_ping(struct request *r, struct client_fields *f) {
    (void)f;
    request_ok(r);
}

static const struct command commands[] = {
    {"signup", COMMAND_ANYBODY, cmd_signup},
    {"login", COMMAND_ANYBODY, cmd_login},
    {"login.token", COMMAND_ANYBODY, cmd_login_token},
    {"ping", COMMAND_ANYBODY, cmd_ping},
    {"me", 0, cmd_me},
    {"profile.set", 0, cmd_profile_set},
    {"settings", 0, cmd_settings},
    {"settings.set", 0, cmd_settings_set},
    {"lists", 0, cmd_lists},
    {"devices", 0, cmd_devices},
    {"device.rename", 0, cmd_device_rename},
    {"device.revoke", 0, cmd_device_revoke},
    {"device.revoke_all", 0, cmd_device_revoke_all},
    {"token.refresh", 0, cmd_token_refresh},
    {"password.change", 0, cmd_password_change},
    {"account.export", 0, cmd_account_export},
    {"account.erase", COMMAND_OPERATOR, cmd_account_erase},
    {"send", 0, cmd_send},
    {"message.edit", 0, cmd_message_edit},
    {"message.delete", 0, cmd_message_delete},
    {"message.react", 0, cmd_message_react},
    {"message.unreact", 0, cmd_message_unreact},
    {"message.versions", 0, cmd_message_versions},
    {"message.hide", 0, cmd_message_hide},
    {"message.hidden", 0, cmd_message_hidden},
    {"history", 0, cmd_history},
    {"sync", 0, cmd_sync},
    {"read", 0, cmd_read},
    {"delivered", 0, cmd_delivered},
    {"receipts", 0, cmd_receipts},
    {"typing", 0, cmd_typing},
    {"conversations", 0, cmd_conversations},
    {"conv.set", 0, cmd_conv_set},
    {"direct.open", 0, cmd_direct_open},
    {"group.create", 0, cmd_group_create},
    {"group.add", 0, cmd_group_add},
    {"group.remove", 0, cmd_group_remove},
    {"group.leave", 0, cmd_group_leave},
    {"group.title", 0, cmd_group_title},
    {"group.role", 0, cmd_group_role},
    {"group.mute", 0, cmd_group_mute},
    {"group.unmute", 0, cmd_group_unmute},
    {"group.retention", 0, cmd_group_retention},
    {"group.members", 0, cmd_group_members},
    {"group.invite", 0, cmd_group_invite},
    {"group.invites", 0, cmd_group_invites},
    {"group.uninvite", 0, cmd_group_uninvite},
    {"group.join", 0, cmd_group_join},
    {"user.find", 0, cmd_user_find},
    {"user.names", 0, cmd_user_names},
    {"user.search", 0, cmd_user_search},
    {"friends", 0, cmd_friends},
    {"friend.ask", 0, cmd_friend_ask},
    {"friend.accept", 0, cmd_friend_accept},
    {"friend.remark", 0, cmd_friend_remark},
    {"friend.drop", 0, cmd_friend_drop},
    {"blocks", 0, cmd_blocks},
    {"block", 0, cmd_block},
    {"unblock", 0, cmd_unblock},
    {"presence.query", 0, cmd_presence_query},
    {"presence.watch", COMMAND_SOCKET, cmd_presence_watch},
    {"presence.set", COMMAND_SOCKET, cmd_presence_set},
    {"presence.unwatch", COMMAND_SOCKET, cmd_presence_unwatch},
};

const struct command *command_at(unsigned i) {
    return i < COUNT_OF(commands) ? &commands[i] : NULL;
}

static const struct command *find(struct slice type) {
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (slice_is(type, commands[i].type)) {
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

void command_run(struct request *r, const struct client_msg *msg) {
    const struct command *command = find(msg->type);
    struct client_fields f;

    if (command == NULL) {
        request_fail(r, ERROR_UNKNOWN_TYPE);
        return;
    }
    if (r->user.v == 0 && (command->flags & COMMAND_ANYBODY) == 0) {
        request_fail(r, ERROR_UNAUTHORIZED);
        return;
    }
    if (r->session == NULL && (command->flags & COMMAND_SOCKET) != 0) {
        request_fail(r, ERROR_SOCKET_ONLY);
        return;
    }
    if (!by_operator(r) && (command->flags & COMMAND_OPERATOR) != 0) {
        request_fail(r, ERROR_FORBIDDEN);
        return;
    }
    client_fields_init(&f, msg);
    command->run(r, &f);
}
