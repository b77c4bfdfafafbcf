/* The command that lists a user's conversations, with what is unread. */
#include <string.h>

#include "chat-core/group.h"
#include "chat-core/interval.h"
#include "chat-core/lists.h"
#include "chat-core/retention.h"
#include "gateway/command.h"
#include "gateway/server.h"
#include "proto/base/mem.h"

/* The directory's list, kept while the history is asked for the heads. */
struct listing {
    struct request *request;
    struct conv_of_user *convs;
    struct conv_id *ids;
    char **texts; /* what the titles and names point to */
    struct history_head *heads;
    struct trimming *trimmings;
    size_t count;
    size_t open; /* trims, and one while they are started */
    enum rc rc;  /* what became of them */
};

/* One conversation of the list, while what is too old is purged from it. */
struct trimming {
    struct listing *listing;
    struct history_head *head;
};

static void listing_free(struct listing *l) {
    for (size_t i = 0; i < 2 * l->count; i++) {
        mem_free(l->texts[i]);
    }
    mem_free(l->texts);
    mem_free(l->heads);
    mem_free(l->trimmings);
    mem_free(l->convs);
    mem_free(l->ids);
    mem_free(l);
}

static uint64_t lesser(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* The last event the user may read, and how far he is: 0 and up. */
static uint64_t end_of(const struct conv_of_user *conv,
                       const struct history_head *head) {
    return conv->me.until.v == 0 ? head->head.v
                                 : lesser(head->head.v, conv->me.until.v);
}

/* Nobody has to read what he may not, or what is not there any more. */
static uint64_t read_of(const struct conv_of_user *conv,
                        const struct history_head *head) {
    uint64_t read = head->read.v;
    uint64_t since = interval_since(&conv->me).v;

    if (since > 0 && read + 1 < since) {
        read = since - 1;
    }
    if (read + 1 < head->oldest.v) {
        read = head->oldest.v - 1;
    }
    return lesser(read, end_of(conv, head));
}

/* Where what is unread stands: the last of it, when it is much. */
static bool unread_span(const struct conv_of_user *conv,
                        const struct history_head *head,
                        struct history_span_ask *out) {
    uint64_t end = end_of(conv, head);
    uint64_t first = read_of(conv, head) + 1;

    if (first > end || conv->me.from.v == 0) {
        return false;
    }
    if (end - first >= HISTORY_UNREAD_MAX) {
        first = end - HISTORY_UNREAD_MAX + 1;
    }
    *out = (struct history_span_ask){conv->id, {first}, {end}};
    return true;
}

static void put_conv(struct json_out *o, const struct conv_of_user *conv,
                     const struct history_head *head, uint64_t unread) {
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
    json_field_u64(o, "head", end_of(conv, head));
    json_field_u64(o, "read", read_of(conv, head));
    json_field_u64(o, "unread", unread);
    json_field_u64(o, "hidden", head->hidden);
    json_field_u64(o, "ts", head->ts_ms);
    conv_settings_put(o, &conv->settings);
    json_end_obj(o);
}

/* `unread`: of those that have a span, in order. */
static void answer(struct listing *l, const uint64_t *unread) {
    struct history_span_ask span;
    struct json_out o;
    struct buf b;
    size_t at = 0;

    o = request_begin(l->request, &b, "conversations");
    json_field_arr(&o, "conversations");
    for (size_t i = 0; i < l->count; i++) {
        bool asked =
            unread != NULL && unread_span(&l->convs[i], &l->heads[i], &span);

        put_conv(&o, &l->convs[i], &l->heads[i], asked ? unread[at++] : 0);
    }
    json_end_arr(&o);
    request_end(l->request, &b);
    listing_free(l);
}

static void on_unread(void *ctx, enum rc rc, const uint64_t *counts,
                      size_t count) {
    struct listing *l = ctx;

    (void)count;
    if (rc != RC_OK) {
        request_fail_rc(l->request, rc);
        listing_free(l);
        return;
    }
    answer(l, counts);
}

static void count_unread(struct listing *l) {
    struct history *h = l->request->server->core.history;
    struct history_span_ask *spans = mem_new_array(l->count, sizeof(*spans));
    size_t asked = 0;

    for (size_t i = 0; i < l->count; i++) {
        asked += unread_span(&l->convs[i], &l->heads[i], &spans[asked]);
    }
    if (asked == 0) {
        answer(l, NULL);
    } else {
        h->ops->unread(h, l->request->user, spans, asked, on_unread, l);
    }
    mem_free(spans);
}

static void release(struct listing *l) {
    l->open--;
    if (l->open > 0) {
        return;
    }
    if (l->rc != RC_OK) {
        request_fail_rc(l->request, l->rc);
        listing_free(l);
        return;
    }
    count_unread(l);
}

static void on_trimmed(void *ctx, enum rc rc, struct msg_seq oldest) {
    struct trimming *t = ctx;
    struct listing *l = t->listing;

    if (rc == RC_OK) {
        t->head->oldest = oldest;
    } else {
        l->rc = rc;
    }
    release(l);
}

static void on_heads(void *ctx, enum rc rc, const struct history_head *heads,
                     size_t count) {
    struct listing *l = ctx;
    struct core *c = &l->request->server->core;

    l->open = 1;
    l->rc = rc;
    l->heads = mem_new_array(count, sizeof(*l->heads));
    l->trimmings = mem_new_array(count, sizeof(*l->trimmings));
    for (size_t i = 0; rc == RC_OK && i < count; i++) {
        uint64_t keep_ms = retention_of(c, l->convs[i].keep_ms);
        uint64_t due = retention_due(c, keep_ms, &heads[i]);

        l->rc = heads[i].away ? RC_AGAIN : l->rc;
        l->heads[i] = heads[i];
        l->trimmings[i] = (struct trimming){l, &l->heads[i]};
        if (due != 0) {
            l->open++;
            c->history->ops->trim(c->history, heads[i].conv, due, on_trimmed,
                                  &l->trimmings[i]);
        }
    }
    release(l);
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
