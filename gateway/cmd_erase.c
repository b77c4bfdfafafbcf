/* The command that erases a user, some of his conversations with each call. */
#include "chat-core/erase.h"
#include "gateway/command.h"
#include "gateway/server.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"

struct erasure {
    struct request *request;
    struct conv_id after;
    struct erase_report report;
    size_t devices;
};

static void fail(struct erasure *e, enum rc rc) {
    request_fail_rc(e->request, rc);
    mem_free(e);
}

static void answer(struct erasure *e, const struct erased *rest) {
    const struct erase_report *report = &e->report;
    struct json_out o;
    struct buf b;

    o = request_begin(e->request, &b, "erased");
    json_field_u64(&o, "devices", e->devices);
    json_field_u64(&o, "groups", report->groups);
    json_field_u64(&o, "conversations", report->conversations);
    json_field_u64(&o, "messages", report->messages);
    if (rest == NULL) {
        json_field_id(&o, "next", report->next.v);
    } else {
        json_field_u64(&o, "friends", rest->friends);
        json_field_u64(&o, "blocks", rest->blocks);
        json_field_u64(&o, "invites", rest->invites);
    }
    request_end(e->request, &b);
    mem_free(e);
}

static void on_erased(void *ctx, enum rc rc, const struct erased *rest) {
    struct erasure *e = ctx;
    struct log_ctx who = {"erase", e->request->user.v};

    if (rc != RC_OK) {
        fail(e, rc);
        return;
    }
    log_info(&who, "user_erased", "last_messages=%llu",
             (unsigned long long)e->report.messages);
    answer(e, rest);
}

static void on_convs(void *ctx, enum rc rc, const struct erase_report *report) {
    struct erasure *e = ctx;
    struct directory *d = e->request->server->core.directory;

    if (rc != RC_OK) {
        fail(e, rc);
        return;
    }
    e->report = *report;
    if (report->next.v != 0) {
        answer(e, NULL);
    } else {
        d->ops->user_erase(d, e->request->user, on_erased, e);
    }
}

static void on_closed(void *ctx, enum rc rc, const struct device_row *devices,
                      size_t count) {
    struct erasure *e = ctx;
    struct server *server = e->request->server;

    if (rc != RC_OK) {
        fail(e, rc);
        return;
    }
    e->devices = count;
    revoked_publish(&server->revoked, devices, count);
    erase_convs(&server->core, e->request->user, e->after, on_convs, e);
}

void cmd_account_erase(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    struct conv_id after = {client_field_id_opt(f, "after")};
    struct erasure *e;

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    e = mem_new(sizeof(*e));
    e->request = r;
    e->after = after;
    d->ops->user_close(d, r->user, on_closed, e);
}
