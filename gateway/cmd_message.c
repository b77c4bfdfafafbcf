/* The commands about a message that was said: edit, delete, react, and what it
 * said before. */
#include "chat-core/amend.h"
#include "chat-core/event.h"
#include "chat-core/page.h"
#include "gateway/ack.h"
#include "gateway/command.h"
#include "gateway/server.h"
#include "proto/base/mem.h"

/* Whom somebody names is his own business: whether they are members is not
 * asked, and only members are told. */
void request_mentions(struct client_fields *f, struct body *body,
                      struct user_id *out) {
    uint64_t ids[MENTIONS_MAX];

    body->mention_count =
        client_field_ids_opt(f, "mentions", ids, MENTIONS_MAX);
    body->mentions = out;
    for (size_t i = 0; i < body->mention_count; i++) {
        out[i].v = ids[i];
    }
}

/* The fields that all changes have. */
static struct amend read_amend(struct request *r, struct client_fields *f,
                               enum deed deed) {
    return (struct amend){.conv = {client_field_id(f, "conv")},
                          .user = r->user,
                          .name = client_field_msg_id(f, "msg"),
                          .seq = {client_field_u64(f, "seq", 1, JSON_INT_MAX)},
                          .deed = deed};
}

static void run(struct request *r, const struct client_fields *f,
                const struct amend *in, enum error_code at_limit) {
    struct acking *a;

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    a = ack_new(r, in->conv, in->name);
    a->at_limit = at_limit;
    amend(&r->server->core, in, ack_said, a);
}

void cmd_message_edit(struct request *r, struct client_fields *f) {
    struct amend in = read_amend(r, f, DEED_EDIT);
    struct user_id mentions[MENTIONS_MAX];

    in.body.text = client_field_body(f, "text");
    request_mentions(f, &in.body, mentions);
    run(r, f, &in, ERROR_TOO_LATE);
}

void cmd_message_delete(struct request *r, struct client_fields *f) {
    struct amend in = read_amend(r, f, DEED_DELETE);

    run(r, f, &in, ERROR_INTERNAL);
}

void cmd_message_react(struct request *r, struct client_fields *f) {
    struct amend in = read_amend(r, f, DEED_REACT);

    in.emoji = client_field_emoji(f, "emoji");
    run(r, f, &in, ERROR_TOO_MANY);
}

void cmd_message_unreact(struct request *r, struct client_fields *f) {
    struct amend in = read_amend(r, f, DEED_REACT);

    run(r, f, &in, ERROR_INTERNAL);
}

/* ---- what it said before ---- */

struct versions_ask {
    struct request *request;
    struct conv_id conv;
    struct msg_seq seq;
};

static void on_versions(void *ctx, enum rc rc, const struct slice *versions,
                        size_t count) {
    struct versions_ask *ask = ctx;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK) {
        request_fail_rc(ask->request, rc);
    } else {
        o = request_begin(ask->request, &b, "versions");
        json_field_id(&o, "conv", ask->conv.v);
        json_field_u64(&o, "seq", ask->seq.v);
        json_field_arr(&o, "versions");
        for (size_t i = 0; i < count; i++) {
            json_item_raw(&o, versions[i]);
        }
        json_end_arr(&o);
        request_end(ask->request, &b);
    }
    mem_free(ask);
}

/* Whoever may read the message may read what it was. */
static void on_message(void *ctx, enum rc rc, const struct page *page) {
    struct versions_ask *ask = ctx;
    struct history *h = ask->request->server->core.history;

    if (rc == RC_OK && (page->count != 1 || page->first.v != ask->seq.v ||
                        event_kind(page->events[0]).n == 0)) {
        rc = RC_NOT_FOUND;
    }
    if (rc != RC_OK) {
        request_fail_rc(ask->request, rc);
        mem_free(ask);
        return;
    }
    h->ops->earlier(h, ask->conv, ask->seq, on_versions, ask);
}

void cmd_message_versions(struct request *r, struct client_fields *f) {
    struct conv_id conv = {client_field_id(f, "conv")};
    struct msg_seq seq = {client_field_u64(f, "seq", 1, JSON_INT_MAX)};
    struct versions_ask *ask;

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    ask = mem_new(sizeof(*ask));
    *ask = (struct versions_ask){r, conv, seq};
    page_read_at(&r->server->core, conv, r->user, seq, on_message, ask);
}
