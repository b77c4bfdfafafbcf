/* The chat's requests, written as JSON and sent. */
#include "moimctl/chat_inner.h"
#include "proto/wire/json_write.h"

/* A request being written. */
struct asking {
    struct buf text;
    struct json_out out;
};

/* False: not now. */
static bool begin(struct chat *c, struct asking *q, const char *type,
                  enum chat_ask_kind kind, struct conv_id conv) {
    char id[24];
    uint64_t number;

    if (c->state < CHAT_SETTLING) {
        return false;
    }
    number = chat_asks_add(&c->asks, kind, conv);
    if (number == 0) {
        return false;
    }
    (void)snprintf(id, sizeof(id), "%llu", (unsigned long long)number);
    buf_init(&q->text);
    q->out = json_out(&q->text);
    json_begin_obj(&q->out);
    json_field_str(&q->out, "type", slice_str(type));
    json_field_str(&q->out, "id", slice_str(id));
    return true;
}

static void end(struct chat *c, struct asking *q) {
    json_end_obj(&q->out);
    c->out->frame(c->owner, buf_slice(&q->text));
    buf_fini(&q->text);
}

static const struct conv_id nowhere = {0};

void ask_lists(struct chat *c) {
    struct asking q;

    if (!chat_asks_any(&c->asks, ASK_CONVS) &&
        begin(c, &q, "conversations", ASK_CONVS, nowhere)) {
        c->relist = false;
        end(c, &q);
    }
    if (!c->friends_told && !chat_asks_any(&c->asks, ASK_FRIENDS) &&
        begin(c, &q, "friends", ASK_FRIENDS, nowhere)) {
        end(c, &q);
    }
}

/* Adds the cursors of up to CHAT_SYNC_MAX conversations from `n` on; answers
 * where to go on. */
static struct list *put_cursors(struct chat *c, struct json_out *o,
                                struct list *n) {
    for (size_t i = 0; i < CHAT_SYNC_MAX && n != &c->model.convs; i++) {
        const struct chat_conv *conv = CONTAINER_OF(n, struct chat_conv, node);

        json_begin_obj(o);
        json_field_id(o, "conv", conv->id.v);
        json_field_u64(o, "seq", conv->have);
        json_end_obj(o);
        n = n->next;
    }
    return n;
}

void ask_sync(struct chat *c) {
    struct list *n = c->model.convs.next;
    struct asking q;

    while (n != &c->model.convs && begin(c, &q, "sync", ASK_SYNC, nowhere)) {
        json_field_arr(&q.out, "convs");
        n = put_cursors(c, &q.out, n);
        json_end_arr(&q.out);
        end(c, &q);
        c->syncing++;
    }
}

void ask_watch(struct chat *c, struct chat_user *user) {
    struct asking q;

    if (!user->watched && begin(c, &q, "presence.watch", ASK_WATCH, nowhere)) {
        user->watched = true;
        json_field_arr(&q.out, "users");
        json_item_id(&q.out, user->id.v);
        json_end_arr(&q.out);
        end(c, &q);
    }
}

void ask_watch_friends(struct chat *c) {
    struct list *users = &c->model.user_list;
    size_t count = 0;
    struct asking q;
    struct buf ids;
    struct json_out o;

    buf_init(&ids);
    o = json_out(&ids);
    json_begin_arr(&o);
    for (struct list *n = users->next; n != users && count < CHAT_WATCH_MAX;
         n = n->next) {
        struct chat_user *u = CONTAINER_OF(n, struct chat_user, node);

        if (u->friend && !u->watched) {
            u->watched = true;
            json_item_id(&o, u->id.v);
            count++;
        }
    }
    json_end_arr(&o);
    if (count > 0 && begin(c, &q, "presence.watch", ASK_WATCH, nowhere)) {
        json_field_raw(&q.out, "users", buf_slice(&ids));
        end(c, &q);
    }
    buf_fini(&ids);
}

static bool begin_history(struct chat *c, struct asking *q,
                          enum chat_ask_kind kind, struct conv_id conv) {
    if (!begin(c, q, "history", kind, conv)) {
        return false;
    }
    json_field_id(&q->out, "conv", conv.v);
    json_field_u64(&q->out, "limit", CHAT_PAGE);
    return true;
}

void ask_gap(struct chat *c, struct chat_conv *conv) {
    struct asking q;

    /* The other half is for everything else. */
    if (!conv->asked && c->asks.count < CHAT_ASKS_MAX / 2 &&
        begin_history(c, &q, ASK_GAP, conv->id)) {
        conv->asked = true;
        conv->asked_after = conv->have;
        json_field_u64(&q.out, "after", conv->have);
        end(c, &q);
    }
}

void ask_page(struct chat *c, struct chat_conv *conv, uint64_t before) {
    struct asking q;

    c->page_again = before == 0;
    if (!begin_history(c, &q, ASK_PAGE, conv->id)) {
        return;
    }
    c->page_again = false;
    conv->frozen = true;
    if (before > 0) {
        json_field_u64(&q.out, "before", before);
    }
    end(c, &q);
}

void ask_user(struct chat *c, const char *name) {
    struct asking q;

    if (begin(c, &q, "user.find", ASK_FIND, nowhere)) {
        json_field_str(&q.out, "name", slice_str(name));
        end(c, &q);
    }
}

void ask_direct(struct chat *c, struct user_id user) {
    struct asking q;

    if (begin(c, &q, "direct.open", ASK_DIRECT, nowhere)) {
        json_field_id(&q.out, "user", user.v);
        end(c, &q);
    }
}

void ask_send(struct chat *c) {
    struct chat_pending *p = chat_to_send(&c->model);
    struct asking q;

    if (p != NULL && begin(c, &q, "send", ASK_SEND, p->conv)) {
        p->sent = true;
        json_field_id(&q.out, "conv", p->conv.v);
        json_field_str(&q.out, "msg", slice_str(p->name));
        json_field_str(&q.out, "text", slice_str(p->text));
        end(c, &q);
    }
}

void ask_read(struct chat *c) {
    const struct chat_conv *conv = c->model.open;
    struct asking q;

    if (begin(c, &q, "read", ASK_READ, conv->id)) {
        c->read_told = conv->have;
        json_field_id(&q.out, "conv", conv->id.v);
        json_field_u64(&q.out, "seq", conv->have);
        end(c, &q);
    }
}

void ask_typing(struct chat *c) {
    struct asking q;

    if (begin(c, &q, "typing", ASK_TYPING, c->model.open->id)) {
        json_field_id(&q.out, "conv", c->model.open->id.v);
        end(c, &q);
    }
}
