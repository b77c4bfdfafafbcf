/* The commands to delete a message for oneself only, and to learn what one's
 * other devices have deleted so. */
#include "chat-core/page.h"
#include "chat-core/tell.h"
#include "gateway/command.h"
#include "gateway/server.h"
#include "proto/base/mem.h"

struct hiding {
    struct request *request;
    struct conv_id conv;
    struct msg_seq seq;
    uint64_t after;
};

static void fail(struct hiding *h, enum rc rc) {
    request_fail_rc(h->request, rc);
    mem_free(h);
}

static void put_hidden(struct json_out *o, const struct hiding *h,
                       uint64_t count, const struct msg_seq *seqs, size_t n) {
    json_field_id(o, "conv", h->conv.v);
    json_field_u64(o, "count", count);
    json_field_arr(o, "seqs");
    for (size_t i = 0; i < n; i++) {
        json_item_u64(o, seqs[i].v);
    }
    json_end_arr(o);
}

/* ---- hide ---- */

static void tell_own(const struct hiding *h, uint64_t count) {
    struct json_out o;
    struct buf b;

    buf_init(&b);
    o = json_out(&b);
    json_begin_obj(&o);
    json_field_str(&o, "type", SLICE_LIT("hidden"));
    put_hidden(&o, h, count, &h->seq, 1);
    json_end_obj(&o);
    tell_user(&h->request->server->core, h->request->user, buf_slice(&b));
    buf_fini(&b);
}

static void on_hide(void *ctx, enum rc rc, uint64_t count) {
    struct hiding *h = ctx;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK) {
        fail(h, rc);
        return;
    }
    tell_own(h, count);
    o = request_begin(h->request, &b, "hidden");
    put_hidden(&o, h, count, &h->seq, 1);
    request_end(h->request, &b);
    mem_free(h);
}

/* What one may read one may hide; what is gone needs no hiding, but the same
 * again is no mistake. */
static void on_page(void *ctx, enum rc rc, const struct page *page) {
    struct hiding *h = ctx;
    struct history *store = h->request->server->core.history;

    if (rc == RC_OK && (page->count != 1 || page->first.v != h->seq.v)) {
        rc = RC_NOT_FOUND;
    }
    if (rc != RC_OK) {
        fail(h, rc);
        return;
    }
    store->ops->hide(store, h->conv, h->request->user, h->seq, on_hide, h);
}

void cmd_message_hide(struct request *r, struct client_fields *f) {
    struct conv_id conv = {client_field_id(f, "conv")};
    struct msg_seq seq = {client_field_u64(f, "seq", 1, JSON_INT_MAX)};
    struct hiding *h;

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    h = mem_new(sizeof(*h));
    *h = (struct hiding){.request = r, .conv = conv, .seq = seq};
    page_read_at(&r->server->core, conv, r->user, seq, on_page, h);
}

/* ---- hidden ---- */

/* The store's list is the user's own: no more than he has said himself. */
static void on_hidden(void *ctx, enum rc rc, const struct msg_seq *seqs,
                      size_t count) {
    struct hiding *h = ctx;
    size_t from = h->after < count ? (size_t)h->after : count;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK) {
        fail(h, rc);
        return;
    }
    o = request_begin(h->request, &b, "hidden");
    put_hidden(&o, h, count, seqs + from, count - from);
    request_end(h->request, &b);
    mem_free(h);
}

void cmd_message_hidden(struct request *r, struct client_fields *f) {
    struct conv_id conv = {client_field_id(f, "conv")};
    uint64_t after = client_field_u64_opt(f, "after", 0, JSON_INT_MAX, 0);
    struct history *store = r->server->core.history;
    struct hiding *h;

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    h = mem_new(sizeof(*h));
    *h = (struct hiding){.request = r, .conv = conv, .after = after};
    store->ops->hidden(store, conv, r->user, on_hidden, h);
}
