/* The commands that change what a group is, beside who is in it. */
#include "chat-core/group.h"
#include "gateway/command.h"
#include "gateway/server.h"
#include "proto/base/mem.h"

#define KEEP_MIN_MS UINT64_C(60000)         /* a minute */
#define KEEP_MAX_MS UINT64_C(3155760000000) /* a hundred years */

struct group_setting {
    struct request *request;
    struct conv_id conv;
};

static void on_set(void *ctx, enum rc rc, struct msg_seq seq) {
    struct group_setting *s = ctx;

    request_end_changed(s->request, rc, s->conv, seq);
    mem_free(s);
}

static void set(struct request *r, const struct client_fields *f,
                struct group_change *change) {
    struct group_setting *s;

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    s = mem_new(sizeof(*s));
    s->request = r;
    s->conv = change->conv;
    change->actor = r->user;
    group_set(&r->server->core, change, on_set, s);
}

void cmd_group_title(struct request *r, struct client_fields *f) {
    struct group_change change = {
        .what = GROUP_TITLE,
        .conv = {client_field_id(f, "conv")},
        .title = client_field_text(f, "title", TITLE_MAX_BYTES)};

    set(r, f, &change);
}

void cmd_group_role(struct request *r, struct client_fields *f) {
    struct group_change change = {.what = GROUP_ROLE,
                                  .conv = {client_field_id(f, "conv")},
                                  .user = {client_field_id(f, "user")}};
    enum role role = role_of_word(client_field_text(f, "role", 16));

    if (f->error == CLIENT_OK && role == ROLE_NONE) {
        client_fields_fail(f, "role", CLIENT_BAD_VALUE);
    }
    change.value = (uint64_t)role;
    set(r, f, &change);
}

/* Without an end it lasts until it is taken back. */
void cmd_group_mute(struct request *r, struct client_fields *f) {
    struct group_change change = {
        .what = GROUP_MUTE,
        .conv = {client_field_id(f, "conv")},
        .user = {client_field_id(f, "user")},
        .value =
            client_field_u64_opt(f, "until", 1, JSON_INT_MAX, JSON_INT_MAX)};

    set(r, f, &change);
}

void cmd_group_unmute(struct request *r, struct client_fields *f) {
    struct group_change change = {.what = GROUP_MUTE,
                                  .conv = {client_field_id(f, "conv")},
                                  .user = {client_field_id(f, "user")}};

    set(r, f, &change);
}

/* 0: as the operator has set it. */
void cmd_group_retention(struct request *r, struct client_fields *f) {
    struct group_change change = {
        .what = GROUP_KEEP,
        .conv = {client_field_id(f, "conv")},
        .value = client_field_u64(f, "keep_ms", 0, KEEP_MAX_MS)};

    if (f->error == CLIENT_OK && change.value != 0 &&
        change.value < KEEP_MIN_MS) {
        client_fields_fail(f, "keep_ms", CLIENT_BAD_VALUE);
    }
    set(r, f, &change);
}
