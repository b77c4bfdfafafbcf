/* The command that lists a user's conversations, with what is unread. */
#include <string.h>

#include "gateway/command.h"
#include "gateway/server.h"
#include "proto/base/mem.h"

/* The directory's list, kept while the history is asked for the heads. */
struct listing {
    struct request *request;
    struct conv_of_user *convs;
    struct conv_id *ids;
    char **texts; /* what the titles and names point to */
    size_t count;
};

static void listing_free(struct listing *l) {
    for (size_t i = 0; i < 2 * l->count; i++) {
        mem_free(l->texts[i]);
    }
    mem_free(l->texts);
    mem_free(l->convs);
    mem_free(l->ids);
    mem_free(l);
}

static uint64_t lesser(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static const char *role_word(enum role role) {
    static const char *const words[] = {
        [ROLE_NONE] = "none",
        [ROLE_MEMBER] = "member",
        [ROLE_ADMIN] = "admin",
        [ROLE_OWNER] = "owner",
    };

    return words[role];
}

static void put_conv(struct json_out *o, const struct conv_of_user *conv,
                     const struct history_head *head) {
    uint64_t end = conv->me.until.v == 0
                       ? head->head.v
                       : lesser(head->head.v, conv->me.until.v);
    uint64_t read = head->read.v;

    if (conv->me.from.v > 0 && read + 1 < conv->me.from.v) {
        read = conv->me.from.v - 1;
    }
    json_begin_obj(o);
    json_field_id(o, "conv", conv->id.v);
    json_field_str(o, "kind",
                   slice_str(conv->kind == CONV_DIRECT ? "direct" : "group"));
    if (conv->kind == CONV_DIRECT) {
        json_field_id(o, "peer", conv->peer.v);
        json_field_str(o, "title", conv->peer_name);
    } else {
        json_field_str(o, "title", conv->title);
    }
    json_field_str(o, "role", slice_str(role_word(conv->me.role)));
    json_field_u64(o, "members", conv->member_count);
    json_field_u64(o, "head", end);
    json_field_u64(o, "read", lesser(read, end));
    json_field_u64(o, "unread", end > read ? end - read : 0);
    json_field_u64(o, "ts", head->ts_ms);
    json_end_obj(o);
}

static void on_heads(void *ctx, enum rc rc, const struct history_head *heads,
                     size_t count) {
    struct listing *l = ctx;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK) {
        request_fail_rc(l->request, rc);
        listing_free(l);
        return;
    }
    o = request_begin(l->request, &b, "conversations");
    json_field_arr(&o, "conversations");
    for (size_t i = 0; i < count; i++) {
        put_conv(&o, &l->convs[i], &heads[i]);
    }
    json_end_arr(&o);
    request_end(l->request, &b);
    listing_free(l);
}

static struct slice keep(struct listing *l, size_t at, struct slice text) {
    l->texts[at] = mem_dup(text.p, text.n);
    return slice_of(l->texts[at], text.n);
}

static void on_convs(void *ctx, enum rc rc, const struct conv_of_user *convs,
                     size_t count) {
    struct request *r = ctx;
    struct history *h = r->server->core.history;
    struct listing *l;

    if (rc != RC_OK) {
        request_fail_rc(r, rc);
        return;
    }
    l = mem_new(sizeof(*l));
    l->request = r;
    l->count = count;
    l->convs = mem_new_array(count, sizeof(*l->convs));
    l->ids = mem_new_array(count, sizeof(*l->ids));
    l->texts = mem_new_array(2 * count, sizeof(*l->texts));
    for (size_t i = 0; i < count; i++) {
        l->convs[i] = convs[i];
        l->convs[i].title = keep(l, 2 * i, convs[i].title);
        l->convs[i].peer_name = keep(l, 2 * i + 1, convs[i].peer_name);
        l->ids[i] = convs[i].id;
    }
    if (count == 0) {
        on_heads(l, RC_OK, NULL, 0);
        return;
    }
    h->ops->heads(h, r->user, l->ids, count, on_heads, l);
}

void cmd_conversations(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;

    (void)f;
    d->ops->convs_of(d, r->user, on_convs, r);
}
