/* The commands that make conversations and change who is in them. */
#include "chat-core/members.h"
#include "gateway/command.h"
#include "gateway/server.h"

enum {
    NEW_MEMBERS_MAX = 1000 - 1, /* named when a group is made */
};

void request_end_changed(void *ctx, enum rc rc, struct conv_id conv,
                         struct msg_seq seq) {
    struct request *r = ctx;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK) {
        request_fail_rc(r, rc);
        return;
    }
    o = request_begin(r, &b, "ok");
    json_field_id(&o, "conv", conv.v);
    json_field_u64(&o, "seq", seq.v);
    request_end(r, &b);
}

void cmd_group_create(struct request *r, struct client_fields *f) {
    struct slice title = client_field_text(f, "title", TITLE_MAX_BYTES);
    uint64_t ids[NEW_MEMBERS_MAX];
    struct user_id members[NEW_MEMBERS_MAX];
    size_t count = client_field_ids(f, "members", ids, NEW_MEMBERS_MAX);

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        members[i].v = ids[i];
    }
    group_create(&r->server->core,
                 &(struct group_new){.conv = {r->once},
                                     .owner = r->user,
                                     .title = title,
                                     .members = members,
                                     .count = count},
                 request_end_changed, r);
}

void cmd_group_add(struct request *r, struct client_fields *f) {
    struct member_ask ask = {.conv = {client_field_id(f, "conv")},
                             .actor = r->user,
                             .user = {client_field_id(f, "user")}};

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    member_add(&r->server->core, &ask, request_end_changed, r);
}

void cmd_group_remove(struct request *r, struct client_fields *f) {
    struct member_ask ask = {.conv = {client_field_id(f, "conv")},
                             .actor = r->user,
                             .user = {client_field_id(f, "user")}};

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    member_remove(&r->server->core, &ask, request_end_changed, r);
}

void cmd_group_leave(struct request *r, struct client_fields *f) {
    struct member_ask ask = {.conv = {client_field_id(f, "conv")},
                             .actor = r->user,
                             .user = r->user};

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    member_remove(&r->server->core, &ask, request_end_changed, r);
}

void cmd_direct_open(struct request *r, struct client_fields *f) {
    struct user_id peer = request_other_user(r, f);

    if (peer.v != 0) {
        direct_open(&r->server->core, r->user, peer, request_end_changed, r);
    }
}
