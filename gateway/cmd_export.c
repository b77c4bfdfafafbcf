/* The command that gives a user all that is kept about him, page by page:
 * himself, his devices, friends and blocks first; then conversation after
 * conversation, each with what he has said there.
 *
 * Where the next page begins is "<conversation>:<seq>": what stands behind
 * that. It is the client's to keep and to say again. */
#include <stdio.h>
#include <string.h>

#include "chat-core/event.h"
#include "chat-core/group.h"
#include "chat-core/lists.h"
#include "chat-core/page.h"
#include "gateway/command.h"
#include "gateway/server.h"
#include "proto/base/mem.h"

enum {
    PLACE_MAX = ID_TEXT_LEN + 1 + 20, /* of a place's text */
    PAGE_BYTES = 128 * 1024,          /* more, and the page ends */
};

struct exporting {
    struct request *request;
    struct json_out o;
    struct buf out;
    struct conv_id conv;
    struct msg_seq after;
};

static void fail(struct exporting *x, enum rc rc) {
    buf_fini(&x->out);
    request_fail_rc(x->request, rc);
    mem_free(x);
}

/* Ends the page. `conv` 0: it was the last. */
static void answer(struct exporting *x, uint64_t conv, uint64_t seq) {
    char place[PLACE_MAX + 1];

    json_end_arr(&x->o);
    if (conv != 0) {
        snprintf(place, sizeof(place), "%s:%llu", id_text(conv).s,
                 (unsigned long long)seq);
        json_field_str(&x->o, "next", slice_str(place));
    }
    request_end(x->request, &x->out);
    mem_free(x);
}

static void begin_record(struct exporting *x, const char *what) {
    json_begin_obj(&x->o);
    json_field_str(&x->o, "record", slice_str(what));
}

/* ---- the first page ---- */

static void on_blocks(void *ctx, enum rc rc, const struct user_row *users,
                      size_t count) {
    struct exporting *x = ctx;

    if (rc != RC_OK) {
        fail(x, rc);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        begin_record(x, "block");
        json_field_id(&x->o, "user", users[i].id.v);
        json_field_str(&x->o, "name", users[i].name);
        json_end_obj(&x->o);
    }
    answer(x, 1, 0); /* no conversation has such an id */
}

static void on_friends(void *ctx, enum rc rc, const struct friend_row *friends,
                       size_t count) {
    struct exporting *x = ctx;
    struct directory *d = x->request->server->core.directory;

    if (rc != RC_OK) {
        fail(x, rc);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        begin_record(x, "friend");
        put_friend(&x->o, &friends[i]);
        json_end_obj(&x->o);
    }
    d->ops->blocks_of(d, x->request->user, on_blocks, x);
}

static void on_devices(void *ctx, enum rc rc, const struct device_row *devices,
                       size_t count) {
    struct exporting *x = ctx;
    struct directory *d = x->request->server->core.directory;

    if (rc != RC_OK) {
        fail(x, rc);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        begin_record(x, "device");
        json_field_id(&x->o, "device", devices[i].id.v);
        json_field_str(&x->o, "label", devices[i].label);
        json_field_u64(&x->o, "created", devices[i].created_ms);
        json_field_u64(&x->o, "used", devices[i].used_ms);
        json_end_obj(&x->o);
    }
    d->ops->friends_of(d, x->request->user, on_friends, x);
}

static void on_user(void *ctx, enum rc rc, const struct user_row *user) {
    struct exporting *x = ctx;
    struct directory *d = x->request->server->core.directory;

    if (rc != RC_OK) {
        fail(x, rc);
        return;
    }
    begin_record(x, "user");
    json_field_id(&x->o, "user", user->id.v);
    json_field_str(&x->o, "name", user->name);
    if (user->avatar.n > 0) {
        json_field_str(&x->o, "avatar", user->avatar);
    }
    json_field_u64(&x->o, "last_seen", user->last_seen_ms);
    json_end_obj(&x->o);
    d->ops->devices_of(d, x->request->user, 0, on_devices, x);
}

/* ---- one conversation ---- */

static void put_event(struct exporting *x, struct msg_seq seq,
                      struct slice stored) {
    struct buf event;

    buf_init(&event);
    event_text(&event, x->conv, seq, stored);
    begin_record(x, "event");
    json_field_raw(&x->o, "event", buf_slice(&event));
    json_end_obj(&x->o);
    buf_fini(&event);
}

static void on_page(void *ctx, enum rc rc, const struct page *page) {
    struct exporting *x = ctx;
    uint64_t last = 0;

    if (rc != RC_OK) {
        fail(x, rc);
        return;
    }
    for (size_t i = 0; i < page->count && x->out.n < PAGE_BYTES; i++) {
        last = page->first.v + i;
        if (event_from(page->events[i]).v == x->request->user.v) {
            put_event(x, (struct msg_seq){last}, page->events[i]);
        }
    }
    if (last != 0 && last < page->head.v) {
        answer(x, x->conv.v, last);
    } else {
        answer(x, x->conv.v + 1, 0); /* behind it there is nothing more */
    }
}

static void put_conv(struct exporting *x, const struct conv_of_user *conv) {
    bool direct = conv->kind == CONV_DIRECT;

    begin_record(x, "conversation");
    json_field_id(&x->o, "conv", conv->id.v);
    json_field_str(&x->o, "kind", slice_str(direct ? "direct" : "group"));
    if (direct) {
        json_field_id(&x->o, "peer", conv->peer.v);
    }
    json_field_str(&x->o, "title", direct ? conv->peer_name : conv->title);
    json_field_str(&x->o, "role", slice_str(role_word(conv->me.role)));
    json_field_u64(&x->o, "from", conv->me.from.v);
    conv_settings_put(&x->o, &conv->settings);
    json_end_obj(&x->o);
}

static void on_conv(void *ctx, enum rc rc, const struct conv_of_user *convs,
                    size_t count) {
    struct exporting *x = ctx;

    if (rc != RC_OK) {
        fail(x, rc);
        return;
    }
    if (count == 0) {
        answer(x, 0, 0);
        return;
    }
    if (convs[0].id.v != x->conv.v) {
        x->after.v = 0; /* another than the place names */
    }
    x->conv = convs[0].id;
    if (x->after.v == 0) {
        put_conv(x, &convs[0]);
    }
    page_read(&x->request->server->core,
              &(struct page_ask){.conv = x->conv,
                                 .user = x->request->user,
                                 .side = PAGE_AFTER,
                                 .seq = x->after,
                                 .limit = HISTORY_PAGE_MAX},
              on_page, x);
}

/* ---- the command ---- */

static bool read_place(struct slice text, struct exporting *x) {
    return text.n > ID_TEXT_LEN && text.p[ID_TEXT_LEN] == ':' &&
           id_parse(slice_take(text, ID_TEXT_LEN), &x->conv.v) &&
           slice_to_u64(slice_drop(text, ID_TEXT_LEN + 1), &x->after.v) &&
           x->after.v <= JSON_INT_MAX;
}

void cmd_account_export(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    struct slice place = client_field_text_opt(f, "place", PLACE_MAX);
    struct exporting *x = mem_new(sizeof(*x));

    if (place.n > 0 && !read_place(place, x)) {
        client_fields_fail(f, "place", CLIENT_BAD_VALUE);
    }
    if (f->error != CLIENT_OK) {
        mem_free(x);
        request_fail_field(r, f);
        return;
    }
    x->request = r;
    x->o = request_begin(r, &x->out, "export");
    json_field_arr(&x->o, "records");
    if (place.n == 0) {
        d->ops->user_by_id(d, r->user, on_user, x);
    } else {
        d->ops->convs_after(d, r->user, (struct conv_id){x->conv.v - 1}, 1,
                            on_conv, x);
    }
}
